//! Where clients come in: from a listening socket to a connection of which it is known who is at its other end.
//!
//! ```text
//!  [[listener]] ─ bind ─► Bound ─ into_sockets ─► Acceptor (a thread that accepts) ─► Socket
//!                                                                                       │ to a worker
//!  certificates ─ tls ──► Entrance ◄────────────────────────────────────────────────────┘
//!                            │ PROXY header, then TLS: both within `timeouts.header`
//!                            └────► Connection + Peer, or Refused
//! ```
//!
//! What takes time or computing happens on the worker that the connection will live on: a client that dawdles in its
//! handshake holds up nobody, and the accepting thread only accepts.
//!
//! Certificates are plain values that are swapped ([`Entrance::look_again`]): a connection keeps those that it began with.
//! At the start each has to be good; later one that is not stays as it was, and holds up no other.
//!
//! This module speaks no HTTP, but for one answer to those who speak it unencrypted where TLS is wanted.

mod bind;
mod connection;
mod entrance;
mod passed;
mod proxy_header;
mod refused;
mod reload;
mod socket;
mod tls;
mod turns;

pub use bind::{BindError, Bound, Place, bind, bind_tcp};
pub use connection::{Agreed, Connection};
pub use entrance::{Entrance, Look};
pub use passed::Passed;
pub use refused::{Reason, Refused};
pub use reload::Reloader;
pub use socket::{Accepted, Acceptor, Parked, Socket};
pub use tls::{LoadError, check};
pub use turns::Turns;
