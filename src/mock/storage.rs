//! What becomes of the bytes: files, hashes, or nothing but a count.

use super::observe::Published;
use super::path::{self, PARTIAL};
use crate::bits::server::TargetState;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use tokio::task::JoinHandle;

/// What becomes of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// Files below a folder. Unfinished ones lie in a hidden folder in it and are moved to their name at once.
    Dir {
        /// The folder; made if it is missing.
        path: PathBuf,
        /// Whether folders in the path of an upload are made. If not, a missing one is a 404, as with IIS.
        create_dirs: bool,
    },
    /// Bytes are hashed (SHA-256) and dropped.
    Hash,
    /// Bytes are counted and dropped.
    Discard,
}

/// Bytes gathered before they are written to a file: one buffer fills while the other is written.
const WRITE_BUFFER: usize = 1024 * 1024;

impl Storage {
    /// Makes the folders. [`Mock::bind`](super::Mock::bind) does so, too; by itself it tells who is to blame.
    ///
    /// # Errors
    /// Names the folder that can't be used.
    pub fn prepare(&self) -> io::Result<()> {
        match self {
            Storage::Dir { path, .. } => fs::create_dir_all(path.join(PARTIAL)).map_err(|error| {
                let line = format!("cannot store files in {}: {error}", path.display());
                io::Error::new(error.kind(), line)
            }),
            Storage::Hash | Storage::Discard => Ok(()),
        }
    }

    /// What is at a target; without files, `published` knows.
    pub(super) fn state(&self, target: &str, published: bool) -> TargetState {
        let Storage::Dir { path: root, create_dirs } = self else {
            return if published { TargetState::Exists } else { TargetState::Free };
        };
        let Some(file) = path::file_below(root, target) else { return TargetState::NotAFile };
        match fs::metadata(&file) {
            Ok(found) if found.is_dir() => TargetState::NotAFile,
            Ok(_) => TargetState::Exists,
            Err(_) if *create_dirs || file.parent().is_some_and(Path::is_dir) => TargetState::Free,
            Err(_) => TargetState::NoFolder,
        }
    }

    /// Room for a session.
    pub(super) fn open(&self) -> io::Result<Store> {
        Ok(match self {
            Storage::Dir { path, .. } => {
                let partial = path.join(PARTIAL).join(uuid::Uuid::new_v4().to_string());
                Store::File { file: Arc::new(Mutex::new(File::create(&partial)?)), partial }
            }
            Storage::Hash => Store::Hash(Hashed::default()),
            Storage::Discard => Store::Count,
        })
    }
}

/// The bytes of one session.
#[derive(Debug)]
pub(super) enum Store {
    File { file: Arc<Mutex<File>>, partial: PathBuf },
    Hash(Hashed),
    Count,
}

/// A running hash. Bytes that do not come in order can't be hashed.
#[derive(Debug, Clone, Default)]
pub(super) struct Hashed {
    hash: Sha256,
    length: u64,
    disordered: bool,
}

impl Store {
    /// Makes the first `length` bytes the file at `target`, in one step.
    pub(super) fn publish(self, storage: &Storage, target: &str, length: u64) -> io::Result<Published> {
        let mut sha256 = None;
        match (self, storage) {
            (Store::File { file, partial }, Storage::Dir { path: root, .. }) => {
                let named = path::file_below(root, target);
                let named = named.ok_or(io::Error::from(io::ErrorKind::InvalidFilename))?;
                file.lock().unwrap_or_else(PoisonError::into_inner).set_len(length)?;
                if let Some(folder) = named.parent().filter(|folder| !folder.is_dir()) {
                    fs::create_dir_all(folder)?;
                }
                fs::rename(partial, named)?;
            }
            (Store::Hash(hashed), _) if !hashed.disordered && hashed.length == length => {
                sha256 = Some(hashed.hash.finalize().into());
            }
            _ => {}
        }
        Ok(Published { length, sha256, at: SystemTime::now() })
    }

    /// Throws the bytes away.
    pub(super) fn discard(self) {
        if let Store::File { partial, .. } = self {
            // What can't be removed lies in the hidden folder and harms nobody.
            let remove = move || drop(fs::remove_file(partial));
            // Removing gigabytes takes time; outside a runtime there is nobody to hold up.
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn_blocking(remove)),
                Err(_) => remove(),
            }
        }
    }

    /// Begins to write at `at`. Hashes move into the writer until [`Writer::settle`].
    pub(super) fn writer(&mut self, at: u64) -> Writer {
        match self {
            Store::File { file, .. } => Writer::File(FileWriter {
                file: Arc::clone(file),
                at,
                buffer: Vec::new(),
                spare: Vec::new(),
                writing: None,
                written: 0,
            }),
            Store::Hash(hashed) => {
                let before = hashed.clone();
                let mut running = std::mem::take(hashed);
                running.disordered |= running.length != at;
                Writer::Hash { before, running }
            }
            Store::Count => Writer::Count(0),
        }
    }

    /// Takes a hash back from its writer.
    pub(super) fn settle(&mut self, hashed: Option<Hashed>) {
        if let (Store::Hash(slot), Some(hashed)) = (self, hashed) {
            *slot = hashed;
        }
    }
}

/// Writes the body of one fragment.
#[derive(Debug)]
pub(super) enum Writer {
    File(FileWriter),
    Hash { before: Hashed, running: Hashed },
    Count(u64),
}

impl Writer {
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Writer::File(writer) => writer.write(bytes).await,
            Writer::Hash { running, .. } => {
                if !running.disordered {
                    running.hash.update(bytes);
                }
                running.length += bytes.len() as u64;
                Ok(())
            }
            Writer::Count(count) => {
                *count += bytes.len() as u64;
                Ok(())
            }
        }
    }

    /// Waits until everything is written.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        match self {
            Writer::File(writer) => {
                writer.start().await?;
                writer.wait().await
            }
            Writer::Hash { .. } | Writer::Count(_) => Ok(()),
        }
    }

    /// Bytes that are certainly stored.
    pub(super) fn written(&self) -> u64 {
        match self {
            Writer::File(writer) => writer.written,
            Writer::Hash { before, running } => running.length - before.length,
            Writer::Count(count) => *count,
        }
    }

    /// The state to go on with when `kept` of the written bytes count.
    pub(super) fn settle(self, kept: u64) -> Option<Hashed> {
        match self {
            Writer::Hash { before, running } => {
                Some(if running.length == before.length + kept { running } else { before })
            }
            Writer::File(_) | Writer::Count(_) => None,
        }
    }
}

/// Writes to a file without holding up the runtime.
#[derive(Debug)]
pub(super) struct FileWriter {
    file: Arc<Mutex<File>>,
    /// Where the buffer goes.
    at: u64,
    buffer: Vec<u8>,
    /// Takes the buffer's place while that is written.
    spare: Vec<u8>,
    writing: Option<JoinHandle<io::Result<Vec<u8>>>>,
    written: u64,
}

impl FileWriter {
    async fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        self.buffer.reserve_exact(WRITE_BUFFER - self.buffer.len());
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(WRITE_BUFFER - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.buffer.len() == WRITE_BUFFER {
                self.start().await?;
            }
        }
        Ok(())
    }

    /// Hands the buffer to a thread, once the one before is written.
    async fn start(&mut self) -> io::Result<()> {
        self.wait().await?;
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.spare.reserve_exact(WRITE_BUFFER);
        let buffer = std::mem::replace(&mut self.buffer, std::mem::take(&mut self.spare));
        let (file, at) = (Arc::clone(&self.file), self.at);
        self.at += buffer.len() as u64;
        self.writing = Some(tokio::task::spawn_blocking(move || {
            // One lock for both steps: an abandoned write may still be under way.
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(at))?;
            file.write_all(&buffer)?;
            Ok(buffer)
        }));
        Ok(())
    }

    async fn wait(&mut self) -> io::Result<()> {
        if let Some(writing) = self.writing.take() {
            let mut buffer = writing.await??;
            self.written += buffer.len() as u64;
            buffer.clear();
            self.spare = buffer;
        }
        Ok(())
    }
}
