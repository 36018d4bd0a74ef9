//! One exchange with a fault made to measure, in place of weather: what `tests/fault_matrix` aims with.

use crate::network::{Got, Hurt, Sent};
use crate::world::Inside;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use put2bits::bits::Packet;
use put2bits::transfer::Patience;
use std::fmt;
use std::time::Duration;

/// What becomes of one exchange.
#[derive(Debug, Clone)]
pub(crate) struct Strike {
    /// How long the request takes to its server.
    pub(crate) before: Duration,
    /// How much of it gets there.
    pub(crate) reach: Reach,
    /// The server has lost all sessions then.
    pub(crate) forgets: bool,
    /// Who dies then.
    pub(crate) dies: Option<Dies>,
    /// What comes back.
    pub(crate) back: Back,
}

/// How much of a request gets to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Nothing,
    HalfOfTheBody,
    AllButOneByte,
    Whole,
}

/// Who dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dies {
    Client,
    /// At once.
    Proxy,
    /// When it has done one thing more that the world sees: made a record, or sent the next packet.
    ProxySoon,
    /// The node that was handed out.
    Node,
}

/// What comes back.
#[derive(Debug, Clone)]
pub(crate) enum Back {
    /// The server's answer.
    Answer,
    /// The same, so long after the request.
    SlowAnswer(Duration),
    /// The same with these headers in place of what it had.
    Bent(Vec<(HeaderName, Option<HeaderValue>)>),
    /// An answer made by somebody else.
    Instead(StatusCode, HeaderMap),
    /// There is no connection.
    Unsent,
    /// There is none after a long try.
    Unresolved,
    /// The connection is broken.
    Lost,
    /// Not a byte is taken any more.
    Stalled,
    /// No answer comes.
    Silence,
}

/// Decides which exchange is struck: that of a packet, or the HEAD of the target, which is none.
pub(crate) struct Trap(pub(crate) Box<Decide>);

type Decide = dyn FnMut(Option<&Packet>) -> Option<Strike> + Send;

impl fmt::Debug for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trap")
    }
}

impl Inside {
    /// What the trap has for that packet.
    pub(crate) fn aimed(&mut self, packet: Option<&Packet>) -> Option<Strike> {
        let trap = self.trap.as_mut()?;
        let strike = (trap.0)(packet)?;
        self.figures.faults += 1;
        Some(strike)
    }

    /// It comes as far as the strike wants. Gives the answer, and how long it takes.
    pub(crate) fn strike(&mut self, strike: &Strike, sent: &Sent, patience: Patience) -> (Got, Duration) {
        let size = sent.packet.content_length();
        let some = match strike.reach {
            Reach::HalfOfTheBody => Some(size / 2),
            Reach::AllButOneByte => Some(size.saturating_sub(1)),
            Reach::Nothing | Reach::Whole => None,
        };
        let answer = match (strike.reach, some) {
            (Reach::Whole, _) => self.serve(sent, None),
            (_, Some(bytes)) if size > 0 => self.serve(sent, Some(bytes)),
            _ => None,
        };
        if strike.forgets {
            for effect in self.server.forget_all() {
                self.carry_out(effect, None);
            }
        }
        match strike.dies {
            Some(Dies::Client) => self.client_doom.notify_one(),
            Some(Dies::Proxy) => self.die(),
            // This exchange counts, and so does what follows.
            Some(Dies::ProxySoon) => self.left = Some(2),
            Some(Dies::Node) => self.node_dies(),
            None => {}
        }
        let answer = answer.ok_or(Hurt::Lost);
        match &strike.back {
            Back::Answer => (answer, Duration::ZERO),
            Back::SlowAnswer(takes) if *takes > patience.answer => (Err(Hurt::TimedOut), Duration::ZERO),
            Back::SlowAnswer(takes) => (answer, *takes),
            Back::Bent(edits) => {
                (answer.map(|(status, headers)| (status, bend(headers, edits))), Duration::ZERO)
            }
            Back::Instead(status, headers) => (Ok((*status, headers.clone())), Duration::ZERO),
            Back::Unsent => (Err(Hurt::Unsent), Duration::ZERO),
            Back::Unresolved => (Err(Hurt::Unsent), patience.connect),
            Back::Lost => (Err(Hurt::Lost), Duration::ZERO),
            Back::Stalled => (Err(Hurt::Stalled), patience.stall),
            Back::Silence => (Err(Hurt::TimedOut), Duration::ZERO),
        }
    }
}

impl Strike {
    /// What becomes of a HEAD of the target, and how long that takes; nothing: it is answered in order.
    pub(crate) fn of_head(&self, patience: Patience) -> (Option<Got>, Duration) {
        let (got, takes) = match &self.back {
            Back::Answer | Back::SlowAnswer(_) | Back::Bent(_) => (None, Duration::ZERO),
            Back::Instead(status, headers) => (Some(Ok((*status, headers.clone()))), Duration::ZERO),
            Back::Unsent => (Some(Err(Hurt::Unsent)), Duration::ZERO),
            Back::Unresolved => (Some(Err(Hurt::Unsent)), patience.connect),
            Back::Lost => (Some(Err(Hurt::Lost)), Duration::ZERO),
            Back::Stalled => (Some(Err(Hurt::Stalled)), patience.stall),
            Back::Silence => (Some(Err(Hurt::TimedOut)), patience.answer),
        };
        (got, self.before + takes)
    }
}

fn bend(mut headers: HeaderMap, edits: &[(HeaderName, Option<HeaderValue>)]) -> HeaderMap {
    for (name, value) in edits {
        match value {
            Some(value) => drop(headers.insert(name.clone(), value.clone())),
            None => drop(headers.remove(name)),
        }
    }
    headers
}
