//! The backends of all routes: how each is reached, its limits, and what was learned about it.

use crate::backend::{Connection, Endpoint, Unusable};
use crate::bits::{Destination, Node};
use crate::limits::Limits;
use crate::route::{BackendUrl, Carried, Route, Routes, Server};
use crate::transfer::{Answer, Backend, Call, Ceiling, NoAnswer, Patience};
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

    /// The backend of a route. Each route of the configuration has one.
    pub(super) fn of(&self, route: &Route) -> Option<&Known> {
        self.0.iter().find(|known| known.is_of(&route.backend, &route.server))
    }

    /// The way to a destination of a route.
    pub(super) fn way(&self, route: &Route, destination: &Destination, carried: &Carried) -> Way {
        let known = self.of(route);
        Way(known.map(|known| known.endpoint.connection(destination.clone(), carried.clone())))
    }

    /// The ways to all.
    pub(super) fn endpoints(&self) -> impl Iterator<Item = Endpoint> {
        self.0.iter().map(|known| known.endpoint.clone())
    }
}

/// The way to a backend; nothing: to one that is in no configuration, and so is not contacted.
#[derive(Debug)]
pub(super) struct Way(Option<Connection>);

impl Backend for Way {
    fn go_to(&mut self, node: Option<&Node>) {
        if let Way(Some(connection)) = self {
            connection.go_to(node);
        }
    }

    async fn exchange(&mut self, call: Call, patience: Patience) -> Result<Answer, NoAnswer> {
        match self {
            Way(Some(connection)) => connection.exchange(call, patience).await,
            Way(None) => Err(NoAnswer::Impossible("the backend is in no configuration".to_owned())),
        }
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
