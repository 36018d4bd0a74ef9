//! Makes the listeners of a configuration: all of them or none.

use super::acceptor::Gate;
use super::error::ServeError;
use crate::access::{Listener, Proxies};
use crate::limits::Limits;
use crate::listen::{self, Entrance, Passed, Place};
use std::fmt;
use std::sync::Arc;

/// A place where clients connect, for logs.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub(super) place: Place,
    is_encrypted: bool,
    is_proxied: bool,
}

impl Open {
    /// Whether others on the network can read what clients show there.
    pub(super) fn is_overheard(&self) -> bool {
        let is_local = match &self.place {
            Place::Tcp(address) => address.ip().is_loopback(),
            _ => true,
        };
        !is_local && !self.is_encrypted
    }
}

impl fmt::Display for Open {
    /// As a URL, where it has one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.place, self.is_encrypted) {
            (Place::Tcp(address), true) => write!(f, "https://{address}")?,
            (Place::Tcp(address), false) => write!(f, "http://{address}")?,
            (place, true) => write!(f, "{place}, with TLS")?,
            (place, false) => write!(f, "{place}")?,
        }
        f.write_str(if self.is_proxied { ", behind the PROXY protocol" } else { "" })
    }
}

/// Reads the certificates, then binds.
pub(super) fn open(
    listeners: Vec<Listener>,
    proxies: &Arc<Proxies>,
    passed: Passed,
    limits: &Limits,
) -> Result<Vec<Gate>, ServeError> {
    let mut entrances = Vec::with_capacity(listeners.len());
    for listener in &listeners {
        let entrance = Entrance::new(listener.clone(), Arc::clone(proxies), limits.time.header)
            .map_err(|source| ServeError::Certificate { source })?;
        entrances.push(Arc::new(entrance));
    }
    let bound = listen::bind(&listeners, passed, limits.sockets.receive_buffer)
        .map_err(|source| ServeError::Bind { source })?;
    let gate = |bound: listen::Bound| {
        let entrance = Arc::clone(entrances.get(bound.listener)?);
        Some(Gate { bound, entrance })
    };
    Ok(bound.into_iter().filter_map(gate).collect())
}

impl Gate {
    /// What is said of it.
    pub(super) fn open(&self) -> Open {
        let Listener { proxy_protocol, tls, .. } = self.entrance.listener();
        let place = self.bound.place.clone();
        Open { place, is_encrypted: tls.is_some(), is_proxied: *proxy_protocol }
    }
}
