//! What a request has to be like: the rules of HTTP/2, and those that hold for all.

use crate::client::Client;
use crate::frames::{END_STREAM, GOAWAY, HEADERS, PROTOCOL_ERROR, RST_STREAM, Raw, head};
use crate::support::{Backend, Settings};

/// What becomes of a head.
#[derive(Debug, PartialEq)]
enum Fate {
    /// Its stream is reset for a protocol error.
    Reset,
    /// It ends the connection: h2 cannot even decode it. (RFC 9113 §5.4.1 leaves that open.)
    Ends,
    /// It is answered.
    Answered,
}
use Fate::{Answered, Ends, Reset};

#[tokio::test]
async fn malformed_heads_reset_their_stream() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let usual = head("GET", "/a", &[]);
    let with = |name: &'static str, value: &'static str| [&usual[..], &[(name, value)]].concat();
    let without = |name: &str| usual.iter().copied().filter(|(field, _)| *field != name).collect::<Vec<_>>();
    for (fields, fate) in [
        (usual.clone(), Answered),
        (with("connection", "keep-alive"), Reset),
        (with("keep-alive", "timeout=5"), Reset),
        (with("proxy-connection", "close"), Reset),
        (with("transfer-encoding", "chunked"), Reset),
        (with("upgrade", "h2c"), Reset),
        (with("te", "gzip"), Reset),
        (with("te", "trailers"), Answered),
        (with("X-Upper", "case"), Ends),
        (with(":path", "/twice"), Reset),
        (with(":unknown", "x"), Ends),
        (without(":method"), Reset),
        (without(":scheme"), Reset),
        (without(":path"), Reset),
        // Nobody says for whom it is: that is for us to answer.
        (without(":authority"), Answered),
        ([&without(":path")[..], &[(":path", "")]].concat(), Reset),
        (vec![(":method", "CONNECT"), (":authority", "elsewhere:443")], Answered),
    ] {
        let mut raw = Raw::connect(proxy.addr).await;
        raw.request(1, END_STREAM, &fields).await;
        let frame = loop {
            match raw.next().await {
                Some(frame) if frame.stream == 1 || frame.kind == GOAWAY => break frame,
                Some(_) => {}
                None => panic!("{fields:?}: it just ended"),
            }
        };
        let found = match frame.kind {
            HEADERS => Answered,
            RST_STREAM if frame.reason() == PROTOCOL_ERROR => Reset,
            GOAWAY if frame.reason() == PROTOCOL_ERROR => Ends,
            _ => panic!("{fields:?}: {frame:?}"),
        };
        assert_eq!(found, fate, "{fields:?}");
        if fate != Ends {
            raw.is_alive().await;
        }
    }
}

#[tokio::test]
async fn the_rules_for_heads_are_those_of_http_1() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let mut client = Client::connect(proxy.addr).await;
    let host = proxy.addr.to_string();
    for (method, path, fields, status, code) in [
        ("GET", "/a", &[][..], 405, "method_not_allowed"),
        ("PUT", "/a", &[], 411, "length_required"),
        ("PUT", "/a", &[("host", "elsewhere"), ("content-length", "0")], 400, "bad_request"),
        ("PUT", "/a/../b", &[("host", &host), ("content-length", "0")], 400, "bad_path"),
        ("PUT", "/a", &[("content-encoding", "gzip"), ("content-length", "0")], 415, "coding_refused"),
        ("PUT", "/a", &[("content-range", "bytes 0-1/2"), ("content-length", "0")], 400, "bad_request"),
        ("PUT", "/a", &[("expect", "a-pony"), ("content-length", "0")], 417, "expectation_failed"),
        ("PUT", "/a", &[("content_length", "5"), ("content-length", "0")], 400, "bad_request"),
    ] {
        let answer = client.ask(method, path, fields).await;
        assert_eq!(answer.status, status, "{method} {path} {fields:?}: {answer:?}");
        answer.assert_problem(status, code);
        assert!(!answer.headers.contains_key("connection"), "{answer:?}");
    }
    let same = client.ask("PUT", "/a", &[("host", &host), ("content-length", "0")]).await;
    assert_eq!(same.status, 201, "{same:?}");
    let answer = client.ask("HEAD", "/a", &[]).await;
    assert_eq!((answer.status, answer.body.len()), (405, 0));
}

#[tokio::test]
async fn a_head_that_is_too_large_is_answered_so() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let mut client = Client::connect(proxy.addr).await;
    let names: Vec<String> = (0..65).map(|number| format!("x-{number}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), "x")).collect();
    client.ask("GET", "/a", &many).await.assert_problem(431, "head_too_large");
    client.ask("GET", "/a", &many[..60]).await.assert_problem(405, "method_not_allowed");
    // More than 16 KiB h2 answers itself.
    let mut raw = Raw::connect(proxy.addr).await;
    let long = "x".repeat(15_900);
    raw.request(1, END_STREAM, &head("GET", "/a", &[("x-long", &long), ("x-more", &long[..600])])).await;
    let answer = raw.until(HEADERS, 1).await;
    assert!(answer.ends_stream(), "{answer:?}");
    raw.is_alive().await;
}
