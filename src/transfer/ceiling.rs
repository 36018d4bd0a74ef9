//! What was learned about the largest fragment that a backend takes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long it is believed. A limit is mostly a setting and stays, but a 413 may also have been a hiccup of something on the
/// way; whoever meets the limit again pays with one refused fragment.
const BELIEVED: Duration = Duration::from_secs(15 * 60);

/// The largest fragment that a backend was found to take. Cheap to clone; all clones are the same one. Looked at once an
/// upload.
#[derive(Debug, Clone, Default)]
pub struct Ceiling(Arc<Mutex<Option<(u64, Instant)>>>);

impl Ceiling {
    /// Bytes, if a limit was met lately.
    pub fn get(&self) -> Option<u64> {
        let learned = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        learned.filter(|(_, at)| at.elapsed() < BELIEVED).map(|(bytes, _)| bytes)
    }

    /// An upload got by with fragments of at most `bytes`.
    pub fn learn(&self, bytes: u64) {
        if self.get().is_none_or(|known| bytes < known) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((bytes, Instant::now()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn the_lowest_counts_and_is_forgotten_in_time() {
        let ceiling = Ceiling::default();
        assert_eq!(ceiling.get(), None);
        ceiling.learn(1000);
        advance(BELIEVED / 2).await;
        ceiling.clone().learn(1000);
        ceiling.learn(2000);
        assert_eq!(ceiling.get(), Some(1000));
        advance(BELIEVED / 2).await;
        assert_eq!(ceiling.get(), None, "meeting the known limit does not make it new");
        ceiling.learn(2000);
        assert_eq!(ceiling.get(), Some(2000));
    }
}
