//! What tells that a file is another one than before, without reading it.
//!
//! For those who read files again when they change: certificates, secrets, hashes. It reads nothing but what the file
//! system knows of a file.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::SystemTime;

/// What a file looks like. A link leads to what it stands for: Kubernetes changes links, not files.
///
/// A file that is written over has another time; one that is replaced another number, too; one whose rights changed, or
/// that was renamed with the time that it had, another time of its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    #[cfg(unix)]
    entry: Entry,
}

/// What only some systems tell.
#[cfg(unix)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    device: u64,
    number: u64,
    /// Seconds and nanoseconds.
    changed: (i64, i64),
}

impl Stamp {
    /// Of the file of that name. None: there is none, or it cannot be seen.
    pub fn of(file: &Path) -> Option<Self> {
        fs::metadata(file).ok().map(|found| Stamp::new(&found))
    }

    /// Of a file of which this is known.
    pub fn new(found: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        Stamp {
            modified: found.modified().ok(),
            length: found.len(),
            #[cfg(unix)]
            entry: Entry {
                device: found.dev(),
                number: found.ino(),
                changed: (found.ctime(), found.ctime_nsec()),
            },
        }
    }

    /// When its content changed.
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;
    use std::time::{Duration, Instant};

    const OLD: Duration = Duration::from_secs(1_700_000_000);

    fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        let file = fs::File::options().append(true).open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + OLD).unwrap();
        path
    }

    #[test]
    fn a_change_shows_whatever_the_files_time_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "a", "one");
        let first = Stamp::of(&path).unwrap();
        assert_eq!(Stamp::of(&path), Some(first));
        // Another file with the same time and length.
        fs::rename(write(folder.path(), "b", "two"), &path).unwrap();
        let second = Stamp::of(&path).unwrap();
        assert!(second != first && second.modified() == first.modified() && second.length == first.length);
        // The same file with other rights, as soon as the clock of the file system goes on.
        let begun = Instant::now();
        while Stamp::of(&path) == Some(second) {
            assert!(begun.elapsed() < Duration::from_secs(10), "it does not show");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(Stamp::of(&path), None);
    }
}
