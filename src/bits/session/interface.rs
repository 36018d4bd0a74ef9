//! What goes in and out of a session: its settings, the steps it asks for, what it tells. Plain data.

use crate::bits::packet::{Packet, SessionId};
use crate::bits::{AmbiguousClose, Profile};
use crate::error::Failure;
use crate::limits::{FragmentLimits, RetryLimits, TimeLimits};
use http::HeaderValue;
use std::time::Duration;

/// What a session is to do, fixed at its start.
#[derive(Debug, Clone)]
pub struct SessionSettings {
    /// Size of the file in bytes; never changes (a different total in a later fragment is an error at IIS).
    pub total: u64,
    /// What kind of server this is; nothing: recognise it by its answers, and until then assume nothing.
    pub profile: Option<&'static Profile>,
    /// Bounds of the fragments.
    pub fragment: FragmentLimits,
    /// Largest fragment that earlier uploads found the backend to take, in bytes.
    pub ceiling: Option<u64>,
    /// What is tried again, and for how long.
    pub retry: RetryLimits,
    /// How long Cancel-Session is tried.
    pub cancel: Duration,
    /// What a lost answer to Close-Session means.
    pub ambiguous_close: AmbiguousClose,
    /// Whether the reply of an upload-reply server is fetched before Close-Session deletes it.
    pub wants_reply: bool,
    /// Seed of the jitter.
    pub seed: u64,
}

impl SessionSettings {
    /// All defaults for a file of that size.
    pub fn new(total: u64) -> Self {
        SessionSettings {
            total,
            profile: None,
            fragment: FragmentLimits::default(),
            ceiling: None,
            retry: RetryLimits::default(),
            cancel: TimeLimits::default().cancel,
            ambiguous_close: AmbiguousClose::default(),
            wants_reply: false,
            seed: 0,
        }
    }
}

/// What the caller has to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send the packet; then call [`answered`](super::Session::answered)
    /// or [`unanswered`](super::Session::unanswered).
    Send(Packet),
    /// Gather body bytes beyond [`offset`](super::Session::offset).
    Gather,
    /// Do nothing on the session before that time. The body may be gathered meanwhile.
    Wait(Duration),
    /// Fetch the reply at this URL; then call [`reply_fetched`](super::Session::reply_fetched)
    /// or [`unanswered`](super::Session::unanswered).
    FetchReply(HeaderValue),
    /// Ask for the target by HEAD; then call [`evidence`](super::Session::evidence)
    /// or [`unanswered`](super::Session::unanswered).
    LookAtTarget,
    /// Nothing: see [`outcome`](super::Session::outcome).
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

/// Something worth a log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The session is open.
    Created {
        /// Its id (prints shortened).
        session: SessionId,
        /// What kind of server it is taken for.
        profile: &'static Profile,
    },
    /// Trouble that may pass: the exchange is repeated.
    Retrying {
        /// What kind of trouble.
        why: Failure,
        /// Pause before the next attempt.
        delay: Duration,
    },
    /// The server wants another offset than expected.
    Resynced {
        /// Acknowledged before.
        from: u64,
        /// Wanted now.
        to: u64,
    },
    /// The server called a fragment too large.
    FragmentLimit {
        /// Largest size tried from now on, in bytes.
        bytes: u64,
    },
    /// A new session is begun for the same bytes.
    Restarted {
        /// Why.
        why: Failure,
    },
    /// The reply of the application behind the server could not be fetched.
    ReplyLost {
        /// What happened.
        detail: String,
    },
    /// An answer to Close-Session was lost; this is how it was decided.
    CloseDecided {
        /// Whether it counts as success.
        stored: bool,
        /// By what evidence.
        detail: String,
    },
}

/// Figures of a session so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SessionStats {
    /// Fragments whose bytes were taken.
    pub fragments: u64,
    /// Smallest and largest number of bytes taken at once.
    pub sizes: Option<(u64, u64)>,
    /// Exchanges repeated after trouble.
    pub retries: u64,
    /// Sessions begun anew.
    pub restarts: u32,
}
