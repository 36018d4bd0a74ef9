//! Broken connections: what is told, and when a new one is opened without a word.

use crate::peer::Peer;
use crate::{ACK, PATIENT, ask, connection, fragment, quarters, send};
use bytes::Bytes;
use put2bits::bits::Packet;
use put2bits::transfer::{Backend, Call, NoAnswer};
use std::sync::{Mutex, mpsc};
use std::time::Duration;
use tokio::sync::oneshot;

#[tokio::test]
async fn nobody_there_is_unsent() {
    let peer = Peer::start(|_, conn| conn.serve(ACK));
    let authority = peer.authority.clone();
    peer.stop();
    match ask(&mut connection(&authority), Packet::Ping).await {
        Err(NoAnswer::Unsent(why)) => {
            assert!(why.starts_with(&format!("connecting to {authority}: Connection refused")), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_end_in_mid_body_is_lost() {
    for reset in [false, true] {
        let peer = Peer::start(move |_, mut conn| async move {
            conn.head().await.unwrap();
            if reset {
                conn.reset();
            }
        });
        match send(&mut connection(&peer.authority), quarters(200), PATIENT).await {
            Err(NoAnswer::Lost(why)) => {
                assert!(why.starts_with(&format!("Fragment to {}: ", peer.authority)), "{why}");
            }
            other => panic!("reset {reset}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_end_instead_of_the_answer_is_lost() {
    for reset in [false, true] {
        let peer = Peer::start(move |_, mut conn| async move {
            conn.request().await.unwrap();
            if reset {
                conn.reset();
            }
        });
        let answer = ask(&mut connection(&peer.authority), Packet::CreateSession).await;
        assert!(matches!(answer, Err(NoAnswer::Lost(_))), "reset {reset}: {answer:?}");
        assert_eq!(peer.accepts(), 1, "a request that arrived was repeated");
    }
}

#[tokio::test]
async fn an_end_as_the_next_request_arrives_is_lost() {
    for reset in [false, true] {
        let peer = Peer::start(move |_, mut conn| async move {
            conn.request().await.unwrap();
            conn.send(ACK).await;
            conn.head().await.unwrap();
            if reset {
                conn.reset();
            }
        });
        let mut to = connection(&peer.authority);
        ask(&mut to, Packet::CreateSession).await.unwrap();
        let answer = send(&mut to, quarters(1), PATIENT).await;
        assert!(matches!(answer, Err(NoAnswer::Lost(_))), "reset {reset}: {answer:?}");
        assert_eq!(peer.accepts(), 1, "a request that arrived was repeated");
    }
}

/// How a server ends an idle connection.
#[derive(Debug, Clone, Copy)]
enum Farewell {
    Fin,
    Rst,
    Said408,
}

/// 50 exchanges with a server that ends the connection after each. It must not be noticed, whether the runtime has
/// heard of the end before the next exchange (`heard`) or only the kernel knows.
async fn stale(farewell: Farewell, heard: bool) {
    let (told, ended) = mpsc::channel();
    let peer = Peer::start(move |_, mut conn| {
        let told = told.clone();
        async move {
            let (_, body) = conn.request().await.unwrap();
            assert_eq!(body, b"0123456789");
            conn.send(ACK).await;
            match farewell {
                Farewell::Fin => drop(conn),
                Farewell::Rst => conn.reset(),
                Farewell::Said408 => {
                    conn.send("HTTP/1.1 408 Late\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
                }
            }
            told.send(()).unwrap();
        }
    });
    let mut to = connection(&peer.authority);
    for run in 0..50 {
        let answer = send(&mut to, vec![Bytes::from_static(b"0123456789")], PATIENT).await;
        assert_eq!(answer.map(|answer| answer.status.as_u16()), Ok(200), "{farewell:?}, {heard}, run {run}");
        // Blocks the runtime on purpose: it polls for no events meanwhile.
        ended.recv().unwrap();
        if heard {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    assert_eq!(peer.accepts(), 50);
}

#[tokio::test]
async fn a_kept_connection_found_closed_is_replaced() {
    for farewell in [Farewell::Fin, Farewell::Rst, Farewell::Said408] {
        stale(farewell, true).await;
        stale(farewell, false).await;
    }
}

#[tokio::test]
async fn a_kept_connection_that_cannot_be_replaced_is_unsent() {
    let (told, ended) = mpsc::channel();
    let peer = Peer::start(move |_, mut conn| {
        let told = told.clone();
        async move {
            conn.request().await.unwrap();
            conn.send(ACK).await;
            drop(conn);
            told.send(()).unwrap();
        }
    });
    let mut to = connection(&peer.authority);
    ask(&mut to, Packet::CreateSession).await.unwrap();
    ended.recv().unwrap();
    peer.stop();
    assert!(matches!(ask(&mut to, Packet::Ping).await, Err(NoAnswer::Unsent(_))));
}

#[tokio::test]
async fn dropping_the_call_resets_the_connection() {
    let (arrived, head) = oneshot::channel();
    let (told, got) = oneshot::channel();
    let script = Mutex::new(Some((arrived, told)));
    let peer = Peer::start(move |_, mut conn| {
        let script = script.lock().unwrap().take();
        async move {
            let Some((arrived, told)) = script else { return conn.serve(ACK).await };
            conn.head().await.unwrap();
            arrived.send(()).unwrap();
            told.send(conn.rest().await).unwrap();
        }
    });
    let mut to = connection(&peer.authority);
    let body = quarters(400);
    let call = Call::Packet { packet: fragment(100 << 20), body };
    tokio::select! {
        answer = to.exchange(call, PATIENT) => panic!("{answer:?}"),
        arrived = head => arrived.unwrap(),
    }
    let (read, orderly) = got.await.unwrap();
    assert!(read < 100 << 20 && !orderly, "{read} bytes, orderly end: {orderly}");
    ask(&mut to, Packet::Ping).await.unwrap();
    assert_eq!(peer.accepts(), 2);
}
