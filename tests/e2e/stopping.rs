//! P8 and P13: stopping in order, and never starting with a bad configuration.

use crate::support::{Backend, File, Proxy, Settings, Upload, message, program, signal, within};
use put2bits::limits::MIB;
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

/// An upload that is half done.
async fn half_done(proxy: &Proxy, backend: &Backend) -> Upload {
    let mut upload = proxy.put("/a", File::new(8 * MIB)).await;
    upload.send_to(4 * MIB).await;
    within("a part", backend.wait_for(|stats| stats.bytes >= MIB)).await;
    upload
}

/// Sends the signal and waits until it is heard.
async fn stop(proxy: &Proxy, name: &str) {
    signal(proxy.pid(), name);
    proxy.line("that it stops", |line| message(line).contains("no new uploads")).await;
}

#[tokio::test]
async fn a_running_upload_is_finished_first() {
    for name in ["TERM", "INT"] {
        let backend = Backend::new(&[], &[]);
        let mut proxy = Settings::to(&backend).start().await;
        let upload = half_done(&proxy, &backend).await;
        stop(&proxy, name).await;
        upload.finish().await.assert_stored();
        backend.assert_stored("/a", File::new(8 * MIB));
        assert_eq!(proxy.exit_code().await, Some(0));
        assert!(TcpStream::connect(proxy.addr).is_err(), "nobody listens any more");
    }
}

#[tokio::test]
async fn an_upload_that_takes_too_long_is_cancelled_and_told() {
    let backend = Backend::new(&[], &[]);
    let mut proxy = Settings::to(&backend).set("shutdown.grace", "2s").start().await;
    let mut upload = half_done(&proxy, &backend).await;
    stop(&proxy, "TERM").await;
    upload.answer().await.assert_problem(503, "shutting_down");
    drop(upload);
    assert_eq!(proxy.exit_code().await, Some(0));
    let stats = backend.stats();
    assert_eq!((stats.sessions_cancelled, stats.sessions_open, stats.published), (1, 0, 0));
    assert_eq!(proxy.upload_line("/a").await["error"], "shutting_down");
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let backend = Backend::new(&[], &[]);
    let mut proxy = Settings::to(&backend).set("shutdown.grace", "1h").start().await;
    let _upload = half_done(&proxy, &backend).await;
    stop(&proxy, "TERM").await;
    let begun = Instant::now();
    signal(proxy.pid(), "TERM");
    assert_eq!(proxy.exit_code().await, Some(0));
    // Not even the client, which stays connected, is waited for.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    proxy.line("that it was told twice", |line| message(line).contains("again: stopping at once")).await;
}

#[tokio::test]
async fn an_idle_proxy_stops_at_once_although_a_client_stays_connected() {
    let backend = Backend::new(&[], &[]);
    let mut proxy = Settings::to(&backend).set("shutdown.grace", "1h").start().await;
    let (answer, _kept) = proxy.put("/a", File::new(MIB)).await.finish_and_keep().await;
    answer.assert_stored();
    stop(&proxy, "TERM").await;
    assert_eq!(proxy.exit_code().await, Some(0));
}

#[test]
fn a_bad_configuration_binds_nothing() {
    // Whoever tries to bind this port fails with another code.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let run = |extra: &[&str]| {
        let mut command = program();
        command
            .args(["serve", "--backend", "http://127.0.0.1:1/", "--listen", &listen, "--admin-listen", "off"])
            .args(extra);
        command.output().unwrap().status.code()
    };
    assert_eq!(run(&["--memory", "much"]), Some(64));
    assert_eq!(run(&["--config", "/nowhere.toml"]), Some(78));
    assert_eq!(run(&[]), Some(69), "it does try with a good one");
}

/// It would otherwise hold every restart for the whole of the grace period.
#[tokio::test]
async fn half_a_request_head_is_not_waited_for() {
    let backend = Backend::new(&[], &[]);
    let settings = Settings::to(&backend).set("shutdown.grace", "1h").set("timeouts.linger", "100ms");
    let mut proxy = settings.start().await;
    let (answer, mut kept) = proxy.put("/a", File::new(MIB)).await.finish_and_keep().await;
    answer.assert_stored();
    kept.write_all(b"PUT /b HTTP/1.1\r\nHost: p\r\n").await.unwrap();
    let mut new = tokio::net::TcpStream::connect(proxy.addr).await.unwrap();
    new.write_all(b"PUT /c HTTP/1.1\r\nHost: p\r\n").await.unwrap();
    proxy.admin.until_is("connections_open", &[], 2).await;
    stop(&proxy, "TERM").await;
    assert_eq!(proxy.exit_code().await, Some(0));
}
