//! What `serve` needs to know, with its defaults. Says nothing of where a value comes from or how it is written.

use super::admin::AdminConfig;
use crate::access::{Address, Listener, Proxies};
use crate::limits::Limits;
use crate::resumable;
use crate::route::{BackendUrl, Route, Routes};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::thread;

/// More threads than any machine for this program has cores.
pub(crate) const MAX_WORKERS: usize = 1024;

/// Everything that `serve` needs, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `listen`: where clients connect without TLS. Default 127.0.0.1:8080, this machine only; nothing where there is a
    /// `[[listener]]`.
    pub listen: Option<SocketAddr>,
    /// `[[listener]]`: other places where they connect.
    pub listeners: Vec<Listener>,
    /// `[proxies]`: whom in front of the proxy to believe.
    pub proxies: Proxies,
    /// `workers`: threads, each with its own runtime. Default: one per processor core.
    pub workers: usize,
    /// `[[route]]`, or the one route that `--backend` stands for.
    pub routes: Routes,
    /// `[limits]`, `[connections]`, `[fragment]`, `[retry]`, `[timeouts]`, `[uploads]`, `[sockets]` and `[shutdown]`.
    pub limits: Limits,
    /// `[resumption]`: how uploads are resumed. Whether they are is for each route to say.
    pub resumption: resumable::Settings,
    /// `[state]`: where open uploads are remembered.
    pub state: StateConfig,
    /// `[admin]`: where probes and metrics are served, and what being ready means.
    pub admin: AdminConfig,
    /// `[log]`: how to log.
    pub log: LogConfig,
}

impl Default for Config {
    /// The defaults, without any route.
    fn default() -> Self {
        Config {
            listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
            listeners: Vec::new(),
            proxies: Proxies::default(),
            workers: thread::available_parallelism().map_or(1, Into::into).min(MAX_WORKERS),
            routes: Routes::default(),
            limits: Limits::default(),
            resumption: resumable::Settings::default(),
            state: StateConfig::default(),
            admin: AdminConfig::default(),
            log: LogConfig::default(),
        }
    }
}

impl Config {
    /// The defaults and one route: everything below `/` goes to this backend.
    pub fn for_backend(backend: BackendUrl) -> Self {
        Config { routes: Routes::new(vec![Route::new("/", backend)]), ..Config::default() }
    }

    /// Every place where clients connect: that of `listen` first.
    pub fn all_listeners(&self) -> Vec<Listener> {
        let plain = self.listen.map(|address| Listener::plain(Address::Tcp(address)));
        plain.into_iter().chain(self.listeners.iter().cloned()).collect()
    }
}

/// Where open uploads are remembered, so that they can be resumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateConfig {
    /// `state.store`: on disk or in memory.
    pub store: StoreKind,
    /// `state.dir`: the folder of the embedded store, made when it is missing. Relative to the working directory.
    pub dir: PathBuf,
}

impl Default for StateConfig {
    fn default() -> Self {
        StateConfig { store: StoreKind::default(), dir: PathBuf::from("put2bits-state") }
    }
}

/// What keeps the records of open uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum StoreKind {
    /// A file of the program's own: uploads outlive the process.
    #[default]
    Embedded,
    /// Nothing: uploads end with the process.
    Memory,
}

/// How to log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// `log.format`: text or JSON.
    pub format: LogFormat,
    /// `log.filter`: in the syntax of `tracing_subscriber::EnvFilter`, `info` or `warn,put2bits=debug`.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        LogConfig { format: LogFormat::default(), filter: "info".to_owned() }
    }
}

/// Shape of the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}
