//! Certificates that change while the program runs.

use crate::authority::{Authority, listener};
use crate::client::{Hand, put, shown};
use crate::support::{Backend, Proxy, Settings, message, signal, within};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Waits until the proxy shows that certificate.
async fn until_shown(hand: &Hand, proxy: &Proxy, host: &str, certificate: &[u8]) {
    within("that the new certificate is shown", async {
        while shown(&hand.connect(proxy.addr, host).await.unwrap()) != certificate {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn swapped_under_load_without_a_failed_upload() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    authority.issue("up", &["up.test"]);
    let proxy = Settings::listeners(&authority.listener("up", "", &backend.url())).start().await;
    let hand = Hand::new(&authority);
    // One connection lives through everything.
    let mut lasting = hand.connect(proxy.addr, "up.test").await.unwrap();
    let (done, stored) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let uploads: Vec<_> = (0..4)
        .map(|number| {
            let (hand, done, stored, addr) =
                (hand.clone(), Arc::clone(&done), Arc::clone(&stored), proxy.addr);
            tokio::spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    let mut stream = hand.connect(addr, "up.test").await.unwrap();
                    assert_eq!(put(&mut stream, &format!("/{number}")).await.unwrap(), 201);
                    stored.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for _ in 0..20 {
        let certificate = authority.issue("up", &["up.test"]);
        signal(proxy.pid(), "HUP");
        until_shown(&hand, &proxy, "up.test", &certificate).await;
        assert_eq!(put(&mut lasting, "/lasting").await.unwrap(), 201);
    }
    done.store(true, Ordering::Relaxed);
    for upload in uploads {
        upload.await.unwrap();
    }
    assert!(stored.load(Ordering::Relaxed) > 20, "{stored:?}");
}

#[tokio::test]
async fn changed_files_are_noticed() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    authority.issue("up", &["up.test"]);
    let proxy = Settings::listeners(&authority.listener("up", "", &backend.url())).start().await;
    let certificate = authority.issue("up", &["up.test"]);
    until_shown(&Hand::new(&authority), &proxy, "up.test", &certificate).await;
}

#[tokio::test]
async fn a_broken_pair_leaves_the_old_one() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    let old = authority.issue("up", &["up.test"]);
    let proxy = Settings::listeners(&authority.listener("up", "", &backend.url())).start().await;
    let hand = Hand::new(&authority);
    let is_told = |line: &serde_json::Value| message(line).contains("cannot be read again");
    authority.issue("other", &["up.test"]);
    std::fs::copy(authority.file("other.key"), authority.file("up.key")).unwrap();
    signal(proxy.pid(), "HUP");
    let line = proxy.line("what is wrong", is_told).await;
    let error = line["error"].as_str().unwrap();
    assert!(error.contains("up.key: is not the key of the certificate in"), "{line}");
    assert!(shown(&hand.connect(proxy.addr, "up.test").await.unwrap()) == old);
    // When it is right again, it is taken without being asked.
    let new = authority.issue("up", &["up.test"]);
    until_shown(&hand, &proxy, "up.test", &new).await;
}

#[tokio::test]
async fn what_is_about_to_expire_is_told() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    let in_ten_days = std::time::SystemTime::now() + Duration::from_secs(10 * 24 * 3600 + 600);
    authority.issue_with("up", &["up.test"], |params| params.not_after = in_ten_days.into());
    let proxy = Settings::listeners(&authority.listener("up", "", &backend.url())).start().await;
    proxy.line("how long", |line| message(line).contains("up.crt expires in 10 days")).await;
    let told = proxy.admin.metrics().await.get("certificate_expires_seconds", &[]);
    let wanted = in_ten_days.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((told - wanted).abs() < 2.0, "{told} {wanted}");
}

#[tokio::test]
async fn one_that_is_bad_holds_up_no_other() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    let [old, _] = ["other", "up"].map(|name| authority.issue(name, &[&format!("{name}.test")]));
    let certificates = format!("certificates = [{}, {}]", authority.pair("other"), authority.pair("up"));
    let proxy = Settings::listeners(&listener(&certificates, &backend.url())).start().await;
    let hand = Hand::new(&authority);
    // Somebody puts an expired one in the place of the first, and renews the second.
    let in_2020 = std::time::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    authority.issue_with("other", &["other.test"], |params| params.not_after = in_2020.into());
    let new = authority.issue("up", &["up.test"]);
    signal(proxy.pid(), "HUP");
    let is_told = |line: &serde_json::Value| message(line).contains("cannot be read again");
    let line = proxy.line("what is wrong", is_told).await;
    let error = line["error"].as_str().unwrap();
    assert!(line["level"] == "ERROR" && error.contains("other.crt: the certificate has expired"), "{line}");
    until_shown(&hand, &proxy, "up.test", &new).await;
    let stream = hand.connect(proxy.addr, "other.test").await.unwrap();
    assert!(shown(&stream) == old, "the one from before stays");
    drop(stream);
    let renewed = authority.issue("other", &["other.test"]);
    // It is taken without being asked for.
    until_shown(&hand, &proxy, "other.test", &renewed).await;
}
