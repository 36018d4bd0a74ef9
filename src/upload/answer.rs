//! How an upload ended, as its client gets it.

use crate::error::Failure;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

/// The final answer: stored, or why not.
pub type Final = Result<Stored, Failure>;

/// The file is published at the backend.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// Those headers of the last fragment's answer and of Close-Session's that the route passes on, and the digest that
    /// the client wants.
    pub headers: HeaderMap,
    /// The reply of an upload-reply backend, if the route forwards it.
    pub reply: Option<Reply>,
}

/// The reply of an upload-reply backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its `Content-Type`.
    pub content_type: Option<HeaderValue>,
    /// Its body, bounded.
    pub body: Bytes,
}
