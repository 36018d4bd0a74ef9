//! One thread's share of the work: client connections and their uploads.

use super::uploads::{Common, Runner};
use crate::front::{self, Service, Windows};
use crate::registry::Registry;
use crate::resumable::Settings;
use crate::telemetry::{ConnectionGuard, Metrics};
use crate::transfer::Place;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    socket: TcpStream,
    counted: Counted,
}

#[derive(Debug)]
struct Counted {
    load: Arc<AtomicUsize>,
    _place: Place,
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
    pub(super) async fn hand_over(&self, socket: TcpStream, place: Place) {
        self.load.fetch_add(1, Ordering::Relaxed);
        let counted =
            Counted { load: Arc::clone(&self.load), _place: place, _open: self.metrics.connection() };
        if self.sockets.send(Arrival { socket, counted }).await.is_err() {
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
        let service = Service::new(Runner(registry), routes, limits, resumption).sharing(self.shared.windows);
        while let Some(Arrival { socket, counted }) = self.sockets.recv().await {
            match prepare(socket) {
                Ok((socket, client)) => {
                    let (service, stop) = (service.clone(), self.stop.clone());
                    connections.spawn(async move {
                        front::serve_connection(socket, client, service, stop).await;
                        drop(counted);
                    });
                }
                // It is gone already.
                Err(error) => tracing::debug!(%error, "a connection could not be set up"),
            }
        }
        connections.close();
        connections.wait().await;
        uploads.close();
        uploads.wait().await;
    }
}

/// The socket as this thread's runtime has it, and who is at its other end.
fn prepare(socket: TcpStream) -> io::Result<(tokio::net::TcpStream, SocketAddr)> {
    // Answers are small and go out whole.
    socket.set_nodelay(true)?;
    let client = plain(socket.peer_addr()?);
    Ok((tokio::net::TcpStream::from_std(socket)?, client))
}

/// The address as people know it: a socket for both families calls 192.0.2.1 `::ffff:192.0.2.1`.
fn plain(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_as_people_know_them() {
        for (peer, shown) in [
            ("192.0.2.1:5", "192.0.2.1:5"),
            ("[::ffff:192.0.2.1]:5", "192.0.2.1:5"),
            ("[2001:db8::1]:5", "[2001:db8::1]:5"),
        ] {
            assert_eq!(plain(peer.parse().unwrap()).to_string(), shown);
        }
    }
}
