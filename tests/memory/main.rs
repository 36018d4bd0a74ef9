//! P4 with many clients: memory stays within base and budget, and a fast client leaves room for slow ones.
//!
//! Linux is needed: what is asserted is what it tells about the process. The tests run one after the other, because each
//! needs thousands of file descriptors.

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code, unused_imports)]
#[path = "../e2e/support/mod.rs"]
mod support;

use put2bits::limits::{GIB, KIB, MIB};
use put2bits::mock::{MockConfig, Storage};
use socket2::SockRef;
use std::process::Command;
use std::time::Duration;
use support::{Backend, File, Proxy, Settings, Upload, program, within};
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// What the program takes without any upload: code, threads, the allocator's first pages. A debug build has more of it.
const BASE: u64 = 24 * MIB;

/// One test at a time.
async fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

/// Makes sure that this process and the program, its child, may open so many files each.
fn need_files(wanted: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let enough = limit.maximum.is_none_or(|maximum| maximum >= wanted);
    assert!(enough, "this test needs {wanted} file descriptors: raise the hard limit (ulimit -Hn {wanted})");
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
}

/// The program as it is advised to be run where memory is scarce: glibc gives back what threads do not use any more.
fn serve() -> Command {
    let mut command = program();
    command.arg("serve").env("MALLOC_TRIM_THRESHOLD_", "4194304");
    command
}

fn discards() -> Backend {
    Backend::start(MockConfig { storage: Storage::Discard, ..MockConfig::default() })
}

/// Uploads begun, all heads sent, with little room in their sockets: what is to be measured is not the kernel's.
async fn begin(proxy: &Proxy, count: u64, size: u64) -> Vec<Upload> {
    let mut uploads = Vec::new();
    for number in 0..count {
        let upload = proxy.put(&format!("/{number}"), File::new(size).number(number)).await;
        SockRef::from(&upload.stream).set_send_buffer_size(16 << 10).unwrap();
        uploads.push(upload);
    }
    uploads
}

/// Waits for all answers, and that nothing is left of the uploads.
async fn finished(proxy: &Proxy, answers: JoinSet<()>) {
    within("all answers", answers.join_all()).await;
    for gauge in ["memory_used_bytes", "uploads_running", "connections_open"] {
        proxy.admin.until_is(gauge, &[], 0).await;
    }
}

#[tokio::test]
async fn a_thousand_uploads_at_a_stalled_backend() {
    const UPLOADS: u64 = 1000;
    const BUDGET: u64 = 256 * MIB;
    let _turn = turn().await;
    need_files(3 * UPLOADS);
    let backend = discards();
    let settings = Settings::to(&backend).set("limits.memory", &BUDGET.to_string());
    let settings = settings.set("uploads.max_running", "2000").set("sockets.receive_buffer", "16KiB");
    let proxy = settings.start_by(serve()).await;
    let mut uploads = begin(&proxy, UPLOADS, 512 * KIB).await;
    within("all sessions", backend.wait_for(|stats| stats.sessions_created == UPLOADS)).await;
    backend.set_stalled(true);
    for upload in &mut uploads {
        upload.send_to(16 * KIB).await;
    }
    let mut answers = JoinSet::new();
    for upload in uploads {
        answers.spawn(async move { upload.finish().await.assert_stored() });
    }
    // No more fits in, and all of them would like to send more.
    proxy.admin.until("memory_used_bytes", &[], |used| used > 0.9 * BUDGET as f64).await;
    let stalled = proxy.memory().now;
    backend.set_stalled(false);
    finished(&proxy, answers).await;
    let peak = proxy.memory().peak;
    println!(
        "{UPLOADS} uploads, budget {} MiB: {} MiB stalled, {} MiB peak",
        BUDGET / MIB,
        stalled / MIB,
        peak / MIB
    );
    assert!(stalled > BUDGET / 2, "it holds {stalled} bytes: nothing is shown");
    assert!(stalled <= BASE + BUDGET + BUDGET / 4, "stalled: {} KiB", stalled / KIB);
    // When all of them move at once, the allocator has gaps.
    assert!(peak <= BASE + BUDGET + BUDGET / 2, "at its peak: {} KiB", peak / KIB);
}

#[tokio::test]
async fn five_thousand_slow_uploads() {
    const UPLOADS: u64 = 5000;
    const PIECE: u64 = 8 * KIB;
    /// Between two pieces: 32 KiB/s.
    const PAUSE: Duration = Duration::from_millis(250);
    let _turn = turn().await;
    need_files(3 * UPLOADS);
    let backend = discards();
    // As in a container that may use 512 MiB.
    let settings = Settings::to(&backend).set("limits.memory", "128MiB");
    let settings = settings.set("connections.max", "6000").set("uploads.max_running", "6000");
    let proxy = settings.start_by(serve()).await;
    let uploads = begin(&proxy, UPLOADS, 128 * KIB).await;
    within("all sessions", backend.wait_for(|stats| stats.sessions_created == UPLOADS)).await;
    let mut answers = JoinSet::new();
    for mut upload in uploads {
        answers.spawn(async move {
            let mut ticks = interval(PAUSE);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            for piece in 1..=16 {
                ticks.tick().await;
                upload.send_to(piece * PIECE).await;
            }
            upload.finish().await.assert_stored();
        });
    }
    finished(&proxy, answers).await;
    let peak = proxy.memory().peak;
    println!("{UPLOADS} uploads at 32 KiB/s: {} MiB peak, {} KiB each", peak / MIB, peak / UPLOADS / KIB);
    // It is about 500 MiB on an idle machine; on a busy one more of what came waits: 811 were seen. Read buffers alone, each
    // as large as it may become, would be 1,250.
    assert!(peak <= 1024 * MIB, "{} KiB", peak / KIB);
}

/// A client that sends as fast as it can, for as long as it takes, and memory for three fragments.
#[tokio::test]
async fn a_fast_upload_does_not_starve_a_hundred_slow_ones() {
    const SLOW: u64 = 100;
    let _turn = turn().await;
    let backend = discards();
    let settings = Settings::to(&backend).set("limits.memory", "3MiB").set("fragment.max", "1MiB");
    let proxy = settings.set("workers", "1").start().await;
    let mut fast = proxy.put("/fast", File::new(1024 * GIB)).await;
    fast.send_to(64 * MIB).await;
    let endless = tokio::spawn(async move { fast.finish().await });
    let uploads = begin(&proxy, SLOW, 96 * KIB).await;
    let mut answers = JoinSet::new();
    for mut upload in uploads {
        answers.spawn(async move {
            let mut ticks = interval(Duration::from_millis(100));
            for piece in 1..=12 {
                ticks.tick().await;
                upload.send_to(piece * 8 * KIB).await;
            }
            upload.finish().await.assert_stored();
        });
    }
    within("all slow ones", answers.join_all()).await;
    assert!(!endless.is_finished(), "the fast one is still at it");
    endless.abort();
}
