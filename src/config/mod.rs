//! Configuration: file, environment and flags, checked before anything happens. The only module that reads files and the environment.

use crate::limits::Limits;
use crate::route::Routes;
use std::net::SocketAddr;

/// Everything that `serve` needs, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Worker threads, each with its own runtime.
    pub workers: usize,
    /// The routes.
    pub routes: Routes,
    /// The limits.
    pub limits: Limits,
    /// How to log.
    pub log: LogConfig,
}

/// How to log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// Text or JSON.
    pub format: LogFormat,
    /// Filter in the syntax of `tracing_subscriber::EnvFilter`.
    pub filter: String,
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
