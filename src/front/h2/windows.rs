//! How much clients may send over HTTP/2 before anybody asks for it.
//!
//! What a window lets in is held in memory outside the [budget](crate::transfer::Budget): a client that was told of a
//! window may fill it at any time. A small window bounds the rate instead (window / round trip). So every connection has
//! a small one, and on one that carries an upload it grows by a share of a pool that all have in common: the fewer
//! there are, the larger it is. What a connection got from the pool it keeps until its end, because a window that was
//! told cannot be taken back.
//!
//! The window of the connection has room for those of all its streams and one more. So a stream whose upload waits for
//! its backend never holds up the others, unless the pool is used up.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Window of a stream, in bytes, that needs nothing of the pool.
pub(super) const SMALL: u32 = 64 << 10;

/// Largest window of a stream, in bytes. Larger ones are not faster.
pub(super) const LARGE: u32 = 4 << 20;

/// Window of a connection, in bytes, that needs nothing of the pool.
pub(super) const FREE: u32 = 2 * SMALL;

/// The part of what is left in the pool that a connection may take.
const SHARE: usize = 8;

/// The pool. Cheap to clone; all clones are the same pool.
#[derive(Debug, Clone)]
pub struct Windows(Arc<Semaphore>);

impl Windows {
    /// A pool of that many bytes.
    pub fn new(bytes: u64) -> Self {
        let permits = usize::try_from(bytes).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Windows(Arc::new(Semaphore::new(permits)))
    }

    /// What a new connection has.
    pub(super) fn open(&self) -> Share {
        Share { pool: self.clone(), taken: None, stream: SMALL, connection: FREE, grown: false }
    }

    /// The window that a stream may have now if it is the only one of its connection: a power of two.
    fn fair(&self) -> u32 {
        let fair = u32::try_from(self.0.available_permits() / SHARE / 2).unwrap_or(LARGE);
        fair.checked_ilog2().map_or(0, |log| 1 << log).clamp(SMALL, LARGE)
    }
}

/// The windows of one connection. Dropping it gives back what it has of the pool.
#[derive(Debug)]
pub(super) struct Share {
    pool: Windows,
    taken: Option<OwnedSemaphorePermit>,
    stream: u32,
    connection: u32,
    grown: bool,
}

impl Share {
    /// Fits the windows to so many open streams, and says how large that of a stream and that of the connection shall be.
    /// `read`: whether the body of any of them is wanted.
    pub(super) fn fit(&mut self, streams: usize, read: bool) -> (u32, u32) {
        if read && !self.grown {
            self.grown = true;
            self.stream = self.pool.fair();
        }
        let streams = u32::try_from(streams).unwrap_or(u32::MAX).saturating_add(1);
        while !self.reach(self.stream.saturating_mul(streams)) && self.stream > SMALL {
            self.stream /= 2;
        }
        (self.stream, self.connection)
    }

    /// Makes the window of the connection at least so large, if the pool allows it.
    fn reach(&mut self, connection: u32) -> bool {
        // RFC 9113 §6.9.1: no window may be larger.
        let connection = connection.min(i32::MAX as u32);
        let Some(missing) = connection.checked_sub(self.connection).filter(|&missing| missing > 0) else {
            return true;
        };
        let Ok(permit) = Arc::clone(&self.pool.0).try_acquire_many_owned(missing) else { return false };
        match &mut self.taken {
            Some(taken) => taken.merge(permit),
            None => self.taken = Some(permit),
        }
        self.connection = connection;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn the_fewer_connections_there_are_the_larger_are_their_windows() {
        let windows = Windows::new(64 * MIB);
        let mut shares = Vec::new();
        let mut last = LARGE;
        for number in 0..1000 {
            let mut share = windows.open();
            assert_eq!(share.fit(1, false), (SMALL, FREE), "nothing is wanted of the client yet");
            let (stream, connection) = share.fit(1, true);
            assert!(number > 0 || stream == LARGE);
            assert!(stream <= last && connection == 2 * stream, "{number}: {stream}, {connection}");
            (last, _) = (stream, shares.push(share));
        }
        assert_eq!(last, SMALL);
        drop(shares);
        assert_eq!(windows.0.available_permits() as u64, 64 * MIB);
        assert_eq!(windows.open().fit(1, true), (LARGE, 2 * LARGE));
    }

    #[test]
    fn all_streams_fit_into_the_connection_while_the_pool_lasts() {
        let windows = Windows::new(64 * MIB);
        let mut share = windows.open();
        for streams in 1..=100 {
            let (stream, connection) = share.fit(streams, true);
            assert!(u64::from(connection) >= u64::from(stream) * (streams as u64 + 1), "{streams}");
        }
        let mut other = windows.open();
        while windows.0.available_permits() > 0 {
            let left = u32::try_from(windows.0.available_permits()).unwrap();
            assert!(other.reach(other.connection + left.min(1 << 20)));
        }
        let mut late = windows.open();
        assert_eq!(late.fit(5, true), (SMALL, FREE));
    }

    #[test]
    fn a_window_never_shrinks_below_what_was_told() {
        let mut share = Windows::new(64 * MIB).open();
        let (_, connection) = share.fit(1, true);
        assert_eq!(share.fit(0, false).1, connection);
    }
}
