//! Refusals: the client sees a precise answer although it is still sending, and the backend is spared.

use crate::support::{Backend, File, Proxy, Settings, ask, message, quirks, within};
use put2bits::limits::{KIB, MIB};
use put2bits::mock::{MockConfig, Storage};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// More than the sockets on the way hold: who refuses it has to make room for it.
const BODY: u64 = 64 * MIB;

/// Sends a large file by a client that listens while it sends, and by one that does not.
async fn assert_refused(proxy: &Proxy, path: &str, status: u16, code: &str) {
    let answer = proxy.put(path, File::new(BODY)).await.finish().await;
    answer.assert_problem(status, code);
    let answer = proxy.put(path, File::new(BODY)).await.finish_blindly().await;
    answer.assert_problem(status, code);
    let line = proxy.upload_line(path).await;
    assert!(line.get("cause").is_none_or(|cause| cause != "-"), "{line}");
    assert_eq!((&line["status"], &line["error"]), (&status.into(), &code.into()));
}

#[tokio::test]
async fn at_the_first_packet_it_costs_the_backend_no_byte() {
    for (quirk, status, code) in [
        ("auth=forbidden", 403, "forbidden"),
        ("auth=exact:secret", 502, "backend_auth"),
        ("uploads=501", 502, "uploads_disabled"),
        ("existing=409", 409, "exists"),
        ("existing=403", 403, "forbidden"),
    ] {
        let backend = Backend::new(&[], &[]);
        let helper = Settings::to(&backend).start().await;
        helper.put("/a", File::new(0)).await.finish().await.assert_stored();
        let proxy = Settings::to(&backend).start().await;
        backend.set_knobs(quirks(&[quirk]));
        assert_refused(&proxy, "/a", status, code).await;
        let stats = backend.stats();
        assert_eq!((stats.fragments, stats.bytes_received, stats.sessions_open), (0, 0, 0), "{quirk}");
    }
}

#[tokio::test]
async fn a_folder_that_does_not_exist() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::Dir { path: folder.path().to_owned(), create_dirs: false };
    let backend = Backend::start(MockConfig { storage, ..MockConfig::default() });
    let proxy = Settings::to(&backend).start().await;
    assert_refused(&proxy, "/no/such/folder/a.jpg", 404, "not_found").await;
    assert_eq!(backend.stats().bytes_received, 0);
}

/// A web server that has never heard of BITS.
async fn plain_server(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                assert!(stream.read_buf(&mut head).await.unwrap() > 0, "closed within a head");
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url
}

#[tokio::test]
async fn a_backend_that_does_not_speak_bits() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<h1>Hello</h1",
        "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    ] {
        let proxy = Settings::to_url(&plain_server(answer).await).start().await;
        assert_refused(&proxy, "/a", 502, "backend_not_bits").await;
    }
}

#[tokio::test]
async fn a_backend_that_does_not_speak_http() {
    let proxy = Settings::to_url(&plain_server("SSH-2.0-OpenSSH_9.9\r\n").await);
    let proxy = proxy.set("retry.window", "300ms").start().await;
    let answer = proxy.put("/a", File::new(BODY)).await.finish().await;
    answer.assert_problem(503, "backend_unavailable");
    let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert!(document["advice"].as_str().unwrap().contains("speaks plain HTTP"), "{document}");
}

#[tokio::test]
async fn a_disk_that_runs_full_on_the_way() {
    let backend = Backend::new(&["disk=3MiB"], &[]);
    let proxy = Settings::to(&backend).fragments_of(512 * KIB).start().await;
    for cancelled in [1, 2] {
        let answer = proxy.put("/a", File::new(BODY)).await.finish_blindly().await;
        answer.assert_problem(507, "disk_full");
        // The session is cancelled behind the client's back, and makes room again.
        let stats = within("its end", backend.wait_for(|stats| stats.sessions_open == 0)).await;
        assert_eq!((stats.sessions_cancelled, stats.published), (cancelled, 0));
        assert_eq!(stats.bytes, cancelled * 3 * MIB, "what fits, each time");
    }
}

/// BITS tells the size with the first fragment, which is small for this reason.
#[tokio::test]
async fn a_file_too_large_for_the_backend() {
    for quirk in ["max-total=10MiB", "max-total=10MiB:200"] {
        let backend = Backend::new(&[quirk], &[]);
        let proxy = Settings::to(&backend).start().await;
        assert_refused(&proxy, "/a", 413, "file_too_large").await;
        let stats = within("its end", backend.wait_for(|stats| stats.sessions_open == 0)).await;
        assert_eq!((stats.sessions_cancelled, stats.bytes), (2, 0), "{quirk}");
        assert!(stats.bytes_received <= 2 * 256 * KIB, "{quirk}: {stats}");
    }
}

#[tokio::test]
async fn an_application_that_does_not_want_the_file() {
    let backend = Backend::new(&["verdict=403:80070005"], &[]);
    let proxy = Settings::to(&backend).start().await;
    let answer = proxy.put("/a", File::new(2 * MIB)).await.finish().await;
    answer.assert_problem(502, "application_refused");
    within("its end", backend.wait_for(|stats| stats.sessions_open == 0)).await;
    assert_eq!(backend.stats().published, 0);
}

#[tokio::test]
async fn bad_requests_cost_the_backend_nothing() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).set("limits.max_upload", "1MiB").start().await;
    for (line, fields, status, code) in [
        ("PUT /a/../b", "Content-Length: 1\r\n", 400, "bad_path"),
        ("PUT /a%2f..%2fb", "Content-Length: 1\r\n", 400, "bad_path"),
        ("PUT /a%00b", "Content-Length: 1\r\n", 400, "bad_path"),
        ("PUT /CON", "Content-Length: 1\r\n", 400, "bad_path"),
        ("PUT /", "Content-Length: 1\r\n", 400, "bad_path"),
        ("PUT /folder/", "Content-Length: 1\r\n", 400, "bad_path"),
        ("PUT /a", "", 411, "length_required"),
        ("POST /a", "", 411, "length_required"),
        ("PUT /a", "Transfer-Encoding: chunked\r\n", 411, "length_required"),
        ("PUT /a", "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", 400, "bad_request"),
        ("PUT /a", "Content-Length: 1\r\nContent-Length: 2\r\n", 400, "bad_request"),
        ("PUT /a", "Content-Length: -1\r\n", 400, "bad_request"),
        ("PUT /a", "Content-Length: 1048577\r\n", 413, "too_large"),
        ("PUT /a", "Content-Length: 1\r\nContent-Encoding: gzip\r\n", 415, "coding_refused"),
        ("POST /a", "Content-Length: 1\r\nContent-Type: multipart/form-data\r\n", 415, "form_refused"),
        ("PUT /a", "Content-Length: 1\r\nExpect: sandwich\r\n", 417, "expectation_failed"),
        ("PUT /a", "Content-Length: 9\r\nContent-Range: bytes 0-8/20\r\n", 400, "bad_request"),
        ("GET /a", "", 405, "method_not_allowed"),
        ("DELETE /a", "", 405, "method_not_allowed"),
        ("BITS_POST /a", "Content-Length: 0\r\n", 405, "method_not_allowed"),
    ] {
        let answer = ask(proxy.addr, &format!("{line} HTTP/1.1\r\nHost: p\r\n{fields}\r\n")).await;
        answer.assert_problem(status, code);
        assert_eq!(answer.header("allow").is_some(), status == 405);
        // The answer leads to its line in the log.
        let id = answer.header("put2bits-id").unwrap();
        let told = proxy.line("the refusal", |line| line["id"] == id).await;
        let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let detail = document["detail"].as_str().unwrap();
        if told.get("path").is_some() {
            assert_eq!(message(&told), format!("refused {line}: {code}: {detail}"));
        } else {
            // hyper could not read it.
            assert_eq!(code, "bad_request", "{told}");
        }
        assert_eq!(told["error"], code);
        let client: SocketAddr = told["client"].as_str().unwrap().parse().unwrap();
        assert!(client.ip().is_loopback() && client != proxy.addr, "{told}");
    }
    assert_eq!(backend.stats().connections, 0);
}

#[tokio::test]
async fn a_head_that_cannot_be_read_is_in_the_log() {
    let proxy = Settings::to_url("http://127.0.0.1:1/").start().await;
    let answer = ask(proxy.addr, "no HTTP\r\n\r\n").await;
    answer.assert_problem(400, "bad_request");
    let id = answer.header("put2bits-id").unwrap();
    let told = proxy.line("the refusal", |line| line["id"] == id).await;
    assert!(message(&told).starts_with("refused an unreadable head: bad_request: "), "{told}");
    assert!(
        told["client"].is_string() && told.get("method").is_none() && told.get("path").is_none(),
        "{told}"
    );
}
