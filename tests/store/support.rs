//! What all the tests here need.

use put2bits::registry::{Change, Store};
use put2bits::store::{Embedded, FILE_NAME, Opened, StoreError};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Records by their ids.
pub(crate) type Records = BTreeMap<String, Vec<u8>>;

pub(crate) fn open(dir: &Path) -> Opened {
    Embedded::open(dir).unwrap()
}

pub(crate) fn records(opened: &Opened) -> Records {
    opened.records.iter().cloned().collect()
}

/// What a fresh opening finds.
pub(crate) fn reopened(dir: &Path) -> Records {
    records(&open(dir))
}

pub(crate) fn put(id: &str, record: impl Into<Vec<u8>>) -> Change {
    Change::Put { id: id.into(), record: record.into() }
}

pub(crate) fn remove(id: &str) -> Change {
    Change::Remove { id: id.into() }
}

/// Writes and waits.
pub(crate) fn write(store: &dyn Store, changes: Vec<Change>) {
    block_on(store.write(changes));
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The file, written by a store that was closed in order.
pub(crate) fn sound_file(records: &Records) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path());
    for (id, record) in records {
        write(&*opened.store, vec![put(id, record.clone())]);
    }
    drop(opened);
    fs::read(dir.path().join(FILE_NAME)).unwrap()
}

pub(crate) fn some_records(count: usize) -> Records {
    (0..count).map(|n| (format!("upload-{n}"), vec![n as u8; 300 + n])).collect()
}

/// Opens a file of these bytes. If it is refused, it must be as it was, with nothing beside it.
pub(crate) fn open_bytes(bytes: &[u8]) -> Result<Records, StoreError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE_NAME);
    fs::write(&path, bytes).unwrap();
    match Embedded::open(dir.path()) {
        Ok(opened) => Ok(records(&opened)),
        Err(error) => {
            assert!(fs::read(&path).unwrap() == bytes, "a refused file was changed: {error}");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "something lies beside it");
            Err(error)
        }
    }
}

/// Waits for what no event tells.
pub(crate) fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < end, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
