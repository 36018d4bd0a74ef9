//! `uploads.max_running` and `uploads.max_running_per_client`.

use crate::client::{RESUMABLE, append, create, ends, offset};
use crate::support::{Backend, File, Proxy, Settings, Upload, within};
use put2bits::limits::KIB;

const SIZE: u64 = 512 * KIB;

async fn one_at_a_time(backend: &Backend) -> Proxy {
    Settings::to(backend).fragments_of(64 * KIB).set("uploads.max_running", "1").start().await
}

/// A plain upload that runs.
async fn half_way(proxy: &Proxy, backend: &Backend, path: &str) -> Upload {
    let before = backend.stats().fragments;
    let mut upload = proxy.put(path, File::new(SIZE)).await;
    upload.send_to(128 * KIB).await;
    within("its first bytes", backend.wait_for(|stats| stats.fragments > before)).await;
    upload
}

#[tokio::test]
async fn a_new_upload_beyond_it_is_refused_before_anything_is_asked_for() {
    let backend = Backend::new(&[], &[]);
    let proxy = one_at_a_time(&backend).await;
    let first = half_way(&proxy, &backend, "/first").await;
    for lines in ["", "Expect: 100-continue\r\n", RESUMABLE, &format!("Expect: 100-continue\r\n{RESUMABLE}")]
    {
        let mut refused = Upload::begin(proxy.addr, "PUT", "/second", File::new(SIZE), lines).await;
        // The first answer is the final one: no 100 and no 104 before it.
        refused.answer().await.assert_problem(503, "too_many_running");
    }
    // And one that sends its body without being asked can read it, too.
    let blind = proxy.put("/second", File::new(SIZE)).await;
    blind.finish_blindly().await.assert_problem(503, "too_many_running");
    first.finish().await.assert_stored();
    for path in ["/second", "/third"] {
        proxy.put(path, File::new(SIZE)).await.finish().await.assert_stored();
    }
    assert_eq!(backend.stats().sessions_created, 3);
}

#[tokio::test]
async fn of_one_client_as_its_credentials_tell() {
    let backend = Backend::new(&[], &[]);
    let limits = Settings::to(&backend).fragments_of(64 * KIB).set("uploads.max_running_per_client", "1");
    let proxy = limits.start().await;
    let file = File::new(SIZE);
    let put = |path, who| {
        let lines = format!("Authorization: Bearer {who}\r\n");
        async move { Upload::begin(proxy.addr, "PUT", path, file, &lines).await }
    };
    let (alice, bob) = (put("/alice", "alice").await, put("/bob", "bob").await);
    within("both", backend.wait_for(|stats| stats.sessions_created == 2)).await;
    put("/more", "alice").await.answer().await.assert_problem(503, "too_many_running");
    // Those without credentials are known by their address.
    let nobody = half_way(&proxy, &backend, "/nobody").await;
    proxy.put("/more", file).await.answer().await.assert_problem(503, "too_many_running");
    for upload in [alice, bob, nobody] {
        upload.finish().await.assert_stored();
    }
    put("/more", "alice").await.finish().await.assert_stored();
}

/// A client that leaves gives its place back.
#[tokio::test]
async fn who_leaves_gives_its_place_back() {
    let backend = Backend::new(&[], &[]);
    let proxy = one_at_a_time(&backend).await;
    half_way(&proxy, &backend, "/first").await.vanish(false);
    within("its end", backend.wait_for(|stats| stats.sessions_open == 0)).await;
    let file = File::new(SIZE);
    crate::client::until("a place", || async {
        (proxy.put("/second", file).await.finish().await.status == 201).then_some(())
    })
    .await;
}

/// A 503 would make its system give up.
#[tokio::test]
async fn an_upload_that_is_gone_on_with_waits_for_its_place() {
    let backend = Backend::new(&[], &[]);
    let proxy = one_at_a_time(&backend).await;
    let file = File::new(SIZE);
    let (mut upload, location) = create(&proxy, "/resumed", file).await;
    upload.send_to(128 * KIB).await;
    within("its bytes", backend.wait_for(|stats| stats.bytes == 128 * KIB)).await;
    upload.vanish(true);
    assert_eq!(offset(&proxy, &location).await, 128 * KIB);
    let other = half_way(&proxy, &backend, "/other").await;
    let mut resumed = append(&proxy, &location, 128 * KIB, file).await;
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(100), resumed.answer()).await;
    assert!(waiting.is_err(), "{waiting:?}");
    other.finish().await.assert_stored();
    assert_eq!(resumed.finish().await.status, 201);
    backend.assert_stored("/resumed", file);
}

/// The connection that it left behind still counts, but not against it.
#[tokio::test]
async fn who_takes_over_an_upload_takes_over_its_place() {
    let backend = Backend::new(&[], &[]);
    let proxy = one_at_a_time(&backend).await;
    let file = File::new(SIZE);
    let (mut left_behind, location) = create(&proxy, "/a", file).await;
    left_behind.send_to(128 * KIB).await;
    within("its bytes", backend.wait_for(|stats| stats.bytes == 128 * KIB)).await;
    let resumed = append(&proxy, &location, 128 * KIB, file).await;
    assert_eq!(resumed.finish().await.status, 201);
    ends(&mut left_behind.stream).await;
    backend.assert_stored("/a", file);
    proxy.put("/b", file).await.finish().await.assert_stored();
}
