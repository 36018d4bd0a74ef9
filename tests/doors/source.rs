//! What is uploaded, and how far the backend got with it.

use crate::support::{Backend, File, within};
use put2bits::mock::Event;
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;

/// A file on disk.
pub(crate) struct Source {
    folder: TempDir,
    path: String,
    pub(crate) file: File,
}

impl Source {
    pub(crate) fn new(size: u64) -> Source {
        let (folder, file) = (tempfile::tempdir().unwrap(), File::new(size));
        let path = folder.path().join("IMG_0001.MOV");
        std::fs::write(&path, file.bytes()).unwrap();
        let path = path.to_str().unwrap().to_owned();
        Source { folder, path, file }
    }

    pub(crate) fn path(&self) -> &str {
        assert!(self.folder.path().exists());
        &self.path
    }
}

/// What a backend acknowledges from now on.
pub(crate) struct Acks(Receiver<Event>);

impl Acks {
    pub(crate) fn of(backend: &Backend) -> Acks {
        Acks(backend.events())
    }

    /// Waits until it has acknowledged so many bytes of a file.
    pub(crate) async fn until(&mut self, path: &str, bytes: u64) {
        within(&format!("{bytes} bytes of {path}"), async {
            loop {
                let event = self.0.recv().await.expect("no event is missed");
                if let Event::Packet { target, range: Some(range), status: Some(200..=299), .. } = event
                    && target == path
                    && range.end() >= bytes
                {
                    return;
                }
            }
        })
        .await;
    }
}
