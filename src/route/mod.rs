//! Which request goes to which backend, and under which name: pure data and path rules.
//!
//! The only place that decides which request paths name a file and which file name they give. It does no I/O.
//! A path is decoded once into typed segments and written anew from them: no byte of a request line goes through.
//!
//! A name goes on as it is or not at all. It is not normalised: `é` in one character or in two stays what the client
//! chose, because Windows tells the two apart, and a name that changes on the way is another file's. Two names that
//! differ in case only are one file on Windows; the proxy cannot know what is there already, so that is left to the
//! backend (`exists`, or overwritten, as it is configured).

mod backend_url;
mod carried;
mod file_path;
mod name;
mod refused_name;
mod server;

pub use backend_url::BackendUrl;
pub use carried::Carried;
pub use name::NameSource;
pub use refused_name::{NamePattern, REFUSED_NAMES};
pub use server::{Credentials, Server, TlsToServer};

use crate::bits::{AmbiguousClose, Destination, Profile};
use crate::error::{Failure, Problem};
use crate::resumable::Mode;
use file_path::{BadPath, FilePath};
use http::uri::{PathAndQuery, Uri};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use std::sync::Arc;

/// Longest request target sent to a backend, in bytes. IIS takes 4,096 for the path, others less.
pub const MAX_TARGET: usize = 2048;

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

/// One route: a path prefix and the backend behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Path prefix, beginning and ending with `/`. What follows it is the path below [`BackendUrl::base`].
    /// It may be written with or without percent-encoding; `/a%62/` and `/ab/` are the same.
    pub prefix: String,
    /// Where its files go.
    pub backend: BackendUrl,
    /// How that server is spoken to, and who the proxy is there.
    pub server: Arc<Server>,
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
    /// Names of files and folders that it does not take, because the backend's web server would read or run them.
    pub refused_names: Vec<NamePattern>,
    /// Whether its uploads can be resumed.
    pub resumption: Mode,
}

impl Route {
    /// A route with every choice left at its default. Slashes missing at the ends of the prefix are put in.
    pub fn new(prefix: &str, backend: BackendUrl) -> Self {
        Route {
            prefix: with_slashes(prefix),
            backend,
            server: Arc::default(),
            profile: None,
            zero_length: ZeroLength::default(),
            reply: ReplyMode::default(),
            ambiguous_close: AmbiguousClose::default(),
            name: NameSource::default(),
            response_headers: Vec::new(),
            refused_names: refused_name::refused_by_default(),
            resumption: Mode::default(),
        }
    }

    /// Where the file of a request goes. The query is not forwarded.
    ///
    /// ```
    /// use put2bits::route::{BackendUrl, Route};
    /// let route = Route::new("/photos/", BackendUrl::parse("http://iis:8080/uploads").unwrap());
    /// let to = route.destination(&"/photos/a%20b.jpg?x=1".parse().unwrap(), &Default::default()).unwrap();
    /// assert_eq!(to.target, "/uploads/a%20b.jpg");
    /// assert_eq!(to.host, "iis:8080");
    /// assert_eq!(to.content_name, "a b.jpg");
    /// ```
    ///
    /// # Errors
    /// [`Problem::BadPath`] with the reason, when the path cannot name a file in a Windows directory or names
    /// it in a way that two servers could read differently.
    pub fn destination(&self, uri: &Uri, headers: &HeaderMap) -> Result<Destination, Failure> {
        let below = strip_prefix(&self.prefix, uri.path()).ok_or(BadPath::OutsideRoute)?;
        let path = FilePath::parse(below)?;
        path.names().try_for_each(|name| self.check_name(name))?;
        let mut target = self.backend.base.clone();
        path.encode_onto(&mut target);
        if target.len() > MAX_TARGET {
            return Err(BadPath::TargetTooLong.into());
        }
        // A backend URL that was parsed can't fail here; its fields are public, though.
        let impossible = |_| Failure::new(Problem::Internal, "the backend URL of the route is not valid");
        let name = self.name.file_name(uri.query(), headers, path.name());
        self.check_name(&name)?;
        Ok(Destination {
            content_name: name::as_header(&name),
            host: HeaderValue::from_str(self.backend.authority.as_str()).map_err(|_| impossible(()))?,
            target: PathAndQuery::try_from(target).map_err(|_| impossible(()))?,
        })
    }

    /// Refuses what the web server would take for its own.
    fn check_name(&self, name: &str) -> Result<(), BadPath> {
        match self.refused_names.iter().find(|pattern| pattern.covers(name)) {
            Some(pattern) => Err(BadPath::Refused(pattern.as_str().to_owned())),
            None => Ok(()),
        }
    }
}

/// All routes, the longest prefix first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routes(Vec<Arc<Route>>);

impl Routes {
    /// Orders the routes so that the more specific one wins.
    pub fn new(mut routes: Vec<Route>) -> Self {
        routes.sort_by_key(|route| std::cmp::Reverse(segments(&route.prefix).count()));
        Routes(routes.into_iter().map(Arc::new).collect())
    }

    /// The route that covers the path of a request.
    pub fn find(&self, path: &str) -> Option<&Arc<Route>> {
        self.0.iter().find(|route| strip_prefix(&route.prefix, path).is_some())
    }

    /// The routes in the order in which they are tried.
    pub fn iter(&self) -> std::slice::Iter<'_, Arc<Route>> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Routes {
    type Item = &'a Arc<Route>;
    type IntoIter = std::slice::Iter<'a, Arc<Route>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// What follows the prefix in a path, still encoded. Whole segments are compared, decoded: an encoded letter
/// cannot lead around a route, and an encoded slash is never taken for a separator.
fn strip_prefix<'a>(prefix: &str, path: &'a str) -> Option<&'a str> {
    segments(prefix).try_fold(path.strip_prefix('/')?, |rest, wanted| {
        let (segment, rest) = rest.split_once('/')?;
        percent_decode_str(segment).eq(percent_decode_str(wanted)).then_some(rest)
    })
}

/// The segments of a prefix.
fn segments(prefix: &str) -> impl Iterator<Item = &str> {
    prefix.split('/').filter(|segment| !segment.is_empty())
}

/// With one slash at both ends.
fn with_slashes(path: &str) -> String {
    match path.trim_matches('/') {
        "" => "/".to_owned(),
        inner => format!("/{inner}/"),
    }
}

#[cfg(test)]
mod tests;
