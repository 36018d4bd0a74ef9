//! What keeps two processes from using one file.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};

/// Keeps other processes out until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// Nothing: another process has it.
    pub(super) fn take(file: &File) -> io::Result<Option<Self>> {
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            // A file system that has no locks keeps nobody out, and nothing can be done about it.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(Some(Lock(file.try_clone()?)))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a child process that is just being started has the file open too.
        let _ = self.0.unlock();
    }
}
