//! The backends of all routes: how each is reached, its limits, and what was learned about it.

use crate::backend::{Endpoint, Unusable};
use crate::limits::Limits;
use crate::route::{BackendUrl, Route, Routes, Server};
use crate::transfer::Ceiling;
use http::HeaderMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The backends of all routes.
#[derive(Debug)]
pub(super) struct Backends(Vec<Known>);

/// One directory at one backend.
#[derive(Debug)]
pub(super) struct Known {
    /// The way there.
    pub(super) endpoint: Endpoint,
    /// All limits, with its own among them.
    pub(super) limits: Arc<Limits>,
    /// Largest fragment that it was found to take.
    pub(super) ceiling: Ceiling,
}

impl Backends {
    /// Reads the files of each. Connects to nobody.
    pub(super) fn open(routes: &Routes, limits: &Limits) -> Result<Self, Unusable> {
        let mut each: Vec<Known> = Vec::new();
        for route in routes {
            if each.iter().any(|known| known.is_of(&route.backend, &route.server)) {
                continue;
            }
            let files =
                routes.iter().filter(|other| is_same(route, other)).flat_map(|other| carried_files(other));
            let endpoint = Endpoint::open(&route.backend, &route.server, files, &limits.sockets)?;
            let limits = Arc::new(route.server.limits.apply(limits));
            each.push(Known { endpoint, limits, ceiling: Ceiling::default() });
        }
        Ok(Backends(each))
    }

    /// The backend of a route.
    #[expect(
        clippy::expect_used,
        reason = "each route of the configuration has one; there are no other routes"
    )]
    pub(super) fn of(&self, route: &Route) -> &Known {
        let found = self.0.iter().find(|known| known.is_of(&route.backend, &route.server));
        found.expect("it was opened with the routes")
    }

    /// The ways to all.
    pub(super) fn endpoints(&self) -> impl Iterator<Item = Endpoint> {
        self.0.iter().map(|known| known.endpoint.clone())
    }
}

impl Known {
    fn is_of(&self, url: &BackendUrl, server: &Arc<Server>) -> bool {
        self.endpoint.url() == url
            && (Arc::ptr_eq(self.endpoint.server(), server) || self.endpoint.server() == server)
    }
}

fn is_same(one: &Route, other: &Route) -> bool {
    one.backend == other.backend && one.server == other.server
}

/// Files that go along with whatever a route sends: those are the same whoever its client is.
fn carried_files(route: &Route) -> Vec<PathBuf> {
    route.carried(&HeaderMap::new()).files().iter().map(|(_, path)| path.clone()).collect()
}
