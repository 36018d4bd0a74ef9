//! The client's connection as h2 sees it: plain I/O, but for two things. Writing has a time limit, and what comes is
//! counted, so that a client that is gone without a word is noticed.

use crate::front::stall::Stall;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The wrapped connection.
#[derive(Debug)]
pub(super) struct Wire<I> {
    io: I,
    stall: Stall,
    reads: Arc<AtomicU64>,
}

impl<I> Wire<I> {
    /// `idle`: longest time in which the client takes not one byte. `reads` counts how often something came.
    pub(super) fn new(io: I, idle: Duration, reads: Arc<AtomicU64>) -> Self {
        Wire { io, stall: Stall::new(idle), reads }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Wire<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        if read.is_ready() {
            self.reads.fetch_add(1, Ordering::Relaxed);
        }
        read
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Wire<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let Wire { io, stall, .. } = &mut *self;
        stall.poll_write(io, cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
