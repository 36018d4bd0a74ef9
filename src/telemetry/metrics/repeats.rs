//! Which targets were stored lately, to notice those that are stored again.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a target is remembered.
const WINDOW: Duration = Duration::from_secs(3600);

/// Targets remembered at most; then the oldest is forgotten. Less than a megabyte.
const MOST: usize = 10_000;

/// Which targets were stored lately. Keeps no names: a hash is enough to count by.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    hasher: RandomState,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// When each was stored last.
    last: HashMap<u64, Instant>,
    /// The same, the oldest first. One that was stored again is in it twice.
    order: VecDeque<(Instant, u64)>,
}

impl Repeats {
    /// A file was stored now. Whether that target had one within the window before.
    pub(super) fn stored(&self, backend: &str, target: &str, now: Instant) -> bool {
        let target = self.hasher.hash_one((backend, target));
        // Nothing below can panic half-way.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Seen { last, order } = &mut *seen;
        while order.len() >= MOST || order.front().is_some_and(|(at, _)| now.duration_since(*at) > WINDOW) {
            let Some((at, oldest)) = order.pop_front() else { break };
            if last.get(&oldest) == Some(&at) {
                last.remove(&oldest);
            }
        }
        order.push_back((now, target));
        last.insert(target, now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_remembered_for_an_hour_after_it_was_stored_last() {
        let (repeats, begun) = (Repeats::default(), Instant::now());
        let at = |minutes: u64| begun + Duration::from_secs(60 * minutes);
        assert!(!repeats.stored("iis", "/a", at(0)));
        assert!(!repeats.stored("other", "/a", at(1)) && !repeats.stored("iis", "/b", at(1)));
        assert!(repeats.stored("iis", "/a", at(50)));
        assert!(repeats.stored("iis", "/a", at(105)), "the hour begins anew");
        assert!(!repeats.stored("iis", "/b", at(105)));
        assert!(!repeats.stored("iis", "/a", at(166)));
    }

    #[test]
    fn no_more_than_so_many_are_remembered() {
        let (repeats, now) = (Repeats::default(), Instant::now());
        for number in 0..MOST + 10 {
            assert!(!repeats.stored("iis", &number.to_string(), now), "{number}");
        }
        let seen = repeats.seen.lock().unwrap();
        assert_eq!((seen.last.len(), seen.order.len()), (MOST, MOST));
        drop(seen);
        assert!(!repeats.stored("iis", "9", now), "forgotten");
        assert!(repeats.stored("iis", "100", now));
    }
}
