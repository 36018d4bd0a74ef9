//! Names that are taken: what `overwrite` says holds for uploads that are broken off, and for those that go on.

use crate::phone::{Leaving, Phone};
use crate::service::Service;
use crate::support::{Answer, Backend, File, Settings, Upload, within};
use put2bits::limits::MIB;
use put2bits::mock::Event;

fn bearer(who: &str) -> String {
    format!("Authorization: Bearer s3cret-of-{who}\r\n")
}

async fn service(backend: &Backend, overwrite: &str) -> Service {
    let lines = format!("profile = 'refuse'\noverwrite = '{overwrite}'");
    Service::start(Settings::route(&backend.url(), &lines)).await
}

/// Somebody's phone with a file for that path.
fn phone(service: &Service, who: &str, path: &str, size: u64) -> Phone {
    Phone::new(service.addr, path, File::new(size)).with(&bearer(who))
}

/// Begins and loses its connection. Gives where its bytes went.
async fn broken(backend: &Backend, phone: &mut Phone) -> String {
    let mut events = backend.events();
    let mut going = phone.begin().await.unwrap();
    going.send_to(MIB).await;
    let target = within("a part", async {
        loop {
            let event = events.recv().await.expect("no event is missed");
            if let Event::Packet { target, range: Some(_), status: Some(200..=299), .. } = event {
                return target;
            }
        }
    });
    let target = target.await;
    going.leave(Leaving::Reset);
    // What is told is recorded: it outlives the process.
    within("an offset", phone.ask()).await;
    assert!(phone.told > 0);
    target
}

/// Somebody else asks for the name, with or without resumption.
async fn ask_for(service: &Service, path: &str, resumable: bool) -> Answer {
    let words = if resumable { "Upload-Draft-Interop-Version: 6\r\nUpload-Complete: ?1\r\n" } else { "" };
    let lines = format!("{}{words}", bearer("eve"));
    Upload::begin(service.proxy.addr, "PUT", path, File::new(10), &lines).await.finish_blindly().await
}

#[tokio::test]
async fn a_suffix_is_chosen_once_and_kept() {
    let backend = Backend::new(&["existing=overwrite"], &[]);
    let mut service = service(&backend, "suffix").await;
    let mut phones = Vec::new();
    // The first finds the name free, the second finds it taken by an upload that waits.
    for (who, size) in [("alice", 3 * MIB), ("bob", 4 * MIB)] {
        let mut phone = phone(&service, who, "/f/a.jpg", size);
        let target = broken(&backend, &mut phone).await;
        phones.push((phone, target));
    }
    let mut names: Vec<String> = phones.iter().map(|(_, target)| target.clone()).collect();
    // Whole files, before and after the end of the process.
    for _ in 0..2 {
        let answer = ask_for(&service, "/f/a.jpg", false).await;
        answer.assert_stored();
        names.push(format!("/{}", answer.header("put2bits-target").unwrap()));
        service.kill().await;
    }
    assert_eq!(names[0], "/f/a.jpg");
    for name in &names[1..] {
        let hex = name.strip_prefix("/f/a-").and_then(|name| name.strip_suffix(".jpg"));
        assert!(hex.is_some_and(|hex| hex.len() == 8), "{names:?}");
    }
    for (phone, target) in &mut phones {
        let answer = phone.upload(None).await;
        assert_eq!(answer.header("put2bits-target"), Some(&target[1..]), "{answer}");
        backend.assert_stored(target, phone.file);
        assert!(phone.gone.is_empty() && phone.resumed > 0, "{phone:?}");
    }
    let stored: Vec<String> = backend.published().into_keys().collect();
    assert!(stored.len() == 4 && names.iter().all(|name| stored.contains(name)), "{names:?}, {stored:?}");
    assert_eq!(backend.stats().sessions_created, 4, "nothing began twice");
}

#[tokio::test]
async fn a_name_that_is_refused_to_others_waits_for_its_upload() {
    let backend = Backend::new(&["existing=overwrite"], &[]);
    let mut service = service(&backend, "refuse").await;
    let mut phone = phone(&service, "alice", "/a.jpg", 3 * MIB);
    assert_eq!(broken(&backend, &mut phone).await, "/a.jpg");
    for life in 0..2 {
        // In another spelling it is the same file.
        for (path, resumable) in [("/a.jpg", true), ("/A.jpg", true), ("/a.jpg", false)] {
            let answer = ask_for(&service, path, resumable).await;
            answer.assert_problem(409, "file_exists");
            let text = String::from_utf8_lossy(&answer.body);
            assert!(text.contains("another upload to this name is under way"), "life {life}: {text}");
        }
        service.kill().await;
    }
    phone.upload(None).await;
    assert!(phone.gone.is_empty() && phone.resumed > 0, "{phone:?}");
    for resumable in [true, false] {
        let answer = ask_for(&service, "/a.jpg", resumable).await;
        answer.assert_problem(409, "file_exists");
        assert!(String::from_utf8_lossy(&answer.body).contains("the backend has the file"), "{answer}");
    }
    backend.assert_stored("/a.jpg", phone.file);
    assert_eq!(backend.stats().sessions_created, 1);
}

/// Who begins anew after a lost answer does not stand in the own way; who comes with another file of that name does.
#[tokio::test]
async fn nobody_is_in_the_way_of_himself() {
    let backend = Backend::new(&["existing=overwrite"], &[]);
    let service = service(&backend, "refuse").await;
    let mut first = phone(&service, "alice", "/b.jpg", 3 * MIB);
    broken(&backend, &mut first).await;
    let mut again = phone(&service, "alice", "/b.jpg", 2 * MIB);
    assert_eq!(broken(&backend, &mut again).await, "/b.jpg");
    again.upload(None).await;
    backend.assert_stored("/b.jpg", again.file);
    assert!(again.gone.is_empty(), "{again:?}");
    // The older one is over.
    first.ask().await;
    let stats = within("its end", backend.wait_for(|stats| stats.sessions_open == 0)).await;
    assert_eq!((stats.sessions_created, stats.sessions_cancelled, stats.published), (2, 1, 1));
    ask_for(&service, "/b.jpg", true).await.assert_problem(409, "file_exists");
}
