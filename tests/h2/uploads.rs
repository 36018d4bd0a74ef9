//! Uploads over HTTP/2: many on one connection, broken off, gone on with.

use crate::client::{CREATE, Client};
use crate::frames::{CANCEL, DATA, END_STREAM, HEADERS, RST_STREAM, Raw, frame, head};
use crate::support::{Backend, File, Settings, within};
use http::StatusCode;
use put2bits::limits::{KIB, MIB};
use tokio::task::JoinSet;

#[tokio::test]
async fn uploads_on_one_connection_have_each_its_own_104() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let mut client = Client::connect(proxy.addr).await;
    let (mut uploads, mut places) = (Vec::new(), std::collections::HashSet::new());
    for number in 0..8 {
        let file = File::new(5 * MIB + number).number(number);
        uploads.push((file, client.put(&format!("/{number}"), file, &CREATE).await));
    }
    // All are told before any of them sends a byte.
    for (_, upload) in &mut uploads {
        let (status, fields) = upload.informed().await;
        assert_eq!(status, StatusCode::from_u16(104).unwrap());
        assert!(places.insert(fields["location"].clone()), "{fields:?}");
        assert!(!fields.contains_key("connection"));
    }
    for part in 0..5 {
        for (file, upload) in &mut uploads {
            let to = if part == 4 { file.size } else { (part + 1) * MIB };
            upload.send(*file, part * MIB, to).await.unwrap();
        }
    }
    for (number, (file, upload)) in uploads.into_iter().enumerate() {
        let answer = upload.answer().await.unwrap();
        assert_eq!(answer.status, 201, "{answer:?}");
        assert!(answer.headers.contains_key("date"));
        backend.assert_stored(&format!("/{number}"), file);
    }
}

#[tokio::test]
async fn a_client_that_resets_its_stream_goes_on_by_another() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let mut client = Client::connect(proxy.addr).await;
    let (file, other) = (File::new(20 * MIB), File::new(3 * MIB).number(1));
    let mut upload = client.put("/a", file, &CREATE).await;
    let (_, fields) = upload.informed().await;
    let url = fields["location"].to_str().unwrap().to_owned();
    upload.send(file, 0, 8 * MIB).await.unwrap();
    within("a part", backend.wait_for(|stats| stats.bytes >= MIB)).await;
    upload.reset();

    let offset = client.resume(&url, file).await;
    assert!((MIB..=8 * MIB).contains(&offset), "{offset}");
    backend.assert_stored("/a", file);
    assert_eq!(backend.stats().bytes, file.size, "nothing was sent twice");
    // The connection is as good as ever.
    let mut upload = client.put("/b", other, &[]).await;
    upload.send(other, 0, other.size).await.unwrap();
    assert_eq!(upload.answer().await.unwrap().status, 201);
    backend.assert_stored("/b", other);
}

#[tokio::test]
async fn an_upload_is_broken_off_alone() {
    let backend = Backend::new(&[], &["status=503:fragment:count=100000"]);
    let proxy = Settings::to(&backend).set("retry.window", "300ms").start().await;
    let mut client = Client::connect(proxy.addr).await;
    let file = File::new(2 * MIB);
    let mut upload = client.put("/a", file, &CREATE).await;
    upload.informed().await;
    let _ = upload.send(file, 0, file.size).await;
    let broken = upload.answer().await.unwrap_err();
    assert_eq!(broken.reason(), Some(h2::Reason::INTERNAL_ERROR), "{broken:?}");
    client.ask("GET", "/a", &[]).await.assert_problem(405, "method_not_allowed");
}

/// A stream whose upload waits does not hold up the others, although its windows are full.
#[tokio::test]
async fn a_stalled_upload_does_not_hold_up_the_others() {
    let (stalled, swift) = (Backend::new(&[], &["stall:fragment:count=100000"]), Backend::new(&[], &[]));
    let routes = format!(
        "[[route]]\npath = '/slow/'\nbackend = '{}'\nprofile = 'refuse'\n\
         [[route]]\npath = '/'\nbackend = '{}'\nprofile = 'refuse'\n",
        stalled.url(),
        swift.url()
    );
    let proxy = Settings::routes(&routes).start().await;
    let mut client = Client::connect(proxy.addr).await;
    let mut waiting = JoinSet::new();
    let big = File::new(64 * MIB);
    for number in 0..4 {
        let mut upload = client.put(&format!("/slow/{number}"), big, &[]).await;
        waiting.spawn(async move {
            let _ = upload.send(big, 0, big.size).await;
        });
    }
    within("stalled", stalled.wait_for(|stats| stats.faults >= 4)).await;
    let file = File::new(16 * MIB).number(1);
    let mut upload = client.put("/a", file, &[]).await;
    upload.send(file, 0, file.size).await.unwrap();
    assert_eq!(upload.answer().await.unwrap().status, 201);
    swift.assert_stored("/a", file);
}

/// RFC 9113 §8.1.1: more or less than Content-Length is malformed; never a file of another size.
#[tokio::test]
async fn a_body_of_another_length_is_never_a_file() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let (length, data) = ([("content-length", "1000")], |flags, bytes: usize| (flags, vec![7; bytes]));
    for frames in [
        vec![data(END_STREAM, 999)],
        vec![data(END_STREAM, 1001)],
        vec![data(0, 1000), data(END_STREAM, 1)],
        vec![data(0, 1001)],
        vec![data(END_STREAM, 0)],
    ] {
        let mut raw = Raw::connect(proxy.addr).await;
        raw.request(1, 0, &head("PUT", "/a", &length)).await;
        for (flags, bytes) in &frames {
            raw.send(frame(DATA, *flags, 1, bytes)).await;
        }
        let reset = raw.until(RST_STREAM, 1).await;
        assert_ne!(reset.reason(), 0, "{frames:?}");
        raw.is_alive().await;
    }
    let mut raw = Raw::connect(proxy.addr).await;
    raw.request(1, END_STREAM, &head("PUT", "/a", &length)).await;
    raw.until(RST_STREAM, 1).await;
    proxy.admin.until_is("uploads_running", &[], 0).await;
    assert!(backend.published().is_empty());
}

#[tokio::test]
async fn a_refusal_comes_with_its_stream_closed_in_order() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).set("limits.max_upload", "1MiB").start().await;
    let mut raw = Raw::connect(proxy.addr).await;
    raw.request(1, 0, &head("PUT", "/a", &[("content-length", "100000000")])).await;
    assert!(!raw.until(HEADERS, 1).await.ends_stream());
    while !raw.until(DATA, 1).await.ends_stream() {}
    // It goes on sending: it is told to stop, without an error.
    for _ in 0..8 {
        raw.send(frame(DATA, 0, 1, &[0; 16 * KIB as usize])).await;
    }
    raw.is_alive().await;
    // Another one lets it be: what was sent is read away, and that is all.
    raw.request(3, 0, &head("PUT", "/a", &[("content-length", "3000000")])).await;
    while !raw.until(DATA, 3).await.ends_stream() {}
    raw.send(frame(RST_STREAM, 0, 3, &CANCEL.to_be_bytes())).await;
    raw.is_alive().await;
}

#[tokio::test]
async fn more_of_a_refused_body_than_is_read_away_ends_with_no_error() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).set("limits.max_upload", "1MiB").start().await;
    let mut client = Client::connect(proxy.addr).await;
    let file = File::new(64 * MIB);
    let mut upload = client.put("/a", file, &[]).await;
    let stopped = upload.send(file, 0, file.size).await.unwrap_err();
    assert_eq!(stopped.reason(), Some(h2::Reason::NO_ERROR), "{stopped:?}");
    upload.answer().await.unwrap().assert_problem(413, "too_large");
}

#[tokio::test]
async fn a_body_without_a_length() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let mut client = Client::connect(proxy.addr).await;
    let upload = client.begin("PUT", "/a", &[], false).await;
    upload.answer().await.unwrap().assert_problem(411, "length_required");
    // One that can be resumed may tell it otherwise.
    let file = File::new(3 * MIB + 1);
    let told = ("upload-length", &*file.size.to_string());
    let mut upload = client.begin("PUT", "/a", &[CREATE[0], CREATE[1], told], false).await;
    assert_eq!(upload.informed().await.0.as_u16(), 104);
    upload.send(file, 0, file.size).await.unwrap();
    assert_eq!(upload.answer().await.unwrap().status, 201);
    backend.assert_stored("/a", file);
}

#[tokio::test]
async fn a_client_that_expects_100_gets_it_when_its_body_is_wanted() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let mut client = Client::connect(proxy.addr).await;
    let file = File::new(MIB);
    let mut upload = client.put("/a", file, &[("expect", "100-continue")]).await;
    assert_eq!(upload.informed().await.0, StatusCode::CONTINUE);
    upload.send(file, 0, file.size).await.unwrap();
    assert_eq!(upload.answer().await.unwrap().status, 201);
    let fields = [&CREATE[..], &[("expect", "100-continue")]].concat();
    let mut upload = client.put("/b", file, &fields).await;
    assert_eq!(upload.informed().await.0.as_u16(), 104);
    assert_eq!(upload.informed().await.0, StatusCode::CONTINUE);
    upload.send(file, 0, file.size).await.unwrap();
    assert_eq!(upload.answer().await.unwrap().status, 201);
    let refused = client.put("/a/../b", file, &[("expect", "100-continue")]).await;
    refused.answer().await.unwrap().assert_problem(400, "bad_path");
}
