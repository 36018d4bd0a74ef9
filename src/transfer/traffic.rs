//! Bytes that came and went, for metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of all uploads since the process began. Cheap to clone; all clones count together.
#[derive(Debug, Clone, Default)]
pub struct Traffic(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    received: AtomicU64,
    acknowledged: AtomicU64,
}

impl Traffic {
    /// Body bytes that were read from clients.
    pub fn received(&self) -> u64 {
        self.0.received.load(Ordering::Relaxed)
    }

    /// Bytes that backends acknowledged. Those that go to a second session, because the first was lost, count again.
    pub fn acknowledged(&self) -> u64 {
        self.0.acknowledged.load(Ordering::Relaxed)
    }
}

/// How far one upload was when it was counted last.
#[derive(Debug)]
pub(super) struct Meter {
    traffic: Traffic,
    received: u64,
    acknowledged: u64,
}

impl Meter {
    /// Counts from these offsets on.
    pub(super) fn new(traffic: Traffic, received: u64, acknowledged: u64) -> Self {
        Meter { traffic, received, acknowledged }
    }

    /// Counts up to these offsets. What is behind the last ones was begun anew.
    pub(super) fn read(&mut self, received: u64, acknowledged: u64) {
        let counts = &self.traffic.0;
        for (count, last, now) in [
            (&counts.received, &mut self.received, received),
            (&counts.acknowledged, &mut self.acknowledged, acknowledged),
        ] {
            let new = now.saturating_sub(std::mem::replace(last, now));
            if new > 0 {
                count.fetch_add(new, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_begun_anew_counts_again() {
        let traffic = Traffic::default();
        let mut meter = Meter::new(traffic.clone(), 100, 50);
        for (received, acknowledged) in [(150, 60), (150, 60), (200, 0), (220, 30)] {
            meter.read(received, acknowledged);
        }
        assert_eq!((traffic.received(), traffic.acknowledged()), (120, 40));
    }
}
