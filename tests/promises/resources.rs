//! P4 and P5: memory and disk.

use crate::phone::{Leaving, Phone};
use crate::service::Service;
use crate::support::{Backend, File, Settings, proc, within};
use crate::{contents, holds};
use put2bits::limits::{KIB, MIB};
use std::path::PathBuf;
use tokio::task::JoinSet;

/// What the program takes beside the budget: itself, and a few pieces of 128 KiB at most for each connection of this test.
const BASE: u64 = 24 * MIB;

/// Memory is bounded by a base and the budget. (A quarter more than the budget: pieces pin the buffers that they were read
/// into, and the allocator keeps gaps.) Larger, smaller and dripping clients: `tests/e2e` (resources); a thousand uploads
/// that wait: `tests/resumption` (state); the accounting: the tests of `transfer`.
#[tokio::test]
async fn p4_memory_is_bounded_by_a_base_and_the_budget() {
    const BUDGET: u64 = 64 * MIB;
    const CLIENTS: u64 = 30;
    let backend = Backend::new(&[], &[]);
    // Each wants two fragments: almost four times the budget together.
    let settings = Settings::to(&backend).set("limits.memory", &BUDGET.to_string()).fragments_of(4 * MIB);
    let proxy = settings.start().await;
    let mut uploads = Vec::new();
    for number in 0..CLIENTS {
        let mut upload = proxy.put(&format!("/{number}"), File::new(8 * MIB).number(number)).await;
        upload.send_to(64 * KIB).await;
        uploads.push(upload);
    }
    within("all sessions", backend.wait_for(|stats| stats.sessions_created == CLIENTS)).await;
    backend.set_stalled(true);
    let answers: JoinSet<_> = uploads.into_iter().map(|upload| upload.finish()).collect();
    let used = proxy.admin.until("memory_used_bytes", &[], |used| used > 0.9 * BUDGET as f64).await;
    assert!(used <= BUDGET as f64, "{used}");
    let stalled = proxy.memory_at_rest().await;
    assert!(stalled <= BASE + BUDGET + BUDGET / 4, "stalled: {} KiB", stalled / KIB);
    backend.set_stalled(false);
    for answer in within("all answers", answers.join_all()).await {
        answer.assert_stored();
    }
    println!("stalled: {} KiB; peak: {} KiB", stalled / KIB, proxy.memory().peak / KIB);
    // And nothing is kept.
    for gauge in ["memory_used_bytes", "uploads_running", "connections_open"] {
        proxy.admin.until_is(gauge, &[], 0).await;
    }
}

/// No byte of an upload is written to disk. Plain uploads: the process writes nothing at all. Those that can be resumed: a
/// small record, with nothing of the file in it.
#[tokio::test]
async fn p5_no_byte_of_an_upload_is_written_to_disk() {
    let backend = Backend::new(&[], &[]);
    let file = File::new(32 * MIB);
    let plain = Settings::to(&backend).start().await;
    let before = proc::written_to_disk(plain.pid());
    plain.put("/plain", file).await.finish().await.assert_stored();
    assert_eq!(proc::written_to_disk(plain.pid()), before);
    assert_eq!(proc::open_files(plain.pid()), Vec::<PathBuf>::new());

    let mut service = Service::before(&backend).await;
    let before = proc::written_to_disk(service.proxy.pid());
    let mut phone = Phone::new(service.addr, "/resumed", file);
    let mut going = phone.begin().await.unwrap();
    going.send_to(16 * MIB).await;
    going.leave(Leaving::Reset);
    phone.upload(None).await;
    let written = proc::written_to_disk(service.proxy.pid()) - before;
    println!("{} KiB written for the records of one upload", written / KIB);
    assert!(written < 2 * MIB, "{written}");
    service.kill().await;
    let kept = contents(&service.state());
    assert!(holds(&kept, b"/resumed"), "it was looked for where it could be");
    for offset in (0..file.size).step_by(64 * 1024) {
        assert!(!holds(&kept, &file.piece(offset)[..16]), "bytes of the file at {offset}");
    }
    for life in [&plain, &service.proxy] {
        assert_eq!(std::fs::read_dir(life.home()).unwrap().count(), 0, "nothing in its temporary folder");
    }
}
