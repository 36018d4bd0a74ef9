//! The direction to the server: a head, then bytes of the file up to some place.

use bytes::{Buf, Bytes};
use std::io;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::WriteHalf;
use tokio::sync::mpsc;

/// What is still to be written of a request.
#[derive(Debug)]
pub(super) struct Outgoing {
    head: Bytes,
    chunk: Bytes,
    chunks: mpsc::Receiver<io::Result<Bytes>>,
    position: u64,
    stop: u64,
}

/// Why nothing more can be written.
#[derive(Debug)]
pub(super) enum Stuck {
    /// The server does not take it.
    Network,
    /// The file cannot be read.
    Content(io::Error),
}

impl Outgoing {
    /// A head, then the chunks, the first of which is from `position` in the file. Ends at `stop`.
    pub(super) fn new(
        head: String,
        chunks: mpsc::Receiver<io::Result<Bytes>>,
        position: u64,
        stop: u64,
    ) -> Outgoing {
        Outgoing { head: head.into(), chunk: Bytes::new(), chunks, position, stop }
    }

    pub(super) fn is_done(&self) -> bool {
        self.head.is_empty() && self.position == self.stop
    }

    /// All of the file before it has been written.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Writes some of it. May be cancelled and called again: what was written is counted without an await between.
    pub(super) async fn write(&mut self, to: &mut WriteHalf<'_>) -> Result<(), Stuck> {
        if self.head.has_remaining() {
            let written = to.write(&self.head).await.map_err(|_| Stuck::Network)?;
            self.head.advance(written);
            return Ok(());
        }
        if self.chunk.is_empty() {
            let early = || Err(io::ErrorKind::UnexpectedEof.into());
            self.chunk = self.chunks.recv().await.unwrap_or_else(early).map_err(Stuck::Content)?;
        }
        let most = usize::try_from(self.stop - self.position).unwrap_or(usize::MAX);
        let part = &self.chunk[..self.chunk.len().min(most)];
        let written = to.write(part).await.map_err(|_| Stuck::Network)?;
        self.chunk.advance(written);
        self.position += written as u64;
        Ok(())
    }
}
