//! One end of a connection through a relay.

use std::io::{Error, ErrorKind, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes moved at a time.
const PIECE: usize = 16 << 10;

/// A connection, and what was read from it and not passed on.
#[derive(Debug)]
pub(crate) struct Peer {
    stream: TcpStream,
    seen: Vec<u8>,
}

impl Peer {
    pub(crate) fn new(stream: TcpStream) -> Peer {
        // It only makes things slower if that fails.
        let _ = stream.set_nodelay(true);
        Peer { stream, seen: Vec::new() }
    }

    /// The next head, to its empty line.
    pub(crate) async fn head(&mut self) -> Result<String> {
        loop {
            if let Some(at) = self.seen.windows(4).position(|window| window == b"\r\n\r\n") {
                let rest = self.seen.split_off(at + 4);
                let head = std::mem::replace(&mut self.seen, rest);
                return String::from_utf8(head).map_err(|error| Error::new(ErrorKind::InvalidData, error));
            }
            if self.stream.read_buf(&mut self.seen).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// The next bytes, so many.
    pub(crate) async fn body(&mut self, bytes: usize) -> Result<Vec<u8>> {
        while self.seen.len() < bytes {
            if self.stream.read_buf(&mut self.seen).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        let rest = self.seen.split_off(bytes);
        Ok(std::mem::replace(&mut self.seen, rest))
    }

    /// Passes so many bytes on.
    pub(crate) async fn forward(&mut self, to: &mut Peer, mut bytes: usize) -> Result<()> {
        while bytes > 0 {
            let piece = self.body(bytes.min(PIECE)).await?;
            bytes -= piece.len();
            to.send(&piece).await?;
        }
        Ok(())
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Waits until the other end is gone, while nothing is expected from it.
    pub(crate) async fn gone(&self) -> Error {
        match self.stream.peek(&mut [0]).await {
            Ok(0) => ErrorKind::UnexpectedEof.into(),
            Err(error) => error,
            // What has come hides what comes behind it.
            Ok(_) => std::future::pending().await,
        }
    }

    /// Says that nothing more comes.
    pub(crate) async fn finish(&mut self) {
        // It is gone already.
        let _ = self.stream.shutdown().await;
    }

    /// Reads whatever comes, to the end; whether anything did is told at once.
    pub(crate) async fn drain(&mut self, mut first: impl FnMut()) {
        let mut bytes = vec![0; PIECE];
        let mut told = false;
        loop {
            let count = self.stream.read(&mut bytes).await.unwrap_or(0);
            if !std::mem::replace(&mut told, true) {
                first();
            }
            if count == 0 {
                return;
            }
        }
    }

    /// Ends with a reset.
    pub(crate) fn reset(self) {
        // It is gone already.
        let _ = self.stream.set_zero_linger();
    }

    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }
}
