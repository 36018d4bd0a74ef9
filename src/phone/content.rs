//! What is uploaded: bytes that can be read from any place, as often as it takes.

use bytes::Bytes;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::mpsc;

/// Bytes read at once.
const CHUNK: usize = 256 * 1024;

/// Chunks read ahead.
const AHEAD: usize = 4;

/// Something to upload, of a known length.
pub trait Content: Send + Sync + 'static {
    /// In bytes.
    fn length(&self) -> u64;

    /// All from that place on. May block.
    ///
    /// # Errors
    /// It cannot be read any more.
    fn open(&self, offset: u64) -> io::Result<Box<dyn Read + Send>>;
}

/// A file on disk, which has to stay as it is while it is uploaded.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
}

impl File {
    /// Looks at the file.
    ///
    /// # Errors
    /// It cannot be read, or is not a regular file.
    pub fn open(path: &Path) -> io::Result<File> {
        let found = fs::File::open(path)?.metadata()?;
        if !found.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        Ok(File { path: path.to_owned(), length: found.len(), modified: found.modified().ok() })
    }
}

impl Content for File {
    fn length(&self) -> u64 {
        self.length
    }

    fn open(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let mut file = fs::File::open(&self.path)?;
        let found = file.metadata()?;
        if (found.len(), found.modified().ok()) != (self.length, self.modified) {
            return Err(io::Error::other("the file was changed during the upload"));
        }
        file.seek(SeekFrom::Start(offset))?;
        Ok(Box::new(file))
    }
}

/// Reads ahead on a thread that may block, from `offset` to the end. It ends when nobody listens any more.
pub(super) fn read_ahead(content: Arc<dyn Content>, offset: u64) -> mpsc::Receiver<io::Result<Bytes>> {
    let (sender, chunks) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = produce(&*content, offset, &sender) {
            // If nobody listens, nobody misses it.
            let _ = sender.blocking_send(Err(error));
        }
    });
    chunks
}

fn produce(content: &dyn Content, offset: u64, to: &mpsc::Sender<io::Result<Bytes>>) -> io::Result<()> {
    let mut left = content.length() - offset;
    if left == 0 {
        return Ok(());
    }
    let mut reader = content.open(offset)?;
    while left > 0 {
        let size = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let mut chunk = vec![0; size];
        reader.read_exact(&mut chunk)?;
        left -= size as u64;
        if to.blocking_send(Ok(chunk.into())).is_err() {
            break;
        }
    }
    Ok(())
}
