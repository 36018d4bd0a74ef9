//! P6 to P9: trouble, crashes, shutdowns, and clients that come back.

use crate::phone::{Leaving, Phone, Progress};
use crate::service::Service;
use crate::support::{Backend, File, Settings, signal, within};
use put2bits::limits::{KIB, MIB};
use std::time::Duration;
use tokio::io::AsyncReadExt;

/// A lost fragment or answer, a 5xx, a reset, a time-out, a restart of the backend: the client notices a pause. Every kind at
/// every point: `tests/fault_matrix`; each alone: `tests/e2e` (trouble); at random: `tests/simulation`.
#[tokio::test]
async fn p6_passing_trouble_of_the_backend_is_invisible_to_the_client() {
    let faults = [
        "drop-ack:create",
        "drop-head:fragment:after=1",
        "drop-ack:fragment:after=3",
        "status=503:fragment:after=5,count=2",
        "drop-body=100KB:fragment:after=8",
        "stall:fragment:after=10",
        "restart=keep:fragment:after=12",
        "drop-ack:last",
        "status=502:close",
    ];
    let backend = Backend::new(&[], &faults);
    let settings = Settings::to(&backend).set("timeouts.ack", "300ms").set("timeouts.stall", "300ms");
    let proxy = settings.set("timeouts.final_ack", "1m").fragments_of(256 * KIB).start().await;
    let file = File::new(8 * MIB);
    proxy.put("/a", file).await.finish().await.assert_stored();
    backend.assert_stored("/a", file);
    let stats = backend.stats();
    assert_eq!(stats.faults, faults.len() as u64 + 1, "all of them struck, one twice: {stats}");
    assert!(proxy.admin.metric("retries_total", &[]).await >= faults.len() as f64);
    assert_eq!(proxy.admin.metric("session_restarts_total", &[]).await, 0.0);
}

/// After a crash of the proxy a client goes on from the last byte recorded. At any moment of many uploads, at all kinds of
/// servers: `tests/resumption` (kills, moments); at random: `tests/resumption_simulation`.
#[tokio::test]
async fn p7_after_a_crash_a_client_goes_on() {
    let backend = Backend::new(&[], &[]);
    let mut service = Service::start(Settings::to(&backend).fragments_of(256 * KIB)).await;
    let mut phone = Phone::new(service.addr, "/a", File::new(16 * MIB));
    // It breaks off at 4 MiB, which is recorded, and goes on.
    let mut going = phone.begin().await.unwrap();
    going.send_to(4 * MIB).await;
    going.leave(Leaving::Closed);
    assert!(matches!(phone.ask().await, Progress::At { finished: false, .. }));
    let recorded = phone.told;
    let mut going = phone.go_on().await.unwrap();
    going.send_to(8 * MIB).await;
    within("a part", backend.wait_for(|stats| stats.bytes >= recorded + MIB)).await;

    service.kill().await;
    drop(going);
    let Progress::At { offset, finished: false } = phone.ask().await else { panic!("it is lost") };
    assert!(offset >= recorded, "{offset}");
    phone.upload(None).await;
    backend.assert_stored("/a", phone.file);
    let stats = backend.stats();
    assert_eq!((stats.sessions_created, stats.sessions_open, phone.gone.len()), (1, 0, 0), "{stats}");
}

/// After SIGTERM: not ready at once, what cannot be resumed may finish, what can be is broken off and loses nothing, and the
/// program ends. A hundred times: `tests/resumption` (kills); all cases: `tests/e2e` and `tests/resumption` (stopping).
#[tokio::test]
async fn p8_a_shutdown_in_order_loses_nothing() {
    // A backend that must not get a byte twice: one forgotten byte would lose the upload.
    let backend = Backend::new(&["overlap=append"], &[]);
    let settings = Settings::to(&backend).set("profile", "append").set("shutdown.grace", "1h");
    let mut service = Service::start(settings).await;
    let file = File::new(16 * MIB);
    let mut plain = service.proxy.put("/plain", file).await;
    plain.send_to(8 * MIB).await;
    let mut phone = Phone::new(service.addr, "/resumed", file.number(1));
    let mut going = phone.begin().await.unwrap();
    going.send_to(8 * MIB).await;
    within("a part of both", backend.wait_for(|stats| stats.bytes >= 9 * MIB)).await;

    signal(service.proxy.pid(), "TERM");
    service.proxy.admin.until_is("draining", &[], 1).await;
    assert_eq!(service.proxy.admin.get("/readyz").await.status, 503);
    assert!(within("the end of its connection", going.read()).await.is_none(), "broken off, not answered");
    plain.finish().await.assert_stored();
    backend.assert_stored("/plain", file);
    // Nobody is left, so the rest of the hour is not needed.
    assert_eq!(service.proxy.exit_code().await, Some(0));
    service.next().await;
    phone.upload(None).await;
    backend.assert_stored("/resumed", phone.file);
    assert_eq!((phone.gone.len(), backend.stats().bytes), (0, 2 * file.size), "nothing was sent twice");
}

/// At most one transfer drives an upload, and the newest request wins: whoever hangs is cut off. Within a second, in all
/// versions of the protocol: `tests/conformance` (dropping); under all faults: `tests/resumption_simulation`.
#[tokio::test]
async fn p9_the_newest_request_wins() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let mut phone = Phone::new(proxy.addr, "/a", File::new(8 * MIB));
    let mut going = phone.begin().await.unwrap();
    going.send_to(2 * MIB).await;
    within("a part", backend.wait_for(|stats| stats.bytes > 0)).await;
    // It leaves the Wi-Fi: nobody closes that connection, and nothing comes any more.
    let mut hanging = going.leave(Leaving::Silent).unwrap();
    // It comes back by another one, and gets its offset without waiting for any time limit.
    let asked = tokio::time::timeout(Duration::from_secs(10), phone.ask()).await;
    assert!(matches!(asked, Ok(Progress::At { finished: false, .. })), "{asked:?}");
    let end = within("the end of the old one", hanging.read(&mut [0])).await;
    assert!(matches!(end, Err(_) | Ok(0)), "{end:?}");
    let answer = phone.go_on().await.unwrap().finish().await.unwrap();
    assert_eq!(answer.status, 201, "{answer}");
    backend.assert_stored("/a", phone.file);
    assert_eq!(backend.stats().sessions_created, 1);
}
