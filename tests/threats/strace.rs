//! The program under `strace`: everybody it wanted to connect to.

use crate::support::program;
use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// Where the calls are written.
pub(crate) struct Trace {
    folder: TempDir,
}

impl Trace {
    pub(crate) fn new() -> Trace {
        Trace { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("calls")
    }

    /// `strace … put2bits serve`. The tracer steps aside (`-D`), so that the child is the program itself.
    pub(crate) fn command(&self) -> Command {
        let own = program();
        let mut command = Command::new("strace");
        command.args(["-D", "-f", "-qq", "-s", "256", "-e", "trace=connect", "-o"]).arg(self.file());
        command.arg(own.get_program()).arg("serve");
        for (name, value) in own.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// Whom it wanted to connect to: addresses, and as text whatever is none. To ask for a name is to connect to a name
    /// server, or to the socket of the machine's own.
    pub(crate) fn contacts(&self) -> BTreeSet<String> {
        let text = fs::read_to_string(self.file()).unwrap();
        let calls = text.lines().filter(|line| line.contains("connect("));
        calls
            .map(|line| address(line).map_or_else(|| line.to_owned(), |address| address.to_string()))
            .collect()
    }
}

/// `connect(9, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16)`, and the like of IPv6.
fn address(line: &str) -> Option<SocketAddr> {
    let between = |from: &str, to: &str| Some(line.split_once(from)?.1.split_once(to)?.0);
    let (port, host) = match between("sin_port=htons(", ")") {
        Some(port) => (port, between("inet_addr(\"", "\"")?),
        None => (between("sin6_port=htons(", ")")?, between("inet_pton(AF_INET6, \"", "\"")?),
    };
    Some(SocketAddr::new(host.parse().ok()?, port.parse().ok()?))
}

#[test]
fn calls_are_read() {
    for (line, wanted) in [
        (
            r#"1 connect(9, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.0.0.1")}, 16) = 0"#,
            Some("10.0.0.1:80"),
        ),
        (
            r#"1 connect(9, {sa_family=AF_INET6, sin6_port=htons(81), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0"#,
            Some("[::1]:81"),
        ),
        (r#"1 connect(3, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT"#, None),
    ] {
        assert_eq!(address(line).map(|address| address.to_string()).as_deref(), wanted);
    }
}
