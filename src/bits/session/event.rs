//! What a session tells about its course.

use crate::bits::{Profile, SessionId};
use crate::error::Failure;
use http::StatusCode;
use std::time::Duration;

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
    /// The server asks to go on at one node of its farm (`BITS-Host-Id`), which is not done.
    HostIgnored {
        /// The node.
        host: String,
    },
    /// The server asks to go on at one node of its farm, which is done.
    HostFollowed {
        /// The node.
        host: String,
    },
    /// Nothing got through to the node for as long as the server had said: back to the host that was configured.
    HostGivenUp {
        /// The node.
        host: String,
    },
    /// The server asks for credentials: they are renewed, and the same is asked once more.
    Challenged {
        /// What was asked.
        what: String,
        /// 401 or 407.
        status: StatusCode,
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
