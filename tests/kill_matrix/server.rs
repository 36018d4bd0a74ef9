//! The backend of a cell: on a thread of ours if it keeps its sessions when it dies, else a process of its own.

use crate::cell::Kind;
use crate::support::{Backend, File, signal, within};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;

/// A running backend.
pub(crate) enum Server {
    Thread(Backend),
    Process(Process),
}

/// The mock backend as a child process that stores its files in a folder.
pub(crate) struct Process {
    child: Child,
    out: BufReader<ChildStdout>,
    addr: SocketAddr,
    quirk: &'static str,
    folder: TempDir,
}

impl Kind {
    /// The quirk of a server of that kind.
    fn quirk(self) -> &'static str {
        match self {
            Kind::Refuse => "overlap=refuse",
            Kind::Append => "overlap=append",
        }
    }

    /// What the proxy is told of it.
    pub(crate) fn profile(self) -> &'static str {
        match self {
            Kind::Refuse => "refuse",
            Kind::Append => "unknown",
        }
    }
}

impl Server {
    pub(crate) fn thread(kind: Kind) -> Server {
        Server::Thread(Backend::new(&[kind.quirk()], &[]))
    }

    pub(crate) fn process(kind: Kind) -> Server {
        let (quirk, folder) = (kind.quirk(), tempfile::tempdir().unwrap());
        let (child, out, addr) = spawn(quirk, &folder);
        Server::Process(Process { child, out, addr, quirk, folder })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        match self {
            Server::Thread(backend) => backend.addr(),
            Server::Process(process) => process.addr,
        }
    }

    /// It dies: a process by SIGKILL, the other one by dropping all connections.
    pub(crate) fn die(&mut self) {
        match self {
            Server::Thread(backend) => backend.restart(true),
            Server::Process(process) => {
                process.child.kill().unwrap();
                process.child.wait().unwrap();
            }
        }
    }

    /// It is back, perhaps elsewhere.
    pub(crate) fn come_back(&mut self) {
        if let Server::Process(process) = self {
            (process.child, process.out, process.addr) = spawn(process.quirk, &process.folder);
        }
    }

    /// Whether the file is there. Nothing else may be.
    pub(crate) fn has(&self, path: &str, file: File) -> bool {
        match self {
            Server::Thread(backend) => {
                let there = backend.published().contains_key(path);
                if there {
                    backend.assert_stored(path, file);
                }
                there
            }
            Server::Process(process) => {
                let stored = std::fs::read(process.folder.path().join(path.trim_start_matches('/'))).ok();
                assert!(stored.as_ref().is_none_or(|bytes| *bytes == file.bytes()), "the bytes of {path}");
                stored.is_some()
            }
        }
    }

    /// Waits until it has so many sessions, or asserts that it does; a process ends with it.
    pub(crate) async fn ends_with_sessions(&mut self, open: u64) {
        match self {
            Server::Thread(backend) => {
                within("its sessions", backend.wait_for(|stats| stats.sessions_open == open)).await;
            }
            Server::Process(process) => {
                signal(process.child.id(), "INT");
                let mut figures = String::new();
                process.out.read_to_string(&mut figures).unwrap();
                process.child.wait().unwrap();
                assert!(figures.contains(&format!(" {open} open)")), "{open} sessions: {figures}");
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(quirk: &str, folder: &TempDir) -> (Child, BufReader<ChildStdout>, SocketAddr) {
    let mut child = Command::new(program())
        .args(["--listen", "127.0.0.1:0", "--quirk", quirk, "--dir"])
        .arg(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let addr = line.trim_end().trim_end_matches('/').strip_prefix("listening on http://").unwrap();
    (child, out, addr.parse().unwrap())
}

/// The example, which cargo builds with the tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join("examples").join("mock_backend");
    assert!(program.exists(), "{}: build it with `cargo build --examples`", program.display());
    program
}
