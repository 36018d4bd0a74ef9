//! What is fixed when an upload begins.

use super::Owner;
use crate::bits::{Checkpoint, Destination};
use crate::digest::{Algorithm, Digests, HasherState};
use crate::resumable::Version;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method};
use std::time::SystemTime;

/// What is fixed when an upload begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Names the upload in logs and to its client; the id of its first request. Not the secret part of its URL.
    pub name: String,
    /// The version that it was created with.
    pub version: &'static Version,
    /// Whose it is; nothing: whoever knows its URL.
    pub owner: Option<Owner>,
    /// Method of the request that began it.
    pub method: Method,
    /// Label of its route.
    pub route: String,
    /// Path of the request that began it, still encoded, without its query. Empty: the record was made by a program that did
    /// not remember it.
    pub path: String,
    /// The target that was asked for: another one than that of `destination`, if its name was taken.
    pub wanted: PathAndQuery,
    /// Where the file goes.
    pub destination: Destination,
    /// What the client says that the bytes come to, and what it wants to be told.
    pub digests: DigestPlan,
    /// When it began.
    pub created: SystemTime,
}

/// What is to be done about digests of the whole file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DigestPlan {
    /// Without these the file is not published.
    pub expected: Digests,
    /// The final answer carries this one.
    pub wanted: Option<Algorithm>,
}

impl DigestPlan {
    /// Every algorithm needed.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.expected.algorithms().chain(self.wanted)
    }
}

/// What a later request needs to go on where an earlier one stopped.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Continuation {
    /// Where the session stands; nothing: none was opened.
    pub checkpoint: Option<Checkpoint>,
    /// The digests, if any are needed. They may end before the acknowledged offset: what a request brought before the
    /// process died is at the backend, and its digest is lost.
    pub digest: Option<HasherState>,
    /// Headers of the backend that the final answer will carry.
    pub headers: HeaderMap,
}

impl Continuation {
    /// The next byte wanted: the backend has all before it, and none of them is needed for a digest any more.
    pub fn offset(&self) -> u64 {
        let hashed = self.digest.as_ref().map_or(u64::MAX, HasherState::position);
        self.acknowledged().min(hashed)
    }

    /// Bytes acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.offset)
    }
}
