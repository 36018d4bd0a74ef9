//! One budget of memory for the body bytes of all uploads.
//!
//! A byte is reserved before it is read from a client. When nothing is left, reading stops, and TCP tells the client; an
//! upload that was accepted is never refused for it. No two uploads can wait for each other: one that holds bytes and
//! gets no more sends what it has as a short fragment, which brings its bytes back; one that holds none waits in line.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// The budget. Cheap to clone; all clones are the same budget.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// One permit a byte.
    bytes: Arc<Semaphore>,
    total: u64,
    uploads: AtomicU64,
}

impl Budget {
    /// A budget of that many bytes (at most 4 EiB on 64-bit machines).
    pub fn new(total: u64) -> Self {
        let total = total.min(Semaphore::MAX_PERMITS as u64);
        let bytes = Arc::new(Semaphore::new(usize::try_from(total).unwrap_or(Semaphore::MAX_PERMITS)));
        Budget(Arc::new(Inner { bytes, total, uploads: AtomicU64::new(0) }))
    }

    /// Size of the budget in bytes.
    pub fn total(&self) -> u64 {
        self.0.total
    }

    /// Bytes reserved at the moment.
    pub fn used(&self) -> u64 {
        self.0.total - self.0.bytes.available_permits() as u64
    }

    /// What one fragment may take so that all uploads could hold two.
    pub fn fair_share(&self) -> u64 {
        self.0.total / (2 * self.0.uploads.load(Ordering::Relaxed).max(1))
    }

    /// The account of one more upload. Dropping it gives everything back.
    pub fn open(&self) -> Account {
        self.0.uploads.fetch_add(1, Ordering::Relaxed);
        Account { budget: self.clone(), held: None }
    }
}

/// What one upload has reserved.
#[derive(Debug)]
pub struct Account {
    budget: Budget,
    held: Option<OwnedSemaphorePermit>,
}

impl Account {
    /// Bytes reserved.
    pub fn held(&self) -> u64 {
        self.held.as_ref().map_or(0, |permit| permit.num_permits() as u64)
    }

    /// Reserves up to `bytes` in all if that is possible now.
    pub fn try_raise(&mut self, bytes: u64) -> bool {
        match self.missing(bytes) {
            0 => true,
            missing => match Arc::clone(&self.budget.0.bytes).try_acquire_many_owned(missing) {
                Ok(permit) => {
                    self.add(permit);
                    true
                }
                Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => false,
            },
        }
    }

    /// Reserves up to `bytes` in all, waiting in line for it. Dropping the future leaves the line.
    pub async fn raise(&mut self, bytes: u64) {
        let missing = self.missing(bytes);
        if missing > 0 {
            // The semaphore is never closed.
            if let Ok(permit) = Arc::clone(&self.budget.0.bytes).acquire_many_owned(missing).await {
                self.add(permit);
            }
        }
    }

    /// Gives back what is reserved beyond `bytes`.
    pub fn lower(&mut self, bytes: u64) {
        let excess = self.held().saturating_sub(bytes);
        if let (Some(held), Ok(excess)) = (&mut self.held, usize::try_from(excess)) {
            drop(held.split(excess));
        }
    }

    fn add(&mut self, permit: OwnedSemaphorePermit) {
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
    }

    /// Never more than the whole budget: who wants more gets by with all of it.
    fn missing(&self, bytes: u64) -> u32 {
        let missing = bytes.min(self.budget.0.total).saturating_sub(self.held());
        u32::try_from(missing).unwrap_or(u32::MAX)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.budget.0.uploads.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn gives_back_all_that_was_taken() {
        let budget = Budget::new(1000);
        let mut one = budget.open();
        let mut two = budget.open();
        assert_eq!(budget.fair_share(), 250);
        one.raise(600).await;
        assert!(!two.try_raise(500));
        assert!(two.try_raise(400));
        assert_eq!(budget.used(), 1000);
        one.lower(100);
        assert_eq!((one.held(), budget.used()), (100, 500));
        assert!(two.try_raise(900));
        drop((one, two));
        assert_eq!((budget.used(), budget.fair_share()), (0, 500));
    }

    #[tokio::test]
    async fn asking_for_more_than_there_is_gets_all() {
        let budget = Budget::new(10);
        let mut one = budget.open();
        one.raise(u64::MAX).await;
        assert_eq!(one.held(), 10);
    }

    #[tokio::test]
    async fn who_waits_in_line_is_served_first() {
        let budget = Budget::new(10);
        let (mut one, mut two, mut three) = (budget.open(), budget.open(), budget.open());
        one.raise(10).await;
        let waiting = tokio::spawn(async move {
            two.raise(6).await;
            two
        });
        tokio::task::yield_now().await;
        one.lower(4);
        assert!(!three.try_raise(1), "it would starve the one that waits");
        one.lower(0);
        assert_eq!(waiting.await.unwrap().held(), 6);
    }
}
