//! What any request head must be like before anybody asks what it wants. Pure.
//!
//! Whatever two readers could understand in two ways is refused.

use crate::error::{Failure, Problem};
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, EXPECT, HOST, TRANSFER_ENCODING,
};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Version};

/// RFC 9112 §3.2: exactly one valid `Host` (HTTP/1.0 may go without), and the same one in an absolute target.
pub(super) fn check_host(head: &Parts) -> Result<(), Failure> {
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

/// How the body of a request is delimited (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length in bytes.
    Length(u64),
    /// By itself, at its end.
    Chunked,
    /// There is none.
    Nothing,
}

impl Framing {
    /// Bytes of the body; nothing if that shows only at its end.
    pub(super) fn content(self) -> Option<u64> {
        match self {
            Framing::Length(length) => Some(length),
            Framing::Chunked => None,
            Framing::Nothing => Some(0),
        }
    }
}

/// How the body is delimited.
pub(super) fn framing(headers: &HeaderMap) -> Result<Framing, Failure> {
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
            Ok(Framing::Chunked)
        }
        (None, Some(_)) => {
            fail(Problem::BadRequest, "Transfer-Encoding is not supported: send Content-Length")
        }
        (None, None) => Ok(Framing::Nothing),
        (Some(_), None) if second.is_some() => {
            fail(Problem::BadRequest, "there is more than one Content-Length")
        }
        (Some(length), None) => match decimal(length) {
            Some(length) => Ok(Framing::Length(length)),
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
pub(super) fn check_coding(headers: &HeaderMap) -> Result<(), Failure> {
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
pub(super) fn check_type(headers: &HeaderMap) -> Result<(), Failure> {
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
pub(super) fn check_expectation(head: &Parts) -> Result<(), Failure> {
    let expectations = head.headers.get_all(EXPECT);
    if head.version < Version::HTTP_11 {
        return Ok(());
    }
    if expectations.iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
        return fail(Problem::ExpectationFailed, "the only expectation that can be met is 100-continue");
    }
    Ok(())
}

/// RFC 9110 §14.4: the part must not be taken for the whole.
pub(super) fn check_range(headers: &HeaderMap) -> Result<(), Failure> {
    if headers.contains_key(CONTENT_RANGE) {
        return fail(
            Problem::BadRequest,
            "Content-Range is not supported: send the whole file in one request",
        );
    }
    Ok(())
}

/// A refusal.
pub(super) fn fail<T>(problem: Problem, detail: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::new(problem, detail))
}
