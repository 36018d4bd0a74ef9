//! Takes connections and gives each to the worker that has the fewest.

use super::door::Door;
use super::seldom::Seldom;
use super::worker::Desk;
use std::io;
use std::net::TcpListener;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Pause after the system refused a connection: mostly there are no file descriptors left, and that takes time to pass.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts from when `ready` is cancelled until stopped. Who connects before that waits.
pub(super) async fn run(
    listener: TcpListener,
    door: Door,
    desks: Vec<Desk>,
    ready: CancellationToken,
    stop: CancellationToken,
) {
    ready.cancelled().await;
    if let Err(error) = accept(listener, door, &desks, &stop).await {
        tracing::error!(%error, "no connection can be accepted any more");
    }
}

async fn accept(
    listener: TcpListener,
    mut door: Door,
    desks: &[Desk],
    stop: &CancellationToken,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut failures = Seldom::default();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return Ok(()),
        };
        let let_in = accepted.map(|(socket, client)| door.enter(socket, client));
        // A socket moves to its worker's runtime, so this one lets go of it.
        match let_in
            .and_then(|let_in| let_in.map(|(socket, place)| Ok((socket.into_std()?, place))).transpose())
        {
            Ok(Some((socket, place))) => {
                if let Some(desk) = desks.iter().min_by_key(|desk| desk.load()) {
                    desk.hand_over(socket, place).await;
                }
            }
            Ok(None) => {}
            Err(error) => {
                if let Some(times) = failures.happened(Instant::now()) {
                    tracing::warn!(%error, times, "a connection could not be accepted");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
