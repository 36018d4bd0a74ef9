//! What the network and the server do to one exchange.

use fastrand::Rng;

/// What happens to one request and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing bad.
    Fine,
    /// No connection: nothing is sent.
    Refused,
    /// The connection breaks after that share of the body (in 256ths); the server sees a broken request.
    Cut(u8),
    /// The server acts, the answer is lost.
    AnswerLost,
    /// The server acts, the answer does not come in time.
    AnswerLate,
    /// The request hangs somewhere; the proxy gives up waiting; the server gets it some exchanges later.
    RequestLate(u8),
    /// The server acts twice (a balancer that repeats requests); the proxy gets the second answer.
    Twice,
    /// Something in front answers with this status before the server sees anything.
    StatusBefore(u16),
    /// The server acts; something in front answers with this status instead.
    StatusAfter(u16),
    /// The server restarts before the request, and forgets all sessions.
    SessionsLost,
}

impl Fate {
    /// What may have become of an exchange that nobody waits for any more.
    pub(crate) fn unfinished(rng: &mut Rng) -> Fate {
        match rng.u8(0..4) {
            0 => Fate::Refused,
            1 => Fate::Cut(rng.u8(..)),
            2 => Fate::AnswerLost,
            _ => Fate::RequestLate(rng.u8(1..6)),
        }
    }
}

/// How likely the faults are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    /// Out of 1,000 exchanges, how many have a fault.
    pub(crate) per_mille: u16,
    /// Whether faults that nothing can survive may happen.
    pub(crate) fatal: bool,
}

impl Weather {
    pub(crate) fn fate(self, rng: &mut Rng) -> Fate {
        if rng.u16(0..1000) >= self.per_mille {
            return Fate::Fine;
        }
        let passing = [503, 500, 502, 504, 429, 408];
        match rng.u8(0..if self.fatal { 12 } else { 8 }) {
            0 => Fate::Refused,
            1 | 2 => Fate::Cut(rng.u8(..)),
            3 | 4 => Fate::AnswerLost,
            5 => Fate::AnswerLate,
            6 => Fate::StatusBefore(passing[rng.usize(..passing.len())]),
            7 => Fate::StatusAfter(passing[rng.usize(..passing.len())]),
            8 => Fate::Twice,
            9 => Fate::RequestLate(rng.u8(1..6)),
            10 => Fate::StatusBefore([413, 404, 403, 409, 401, 301, 416, 507, 200][rng.usize(..9)]),
            _ => Fate::SessionsLost,
        }
    }
}
