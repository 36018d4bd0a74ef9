//! Threads with a runtime of their own.

use std::io;
use std::thread::{Builder, JoinHandle};
use tokio::runtime::Runtime;

/// A runtime for the thread that asks for it.
pub(super) fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// A thread with a runtime of its own that runs one future.
pub(super) fn spawn(
    name: String,
    future: impl Future<Output = ()> + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let runtime = runtime()?;
    Builder::new().name(name).spawn(move || runtime.block_on(future))
}
