//! Every rule by raw bytes.

use crate::PUT;
use crate::support::{Event, Front, within};
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn a_stored_file_is_answered_with_201() {
    let mut front = Front::start().await;
    let answer = front.ask(PUT).await;
    assert_eq!((answer.status, answer.header("content-length")), (201, Some("0")));
    assert!(answer.header("connection").is_none() && answer.header("put2bits-error").is_none());
    let Event::Started(upload) = front.event().await else { panic!() };
    assert_eq!(upload.total(), 5);
    assert_eq!(upload.method, "PUT");
    assert_eq!(upload.destination.target, "/up/a");
    assert_eq!(upload.id.len(), 12);
    assert!(upload.id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(matches!(front.event().await, Event::Read(5)));
}

/// Requests whose whole text is given, and what comes back: status, then the code of a refusal or "".
#[rustfmt::skip]
const RULES: &[(&str, u16, &str)] = &[
    ("POST /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 201, ""),
    ("PUT /in/a HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", 201, ""),
    ("PUT http://p/in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 201, ""),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n\r\n", 201, ""),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nContent-Encoding: identity\r\n\r\nhello", 201, ""),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\nhello", 201, ""),
    // Methods.
    ("GET /in/a HTTP/1.1\r\nHost: p\r\n\r\n", 405, "method_not_allowed"),
    ("GET /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 405, "method_not_allowed"),
    ("DELETE /in/a HTTP/1.1\r\nHost: p\r\n\r\n", 405, "method_not_allowed"),
    ("OPTIONS * HTTP/1.1\r\nHost: p\r\n\r\n", 405, "method_not_allowed"),
    ("CONNECT p:80 HTTP/1.1\r\nHost: p:80\r\n\r\n", 405, "method_not_allowed"),
    ("BITS_POST /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n\r\n", 405, "method_not_allowed"),
    // Hosts.
    ("PUT /in/a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p/../q\r\nContent-Length: 5\r\n\r\nhello", 400, "bad_request"),
    ("PUT http://q/in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 400, "bad_request"),
    // Lengths.
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\n\r\n", 411, "length_required"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 411, "length_required"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: identity\r\n\r\n", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: xchunked\r\n\r\n", 400, "bad_request"),
    ("PUT /in/a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "bad_request"),
    // What hyper hides.
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\nHost: p\nContent-Length: 5\n\nhello", 400, "bad_request"),
    ("PUT /in/a#b HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5, 5\r\n\r\nhello", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: +5\r\n\r\nhello", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length:\r\n\r\nhello", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 99999999999999999999\r\n\r\nhello", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 104857601\r\n\r\nhello", 413, "too_large"),
    ("PUT /strict/a HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n\r\n", 422, "empty_refused"),
    // Codings, types, parts, expectations.
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\nhello", 415, "coding_refused"),
    ("POST /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\nhello", 415, "form_refused"),
    ("POST /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nhello", 201, ""),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nContent-Range: bytes 0-4/9\r\n\r\nhello", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nExpect: a-pony\r\n\r\nhello", 417, "expectation_failed"),
    // Paths.
    ("PUT /elsewhere/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 404, "no_route"),
    ("PUT /in/../a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 400, "bad_path"),
    ("PUT /in/%2e%2e/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 400, "bad_path"),
    ("PUT /in/a%0d%0aX:%20y HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 400, "bad_path"),
    ("PUT /in/ HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 400, "bad_path"),
    ("PUT //in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 404, "no_route"),
    // Heads that hyper does not parse.
    ("PUT /in/a HTTP/1.1\r\nHost : p\r\nContent-Length: 5\r\n\r\nhello", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\n folded: x\r\nContent-Length: 5\r\n\r\nhello", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nX: a\0b\r\nContent-Length: 5\r\n\r\nhello", 400, "bad_request"),
    ("PUT /in/a b HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 400, "bad_request"),
    ("PUT /in/a HTTP/1.10\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 400, "bad_request"),
    ("\x16\x03\x01\x02\x00\x01\x00\x01\x7c\x03\x03 not for here\r\n\r\n", 400, "bad_request"),
    // What the uploads say.
    ("PUT /in/full HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 507, "disk_full"),
    ("PUT /in/later-full HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 507, "disk_full"),
    ("PUT /in/busy HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 503, "backend_unavailable"),
    ("PUT /in/dies HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 500, "internal"),
];

#[tokio::test]
async fn every_rule_over_the_wire() {
    let mut front = Front::start().await;
    for &(request, status, code) in RULES {
        let mut client = front.connect().await;
        let local = client.stream.local_addr().unwrap();
        client.send(request).await;
        let answer = client.answer().await;
        assert_eq!(answer.status, status, "{request:?}: {answer:?}");
        // Whoever has the answer finds the log line.
        let id = answer.header("put2bits-id").map(str::to_owned);
        if status == 201 {
            let Event::Started(upload) = front.event().await else { panic!("{request:?}") };
            assert_eq!((Some(upload.id), upload.client), (id, Some(local)), "{request:?}");
            assert!(matches!(front.event().await, Event::Read(_)), "{request:?}");
            continue;
        }
        assert_eq!(answer.code(), code, "{request:?}");
        // Whatever follows an unread body is never taken for a request.
        let closes = answer.header("connection") == Some("close");
        if closes {
            let _ = client.stream.write_all(PUT.as_bytes()).await;
            client.ends().await;
        } else {
            client.send(PUT).await;
            assert_eq!(client.answer().await.status, 201, "after {request:?}");
        }
        drop(client);
        match front.event().await {
            Event::Refused(told) => {
                assert_eq!(told.code, code, "{request:?}");
                assert_eq!((Some(told.id.as_str()), told.client), (id.as_deref(), local), "{request:?}");
            }
            Event::Started(upload) => {
                assert!(status >= 500, "{request:?}");
                assert_eq!((Some(upload.id), upload.client), (id, Some(local)), "{request:?}");
            }
            other => panic!("{request:?}: {other:?}"),
        }
        if !closes {
            assert!(matches!(front.event().await, Event::Started(_)));
            assert!(matches!(front.event().await, Event::Read(5)));
        }
    }
}

#[tokio::test]
async fn refusals_say_what_would_be_right() {
    let front = Front::start().await;
    let head = |line: &str, more: &str| format!("{line} HTTP/1.1\r\nHost: p\r\n{more}\r\n");
    let answer = front.ask(head("GET /in/a", "")).await;
    assert_eq!(answer.header("allow"), Some("PUT, POST, OPTIONS"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.header("retry-after").is_none());
    let answer = front.ask(head("PUT /in/a", "Content-Length: 1\r\nContent-Encoding: br\r\n")).await;
    assert_eq!(answer.header("accept-encoding"), Some("identity"));
    assert_eq!(
        front.ask(head("PUT /in/busy", "Content-Length: 0\r\n")).await.header("retry-after"),
        Some("7")
    );
    assert_eq!(
        front.ask(head("PUT /in/dies", "Content-Length: 0\r\n")).await.header("retry-after"),
        Some("10")
    );
    let mut client = front.connect().await;
    client.send(head("HEAD /in/a", "Connection: close\r\n")).await;
    within(async {
        let mut text = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut client.stream, &mut text).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 405") && text.ends_with("\r\n\r\n"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn heads_beyond_the_limits_are_told_so() {
    let mut front = Front::start().await;
    let with = |lines: String| format!("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n{lines}\r\n");
    let fields = |count: usize| (0..count).map(|index| format!("X-{index}: y\r\n")).collect::<String>();
    assert_eq!(front.ask(with(fields(62))).await.status, 201);
    for lines in [fields(63), format!("X: {}\r\n", "y".repeat(17_000)), fields(5000)] {
        let answer = front.ask(with(lines)).await;
        assert_eq!((answer.status, answer.code()), (431, "head_too_large"));
    }
    assert!(matches!(front.event().await, Event::Started(_)));
    assert!(matches!(front.event().await, Event::Read(0)));
    let Event::Refused(told) = front.event().await else { panic!() };
    assert_eq!((told.code, told.method, told.path), ("head_too_large", None, None));
    let long = format!("PUT /in/{} HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n\r\n", "a/".repeat(40_000));
    let answer = front.ask(long).await;
    assert_eq!((answer.status, answer.code()), (431, "head_too_large"));
}

#[tokio::test]
async fn refusals_are_reported_without_their_query() {
    let mut front = Front::start().await;
    front.ask("PUT /in/%2e?token=secret HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n\r\n").await;
    let Event::Refused(told) = front.event().await else { panic!() };
    let (method, path) = (told.method.as_deref(), told.path.as_deref());
    assert_eq!((told.code, method, path), ("bad_path", Some("PUT"), Some("/in/%2e")));
}
