//! How a store is doing, for metrics.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How a store is doing. Counts from the start of the process. The fields are independent of each other: no order
/// between them is promised.
#[derive(Debug, Default)]
pub struct Health {
    degraded: AtomicBool,
    commits: AtomicU64,
    failed_writes: AtomicU64,
}

impl Health {
    /// Whether records are kept in memory only, because the disk does not take them.
    pub fn is_degraded(&self) -> bool {
        self.degraded.load(Ordering::Relaxed)
    }

    /// Transactions that are on the disk.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Attempts to write that failed, those made again and again while degraded included.
    pub fn failed_writes(&self) -> u64 {
        self.failed_writes.load(Ordering::Relaxed)
    }

    pub(super) fn wrote(&self) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.degraded.store(false, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failed_writes.fetch_add(1, Ordering::Relaxed);
        self.degraded.store(true, Ordering::Relaxed);
    }
}
