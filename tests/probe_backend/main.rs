//! `put2bits probe-backend` against the mock with its quirks: what it prints is what was set.

#![allow(clippy::unwrap_used, clippy::expect_used)]

// Shared with other tests; not everything in them is needed here.
#[allow(dead_code)]
#[path = "../e2e/support/secrets.rs"]
mod secrets;
#[allow(dead_code)]
#[path = "../backend/terminator.rs"]
mod terminator;

mod cases;

use cases::{CASES, Case};
use put2bits::bits::server::Knobs;
use put2bits::mock::{Mock, MockConfig, Storage};
use rustls::version::{TLS12, TLS13};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use terminator::{Ca, Terminator, server};
use tokio::sync::watch;

/// A server with these quirks, that stores into a folder of its own.
struct Server {
    mock: Mock,
    folder: tempfile::TempDir,
    /// Dropping it ends the thread.
    _stop: watch::Sender<()>,
}

impl Server {
    fn start(case: &Case) -> Server {
        Server::start_with(case, &[])
    }

    fn start_with(case: &Case, more: &[&str]) -> Server {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut knobs = Knobs::preset(case.preset).unwrap();
        case.quirks.iter().chain(more).for_each(|quirk| knobs.set(quirk).unwrap());
        let storage = Storage::Dir { path: folder.path().to_owned(), create_dirs: false };
        let config = MockConfig { knobs, storage, serve_files: case.readable, ..MockConfig::default() };
        let mock = runtime.block_on(Mock::bind("127.0.0.1:0".parse().unwrap(), config)).unwrap();
        let (stop, mut stopped) = watch::channel(());
        std::thread::spawn(move || runtime.block_on(async move { drop(stopped.changed().await) }));
        Server { mock, folder, _stop: stop }
    }

    /// Names of files that are there.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("put2bits-probe")).collect()
    }
}

fn probe(url: &str, flags: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_put2bits"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PUT2BITS_") {
            command.env_remove(name);
        }
    }
    let run = command.args(["probe-backend", url]).args(flags).stdin(Stdio::null());
    secrets::untold(run.output().unwrap())
}

/// What is wrong with what it said of that server.
fn check(case: &Case) -> Vec<String> {
    let server = Server::start(case);
    let output = probe(&server.mock.url(), &["--up-to", "1MiB", "--timeout", "5s"]);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let mut wrong = Vec::new();
    if output.status.code() != Some(case.code) {
        wrong.push(format!("exit code {:?}", output.status.code()));
    }
    for line in case.settings {
        if !out.lines().any(|other| other == *line) {
            wrong.push(format!("no line {line:?}"));
        }
    }
    for words in case.words {
        if !err.contains(words) {
            wrong.push(format!("nothing about {words:?}"));
        }
    }
    if case.code != 0 && !out.is_empty() {
        wrong.push("settings of a server that takes nothing".to_owned());
    }
    let (files, left) = (server.files(), err.contains("left over"));
    if case.cleans_up && (!files.is_empty() || left) {
        wrong.push(format!("left over: {files:?}"));
    }
    let open = server.mock.stats().sessions_open;
    // What ended with its connection is counted until it is asked for.
    if open > 0 && !left && !err.contains("sessions end with it") {
        wrong.push(format!("{open} open sessions"));
    }
    if !wrong.is_empty() {
        wrong.push(format!("--- settings\n{out}--- words\n{err}"));
    }
    wrong
}

#[test]
fn what_is_printed_is_what_was_set() {
    let (next, failures) = (Mutex::new(CASES.iter()), Mutex::new(String::new()));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let Some(case) = next.lock().unwrap().next() else { return };
                    let wrong = check(case);
                    if !wrong.is_empty() {
                        let wrong = wrong.join("\n  ");
                        writeln!(failures.lock().unwrap(), "{}:\n  {wrong}", case.name).unwrap();
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn nobody_there_is_said_in_one_line() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", socket.local_addr().unwrap());
    drop(socket);
    let output = probe(&url, &["--timeout", "5s"]);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), err.lines().count()), (Some(1), 1), "{err}");
    assert!(err.contains("connecting to") && err.contains("is the server up"), "{err}");
}

#[test]
fn a_url_that_is_none_is_a_usage_error() {
    for url in ["iis/uploads/", "ftp://iis/", "http://user:s3cret@iis/"] {
        let output = probe(url, &[]);
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{err}");
        assert!(!err.contains("s3cret"), "{err}");
    }
}

/// The table goes back into the configuration as it is.
#[test]
fn the_settings_are_a_configuration() {
    let server = Server::start(&CASES[0]);
    let output = probe(&server.mock.url(), &["--up-to", "64KiB"]);
    let settings = String::from_utf8(output.stdout).unwrap();
    let name = settings.lines().find_map(|line| line.strip_prefix("name = ")).unwrap();
    assert_is_configuration(server.folder.path(), &settings, name);
}

/// Asserts that the settings and a route to them are a configuration.
fn assert_is_configuration(folder: &Path, settings: &str, name: &str) {
    let text = format!("{settings}\n[[route]]\npath = \"/\"\nbackend = {name}\n");
    let file = folder.join("put2bits.toml");
    std::fs::write(&file, text).unwrap();
    let checked = Command::new(env!("CARGO_BIN_EXE_put2bits"))
        .args(["check-config", "--config"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(checked.status.success(), "{}{settings}", String::from_utf8_lossy(&checked.stderr));
}

/// What was given to get in stands in the settings, by the names of files; what is in them nowhere.
#[test]
fn who_has_an_account_gets_in() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("account");
    let secret = secret.to_str().unwrap();
    for (quirk, content, kind) in [
        ("auth=basic:proxy:s3cret", "proxy:s3cret", "basic"),
        ("auth=bearer:s3cret", "s3cret", "bearer"),
        #[cfg(feature = "negotiate")]
        ("auth=ntlm", "CORP\\proxy:s3cret", "windows"),
    ] {
        let case = Case { quirks: &[], ..CASES[0] };
        let server = Server::start_with(&case, &[quirk]);
        std::fs::write(secret, content).unwrap();
        let flags = ["--credentials", kind, "--credentials-file", secret, "--up-to", "64KiB"];
        let output = probe(&server.mock.url(), &flags);
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(output.status.code(), Some(0), "{quirk}: {err}");
        for line in [format!("credentials = {kind:?}"), format!("credentials_file = {secret:?}")] {
            assert!(out.lines().any(|other| other == line), "{line}: {out}");
        }
        assert!(
            out.contains("profile = \"refuse\"") && !out.contains("s3cret") && !err.contains("s3cret"),
            "{out}{err}"
        );
        assert_eq!(server.files(), Vec::<String>::new());
    }
}

/// The same behind TLS that a CA of the house vouches for: what was given to believe it stands in the settings, too.
#[test]
fn a_server_with_a_private_ca_is_examined_over_https() {
    let case = Case { quirks: &[], ..CASES[0] };
    let mock = Server::start_with(&case, &["auth=basic:proxy:s3cret"]);
    let (ca, folder) = (Ca::new(), tempfile::tempdir().unwrap());
    let tls = server(&ca.issue(&["iis.test"]), None, &[&TLS12, &TLS13]);
    let front = Terminator::start(tls, mock.mock.addr());
    let url = format!("https://127.0.0.1:{}/", front.port);
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (account, roots) = (file("account", "proxy:s3cret"), file("ca.pem", &ca.pem()));
    let others = file("others.pem", &Ca::new().pem());
    let flags =
        ["--credentials", "basic", "--credentials-file", &account, "--up-to", "64KiB", "--timeout", "20s"];

    // Nobody is shown the password who cannot prove to be the server.
    for (more, words) in [
        (&["--tls-name", "iis.test"][..], "not signed by anybody trusted here"),
        (&["--tls-name", "iis.test", "--tls-ca", &others], "not signed by anybody trusted here"),
        (&["--tls-ca", &roots], "is for iis.test, not for 127.0.0.1"),
    ] {
        let output = probe(&url, &[&flags[..], more].concat());
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{more:?}: {err}");
        assert!(err.contains(words), "{words}: {err}");
    }
    assert_eq!(mock.mock.stats().connections, 0);

    let output = probe(&url, &[&flags[..], &["--tls-name", "iis.test", "--tls-ca", &roots]].concat());
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(0), "{err}");
    for line in [
        format!("url = {url:?}"),
        "credentials = \"basic\"".to_owned(),
        format!("credentials_file = {account:?}"),
        "tls_name = \"iis.test\"".to_owned(),
        format!("tls_ca = {roots:?}"),
        "profile = \"refuse\"".to_owned(),
    ] {
        assert!(out.lines().any(|other| other == line), "{line}: {out}");
    }
    assert!(front.names().iter().all(|name| name.as_deref() == Some("iis.test")), "{:?}", front.names());
    assert_eq!(mock.files(), Vec::<String>::new());
    let name = out.lines().find_map(|line| line.strip_prefix("name = ")).unwrap();
    assert_is_configuration(folder.path(), &out, name);
}

/// The same of a server that stands in a file, by its name.
#[test]
fn a_backend_of_the_configuration_is_examined_by_its_name() {
    let server = Server::start(&CASES[0]);
    let file = server.folder.path().join("put2bits.toml");
    std::fs::write(&file, format!("[[backend]]\nname = 'store'\nurl = {:?}\n", server.mock.url())).unwrap();
    let output = probe("store", &["--config", file.to_str().unwrap(), "--up-to", "64KiB"]);
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("name = \"store\"") && out.contains("profile = \"refuse\""), "{out}");
    let output = probe("stone", &["--config", file.to_str().unwrap()]);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{err}");
    assert!(err.contains("no [[backend]] of the name \"stone\""), "{err}");
}
