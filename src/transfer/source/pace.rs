//! How long the client is waited for. Only the time counts in which the transfer is ready to read: not that in which the
//! backend is slow, or memory is waited for.

use crate::error::{Failure, Problem};
use crate::limits::TimeLimits;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The clock that runs while the client is waited for.
#[derive(Debug)]
pub(super) struct Pace {
    /// Longest pause between two pieces.
    idle: Duration,
    /// Since when the client has been waited for.
    waiting: Option<Instant>,
    /// How long it has been waited for, for the fragment being gathered.
    waited: Duration,
}

impl Pace {
    pub(super) fn new(time: &TimeLimits) -> Self {
        Pace { idle: time.idle, waiting: None, waited: Duration::ZERO }
    }

    /// The client is not waited for at the moment.
    pub(super) fn rest(&mut self) {
        self.waiting = None;
    }

    /// How long the client has been waited for, for the fragment being gathered.
    pub(super) fn waited(&self) -> Duration {
        self.waited
    }

    /// The same, for the last time: the next fragment begins.
    pub(super) fn take_waited(&mut self) -> Duration {
        std::mem::take(&mut self.waited)
    }

    /// Waits for what the client sends next. Gives when it came.
    ///
    /// Dropping the future loses nothing: the clock runs on, unless [`Pace::rest`] is called.
    pub(super) async fn wait<F: Future>(&mut self, next: F) -> Result<(F::Output, Instant), Failure> {
        let since = *self.waiting.get_or_insert_with(Instant::now);
        let Ok(came) = timeout_at(since + self.idle, next).await else {
            let detail = format!("no byte came for {} s", self.idle.as_secs());
            return Err(Failure::new(Problem::ClientStalled, detail));
        };
        let now = Instant::now();
        self.waited += now - since;
        self.waiting = Some(now);
        Ok((came, now))
    }
}
