//! The backends: one mock server for each kind, all on a thread of their own, each behind a network of its own.

use super::relay::Relay;
use put2bits::bits::server::Knobs;
use put2bits::mock::{Event, Fault, Mock, MockConfig, Published, Stats, Storage};
use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::runtime::Builder;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;

/// A kind of server, and what the proxy is told about it.
#[derive(Debug)]
pub(crate) struct Route {
    /// The profile, and the prefix of the route.
    pub(crate) profile: &'static str,
    quirks: &'static [&'static str],
    /// How often something goes wrong there, compared with the first: every fault in doubt costs an upload where nothing may
    /// be sent twice.
    share: f64,
}

/// All of them.
pub(crate) const ROUTES: [Route; 4] = [
    Route { profile: "refuse", quirks: &["overlap=refuse"], share: 1.0 },
    Route { profile: "trim", quirks: &["overlap=trim", "broken=keep"], share: 1.0 },
    Route { profile: "append", quirks: &["overlap=append"], share: 0.2 },
    // The worst that an unknown server can do.
    Route { profile: "unknown", quirks: &["overlap=append", "unknown=generic"], share: 0.2 },
];

/// What goes wrong at a server, and with which probability.
const FAULTS: [(&str, f64); 22] = [
    ("drop-head:any", 0.004),
    ("drop-body=100KiB:fragment", 0.004),
    ("drop-ack:create", 0.02),
    ("drop-ack:fragment", 0.008),
    ("drop-ack:last", 0.02),
    ("drop-ack:close", 0.05),
    ("drop-ack:cancel", 0.05),
    ("drop-after-ack:any", 0.01),
    ("delay=40ms:any", 0.05),
    ("delay=2s:any", 0.004),
    ("stall:any", 0.001),
    ("status=503:create", 0.02),
    ("status=503:any", 0.006),
    ("status=500:fragment", 0.004),
    ("status=502:any", 0.002),
    ("status=504:close", 0.02),
    ("early-413:fragment", 0.002),
    ("html-404:fragment", 0.002),
    ("spurious-416:fragment", 0.002),
    ("short-take=1000:fragment", 0.004),
    ("lose-session:fragment", 0.002),
    ("lose-session:close", 0.005),
];

/// A running server.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) mock: Mock,
    /// The way to it.
    pub(crate) way: Relay,
    share: f64,
    struck: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Backend {
    async fn start(route: &Route) -> Result<Backend, Box<dyn Error>> {
        let mut knobs = Knobs::strict();
        for quirk in route.quirks {
            knobs.set(quirk)?;
        }
        let config = MockConfig { knobs, storage: Storage::Hash, ..MockConfig::default() };
        let mock = Mock::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), config).await?;
        let way = Relay::bind(mock.addr()).await?;
        let struck: Arc<Mutex<BTreeMap<String, u64>>> = Arc::default();
        let (counts, mut events) = (Arc::clone(&struck), mock.events());
        tokio::spawn(async move {
            loop {
                match events.recv().await {
                    Ok(Event::Fault { fault, .. }) => {
                        let kind = fault.split(":p=").next().unwrap_or_default().to_owned();
                        *counts.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default() += 1;
                    }
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        });
        Ok(Backend { mock, way, share: route.share, struck })
    }

    /// Lets things go wrong, or nothing any more.
    pub(crate) fn set_faulty(&self, faulty: bool) {
        let fault = |(text, p): &(&str, f64)| format!("{text}:p={:.6}", p * self.share).parse::<Fault>();
        // The texts are constants, and a wrong one would be missed in the report.
        let faults = FAULTS.iter().filter_map(|row| fault(row).ok()).collect();
        self.mock.set_faults(if faulty { faults } else { Vec::new() });
    }

    /// Faults that struck, by their kind.
    pub(crate) fn struck(&self) -> BTreeMap<String, u64> {
        self.struck.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// All of them, in the order of [`ROUTES`]. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct Backends {
    all: Vec<Backend>,
    /// Before the proxy.
    pub(crate) clients: Relay,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Backends {
    /// `proxy`: where clients' connections go. Not inside a runtime.
    pub(crate) fn start(proxy: SocketAddr) -> Result<Backends, Box<dyn Error>> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (all, clients) = runtime.block_on(async {
            let mut all = Vec::new();
            for route in &ROUTES {
                all.push(Backend::start(route).await?);
            }
            Ok::<_, Box<dyn Error>>((all, Relay::bind(proxy).await?))
        })?;
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("backends".into()).spawn(move || {
            // An error is what it waits for: the sender is gone.
            let _ = runtime.block_on(stopped);
        })?;
        Ok(Backends { all, clients, stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn all(&self) -> &[Backend] {
        &self.all
    }

    pub(crate) fn of(&self, route: usize) -> &Backend {
        &self.all[route]
    }

    /// What was stored under that path.
    pub(crate) fn stored(&self, route: usize, path: &str) -> Option<Published> {
        self.of(route).mock.published().remove(path)
    }

    /// The sum of a figure of all of them.
    pub(crate) fn sum(&self, figure: fn(&Stats) -> u64) -> u64 {
        self.all.iter().map(|backend| figure(&backend.mock.stats())).sum()
    }

    /// Nothing goes wrong any more.
    pub(crate) fn calm(&self) {
        self.clients.open();
        for backend in &self.all {
            backend.set_faulty(false);
            backend.way.open();
            backend.mock.set_stalled(false);
        }
    }

    /// The routes of the proxy, as its configuration file has them.
    pub(crate) fn routes(&self) -> String {
        let table = |(route, backend): (&Route, &Backend)| {
            let Route { profile, .. } = route;
            let addr = backend.way.addr();
            format!(
                "[[route]]\npath = \"/{profile}/\"\nbackend = \"http://{addr}/{profile}/\"\nprofile = \"{profile}\"\n"
            )
        };
        ROUTES.iter().zip(&self.all).map(table).collect()
    }
}

impl Drop for Backends {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// An address that nobody else gets while the socket lives, although nobody listens on it.
pub(crate) fn reserve() -> io::Result<(socket2::Socket, SocketAddr)> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    let addr = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::InvalidInput)?;
    Ok((socket, addr))
}
