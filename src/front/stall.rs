//! Writing to a client has a time limit of its own, because neither hyper nor h2 has one.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::AsyncWrite;
use tokio::time::{Sleep, sleep};

/// The limit, and how long the client has taken nothing.
#[derive(Debug)]
pub(super) struct Stall {
    /// Longest time in which the client takes not one byte.
    limit: Duration,
    /// Runs while it takes nothing.
    since: Option<Pin<Box<Sleep>>>,
}

impl Stall {
    pub(super) fn new(limit: Duration) -> Self {
        Stall { limit, since: None }
    }

    /// Writes, or fails when the client has taken nothing for too long.
    pub(super) fn poll_write<I: AsyncWrite + Unpin>(
        &mut self,
        io: &mut I,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(io).poll_write(cx, buf) {
            Poll::Ready(written) => {
                self.since = None;
                Poll::Ready(written)
            }
            Poll::Pending => {
                let since = self.since.get_or_insert_with(|| Box::pin(sleep(self.limit)));
                ready!(since.as_mut().poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}
