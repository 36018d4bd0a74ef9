//! One upload resource.

use super::placing::Reserved;
use super::sessions::Slot;
use crate::digest::Digests;
use crate::error::{Failure, Problem};
use crate::route::{Carried, Route};
use crate::transfer::{Interruption, Permit, Place, Upload};
use crate::upload::{Beginning, Life, State};
use core::net::SocketAddr;
use http::HeaderMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// One upload resource.
#[derive(Debug)]
pub(super) struct Entry {
    /// The secret part of its URL.
    pub(super) id: String,
    pub(super) route: Arc<Route>,
    state: Mutex<Inside>,
    /// Changes whenever something happens that somebody may wait for.
    beat: watch::Sender<u64>,
    /// Orders the writing of records, and knows the last one by its hash.
    pub(super) pen: tokio::sync::Mutex<Option<Option<u64>>>,
}

#[derive(Debug)]
pub(super) struct Inside {
    pub(super) life: Life,
    /// The request that drives it.
    pub(super) attempt: Option<Attempt>,
    /// Counts requests: whoever has the highest number is the newest.
    turn: u64,
    /// What the newest request took along to the backend: what is done without a client takes it along, too.
    pub(super) carried: Carried,
    /// The name of its file, until it has ended.
    pub(super) reserved: Option<Reserved>,
    /// Cancelled when older uploads to the same target are out of the way.
    pub(super) after: Vec<CancellationToken>,
    /// Its session at the backend, until the upload has ended.
    pub(super) slot: Option<Slot>,
}

/// A request that drives an upload.
#[derive(Debug)]
pub(super) struct Attempt {
    /// Tells it from the next one.
    turn: u64,
    orders: mpsc::UnboundedSender<Interruption>,
    /// Whoever takes over takes this over, too.
    place: Place,
    /// Cancelled when its session is out of the way, too.
    pub(super) over: CancellationToken,
}

impl Attempt {
    pub(super) fn new(turn: u64, place: Place) -> (Self, mpsc::UnboundedReceiver<Interruption>) {
        // A handful at most: one for each newer request that comes while this one gives way.
        let (orders, receiver) = mpsc::unbounded_channel();
        (Attempt { turn, orders, place, over: CancellationToken::new() }, receiver)
    }

    pub(super) fn order(&self, interruption: Interruption) {
        // If it does not listen any more it is over already.
        let _ = self.orders.send(interruption);
    }
}

/// Held by the request that drives an upload. If its task panics or is dropped, dropping this lets others have their turn;
/// they would wait for ever.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) entry: Arc<Entry>,
    pub(super) turn: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.entry.lock();
        let left = state.attempt.take_if(|attempt| attempt.turn == self.turn);
        drop(state);
        if let Some(attempt) = left {
            attempt.over.cancel();
            self.entry.beat();
        }
    }
}

impl Entry {
    pub(super) fn new(
        id: String,
        route: Arc<Route>,
        life: Life,
        after: Vec<CancellationToken>,
        (reserved, slot): (Option<Reserved>, Option<Slot>),
    ) -> Self {
        let carried = route.carried(&HeaderMap::new());
        let state = Mutex::new(Inside { life, attempt: None, turn: 0, carried, reserved, after, slot });
        Entry { id, route, state, beat: watch::channel(0).0, pen: tokio::sync::Mutex::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inside> {
        // Nothing that is done under the lock can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the caller the newest; whoever drives the upload has to give way.
    pub(super) fn take_turn(&self) -> u64 {
        let turn = {
            let mut state = self.lock();
            state.turn += 1;
            if let Some(attempt) = &state.attempt {
                let failure = Failure::new(Problem::ClientGone, "a newer request took over");
                attempt.order(Interruption::Left(failure));
            }
            state.turn
        };
        self.beat();
        turn
    }

    /// The place of the request that drives the upload.
    pub(super) fn place(&self) -> Option<Place> {
        self.lock().attempt.as_ref().map(|attempt| attempt.place.clone())
    }

    /// One run of the transfer for it.
    pub(super) fn upload(
        &self,
        client: Option<SocketAddr>,
        part: Beginning,
        content_digest: Digests,
        permit: Permit,
    ) -> Upload {
        let state = self.lock();
        let plan = state.life.plan();
        Upload {
            id: plan.name.clone(),
            client,
            method: plan.method.clone(),
            route: Arc::clone(&self.route),
            destination: plan.destination.clone(),
            carried: state.carried.clone(),
            part,
            digests: plan.digests.clone(),
            content_digest,
            lasting: true,
            permit,
        }
    }

    /// Whether nobody came later.
    pub(super) fn is_newest(&self, turn: u64) -> bool {
        self.lock().turn == turn
    }

    /// Whether nothing changes any more, or only by the file being published.
    pub(super) fn is_settled(&self) -> bool {
        let state = self.lock();
        state.attempt.is_none() || matches!(state.life.state(), State::Finalizing | State::Gone(_))
    }

    pub(super) fn listen(&self) -> watch::Receiver<u64> {
        self.beat.subscribe()
    }

    pub(super) fn beat(&self) {
        self.beat.send_modify(|beat| *beat = beat.wrapping_add(1));
    }
}
