//! From a request head to what its sender wants, or to the reason why not. Pure.
//!
//! The checks run from the framing outwards: what makes the message itself doubtful comes before what makes it merely
//! unwelcome. What belongs to the protocol of resumable uploads is read by [`resumable`](crate::resumable).

use super::forwarded::effective_host;
use super::head::{
    Framing, check_coding, check_connection, check_count, check_doubt, check_expectation, check_host,
    check_range, check_type, fail, framing,
};
use crate::bits::Destination;
use crate::digest::{self, Digests};
use crate::error::{Failure, Problem};
use crate::resumable::reply::upload_id;
use crate::resumable::{self, Creation, Mode, Settings};
use crate::route::{DigestPolicy, Naming, Route, Routes, ZeroLength};
use crate::upload::DigestPlan;
use http::header::{HeaderName, VIA};
use http::request::Parts;
use http::{HeaderMap, Method};
use std::sync::Arc;

/// RFC 9530: of the whole file.
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// RFC 9530: of what is in this message.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// What a request wants.
#[derive(Debug)]
pub(super) enum Intent<'a> {
    /// Upload a file.
    Upload(NewFile),
    /// Something about an upload that has a URL of its own.
    Resource {
        /// The secret part of the URL.
        id: &'a str,
        /// Bytes of the body, if that is known.
        content: Option<u64>,
    },
    /// Find out whether uploads can be resumed on this route.
    Capabilities(Arc<Route>),
}

/// A file to be uploaded.
#[derive(Debug)]
pub(super) struct NewFile {
    /// The route that covers it.
    pub(super) route: Arc<Route>,
    /// How it can be resumed, if it can.
    pub(super) creation: Option<Creation>,
    /// Bytes of the body, if that is known.
    pub(super) content: Option<u64>,
    /// What the client wants to be made sure of about the whole file.
    pub(super) digests: DigestPlan,
    /// The same about what is in this message, if that is not the whole file.
    pub(super) content_digest: Digests,
}

impl NewFile {
    /// Where the file goes. That comes last: it may depend on who the client is (`user`: its public name). `random` is a
    /// number that no other request has.
    pub(super) fn destination(
        &self,
        head: &Parts,
        user: Option<&str>,
        random: u128,
    ) -> Result<Destination, Failure> {
        let length = self.creation.as_ref().map_or(self.content, |creation| creation.length);
        self.route.locate(&Naming { uri: &head.uri, headers: &head.headers, length, user, random })
    }
}

/// What requests are measured by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) routes: &'a Routes,
    pub(super) resumption: &'a Settings,
    /// Largest file, in bytes. A route may take less.
    pub(super) max_upload: u64,
}

/// Reads a request head.
pub(super) fn read<'a>(head: &'a Parts, rules: Rules<'_>) -> Result<Intent<'a>, Failure> {
    check_doubt(head)?;
    check_count(&head.headers)?;
    check_host(head)?;
    let framing = framing(head)?;
    check_connection(&head.headers)?;
    if let Some(id) = upload_id(rules.resumption, head.uri.path()) {
        return resource(head, id, framing);
    }
    if head.method == Method::OPTIONS && head.uri.path() != "*" {
        return capabilities(head, rules);
    }
    if head.method != Method::PUT && head.method != Method::POST {
        return fail(
            Problem::MethodNotAllowed,
            format!("{} is not supported: upload a file with PUT", head.method),
        );
    }
    new_file(head, framing, rules).map(Intent::Upload)
}

fn resource<'a>(head: &Parts, id: &'a str, framing: Framing) -> Result<Intent<'a>, Failure> {
    check_coding(&head.headers)?;
    check_range(&head.headers)?;
    check_expectation(head)?;
    Ok(Intent::Resource { id, content: framing.content() })
}

/// A capability check. It is never refused for who sends it or what the file is called: the answer is remembered.
fn capabilities<'a>(head: &Parts, rules: Rules<'_>) -> Result<Intent<'a>, Failure> {
    let route = find(head, rules.routes)?;
    match route.resumption {
        Mode::On => Ok(Intent::Capabilities(Arc::clone(route))),
        Mode::UnlessVia if !head.headers.contains_key(VIA) => Ok(Intent::Capabilities(Arc::clone(route))),
        Mode::UnlessVia => {
            fail(Problem::ResumptionOff, "the request came through an intermediary, as its Via says")
        }
        Mode::Off => fail(Problem::ResumptionOff, "resumption is off for this path"),
    }
}

fn new_file(head: &Parts, framing: Framing, rules: Rules<'_>) -> Result<NewFile, Failure> {
    check_coding(&head.headers)?;
    check_type(&head.headers)?;
    check_range(&head.headers)?;
    check_expectation(head)?;

    let route = find(head, rules.routes)?;
    let content = framing.content();
    let creation = resumable::creation(head, content, route.resumption, rules.resumption)?;
    let (total, is_whole) = match &creation {
        Some(creation) => (creation.length, creation.complete),
        None => (Some(plain_total(framing)?), true),
    };
    let max = route.largest(rules.max_upload);
    if let Some(total) = total.filter(|&total| total > max) {
        return fail(Problem::TooLarge, format!("{total} bytes are more than the limit of {max} bytes"));
    }
    if total == Some(0) && route.zero_length == ZeroLength::Refuse {
        return fail(Problem::EmptyRefused, "the file has no bytes");
    }
    let (digests, content_digest) = digests(&head.headers, is_whole, route.digest)?;
    let route = Arc::clone(route);
    Ok(NewFile { route, creation, content, digests, content_digest })
}

fn find<'a>(head: &Parts, routes: &'a Routes) -> Result<&'a Arc<Route>, Failure> {
    match routes.find(effective_host(head).as_deref(), head.uri.path()) {
        Some(route) => Ok(route),
        None => fail(Problem::NoRoute, "no route of this proxy covers the host and the path"),
    }
}

/// The size of a file that comes in one request. BITS tells it with the first fragment.
fn plain_total(framing: Framing) -> Result<u64, Failure> {
    match framing {
        Framing::Length(length) => Ok(length),
        Framing::Chunked => {
            fail(Problem::LengthRequired, "the body does not tell its size beforehand: send Content-Length")
        }
        Framing::Nothing => fail(Problem::LengthRequired, "Content-Length is missing"),
    }
}

/// What the file has to come to, and what this message. If the message is the whole file, both are about the same bytes.
fn digests(
    headers: &HeaderMap,
    is_whole: bool,
    policy: DigestPolicy,
) -> Result<(DigestPlan, Digests), Failure> {
    if policy == DigestPolicy::Ignore {
        let plan = DigestPlan { wanted: digest::wanted(headers), ..DigestPlan::default() };
        return Ok((plan, Digests::default()));
    }
    let mut expected = Digests::read(headers, &REPR_DIGEST);
    let mut content = content_digest(headers);
    if is_whole {
        expected = match expected.joined(std::mem::take(&mut content)) {
            Ok(both) => both,
            Err(algorithm) => {
                let detail = format!("Repr-Digest and Content-Digest give two different {algorithm}");
                return fail(Problem::DigestMismatch, detail);
            }
        };
    }
    if policy == DigestPolicy::Require && expected.is_empty() {
        return fail(Problem::DigestRequired, "there is no Repr-Digest of a kind that is known here");
    }
    Ok((DigestPlan { expected, wanted: digest::wanted(headers) }, content))
}

/// What is said about the bytes of a part, if the route looks at it.
pub(super) fn part_digest(route: &Route, headers: &HeaderMap) -> Digests {
    match route.digest {
        DigestPolicy::Ignore => Digests::default(),
        _ => content_digest(headers),
    }
}

/// What is said about the bytes of this message.
fn content_digest(headers: &HeaderMap) -> Digests {
    Digests::read(headers, &CONTENT_DIGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::BackendUrl;
    use http::{Request, Version};

    const MAX: u64 = 1000;

    fn routes() -> Routes {
        let backend = BackendUrl::parse("http://iis/up/").unwrap();
        let mut full = Route::new("/full/", backend.clone());
        full.zero_length = ZeroLength::Refuse;
        Routes::new(vec![Route::new("/photos/", backend), full])
    }

    fn rules<'a>(routes: &'a Routes, resumption: &'a Settings) -> Rules<'a> {
        Rules { routes, resumption, max_upload: MAX }
    }

    /// A head written like on the wire, `Host: p` included unless `lines` has one.
    fn head(request_line: &str, lines: &[&str]) -> Parts {
        let mut words = request_line.split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let version = if words.next() == Some("HTTP/1.0") { Version::HTTP_10 } else { Version::HTTP_11 };
        let mut request = Request::builder().method(method).uri(target).version(version);
        for line in lines {
            let (name, value) = line.split_once(':').unwrap();
            request = request.header(name, value.trim());
        }
        request.body(()).unwrap().into_parts().0
    }

    fn problem(request_line: &str, lines: &[&str]) -> Option<Problem> {
        let (routes, resumption) = (routes(), Settings::default());
        match read(&head(request_line, lines), rules(&routes, &resumption)) {
            Ok(Intent::Upload(file)) => {
                file.destination(&head(request_line, lines), None, 0).err().map(|failure| failure.problem)
            }
            Ok(_) => None,
            Err(failure) => {
                assert_clause(&failure.detail, request_line);
                Some(failure.problem)
            }
        }
    }

    /// Details stand behind a code in the log, so they are clauses: no full stop, no capital but of a name.
    #[track_caller]
    fn assert_clause(detail: &str, request_line: &str) {
        let first = detail.split(' ').next().unwrap();
        let is_name = matches!(first, "Host" | "Content-Length" | "Content-Encoding" | "Content-Range")
            || first == "Transfer-Encoding"
            || request_line.starts_with(first);
        assert!(is_name || !first.starts_with(char::is_uppercase), "{detail}");
        assert!(!detail.ends_with('.') && !detail.contains(". "), "{detail}");
    }

    #[test]
    fn each_rule_has_its_problem() {
        use Problem::*;
        const PUT: &str = "PUT /photos/a HTTP/1.1";
        for (line, headers, expected) in [
            (PUT, &["Host: p", "Content-Length: 5"][..], None),
            ("POST /photos/a HTTP/1.1", &["Host: p", "Content-Length: 5"], None),
            // Method.
            ("GET /photos/a HTTP/1.1", &["Host: p"], Some(MethodNotAllowed)),
            ("put /photos/a HTTP/1.1", &["Host: p", "Content-Length: 5"], Some(MethodNotAllowed)),
            ("PATCH /photos/a HTTP/1.1", &["Host: p", "Content-Length: 5"], Some(MethodNotAllowed)),
            ("BITS_POST /photos/a HTTP/1.1", &["Host: p", "Content-Length: 5"], Some(MethodNotAllowed)),
            ("OPTIONS * HTTP/1.1", &["Host: p"], Some(MethodNotAllowed)),
            ("CONNECT p:80 HTTP/1.1", &["Host: p"], Some(MethodNotAllowed)),
            // Host.
            (PUT, &["Content-Length: 5"], Some(BadRequest)),
            (PUT, &["Host: p", "Host: p", "Content-Length: 5"], Some(BadRequest)),
            (PUT, &["Host:", "Content-Length: 5"], Some(BadRequest)),
            (PUT, &["Host: a b", "Content-Length: 5"], Some(BadRequest)),
            (PUT, &["Host: u@p", "Content-Length: 5"], Some(BadRequest)),
            (PUT, &["Host: p/x", "Content-Length: 5"], Some(BadRequest)),
            (PUT, &["Host: p:x", "Content-Length: 5"], Some(BadRequest)),
            (PUT, &["Host: p:65536", "Content-Length: 5"], Some(BadRequest)),
            (PUT, &["Host: p:+80", "Content-Length: 5"], Some(BadRequest)),
            (PUT, &["Host: :80", "Content-Length: 5"], Some(BadRequest)),
            (PUT, &["Host: p:", "Content-Length: 5"], None),
            (PUT, &["Host: [::1]:8080", "Content-Length: 5"], None),
            ("PUT /photos/a HTTP/1.0", &["Content-Length: 5"], None),
            ("PUT /photos/a HTTP/1.0", &["Host: a b", "Content-Length: 5"], Some(BadRequest)),
            // Absolute form.
            ("PUT http://p/photos/a HTTP/1.1", &["Host: p", "Content-Length: 5"], None),
            ("PUT http://P:80/photos/a HTTP/1.1", &["Host: p", "Content-Length: 5"], None),
            ("PUT http://q/photos/a HTTP/1.1", &["Host: p", "Content-Length: 5"], Some(BadRequest)),
            ("PUT http://p:81/photos/a HTTP/1.1", &["Host: p", "Content-Length: 5"], Some(BadRequest)),
            ("PUT https://p/photos/a HTTP/1.1", &["Host: p", "Content-Length: 5"], None),
            ("PUT ftp://p/photos/a HTTP/1.1", &["Host: p", "Content-Length: 5"], Some(BadRequest)),
            ("PUT http://u@p/photos/a HTTP/1.1", &["Host: p", "Content-Length: 5"], Some(BadRequest)),
            // What is doubtful comes before what is unwelcome.
            ("GET /photos/a HTTP/1.1", &[], Some(BadRequest)),
            (PUT, &["Host: p", "Content-Length: 5", "Connection: x, Content-Length"], Some(BadRequest)),
            (
                PUT,
                &["Host: p", "Content-Length: 5", "Connection: close", "Connection: host"],
                Some(BadRequest),
            ),
            (PUT, &["Host: p", "Content-Length: 5", "Connection: x-host"], None),
            (PUT, &["Host: p", "Content-Length: 5", "Transfer_Encoding: chunked"], Some(BadRequest)),
            // Length.
            (PUT, &["Host: p"], Some(LengthRequired)),
            (PUT, &["Host: p", "Transfer-Encoding: chunked"], Some(LengthRequired)),
            (PUT, &["Host: p", "Transfer-Encoding: gzip, chunked"], Some(BadRequest)),
            (PUT, &["Host: p", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], Some(BadRequest)),
            (PUT, &["Host: p", "Transfer-Encoding: identity"], Some(BadRequest)),
            (PUT, &["Host: p", "Content-Length: 5", "Transfer-Encoding: chunked"], Some(BadRequest)),
            (PUT, &["Host: p", "Content-Length: 5", "Content-Length: 5"], Some(BadRequest)),
            (PUT, &["Host: p", "Content-Length: 5", "Content-Length: 6"], Some(BadRequest)),
            (PUT, &["Host: p", "Content-Length: 5, 5"], Some(BadRequest)),
            (PUT, &["Host: p", "Content-Length:"], Some(BadRequest)),
            (PUT, &["Host: p", "Content-Length: +5"], Some(BadRequest)),
            (PUT, &["Host: p", "Content-Length: -5"], Some(BadRequest)),
            (PUT, &["Host: p", "Content-Length: 0x5"], Some(BadRequest)),
            (PUT, &["Host: p", "Content-Length: 18446744073709551616"], Some(BadRequest)),
            // Codings and parts.
            (PUT, &["Host: p", "Content-Length: 5", "Content-Encoding: identity"], None),
            (PUT, &["Host: p", "Content-Length: 5", "Content-Encoding:"], None),
            (PUT, &["Host: p", "Content-Length: 5", "Content-Encoding: gzip"], Some(CodingRefused)),
            (PUT, &["Host: p", "Content-Length: 5", "Content-Encoding: identity, br"], Some(CodingRefused)),
            (PUT, &["Host: p", "Content-Length: 5", "Content-Range: bytes 0-4/9"], Some(BadRequest)),
            (PUT, &["Host: p", "Content-Length: 5", "Upgrade: h2c", "Connection: upgrade"], None),
            // Types.
            (PUT, &["Host: p", "Content-Length: 5", "Content-Type: image/heic"], None),
            (PUT, &["Host: p", "Content-Length: 5", "Content-Type:"], None),
            (PUT, &["Host: p", "Content-Length: 5", "Content-Type: application/x-www-form-urlencoded"], None),
            (PUT, &["Host: p", "Content-Length: 5", "Content-Type: multipart/form-data-2"], None),
            (PUT, &["Host: p", "Content-Length: 5", "Content-Type: multipart/form-data"], Some(FormRefused)),
            (
                PUT,
                &["Host: p", "Content-Length: 5", "Content-Type: Multipart/Form-Data ; boundary=x"],
                Some(FormRefused),
            ),
            (
                PUT,
                &["Host: p", "Content-Length: 5", "Content-Type: a/b", "Content-Type: multipart/form-data"],
                Some(FormRefused),
            ),
            // Expectations.
            (PUT, &["Host: p", "Content-Length: 5", "Expect: 100-Continue"], None),
            (PUT, &["Host: p", "Content-Length: 5", "Expect: a-pony"], Some(ExpectationFailed)),
            (
                PUT,
                &["Host: p", "Content-Length: 5", "Expect: x", "Expect: 100-continue"],
                Some(ExpectationFailed),
            ),
            ("PUT /photos/a HTTP/1.0", &["Content-Length: 5", "Expect: a-pony"], None),
            // Path and route.
            ("PUT /elsewhere/a HTTP/1.1", &["Host: p", "Content-Length: 5"], Some(NoRoute)),
            ("PUT /photos HTTP/1.1", &["Host: p", "Content-Length: 5"], Some(NoRoute)),
            ("PUT * HTTP/1.1", &["Host: p", "Content-Length: 5"], Some(NoRoute)),
            ("PUT /photos/ HTTP/1.1", &["Host: p", "Content-Length: 5"], Some(BadPath)),
            ("PUT /photos/../a HTTP/1.1", &["Host: p", "Content-Length: 5"], Some(BadPath)),
            ("PUT /photos/a%0d%0a HTTP/1.1", &["Host: p", "Content-Length: 5"], Some(BadPath)),
            // Size.
            (PUT, &["Host: p", "Content-Length: 1000"], None),
            (PUT, &["Host: p", "Content-Length: 1001"], Some(TooLarge)),
            (PUT, &["Host: p", "Content-Length: 18446744073709551615"], Some(TooLarge)),
            (PUT, &["Host: p", "Content-Length: 0"], None),
            ("PUT /full/a HTTP/1.1", &["Host: p", "Content-Length: 0"], Some(EmptyRefused)),
            ("PUT /full/a HTTP/1.1", &["Host: p", "Content-Length: 1"], None),
        ] {
            assert_eq!(problem(line, headers), expected, "{line} {headers:?}");
        }
    }

    #[test]
    fn what_is_wanted_is_read() {
        let lines = ["Host: p", "Content-Length: 5", "Expect: 100-continue"];
        let (routes, resumption) = (routes(), Settings::default());
        let head = head("PUT /photos/a%20b?x=1 HTTP/1.1", &lines);
        let Intent::Upload(file) = read(&head, rules(&routes, &resumption)).unwrap() else { panic!() };
        assert_eq!(file.content, Some(5));
        let destination = file.destination(&head, None, 0).unwrap();
        assert_eq!(destination.target, "/up/a%20b");
        assert_eq!(destination.host, "iis");
        assert_eq!(file.route.prefix, "/photos/");
        assert!(file.creation.is_none());
    }
}
