//! P4 over HTTP/2: what windows let in is bounded, too.

use crate::frames::{ACK, DATA, RST_STREAM, Raw, SETTINGS, WINDOW_UPDATE, frame, head};
use crate::support::{Backend, Settings, within};
use put2bits::limits::{KIB, MIB};
use put2bits::mock::{MockConfig, Storage};
use std::time::Duration;
use tokio::time::timeout;

/// What the program takes without any upload.
const BASE: u64 = 24 * MIB;

/// Window of a stream that needs nothing of the pool.
const SMALL: u64 = 64 * KIB;

/// Many uploads, each on a connection of its own, fill whatever window they get while the backend stalls.
#[tokio::test]
async fn stalled_uploads_hold_what_the_windows_let_in() {
    const UPLOADS: u64 = 200;
    const BUDGET: u64 = 16 * MIB;
    let fault = "stall:fragment:count=100000".parse().unwrap();
    let config = MockConfig { storage: Storage::Discard, faults: vec![fault], ..MockConfig::default() };
    let backend = Backend::start(config);
    let settings = Settings::to(&backend).set("limits.memory", &BUDGET.to_string());
    let proxy = settings.set("sockets.receive_buffer", "16KiB").start().await;
    let mut clients = Vec::new();
    for number in 0..UPLOADS {
        let mut raw = Raw::connect(proxy.addr).await;
        raw.request(1, 0, &head("PUT", &format!("/{number}"), &[("content-length", "1000000000")])).await;
        clients.push(Greedy { raw, stream: 65_535, connection: 65_535, initial: 65_535 });
    }
    within("all begun", backend.wait_for(|stats| stats.sessions_open >= UPLOADS)).await;
    // All of them send as much as they may, until nobody lets them any more.
    let mut sent = 0;
    for _ in 0..20 {
        for client in &mut clients {
            sent += client.send().await;
        }
    }
    // Each has at least its window, and a fragment where the budget had room.
    assert!(sent > UPLOADS * SMALL, "{} MiB", sent / MIB);
    let now = proxy.memory_at_rest().await;
    let most = BASE + BUDGET + BUDGET / 4 + UPLOADS * 2 * SMALL;
    assert!(now < most, "{} MiB of {} MiB; sent {} MiB", now / MIB, most / MIB, sent / MIB);
}

/// A client that sends what it may at once.
struct Greedy {
    raw: Raw,
    /// What it may send yet, and what a new stream would have. Below 0 when it was told of less than it has sent.
    stream: i64,
    connection: i64,
    initial: i64,
}

impl Greedy {
    /// Hears what it may, and sends it. How much.
    async fn send(&mut self) -> u64 {
        while let Ok(Some(came)) = timeout(Duration::from_millis(1), self.raw.next()).await {
            assert_ne!(came.kind, RST_STREAM, "{came:?}");
            let number =
                |at: usize| i64::from(u32::from_be_bytes(came.payload[at..at + 4].try_into().unwrap()));
            match (came.kind, came.stream) {
                (WINDOW_UPDATE, 0) => self.connection += number(0),
                (WINDOW_UPDATE, _) => self.stream += number(0),
                (SETTINGS, _) if came.flags & ACK == 0 => {
                    // SETTINGS_INITIAL_WINDOW_SIZE
                    for at in (0..came.payload.len()).step_by(6).filter(|&at| came.payload[at + 1] == 4) {
                        self.stream += number(at + 2) - self.initial;
                        self.initial = number(at + 2);
                    }
                    self.raw.send(frame(SETTINGS, ACK, 0, &[])).await;
                }
                _ => {}
            }
        }
        let mut sent = 0;
        while self.stream.min(self.connection) > 0 {
            let bytes = self.stream.min(self.connection).min(16_384);
            self.raw.send(frame(DATA, 0, 1, &vec![7; usize::try_from(bytes).unwrap()])).await;
            (self.stream, self.connection) = (self.stream - bytes, self.connection - bytes);
            sent += bytes.unsigned_abs();
        }
        sent
    }
}
