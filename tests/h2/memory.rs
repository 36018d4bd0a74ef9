//! P4 over HTTP/2: what windows let in is bounded, too.

use crate::frames::{DATA, RST_STREAM, Raw, WINDOW_UPDATE, frame, head};
use crate::support::{Backend, Settings, within};
use put2bits::limits::{KIB, MIB};
use put2bits::mock::{MockConfig, Storage};

/// What the program takes without any upload.
const BASE: u64 = 24 * MIB;

/// Window of a stream that needs nothing of the pool.
const SMALL: u64 = 128 * KIB;

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
        clients.push((raw, 64 * KIB - 1, 64 * KIB - 1));
    }
    within("all begun", backend.wait_for(|stats| stats.sessions_open as u64 >= UPLOADS)).await;
    // All of them send as much as they may, until nobody lets them any more.
    let mut sent = 0;
    for _ in 0..20 {
        for (raw, stream, connection) in &mut clients {
            while let Ok(Some(frame)) =
                tokio::time::timeout(std::time::Duration::from_millis(1), raw.next()).await
            {
                assert_ne!(frame.kind, RST_STREAM, "{frame:?}");
                let more = || u64::from(u32::from_be_bytes(frame.payload[..4].try_into().unwrap()));
                match (frame.kind, frame.stream) {
                    (WINDOW_UPDATE, 0) => *connection += more(),
                    (WINDOW_UPDATE, _) => *stream += more(),
                    // SETTINGS are not confirmed, so they do not count.
                    _ => {}
                }
            }
            while (*stream).min(*connection) > 0 {
                let bytes = (*stream).min(*connection).min(16 * KIB);
                raw.send(frame(DATA, 0, 1, &vec![7; bytes as usize])).await;
                (*stream, *connection, sent) = (*stream - bytes, *connection - bytes, sent + bytes);
            }
        }
    }
    let now = proxy.memory_at_rest().await;
    let most = BASE + BUDGET + BUDGET / 4 + UPLOADS * 2 * SMALL;
    assert!(now < most, "{} MiB of {} MiB; sent {} MiB", now / MIB, most / MIB, sent / MIB);
}
