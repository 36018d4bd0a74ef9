//! The examination of a backend, with real sockets.

use crate::backend;
use crate::bits::{Destination, Dialect, Packet};
use crate::limits::SocketLimits;
use crate::route::{BackendUrl, Carried};
use crate::survey::{Finding, Obstacle, Plan, Report, Site, survey as ask};
use crate::transfer::{Answer, NoAnswer, Patience};
use bytes::Bytes;
use std::io;

/// Finds out what kind of server a backend is. `observe` is told of each finding when it is made.
///
/// # Errors
/// The outer one if the system refuses a runtime or an HTTP client; the inner one says why nothing can be uploaded there.
pub fn survey(plan: &Plan, observe: impl FnMut(&Finding)) -> io::Result<Result<Report, Obstacle>> {
    let client = backend::Client::new(&SocketLimits::default()).map_err(io::Error::other)?;
    let place = Place { client, backend: plan.backend.clone() };
    Ok(super::runtime()?.block_on(ask(&place, plan, observe)))
}

/// One directory of one server.
struct Place {
    client: backend::Client,
    backend: BackendUrl,
}

impl Site for Place {
    type Way = backend::Connection;

    fn way(&self, to: &Destination, dialect: &Dialect) -> Self::Way {
        let connection = self.client.connection(self.backend.authority.clone(), to.clone());
        connection.speaking(dialect.clone())
    }

    async fn read(&self, to: &Destination, patience: Patience) -> Result<Answer, NoAnswer> {
        self.client.read(&self.backend.authority, to, &Carried::default(), patience).await
    }

    async fn delete(&self, to: &Destination, patience: Patience) -> Result<Answer, NoAnswer> {
        self.client.delete(&self.backend.authority, to, &Carried::default(), patience).await
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
