//! Heads and hyper's own bytes never mix, however slowly the client reads.

use super::super::Interim;
use super::support::{Client, answer, fields, narrow_tcp, start, start_with, time, within};
use bytes::Bytes;
use http_body_util::BodyExt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

/// hyper gives the service the second request while most of the first answer waits in its buffer. It does so only if the
/// first answer came before the end of the first request. A head written then would land within that answer.
#[tokio::test]
async fn a_head_waits_for_the_whole_answer_before_it() {
    const LARGE: usize = 400_000;
    for _ in 0..20 {
        let (io, mut client) = narrow_tcp().await;
        let (begun, mut second) = mpsc::unbounded_channel();
        start(io, move |request, interim: Interim| {
            let begun = begun.clone();
            async move {
                if request.uri() == "/first" {
                    tokio::spawn(request.into_body().collect());
                    return Ok(answer(Bytes::from(vec![b'x'; LARGE])));
                }
                begun.send(()).unwrap();
                interim.send(&fields("/u/2")).await.unwrap();
                Ok(answer("second".into()))
            }
        });
        client.send("PUT /first HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\n").await;
        client.stream.readable().await.unwrap();
        client.send("helloGET /second HTTP/1.1\r\nHost: p\r\n\r\n").await;
        within(second.recv()).await.unwrap();
        let (status, body) = client.message().await;
        assert_eq!((status, body.len()), (200, LARGE));
        let strange = body.iter().position(|&byte| byte != b'x');
        assert_eq!(strange, None, "something else is within the first answer");
        assert_eq!(client.message().await.0, 104);
        assert_eq!(client.message().await, (200, "second".into()));
    }
}

#[tokio::test]
async fn a_head_once_begun_is_finished_before_the_answer() {
    let (io, stream) = tokio::io::duplex(16);
    let mut client = Client::new(stream);
    let answered = Arc::new(Notify::new());
    let telling = Arc::clone(&answered);
    start(io, move |_, interim: Interim| {
        let answered = Arc::clone(&telling);
        async move {
            interim.try_send(&fields("/begun")).unwrap();
            interim.try_send(&fields("/dropped")).unwrap();
            // The connection fills the 16 bytes now.
            tokio::task::yield_now().await;
            answered.notify_one();
            Ok(answer("done".into()))
        }
    });
    for _ in 0..2 {
        client.send("GET / HTTP/1.1\r\nHost: p\r\n\r\n").await;
        within(answered.notified()).await;
        let head = client.head().await;
        assert_eq!(head, "HTTP/1.1 104 Upload Resumption Supported\r\nLocation: /begun\r\n\r\n");
        assert_eq!(client.message().await, (200, "done".into()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_reading_within_a_head_is_cut_off() {
    let (io, stream) = tokio::io::duplex(16);
    let mut client = Client::new(stream);
    let mut time = time();
    time.idle = Duration::from_secs(7);
    let (held, mut dropped) = mpsc::channel::<()>(1);
    let server = start_with(io, time, move |_, interim: Interim| {
        let held = held.clone();
        async move {
            let sent = interim.send(&fields("/u/1")).await;
            drop(held);
            panic!("nobody reads, but {sent:?}");
        }
    });
    client.send("GET / HTTP/1.1\r\nHost: p\r\n\r\n").await;
    let mut first = [0; 20];
    client.stream.read_exact(&mut first).await.unwrap();
    let begin = Instant::now();
    let error = server.await.unwrap().unwrap_err();
    let stalled = begin.elapsed();
    assert!(stalled >= Duration::from_secs(7) && stalled < Duration::from_secs(8), "{stalled:?}");
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<io::Error>());
    assert_eq!(cause.map(io::Error::kind), Some(io::ErrorKind::TimedOut), "{error:?}");
    assert!(dropped.recv().await.is_none());
}
