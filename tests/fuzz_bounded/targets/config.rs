//! The text of a configuration file.

use put2bits::config::{Resolved, Sources};
use std::cell::RefCell;
use std::fs;
use tempfile::NamedTempFile;

thread_local! {
    /// The file that is written again and again.
    static FILE: RefCell<NamedTempFile> = RefCell::new(file());
}

/// In memory where there is such a folder.
fn file() -> NamedTempFile {
    NamedTempFile::new_in("/dev/shm").or_else(|_| NamedTempFile::new()).expect("a temporary file")
}

pub(crate) fn run(input: &[u8]) -> bool {
    let Some(resolved) = resolve(input) else { return false };
    let config = resolved.config();
    assert!(config.workers > 0 && config.routes.iter().len() > 0);
    let fragment = &config.limits.fragment;
    assert!(fragment.min <= fragment.first && fragment.first <= fragment.max, "{fragment:?}");
    assert!(config.limits.memory >= fragment.max, "no fragment would fit");
    // What check-config prints means the same.
    let printed = resolved.to_string();
    match resolve(printed.as_bytes()) {
        Some(again) => assert_eq!(again.config(), config, "{printed}"),
        None => panic!("refused, though printed:\n{printed}"),
    }
    true
}

/// Nothing is refused in more than one line.
fn resolve(text: &[u8]) -> Option<Resolved> {
    let resolved = FILE.with_borrow(|file| {
        fs::write(file.path(), text).expect("the temporary file is written");
        Sources { file: Some(file.path().to_owned()), ..Sources::default() }.resolve()
    });
    match resolved {
        Ok(resolved) => Some(resolved),
        Err(error) => {
            let line = error.to_string();
            assert!(!line.is_empty() && !line.contains(char::is_control), "{line:?}");
            None
        }
    }
}
