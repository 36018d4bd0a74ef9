//! The front over real sockets: every rule by raw bytes.

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/front.rs"]
mod support;

use put2bits::limits::MIB;
use std::time::{Duration, Instant};
use support::{Event, Front, MAX_UPLOAD, within};
use tokio::io::AsyncWriteExt;

const PUT: &str = "PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello";

#[tokio::test]
async fn a_stored_file_is_answered_with_201() {
    let mut front = Front::start().await;
    let answer = front.ask(PUT).await;
    assert_eq!((answer.status, answer.header("content-length")), (201, Some("0")));
    assert!(answer.header("connection").is_none() && answer.header("put2bits-error").is_none());
    let Event::Started(upload) = front.event().await else { panic!() };
    assert_eq!(upload.total, 5);
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
    // hyper merges equal lengths (RFC 9110 §8.6 allows it); the merged one is our only framing.
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 201, ""),
    // Methods.
    ("GET /in/a HTTP/1.1\r\nHost: p\r\n\r\n", 405, "method_not_allowed"),
    ("GET /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", 405, "method_not_allowed"),
    ("DELETE /in/a HTTP/1.1\r\nHost: p\r\n\r\n", 405, "method_not_allowed"),
    ("OPTIONS /in/a HTTP/1.1\r\nHost: p\r\n\r\n", 405, "method_not_allowed"),
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
    // hyper drops the length; the coding is enough to refuse.
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411, "length_required"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 411, "length_required"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5, 5\r\n\r\nhello", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: +5\r\n\r\nhello", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length:\r\n\r\nhello", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 99999999999999999999\r\n\r\nhello", 400, "bad_request"),
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 104857601\r\n\r\nhello", 413, "too_large"),
    ("PUT /strict/a HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n\r\n", 422, "empty_refused"),
    // Codings, parts, expectations.
    ("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\nhello", 415, "coding_refused"),
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
        client.send(request).await;
        let answer = client.answer().await;
        assert_eq!(answer.status, status, "{request:?}: {answer:?}");
        if status == 201 {
            assert!(matches!(front.event().await, Event::Started(_)), "{request:?}");
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
            Event::Refused(told, ..) => assert_eq!(told, code, "{request:?}"),
            Event::Started(_) => assert!(status >= 500, "{request:?}"),
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
    assert_eq!(answer.header("allow"), Some("PUT, POST"));
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
    let front = Front::start().await;
    let with = |lines: String| format!("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n{lines}\r\n");
    let fields = |count: usize| (0..count).map(|index| format!("X-{index}: y\r\n")).collect::<String>();
    assert_eq!(front.ask(with(fields(62))).await.status, 201);
    for lines in [fields(63), format!("X: {}\r\n", "y".repeat(17_000)), fields(5000)] {
        let answer = front.ask(with(lines)).await;
        assert_eq!((answer.status, answer.code()), (431, "head_too_large"));
    }
    let long = format!("PUT /in/{} HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n\r\n", "a/".repeat(40_000));
    let answer = front.ask(long).await;
    assert_eq!((answer.status, answer.code()), (431, "head_too_large"));
}

#[tokio::test]
async fn connections_are_kept_and_requests_may_be_pipelined() {
    let mut front = Front::start().await;
    let mut client = front.connect().await;
    for _ in 0..3 {
        client.send(PUT).await;
        assert_eq!(client.answer().await.status, 201);
    }
    client.send([PUT, "GET /in/a HTTP/1.1\r\nHost: p\r\n\r\n", PUT, "no HTTP\r\n\r\n"].concat()).await;
    let statuses =
        [client.answer().await, client.answer().await, client.answer().await, client.answer().await];
    assert_eq!(statuses.each_ref().map(|answer| answer.status), [201, 405, 201, 400]);
    assert_eq!(statuses[3].code(), "bad_request");
    client.ends().await;
    let mut ids = std::collections::HashSet::new();
    while ids.len() < 5 {
        if let Event::Started(upload) = front.event().await {
            assert!(ids.insert(upload.id));
        }
    }
}

#[tokio::test]
async fn a_slow_head_and_an_idle_connection_are_cut_off() {
    let limit = Duration::from_millis(300);
    let front = Front::with(|limits| limits.time.header = limit).await;
    let (mut silent, mut slow, mut idle) =
        (front.connect().await, front.connect().await, front.connect().await);
    let begin = Instant::now();
    slow.send("PUT /in/a HTTP/1.1\r\nHo").await;
    idle.send(PUT).await;
    assert_eq!(idle.answer().await.status, 201);
    tokio::join!(silent.ends(), slow.ends(), idle.ends());
    let took = begin.elapsed();
    assert!(took >= limit && took < 10 * limit, "{took:?}");
}

#[tokio::test]
async fn the_head_limit_does_not_bound_an_upload() {
    let front = Front::with(|limits| limits.time.header = Duration::from_millis(100)).await;
    let mut client = front.connect().await;
    client.send("PUT /in/gated HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\n").await;
    let waiting = tokio::time::timeout(Duration::from_millis(400), client.answer()).await;
    assert!(waiting.is_err(), "{waiting:?}");
    front.gate.add_permits(1);
    client.send("hello").await;
    assert_eq!(client.answer().await.status, 201);
}

fn expecting(name: &str, length: u64) -> String {
    format!("PUT /in/{name} HTTP/1.1\r\nHost: p\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n")
}

#[tokio::test]
async fn continue_is_sent_when_the_body_is_first_wanted() {
    let mut front = Front::start().await;
    let mut client = front.connect().await;
    client.send(expecting("gated", 5)).await;
    assert!(matches!(front.event().await, Event::Started(_)));
    let early = tokio::time::timeout(Duration::from_millis(100), client.answer()).await;
    assert!(early.is_err(), "{early:?}");
    front.gate.add_permits(1);
    assert_eq!(client.answer().await.status, 100);
    client.send("hello").await;
    assert_eq!(client.answer().await.status, 201);
    assert!(matches!(front.event().await, Event::Read(5)));
}

#[tokio::test]
async fn a_refusal_comes_instead_of_continue() {
    let front = Front::start().await;
    front.gate.add_permits(1);
    for (request, status) in [
        (expecting("full", 5), 507),
        (expecting("gated-full", 5), 507),
        (expecting("a", MAX_UPLOAD + 1), 413),
        (expecting("..", 5), 400),
    ] {
        let mut client = front.connect().await;
        client.send(&request).await;
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (status, Some("close")), "{request:?}");
        client.ends().await;
    }
}

/// Sends 20 MB without looking, then reads.
async fn stubborn_put(front: &Front, head: &str) -> u16 {
    static BODY: [u8; 20_000_000] = [7; 20_000_000];
    let mut client = front.connect().await;
    client.send(head).await;
    client.send(&BODY[..]).await;
    let answer = client.answer().await;
    client.ends().await;
    answer.status
}

#[tokio::test]
async fn an_early_refusal_can_be_read_by_a_client_that_sends_first() {
    let front = Front::start().await;
    front.gate.add_permits(20);
    for round in 0..20 {
        for (name, expected) in [("full", 507), ("later-full", 507), ("gated-full", 507), (".", 400)] {
            let head = format!("PUT /in/{name} HTTP/1.1\r\nHost: p\r\nContent-Length: 20000000\r\n\r\n");
            assert_eq!(stubborn_put(&front, &head).await, expected, "{name}, round {round}");
        }
        assert_eq!(stubborn_put(&front, &expecting("full", 20_000_000)).await, 507, "round {round}");
        assert_eq!(stubborn_put(&front, "no HTTP\r\n\r\n").await, 400, "round {round}");
    }
}

#[tokio::test]
async fn lingering_ends_although_the_client_stays() {
    let front = Front::with(|limits| limits.time.linger = Duration::from_millis(200)).await;
    let mut client = front.connect().await;
    client.send("PUT /in/full HTTP/1.1\r\nHost: p\r\nContent-Length: 20000000\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 507);
    client.ends().await;
    front.connections.close();
    within(front.connections.wait()).await;
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    let mut front = Front::start().await;
    for (name, sent) in [("waits", "hello"), ("a", "he"), ("a", "")] {
        let mut client = front.connect().await;
        client.send(format!("PUT /in/{name} HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\n{sent}")).await;
        assert!(matches!(front.event().await, Event::Started(_)));
        drop(client);
        match (name, front.event().await) {
            ("waits", Event::ClientGone) | ("a", Event::Broken) => {}
            (_, other) => panic!("{name}, {sent:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn shutdown_ends_idle_connections_at_once_and_busy_ones_after_their_answer() {
    let mut front = Front::start().await;
    let (mut fresh, mut idle, mut busy) =
        (front.connect().await, front.connect().await, front.connect().await);
    idle.send(PUT).await;
    assert_eq!(idle.answer().await.status, 201);
    busy.send("PUT /in/gated HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\n").await;
    while !matches!(front.event().await, Event::Started(upload) if upload.destination.target == "/up/gated") {
    }
    front.shutdown.cancel();
    let begin = Instant::now();
    tokio::join!(fresh.ends(), idle.ends());
    assert!(begin.elapsed() < Duration::from_secs(2));
    front.gate.add_permits(1);
    busy.send("hello").await;
    let answer = busy.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (201, Some("close")));
    busy.ends().await;
    front.connections.close();
    within(front.connections.wait()).await;
    assert!(begin.elapsed() < Duration::from_secs(4), "nobody lingers after a success");
}

#[tokio::test]
async fn refusals_are_reported_without_their_query() {
    let mut front = Front::start().await;
    front.ask("PUT /in/%2e?token=secret HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n\r\n").await;
    let Event::Refused(code, method, path) = front.event().await else { panic!() };
    assert_eq!((code, method.as_deref(), path.as_deref()), ("bad_path", Some("PUT"), Some("/in/%2e")));
}

/// Runs curl and gives the status and the body that it saw.
async fn curl(arguments: &[&str]) -> (String, String) {
    let mut command = std::process::Command::new("curl");
    command
        .args(["--silent", "--show-error", "--max-time", "20", "--write-out", "\n%{http_code}"])
        .args(arguments);
    // The front runs in this very thread.
    let output = tokio::task::spawn_blocking(move || command.stdin(std::process::Stdio::null()).output());
    let output = output.await.unwrap().expect("curl runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap_or(("", &text));
    assert!(output.status.success(), "{arguments:?}: {status} {}", String::from_utf8_lossy(&output.stderr));
    (status.to_owned(), body.to_owned())
}

#[tokio::test]
async fn curl_stores_files_and_sees_every_refusal() {
    if std::process::Command::new("curl").arg("--version").output().is_err() {
        eprintln!("SKIPPED: curl is not installed");
        return;
    }
    let mut front = Front::start().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("movie.mov");
    std::fs::File::create(&path).unwrap().set_len(30 * MIB).unwrap();
    let file = path.to_str().unwrap();
    let url = |name: &str| format!("http://{}/in/{name}", front.address);

    let (folder, data) = (url(""), format!("@{file}"));
    let stores: [&[&str]; 4] = [
        &["--upload-file", file, &folder],
        &["--upload-file", file, "--header", "Expect: 100-continue", &folder],
        &["--data-binary", &data, &url("posted")],
        &["--upload-file", file, "--http1.0", &folder],
    ];
    for arguments in stores {
        assert_eq!(curl(arguments).await, ("201".to_owned(), String::new()), "{arguments:?}");
        assert!(matches!(front.event().await, Event::Started(upload) if upload.total == 30 * MIB));
        assert!(matches!(front.event().await, Event::Read(read) if read == 30 * MIB));
    }

    let url = |name: &str| format!("http://{}/in/{name}", front.address);
    for round in 0..30 {
        for (name, expect, status, code) in [
            ("full", "Expect:", "507", "disk_full"),
            ("full", "Expect: 100-continue", "507", "disk_full"),
            ("later-full", "Expect:", "507", "disk_full"),
            ("con", "Expect:", "400", "bad_path"),
        ] {
            let seen = curl(&["--upload-file", file, "--header", expect, &url(name)]).await;
            assert_eq!(seen.0, status, "{name}, {expect}, round {round}");
            assert!(seen.1.contains(code), "{name}, {expect}, round {round}: {}", seen.1);
        }
    }
    let (status, body) =
        curl(&["--data-binary", "@-", "--header", "Transfer-Encoding: chunked", &url("a")]).await;
    assert_eq!(status, "411", "{body}");
}
