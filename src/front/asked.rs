//! One request, and what comes of it.

use super::interim::Interim;
use crate::access::Peer;
use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body_util::Full;
use std::net::SocketAddr;
use thiserror::Error;
use uuid::Uuid;

/// One request, as far as it matters for answering it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Names it, or the upload that it is about, in logs and to its client.
    pub(super) id: String,
    /// Who sent it: not always who is at the other end of the connection.
    pub(super) client: SocketAddr,
    /// Who is at the other end of the connection.
    pub(super) peer: Peer,
    pub(super) head: Parts,
    /// It has a body, or may have one: after a failure nobody knows how much of it is still to come.
    pub(super) has_body: bool,
    pub(super) interim: Interim,
}

/// The answer to a request, or the wish to break its connection off.
pub(super) type Answer = Result<Response<Full<Bytes>>, CutOff>;

/// A service's wish to break the request off instead of an answer: its connection, or (HTTP/2) its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the request is cut off on purpose")]
pub(super) struct CutOff;

/// Twelve random hexadecimal digits: enough to tell the requests in a log apart.
pub(super) fn new_id() -> String {
    let mut id = Uuid::new_v4().simple().to_string();
    id.truncate(12);
    id
}
