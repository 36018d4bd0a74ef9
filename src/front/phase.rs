//! Where a connection is between two messages, shared by its service and its wire.
//!
//! ```text
//!           bytes come        head parsed              success            all flushed
//!   Idle ───────────▶ Head ───────────▶ Serving ─────────────▶ Answered ───────────▶ Idle
//!                       │                  │ failure
//!                       └ not parsable     ▼
//!                         └───────────▶ Refused (the connection ends, unread bytes may come)
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// What the connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// No request is open and hyper owes no byte.
    Idle,
    /// Bytes of a request head have come.
    Head,
    /// A request is with the service.
    Serving,
    /// The service gave its answer; hyper is writing it.
    Answered,
    /// The last answer of the connection is given although the client may still be sending.
    Refused,
}

/// The phase of one connection. Both holders run in the connection's task, so the order of memory is no concern.
#[derive(Debug, Clone)]
pub(super) struct SharedPhase(Arc<AtomicU8>);

impl SharedPhase {
    pub(super) fn new() -> Self {
        SharedPhase(Arc::new(AtomicU8::new(Phase::Idle as u8)))
    }

    pub(super) fn get(&self) -> Phase {
        const ALL: [Phase; 5] = [Phase::Idle, Phase::Head, Phase::Serving, Phase::Answered, Phase::Refused];
        let stored = self.0.load(Ordering::Relaxed);
        // Only `set` stores, so one of them is always found.
        ALL.into_iter().find(|&phase| phase as u8 == stored).unwrap_or(Phase::Refused)
    }

    pub(super) fn set(&self, phase: Phase) {
        self.0.store(phase as u8, Ordering::Relaxed);
    }

    /// Goes on to `next` if the connection is in `from`.
    pub(super) fn advance(&self, from: Phase, next: Phase) {
        if self.get() == from {
            self.set(next);
        }
    }
}
