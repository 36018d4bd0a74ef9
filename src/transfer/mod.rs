//! The one loop that awaits both sides: the client's body and the backend.
//!
//! Generic over [`Backend`], which has one method, and over the body. Every decision of the protocol is
//! [`bits::Session`](crate::bits::Session)'s; what is here gathers fragments (`source`), keeps them until they are
//! acknowledged, overlaps gathering with sending, bounds memory ([`Budget`]) and time, and tells the client
//! the outcome. It opens no sockets and writes no log: what is worth a line is given to the caller.

mod budget;
mod call;
mod ceiling;
mod exchange;
mod run;
mod source;
#[cfg(test)]
mod tests;
mod uploads;

pub use budget::{Account, Budget};
pub use call::{Answer, Backend, Call, NoAnswer, Patience};
pub use ceiling::Ceiling;
pub use run::{Shared, run};
pub use uploads::{Refusal, Uploads};

use crate::bits::{Destination, SessionId, SessionStats};
use crate::error::Failure;
use crate::route::Route;
use bytes::Bytes;
// `core` has addresses, but no sockets.
use core::net::SocketAddr;
use http::{HeaderMap, HeaderValue, Method};
use std::sync::Arc;
use std::time::Duration;

/// One accepted request: everything about an upload but its body.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Names the upload in logs and to its client.
    pub id: String,
    /// Who sends it.
    pub client: SocketAddr,
    /// Method of the request: PUT or POST.
    pub method: Method,
    /// The route that it came in by.
    pub route: Arc<Route>,
    /// Where it goes.
    pub destination: Destination,
    /// Size of the file in bytes.
    pub total: u64,
}

/// What became of an upload.
#[derive(Debug)]
pub struct Outcome {
    /// Stored, or why not.
    pub result: Result<Stored, Failure>,
    /// What it took so far.
    pub report: Report,
}

/// The file is published at the backend.
#[derive(Debug, Default)]
pub struct Stored {
    /// Those headers of the last fragment's answer and of Close-Session's that the route passes on.
    pub headers: HeaderMap,
    /// The reply of an upload-reply backend, if the route forwards it.
    pub reply: Option<Reply>,
}

/// The reply of an upload-reply backend.
#[derive(Debug)]
pub struct Reply {
    /// Its `Content-Type`.
    pub content_type: Option<HeaderValue>,
    /// Its body, bounded.
    pub body: Bytes,
}

/// Figures of one upload, for the log line.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The BITS session (prints shortened).
    pub session: Option<SessionId>,
    /// Body bytes read from the client.
    pub received: u64,
    /// Bytes that the backend acknowledged.
    pub acknowledged: u64,
    /// What the session counted.
    pub stats: SessionStats,
    /// From the request head to the outcome.
    pub duration: Duration,
    /// From the last body byte to the outcome.
    pub tail: Option<Duration>,
}
