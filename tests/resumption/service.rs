//! The program over several lives of its process: the same port, the same state directory.

use crate::support::{Backend, Proxy, Settings};
use std::net::SocketAddr;
use std::path::PathBuf;
use tempfile::TempDir;
use tokio::net::TcpSocket;

/// The program, which can be killed and started again.
pub(crate) struct Service {
    pub(crate) addr: SocketAddr,
    pub(crate) proxy: Proxy,
    settings: Settings,
    dir: TempDir,
    /// Keeps the port ours while nobody listens.
    _port: TcpSocket,
    /// Logs of the lives that are over.
    logs: String,
}

impl Service {
    /// In front of a backend with the profile `refuse`.
    pub(crate) async fn before(backend: &Backend) -> Service {
        Service::start(Settings::to(backend)).await
    }

    pub(crate) async fn start(settings: Settings) -> Service {
        let dir = tempfile::tempdir().unwrap();
        let port = TcpSocket::new_v4().unwrap();
        port.set_reuseaddr(true).unwrap();
        port.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let addr = port.local_addr().unwrap();
        // Two workers, so that an upload moves between them.
        let settings = settings.set("listen", &addr.to_string()).set("workers", "2");
        let settings = settings.state_in(&dir.path().join("state"));
        let proxy = settings.clone().start().await;
        Service { addr, proxy, settings, dir, _port: port, logs: String::new() }
    }

    /// SIGKILL, and then its next life.
    pub(crate) async fn kill(&mut self) {
        self.proxy.kill();
        self.next().await;
    }

    /// Starts it again after its end.
    pub(crate) async fn next(&mut self) {
        self.logs.push_str(&self.proxy.log_text());
        self.logs.push('\n');
        self.proxy = self.settings.clone().start().await;
    }

    /// The state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// What it logged in all its lives.
    pub(crate) fn logs(&self) -> String {
        format!("{}{}", self.logs, self.proxy.log_text())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the logs of its earlier lives:\n{}", self.logs);
        }
    }
}
