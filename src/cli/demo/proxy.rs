//! The proxy of the demo: in this process; or in one of its own, so that it can be killed and come back.

use super::show::Progress;
use crate::app;
use crate::cli::{Exit, Stop};
use crate::config::Config;
use std::io::{self, BufRead, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::Notify;

/// How long it stays away after it was killed.
const AWAY: Duration = Duration::from_millis(500);

/// The proxy, wherever it runs.
pub(super) enum Proxy {
    /// In this process.
    Within(app::Proxy),
    /// In one of its own.
    Apart(Box<Apart>),
}

/// A proxy that comes back after it was killed. Dropping it ends the process and removes its records.
pub(super) struct Apart {
    backend: String,
    /// Where it keeps the records of uploads.
    state: TempDir,
    addr: SocketAddr,
    process: Mutex<Option<Process>>,
    killed: Notify,
}

impl Proxy {
    pub(super) fn within(config: Config) -> Result<Proxy, Stop> {
        Ok(Proxy::Within(app::Proxy::start(config)?))
    }

    pub(super) fn apart(backend: &str, listen: SocketAddr) -> Result<Proxy, Stop> {
        let state = tempfile::Builder::new().prefix("put2bits-demo-").tempdir()?;
        let (process, addr) = Process::start(backend, state.path(), listen)?;
        let process = Mutex::new(Some(process));
        let apart = Apart { backend: backend.to_owned(), state, addr, process, killed: Notify::new() };
        Ok(Proxy::Apart(Box::new(apart)))
    }

    pub(super) fn addr(&self) -> SocketAddr {
        match self {
            Proxy::Within(proxy) => proxy.addr(),
            Proxy::Apart(apart) => apart.addr,
        }
    }

    /// Its process, if it has one of its own.
    pub(super) fn process(&self) -> Option<u32> {
        match self {
            Proxy::Within(_) => None,
            Proxy::Apart(apart) => apart.running().as_ref().map(|process| process.0.id()),
        }
    }

    /// Ends its process as hard as the system can, at once.
    pub(super) fn kill(&self) {
        if let Proxy::Apart(apart) = self {
            drop(apart.running().take());
            apart.killed.notify_one();
        }
    }

    /// Starts it again whenever it has been killed. Returns only if that fails.
    pub(super) async fn keep(&self, progress: &Progress) -> Stop {
        match self {
            Proxy::Within(_) => std::future::pending().await,
            Proxy::Apart(apart) => loop {
                apart.killed.notified().await;
                if let Err(stop) = apart.come_back(progress).await {
                    return stop;
                }
            },
        }
    }

    /// Lets it end in order.
    pub(super) async fn shutdown(self) {
        // Apart, it has nothing to do any more, and nobody wants its records.
        if let Proxy::Within(proxy) = self {
            proxy.shutdown().await;
        }
    }
}

impl Apart {
    async fn come_back(&self, progress: &Progress) -> Result<(), Stop> {
        tokio::time::sleep(AWAY).await;
        let (backend, state, addr) = (self.backend.clone(), self.state.path().to_owned(), self.addr);
        let started = tokio::task::spawn_blocking(move || Process::start(&backend, &state, addr)).await;
        let (process, _) = started.map_err(|error| Stop::new(Exit::Failed, error))??;
        let id = process.0.id();
        progress.line(format_args!(
            "back     the proxy, as process {id}; its records are at most a second old"
        ))?;
        *self.running() = Some(process);
        Ok(())
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        // A value is put in or taken out whole: a panic elsewhere leaves it as it was.
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running `put2bits serve`. Dropping it kills it.
struct Process(Child);

impl Process {
    /// Starts it, and waits until it says where it listens.
    fn start(backend: &str, state: &Path, listen: SocketAddr) -> Result<(Process, SocketAddr), Stop> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args([
            "serve",
            "--backend",
            backend,
            "--profile",
            "refuse",
            "--admin-listen",
            "off",
            "--log",
            "warn,put2bits::app=info",
        ]);
        command.arg("--listen").arg(listen.to_string()).arg("--state-dir").arg(state);
        // The demo is the same whatever is set for the real one.
        let variables = std::env::vars_os().map(|(name, _)| name);
        let own = variables.filter(|name| name.to_string_lossy().starts_with("PUT2BITS_"));
        own.for_each(|name| _ = command.env_remove(name));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let mut process = Process(child);
        // It is there: it was asked for.
        let Some(stderr) = process.0.stderr.take() else { return Err(io::Error::other("no pipe").into()) };
        let mut log = BufReader::new(stderr);
        let addr = listening(&mut log)?;
        std::thread::Builder::new().name("log".into()).spawn(move || pass_on(log))?;
        Ok((process, addr))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // If it has ended already, so much the better.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The address, from the log.
fn listening(log: &mut BufReader<ChildStderr>) -> Result<SocketAddr, Stop> {
    let mut last = String::new();
    loop {
        let mut line = String::new();
        if log.read_line(&mut line)? == 0 {
            return Err(Stop::new(Exit::Failed, format!("the proxy did not start: {}", last.trim())));
        }
        let addr = line.split_once("listening on http://").and_then(|(_, addr)| addr.trim().parse().ok());
        if let Some(addr) = addr {
            return Ok(addr);
        }
        last = line;
    }
}

/// Warnings of the proxy are warnings of the demo.
fn pass_on(log: BufReader<ChildStderr>) {
    for line in log.lines().map_while(Result::ok).filter(|line| !line.contains(" INFO ")) {
        // If nobody hears it, reading on keeps the proxy from waiting for a reader.
        let _ = writeln!(io::stderr(), "{line}");
    }
}
