//! Clients that overdo it, frame by frame. Each loses its connection, or is served at its own expense; the program stays
//! up, its memory small, and others are served.

use crate::client::Client;
use crate::frames::{
    CANCEL, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, GOAWAY,
    HEADERS, PING, RST_STREAM, Raw, SETTINGS, WINDOW_UPDATE, block, frame, head,
};
use crate::support::{Backend, File, Proxy, Settings};
use put2bits::limits::{KIB, MIB};

/// More than that it must not take for any of it.
const MEMORY: u64 = 24 * MIB;

/// A proxy, and what it took at first.
async fn proxy(backend: &Backend) -> (Proxy, u64) {
    let proxy = Settings::to(backend).set("timeouts.idle", "2s").start().await;
    let base = served(&proxy).await;
    (proxy, base)
}

/// Asserts that others are served, and gives the memory in use.
async fn served(proxy: &Proxy) -> u64 {
    let mut client = Client::connect(proxy.addr).await;
    let file = File::new(MIB);
    let mut upload = client.put("/good", file, &[]).await;
    upload.send(file, 0, file.size).await.unwrap();
    assert_eq!(upload.answer().await.unwrap().status, 201);
    proxy.memory().peak
}

async fn unharmed(proxy: &Proxy, base: u64) {
    let now = served(proxy).await;
    assert!(now < base + MEMORY, "{} KiB more", (now - base) / KIB);
}

/// Sends it over and over, up to `times`, until the other side has had enough. Its reason, if it gave one.
async fn flood(raw: &mut Raw, times: usize, mut next: impl FnMut(usize) -> Vec<u8>) -> Option<u32> {
    for time in 0..times {
        let bytes = next(time);
        if !raw.try_send(&bytes).await {
            break;
        }
    }
    raw.ends().await
}

/// CVE-2023-44487: each stream is reset as soon as it is begun.
#[tokio::test]
async fn rapid_reset() {
    let backend = Backend::new(&[], &[]);
    let (proxy, base) = proxy(&backend).await;
    let put = block(&head("PUT", "/a", &[("content-length", "1000000")]));
    let mut raw = Raw::connect(proxy.addr).await;
    let reason = flood(&mut raw, 100_000, |time| {
        let stream = 1 + 2 * u32::try_from(time).unwrap();
        let reset = frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes());
        [frame(HEADERS, END_HEADERS, stream, &put), reset].concat()
    })
    .await;
    assert!(matches!(reason, None | Some(ENHANCE_YOUR_CALM)), "{reason:?}");
    unharmed(&proxy, base).await;
}

/// The same by a client that waits until each was looked at.
#[tokio::test]
async fn patient_reset() {
    let backend = Backend::new(&[], &[]);
    let (proxy, base) = proxy(&backend).await;
    let mut raw = Raw::connect(proxy.addr).await;
    let mut begun = 0;
    for stream in (1..).step_by(2) {
        let put = block(&head("PUT", "/a", &[("content-length", "1000000")]));
        let wait = frame(PING, 0, 0, &[0; 8]);
        if !raw.try_send([frame(HEADERS, END_HEADERS, stream, &put), wait].concat()).await {
            break;
        }
        let looked = loop {
            match raw.next().await {
                Some(frame) if frame.kind == PING => break true,
                // What has come until the connection is closed is still read.
                Some(frame) if frame.kind == GOAWAY => break false,
                Some(_) => {}
                None => break false,
            }
        };
        if !looked || !raw.try_send(frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes())).await {
            break;
        }
        begun += 1;
        assert!(begun < 1000, "it may go on for ever");
    }
    assert!(begun >= 50, "some may be reset: {begun}");
    unharmed(&proxy, base).await;
}

/// CVE-2024-27316: a head without an end.
#[tokio::test]
async fn continuation_flood() {
    let backend = Backend::new(&[], &[]);
    let (proxy, base) = proxy(&backend).await;
    let mut raw = Raw::connect(proxy.addr).await;
    raw.send(frame(HEADERS, 0, 1, &block(&head("PUT", "/a", &[])))).await;
    let more = frame(CONTINUATION, 0, 1, &block(&[("x-more", &"x".repeat(8_000))]));
    flood(&mut raw, 20_000, |_| more.clone()).await;
    let mut raw = Raw::connect(proxy.addr).await;
    raw.send(frame(HEADERS, 0, 1, &block(&head("PUT", "/a", &[])))).await;
    let empty = frame(CONTINUATION, 0, 1, &[]);
    flood(&mut raw, 1_000_000, |_| empty.repeat(100)).await;
    unharmed(&proxy, base).await;
}

/// Frames of one byte, each of which costs more to keep than it brings; their upload waits, so that they are kept.
#[tokio::test]
async fn tiny_frames() {
    let backend = Backend::new(&[], &["stall:create:count=1000"]);
    let proxy = Settings::to(&backend).set("timeouts.idle", "2s").start().await;
    let base = proxy.memory().peak;
    let mut raw = Raw::connect(proxy.addr).await;
    raw.request(1, 0, &head("PUT", "/a", &[("content-length", "1000000")])).await;
    let tiny = frame(DATA, 0, 1, b"x");
    assert_eq!(flood(&mut raw, 100_000, |_| tiny.repeat(10)).await, Some(ENHANCE_YOUR_CALM));
    let now = proxy.memory().peak;
    assert!(now < base + MEMORY, "{} KiB more", (now - base) / KIB);
}

/// And frames of none.
#[tokio::test]
async fn empty_frames() {
    let backend = Backend::new(&[], &[]);
    let (proxy, base) = proxy(&backend).await;
    let mut raw = Raw::connect(proxy.addr).await;
    raw.request(1, 0, &head("PUT", "/a", &[("content-length", "1000000")])).await;
    let empty = frame(DATA, 0, 1, &[]);
    assert_eq!(flood(&mut raw, 100_000, |_| empty.repeat(10)).await, Some(ENHANCE_YOUR_CALM));
    unharmed(&proxy, base).await;
}

/// Whoever asks and does not listen is not read any more, and then cut off.
#[tokio::test]
async fn questions_without_listening() {
    let backend = Backend::new(&[], &[]);
    let (proxy, base) = proxy(&backend).await;
    for question in [frame(PING, 0, 0, &[1; 8]), frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255])] {
        let mut raw = Raw::connect(proxy.addr).await;
        let many = question.repeat(10_000);
        let mut taken = 0;
        while raw.try_send(&many).await {
            taken += 1;
            assert!(taken < 10_000, "it may go on for ever");
        }
    }
    unharmed(&proxy, base).await;
}

#[tokio::test]
async fn windows_that_cannot_be() {
    let backend = Backend::new(&[], &["stall:create:count=1000"]);
    let proxy = Settings::to(&backend).start().await;
    let mut raw = Raw::connect(proxy.addr).await;
    for stream in [1, 3] {
        raw.request(stream, 0, &head("PUT", "/a", &[("content-length", "5")])).await;
    }
    raw.send(frame(WINDOW_UPDATE, 0, 1, &0_u32.to_be_bytes())).await;
    raw.send(frame(WINDOW_UPDATE, 0, 3, &0x7fff_ffff_u32.to_be_bytes())).await;
    // h2 takes the first for an error of the connection, which RFC 9113 §6.9 leaves open for a frame of a stream.
    let mut seen = Vec::new();
    while let Some(frame) = raw.next().await {
        if [RST_STREAM, GOAWAY].contains(&frame.kind) {
            seen.push((frame.kind, frame.reason()));
            if frame.kind == GOAWAY || seen.len() == 2 {
                break;
            }
        }
    }
    assert!(!seen.is_empty());
    let mut raw = Raw::connect(proxy.addr).await;
    raw.send(frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes())).await;
    assert_eq!(raw.ends().await, Some(FLOW_CONTROL_ERROR));
}

/// A client that sends more than it was let.
#[tokio::test]
async fn more_than_the_window() {
    let backend = Backend::new(&[], &["stall:create:count=1000"]);
    let proxy = Settings::to(&backend).start().await;
    let mut raw = Raw::connect(proxy.addr).await;
    raw.request(1, 0, &head("PUT", "/a", &[("content-length", "100000000")])).await;
    let piece = frame(DATA, 0, 1, &[0; 16_384]);
    for _ in 0..64 {
        if !raw.try_send(&piece).await {
            break;
        }
    }
    let mut reasons = Vec::new();
    while let Some(frame) = raw.next().await {
        if [RST_STREAM, GOAWAY].contains(&frame.kind) {
            reasons.push(frame.reason());
            break;
        }
    }
    assert_eq!(reasons, [FLOW_CONTROL_ERROR]);
}

/// Thousands of streams at once, of which nothing more is heard.
#[tokio::test]
async fn ten_thousand_idle_streams() {
    let backend = Backend::new(&[], &[]);
    // What more uploads cost is another matter.
    let proxy = Settings::to(&backend).set("uploads.max_running", "100").start().await;
    let base = served(&proxy).await;
    for _ in 0..10 {
        let mut raw = Raw::connect(proxy.addr).await;
        let put = block(&head("PUT", "/a", &[("content-length", "1000000")]));
        for stream in (1..2000).step_by(2) {
            if !raw.try_send(frame(HEADERS, END_HEADERS, stream, &put)).await {
                break;
            }
        }
        // It is dropped here, with all that hangs on it.
        raw.is_alive_or_gone().await;
    }
    // None runs before the first has begun, either: only without a connection can no more begin.
    proxy.admin.until_is("connections_open", &[], 0).await;
    proxy.admin.until_is("uploads_running", &[], 0).await;
    unharmed(&proxy, base).await;
}

/// A client that lets nobody answer: its window is closed.
#[tokio::test]
async fn closed_windows() {
    let backend = Backend::new(&[], &[]);
    let (proxy, base) = proxy(&backend).await;
    let mut raw = Raw::connect(proxy.addr).await;
    // SETTINGS_INITIAL_WINDOW_SIZE = 0.
    raw.send(frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])).await;
    let get = block(&head("GET", "/a", &[]));
    for stream in (1..200).step_by(2) {
        raw.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, &get)).await;
    }
    // Each gets its head, and when nothing more is taken for two seconds, its end.
    assert_eq!(raw.until(RST_STREAM, 1).await.reason(), CANCEL);
    raw.is_alive().await;
    unharmed(&proxy, base).await;
}

/// The rate of an upload is its own, whatever else goes on.
#[tokio::test]
async fn a_body_that_drips() {
    let backend = Backend::new(&[], &[]);
    let settings = Settings::to(&backend).set("timeouts.min_rate", "100KiB");
    let proxy = settings.set("timeouts.rate_window", "1s").start().await;
    let mut raw = Raw::connect(proxy.addr).await;
    raw.request(1, 0, &head("PUT", "/a", &[("content-length", "1000000")])).await;
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
    let dripping = async {
        for _ in 0..200 {
            ticks.tick().await;
            if !raw.try_send(frame(DATA, 0, 1, &[7; 300])).await {
                break;
            }
        }
    };
    tokio::select! {
        () = dripping => panic!("it may go on for ever"),
        line = proxy.upload_line("/a") => assert_eq!(line["error"], "client_slow", "{line}"),
    }
    unharmed(&proxy, proxy.memory().peak).await;
}
