//! How long what after a signal to stop.

use crate::limits::Limits;
use std::time::Duration;

/// How the grace period is used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grace {
    /// Everything goes on.
    pub(super) delay: Duration,
    /// Uploads that cannot be resumed go on.
    pub(super) running: Duration,
    /// They are cancelled, and their clients told.
    pub(super) cancelling: Duration,
}

impl Grace {
    /// As long as a Cancel-Session may take is kept for cancelling, but not more than half.
    pub(super) fn new(limits: &Limits) -> Self {
        let delay = limits.shutdown.delay.min(limits.shutdown.grace);
        let rest = limits.shutdown.grace - delay;
        let cancelling = limits.time.cancel.min(rest / 2);
        Grace { delay, running: rest - cancelling, cancelling }
    }
}
