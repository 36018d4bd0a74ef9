//! The side that faces the client: requests of HTTP/1.1 and HTTP/2 in, uploads out.
//!
//! What proxies say about a client is settled by `forwarded`, before anything else. Then a request (`asked`) runs through
//! five files: `head` and `intent` read its head (pure), `door` has it decided whether it may come in, `answer` starts the
//! upload and awaits its outcome (`resource`, if it can be resumed), `reply` writes the answer (pure). They are the same for
//! both versions; `service` is what all requests share.
//!
//! Below them, `connection` finds out what a client speaks over its `transport` (by `preface`, if nobody agreed on it). `h1`
//! is hyper's server. Its `wire` wraps the connection: it sends the heads that `interim` queues before the answer, lingers
//! after a refusal so that the client can read it, and gives heads that hyper cannot parse a clear answer. `phase` says
//! where between two messages the connection is. `h2` is a server on the crate of that name, with a task for each request.
//!
//! The front never reads a body and never contacts a backend. It knows [`Uploads`](crate::transfer::Uploads),
//! not who implements it.
//!
//! hyper is lenient, and hides from us what it forgave: `raw_head` looks at the same bytes and finds it. What is then
//! refused is told by `head`, form by form. A request with a chunked body is the last of its connection. HTTP/2 leaves no
//! such doubts: h2 resets what is malformed.

mod answer;
mod asked;
mod connection;
mod door;
mod due;
mod forwarded;
mod h1;
mod h2;
mod head;
mod intent;
mod interim;
mod phase;
mod preface;
mod preview;
mod raw_head;
mod reply;
mod resource;
mod service;
mod stall;
mod transport;
mod wire;

pub use connection::serve_connection;
pub use h2::Windows;
pub use preview::{Preview, preview};
pub use reply::turned_away;
pub use service::Service;
pub use transport::{Protocol, Transport};
