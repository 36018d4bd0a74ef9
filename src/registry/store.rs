//! The seam between the registry and whatever keeps records beyond the process.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

/// One change of what is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Keep this record in place of an earlier one of that id.
    Put {
        /// Of the upload.
        id: String,
        /// Opaque to the store.
        record: Vec<u8>,
    },
    /// Keep none of that id.
    Remove {
        /// Of the upload.
        id: String,
    },
}

/// Keeps records.
pub trait Store: Send + Sync + Debug + 'static {
    /// Begins to write the changes, in order, and after all that were given before. Dropping the future changes nothing
    /// about that. It is ready when they are durable; or when the store had to give up, which it tells the
    /// operator: uploads go on without it, they only do not survive the process.
    fn write(&self, changes: Vec<Change>) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}
