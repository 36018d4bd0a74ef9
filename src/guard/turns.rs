//! Whose turn it is to work out a hash: a few at a time, within bounds of memory, and with few who wait.
//!
//! A hash that is slow to guess is slow to check, and takes tens of megabytes meanwhile. So this is beside the budget of
//! uploads, and `docs/reliability.md` counts it.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// Hashes that are worked out at once.
const AT_ONCE: usize = 2;

/// KiB that they may take together: one as `put2bits hash` makes them, or all that are by bcrypt. A larger one (64 MiB at
/// most) has its turn alone, too.
const MEMORY: u32 = 20 << 10;

/// Requests that wait. Those at the end of a longer queue would hardly have their turn in time.
const WAITING: usize = 512;

/// How long a request waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whose turn it is, in all guards.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    waiting: Arc<Semaphore>,
    hashes: Arc<Semaphore>,
    memory: Arc<Semaphore>,
}

impl Default for Turns {
    fn default() -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Turns { waiting: semaphore(WAITING), hashes: semaphore(AT_ONCE), memory: semaphore(MEMORY as usize) }
    }
}

/// A turn. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    memory: Arc<Semaphore>,
    until: Instant,
    taken: Option<OwnedSemaphorePermit>,
    _hash: OwnedSemaphorePermit,
}

/// It was not its turn in time, or too many wait.
#[derive(Debug)]
pub(super) struct NoTurn;

impl Turns {
    /// Waits for a turn.
    pub(super) async fn take(&self) -> Result<Turn, NoTurn> {
        let until = Instant::now() + PATIENCE;
        let _waiting = self.waiting.try_acquire().map_err(|_| NoTurn)?;
        let hash = timeout_at(until, Arc::clone(&self.hashes).acquire_owned()).await;
        // It is never closed.
        let hash = hash.ok().and_then(Result::ok).ok_or(NoTurn)?;
        Ok(Turn { memory: Arc::clone(&self.memory), until, taken: None, _hash: hash })
    }
}

impl Turn {
    /// Waits until so many KiB of memory are free.
    pub(super) async fn with_memory(&mut self, kib: u32) -> Result<(), NoTurn> {
        let free = timeout_at(self.until, Arc::clone(&self.memory).acquire_many_owned(kib.min(MEMORY))).await;
        self.taken = Some(free.ok().and_then(Result::ok).ok_or(NoTurn)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest that is taken, and one as `put2bits hash` makes it.
    const LARGE: u32 = 64 << 10;
    const USUAL: u32 = 19456;
    const BCRYPT: u32 = 8;

    async fn with(turns: &Turns, kib: u32) -> Turn {
        let mut turn = turns.take().await.unwrap();
        turn.with_memory(kib).await.unwrap();
        turn
    }

    #[tokio::test(start_paused = true)]
    async fn so_much_memory_and_no_more() {
        let turns = Turns::default();
        for first in [BCRYPT, USUAL] {
            let both = (with(&turns, first).await, with(&turns, BCRYPT).await);
            assert!(turns.take().await.is_err(), "two at a time");
            drop(both);
        }
        for (first, second) in
            [(USUAL, USUAL), (LARGE, LARGE), (LARGE, USUAL), (LARGE, BCRYPT), (USUAL, LARGE)]
        {
            let first = with(&turns, first).await;
            let mut turn = turns.take().await.unwrap();
            let began = Instant::now();
            assert!(turn.with_memory(second).await.is_err(), "{second} KiB more");
            assert_eq!(began.elapsed(), PATIENCE);
            drop((first, turn));
        }
        with(&turns, LARGE).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_queue_has_an_end() {
        let turns = Turns::default();
        let held = (with(&turns, BCRYPT).await, with(&turns, BCRYPT).await);
        let mut queue = tokio::task::JoinSet::new();
        for _ in 0..WAITING {
            let turns = turns.clone();
            queue.spawn(async move { turns.take().await.is_ok() });
        }
        while turns.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let began = Instant::now();
        assert!(turns.take().await.is_err());
        assert_eq!(began.elapsed(), Duration::ZERO, "it is told at once");
        drop(held);
        assert_eq!(queue.join_all().await, [true; WAITING]);
        drop(with(&turns, BCRYPT).await);
    }
}
