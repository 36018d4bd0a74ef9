//! The keys of `[uploads]`, `[resumption]` and `[state]`, and `resumption` of a route.

use crate::case::{Case, ROUTE, file_error};
use http::{HeaderValue, header};
use put2bits::config::{Config, StoreKind};
use put2bits::resumable::{Mode, Settings};
use std::path::Path;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn values_land_where_they_belong() {
    let text = "
        [uploads]
        expire = '14days'
        keep = '30days'
        settle = '1s'
        max_open = 50
        max_open_per_client = 20
        [resumption]
        prefix = '/up/loads/'
        origin = 'https://upload.example.com:8443'
        rfc = true
        upload_limit = 107374182400
        credentials = ['Authorization', 'X-Api-Key']
        progress = '30s'
        [state]
        store = 'memory'
        dir = '/var/lib/put2bits'";
    let resolved = Case::new().file(&format!("{text}\n{ROUTE}")).resolve().unwrap();
    let Config { limits, resumption, state, .. } = resolved.config();
    let uploads = &limits.uploads;
    assert_eq!((uploads.expire, uploads.keep, uploads.settle), (14 * DAY, 30 * DAY, Duration::from_secs(1)));
    assert_eq!((uploads.max_open, uploads.max_open_per_client), (50, 20));
    let expected = Settings {
        prefix: "/up/loads/".to_owned(),
        origin: Some("https://upload.example.com:8443".to_owned()),
        rfc: true,
        upload_limit: Some(HeaderValue::from_static("107374182400")),
        credentials: vec![header::AUTHORIZATION, "x-api-key".parse().unwrap()],
        progress: Some(Duration::from_secs(30)),
    };
    assert_eq!(resumption, &expected);
    assert_eq!((state.store, state.dir.as_path()), (StoreKind::Memory, Path::new("/var/lib/put2bits")));

    let again = Case::new().file(&resolved.to_string()).resolve().unwrap();
    assert_eq!(again.config(), resolved.config(), "{resolved}");
}

#[test]
fn what_is_set_can_be_unset_by_a_variable() {
    let file = "
        [resumption]
        origin = 'https://upload.example.com'
        rfc = true
        upload_limit = 'min-size=0'
        progress = '1s'";
    let case = |off: &str| {
        Case::new()
            .file(&format!("{file}\n{ROUTE}"))
            .var("PUT2BITS_RESUMPTION_ORIGIN", "")
            .var("PUT2BITS_RESUMPTION_RFC", "false")
            .var("PUT2BITS_RESUMPTION_UPLOAD_LIMIT", "")
            .var("PUT2BITS_RESUMPTION_PROGRESS", off)
    };
    for off in ["off", "0", "0s"] {
        assert_eq!(case(off).resolve().unwrap().config().resumption, Settings::default(), "{off}");
    }
    let resolved = Case::new().file(&format!("resumption.progress = 0\n{ROUTE}")).resolve().unwrap();
    assert_eq!(resolved.config().resumption.progress, None);
}

#[test]
fn a_variable_holds_a_list_with_commas() {
    for (text, names) in [
        ("authorization,x-api-key", &["authorization", "x-api-key"][..]),
        (" X-Api-Key , Cookie ", &["x-api-key", "cookie"]),
        ("", &[]),
        (" ", &[]),
    ] {
        let resolved = Case::with_backend().var("PUT2BITS_RESUMPTION_CREDENTIALS", text).resolve().unwrap();
        assert_eq!(resolved.config().resumption.credentials, names, "{text:?}");
        let again = Case::new().file(&resolved.to_string()).resolve().unwrap();
        assert_eq!(again.config(), resolved.config(), "{resolved}");
    }
}

#[test]
fn the_store_has_its_flags() {
    let resolved = Case::with_backend()
        .file("state.dir = '/a'")
        .var("PUT2BITS_STATE_DIR", "/b")
        .var("PUT2BITS_STATE_STORE", "embedded")
        .flag("--state-dir", "state.dir", "c/d e")
        .flag("--store", "state.store", "memory")
        .resolve()
        .unwrap();
    let state = &resolved.config().state;
    assert_eq!((state.store, state.dir.as_path()), (StoreKind::Memory, Path::new("c/d e")));
    assert!(
        resolved
            .to_string()
            .lines()
            .any(|line| line.starts_with("dir = \"c/d e\" ") && line.ends_with("# --state-dir"))
    );
}

#[test]
fn each_route_says_whether_its_uploads_can_be_resumed() {
    for (word, mode) in [
        ("on", Mode::On),
        ("Off", Mode::Off),
        ("only-without-Via", Mode::UnlessVia),
        ("only-without-via", Mode::UnlessVia),
    ] {
        let resolved = Case::new().file(&format!("{ROUTE}resumption = '{word}'")).resolve().unwrap();
        let modes: Vec<_> = resolved.config().routes.iter().map(|route| route.resumption).collect();
        assert_eq!(modes, [mode], "{word}");
        let again = Case::new().file(&resolved.to_string()).resolve().unwrap();
        assert_eq!(again.config(), resolved.config(), "{resolved}");
    }
    for (value, error) in [
        ("'via'", "p.toml:4: route[0].resumption: \"via\" is not one of on, off, only-without-Via"),
        (
            "'only-without-vai'",
            "p.toml:4: route[0].resumption: \"only-without-vai\" is not one of on, off, only-without-Via; did you mean",
        ),
        ("true", "p.toml:4: route[0].resumption: true is not one of on, off, only-without-Via"),
    ] {
        let line = file_error(&format!("{ROUTE}resumption = {value}"));
        assert!(line.starts_with(error), "{line}");
    }
}

#[test]
fn wrong_values_are_refused() {
    for (text, error) in [
        (
            "uploads.expire = '15days'",
            "uploads.expire: \"15days\" is not a time with its unit, above 0 and up to 14 days",
        ),
        ("uploads.expire = '0s'", "uploads.expire: \"0s\" is not a time with its unit, above 0"),
        ("uploads.keep = '0s'", "uploads.keep: \"0s\" is not a time with its unit, above 0"),
        ("uploads.settle = 5", "uploads.settle: 5 is not a time with its unit, above 0"),
        ("uploads.settle = '2m'", "uploads.settle (2m, p.toml:1) is larger than timeouts.ack (1m, default)"),
        ("uploads.max_open = 0", "uploads.max_open: 0 is not a whole number from 1"),
        ("uploads.max_open_per_client = -1", "uploads.max_open_per_client: -1 is not a whole number from 1"),
        ("resumption.prefix = '/'", "resumption.prefix: \"/\" is not a path that begins and ends with '/'"),
        ("resumption.prefix = '/up'", "resumption.prefix: \"/up\" is not a path that begins and ends"),
        ("resumption.prefix = '/%41/'", "resumption.prefix: \"/%41/\" is not a path that begins and ends"),
        ("resumption.origin = 'http://a'", "resumption.origin: \"http://a\" is not \"https://host\""),
        ("resumption.origin = 'https://a/'", "resumption.origin: \"https://a/\" is not \"https://host\""),
        (
            "resumption.origin = 'https://me:secret@a'",
            "resumption.origin: \"https://***\" is not \"https://host\"",
        ),
        ("resumption.origin = true", "resumption.origin: true is not \"https://host\""),
        ("resumption.rfc = 'true'", "resumption.rfc: \"true\" is not true or false"),
        ("resumption.rfc = 1", "resumption.rfc: 1 is not true or false"),
        (
            "resumption.upload_limit = \"a\\nb\"",
            "resumption.upload_limit: \"a\\nb\" is not the value of a header",
        ),
        ("resumption.upload_limit = []", "resumption.upload_limit: an array is not the value of a header"),
        (
            "resumption.credentials = 'cookie'",
            "resumption.credentials: \"cookie\" is not a list of header names",
        ),
        ("resumption.credentials = ['a b']", "resumption.credentials: \"a b\" is not the name of a header"),
        (
            "resumption.credentials = ['Cookie', 'cookie']",
            "resumption.credentials: \"cookie\" is not needed twice",
        ),
        (
            "resumption.credentials = ['Upload-Offset']",
            "resumption.credentials: \"Upload-Offset\" is not a credential: it differs between",
        ),
        (
            "resumption.credentials = ['Content-Length']",
            "resumption.credentials: \"Content-Length\" is not a credential: it differs between",
        ),
        ("resumption.progress = '500ms'", "resumption.progress: \"500ms\" is not \"off\", or a time"),
        ("resumption.progress = 'on'", "resumption.progress: \"on\" is not \"off\", or a time"),
        ("resumption.progress = 30", "resumption.progress: 30 is not \"off\", or a time"),
        ("state.store = 'disk'", "state.store: \"disk\" is not one of embedded, memory"),
        ("state.dir = ''", "state.dir: \"\" is not the path of a folder"),
        ("state.dir = \"a\\u0000\"", "state.dir: \"a\\0\" is not the path of a folder"),
        ("state.dirs = ''", "state.dirs: unknown key; did you mean \"dir\"?"),
        ("resumption = 'on'", "resumption: must be a table: write [resumption]"),
    ] {
        let line = file_error(&format!("{text}\n{ROUTE}"));
        assert!(line.starts_with(&format!("p.toml:1: {error}")), "{text}\n{line}");
        assert!(!line.contains("secret"), "{line}");
    }
    for (name, value, error) in [
        (
            "PUT2BITS_RESUMPTION_RFC",
            "yes",
            "PUT2BITS_RESUMPTION_RFC: resumption.rfc: \"yes\" is not true or false",
        ),
        (
            "PUT2BITS_RESUMPTION_CREDENTIALS",
            "a,,b",
            "PUT2BITS_RESUMPTION_CREDENTIALS: resumption.credentials: \"\" is not the name of a header",
        ),
        (
            "PUT2BITS_RESUMPTION_CREDENTIAL",
            "",
            "PUT2BITS_RESUMPTION_CREDENTIAL: unknown variable; did you mean",
        ),
    ] {
        let line = Case::with_backend().var(name, value).error();
        assert!(line.starts_with(error), "{line}");
    }
}

#[test]
fn no_route_lies_where_uploads_are_resumed() {
    let route = |path: &str| format!("[[route]]\npath = '{path}'\nbackend = 'http://iis/'\n");
    for path in ["/_uploads", "/_uploads/", "/_uploads/photos/", "/%5Fuploads/a%20b"] {
        let line = file_error(&format!("{ROUTE}{}", route(path)));
        assert!(line.starts_with("p.toml:5: route[1].path: \"/"), "{line}");
        assert!(
            line.ends_with(
                " lies below resumption.prefix (\"/_uploads/\", default), where uploads are resumed"
            )
        );
        let elsewhere = format!("resumption.prefix = '/elsewhere/'\n{ROUTE}{}", route(path));
        Case::new().file(&elsewhere).resolve().unwrap();
    }
    let line = file_error(&format!("resumption.prefix = '/a/b/'\n{ROUTE}{}", route("/a/b/c")));
    assert_eq!(
        line,
        "p.toml:6: route[1].path: \"/a/b/c/\" lies below resumption.prefix (\"/a/b/\", p.toml:1), where uploads are resumed"
    );
    for path in ["/_uploadss", "/_upload", "/x/_uploads", "/a"] {
        Case::new().file(&format!("{ROUTE}{}", route(path))).resolve().unwrap();
    }
}

#[test]
fn the_time_to_settle_gives_way_to_that_of_an_answer() {
    let resolved = Case::with_backend().var("PUT2BITS_TIMEOUTS_ACK", "2s").resolve().unwrap();
    assert_eq!(resolved.config().limits.uploads.settle, Duration::from_secs(2));
    assert_eq!(resolved.origin("uploads.settle").to_string(), "default, lowered to fit timeouts.ack");
}

#[test]
fn what_is_measured_gives_way_to_the_longest_upload() {
    let resolved = Case::with_backend().var("PUT2BITS_TIMEOUTS_UPLOAD", "20s").resolve().unwrap();
    let time = &resolved.config().limits.time;
    assert_eq!([time.idle, time.rate_window], [Duration::from_secs(20); 2]);
    for (key, value) in
        [("TIMEOUTS_UPLOAD", "off"), ("TIMEOUTS_MIN_RATE", "0"), ("CONNECTIONS_MAX_PER_CLIENT", "0")]
    {
        Case::with_backend().var(&format!("PUT2BITS_{key}"), value).resolve().unwrap();
    }
}
