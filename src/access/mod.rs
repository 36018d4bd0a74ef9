//! Who is at the other end, and may they upload? The terms in which that is asked and answered.
//!
//! Pure: what knows users, files of hashes and other services implements [`Guard`].

mod listener;
mod proxies;

pub use listener::{Address, CertificateFiles, ClientAuth, Listener, Tls, TlsVersion};
pub use proxies::{Forwarded, Proxies, Trusted};

use crate::error::Failure;
use crate::route::Route;
use crate::upload::Principal;
use core::net::SocketAddr;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;

/// What is at the other end of a client's connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its address: that of the socket, or what a trusted load balancer said of it by the PROXY protocol. For a Unix
    /// socket [`Address::UNIX_PEER`].
    pub address: SocketAddr,
    /// Whether the connection is encrypted up to here, or a trusted proxy says that the client's is.
    pub encrypted: bool,
    /// Names in the certificate that it proved to have, if it has one: the common name of its subject and all DNS and
    /// e-mail names.
    pub names: Arc<[String]>,
}

impl Peer {
    /// A client without encryption.
    pub fn plain(address: SocketAddr) -> Self {
        Peer { address, encrypted: false, names: Arc::default() }
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Peer::plain(address)
    }
}

/// A request that wants in.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'a> {
    /// What is at the other end of the connection.
    pub peer: &'a Peer,
    /// The client, which may be another one if trusted proxies stand between.
    pub client: SocketAddr,
    /// Where it wants to upload.
    pub route: &'a Route,
    /// The host that trusted proxies say the client asked for, if they say so. It chose the route.
    pub host: Option<&'a str>,
    /// What it is about: path and query of the request that begins an upload. Of one to the URL of an upload, which is a
    /// secret, the path of the request that began it.
    pub uri: &'a str,
    /// The head of its request.
    pub head: &'a Parts,
}

/// A request that was let in.
#[derive(Debug, Clone, Default)]
pub struct Admitted {
    /// Who it is. None: nobody in particular, or the route does not ask.
    pub principal: Option<Principal>,
    /// The same as a name for the log. It is public: no part of it opens anything.
    pub user: Option<String>,
    /// Fields that an authority adds to what goes to the backend.
    pub headers: HeaderMap,
}

/// A request that was not.
#[derive(Debug, Clone)]
pub struct Denied {
    /// Why.
    pub failure: Failure,
    /// Nobody has decided, because nobody could: the same request may be let in later.
    pub undecided: bool,
    /// Who it says it is, where that is known and nobody has checked it. Whoever says to be somebody else is no owner.
    pub claims: Option<Box<Principal>>,
    /// Values of `WWW-Authenticate`, if it can try again with credentials.
    pub challenges: Vec<HeaderValue>,
}

impl Denied {
    /// Without a challenge: other credentials would not help.
    pub fn new(failure: Failure) -> Self {
        Denied { failure, undecided: false, claims: None, challenges: Vec::new() }
    }
}

/// Decides who gets in.
pub trait Guard: Debug + Clone + Send + Sync + 'static {
    /// Whether the request may do what it wants. Whoever cannot find out says no.
    fn admit(&self, visit: Visit<'_>) -> impl Future<Output = Result<Admitted, Denied>> + Send;

    /// The same for a request that was let in before, when what it came for is about to be done. It is no attempt: nothing
    /// is counted against whoever fails.
    fn confirm(&self, visit: Visit<'_>) -> impl Future<Output = Result<Admitted, Denied>> + Send {
        self.admit(visit)
    }
}

/// Lets everybody in: whoever stands in front decides.
#[derive(Debug, Clone, Copy, Default)]
pub struct Open;

impl Guard for Open {
    async fn admit(&self, _visit: Visit<'_>) -> Result<Admitted, Denied> {
        Ok(Admitted::default())
    }
}
