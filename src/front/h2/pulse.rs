//! Whether a client that says nothing is still there. A phone that left the network closes nothing; TCP itself notices
//! only when something is to be sent.

use h2::{Ping, PingPong};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// Listens for the client.
#[derive(Debug)]
pub(super) struct Pulse {
    ping: Option<PingPong>,
    reads: Arc<AtomicU64>,
    /// Of them, when it was looked last.
    seen: u64,
    asked: bool,
    every: Duration,
    next: Pin<Box<Sleep>>,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It was asked, which has to be sent.
    Asked,
    /// It was asked, and said nothing since.
    Dead,
}

impl Pulse {
    /// `reads` counts how often something came. Who says nothing for `every` is asked, who then says nothing for as long
    /// again is dead.
    pub(super) fn new(ping: Option<PingPong>, reads: Arc<AtomicU64>, every: Duration) -> Self {
        Pulse { ping, reads, seen: 0, asked: false, every, next: Box::pin(sleep(every)) }
    }

    /// Ready when there is something to do about it. `busy`: whether any request is open; else nobody asks.
    pub(super) fn poll(&mut self, busy: bool, cx: &mut Context<'_>) -> Poll<Found> {
        while self.next.as_mut().poll(cx).is_ready() {
            self.next.as_mut().reset(Instant::now() + self.every);
            let reads = self.reads.load(Ordering::Relaxed);
            if std::mem::replace(&mut self.seen, reads) != reads || !busy {
                self.asked = false;
                continue;
            }
            if std::mem::replace(&mut self.asked, true) {
                return Poll::Ready(Found::Dead);
            }
            if let Some(ping) = &mut self.ping {
                // Of the ping before, if there was one, the answer may still lie here.
                let _ = ping.poll_pong(cx);
                let _ = ping.send_ping(Ping::opaque());
            }
            return Poll::Ready(Found::Asked);
        }
        Poll::Pending
    }
}
