//! The running proxy: its threads, from the first to the last.

use super::acceptor::{self, Gate};
use super::backends::Backends;
use super::descriptors;
use super::door::Door;
use super::error::ServeError;
use super::figures::Watched;
use super::grace::Grace;
use super::health::{Policy, Status};
use super::listening::{self, Open};
use super::probes::{self, Probes};
use super::state;
use super::thread::spawn;
use super::uploads::Common;
use super::worker::{self, Inherited};
use crate::config::Config;
use crate::front::Windows;
use crate::guard::Guards;
use crate::listen::{Entrance, Passed, Place, Reason, Reloader};
use crate::registry::{Drain, Registry};
use crate::store::Opened;
use std::any::Any;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Asks for a look at the certificates; what is sent along is told when it is done.
type Looks = mpsc::Sender<oneshot::Sender<()>>;

/// A running proxy. Dropping it stops it at once.
#[derive(Debug)]
pub struct Proxy {
    open: Vec<Open>,
    probes: Option<Probes>,
    /// None: there are no certificates.
    looks: Option<Looks>,
    status: Arc<Status>,
    drain: Drain,
    grace: Grace,
    threads: Vec<JoinHandle<()>>,
    /// Files of Unix sockets, removed with this.
    _files: Vec<Box<dyn Any + Send + Sync>>,
}

impl Proxy {
    /// Binds the address and starts the threads.
    ///
    /// # Errors
    /// If the address can't be bound, or the system refuses what a server needs.
    pub fn start(config: Config) -> Result<Self, ServeError> {
        // Before there are threads: it changes the environment.
        let passed = Passed::of_process().map_err(|source| ServeError::Passed { source })?;
        let listeners = config.all_listeners();
        let Config { proxies, workers, routes, limits, state, resumption, admin, .. } = config;
        let backends = Backends::open(&routes, &limits)?;
        let guards = Guards::new(&routes).map_err(|source| ServeError::Guard { source })?;
        let opened = state::open(&state)?;
        let probes = probes::bind(admin.listen)?;
        let proxies = Arc::new(proxies);
        let mut gates = listening::open(listeners, &proxies, passed, &limits)?;
        let places: Vec<_> = gates.iter().map(Gate::open).collect();
        let files = gates.iter_mut().filter_map(|gate| Some(Box::new(gate.bound.take_file()?) as Box<_>));
        let files = files.collect();
        let entrances: Vec<_> = gates.iter().map(|gate| Arc::clone(&gate.entrance)).collect();
        let drain = Drain::default();
        let grace = Grace::new(&limits);
        let (ready, policy) =
            (CancellationToken::new(), Policy { store: admin.ready_store, backend: admin.ready_backend });
        let (status, pulses) =
            Status::new(workers, policy, ready.clone(), Arc::clone(&opened.health), backends.endpoints());
        let status = Arc::new(status);
        let most = descriptors::connections(limits.connections.max);
        let common = Common::new(routes, limits, backends, drain.clone());
        let door = Door::new(most, &common.limits, common.metrics.clone());
        let reasons = Reason::ALL.into_iter().filter(|reason| *reason != Reason::TooMany);
        common.metrics.know_handshake_failures(reasons.map(Reason::as_str));
        let windows = Windows::new(common.limits.memory / 4);
        let Opened { store, records, salt, .. } = opened;
        state::tell_where(&state, records.len());
        let shared = worker::Shared {
            registry: Registry::new(common, store, salt, TaskTracker::new()),
            resumption: Arc::new(resumption),
            guards: guards.clone(),
            proxies,
            clients: door.clients().clone(),
            refused: Arc::new(Mutex::default()),
            windows,
        };
        let watched = || Watched::new(Arc::clone(&status), shared.registry.clone(), &entrances);
        let probes = probes.map(|listener| probes::watch(listener, watched())).transpose()?;
        let looks = keep_certificates(&entrances)?;
        let mut inherited = Some(Inherited { records, taken_over: ready.clone().drop_guard() });
        if guards.has_files() {
            keep_guards(guards, &places, drain.up().clone())?;
        }

        let mut threads = Vec::with_capacity(workers + 1);
        let mut desks = Vec::with_capacity(workers);
        for (number, pulse) in pulses.into_iter().enumerate() {
            let (desk, worker) = worker::new(shared.clone(), drain.begun().clone());
            desks.push(desk);
            threads.push(spawn(format!("worker-{number}"), pulse.beside(worker.run(inherited.take())))?);
        }
        let acceptor = acceptor::run(gates, door, desks, ready, drain.begun().clone());
        threads.push(spawn("acceptor".into(), acceptor)?);
        Ok(Proxy { open: places, probes, looks, status, drain, grace, threads, _files: files })
    }

    /// Where it listens: the first of its addresses. Without any (there are only Unix sockets) one that is no address.
    pub fn addr(&self) -> SocketAddr {
        self.places()
            .find_map(|place| match place {
                Place::Tcp(address) => Some(*address),
                Place::Unix(_) => None,
            })
            .unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0)))
    }

    /// Everywhere where it listens.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.open.iter().map(|open| &open.place)
    }

    /// The same, as it is said in the log.
    pub(super) fn open(&self) -> impl Iterator<Item = &Open> {
        self.open.iter()
    }

    /// How the grace period will be used.
    pub(super) fn grace(&self) -> Grace {
        self.grace
    }

    /// Reads the files of all certificates again; what is wrong is logged. Returns when that is done.
    pub async fn look_again(&self) {
        let Some(looks) = &self.looks else { return };
        let (sender, done) = oneshot::channel();
        if looks.send(sender).await.is_ok() {
            // It ends only with this.
            let _ = done.await;
        }
    }

    /// Where probes and metrics are answered, if they are. They are until the proxy is dropped.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.probes.as_ref().map(|probes| probes.addr)
    }

    /// Stops in order: not ready at once; after the delay no new uploads; those that can be resumed are broken off; the others
    /// may go on for the most of the grace period, then they are cancelled. Returns when all is over, and at the latest at
    /// the end of the grace period.
    pub async fn shutdown(mut self) {
        self.status.set_draining();
        let Grace { delay, running, cancelling } = self.grace;
        tokio::time::sleep(delay).await;
        self.drain.begin();
        let threads = std::mem::take(&mut self.threads);
        let mut joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                // A worker that panicked has nothing left to wait for.
                let _ = thread.join();
            }
        });
        if tokio::time::timeout(running, &mut joined).await.is_err() {
            tracing::warn!("the grace period is almost over: uploads that still run are cancelled");
            self.drain.end();
            if tokio::time::timeout(cancelling, joined).await.is_err() {
                tracing::warn!("the grace period is over: something still hung, and is left");
            }
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.drain.end();
    }
}

/// Reads the files of certificates again, on a thread of its own.
fn keep_certificates(entrances: &[Arc<Entrance>]) -> io::Result<Option<Looks>> {
    let Some(reloader) = Reloader::new(entrances) else { return Ok(None) };
    let (looks, asked) = mpsc::channel(1);
    // Nobody waits for the thread: it has nothing to bring to an end.
    drop(spawn("certificates".into(), reloader.run(asked))?);
    Ok(Some(looks))
}

/// Reads the files of tokens and users again, on a thread of its own.
fn keep_guards(guards: Guards, places: &[Open], stop: CancellationToken) -> io::Result<()> {
    if places.iter().any(Open::is_overheard) {
        tracing::warn!(
            "clients show tokens or passwords to a route, and a listener for other machines is not encrypted"
        );
    }
    let watch = guards.watch();
    // Nobody waits for the thread: it has nothing to bring to an end.
    drop(spawn("guard".into(), async move {
        stop.run_until_cancelled(watch).await;
    })?);
    Ok(())
}
