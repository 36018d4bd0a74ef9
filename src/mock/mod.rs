//! A whole BITS upload server on plain sockets, for tests, for the demo and for trying things out.
//!
//! [`bits::server`](crate::bits::server) decides what is answered; this shell reads and writes the bytes, stores
//! files, and breaks things on purpose. It does not use an HTTP library: header spelling, missing lengths,
//! dropped connections and answers before the body have to be exactly as asked for.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use put2bits::mock::{Mock, MockConfig, Storage};
//!
//! let config = MockConfig {
//!     storage: Storage::Hash,
//!     faults: vec!["drop-ack:fragment:count=2".parse().unwrap()],
//!     ..MockConfig::default()
//! };
//! let mock = Mock::bind("127.0.0.1:0".parse().unwrap(), config).await?;
//! println!("upload to {}", mock.url());
//! // … mock.wait_for(|stats| stats.published > 0).await; …
//! assert!(mock.published().is_empty());
//! # Ok(())
//! # }
//! ```

mod connection;
mod fault;
mod files;
mod intake;
mod observe;
mod path;
mod state;
mod storage;
mod wire;

pub use fault::{FAULT_HELP, Fault, FaultError};
pub(crate) use observe::Count;
pub use observe::{Event, Published, Stats};
pub use storage::Storage;

use crate::bits::server::Knobs;
use bytes::Bytes;
use state::Shared;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::broadcast;

/// What kind of server to be.
#[derive(Debug, Clone)]
pub struct MockConfig {
    /// How it speaks BITS.
    pub knobs: Knobs,
    /// What becomes of the bytes.
    pub storage: Storage,
    /// What goes wrong. The first fault that applies to a packet strikes; delays add to it.
    pub faults: Vec<Fault>,
    /// Seed of the faults with a probability.
    pub seed: u64,
    /// Whether `Expect: 100-continue` gets its 100. If not, the body is simply awaited.
    pub expect_continue: bool,
    /// Whether GET, HEAD and DELETE of published files are answered. If not: 405.
    pub serve_files: bool,
    /// Body of the reply of an upload-reply server (the knob `reply-url`).
    pub reply: Bytes,
}

impl Default for MockConfig {
    /// A strict server that stores nothing and lets nothing go wrong.
    fn default() -> Self {
        MockConfig {
            knobs: Knobs::strict(),
            storage: Storage::Discard,
            faults: Vec::new(),
            seed: 0,
            expect_continue: true,
            serve_files: true,
            reply: Bytes::new(),
        }
    }
}

/// A running mock server. Dropping it stops it.
#[derive(Debug)]
pub struct Mock {
    shared: Arc<Shared>,
    addr: SocketAddr,
}

impl Mock {
    /// Binds the address (port 0: the system chooses) and serves in tasks of the current runtime.
    ///
    /// # Errors
    /// The address can't be bound, or the storage folder can't be made.
    pub async fn bind(addr: SocketAddr, config: MockConfig) -> io::Result<Mock> {
        config.storage.prepare()?;
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared::new(config));
        tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Mock { shared, addr })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The URL of its root directory, with a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}/", self.addr)
    }

    /// What happened so far.
    pub fn stats(&self) -> Stats {
        self.shared.stats.borrow().clone()
    }

    /// Waits until the figures are as wanted, and returns them.
    pub async fn wait_for(&self, wanted: impl FnMut(&Stats) -> bool) -> Stats {
        let mut figures = self.shared.stats.subscribe();
        match figures.wait_for(wanted).await {
            Ok(stats) => stats.clone(),
            // The sender lives as long as `self`.
            Err(_) => self.stats(),
        }
    }

    /// The files that were published since the start, by request path.
    pub fn published(&self) -> BTreeMap<String, Published> {
        self.shared.published().clone()
    }

    /// What happens from now on. A reader that falls 1024 events behind loses the oldest.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// Becomes another kind of server; sessions stay.
    pub fn set_knobs(&self, knobs: Knobs) {
        self.shared.core().server.set_knobs(knobs);
    }

    /// Replaces what goes wrong; all counts begin anew.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.shared.core().faults.replace(faults);
    }

    /// Stops reading and answering on all connections, or goes on.
    pub fn set_stalled(&self, stalled: bool) {
        self.shared.stalled.send_replace(stalled);
    }

    /// Drops all connections, and all sessions unless they are kept (as servers do that store them on disk).
    pub fn restart(&self, keep_sessions: bool) {
        self.shared.restart(keep_sessions);
    }

    /// Stops listening and drops all connections. Published files stay.
    pub fn shutdown(&self) {
        self.shared.shutdown();
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// How long to wait when the system is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut number = 0;
    loop {
        let accepted = tokio::select! {
            () = shared.closed.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                number += 1;
                tokio::spawn(connection::run(Arc::clone(&shared), stream, number));
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}
