//! The seam between the shell that takes requests and whoever runs the uploads.

use super::{Outcome, Permit, Place, Upload};
use crate::bits::Destination;
use crate::digest::Digests;
use crate::error::{Failure, Problem};
use crate::resumable::reply::Told;
use crate::resumable::{Append, Version};
use crate::route::{Carried, Route};
use crate::upload::{self, DigestPlan, Final, Principal};
use bytes::Bytes;
use core::net::SocketAddr;
use http::Method;
use http_body::Body;
use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};

/// Runs uploads. The front knows it, the application implements it.
///
/// A client that goes away shows in one of two ways: while its body is incomplete, the next poll of the body gives an
/// error; later, the receiver of the outcome is dropped.
///
/// A body must not be polled before the backend has agreed to the upload: for a client that expects `100 Continue` the
/// first poll is what asks it to send. A body that is not wanted any more is dropped, not drained: the connection sees
/// to it that the client can read the answer.
pub trait Uploads: Clone + Send + Sync + 'static {
    /// Runs an upload that cannot be resumed in a task of its own, so that it outlives the client's connection, and gives
    /// its outcome. `principal`: who the client is, if it has credentials.
    ///
    /// # Errors
    /// No upload may begin now, or as many run as may. Then nothing was done.
    fn start<B>(
        &self,
        upload: Upload,
        principal: Option<&Principal>,
        body: B,
    ) -> Result<oneshot::Receiver<Outcome>, Failure>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Error + Send + Sync + 'static;

    /// Makes an upload resource. When the future is ready, the resource is remembered, and its URL can be told.
    fn create(&self, new: NewUpload) -> impl Future<Output = Result<Created, Failure>> + Send;

    /// How the upload of that id was begun, whosever it is: by that is decided who may ask about it. It is for nobody else.
    fn begun(&self, id: &str) -> Option<Begun>;

    /// The upload of that id, if it is this principal's.
    fn find(&self, id: &str, principal: Option<&Principal>) -> Option<Found>;

    /// Adds a part to an upload. A request that feeds it already is cut off. If as many uploads run as may, this one waits
    /// for a place, and is cut off when there is none for long.
    fn feed<B>(&self, id: &str, part: NewPart, body: B) -> Feeding
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Error + Send + Sync + 'static;

    /// How far an upload is. A request that feeds it is cut off.
    ///
    /// Fails with the reason why there is no such upload any more.
    fn status(&self, id: &str) -> impl Future<Output = Result<Told, Problem>> + Send;

    /// Cancels an upload. A request that feeds it is cut off.
    ///
    /// Fails with the reason why there is no such upload any more.
    fn cancel(&self, id: &str) -> impl Future<Output = Result<(), Problem>> + Send;

    /// Told of each request that was refused before it became an upload, for the log. Of a head that could not
    /// be read it is told when the connection has ended.
    fn refused(&self, _refusal: Refusal<'_>) {}

    /// Told of each client that is given the final answer of its upload again.
    fn replayed(&self) {}
}

/// A request that makes an upload resource.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// Names the upload in logs and to its client.
    pub name: String,
    /// Who sends it. None: nobody, it is begun by the proxy itself.
    pub client: Option<SocketAddr>,
    /// What the client speaks.
    pub version: &'static Version,
    /// Who the client is, if it has credentials.
    pub principal: Option<Principal>,
    /// Method of the request: PUT or POST.
    pub method: Method,
    /// The route that it came in by.
    pub route: Arc<Route>,
    /// The path of the request, still encoded, without its query.
    pub path: String,
    /// Where the file goes, if its name is free.
    pub destination: Destination,
    /// What goes along to the backend when it is asked about the file.
    pub carried: Carried,
    /// Size of the file in bytes, if the client said it.
    pub total: Option<u64>,
    /// What is to be done about digests of the whole file.
    pub digests: DigestPlan,
}

/// An upload resource that was made.
#[derive(Debug)]
pub struct Created {
    /// The secret part of its URL.
    pub id: String,
    /// The place for its first part.
    pub place: Place,
}

/// How an upload resource was begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// By which route.
    pub route: Arc<Route>,
    /// With which path, still encoded.
    pub path: String,
}

/// An upload resource, as far as is needed to read a request for it.
#[derive(Debug, Clone)]
pub struct Found {
    /// Names the upload in logs and to its client.
    pub name: String,
    /// The route that it came in by.
    pub route: Arc<Route>,
    /// What its client spoke when it began.
    pub version: &'static Version,
    /// Digests that the file has to have.
    pub expected: Digests,
}

/// A request that adds a part to an upload.
#[derive(Debug, Clone)]
pub struct NewPart {
    /// Who sends it. None: nobody, it is begun by the proxy itself.
    pub client: Option<SocketAddr>,
    /// What its head says.
    pub append: Append,
    /// Digests of its content. It is held in memory whole until they are checked.
    pub content_digest: Digests,
    /// What goes along to the backend.
    pub carried: Carried,
    /// Its place among the running uploads, if it has one already.
    pub place: Option<Place>,
    /// What it was let in with.
    pub permit: Permit,
}

/// A part on its way.
#[derive(Debug)]
pub struct Feeding {
    /// What became of it.
    pub outcome: oneshot::Receiver<Fed>,
    /// The offset acknowledged and recorded so far.
    pub recorded: watch::Receiver<u64>,
}

/// What became of a part.
#[derive(Debug)]
pub enum Fed {
    /// The upload has its final answer; `offset` bytes were received.
    Finished {
        /// Stored, or why not.
        answer: Final,
        /// Bytes acknowledged.
        offset: u64,
        /// It had it before this request, whose body was not read.
        replayed: bool,
    },
    /// It was taken whole, and more is to follow from this offset on.
    Taken {
        /// The next byte wanted.
        offset: u64,
    },
    /// It was not taken. The upload goes on, if there is one.
    Refused(upload::Refusal),
    /// The connection has to be broken off: the client then finds out by itself how to go on.
    CutOff,
}

/// A request that did not become an upload. Holds nothing secret: no header, no query.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'a> {
    /// Names the request in logs and to its client.
    pub id: &'a str,
    /// Who sent it.
    pub client: SocketAddr,
    /// Why.
    pub failure: &'a Failure,
    /// Its method, unless the head could not be read.
    pub method: Option<&'a Method>,
    /// Its path, still encoded, unless the head could not be read.
    pub path: Option<&'a str>,
}
