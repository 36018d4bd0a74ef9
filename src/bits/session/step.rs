//! What passes between a session and its caller: what to do next, and why nothing came of it.

use crate::bits::{ContentRange, Packet, PacketKind};
use http::HeaderValue;
use std::fmt;
use std::time::Duration;

/// What the caller has to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send the packet; then call [`Session::answered`](super::Session::answered) or [`Session::unanswered`](super::Session::unanswered).
    Send(Packet),
    /// Gather body bytes beyond [`Session::offset`](super::Session::offset).
    Gather,
    /// Do nothing on the session before that time. The body may be gathered meanwhile.
    Wait(Duration),
    /// Fetch the reply at this URL; then call [`Session::reply_fetched`](super::Session::reply_fetched) or [`Session::unanswered`](super::Session::unanswered).
    FetchReply(HeaderValue),
    /// Ask for the target by HEAD; then call [`Session::evidence`](super::Session::evidence) or [`Session::unanswered`](super::Session::unanswered).
    LookAtTarget,
    /// Nothing: see [`Session::outcome`](super::Session::outcome).
    Finished,
}

/// Why an exchange brought no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Silence {
    /// Nothing of the request reached the server.
    Unsent,
    /// The connection broke; the server may have acted.
    Lost,
    /// No answer in time; the server may have acted.
    TimedOut,
}

/// What was asked in the exchange under way.
#[derive(Debug, Clone, Copy)]
pub(super) enum Question {
    Packet(PacketKind),
    Fragment(ContentRange),
    Reply,
    Target,
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Question::Packet(kind) => write!(f, "{kind}"),
            Question::Fragment(range) => write!(f, "the fragment {range}"),
            Question::Reply => f.write_str("the request for the reply"),
            Question::Target => f.write_str("HEAD of the target"),
        }
    }
}
