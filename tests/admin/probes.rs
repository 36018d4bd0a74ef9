//! `/livez` and `/readyz`.

use crate::support::{Admin, Answer, Backend, File, Settings, Upload, message, signal, within};
use put2bits::limits::MIB;
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tokio::net::TcpSocket;

/// The lines of a probe's answer.
fn lines(answer: &Answer) -> Vec<String> {
    String::from_utf8(answer.body.clone()).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_program_that_runs_well() {
    let proxy = Settings::to(&Backend::new(&[], &[])).set("workers", "2").start().await;
    let live = proxy.admin.get("/livez").await;
    assert_eq!(
        (live.status, lines(&live)),
        (200, ["ok   worker 0: turns", "ok   worker 1: turns"].map(String::from).into())
    );
    // The records were taken over before it said that it listens, or are any moment.
    within("ready", async { while proxy.admin.get("/readyz").await.status != 200 {} }).await;
    let ready = proxy.admin.get("/readyz").await;
    assert_eq!(lines(&ready), ["ok   draining: no", "ok   records taken over: yes", "ok   store: well"]);
}

/// How long it took from the signal until it was not ready. A plain upload runs meanwhile, and is finished.
async fn time_until_not_ready() -> Duration {
    let backend = Backend::new(&[], &[]);
    let mut proxy = Settings::to(&backend).start().await;
    let mut upload: Upload = proxy.put("/a", File::new(8 * MIB)).await;
    upload.send_to(4 * MIB).await;
    within("a part", backend.wait_for(|stats| stats.bytes >= MIB)).await;
    let admin: Admin = proxy.admin;
    assert_eq!(admin.get("/readyz").await.status, 200);
    signal(proxy.pid(), "TERM");
    let begun = Instant::now();
    let answer = within("not ready", async {
        loop {
            let answer = admin.get("/readyz").await;
            if answer.status != 200 {
                break answer;
            }
        }
    });
    let (answer, time) = (answer.await, begun.elapsed());
    assert_eq!((answer.status, lines(&answer)[0].as_str()), (503, "FAIL draining: yes"), "{answer}");
    // To the end of the upload, which goes on.
    assert_eq!(admin.get("/livez").await.status, 200);
    let metrics = admin.metrics().await;
    assert_eq!((metrics.get("draining", &[]), metrics.get("uploads_running", &[])), (1.0, 1.0));
    upload.finish().await.assert_stored();
    backend.assert_stored("/a", File::new(8 * MIB));
    assert_eq!(proxy.exit_code().await, Some(0));
    assert!(TcpStream::connect(admin.addr).is_err(), "nobody listens any more");
    time
}

#[tokio::test]
async fn not_ready_from_the_first_moment_of_a_shutdown() {
    const SOON: Duration = Duration::from_millis(100);
    // A busy machine may make one look late. All of them are only if the program is.
    for _ in 0..5 {
        let time = time_until_not_ready().await;
        println!("not ready after {time:?}");
        if time < SOON {
            return;
        }
    }
    panic!("never within {SOON:?}");
}

#[tokio::test]
async fn backends_matter_as_it_is_set() {
    let backend = Backend::new(&[], &[]);
    // Nobody listens there, and nobody else gets the port.
    let away = TcpSocket::new_v4().unwrap();
    away.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let gone = away.local_addr().unwrap();
    let routes = format!(
        "profile = 'refuse'\n[[route]]\npath = '/away/'\nbackend = 'http://{gone}/'\n\
         [[route]]\npath = '/again/'\nbackend = '{}'",
        backend.url()
    );
    for (policy, status, shown) in [("ignore", 200, 0), ("any", 200, 2), ("all", 503, 2)] {
        let settings = Settings::route(&backend.url(), &routes).set("admin.ready_backend", policy);
        let proxy = settings.start().await;
        proxy.put("/a", File::new(1)).await.finish().await.assert_stored();
        let answer = proxy.admin.get("/readyz").await;
        let lines = lines(&answer);
        let backends: Vec<&String> = lines.iter().filter(|line| line.contains("backend")).collect();
        assert_eq!((answer.status, backends.len()), (status, shown), "{policy}: {answer}");
        if status == 503 {
            assert!(lines.iter().any(|line| line.starts_with(&format!("FAIL backend {gone}: "))), "{answer}");
            assert!(lines.contains(&format!("ok   backend {}: can be reached", backend.addr())), "{answer}");
        }
        backend.restart(false);
    }
}

#[tokio::test]
async fn a_store_that_cannot_write_matters_as_it_is_set() {
    let (backend, dir) = (Backend::new(&[], &[]), tempfile::tempdir().unwrap());
    std::fs::write(dir.path().join("file"), "not a directory").unwrap();
    for (policy, status, word) in [("ignore", 200, "ok  "), ("require", 503, "FAIL")] {
        let settings = Settings::to(&backend).state_in(&dir.path().join("file/state"));
        let proxy = settings.set("admin.ready_store", policy).start().await;
        proxy.line("that it keeps nothing", |line| message(line).contains("cannot be written")).await;
        // Then its records are taken over, too: it serves.
        proxy.put(&format!("/{policy}"), File::new(1)).await.finish().await.assert_stored();
        let answer = proxy.admin.get("/readyz").await;
        assert_eq!(answer.status, status, "{answer}");
        assert!(
            lines(&answer)[2].starts_with(&format!("{word} store: records cannot be written")),
            "{answer}"
        );
        let metrics = proxy.admin.metrics().await;
        assert_eq!(metrics.get("store_degraded", &[]), 1.0);
        assert!(metrics.get("store_failed_writes_total", &[]) >= 1.0);
    }
}

#[tokio::test]
async fn a_program_that_hangs_is_not_asked_for_long() {
    let proxy = Settings::to(&Backend::new(&[], &[])).set("workers", "1").start().await;
    signal(proxy.pid(), "STOP");
    let answered = tokio::time::timeout(Duration::from_millis(300), proxy.admin.get("/livez")).await;
    signal(proxy.pid(), "CONT");
    assert!(answered.is_err(), "a process that is stopped answers nothing: {answered:?}");
    assert_eq!(proxy.admin.get("/livez").await.status, 200, "and is well when it goes on");
}
