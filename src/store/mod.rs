//! Where records of uploads outlive the process: [`Memory`] (they do not) and [`Embedded`] (one redb file).
//!
//! A record is bytes under an id. This module neither looks inside nor decides when something is worth keeping; it may
//! not know uploads, protocols or settings. What is lost here costs a client the repetition of an upload, never a wrong
//! byte: what counts is what the backend has.
//!
//! # When a write is ready
//!
//! When its transaction has been committed *and* flushed to the disk (`fdatasync`, by redb's `Durability::Immediate`), so it
//! survives the death of the process, of the system, and a loss of power, as far as the disk keeps what it says it has
//! flushed. The commits are checksummed: of one that was cut off half-way nothing is visible at the next opening. The
//! file's own name is made durable too, when the file is made. Writes that come together share one flush.
//!
//! Or, when the disk is full, read-only or gone: at once, with one error in the log and [`Health`] degraded. From then on
//! the newest change of each id waits in memory and is tried again, less and less often, until it is on the disk.
//!
//! # How much memory
//!
//! Whoever writes awaits one write per upload before the next one. So what waits is bounded by the number of uploads,
//! while the disk works and while it does not. redb caches [`CACHE`] bytes at most.

mod database;
mod embedded;
mod file;
mod health;
mod lock;
mod memory;
mod writer;

pub use embedded::Embedded;
pub use health::Health;
pub use memory::Memory;

use crate::limits::MIB;
use crate::registry::Store;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Name of the file in the state directory.
pub const FILE_NAME: &str = "put2bits.redb";

/// What redb may cache of the file. A record has less than a kilobyte.
pub const CACHE: u64 = 4 * MIB;

/// Number of the schema that this version writes: which tables the file has, and what they mean.
pub const SCHEMA: u32 = 1;

/// A store, and what it held when it was opened.
pub struct Opened {
    /// Takes changes from now on.
    pub store: Arc<dyn Store>,
    /// Id and record of each upload that was kept. In no order.
    pub records: Vec<(String, Vec<u8>)>,
    /// Random, and the same for as long as the records are kept: to keep a hash of a secret instead of the secret.
    pub salt: [u8; 32],
    /// How the store is doing from now on.
    pub health: Arc<Health>,
}

impl fmt::Debug for Opened {
    /// Without the salt and the records.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Opened { store, records, salt: _, health } = self;
        f.debug_struct("Opened")
            .field("store", store)
            .field("records", &records.len())
            .field("health", health)
            .finish_non_exhaustive()
    }
}

/// Why a store could not be opened. The file, if there is one, is as it was, byte for byte.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the file open.
    #[error("{} is in use by another process: give each process a state directory of its own", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged, or was not written by put2bits.
    #[error(
        "{} is damaged, or not a file of put2bits ({why}). It was left untouched. Move it away to start without the \
         uploads that it records: their clients will begin them again",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// A newer version of put2bits wrote the file.
    #[error(
        "{} was written by a newer version of put2bits (schema {schema}, this version knows {SCHEMA}). It was left \
         untouched. Run that version, or move the file away to start without the uploads that it records",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The number of its schema.
        schema: u32,
    },
    /// The system has no random numbers.
    #[error("no random numbers from the system: {0}")]
    Random(String),
    /// The system refused a thread.
    #[error("cannot start the thread that writes records: {0}")]
    Thread(io::Error),
}

/// A salt for a new store.
fn random_salt() -> Result<[u8; 32], StoreError> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).map_err(|error| StoreError::Random(error.to_string()))?;
    Ok(salt)
}
