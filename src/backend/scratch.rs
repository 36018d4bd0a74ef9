//! Requests that only the examination of a server makes ([`crate::survey`]): files of its own are read and deleted, and a
//! connection is broken on purpose.

use super::body::Body;
use super::connection::Connection;
use super::fetch::target_url;
use crate::bits::Packet;
use crate::transfer::{Answer, NoAnswer, Patience};
use bytes::Bytes;
use http::{Method, StatusCode};
use std::time::Duration;

/// Without a byte moving for so long, what was to be sent is sent.
const SENT: Duration = Duration::from_millis(500);

impl Connection {
    /// GET of the file, whole if it is no larger than a reply may be.
    ///
    /// # Errors
    /// If there is no answer, or it is too large.
    pub async fn read(&mut self, patience: Patience) -> Result<Answer, NoAnswer> {
        self.ask_for(Method::GET, patience).await
    }

    /// DELETE of the file.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn delete(&mut self, patience: Patience) -> Result<Answer, NoAnswer> {
        self.ask_for(Method::DELETE, patience).await
    }

    async fn ask_for(&mut self, method: Method, patience: Patience) -> Result<Answer, NoAnswer> {
        let fields = self.endpoint.fields(&self.carried, false).await.map_err(NoAnswer::Impossible)?;
        let url = target_url(self.endpoint.url().scheme, &self.authority, &self.destination)?;
        self.fetch(method, url, fields, patience).await
    }

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
        let answered =
            |status: StatusCode| NoAnswer::Impossible(format!("half a fragment was answered {status}"));
        let fields = self.endpoint.fields(&self.carried, false).await.map_err(NoAnswer::Impossible)?;
        let request = self.request(packet, fields);
        let mut link = self.enter(patience).await?.map_err(|refused| answered(refused.status))?;
        let soon = Patience { stall: SENT, answer: SENT, ..patience };
        match link.send(request, body.len() as u64, |wire| Body::unfinished(body, wire), soon).await {
            Err(NoAnswer::TimedOut(_)) => Ok(()),
            Err(why) => Err(why),
            Ok(early) => Err(answered(early.answer.status)),
        }
    }
}
