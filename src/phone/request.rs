//! The heads that go out.

use super::{Check, Phone, System};
use http::{HeaderName, HeaderValue, Method};
use reqwest::Url;
use std::fmt;
use std::str::FromStr;

/// What goes with each request, unless the app says otherwise.
const DEFAULTS: [(&str, &str); 4] = [
    ("User-Agent", concat!("photos_client/", env!("CARGO_PKG_VERSION"))),
    ("Accept", "*/*"),
    ("Accept-Language", "en-GB,en;q=0.9"),
    ("Accept-Encoding", "gzip, deflate"),
];

/// A header of the app: `Authorization: Bearer x`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub(super) name: String,
    pub(super) value: String,
}

/// Not a header, or not one of the app's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadHeader {
    /// No name, no colon, or signs that no header may have.
    #[error("not a header such as \"Name: value\"")]
    Malformed,
    /// The client's own business.
    #[error("{0} is set by the client itself")]
    Reserved(String),
}

impl FromStr for Header {
    type Err = BadHeader;

    fn from_str(text: &str) -> Result<Self, BadHeader> {
        let (name, value) = text.split_once(':').ok_or(BadHeader::Malformed)?;
        let value = value.trim();
        let known = HeaderName::from_str(name).map_err(|_| BadHeader::Malformed)?;
        HeaderValue::from_str(value).map_err(|_| BadHeader::Malformed)?;
        let framing = ["host", "content-length", "transfer-encoding", "connection", "expect"];
        if framing.contains(&known.as_str()) || known.as_str().starts_with("upload-") {
            return Err(BadHeader::Reserved(name.to_owned()));
        }
        Ok(Header { name: name.to_owned(), value: value.to_owned() })
    }
}

/// The head of a request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    target: String,
    fields: Vec<(String, String)>,
}

impl Request {
    fn new(method: Method, url: &Url) -> Request {
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        Request { method, target, fields: vec![("Host".to_owned(), host)] }
    }

    fn with(mut self, name: &str, value: impl ToString) -> Request {
        self.fields.push((name.to_owned(), value.to_string()));
        self
    }

    /// The type of what follows, and all that the app has to say.
    fn with_app(mut self, phone: &Phone, content_type: &str) -> Request {
        self = self.with("Content-Type", content_type);
        for header in &phone.headers {
            self = self.with(&header.name, &header.value);
        }
        self
    }

    /// What the system adds to each request where the app is silent.
    fn with_defaults(mut self, phone: &Phone) -> Request {
        for (name, value) in DEFAULTS {
            if !phone.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name)) {
                self = self.with(name, value);
            }
        }
        self
    }

    fn with_interop(self, system: &System) -> Request {
        match system.interop {
            Some(number) => self.with("Upload-Draft-Interop-Version", number),
            None => self,
        }
    }

    fn with_complete(self, system: &System) -> Request {
        self.with(system.complete.0, system.complete.1)
    }

    /// Asks what the server can do.
    pub(super) fn check(phone: &Phone) -> Request {
        let request = Request::new(Method::OPTIONS, &phone.target);
        let request = match phone.check {
            Check::Full => request.with_app(phone, &phone.content_type).with_interop(phone.system),
            Check::Bare | Check::Skip => request,
        };
        request.with_defaults(phone)
    }

    /// Begins the upload.
    pub(super) fn create(phone: &Phone, length: u64) -> Request {
        Request::new(phone.method.clone(), &phone.target)
            .with("Content-Length", length)
            .with_app(phone, &phone.content_type)
            .with_interop(phone.system)
            .with_complete(phone.system)
            .with_defaults(phone)
    }

    /// Asks how far it is.
    pub(super) fn offset(phone: &Phone, resource: &Url) -> Request {
        let request = Request::new(Method::HEAD, resource).with_interop(phone.system);
        let request = if phone.system.head_length { request.with("Content-Length", 0) } else { request };
        request.with_app(phone, &phone.content_type).with_defaults(phone)
    }

    /// Sends the rest.
    pub(super) fn append(phone: &Phone, resource: &Url, offset: u64, length: u64) -> Request {
        Request::new(Method::PATCH, resource)
            .with("Upload-Offset", offset)
            .with("Content-Length", length - offset)
            .with_interop(phone.system)
            .with_complete(phone.system)
            .with_app(phone, phone.system.part_type.unwrap_or(&phone.content_type))
            .with_defaults(phone)
    }
}

impl fmt::Display for Request {
    /// As it goes over the wire.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} HTTP/1.1\r\n", self.method, self.target)?;
        for (name, value) in &self.fields {
            write!(f, "{name}: {value}\r\n")?;
        }
        f.write_str("\r\n")
    }
}
