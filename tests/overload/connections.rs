//! `connections.max` and `connections.max_per_client`.

use crate::client::{ends, until};
use crate::support::{Backend, File, Proxy, Settings, Upload, ask, message, program, within};
use put2bits::limits::{KIB, MIB};
use std::process::Command;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};

const PUT: &str = "PUT /a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello";

/// Connections that do nothing. Whoever connects after them is accepted after them.
async fn idle(proxy: &Proxy, count: usize) -> Vec<TcpStream> {
    let mut idle = Vec::new();
    for _ in 0..count {
        idle.push(TcpStream::connect(proxy.addr).await.unwrap());
    }
    idle
}

/// A connection from another address of this machine.
async fn from(address: &str, proxy: &Proxy) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
    socket.connect(proxy.addr).await.unwrap()
}

fn complaints(proxy: &Proxy) -> usize {
    proxy.log_text().matches("connections are refused").count()
}

#[tokio::test]
async fn one_more_is_told_to_come_back_and_may_when_one_has_gone() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).set("connections.max", "2").start().await;
    let held = idle(&proxy, 2).await;
    for _ in 0..3 {
        let answer = ask(proxy.addr, PUT).await;
        answer.assert_problem(503, "too_many_connections");
        assert_eq!(answer.header("connection"), Some("close"));
    }
    let line = proxy.line("that it is full", |line| message(line).contains("connections.max,")).await;
    assert_eq!((&line["level"], &line["open"]), (&"WARN".into(), &2.into()), "{line}");
    drop(held);
    let stored = until("a place", || async { Some(ask(proxy.addr, PUT).await).filter(|a| a.status != 503) });
    stored.await.assert_stored();
    assert_eq!((complaints(&proxy), backend.stats().sessions_created), (1, 1), "one line, not one each");
}

/// A reset would destroy the answer before it is read.
#[tokio::test]
async fn who_has_sent_half_a_body_reads_the_answer() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).set("connections.max", "1").start().await;
    let _held = idle(&proxy, 1).await;
    let mut upload = proxy.put("/a", File::new(8 * MIB)).await;
    upload.send_to(256 * KIB).await;
    upload.answer().await.assert_problem(503, "too_many_connections");
    ends(&mut upload.stream).await;
}

#[tokio::test]
async fn curl_reads_the_answer() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).set("connections.max", "1").start().await;
    let _held = idle(&proxy, 1).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), File::new(3 * MIB).bytes()).unwrap();
    for expect in ["Expect: 100-continue", "Expect:"] {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "60", "-i", "-H", expect]);
        command.arg("-T").arg(file.path()).arg(format!("http://{}/a", proxy.addr));
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
        let output = output.expect("curl is needed for this test: install it");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with("HTTP/1.1 503 ") && text.contains("too_many_connections"), "{text}");
    }
}

#[tokio::test]
async fn one_address_may_have_so_many() {
    let backend = Backend::new(&[], &[]);
    let limits = Settings::to(&backend).set("connections.max", "10").set("connections.max_per_client", "1");
    let proxy = limits.start().await;
    let held = idle(&proxy, 1).await;
    let answer = ask(proxy.addr, PUT).await;
    answer.assert_problem(503, "too_many_connections");
    assert!(String::from_utf8_lossy(&answer.body).contains("of this client"), "{answer}");
    let file = File::new(5);
    Upload::on(from("127.0.0.2", &proxy).await, "PUT", "/b", file, "").await.finish().await.assert_stored();
    drop(held);
    until("a place", || async { (ask(proxy.addr, PUT).await.status == 201).then_some(()) }).await;
}

/// Most of a crowd are closed without a word; nobody hangs, and the log stays short.
#[tokio::test]
async fn a_crowd_is_sent_away() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).set("connections.max", "1").start().await;
    let held = idle(&proxy, 1).await;
    let crowd = idle(&proxy, 300).await;
    let mut told = 0;
    for mut stream in crowd {
        let mut seen = Vec::new();
        let _ = within("the end of a connection", stream.read_to_end(&mut seen)).await;
        assert!(seen.is_empty() || seen.ends_with(b"}\n"), "{:?}", String::from_utf8_lossy(&seen));
        told += usize::from(!seen.is_empty());
    }
    assert!(told >= 64, "{told}");
    drop(held);
    until("a place", || async { (ask(proxy.addr, PUT).await.status == 201).then_some(()) }).await;
    assert_eq!(complaints(&proxy), 1);
}

#[tokio::test]
async fn descriptors_bound_the_connections() {
    let backend = Backend::new(&[], &[]);
    let mut shell = Command::new("sh");
    let program = program().get_program().to_owned();
    shell.args(["-c", "ulimit -n 300 && exec \"$0\" serve"]).arg(program);
    let proxy = Settings::to(&backend).start_by(shell).await;
    let line = proxy.line("that it lowers", |line| message(line).contains("connections.max is 4096")).await;
    assert_eq!((&line["wanted"], &line["enough"]), (&4096.into(), &22.into()), "{line}");
    let _held = idle(&proxy, 22).await;
    ask(proxy.addr, PUT).await.assert_problem(503, "too_many_connections");
}
