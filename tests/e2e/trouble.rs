//! P6: trouble at the backend that passes is invisible to the client, unless the backend must not get a byte twice.

use crate::support::{Backend, File, Nobody, Proxy, Settings, message, quirks, within};
use put2bits::limits::{KIB, MIB};
use put2bits::mock::{MockConfig, Storage};
use std::time::{Duration, Instant};

/// What profiles that allow sending again are called, and the quirk of a server of that kind.
const RESENDABLE: [(&str, &str); 2] = [("refuse", "overlap=refuse"), ("trim", "overlap=trim")];

#[tokio::test]
async fn a_backend_that_restarts() {
    for (profile, quirk) in RESENDABLE {
        let backend = Backend::new(&[quirk], &[]);
        let proxy = Settings::to(&backend).set("profile", profile).fragments_of(MIB).start().await;
        let file = File::new(24 * MIB + 5);
        let mut upload = proxy.put("/a", file).await;
        for end in [8 * MIB, 16 * MIB] {
            upload.send_to(end).await;
            // Between two fragments or within one, as it comes.
            within("half of it", backend.wait_for(|stats| stats.bytes >= end - 4 * MIB)).await;
            backend.restart(true);
        }
        upload.finish().await.assert_stored();
        backend.assert_stored("/a", file);
        let stats = backend.stats();
        assert!(stats.connections >= 3, "{stats}");
        assert_eq!((stats.sessions_created, stats.sessions_open), (1, 0));
    }
}

#[tokio::test]
async fn a_backend_that_forgets_its_sessions_before_it_acknowledged_anything() {
    let backend = Backend::new(&[], &["restart:fragment"]);
    let proxy = Settings::to(&backend).start().await;
    let file = File::new(3 * MIB);
    proxy.put("/a", file).await.finish().await.assert_stored();
    backend.assert_stored("/a", file);
    assert_eq!(proxy.upload_line("/a").await["restarts"], 1);
}

/// The first bytes are gone from memory: nobody but the client can begin anew.
#[tokio::test]
async fn a_backend_that_forgets_its_sessions_later() {
    let backend = Backend::new(&[], &["restart:fragment:after=3"]);
    let proxy = Settings::to(&backend).fragments_of(256 * KIB).start().await;
    let answer = proxy.put("/a", File::new(3 * MIB)).await.finish().await;
    answer.assert_problem(503, "session_lost");
    assert_eq!(backend.stats().published, 0);
}

#[tokio::test]
async fn lost_requests_lost_answers_and_passing_errors() {
    let faults = [
        ("drop-head:create", 1),
        ("drop-ack:create", 1),
        ("status=502:create:count=2", 2),
        ("drop-head:fragment:after=2,count=2", 2),
        ("drop-body=100KB:fragment:after=1,count=2", 2),
        ("drop-ack:fragment:count=3", 3),
        ("drop-ack:last", 1),
        ("drop-after-ack:fragment:count=3", 3),
        ("status=503:fragment:after=1,retry-after=1", 1),
        ("status=500:fragment:after=1,count=2,when=after", 2),
        ("short-take=10KB:fragment:count=3", 3),
        ("spurious-416:fragment:after=1,count=2", 2),
        ("status=503:close:count=2", 2),
    ];
    for (profile, quirk) in RESENDABLE {
        let backend = Backend::new(&[quirk], &[]);
        let proxy = Settings::to(&backend).set("profile", profile).fragments_of(256 * KIB).start().await;
        for (number, (fault, count)) in faults.into_iter().enumerate() {
            let before = backend.stats();
            backend.set_faults(vec![fault.parse().unwrap()]);
            let (path, file) = (format!("/{number}"), File::new(2 * MIB + 3).number(number as u64));
            let answer = proxy.put(&path, file).await.finish().await;
            assert_eq!(answer.status, 201, "{fault}: {answer}");
            backend.assert_stored(&path, file);
            let after = backend.stats();
            assert_eq!(after.faults - before.faults, count, "{fault} struck");
            assert_eq!(proxy.upload_line(&path).await["restarts"], 0, "{fault}");
        }
    }
}

#[tokio::test]
async fn a_pause_that_the_backend_asks_for_is_kept() {
    let backend = Backend::new(&[], &["status=503:fragment:retry-after=1"]);
    let proxy = Settings::to(&backend).start().await;
    let begun = Instant::now();
    proxy.put("/a", File::new(MIB)).await.finish().await.assert_stored();
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    let line = proxy.line("that it waits", |line| message(line).contains("next attempt in")).await;
    assert_eq!(line["client"], proxy.upload_line("/a").await["client"]);
    assert!(line.get("cause").is_none(), "an answer has no cause beyond itself: {line}");
}

#[tokio::test]
async fn a_backend_that_stalls_beyond_the_time_limit() {
    for (profile, quirk) in RESENDABLE {
        let backend = Backend::new(&[quirk], &["stall:fragment:after=1,count=2"]);
        let limits = Settings::to(&backend).set("profile", profile).fragments_of(MIB);
        let proxy = limits.set("timeouts.ack", "200ms").set("timeouts.stall", "200ms").start().await;
        let file = File::new(8 * MIB);
        proxy.put("/a", file).await.finish().await.assert_stored();
        backend.assert_stored("/a", file);
        assert_eq!(backend.stats().faults, 2);
    }
}

#[tokio::test]
async fn a_lost_answer_at_a_backend_that_must_not_get_a_byte_twice() {
    for profile in ["append", "unknown"] {
        let backend = Backend::new(&["overlap=append"], &["drop-ack:fragment:after=2"]);
        let proxy = Settings::to(&backend).set("profile", profile).fragments_of(256 * KIB).start().await;
        let answer = proxy.put("/a", File::new(4 * MIB)).await.finish().await;
        answer.assert_problem(503, "fragment_in_doubt");
        let stats = within("its end", backend.wait_for(|stats| stats.sessions_open == 0)).await;
        assert_eq!((stats.sessions_cancelled, stats.published, stats.fragments), (1, 0, 3));

        // While the first byte is still held, a new session is as good.
        backend.set_faults(vec!["drop-ack:fragment".parse().unwrap()]);
        let file = File::new(4 * MIB);
        proxy.put("/b", file).await.finish().await.assert_stored();
        backend.assert_stored("/b", file);
    }
}

#[tokio::test]
async fn a_backend_that_is_down() {
    let nobody = Nobody::new();
    let backend = nobody.addr;
    let proxy = Settings::to_url(&format!("http://{backend}/")).set("retry.window", "500ms").start().await;
    let begun = Instant::now();
    let mut upload = proxy.put("/a", File::new(64 * MIB)).await;
    let answer = upload.answer().await;
    answer.assert_problem(503, "backend_unreachable");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let line = proxy.upload_line("/a").await;
    assert_eq!((&line["bytes"], &line["fault"]), (&0.into(), &"backend".into()));
    // Who has the answer finds the line; who has the line knows both sides.
    assert_eq!(line["id"], answer.header("put2bits-id").unwrap());
    assert_eq!(line["client"], upload.stream.local_addr().unwrap().to_string());
    assert_eq!(line["backend"], backend.to_string());
    assert!(line["cause"].is_string(), "{line}");
}

#[tokio::test]
async fn a_backend_that_comes_up_within_the_window() {
    let nobody = Nobody::new();
    let addr = nobody.addr;
    let proxy: Proxy = Settings::to_url(&format!("http://{addr}/")).start().await;
    let file = File::new(2 * MIB);
    let upload = proxy.put("/a", file).await;
    proxy.line("that it tries again", |line| message(line).contains("next attempt in")).await;
    let config = MockConfig { knobs: quirks(&[]), storage: Storage::Hash, ..MockConfig::default() };
    let backend = Backend::start_at(addr, config);
    upload.finish().await.assert_stored();
    backend.assert_stored("/a", file);
}
