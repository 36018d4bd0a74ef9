//! The mock backend on a thread of its own, so that a busy test does not slow it down.

use super::File;
use put2bits::bits::server::Knobs;
use put2bits::mock::{Fault, Mock, MockConfig, Storage};
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use tokio::net::TcpSocket;
use tokio::sync::oneshot;

/// A running mock. Dropping it stops it.
pub(crate) struct Backend {
    mock: Arc<Mock>,
    /// Dropped with the rest; that ends the thread.
    _stop: oneshot::Sender<()>,
}

/// A strict server with these quirks.
pub(crate) fn quirks(quirks: &[&str]) -> Knobs {
    let mut knobs = Knobs::strict();
    for quirk in quirks {
        knobs.set(quirk).unwrap();
    }
    knobs
}

impl Backend {
    /// A strict server that hashes, with these quirks and faults.
    pub(crate) fn new(changes: &[&str], faults: &[&str]) -> Backend {
        Backend::start(MockConfig {
            knobs: quirks(changes),
            faults: faults.iter().map(|fault| fault.parse::<Fault>().unwrap()).collect(),
            storage: Storage::Hash,
            ..MockConfig::default()
        })
    }

    pub(crate) fn start(config: MockConfig) -> Backend {
        Backend::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), config)
    }

    pub(crate) fn start_at(addr: SocketAddr, config: MockConfig) -> Backend {
        let (sender, receiver) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mock = Mock::bind(addr, config).await.unwrap();
                sender.send(Arc::new(mock)).unwrap();
                let _ = stopped.await;
            });
        });
        Backend { mock: receiver.recv().unwrap(), _stop: stop }
    }

    /// Asserts that exactly this file is stored at the path.
    #[track_caller]
    pub(crate) fn assert_stored(&self, path: &str, file: File) {
        let published = self.published();
        let stored = published.get(path).unwrap_or_else(|| panic!("nothing is stored at {path}"));
        assert_eq!(stored.length, file.size, "size of {path}");
        assert_eq!(stored.sha256, Some(file.sha256()), "bytes of {path} ({} bytes)", file.size);
    }
}

impl Deref for Backend {
    type Target = Mock;

    fn deref(&self) -> &Mock {
        &self.mock
    }
}

/// An address at which nobody listens, and that is given to nobody else until this is dropped: tests that run at the same
/// time would take a port that was merely free. A [`Backend`] can be started there meanwhile.
pub(crate) struct Nobody {
    pub(crate) addr: SocketAddr,
    _held: TcpSocket,
}

impl Nobody {
    pub(crate) fn new() -> Nobody {
        let held = TcpSocket::new_v4().unwrap();
        held.set_reuseaddr(true).unwrap();
        held.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Nobody { addr: held.local_addr().unwrap(), _held: held }
    }
}
