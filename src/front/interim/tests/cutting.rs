//! Connections that the service breaks.

use super::super::Interim;
use super::support::{answer, fields, start, tcp, within};
use crate::front::asked::CutOff;
use http_body_util::BodyExt;
use std::io;
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use tokio::sync::Notify;

#[tokio::test]
async fn a_connection_that_is_cut_off_ends_with_a_reset() {
    for sent in ["", "he", "hello", "hello and more"] {
        let (io, mut client) = tcp().await;
        let cut = Arc::new(Notify::new());
        let when = Arc::clone(&cut);
        let server = start(io, move |request, interim: Interim| {
            let cut = Arc::clone(&when);
            async move {
                interim.send(&fields("/u/1")).await.unwrap();
                let mut body = request.into_body();
                if !sent.is_empty() {
                    body.frame().await.unwrap().unwrap();
                }
                cut.notified().await;
                Err(CutOff)
            }
        });
        client.send("PUT / HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\n").await;
        assert_eq!(client.message().await.0, 104);
        client.send(sent).await;
        cut.notify_one();
        let end = within(client.stream.read(&mut [0; 64])).await;
        assert_eq!(end.map_err(|error| error.kind()), Err(io::ErrorKind::ConnectionReset), "{sent:?}");
        within(server).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn other_ends_are_no_resets() {
    let (io, mut client) = tcp().await;
    let server = start(io, async |_, _| Ok(answer("done".into())));
    client.send("GET / HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n").await;
    assert_eq!(client.message().await, (200, "done".into()));
    client.ends().await;
    within(server).await.unwrap().unwrap();
}
