//! How often the clients of one network may fail.
//!
//! It bounds what guessing is worth, and what is hashed for guessers. Clients behind one address share it: so whoever
//! can be recognised without any effort (a right token, a password that was right a while ago) is let in all the same.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures of one network within [`WINDOW`] after which it has to wait.
const MOST_FAILURES: u32 = 10;

/// From the first failure on.
const WINDOW: Duration = Duration::from_secs(60);

/// Networks that are remembered. Then the one that failed first is forgotten.
const MOST_NETWORKS: usize = 4096;

/// Who has failed how often.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<HashMap<IpAddr, Failures>>);

#[derive(Debug)]
struct Failures {
    since: Instant,
    count: u32,
}

impl Failures {
    fn over(&self) -> Instant {
        self.since + WINDOW
    }
}

impl Throttle {
    /// Whether clients of the network may try.
    ///
    /// Fails with the seconds until they may again.
    pub(super) fn check(&self, network: IpAddr, now: Instant) -> Result<(), u64> {
        let networks = self.networks();
        let Some(failures) = networks.get(&network).filter(|failures| failures.count >= MOST_FAILURES) else {
            return Ok(());
        };
        match failures.over().saturating_duration_since(now) {
            Duration::ZERO => Ok(()),
            rest => Err(rest.as_secs() + 1),
        }
    }

    /// One of its clients failed.
    pub(super) fn failed(&self, network: IpAddr, now: Instant) {
        let mut networks = self.networks();
        if networks.len() >= MOST_NETWORKS && !networks.contains_key(&network) {
            networks.retain(|_, failures| failures.over() > now);
            let first =
                networks.iter().min_by_key(|(_, failures)| failures.since).map(|(network, _)| *network);
            if let Some(first) = first.filter(|_| networks.len() >= MOST_NETWORKS) {
                networks.remove(&first);
            }
        }
        let failures = networks.entry(network).or_insert(Failures { since: now, count: 0 });
        if failures.over() <= now {
            *failures = Failures { since: now, count: 0 };
        }
        failures.count = failures.count.saturating_add(1);
    }

    fn networks(&self) -> MutexGuard<'_, HashMap<IpAddr, Failures>> {
        // Nothing that is done under the lock can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const SECOND: Duration = Duration::from_secs(1);

    fn network(number: u32) -> IpAddr {
        Ipv4Addr::from(number).into()
    }

    #[test]
    fn after_ten_failures_a_network_waits() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for second in 0..MOST_FAILURES {
            assert_eq!(throttle.check(network(1), now + SECOND * second), Ok(()));
            throttle.failed(network(1), now + SECOND * second);
        }
        assert_eq!(throttle.check(network(1), now + 10 * SECOND), Err(51));
        assert_eq!(throttle.check(network(2), now + 10 * SECOND), Ok(()));
        assert_eq!(throttle.check(network(1), now + 59 * SECOND), Err(2));
        assert_eq!(throttle.check(network(1), now + 60 * SECOND), Ok(()));
        throttle.failed(network(1), now + 60 * SECOND);
        assert_eq!(throttle.check(network(1), now + 60 * SECOND), Ok(()), "it counts from the beginning");
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..MOST_FAILURES {
            throttle.failed(network(0), now + SECOND);
        }
        throttle.failed(network(1), now);
        for number in 2..2 * MOST_NETWORKS as u32 {
            throttle.failed(network(number), now + 2 * SECOND);
            assert!(throttle.networks().len() <= MOST_NETWORKS);
        }
        assert!(!throttle.networks().contains_key(&network(1)), "who failed first is forgotten");
        throttle.failed(network(0), now + 100 * SECOND);
        assert_eq!(throttle.networks().len(), 1, "who failed long ago, too");
    }
}
