//! What the network and the server do to one exchange.

use fastrand::Rng;
use std::ops::RangeBounds;

/// Whatever decides by chance.
pub(crate) trait Throw {
    /// A small number of the range.
    fn u8(&mut self, range: impl RangeBounds<u8>) -> u8;
    /// A number of the range.
    fn u16(&mut self, range: impl RangeBounds<u16>) -> u16;
    /// One of so many.
    fn index(&mut self, count: usize) -> usize;
}

impl Throw for Rng {
    fn u8(&mut self, range: impl RangeBounds<u8>) -> u8 {
        Rng::u8(self, range)
    }

    fn u16(&mut self, range: impl RangeBounds<u16>) -> u16 {
        Rng::u16(self, range)
    }

    fn index(&mut self, count: usize) -> usize {
        self.usize(..count)
    }
}

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
    /// The request hangs somewhere; the client gives up; the server gets it some exchanges later.
    RequestLate(u8),
    /// The server acts twice (a balancer that repeats requests); the client gets the second answer.
    Twice,
    /// Something in front answers with this status before the server sees anything.
    StatusBefore(u16),
    /// The server acts; something in front answers with this status instead.
    StatusAfter(u16),
    /// The server forgets all sessions, then gets the request.
    SessionsLost,
}

impl Fate {
    /// What may have become of an exchange that nobody waits for any more.
    pub(crate) fn unfinished(rng: &mut impl Throw) -> Fate {
        match rng.u8(0..4) {
            0 => Fate::Refused,
            1 => Fate::Cut(rng.u8(..)),
            2 => Fate::AnswerLost,
            _ => Fate::RequestLate(rng.u8(1..6)),
        }
    }
}

/// What ends an attempt, and not the upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// The proxy is killed; another one finds the record.
    Death,
    /// The client goes away, and comes back.
    Drop,
}

/// How often attempts are interrupted, and by what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Interruptions {
    /// Out of 1,000 steps, how many are interrupted.
    pub(crate) per_mille: u16,
    /// How many in all, so that every upload comes to its end.
    pub(crate) most: u64,
    /// What happens, and whether in the middle of an exchange.
    pub(crate) kinds: &'static [(Interruption, bool)],
}

impl Interruptions {
    pub(crate) const NONE: Interruptions = Interruptions { per_mille: 0, most: 0, kinds: &[] };
    pub(crate) const DEATHS: &[(Interruption, bool)] =
        &[(Interruption::Death, false), (Interruption::Death, true)];
    /// A drop with nothing under way.
    pub(crate) const CLEAN_DROPS: &[(Interruption, bool)] = &[(Interruption::Drop, false)];
    pub(crate) const DROPS: &[(Interruption, bool)] =
        &[(Interruption::Drop, false), (Interruption::Drop, true)];
    pub(crate) const ALL: &[(Interruption, bool)] = &[
        (Interruption::Death, false),
        (Interruption::Death, true),
        (Interruption::Drop, false),
        (Interruption::Drop, true),
    ];
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
    pub(crate) fn fate(self, rng: &mut impl Throw) -> Fate {
        if rng.u16(0..1000) >= self.per_mille {
            return Fate::Fine;
        }
        let passing = [503, 500, 502, 504, 429, 408];
        match rng.u8(0..if self.fatal { 12 } else { 8 }) {
            0 => Fate::Refused,
            1 | 2 => Fate::Cut(rng.u8(..)),
            3 | 4 => Fate::AnswerLost,
            5 => Fate::AnswerLate,
            6 => Fate::StatusBefore(passing[rng.index(passing.len())]),
            7 => Fate::StatusAfter(passing[rng.index(passing.len())]),
            8 => Fate::Twice,
            9 => Fate::RequestLate(rng.u8(1..6)),
            10 => Fate::StatusBefore([413, 404, 403, 409, 401, 301, 416, 507, 200][rng.index(9)]),
            _ => Fate::SessionsLost,
        }
    }
}
