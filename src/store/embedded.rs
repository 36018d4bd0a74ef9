//! The store in one file, written by a thread of its own.

use super::database::{Contents, Refused};
use super::file::{self, FileError, Found, Place, Wanted};
use super::writer::{Given, Writer};
use super::{Opened, StoreError, random_salt};
use crate::registry::{Change, Store};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::{Builder, JoinHandle};
use tokio::sync::oneshot;

/// Keeps records in the file [`FILE_NAME`](super::FILE_NAME) of a directory.
///
/// Dropping it waits until what was given is written, and lets another process have the file.
#[derive(Debug)]
pub struct Embedded {
    /// None only while it is dropped.
    given: Option<Sender<Given>>,
    thread: Option<JoinHandle<()>>,
}

impl Embedded {
    /// Opens the file, or makes it (mode 0600) and its directory (0700). Blocks, for milliseconds as a rule.
    ///
    /// A directory that cannot be made, read or written is no error: the store is then degraded from the start, with what
    /// could be read, and says so in the log.
    ///
    /// # Errors
    /// If another process uses the file, or it is damaged, or of a newer version. Then it is as it was, byte for byte.
    pub fn open(dir: &Path) -> Result<Opened, StoreError> {
        let place = Place::in_dir(dir);
        let path = place.path.clone();
        let fresh = random_salt()?;
        let Found { contents: Contents { records, salt }, file } =
            match file::open(&place, Wanted::Any(fresh)) {
                Ok(found) => found,
                Err(FileError::Io(error)) => {
                    Found { contents: Contents { records: Vec::new(), salt: fresh }, file: Err(error) }
                }
                Err(FileError::InUse) => return Err(StoreError::InUse { path }),
                Err(FileError::Refused(Refused::Damaged(why))) => {
                    return Err(StoreError::Damaged { path, why });
                }
                Err(FileError::Refused(Refused::Newer(schema))) => {
                    return Err(StoreError::Newer { path, schema });
                }
            };
        let writer = Writer::new(place, salt, file, &records);
        let health = writer.health();
        let (given, taken) = mpsc::channel();
        let thread = Builder::new().name("store".into()).spawn(move || writer.run(&taken));
        let thread = thread.map_err(StoreError::Thread)?;
        let store = Arc::new(Embedded { given: Some(given), thread: Some(thread) });
        Ok(Opened { store, records, salt, health })
    }
}

impl Store for Embedded {
    fn write(&self, changes: Vec<Change>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (done, told) = oneshot::channel();
        if let Some(given) = &self.given {
            // Without its thread nothing can be written: `told` is ready then, as for a store that has given up.
            let _ = given.send(Given { changes, done });
        }
        Box::pin(async {
            let _ = told.await;
        })
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        drop(self.given.take());
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!("the thread that writes records of uploads has panicked");
        }
    }
}
