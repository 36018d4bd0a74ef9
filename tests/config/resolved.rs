//! What comes out of right configurations.

use crate::case::{Case, ROUTE};
use put2bits::config::{Config, LogFormat, Origin, known_keys, variable};
use put2bits::limits::{GIB, KIB, MIB};
use std::fs;
use std::time::Duration;

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
fn every_key_has_its_variable() {
    let plain = Case::with_backend().resolve().unwrap();
    for line in plain.to_string().parse::<toml::Table>().unwrap().into_iter().flat_map(flatten) {
        let (key, value) = line;
        let resolved = Case::with_backend().var(&variable(&key), &value).resolve().unwrap();
        assert_eq!(resolved.origin(&key).to_string(), variable(&key));
        assert_eq!(resolved.config(), plain.config(), "{key}");
    }
}

/// What is printed outside `[[route]]`, by path, as it is written in a variable.
fn flatten((name, value): (String, toml::Value)) -> Vec<(String, String)> {
    match value {
        toml::Value::Table(table) => table
            .into_iter()
            .flat_map(flatten)
            .map(|(rest, value)| (format!("{name}.{rest}"), value))
            .collect(),
        toml::Value::Array(_) if name == "route" => Vec::new(),
        toml::Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| item.as_str().unwrap()).collect();
            vec![(name, items.join(","))]
        }
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
        [shutdown]
        grace = '0s'
        [timeouts]
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
        refused_names = ['*.EXE', 'a b']
        resumption = 'only-without-via'
        [[route]]
        path = '/'
        backend = 'http://other/'
        profile = 'auto'";
    let resolved = Case::new().file(text).resolve().unwrap();
    let config = resolved.config();
    assert_eq!(config.listen.unwrap().to_string(), "[::1]:0");
    assert_eq!(config.workers, 16);
    assert_eq!(config.limits.max_upload, 5_000_000_000);
    assert_eq!(config.limits.memory, 32 * MIB);
    let fragment = &config.limits.fragment;
    assert_eq!((fragment.min, fragment.max, fragment.first), (1, MIB, 64 * KIB));
    assert_eq!(fragment.time, Duration::from_millis(1500));
    assert_eq!(config.limits.retry.window, Duration::from_secs(5400));
    assert_eq!(config.limits.retry.restarts, 0);
    assert_eq!(config.limits.shutdown.grace, Duration::ZERO);
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
        name_query = 'name'
        refused_names = ['*.EXE', 'a b']
        resumption = 'only-without-Via'
        overwrite = 'pass'
        digest = 'accept'
        request_headers = []
        set_headers = {}
        add_response_headers = {}
        auth = 'open'"
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
fn every_key_is_known_once() {
    let mut keys: Vec<String> = known_keys().collect();
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all);
}

#[test]
fn defaults_follow_the_memory_that_there_is() {
    // Limit, default for body bytes, largest fragment, running uploads, connections.
    for (limit, memory, fragment, running, connections) in [
        (512 * MIB, 128 * MIB, 8 * MIB, 170, 340),
        (256 * MIB, 64 * MIB, 8 * MIB, 85, 170),
        // Below that the program itself counts.
        (128 * MIB, 32 * MIB, 8 * MIB, 35, 70),
        (48 * MIB, 12 * MIB, 6 * MIB, 3, 6),
        (1, 4 * MIB, 2 * MIB, 1, 2),
        (4 * GIB, 256 * MIB, 8 * MIB, 1000, 2730),
        (64 * GIB, 256 * MIB, 8 * MIB, 1000, 4096),
    ] {
        let resolved = Case::with_backend().memory_limit(limit).resolve().unwrap();
        let limits = &resolved.config().limits;
        assert_eq!((limits.memory, limits.fragment.max), (memory, fragment));
        assert_eq!((limits.uploads.max_running, limits.connections.max), (running, connections));
        let buffer = (limit < 64 * GIB).then_some(256 * KIB);
        assert_eq!((limits.sockets.receive_buffer, limits.sockets.send_buffer), (buffer, buffer));
    }
    let case = Case::with_backend().memory_limit(512 * MIB);
    let case = case.var("PUT2BITS_LIMITS_MEMORY", "1GiB").var("PUT2BITS_SOCKETS_RECEIVE_BUFFER", "auto");
    let resolved = case.resolve().unwrap();
    assert_eq!(resolved.config().limits.memory, GIB);
    assert_eq!(resolved.config().limits.sockets.receive_buffer, None);
    let text = resolved.to_string();
    assert!(text.contains("# default for a process that may use 512MiB"), "{text}");
}
