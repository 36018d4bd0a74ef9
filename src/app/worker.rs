//! One thread's share of the work: client connections and their uploads.

use super::door::{Clients, Taken};
use super::uploads::{Common, Runner};
use crate::access::{Peer, Proxies};
use crate::front::{self, Protocol, Service, Transport, Windows};
use crate::guard::Guards;
use crate::listen::{Agreed, Connection, Entrance, Parked, Reason, Refused, Turns};
use crate::registry::Registry;
use crate::resumable::Settings;
use crate::telemetry::{ConnectionGuard, ConnectionLimit, Metrics, Seldom};
use crate::transfer::Place;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Sockets that wait for a worker at most; then the acceptor waits.
const QUEUE: usize = 64;

/// Uploads of an earlier process.
#[derive(Debug)]
pub(super) struct Inherited {
    /// Id and record of each.
    pub(super) records: Vec<(String, Vec<u8>)>,
    /// Dropped when they are taken over: whoever is served before that could be told that there is no such upload.
    pub(super) taken_over: DropGuard,
}

/// The acceptor's end of a worker.
#[derive(Debug)]
pub(super) struct Desk {
    sockets: mpsc::Sender<Arrival>,
    load: Arc<AtomicUsize>,
    metrics: Metrics,
}

/// A socket, counted as long as it lives.
#[derive(Debug)]
struct Arrival {
    socket: Parked,
    peer: SocketAddr,
    entrance: Arc<Entrance>,
    counted: Counted,
}

#[derive(Debug)]
struct Counted {
    load: Arc<AtomicUsize>,
    _places: Taken,
    _open: ConnectionGuard,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.load.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Desk {
    /// Connections that the worker has.
    pub(super) fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    /// Gives the worker a connection.
    pub(super) async fn hand_over(
        &self,
        socket: Parked,
        peer: SocketAddr,
        entrance: Arc<Entrance>,
        places: Taken,
    ) {
        self.load.fetch_add(1, Ordering::Relaxed);
        let counted =
            Counted { load: Arc::clone(&self.load), _places: places, _open: self.metrics.connection() };
        if self.sockets.send(Arrival { socket, peer, entrance, counted }).await.is_err() {
            tracing::error!("a worker is gone: a connection is dropped");
        }
    }
}

/// The worker's end.
pub(super) struct Worker {
    sockets: mpsc::Receiver<Arrival>,
    shared: Shared,
    stop: CancellationToken,
}

/// What workers have in common.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    /// Its tasks run where it was made; each worker makes its own from it.
    pub(super) registry: Registry<Common>,
    pub(super) resumption: Arc<Settings>,
    pub(super) guards: Guards,
    /// Whom in front to believe.
    pub(super) proxies: Arc<Proxies>,
    /// Counts the connections of each client.
    pub(super) clients: Clients,
    /// Says now and then who does not get in.
    pub(super) refused: Arc<Mutex<Seldom>>,
    pub(super) windows: Windows,
}

/// Both ends.
pub(super) fn new(shared: Shared, stop: CancellationToken) -> (Desk, Worker) {
    let (sender, sockets) = mpsc::channel(QUEUE);
    let metrics = shared.registry.host().metrics.clone();
    (Desk { sockets: sender, load: Arc::default(), metrics }, Worker { sockets, shared, stop })
}

impl Worker {
    /// Serves until the acceptor is gone and everything begun has ended. One of the workers takes over what an earlier
    /// process has left; that one also looks after all that have expired.
    pub(super) async fn run(mut self, inherited: Option<Inherited>) {
        let (connections, uploads) = (TaskTracker::new(), TaskTracker::new());
        let registry = self.shared.registry.on(uploads.clone());
        if let Some(Inherited { records, taken_over }) = inherited {
            registry.recover(records);
            drop(taken_over);
            let (sweeps, stop) = (registry.sweeps(), self.stop.clone());
            uploads.spawn(async move { stop.run_until_cancelled(sweeps).await });
        }
        let host = registry.host();
        let (routes, limits) = (Arc::clone(&host.routes), Arc::clone(&host.limits));
        let resumption = Arc::clone(&self.shared.resumption);
        let metrics = host.metrics.clone();
        let service = Service::new(Runner(registry), routes, limits, resumption)
            .sharing(self.shared.windows)
            .behind(Arc::clone(&self.shared.proxies))
            .guarded_by(self.shared.guards.clone());
        let lobby = Lobby {
            turns: Turns::default(),
            clients: self.shared.clients.clone(),
            refused: Arc::clone(&self.shared.refused),
            metrics,
        };
        while let Some(Arrival { socket, peer, entrance, counted }) = self.sockets.recv().await {
            let (service, stop, lobby) = (service.clone(), self.stop.clone(), lobby.clone());
            connections.spawn(async move {
                let entered = tokio::select! {
                    // Who needs no time gets in, as long as the acceptor lets anybody in.
                    biased;
                    entered = Box::pin(lobby.enter(socket, peer, &entrance)) => entered,
                    () = stop.cancelled() => None,
                };
                if let Some((connection, peer, place)) = entered {
                    front::serve_connection(connection, peer, service, stop).await;
                    drop(place);
                }
                drop(counted);
            });
        }
        connections.close();
        connections.wait().await;
        uploads.close();
        uploads.wait().await;
    }
}

/// Where connections are until it is known who they are.
#[derive(Debug, Clone)]
struct Lobby {
    turns: Turns,
    clients: Clients,
    refused: Arc<Mutex<Seldom>>,
    metrics: Metrics,
}

impl Lobby {
    /// Lets a connection in, or says why not.
    async fn enter(
        &self,
        socket: Parked,
        address: SocketAddr,
        entrance: &Entrance,
    ) -> Option<(Connection, Peer, Option<Place>)> {
        let socket = match socket.resume() {
            Ok(socket) => socket,
            Err(error) => {
                // It is gone already.
                tracing::debug!(%error, "a connection could not be set up");
                return None;
            }
        };
        // Others were counted by the door.
        let is_counted = entrance.listener().proxy_protocol;
        let admit = |client| if is_counted { self.clients.enter(client).map(Some) } else { Some(None) };
        match entrance.enter(socket, address, &self.turns, admit).await {
            Ok(entered) => Some(entered),
            Err(refused) => {
                self.tell(&refused, address, entrance);
                None
            }
        }
    }

    fn tell(&self, refused: &Refused, address: SocketAddr, entrance: &Entrance) {
        let (reason, listener) = (refused.reason.as_str(), &entrance.listener().address);
        match refused.reason {
            Reason::TooMany => self.metrics.connection_refused(ConnectionLimit::PerClient),
            _ => self.metrics.handshake_failed(reason),
        }
        tracing::debug!(client = %address, %listener, reason, "a connection does not get in: {refused}");
        if refused.reason.is_notable() {
            let mut seldom = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(times) = seldom.happened(Instant::now()) {
                tracing::warn!(
                    times,
                    reason,
                    "connections do not get in at {listener}, the last one from {}: {refused}",
                    address.ip()
                );
            }
        }
    }
}

impl Transport for Connection {
    fn close_abruptly(&self) {
        Connection::close_abruptly(self);
    }

    fn protocol(&self) -> Protocol {
        match self.agreed() {
            Agreed::Http1 => Protocol::Http1,
            Agreed::Http2 => Protocol::Http2,
            Agreed::Nothing => Protocol::Unknown,
        }
    }
}
