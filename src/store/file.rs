//! The file: how it is found, checked, made and written. All of it blocks.
//!
//! redb trusts a file that was closed in order, repairs one that was not, and writes to both when it opens them. So the file
//! is first read whole into memory and opened *there*, with every checksum verified. Only a copy that turns out to be
//! sound and ours lets redb near the original.

use super::{CACHE, FILE_NAME, SCHEMA};
use redb::backends::{FileBackend, InMemoryBackend};
use redb::{Builder, Database, Durability, ReadableDatabase as _, ReadableTable as _};
use redb::{StorageBackend, TableDefinition};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// What tells the schema and the salt. Its form must stay the same in every schema.
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// The number of the schema: `u32`, little end first.
const META_SCHEMA: &str = "schema";
const META_SALT: &str = "salt";
/// A record under the id of its upload resource.
const UPLOADS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("uploads");

/// What has changed since the last commit: a record, or that there is none any more.
pub(super) type Changes = BTreeMap<String, Option<Vec<u8>>>;

/// Where the file is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    dir: PathBuf,
    /// The file itself.
    pub(super) path: PathBuf,
    /// Where it is made. It gets its name when it is complete, so that half a file never has it.
    draft: PathBuf,
}

impl Place {
    pub(super) fn in_dir(dir: &Path) -> Self {
        let path = dir.join(FILE_NAME);
        Place { dir: dir.to_owned(), draft: path.with_extension("redb.new"), path }
    }
}

/// What keeps a file from being used.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("in use by another process")]
    InUse,
    #[error("damaged: {0}")]
    Damaged(String),
    #[error("written by a newer version (schema {0})")]
    Newer(u32),
}

/// Which file is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    /// Any. A new one gets this salt.
    Any([u8; 32]),
    /// The one with this salt, or a new one: another may hold records that nobody in this process knows.
    Only([u8; 32]),
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) records: Vec<(String, Vec<u8>)>,
    pub(super) salt: [u8; 32],
}

/// A file that is sound.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) contents: Contents,
    /// The file, unless it can be read only.
    pub(super) file: io::Result<RecordFile>,
}

/// Opens the file, or makes one if there is none, in a directory that is made as well.
pub(super) fn open(place: &Place, wanted: Wanted) -> Result<Found, FileError> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(&place.dir)?;
    match open_existing(place, wanted)? {
        Some(found) => Ok(found),
        None => create(place, wanted),
    }
}

fn open_existing(place: &Place, wanted: Wanted) -> Result<Option<Found>, FileError> {
    let (mut file, refused) = match OpenOptions::new().read(true).write(true).open(&place.path) {
        Ok(file) => (file, None),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => match File::open(&place.path) {
            Ok(file) => (file, Some(error)),
            Err(_) => return Err(error.into()),
        },
    };
    lock(&file)?;
    let mut image = Vec::new();
    file.read_to_end(&mut image)?;
    let contents = look(image)?;
    if matches!(wanted, Wanted::Only(salt) if salt != contents.salt) {
        return Err(io::Error::other(
            "it holds records that were not read at the start: a restart reads them",
        )
        .into());
    }
    let file = match refused {
        None => RecordFile::over(file),
        Some(error) => Err(error),
    };
    Ok(Some(Found { contents, file }))
}

/// Makes the file under the name of the draft, and renames it. The lock on the draft is the lock on the file.
fn create(place: &Place, wanted: Wanted) -> Result<Found, FileError> {
    let (Wanted::Any(salt) | Wanted::Only(salt)) = wanted;
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Not truncated here: until it is locked it may be the draft of another process.
    let draft = options.read(true).write(true).create(true).truncate(false).open(&place.draft)?;
    lock(&draft)?;
    if place.path.try_exists()? {
        // Another process was faster, and has ended since.
        drop(draft);
        return open_existing(place, wanted)?.ok_or(FileError::InUse);
    }
    draft.set_len(0)?;
    let file = RecordFile::over(draft)?.begin(&salt)?;
    fs::rename(&place.draft, &place.path)?;
    // Makes the name durable. Elsewhere directories cannot be opened.
    #[cfg(unix)]
    File::open(&place.dir)?.sync_all()?;
    Ok(Found { contents: Contents { records: Vec::new(), salt }, file: Ok(file) })
}

fn lock(file: &File) -> Result<(), FileError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(FileError::InUse),
        // A file system that has no locks keeps nobody out, and nothing can be done about it.
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(()),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Reads the copy of a file. Nothing of what redb changes in it reaches the disk.
fn look(image: Vec<u8>) -> Result<Contents, FileError> {
    enum Seen {
        Contents(Contents),
        Newer(u32),
        Strange(&'static str),
    }
    if image.is_empty() {
        // For redb a new file. We never leave one behind: whatever emptied it, something may have been in it.
        return Err(FileError::Damaged("it is empty".into()));
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
            Some(newer) if newer > SCHEMA => return Ok(Seen::Newer(newer)),
            _ => return Ok(Seen::Strange("its schema is unknown")),
        }
        let Some(salt) = meta.get(META_SALT)?.and_then(|value| value.value().try_into().ok()) else {
            return Ok(Seen::Strange("it has no salt"));
        };
        let mut records = Vec::new();
        for entry in read.open_table(UPLOADS)?.iter()? {
            let (id, record) = entry?;
            records.push((id.value().to_owned(), record.value().to_owned()));
        }
        Ok(Seen::Contents(Contents { records, salt }))
    });
    match seen {
        Ok(Seen::Contents(contents)) => Ok(contents),
        Ok(Seen::Newer(schema)) => Err(FileError::Newer(schema)),
        Ok(Seen::Strange(why)) => Err(FileError::Damaged(why.into())),
        Err(error) => Err(FileError::Damaged(error.to_string())),
    }
}

/// The file, open for writing. After a failed write redb takes no other, so that then it is gone, and is opened anew.
#[derive(Debug)]
pub(super) struct RecordFile {
    db: Database,
}

impl RecordFile {
    /// Over a file that is locked, and either sound or empty.
    fn over(file: File) -> io::Result<Self> {
        let db = guarded(|| Ok(builder().create_with_backend(Locked(FileBackend::new(file)?))?));
        Ok(RecordFile { db: db.map_err(to_io)? })
    }

    /// Makes the tables of an empty file.
    fn begin(self, salt: &[u8; 32]) -> io::Result<Self> {
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
struct Locked(FileBackend);

impl StorageBackend for Locked {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
}
