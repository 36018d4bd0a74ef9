//! Which mishaps an upload meets, and where.

use crate::phone::Drop;

/// Mishaps in the order of their places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Where the phone loses its connection, and how.
    pub(super) drops: Vec<(u64, Drop)>,
    /// Where the proxy is killed.
    pub(super) kill: Option<u64>,
}

impl Plan {
    /// So many drops and one kill, at random places of a file of that length, well apart from each other.
    pub(super) fn random(seed: u64, length: u64, drops: u32) -> Plan {
        let mut rng = fastrand::Rng::with_seed(seed);
        let parts = u64::from(drops) + 1;
        let killed = rng.u64(0..parts);
        let mut plan = Plan::default();
        for part in 0..parts {
            // In the middle four fifths of its part of the file.
            let place = (part as f64 + 0.1 + 0.8 * rng.f64()) / parts as f64 * length as f64;
            let place = (place as u64).min(length);
            let how = [Drop::Reset, Drop::Close, Drop::Silent][rng.usize(0..3)];
            if part == killed {
                plan.kill = Some(place);
            } else {
                plan.drops.push((place, how));
            }
        }
        plan
    }

    /// Whether nothing happens.
    pub(super) fn is_quiet(&self) -> bool {
        *self == Plan::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_rise_and_lie_within_the_file() {
        for seed in 0..200 {
            for (length, drops) in [(0, 1), (1, 3), (100, 3), (1 << 30, 10), (u64::MAX, 2)] {
                let plan = Plan::random(seed, length, drops);
                assert_eq!(plan.drops.len(), drops as usize);
                assert!(plan.drops.is_sorted_by_key(|(at, _)| *at), "{plan:?}");
                assert!(
                    plan.drops.iter().all(|(at, _)| *at <= length) && plan.kill <= Some(length),
                    "{plan:?}"
                );
                assert_eq!(plan, Plan::random(seed, length, drops));
            }
        }
        let kills: Vec<_> =
            (0..50).map(|seed| Plan::random(seed, 4000, 3).kill.unwrap_or(0) / 1000).collect();
        assert!((0..4).all(|part| kills.contains(&part)), "{kills:?}");
    }
}
