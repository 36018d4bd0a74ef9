//! Whether a worker's thread turns: it says so every second.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Between two beats.
const BEAT: Duration = Duration::from_secs(1);

/// A worker that was silent for so long hangs. Nothing that it does takes a fraction of this.
const SILENCE: Duration = Duration::from_secs(15);

/// Stands for "it has ended".
const ENDED: u64 = u64::MAX;

/// The worker's end.
#[derive(Debug)]
pub(in crate::app) struct Pulse {
    begun: Instant,
    last: Arc<AtomicU64>,
}

/// The other end.
#[derive(Debug)]
pub(super) struct Listener {
    begun: Instant,
    /// Milliseconds from `begun` to the last beat.
    last: Arc<AtomicU64>,
}

/// How a worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Turns,
    Silent(Duration),
    Ended,
}

/// Both ends.
pub(super) fn pulse() -> (Pulse, Listener) {
    let (begun, last) = (Instant::now(), Arc::default());
    (Pulse { begun, last: Arc::clone(&last) }, Listener { begun, last })
}

impl Pulse {
    /// Does the work, and beats as long as it takes.
    pub(in crate::app) async fn beside(self, work: impl Future<Output = ()>) {
        tokio::select! {
            () = work => {}
            () = self.beats() => {}
        }
    }

    /// Never ready.
    async fn beats(&self) {
        loop {
            let millis = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(ENDED - 1);
            self.last.store(millis, Ordering::Relaxed);
            tokio::time::sleep(BEAT).await;
        }
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.last.store(ENDED, Ordering::Relaxed);
    }
}

impl Listener {
    pub(super) fn sign(&self) -> Sign {
        self.sign_after(self.begun.elapsed())
    }

    /// `elapsed`: since it was made.
    fn sign_after(&self, elapsed: Duration) -> Sign {
        match self.last.load(Ordering::Relaxed) {
            ENDED => Sign::Ended,
            last => match elapsed.saturating_sub(Duration::from_millis(last)) {
                silence if silence > SILENCE => Sign::Silent(silence),
                _ => Sign::Turns,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn a_worker_turns_until_it_ends_or_hangs() {
        let (pulse, listener) = pulse();
        let (end, ended) = oneshot::channel::<()>();
        let worker = tokio::spawn(pulse.beside(async { ended.await.unwrap() }));
        tokio::task::yield_now().await;
        assert_eq!(listener.sign(), Sign::Turns);
        let long = listener.begun.elapsed() + 2 * SILENCE;
        assert!(matches!(listener.sign_after(long), Sign::Silent(silence) if silence > SILENCE));
        end.send(()).unwrap();
        worker.await.unwrap();
        assert_eq!(listener.sign(), Sign::Ended);
    }
}
