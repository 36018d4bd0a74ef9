//! Why a proxy could not be started.

use crate::backend::Unusable;
use crate::guard::GuardError;
use crate::listen::{BindError, LoadError};
use crate::store::StoreError;
use std::io;
use std::net::SocketAddr;

/// Why serving could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is in use, not ours, or needs a right.
    #[error("{source}")]
    Bind {
        /// Which one, and what the system says.
        source: BindError,
    },
    /// A socket that the supervisor has passed on cannot be listened on.
    #[error("a socket that was passed to this process (LISTEN_FDS) cannot be used: {source}")]
    Passed {
        /// What the system says.
        source: io::Error,
    },
    /// The certificates of a listener cannot be used.
    #[error("{source}")]
    Certificate {
        /// Which file, and what is wrong with it.
        source: LoadError,
    },
    /// The address for probes and metrics is in use, not ours, or needs a right.
    #[error(
        "cannot listen on the admin address {addr}: {source}: choose another with --admin-listen, or off"
    )]
    BindAdmin {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// What says who may upload can't be used: a file of hashes, mostly.
    #[error("who may upload: {source}")]
    Guard {
        /// What is wrong with it.
        source: GuardError,
    },
    /// The records of uploads in the state directory can't be used: damaged, of a newer version, or in use.
    #[error("cannot use the state directory: {source}")]
    State {
        /// What is wrong with them.
        source: StoreError,
    },
    /// A certificate, token or password for a backend can't be used: the configuration is wrong.
    #[error(transparent)]
    Backend(#[from] Unusable),
    /// The system refused threads, a runtime or signal handlers.
    #[error("cannot start: {source}")]
    Runtime {
        /// What the system says.
        source: io::Error,
    },
}

impl From<io::Error> for ServeError {
    fn from(source: io::Error) -> Self {
        ServeError::Runtime { source }
    }
}

impl From<StoreError> for ServeError {
    fn from(source: StoreError) -> Self {
        match source {
            StoreError::InUse { .. } | StoreError::Damaged { .. } | StoreError::Newer { .. } => {
                ServeError::State { source }
            }
            StoreError::Random(_) | StoreError::Thread(_) => io::Error::other(source).into(),
        }
    }
}
