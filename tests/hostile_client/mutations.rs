//! The payloads, mutated at random: many in the process, straight into the front, some over sockets into the program.
//!
//! `HOSTILE_SEED=1234 HOSTILE_COUNT=10000000 cargo test --test hostile_client mutations` replays a run, or makes a longer
//! one; each failure prints both.

use crate::corpus;
use crate::oracle::{Answer, World, answer};
use crate::payload::Payload;
use crate::sink::{Pipe, Sink};
use put2bits::front::{Service, serve_connection};
use put2bits::limits::{Limits, MIB};
use put2bits::resumable::Settings;
use put2bits::route::{BackendUrl, Route, Routes};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// What mutations put in.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "\r\n", "\n", "\r", "\r\n\r\n", "\0", " ", "\t", ":", ";", ",", "#", "?", "/", "..", "%2e", "%00", "%0d%0a",
    "chunked", "Content-Length: 5\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n", "Host: p\r\n",
    "0\r\n\r\n", "5\r\nhello\r\n", "HTTP/1.1", "HTTP/1.0", "PUT /in/b HTTP/1.1\r\nHost: p\r\n",
    "Expect: 100-continue\r\n", "Connection: close\r\n", "Upload-Complete: ?1\r\n",
    "Upload-Draft-Interop-Version: 6\r\n", "Upload-Offset: 0\r\n", "Upload-Length: 5\r\n", "18446744073709551615",
    "-1", "\u{ff}", "~1", "Content-Digest: sha-256=::\r\n", "/_uploads/x", "OPTIONS", "HEAD", "PATCH", "DELETE",
    "web.config",
];

/// One input, of a seed and its number alone.
fn mutated(seeds: &Seeds, seed: u64, number: u64) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let mut bytes = seeds.pick(&mut rng).to_vec();
    for _ in 0..rng.usize(1..=3) {
        let (from, to) = (rng.usize(..=bytes.len()), rng.usize(..=bytes.len()));
        let range = from.min(to)..from.max(to).min(from.min(to) + 16);
        match rng.u8(..12) {
            0 if from < bytes.len() => bytes[from] = rng.u8(..),
            1 if from < bytes.len() => bytes[from] ^= 1 << rng.u8(..8),
            2 => drop(bytes.drain(range)),
            3 => {
                let copy = bytes[range].to_vec();
                bytes.splice(to..to, copy);
            }
            4 => {
                let other = seeds.pick(&mut rng);
                bytes.truncate(from);
                bytes.extend_from_slice(&other[rng.usize(..=other.len())..]);
            }
            5 => bytes.truncate(from),
            _ => {
                let piece = crate::payload::bytes(PIECES[rng.usize(..PIECES.len())]);
                bytes.splice(from..from, piece);
            }
        }
    }
    bytes
}

/// What mutations begin with: payloads of a size that they have a chance with.
struct Seeds {
    /// Those that are stored: only who gets past the first check meets the others.
    good: Vec<Vec<u8>>,
    bad: Vec<Vec<u8>>,
}

impl Seeds {
    fn new() -> Seeds {
        let small = corpus().into_iter().filter(|payload| payload.bytes.len() < 2000);
        let (good, bad): (Vec<_>, Vec<_>) = small.partition(|payload| !payload.expect.stored().is_empty());
        let bytes = |payloads: Vec<Payload>| payloads.into_iter().map(|payload| payload.bytes).collect();
        Seeds { good: bytes(good), bad: bytes(bad) }
    }

    fn pick(&self, rng: &mut fastrand::Rng) -> &[u8] {
        let from = if rng.u8(..4) > 0 { &self.good } else { &self.bad };
        &from[rng.usize(..from.len())]
    }
}

fn setting(name: &str, default: impl FnOnce() -> u64) -> u64 {
    std::env::var(name).map_or_else(|_| default(), |text| text.parse().expect("a number"))
}

/// How often each status was answered.
type Statuses = BTreeMap<u16, u64>;

/// Asserts that these are whole answers, none of them a 5xx but the 501 for parts of files, and counts them.
fn count_answers(mut bytes: &[u8], input: &[u8], statuses: &mut Statuses) {
    let is_head = input.windows(4).any(|window| window == b"HEAD");
    while !bytes.is_empty() {
        let is_http2 = input.windows(14).any(|window| window == b"PRI * HTTP/2.0");
        if (is_head || is_http2) && !bytes.starts_with(b"HTTP/1.") {
            // Which answers are without bodies is not followed here.
            break;
        }
        let Answer { status, length, .. } = answer(bytes, is_head).unwrap().expect("a whole answer");
        assert!(status < 500 || status == 501, "{status}");
        *statuses.entry(status).or_default() += 1;
        bytes = &bytes[length..];
    }
}

#[tokio::test]
async fn in_the_process() {
    let (seed, count) = (setting("HOSTILE_SEED", || fastrand::u64(..)), setting("HOSTILE_COUNT", || 400_000));
    println!("HOSTILE_SEED={seed} HOSTILE_COUNT={count}");
    let seeds = Seeds::new();
    let routes =
        Arc::new(Routes::new(vec![Route::new("/in/", BackendUrl::parse("http://iis/up/").unwrap())]));
    let limits = Arc::new(Limits { max_upload: MIB, ..Limits::default() });
    let service = Service::new(Sink, routes, limits, Arc::new(Settings::default()));
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    let mut statuses = Statuses::new();
    for number in 0..count {
        let input = Input { seed, number, bytes: mutated(&seeds, seed, number) };
        let run = async {
            let (mut client, server) = tokio::io::duplex(1 << 20);
            client.write_all(&input.bytes).await.unwrap();
            client.shutdown().await.unwrap();
            serve_connection(Pipe(server), nobody, service.clone(), CancellationToken::new()).await;
            let mut output = Vec::new();
            client.read_to_end(&mut output).await.unwrap();
            count_answers(&output, &input.bytes, &mut statuses);
        };
        tokio::time::timeout(Duration::from_secs(5), run).await.expect("an end");
    }
    println!("{statuses:?}");
    // Neither are the mutations too coarse, nor too tame.
    let of = |status| statuses.get(&status).copied().unwrap_or_default();
    assert!(of(201) > count / 50 && of(400) > count / 5 && of(404) > count / 1000, "{statuses:?}");
}

/// Prints an input if its test fails.
struct Input {
    seed: u64,
    number: u64,
    bytes: Vec<u8>,
}

impl Drop for Input {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let text: String = self.bytes.iter().map(|&byte| char::from(byte)).collect();
        eprintln!("HOSTILE_SEED={}, input {}: {text:?}", self.seed, self.number);
    }
}

#[tokio::test]
async fn over_sockets() {
    const AT_ONCE: u64 = 16;
    let (seed, count) = (setting("HOSTILE_SEED", || fastrand::u64(..)), 4_000);
    println!("HOSTILE_SEED={seed}");
    let seeds = Arc::new(Seeds::new());
    let mut world = World::new().await;
    let addr = world.addr();
    let clients = (0..AT_ONCE).map(|client| {
        let seeds = Arc::clone(&seeds);
        tokio::spawn(async move {
            for number in (client..count).step_by(AT_ONCE as usize) {
                let input = Input { seed, number, bytes: mutated(&seeds, seed, number) };
                let mut output = Vec::new();
                let run = async {
                    let mut stream = TcpStream::connect(addr).await.unwrap();
                    // Whether it is all read, and ends well or by a reset, is for the program to choose.
                    let _ = stream.write_all(&input.bytes).await;
                    let _ = stream.shutdown().await;
                    let _ = stream.read_to_end(&mut output).await;
                };
                tokio::time::timeout(Duration::from_secs(5), run).await.expect("an end");
                count_answers(&output, &input.bytes, &mut Statuses::new());
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    world.all_harmless();
    world.end().await;
}
