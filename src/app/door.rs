//! Lets connections in as long as there are places, and says goodbye to those beyond.
//!
//! Who is turned away gets a whole answer, the same bytes for everybody: nothing is read, parsed or allocated for it. What
//! it has sent already is thrown away for a short time, because a socket that is closed with unread bytes is reset, and
//! the reset may destroy the answer on its way. Only a few get that at once; the others are closed.

use super::seldom::Seldom;
use crate::error::{Failure, Problem};
use crate::front;
use crate::limits::{ConnectionLimits, Limits};
use crate::telemetry::{ConnectionLimit, Metrics};
use crate::transfer::{Full, Place, Places, network};
use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Goodbyes at once.
const GOODBYES: usize = 64;

/// Longest goodbye, whatever `timeouts.linger` is: those who can be told that it is full are few.
const LONGEST: Duration = Duration::from_secs(2);

/// Bytes thrown away at once. Each goodbye has a buffer of that size.
const CHUNK: usize = 4 << 10;

/// The door of the program.
#[derive(Debug)]
pub(super) struct Door {
    places: Places<IpAddr>,
    /// What who finds no place is told: that all are taken, or that its client has as many as it may.
    full: [Bytes; 2],
    goodbyes: Arc<Semaphore>,
    linger: Duration,
    refused: Seldom,
    metrics: Metrics,
}

impl Door {
    /// `max`: how many there may be at once, if that is fewer than the limits say.
    pub(super) fn new(max: u32, limits: &Limits, metrics: Metrics) -> Self {
        let ConnectionLimits { max_per_client, .. } = limits.connections;
        let answer = |detail| front::turned_away(&Failure::new(Problem::TooManyConnections, detail));
        Door {
            places: Places::new(max, max_per_client),
            full: [
                answer("as many connections are open as may be"),
                answer("as many connections of this client are open as may be"),
            ],
            goodbyes: Arc::new(Semaphore::new(GOODBYES)),
            linger: limits.time.linger.min(LONGEST),
            refused: Seldom::default(),
            metrics,
        }
    }

    /// Lets a connection in, or turns it away.
    pub(super) fn enter(&mut self, socket: TcpStream, client: SocketAddr) -> Option<(TcpStream, Place)> {
        let full = match self.places.try_enter(network(client.ip())) {
            Ok(place) => return Some((socket, place)),
            Err(full) => full,
        };
        let (limit, whose) = match full {
            Full::Client => (ConnectionLimit::PerClient, "connections.max_per_client"),
            Full::All => (ConnectionLimit::All, "connections.max"),
        };
        self.metrics.connection_refused(limit);
        if let Some(refused) = self.refused.happened(Instant::now()) {
            let (open, client) = (self.places.taken(), client.ip().to_canonical());
            tracing::warn!(
                refused,
                open,
                "connections are refused because of {whose}, the last one from {client}"
            );
        }
        self.say_goodbye(socket, full);
        None
    }

    fn say_goodbye(&self, socket: TcpStream, full: Full) {
        // Nobody waits: who comes when all are busy is closed at once.
        let Ok(permit) = Arc::clone(&self.goodbyes).try_acquire_owned() else { return };
        let [all, client] = &self.full;
        let answer = if full == Full::Client { client } else { all }.clone();
        let linger = self.linger;
        tokio::spawn(async move {
            let _ = tokio::time::timeout(linger, goodbye(socket, &answer)).await;
            drop(permit);
        });
    }
}

/// Ends when the client has closed, too, or is gone.
async fn goodbye(mut socket: TcpStream, answer: &[u8]) {
    if socket.write_all(answer).await.is_err() || socket.shutdown().await.is_err() {
        return;
    }
    let mut scratch = [0; CHUNK];
    while socket.read(&mut scratch).await.is_ok_and(|read| read > 0) {}
}
