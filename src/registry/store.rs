//! The seam between the registry and whatever keeps its records.

use std::fmt;
use std::pin::Pin;

/// What is to become of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Keep this record, in place of an earlier one of the same id.
    Put {
        /// The upload resource.
        id: String,
        /// What is kept of it. The store does not look inside.
        record: Vec<u8>,
    },
    /// Forget the record.
    Remove {
        /// The upload resource.
        id: String,
    },
}

/// Keeps records beyond the life of the process, as well as it can.
pub trait Store: Send + Sync + fmt::Debug + 'static {
    /// Takes the changes at once: those of an earlier call come before those of a later one, and dropping the future
    /// takes nothing back. All changes of one call become durable together.
    ///
    /// The future is ready when they are durable, or when the store has given up on that (and has said so in the log):
    /// an upload goes on without its record rather than not at all.
    fn write(&self, changes: Vec<Change>) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}
