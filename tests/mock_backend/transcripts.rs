//! The exchanges recorded from real servers, and the rules of a strict one, over a socket.

use crate::client::{Client, file, mock, sha256};

const GUID: &str = "{7df0354d-249b-430f-820d-3d2a9bef4931}";

#[tokio::test]
async fn simplebits_answers_as_recorded() {
    let mock = mock("simplebits", &[], &[]).await;
    let mut client = Client::connect(&mock, "/curl2.bin").await;
    let file = file(1024);
    let create = client.create().await;
    let id = client.id.clone();
    assert!(id.starts_with('-'), "{id}");
    let lines = |head: &str| {
        let mut lines: Vec<String> = head
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with("Date: "))
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines
    };
    let expected = |extra: &[&str]| {
        let mut all =
            vec!["HTTP/1.1 200 OK", "Server: SimpleHTTP/0.6 Python/2.7.18", "BITS-Packet-Type: Ack"];
        all.extend(["Content-Length: 0"]);
        all.extend(extra);
        let mut all: Vec<String> = all.into_iter().map(str::to_owned).collect();
        all.push(format!("BITS-Session-Id: {id}"));
        all.sort();
        all
    };
    let protocol = format!("BITS-Protocol: {GUID}");
    assert_eq!(lines(&create.head), expected(&[&protocol, "Accept-Encoding: identity"]));
    let first = client.ask(&client.fragment_head(&file, 0, 512), &file[..512]).await;
    assert_eq!(lines(&first.head), expected(&["BITS-Received-Content-Range: 512"]));
    assert_eq!(client.fragment(&file, 512, 1024).await, "200 next=1024");
    let close = client.ask(&client.head("Close-Session", "", 0), b"").await;
    assert_eq!(lines(&close.head), expected(&[]));
    assert_eq!(mock.published()["/curl2.bin"].sha256, sha256(&file));
    assert_eq!(client.packet("Close-Session").await, "500 0x1/0x5", "a second Close");
    assert_eq!(client.packet("Ping").await, "200 0x1/");
}

#[tokio::test]
async fn gobits_answers_as_recorded() {
    let mock = mock("gobits", &[], &[]).await;
    let file = file(1024);
    let mut client = Client::connect(&mock, "/g.bin").await;
    let create = client.create().await;
    for line in ["Bits-Packet-Type: Ack", "Accept-Encoding: identity", &format!("Bits-Protocol: {GUID}")] {
        assert!(create.head.contains(line), "{}", create.head);
    }
    assert!(create.head.contains(&format!("Bits-Session-Id: {}\r\n", client.id)));
    // A new connection per packet.
    assert_eq!(client.again(&mock).await.fragment(&file, 0, 512).await, "200 next=512");
    let gap = client.fragment_head(&file, 600, 700);
    let gap = client.ask(&gap, &file[600..700]).await;
    assert!(gap.head.contains("Bits-Recieved-Content-Range: 512\r\n"), "{}", gap.head);
    assert_eq!(gap.short(), "416 0/5 next=512");
    assert_eq!(client.again(&mock).await.fragment(&file, 500, 1024).await, "200 next=1024");
    assert_eq!(mock.published()["/g.bin"].sha256, sha256(&file), "published with the last fragment");
    assert_eq!(client.fragment(&file, 512, 1024).await, "416 0/5 next=0");
    assert_eq!(client.packet("Close-Session").await, "200");
    assert_eq!(client.packet("Close-Session").await, "400 0/5");
}

#[tokio::test]
async fn iis_answers_as_captured() {
    let mock = mock("iis", &[], &[]).await;
    let mut client = Client::connect(&mock, "/upload/f.bin").await;
    let file = file(4892);
    let create = client.create().await.head;
    let order = ["Server: Microsoft-IIS", "Pragma: no-cache", "BITS-Packet-Type: Ack", "BITS-Session-Id: {"];
    assert!(
        order.windows(2).all(|pair| create.find(pair[0]).unwrap() < create.find(pair[1]).unwrap()),
        "{create}"
    );
    let ack = client.ask(&client.fragment_head(&file, 0, 4892), &file).await;
    assert_eq!(ack.header("BITS-Session-Id"), None);
    assert_eq!(ack.short(), "200 next=4892");
    assert_eq!(client.packet("Close-Session").await, "200");
    assert_eq!(client.create().await.short(), "403 0x80070005/0x5", "no overwriting");
}

/// The same repeats and overlaps against each rule: answers, and the bytes that are stored in the end.
#[tokio::test]
async fn repeats_overlaps_and_gaps() {
    let file = file(1024);
    let twice = [&file[..600], &file[..600], &file[500..]].concat();
    for (rule, repeat, overlap, stored) in [
        ("refuse", "416 0x0/0x5 next=600", "416 0x0/0x5 next=600", &file),
        ("trim", "200 next=600", "200 next=1024", &file),
        ("append", "200 next=600", "200 next=1024", &twice),
    ] {
        let mock = mock("strict", &[&format!("overlap={rule}")], &[]).await;
        let mut client = Client::connect(&mock, "/o.bin").await;
        client.create().await;
        assert_eq!(client.fragment(&file, 0, 600).await, "200 next=600");
        assert_eq!(client.fragment(&file, 0, 600).await, repeat, "{rule}");
        assert_eq!(client.fragment(&file, 800, 900).await, "416 0x0/0x5 next=600", "{rule}: gap");
        assert_eq!(client.fragment(&file, 500, 1024).await, overlap, "{rule}");
        if rule == "refuse" {
            assert_eq!(client.fragment(&file, 600, 1024).await, "200 next=1024");
        }
        assert_eq!(client.packet("Close-Session").await, "200");
        let published = &mock.published()["/o.bin"];
        assert_eq!((published.length, published.sha256), (stored.len() as u64, sha256(stored)), "{rule}");
    }
}

#[tokio::test]
async fn an_error_without_length_leaves_the_connection_open() {
    let mock = mock("simplebits", &[], &[]).await;
    let mut client = Client::connect(&mock, "/n.bin").await;
    let file = file(100);
    client.create().await;
    let gap = client.ask(&client.fragment_head(&file, 50, 100), &file[50..]).await;
    assert_eq!((gap.short().as_str(), gap.header("Content-Length")), ("500 0x1/0x5", None));
    assert_eq!(client.fragment(&file, 0, 100).await, "200 next=100", "on the same connection");
}

#[tokio::test]
async fn limits_of_the_http_layer() {
    let file = file(4 << 20);
    // The answer comes although most of the body was never sent.
    let strict = mock("strict", &["max-fragment=1MiB"], &[]).await;
    let mut client = Client::connect(&strict, "/l.bin").await;
    client.create().await;
    client.write(client.fragment_head(&file, 0, 4 << 20).as_bytes()).await;
    client.write(&file[..1000]).await;
    let early = client.answer().await;
    assert_eq!((early.status(), early.header("Connection")), (413, Some("close")));
    drop(client);

    let iis = mock("iis", &["max-fragment=1MiB:html-404"], &[]).await;
    let mut client = Client::connect(&iis, "/l.bin").await;
    client.create().await;
    let html = client.ask(&client.fragment_head(&file, 0, 2 << 20), &file[..2 << 20]).await;
    assert_eq!((html.status(), html.header("BITS-Packet-Type")), (404, None));
    assert!(html.body.starts_with(b"<!DOCTYPE html>"));
    assert_eq!(client.fragment(&file, 0, 1 << 20).await, "200 next=1048576", "a smaller one is taken");
}

#[tokio::test]
async fn expect_continue_is_answered_before_the_body_or_refused() {
    let mock = mock("strict", &[], &[]).await;
    let mut client = Client::connect(&mock, "/e.bin").await;
    let file = file(100);
    client.create().await;
    let expecting = |head: String| head.replacen("\r\n", "\r\nExpect: 100-continue\r\n", 1);
    client.write(expecting(client.fragment_head(&file, 0, 100)).as_bytes()).await;
    assert_eq!(client.answer().await.head, "HTTP/1.1 100 Continue\r\n\r\n");
    client.write(&file).await;
    assert_eq!(client.answer().await.short(), "200 next=100");
    client.id = "{unknown}".into();
    client.write(expecting(client.fragment_head(&file, 0, 100)).as_bytes()).await;
    let refusal = client.answer().await;
    assert_eq!(refusal.short(), "500 0x8020001F/0x5");
    assert_eq!(refusal.header("Connection"), Some("close"));
    assert!(client.ended().await);
}

#[tokio::test]
async fn packets_may_be_pipelined_and_cut_anywhere() {
    let mock = mock("strict", &[], &[]).await;
    let mut client = Client::connect(&mock, "/p.bin").await;
    client.create().await;
    let file = file(200_000);
    let mut all = client.head("Ping", "", 0).into_bytes();
    for (start, end) in [(0, 1), (1, 100_000), (100_000, 200_000)] {
        all.extend(client.fragment_head(&file, start, end).into_bytes());
        all.extend(&file[start..end]);
    }
    all.extend(client.head("Close-Session", "", 0).into_bytes());
    client.stream.set_nodelay(true).unwrap();
    for piece in all.chunks(7919) {
        client.write(piece).await;
    }
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(client.answer().await.short());
    }
    assert_eq!(answers, ["200", "200 next=1", "200 next=100000", "200 next=200000", "200"]);
    assert_eq!(mock.published()["/p.bin"].sha256, sha256(&file));
}

#[tokio::test]
async fn what_is_no_bits_request() {
    let mock = mock("strict", &[], &[]).await;
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(70_000));
    for (request, status) in [
        ("nonsense\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\n\r\n", 505),
        (&long, 431),
        ("PUT /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 405),
        ("BREW /a HTTP/1.1\r\n\r\n", 501),
        ("GET /none HTTP/1.1\r\n\r\n", 404),
        (
            "BITS_POST /a HTTP/1.1\r\nBITS-Packet-Type: Ping\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            411,
        ),
        ("BITS_POST http://mock/a HTTP/1.1\r\nBITS-Packet-Type: Ping\r\nContent-Length: 0\r\n\r\n", 200),
    ] {
        let mut client = Client::connect(&mock, "/").await;
        assert_eq!(client.ask(request, b"").await.status(), status, "{request:.40}");
    }
}
