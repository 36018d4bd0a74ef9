use super::*;
use crate::error::Failure;
use std::time::Duration;

const STORED_LINE: UploadLine<'static> = UploadLine {
    id: "planted-id",
    client: None,
    user: None,
    method: "PUT",
    route: "/photos/",
    backend: "iis:8080",
    target: "/uploads/planted-name",
    session: Some("{planted-session}"),
    total: 3,
    bytes: 3,
    fragments: 1,
    retries: 0,
    restarts: 0,
    duration: Duration::from_millis(1500),
    tail: Some(Duration::from_millis(40)),
    from: 0,
    status: 201,
    end: UploadEnd::Stored,
};

/// The value in the line of that beginning.
#[track_caller]
fn value(text: &str, series: &str) -> u64 {
    let found = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("no {series} in\n{text}")).parse().unwrap()
}

#[test]
fn each_end_of_an_upload_has_its_series() {
    let metrics = Metrics::new(["/photos/"]);
    let text = || Exposition::new(&metrics).text();
    let stored = "put2bits_uploads_total{route=\"/photos/\",outcome=\"stored\",error=\"\",fault=\"\"}";
    assert_eq!(value(&text(), stored), 0);
    metrics.upload_finished(&STORED_LINE);
    let failure = Failure::new(Problem::Exists, "planted-detail");
    let client = Some(([127, 0, 0, 1], 47_123).into());
    metrics.upload_finished(&UploadLine { end: UploadEnd::Failed(&failure), client, ..STORED_LINE });
    metrics.upload_finished(&UploadLine { end: UploadEnd::Paused(&failure), client, from: 2, ..STORED_LINE });
    metrics.upload_finished(&UploadLine { end: UploadEnd::Taken, from: 2, ..STORED_LINE });
    metrics.upload_finished(&STORED_LINE);
    let text = text();
    for (labels, count) in [
        ("outcome=\"stored\",error=\"\",fault=\"\"", 2),
        ("outcome=\"failed\",error=\"exists\",fault=\"backend\"", 1),
        ("outcome=\"paused\",error=\"exists\",fault=\"backend\"", 1),
        ("outcome=\"taken\",error=\"\",fault=\"\"", 1),
    ] {
        let series = format!("put2bits_uploads_total{{route=\"/photos/\",{labels}}}");
        assert_eq!(value(&text, &series), count, "{text}");
    }
    assert_eq!(value(&text, "put2bits_resumptions_total"), 1, "one was begun by the proxy itself");
    assert_eq!(value(&text, "put2bits_duplicates_total{kind=\"stored_again\"}"), 1);
    assert_eq!(value(&text, "put2bits_upload_duration_seconds_bucket{le=\"1.0\"}"), 0);
    assert_eq!(value(&text, "put2bits_upload_duration_seconds_bucket{le=\"5.0\"}"), 2);
    assert_eq!(value(&text, "put2bits_upload_tail_seconds_count"), 2);
    assert!(!text.contains("planted") && !text.contains("47123"), "{text}");
}

#[test]
fn what_is_counted_shows() {
    let metrics = Metrics::new([]);
    metrics.request_refused(Problem::NoRoute);
    metrics.retried();
    metrics.restarted();
    metrics.challenged();
    metrics.node_given_up();
    metrics.cut_off();
    metrics.replayed();
    metrics.close_decided(false);
    metrics.connection_refused(ConnectionLimit::PerClient);
    let guard = metrics.connection();
    let mut exposition = Exposition::new(&metrics);
    exposition.gauge("memory_used", Some(Unit::Bytes), "Bytes in use", || 7);
    exposition.counter("received", Some(Unit::Bytes), "Bytes received", || 8);
    let text = exposition.text();
    for (series, count) in [
        ("put2bits_requests_refused_total{error=\"no_route\",fault=\"client\"}", 1),
        ("put2bits_retries_total", 1),
        ("put2bits_session_restarts_total", 1),
        ("put2bits_backend_challenges_total", 1),
        ("put2bits_backend_nodes_given_up_total", 1),
        ("put2bits_cut_offs_total", 1),
        ("put2bits_duplicates_total{kind=\"answer_replayed\"}", 1),
        ("put2bits_ambiguous_closes_total{verdict=\"failed\"}", 1),
        ("put2bits_ambiguous_closes_total{verdict=\"stored\"}", 0),
        ("put2bits_connections_open", 1),
        ("put2bits_connections_refused_total{reason=\"max_per_client\"}", 1),
        ("put2bits_memory_used_bytes", 7),
        ("put2bits_received_bytes_total", 8),
        (&format!("put2bits_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1),
    ] {
        assert_eq!(value(&text, series), count, "{series}");
    }
    assert!(text.ends_with("# EOF\n"), "{text}");
    drop(guard);
    assert_eq!(value(&exposition.text(), "put2bits_connections_open"), 0);
}
