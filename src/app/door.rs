//! Lets connections in as long as there are places, and says goodbye to those beyond.
//!
//! Who is turned away gets a whole answer, the same bytes for everybody: nothing is read, parsed or allocated for it. What
//! it has sent already is thrown away for a short time, because a socket that is closed with unread bytes is reset, and
//! the reset may destroy the answer on its way. Only a few get that at once; the others are closed. So are those who
//! expect TLS: an answer would cost a handshake.
//!
//! Behind a load balancer that speaks the PROXY protocol all have its address. Whose connection it is shows on the worker
//! only, and there it is counted as that client's ([`Clients`]).

use crate::error::{Failure, Problem};
use crate::front;
use crate::limits::{ConnectionLimits, Limits};
use crate::listen::{Entrance, Socket};
use crate::telemetry::{ConnectionLimit, Metrics, Seldom};
use crate::transfer::{Full, Place, Places, network};
use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;

/// Goodbyes at once.
const GOODBYES: usize = 64;

/// Longest goodbye, whatever `timeouts.linger` is: those who can be told that it is full are few.
const LONGEST: Duration = Duration::from_secs(2);

/// Bytes thrown away at once. Each goodbye has a buffer of that size.
const CHUNK: usize = 4 << 10;

/// Connections of each client.
#[derive(Debug, Clone)]
pub(super) struct Clients(Places<IpAddr>);

impl Clients {
    /// A place among those of this client, if it has not all that it may have.
    pub(super) fn enter(&self, client: SocketAddr) -> Option<Place> {
        self.0.try_enter(network(client.ip())).ok()
    }
}

/// The places of a connection: among all, and among those of its client as soon as that is known.
#[derive(Debug)]
pub(super) struct Taken {
    _all: Place,
    _client: Option<Place>,
}

/// The door of the program.
#[derive(Debug)]
pub(super) struct Door {
    places: Places<()>,
    clients: Clients,
    /// What who finds no place is told: that all are taken, or that its client has as many as it may.
    full: [Bytes; 2],
    goodbyes: Arc<Semaphore>,
    linger: Duration,
    refused: Mutex<Seldom>,
    metrics: Metrics,
}

impl Door {
    /// `max`: how many there may be at once, if that is fewer than the limits say.
    pub(super) fn new(max: u32, limits: &Limits, metrics: Metrics) -> Self {
        let ConnectionLimits { max_per_client, .. } = limits.connections;
        let answer = |detail| front::turned_away(&Failure::new(Problem::TooManyConnections, detail));
        Door {
            places: Places::new(max, 0),
            clients: Clients(Places::new(u32::MAX, max_per_client)),
            full: [
                answer("as many connections are open as may be"),
                answer("as many connections of this client are open as may be"),
            ],
            goodbyes: Arc::new(Semaphore::new(GOODBYES)),
            linger: limits.time.linger.min(LONGEST),
            refused: Mutex::default(),
            metrics,
        }
    }

    /// Who counts the connections of each client.
    pub(super) fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Lets a connection in, or turns it away.
    pub(super) fn enter(
        &self,
        socket: Socket,
        client: SocketAddr,
        entrance: &Entrance,
    ) -> Option<(Socket, Taken)> {
        let listener = entrance.listener();
        let full = match self.place(client, listener.proxy_protocol) {
            Ok(taken) => return Some((socket, taken)),
            Err(full) => full,
        };
        let (limit, whose) = match full {
            Full::Client => (ConnectionLimit::PerClient, "connections.max_per_client"),
            Full::All => (ConnectionLimit::All, "connections.max"),
        };
        self.metrics.connection_refused(limit);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(refused) = refused.happened(Instant::now()) {
            let (open, client) = (self.places.taken(), client.ip().to_canonical());
            tracing::warn!(
                refused,
                open,
                "connections are refused because of {whose}, the last one from {client}"
            );
        }
        if listener.tls.is_none() {
            self.say_goodbye(socket, full);
        }
        None
    }

    fn place(&self, client: SocketAddr, is_proxied: bool) -> Result<Taken, Full> {
        let client = match is_proxied {
            true => None,
            false => Some(self.clients.enter(client).ok_or(Full::Client)?),
        };
        Ok(Taken { _all: self.places.try_enter(())?, _client: client })
    }

    fn say_goodbye(&self, socket: Socket, full: Full) {
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
async fn goodbye(mut socket: Socket, answer: &[u8]) {
    if socket.write_all(answer).await.is_err() || socket.shutdown().await.is_err() {
        return;
    }
    let mut scratch = [0; CHUNK];
    while socket.read(&mut scratch).await.is_ok_and(|read| read > 0) {}
}
