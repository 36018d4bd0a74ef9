//! Puts the parts together: the only place that names concrete ones.
//!
//! ```text
//!  acceptor thread ── socket to the worker with the fewest connections ──► worker threads, one runtime each
//!                                                                          front → uploads → transfer → backend
//! ```
//!
//! An upload lives on one worker from its first byte to its last: its client's connection, its transfer and its backend's
//! connection share one single-threaded runtime, and nothing on its way is handed between threads. What workers share is
//! the memory budget and what was learned about each backend.
//!
//! Probes and metrics are answered by one more thread, from before the first upload to the end of the process.

mod acceptor;
mod backends;
mod check;
mod descriptors;
mod door;
mod dumps;
mod figures;
mod health;
mod listening;
mod signals;
mod supervisor;
mod survey;
mod uploads;
mod worker;

pub use crate::front::{Preview, preview};

use crate::admin;
use crate::backend::Unusable;
use crate::config::{Config, StateConfig, StoreKind};
use crate::front::Windows;
use crate::guard::{GuardError, Guards};
use crate::limits::Limits;
use crate::listen::{BindError, LoadError, Passed, Place, Reason, Reloader, bind_tcp};
use crate::registry::{Drain, Registry};
use crate::store::{Embedded, FILE_NAME, Memory, Opened, StoreError};
use acceptor::Gate;
use backends::Backends;
pub use check::check;
use door::Door;
pub use dumps::forbid_core_dumps;
use figures::Watched;
use health::{Policy, Status};
use listening::Open;
use signals::{Signal, Signals};
use std::any::Any;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
pub use survey::survey;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use uploads::Common;
use worker::Inherited;

/// Why serving could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is in use, not ours, or needs a right.
    #[error("{source}")]
    Bind {
        /// Which one, and what the system says.
        source: BindError,
    },
    /// A socket that the supervisor has passed on cannot be listened on.
    #[error("a socket that was passed to this process (LISTEN_FDS) cannot be used: {source}")]
    Passed {
        /// What the system says.
        source: io::Error,
    },
    /// The certificates of a listener cannot be used.
    #[error("{source}")]
    Certificate {
        /// Which file, and what is wrong with it.
        source: LoadError,
    },
    /// The address for probes and metrics is in use, not ours, or needs a right.
    #[error(
        "cannot listen on the admin address {addr}: {source}: choose another with --admin-listen, or off"
    )]
    BindAdmin {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// What says who may upload can't be used: a file of hashes, mostly.
    #[error("who may upload: {source}")]
    Guard {
        /// What is wrong with it.
        source: GuardError,
    },
    /// The records of uploads in the state directory can't be used: damaged, of a newer version, or in use.
    #[error("cannot use the state directory: {source}")]
    State {
        /// What is wrong with them.
        source: StoreError,
    },
    /// A certificate, token or password for a backend can't be used: the configuration is wrong.
    #[error(transparent)]
    Backend(#[from] Unusable),
    /// The system refused threads, a runtime or signal handlers.
    #[error("cannot start: {source}")]
    Runtime {
        /// What the system says.
        source: io::Error,
    },
}

impl From<io::Error> for ServeError {
    fn from(source: io::Error) -> Self {
        ServeError::Runtime { source }
    }
}

impl From<StoreError> for ServeError {
    fn from(source: StoreError) -> Self {
        match source {
            StoreError::InUse { .. } | StoreError::Damaged { .. } | StoreError::Newer { .. } => {
                ServeError::State { source }
            }
            StoreError::Random(_) | StoreError::Thread(_) => io::Error::other(source).into(),
        }
    }
}

/// A running proxy. Dropping it stops it at once.
#[derive(Debug)]
pub struct Proxy {
    open: Vec<Open>,
    admin: Option<Admin>,
    /// Asks for a look at the certificates, if there are any.
    looks: Option<mpsc::Sender<oneshot::Sender<()>>>,
    status: Arc<Status>,
    drain: Drain,
    grace: Grace,
    threads: Vec<JoinHandle<()>>,
    /// Files of Unix sockets, removed with this.
    _files: Vec<Box<dyn Any + Send + Sync>>,
}

/// The listener for probes and metrics.
#[derive(Debug)]
struct Admin {
    addr: SocketAddr,
    /// Dropping it ends the listener.
    _stop: DropGuard,
}

/// How the grace period is used.
#[derive(Debug, Clone, Copy)]
struct Grace {
    /// Everything goes on.
    delay: Duration,
    /// Uploads that cannot be resumed go on.
    running: Duration,
    /// They are cancelled, and their clients told.
    cancelling: Duration,
}

impl Grace {
    /// As long as a Cancel-Session may take is kept for cancelling, but not more than half.
    fn new(limits: &Limits) -> Self {
        let delay = limits.shutdown.delay.min(limits.shutdown.grace);
        let rest = limits.shutdown.grace - delay;
        let cancelling = limits.time.cancel.min(rest / 2);
        Grace { delay, running: rest - cancelling, cancelling }
    }
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
        let opened = open(&state)?;
        let admin_listener = bind_admin(admin.listen)?;
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
        tell_where(&state, records.len());
        let shared = worker::Shared {
            registry: Registry::new(common, store, salt, TaskTracker::new()),
            resumption: Arc::new(resumption),
            guards: guards.clone(),
            proxies,
            clients: door.clients().clone(),
            refused: Arc::new(Mutex::default()),
            windows,
        };
        let admin = match admin_listener {
            Some(listener) => {
                Some(watch(listener, Watched::new(Arc::clone(&status), shared.registry.clone(), &entrances))?)
            }
            None => None,
        };
        let looks = match Reloader::new(&entrances) {
            Some(reloader) => {
                let (sender, asked) = mpsc::channel(1);
                // Nobody waits for the thread: it has nothing to bring to an end.
                drop(spawn("certificates".into(), reloader.run(asked))?);
                Some(sender)
            }
            None => None,
        };
        let mut inherited = Some(Inherited { records, taken_over: ready.clone().drop_guard() });

        if guards.has_files() && places.iter().any(Open::is_overheard) {
            tracing::warn!(
                "clients show tokens or passwords to a route, and a listener for other machines is not encrypted"
            );
        }
        if guards.has_files() {
            let (stop, watch) = (drain.up().clone(), guards.watch());
            // Nobody waits for the thread: it has nothing to bring to an end.
            drop(spawn("guard".into(), async move {
                stop.run_until_cancelled(watch).await;
            })?);
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
        Ok(Proxy { open: places, admin, looks, status, drain, grace, threads, _files: files })
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
        self.admin.as_ref().map(|admin| admin.addr)
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

/// Serves until a signal to stop (SIGTERM, SIGINT), then stops in order; a second signal stops at once.
///
/// # Errors
/// If the address can't be bound or the system refuses what a server needs.
pub fn serve(config: Config) -> Result<(), ServeError> {
    let runtime = runtime()?;
    let served = runtime.block_on(async {
        // Before anything is bound: a signal must find its handler.
        let mut signals = Signals::new()?;
        let proxy = Proxy::start(config)?;
        if let Some(addr) = proxy.admin_addr() {
            tracing::info!("probes and metrics on http://{addr}");
        }
        for open in &proxy.open {
            tracing::info!("listening on {open}");
        }
        supervisor::ready();
        let signal = loop {
            match signals.next().await {
                Signal::Stop(name) => break name,
                Signal::LookAgain => {
                    tracing::info!("SIGHUP: files are read again");
                    supervisor::reloading();
                    proxy.look_again().await;
                    supervisor::ready();
                }
            }
        };
        supervisor::stopping();
        let Grace { delay, running, .. } = proxy.grace;
        match delay.is_zero() {
            true => tracing::info!("{signal}: no new uploads; running ones may go on for {running:?}"),
            false => tracing::info!(
                "{signal}: not ready any more; in {delay:?} no new uploads, then running ones may go on for {running:?}"
            ),
        }
        tokio::select! {
            () = proxy.shutdown() => tracing::info!("all uploads have ended"),
            signal = signals.stop() => tracing::warn!("{signal} again: stopping at once"),
        }
        Ok(())
    });
    // Dropping it would wait for the thread that waits for the workers.
    runtime.shutdown_background();
    served
}

fn bind_admin(addr: Option<SocketAddr>) -> Result<Option<TcpListener>, ServeError> {
    let bound = |addr| bind_tcp(addr, None).map_err(|source| ServeError::BindAdmin { addr, source });
    addr.map(bound).transpose()
}

/// Answers probes and asks for metrics, on a thread of its own.
fn watch(listener: TcpListener, watched: Watched) -> Result<Admin, ServeError> {
    let (addr, stop) = (listener.local_addr()?, CancellationToken::new());
    // Nobody waits for the thread: it has nothing to bring to an end.
    drop(spawn("admin".into(), admin::serve(listener, Arc::new(watched), stop.clone()))?);
    Ok(Admin { addr, _stop: stop.drop_guard() })
}

fn open(state: &StateConfig) -> Result<Opened, StoreError> {
    match state.store {
        StoreKind::Memory => Memory::open(),
        StoreKind::Embedded => Embedded::open(&state.dir),
    }
}

/// Says where uploads are remembered: the default lies in the working directory, which is easily another one next time.
fn tell_where(state: &StateConfig, found: usize) {
    match state.store {
        StoreKind::Memory => tracing::info!("uploads are remembered in memory only: none outlives a restart"),
        StoreKind::Embedded => {
            let path = state.dir.join(FILE_NAME);
            let path = std::path::absolute(&path).unwrap_or(path);
            tracing::info!(found, "uploads are remembered in {}", path.display());
        }
    }
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// A thread with a runtime of its own that runs one future.
fn spawn(name: String, future: impl Future<Output = ()> + Send + 'static) -> io::Result<JoinHandle<()>> {
    let runtime = runtime()?;
    Builder::new().name(name).spawn(move || runtime.block_on(future))
}
