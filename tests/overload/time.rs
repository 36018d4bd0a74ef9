//! Heads and bodies that drip, connections that idle, uploads that do not end.

use crate::client::{append, create, ends, offset};
use crate::support::{Backend, File, Settings, Upload, within};
use put2bits::limits::KIB;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const LIMIT: Duration = Duration::from_millis(300);

/// Longest a test waits for a limit of that time on a busy machine.
const LATE: Duration = Duration::from_secs(20);

/// A byte now and then, until nobody takes it any more.
async fn drip(stream: &mut TcpStream) {
    within("that dripping ends", async {
        let head = format!("PUT /a HTTP/1.1\r\nX: {}", "x".repeat(10_000));
        for byte in head.bytes() {
            if stream.write_all(&[byte]).await.is_err() {
                return;
            }
            // The client that is meant: it pauses, and never for as long as a limit.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the whole head was taken");
    })
    .await;
}

#[tokio::test]
async fn a_head_that_drips_ends_at_its_limit() {
    let backend = Backend::new(&[], &[]);
    let limits = Settings::to(&backend).set("timeouts.header", "300ms").set("timeouts.keep_alive", "1h");
    let proxy = limits.start().await;
    let mut first = TcpStream::connect(proxy.addr).await.unwrap();
    let upload = proxy.put("/a", File::new(5)).await;
    let (answer, mut second) = upload.finish_and_keep().await;
    answer.assert_stored();
    let began = Instant::now();
    tokio::join!(drip(&mut first), drip(&mut second));
    assert!((LIMIT..LATE).contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_idle_connection_has_a_limit_of_its_own() {
    let backend = Backend::new(&[], &[]);
    let limits = Settings::to(&backend).set("timeouts.header", "1h").set("timeouts.keep_alive", "300ms");
    let proxy = limits.start().await;
    // One that has sent nothing so far is not idle: its first head is waited for.
    let mut fresh = TcpStream::connect(proxy.addr).await.unwrap();
    let (answer, mut kept) = proxy.put("/a", File::new(5)).await.finish_and_keep().await;
    answer.assert_stored();
    // Nor is one whose next head has begun.
    let (answer, mut begun) = proxy.put("/b", File::new(5)).await.finish_and_keep().await;
    answer.assert_stored();
    begun.write_all(b"PUT /c HT").await.unwrap();
    let began = Instant::now();
    ends(&mut kept).await;
    assert!(began.elapsed() < LATE);
    // The client that is meant: it goes on when the limit of an idle connection is over for it, too.
    tokio::time::sleep(LIMIT).await;
    begun.write_all(b"TP/1.1\r\nHost: p\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    fresh.write_all(b"").await.unwrap();
    Upload::on(fresh, "PUT", "/d", File::new(5), "").await.finish().await.assert_stored();
    within("the file", async { proxy.upload_line("/c").await }).await;
}

/// 100 bytes now and then, as long as they are taken.
async fn drip_body(upload: &mut Upload, bytes: u64) {
    for sent in 1..=bytes / 100 {
        upload.send_to(100 * sent).await;
        // That is its rate.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_body_that_drips_ends_with_its_window() {
    let backend = Backend::new(&[], &[]);
    let limits =
        Settings::to(&backend).set("timeouts.min_rate", "100KiB").set("timeouts.rate_window", "500ms");
    let proxy = limits.start().await;
    let file = File::new(512 * KIB);
    let mut plain = proxy.put("/plain", file).await;
    let (mut resumable, location) = create(&proxy, "/resumable", file).await;
    // 10 KB/s, where 100 have to come.
    tokio::join!(drip_body(&mut plain, 3_000), drip_body(&mut resumable, 3_000));
    plain.answer().await.assert_problem(408, "client_slow");
    ends(&mut resumable.stream).await;
    // What came of it is kept.
    assert_eq!(offset(&proxy, &location).await, 3_000);
    assert_eq!(append(&proxy, &location, 3_000, file).await.finish().await.status, 201);
    backend.assert_stored("/resumable", file);
    within("its end", backend.wait_for(|stats| stats.sessions_open == 0)).await;
}

#[tokio::test]
async fn an_upload_that_takes_too_long_ends() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).set("timeouts.upload", "1s").start().await;
    let file = File::new(512 * KIB);
    let mut plain = proxy.put("/plain", file).await;
    let (mut resumable, location) = create(&proxy, "/resumable", file).await;
    // In two pieces, so that neither is silent for all of that time.
    for end in [32 * KIB, 64 * KIB] {
        plain.send_to(end).await;
        resumable.send_to(end).await;
        // The pause between them.
        tokio::time::sleep(LIMIT).await;
    }
    plain.answer().await.assert_problem(408, "upload_overdue");
    ends(&mut resumable.stream).await;
    assert_eq!(offset(&proxy, &location).await, 64 * KIB);
    assert_eq!(append(&proxy, &location, 64 * KIB, file).await.finish().await.status, 201);
    backend.assert_stored("/resumable", file);
}
