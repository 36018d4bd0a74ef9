//! One upload's way to its server: which connection a packet takes, and when a new one is opened.

use super::body;
use super::dial::Dialer;
use super::fetch::Client;
use super::link::{Answered, Link};
use crate::bits::{Destination, Dialect, Node, Packet};
use crate::route::Carried;
use crate::transfer::{Answer, Backend, Call, NoAnswer, Patience};
use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderValue, Request};
use std::sync::Arc;
use std::time::Duration;

/// The way to one destination for one upload. Made by [`Client::connection`]; never shared between uploads.
///
/// The connection is opened with the first packet and kept until it breaks, is closed by the server, or is left with
/// an answer or request that did not end. A kept connection found closed before a byte was written is replaced
/// within the same call: nothing was sent, so that is no repetition.
pub struct Connection {
    client: Client,
    /// The host that was configured, and the value of `Host` for it.
    origin: (Authority, HeaderValue),
    /// Where it goes: the origin, or one of its nodes.
    authority: Authority,
    node: Option<Node>,
    destination: Destination,
    dialect: Dialect,
    carried: Carried,
    dialer: Dialer,
    link: Option<Link>,
}

impl Client {
    /// The way to `destination` at the server `authority`, for one upload. Connects with the first packet.
    pub fn connection(&self, authority: Authority, destination: Destination) -> Connection {
        let dialer = Dialer::new(&authority, self.send_buffer);
        Connection {
            client: self.clone(),
            origin: (authority.clone(), destination.host.clone()),
            authority,
            node: None,
            destination,
            dialect: Dialect::default(),
            carried: Carried::default(),
            dialer,
            link: None,
        }
    }
}

impl Connection {
    /// Writes packets in that way.
    #[must_use]
    pub fn speaking(self, dialect: Dialect) -> Self {
        Connection { dialect, ..self }
    }

    /// Takes these fields along with every request.
    #[must_use]
    pub fn carrying(self, carried: Carried) -> Connection {
        Connection { carried, ..self }
    }

    async fn packet(
        &mut self,
        packet: &Packet,
        body: Vec<Bytes>,
        patience: Patience,
    ) -> Result<Answer, NoAnswer> {
        let (owed, given) = (packet.content_length(), body::length(&body));
        if owed != given {
            return Err(NoAnswer::Impossible(format!("a body of {given} bytes where {owed} are announced")));
        }
        let pieces: Arc<[Bytes]> = body.into();

        // The connection is out of `self` while it is in use: if this future is dropped, so is the connection.
        if let Some(mut link) = self.link.take()
            && link.ready().await
        {
            match self.ask(link, packet, pieces.clone(), patience).await {
                Err(NoAnswer::Unsent(why)) => {
                    tracing::debug!(backend = %self.authority, why, "kept connection was closed");
                }
                outcome => return outcome,
            }
        }
        let link = self.open(patience.connect).await?;
        self.ask(link, packet, pieces, patience).await
    }

    /// Asks over `link` and keeps it if it can be used again.
    async fn ask(
        &mut self,
        mut link: Link,
        packet: &Packet,
        pieces: Arc<[Bytes]>,
        patience: Patience,
    ) -> Result<Answer, NoAnswer> {
        match link.ask(self.request(packet), pieces, patience).await {
            Ok(Answered { answer, reusable }) => {
                self.link = reusable.then_some(link);
                Ok(answer)
            }
            Err(no_answer) => Err(self.asked(packet, no_answer)),
        }
    }

    /// The packet as it goes out.
    pub(super) fn request(&self, packet: &Packet) -> Request<()> {
        let mut request = packet.request(&self.destination, &self.dialect);
        self.carried.put_into(request.headers_mut());
        request
    }

    pub(super) async fn open(&mut self, limit: Duration) -> Result<Link, NoAnswer> {
        let unsent = |why| NoAnswer::Unsent(format!("connecting to {}: {why}", self.authority));
        let tcp = self.dialer.dial(limit).await.map_err(unsent)?;
        tracing::debug!(backend = %self.authority, peer = ?tcp.peer_addr().ok(), "connected");
        Link::new(tcp).await.map_err(|error| unsent(error.to_string()))
    }

    /// Puts before the reason what was asked of whom.
    fn asked(&self, packet: &Packet, no_answer: NoAnswer) -> NoAnswer {
        let say = |why| format!("{} to {}: {why}", packet.kind(), self.authority);
        match no_answer {
            NoAnswer::Unsent(why) => NoAnswer::Unsent(say(why)),
            NoAnswer::Lost(why) => NoAnswer::Lost(say(why)),
            NoAnswer::TimedOut(why) => NoAnswer::TimedOut(say(why)),
            NoAnswer::Impossible(why) => NoAnswer::Impossible(say(why)),
        }
    }
}

impl Backend for Connection {
    fn go_to(&mut self, node: Option<&Node>) {
        if self.node.as_ref() == node {
            return;
        }
        let at = node.and_then(|node| node.authority(&self.origin.0));
        let host = at.as_ref().and_then(|at| HeaderValue::from_str(at.as_str()).ok());
        // A node was read as a host, so it is an authority and a header value.
        let (authority, host) = at.zip(host).unwrap_or_else(|| self.origin.clone());
        self.dialer = Dialer::new(&authority, self.client.send_buffer);
        (self.authority, self.destination.host, self.node) = (authority, host, node.cloned());
        self.link = None;
    }

    async fn exchange(&mut self, call: Call, patience: Patience) -> Result<Answer, NoAnswer> {
        match call {
            Call::Packet { packet, body } => self.packet(&packet, body, patience).await,
            Call::Evidence => {
                self.client.evidence(&self.authority, &self.destination, &self.carried, patience).await
            }
            Call::Reply { url } => {
                self.client.reply(&self.authority, &self.destination, &self.carried, &url, patience).await
            }
        }
    }
}
