//! What goes wrong on purpose, and what the server knows afterwards.

use crate::client::{Client, file, mock, sha256};
use std::time::{Duration, Instant};

/// Uploads the rest of a file in one fragment and closes; the file must be whole.
async fn complete(mock: &put2bits::mock::Mock, client: &mut Client, file: &[u8], from: usize) {
    if from < file.len() {
        let answer = client.fragment(file, from, file.len()).await;
        assert_eq!(answer, format!("200 next={}", file.len()));
    }
    assert_eq!(client.packet("Close-Session").await, "200");
    assert_eq!(mock.published()[&client.path].sha256, sha256(file));
}

#[tokio::test]
async fn lost_acks() {
    let file = file(3000);
    for (fault, answer) in
        [("drop-ack:fragment", "416 0x0/0x5 next=1000"), ("drop-head:fragment", "200 next=1000")]
    {
        let mock = mock("strict", &[], &[fault]).await;
        let mut client = Client::connect(&mock, "/a.bin").await;
        client.create().await;
        client.write(client.fragment_head(&file, 0, 1000).as_bytes()).await;
        // The connection may be gone already.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut client.stream, &file[..1000]).await;
        assert!(client.try_answer().await.is_none(), "{fault}");
        let mut client = client.again(&mock).await;
        assert_eq!(client.fragment(&file, 0, 1000).await, answer, "{fault}");
        complete(&mock, &mut client, &file, 1000).await;
        assert_eq!(mock.stats().faults, 1);
    }
}

#[tokio::test]
async fn lost_acks_of_the_other_packets() {
    let file = file(10);
    let mock = mock("strict", &[], &["drop-ack:create", "drop-ack:close", "drop-after-ack:ping"]).await;
    let mut client = Client::connect(&mock, "/b.bin").await;
    client.write(client.head("Create-Session", "", 0).as_bytes()).await;
    assert!(client.try_answer().await.is_none());
    assert_eq!(mock.stats().sessions_open, 1, "an orphan");
    let mut client = client.again(&mock).await;
    client.create().await;
    client.fragment(&file, 0, 10).await;
    client.write(client.head("Close-Session", "", 0).as_bytes()).await;
    assert!(client.try_answer().await.is_none());
    assert_eq!(mock.published()["/b.bin"].sha256, sha256(&file), "closed all the same");
    let mut client = client.again(&mock).await;
    assert_eq!(client.packet("Close-Session").await, "500 0x8020001F/0x5");
    assert_eq!(client.packet("Ping").await, "200");
    assert!(client.ended().await);
}

#[tokio::test]
async fn broken_fragments_count_or_not() {
    let file = file(300_000);
    for (rule, next) in [("discard", 1000), ("keep", 201_000)] {
        let mock = mock("strict", &[&format!("broken={rule}")], &["drop-body=200000:fragment:after=1"]).await;
        let mut client = Client::connect(&mock, "/k.bin").await;
        client.create().await;
        client.fragment(&file, 0, 1000).await;
        client.write(client.fragment_head(&file, 1000, 300_000).as_bytes()).await;
        let _ = tokio::io::AsyncWriteExt::write_all(&mut client.stream, &file[1000..]).await;
        assert!(client.try_answer().await.is_none());
        let mut client = client.again(&mock).await;
        let expected = format!("416 0x0/0x5 next={next}");
        assert_eq!(client.fragment(&file, 299_999, 300_000).await, expected, "{rule}");
        complete(&mock, &mut client, &file, next).await;
    }
}

#[tokio::test]
async fn a_client_that_goes_away_mid_fragment() {
    let file = file(1000);
    let mock = mock("iis", &[], &[]).await;
    let mut client = Client::connect(&mock, "/m.bin").await;
    client.create().await;
    client.write(client.fragment_head(&file, 0, 1000).as_bytes()).await;
    client.write(&file[..400]).await;
    let mut second = client.again(&mock).await;
    mock.wait_for(|stats| stats.connections_open == 2).await;
    drop(client);
    mock.wait_for(|stats| stats.connections_open == 1).await;
    assert_eq!(second.fragment(&file, 0, 1000).await, "416 0x0/0x5 next=400");
    complete(&mock, &mut second, &file, 400).await;
}

#[tokio::test]
async fn a_newer_connection_breaks_off_a_hanging_one() {
    let file = file(1000);
    let mock = mock("iis", &[], &[]).await;
    let mut hanging = Client::connect(&mock, "/h.bin").await;
    hanging.create().await;
    hanging.write(hanging.fragment_head(&file, 0, 1000).as_bytes()).await;
    hanging.write(&file[..400]).await;
    mock.wait_for(|stats| stats.bytes_received == 400).await;
    let mut newer = hanging.again(&mock).await;
    assert_eq!(newer.fragment(&file, 0, 1000).await, "416 0x0/0x5 next=400");
    assert!(hanging.ended().await);
    complete(&mock, &mut newer, &file, 400).await;
}

#[tokio::test]
async fn transient_answers_before_and_after_the_bytes() {
    let file = file(1000);
    for (fault, then) in [
        ("status=503:fragment:retry-after=7", "200 next=600"),
        ("status=503:fragment:retry-after=7,when=after", "416 0x0/0x5 next=600"),
    ] {
        let mock = mock("strict", &[], &[fault]).await;
        let mut client = Client::connect(&mock, "/t.bin").await;
        client.create().await;
        let refusal = client.ask(&client.fragment_head(&file, 0, 600), &file[..600]).await;
        assert_eq!((refusal.status(), refusal.header("Retry-After")), (503, Some("7")));
        assert_eq!(refusal.header("BITS-Packet-Type"), None);
        assert_eq!(client.fragment(&file, 0, 600).await, then, "{fault}");
        complete(&mock, &mut client, &file, 600).await;
    }
}

#[tokio::test]
async fn other_faults() {
    let file = file(1000);
    for (fault, answer, then) in [
        ("early-413:fragment", "413", None),
        ("html-404:fragment", "404", Some("200 next=600")),
        ("spurious-416:fragment", "416 0x0/0x5 next=0", Some("200 next=600")),
        ("short-take=10:fragment", "200 next=10", Some("416 0x0/0x5 next=10")),
        ("lose-session:fragment", "500 0x8020001F/0x5", Some("500 0x8020001F/0x5")),
    ] {
        let mock = mock("strict", &[], &[fault]).await;
        let mut client = Client::connect(&mock, "/f.bin").await;
        client.create().await;
        assert_eq!(client.fragment(&file, 0, 600).await, answer, "{fault}");
        match then {
            Some(then) => assert_eq!(client.fragment(&file, 0, 600).await, then, "{fault}"),
            None => assert_eq!(client.again(&mock).await.fragment(&file, 0, 600).await, "200 next=600"),
        }
    }
}

#[tokio::test]
async fn restarts() {
    let file = file(1000);
    let mock = mock("strict", &[], &[]).await;
    let mut client = Client::connect(&mock, "/r.bin").await;
    client.create().await;
    client.fragment(&file, 0, 600).await;
    mock.restart(true);
    assert!(client.ended().await);
    let mut client = client.again(&mock).await;
    assert_eq!(client.fragment(&file, 600, 700).await, "200 next=700", "the session was kept");
    mock.restart(false);
    assert!(client.ended().await);
    assert_eq!(mock.stats().sessions_open, 0);
    let mut client = client.again(&mock).await;
    assert_eq!(client.fragment(&file, 700, 800).await, "500 0x8020001F/0x5");
    mock.set_faults(vec!["restart:ping".parse().unwrap()]);
    client.write(client.head("Ping", "", 0).as_bytes()).await;
    assert!(client.try_answer().await.is_none());
}

#[tokio::test]
async fn a_fault_restarts_with_or_without_the_sessions() {
    let file = file(1000);
    for (fault, then) in [
        ("restart=keep:fragment:after=1", "200 next=1000"),
        ("restart:fragment:after=1", "500 0x8020001F/0x5"),
    ] {
        let mock = mock("strict", &[], &[fault]).await;
        let mut client = Client::connect(&mock, "/r.bin").await;
        client.create().await;
        client.fragment(&file, 0, 600).await;
        client.write(client.fragment_head(&file, 600, 1000).as_bytes()).await;
        // The connection may be gone already.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut client.stream, &file[600..]).await;
        assert!(client.try_answer().await.is_none(), "{fault}");
        let mut client = client.again(&mock).await;
        assert_eq!(client.fragment(&file, 600, 1000).await, then, "{fault}");
    }
}

#[tokio::test]
async fn a_restart_in_the_middle_of_a_fragment() {
    let file = file(1000);
    let mock = mock("iis", &[], &[]).await;
    let mut client = Client::connect(&mock, "/s.bin").await;
    client.create().await;
    client.write(client.fragment_head(&file, 0, 1000).as_bytes()).await;
    client.write(&file[..300]).await;
    mock.wait_for(|stats| stats.bytes_received == 300).await;
    mock.restart(true);
    assert!(client.ended().await);
    let mut client = client.again(&mock).await;
    assert_eq!(client.fragment(&file, 999, 1000).await, "416 0x0/0x5 next=300");
    complete(&mock, &mut client, &file, 300).await;
}

#[tokio::test]
async fn stalls_hold_everything_up() {
    let mock = mock("strict", &[], &[]).await;
    let mut client = Client::connect(&mock, "/w.bin").await;
    client.create().await;
    mock.set_stalled(true);
    client.write(client.head("Ping", "", 0).as_bytes()).await;
    let waited = tokio::time::timeout(Duration::from_millis(50), client.answer()).await;
    assert!(waited.is_err(), "{waited:?}");
    mock.set_stalled(false);
    assert_eq!(client.answer().await.short(), "200");

    mock.set_faults(vec!["stall:ping".parse().unwrap(), "delay=60ms:close".parse().unwrap()]);
    let before = Instant::now();
    assert_eq!(client.packet("Close-Session").await, "200");
    assert!(before.elapsed() >= Duration::from_millis(60));
    client.write(client.head("Ping", "", 0).as_bytes()).await;
    mock.wait_for(|stats| stats.faults == 2).await;
    mock.shutdown();
    assert!(client.ended().await);
}

#[tokio::test]
async fn figures_and_events() {
    let mock = mock("strict", &[], &["status=500:ping"]).await;
    let mut events = mock.events();
    let file = file(1000);
    let mut client = Client::connect(&mock, "/v.bin").await;
    client.create().await;
    client.packet("Ping").await;
    client.fragment(&file, 0, 100).await;
    client.fragment(&file, 100, 1000).await;
    client.packet("Close-Session").await;
    client.create().await;
    client.packet("Cancel-Session").await;
    let stats = mock.stats();
    assert_eq!((stats.sessions_created, stats.sessions_closed, stats.sessions_cancelled), (2, 1, 1));
    assert_eq!((stats.fragments, stats.bytes, stats.sessions_open), (2, 1000, 0));
    assert_eq!((stats.fragment_min, stats.fragment_max), (Some(100), Some(900)));
    assert_eq!((stats.refusals, stats.faults, stats.published), (1, 1, 1));
    let mut lines = Vec::new();
    while let Ok(event) = events.try_recv() {
        lines.push(event.to_string());
    }
    let hash = mock.published()["/v.bin"].sha256_hex().unwrap();
    let expected = [
        "#1 Create-Session /v.bin -> 200",
        "#1 fault status=500:ping",
        "#1 Ping /v.bin -> 500",
        "#1 Fragment /v.bin bytes 0-99/1000 -> 200",
        "#1 Fragment /v.bin bytes 100-999/1000 -> 200",
        &format!("published /v.bin 1000 bytes sha256 {hash}"),
        "#1 Close-Session /v.bin -> 200",
        "#1 Create-Session /v.bin -> 200",
        "#1 Cancel-Session /v.bin -> 200",
    ];
    assert_eq!(lines, expected);
}
