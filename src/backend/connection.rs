//! One upload's way to its server: which connection a packet takes, and when a new one is opened.

use super::body;
use super::dial::Dialer;
use super::endpoint::Endpoint;
use super::link::{Answered, Link};
use crate::bits::{Destination, Node, Packet};
use crate::route::Carried;
use crate::transfer::{Answer, Backend, Call, NoAnswer, Patience};
use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use std::sync::Arc;

/// The way to one destination for one upload. Made by [`Endpoint::connection`]; never shared between uploads.
///
/// The connection is opened with the first packet and kept until it breaks, is closed by the server, or is left with
/// an answer or request that did not end. A kept connection found closed before a byte was written is replaced
/// within the same call: nothing was sent, so that is no repetition.
///
/// After a 401 the credentials are read again before the next request, and a connection that has to prove itself is
/// replaced. Whether there is a next request is not decided here.
#[derive(Debug)]
pub struct Connection {
    pub(super) endpoint: Endpoint,
    /// Where it goes: the host that was configured, or one of its nodes.
    pub(super) authority: Authority,
    pub(super) node: Option<Node>,
    /// The value of `Host` for the host that was configured.
    origin: HeaderValue,
    pub(super) destination: Destination,
    pub(super) carried: Carried,
    dialer: Dialer,
    pub(super) link: Option<Link>,
    /// The last answer was 401.
    pub(super) refused: bool,
}

impl Endpoint {
    /// The way to `destination` for one upload, whose requests take `carried` along. Connects with the first packet.
    pub fn connection(&self, destination: Destination, carried: Carried) -> Connection {
        Connection::new(self.clone(), destination, carried)
    }
}

impl Connection {
    fn new(endpoint: Endpoint, destination: Destination, carried: Carried) -> Self {
        let authority = endpoint.url().authority.clone();
        Connection {
            dialer: endpoint.dialer(&authority),
            endpoint,
            authority,
            node: None,
            origin: destination.host.clone(),
            destination,
            carried,
            link: None,
            refused: false,
        }
    }

    async fn packet(
        &mut self,
        packet: &Packet,
        body: Vec<Bytes>,
        fields: HeaderMap,
        patience: Patience,
    ) -> Result<Answer, NoAnswer> {
        let (owed, given) = (packet.content_length(), body::length(&body));
        if owed != given {
            return Err(NoAnswer::Impossible(format!("a body of {given} bytes where {owed} are announced")));
        }
        self.over_link(packet.kind().as_str(), self.request(packet, fields), body.into(), patience).await
    }

    /// The packet as it goes out.
    pub(super) fn request(&self, packet: &Packet, fields: HeaderMap) -> Request<()> {
        let mut request = packet.request(&self.destination, &self.endpoint.server().dialect);
        put_beside(request.headers_mut(), fields);
        request
    }

    /// Sends it over the connection that there is, or over a new one. `what` it is, for whoever reads why it failed.
    pub(super) async fn over_link(
        &mut self,
        what: &str,
        request: Request<()>,
        pieces: Arc<[Bytes]>,
        patience: Patience,
    ) -> Result<Answer, NoAnswer> {
        // The connection is out of `self` while it is in use: if this future is dropped, so is the connection.
        if let Some(mut link) = self.link.take()
            && link.ready().await
        {
            match self.ask(link, what, request.clone(), pieces.clone(), patience).await {
                Err(NoAnswer::Unsent(why)) => {
                    tracing::debug!(backend = %self.authority, why, "kept connection was closed");
                }
                outcome => return outcome,
            }
        }
        // In a box: it is needed once, and larger than all that follows.
        match Box::pin(self.enter(patience)).await? {
            Ok(link) => self.ask(link, what, request, pieces, patience).await,
            // That is what the server says to this packet, too.
            Err(refused) => Ok(refused),
        }
    }

    /// A new connection on which the server knows the proxy, or its answer if it does not want to.
    pub(super) async fn enter(&mut self, patience: Patience) -> Result<Result<Link, Answer>, NoAnswer> {
        let link = self.open(patience).await?;
        #[cfg(feature = "negotiate")]
        return self.log_in(link, patience).await;
        #[cfg(not(feature = "negotiate"))]
        Ok(Ok(link))
    }

    /// Asks over `link` and keeps it if it can be used again.
    async fn ask(
        &mut self,
        mut link: Link,
        what: &str,
        request: Request<()>,
        pieces: Arc<[Bytes]>,
        patience: Patience,
    ) -> Result<Answer, NoAnswer> {
        let answered = link.ask(request, pieces, patience).await;
        let Answered { answer, reusable } = answered.map_err(|no_answer| self.asked(what, no_answer))?;
        self.link = reusable.then_some(link);
        Ok(answer)
    }

    async fn open(&mut self, patience: Patience) -> Result<Link, NoAnswer> {
        let authority = &self.authority;
        let unsent = |why| NoAnswer::Unsent(format!("connecting to {authority}: {why}"));
        let connected = self.endpoint.connect(&mut self.dialer, self.node.is_some(), patience.connect).await;
        let (stream, wire) = connected.map_err(unsent)?;
        Link::new(stream, wire).await.map_err(|error| unsent(error.to_string()))
    }

    /// Puts before the reason what was asked of whom.
    fn asked(&self, what: &str, no_answer: NoAnswer) -> NoAnswer {
        let say = |why| format!("{what} to {}: {why}", self.authority);
        match no_answer {
            NoAnswer::Unsent(why) => NoAnswer::Unsent(say(why)),
            NoAnswer::Lost(why) => NoAnswer::Lost(say(why)),
            NoAnswer::TimedOut(why) => NoAnswer::TimedOut(say(why)),
            NoAnswer::Impossible(why) => NoAnswer::Impossible(say(why)),
        }
    }

    /// Whether the connection is what the server knows the proxy by.
    pub(super) fn proves_itself_by_connection(&self) -> bool {
        #[cfg(feature = "negotiate")]
        return matches!(self.endpoint.credentials(), super::credentials::Credentials::Windows(_));
        #[cfg(not(feature = "negotiate"))]
        false
    }
}

/// Adds fields to those of the protocol, which stay as they are.
pub(super) fn put_beside(headers: &mut HeaderMap, fields: HeaderMap) {
    let mut fresh = HeaderMap::with_capacity(fields.len());
    let mut last = None;
    for (name, value) in fields {
        // Further values of one name come without it.
        last = name.or(last);
        if let Some(name) = last.as_ref().filter(|name| !headers.contains_key(*name)) {
            fresh.append(name.clone(), value);
        }
    }
    headers.extend(fresh);
}

impl Backend for Connection {
    fn go_to(&mut self, node: Option<&Node>) {
        if self.node.as_ref() == node {
            return;
        }
        let origin = &self.endpoint.url().authority;
        let at = node.and_then(|node| node.authority(origin));
        let host = at.as_ref().and_then(|at| HeaderValue::from_str(at.as_str()).ok());
        // A node was read as a host, so it is an authority and a header value.
        let (authority, host) = at.zip(host).unwrap_or_else(|| (origin.clone(), self.origin.clone()));
        self.dialer = self.endpoint.dialer(&authority);
        (self.authority, self.destination.host, self.node) = (authority, host, node.cloned());
        self.link = None;
    }

    async fn exchange(&mut self, call: Call, patience: Patience) -> Result<Answer, NoAnswer> {
        let fields = Box::pin(self.endpoint.fields(&self.carried, self.refused))
            .await
            .map_err(NoAnswer::Impossible)?;
        let result = match call {
            Call::Packet { packet, body } => self.packet(&packet, body, fields, patience).await,
            Call::Evidence => Box::pin(self.evidence(fields, patience)).await,
            Call::Reply { url } => Box::pin(self.reply(&url, fields, patience)).await,
        };
        if let Ok(answer) = &result {
            self.refused = answer.status == StatusCode::UNAUTHORIZED;
            if self.refused && self.proves_itself_by_connection() {
                self.link = None;
            }
        }
        result
    }
}
