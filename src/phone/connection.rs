//! A TCP connection, and the answers that come on it.

use super::Drop;
use super::answer::Answer;
use bytes::{Buf, BytesMut};
use http::Method;
use reqwest::Url;
use socket2::SockRef;
use std::io;
use std::mem::MaybeUninit;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

/// A connection between two requests, or in the middle of one.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    unread: BytesMut,
}

impl Connection {
    /// Connects to the host of a URL.
    pub(super) async fn dial(url: &Url) -> io::Result<Connection> {
        // An IPv6 address is in brackets only inside a URL.
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let stream = TcpStream::connect((host, url.port_or_known_default().unwrap_or(80))).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, unread: BytesMut::new() })
    }

    /// Whether the server has neither closed it nor said anything unasked.
    pub(super) fn is_quiet(&self) -> bool {
        // Asked of the system itself: the runtime may not have heard of it yet.
        let next = SockRef::from(&self.stream).peek(&mut [MaybeUninit::uninit()]);
        self.unread.is_empty() && next.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Both directions at once.
    pub(super) fn split(&mut self) -> (WriteHalf<'_>, Reader<'_>) {
        let (reader, writer) = self.stream.split();
        (writer, Reader { half: reader, unread: &mut self.unread })
    }

    /// Leaves it, in the middle of a request. What a silent one leaves behind has to be kept.
    pub(super) async fn drop_by(mut self, how: Drop) -> Option<Connection> {
        match how {
            // If the connection is broken already, so much the better.
            Drop::Reset => _ = self.stream.set_zero_linger(),
            Drop::Close => _ = self.stream.shutdown().await,
            Drop::Silent => return Some(self),
        }
        None
    }
}

/// The direction from the server.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    half: ReadHalf<'a>,
    unread: &'a mut BytesMut,
}

impl Reader<'_> {
    /// The next answer, interim or final, without its body. May be cancelled and called again.
    pub(super) async fn head(&mut self) -> io::Result<Answer> {
        loop {
            if let Some((answer, length)) = Answer::parse(self.unread)? {
                self.unread.advance(length);
                return Ok(answer);
            }
            self.more().await?;
        }
    }

    /// Reads the body that follows. Tells whether the connection is good for another request.
    pub(super) async fn body(&mut self, answer: &mut Answer, method: &Method) -> io::Result<bool> {
        let Some(length) = answer.body_length(method) else { return Ok(false) };
        while (self.unread.len() as u64) < length {
            self.more().await?;
        }
        answer.body = self.unread.split_to(usize::try_from(length).unwrap_or(usize::MAX)).to_vec();
        Ok(answer.keeps_connection())
    }

    async fn more(&mut self) -> io::Result<()> {
        match self.half.read_buf(self.unread).await? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection")),
            _ => Ok(()),
        }
    }
}
