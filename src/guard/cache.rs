//! What was found out, for a short time, by a keyed hash of what was shown.
//!
//! The key is made for this process and never leaves it: who reads its memory later, or a core of it, finds no
//! credentials here, and nothing to try guesses on without the key.

use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Most that is remembered. Then whatever is over is forgotten, and if nothing is, everything.
const MOST: usize = 4096;

/// A hash of what was shown.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Mark([u8; 32]);

/// What was found out, with its end.
pub(super) struct Cache<V> {
    key: [u8; 32],
    lifetime: Duration,
    found: Mutex<HashMap<Mark, (Instant, V)>>,
}

impl<V: Clone> Cache<V> {
    /// Remembers for that long; zero: not at all.
    pub(super) fn new(lifetime: Duration) -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Cache { key, lifetime, found: Mutex::default() })
    }

    /// The hash of these parts, in this order.
    pub(super) fn mark<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> Mark {
        let mut hash = Sha256::new().chain_update(self.key);
        for part in parts {
            // Lengths keep apart what belongs to different parts.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Mark(hash.finalize().into())
    }

    /// What was found out about it, if that still holds.
    pub(super) fn get(&self, mark: &Mark, now: Instant) -> Option<V> {
        let found = self.found();
        found.get(mark).filter(|(until, _)| now < *until).map(|(_, value)| value.clone())
    }

    /// Remembers it.
    pub(super) fn put(&self, mark: Mark, value: V, now: Instant) {
        if self.lifetime.is_zero() {
            return;
        }
        let mut found = self.found();
        if found.len() >= MOST {
            found.retain(|_, (until, _)| now < *until);
        }
        if found.len() >= MOST {
            found.clear();
        }
        found.insert(mark, (now + self.lifetime, value));
    }

    fn found(&self) -> MutexGuard<'_, HashMap<Mark, (Instant, V)>> {
        // Nothing that is done under the lock can panic half-way.
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> fmt::Debug for Cache<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn holds_for_its_time_and_for_what_was_shown() {
        let (cache, now) = (Cache::new(5 * SECOND).unwrap(), Instant::now());
        let mark = cache.mark([&b"alice"[..], b"secret"]);
        cache.put(mark, 7, now);
        assert_eq!(cache.get(&mark, now + 4 * SECOND), Some(7));
        assert_eq!(cache.get(&mark, now + 5 * SECOND), None);
        assert_eq!(cache.get(&cache.mark([&b"alices"[..], b"ecret"]), now), None);
        let other = Cache::<u8>::new(SECOND).unwrap();
        assert!(other.mark([&b"alice"[..], b"secret"]) != mark, "each has a key of its own");
    }

    #[test]
    fn zero_is_not_at_all() {
        let (cache, now) = (Cache::new(Duration::ZERO).unwrap(), Instant::now());
        let mark = cache.mark([&b"x"[..]]);
        cache.put(mark, (), now);
        assert_eq!(cache.get(&mark, now), None);
        assert!(cache.found().is_empty());
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let (cache, now) = (Cache::new(SECOND).unwrap(), Instant::now());
        for number in 0..3 * MOST {
            cache.put(cache.mark([&number.to_be_bytes()[..]]), (), now);
            assert!(cache.found().len() <= MOST);
        }
        cache.put(cache.mark([&b"later"[..]]), (), now + SECOND);
        assert!(!format!("{cache:?}").contains("key"));
    }
}
