//! A client's connection, encrypted or not.

use super::socket::Socket;
use super::tls::HANDSHAKE;
use std::io;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

/// A connection that carries HTTP.
#[derive(Debug)]
pub struct Connection {
    /// What is encrypted lies apart, because it is much larger.
    io: Either<Socket, Box<TlsStream<Socket>>>,
    /// It is not encrypted, and nothing has been read from it.
    fresh: bool,
    agreed: Agreed,
}

/// What client and listener agreed to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Agreed {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
    /// Nothing: the first bytes tell.
    Nothing,
}

impl Connection {
    pub(super) fn plain(socket: Socket, http2: bool) -> Self {
        let agreed = if http2 { Agreed::Nothing } else { Agreed::Http1 };
        Connection { io: Either::Left(socket), fresh: true, agreed }
    }

    pub(super) fn encrypted(stream: TlsStream<Socket>) -> Self {
        let agreed = match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => Agreed::Http2,
            // HTTP/2 over TLS needs that it is agreed upon (RFC 9113 §3.2).
            _ => Agreed::Http1,
        };
        Connection { io: Either::Right(Box::new(stream)), fresh: false, agreed }
    }

    /// What is spoken on it.
    pub fn agreed(&self) -> Agreed {
        self.agreed
    }

    /// The close to come shall be a reset: without the goodbye of TLS, and what is on its way is dropped.
    pub fn close_abruptly(&self) {
        match &self.io {
            Either::Left(socket) => socket.close_abruptly(),
            Either::Right(stream) => stream.get_ref().0.close_abruptly(),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        if self.fresh
            && let Some(first) = buf.filled().get(before)
        {
            self.fresh = false;
            if *first == HANDSHAKE {
                tell_of_tls();
            }
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

/// Says that somebody speaks TLS where nothing is encrypted; not more often than every ten seconds.
fn tell_of_tls() {
    const PAUSE: Duration = Duration::from_secs(10);
    static SAID: Mutex<Option<Instant>> = Mutex::new(None);
    let now = Instant::now();
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.is_none_or(|said| now.saturating_duration_since(said) >= PAUSE) {
        *said = Some(now);
        tracing::warn!(
            "a client speaks TLS to a listener without: it should use http://, or the listener needs `certificates`"
        );
    }
}
