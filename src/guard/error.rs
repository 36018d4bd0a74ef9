//! What can be wrong with a guard before anybody comes.

use std::io;
use std::path::PathBuf;

/// Why nobody could be let in or kept out as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// A file can't be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The key that names it.
        key: &'static str,
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line of a file can't be used.
    #[error("{}, line {line}: {why}", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1 on.
        line: usize,
        /// What is wrong, without what the line says.
        why: String,
    },
    /// A file holds no certificates.
    #[error("{}: holds no certificate in PEM, or one that is damaged", path.display())]
    Certificates {
        /// Which one.
        path: PathBuf,
    },
    /// An authority can't be asked.
    #[error("cannot ask {url}: {why}")]
    Authority {
        /// Which one.
        url: String,
        /// Why not.
        why: String,
    },
    /// The system has no randomness.
    #[error("the system has no randomness: {0}")]
    Random(#[from] getrandom::Error),
}

impl GuardError {
    /// The key of the `[[route]]` that it is about, if it is about one.
    pub fn key(&self) -> Option<&'static str> {
        match self {
            GuardError::File { key, .. } => Some(key),
            GuardError::Line { .. } => Some("auth_file"),
            GuardError::Certificates { .. } => Some("auth_ca"),
            GuardError::Authority { .. } => Some("auth_url"),
            GuardError::Random(_) => None,
        }
    }
}
