//! One budget of memory for the body bytes of all uploads.
//!
//! A byte is reserved before it is read from a client. When nothing is left, reading stops, and TCP tells the client; an
//! upload that was accepted is never refused for it. No two uploads can wait for each other: one that holds bytes and
//! gets no more sends what it has as a short fragment, which brings its bytes back; one that holds none waits in line.
//! Parts that are held until they are whole cannot do that. So they are let in one after the other: all that are in have
//! room in one half of the budget.
//!
//! All backends share it: one that stalls while many clients are fast can hold it all, for as long as its uploads are
//! tried again.

use std::future::pending;
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
    /// Lets in what is held until it is whole, one permit a byte.
    door: Arc<Semaphore>,
    total: u64,
    uploads: AtomicU64,
}

impl Budget {
    /// A budget of that many bytes (at most 4 EiB on 64-bit machines).
    pub fn new(total: u64) -> Self {
        let total = total.min(Semaphore::MAX_PERMITS as u64);
        let semaphore =
            |permits| Arc::new(Semaphore::new(usize::try_from(permits).unwrap_or(Semaphore::MAX_PERMITS)));
        let (bytes, door) = (semaphore(total), semaphore(total / 2));
        Budget(Arc::new(Inner { bytes, door, total, uploads: AtomicU64::new(0) }))
    }

    /// Size of the budget in bytes.
    pub fn total(&self) -> u64 {
        self.0.total
    }

    /// Bytes reserved at the moment.
    pub fn used(&self) -> u64 {
        self.0.total - self.0.bytes.available_permits() as u64
    }

    /// Uploads that have an account.
    pub fn uploads(&self) -> u64 {
        self.0.uploads.load(Ordering::Relaxed)
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

    /// Reserves room for a piece of `piece` bytes beside the `held` ones, if that is possible now.
    pub fn try_extend(&mut self, held: u64, piece: u64) -> bool {
        match self.missing(held, piece) {
            None => false,
            Some(0) => true,
            Some(missing) => match Arc::clone(&self.budget.0.bytes).try_acquire_many_owned(missing) {
                Ok(permit) => {
                    self.add(permit);
                    true
                }
                Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => false,
            },
        }
    }

    /// Reserves room for a piece of `piece` bytes beside the `held` ones, waiting in line for it. Dropping the future leaves
    /// the line. Never ready when both together are more than the whole budget: held bytes have to go first.
    pub async fn extend(&mut self, held: u64, piece: u64) {
        let Some(missing) = self.missing(held, piece) else { return pending().await };
        if missing > 0 {
            // The semaphore is never closed.
            if let Ok(permit) = Arc::clone(&self.budget.0.bytes).acquire_many_owned(missing).await {
                self.add(permit);
            }
        }
    }

    /// Waits until a part of `bytes` bytes may be gathered that will not be sent before it is whole. Reserves nothing. Who
    /// holds bytes already must not wait here. Dropping the future leaves the line, dropping the permit lets the next one in.
    pub async fn enter(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let permits = u32::try_from(bytes.min(self.budget.0.total / 2)).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        Arc::clone(&self.budget.0.door).acquire_many_owned(permits).await.ok()
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

    /// Bytes to reserve; nothing if there can never be that many. A single piece larger than the whole budget gets by with
    /// all of it.
    fn missing(&self, held: u64, piece: u64) -> Option<u32> {
        let total = self.budget.0.total;
        let wanted = held.saturating_add(piece);
        if held > 0 && wanted > total {
            return None;
        }
        Some(u32::try_from(wanted.min(total).saturating_sub(self.held())).unwrap_or(u32::MAX))
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
        one.extend(0, 600).await;
        assert!(!two.try_extend(0, 500));
        assert!(two.try_extend(300, 100));
        assert_eq!(budget.used(), 1000);
        one.lower(100);
        assert_eq!((one.held(), budget.used()), (100, 500));
        assert!(two.try_extend(400, 500));
        drop((one, two));
        assert_eq!((budget.used(), budget.fair_share()), (0, 500));
    }

    #[tokio::test]
    async fn a_piece_larger_than_all_there_is_gets_all() {
        let budget = Budget::new(10);
        let mut one = budget.open();
        one.extend(0, u64::MAX).await;
        assert_eq!(one.held(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_goes_on_beyond_all_there_is() {
        let budget = Budget::new(10);
        let mut one = budget.open();
        assert!(one.try_extend(6, 4));
        assert!(!one.try_extend(7, 4));
        let waiting = tokio::time::timeout(std::time::Duration::from_secs(1), one.extend(7, 4)).await;
        assert!(waiting.is_err(), "only its own bytes could make room");
        assert!(one.try_extend(0, 4));
    }

    #[tokio::test]
    async fn who_waits_in_line_is_served_first() {
        let budget = Budget::new(10);
        let (mut one, mut two, mut three) = (budget.open(), budget.open(), budget.open());
        one.extend(0, 10).await;
        let waiting = tokio::spawn(async move {
            two.extend(0, 6).await;
            two
        });
        tokio::task::yield_now().await;
        one.lower(4);
        assert!(!three.try_extend(0, 1), "it would starve the one that waits");
        one.lower(0);
        assert_eq!(waiting.await.unwrap().held(), 6);
    }
}
