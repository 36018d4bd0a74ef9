//! The listener for probes and metrics.

use super::error::ServeError;
use super::figures::Watched;
use super::thread::spawn;
use crate::admin;
use crate::listen::bind_tcp;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio_util::sync::{CancellationToken, DropGuard};

/// It answers until this is dropped.
#[derive(Debug)]
pub(super) struct Probes {
    /// Where.
    pub(super) addr: SocketAddr,
    /// Dropping it ends the listener.
    _stop: DropGuard,
}

/// Takes the address, if there is one.
pub(super) fn bind(addr: Option<SocketAddr>) -> Result<Option<TcpListener>, ServeError> {
    let bound = |addr| bind_tcp(addr, None).map_err(|source| ServeError::BindAdmin { addr, source });
    addr.map(bound).transpose()
}

/// Answers probes and asks for metrics, on a thread of its own.
pub(super) fn watch(listener: TcpListener, watched: Watched) -> Result<Probes, ServeError> {
    let (addr, stop) = (listener.local_addr()?, CancellationToken::new());
    // Nobody waits for the thread: it has nothing to bring to an end.
    drop(spawn("admin".into(), admin::serve(listener, Arc::new(watched), stop.clone()))?);
    Ok(Probes { addr, _stop: stop.drop_guard() })
}
