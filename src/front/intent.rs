//! From a request head to what its sender wants, or to the reason why not. Pure.
//!
//! Whatever two readers could understand in two ways is refused. The checks run from the framing outwards: what
//! makes the message itself doubtful comes before what makes it merely unwelcome.

use crate::bits::Destination;
use crate::error::{Failure, Problem};
use crate::route::{Route, Routes, ZeroLength};
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, EXPECT, HOST, TRANSFER_ENCODING,
};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Version};
use std::sync::Arc;

/// A request that may become an upload.
#[derive(Debug)]
pub(super) struct Intent {
    /// The route that covers it.
    pub(super) route: Arc<Route>,
    /// Where the file goes.
    pub(super) destination: Destination,
    /// Size of the file in bytes.
    pub(super) total: u64,
}

/// Reads a request head.
pub(super) fn read(head: &Parts, routes: &Routes, max_upload: u64) -> Result<Intent, Failure> {
    if head.method != Method::PUT && head.method != Method::POST {
        return fail(
            Problem::MethodNotAllowed,
            format!("{} is not supported: upload a file with PUT", head.method),
        );
    }
    check_host(head)?;
    let total = total(&head.headers)?;
    check_coding(&head.headers)?;
    check_type(&head.headers)?;
    // RFC 9110 §14.4: the part must not be taken for the whole.
    if head.headers.contains_key(CONTENT_RANGE) {
        return fail(
            Problem::BadRequest,
            "Content-Range is not supported: send the whole file in one request",
        );
    }
    check_expectation(head)?;

    let path = head.uri.path();
    let Some(route) = routes.find(path) else {
        return fail(Problem::NoRoute, "no route of this proxy covers the path");
    };
    let destination = route.destination(&head.uri, &head.headers)?;
    if total > max_upload {
        return fail(
            Problem::TooLarge,
            format!("{total} bytes are more than the limit of {max_upload} bytes"),
        );
    }
    if total == 0 && route.zero_length == ZeroLength::Refuse {
        return fail(Problem::EmptyRefused, "the file has no bytes");
    }
    Ok(Intent { route: Arc::clone(route), destination, total })
}

/// RFC 9112 §3.2: exactly one valid `Host` (HTTP/1.0 may go without), and the same one in an absolute target.
fn check_host(head: &Parts) -> Result<(), Failure> {
    let mut hosts = head.headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (None, _) if head.version == Version::HTTP_10 => None,
        (None, _) => return fail(Problem::BadRequest, "Host is missing"),
        (Some(_), Some(_)) => return fail(Problem::BadRequest, "there is more than one Host"),
        (Some(value), None) => match authority(value) {
            Some(authority) => Some(authority),
            None => return fail(Problem::BadRequest, "Host is not a host name with an optional port"),
        },
    };
    match (head.uri.authority(), host) {
        (Some(target), Some(host)) if !same_authority(target, &host) => {
            fail(Problem::BadRequest, "the request target names another host than Host")
        }
        _ => Ok(()),
    }
}

/// A host and perhaps a port, nothing else.
fn authority(value: &HeaderValue) -> Option<Authority> {
    let authority = Authority::try_from(value.as_bytes()).ok()?;
    let rest = authority.as_str().strip_prefix(authority.host())?;
    let port_is_number = matches!(rest, "" | ":") || authority.port_u16().is_some();
    (!authority.host().is_empty() && port_is_number).then_some(authority)
}

/// The same host and port, with 80 for a port left out.
fn same_authority(one: &Authority, other: &Authority) -> bool {
    let port = |authority: &Authority| authority.port_u16().unwrap_or(80);
    one.host().eq_ignore_ascii_case(other.host()) && port(one) == port(other)
}

/// The size of the file, which BITS tells with the first fragment.
fn total(headers: &HeaderMap) -> Result<u64, Failure> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let (length, second) = (lengths.next(), lengths.next());
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (length, codings.next()) {
        (Some(_), Some(_)) => {
            fail(Problem::BadRequest, "Content-Length and Transfer-Encoding contradict each other")
        }
        (None, Some(coding))
            if coding.as_bytes().eq_ignore_ascii_case(b"chunked") && codings.next().is_none() =>
        {
            fail(
                Problem::LengthRequired,
                "a chunked body does not tell its size beforehand: send Content-Length",
            )
        }
        (None, Some(_)) => {
            fail(Problem::BadRequest, "Transfer-Encoding is not supported: send Content-Length")
        }
        (None, None) => fail(Problem::LengthRequired, "Content-Length is missing"),
        (Some(_), None) if second.is_some() => {
            fail(Problem::BadRequest, "there is more than one Content-Length")
        }
        (Some(length), None) => match decimal(length) {
            Some(total) => Ok(total),
            None => fail(Problem::BadRequest, "Content-Length is not a plain number"),
        },
    }
}

/// Digits only: no sign, no blanks, no list, no overflow.
fn decimal(value: &HeaderValue) -> Option<u64> {
    let text = value.to_str().ok()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The body must be the file itself.
fn check_coding(headers: &HeaderMap) -> Result<(), Failure> {
    let coded = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii)
        .any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"));
    if coded {
        return fail(Problem::CodingRefused, "Content-Encoding is not supported: send the file as it is");
    }
    Ok(())
}

/// The same for forms. `application/x-www-form-urlencoded` passes: curl calls whatever it sends by `--data-binary` so.
fn check_type(headers: &HeaderMap) -> Result<(), Failure> {
    let is_form = |value: &HeaderValue| {
        let essence = value.as_bytes().split(|&byte| byte == b';').next().unwrap_or_default();
        essence.trim_ascii().eq_ignore_ascii_case(b"multipart/form-data")
    };
    if headers.get_all(CONTENT_TYPE).iter().any(is_form) {
        return fail(Problem::FormRefused, "multipart/form-data is not supported: send the file itself");
    }
    Ok(())
}

/// RFC 9110 §10.1.1. HTTP/1.0 knows no expectations: they are ignored. hyper sends the 100 with the first poll of the body.
fn check_expectation(head: &Parts) -> Result<(), Failure> {
    let expectations = head.headers.get_all(EXPECT);
    if head.version < Version::HTTP_11 {
        return Ok(());
    }
    if expectations.iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
        return fail(Problem::ExpectationFailed, "the only expectation that can be met is 100-continue");
    }
    Ok(())
}

/// A refusal.
fn fail<T>(problem: Problem, detail: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::new(problem, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::BackendUrl;
    use http::Request;

    const MAX: u64 = 1000;

    fn routes() -> Routes {
        let backend = BackendUrl::parse("http://iis/up/").unwrap();
        let mut full = Route::new("/full/", backend.clone());
        full.zero_length = ZeroLength::Refuse;
        Routes::new(vec![Route::new("/photos/", backend), full])
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
        match read(&head(request_line, lines), &routes(), MAX) {
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
        let intent = read(&head("PUT /photos/a%20b?x=1 HTTP/1.1", &lines), &routes(), MAX).unwrap();
        assert_eq!(intent.total, 5);
        assert_eq!(intent.destination.target, "/up/a%20b");
        assert_eq!(intent.destination.host, "iis");
        assert_eq!(intent.route.prefix, "/photos/");
    }
}
