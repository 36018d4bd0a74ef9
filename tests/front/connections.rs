//! The life of a connection: kept, idle, slow, left, shut down.

use crate::PUT;
use crate::support::{Event, Front, within};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

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
    let front = Front::with(|limits| (limits.time.header, limits.time.keep_alive) = (limit, limit)).await;
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

#[tokio::test]
async fn a_client_that_never_reads_is_cut_off() {
    let limit = Duration::from_millis(300);
    let front = Front::with(|limits| limits.time.idle = limit).await;
    let mut client = front.connect().await;
    let requests = "GET /in/a HTTP/1.1\r\nHost: p\r\n\r\n".repeat(1000);
    // Some megabytes of answers fill the buffers on the way; then the connection must break.
    within(async { while client.stream.write_all(requests.as_bytes()).await.is_ok() {} }).await;
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
