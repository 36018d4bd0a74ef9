//! How long to wait before the next attempt, and when to give up.

use super::Trouble;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::time::Duration;
use tokio::time::Instant;

/// The first pause, which doubles each time.
const SHORTEST: Duration = Duration::from_millis(200);

/// No pause is longer.
const LONGEST: Duration = Duration::from_secs(10);

/// Grows shorter while nothing gets any further.
#[derive(Debug)]
pub(super) struct Patience {
    lasts: Duration,
    since: Instant,
    pauses: ExponentialBackoff,
}

impl Patience {
    pub(super) fn new(lasts: Duration) -> Patience {
        let pauses = ExponentialBuilder::new().with_min_delay(SHORTEST).with_max_delay(LONGEST);
        Patience { lasts, since: Instant::now(), pauses: pauses.without_max_times().build() }
    }

    /// Something got further.
    pub(super) fn renew(&mut self) {
        *self = Patience::new(self.lasts);
    }

    /// How long to wait now that this has happened.
    pub(super) fn pause(&mut self, why: &str) -> Result<Duration, Trouble> {
        let left = self.lasts.saturating_sub(self.since.elapsed());
        if left.is_zero() {
            return Err(Trouble::GaveUp(format!("no progress for {:?}; last: {why}", self.lasts)));
        }
        Ok(self.pauses.next().unwrap_or(LONGEST).min(left))
    }
}
