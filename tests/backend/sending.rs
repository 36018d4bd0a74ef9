//! What goes out, and on which connection.

use crate::peer::Peer;
use crate::{ACK, PATIENT, ask, connection, fragment, send, session};
use bytes::Bytes;
use put2bits::bits::{ContentRange, Packet};
use put2bits::transfer::{Backend, Call, NoAnswer};
use tokio::sync::mpsc;

/// A peer that acknowledges everything and tells what it got.
fn recorder() -> (Peer, mpsc::UnboundedReceiver<(String, Vec<u8>)>) {
    let (told, got) = mpsc::unbounded_channel();
    let peer = Peer::start(move |_, mut conn| {
        let told = told.clone();
        async move {
            while let Some(request) = conn.request().await {
                told.send(request).unwrap();
                conn.send(ACK).await;
            }
        }
    });
    (peer, got)
}

#[tokio::test]
async fn every_packet_has_its_exact_wire_form() {
    let (peer, mut got) = recorder();
    let mut to = connection(&peer.authority);
    let range = ContentRange::new(5, 8, 500).unwrap();
    let agent = concat!("put2bits/", env!("CARGO_PKG_VERSION"));
    for (packet, body, middle) in [
        (
            Packet::CreateSession,
            "",
            "Bits-Packet-Type: Create-Session\r\n\
             Bits-Supported-Protocols: {7df0354d-249b-430f-820d-3d2a9bef4931}\r\n\
             Content-Name: a.mov\r\n",
        ),
        (Packet::Ping, "", "Bits-Packet-Type: Ping\r\n"),
        (
            Packet::Fragment { session: session(), range },
            "abc",
            "Bits-Packet-Type: Fragment\r\nBits-Session-Id: {7DF0354D-1}\r\n\
             Content-Range: bytes 5-7/500\r\nContent-Name: a.mov\r\n",
        ),
        (
            Packet::CloseSession { session: session() },
            "",
            "Bits-Packet-Type: Close-Session\r\nBits-Session-Id: {7DF0354D-1}\r\nContent-Name: a.mov\r\n",
        ),
        (
            Packet::CancelSession { session: session() },
            "",
            "Bits-Packet-Type: Cancel-Session\r\nBits-Session-Id: {7DF0354D-1}\r\nContent-Name: a.mov\r\n",
        ),
    ] {
        let pieces = if body.is_empty() { vec![] } else { vec![Bytes::from(body)] };
        let answer = to.exchange(Call::Packet { packet, body: pieces }, PATIENT).await.unwrap();
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["bits-packet-type"]),
            (200, &"Ack".parse().unwrap())
        );
        let (head, received) = got.recv().await.unwrap();
        let wanted = format!(
            "BITS_POST /uploads/a.mov?x=1 HTTP/1.1\r\nHost: files.example\r\n{middle}\
             User-Agent: {agent}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        assert_eq!(head, wanted);
        assert_eq!(received, body.as_bytes());
    }
    assert_eq!(peer.accepts(), 1);
}

#[tokio::test]
async fn two_hundred_exchanges_take_one_connection() {
    let peer = Peer::start(|_, conn| conn.serve(ACK));
    let mut to = connection(&peer.authority);
    for _ in 0..200 {
        send(&mut to, vec![Bytes::from_static(b"0123456789")], PATIENT).await.unwrap();
    }
    assert_eq!(peer.accepts(), 1);
}

#[tokio::test]
async fn bodies_arrive_byte_for_byte() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let (peer, mut got) = recorder();
    let mut to = connection(&peer.authority);
    for _ in 0..40 {
        let mut whole = Vec::new();
        let mut pieces = Vec::new();
        for _ in 0..random.usize(1..200) {
            let mut piece = vec![0; if random.bool() { random.usize(..20) } else { random.usize(..20_000) }];
            random.fill(&mut piece);
            whole.extend_from_slice(&piece);
            pieces.push(Bytes::from(piece));
        }
        pieces.push(Bytes::from_static(b"."));
        whole.push(b'.');
        send(&mut to, pieces, PATIENT).await.unwrap();
        assert!(got.recv().await.unwrap().1 == whole, "seed {seed}");
    }
    assert_eq!(peer.accepts(), 1);
}

#[tokio::test]
async fn a_body_of_another_length_is_not_sent() {
    let peer = Peer::start(|_, conn| conn.serve(ACK));
    let mut to = connection(&peer.authority);
    for body in ["abcd", "ab", ""] {
        let call = Call::Packet { packet: fragment(3), body: vec![Bytes::from(body)] };
        assert!(matches!(to.exchange(call, PATIENT).await, Err(NoAnswer::Impossible(_))));
    }
    assert_eq!(peer.accepts(), 0);
    ask(&mut to, Packet::Ping).await.unwrap();
}
