//! Values that are read from files, and read again when these change: certificates, tokens, passwords.
//!
//! The files are looked at when the value is needed, at most once a second, and never on the thread that carries uploads.
//! What cannot be read leaves the old value in force, with one line that says so.

use crate::stamp::Stamp;
use arc_swap::ArcSwap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;

/// Between two looks at the files.
const PAUSE: Duration = Duration::from_secs(1);

/// Reads the value anew, or says in one line why it can't be.
type Read<T> = Box<dyn Fn() -> Result<T, String> + Send + Sync>;

/// A value made from files.
pub(super) struct Watched<T> {
    files: Vec<PathBuf>,
    read: Read<T>,
    value: ArcSwap<T>,
    looked: Mutex<Looked>,
}

/// The last look at the files.
struct Looked {
    at: Instant,
    /// Of the files as they were when the value was read. Nothing: what is there now could not be read.
    stamps: Option<Vec<Option<Stamp>>>,
    /// Why not, as it was said.
    wrong: Option<String>,
}

impl<T: Send + Sync + 'static> Watched<T> {
    /// Reads it for the first time, on this thread. `files`: what `read` reads.
    pub(super) fn open<E: ToString>(
        files: Vec<PathBuf>,
        read: impl Fn() -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, E> {
        // The stamps first: what changes while it is read is read again.
        let stamps = Some(files.iter().map(|file| Stamp::of(file)).collect());
        let value = ArcSwap::from_pointee(read()?);
        let looked = Mutex::new(Looked { at: Instant::now(), stamps, wrong: None });
        let read = Box::new(move || read().map_err(|error| error.to_string()));
        Ok(Arc::new(Watched { files, read, value, looked }))
    }

    /// The value, at most about a second old.
    pub(super) async fn current(self: &Arc<Self>) -> Arc<T> {
        if self.is_due() {
            self.look_aside(false).await;
        }
        self.value.load_full()
    }

    /// The value as it is in the files now, even if they look the same.
    pub(super) async fn renewed(self: &Arc<Self>) -> Arc<T> {
        if !self.files.is_empty() {
            self.look_aside(true).await;
        }
        self.value.load_full()
    }

    async fn look_aside(self: &Arc<Self>, however: bool) {
        let this = Arc::clone(self);
        // It fails only if reading panicked or the runtime ends: the old value stays.
        let _ = spawn_blocking(move || this.look(however)).await;
    }

    /// Whether somebody has to look at the files again. Then the caller is the one.
    fn is_due(&self) -> bool {
        if self.files.is_empty() {
            return false;
        }
        let mut looked = match self.looked.try_lock() {
            Ok(looked) => looked,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Somebody reads just now, on another thread. A disk that hangs must not stop this one.
            Err(TryLockError::WouldBlock) => return false,
        };
        let due = looked.at.elapsed() >= PAUSE;
        if due {
            looked.at = Instant::now();
        }
        due
    }

    /// The lock is held while the files are read: of two who read, the one who began later has to be the later to write.
    fn look(&self, however: bool) {
        let mut looked = self.lock();
        let stamps: Vec<_> = self.files.iter().map(|file| Stamp::of(file)).collect();
        if looked.stamps.as_ref() == Some(&stamps) && !however {
            return;
        }
        match (self.read)() {
            Ok(value) => {
                self.value.store(Arc::new(value));
                (looked.stamps, looked.wrong) = (Some(stamps), None);
            }
            // It is tried again at the next look: a right that comes later, or the second of two files, shows in no stamp.
            Err(why) => {
                if looked.wrong.as_ref() != Some(&why) {
                    tracing::error!("{why}: going on with what was read before");
                }
                (looked.stamps, looked.wrong) = (None, Some(why));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Looked> {
        // Each field is written whole, so a poisoned lock still guards a sound value.
        self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without the value, which may be a secret.
impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watched").field(&self.files).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    fn watched(path: &Path) -> Arc<Watched<u32>> {
        let file = path.to_owned();
        let read =
            move || fs::read_to_string(&file).ok().and_then(|text| text.parse().ok()).ok_or("bad".to_owned());
        Watched::open(vec![path.to_owned()], read).unwrap()
    }

    fn make_due<T>(watched: &Watched<T>) {
        watched.looked.lock().unwrap().at = Instant::now().checked_sub(PAUSE).unwrap();
    }

    #[tokio::test]
    async fn a_file_is_read_again_when_it_changes_and_a_broken_one_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("value");
        fs::write(&path, "1").unwrap();
        let watched = watched(&path);
        fs::write(&path, "22").unwrap();
        assert_eq!(*watched.current().await, 1, "it was looked at just now");
        make_due(&watched);
        assert_eq!(*watched.current().await, 22);

        for broken in ["x", ""] {
            fs::write(&path, broken).unwrap();
            make_due(&watched);
            assert_eq!(*watched.current().await, 22);
        }
        fs::remove_file(&path).unwrap();
        make_due(&watched);
        assert_eq!(*watched.current().await, 22);

        // As Kubernetes does it: another file takes the name.
        fs::write(folder.path().join("next"), "33").unwrap();
        fs::rename(folder.path().join("next"), &path).unwrap();
        make_due(&watched);
        assert_eq!(*watched.current().await, 33);
    }

    #[tokio::test]
    async fn whoever_was_refused_reads_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("value");
        fs::write(&path, "1").unwrap();
        let watched = watched(&path);
        fs::write(&path, "2").unwrap();
        assert_eq!(*watched.renewed().await, 2);
    }

    #[tokio::test]
    async fn a_missing_file_is_an_error_at_the_start_alone() {
        let read = || Err::<u32, _>("cannot read it".to_owned());
        assert_eq!(Watched::open(vec!["/no/such".into()], read).unwrap_err(), "cannot read it");
    }
}
