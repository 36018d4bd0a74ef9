//! The program itself: exit codes, what it prints where, and that a bad configuration binds no port (P13).

#![allow(clippy::unwrap_used)]

// Shared with the end-to-end tests; not everything in it is needed here.
#[allow(dead_code)]
#[path = "e2e/support/secrets.rs"]
mod secrets;

use std::env;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A run of the program with nothing of our own environment that it would read.
fn put2bits(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_put2bits"));
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("PUT2BITS_") {
            command.env_remove(name);
        }
    }
    let run = command.args(args).envs(variables.iter().copied()).stdin(Stdio::null());
    secrets::untold(run.output().unwrap())
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The text with every run of white space as one blank.
fn one_blank(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Nothing on standard output, one line on standard error, that code.
fn assert_refused(output: &Output, code: i32, line: &str) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!(stdout(output), "");
    let error = stderr(output);
    assert!(error.starts_with(&format!("put2bits: {line}")), "{error}");
    assert_eq!((error.lines().count(), error.ends_with('\n')), (1, true), "{error}");
}

fn write(directory: &Path, text: &str) -> String {
    let path = directory.join("p.toml");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The file, the variables, the line.
type BadConfiguration = (String, &'static [(&'static str, &'static str)], &'static str);

#[test]
fn p13_a_bad_configuration_never_binds_a_port() {
    let directory = tempfile::tempdir().unwrap();
    // The port is taken: whoever tries to bind it before all checks are done fails with another code.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let route = "[[route]]\npath = '/'\nbackend = 'http://127.0.0.1:1/'\n";
    let twice = format!("{route}{route}");
    let cases: Vec<BadConfiguration> = vec![
        (String::new(), &[], "no route: give --backend URL"),
        ("limits.fragmnet = 1".to_owned(), &[], "FILE:1: limits.fragmnet: unknown key"),
        ("limits.memory = ".to_owned(), &[], "FILE:1: not TOML: "),
        (format!("limits.memory = 'much'\n{route}"), &[], "FILE:1: limits.memory: \"much\" is not a size"),
        (format!("timeouts.ack = 5\n{route}"), &[], "FILE:1: timeouts.ack: 5 is not a time with its unit"),
        (format!("timeouts.ack = '0s'\n{route}"), &[], "FILE:1: timeouts.ack: \"0s\" is not"),
        (
            format!("fragment.max = '1GiB'\n{route}"),
            &[],
            "FILE:1: limits.memory (256MiB, default) is less than 2 times",
        ),
        (format!("log.filter = 'a=b=c'\n{route}"), &[], "FILE:1: log.filter: "),
        (twice, &[], "FILE:5: route[1].path: \"/\" is the path of another route"),
        (
            route.replace("http:", "ftp:"),
            &[],
            "FILE:3: route[0].backend: \"ftp://127.0.0.1:1/\" is refused: a backend URL",
        ),
        (route.to_owned(), &[("PUT2BITS_LISTN", "x")], "PUT2BITS_LISTN: unknown variable"),
        (route.to_owned(), &[("PUT2BITS_BACKEND", "http://x/")], "PUT2BITS_BACKEND: conflicts"),
    ];
    for (text, variables, line) in cases {
        let file = write(directory.path(), &text);
        let line = line.replace("FILE", &file);
        assert_refused(&put2bits(&["serve", "--listen", &listen, "--config", &file], variables), 78, &line);
        assert_refused(
            &put2bits(&["check-config", "--listen", &listen, "--config", &file], variables),
            78,
            &line,
        );
    }
    let output = put2bits(&["serve", "--listen", &listen, "--config", "/nowhere/p.toml"], &[]);
    assert_refused(&output, 78, "cannot read /nowhere/p.toml: ");

    // With a right one it does try, which proves that the others did not.
    let file = write(directory.path(), route);
    let output = put2bits(&["serve", "--listen", &listen, "--admin-listen", "off", "--config", &file], &[]);
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    assert!(
        stderr(&output).lines().last().unwrap().contains(&format!("cannot listen on {listen}: ")),
        "{output:?}"
    );
}

#[test]
fn a_bad_flag_is_wrong_usage() {
    for (flags, line) in [
        (["--backend", "iis/uploads"], "--backend: \"iis/uploads\" is refused: write an absolute URL"),
        (["--backend", "http://me:s3cret@iis/"], "--backend: \"http://***\" is refused: a user name"),
        (["--listen", "8080"], "--listen: \"8080\" is not \"off\", or an IP address and a port"),
        (["--max-upload", "0"], "--max-upload: limits.max_upload: \"0\" is not a size above 0"),
        (["--memory", "big"], "--memory: limits.memory: \"big\" is not a size"),
        (["--fragment-max", "8MiB and"], "--fragment-max: fragment.max: \"8MiB and\" is not a size"),
        (
            ["--fragment-max", "1GiB"],
            "--fragment-max: limits.memory (256MiB, default) is less than 2 times fragment.max",
        ),
        (
            ["--admin-listen", "8081"],
            "--admin-listen: admin.listen: \"8081\" is not \"off\", or an IP address and a port",
        ),
        (
            ["--listen", "0.0.0.0:8081"],
            "--listen: admin.listen (127.0.0.1:8081, default) and listen (0.0.0.0:8081, --listen) are in each other's way",
        ),
        (["--workers", "0"], "--workers: \"0\" is not a whole number from 1 to 1024"),
        (["--profile", "apache"], "--profile: \"apache\" is not one of auto, iis"),
        (["--store", "disk"], "--store: state.store: \"disk\" is not one of embedded, memory"),
        (["--state-dir", ""], "--state-dir: state.dir: \"\" is not the path of a folder"),
        (["--log-format", "xml"], "--log-format: log.format: \"xml\" is not one of text, json"),
        (["--log", "a=b=c"], "--log: log.filter: \"a=b=c\" is not a log filter"),
    ] {
        for command in ["serve", "check-config"] {
            let mut args = vec![command];
            if flags[0] != "--backend" {
                args.extend(["--backend", "http://iis/"]);
            }
            args.extend(flags);
            assert_refused(&put2bits(&args, &[]), 64, line);
        }
    }
}

#[test]
fn what_clap_refuses_is_wrong_usage() {
    let all: [&[&str]; 6] = [
        &[],
        &["fly"],
        &["serve", "--no-such-flag"],
        &["serve", "--listen"],
        &["serve", "--backend", "http://a/", "--backend", "http://b/"],
        &["check-config", "positional"],
    ];
    for args in all {
        let output = put2bits(args, &[]);
        assert_eq!(output.status.code(), Some(64), "{args:?} {output:?}");
        assert_eq!(stdout(&output), "");
        assert!(!stderr(&output).is_empty());
    }
}

#[test]
fn help_and_version_are_answers() {
    let output = put2bits(&["--version"], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stdout(&output), format!("put2bits {}\n", env!("CARGO_PKG_VERSION")));

    let pages: [(&[&str], &[&str]); 4] = [
        (&["--help"], &["serve", "demo", "check-config", "Examples:", "curl -T"]),
        (&["serve", "-h"], &["--backend <URL>", "Examples:"]),
        (&["serve", "--help"], &["--backend <URL>", "Examples:", "PUT2BITS_LIMITS_MAX_UPLOAD"]),
        (&["check-config", "--help"], &["--config <FILE>", "exit code 78"]),
    ];
    for (args, parts) in pages {
        let output = put2bits(args, &[]);
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""), "{args:?}");
        for part in parts {
            assert!(stdout(&output).contains(part), "{args:?}: {part}\n{}", stdout(&output));
        }
    }
}

#[test]
fn the_defaults_in_the_help_are_the_defaults() {
    let help = put2bits(&["serve", "-h"], &[]);
    let help = one_blank(stdout(&help));
    let config: toml::Table =
        stdout(&put2bits(&["check-config", "--backend", "http://iis/"], &[])).parse().unwrap();
    let routes = config["route"].as_array().unwrap();
    for (flag, value) in [
        ("--profile", &routes[0]["profile"]),
        ("--listen", &config["listen"]),
        ("--max-upload", &config["limits"]["max_upload"]),
        ("--memory", &config["limits"]["memory"]),
        ("--fragment-max", &config["fragment"]["max"]),
        ("--store", &config["state"]["store"]),
        ("--state-dir", &config["state"]["dir"]),
        ("--admin-listen", &config["admin"]["listen"]),
        ("--log-format", &config["log"]["format"]),
        ("--log", &config["log"]["filter"]),
    ] {
        let (_, rest) = help.split_once(&format!(" {flag} <")).unwrap();
        let about = rest.split(" --").next().unwrap();
        // Behind it may stand when it is another one.
        assert!(about.contains(&format!("[default: {}", value.as_str().unwrap())), "{flag} {about}");
    }
}

#[test]
fn check_config_prints_a_file_that_means_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let first = put2bits(
        &["check-config", "--backend", "http://iis:80/uploads", "--memory", "33MB", "--log-format", "json"],
        &[("PUT2BITS_TIMEOUTS_FINAL_ACK", "1h30m"), ("PUT2BITS_PROFILE", "iis")],
    );
    assert_eq!((first.status.code(), stderr(&first)), (Some(0), ""));
    for line in [
        "backend = \"http://iis/uploads/\" # --backend",
        "profile = \"iis\" # PUT2BITS_PROFILE",
        "memory = \"33MB\" # --memory",
        "final_ack = \"1h30m\" # PUT2BITS_TIMEOUTS_FINAL_ACK",
        "grace = \"25s\" # default",
    ] {
        assert!(stdout(&first).lines().any(|other| one_blank(other) == line), "{line}\n{}", stdout(&first));
    }

    let file = write(directory.path(), stdout(&first));
    let second = put2bits(&["check-config", "--config", &file], &[]);
    assert_eq!((second.status.code(), stderr(&second)), (Some(0), ""));
    let table = |output: &Output| stdout(output).parse::<toml::Table>().unwrap();
    assert_eq!(table(&first), table(&second));
}

#[test]
fn the_example_file_is_a_configuration() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/put2bits.toml");
    let output = put2bits(&["check-config", "--config", file], &[]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_closed_or_full_output_is_no_panic() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_put2bits"))
        .args(["check-config", "--backend", "http://iis/"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(74), "{output:?}");
    assert!(stderr(&output).starts_with("put2bits: ") && !stderr(&output).contains("panicked"), "{output:?}");
}

/// As in `put2bits check-config … | head -1`.
#[test]
fn a_reader_that_went_away_ends_it_in_silence() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_put2bits"));
    let output = command.args(["check-config", "--backend", "http://iis/"]).stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(74), ""));
}

/// A line break within a paragraph of the source collides with those that clap makes.
#[test]
fn help_is_broken_where_a_line_is_full() {
    const WIDTH: usize = 60;
    for command in ["serve", "check-config"] {
        let help = put2bits(&[command, "--help"], &[("COLUMNS", "60")]);
        let (_, after) = stdout(&help).split_once("Examples:").unwrap();
        let lines: Vec<&str> = after.lines().collect();
        let paragraphs =
            lines.windows(2).filter(|pair| !pair.iter().any(|line| line.is_empty() || line.starts_with(' ')));
        let mut seen = 0;
        for pair in paragraphs {
            let next = pair[1].split(' ').next().unwrap();
            let joined = pair[0].trim_end().chars().count() + 1 + next.chars().count();
            assert!(joined > WIDTH, "{command}: {pair:?}");
            assert!(pair[0].trim_end().chars().count() <= WIDTH, "{command}: {pair:?}");
            seen += 1;
        }
        assert!(seen >= 5, "{command}: {after}");
        assert!(one_blank(after).contains(
            "Every setting outside [[listener]], [[backend]] and [[route]] can be given as an environment variable"
        ));
    }
}

/// Everything that decides about a request, on one screen.
#[test]
fn a_request_can_be_tried() {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("key").display().to_string();
    fs::write(&key, "planted").unwrap();
    let config = "limits.max_upload = 5000\n\
         [[route]]\nhost = 'photos.example'\npath = '/photos/'\nbackend = 'http://iis:81/up/'\n\
         target = \"{header:X-User}/{user|'all'}/{name}\"\noverwrite = 'suffix'\nmax_upload = 2000\nmax_running = 64\n\
         request_headers = ['X-User', 'X-Token']\nset_headers = { X-Source = 'put2bits', X-Key = { file = 'KEY' } }\n\
         [[route]]\npath = '/photos/'\nbackend = 'http://iis/any/'\nresumption = 'off'\n\
         [[route]]\nhost = 'b.example'\npath = '/'\nbackend = 'http://iis/b/'\n";
    let file = write(directory.path(), &config.replace("KEY", &key));
    let tried = |args: &[&str]| {
        let output = put2bits(&[&["check-config", "--config", &file, "--try"], args].concat(), &[]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        stdout(&output).to_owned()
    };
    let user = ["--header", "X-User: 7", "--header", "X-Token: hush", "--user", "bob"];
    let text = tried(&[&["PUT https://Photos.Example/photos/a%20b.jpg?x=1"], &user[..]].concat());
    let expected = "\
PUT https://Photos.Example/photos/a%20b.jpg?x=1
route      photos.example/photos/
  not      /photos/: another route says more about the host
  not      b.example/: is for other hosts
backend    http://iis:81/up/
who        everybody: nobody is asked here
target     /up/7/bob/a%20b.jpg
name       a b.jpg
overwrite  suffix: another name if the backend has the file, or does not tell
carries    x-user: 7
carries    x-token: (hidden)
carries    x-source: put2bits
carries    x-key: (what is in KEY)
length     1KB; 2KB at most
at once    64 uploads at most
digest     accept: checked, if one is sent
resumption no: the request does not ask for it
";
    assert_eq!(text, expected.replace("KEY", &key));
    let resumable = ["PUT https://photos.example/photos/a", "--header", "Upload-Draft-Interop-Version: 6"];
    let resumable = tried(&[&resumable[..], &["--header", "Upload-Complete: ?1"], &user].concat());
    assert!(resumable.contains("\nresumption yes: the client gets a 104, in version 6\n"), "{resumable}");
    for (args, answer) in [
        (&["PUT https://photos.example/photos/a"][..], "400 name_missing: "),
        (&["PUT https://c.example/photos/..%2fa"], "400 bad_path: the path has a dot segment"),
        (&["PUT https://c.example/x"], "404 no_route: "),
        (&["PUT /photos/a", "--length", "5001"], "413 too_large: "),
        (&["PUT /photos/a", "--header", "Transfer-Encoding: chunked"], "411 length_required: "),
        (&["GET /photos/a"], "405 method_not_allowed: "),
        (&["OPTIONS /photos/a"], "501 resumption_off: "),
        (&["OPTIONS https://b.example/a"], "200: uploads can be resumed here"),
    ] {
        let text = tried(args);
        assert!(text.contains(&format!("\nanswer     {answer}")), "{args:?}: {text}");
    }
    for args in [
        &["--try", "/a"][..],
        &["--try", "PUT ftp://a/b"],
        &["--try", "PUT /a", "--header", "x"],
        &["--length", "1"],
    ] {
        let output = put2bits(&[&["check-config", "--config", &file], args].concat(), &[]);
        assert_eq!((output.status.code(), stdout(&output)), (Some(64), ""), "{args:?}: {output:?}");
    }
}

/// Of many routes those are told that the request nearly took.
#[test]
fn a_request_is_told_the_nearest_routes_and_its_backend_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let route = |host: &str, path: &str| {
        format!("[[route]]\nhost = '{host}.example'\npath = '{path}'\nbackend = 'iis'\n")
    };
    let mut config = "[[backend]]\nname = 'iis'\nurl = 'https://iis.example:8443/up/'\n".to_owned();
    config += &["a", "b", "c", "d"].map(|host| route(host, "/x/y/")).concat();
    config += &[route("p", "/photos/raw/"), route("p", "/photos/"), route("p", "/")].concat();
    let file = write(directory.path(), &config);
    let tried = |request: &str| {
        let output =
            put2bits(&["check-config", "--config", &file, "--length", "3GiB", "--try", request], &[]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        stdout(&output).to_owned()
    };
    let text = tried("PUT https://p.example/photos/a");
    let routes = "\
route      p.example/photos/
  not      p.example/: another route has a longer path
  not      p.example/photos/raw/: is for other paths
  not      a.example/x/y/: is for other hosts
  not      3 more
backend    iis, https://iis.example:8443/up/
";
    assert!(text.contains(routes), "{text}");
    assert!(text.contains("\nlength     3GiB; 1TiB at most\n"), "{text}");
}
