//! Until when an idle connection waits for its next request, and a request for the end of its head.

use crate::limits::TimeLimits;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// The one moment that counts while no request is with the service.
#[derive(Debug)]
pub(super) struct Due {
    header: Duration,
    keep_alive: Duration,
    /// The first head of the connection is not there yet.
    first: bool,
    at: Pin<Box<Sleep>>,
}

impl Due {
    /// The connection begins: its first head is waited for.
    pub(super) fn new(time: &TimeLimits) -> Self {
        let TimeLimits { header, keep_alive, .. } = *time;
        Due { header, keep_alive, first: true, at: Box::pin(sleep(header)) }
    }

    /// The first byte of a head has come.
    pub(super) fn head_began(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.set(self.header);
        }
    }

    /// An answer is written, and the connection waits for the next request.
    pub(super) fn idle_began(&mut self) {
        self.set(self.keep_alive);
    }

    /// Nothing new shall come: from now on so little is waited for it.
    pub(super) fn end_within(&mut self, linger: Duration) {
        self.keep_alive = linger;
        self.set(linger);
    }

    /// Ready when the time is over.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.at.as_mut().poll(cx)
    }

    fn set(&mut self, time: Duration) {
        self.at.as_mut().reset(Instant::now() + time);
    }
}
