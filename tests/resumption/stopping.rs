//! P8: SIGTERM in the middle of uploads that can be resumed.

use crate::phone::{Phone, Progress};
use crate::service::Service;
use crate::support::{Backend, File, Settings, signal, within};
use put2bits::limits::MIB;

#[tokio::test]
async fn who_is_half_done_is_cut_off_at_once_and_goes_on() {
    for profile in ["refuse", "unknown"] {
        let backend = Backend::new(&["overlap=append"], &[]);
        let settings = Settings::to(&backend).set("profile", profile).set("shutdown.grace", "1h");
        let mut service = Service::start(settings).await;
        let file = File::new(24 * MIB);
        let mut phone = Phone::new(service.addr, "/a", file);
        let mut going = phone.begin().await.unwrap();
        going.send_to(12 * MIB).await;
        within("a part", backend.wait_for(|stats| stats.bytes >= MIB)).await;
        signal(service.proxy.pid(), "TERM");
        let answer = within("the end of its connection", going.read()).await;
        assert!(answer.is_none(), "{profile}: no answer, above all no 5xx: {}", answer.unwrap());
        // Nobody is left, so the rest of the hour is not needed.
        assert_eq!(service.proxy.exit_code().await, Some(0));
        let stats = backend.stats();
        assert_eq!((stats.sessions_open, stats.sessions_cancelled), (1, 0), "{profile}");

        service.next().await;
        // All that was received was brought to the backend, and nothing is in doubt.
        let Progress::At { offset, finished: false } = phone.ask().await else {
            panic!("{profile}: it is lost")
        };
        assert_eq!(offset, stats.bytes, "{profile}");
        phone.upload(None).await;
        backend.assert_stored("/a", file);
        assert_eq!(backend.stats().bytes, file.size, "{profile}: the backend gets nothing twice");
        assert!(phone.gone.is_empty(), "{profile}: {:?}", phone.gone);
    }
}

#[tokio::test]
async fn who_has_sent_everything_gets_the_answer() {
    let backend = Backend::new(&[], &["delay=500ms:close"]);
    let mut service = Service::before(&backend).await;
    let file = File::new(4 * MIB);
    let mut phone = Phone::new(service.addr, "/a", file);
    let mut going = phone.begin().await.unwrap();
    going.send_to(file.size).await;
    within("the file", backend.wait_for(|stats| stats.published == 1)).await;
    signal(service.proxy.pid(), "TERM");
    let answer = within("the answer", going.read()).await.expect("an answer");
    assert_eq!(answer.status, 201, "{answer}");
    assert_eq!(service.proxy.exit_code().await, Some(0));
    backend.assert_stored("/a", file);
}

/// Between the signal and the end of the delay clients still come: whoever distributes them has not heard of it.
#[tokio::test]
async fn until_the_delay_is_over_nothing_changes() {
    let backend = Backend::new(&[], &[]);
    let settings = Settings::to(&backend).set("shutdown.delay", "2s").set("shutdown.grace", "1h");
    let mut service = Service::start(settings).await;
    signal(service.proxy.pid(), "TERM");
    service.proxy.line("that it heard", |line| crate::support::message(line).contains("not ready")).await;
    let mut phone = Phone::new(service.addr, "/a", File::new(4 * MIB));
    assert_eq!(phone.upload(None).await.status, 201);
    let mut half_done = Phone::new(service.addr, "/b", File::new(4 * MIB));
    let mut going = half_done.begin().await.unwrap();
    going.send_to(MIB).await;
    let answer = within("the end of its connection", going.read()).await;
    assert!(answer.is_none(), "{}", answer.unwrap());
    assert_eq!(service.proxy.exit_code().await, Some(0));
    assert_eq!(half_done.ask().await, Progress::Away);
}
