//! What a session is to do.

use super::Login;
use crate::bits::{AmbiguousClose, HostIdPolicy, Profile};
use crate::limits::{FragmentLimits, RetryLimits, TimeLimits};
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
    /// Whether a later run can go on with the session. Transient trouble that outlasts the retry window then ends this run
    /// without Cancel-Session.
    pub lasting: bool,
    /// Whether the file is published once every byte is acknowledged. If not, the session stays open for a later run.
    pub publish: bool,
    /// Host name or address of the server, as it was configured, without a port.
    pub origin: String,
    /// Which nodes of its farm are followed.
    pub host_id: HostIdPolicy,
    /// Whose credentials go with the packets.
    pub login: Login,
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
            lasting: false,
            publish: true,
            origin: String::new(),
            host_id: HostIdPolicy::default(),
            login: Login::default(),
            seed: 0,
        }
    }
}
