//! Which request goes to which backend, and under which name: pure data and path rules.
//!
//! The only place that decides which request paths name a file and which file name they give. It does no I/O.

use crate::bits::{AmbiguousClose, Destination, Profile};
use crate::error::Failure;
use http::uri::{Authority, Uri};
use http::{HeaderMap, HeaderName};

/// A BITS server's directory: where the files of a route go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendUrl {
    /// Host and, unless it is 80, port.
    pub authority: Authority,
    /// Path of the directory, beginning and ending with `/`, percent-encoded as it goes on the wire.
    pub base: String,
}

/// What to do with a file of no bytes, for which BITS has no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ZeroLength {
    /// Create-Session, then Close-Session: most servers then store an empty file.
    #[default]
    CreateClose,
    /// 422 before the backend is asked.
    Refuse,
}

/// What to do with the reply of an upload-reply backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ReplyMode {
    /// Leave it; Close-Session deletes it.
    #[default]
    Ignore,
    /// Fetch it before Close-Session and make it the body of the 201.
    Forward,
}

/// Where the value of `Content-Name` comes from, tried in this order; last the last path segment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameSource {
    /// A request header.
    pub header: Option<HeaderName>,
    /// A parameter of the query.
    pub query: Option<String>,
}

/// One route: a path prefix and the backend behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Path prefix, beginning and ending with `/`. What follows it is the path below [`BackendUrl::base`].
    pub prefix: String,
    /// Where its files go.
    pub backend: BackendUrl,
    /// What kind of server that is; nothing: recognise it by its answers.
    pub profile: Option<&'static Profile>,
    /// Files of no bytes.
    pub zero_length: ZeroLength,
    /// Replies of an upload-reply backend.
    pub reply: ReplyMode,
    /// What a lost answer to Close-Session means.
    pub ambiguous_close: AmbiguousClose,
    /// Source of `Content-Name`.
    pub name: NameSource,
    /// Headers of the backend's last answer that are passed on with the 201.
    pub response_headers: Vec<HeaderName>,
}

/// All routes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routes(Vec<Route>);

impl Routes {
    /// The routes, longest prefix first.
    pub fn new(mut routes: Vec<Route>) -> Self {
        routes.sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
        Routes(routes)
    }
}
