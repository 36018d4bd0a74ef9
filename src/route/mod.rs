//! Which request goes to which backend, and under which name: pure data and path rules.
//!
//! The only place that decides which request paths name a file and which file name they give. It does no I/O.
//! A path is decoded once into typed segments and written anew from them: no byte of a request line goes through.
//!
//! A name goes on as it is or not at all. It is not normalised: `é` in one character or in two stays what the client
//! chose, because Windows tells the two apart, and a name that changes on the way is another file's. Two names that
//! differ in case only are one file on Windows; the proxy cannot know what is there already, so that is left to the
//! backend (`exists`, or overwritten, as it is configured).

mod auth;
mod backend_url;
mod carried;
mod choice;
mod destination;
mod file_path;
mod host;
mod identity;
mod name;
mod naming;
mod overrides;
mod refused_name;
mod routes;
mod server;
mod suffix;
mod template;

pub use auth::{Auth, Forward, PeerName};
pub use backend_url::{BackendUrl, Scheme};
pub use carried::Carried;
pub use choice::{DigestPolicy, FieldValue, Overwrite, Passed, ReplyMode, ZeroLength};
pub use host::{HostPattern, host};
pub use name::NameSource;
pub use naming::Naming;
pub use overrides::Overrides;
pub use refused_name::{NamePattern, REFUSED_NAMES};
pub use routes::{Fit, Routes};
pub use server::{Credentials, Server, TlsToServer};
pub use template::{BadTemplate, Template};

use crate::bits::{AmbiguousClose, Profile};
use crate::resumable::Mode;
use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use std::sync::Arc;

/// Longest request target sent to a backend, in bytes. IIS takes 4,096 for the path, others less.
pub const MAX_TARGET: usize = 2048;

/// One route: hosts, a path prefix, and the backend behind them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The hosts that it is for. None: for all.
    pub hosts: Vec<HostPattern>,
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
    /// How the path below the backend's directory is made of a request. None: it is what follows the prefix.
    pub target: Option<Template>,
    /// Names of files that are there.
    pub overwrite: Overwrite,
    /// Source of `Content-Name`.
    pub name: NameSource,
    /// Fields of the client's request that go to the backend.
    pub request_headers: Vec<Passed>,
    /// Fields that go to the backend with these values, whatever the client sends.
    pub set_headers: Vec<(HeaderName, FieldValue)>,
    /// Fields that are set on the 201.
    pub add_response_headers: Vec<(HeaderName, HeaderValue)>,
    /// Headers of the backend's last answer that are passed on with the 201.
    pub response_headers: Vec<HeaderName>,
    /// Names of files and folders that it does not take, because the backend's web server would read or run them.
    pub refused_names: Vec<NamePattern>,
    /// Whether its uploads can be resumed.
    pub resumption: Mode,
    /// Largest file, in bytes, if that is less than the limit of the program.
    pub max_upload: Option<u64>,
    /// Most uploads that may bring bytes at once, beside the limit of the program.
    pub max_running: Option<u32>,
    /// What to do about digests of clients.
    pub digest: DigestPolicy,
    /// Who may upload.
    pub auth: Auth,
}

impl Route {
    /// A route with every choice left at its default. Slashes missing at the ends of the prefix are put in.
    pub fn new(prefix: &str, backend: BackendUrl) -> Self {
        Route {
            hosts: Vec::new(),
            prefix: with_slashes(prefix),
            backend,
            server: Arc::default(),
            profile: None,
            zero_length: ZeroLength::default(),
            reply: ReplyMode::default(),
            ambiguous_close: AmbiguousClose::default(),
            target: None,
            overwrite: Overwrite::default(),
            name: NameSource::default(),
            request_headers: Vec::new(),
            set_headers: Vec::new(),
            add_response_headers: Vec::new(),
            response_headers: Vec::new(),
            refused_names: refused_name::refused_by_default(),
            resumption: Mode::default(),
            max_upload: None,
            max_running: None,
            digest: DigestPolicy::default(),
            auth: Auth::default(),
        }
    }

    /// What it is called in logs, metrics and records: its hosts, if it has some, and its prefix.
    pub fn label(&self) -> String {
        let hosts: Vec<&str> = self.hosts.iter().map(HostPattern::as_str).collect();
        hosts.join(",") + &self.prefix
    }

    /// Largest file that it takes, in bytes, where the program takes `most`.
    pub fn largest(&self, most: u64) -> u64 {
        self.max_upload.map_or(most, |own| own.min(most))
    }
}

/// What follows the prefix in a path, still encoded. Whole segments are compared, decoded and in any case of letters: neither
/// an encoded letter nor a capital, which is the same to Windows, leads around a route, and an encoded slash is never taken
/// for a separator.
fn strip_prefix<'a>(prefix: &str, path: &'a str) -> Option<&'a str> {
    segments(prefix).try_fold(path.strip_prefix('/')?, |rest, wanted| {
        let (segment, rest) = rest.split_once('/')?;
        same_letters(segment, wanted).then_some(rest)
    })
}

/// Whether two encoded texts are the same to a server that tells no capitals from small letters.
pub(crate) fn same_letters(one: &str, other: &str) -> bool {
    let letters = |text| percent_decode_str(text).decode_utf8_lossy().to_lowercase();
    // Most are the same byte by byte.
    one == other || letters(one) == letters(other)
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
