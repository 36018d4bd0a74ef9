//! Fields that go to the backend beside those of BITS: of the client's request, of the configuration, of an authority.
//!
//! They are made anew from the head of each request and are in no record: what a client proves with them has to be proved
//! again by the next one.

use super::{Credentials, FieldValue, Passed, Route};
use http::header::{
    CONNECTION, EXPECT, HOST, PROXY_AUTHORIZATION, RANGE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt;
use std::path::{Path, PathBuf};

/// Fields that the proxy or its connection to the backend needs for itself.
const RESERVED: [HeaderName; 10] = [
    CONNECTION,
    EXPECT,
    HOST,
    PROXY_AUTHORIZATION,
    RANGE,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    USER_AGENT,
];

/// Beginnings of names that belong to a protocol spoken here, to the body, or that make a request conditional.
const RESERVED_PREFIXES: [&str; 5] = ["bits-", "content-", "upload-", "if-", "put2bits-"];

/// The same for names as a whole that have no constant.
const RESERVED_NAMES: [&str; 5] =
    ["http2-settings", "keep-alive", "proxy-connection", "x-http-method-override", "x-http-method"];

/// Fields for the backend. None of them can change what a request means or where it ends.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Carried {
    headers: HeaderMap,
    files: Vec<(HeaderName, PathBuf)>,
}

impl Carried {
    /// Whether a field of that name may go along: not one of BITS, of the framing, of the connection, and not `Host`.
    ///
    /// ```
    /// use put2bits::route::Carried;
    /// assert!(Carried::may_hold(&"x-user-id".parse().unwrap()));
    /// assert!(!Carried::may_hold(&"bits-session-id".parse().unwrap()));
    /// ```
    pub fn may_hold(name: &HeaderName) -> bool {
        let text = name.as_str();
        !RESERVED.contains(name)
            && !RESERVED_NAMES.contains(&text)
            && !RESERVED_PREFIXES.iter().any(|prefix| text.starts_with(prefix))
    }

    /// What goes along with the requests of one client: its own fields as they came, under their names for the backend.
    /// A field that may not go along is left out, here and in the other functions.
    pub fn append(&mut self, name: &HeaderName, value: HeaderValue) {
        if Carried::may_hold(name) {
            self.headers.append(name, value);
        }
    }

    /// Sets a field to one value. It wins over what has been there under that name.
    pub fn set(&mut self, name: &HeaderName, value: HeaderValue) {
        if Carried::may_hold(name) {
            self.files.retain(|(other, _)| other != name);
            self.headers.insert(name, value);
        }
    }

    /// Sets a field to what the file holds at the time of each request. It is for the shell to read.
    pub fn set_from_file(&mut self, name: &HeaderName, file: &Path) {
        if Carried::may_hold(name) {
            self.headers.remove(name);
            self.files.retain(|(other, _)| other != name);
            self.files.push((name.clone(), file.to_owned()));
        }
    }

    /// Sets all of these, such as what an authority says of a client. Several values of one name stay several.
    pub fn set_all(&mut self, headers: &HeaderMap) {
        for name in headers.keys().filter(|name| Carried::may_hold(name)) {
            self.files.retain(|(other, _)| other != name);
            self.headers.remove(name);
            for value in headers.get_all(name) {
                self.headers.append(name, value.clone());
            }
        }
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &HeaderName) {
        self.headers.remove(name);
        self.files.retain(|(other, _)| other != name);
    }

    /// The fields whose values are known.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The fields whose values are in files.
    pub fn files(&self) -> &[(HeaderName, PathBuf)] {
        &self.files
    }

    /// Adds the known fields to a request. What the request has by itself stays.
    pub fn put_into(&self, request: &mut HeaderMap) {
        for name in self.headers.keys() {
            if !request.contains_key(name) {
                for value in self.headers.get_all(name) {
                    request.append(name, value.clone());
                }
            }
        }
    }
}

/// Values may be secrets: only names are shown.
impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.headers.keys()).entries(self.files.iter().map(|(name, _)| name)).finish()
    }
}

impl Route {
    /// What goes to the backend with a request of that head. An empty one stands for the proxy itself, when it does
    /// something without a client.
    pub fn carried(&self, request: &HeaderMap) -> Carried {
        let mut carried = Carried::default();
        let ends_here = ends_here(request);
        for Passed { from, to } in self.request_headers.iter().filter(|passed| !ends_here(&passed.from)) {
            request.get_all(from).iter().for_each(|value| carried.append(to, value.clone()));
        }
        if let Credentials::Caller(names) = &self.server.credentials {
            let own = |name: &&HeaderName| !carried.headers.contains_key(*name) && !ends_here(name);
            for name in names.iter().filter(own).collect::<Vec<_>>() {
                for value in request.get_all(name) {
                    let mut value = value.clone();
                    value.set_sensitive(true);
                    carried.append(name, value);
                }
            }
        }
        for (name, value) in &self.set_headers {
            match value {
                FieldValue::Text(text) => carried.set(name, text.clone()),
                FieldValue::File(path) => carried.set_from_file(name, path),
            }
        }
        carried
    }
}

/// Tells which fields `Connection` declares to be for this connection alone (RFC 9110 §7.6.1).
fn ends_here(request: &HeaderMap) -> impl Fn(&HeaderName) -> bool {
    let values = request.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<String> =
        values.flat_map(|value| value.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect();
    move |name| named.iter().any(|other| other == name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> HeaderName {
        text.parse().unwrap()
    }

    #[test]
    fn what_has_a_meaning_for_the_proxy_never_goes_along() {
        for text in [
            "host",
            "connection",
            "content-length",
            "content-range",
            "content-name",
            "transfer-encoding",
            "expect",
            "bits-session-id",
            "bits-host-id",
            "upload-offset",
            "if-match",
            "range",
            "te",
            "upgrade",
            "keep-alive",
            "proxy-authorization",
            "user-agent",
            "x-http-method-override",
            "put2bits-id",
        ] {
            let (name, mut carried) = (name(text), Carried::default());
            carried.append(&name, HeaderValue::from_static("evil"));
            carried.set(&name, HeaderValue::from_static("evil"));
            carried.set_from_file(&name, Path::new("evil"));
            carried.set_all(&HeaderMap::from_iter([(name.clone(), HeaderValue::from_static("evil"))]));
            assert_eq!(carried, Carried::default(), "{text}");
        }
    }

    #[test]
    fn the_last_word_wins_and_the_request_has_it() {
        let (user, key) = (name("x-user"), name("x-key"));
        let mut carried = Carried::default();
        carried.append(&user, HeaderValue::from_static("a"));
        carried.append(&user, HeaderValue::from_static("b"));
        carried.set_from_file(&key, Path::new("/run/key"));
        assert_eq!(format!("{carried:?}"), r#"{"x-user", "x-key"}"#);
        let mut request = HeaderMap::new();
        carried.put_into(&mut request);
        assert_eq!(request.get_all(&user).iter().collect::<Vec<_>>(), ["a", "b"]);
        carried.put_into(&mut request);
        assert_eq!(request.len(), 2);
        carried.set_all(&HeaderMap::from_iter([(key.clone(), HeaderValue::from_static("k"))]));
        assert!(carried.files().is_empty());
        carried.set(&user, HeaderValue::from_static("c"));
        assert_eq!((carried.headers()[&user].as_bytes(), carried.headers().len()), (&b"c"[..], 2));
    }

    #[test]
    fn what_the_client_declares_to_end_here_does() {
        use crate::route::{BackendUrl, Server};
        use std::sync::Arc;
        let mut route = Route::new("/", BackendUrl::parse("http://iis/").unwrap());
        let passed = |text| Passed { from: name(text), to: name(text) };
        route.request_headers = ["x-user", "x-asset", "x-kept"].map(passed).into();
        let credentials = Credentials::Caller(vec![name("authorization"), name("cookie")]);
        route.server = Arc::new(Server { credentials, ..Server::default() });
        let mut request = HeaderMap::new();
        for text in ["x-user", "x-asset", "x-kept", "authorization", "cookie"] {
            request.append(name(text), HeaderValue::from_static("s3cret"));
        }
        let names = |request: &HeaderMap| {
            let carried = route.carried(request);
            carried.headers().keys().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(names(&request).len(), 5);
        assert!(route.carried(&request).headers()["cookie"].is_sensitive());
        request.append(CONNECTION, HeaderValue::from_static("close, X-User"));
        request.append(CONNECTION, HeaderValue::from_static("authorization ,x-asset"));
        assert_eq!(names(&request), ["x-kept", "cookie"]);
    }
}
