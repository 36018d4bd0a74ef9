//! P1, P7: the proxy is killed at each moment that matters, around the end above all.

use crate::phone::{Leaving, Phone, Progress, digest};
use crate::service::Service;
use crate::support::{Backend, File, Settings, within};
use put2bits::limits::MIB;
use put2bits::mock::Stats;

const SIZE: u64 = 5 * MIB + 7;

/// A service with a backend that has these faults, and its client.
async fn begin(profile: &str, quirk: &str, fault: &str) -> (Backend, Service, Phone) {
    let backend = Backend::new(&[quirk], &[fault]);
    let service = Service::start(Settings::to(&backend).set("profile", profile).fragments_of(MIB)).await;
    let phone = Phone::new(service.addr, "/a", File::new(SIZE));
    (backend, service, phone)
}

/// Brings the upload to its end, with nothing gone, and checks it.
async fn goes_on(backend: &Backend, phone: &mut Phone, what: &str) {
    phone.upload(None).await;
    backend.assert_stored("/a", phone.file);
    assert!(phone.gone.is_empty(), "{what}: {:?}", phone.gone);
}

#[tokio::test]
async fn before_the_first_byte() {
    for profile in ["refuse", "append", "unknown"] {
        let (backend, mut service, mut phone) = begin(profile, "overlap=append", "delay=1ms").await;
        let going = phone.begin().await.unwrap();
        service.kill().await;
        drop(going);
        assert_eq!(phone.ask().await, Progress::At { offset: 0, finished: false });
        goes_on(&backend, &mut phone, profile).await;
    }
}

#[tokio::test]
async fn in_the_middle() {
    let (backend, mut service, mut phone) = begin("refuse", "overlap=refuse", "delay=1ms").await;
    let mut going = phone.begin().await.unwrap();
    going.send_to(3 * MIB).await;
    within("two fragments", backend.wait_for(|stats| stats.fragments >= 2)).await;
    service.kill().await;
    drop(going);
    goes_on(&backend, &mut phone, "the middle").await;
    assert!(phone.resumed > 0);
}

/// The client has gone with everything sent, or waits; it is killed when the figures say so, or later still.
async fn killed_at_the_end(profile: &str, quirk: &str, fault: &str, moment: fn(&Stats) -> bool) {
    let what = format!("{profile}, {fault}");
    let (backend, mut service, mut phone) = begin(profile, quirk, fault).await;
    let mut going = phone.begin().await.unwrap();
    going.send_to(SIZE).await;
    within(&what, backend.wait_for(moment)).await;
    service.proxy.kill();
    drop(going);
    backend.set_faults(Vec::new());
    service.next().await;
    // No client is needed for the rest.
    let stats = within(&what, backend.wait_for(|stats| stats.published == 1)).await;
    assert_eq!(stats.sessions_created, 1, "{what}");
    let asked = loop {
        match phone.ask().await {
            Progress::At { finished: false, .. } => tokio::task::yield_now().await,
            asked => break asked,
        }
    };
    assert_eq!(asked, Progress::At { offset: SIZE, finished: true }, "{what}");
    goes_on(&backend, &mut phone, &what).await;
    assert_eq!(backend.stats().published, 1, "{what}: published once");
}

#[tokio::test]
async fn when_the_close_was_sent_and_did_not_arrive() {
    for (profile, quirk) in
        [("refuse", "overlap=refuse"), ("append", "overlap=append"), ("unknown", "overlap=append")]
    {
        killed_at_the_end(profile, quirk, "stall:close", |stats| stats.faults == 1).await;
        killed_at_the_end(profile, quirk, "status=503:close:count=1000", |stats| stats.faults > 1).await;
        killed_at_the_end(profile, quirk, "drop-head:close:count=1000", |stats| stats.faults > 1).await;
    }
}

#[tokio::test]
async fn when_the_file_is_published_and_the_answer_lost() {
    for (profile, quirk) in
        [("refuse", "overlap=refuse"), ("append", "overlap=append"), ("unknown", "overlap=append")]
    {
        killed_at_the_end(profile, quirk, "delay=1h:close", |stats| stats.published == 1).await;
        killed_at_the_end(profile, quirk, "drop-ack:close", |stats| stats.published == 1).await;
    }
}

/// The backend has every byte. The digest of those that no record knows of is lost: they are needed once more.
#[tokio::test]
async fn when_the_last_fragment_has_no_answer() {
    for lines in [String::new(), digest(File::new(SIZE))] {
        let (backend, mut service, phone) = begin("refuse", "overlap=refuse", "delay=1h:last").await;
        let mut phone = phone.with(&lines);
        let mut going = phone.begin().await.unwrap();
        going.send_to(SIZE).await;
        within("the last one", backend.wait_for(|stats| stats.bytes == SIZE)).await;
        service.kill().await;
        drop(going);
        backend.set_faults(Vec::new());
        goes_on(&backend, &mut phone, &lines).await;
        assert_eq!(backend.stats().bytes, SIZE, "the backend gets nothing twice");
    }
}

/// A server that must not get a byte twice: the upload begins anew, and says so.
#[tokio::test]
async fn a_fragment_in_doubt_is_an_honest_404() {
    for profile in ["append", "unknown"] {
        let (backend, mut service, mut phone) = begin(profile, "overlap=append", "delay=1h:last").await;
        let mut going = phone.begin().await.unwrap();
        going.send_to(2 * MIB).await;
        within("two fragments", backend.wait_for(|stats| stats.fragments == 2)).await;
        going.leave(Leaving::Closed);
        // What is told is recorded: now there is something to lose.
        assert_eq!(phone.ask().await, Progress::At { offset: 2 * MIB, finished: false });
        let mut going = phone.go_on().await.unwrap();
        going.send_to(SIZE).await;
        within("the last one", backend.wait_for(|stats| stats.bytes == SIZE)).await;
        service.kill().await;
        drop(going);
        backend.set_faults(Vec::new());
        phone.upload(None).await;
        backend.assert_stored("/a", phone.file);
        assert_eq!(phone.gone, ["fragment_in_doubt"], "{profile}");
        let stats = within("its end", backend.wait_for(|stats| stats.sessions_open == 0)).await;
        assert_eq!((stats.published, stats.sessions_cancelled), (1, 1), "{profile}");
    }
}

#[tokio::test]
async fn killed_ten_times_before_anything_is_sent() {
    let (backend, mut service, mut phone) = begin("refuse", "overlap=refuse", "delay=1ms").await;
    drop(phone.begin().await.unwrap());
    for _ in 0..10 {
        service.kill().await;
        assert_eq!(phone.ask().await, Progress::At { offset: 0, finished: false });
    }
    goes_on(&backend, &mut phone, "ten kills").await;
}

/// P2: what was hashed before the kill counts.
#[tokio::test]
async fn a_digest_is_checked_over_a_kill() {
    let (right, wrong) = (File::new(SIZE), File::new(SIZE).number(1));
    for (said, status) in [(right, 201), (wrong, 400)] {
        let (backend, mut service, phone) = begin("refuse", "overlap=refuse", "delay=1ms").await;
        let mut phone = phone.with(&digest(said));
        let mut going = phone.begin().await.unwrap();
        going.send_to(2 * MIB).await;
        within("a fragment", backend.wait_for(|stats| stats.fragments >= 1)).await;
        going.leave(Leaving::Closed);
        // Recorded there, and again further on: it goes on in the middle of a hash, and not where the backend is.
        assert!(matches!(phone.ask().await, Progress::At { finished: false, .. }));
        let mut going = phone.go_on().await.unwrap();
        going.send_to(4 * MIB).await;
        within("more", backend.wait_for(|stats| stats.bytes >= 3 * MIB)).await;
        service.kill().await;
        drop(going);
        assert!(matches!(phone.ask().await, Progress::At { finished: false, .. }));
        let answer = phone.go_on().await.unwrap().finish().await.unwrap();
        assert_eq!(answer.status, status, "{answer}");
        if status == 201 {
            backend.assert_stored("/a", right);
        } else {
            assert_eq!(answer.header("put2bits-error"), Some("digest_mismatch"));
            let stats = within("its end", backend.wait_for(|stats| stats.sessions_open == 0)).await;
            assert_eq!((stats.published, stats.sessions_cancelled), (0, 1));
        }
    }
}

#[tokio::test]
async fn an_upload_of_an_earlier_life_is_given_up() {
    for replaced in [false, true] {
        let (backend, mut service, phone) = begin("refuse", "overlap=refuse", "delay=1ms").await;
        let mut phone = phone.with("Authorization: Bearer a\r\n");
        let mut going = phone.begin().await.unwrap();
        going.send_to(2 * MIB).await;
        within("a fragment", backend.wait_for(|stats| stats.fragments >= 1)).await;
        drop(going);
        // An offset that is told is recorded, and the session with it. Before that nobody could cancel it in the next life.
        assert!(matches!(phone.ask().await, Progress::At { offset: MIB.., .. }));
        service.kill().await;
        let why = if replaced {
            let mut other = Phone::new(service.addr, "/a", phone.file).with("Authorization: Bearer a\r\n");
            other.upload(None).await;
            backend.assert_stored("/a", phone.file);
            "upload_superseded"
        } else {
            assert_eq!(phone.give_up().await, Some(204));
            "upload_cancelled"
        };
        let stats = within("its end", backend.wait_for(|stats| stats.sessions_open == 0)).await;
        assert_eq!((stats.sessions_cancelled, stats.published), (1, u64::from(replaced)));
        assert_eq!(phone.ask().await, Progress::Gone(why.to_owned()));
        service.kill().await;
        assert!(matches!(phone.ask().await, Progress::Gone(_)), "and stays so");
    }
}
