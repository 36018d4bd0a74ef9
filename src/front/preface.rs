//! What a client speaks, told by the first bytes of its connection (RFC 9113 §3.3: HTTP/2 with prior knowledge).
//!
//! No method of HTTP/1 begins as the preface of HTTP/2 does, so a second byte is enough for `PUT` and `POST`. The bytes
//! that were read are read again by whoever serves the connection.

use super::due::Due;
use super::transport::{Protocol, Transport};
use bytes::{Buf, BytesMut};
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio_util::sync::CancellationToken;

/// What a client that speaks HTTP/2 sends first (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Reads until it is clear what the client speaks: at most the length of the preface. Half a preface becomes a matter of
/// HTTP/1 when the connection has to end.
///
/// # Errors
/// The connection broke, or `due` was over first.
pub(super) async fn read<I: Transport>(
    mut io: I,
    due: &mut Due,
    shutdown: &CancellationToken,
) -> io::Result<(Protocol, Rewound<I>)> {
    let mut seen = BytesMut::with_capacity(PREFACE.len());
    let mut protocol = Protocol::Unknown;
    while protocol == Protocol::Unknown {
        let mut rest = (&mut io).take((PREFACE.len() - seen.len()) as u64);
        let mut next = pin!(rest.read_buf(&mut seen));
        let read = tokio::select! {
            biased;
            read = &mut next => read?,
            () = poll_fn(|cx| due.poll(cx)) => return Err(io::ErrorKind::TimedOut.into()),
            () = shutdown.cancelled() => 0,
        };
        protocol = if read == 0 { Protocol::Http1 } else { spoken(&seen) };
    }
    Ok((protocol, Rewound { seen, io }))
}

/// What a connection that begins so is.
fn spoken(seen: &[u8]) -> Protocol {
    match PREFACE.strip_prefix(seen) {
        None => Protocol::Http1,
        Some([]) => Protocol::Http2,
        Some(_) => Protocol::Unknown,
    }
}

/// A connection of which some bytes were read already: they come first.
#[derive(Debug)]
pub(super) struct Rewound<I> {
    seen: BytesMut,
    io: I,
}

impl<I> Rewound<I> {
    /// A connection of which nothing was read.
    pub(super) fn fresh(io: I) -> Self {
        Rewound { seen: BytesMut::new(), io }
    }
}

impl<I: Transport> Transport for Rewound<I> {
    fn close_abruptly(&self) {
        self.io.close_abruptly();
    }

    fn protocol(&self) -> Protocol {
        self.io.protocol()
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Rewound<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.seen.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let length = self.seen.len().min(buf.remaining());
        buf.put_slice(&self.seen[..length]);
        self.seen.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Rewound<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_byte_tells_an_upload() {
        for (seen, protocol) in [
            ("", Protocol::Unknown),
            ("P", Protocol::Unknown),
            ("PU", Protocol::Http1),
            ("PO", Protocol::Http1),
            ("PATCH /a", Protocol::Http1),
            ("G", Protocol::Http1),
            ("\r\n", Protocol::Http1),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r", Protocol::Unknown),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Protocol::Http2),
            ("PRI * HTTP/1.1\r\n", Protocol::Http1),
        ] {
            assert_eq!(spoken(seen.as_bytes()), protocol, "{seen:?}");
        }
    }
}
