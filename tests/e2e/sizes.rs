//! Files of every awkward size, many at once, and one beyond 32 bits: what is stored is what was sent.

use crate::support::{Backend, File, Proxy, Settings, Upload, proc};
use put2bits::limits::{GIB, KIB, MIB};
use put2bits::mock::{MockConfig, Storage};
use tokio::task::JoinSet;

/// Sends a file by each method, and asserts that it is stored.
async fn send_and_check(proxy: &Proxy, backend: &Backend, size: u64) {
    for method in ["PUT", "POST"] {
        let path = format!("/{method}-{size}.mov");
        let file = File::new(size).number(size);
        let answer = Upload::begin(proxy.addr, method, &path, file, "").await.finish().await;
        answer.assert_stored();
        backend.assert_stored(&path, file);
    }
}

#[tokio::test]
async fn with_adaptive_fragments() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let first = 256 * KIB;
    for size in [0, 1, 65_535, 65_536, 65_537, first - 1, first, first + 1, 20 * MIB + 7] {
        send_and_check(&proxy, &backend, size).await;
    }
    assert_eq!(backend.stats().refusals, 0);
}

#[tokio::test]
async fn with_fragments_of_one_size() {
    const FRAGMENT: u64 = 100 * KIB;
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).fragments_of(FRAGMENT).start().await;
    for (size, fragments) in [
        (FRAGMENT - 1, 1),
        (FRAGMENT, 1),
        (FRAGMENT + 1, 2),
        (10 * FRAGMENT - 1, 10),
        (10 * FRAGMENT, 10),
        (10 * FRAGMENT + 1, 11),
    ] {
        let before = backend.stats();
        send_and_check(&proxy, &backend, size).await;
        let sent = backend.stats().fragments - before.fragments;
        // The rest of a file may go with its last fragment or be cut in two.
        assert!(
            (2 * (fragments - 1)..=2 * (fragments + 1)).contains(&sent),
            "{size} bytes: {sent} fragments"
        );
        assert!(backend.stats().fragment_max <= Some(FRAGMENT));
    }
}

#[tokio::test]
async fn several_files_on_one_connection() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let mut stream = tokio::net::TcpStream::connect(proxy.addr).await.unwrap();
    for number in 0..5 {
        let (path, file) = (format!("/{number}"), File::new(number * 300_000).number(number));
        let upload = Upload::on(stream, "PUT", &path, file, "").await;
        let (answer, kept) = upload.finish_and_keep().await;
        answer.assert_stored();
        backend.assert_stored(&path, file);
        stream = kept;
    }
}

/// Offsets beyond 2^32. The source repeats one buffer and the backend drops what it gets, after counting.
#[tokio::test]
async fn five_gibibytes() {
    const SIZE: u64 = 5 * GIB;
    let backend = Backend::start(MockConfig { storage: Storage::Discard, ..MockConfig::default() });
    let proxy = Settings::to(&backend).start().await;
    proxy.put("/large.mov", File::new(SIZE)).await.finish().await.assert_stored();
    assert_eq!(backend.published()["/large.mov"].length, SIZE);
    let stats = backend.stats();
    assert_eq!((stats.bytes, stats.bytes_received, stats.refusals), (SIZE, SIZE, 0), "no byte twice");
    let line = proxy.upload_line("/large.mov").await;
    assert_eq!((&line["bytes"], &line["status"], &line["retries"]), (&SIZE.into(), &201.into(), &0.into()));
}

#[tokio::test]
async fn thirty_two_at_once_by_both_workers() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).set("workers", "2").start().await;
    let mut uploads = JoinSet::new();
    for number in 0..32 {
        let file = File::new(4 * MIB + number).number(number);
        let upload = proxy.put(&format!("/{number}.jpg"), file).await;
        uploads.spawn(async move { upload.finish().await.assert_stored() });
    }
    uploads.join_all().await;
    for number in 0..32 {
        backend.assert_stored(&format!("/{number}.jpg"), File::new(4 * MIB + number).number(number));
    }
    assert_eq!((backend.stats().sessions_created, backend.stats().sessions_open), (32, 0));

    let times = proc::thread_times(proxy.pid(), "worker-");
    let [one, other] = times[..] else { panic!("two workers: {times:?}") };
    assert!(one.min(other) * 4 > one.max(other), "shared about equally: {times:?}");
}
