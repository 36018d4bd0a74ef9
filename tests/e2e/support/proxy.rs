//! The program as a child process.

use super::proc::Memory;
use super::{Admin, Backend, Upload, secrets, within};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;

/// How to start it: `serve` with JSON logs, a port from the system, no state on disk, short pauses before new attempts,
/// long lingering.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    variables: Vec<(String, String)>,
    /// Text of the configuration file.
    file: Option<String>,
    /// Where it keeps what has to outlive the process.
    state: Option<PathBuf>,
}

impl Settings {
    /// For a backend of which the profile `refuse` is known.
    pub(crate) fn to(backend: &Backend) -> Settings {
        Settings::to_url(&backend.url())
    }

    pub(crate) fn to_url(url: &str) -> Settings {
        Settings::bare().set("backend", url).set("profile", "refuse")
    }

    /// The routes of a configuration file.
    pub(crate) fn routes(file: &str) -> Settings {
        Settings { file: Some(file.to_owned()), ..Settings::bare() }
    }

    /// One route for everything from a configuration file, with these lines of TOML in it.
    pub(crate) fn route(url: &str, lines: &str) -> Settings {
        let mut settings = Settings::bare();
        settings.file = Some(format!("[[route]]\npath = '/'\nbackend = '{url}'\n{lines}\n"));
        settings
    }

    fn bare() -> Settings {
        Settings::silent().set("listen", "127.0.0.1:0")
    }

    /// The listeners and routes of a configuration file, and no other.
    pub(crate) fn listeners(file: &str) -> Settings {
        Settings { file: Some(file.to_owned()), ..Settings::silent() }
    }

    /// Without a listener.
    fn silent() -> Settings {
        Settings { variables: Vec::new(), file: None, state: None }
            .set("admin.listen", "127.0.0.1:0")
            .set("log.format", "json")
            .set("state.store", "memory")
            .set("retry.first_delay", "5ms")
            .set("retry.max_delay", "50ms")
            // Long enough for a busy machine.
            .set("timeouts.linger", "30s")
    }

    /// Sets a key of the configuration.
    pub(crate) fn set(mut self, key: &str, value: &str) -> Settings {
        self.variables.push((put2bits::config::variable(key), value.to_owned()));
        self
    }

    /// What has to outlive the process is kept in this directory.
    pub(crate) fn state_in(mut self, dir: &Path) -> Settings {
        self.state = Some(dir.to_owned());
        self.set("state.store", "embedded").set("state.dir", dir.to_str().unwrap())
    }

    /// Fragments of this size and no other.
    pub(crate) fn fragments_of(self, bytes: u64) -> Settings {
        let size = bytes.to_string();
        self.set("fragment.min", &size).set("fragment.first", &size).set("fragment.max", &size)
    }

    pub(crate) async fn start(self) -> Proxy {
        let mut command = program();
        command.arg("serve");
        self.start_by(command).await
    }

    /// The same by a command that ends with `put2bits serve`.
    pub(crate) async fn start_by(self, command: Command) -> Proxy {
        Proxy::start(self, command).await
    }
}

/// The running program. Dropping it kills it, and asserts that it has told and kept no secret.
pub(crate) struct Proxy {
    child: Child,
    pub(crate) addr: SocketAddr,
    /// Its probes and metrics.
    pub(crate) admin: Admin,
    log: watch::Receiver<Log>,
    /// Its working directory, and where it would put temporary files.
    home: TempDir,
    /// Its state directory.
    state: Option<PathBuf>,
}

/// What it wrote to standard error: a line is an object, or a text if it is not JSON.
#[derive(Debug, Default)]
struct Log {
    lines: Vec<Value>,
    ended: bool,
}

impl Proxy {
    /// Starts it and waits until it listens.
    async fn start(settings: Settings, mut command: Command) -> Proxy {
        let home = tempfile::tempdir().unwrap();
        command.envs(settings.variables).current_dir(home.path()).env("TMPDIR", home.path());
        let config = tempfile::tempdir().unwrap();
        if let Some(text) = settings.file {
            let path = config.path().join("put2bits.toml");
            std::fs::write(&path, text).unwrap();
            command.arg("--config").arg(path);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (writer, log) = watch::channel(Log::default());
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                let line = line.unwrap();
                let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
                writer.send_modify(|log| log.lines.push(value));
            }
            writer.send_modify(|log| log.ended = true);
        });
        let unset = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut proxy =
            Proxy { child, addr: unset, admin: Admin::at(unset), log, home, state: settings.state };
        let line = proxy.line("that it listens", |line| message(line).starts_with("listening on ")).await;
        let place = message(&line).strip_prefix("listening on ").unwrap();
        let place = place.split(", ").next().unwrap();
        let address = place.strip_prefix("http://").or_else(|| place.strip_prefix("https://"));
        // A Unix socket has none.
        proxy.addr = address.map_or(unset, |address| address.parse().unwrap());
        // Said before the other line, unless it is off.
        let told = |line: &Value| message(line).strip_prefix("probes and metrics on http://")?.parse().ok();
        if let Some(addr) = proxy.log.borrow().lines.iter().find_map(told) {
            proxy.admin = Admin::at(addr);
        }
        proxy
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn memory(&self) -> Memory {
        Memory::of(self.pid())
    }

    /// Waits until its memory grows no more, and says how much that is, in bytes.
    pub(crate) async fn memory_at_rest(&self) -> u64 {
        let (mut most, mut looks) = (0, 0);
        while looks < 5 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let now = self.memory().now;
            looks = if now > most { 0 } else { looks + 1 };
            most = most.max(now);
        }
        most
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Waits for the first line of its log that is meant, however long ago it was written.
    pub(crate) async fn line(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.nth_line(1, what, wanted).await
    }

    /// The same for the `number`th of these lines.
    pub(crate) async fn nth_line(&self, number: usize, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut log = self.log.clone();
        let found = |log: &Log| log.lines.iter().filter(|line| wanted(line)).nth(number - 1).cloned();
        let result = log.wait_for(|log| log.ended || found(log).is_some());
        let seen = within(what, result).await.unwrap();
        found(&seen).unwrap_or_else(|| panic!("it ended and did not say {what}: {:#?}", seen.lines))
    }

    /// The line of the finished upload of the file at the path.
    pub(crate) async fn upload_line(&self, path: &str) -> Value {
        let is_it = |line: &Value| line["target"] == "put2bits::upload" && line["file"] == path;
        self.line(&format!("how {path} ended"), is_it).await
    }

    /// Everything it wrote, as one text.
    pub(crate) fn log_text(&self) -> String {
        let log = self.log.borrow();
        log.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// Begins to upload a file: sends the head.
    pub(crate) async fn put(&self, path: &str, file: super::File) -> Upload {
        Upload::begin(self.addr, "PUT", path, file, "").await
    }

    /// SIGKILL: it gets no chance to do anything more.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until the process has ended; its exit code.
    pub(crate) async fn exit_code(&mut self) -> Option<i32> {
        let mut log = self.log.clone();
        within("that it ends", log.wait_for(|log| log.ended)).await.unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Proxy {
    /// P12: a secret that it has told or kept.
    fn secret_elsewhere(&self) -> Option<String> {
        let folders: Vec<PathBuf> = self.state.iter().cloned().chain([self.home.path().to_owned()]).collect();
        secrets::find_in_rest(self.admin.addr, &folders)
    }

    /// The whole log of a process that has ended.
    fn last_words(&self) -> String {
        // The thread that reads it is nearly done. Somebody who inherited the pipe may keep it open.
        for _ in 0..1000 {
            if self.log.borrow().ended {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        self.log_text()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let failed = thread::panicking();
        let elsewhere = if failed { None } else { self.secret_elsewhere() };
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = self.last_words();
        if failed {
            eprintln!("the proxy's log:\n{log}");
            return;
        }
        assert_eq!(elsewhere, None, "a secret was told or kept");
        assert_eq!(secrets::find_in_log(&log), None, "a secret is in the log");
    }
}

/// The program, without what our own environment would tell it.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_put2bits"));
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.to_string_lossy().starts_with("PUT2BITS_")) {
        command.env_remove(name);
    }
    command
}

/// The message of a line.
pub(crate) fn message(line: &Value) -> &str {
    line["message"].as_str().unwrap_or_default()
}

/// Sends a signal: `TERM`, `INT`.
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status();
    assert!(sent.unwrap().success(), "kill -{name}");
}
