//! The way to the BITS server, against scripted peers on raw sockets: what goes over the wire, what is kept open, and
//! what the transfer is told when things break.

// Helpers are tests too; the lint looks only at functions marked so.
#![allow(clippy::unwrap_used)]

mod answers;
mod credentials;
mod fetch;
#[cfg(feature = "negotiate")]
mod login;
mod node;
mod peer;
mod sending;
mod terminator;
mod time;
mod tls;
mod trouble;

use bytes::Bytes;
use http::uri::Authority;
use put2bits::backend::{Connection, Endpoint};
use put2bits::bits::{ContentRange, Destination, Packet, SessionId};
use put2bits::limits::SocketLimits;
use put2bits::route::{BackendUrl, Carried};
use put2bits::transfer::{Answer, Backend, Call, NoAnswer, Patience};
use std::time::Duration;

/// Enough for any honest peer.
const PATIENT: Patience = Patience {
    connect: Duration::from_secs(20),
    stall: Duration::from_secs(20),
    answer: Duration::from_secs(20),
};

/// The whole Ack of a server.
const ACK: &str = "HTTP/1.1 200 OK\r\nBITS-Packet-Type: Ack\r\nContent-Length: 0\r\n\r\n";

fn destination() -> Destination {
    Destination {
        target: "/uploads/a.mov?x=1".parse().unwrap(),
        host: "files.example".parse().unwrap(),
        content_name: "a.mov".parse().unwrap(),
    }
}

fn connection(authority: &Authority) -> Connection {
    let url = BackendUrl::parse(&format!("http://{authority}/uploads/")).unwrap();
    let endpoint = Endpoint::open(&url, &Default::default(), [], &SocketLimits::default()).unwrap();
    endpoint.connection(destination(), Carried::default())
}

fn session() -> SessionId {
    SessionId::new("{7DF0354D-1}".parse().unwrap()).unwrap()
}

fn fragment(len: u64) -> Packet {
    Packet::Fragment { session: session(), range: ContentRange::new(0, len, len).unwrap() }
}

async fn ask(to: &mut Connection, packet: Packet) -> Result<Answer, NoAnswer> {
    to.exchange(Call::Packet { packet, body: Vec::new() }, PATIENT).await
}

/// Sends a fragment made of `pieces`.
async fn send(to: &mut Connection, pieces: Vec<Bytes>, patience: Patience) -> Result<Answer, NoAnswer> {
    let len = pieces.iter().map(|piece| piece.len() as u64).sum();
    to.exchange(Call::Packet { packet: fragment(len), body: pieces }, patience).await
}

/// A body of `count` pieces of 256 KiB.
fn quarters(count: usize) -> Vec<Bytes> {
    vec![Bytes::from(vec![7; 256 * 1024]); count]
}
