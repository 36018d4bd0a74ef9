//! The URL of a backend's directory.

use super::file_path::{BadPath, FilePath};
use super::{MAX_TARGET, with_slashes};
use http::uri::{Authority, Uri};
use percent_encoding::{CONTROLS, utf8_percent_encode};
use std::fmt;

/// Whether the way to a backend is encrypted. It is as it is written: nothing ever makes one of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// As it stands before the colon of a URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The port of a URL that names none.
    pub const fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// A BITS server's directory: where the files of a route go. Prints as a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BackendUrl {
    /// Whether the way there is encrypted.
    pub scheme: Scheme,
    /// Host and, unless it is the scheme's own, port.
    pub authority: Authority,
    /// Path of the directory, beginning and ending with `/`, percent-encoded as it goes on the wire.
    pub base: String,
}

impl BackendUrl {
    /// Reads `http://host[:port]/directory/`, or the same with `https`.
    ///
    /// ```
    /// use put2bits::route::BackendUrl;
    /// let url = BackendUrl::parse("http://iis.example:8080/uploads").unwrap();
    /// assert_eq!(url.authority, "iis.example:8080");
    /// assert_eq!(url.base, "/uploads/");
    /// assert!(BackendUrl::parse("ftp://iis/uploads/").is_err());
    /// ```
    ///
    /// # Errors
    /// One clause that says what is wrong, to be put behind the name of the setting.
    pub fn parse(text: &str) -> Result<BackendUrl, String> {
        // `Uri` drops a fragment without a word.
        if text.contains('#') {
            return Err("a backend URL cannot have a fragment ('#…')".to_owned());
        }
        let uri: Uri = text.parse().map_err(|error| format!("not a URL: {error}"))?;
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            _ => return Err("a backend URL must begin with http:// or https://".to_owned()),
        };
        let authority = uri.authority().ok_or("a backend URL needs a host")?;
        check_authority(authority)?;
        if uri.query().is_some() {
            return Err("a backend URL cannot have a query ('?…')".to_owned());
        }
        Ok(BackendUrl { scheme, authority: authority.clone(), base: directory(uri.path())? })
    }
}

impl fmt::Display for BackendUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme.as_str(), self.authority, self.base)
    }
}

/// Host, and a port that is a number or absent.
fn check_authority(authority: &Authority) -> Result<(), String> {
    let text = authority.as_str();
    if text.contains('@') {
        return Err("a backend URL cannot hold a user name or password".to_owned());
    }
    if authority.host().is_empty() {
        return Err("a backend URL needs a host".to_owned());
    }
    let port = text.strip_prefix(authority.host()).unwrap_or_default();
    // A number with a sign would be read as one, too.
    let digits = port.bytes().skip(1).all(|b| b.is_ascii_digit());
    if !port.is_empty() && (!digits || authority.port_u16().is_none_or(|port| port == 0)) {
        return Err(format!("'{}' is not a port", port.trim_start_matches(':')));
    }
    if !text.is_ascii() {
        return Err("a host name beyond ASCII must be written in its xn-- form".to_owned());
    }
    Ok(())
}

/// The path under the same rules as the paths of clients, but with its encoding left as the operator wrote it.
fn directory(path: &str) -> Result<String, String> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let inner = path.strip_suffix('/').unwrap_or(path);
    let refused = |reason: BadPath| format!("not a directory at the backend: {reason}");
    if inner.ends_with('/') {
        return Err(refused(BadPath::EmptySegment));
    }
    if !inner.is_empty() {
        FilePath::parse(inner).map_err(refused)?;
    }
    let base = utf8_percent_encode(&with_slashes(inner), CONTROLS).to_string();
    if base.len() >= MAX_TARGET {
        return Err(format!("the path is longer than {MAX_TARGET} bytes"));
    }
    Ok(base)
}
