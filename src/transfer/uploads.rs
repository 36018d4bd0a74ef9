//! The seam between the shell that takes requests and whoever runs the uploads.

use super::{Outcome, Upload};
use crate::error::Failure;
use bytes::Bytes;
use core::net::SocketAddr;
use http::Method;
use http_body::Body;
use std::error::Error;
use tokio::sync::oneshot;

/// Runs uploads. The front knows it, the application implements it.
pub trait Uploads: Clone + Send + Sync + 'static {
    /// Runs the upload in a task of its own, so that it outlives the client's connection, and gives its outcome.
    ///
    /// A client that goes away shows in one of two ways: while its body is incomplete, the next poll of the body
    /// gives an error; later, the receiver is dropped.
    ///
    /// The body must not be polled before the backend has agreed to the upload: for a client that expects `100
    /// Continue` the first poll is what asks it to send. A body that is not wanted any
    /// more is dropped, not drained: the connection sees to it that the client can read the answer.
    fn start<B>(&self, upload: Upload, body: B) -> oneshot::Receiver<Outcome>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Error + Send + Sync + 'static;

    /// Told of each request that was refused before it became an upload, for the log. Of a head that could not
    /// be read it is told when the connection has ended.
    fn refused(&self, _refusal: Refusal<'_>) {}
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
