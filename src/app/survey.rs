//! The examination of a backend, with real sockets.

use super::error::ServeError;
use super::thread::runtime;
use crate::backend::{Connection, Endpoint, Unusable};
use crate::bits::{Destination, Dialect, Packet};
use crate::limits::SocketLimits;
use crate::route::{Carried, Server};
use crate::survey::{Finding, Obstacle, Plan, Report, Site, dialects, survey as ask};
use crate::transfer::{Answer, NoAnswer, Patience};
use bytes::Bytes;
use std::sync::Arc;

/// Finds out what kind of server a backend is. `observe` is told of each finding when it is made.
///
/// # Errors
/// The outer one if a file that the settings name can't be used, or the system refuses a runtime; the inner one says why
/// nothing can be uploaded there.
pub fn survey(plan: &Plan, observe: impl FnMut(&Finding)) -> Result<Result<Report, Obstacle>, ServeError> {
    let place = Place::open(plan)?;
    Ok(runtime()?.block_on(ask(&place, plan, observe)))
}

/// One directory of one server, with a way for each dialect.
struct Place {
    ways: Vec<(Dialect, Endpoint)>,
    first: Endpoint,
}

impl Place {
    fn open(plan: &Plan) -> Result<Self, Unusable> {
        let open = |dialect: &Dialect| {
            let server = Arc::new(Server { dialect: dialect.clone(), ..plan.server.clone() });
            Endpoint::open(&plan.backend, &server, [], &SocketLimits::default())
        };
        let first = open(&plan.server.dialect)?;
        let ways = dialects(&plan.server.dialect).into_iter();
        let ways = ways.map(|dialect| open(&dialect).map(|endpoint| (dialect, endpoint)));
        Ok(Place { ways: ways.collect::<Result<_, _>>()?, first })
    }
}

impl Site for Place {
    type Way = Connection;

    fn way(&self, to: &Destination, dialect: &Dialect) -> Self::Way {
        let known = self.ways.iter().find(|(other, _)| other == dialect);
        let endpoint = known.map_or(&self.first, |(_, endpoint)| endpoint);
        endpoint.connection(to.clone(), Carried::default())
    }

    async fn read(&self, to: &Destination, patience: Patience) -> Result<Answer, NoAnswer> {
        self.first.connection(to.clone(), Carried::default()).read(patience).await
    }

    async fn delete(&self, to: &Destination, patience: Patience) -> Result<Answer, NoAnswer> {
        self.first.connection(to.clone(), Carried::default()).delete(patience).await
    }

    async fn break_off(
        &self,
        to: &Destination,
        dialect: &Dialect,
        packet: &Packet,
        body: Bytes,
        patience: Patience,
    ) -> Result<(), NoAnswer> {
        self.way(to, dialect).break_off(packet, body, patience).await
    }
}
