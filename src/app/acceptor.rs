//! Takes connections and gives each to the worker that has the fewest.

use super::worker::Desk;
use std::io;
use std::net::TcpListener;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Pause after the system refused a connection: mostly there are no file descriptors left, and that takes time to pass.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts from when `ready` is cancelled until stopped. Who connects before that waits.
pub(super) async fn run(
    listener: TcpListener,
    desks: Vec<Desk>,
    ready: CancellationToken,
    stop: CancellationToken,
) {
    ready.cancelled().await;
    if let Err(error) = accept(listener, &desks, &stop).await {
        tracing::error!(%error, "no connection can be accepted any more");
    }
}

async fn accept(listener: TcpListener, desks: &[Desk], stop: &CancellationToken) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return Ok(()),
        };
        // A socket moves to its worker's runtime, so this one lets go of it.
        match accepted.and_then(|(socket, _)| socket.into_std()) {
            Ok(socket) => {
                if let Some(desk) = desks.iter().min_by_key(|desk| desk.load()) {
                    desk.hand_over(socket).await;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
