//! The client's connection as hyper sees it: plain I/O, but for five things.
//!
//! - **Interim heads.** hyper cannot send them; they are written here, at the boundaries of hyper's messages.
//! - **Lingering close** (RFC 9112 §9.6). A server that closes with unread bytes in its socket resets the
//!   connection, and the reset may destroy the answer before the client has read it. After a refusal the sending
//!   half is shut down, then what still comes is read and thrown away for a bounded time.
//! - **Unreadable heads.** hyper answers them by itself with a bare status. A write while no request is open can
//!   only be that; a problem document goes out in its place.
//! - **Heads in time.** hyper knows one limit for idle connections and for heads. Here an idle one has
//!   `timeouts.keep_alive` until the first byte of its next request, then `timeouts.header` until the last of its head,
//!   however evenly the bytes drip. The first head of a connection has `timeouts.header` from the beginning.
//! - **Clients that do not read.** Writing has a time limit of its own (`stall`), because hyper has none.
//!
//! Relies on two habits of hyper 1.12. The I/O is flushed when hyper has written all it owes, not earlier, and after
//! every poll of the service. The service gets a request when hyper has the whole answer before it, not earlier.
//! The tests of `interim` and `tests/front/` fail if that changes.

use super::due::Due;
use super::phase::{Phase, SharedPhase};
use super::reply;
use super::stall::Stall;
use crate::limits::TimeLimits;
use bytes::{Buf, Bytes};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
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
    /// When the next byte, or the whole head, has to be there.
    due: Due,
    /// How long to linger.
    linger: Duration,
    stall: Stall,
    /// What is left to write of an interim head, or of the answer to an unreadable head. Goes before all else.
    ours: Bytes,
    /// Who waits for interim heads that are written, but not flushed.
    waiting: Vec<oneshot::Sender<()>>,
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
    pub(super) fn new(io: I, phase: SharedPhase, unreadable_id: String, due: Due, time: &TimeLimits) -> Self {
        Wire {
            io,
            phase,
            unreadable_id,
            due,
            linger: time.linger,
            stall: Stall::new(time.idle),
            ours: Bytes::new(),
            waiting: Vec::new(),
            closing: None,
        }
    }

    pub(super) fn into_inner(self) -> I {
        self.io
    }
}

impl<I: AsyncWrite + Unpin> Wire<I> {
    fn write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.stall.poll_write(&mut self.io, cx, buf)
    }

    /// Ready when nothing of ours is left half-written.
    fn poll_ours(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.ours.has_remaining() {
            let rest = self.ours.clone();
            match ready!(self.write(cx, &rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.ours.advance(written),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Wire<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buf)?;
        if self.phase.read(&buf.filled()[before..]) {
            self.due.head_began();
        }
        if matches!(self.phase.get(), Phase::Idle | Phase::Head) && self.due.poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read.map(Ok)
    }
}

// Vectored writes are left out: hyper is told not to use them.
impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if matches!(self.phase.get(), Phase::Idle | Phase::Head) {
            self.phase.set(Phase::Unreadable);
            self.ours = reply::unreadable(buf, &self.unreadable_id);
        }
        ready!(self.poll_ours(cx))?;
        if self.phase.get() == Phase::Unreadable {
            // hyper's own answer counts as written: it is never sent.
            return Poll::Ready(Ok(buf.len()));
        }
        self.write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_ours(cx))?;
        if self.phase.advance(Phase::Answered, Phase::Idle) {
            self.due.idle_began();
        }
        // hyper owes nothing now, so a request that is with the service has not a byte of its answer: here a head may go.
        while let Poll::Ready(Some(head)) = self.phase.poll_head(cx) {
            let (text, flushed) = head.into_wire();
            self.ours = text;
            self.waiting.extend(flushed);
            ready!(self.poll_ours(cx))?;
        }
        ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        for flushed in self.waiting.drain(..) {
            // Whoever waited may have gone.
            let _ = flushed.send(());
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Wire { io, phase, linger, closing, .. } = &mut *self;
        if !matches!(phase.get(), Phase::Head | Phase::Refused | Phase::Unreadable) {
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
        // A connection that breaks here is at its end, like any other: as an error of its own it would hide from hyper why
        // it was closed. (Over TLS nearly every client breaks it: few say goodbye.)
        if !self.shut_down {
            if ready!(Pin::new(&mut *io).poll_shutdown(cx)).is_err() {
                return Poll::Ready(Ok(()));
            }
            self.shut_down = true;
        }
        while self.thrown_away < LINGER_BYTES {
            let mut buf = ReadBuf::new(&mut self.scratch);
            let read = ready!(Pin::new(&mut *io).poll_read(cx, &mut buf));
            if read.is_err() || buf.filled().is_empty() {
                break;
            }
            self.thrown_away += buf.filled().len();
        }
        Poll::Ready(Ok(()))
    }
}
