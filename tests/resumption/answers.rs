//! A final answer that its client did not get waits for it.

use crate::phone::{Leaving, Phone, Progress};
use crate::service::Service;
use crate::support::{Backend, File, Settings, within};
use put2bits::limits::MIB;
use std::time::Duration;

const SIZE: u64 = 3 * MIB + 1;

#[tokio::test]
async fn it_survives_the_process() {
    let backend = Backend::new(&[], &[]);
    let mut service = Service::before(&backend).await;
    let mut phone = Phone::new(service.addr, "/a", File::new(SIZE));
    let first = phone.upload(None).await;
    // It was lost on its way; what follows is as often repeated as the network likes.
    for _ in 0..3 {
        service.kill().await;
        assert_eq!(phone.ask().await, Progress::At { offset: SIZE, finished: true });
        let again = phone.go_on().await.unwrap().finish().await.unwrap();
        assert_eq!(
            (again.status, again.header("upload-offset")),
            (201, first.header("upload-offset")),
            "{again}"
        );
    }
    assert_eq!((backend.stats().published, backend.stats().sessions_created), (1, 1));
}

#[tokio::test]
async fn a_failure_is_told_again_too() {
    let backend = Backend::new(&[], &["status=403:close:count=1000"]);
    let mut service = Service::before(&backend).await;
    let mut phone = Phone::new(service.addr, "/a", File::new(SIZE));
    let first = phone.begin().await.unwrap().finish().await.unwrap();
    assert_eq!(first.status, 403, "{first}");
    backend.set_faults(Vec::new());
    service.kill().await;
    // Not "finished": who reads that takes the file for stored. The failure has to be fetched.
    assert_eq!(phone.ask().await, Progress::At { offset: SIZE, finished: false });
    let again = phone.go_on().await.unwrap().finish().await.unwrap();
    assert_eq!((again.status, again.body), (first.status, first.body));
    assert_eq!(backend.stats().published, 0);
}

#[tokio::test]
async fn a_client_that_is_away_while_the_file_is_published() {
    for how in [Leaving::Reset, Leaving::Closed, Leaving::Silent] {
        let backend = Backend::new(&[], &["delay=300ms:close"]);
        let service = Service::before(&backend).await;
        let mut phone = Phone::new(service.addr, "/a", File::new(SIZE));
        let mut going = phone.begin().await.unwrap();
        going.send_to(SIZE).await;
        within("all bytes", backend.wait_for(|stats| stats.bytes == SIZE)).await;
        let _silent = going.leave(how);
        within("the file", backend.wait_for(|stats| stats.published == 1)).await;
        backend.assert_stored("/a", phone.file);
        // The answer of the Close is still on its way, and whoever asks waits for it or asks again.
        let finished = async {
            while phone.ask().await != (Progress::At { offset: SIZE, finished: true }) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        within("that it is finished", finished).await;
        let answer = phone.go_on().await.unwrap().finish().await.unwrap();
        assert_eq!(answer.status, 201, "{how:?}: {answer}");
        assert_eq!(backend.stats().sessions_created, 1);
    }
}

/// A PATCH of nothing while the file is being published joins, and gets the answer when there is one.
#[tokio::test]
async fn a_client_that_comes_back_while_the_file_is_published() {
    let backend = Backend::new(&[], &["delay=500ms:close"]);
    let service = Service::before(&backend).await;
    let mut phone = Phone::new(service.addr, "/a", File::new(SIZE));
    let mut going = phone.begin().await.unwrap();
    going.send_to(SIZE).await;
    within("the file", backend.wait_for(|stats| stats.published == 1)).await;
    going.leave(Leaving::Reset);
    phone.told = SIZE;
    let answer = within("the answer", phone.go_on().await.unwrap().finish()).await.unwrap();
    assert_eq!(answer.status, 201, "{answer}");
    backend.assert_stored("/a", phone.file);
}

#[tokio::test]
async fn after_its_time_it_is_forgotten() {
    let backend = Backend::new(&[], &[]);
    let mut service = Service::start(Settings::to(&backend).set("uploads.keep", "1s")).await;
    let mut phone = Phone::new(service.addr, "/a", File::new(SIZE));
    phone.upload(None).await;
    service.kill().await;
    let gone = async {
        // To ask prolongs its life.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        while !matches!(phone.ask().await, Progress::Gone(_)) {
            tokio::time::sleep(Duration::from_millis(1500)).await;
        }
    };
    within("that it is gone", gone).await;
    service.kill().await;
    assert!(matches!(phone.ask().await, Progress::Gone(_)), "and stays so");
}
