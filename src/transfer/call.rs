//! The seam between the transfer and whatever reaches the backend: one method.

use crate::bits::{Node, Packet};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use std::future::Future;
use std::time::Duration;

/// One question to the backend. The target is fixed for a [`Backend`], its host is not: see [`Backend::go_to`].
#[derive(Debug, Clone)]
pub enum Call {
    /// A packet of the session.
    Packet {
        /// Which one.
        packet: Packet,
        /// The body of a fragment, in pieces that together have [`Packet::content_length`] bytes.
        body: Vec<Bytes>,
    },
    /// HEAD of the target: is a file there, and which size does it have?
    Evidence,
    /// GET of the reply of an upload-reply server.
    Reply {
        /// `BITS-Reply-URL` as the server wrote it: may be relative, with backslashes.
        url: HeaderValue,
    },
}

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Longest time to a connection.
    pub connect: Duration,
    /// Longest time without the backend taking one byte of the request.
    pub stall: Duration,
    /// Longest time from the last byte of the request to the head of the answer.
    pub answer: Duration,
}

/// The head of an answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// The body of a [`Call::Reply`], whole, or else nothing: the bodies of Acks and errors mean nothing to the protocol.
    pub body: Bytes,
    /// From the last byte of the request to the head of the answer, where that was measured.
    pub waited: Option<Duration>,
    /// It came before the backend had the whole request. Then it may refuse, but it cannot have taken the bytes.
    pub early: bool,
}

/// Why there is no answer. What matters is whether the backend may have acted on the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Nothing of the request reached the backend: asking again is always safe.
    #[error("{0}")]
    Unsent(String),
    /// The connection broke after a part of the request was handed to it: the backend may or may not have acted.
    #[error("{0}")]
    Lost(String),
    /// No progress or no answer in time: the backend may or may not have acted.
    #[error("{0}")]
    TimedOut(String),
    /// The request can't be carried out by this proxy, now or later (a reply URL at a foreign host, say).
    #[error("{0}")]
    Impossible(String),
}

/// The way to one destination for one upload.
///
/// Implementations keep the connection between calls, replace it when it broke, and never retry by
/// themselves: whether a request may be repeated is the session's decision.
pub trait Backend: Send {
    /// From now on everything goes to that node of the backend's farm, by the same scheme and port. None: to the host that was
    /// configured. Called before each call; mostly nothing changes.
    fn go_to(&mut self, node: Option<&Node>);

    /// Asks and waits for the head of the answer.
    ///
    /// Dropping the future abandons the request and its connection.
    fn exchange(
        &mut self,
        call: Call,
        patience: Patience,
    ) -> impl Future<Output = Result<Answer, NoAnswer>> + Send;
}
