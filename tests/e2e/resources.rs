//! P4 and P5: memory stays within its budget whatever both sides do, and nothing is written to disk.

use crate::support::{Backend, File, Proxy, Settings, message, proc, within};
use put2bits::limits::{GIB, MIB};
use put2bits::mock::{MockConfig, Storage};
use tokio::task::JoinSet;

#[tokio::test]
async fn a_stalled_backend_and_forty_eager_clients() {
    const BUDGET: u64 = 32 * MIB;
    const CLIENTS: u64 = 40;
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend)
        .set("limits.memory", &BUDGET.to_string())
        .set("fragment.max", "4MiB")
        .start()
        .await;
    let idle = proxy.memory().now;
    let mut uploads = JoinSet::new();
    for number in 0..CLIENTS {
        let file = File::new(8 * MIB + number).number(number);
        let upload = proxy.put(&format!("/{number}"), file).await;
        if number == CLIENTS / 2 {
            within("a part", backend.wait_for(|stats| stats.bytes >= MIB)).await;
            backend.set_stalled(true);
        }
        uploads.spawn(async move { upload.finish().await.assert_stored() });
    }
    settled(&proxy).await;
    let stalled = proxy.memory();
    println!("idle {}, stalled {} peak {}", idle / 1024, stalled.now / 1024, stalled.peak / 1024);
    backend.set_stalled(false);
    uploads.join_all().await;
    for number in 0..CLIENTS {
        backend.assert_stored(&format!("/{number}"), File::new(8 * MIB + number).number(number));
    }
    let after = proxy.memory();
    println!("after {} peak {}", after.now / 1024, after.peak / 1024);
}

/// Waits until the memory of the proxy has stopped growing.
async fn settled(proxy: &Proxy) {
    let mut last = 0;
    let mut same = 0;
    while same < 5 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let now = proxy.memory().now;
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
}

#[tokio::test]
async fn a_large_upload_takes_two_fragments_of_memory() {
    let backend = Backend::start(MockConfig { storage: Storage::Discard, ..MockConfig::default() });
    let proxy = Settings::to(&backend).start().await;
    // One small upload first: code and thread stacks that are touched once are not the upload's.
    proxy.put("/small", File::new(1)).await.finish().await.assert_stored();
    let idle = proxy.memory().now;
    proxy.put("/large", File::new(2 * GIB)).await.finish().await.assert_stored();
    let growth = proxy.memory().peak - idle;
    println!("grew by {} KiB", growth / 1024);
    assert!(growth < 2 * 8 * MIB, "grew by {} KiB", growth / 1024);
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
        assert_eq!(proc::open_files(proxy.pid()), Vec::<std::path::PathBuf>::new());
    }
    upload.finish().await.assert_stored();
    backend.assert_stored("/a", file);
    assert_eq!(proc::written_to_disk(proxy.pid()), before);
    assert_eq!(std::fs::read_dir(proxy.home()).unwrap().count(), 0, "nothing in its temporary folder");
    let _ = message;
}
