//! Configuration from the outside: what wins, what is refused and in which words, what is printed.

use put2bits::config::{
    Config, ConfigError, Flag, LogFormat, Origin, Resolved, Sources, known_keys, variable,
};
use put2bits::limits::{KIB, MIB};
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// One configuration to resolve.
struct Case {
    directory: TempDir,
    sources: Sources,
}

impl Case {
    fn new() -> Self {
        Case { directory: tempfile::tempdir().unwrap(), sources: Sources::default() }
    }

    /// With `--backend`, so that there is a route.
    fn with_backend() -> Self {
        Case::new().flag("--backend", "backend", "http://iis/")
    }

    fn file(mut self, text: &str) -> Self {
        let path = self.path();
        fs::write(&path, text).unwrap();
        self.sources.file = Some(path);
        self
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("p.toml")
    }

    fn var(mut self, name: &str, value: &str) -> Self {
        self.sources.environment.push((name.into(), value.into()));
        self
    }

    fn flag(mut self, name: &'static str, key: &'static str, value: &str) -> Self {
        self.sources.flags.push(Flag { name, key, value: value.to_owned() });
        self
    }

    fn resolve(self) -> Result<Resolved, ConfigError> {
        self.sources.resolve()
    }

    /// The error line, without the directory of the file.
    fn error(self) -> String {
        let directory = format!("{}/", self.directory.path().display());
        let line = self.sources.resolve().unwrap_err().to_string();
        assert!(!line.contains('\n'), "{line}");
        line.replace(&directory, "")
    }
}

/// The error line of a file.
fn file_error(text: &str) -> String {
    Case::new().file(text).error()
}

const ROUTE: &str = "[[route]]\npath = \"/\"\nbackend = \"http://iis/\"\n";

#[test]
fn flags_win_over_variables_over_file_over_defaults() {
    let file = format!(
        "limits.memory = '32MiB'\nlimits.max_upload = '1GiB'\nworkers = 3\nlog.filter = 'warn'\n{ROUTE}"
    );
    let resolved = Case::new()
        .file(&file)
        .var("PUT2BITS_LIMITS_MEMORY", "64MiB")
        .var("PUT2BITS_LIMITS_MAX_UPLOAD", "2GiB")
        .var("PUT2BITS_WORKERS", "4")
        .var("HOME", "/root")
        .flag("--memory", "limits.memory", "128MiB")
        .resolve()
        .unwrap();
    let config = resolved.config();
    assert_eq!(config.limits.memory, 128 * MIB);
    assert_eq!(config.limits.max_upload, 2048 * MIB);
    assert_eq!(config.workers, 4);
    assert_eq!(config.log.filter, "warn");
    assert_eq!(config.listen, Config::default().listen);
    assert_eq!(resolved.origin("limits.memory"), &Origin::Flag("--memory"));
    assert_eq!(resolved.origin("workers").to_string(), "PUT2BITS_WORKERS");
    assert!(resolved.origin("log.filter").to_string().ends_with("p.toml:4"));
    assert_eq!(resolved.origin("listen"), &Origin::Default);
}

#[test]
fn a_variable_names_the_file_and_the_flag_wins() {
    let case = Case::new();
    fs::write(case.path(), format!("workers = 7\n{ROUTE}")).unwrap();
    let path = case.path();
    let resolved = case.var("PUT2BITS_CONFIG", path.to_str().unwrap()).resolve().unwrap();
    assert_eq!(resolved.config().workers, 7);

    let resolved = Case::new().file(ROUTE).var("PUT2BITS_CONFIG", "/nowhere").resolve().unwrap();
    assert_ne!(resolved.config().workers, 7);
}

#[test]
fn every_scalar_key_has_its_variable() {
    let plain = Case::with_backend().resolve().unwrap();
    for line in plain.to_string().parse::<toml::Table>().unwrap().into_iter().flat_map(flatten) {
        let (key, value) = line;
        let resolved = Case::with_backend().var(&variable(&key), &value).resolve().unwrap();
        assert_eq!(resolved.origin(&key).to_string(), variable(&key));
        assert_eq!(resolved.config(), plain.config(), "{key}");
    }
}

/// The scalars of the printed configuration, by path.
fn flatten((name, value): (String, toml::Value)) -> Vec<(String, String)> {
    match value {
        toml::Value::Table(table) => table
            .into_iter()
            .flat_map(flatten)
            .map(|(rest, value)| (format!("{name}.{rest}"), value))
            .collect(),
        toml::Value::Array(_) => Vec::new(),
        toml::Value::String(text) => vec![(name, text)],
        other => vec![(name, other.to_string())],
    }
}

#[test]
fn values_land_where_they_belong() {
    let text = "
        listen = '[::1]:0'
        workers = 0x10
        [limits]
        max_upload = '5GB'
        memory = 33_554_432
        [fragment]
        min = 1
        max = '1MiB'
        first = '64 KiB'
        time = '1.5s'
        [retry]
        window = '1h30m'
        restarts = 0
        [timeouts]
        grace = '0s'
        final_ack = '10m'
        [log]
        format = 'json'
        filter = 'warn,put2bits=debug'
        [[route]]
        path = '/photos'
        backend = 'http://iis:8080/up'
        profile = 'trim'
        zero_length = 'refuse'
        reply = 'forward'
        ambiguous_close = 'fail'
        response_headers = ['ETag', 'X-Id']
        name_header = 'X-File-Name'
        name_query = 'name'
        [[route]]
        path = '/'
        backend = 'http://other/'
        profile = 'auto'";
    let resolved = Case::new().file(text).resolve().unwrap();
    let config = resolved.config();
    assert_eq!(config.listen.to_string(), "[::1]:0");
    assert_eq!(config.workers, 16);
    assert_eq!(config.limits.max_upload, 5_000_000_000);
    assert_eq!(config.limits.memory, 32 * MIB);
    let fragment = &config.limits.fragment;
    assert_eq!((fragment.min, fragment.max, fragment.first), (1, MIB, 64 * KIB));
    assert_eq!(fragment.time, Duration::from_millis(1500));
    assert_eq!(config.limits.retry.window, Duration::from_secs(5400));
    assert_eq!(config.limits.retry.restarts, 0);
    assert_eq!(config.limits.time.grace, Duration::ZERO);
    assert_eq!(config.log.format, LogFormat::Json);

    // The routes through the printed form, which is read from the typed ones.
    let printed: toml::Table = resolved.to_string().parse().unwrap();
    let routes = printed["route"].as_array().unwrap();
    let expected: toml::Table = "
        path = '/photos/'
        backend = 'http://iis:8080/up/'
        profile = 'trim'
        zero_length = 'refuse'
        reply = 'forward'
        ambiguous_close = 'fail'
        response_headers = ['etag', 'x-id']
        name_header = 'x-file-name'
        name_query = 'name'"
        .parse()
        .unwrap();
    assert_eq!(routes[0].as_table(), Some(&expected));
    assert_eq!(routes[1]["profile"].as_str(), Some("auto"));
}

#[test]
fn what_is_printed_means_the_same() {
    let text = format!(
        "log.filter = 'info,a[{{b=\"c\"}}]=debug'\nfragment.min = 1_000_001\nfragment.first = '1MiB'\n{ROUTE}"
    );
    for case in [
        Case::new().file(&text),
        Case::with_backend(),
        Case::with_backend().flag("--profile", "profile", "iis").var("PUT2BITS_FRAGMENT_MAX", "100KiB"),
    ] {
        let first = case.resolve().unwrap();
        let second = Case::new().file(&first.to_string()).resolve().unwrap();
        assert_eq!(first.config(), second.config(), "{first}");
    }
}

#[test]
fn what_is_printed_says_where_it_came_from() {
    let text = Case::with_backend().var("PUT2BITS_WORKERS", "2").resolve().unwrap().to_string();
    for (line, origin) in [
        ("listen = \"127.0.0.1:8080\" ", "# default"),
        ("workers = 2 ", "# PUT2BITS_WORKERS"),
        ("max_upload = \"1TiB\" ", "# default"),
        ("backend = \"http://iis/\" ", "# --backend"),
    ] {
        assert!(text.lines().any(|l| l.starts_with(line) && l.ends_with(origin)), "{line}\n{text}");
    }
}

#[test]
fn a_default_gives_way_to_what_is_set() {
    let resolved = Case::with_backend().flag("--memory", "limits.memory", "100KiB").resolve().unwrap();
    let fragment = &resolved.config().limits.fragment;
    assert_eq!((fragment.max, fragment.first, fragment.min), (50 * KIB, 50 * KIB, 50 * KIB));
    assert_eq!(resolved.origin("fragment.max").to_string(), "default, lowered to fit limits.memory");

    let resolved = Case::with_backend().var("PUT2BITS_RETRY_WINDOW", "100ms").resolve().unwrap();
    assert_eq!(resolved.config().limits.retry.first_delay, Duration::from_millis(100));
}

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
        ("backend = ''", "p.toml:1: backend: unknown key; did you mean \"route.backend\"?"),
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
            "p.toml:1: listen: 8080 is not an IP address and a port, such as \"127.0.0.1:8080\"",
        ),
        ("listen = 'localhost:80'", "p.toml:1: listen: \"localhost:80\" is not an IP address and a port"),
        ("workers = 0", "p.toml:1: workers: 0 is not a whole number from 1 to 1024"),
        ("workers = '4'", "p.toml:1: workers: \"4\" is not a whole number"),
        ("workers = -1", "p.toml:1: workers: -1 is not"),
        ("workers = 4.0", "p.toml:1: workers: a number with a point is not"),
        ("limits = 5", "p.toml:1: limits: must be a table: write [limits]"),
        ("limits.memory = -5", "p.toml:1: limits.memory: -5 is not a size above 0, such as \"8MiB\""),
        ("limits.memory = true", "p.toml:1: limits.memory: a boolean is not a size"),
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
        ("path = '/'\nbackend = 'iis'", "p.toml:3: route[0].backend: \"iis\" is not an absolute URL"),
        (
            "path = '/'\nbackend = 'https://iis/'",
            "p.toml:3: route[0].backend: \"https://iis/\" is https, which is not supported",
        ),
        (
            "path = '/'\nbackend = 'http://u:secret@iis/'",
            "p.toml:3: route[0].backend: \"http://***\" holds a user name",
        ),
        (
            "path = '/'\nbackend = 'http://iis/?s=secret'",
            "p.toml:3: route[0].backend: \"http://iis/?***\" has a query",
        ),
        (
            "PB\nprofile = 'iss'",
            "p.toml:4: route[0].profile: \"iss\" is not one of auto, iis, refuse, trim, append, unknown; did you mean \"iis\"?",
        ),
        ("PB\nzero_length = 'x'", "p.toml:4: route[0].zero_length: \"x\" is not one of create-close, refuse"),
        ("PB\nreply = true", "p.toml:4: route[0].reply: a boolean is not one of ignore, forward"),
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
        ("PB\n[[route]]\nPB", "p.toml:5: route[1].path: \"/\" is the path of another route, too (p.toml:2)"),
    ] {
        let line = file_error(&format!(
            "[[route]]\n{}",
            fields.replace("PB", "path = '/'\nbackend = 'http://iis/'")
        ));
        assert!(line.starts_with(error), "{fields}\n{line}");
        assert!(!line.contains("secret"), "{line}");
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
        "--backend: backend: conflicts with [[route]] (p.toml:1): give one or the other"
    );
    assert!(
        Case::new()
            .file(ROUTE)
            .var("PUT2BITS_BACKEND", "http://x/")
            .error()
            .starts_with("PUT2BITS_BACKEND: backend: conflicts")
    );
    assert!(
        Case::new()
            .file(ROUTE)
            .flag("--profile", "profile", "iis")
            .error()
            .starts_with("--profile: profile: goes with --backend")
    );
    let error = Case::new().flag("--backend", "backend", "https://iis/").resolve().unwrap_err();
    assert!(error.is_usage(), "{error}");
}

#[test]
fn wrong_variables_are_refused() {
    for (name, value, error) in [
        ("PUT2BITS_LISTN", "", "PUT2BITS_LISTN: unknown variable; did you mean PUT2BITS_LISTEN?"),
        ("PUT2BITS_FOO_BAR_BAZ_QUX", "", "PUT2BITS_FOO_BAR_BAZ_QUX: unknown variable"),
        ("PUT2BITS_LISTEN", "", "PUT2BITS_LISTEN: listen: \"\" is not an IP address"),
        ("PUT2BITS_WORKERS", "+4", "PUT2BITS_WORKERS: workers: \"+4\" is not a whole number"),
        ("PUT2BITS_BACKEND", "x", "PUT2BITS_BACKEND: backend: \"x\" is not an absolute URL"),
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
    assert_eq!(case.error(), "PUT2BITS_LISTEN: listen: is not UTF-8");

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

#[test]
fn every_key_is_known_once() {
    let mut keys: Vec<String> = known_keys().collect();
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all);
}
