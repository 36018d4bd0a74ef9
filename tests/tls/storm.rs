//! Many who take their time: in the handshake, and with a head that drips. They come to an end, and others get through.

use crate::authority::Authority;
use crate::client::{Hand, put};
use crate::support::{Backend, Proxy, Settings, within};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Of each kind.
const STORM: usize = 500;

/// What a handshake begins with: nothing, the type of its first record, that record's head and some of it.
const BEGINNINGS: [&[u8]; 3] = [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"];

/// What a head begins with: nothing, its method, and fields without an end.
const HEADS: [&[u8]; 3] = [b"", b"PUT", b"PUT /drip HTTP/1.1\r\nHost: up.test\r\nX-Drip: "];

/// Between two drops.
const DROP: Duration = Duration::from_millis(500);

/// Connects, says the beginning of a handshake, and waits for the end.
async fn stall(addr: SocketAddr, begin: &'static [u8]) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    // It may be over already.
    let _ = stream.write_all(begin).await;
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

/// Shakes hands, says the beginning of a head, and goes on byte by byte until somebody has had enough.
async fn drip(hand: Hand, addr: SocketAddr, begin: &'static [u8]) {
    let Ok(mut stream) = hand.connect(addr, "up.test").await else { return };
    let _ = stream.write_all(begin).await;
    let (mut reading, mut writing) = tokio::io::split(stream);
    let drops = async {
        while !begin.is_empty() && writing.write_all(b"a").await.is_ok() {
            let _ = writing.flush().await;
            tokio::time::sleep(DROP).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = async { reading.read_to_end(&mut Vec::new()).await } => {}
        () = drops => {}
    }
}

/// So many of each kind. They end when the proxy has had enough of each.
fn storm(proxy: &Proxy, hand: &Hand, count: usize) -> JoinSet<()> {
    let mut storm = JoinSet::new();
    for number in 0..count {
        storm.spawn(stall(proxy.addr, BEGINNINGS[number % BEGINNINGS.len()]));
        storm.spawn(drip(hand.clone(), proxy.addr, HEADS[number % HEADS.len()]));
    }
    storm
}

/// Waits until the proxy has ended all of them.
async fn is_over(mut storm: JoinSet<()>) {
    within("the end of all of them", async {
        while let Some(done) = storm.join_next().await {
            done.unwrap();
        }
    })
    .await;
}

async fn start(authority: &Authority, backend: &Backend, header: &str, max: &str) -> Proxy {
    authority.issue("up", &["up.test"]);
    let settings = Settings::listeners(&authority.listener("up", "", &backend.url()));
    settings.set("timeouts.header", header).set("connections.max", max).start().await
}

#[tokio::test]
async fn a_thousand_who_stall_are_ended_while_good_ones_get_through() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    let proxy = start(&authority, &backend, "8s", "4096").await;
    let hand = Hand::new(&authority);
    // Somebody who was there before, and uploads until all is over.
    let mut lasting = hand.connect(proxy.addr, "up.test").await.unwrap();
    assert_eq!(put(&mut lasting, "/before").await.unwrap(), 201);
    let (told, over) = watch::channel(false);
    let storm = storm(&proxy, &hand, STORM);
    proxy.admin.until("connections_open", &[], |open| open > STORM as f64 / 2.0).await;
    let good = async {
        let mut stored = 0;
        while !*over.borrow() {
            assert_eq!(put(&mut lasting, "/lasting").await.unwrap(), 201);
            let mut stream = hand.connect(proxy.addr, "up.test").await.unwrap();
            assert_eq!(put(&mut stream, "/new").await.unwrap(), 201);
            stored += 1;
        }
        stored
    };
    let storm = async {
        is_over(storm).await;
        told.send_replace(true);
    };
    let ((), stored) = tokio::join!(storm, good);
    assert!(stored > 0);
    drop(lasting);
    proxy.admin.until_is("connections_open", &[], 0).await;
    // Of those who drip, some may not have come to the end of their handshake in time.
    let too_slow = [("reason", "too_slow")];
    proxy.admin.until("handshakes_failed_total", &too_slow, |count| count >= STORM as f64).await;
    assert_eq!(backend.published().len(), 3);
}

/// All places are taken by them, for a time.
#[tokio::test]
async fn the_places_that_they_took_are_free_again() {
    const PLACES: usize = 20;
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    let proxy = start(&authority, &backend, "5s", &PLACES.to_string()).await;
    let hand = Hand::new(&authority);
    let storm = storm(&proxy, &hand, PLACES / 2);
    proxy.admin.until_is("connections_open", &[], PLACES as u64).await;
    let enter = async || {
        let mut stream = hand.connect(proxy.addr, "up.test").await.ok()?;
        put(&mut stream, "/a").await.ok()
    };
    assert_eq!(enter().await, None, "all places are taken");
    within("a place", async {
        while enter().await.is_none() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    backend.published().get("/a").expect("it is stored");
    is_over(storm).await;
    proxy.admin.until_is("connections_open", &[], 0).await;
}
