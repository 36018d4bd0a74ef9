//! Keeps out whoever nobody can judge, and says seldom why: requests may come by the thousand.

use crate::access::Denied;
use crate::error::{Failure, Problem};
use crate::telemetry::Seldom;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What stands in the way of one guard.
#[derive(Debug, Default)]
pub(super) struct Trouble(Mutex<Seldom>);

impl Trouble {
    /// What the client is told is `why`. Whoever can mend it reads the line, now and then, with how often it happened.
    pub(super) fn denies(&self, why: &str, line: &str) -> Denied {
        // Nothing that is done under the lock can panic half-way.
        let times = self.0.lock().unwrap_or_else(PoisonError::into_inner).happened(Instant::now());
        if let Some(times) = times {
            tracing::warn!(times, "{line}");
        }
        unavailable(why)
    }
}

/// Nobody has decided, because nobody could.
pub(super) fn unavailable(why: &str) -> Denied {
    Denied { undecided: true, ..Denied::new(Failure::new(Problem::AuthUnavailable, why)) }
}
