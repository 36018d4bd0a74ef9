//! Sockets of both kinds, TCP and Unix, as one.

use crate::access::Address;
use bytes::{Buf, BytesMut};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

/// Accepts connections.
#[derive(Debug)]
pub struct Acceptor(pub(super) Listening);

#[derive(Debug)]
pub(super) enum Listening {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

/// A connection that was just accepted.
#[derive(Debug)]
pub struct Accepted {
    /// It.
    pub socket: Socket,
    /// Who is at its other end.
    pub peer: SocketAddr,
}

impl Acceptor {
    /// The next connection.
    ///
    /// # Errors
    /// What the system says: mostly that there are no descriptors left, or that the client is gone already.
    pub async fn accept(&self) -> io::Result<Accepted> {
        match &self.0 {
            Listening::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok(Accepted { socket: Socket::new(Stream::Tcp(stream)), peer: as_known(peer) })
            }
            #[cfg(unix)]
            Listening::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok(Accepted { socket: Socket::new(Stream::Unix(stream)), peer: Address::UNIX_PEER })
            }
        }
    }
}

/// The address as people know it: a socket for both families calls 192.0.2.1 `::ffff:192.0.2.1`.
fn as_known(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
}

/// A connection's socket, on its way from one runtime to another.
#[derive(Debug)]
pub struct Parked(ParkedStream);

#[derive(Debug)]
enum ParkedStream {
    Tcp(std::net::TcpStream),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixStream),
}

impl Parked {
    /// The socket as the runtime of this thread has it.
    ///
    /// # Errors
    /// If it is gone already.
    pub fn resume(self) -> io::Result<Socket> {
        Ok(Socket::new(match self.0 {
            ParkedStream::Tcp(stream) => {
                // Answers are small and go out whole.
                stream.set_nodelay(true)?;
                Stream::Tcp(TcpStream::from_std(stream)?)
            }
            #[cfg(unix)]
            ParkedStream::Unix(stream) => Stream::Unix(UnixStream::from_std(stream)?),
        }))
    }
}

/// A connection's socket. Its first bytes can be looked at before they are read.
#[derive(Debug)]
pub struct Socket {
    stream: Stream,
    /// Read from the stream, but not by whoever reads this.
    unread: BytesMut,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Socket {
    fn new(stream: Stream) -> Self {
        Socket { stream, unread: BytesMut::new() }
    }

    /// Lets go of this thread's runtime. Nothing may have been looked at.
    ///
    /// # Errors
    /// If the runtime does not let go.
    pub fn park(self) -> io::Result<Parked> {
        Ok(Parked(match self.stream {
            Stream::Tcp(stream) => ParkedStream::Tcp(stream.into_std()?),
            #[cfg(unix)]
            Stream::Unix(stream) => ParkedStream::Unix(stream.into_std()?),
        }))
    }

    /// Looks at what comes next: waits until there are more bytes than the last time, and gives all that were looked at.
    /// Fails at the end of the stream.
    pub(super) async fn look(&mut self) -> io::Result<&[u8]> {
        match self.stream.read_buf(&mut self.unread).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(&self.unread),
        }
    }

    /// What was looked at and not read.
    pub(super) fn unread(&self) -> &[u8] {
        &self.unread
    }

    /// Leaves out so many of the bytes that were looked at, or all of them.
    pub(super) fn skip(&mut self, count: usize) {
        self.unread.advance(count.min(self.unread.len()));
    }

    /// Makes the close to come a reset. Unix sockets have no such thing.
    pub(super) fn close_abruptly(&self) {
        if let Stream::Tcp(stream) = &self.stream {
            // It fails on a socket that is gone already. Then there is nobody to tell.
            let _ = stream.set_zero_linger();
        }
    }
}

/// Passes a call on to the stream of either kind.
macro_rules! either {
    ($stream:expr, $it:ident => $call:expr) => {
        match &mut $stream {
            Stream::Tcp($it) => $call,
            #[cfg(unix)]
            Stream::Unix($it) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(*self.get_mut(), it => Pin::new(it).poll_read(cx, buf))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unread.has_remaining() {
            let count = self.unread.len().min(buf.remaining());
            buf.put_slice(&self.unread.split_to(count));
            if self.unread.is_empty() {
                self.unread = BytesMut::new();
            }
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        either!(self.stream, it => Pin::new(it).poll_write(cx, buf))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self.stream, it => Pin::new(it).poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self.stream, it => Pin::new(it).poll_shutdown(cx))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self.stream, it => Pin::new(it).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_as_people_know_them() {
        for (peer, shown) in [
            ("192.0.2.1:5", "192.0.2.1:5"),
            ("[::ffff:192.0.2.1]:5", "192.0.2.1:5"),
            ("[2001:db8::1]:5", "[2001:db8::1]:5"),
        ] {
            assert_eq!(as_known(peer.parse().unwrap()).to_string(), shown);
        }
    }
}
