//! The client's connection as hyper sees it: plain I/O, but for three things.
//!
//! - **Lingering close** (RFC 9112 §9.6). A server that closes with unread bytes in its socket resets the
//!   connection, and the reset may destroy the answer before the client has read it. After a refusal the sending
//!   half is shut down, then what still comes is read and thrown away for a bounded time.
//! - **Unreadable heads.** hyper answers them by itself with a bare status. A write while no request is open can
//!   only be that; a problem document goes out in its place.
//! - **Clients that do not read.** Writing has a time limit of its own, because hyper has none.
//!
//! Relies on one habit of hyper 1.12: the I/O is flushed when hyper has written all it owes, not earlier.
//! `tests/front/` fails if that changes.

use super::phase::{Phase, SharedPhase};
use super::reply;
use crate::limits::TimeLimits;
use bytes::{Buf, Bytes};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// Most bytes thrown away after a refusal. A client that sends more before it looks for an answer has no use for one.
const LINGER_BYTES: usize = 256 << 20;

/// Bytes thrown away at once.
const CHUNK: usize = 64 << 10;

/// The wrapped connection.
pub(super) struct Wire<I> {
    io: I,
    phase: SharedPhase,
    /// Names the request whose head cannot be read: the last of the connection, if there is one.
    unreadable_id: String,
    /// How long to linger.
    linger: Duration,
    /// Longest time in which the client takes not one byte of an answer.
    stall: Duration,
    /// Runs while the client takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    /// What is left to write of the answer to an unreadable head.
    own_answer: Option<Bytes>,
    closing: Option<Closing>,
}

/// The sending half is, or is about to be, shut down.
struct Closing {
    shut_down: bool,
    deadline: Pin<Box<Sleep>>,
    scratch: Box<[u8]>,
    thrown_away: usize,
}

impl<I> Wire<I> {
    pub(super) fn new(io: I, phase: SharedPhase, unreadable_id: String, time: &TimeLimits) -> Self {
        let (linger, stall) = (time.linger, time.idle);
        Wire { io, phase, unreadable_id, linger, stall, stalled: None, own_answer: None, closing: None }
    }
}

impl<I: AsyncWrite + Unpin> Wire<I> {
    /// Writes, or fails when the client has taken nothing for too long.
    fn write_in_time(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.io).poll_write(cx, buf) {
            Poll::Ready(written) => {
                self.stalled = None;
                Poll::Ready(written)
            }
            Poll::Pending => {
                let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.stall)));
                ready!(stalled.as_mut().poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Wire<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            self.phase.advance(Phase::Idle, Phase::Head);
        }
        Poll::Ready(Ok(()))
    }
}

// Vectored writes are left out: hyper is told not to use them.
impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if matches!(self.phase.get(), Phase::Idle | Phase::Head) {
            self.phase.set(Phase::Refused);
            self.own_answer = Some(reply::unreadable(buf, &self.unreadable_id));
        }
        let Some(mut answer) = self.own_answer.take() else {
            return self.write_in_time(cx, buf);
        };
        while answer.has_remaining() {
            match self.write_in_time(cx, &answer) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => answer.advance(written),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.own_answer = Some(answer);
                    return Poll::Pending;
                }
            }
        }
        // hyper's own answer counts as written: it was never sent.
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.phase.advance(Phase::Answered, Phase::Idle);
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Wire { io, phase, linger, closing, .. } = &mut *self;
        if !matches!(phase.get(), Phase::Head | Phase::Refused) {
            return Pin::new(io).poll_shutdown(cx);
        }
        closing.get_or_insert_with(|| Closing::new(*linger)).poll(io, cx)
    }
}

impl Closing {
    fn new(linger: Duration) -> Self {
        Closing {
            shut_down: false,
            deadline: Box::pin(tokio::time::sleep(linger)),
            scratch: vec![0; CHUNK].into_boxed_slice(),
            thrown_away: 0,
        }
    }

    /// Ready when the client has closed too, or has had its time.
    fn poll<I>(&mut self, io: &mut I, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        if self.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        if !self.shut_down {
            ready!(Pin::new(&mut *io).poll_shutdown(cx))?;
            self.shut_down = true;
        }
        while self.thrown_away < LINGER_BYTES {
            let mut buf = ReadBuf::new(&mut self.scratch);
            ready!(Pin::new(&mut *io).poll_read(cx, &mut buf))?;
            if buf.filled().is_empty() {
                break;
            }
            self.thrown_away += buf.filled().len();
        }
        Poll::Ready(Ok(()))
    }
}
