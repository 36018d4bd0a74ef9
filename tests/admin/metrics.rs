//! What moves which figure, and that none tells a secret.

use crate::openmetrics;
use crate::phone::{Leaving, Phone, Progress};
use crate::support::{Backend, File, Proxy, Settings, Upload, ask, within};
use put2bits::limits::{KIB, MIB};

/// A name, labels, and the value that it comes to.
type Figure<'a> = (&'a str, &'a [(&'a str, &'a str)], u64);

/// Asserts the values of some figures. Those of an upload move just before or after its client has the answer.
async fn assert_figures(proxy: &Proxy, figures: &[Figure<'_>]) {
    for (name, labels, value) in figures {
        proxy.admin.until_is(name, labels, *value).await;
    }
}

#[tokio::test]
async fn an_upload_that_is_stored() {
    let backend = Backend::new(&["existing=overwrite"], &[]);
    let proxy = Settings::route(&backend.url(), "profile = 'refuse'").start().await;
    assert_figures(&proxy, &[("uploads_total", &[], 0), ("memory_budget_bytes", &[], 256 * MIB)]).await;
    proxy.put("/a", File::new(3 * MIB)).await.finish().await.assert_stored();
    let stored: &[(&str, &str)] = &[("route", "/"), ("outcome", "stored"), ("error", ""), ("fault", "")];
    assert_figures(
        &proxy,
        &[
            ("uploads_total", stored, 1),
            ("uploads_total", &[], 1),
            ("received_bytes_total", &[], 3 * MIB),
            ("acknowledged_bytes_total", &[], 3 * MIB),
            ("upload_duration_seconds_count", &[], 1),
            ("upload_tail_seconds_count", &[], 1),
            ("duplicates_total", &[], 0),
            ("retries_total", &[], 0),
        ],
    )
    .await;
    proxy.put("/a", File::new(MIB)).await.finish().await.assert_stored();
    assert_figures(
        &proxy,
        &[("duplicates_total", &[("kind", "stored_again")], 1), ("uploads_total", stored, 2)],
    )
    .await;
}

#[tokio::test]
async fn whose_fault_it_was() {
    let backend = Backend::new(&[], &["restart:fragment:after=3"]);
    let proxy = Settings::to(&backend).fragments_of(256 * KIB).start().await;
    let answer = proxy.put("/a", File::new(3 * MIB)).await.finish().await;
    answer.assert_problem(503, "session_lost");
    let mut upload = proxy.put("/b", File::new(3 * MIB)).await;
    upload.send_to(MIB).await;
    within("a part", backend.wait_for(|stats| stats.bytes >= MIB)).await;
    upload.vanish(true);
    ask(proxy.addr, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n").await.assert_problem(405, "method_not_allowed");
    assert_figures(
        &proxy,
        &[
            ("uploads_total", &[("outcome", "failed"), ("error", "session_lost"), ("fault", "backend")], 1),
            ("uploads_total", &[("outcome", "failed"), ("error", "client_gone"), ("fault", "client")], 1),
            ("uploads_total", &[], 2),
            ("requests_refused_total", &[("error", "method_not_allowed"), ("fault", "client")], 1),
            ("requests_refused_total", &[], 1),
            ("upload_duration_seconds_count", &[], 0),
            ("connections_open", &[], 0),
        ],
    )
    .await;
}

#[tokio::test]
async fn trouble_that_the_client_does_not_notice() {
    let backend = Backend::new(&[], &["drop-ack:fragment:count=3"]);
    let proxy = Settings::to(&backend).fragments_of(256 * KIB).start().await;
    proxy.put("/a", File::new(2 * MIB)).await.finish().await.assert_stored();
    assert_figures(&proxy, &[("retries_total", &[], 3), ("session_restarts_total", &[], 0)]).await;

    let strike = |faults: &[&str]| {
        backend.set_faults(faults.iter().map(|fault| fault.parse().unwrap()).collect());
    };
    strike(&["restart:fragment"]);
    proxy.put("/b", File::new(2 * MIB)).await.finish().await.assert_stored();
    assert_figures(&proxy, &[("session_restarts_total", &[], 1), ("ambiguous_closes_total", &[], 0)]).await;

    // The server never saw the Close, and has forgotten the session; then it did, and the answer is lost.
    strike(&["drop-head:close", "lose-session:close"]);
    proxy.put("/c", File::new(MIB)).await.finish().await.assert_problem(503, "close_in_doubt");
    strike(&["drop-ack:close"]);
    proxy.put("/d", File::new(MIB)).await.finish().await.assert_stored();
    for verdict in ["stored", "failed"] {
        assert_figures(&proxy, &[("ambiguous_closes_total", &[("verdict", verdict)], 1)]).await;
    }
}

#[tokio::test]
async fn an_upload_that_is_resumed() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let file = File::new(6 * MIB);
    let mut phone = Phone::new(proxy.addr, "/a", file);
    let mut going = phone.begin().await.unwrap();
    assert_figures(&proxy, &[("upload_resources_open", &[], 1), ("connections_open", &[], 1)]).await;
    going.send_to(3 * MIB).await;
    going.leave(Leaving::Closed);
    assert_figures(&proxy, &[("uploads_total", &[("outcome", "paused")], 1), ("cut_offs_total", &[], 0)])
        .await;

    // It goes on; its connection hangs; it comes back on another.
    phone.ask().await;
    let mut going = phone.go_on().await.unwrap();
    going.send_to(4 * MIB).await;
    let hanging = going.leave(Leaving::Silent);
    // Whatever had been read of it by then.
    assert!(matches!(phone.ask().await, Progress::At { finished: false, .. }));
    drop(hanging);
    let answer = phone.go_on().await.unwrap().finish().await.unwrap();
    assert_eq!(answer.status, 201, "{answer}");
    assert_figures(
        &proxy,
        &[
            ("uploads_total", &[("outcome", "paused")], 2),
            ("uploads_total", &[("outcome", "stored")], 1),
            ("resumptions_total", &[], 2),
            // It left by itself each time.
            ("cut_offs_total", &[], 0),
            ("acknowledged_bytes_total", &[], 6 * MIB),
            ("upload_resources_open", &[], 0),
            ("duplicates_total", &[], 0),
        ],
    )
    .await;

    // It missed the answer, and asks again.
    phone.ask().await;
    let answer = phone.go_on().await.unwrap().finish().await.unwrap();
    assert_eq!(answer.status, 201, "{answer}");
    assert_figures(
        &proxy,
        &[("duplicates_total", &[("kind", "answer_replayed")], 1), ("uploads_total", &[], 3)],
    )
    .await;
}

#[tokio::test]
async fn a_client_that_is_better_broken_off() {
    let backend = Backend::new(&[], &["status=503:fragment:after=1,count=1000"]);
    let settings = Settings::to(&backend).fragments_of(256 * KIB).set("retry.window", "200ms");
    let proxy = settings.start().await;
    let mut phone = Phone::new(proxy.addr, "/a", File::new(3 * MIB));
    let answer = within("the end of its connection", phone.begin().await.unwrap().finish()).await;
    assert!(answer.is_none(), "no 5xx: {}", answer.unwrap());
    let paused: &[(&str, &str)] = &[("outcome", "paused"), ("fault", "backend")];
    assert_figures(&proxy, &[("cut_offs_total", &[], 1), ("uploads_total", paused, 1)]).await;
}

#[tokio::test]
async fn memory_is_shown_as_it_is_taken_and_given_back() {
    const UPLOADS: u64 = 5;
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).set("limits.memory", "4MiB").fragments_of(MIB).start().await;
    let mut uploads: Vec<Upload> = Vec::new();
    for number in 0..UPLOADS {
        let mut upload = proxy.put(&format!("/{number}"), File::new(6 * MIB)).await;
        upload.send_to(64 * KIB).await;
        uploads.push(upload);
    }
    // Nothing is read for an upload that has no session yet.
    within("all sessions", backend.wait_for(|stats| stats.sessions_created == UPLOADS)).await;
    assert_figures(&proxy, &[("uploads_running", &[], UPLOADS)]).await;
    backend.set_stalled(true);
    let answers: Vec<_> = uploads.into_iter().map(|upload| tokio::spawn(upload.finish())).collect();
    let used = proxy.admin.until("memory_used_bytes", &[], |used| used > (2 * MIB) as f64).await;
    let budget = proxy.admin.metric("memory_budget_bytes", &[]).await;
    assert!(used <= budget, "{used} of {budget}");
    backend.set_stalled(false);
    for answer in answers {
        within("the answer", answer).await.unwrap().assert_stored();
    }
    assert_figures(
        &proxy,
        &[("memory_used_bytes", &[], 0), ("uploads_running", &[], 0), ("connections_open", &[], 0)],
    )
    .await;
}

const SECRETS: &str = "Authorization: Bearer s3cret-bearer\r\nCookie: session=s3cret-cookie\r\n\
                       X-File-Name: planted-header\r\n";

/// P12
#[tokio::test]
async fn no_secret_is_told() {
    let backend = Backend::new(&[], &["status=403:create:after=2"]);
    let proxy = Settings::to(&backend).set("admin.ready_backend", "all").start().await;
    let path = "/planted-path?token=s3cret-query";
    let mut phone = Phone::new(proxy.addr, path, File::new(3 * MIB)).with(SECRETS);
    let mut going = phone.begin().await.unwrap();
    going.send_to(MIB).await;
    going.leave(Leaving::Closed);
    phone.upload(None).await;
    Upload::begin(proxy.addr, "PUT", path, File::new(MIB), SECRETS).await.finish().await;
    Upload::begin(proxy.addr, "PUT", path, File::new(MIB), SECRETS).await.finish().await;
    let refused = format!("PLANTED-METHOD {path} HTTP/1.1\r\nHost: planted-host\r\n{SECRETS}\r\n");
    ask(proxy.addr, &refused).await;
    assert_figures(&proxy, &[("uploads_total", &[], 4), ("requests_refused_total", &[], 1)]).await;
    let url = phone.url.clone().unwrap();
    let id = url.rsplit('/').next().unwrap();
    for page in ["/metrics?planted-too", "/readyz", "/livez"] {
        let said = proxy.admin.get(page).await.to_string();
        let tells = |what: &str| said.to_lowercase().contains(what);
        assert!(!tells("planted") && !tells("s3cret") && !tells(id), "{page}: {said}");
    }
}

#[tokio::test]
async fn every_line_is_openmetrics_and_every_figure_is_explained() {
    let backend = Backend::new(&[], &["drop-ack:fragment"]);
    let proxy = Settings::to(&backend).start().await;
    openmetrics::check(&proxy.admin.metrics().await.text);
    proxy.put("/a", File::new(MIB)).await.finish().await.assert_stored();
    ask(proxy.addr, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n").await.assert_problem(405, "method_not_allowed");
    assert_figures(&proxy, &[("uploads_total", &[], 1)]).await;
    let text = proxy.admin.metrics().await.text;
    let families = openmetrics::check(&text);
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operating.md")).unwrap();
    let rows =
        page.lines().filter(|line| line.starts_with("| `put2bits_") && !line.contains("only with TLS"));
    let mut told: Vec<String> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let name = cells[1].trim_matches('`');
            let family = match cells[2] {
                "counter" => name.strip_suffix("_total").unwrap(),
                "info" => name.strip_suffix("_info").unwrap(),
                _ => name,
            };
            assert!(text.contains(&format!("# TYPE {family} {}\n", cells[2])), "{row}");
            family.to_owned()
        })
        .collect();
    let mut families: Vec<String> = families;
    families.sort();
    told.sort();
    assert_eq!(told, families);
}
