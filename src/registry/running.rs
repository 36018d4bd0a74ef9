//! Who may bring bytes at the moment: `limits.uploads.max_running`, and `max_running` of a route.
//!
//! A new upload that finds no place is refused: its client loses nothing. One that is gone on with is not, because a 5xx
//! makes Apple's systems give up: it waits, and is then broken off. An upload has one place whoever feeds it: a request
//! that takes over from another one takes over its place, too.

use super::{Host, Registry};
use crate::error::{Failure, Problem};
use crate::route::Route;
use crate::transfer::{Full, Place, Places, network};
use crate::upload::Owner;
use core::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
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

/// The places of all, and those of the routes that have a limit of their own.
#[derive(Debug)]
pub(super) struct Running {
    all: Places<Who>,
    /// From the first upload on: a handful at most.
    routes: Mutex<Vec<(Arc<Route>, Places<()>)>>,
}

impl Running {
    pub(super) fn new(max: u32, per_client: u32) -> Self {
        Running { all: Places::new(max, per_client), routes: Mutex::default() }
    }

    pub(super) fn taken(&self) -> usize {
        self.all.taken()
    }

    /// The places of a route.
    fn of(&self, route: &Arc<Route>) -> Option<Places<()>> {
        let max = route.max_running?;
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, places)) =
            routes.iter().find(|(other, _)| Arc::ptr_eq(other, route) || other == route)
        {
            return Some(places.clone());
        }
        let places = Places::new(max, 0);
        routes.push((Arc::clone(route), places.clone()));
        Some(places)
    }
}

impl<H: Host> Registry<H> {
    /// A place for a new upload.
    pub(super) fn try_enter(
        &self,
        owner: Option<Owner>,
        client: Option<SocketAddr>,
        route: &Arc<Route>,
    ) -> Result<Place, Failure> {
        let full =
            |whose| Failure::new(Problem::TooManyRunning, format!("as many uploads {whose}run as may"));
        let of_route = match self.inner.running.of(route) {
            Some(places) => Some(places.try_enter(()).map_err(|_| full("of this route "))?),
            None => None,
        };
        let place =
            self.inner.running.all.try_enter(Who::of(owner, client)).map_err(|limit| match limit {
                Full::Client => full("of this client "),
                Full::All => full(""),
            })?;
        Ok(of_route.into_iter().fold(place, Place::and))
    }

    /// Waits for a place for a part of an upload.
    pub(super) async fn enter(
        &self,
        owner: Option<Owner>,
        client: Option<SocketAddr>,
        route: &Arc<Route>,
    ) -> Place {
        // Who waits for a busy route keeps nobody of another route waiting.
        let of_route = match self.inner.running.of(route) {
            Some(places) => Some(places.enter(()).await),
            None => None,
        };
        let place = self.inner.running.all.enter(Who::of(owner, client)).await;
        of_route.into_iter().fold(place, Place::and)
    }
}
