//! Where the relays hold everything, and what they have seen go by.

use crate::cell::{FRAGMENT, Point, SIZE};
use crate::support::within;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;

/// What both relays of a cell share.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    state: watch::Sender<State>,
    seen: watch::Sender<Seen>,
    /// What befalls the connections of now; replaced when it has.
    fate: Arc<Mutex<[watch::Sender<Option<Trouble>>; 2]>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Holds at that point of the request that begins at that offset.
    Armed(Point, u64),
    Held,
}

/// Which network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Between client and proxy.
    Front,
    /// Between proxy and backend.
    Back,
}

/// What befalls a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Both ends are reset.
    Cut,
    /// Nothing goes by any more, and nobody is told.
    Stalled,
    /// The proxy sees the end of what its peer sends.
    HalfClosed,
}

/// What went by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// The highest offset that the backend's answers have told the proxy, of the newest session it knows.
    pub(crate) acknowledged: u64,
    /// Sessions that the backend opened and has not closed.
    pub(crate) sessions: BTreeSet<String>,
    /// Final answers of the proxy since the point was set.
    pub(crate) answers: u64,
    /// Stalled connections of which the proxy has let go, or which it has answered.
    pub(crate) let_go: u64,
}

/// A packet on its way to the backend, as far as points ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packet {
    Create,
    /// From its first byte to behind its last.
    Fragment(u64, u64),
    Close,
    Other,
}

/// How far a packet has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Unsent,
    Half,
    /// Its answer has come, and is not passed on.
    Sent,
    Answered,
}

impl Point {
    /// Whether a packet is at this point, in the request that begins at `from`.
    fn is_at(self, packet: Packet, moment: Moment, from: u64) -> bool {
        let last = matches!(packet, Packet::Fragment(_, SIZE));
        let (expected, fits) = match self {
            Point::CreateUnsent => (Moment::Unsent, packet == Packet::Create),
            Point::CreateSent => (Moment::Sent, packet == Packet::Create),
            Point::CreateAnswered => (Moment::Answered, packet == Packet::Create),
            Point::FirstUnsent => (Moment::Unsent, packet == Packet::Fragment(from, from + FRAGMENT)),
            Point::FirstHalf => (Moment::Half, packet == Packet::Fragment(from, from + FRAGMENT)),
            Point::FirstSent => (Moment::Sent, packet == Packet::Fragment(from, from + FRAGMENT)),
            Point::MiddleAnswered => {
                (Moment::Answered, packet == Packet::Fragment(from + FRAGMENT, from + 2 * FRAGMENT))
            }
            Point::LastUnsent => (Moment::Unsent, last),
            Point::LastHalf => (Moment::Half, last),
            Point::LastSent => (Moment::Sent, last),
            Point::CloseUnsent => (Moment::Unsent, packet == Packet::Close),
            Point::CloseSent => (Moment::Sent, packet == Packet::Close),
            // That is for the other relay.
            Point::CloseAnswered => return false,
        };
        moment == expected && fits
    }
}

impl Gate {
    pub(crate) fn new() -> Gate {
        Gate { state: watch::Sender::new(State::Open), seen: watch::Sender::default(), fate: Arc::default() }
    }

    /// Holds everything when the request that begins at `from` has come to this point.
    pub(crate) fn arm(&self, point: Point, from: u64) {
        self.seen.send_modify(|seen| seen.answers = 0);
        self.state.send_replace(State::Armed(point, from));
    }

    /// Waits until everything is held.
    pub(crate) async fn reached(&self) {
        let mut state = self.state.subscribe();
        let _ = within("the point", state.wait_for(|state| *state == State::Held)).await.unwrap();
    }

    /// Lets everything go on, or be as dead as it is.
    pub(crate) fn release(&self) {
        self.state.send_replace(State::Open);
    }

    /// Something befalls all connections that are open now. When this returns, it has.
    pub(crate) async fn strike(&self, side: Side, trouble: Trouble) {
        let fate = std::mem::take(&mut self.fates()[side as usize]);
        fate.send_replace(Some(trouble));
        within("the strike", fate.closed()).await;
    }

    /// What will befall a new connection.
    pub(crate) fn fate(&self, side: Side) -> Fate {
        Fate(self.fates()[side as usize].subscribe())
    }

    fn fates(&self) -> MutexGuard<'_, [watch::Sender<Option<Trouble>>; 2]> {
        self.fate.lock().unwrap()
    }

    /// A packet has come to here: holds it if this is the point, or if that was.
    pub(crate) async fn pass(&self, packet: Packet, moment: Moment) {
        self.note(packet, moment);
        self.held_no_more().await;
    }

    /// The same for what is not to be held itself.
    pub(crate) fn note(&self, packet: Packet, moment: Moment) {
        self.hold_if(|point, from| point.is_at(packet, moment, from));
    }

    /// A final answer has come from the proxy.
    pub(crate) async fn pass_answer(&self) {
        self.saw(|seen| seen.answers += 1);
        self.hold_if(|point, _| point == Point::CloseAnswered);
        self.held_no_more().await;
    }

    fn hold_if(&self, is_it: impl Fn(Point, u64) -> bool) {
        self.state.send_if_modified(|state| {
            let reached = matches!(*state, State::Armed(point, from) if is_it(point, from));
            if reached {
                *state = State::Held;
            }
            reached
        });
    }

    async fn held_no_more(&self) {
        let mut state = self.state.subscribe();
        // The sender is ours.
        let _ = state.wait_for(|state| *state != State::Held).await;
    }

    pub(crate) fn saw(&self, change: impl FnOnce(&mut Seen)) {
        self.seen.send_modify(change);
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Waits for something to have gone by.
    pub(crate) async fn until(&self, what: &str, wanted: impl FnMut(&Seen) -> bool) {
        let mut seen = self.seen.subscribe();
        let _ = within(what, seen.wait_for(wanted)).await.unwrap();
    }
}

/// What will befall a connection. Dropped when it has.
#[derive(Debug)]
pub(crate) struct Fate(watch::Receiver<Option<Trouble>>);

impl Fate {
    /// Waits for it.
    pub(crate) async fn strikes(&mut self) -> Trouble {
        match self.0.wait_for(Option::is_some).await.map(|trouble| *trouble) {
            Ok(Some(trouble)) => trouble,
            // The cell is over.
            _ => std::future::pending().await,
        }
    }
}
