//! What is in the file: the tables, as they are read and written. The only place that knows redb.
//!
//! redb trusts a file that was closed in order, repairs one that was not, and writes to both when it opens them. So the file
//! is first read whole into memory and opened *there*, with every checksum verified. Only a copy that turns out to be
//! sound and ours lets redb near the original.

use super::lock::Lock;
use super::{CACHE, SCHEMA};
use redb::backends::{FileBackend, InMemoryBackend};
use redb::{Builder, Database, Durability, ReadableDatabase as _, ReadableTable as _};
use redb::{StorageBackend, TableDefinition};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What tells the schema and the salt. Its form must stay the same in every schema.
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// The number of the schema: `u32`, little end first.
const META_SCHEMA: &str = "schema";
const META_SALT: &str = "salt";
/// A record under the id of its upload resource.
const UPLOADS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("uploads");

/// What has changed since the last commit: a record, or that there is none any more.
pub(super) type Changes = BTreeMap<String, Option<Vec<u8>>>;

/// What a file holds.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) records: Vec<(String, Vec<u8>)>,
    pub(super) salt: [u8; 32],
}

/// Why the copy of a file is not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("damaged: {0}")]
    Damaged(String),
    #[error("written by a newer version (schema {0})")]
    Newer(u32),
}

/// Reads the copy of a file. Nothing of what redb changes in it reaches the disk.
pub(super) fn look(image: Vec<u8>) -> Result<Contents, Refused> {
    if image.is_empty() {
        // For redb a new file. We never leave one behind: whatever emptied it, something may have been in it.
        return Err(Refused::Damaged("it is empty".into()));
    }
    let seen = guarded(|| {
        let backend = InMemoryBackend::new();
        backend.set_len(image.len() as u64)?;
        backend.write(0, &image)?;
        drop(image);
        let db = builder().set_check_integrity_on_open(true).create_with_backend(backend)?;
        let read = db.begin_read()?;
        let meta = read.open_table(META)?;
        let schema = meta.get(META_SCHEMA)?.and_then(|value| value.value().try_into().ok());
        match schema.map(u32::from_le_bytes) {
            Some(SCHEMA) => {}
            Some(newer) if newer > SCHEMA => return Ok(Err(Refused::Newer(newer))),
            _ => return Ok(Err(Refused::Damaged("its schema is unknown".into()))),
        }
        let Some(salt) = meta.get(META_SALT)?.and_then(|value| value.value().try_into().ok()) else {
            return Ok(Err(Refused::Damaged("it has no salt".into())));
        };
        let mut records = Vec::new();
        for entry in read.open_table(UPLOADS)?.iter()? {
            let (id, record) = entry?;
            records.push((id.value().to_owned(), record.value().to_owned()));
        }
        Ok(Ok(Contents { records, salt }))
    });
    seen.unwrap_or_else(|error| Err(Refused::Damaged(error.to_string())))
}

/// The file, open for writing. After a failed write redb takes no other, so that then it is gone, and is opened anew.
#[derive(Debug)]
pub(super) struct RecordFile {
    db: Database,
}

impl RecordFile {
    /// Over a file that is either sound or empty.
    pub(super) fn over(file: File, lock: Lock) -> io::Result<Self> {
        guarded(|| {
            let backend = Locked { file: FileBackend::new(file)?, _lock: lock };
            Ok(RecordFile { db: builder().create_with_backend(backend)? })
        })
        .map_err(to_io)
    }

    /// Makes the tables of an empty file.
    pub(super) fn begin(self, salt: &[u8; 32]) -> io::Result<Self> {
        self.transaction(|transaction| {
            let mut meta = transaction.open_table(META)?;
            meta.insert(META_SCHEMA, SCHEMA.to_le_bytes().as_slice())?;
            meta.insert(META_SALT, salt.as_slice())?;
            transaction.open_table(UPLOADS)?;
            Ok(())
        })
    }

    /// Makes the changes durable, all or none.
    pub(super) fn commit(self, changes: &Changes) -> io::Result<Self> {
        self.transaction(|transaction| {
            let mut uploads = transaction.open_table(UPLOADS)?;
            for (id, change) in changes {
                match change {
                    Some(record) => uploads.insert(id.as_str(), record.as_slice())?,
                    None => uploads.remove(id.as_str())?,
                };
            }
            Ok(())
        })
    }

    /// Closes it in order, which saves the next opening a repair.
    pub(super) fn close(self) -> io::Result<()> {
        guarded(|| Ok(self.db.close()?)).map_err(to_io)
    }

    fn transaction(
        self,
        fill: impl FnOnce(&redb::WriteTransaction) -> Result<(), redb::Error>,
    ) -> io::Result<Self> {
        guarded(|| {
            let mut transaction = self.db.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            fill(&transaction)?;
            transaction.commit()?;
            Ok(self)
        })
        .map_err(to_io)
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(usize::try_from(CACHE).unwrap_or(usize::MAX));
    builder
}

/// redb checks what it reads, but says of itself that it may panic on a file that somebody else has altered. Such a panic
/// is a damaged file, not the end of the process.
fn guarded<T>(work: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, redb::Error> {
    // Unwind safe: whatever the work holds of redb is dropped by it when it fails.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(redb::Error::Corrupted(text.unwrap_or("it cannot be read").to_owned()))
    })
}

fn to_io(error: redb::Error) -> io::Error {
    match error {
        redb::Error::Io(error) => error,
        error => io::Error::other(error),
    }
}

/// A file that we have locked. redb would lock it again, which not every system stands; without an answer about locks it
/// goes on without.
#[derive(Debug)]
struct Locked {
    file: FileBackend,
    _lock: Lock,
}

impl StorageBackend for Locked {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(offset, data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_damaged_file() {
        for (panic, text) in [
            (guarded::<()>(|| panic!("a plain one")), "a plain one"),
            (guarded(|| panic!("one of {}", 2)), "one of 2"),
            (guarded(|| std::panic::panic_any(3)), "it cannot be read"),
        ] {
            assert!(matches!(panic, Err(redb::Error::Corrupted(said)) if said == text));
        }
    }
}
