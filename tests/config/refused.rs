//! What wrong configurations are told.

use crate::case::{Case, ROUTE, file_error};
use std::ffi::OsString;
use std::fs;

#[test]
fn values_that_clash_are_refused() {
    for (text, error) in [
        (
            "limits.memory = '10MiB'\nfragment.max = '6MiB'",
            "p.toml:2: limits.memory (10MiB, p.toml:1) is less than 2 times fragment.max (6MiB, p.toml:2)",
        ),
        (
            "fragment.max = '200MiB'",
            "p.toml:1: limits.memory (256MiB, default) is less than 2 times fragment.max (200MiB, p.toml:1)",
        ),
        (
            "fragment.first = '16MiB'",
            "p.toml:1: fragment.first (16MiB, p.toml:1) is larger than fragment.max (8MiB, default)",
        ),
        (
            "fragment.min = '1MiB'",
            "p.toml:1: fragment.min (1MiB, p.toml:1) is larger than fragment.first (256KiB, default)",
        ),
        (
            "retry.window = '1s'\nretry.max_delay = '2s'",
            "p.toml:2: retry.max_delay (2s, p.toml:2) is larger than retry.window (1s, p.toml:1)",
        ),
        (
            "timeouts.ack = '7m'",
            "p.toml:1: timeouts.ack (7m, p.toml:1) is larger than timeouts.final_ack (6m, default)",
        ),
        (
            "uploads.max_running_per_client = 1001",
            "p.toml:1: uploads.max_running_per_client (1001, p.toml:1) is larger than uploads.max_running (1000, default)",
        ),
        (
            "connections.max = 5\nconnections.max_per_client = 6",
            "p.toml:2: connections.max_per_client (6, p.toml:2) is larger than connections.max (5, p.toml:1)",
        ),
        (
            "timeouts.upload = '10s'\ntimeouts.rate_window = '20s'",
            "p.toml:2: timeouts.rate_window (20s, p.toml:2) is larger than timeouts.upload (10s, p.toml:1)",
        ),
        (
            "limits.memory = 1",
            "p.toml:1: limits.memory (1B, p.toml:1) is less than 2 times fragment.max (8MiB, default)",
        ),
    ] {
        assert_eq!(file_error(&format!("{text}\n{ROUTE}")), error);
    }
}

#[test]
fn unknown_keys_are_refused_with_path_line_and_advice() {
    for (text, error) in [
        ("colour = 1", "p.toml:1: colour: unknown key"),
        ("\nlistn = ''", "p.toml:2: listn: unknown key; did you mean \"listen\"?"),
        ("max_upload = 1", "p.toml:1: max_upload: unknown key; did you mean \"limits.max_upload\"?"),
        ("backend = ''", "p.toml:1: backend: must be a list of tables: write [[backend]]"),
        (
            "[limits]\nmemory = 1\nfragmnet = 2",
            "p.toml:3: limits.fragmnet: unknown key; did you mean \"fragment\"?",
        ),
        ("limits.memory.max = 1", "p.toml:1: limits.memory: a table is not a size above 0, such as"),
        ("[limit]", "p.toml:1: limit: unknown key; did you mean \"limits\"?"),
        ("[[route]]\npaht = '/'", "p.toml:2: route[0].paht: unknown key; did you mean \"path\"?"),
        ("'a\\nb' = 1", "p.toml:1: a\\nb: unknown key"),
        ("\"a\\nb\" = 1", "p.toml:1: a\\nb: unknown key"),
        ("\"\" = 1", "p.toml:1: unknown key"),
    ] {
        let line = file_error(text);
        assert!(line.starts_with(error), "{text}\n{line}");
    }
}

#[test]
fn wrong_values_are_refused_with_what_is_allowed() {
    for (text, error) in [
        (
            "listen = 8080",
            "p.toml:1: listen: 8080 is not \"off\", or an IP address and a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"",
        ),
        (
            "listen = 'localhost:80'",
            "p.toml:1: listen: \"localhost:80\" is not \"off\", or an IP address and a port",
        ),
        ("workers = 0", "p.toml:1: workers: 0 is not a whole number from 1 to 1024"),
        ("workers = '4'", "p.toml:1: workers: \"4\" is not a whole number"),
        ("workers = -1", "p.toml:1: workers: -1 is not"),
        ("workers = 4.0", "p.toml:1: workers: a number with a point is not"),
        ("limits = 5", "p.toml:1: limits: must be a table: write [limits]"),
        ("limits.memory = -5", "p.toml:1: limits.memory: -5 is not a size above 0, such as \"8MiB\""),
        ("limits.memory = true", "p.toml:1: limits.memory: true is not a size"),
        ("limits.memory = '0'", "p.toml:1: limits.memory: \"0\" is not a size above 0"),
        ("limits.memory = '99999999TiB'", "p.toml:1: limits.memory: \"99999999TiB\" is not a size"),
        (
            "limits.memory = 99999999999999999999",
            "p.toml:1: limits.memory: 99999999999999999999 is not a size",
        ),
        ("retry.window = 90", "p.toml:1: retry.window: 90 is not a time with its unit"),
        ("retry.window = '90'", "p.toml:1: retry.window: \"90\" is not a time with its unit"),
        ("retry.window = '-1s'", "p.toml:1: retry.window: \"-1s\" is not a time"),
        ("retry.window = '0s'", "p.toml:1: retry.window: \"0s\" is not a time with its unit, above 0"),
        ("retry.window = '31days'", "p.toml:1: retry.window: \"31days\" is not a time"),
        ("retry.stalled_exchanges = 0", "p.toml:1: retry.stalled_exchanges: 0 is not a whole number from 1"),
        ("retry.restarts = 4294967296", "p.toml:1: retry.restarts: 4294967296 is not a whole number"),
        ("log.format = 'yaml'", "p.toml:1: log.format: \"yaml\" is not one of text, json"),
        (
            "log.format = 'JSON'",
            "p.toml:1: log.format: \"JSON\" is not one of text, json; did you mean \"json\"?",
        ),
        ("log.filter = 'a=b=c'", "p.toml:1: log.filter: \"a=b=c\" is not a log filter"),
        (
            "log.filter = 'infos'",
            "p.toml:1: log.filter: \"infos\" is no level; did you mean \"info\"? (A module needs one: \"infos=debug\".)",
        ),
        ("log.filter = ' '", "p.toml:1: log.filter: \" \" is not a log filter"),
        ("route = 5", "p.toml:1: route: must be a list of tables: write [[route]]"),
        ("[route]", "p.toml:1: route: must be a list of tables: write [[route]]"),
        ("workers = \n", "p.toml:1: not TOML: "),
        ("workers = 1\nworkers = 2", "p.toml:2: not TOML: duplicate key"),
        ("\n\n[[route\n", "p.toml:3: not TOML: "),
    ] {
        let line = file_error(&format!("{text}\n{}", if text.contains("oute") { "" } else { ROUTE }));
        assert!(line.starts_with(error), "{text}\n{line}");
    }
    let line = file_error(&format!("workers = '{}'", "x".repeat(1000)));
    assert!(line.len() < 200, "{line}");
}

#[test]
fn wrong_routes_are_refused() {
    for (fields, error) in [
        ("", "p.toml:1: route[0].path: is missing: write path = \"/\""),
        ("path = '/'", "p.toml:1: route[0].backend: is missing: write backend = \"http://iis/uploads/\""),
        (
            "path = 'x'\nbackend = 'http://iis/'",
            "p.toml:2: route[0].path: \"x\" is not a path that begins with '/'",
        ),
        ("path = '/'\nbackend = 5", "p.toml:3: route[0].backend: 5 is not a URL"),
        (
            "path = '/'\nbackend = 'iis'",
            "p.toml:3: route[0].backend: \"iis\" is refused: write an absolute URL",
        ),
        (
            "path = '/'\nbackend = 'ftp://iis/'",
            "p.toml:3: route[0].backend: \"ftp://iis/\" is refused: a backend URL must begin with http:// or https://",
        ),
        (
            "path = '/'\nbackend = 'http://u:secret@iis/'",
            "p.toml:3: route[0].backend: \"http://***\" is refused: a user name",
        ),
        (
            "path = '/'\nbackend = 'http://iis/?s=secret'",
            "p.toml:3: route[0].backend: \"http://iis/?***\" is refused: a backend URL cannot have a query",
        ),
        (
            "PB\nprofile = 'iss'",
            "p.toml:4: route[0].profile: \"iss\" is not one of auto, iis, refuse, trim, append, unknown; did you mean \"iis\"?",
        ),
        ("PB\nhost = 'a:80'", "p.toml:4: route[0].host: \"a:80\" is not a host name without a port"),
        ("PB\nhost = []", "p.toml:4: route[0].host: no host at all"),
        ("PB\nhost = ['a', 'A']", "p.toml:4: route[0].host: \"A\" is not needed twice"),
        ("PB\ntarget = 'x/{nmae}'", "p.toml:4: route[0].target: \"x/{nmae}\", column 3: {nmae} is unknown"),
        ("PB\noverwrite = 'yes'", "p.toml:4: route[0].overwrite: \"yes\" is not one of pass, refuse, suffix"),
        ("PB\ndigest = 'x'", "p.toml:4: route[0].digest: \"x\" is not one of accept, require, ignore"),
        ("PB\nmax_upload = 0", "p.toml:4: route[0].max_upload: 0 is not a size above 0"),
        ("PB\nmax_running = 0", "p.toml:4: route[0].max_running: 0 is not a whole number from 1"),
        ("PB\nrequest_headers = ['Host']", "p.toml:4: route[0].request_headers: "),
        ("PB\nrequest_headers = ['X-A = BITS-Session-Id']", "p.toml:4: route[0].request_headers: "),
        (
            "PB\nrequest_headers = ['a', 'b = A']",
            "p.toml:4: route[0].request_headers: \"b = A\" is not needed twice",
        ),
        ("PB\nset_headers = 'x'", "p.toml:4: route[0].set_headers: \"x\" is not a table"),
        ("PB\nset_headers = { Content-Length = '1' }", "p.toml:4: route[0].set_headers: content-length: "),
        ("PB\nset_headers = { X = { path = '1' } }", "p.toml:4: route[0].set_headers: x: a table is { file"),
        (
            "PB\nset_headers = { Authorization = 'Bearer s3cret' }",
            "p.toml:4: route[0].set_headers: authorization: a secret does not belong in this file",
        ),
        (
            "PB\nadd_response_headers = { Upload-Offset = '1' }",
            "p.toml:4: route[0].add_response_headers: upload-offset",
        ),
        ("PB\nzero_length = 'x'", "p.toml:4: route[0].zero_length: \"x\" is not one of create-close, refuse"),
        ("PB\nreply = true", "p.toml:4: route[0].reply: true is not one of ignore, forward"),
        (
            "PB\nambiguous_close = 'x'",
            "p.toml:4: route[0].ambiguous_close: \"x\" is not one of verify, fail, accept",
        ),
        (
            "PB\nresponse_headers = 'ETag'",
            "p.toml:4: route[0].response_headers: \"ETag\" is not a list of header names",
        ),
        (
            "PB\nresponse_headers = [\n 'a b']",
            "p.toml:4: route[0].response_headers: \"a b\" is not the name of a header",
        ),
        (
            "PB\nresponse_headers = ['Connection']",
            "p.toml:4: route[0].response_headers: \"Connection\" is not passed on",
        ),
        (
            "PB\nresponse_headers = ['ETag', 'etag']",
            "p.toml:4: route[0].response_headers: \"etag\" is not needed twice",
        ),
        ("PB\nname_header = ''", "p.toml:4: route[0].name_header: \"\" is not the name of a header"),
        (
            "PB\nname_query = 'a&b'",
            "p.toml:4: route[0].name_query: \"a&b\" is not the name of a query parameter",
        ),
        (
            "PB\nrefused_names = '*.exe'",
            "p.toml:4: route[0].refused_names: \"*.exe\" is not a list of file names",
        ),
        ("PB\nrefused_names = ['*']", "p.toml:4: route[0].refused_names: \"*\" is not a file name"),
        ("PB\n[[route]]\nPB", "p.toml:5: route[1].path: \"/\" is the path of another route, too (p.toml:2)"),
    ] {
        let line = file_error(&format!(
            "[[route]]\n{}",
            fields.replace("PB", "path = '/'\nbackend = 'http://iis/'")
        ));
        assert!(line.starts_with(error), "{fields}\n{line}");
        assert!(!line.contains("s3cret"), "{line}");
    }
    // The missing slash does not make another path.
    let text =
        "[[route]]\npath = '/a'\nbackend = 'http://iis/'\n[[route]]\npath = '/a/'\nbackend = 'http://iis/'";
    assert!(file_error(text).contains("another route"));
}

#[test]
fn routes_and_backend_exclude_each_other_and_one_is_needed() {
    assert_eq!(
        Case::new().error(),
        "no route: give --backend URL, set PUT2BITS_BACKEND, or write a [[route]] into the file"
    );
    assert_eq!(
        Case::with_backend().file(ROUTE).error(),
        "--backend: conflicts with [[route]] (p.toml:1): give one or the other"
    );
    assert!(
        Case::new()
            .file(ROUTE)
            .var("PUT2BITS_BACKEND", "http://x/")
            .error()
            .starts_with("PUT2BITS_BACKEND: conflicts")
    );
    assert!(
        Case::new()
            .file(ROUTE)
            .flag("--profile", "profile", "iis")
            .error()
            .starts_with("--profile: goes with --backend")
    );
    let error = Case::new().flag("--backend", "backend", "ftp://iis/").resolve().unwrap_err();
    assert!(error.is_usage(), "{error}");
}

#[test]
fn wrong_variables_are_refused() {
    for (name, value, error) in [
        ("PUT2BITS_LISTN", "", "PUT2BITS_LISTN: unknown variable; did you mean PUT2BITS_LISTEN?"),
        ("PUT2BITS_FOO_BAR_BAZ_QUX", "", "PUT2BITS_FOO_BAR_BAZ_QUX: unknown variable"),
        ("PUT2BITS_LISTEN", "", "PUT2BITS_LISTEN: \"\" is not \"off\", or an IP address"),
        ("PUT2BITS_WORKERS", "+4", "PUT2BITS_WORKERS: \"+4\" is not a whole number"),
        ("PUT2BITS_BACKEND", "x", "PUT2BITS_BACKEND: \"x\" is refused: write an absolute URL"),
        ("PUT2BITS_CONFIG", "/nowhere/x.toml", "cannot read /nowhere/x.toml: "),
    ] {
        let line = Case::new().var(name, value).error();
        assert!(line.starts_with(error), "{line}");
    }
    Case::with_backend()
        .var("PUT2BITS_SERVICE_HOST", "10.0.0.1")
        .var("PUT2BITS_PORT", "tcp://x")
        .resolve()
        .unwrap();
}

#[cfg(unix)]
#[test]
fn text_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStringExt as _;
    let bytes = || OsString::from_vec(vec![b'x', 0xff]);
    let mut case = Case::new();
    case.sources.environment.push(("PUT2BITS_LISTEN".into(), bytes()));
    assert_eq!(case.error(), "PUT2BITS_LISTEN: is not UTF-8");

    let case = Case::new().file("");
    fs::write(case.path(), [0xff]).unwrap();
    assert!(case.error().starts_with("cannot read p.toml: "));
}

#[test]
fn a_file_may_be_written_by_windows_but_not_be_endless() {
    let text = format!("\u{feff}workers = 3\r\nlog.format = 'json'\r\n{ROUTE}");
    assert_eq!(Case::new().file(&text).resolve().unwrap().config().workers, 3);
    assert_eq!(file_error(&" ".repeat((1 << 20) + 1)), "cannot read p.toml: larger than 1 MiB");
}
