//! The client's connection as h2 sees it: plain I/O, but for three things. Writing has a time limit; what comes is
//! counted, so that a client that is gone without a word is noticed; and it is read in large pieces. h2 itself asks for 8
//! KiB at a time, which costs two system calls for each frame of 16 KiB, and half of the rate.

use crate::front::stall::Stall;
use bytes::{Buf, BytesMut};
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// Most that is read at a time, in bytes. A little below what the allocator takes from the system each time anew (128 KiB).
const PIECE: usize = 124 << 10;

/// The wrapped connection.
#[derive(Debug)]
pub(super) struct Wire<I> {
    io: I,
    stall: Stall,
    reads: Arc<AtomicU64>,
    /// What h2 has not asked for yet. Idle connections hold no memory for it.
    ahead: BytesMut,
}

impl<I> Wire<I> {
    /// `idle`: longest time in which the client takes not one byte. `reads` counts how often something came.
    pub(super) fn new(io: I, idle: Duration, reads: Arc<AtomicU64>) -> Self {
        Wire { io, stall: Stall::new(idle), reads, ahead: BytesMut::new() }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Wire<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Wire { io, reads, ahead, .. } = &mut *self;
        if ahead.is_empty() {
            ahead.reserve(PIECE);
            let Poll::Ready(read) = pin!(io.read_buf(ahead)).poll(cx) else {
                *ahead = BytesMut::new();
                return Poll::Pending;
            };
            read?;
            reads.fetch_add(1, Ordering::Relaxed);
        }
        let length = ahead.len().min(buf.remaining());
        buf.put_slice(&ahead[..length]);
        ahead.advance(length);
        Poll::Ready(Ok(()))
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
