//! Services of their own behind real sockets: what the client sees, byte for byte.

mod boundaries;
mod cutting;
mod stress;
mod support;

use super::*;
use http::header::{CONNECTION, CONTENT_LENGTH, LOCATION};
use http_body_util::BodyExt;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use support::{answer, fields, start, tcp, within};

const PUT: &str = "PUT / HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\n";

#[tokio::test]
async fn a_head_comes_before_the_body_is_sent_on_every_request_of_a_connection() {
    let (io, mut client) = tcp().await;
    start(io, async |request, interim| {
        let mut fields = fields("/u/1");
        fields.insert("upload-draft-interop-version", 6.into());
        fields.insert(CONTENT_LENGTH, 5.into());
        fields.insert(CONNECTION, LOCATION.into());
        interim.send(&fields).await.unwrap();
        Ok(answer(request.into_body().collect().await.unwrap().to_bytes()))
    });
    for _ in 0..2 {
        client.send(PUT).await;
        assert_eq!(
            client.head().await,
            "HTTP/1.1 104 Upload Resumption Supported\r\nLocation: /u/1\r\nUpload-Draft-Interop-Version: 6\r\n\r\n"
        );
        client.send("hello").await;
        assert_eq!(client.message().await, (200, "hello".into()));
    }
}

#[tokio::test]
async fn continue_follows_when_the_body_is_wanted() {
    let (io, mut client) = tcp().await;
    start(io, async |request, interim| {
        interim.send(&fields("/u/1")).await.unwrap();
        Ok(answer(request.into_body().collect().await.unwrap().to_bytes()))
    });
    for _ in 0..2 {
        client.send("PUT / HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").await;
        assert_eq!(client.message().await.0, 104);
        assert_eq!(client.message().await.0, 100);
        client.send("hello").await;
        assert_eq!(client.message().await, (200, "hello".into()));
    }
}

#[tokio::test]
async fn http_1_0_never_gets_one() {
    let (io, mut client) = tcp().await;
    start(io, async |_, interim| {
        assert_eq!(interim.send(&fields("/u/1")).await, Err(NotSent::Http10));
        assert_eq!(interim.try_send(&fields("/u/1")), Err(NotSent::Http10));
        Ok(answer("done".into()))
    });
    client.send("PUT / HTTP/1.0\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(client.message().await, (200, "done".into()));
    client.ends().await;
}

#[tokio::test]
async fn another_task_may_send_while_the_service_waits() {
    let (io, mut client) = tcp().await;
    start(io, async |_, interim| {
        let sender = tokio::spawn(async move {
            for at in 0..20 {
                interim.send(&fields(&at.to_string())).await.unwrap();
            }
        });
        sender.await.unwrap();
        Ok(answer("done".into()))
    });
    client.send(PUT).await;
    for at in 0..20 {
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 104 ") && head.contains(&format!("Location: {at}\r\n")), "{head}");
    }
    assert_eq!(client.message().await, (200, "done".into()));
}

#[tokio::test]
async fn heads_that_wait_are_few_and_give_way_to_the_answer() {
    let (io, mut client) = tcp().await;
    start(io, async |request, interim| {
        let queued: Vec<_> = (0..6).map(|at| interim.try_send(&fields(&at.to_string()))).collect();
        assert_eq!(queued[..4], [Ok(()); 4]);
        assert_eq!(queued[4..], [Err(NotSent::Full); 2]);
        if request.uri() == "/waits" {
            interim.send(&fields("4")).await.unwrap();
        }
        Ok(answer("done".into()))
    });
    client.send("GET /waits HTTP/1.1\r\nHost: p\r\n\r\n").await;
    for at in 0..5 {
        assert!(client.head().await.contains(&format!("Location: {at}\r\n")));
    }
    assert_eq!(client.message().await, (200, "done".into()));
    client.send("GET /hurries HTTP/1.1\r\nHost: p\r\n\r\n").await;
    assert_eq!(client.message().await, (200, "done".into()));
}

#[tokio::test]
async fn nothing_is_sent_after_the_answer_or_the_end() {
    let (io, mut client) = tcp().await;
    let kept = Arc::new(Mutex::new(None::<Interim>));
    let shared = Arc::clone(&kept);
    let server = start(io, move |_, interim| {
        let kept = Arc::clone(&shared);
        async move {
            let before = kept.lock().unwrap().replace(interim);
            if let Some(before) = before {
                assert_eq!(before.send(&fields("/late")).await, Err(NotSent::TooLate));
                assert_eq!(before.try_send(&fields("/late")), Err(NotSent::TooLate));
            }
            Ok(answer("done".into()))
        }
    });
    for _ in 0..3 {
        client.send("GET / HTTP/1.1\r\nHost: p\r\n\r\n").await;
        assert_eq!(client.message().await, (200, "done".into()));
    }
    drop(client);
    within(server).await.unwrap().unwrap();
    let last = kept.lock().unwrap().take().unwrap();
    assert_eq!(within(last.send(&fields("/late"))).await, Err(NotSent::TooLate));
}

#[tokio::test]
async fn a_head_that_the_answer_overtakes_is_told_so() {
    let (io, mut client) = tcp().await;
    let (results, mut seen) = mpsc::unbounded_channel();
    start(io, move |_, interim: Interim| {
        let results = results.clone();
        async move {
            let sending = async move { interim.send(&fields("/overtaken")).await };
            let mut sending = Box::pin(sending);
            std::future::poll_fn(|cx| {
                assert!(pin!(sending.as_mut()).poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            tokio::spawn(async move { results.send(sending.await) });
            Ok(answer("done".into()))
        }
    });
    client.send("GET / HTTP/1.1\r\nHost: p\r\n\r\n").await;
    assert_eq!(client.message().await, (200, "done".into()));
    assert_eq!(within(seen.recv()).await, Some(Err(NotSent::TooLate)));
}
