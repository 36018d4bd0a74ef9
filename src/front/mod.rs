//! The side that faces the client: HTTP/1.1 requests in, uploads out.
//!
//! A request runs through four files: `head` and `intent` read its head (pure), `service` starts the upload and awaits its
//! outcome (`resource`, if it can be resumed), `reply` writes the answer (pure). Below them `wire` wraps the connection: it sends the heads that
//! `interim` queues before the answer, lingers after a refusal so that the client can read it, and gives heads that hyper
//! cannot parse a clear answer. `phase` says where between two messages the connection is.
//!
//! The front never reads a body and never contacts a backend. It knows [`Uploads`](crate::transfer::Uploads),
//! not who implements it.
//!
//! hyper hides two things from us. Equal `Content-Length` fields arrive merged into one, as RFC 9110 §8.6
//! allows. A `Content-Length` beside `Transfer-Encoding` is dropped; such a request is refused for the coding
//! all the same, and the connection closed.

mod connection;
mod due;
mod head;
mod intent;
mod interim;
mod phase;
mod reply;
mod resource;
mod service;
mod wire;

pub use connection::{Transport, serve_connection};
pub use reply::turned_away;
pub use service::Service;
