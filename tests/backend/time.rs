//! The time limits.

use crate::peer::Peer;
use crate::{ACK, PATIENT, connection, quarters, send};
use bytes::Bytes;
use put2bits::transfer::{NoAnswer, Patience};
use socket2::{Domain, SockRef, Socket, Type};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::time::sleep;

/// A limit short enough for a test and long enough for a busy machine.
const SHORT: Duration = Duration::from_millis(400);

/// Sends 25 MiB and expects a time-out after about [`SHORT`] that says `words`.
async fn times_out(peer: &Peer, pieces: Vec<Bytes>, patience: Patience, words: &str) {
    let begun = Instant::now();
    match send(&mut connection(&peer.authority), pieces, patience).await {
        Err(NoAnswer::TimedOut(why)) => assert!(why.contains(words) && why.contains("400ms"), "{why}"),
        other => panic!("{other:?}"),
    }
    let waited = begun.elapsed();
    assert!(waited >= SHORT && waited < Duration::from_secs(10), "{waited:?}");
}

#[tokio::test]
async fn a_server_that_takes_nothing() {
    let peer = Peer::start(|_, mut conn| async move {
        conn.head().await.unwrap();
        std::future::pending::<()>().await;
    });
    times_out(&peer, quarters(400), Patience { stall: SHORT, ..PATIENT }, "took no byte").await;
}

#[tokio::test]
async fn a_server_that_takes_all_and_says_nothing() {
    let peer = Peer::start(|_, mut conn| async move {
        conn.request().await.unwrap();
        std::future::pending::<()>().await;
    });
    times_out(&peer, quarters(4), Patience { answer: SHORT, ..PATIENT }, "no answer").await;
}

#[tokio::test]
async fn a_server_that_says_100_for_ever() {
    let peer = Peer::start(|_, mut conn| async move {
        conn.request().await.unwrap();
        loop {
            conn.send("HTTP/1.1 100 Continue\r\n\r\n").await;
            sleep(SHORT / 20).await;
        }
    });
    times_out(&peer, quarters(4), Patience { answer: SHORT, ..PATIENT }, "no answer").await;
}

/// Slow is not stalled, and the time for the answer begins only when the request is out.
#[tokio::test]
async fn a_slow_server_is_given_its_time() {
    let peer = Peer::start(|_, mut conn| async move {
        // Little lies between the ends, so that sending takes about as long as receiving.
        SockRef::from(&conn.tcp).set_recv_buffer_size(128 * 1024).unwrap();
        conn.head().await.unwrap();
        let mut left = 32 << 20;
        let mut buffer = vec![0; 1 << 20];
        while left > 0 {
            left -= conn.tcp.read_exact(&mut buffer).await.unwrap();
            sleep(Duration::from_millis(50)).await;
        }
        conn.send(ACK).await;
    });
    let begun = Instant::now();
    let patience = Patience { stall: 2 * SHORT, answer: 3 * SHORT, ..PATIENT };
    send(&mut connection(&peer.authority), quarters(128), patience).await.unwrap();
    assert!(begun.elapsed() > patience.answer, "it was not slow");
}

/// A full backlog: the kernel of the server answers no connection attempt.
#[tokio::test]
async fn a_server_that_accepts_nothing() {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let mut waiting = Vec::new();
    while let Ok(tcp) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        waiting.push(tcp);
    }
    let begun = Instant::now();
    let mut to = connection(&address.to_string().parse().unwrap());
    match send(&mut to, quarters(1), Patience { connect: SHORT, ..PATIENT }).await {
        Err(NoAnswer::Unsent(why)) => assert!(why.contains("within 400ms"), "{why}"),
        other => panic!("{other:?}"),
    }
    let waited = begun.elapsed();
    assert!(waited >= SHORT && waited < Duration::from_secs(10), "{waited:?}");
}
