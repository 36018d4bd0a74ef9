//! The program as a child process, the mock backend on a thread of its own, and clients that write raw bytes.

mod admin;
mod backend;
mod client;
mod file;
pub(crate) mod proc;
mod proxy;
pub(crate) mod secrets;
mod tap;

pub(crate) use admin::{Admin, Metrics};
pub(crate) use backend::{Backend, Nobody, quirks};
pub(crate) use client::{Answer, Upload, ask};
pub(crate) use file::File;
pub(crate) use proxy::{Proxy, Settings, message, program, signal};
pub(crate) use tap::Tap;

use std::time::Duration;

/// Nothing here takes longer unless something hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The result of a future, or a failed test in place of one that hangs.
pub(crate) async fn within<F: Future>(what: &str, future: F) -> F::Output {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(output) => output,
        Err(_) => panic!("{what}: not within {PATIENCE:?}"),
    }
}
