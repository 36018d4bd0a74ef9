//! P8: SIGTERM in the middle of uploads that can be resumed.

use crate::phone::{Phone, Progress};
use crate::service::Service;
use crate::support::{Backend, File, Settings, signal, within};
use put2bits::limits::MIB;

#[tokio::test]
async fn what_cannot_be_finished_is_cut_off_and_goes_on() {
    for profile in ["refuse", "unknown"] {
        let backend = Backend::new(&["overlap=append"], &[]);
        let settings = Settings::to(&backend).set("profile", profile).set("timeouts.grace", "1s");
        let mut service = Service::start(settings).await;
        let file = File::new(24 * MIB);
        let mut phone = Phone::new(service.addr, "/a", file);
        let mut going = phone.begin().await.unwrap();
        going.send_to(12 * MIB).await;
        within("a part", backend.wait_for(|stats| stats.bytes >= MIB)).await;
        signal(service.proxy.pid(), "TERM");
        // It sends no more, so it can't be finished in time.
        let answer = within("the end of its connection", going.read()).await;
        assert!(answer.is_none(), "{profile}: no answer, above all no 5xx: {}", answer.unwrap());
        assert_eq!(service.proxy.exit_code().await, Some(0));
        let stats = backend.stats();
        assert_eq!((stats.sessions_open, stats.sessions_cancelled), (1, 0), "{profile}");

        service.next().await;
        // All that it had was brought to the backend, and nothing is in doubt.
        let asked = phone.ask().await;
        assert_eq!(asked, Progress::At { offset: 12 * MIB, finished: false }, "{profile}");
        assert_eq!(stats.bytes, 12 * MIB);
        phone.upload(None).await;
        backend.assert_stored("/a", file);
        assert_eq!((backend.stats().bytes, phone.sent), (file.size, file.size), "{profile}: nothing twice");
    }
}

#[tokio::test]
async fn what_can_be_finished_is_finished() {
    let backend = Backend::new(&[], &[]);
    let mut service = Service::before(&backend).await;
    let file = File::new(24 * MIB);
    let mut phone = Phone::new(service.addr, "/a", file);
    let mut going = phone.begin().await.unwrap();
    going.send_to(12 * MIB).await;
    signal(service.proxy.pid(), "TERM");
    let answer = within("the answer", going.finish()).await.expect("an answer");
    assert_eq!(answer.status, 201, "{answer}");
    assert_eq!(service.proxy.exit_code().await, Some(0));
    backend.assert_stored("/a", file);
}
