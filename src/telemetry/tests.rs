use super::*;
use crate::error::{Failure, Problem};
use serde_json::Value;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Collects what is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(format: LogFormat, filter: &str, colours: bool, log: impl FnOnce()) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let config = LogConfig { format, filter: filter.to_owned() };
    let dispatch = subscriber(&config, move || writer.clone(), colours).unwrap();
    dispatcher::with_default(&dispatch, log);
    String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
}

const STORED: UploadLine<'static> = UploadLine {
    id: "7f3a",
    client: Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)), 51_000)),
    user: None,
    method: "PUT",
    route: "/photos/",
    backend: "iis:8080",
    target: "/uploads/movie.mov?token=s3cret",
    session: Some("{7df0354d-249b-430f-820d-3d2a9bef4931}"),
    total: 3 << 20,
    bytes: 3 << 20,
    fragments: 3,
    retries: 1,
    restarts: 0,
    duration: Duration::from_millis(1500),
    tail: Some(Duration::from_millis(40)),
    from: 0,
    status: 201,
    end: UploadEnd::Stored,
};

#[test]
fn a_stored_upload_is_one_line_of_text() {
    let text = logged(LogFormat::Text, "info", false, || upload_finished(&STORED));
    assert_eq!(text.lines().count(), 1, "{text}");
    for part in [
        " INFO put2bits::upload: stored 3.0 MiB in 1.500 s (2.0 MiB/s)",
        " id=\"7f3a\" client=\"192.0.2.7:51000\" method=\"PUT\" route=\"/photos/\" backend=\"iis:8080\" file=\"/uploads/movie.mov\" session=\"{7df0354…\"",
        " end=\"stored\" from=0 bytes=3145728 total=3145728 fragments=3 retries=1 restarts=0 duration_ms=1500 tail_ms=40",
        " bytes_per_s=2097152 status=201",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(["error=", "fault=", "cause="].iter().all(|field| !text.contains(field)), "{text}");
    assert!(!text.contains('\x1b'), "{text}");
    let stamp = text.split(' ').next().unwrap();
    assert!(stamp.ends_with('Z') && humantime::parse_rfc3339(stamp).is_ok(), "{stamp}");
}

#[test]
fn a_stored_upload_is_one_json_object() {
    let text = logged(LogFormat::Json, "info", false, || upload_finished(&STORED));
    assert_eq!(text.lines().count(), 1, "{text}");
    let line: Value = serde_json::from_str(&text).unwrap();
    for (field, value) in [
        ("level", Value::from("INFO")),
        ("target", Value::from("put2bits::upload")),
        ("message", Value::from("stored 3.0 MiB in 1.500 s (2.0 MiB/s)")),
        ("id", Value::from("7f3a")),
        ("client", Value::from("192.0.2.7:51000")),
        ("backend", Value::from("iis:8080")),
        ("file", Value::from("/uploads/movie.mov")),
        ("session", Value::from("{7df0354…")),
        ("bytes", Value::from(3 << 20)),
        ("duration_ms", Value::from(1500)),
        ("status", Value::from(201)),
        ("error", Value::Null),
    ] {
        assert_eq!(line[field], value, "{field}: {text}");
    }
}

#[test]
fn the_level_tells_whose_fault_it_is() {
    for (problem, level, fault) in [
        (Problem::TooLarge, "INFO", "client"),
        (Problem::Exists, "WARN", "backend"),
        (Problem::Internal, "ERROR", "proxy"),
        (Problem::AuthUnavailable, "WARN", "proxy"),
    ] {
        let failure = Failure::new(problem, "what happened");
        let line = UploadLine { status: 400, bytes: 1 << 20, end: UploadEnd::Failed(&failure), ..STORED };
        let text = logged(LogFormat::Json, "info", false, || upload_finished(&line));
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&json["level"], &json["fault"]), (&Value::from(level), &Value::from(fault)), "{text}");
        assert_eq!(json["error"], problem.code());
        let message =
            format!("failed after 1.0 MiB of 3.0 MiB and 1.500 s: {}: what happened", problem.code());
        assert_eq!(json["message"], message);
    }
}

#[test]
fn no_secret_and_no_second_line_gets_in() {
    let failure = Failure::new(Problem::Internal, "first\nsecond \x1b[31mred");
    let line = UploadLine { id: "a\nb", method: "PUT\r\nX", end: UploadEnd::Failed(&failure), ..STORED };
    for format in [LogFormat::Text, LogFormat::Json] {
        let text = logged(format, "trace", false, || upload_finished(&line));
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.contains("s3cret") && !text.contains("249b") && !text.contains('\x1b'), "{text}");
    }
}

#[test]
fn the_filter_filters_and_a_bad_one_is_refused() {
    assert_eq!(logged(LogFormat::Text, "warn", false, || upload_finished(&STORED)), "");
    assert_eq!(logged(LogFormat::Text, "info,put2bits::upload=off", false, || upload_finished(&STORED)), "");
    let config = LogConfig { format: LogFormat::Text, filter: "a=b=c".to_owned() };
    assert!(matches!(subscriber(&config, io::stderr, false), Err(InitError::Filter { .. })));
}

#[test]
fn colours_only_where_asked_for() {
    assert!(logged(LogFormat::Text, "info", true, || upload_finished(&STORED)).contains('\x1b'));
}

#[test]
fn odd_figures_do_no_harm() {
    let line = UploadLine {
        duration: Duration::ZERO,
        bytes: u64::MAX,
        total: u64::MAX,
        session: Some("é"),
        ..STORED
    };
    let text = logged(LogFormat::Text, "info", false, || upload_finished(&line));
    assert!(text.contains("session=\"é\""), "{text}");
    let line = UploadLine { duration: Duration::MAX, tail: Some(Duration::MAX), session: None, ..STORED };
    assert!(!logged(LogFormat::Text, "info", false, || upload_finished(&line)).contains("session="));
}

#[test]
fn what_is_done_without_a_client_names_none() {
    let line = UploadLine { client: None, ..STORED };
    assert!(!logged(LogFormat::Text, "info", false, || upload_finished(&line)).contains("client="));
}

#[test]
fn a_restart_is_no_error_for_what_can_be_resumed() {
    let failure = Failure::new(Problem::ShuttingDown, "the program ends");
    for (end, level) in [(UploadEnd::Paused(&failure), " INFO "), (UploadEnd::Failed(&failure), "ERROR ")] {
        let text = logged(LogFormat::Text, "info", false, || upload_finished(&UploadLine { end, ..STORED }));
        assert!(text.contains(level), "{text}");
    }
}
