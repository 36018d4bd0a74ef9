//! What the survey needs of the world.

use crate::bits::{Destination, Dialect, Packet};
use crate::transfer::{Answer, Backend, NoAnswer, Patience};
use bytes::Bytes;
use std::future::Future;

/// Ways to one server.
pub trait Site: Sync {
    /// A way that keeps its connection.
    type Way: Backend;

    /// A new way, with a connection of its own.
    fn way(&self, to: &Destination, dialect: &Dialect) -> Self::Way;

    /// GET of a file.
    fn read(
        &self,
        to: &Destination,
        patience: Patience,
    ) -> impl Future<Output = Result<Answer, NoAnswer>> + Send;

    /// DELETE of a file.
    fn delete(
        &self,
        to: &Destination,
        patience: Patience,
    ) -> impl Future<Output = Result<Answer, NoAnswer>> + Send;

    /// Sends the head of a packet and these bytes, fewer than the head announces; then breaks the connection.
    ///
    /// Fails if they could not be sent.
    fn break_off(
        &self,
        to: &Destination,
        dialect: &Dialect,
        packet: &Packet,
        body: Bytes,
        patience: Patience,
    ) -> impl Future<Output = Result<(), NoAnswer>> + Send;
}
