//! How long the client is waited for, and whether what it sends comes fast enough. Only the time counts in which the transfer is ready to read: not that in which the
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
    window: Window,
}

/// What came in a stretch of that time. When the stretch is over and enough came, the next one begins.
#[derive(Debug)]
struct Window {
    /// How long it is.
    length: Duration,
    /// Bytes that have to come.
    enough: u64,
    /// How much of it is over.
    over: Duration,
    /// Bytes that came.
    came: u64,
}

impl Window {
    fn new(time: &TimeLimits) -> Self {
        let length = time.rate_window;
        // Rounded down, so that the shortest windows ask for nothing that whole bytes cannot give.
        let enough = u128::from(time.min_rate) * length.as_millis() / 1000;
        Window { length, enough: u64::try_from(enough).unwrap_or(u64::MAX), over: Duration::ZERO, came: 0 }
    }

    /// How long it may still last. None: it has had enough.
    fn left(&self) -> Option<Duration> {
        (self.came < self.enough).then(|| self.length.saturating_sub(self.over))
    }

    /// So much of it is over now.
    fn pass(&mut self, time: Duration) {
        self.over += time;
        if self.over >= self.length && self.came >= self.enough {
            (self.over, self.came) = (Duration::ZERO, 0);
        }
    }
}

impl Pace {
    pub(super) fn new(time: &TimeLimits) -> Self {
        Pace { idle: time.idle, waiting: None, waited: Duration::ZERO, window: Window::new(time) }
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

    /// So many bytes came.
    pub(super) fn came(&mut self, bytes: usize) {
        self.window.came = self.window.came.saturating_add(bytes as u64);
    }

    fn stalled(&self) -> Failure {
        Failure::new(Problem::ClientStalled, format!("no byte came for {} s", self.idle.as_secs()))
    }

    fn slow(&self) -> Failure {
        let Window { came, enough, length, .. } = self.window;
        let detail = format!("{came} bytes came in {} s, where {enough} have to", length.as_secs());
        Failure::new(Problem::ClientSlow, detail)
    }

    /// Waits for what the client sends next. Gives when it came.
    ///
    /// Dropping the future loses nothing: the clock runs on, unless [`Pace::rest`] is called.
    pub(super) async fn wait<F: Future>(&mut self, next: F) -> Result<(F::Output, Instant), Failure> {
        let since = *self.waiting.get_or_insert_with(Instant::now);
        let left = self.window.left().unwrap_or(Duration::MAX);
        let Ok(came) = timeout_at(since + self.idle.min(left), next).await else {
            return Err(if left < self.idle { self.slow() } else { self.stalled() });
        };
        let now = Instant::now();
        self.waited += now - since;
        self.window.pass(now - since);
        self.waiting = Some(now);
        Ok((came, now))
    }
}
