//! Where a connection is between two messages, shared by its service and its wire.
//!
//! ```text
//!           bytes come        head parsed              success            all flushed
//!   Idle ───────────▶ Head ───────────▶ Serving ─────────────▶ Answered ───────────▶ Idle
//!                       │ not             │  │ failure
//!                       │ parsable        │  └───────▶ Refused
//!                       └──▶ Unreadable   └──────────▶ CutOff
//! ```
//!
//! With a phase of the lower rows the connection ends, and unread bytes may still come.

use super::interim::{self, Head, Heads, Interim};
use super::raw_head::{Doubt, Watch};
use http::Version;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// What the connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// No request is open and hyper owes no byte.
    Idle,
    /// Bytes of a request head have come.
    Head,
    /// A request is with the service. hyper may owe bytes: of the answer before, or of `100 Continue`.
    Serving,
    /// The service gave its answer; hyper is writing it.
    Answered,
    /// The last answer of the connection is given although the client may still be sending.
    Refused,
    /// The head could not be parsed. What hyper says of it is replaced by words of ours.
    Unreadable,
    /// The service wants the connection to break.
    CutOff,
}

/// The phase of one connection. Both holders run in the connection's task, so nobody ever waits for the lock.
#[derive(Debug, Clone)]
pub(super) struct SharedPhase(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Of the request that is with the service.
    heads: Option<Heads>,
    watch: Watch,
}

impl SharedPhase {
    pub(super) fn new() -> Self {
        SharedPhase(Arc::new(Mutex::new(State { phase: Phase::Idle, heads: None, watch: Watch::new() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self) -> Phase {
        self.state().phase
    }

    pub(super) fn set(&self, phase: Phase) {
        self.state().phase = phase;
    }

    /// Goes on to `next` if the connection is in `from`, and says whether it was.
    pub(super) fn advance(&self, from: Phase, next: Phase) -> bool {
        let mut state = self.state();
        let is_there = state.phase == from;
        if is_there {
            state.phase = next;
        }
        is_there
    }

    /// These bytes have come. Whether a head begins with them.
    pub(super) fn read(&self, bytes: &[u8]) -> bool {
        let mut state = self.state();
        let begins = state.phase == Phase::Idle && !bytes.is_empty();
        if begins {
            state.phase = Phase::Head;
        }
        state.watch.read(bytes);
        begins
    }

    /// The service gets a request. Its head may be in doubt.
    pub(super) fn serve(&self, version: Version) -> (Interim, Option<Doubt>) {
        let (interim, heads) = interim::channel(version);
        let mut state = self.state();
        (state.phase, state.heads) = (Phase::Serving, heads);
        (interim, state.watch.serve())
    }

    /// Whether the connection has to end with the answer to this request.
    pub(super) fn is_last(&self) -> bool {
        self.state().watch.is_last()
    }

    /// The service is done with it. Heads that wait are dropped.
    pub(super) fn end(&self, phase: Phase) {
        let mut state = self.state();
        (state.phase, state.heads) = (phase, None);
    }

    /// The next head of the request that is with the service. Pending: the task is woken when there is one.
    pub(super) fn poll_head(&self, cx: &mut Context<'_>) -> Poll<Option<Head>> {
        match &mut self.state().heads {
            Some(heads) => heads.poll_recv(cx),
            None => Poll::Ready(None),
        }
    }
}
