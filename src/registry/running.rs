//! Who may bring bytes at the moment: `limits.uploads.max_running`.
//!
//! A new upload that finds no place is refused: its client loses nothing. One that is gone on with is not, because a 5xx
//! makes Apple's systems give up: it waits, and is then broken off. An upload has one place whoever feeds it: a request
//! that takes over from another one takes over its place, too.

use super::{Host, Registry};
use crate::error::{Failure, Problem};
use crate::transfer::{Full, Place, network};
use crate::upload::Owner;
use core::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How long a part of an upload waits for a place. Shorter than the pause after which clients and what stands in between
/// take a connection for dead (mostly 60 s).
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// What tells clients apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// By its credentials.
    Owner(Owner),
    /// By its address.
    Network(IpAddr),
    /// This proxy itself.
    Nobody,
}

impl Who {
    pub(super) fn of(owner: Option<Owner>, client: Option<SocketAddr>) -> Self {
        match (owner, client) {
            (Some(owner), _) => Who::Owner(owner),
            (None, Some(client)) => Who::Network(network(client.ip())),
            (None, None) => Who::Nobody,
        }
    }
}

impl<H: Host> Registry<H> {
    /// A place for a new upload.
    pub(super) fn try_enter(
        &self,
        owner: Option<Owner>,
        client: Option<SocketAddr>,
    ) -> Result<Place, Failure> {
        self.inner.running.try_enter(Who::of(owner, client)).map_err(|full| {
            let whose = if full == Full::Client { "of this client " } else { "" };
            Failure::new(Problem::TooManyRunning, format!("as many uploads {whose}run as may"))
        })
    }

    /// Waits for a place for a part of an upload.
    pub(super) async fn enter(&self, owner: Option<Owner>, client: Option<SocketAddr>) -> Place {
        self.inner.running.enter(Who::of(owner, client)).await
    }
}
