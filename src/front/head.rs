//! What any request head must be like before anybody asks what it wants. Pure.
//!
//! Whatever two readers could understand in two ways is refused. hyper lets twenty forms through that others read in
//! another way, or not at all. This is what becomes of each; `tests/hostile_client` holds them to it.
//!
//! | form | decision | why |
//! | --- | --- | --- |
//! | `Content-Length` beside `Transfer-Encoding`, in both orders | 400 | RFC 9112 §6.1 lets a server refuse it; smuggling is made of it |
//! | two equal `Content-Length` | 400 | RFC 9110 §8.6: fold or refuse; whoever sends them is broken, or probes |
//! | `Transfer-Encoding: chunked` twice | 400 | RFC 9112 §6.1: chunked must not be applied twice |
//! | `Transfer-Encoding: ,chunked` | 400 | RFC 9110 §5.6.1 allows the empty element; others take the whole for unknown |
//! | `Transfer-Encoding: gzip, chunked` | 400 | the file would be stored compressed |
//! | chunk extensions | ignored | RFC 9112 §7.1.1: unknown ones must be; behind a chunked body the connection ends |
//! | a `Content-Length` trailer | ignored | RFC 9110 §6.5.1: framing is not for trailers; nobody reads ours |
//! | lines that end with LF alone | 400 | RFC 9112 §2.2: a recipient may take them; others see one long line |
//! | no `Host`, two, one that is invalid | 400 | RFC 9112 §3.2 demands it |
//! | absolute form for another authority | 400 | RFC 9112 §3.2.2; two names for one place are one too many |
//! | a fragment in the target | 400 | RFC 9112 §3.2 has none; hyper drops it, and `a#1`, `a#2` would be one file |
//! | dot segments, `%0d%0a` | 400 `bad_path` | no file name: see [`route`](crate::route) |
//! | `Upgrade: h2c` | ignored | RFC 9110 §7.8: a server may; the request is served as it is |
//! | `Connection: Content-Length` | 400 | RFC 9110 §7.6.1: a proxy on the way would cut the field off |
//! | CONNECT | 405 and closed | RFC 9110 §9.3.6: no proxy of that kind here; what follows is not ours to read |
//! | GET with a body | 405 and closed | RFC 9110 §9.3.1: a body means nothing there |
//!
//! Most of them show in the parsed head. [`raw_head`](super::raw_head) finds the rest.

use super::raw_head::Doubt;
use crate::error::{Failure, Problem};
use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, EXPECT, HOST,
    TRANSFER_ENCODING,
};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Version};

/// Most header fields of a request.
pub(super) const MAX_FIELDS: usize = 64;

/// Largest request head, in bytes.
pub(super) const MAX_HEAD: u32 = 16 << 10;

/// Marks a request over HTTP/2 with a body whose length was not told: it ends with its stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenEnded;

/// What the bytes of the head give to doubt.
pub(super) fn check_doubt(head: &Parts) -> Result<(), Failure> {
    match head.extensions.get::<Doubt>() {
        Some(doubt) => fail(Problem::BadRequest, doubt.detail()),
        None => Ok(()),
    }
}

/// Not more fields than may be. (hyper sees to that itself, and answers the same.)
pub(super) fn check_count(headers: &HeaderMap) -> Result<(), Failure> {
    match headers.len() {
        0..=MAX_FIELDS => Ok(()),
        _ => fail(Problem::HeadTooLarge, format!("the request head may have {MAX_FIELDS} header fields")),
    }
}

/// Whether nobody knows what comes behind the head, although no body is announced.
pub(super) fn is_open_ended(head: &Parts) -> bool {
    head.method == Method::CONNECT || head.extensions.get::<Doubt>().is_some()
}

/// RFC 9112 §3.2: exactly one valid `Host` (HTTP/1.0 may go without), and the same one in an absolute target. RFC 9113
/// §8.3.1 says the same of `:authority`, which stands in the target.
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
    if head.uri.scheme_str().is_some_and(|scheme| !matches!(scheme, "http" | "https")) {
        return fail(Problem::BadRequest, "the request target has a scheme other than http");
    }
    match (head.uri.authority(), host) {
        (Some(target), _) if target.as_str().contains('@') => {
            fail(Problem::BadRequest, "the request target has a user name in it")
        }
        (Some(target), Some(host)) if !same_authority(target, &host, default_port(head)) => {
            fail(Problem::BadRequest, "the request target names another host than Host")
        }
        _ => Ok(()),
    }
}

/// A host and perhaps a port, nothing else.
pub(super) fn authority(value: &HeaderValue) -> Option<Authority> {
    let authority = Authority::try_from(value.as_bytes()).ok()?;
    let rest = authority.as_str().strip_prefix(authority.host())?;
    // A number with a sign would be read as one, too.
    let digits = rest.bytes().skip(1).all(|byte| byte.is_ascii_digit());
    let port_is_number = matches!(rest, "" | ":") || (digits && authority.port_u16().is_some());
    (!authority.host().is_empty() && port_is_number).then_some(authority)
}

/// The port that is meant where none is named.
fn default_port(head: &Parts) -> u16 {
    if head.uri.scheme_str() == Some("https") { 443 } else { 80 }
}

/// The same host and port, with the default one for a port left out.
fn same_authority(one: &Authority, other: &Authority, default_port: u16) -> bool {
    let port = |authority: &Authority| authority.port_u16().unwrap_or(default_port);
    one.host().eq_ignore_ascii_case(other.host()) && port(one) == port(other)
}

/// How the body of a request is delimited (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length in bytes.
    Length(u64),
    /// By itself, at its end: chunked, or (HTTP/2) by the end of its stream.
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
pub(super) fn framing(head: &Parts) -> Result<Framing, Failure> {
    let headers = &head.headers;
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
        (None, None) if head.extensions.get::<OpenEnded>().is_some() => Ok(Framing::Chunked),
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

/// RFC 9110 §7.6.1: a proxy cuts off what `Connection` names. No honest sender names what says where a message ends or
/// whom it is for; nor does one spell it so that only some readers know it again (CGI takes `_` for `-`).
pub(super) fn check_connection(headers: &HeaderMap) -> Result<(), Failure> {
    const VITAL: [&str; 3] = ["content-length", "transfer-encoding", "host"];
    let is_vital = |option: &[u8]| VITAL.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(option));
    let mut options =
        headers.get_all(CONNECTION).iter().flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    if options.any(|option| is_vital(option.trim_ascii())) {
        return fail(
            Problem::BadRequest,
            "the field Connection names one that is needed to read the request",
        );
    }
    if ["content_length", "transfer_encoding"].iter().any(|alias| headers.contains_key(*alias)) {
        return fail(Problem::BadRequest, "a field name has '_' where '-' belongs");
    }
    Ok(())
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
