//! The client that everybody has.

use crate::authority::Authority;
use crate::support::Proxy;
use std::process::{Command, Output};

/// What one run of curl says: its exit code, and the status of the answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) exit: i32,
    pub(crate) status: u16,
    pub(crate) text: String,
}

/// Runs curl against `https://up.test`, which is the proxy, and trusts the authority.
pub(crate) async fn curl(authority: &Authority, proxy: &Proxy, path: &str, args: &[&str]) -> Run {
    let port = proxy.addr.port();
    let (resolve, url) = (format!("up.test:{port}:127.0.0.1"), format!("https://up.test:{port}{path}"));
    let ca = authority.path("ca.crt");
    run([&["--cacert", &ca, "--resolve", &resolve, &url][..], args].concat()).await
}

/// Runs curl with these arguments.
pub(crate) async fn run(args: Vec<&str>) -> Run {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "60", "--http1.1"]);
    command.args(["--write-out", "\n%{http_code}"]).args(args);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let Output { status, stdout, stderr } = output.expect("curl is needed for these tests: install it");
    let out = String::from_utf8(stdout).unwrap();
    let (body, code) = out.rsplit_once('\n').unwrap();
    let text = format!("{body}{}", String::from_utf8(stderr).unwrap());
    Run { exit: status.code().unwrap(), status: code.parse().unwrap(), text }
}
