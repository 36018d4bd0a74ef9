//! The life of a connection: how it begins, how it ends, who shares its port.

use crate::client::{CREATE, Client};
use crate::frames::{
    END_STREAM, GOAWAY, HEADERS, NO_ERROR, PREFACE, REFUSED_STREAM, RST_STREAM, Raw, SETTINGS, frame, head,
};
use crate::support::{Backend, File, Settings, ask, message, signal, within};
use http::StatusCode;
use put2bits::limits::MIB;
use std::time::{Duration, Instant};

#[tokio::test]
async fn both_versions_share_a_port() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let file = File::new(MIB + 7);
    let mut client = Client::connect(proxy.addr).await;
    let mut upload = client.put("/2", file, &[]).await;
    proxy.put("/1", file).await.finish().await.assert_stored();
    upload.send(file, 0, file.size).await.unwrap();
    assert_eq!(upload.answer().await.unwrap().status, 201);
    backend.assert_stored("/1", file);
    backend.assert_stored("/2", file);
    // What begins as the preface of HTTP/2 and goes on otherwise is HTTP/1, and not valid there.
    let answer = ask(proxy.addr, "PRI * HTTP/1.1\r\nHost: p\r\n\r\n").await;
    answer.assert_problem(405, "method_not_allowed");
}

#[tokio::test]
async fn a_preface_may_come_byte_by_byte_but_not_for_ever() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).set("timeouts.header", "1s").start().await;
    let mut slow = Raw::silent(proxy.addr).await;
    for byte in [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat() {
        slow.send([byte]).await;
    }
    slow.is_alive().await;
    let begun = Instant::now();
    let (mut half, mut letter, mut nothing) =
        (Raw::silent(proxy.addr).await, Raw::silent(proxy.addr).await, Raw::silent(proxy.addr).await);
    half.send(&PREFACE[..20]).await;
    letter.send("P").await;
    for raw in [&mut half, &mut letter, &mut nothing] {
        assert_eq!(raw.next().await, None);
    }
    let took = begun.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_secs(8)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn idle_connections_are_ended_in_order() {
    let backend = Backend::new(&[], &[]);
    let settings = Settings::to(&backend).set("timeouts.header", "1s").set("timeouts.keep_alive", "2s");
    let proxy = settings.start().await;
    let begun = Instant::now();
    let (mut fresh, mut used) = (Raw::connect(proxy.addr).await, Raw::connect(proxy.addr).await);
    used.request(1, END_STREAM, &head("GET", "/a", &[])).await;
    used.until(HEADERS, 1).await;
    assert_eq!(fresh.ends().await, Some(NO_ERROR));
    let took = begun.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_millis(1900)).contains(&took), "{took:?}");
    // PINGs are no requests.
    used.is_alive().await;
    assert_eq!(used.ends().await, Some(NO_ERROR));
    let took = begun.elapsed();
    assert!((Duration::from_millis(1900)..Duration::from_secs(8)).contains(&took), "{took:?}");
}

/// P8 over HTTP/2: GOAWAY, and what runs may finish.
#[tokio::test]
async fn a_running_upload_is_finished_before_the_end() {
    let backend = Backend::new(&[], &[]);
    let mut proxy = Settings::to(&backend).start().await;
    let mut client = Client::connect(proxy.addr).await;
    let (mut idle, file) = (Raw::connect(proxy.addr).await, File::new(8 * MIB));
    idle.request(1, END_STREAM, &head("GET", "/a", &[])).await;
    idle.until(HEADERS, 1).await;
    let mut upload = client.put("/a", file, &[]).await;
    upload.send(file, 0, 4 * MIB).await.unwrap();
    within("a part", backend.wait_for(|stats| stats.bytes >= MIB)).await;
    signal(proxy.pid(), "TERM");
    proxy.line("that it stops", |line| message(line).contains("no new uploads")).await;
    // The first GOAWAY only announces it (RFC 9113 §6.8).
    let goaway = loop {
        let frame = idle.next().await.expect("a GOAWAY before the end");
        if frame.kind == GOAWAY {
            break frame;
        }
    };
    assert_eq!(goaway.reason(), NO_ERROR);
    upload.send(file, 4 * MIB, file.size).await.unwrap();
    assert_eq!(upload.answer().await.unwrap().status, 201);
    backend.assert_stored("/a", file);
    drop(idle);
    drop(client.begin("GET", "/a", &[], true));
    assert_eq!(proxy.exit_code().await, Some(0));
}

/// The same for those that can be resumed: they are broken off, lose nothing, and the program ends at once.
#[tokio::test]
async fn uploads_that_can_be_resumed_are_broken_off_at_the_end() {
    let (backend, state) = (Backend::new(&[], &[]), tempfile::tempdir().unwrap());
    let settings = Settings::to(&backend).state_in(state.path());
    let mut proxy = settings.clone().start().await;
    let mut client = Client::connect(proxy.addr).await;
    let file = File::new(16 * MIB);
    let mut urls = Vec::new();
    let mut uploads = Vec::new();
    for number in 0..3 {
        let file = file.number(number);
        let mut upload = client.put(&format!("/{number}"), file, &CREATE).await;
        let (status, fields) = upload.informed().await;
        assert_eq!(status, StatusCode::from_u16(104).unwrap());
        urls.push(fields["location"].to_str().unwrap().to_owned());
        upload.send(file, 0, 4 * MIB).await.unwrap();
        uploads.push(upload);
    }
    within("a part", backend.wait_for(|stats| stats.bytes >= 3 * MIB)).await;
    signal(proxy.pid(), "TERM");
    for upload in uploads {
        let broken = upload.answer().await.unwrap_err();
        assert_eq!(broken.reason(), Some(h2::Reason::INTERNAL_ERROR), "{broken:?}");
    }
    assert_eq!(proxy.exit_code().await, Some(0));

    let proxy = settings.start().await;
    let mut client = Client::connect(proxy.addr).await;
    for (number, url) in urls.iter().enumerate() {
        let file = file.number(number as u64);
        client.resume(url, file).await;
        backend.assert_stored(&format!("/{number}"), file);
    }
    assert_eq!(backend.stats().bytes, 3 * file.size, "nothing was lost or sent twice");
}

#[tokio::test]
async fn a_client_that_is_gone_without_a_word_is_noticed() {
    let backend = Backend::new(&[], &["stall:create"]);
    let proxy = Settings::to(&backend).set("timeouts.idle", "500ms").start().await;
    let mut raw = Raw::connect(proxy.addr).await;
    raw.request(1, 0, &head("PUT", "/a", &[("content-length", "5")])).await;
    proxy.admin.until_is("connections_open", &[], 1).await;
    // It answers no PING. (The upload itself waits for its backend, and would do so for a minute.)
    proxy.admin.until_is("connections_open", &[], 0).await;
}

#[tokio::test]
async fn more_streams_than_may_be_are_refused_and_may_be_tried_again() {
    let backend = Backend::new(&[], &["stall:create:count=1000"]);
    let proxy = Settings::to(&backend).set("connections.max_streams", "3").start().await;
    let mut raw = Raw::connect(proxy.addr).await;
    for stream in [1, 3, 5, 7] {
        raw.request(stream, 0, &head("PUT", "/a", &[("content-length", "5")])).await;
    }
    assert_eq!(raw.until(RST_STREAM, 7).await.reason(), REFUSED_STREAM);
    raw.is_alive().await;
}
