//! How large the next fragment is.
//!
//! A fragment is held whole until it is acknowledged, so its size is what an upload costs in memory; and the backend answers
//! once a fragment, so its size is also what hides the round trip. With *B* the rate to the backend, *r* its answer time and
//! *F* the fragment, one session reaches `B / (1 + B·r/F)`. What follows:
//!
//! - A backend that is the slower side wants *F* of several `B·r`; more buys next to nothing.
//! - A client that is the slower side wants no more than what it delivers while one exchange is under way.
//! - Up to about [`SWEET_SPOT`] a larger fragment saves work for both ends; beyond it falls out of the cache.
//! - Nobody waits longer for a fragment to fill than `fragment.time`: a slow phone gets small ones.
//! - The total is known. Towards the end of an upload that the client paces, fragments are cut ever smaller, down to what
//!   one exchange hides, so that little is left to send when the last byte has come.

use super::profile::SMALLEST_FRAGMENT;
use crate::limits::{FragmentLimits, MIB};
use std::time::Duration;

/// Fragments up to this size stay in the cache between being received and being sent. Bytes.
const SWEET_SPOT: f64 = MIB as f64;

/// How many times `throughput × round trip` a fragment should have where the backend is the slower side: the round trip
/// then costs about a ninth.
const ROUND_TRIPS: f64 = 9.0;

/// A size grows at most by this factor from one fragment to the next.
const GROWTH: f64 = 4.0;

/// Below this size a 413 ends the halving at once: nothing a server would sensibly refuse by size.
const FLOOR: u64 = SMALLEST_FRAGMENT;

/// Size after the server called a large fragment "too large" by a code that may also mean the file. Bytes.
const SMALL: u64 = MIB;

/// Chooses the size of each fragment from what the exchanges so far showed.
#[derive(Debug, Clone)]
pub struct Sizer {
    limits: FragmentLimits,
    /// What the backend takes at most, as far as known.
    ceiling: u64,
    /// The ceiling when a fragment was last taken. A refusal alone may have been about anything.
    learned: u64,
    /// Size aimed at, before the limits.
    target: f64,
    /// Shortest wait for an answer so far, seconds: an estimate of the round trip.
    round_trip: Option<f64>,
    /// Typical duration of a fragment's exchange, seconds.
    exchange: Option<f64>,
    /// Bytes a second that the client delivers while it is read from.
    client_rate: Option<f64>,
}

impl Sizer {
    /// Starts with `limits.first`. `ceiling`: what the backend is known to take at most.
    pub fn new(limits: FragmentLimits, ceiling: Option<u64>) -> Self {
        let ceiling = ceiling.unwrap_or(u64::MAX).max(FLOOR);
        Sizer {
            target: limits.first as f64,
            limits,
            ceiling,
            learned: ceiling,
            round_trip: None,
            exchange: None,
            client_rate: None,
        }
    }

    /// What the backend takes at most, if a limit was met and a fragment within it was then taken.
    pub fn ceiling(&self) -> Option<u64> {
        (self.learned != u64::MAX).then_some(self.learned)
    }

    /// The backend takes no fragment over `bytes`.
    pub fn lower_ceiling(&mut self, bytes: u64) {
        self.ceiling = self.ceiling.min(bytes.max(FLOOR));
    }

    /// An answer came that long after the last byte of its packet.
    pub fn answered(&mut self, took: Duration) {
        let took = took.as_secs_f64();
        self.round_trip = Some(self.round_trip.map_or(took, |r| r.min(took)));
    }

    /// The client took that long to deliver that many bytes (waiting for anything else does not count).
    pub fn delivered(&mut self, bytes: u64, took: Duration) {
        // Too short to tell anything but "at once".
        let rate = bytes as f64 / took.as_secs_f64().max(1e-6);
        self.client_rate = Some(smooth(self.client_rate, rate));
    }

    /// A fragment of that size was acknowledged after that time.
    pub fn exchanged(&mut self, bytes: u64, took: Duration) {
        self.answered(took);
        self.learned = self.ceiling;
        let exchange = smooth(self.exchange, took.as_secs_f64());
        self.exchange = Some(exchange);
        let (Some(round_trip), Some(client_rate)) = (self.round_trip, self.client_rate) else { return };

        let meanwhile = client_rate * exchange;
        let mut wanted = ROUND_TRIPS * round_trip * bytes as f64 / took.as_secs_f64().max(1e-6);
        if meanwhile < bytes as f64 {
            // The client is the slower side.
            wanted = wanted.min(2.0 * meanwhile);
        }
        let patience = client_rate * self.limits.time.as_secs_f64();
        self.target =
            wanted.max(SWEET_SPOT).min(patience).min(self.target * GROWTH).max(self.limits.min as f64);
    }

    /// The server said "too large" to a fragment of `sent` bytes. Whether a smaller one is worth trying.
    pub fn halve(&mut self, sent: u64) -> bool {
        if sent <= FLOOR {
            return false;
        }
        self.lower_ceiling(sent / 2);
        true
    }

    /// The server said "too large" to a fragment of `sent` bytes, and may have meant the file. Whether a small fragment is
    /// worth trying.
    pub fn make_small(&mut self, sent: u64) -> bool {
        if sent <= SMALL {
            return false;
        }
        self.lower_ceiling(SMALL);
        true
    }

    /// Largest fragment to send at the moment, in bytes; `share`: what memory allows one fragment.
    pub fn largest(&self, share: u64) -> u64 {
        self.limits.max.min(share.max(self.limits.min)).min(self.ceiling)
    }

    /// Size of the next fragment to gather when `remaining` bytes of the file are left; `share`: what memory allows one
    /// fragment. Between 1 and `remaining`, unless nothing remains.
    pub fn next(&self, remaining: u64, share: u64) -> u64 {
        let cap = self.largest(share);
        let size = (self.target as u64).clamp(self.limits.min.min(cap), cap);
        // What the client delivers while one exchange is under way: with less the connection to the backend would idle.
        let meanwhile = match (self.client_rate, self.exchange) {
            (Some(rate), Some(exchange)) => 1.1 * rate * exchange,
            _ => size as f64,
        };
        let floor = (meanwhile as u64).max(self.limits.min).min(size);
        if remaining <= floor + floor / 2 && remaining <= cap {
            return remaining;
        }
        size.min((remaining / 2).max(floor)).min(remaining)
    }
}

/// Half old, half new.
fn smooth(old: Option<f64>, new: f64) -> f64 {
    old.map_or(new, |old| (old + new) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{GIB, KIB};
    use proptest::prelude::*;

    const PLENTY: u64 = GIB;

    /// Runs a whole upload of a client of rate `a` over a backend of rate `b` and round trip `r`; gives the sizes.
    fn sizes(total: u64, a: f64, b: f64, r: f64) -> Vec<u64> {
        let mut sizer = Sizer::new(FragmentLimits::default(), None);
        sizer.answered(Duration::from_secs_f64(r));
        let (mut left, mut sizes) = (total, Vec::new());
        while left > 0 {
            let size = sizer.next(left, PLENTY);
            sizer.delivered(size, Duration::from_secs_f64(size as f64 / a));
            sizer.exchanged(size, Duration::from_secs_f64(size as f64 / b + r));
            left -= size;
            sizes.push(size);
        }
        sizes
    }

    #[test]
    fn a_slow_phone_gets_small_fragments() {
        let sizes = sizes(20 * MIB, 32.0 * 1024.0, 1e9, 0.05);
        assert!(sizes[2..].iter().all(|&size| size <= 2 * 64 * KIB), "{sizes:?}");
    }

    #[test]
    fn a_fast_client_near_the_backend_gets_the_sweet_spot() {
        let sizes = sizes(GIB, 3e9, 2e9, 60e-6);
        let middle = sizes[sizes.len() / 2];
        assert!((MIB..=2 * MIB).contains(&middle), "{middle}");
    }

    #[test]
    fn two_sides_of_one_speed_do_not_drive_each_other_up() {
        for a in [0.8e9, 0.95e9, 1e9, 1.05e9] {
            let sizes = sizes(GIB, a, 1e9, 100e-6);
            assert!(sizes[sizes.len() / 2] <= 2 * MIB, "{a}: {}", sizes[sizes.len() / 2]);
        }
    }

    #[test]
    fn a_long_round_trip_gets_large_fragments() {
        let sizes = sizes(GIB, 3e9, 125e6, 0.02);
        assert_eq!(sizes[sizes.len() / 2], FragmentLimits::default().max);
        // ...soon.
        assert!(sizes.iter().take_while(|&&size| size < 8 * MIB).count() <= 6, "{:?}", &sizes[..8]);
    }

    #[test]
    fn the_tail_of_a_paced_upload_is_small() {
        // 64 MiB/s from the client, 20 ms: one exchange hides 1.4 MB.
        let fast = sizes(64 * MIB, 64.0 * MIB as f64, 2e9, 0.02);
        let last = *fast.last().unwrap();
        assert!((MIB..5 * MIB / 2).contains(&last), "{fast:?}");
        // 5 MB/s: much less.
        let slow = sizes(64 * MIB, 5e6, 1e9, 0.02);
        assert!(*slow.last().unwrap() <= 256 * KIB, "{slow:?}");
    }

    #[test]
    fn a_small_file_is_one_fragment() {
        let sizer = Sizer::new(FragmentLimits::default(), None);
        for total in [1, 100 * KIB, 256 * KIB] {
            assert_eq!(sizer.next(total, PLENTY), total);
        }
    }

    #[test]
    fn too_large_halves_down_to_the_floor() {
        let mut sizer = Sizer::new(FragmentLimits::default(), None);
        let (mut sent, mut steps) = (8 * MIB, 0);
        while sizer.halve(sent) {
            sent = sizer.largest(PLENTY);
            steps += 1;
        }
        assert_eq!(sent, FLOOR);
        assert!(steps <= 11, "{steps}");
    }

    proptest! {
        #[test]
        fn every_file_is_cut_within_the_limits(
            total in 1u64..GIB,
            a in 1e3f64..1e10,
            b in 1e3f64..1e10,
            r in 1e-6f64..2.0,
        ) {
            let limits = FragmentLimits::default();
            let sizes = sizes(total, a, b, r);
            prop_assert_eq!(sizes.iter().sum::<u64>(), total);
            prop_assert!(sizes.iter().all(|&size| size >= 1 && size <= limits.max));
            // No crumbs: all but the last are at least the minimum.
            prop_assert!(sizes[..sizes.len() - 1].iter().all(|&size| size >= limits.min));
        }

        #[test]
        fn a_small_share_and_a_ceiling_are_kept(remaining in 1u64..GIB, share in 0u64..GIB, ceiling in 1u64..GIB) {
            let sizer = Sizer::new(FragmentLimits::default(), Some(ceiling));
            let size = sizer.next(remaining, share);
            prop_assert!(size >= 1 && size <= remaining);
            prop_assert!(size <= ceiling.max(FLOOR) && size <= share.max(64 * KIB));
        }
    }
}
