//! How far the request under way has come. Written by the body and the socket, read by the call that waits.
//!
//! It rests on one habit of hyper: it flushes the socket only when its own buffers are empty. So "the body is handed
//! over, something was written, and now a flush" means that the socket has the whole request.

use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// State of a connection's one request, shared.
#[derive(Debug)]
pub(super) struct Wire(Mutex<Progress>);

/// A look at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    /// Bytes of the request that the socket took, head included. 0 means that nothing can have reached the server.
    pub(super) taken: u64,
    /// Whether the socket took the whole request.
    pub(super) sent: bool,
    /// When the socket last took a byte, or when the request began.
    pub(super) moved: Instant,
    /// Body bytes that hyper has not fetched yet.
    body_left: u64,
    /// A request is under way: what is in the socket is worthless if the connection is given up now.
    busy: bool,
    /// The connection has served a request before.
    kept: bool,
}

impl Wire {
    /// Of a connection just opened.
    pub(super) fn new() -> Self {
        Wire(Mutex::new(Progress {
            taken: 0,
            sent: false,
            moved: Instant::now(),
            body_left: 0,
            busy: false,
            kept: false,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        // Nothing in here can panic half-way, so a poisoned lock still guards a whole value.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request with a body of `body` bytes begins.
    pub(super) fn begin(&self, body: u64) {
        let mut at = self.lock();
        *at = Progress {
            taken: 0,
            sent: false,
            moved: Instant::now(),
            body_left: body,
            busy: true,
            kept: at.kept,
        };
    }

    /// The request is answered, and was sent whole: the connection may serve another.
    pub(super) fn finish(&self) {
        let mut at = self.lock();
        at.busy = false;
        at.kept = true;
    }

    /// hyper fetched `bytes` of the body.
    pub(super) fn handed(&self, bytes: u64) {
        let mut at = self.lock();
        at.body_left = at.body_left.saturating_sub(bytes);
    }

    /// The socket took `bytes`.
    pub(super) fn took(&self, bytes: usize) {
        let mut at = self.lock();
        at.taken += bytes as u64;
        at.moved = Instant::now();
    }

    /// hyper owes the socket nothing.
    pub(super) fn flushed(&self) {
        let mut at = self.lock();
        if at.busy && at.taken > 0 && at.body_left == 0 {
            at.sent = true;
        }
    }

    /// A look at the state.
    pub(super) fn progress(&self) -> Progress {
        *self.lock()
    }

    /// Whether the next byte is the first of a request on a connection that was idle before.
    pub(super) fn wakes_kept(&self) -> bool {
        let at = self.lock();
        at.kept && at.taken == 0
    }

    /// Whether a request is under way.
    pub(super) fn busy(&self) -> bool {
        self.lock().busy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sent_means_head_and_body_are_in_the_socket() {
        let wire = Wire::new();
        wire.flushed();
        assert!(!wire.progress().sent, "idle");

        wire.begin(10);
        wire.flushed();
        assert!(!wire.progress().sent, "nothing written");
        wire.took(200);
        wire.flushed();
        assert!(!wire.progress().sent, "head only");
        wire.handed(10);
        assert!(!wire.progress().sent, "still in hyper's buffers");
        wire.took(10);
        wire.flushed();
        assert!(wire.progress().sent && wire.progress().taken == 210);

        assert!(wire.busy() && !wire.wakes_kept());
        wire.finish();
        wire.begin(0);
        assert!(wire.wakes_kept() && !wire.progress().sent && wire.progress().taken == 0);
        wire.flushed();
        assert!(!wire.progress().sent, "an empty body is not a sent request");
        wire.took(100);
        wire.flushed();
        assert!(wire.progress().sent);
    }
}
