//! P4 and P5: memory stays within its budget whatever both sides do, and nothing is written to disk.

use crate::support::{Backend, File, Settings, proc, within};
use put2bits::limits::{GIB, KIB, MIB};
use put2bits::mock::{MockConfig, Storage};
use std::io::Write as _;
use std::path::PathBuf;
use tokio::task::JoinSet;

/// Most that hyper reads from a client at a time. Beyond the budget a connection may hold two such pieces: one that is
/// ready before it is asked for, and the buffer for the next one. While bytes move, one more is on its way.
const PIECE: u64 = 128 * KIB;

#[tokio::test]
async fn a_stalled_backend_and_forty_eager_clients() {
    const BUDGET: u64 = 32 * MIB;
    const CLIENTS: u64 = 40;
    // Pieces pin the buffers they were read into, and the allocator keeps gaps: a quarter more than the budget.
    const BOUND: u64 = BUDGET + BUDGET / 4 + CLIENTS * 2 * PIECE;
    let backend = Backend::new(&[], &[]);
    // Each wants two fragments, ten times the budget together.
    let limits = Settings::to(&backend).set("limits.memory", &BUDGET.to_string());
    let proxy = limits.fragments_of(4 * MIB).start().await;
    let idle = proxy.memory().now;

    let mut uploads = Vec::new();
    for number in 0..CLIENTS {
        let mut upload = proxy.put(&format!("/{number}"), File::new(8 * MIB + number).number(number)).await;
        upload.send_to(MIB).await;
        uploads.push(upload);
    }
    within("all sessions", backend.wait_for(|stats| stats.sessions_created == CLIENTS)).await;
    backend.set_stalled(true);
    let mut answers = JoinSet::new();
    for upload in uploads {
        answers.spawn(async move { upload.finish().await.assert_stored() });
    }
    let stalled = proxy.memory_at_rest().await - idle;
    assert!(stalled < BOUND, "stalled: {} KiB more than idle", stalled / KIB);
    // It does take what it may: a test of a proxy that holds nothing would show nothing.
    assert!(stalled > BUDGET / 2, "stalled: only {} KiB more than idle", stalled / KIB);

    backend.set_stalled(false);
    within("all answers", answers.join_all()).await;
    for number in 0..CLIENTS {
        backend.assert_stored(&format!("/{number}"), File::new(8 * MIB + number).number(number));
    }
    let (peak, after) = (proxy.memory().peak - idle, proxy.memory().now - idle);
    println!(
        "KiB over idle ({}): stalled {}, peak {}, after {}",
        idle / KIB,
        stalled / KIB,
        peak / KIB,
        after / KIB
    );
    assert!(peak < BOUND + 4 * CLIENTS * PIECE, "at its peak: {} KiB more than idle", peak / KIB);
    // The allocator keeps some of what was freed.
    assert!(after < 2 * BUDGET, "it gives memory back: {} KiB more than idle", after / KIB);
}

#[tokio::test]
async fn a_large_upload_takes_two_fragments_of_memory() {
    const MAX: u64 = 8 * MIB;
    let backend = Backend::start(MockConfig { storage: Storage::Discard, ..MockConfig::default() });
    let proxy = Settings::to(&backend).set("fragment.max", &MAX.to_string()).start().await;
    // One small upload first: code and stacks that are touched once are not the large one's.
    proxy.put("/small", File::new(1)).await.finish().await.assert_stored();
    let idle = proxy.memory().now;
    proxy.put("/large", File::new(2 * GIB)).await.finish().await.assert_stored();
    let growth = proxy.memory().peak - idle;
    println!("2 GiB: {} KiB over idle", growth / KIB);
    assert!(growth < 2 * MAX, "grew by {} KiB", growth / KIB);
}

/// Each small read fills a few bytes of a buffer of 8 KiB: kept as it came, this body would hold 160 MiB.
#[tokio::test]
async fn a_client_that_drips_pins_no_buffers() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    proxy.put("/small", File::new(1)).await.finish().await.assert_stored();
    let (idle, addr) = (proxy.memory().now, proxy.addr);
    let client = tokio::task::spawn_blocking(move || {
        let mut client = std::net::TcpStream::connect(addr).unwrap();
        client.set_nodelay(true).unwrap();
        client.write_all(b"PUT /drip HTTP/1.1\r\nHost: p\r\nContent-Length: 1000000\r\n\r\n").unwrap();
        for _ in 0..20_000 {
            client.write_all(b"drip").unwrap();
            // So that they are not read together. If they are, the test shows less, and is no less right.
            std::thread::yield_now();
        }
        client
    });
    let _client = client.await.unwrap();
    let growth = proxy.memory_at_rest().await.saturating_sub(idle);
    assert!(growth < 8 * MIB, "grew by {} KiB", growth / KIB);
}

#[tokio::test]
async fn no_upload_data_on_disk() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let before = proc::written_to_disk(proxy.pid());
    let file = File::new(64 * MIB);
    let mut upload = proxy.put("/a", file).await;
    for part in 1..=8 {
        upload.send_to(part * 8 * MIB).await;
        assert_eq!(proc::open_files(proxy.pid()), Vec::<PathBuf>::new());
    }
    upload.finish().await.assert_stored();
    backend.assert_stored("/a", file);
    assert_eq!(proc::written_to_disk(proxy.pid()), before);
    assert_eq!(std::fs::read_dir(proxy.home()).unwrap().count(), 0, "nothing in its temporary folder");
}
