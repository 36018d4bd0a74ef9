//! The way to the BITS server.
//!
//! - The packets of one upload go over **one** HTTP/1.1 connection that nobody else uses ([`Connection`]): several
//!   servers keep the session in the TCP connection. It is opened when it is needed and replaced when it broke.
//! - Everything else (is the file there? what is the reply?) goes through one HTTP client for each backend.
//! - An [`Endpoint`] is a backend with all that was read for it: certificates, tokens, passwords. They are read again when
//!   their files change, and leave this module only towards that backend.
//!
//! This module moves requests and answers and tells exactly whether a request can have reached the server. It does not
//! know what an answer means and never repeats a request that may have arrived: that is decided in [`crate::bits`].
//!
//! | file | what it does |
//! | --- | --- |
//! | `endpoint` | a backend, and what was read for it; opens connections |
//! | `connection` | one upload's way: which connection a packet takes, when a new one is opened |
//! | `credentials` | what the proxy shows the server |
//! | `negotiate` | how it logs in to Windows, connection by connection (a cargo feature) |
//! | `account` | the user for that, and who may try its password when |
//! | `watched` | values that are read from files, and read again when these change |
//! | `tls` | what is trusted, the handshake, and what went wrong with it in words |
//! | `stream` | the socket with TLS or without |
//! | `dial` | name → address → TCP connection |
//! | `link` | one HTTP connection: sends a request, watches the time, reads the head of the answer |
//! | `body` | the body of a fragment, given to hyper piece by piece without a copy |
//! | `io` | the socket below hyper: counts, and survives a server that answers early and hangs up |
//! | `wire` | how far the request under way has come, shared by the three above |
//! | `fetch` | evidence and replies, through the shared client |
//! | `client` | that client: where it goes, and where it never does |
//! | `scratch` | what only the examination of a server asks |
//! | `reply_url` | which reply URLs are followed, and where they lead |

#[cfg(feature = "negotiate")]
mod account;
mod body;
mod client;
mod connection;
mod credentials;
mod dial;
mod endpoint;
mod fetch;
mod io;
mod link;
#[cfg(feature = "negotiate")]
mod negotiate;
mod reply_url;
mod scratch;
mod stream;
mod tls;
mod watched;
mod wire;

pub use connection::Connection;
pub use endpoint::{Endpoint, Unusable};
