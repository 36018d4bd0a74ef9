//! Requests that only the examination of a server makes ([`crate::survey`]): files of its own are read and deleted, and a
//! connection is broken on purpose.

use super::body::Body;
use super::connection::Connection;
use super::fetch::Client;
use crate::bits::{Destination, Packet};
use crate::route::Carried;
use crate::transfer::{Answer, NoAnswer, Patience};
use bytes::Bytes;
use http::Method;
use http::uri::Authority;
use std::time::Duration;

/// Without a byte moving for so long, what was to be sent is sent.
const SENT: Duration = Duration::from_millis(500);

impl Client {
    /// GET of a file, whole if it is no larger than a reply may be.
    ///
    /// # Errors
    /// If there is no answer, or it is too large.
    pub async fn read(
        &self,
        authority: &Authority,
        file: &Destination,
        carried: &Carried,
        patience: Patience,
    ) -> Result<Answer, NoAnswer> {
        self.ask_for(Method::GET, authority, file, carried, patience).await
    }

    /// DELETE of a file.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn delete(
        &self,
        authority: &Authority,
        file: &Destination,
        carried: &Carried,
        patience: Patience,
    ) -> Result<Answer, NoAnswer> {
        self.ask_for(Method::DELETE, authority, file, carried, patience).await
    }
}

impl Connection {
    /// Sends the head of a packet and these bytes, fewer than the head announces; then closes the connection.
    ///
    /// # Errors
    /// If they could not be sent, or were answered.
    pub async fn break_off(
        &mut self,
        packet: &Packet,
        body: Bytes,
        patience: Patience,
    ) -> Result<(), NoAnswer> {
        let mut link = self.open(patience.connect).await?;
        let request = self.request(packet);
        let soon = Patience { stall: SENT, answer: SENT, ..patience };
        match link.send(request, body.len() as u64, |wire| Body::unfinished(body, wire), soon).await {
            Err(NoAnswer::TimedOut(_)) => Ok(()),
            Err(why) => Err(why),
            Ok(answered) => {
                Err(NoAnswer::Impossible(format!("half a fragment was answered {}", answered.answer.status)))
            }
        }
    }
}
