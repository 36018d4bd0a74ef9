//! The file: how it is found, locked and made. All of it blocks.

use super::FILE_NAME;
use super::database::{Contents, RecordFile, Refused, look};
use super::lock::Lock;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

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
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// Which file is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    /// Any. A new one gets this salt.
    Any([u8; 32]),
    /// The one with this salt, or a new one: another may hold records that nobody in this process knows.
    Only([u8; 32]),
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
    let lock = Lock::take(&file)?.ok_or(FileError::InUse)?;
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
        None => RecordFile::over(file, lock),
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
    let lock = Lock::take(&draft)?.ok_or(FileError::InUse)?;
    if place.path.try_exists()? {
        // Another process was faster, and has ended since.
        drop(lock);
        return open_existing(place, wanted)?.ok_or(FileError::InUse);
    }
    draft.set_len(0)?;
    let file = RecordFile::over(draft, lock)?.begin(&salt)?;
    fs::rename(&place.draft, &place.path)?;
    // Makes the name durable. Elsewhere directories cannot be opened.
    #[cfg(unix)]
    File::open(&place.dir)?.sync_all()?;
    Ok(Found { contents: Contents { records: Vec::new(), salt }, file: Ok(file) })
}
