//! The socket below hyper.
//!
//! It reports to [`Wire`] what the socket takes, and does two things that hyper does not:
//! - A server may answer early (413) and hang up while the body is still on its way. The write then fails, and hyper
//!   would give up although the answer lies in the receive buffer. So a write to a peer that hung up just never
//!   completes; hyper goes on reading and finds the answer, or the end, which the same hang-up guarantees.
//! - Before the first byte goes out on a connection that was idle, it looks whether the server has closed it or said
//!   something unasked. Then nothing is written, and the request can safely take a new connection.

use super::wire::Wire;
use socket2::SockRef;
use std::io::{self, ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A TCP connection that reports to its [`Wire`].
pub(super) struct Io {
    tcp: TcpStream,
    wire: Arc<Wire>,
    /// No byte goes out any more; only reading goes on.
    mute: bool,
}

impl Io {
    pub(super) fn new(tcp: TcpStream, wire: Arc<Wire>) -> Self {
        Io { tcp, wire, mute: false }
    }

    /// Whether a byte may go out.
    fn may_write(&mut self) -> bool {
        if !self.mute && self.wire.wakes_kept() && is_stale(&self.tcp) {
            self.mute = true;
        }
        !self.mute
    }

    /// What hyper is told about a write.
    fn report(&mut self, written: io::Result<usize>) -> Poll<io::Result<usize>> {
        match written {
            Ok(bytes) => {
                self.wire.took(bytes);
                Poll::Ready(Ok(bytes))
            }
            // No waker is kept: the end of the reading side, due now, wakes the task.
            Err(error) if is_hang_up(&error) => {
                self.mute = true;
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

fn is_hang_up(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted)
}

/// Whether there is anything to read, be it the end, on a connection where nothing is due. Asks the kernel: the
/// runtime learns of it only when it polls for events.
fn is_stale(tcp: &TcpStream) -> bool {
    let mut byte = [MaybeUninit::uninit(); 1];
    !matches!(SockRef::from(tcp).peek(&mut byte), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

impl AsyncWrite for Io {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.as_mut().poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if !self.may_write() {
            return Poll::Pending;
        }
        match Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs) {
            Poll::Ready(written) => self.report(written),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wire.flushed();
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

impl Drop for Io {
    fn drop(&mut self) {
        if self.wire.busy() {
            // The request is abandoned. What the kernel still holds of it must not arrive behind the back of the
            // session, which may repeat it on another connection: reset instead of an orderly end.
            let _ = self.tcp.set_zero_linger();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper_util::rt::TokioIo;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    async fn pair() -> (Io, Arc<Wire>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let wire = Arc::new(Wire::new());
        (Io::new(tcp, wire.clone()), wire, listener.accept().await.unwrap().0)
    }

    /// By this hyper decides whether to queue the pieces of a body or to copy them together.
    #[tokio::test]
    async fn hyper_sees_vectored_writes() {
        let (io, _, _peer) = pair().await;
        assert!(hyper::rt::Write::is_write_vectored(&TokioIo::new(io)));
    }

    #[tokio::test]
    async fn nothing_is_written_on_a_kept_connection_that_has_ended() {
        let (mut io, wire, peer) = pair().await;
        wire.begin(0);
        io.write_all(b"first").await.unwrap();
        wire.finish();
        wire.begin(0);
        assert!(!is_stale(&io.tcp) && io.may_write());
        drop(peer);
        assert!(is_stale(&io.tcp) && !io.may_write());
        let write =
            std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut io).poll_write(cx, b"second").is_pending()));
        assert!(write.await);
        assert_eq!(wire.progress().taken, 0);
    }
}
