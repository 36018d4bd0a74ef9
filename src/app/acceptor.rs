//! Takes connections, of all listeners alike, and gives each to the worker that has the fewest.

use super::door::Door;
use super::worker::Desk;
use crate::listen::{Accepted, Acceptor, Bound, Entrance};
use crate::telemetry::Seldom;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Pause after the system refused a connection: mostly there are no file descriptors left, and that takes time to pass.
const PAUSE: Duration = Duration::from_millis(50);

/// A socket that listens, and what is behind it.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) bound: Bound,
    pub(super) entrance: Arc<Entrance>,
}

/// What all gates lead to.
#[derive(Debug)]
struct Hall {
    door: Door,
    desks: Vec<Desk>,
}

/// Accepts from when `ready` is cancelled until stopped. Who connects before that waits.
pub(super) async fn run(
    gates: Vec<Gate>,
    door: Door,
    desks: Vec<Desk>,
    ready: CancellationToken,
    stop: CancellationToken,
) {
    ready.cancelled().await;
    let hall = Arc::new(Hall { door, desks });
    let mut open = JoinSet::new();
    for Gate { bound, entrance } in gates {
        let (hall, stop, place) = (Arc::clone(&hall), stop.clone(), bound.place.clone());
        match bound.into_acceptor() {
            Ok(acceptor) => drop(open.spawn(accept(acceptor, entrance, hall, stop))),
            Err(error) => tracing::error!(%error, "no connection can be accepted at {place}"),
        }
    }
    drop(hall);
    while open.join_next().await.is_some() {}
}

async fn accept(acceptor: Acceptor, entrance: Arc<Entrance>, hall: Arc<Hall>, stop: CancellationToken) {
    let mut failures = Seldom::default();
    loop {
        let accepted = tokio::select! {
            accepted = acceptor.accept() => accepted,
            () = stop.cancelled() => return,
        };
        if let Err(error) = take(accepted, &entrance, &hall).await {
            if let Some(times) = failures.happened(Instant::now()) {
                tracing::warn!(%error, times, "a connection could not be accepted");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Gives a connection to a worker, if there is a place for it.
async fn take(accepted: io::Result<Accepted>, entrance: &Arc<Entrance>, hall: &Hall) -> io::Result<()> {
    let Accepted { socket, peer } = accepted?;
    let Some((socket, places)) = hall.door.enter(socket, peer, entrance) else { return Ok(()) };
    // A socket moves to its worker's runtime, so this one lets go of it.
    let socket = socket.park()?;
    if let Some(desk) = hall.desks.iter().min_by_key(|desk| desk.load()) {
        desk.hand_over(socket, peer, Arc::clone(entrance), places).await;
    }
    Ok(())
}
