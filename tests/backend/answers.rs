//! Answers of all shapes, and whether their connection is used again.

use crate::peer::Peer;
use crate::{ACK, PATIENT, ask, connection, quarters, send};
use put2bits::bits::Packet;
use put2bits::transfer::NoAnswer;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Two exchanges with a server that gives `answer` each time: the status, and how many connections it took.
async fn twice(answer: String) -> (u16, usize) {
    let peer = Peer::start(move |_, conn| {
        let answer = answer.clone();
        async move { conn.serve(&answer).await }
    });
    let mut to = connection(&peer.authority);
    let first = ask(&mut to, Packet::CreateSession).await.unwrap();
    let second = ask(&mut to, Packet::Ping).await.unwrap();
    assert_eq!(first.status, second.status);
    assert!(first.body.is_empty() && second.body.is_empty());
    (first.status.as_u16(), peer.accepts())
}

#[tokio::test]
async fn a_connection_is_kept_only_when_the_answer_ends() {
    let short = format!("HTTP/1.1 500 No\r\nContent-Length: 5000\r\n\r\n{}", "x".repeat(5000));
    let long = format!("HTTP/1.1 404 No\r\nContent-Length: 70000\r\n\r\n{}", "x".repeat(70_000));
    let chunked = "HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    for (answer, status, connections) in [
        (short.as_str(), 500, 1),
        (long.as_str(), 404, 2),
        (chunked, 404, 1),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, 1),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 200, 2),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, 2),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", 200, 1),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", 101, 2),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, 1),
    ] {
        assert_eq!(twice(answer.to_owned()).await, (status, connections), "{:.60}", answer);
    }
}

/// Three of four real servers write their errors like the first.
#[tokio::test]
async fn nobody_waits_for_a_body_that_does_not_end_soon() {
    let html = "HTTP/1.1 416 No\r\nBITS-Received-Content-Range: 7\r\n\r\n<html>the connection stays open";
    let long = "HTTP/1.1 416 No\r\nContent-Length: 70000\r\n\r\nno";
    let chunked =
        format!("HTTP/1.1 416 No\r\nTransfer-Encoding: chunked\r\n\r\n11170\r\n{}", "x".repeat(70_000));
    for answer in [html, long, &chunked] {
        let begun = Instant::now();
        for _ in 0..5 {
            assert_eq!(twice(answer.to_owned()).await, (416, 2));
        }
        assert!(begun.elapsed() < Duration::from_secs(4), "waited: {answer:.60}");
    }
}

#[tokio::test]
async fn a_promised_body_that_never_comes_costs_a_second() {
    let begun = Instant::now();
    assert_eq!(twice("HTTP/1.1 500 No\r\nContent-Length: 10\r\n\r\n".to_owned()).await, (500, 2));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_head_may_come_byte_by_byte() {
    let peer = Peer::start(|_, mut conn| async move {
        conn.tcp.set_nodelay(true).unwrap();
        while conn.request().await.is_some() {
            for at in 0..ACK.len() {
                conn.send(&ACK[at..=at]).await;
                tokio::task::yield_now().await;
            }
        }
    });
    let mut to = connection(&peer.authority);
    for _ in 0..3 {
        assert_eq!(ask(&mut to, Packet::Ping).await.unwrap().headers["bits-packet-type"], "Ack");
    }
    assert_eq!(peer.accepts(), 1);
}

#[tokio::test]
async fn what_is_not_http_is_said_to_be_so() {
    let many_headers = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(2000));
    let long_head = format!("HTTP/1.1 200 OK\r\nA: {}", "b".repeat(1 << 20));
    for (answer, words) in [
        ("220 mail.example ESMTP ready\r\n", "not HTTP"),
        ("HTTP/2.0 200 OK\r\n\r\n", "not HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "not HTTP"),
        ("HTTP/1.1 200 OK\r\nbad header\r\n\r\n", "not HTTP"),
        (many_headers.as_str(), "too large"),
        (long_head.as_str(), "too large"),
    ] {
        let answer = answer.to_owned();
        let peer = Peer::start(move |_, conn| {
            let answer = answer.clone();
            async move { conn.serve(&answer).await }
        });
        match ask(&mut connection(&peer.authority), Packet::Ping).await {
            Err(NoAnswer::Lost(why)) => {
                assert!(why.contains(words) && why.contains(peer.authority.as_str()), "{why}");
            }
            other => panic!("{words}: {other:?}"),
        }
    }
}

/// nginx refuses a body that is too large so: it answers, and closes while the body is still on its way.
#[tokio::test]
async fn an_early_answer_is_read_though_the_server_hangs_up() {
    const RUNS: usize = 200;
    let peer = Peer::start(|_, mut conn| async move {
        if conn.head().await.is_some() {
            conn.send("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno").await;
        }
    });
    let mut lost = Vec::new();
    for _ in 0..RUNS {
        match send(&mut connection(&peer.authority), quarters(200), PATIENT).await {
            Ok(answer) => assert_eq!(answer.status, 413),
            Err(error) => lost.push(error),
        }
    }
    println!("{} of {RUNS} early answers read", RUNS - lost.len());
    assert!(lost.len() <= 1, "{lost:?}");
}

#[tokio::test]
async fn sending_stops_at_an_early_answer() {
    let (told, got) = oneshot::channel();
    let (go, answered) = oneshot::channel::<()>();
    let script = std::sync::Mutex::new(Some((told, answered)));
    let peer = Peer::start(move |_, mut conn| {
        let script = script.lock().unwrap().take();
        async move {
            conn.head().await.unwrap();
            let Some((told, answered)) = script else { return conn.send(ACK).await };
            conn.send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n").await;
            answered.await.unwrap();
            told.send(conn.rest().await).unwrap();
        }
    });
    let mut to = connection(&peer.authority);
    let answer = send(&mut to, quarters(400), PATIENT).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.early), (413, true));
    go.send(()).unwrap();
    let (read, orderly) = timeout(PATIENT.answer, got).await.expect("still sending").unwrap();
    // What was in the kernel's buffers at most; 100 MiB were to be sent.
    assert!(read < 32 << 20, "{read} bytes came after the answer");
    assert!(!orderly, "the rest was thrown away, so the end must be a reset");
    assert!(!ask(&mut to, Packet::Ping).await.unwrap().early);
    assert_eq!(peer.accepts(), 2);
}

/// What is taken for early is not believed, so no answer to a whole request may be.
#[tokio::test]
async fn an_answer_right_behind_the_last_byte_is_not_early() {
    let peer = Peer::start(|_, conn| conn.serve(ACK));
    let mut to = connection(&peer.authority);
    for pieces in (0..300).map(|run| run % 13 + 1) {
        let answer = send(&mut to, quarters(pieces), PATIENT).await.unwrap();
        assert!(!answer.early && answer.waited.is_some(), "{pieces} pieces");
    }
    assert_eq!(peer.accepts(), 1);
}
