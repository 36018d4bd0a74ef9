//! Evidence and replies.

use crate::peer::Peer;
use crate::{PATIENT, connection};
use http::HeaderValue;
use put2bits::transfer::{Answer, Backend, Call, NoAnswer, Patience};
use std::time::Duration;
use tokio::sync::mpsc;

/// Asks a server that gives `answer`; also tells the request heads that came.
async fn fetch(call: Call, answer: String, patience: Patience) -> (Result<Answer, NoAnswer>, Vec<String>) {
    let (told, mut heads) = mpsc::unbounded_channel();
    let peer = Peer::start(move |_, mut conn| {
        let (told, answer) = (told.clone(), answer.clone());
        async move {
            while let Some(head) = conn.head().await {
                told.send(head).unwrap();
                conn.send(&answer).await;
            }
        }
    });
    let result = connection(&peer.authority).exchange(call, patience).await;
    let mut seen = Vec::new();
    while let Ok(head) = heads.try_recv() {
        seen.push(head);
    }
    (result, seen)
}

fn reply(url: &'static str) -> Call {
    Call::Reply { url: HeaderValue::from_static(url) }
}

#[tokio::test]
async fn evidence_is_a_head_of_the_target() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 12345678901\r\n\r\n".to_owned();
    let (got, heads) = fetch(Call::Evidence, answer, PATIENT).await;
    let got = got.unwrap();
    assert_eq!((got.status.as_u16(), &got.headers["content-length"]), (200, &"12345678901".parse().unwrap()));
    let head = heads[0].to_ascii_lowercase();
    assert!(head.starts_with("head /uploads/a.mov?x=1 http/1.1\r\n"), "{head}");
    assert!(head.contains("host: files.example\r\n") && head.matches("host:").count() == 1, "{head}");
    assert!(!head.contains("referer"), "{head}");
}

#[tokio::test]
async fn redirects_are_answers() {
    let answer = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".to_owned();
    let (got, heads) = fetch(Call::Evidence, answer.clone(), PATIENT).await;
    assert_eq!((got.unwrap().status.as_u16(), heads.len()), (302, 1));
    let (got, heads) = fetch(reply("r.txt"), answer, PATIENT).await;
    assert_eq!((got.unwrap().status.as_u16(), heads.len()), (302, 1));
}

#[tokio::test]
async fn a_reply_is_fetched_whole() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello".to_owned();
    let (got, heads) = fetch(reply(r"BITS-Sessions\{A-1}\r.txt"), answer, PATIENT).await;
    let got = got.unwrap();
    assert_eq!(
        (&got.body[..], &got.headers["content-type"]),
        (&b"hello"[..], &"text/plain".parse().unwrap())
    );
    assert!(heads[0].starts_with("GET /uploads/BITS-Sessions/%7BA-1%7D/r.txt HTTP/1.1\r\n"), "{}", heads[0]);
}

#[tokio::test]
async fn a_reply_is_bounded() {
    let fits = "x".repeat(1 << 20);
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{fits}", fits.len());
    assert_eq!(fetch(reply("r"), answer, PATIENT).await.0.unwrap().body.len(), 1 << 20);

    let announced = "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n".to_owned();
    let chunked =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n{fits}x\r\n0\r\n\r\n");
    let open = format!("HTTP/1.1 200 OK\r\n\r\n{fits}x");
    for answer in [announced, chunked, open] {
        let (got, _) = fetch(reply("r"), answer, PATIENT).await;
        assert!(matches!(got, Err(NoAnswer::Impossible(_))), "{got:?}");
    }
}

#[tokio::test]
async fn a_reply_elsewhere_is_not_fetched() {
    for url in ["http://127.0.0.2/r", "//127.0.0.1/r", r"\\127.0.0.1\r", "https://127.0.0.1/r"] {
        let (got, heads) = fetch(reply(url), String::new(), PATIENT).await;
        assert!(matches!(got, Err(NoAnswer::Impossible(_))), "{url}: {got:?}");
        assert!(heads.is_empty());
    }
}

#[tokio::test]
async fn trouble_is_told_as_with_packets() {
    let short = Duration::from_millis(100);
    let (got, _) =
        fetch(Call::Evidence, String::new(), Patience { connect: short, stall: short, answer: short }).await;
    assert!(matches!(got, Err(NoAnswer::TimedOut(_))), "{got:?}");
    let (got, _) = fetch(Call::Evidence, "no HTTP\r\n\r\n".to_owned(), PATIENT).await;
    assert!(matches!(got, Err(NoAnswer::Lost(_))), "{got:?}");

    let peer = Peer::start(|_, conn| conn.serve(""));
    let authority = peer.authority.clone();
    peer.stop();
    match connection(&authority).exchange(Call::Evidence, PATIENT).await {
        Err(NoAnswer::Unsent(why)) => {
            assert!(
                why.starts_with(&format!("connecting to {authority}: ")) && why.contains("refused"),
                "{why}"
            );
        }
        other => panic!("{other:?}"),
    }
}
