//! What the demo sends: a file, or bytes made on the fly. A thread reads and hashes, so that both ends can be compared.

use super::show::Progress;
use crate::cli::{Exit, Stop};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Bytes read at once.
const CHUNK: usize = 256 * 1024;

/// Chunks read ahead.
const AHEAD: usize = 4;

/// Something to send, of a known length.
pub(super) struct Source {
    length: u64,
    reader: Box<dyn Read + Send>,
}

impl Source {
    /// A file.
    pub(super) fn file(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let found = file.metadata()?;
        if !found.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        Ok(Source { length: found.len(), reader: Box::new(file) })
    }

    /// That many bytes without a pattern.
    pub(super) fn generated(length: u64) -> Self {
        Source { length, reader: Box::new(Noise(fastrand::Rng::with_seed(0))) }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The body, and the task that gives the hash of what was sent.
    pub(super) fn into_body(self, progress: Progress) -> (Channel, JoinHandle<Result<[u8; 32], Stop>>) {
        let (sender, chunks) = mpsc::channel(AHEAD);
        let length = self.length;
        let hash = tokio::task::spawn_blocking(move || self.produce(&sender, &progress));
        (Channel { chunks, left: length }, hash)
    }

    fn produce(mut self, sender: &mpsc::Sender<Bytes>, progress: &Progress) -> Result<[u8; 32], Stop> {
        let (mut hasher, mut left) = (Sha256::new(), self.length);
        while left > 0 {
            let size = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            let mut chunk = vec![0; size];
            self.reader.read_exact(&mut chunk).map_err(cannot_go_on)?;
            hasher.update(&chunk);
            left -= size as u64;
            if sender.blocking_send(chunk.into()).is_err() {
                // The upload ended early; its answer says why.
                break;
            }
            progress.advance(size as u64)?;
        }
        Ok(hasher.finalize().into())
    }
}

fn cannot_go_on(error: io::Error) -> Stop {
    Stop::new(Exit::Io, format!("cannot read on: {error}"))
}

/// Endless bytes from a generator.
struct Noise(fastrand::Rng);

impl Read for Noise {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.fill(buffer);
        Ok(buffer.len())
    }
}

/// A body that comes through a channel.
pub(super) struct Channel {
    chunks: mpsc::Receiver<Bytes>,
    left: u64,
}

impl Body for Channel {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.chunks.poll_recv(cx).map(|chunk| match chunk {
            Some(chunk) => {
                self.left -= chunk.len() as u64;
                Some(Ok(Frame::data(chunk)))
            }
            // A body that is too short must end in an error, or the server waits for the rest.
            None if self.left > 0 => Some(Err(io::ErrorKind::UnexpectedEof.into())),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
