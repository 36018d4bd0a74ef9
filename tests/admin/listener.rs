//! The listener itself: what it answers, whom it sends away, where it listens.

use crate::support::{Backend, File, Settings, ask, program, within};
use put2bits::limits::MIB;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn every_path_and_method_has_its_answer() {
    let proxy = Settings::to(&Backend::new(&[], &[])).start().await;
    let plain = "text/plain; charset=utf-8";
    let figures = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    for (line, status, media_type) in [
        ("GET /livez", 200, plain),
        ("GET /livez?verbose", 200, plain),
        ("GET /readyz", 200, plain),
        ("GET /metrics", 200, figures),
        ("GET /", 404, plain),
        ("GET /metrics/", 404, plain),
        ("POST /elsewhere", 404, plain),
        ("POST /livez", 405, plain),
        ("PUT /readyz", 405, plain),
        ("DELETE /metrics", 405, plain),
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: x\r\n\r\n");
        let answer = ask(proxy.admin.addr, &request).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, Some(media_type)), "{line}");
        assert_eq!(answer.header("allow"), (status == 405).then_some("GET, HEAD"), "{line}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{line}");
        assert!(!answer.body.is_empty(), "{line}");
    }
    for path in ["/livez", "/readyz", "/metrics"] {
        let request = format!("HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        let said = until_closed(proxy.admin.addr, request.as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 200 OK\r\n") && said.ends_with("\r\n\r\n"), "{path}: {said}");
    }
    // What is for clients is not here, and what is here is not for clients.
    let upload = ask(proxy.admin.addr, "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx").await;
    assert_eq!(upload.status, 404);
    ask(proxy.addr, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .assert_problem(405, "method_not_allowed");
}

/// Sends something, and gives what came until the connection was closed.
async fn until_closed(addr: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut said = Vec::new();
    // A reset is an end, too.
    let _ = within("the end of the connection", stream.read_to_end(&mut said)).await;
    String::from_utf8(said).unwrap()
}

#[tokio::test]
async fn who_is_slow_or_talks_too_much_is_sent_away() {
    let proxy = Settings::to(&Backend::new(&[], &[])).start().await;
    let addr = proxy.admin.addr;
    let (begun, large) =
        (Instant::now(), format!("GET /livez HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000)));
    let many = format!("GET /livez HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(100));
    for head in [large, many] {
        let said = until_closed(addr, head.as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
    }
    let (silent, half) =
        tokio::join!(until_closed(addr, b""), until_closed(addr, b"GET /livez HTTP/1.1\r\nX"));
    assert!(!silent.contains("200") && !half.contains("200"), "{silent} {half}");
    // Ten seconds and what a busy machine takes.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn who_keeps_connections_open_keeps_nobody_out() {
    let proxy = Settings::to(&Backend::new(&[], &[])).start().await;
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(TcpStream::connect(proxy.admin.addr).await.unwrap());
    }
    assert_eq!(proxy.admin.get("/livez").await.status, 200);
    // The oldest made room. It was the last to wait for, so nobody waited for a time limit.
    let mut oldest = idle.swap_remove(0);
    let ended = within("its end", oldest.read(&mut [0])).await;
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
}

/// P13: it is bound before anything begins, and says what to do.
#[test]
fn an_admin_address_that_is_not_to_be_had() {
    let taken = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    // Both are taken: whoever tries the main one first names that one.
    let held = (taken(), taken());
    let (admin, main) = (held.0.local_addr().unwrap().to_string(), held.1.local_addr().unwrap().to_string());
    let run = |listen: &str, admin: &str| {
        let mut command = program();
        command.args(["serve", "--backend", "http://127.0.0.1:1/", "--store", "memory"]);
        let output = command.args(["--listen", listen, "--admin-listen", admin]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = run(&main, &admin);
    assert_eq!(code, Some(69), "{said}");
    let last = said.lines().last().unwrap();
    assert!(last.contains(&format!("cannot listen on the admin address {admin}: ")), "{said}");
    assert!(last.ends_with("choose another with --admin-listen, or off"), "{said}");
    // With it out of the way the main one is tried, which proves that it was not before.
    let (code, said) = run(&main, "off");
    assert!(code == Some(69) && said.contains(&format!("cannot listen on {main}: ")), "{said}");
    let (code, said) = run(&main, &main);
    assert!(code == Some(64) && said.contains("in each other's way"), "{said}");
}

#[tokio::test]
async fn there_need_be_none() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).set("admin.listen", "off").start().await;
    proxy.put("/a", File::new(MIB)).await.finish().await.assert_stored();
    assert!(!proxy.log_text().contains("probes and metrics"));
}
