//! The one loop that awaits both sides.

mod call;
mod uploads;

pub use call::{Answer, Backend, Call, NoAnswer, Patience};
pub use uploads::{Refusal, Uploads};

use crate::bits::Destination;
use crate::error::Failure;
use crate::route::Route;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use std::sync::Arc;
use std::time::Duration;

/// One accepted request: everything about an upload but its body.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Names the upload in logs.
    pub id: String,
    /// The route that it came in by.
    pub route: Arc<Route>,
    /// Where it goes.
    pub destination: Destination,
    /// Size of the file in bytes.
    pub total: u64,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
}

/// What became of an upload.
#[derive(Debug)]
pub struct Outcome {
    /// Stored, or why not.
    pub result: Result<Stored, Failure>,
    /// What it took.
    pub report: Report,
}

/// The file is published at the backend.
#[derive(Debug, Default)]
pub struct Stored {
    /// Those headers of the answer to Close-Session (and of the last fragment) that the route passes on.
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
    /// First characters of the BITS session id.
    pub session: Option<String>,
    /// Body bytes read from the client.
    pub received: u64,
    /// Bytes that the backend acknowledged.
    pub acknowledged: u64,
    /// Fragments acknowledged.
    pub fragments: u64,
    /// Smallest and largest of them, in bytes.
    pub fragment_sizes: Option<(u64, u64)>,
    /// Exchanges repeated after trouble.
    pub retries: u64,
    /// Sessions begun anew.
    pub restarts: u32,
    /// From the request head to the outcome.
    pub duration: Duration,
    /// From the last body byte to the outcome.
    pub tail: Option<Duration>,
}
