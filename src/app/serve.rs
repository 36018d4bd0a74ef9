//! The program as a service: serves until it is told to stop.

use super::error::ServeError;
use super::grace::Grace;
use super::proxy::Proxy;
use super::signals::{Signal, Signals};
use super::supervisor;
use super::thread::runtime;
use crate::config::Config;

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
        for open in proxy.open() {
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
        let Grace { delay, running, .. } = proxy.grace();
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
