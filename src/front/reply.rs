//! What the client is told: an outcome becomes a response. Pure but for the clock in `unreadable`.

use crate::error::{Failure, Problem};
use crate::resumable::reply::problem_type;
use crate::upload::Stored;
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, RETRY_AFTER, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use std::time::SystemTime;

/// Names the problem in every answer that the proxy made itself.
const PUT2BITS_ERROR: HeaderName = HeaderName::from_static("put2bits-error");

/// Names the upload or the refused request, as the log does.
const PUT2BITS_ID: HeaderName = HeaderName::from_static("put2bits-id");

/// Why an upload ended, beside a 404 that says only that it did.
const PUT2BITS_REASON: HeaderName = HeaderName::from_static("put2bits-reason");

/// Advice when to come back if the backend gave none, in seconds.
const RETRY_AFTER_DEFAULT: u64 = 10;

/// Headers that belong to this connection and its framing, whatever a route lists.
pub(super) const OURS: [HeaderName; 8] = [
    CONNECTION,
    CONTENT_LENGTH,
    DATE,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// RFC 9457. `code` repeats the end of `type` for people who grep; `fault` says who has to act, `advice` how.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    fault: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    advice: &'a str,
}

/// 201: the file is stored.
pub(super) fn stored(stored: Stored, id: &str) -> Response<Full<Bytes>> {
    let mut headers = stored.headers;
    for name in OURS {
        headers.remove(name);
    }
    let body = match stored.reply {
        Some(reply) => {
            headers.remove(CONTENT_TYPE);
            if let Some(content_type) = reply.content_type {
                headers.insert(CONTENT_TYPE, content_type);
            }
            reply.body
        }
        None => Bytes::new(),
    };
    identify(&mut headers, id);
    response(StatusCode::CREATED, headers, body)
}

/// An answer of headers alone.
pub(super) fn bare(status: StatusCode, mut headers: HeaderMap, id: &str) -> Response<Full<Bytes>> {
    identify(&mut headers, id);
    response(status, headers, Bytes::new())
}

/// Ends the connection after this answer.
pub(super) fn close(response: &mut Response<Full<Bytes>>) {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
}

/// Adds why an upload ended.
pub(super) fn reason(response: &mut Response<Full<Bytes>>, why: Problem) {
    response.headers_mut().insert(PUT2BITS_REASON, HeaderValue::from_static(why.code()));
}

/// Says which credentials would help.
pub(super) fn challenge(response: &mut Response<Full<Bytes>>, challenges: &[HeaderValue]) {
    for challenge in challenges {
        response.headers_mut().append(WWW_AUTHENTICATE, challenge.clone());
    }
}

/// Says which methods there are instead.
pub(super) fn allow(response: &mut Response<Full<Bytes>>, methods: HeaderValue) {
    response.headers_mut().insert(ALLOW, methods);
}

/// The answer to a failure. With `close` the connection ends after it.
pub(super) fn failed(failure: &Failure, id: &str, close: bool) -> Response<Full<Bytes>> {
    let (headers, document) = problem(failure, id, close);
    response(failure.problem.row().status, headers, document)
}

/// Headers and body of the answer to a failure.
fn problem(failure: &Failure, id: &str, close: bool) -> (HeaderMap, Bytes) {
    let row = failure.problem.row();
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PUT2BITS_ERROR, HeaderValue::from_static(row.code));
    identify(&mut headers, id);
    if row.retry {
        headers.insert(RETRY_AFTER, failure.retry_after.unwrap_or(RETRY_AFTER_DEFAULT).into());
    }
    match failure.problem {
        Problem::MethodNotAllowed => headers.insert(ALLOW, HeaderValue::from_static("PUT, POST, OPTIONS")),
        // RFC 9110 §12.5.3: tells which codings would be taken.
        Problem::CodingRefused => headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity")),
        _ => None,
    };
    if let Some(challenge) = &failure.challenge {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::clone(challenge));
    }
    if close {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    let document = Document {
        r#type: match problem_type(failure.problem) {
            Some(registered) => registered.to_owned(),
            None => format!("urn:put2bits:problem:{}", row.code),
        },
        title: row.title,
        status: row.status.as_u16(),
        detail: &failure.detail,
        code: row.code,
        fault: row.fault.as_str(),
        advice: row.advice,
    };
    // Strings and a number always serialise.
    let mut document = serde_json::to_vec(&document).unwrap_or_default();
    // So that a terminal's prompt comes on a line of its own.
    document.push(b'\n');
    (headers, document.into())
}

fn identify(headers: &mut HeaderMap, id: &str) {
    // Ids are hexadecimal digits, so they always fit.
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(PUT2BITS_ID, id);
    }
}

fn response(status: StatusCode, headers: HeaderMap, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Whether the connection ends after this answer although the client may still be sending.
pub(super) fn closes<B>(response: &Response<B>) -> bool {
    response.headers().get(CONNECTION).is_some_and(|value| value == "close")
}

/// The whole answer to a head that hyper could not parse, in place of hyper's own, of which the status is used.
pub(super) fn unreadable(hypers: &[u8], id: &str) -> Bytes {
    let failure = match hypers.get(9..12) {
        Some(b"414" | b"431") => Failure::new(
            Problem::HeadTooLarge,
            "the request head may have 64 header fields and 16 KiB, its first line included",
        ),
        _ => Failure::new(
            Problem::BadRequest,
            "the request head is not valid HTTP/1.1; usual causes: two different Content-Length fields, a length \
             that is not a plain number, an unknown Transfer-Encoding, a space before a colon",
        ),
    };
    let (mut headers, document) = problem(&failure, id, true);
    let date = HeaderValue::try_from(httpdate::fmt_http_date(SystemTime::now()));
    // A date has a form that always fits.
    headers.extend(date.ok().map(|date| (DATE, date)));
    written(&failure, &headers, &document)
}

/// The whole answer to a connection for which there is no place. It is made once, for everybody: it has no date (RFC 9110
/// §6.6.1 leaves that open for a 503) and no id.
pub fn turned_away(failure: &Failure) -> Bytes {
    let (mut headers, document) = problem(failure, "", true);
    headers.remove(PUT2BITS_ID);
    written(failure, &headers, &document)
}

/// An answer as HTTP/1.1 has it on the wire.
fn written(failure: &Failure, headers: &HeaderMap, document: &[u8]) -> Bytes {
    let (status, length) = (failure.problem.row().status, document.len());
    let mut answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n").into_bytes();
    for (name, value) in headers {
        answer.extend_from_slice(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    answer.extend_from_slice(b"\r\n");
    answer.extend_from_slice(document);
    answer.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::Reply;
    use http_body_util::BodyExt;

    async fn body(response: Response<Full<Bytes>>) -> Bytes {
        response.into_body().collect().await.unwrap().to_bytes()
    }

    #[tokio::test]
    async fn every_problem_is_a_document_that_agrees_with_its_row() {
        for &problem in Problem::ALL {
            let row = problem.row();
            let response = failed(&Failure::new(problem, "say \"why\"\r\n"), "7f3a", false);
            assert_eq!(response.status(), row.status);
            let headers = response.headers();
            assert_eq!(headers["content-type"], "application/problem+json");
            assert_eq!(headers["cache-control"], "no-store");
            assert_eq!(headers["put2bits-error"], row.code);
            assert_eq!(headers["put2bits-id"], "7f3a");
            assert_eq!(headers.contains_key("retry-after"), row.retry, "{row:?}");
            assert_eq!(headers.contains_key("allow"), row.status == StatusCode::METHOD_NOT_ALLOWED);
            assert!(!closes(&response));
            let text = body(response).await;
            assert!(text.ends_with(b"}\n"), "{text:?}");
            let document: serde_json::Value = serde_json::from_slice(&text).unwrap();
            let own = format!("urn:put2bits:problem:{}", row.code);
            let mut expected = serde_json::json!({
                "type": problem_type(problem).unwrap_or(&own),
                "title": row.title,
                "status": row.status.as_u16(),
                "detail": "say \"why\"\r\n",
                "code": row.code,
                "fault": row.fault.as_str(),
            });
            if !row.advice.is_empty() {
                expected["advice"] = row.advice.into();
            }
            assert_eq!(document, expected);
        }
    }

    #[test]
    fn advice_of_the_backend_is_passed_on() {
        let mut failure = Failure::new(Problem::Unavailable, "");
        assert_eq!(failed(&failure, "7f3a", true).headers()["retry-after"], "10");
        failure.retry_after = Some(77);
        let response = failed(&failure, "7f3a", true);
        assert_eq!(response.headers()["retry-after"], "77");
        assert!(closes(&response));
        failure.problem = Problem::DiskFull;
        assert!(!failed(&failure, "7f3a", true).headers().contains_key("retry-after"));
    }

    #[tokio::test]
    async fn a_stored_file_is_201_with_the_headers_of_the_route() {
        let mut headers = HeaderMap::new();
        headers.insert("x-resource-id", HeaderValue::from_static("7"));
        headers.insert("put2bits-id", HeaderValue::from_static("the backend's"));
        for name in OURS {
            headers.insert(name, HeaderValue::from_static("evil"));
        }
        let response = stored(Stored { headers, reply: None }, "7f3a");
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers().len(), 2);
        assert_eq!(response.headers()["x-resource-id"], "7");
        assert_eq!(response.headers()["put2bits-id"], "7f3a");
        assert!(body(response).await.is_empty());
    }

    #[tokio::test]
    async fn a_forwarded_reply_keeps_its_type() {
        let reply = Reply {
            content_type: Some(HeaderValue::from_static("text/xml")),
            body: Bytes::from_static(b"<ok/>"),
        };
        let response = stored(Stored { headers: HeaderMap::new(), reply: Some(reply) }, "7f3a");
        assert_eq!(response.headers()["content-type"], "text/xml");
        assert_eq!(body(response).await, "<ok/>");
    }

    #[test]
    fn an_unreadable_head_gets_a_whole_answer() {
        for (bare, status, code) in [
            (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "400 Bad Request", "bad_request"),
            (b"HTTP/1.1 431 x\r\n\r\n", "431 Request Header Fields Too Large", "head_too_large"),
            (b"HTTP/1.1 414 x\r\n\r\n", "431 Request Header Fields Too Large", "head_too_large"),
            (b"", "400 Bad Request", "bad_request"),
        ] {
            let answer = String::from_utf8(unreadable(bare, "7f3a").to_vec()).unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
            for line in ["connection: close", "put2bits-id: 7f3a"] {
                assert!(answer.contains(&format!("\r\n{line}\r\n")), "{line}: {answer}");
            }
            let (head, document) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", document.len())), "{answer}");
            let document: serde_json::Value = serde_json::from_str(document).unwrap();
            assert_eq!(document["code"], code);
        }
    }
}
