//! P1 to P3: what a success means, and an offset.

use crate::phone::{Leaving, Phone, Progress, digest};
use crate::service::Service;
use crate::support::{Backend, File, Settings, Upload, within};
use crate::watch::Watch;
use put2bits::limits::{KIB, MIB};

/// Success means that the BITS server acknowledged every byte and the Close. Here the server has every byte each time;
/// what differs is what becomes of Close-Session. Under all faults: `tests/simulation`, `tests/fault_matrix`.
#[tokio::test]
async fn p1_success_means_that_the_server_has_it_all_and_said_so() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).set("retry.window", "300ms").start().await;
    let file = File::new(3 * MIB);
    for (path, faults, status, code) in [
        ("/never-closed", &["status=503:close:count=1000"][..], 503, "close_in_doubt"),
        ("/refused", &["status=403:close"], 403, "forbidden"),
        ("/forgotten", &["drop-head:close", "lose-session:close"], 503, "close_in_doubt"),
    ] {
        backend.set_faults(faults.iter().map(|fault| fault.parse().unwrap()).collect());
        proxy.put(path, file).await.finish().await.assert_problem(status, code);
        assert!(!backend.published().contains_key(path), "{path}");
    }
    // The answer got lost, and the file is there: that is a success. (`ambiguous_close` says what counts as proof.)
    backend.set_faults(vec!["drop-ack:close".parse().unwrap()]);
    proxy.put("/proved", file).await.finish().await.assert_stored();
    proxy.put("/stored", file).await.finish().await.assert_stored();
    // At the very moment of the answer.
    for path in ["/proved", "/stored"] {
        backend.assert_stored(path, file);
    }
}

/// The stored bytes are the sent bytes, or there is no success. Under all faults: `tests/simulation`,
/// `tests/resumption_simulation`, `tests/fault_matrix`; all digests: `tests/conformance`.
#[tokio::test]
async fn p2_the_stored_bytes_are_the_sent_bytes_or_there_is_no_success() {
    // A server that takes parts of fragments, loses answers, and keeps what came before a connection broke.
    let faults =
        ["short-take=10KB:fragment:p=0.2", "drop-ack:fragment:p=0.2", "drop-body=70KB:fragment:p=0.2"];
    let backend = Backend::new(&["overlap=trim", "broken=keep"], &faults);
    let settings = Settings::to(&backend).set("profile", "trim").set("retry.stalled_exchanges", "1000");
    let proxy = settings.fragments_of(256 * KIB).start().await;
    let file = File::new(16 * MIB + 7);
    let sent = |path, file, lines: String| async move {
        Upload::begin(proxy.addr, "PUT", path, file, &lines).await.finish().await
    };
    sent("/right", file, digest(file)).await.assert_stored();
    backend.assert_stored("/right", file);
    assert!(backend.stats().faults > 5, "{}", backend.stats());
    // Its digest is that of another file: nothing is published.
    sent("/wrong", file, digest(file.number(1))).await.assert_problem(400, "digest_mismatch");
    // Half a file is no file.
    let mut half = Upload::begin(proxy.addr, "PUT", "/half", file, "").await;
    half.send_to(8 * MIB).await;
    half.vanish(true);
    proxy.upload_line("/half").await;
    assert_eq!(backend.published().into_keys().collect::<Vec<_>>(), ["/right"]);
}

/// An offset that the client is told was acknowledged by the server, and never goes down. (The phone checks the second
/// at each answer.) Always asking, under kills: `tests/resumption` (offsets); under all faults:
/// `tests/resumption_simulation`.
#[tokio::test]
async fn p3_an_offset_that_is_told_was_acknowledged_and_never_goes_down() {
    let backend = Backend::new(&[], &["drop-head:fragment:p=0.05"]);
    let watch = Watch::over(&backend);
    let mut service = Service::start(Settings::to(&backend).fragments_of(256 * KIB)).await;
    let mut phone = Phone::new(service.addr, "/a", File::new(24 * MIB));
    drop(phone.begin().await.unwrap());
    for end in [4 * MIB, 8 * MIB, 12 * MIB, 16 * MIB] {
        phone.ask().await;
        let mut going = phone.go_on().await.unwrap();
        within("sending", going.send_to(end)).await;
        going.leave(Leaving::Reset);
        let Progress::At { offset, finished: false } = phone.ask().await else { panic!("it is lost") };
        watch.assert_acknowledged("/a", offset);
        service.kill().await;
    }
    phone.upload(Some(&watch)).await;
    backend.assert_stored("/a", phone.file);
    assert!(phone.gone.is_empty(), "{:?}", phone.gone);
}
