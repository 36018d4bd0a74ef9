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
mod descriptors;
mod door;
mod figures;
mod health;
mod seldom;
mod survey;
mod uploads;
mod worker;

use crate::admin;
use crate::backend;
use crate::config::{Config, StateConfig, StoreKind};
use crate::front::Windows;
use crate::limits::Limits;
use crate::registry::{Drain, Registry};
use crate::store::{Embedded, FILE_NAME, Memory, Opened, StoreError};
use door::Door;
use figures::Watched;
use health::{Policy, Status};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
pub use survey::survey;
use tokio::runtime::Runtime;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use uploads::Common;
use worker::Inherited;

/// Why serving could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is in use, not ours, or needs a right.
    #[error("cannot listen on {addr}: {source}")]
    Bind {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
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
    /// The records of uploads in the state directory can't be used: damaged, of a newer version, or in use.
    #[error("cannot use the state directory: {source}")]
    State {
        /// What is wrong with them.
        source: StoreError,
    },
    /// The system refused threads, a runtime, the HTTP client or signal handlers.
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
    addr: SocketAddr,
    admin: Option<Admin>,
    status: Arc<Status>,
    drain: Drain,
    grace: Grace,
    threads: Vec<JoinHandle<()>>,
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
        let Config { listen, workers, routes, limits, state, resumption, admin, .. } = config;
        let opened = open(&state)?;
        let admin_listener = bind_admin(admin.listen)?;
        let listener = bind(listen, limits.sockets.receive_buffer)
            .map_err(|source| ServeError::Bind { addr: listen, source })?;
        let addr = listener.local_addr()?;
        let client = backend::Client::new(&limits.sockets).map_err(io::Error::other)?;
        let drain = Drain::default();
        let grace = Grace::new(&limits);
        let (ready, policy) =
            (CancellationToken::new(), Policy { store: admin.ready_store, backend: admin.ready_backend });
        let (status, pulses) =
            Status::new(workers, policy, ready.clone(), Arc::clone(&opened.health), &routes);
        let status = Arc::new(status);
        let most = descriptors::connections(limits.connections.max);
        let common = Common::new(routes, limits, client, drain.clone());
        let door = Door::new(most, &common.limits, common.metrics.clone());
        let windows = Windows::new(common.limits.memory / 4);
        let Opened { store, records, salt, .. } = opened;
        tell_where(&state, records.len());
        let shared = worker::Shared {
            registry: Registry::new(common, store, salt, TaskTracker::new()),
            resumption: Arc::new(resumption),
            windows,
        };
        let admin = match admin_listener {
            Some(listener) => {
                Some(watch(listener, Watched::new(Arc::clone(&status), shared.registry.clone()))?)
            }
            None => None,
        };
        let mut inherited = Some(Inherited { records, taken_over: ready.clone().drop_guard() });

        let mut threads = Vec::with_capacity(workers + 1);
        let mut desks = Vec::with_capacity(workers);
        for (number, pulse) in pulses.into_iter().enumerate() {
            let (desk, worker) = worker::new(shared.clone(), drain.begun().clone());
            desks.push(desk);
            threads.push(spawn(format!("worker-{number}"), pulse.beside(worker.run(inherited.take())))?);
        }
        let acceptor = acceptor::run(listener, door, desks, ready, drain.begun().clone());
        threads.push(spawn("acceptor".into(), acceptor)?);
        Ok(Proxy { addr, admin, status, drain, grace, threads })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
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
        tracing::info!("listening on http://{}", proxy.addr());
        let signal = signals.next().await;
        let Grace { delay, running, .. } = proxy.grace;
        match delay.is_zero() {
            true => tracing::info!("{signal}: no new uploads; running ones may go on for {running:?}"),
            false => tracing::info!(
                "{signal}: not ready any more; in {delay:?} no new uploads, then running ones may go on for {running:?}"
            ),
        }
        tokio::select! {
            () = proxy.shutdown() => tracing::info!("all uploads have ended"),
            signal = signals.next() => tracing::warn!("{signal} again: stopping at once"),
        }
        Ok(())
    });
    // Dropping it would wait for the thread that waits for the workers.
    runtime.shutdown_background();
    served
}

/// The signals that stop a server.
#[derive(Debug)]
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    #[cfg(unix)]
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    #[cfg(not(unix))]
    fn new() -> io::Result<Self> {
        Ok(Signals {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> &'static str {
        // Without a handler there is nothing to wait for; the system ends the process by itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}

/// Connections that wait to be accepted, at most.
const BACKLOG: i32 = 1024;

/// `receive_buffer`: bytes, for each connection. It is inherited, and has to be known before a connection is made.
fn bind(addr: SocketAddr, receive_buffer: Option<u64>) -> io::Result<TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    // A restarted proxy must not wait for the old connections of its port. (On Windows the option means something else.)
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if let Some(bytes) = receive_buffer {
        socket.set_recv_buffer_size(usize::try_from(bytes).unwrap_or(usize::MAX))?;
    }
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn bind_admin(addr: Option<SocketAddr>) -> Result<Option<TcpListener>, ServeError> {
    let bound = |addr| bind(addr, None).map_err(|source| ServeError::BindAdmin { addr, source });
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
