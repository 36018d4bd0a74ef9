//! How every cell ends.
//!
//! It says the same as the table of the pure fault matrix (`tests/fault_matrix`), for real: a client that can resume is
//! told of success in the end, or by a 404 that it has to begin anew; trouble behind the proxy that passes is seen by
//! nobody where bytes may be sent again.

use crate::cell::Actor::{self, *};
use crate::cell::Point::{self, *};
use crate::cell::{Cell, Kind, Mode};
use put2bits::error::Problem::{self, ClientGone, ClientStalled, CloseInDoubt, FragmentInDoubt, SessionLost};

/// What the client was told in the end, and what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The request that was struck is answered: stored.
    Stored,
    /// The client came back, went on, and was told: stored.
    Resumed,
    /// The client was told by a 404 with this reason that it has to begin anew. It did: stored.
    Anew(Problem),
    /// An honest failure. Nothing is stored.
    Failed(Problem),
    /// The connection ended without a word. Nothing is stored.
    CutOff,
    /// The same, and the file is stored.
    CutOffStored,
    /// Nobody was there to be told. Nothing is stored.
    Left,
    /// The same, and the file is stored.
    LeftStored,
}

use Outcome::{Anew, CutOff, CutOffStored, Failed, Left, LeftStored, Resumed, Stored};

/// One row: where all of these fit, it ends in one of these ways. An empty list of the others is everything.
pub(crate) struct Row {
    actors: &'static [Actor],
    points: &'static [Point],
    modes: &'static [Mode],
    kinds: &'static [Kind],
    outcomes: &'static [Outcome],
}

const fn row(
    actors: &'static [Actor],
    points: &'static [Point],
    modes: &'static [Mode],
    kinds: &'static [Kind],
    outcomes: &'static [Outcome],
) -> Row {
    Row { actors, points, modes, kinds, outcomes }
}

/// The proxy is told that the client is gone.
const CLIENT_GOES: &[Actor] = &[ClientResets, ClientCloses];
const CLIENT_OR_FRONT: &[Actor] =
    &[ClientResets, ClientCloses, ClientSilent, FrontCut, FrontStalled, FrontHalf];
/// The connection is broken off, and the next one meets the same backend.
const BROKEN_OFF: &[Actor] = &[BackendRestarts, BackCut, BackHalf];
/// The same, or the proxy notices nothing.
const BACK: &[Actor] = &[BackendRestarts, BackCut, BackHalf, BackStalled];

const FIRST: &[Point] = &[FirstUnsent, FirstHalf, FirstSent];
const LAST: &[Point] = &[LastUnsent, LastHalf, LastSent];
const MIDDLE: &[Point] = &[MiddleAnswered];
/// Bytes of this request are acknowledged, and bytes are missing.
const LATER: &[Point] = &[MiddleAnswered, LastUnsent, LastHalf, LastSent];
const FRAGMENTS: &[Point] =
    &[FirstUnsent, FirstHalf, FirstSent, MiddleAnswered, LastUnsent, LastHalf, LastSent];
/// The client has sent everything.
const ALL_SENT: &[Point] = &[LastUnsent, LastHalf, LastSent, CloseUnsent, CloseSent, CloseAnswered];
const PUBLISHED: &[Point] = &[CloseSent, CloseAnswered];

const PLAIN: &[Mode] = &[Mode::Plain];
const CREATE: &[Mode] = &[Mode::Create];
const APPEND: &[Mode] = &[Mode::Append];
const RESUMABLE: &[Mode] = &[Mode::Create, Mode::Append];

/// It must not get the same bytes twice.
const APPENDING: &[Kind] = &[Kind::Append];

/// From top to bottom; the first that fits decides.
#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    // What is there whole is stored, whoever hears of it.
    row(CLIENT_GOES, ALL_SENT, PLAIN, &[], &[LeftStored]),
    row(CLIENT_GOES, &[], PLAIN, &[], &[Left]),
    row(&[ClientSilent], ALL_SENT, PLAIN, &[], &[Stored]),
    row(&[ClientSilent], &[], PLAIN, &[], &[Failed(ClientStalled)]),
    row(&[FrontStalled], ALL_SENT, PLAIN, &[], &[LeftStored]),
    row(&[FrontStalled], &[], PLAIN, &[], &[Left]),
    // A client that says that it sends nothing more counts as gone, as everywhere in HTTP/1.
    row(&[FrontCut, FrontHalf], ALL_SENT, PLAIN, &[], &[CutOffStored]),
    row(&[FrontCut], &[], PLAIN, &[], &[CutOff]),
    row(&[FrontHalf], &[], PLAIN, &[], &[Failed(ClientGone)]),
    row(CLIENT_OR_FRONT, &[], RESUMABLE, &[], &[Resumed]),

    row(&[ProxyKilled], PUBLISHED, PLAIN, &[], &[CutOffStored]),
    row(&[ProxyKilled], &[], PLAIN, &[], &[CutOff]),
    row(&[ProxyKilled], FRAGMENTS, APPEND, APPENDING, &[Anew(FragmentInDoubt)]),
    // Fragments are recorded at most once a second. If none is, the upload silently begins at 0, which is all that its
    // client knows.
    row(&[ProxyKilled], LATER, CREATE, APPENDING, &[Resumed, Anew(FragmentInDoubt)]),
    row(&[ProxyKilled], &[], RESUMABLE, &[], &[Resumed]),

    row(&[BackendKilled], &[CloseUnsent], &[], &[], &[Failed(CloseInDoubt)]),
    row(&[BackendKilled], LAST, PLAIN, APPENDING, &[Failed(FragmentInDoubt)]),
    row(&[BackendKilled], LAST, RESUMABLE, APPENDING, &[Anew(FragmentInDoubt)]),
    row(&[BackendKilled], FIRST, APPEND, APPENDING, &[Anew(FragmentInDoubt)]),
    // Whether the next fragment is already on the connection when its end is noticed.
    row(&[BackendKilled], MIDDLE, PLAIN, APPENDING, &[Failed(SessionLost), Failed(FragmentInDoubt)]),
    row(&[BackendKilled], MIDDLE, RESUMABLE, APPENDING, &[Anew(SessionLost), Anew(FragmentInDoubt)]),
    row(&[BackendKilled], LATER, PLAIN, &[], &[Failed(SessionLost)]),
    row(&[BackendKilled], LATER, RESUMABLE, &[], &[Anew(SessionLost)]),
    row(&[BackendKilled], FIRST, APPEND, &[], &[Anew(SessionLost)]),
    row(&[BackendKilled], &[], &[], &[], &[Stored]),

    // The same.
    row(BROKEN_OFF, MIDDLE, PLAIN, APPENDING, &[Stored, Failed(FragmentInDoubt)]),
    row(BROKEN_OFF, MIDDLE, RESUMABLE, APPENDING, &[Stored, Anew(FragmentInDoubt)]),
    row(BACK, LATER, PLAIN, APPENDING, &[Failed(FragmentInDoubt)]),
    row(BACK, LATER, RESUMABLE, APPENDING, &[Anew(FragmentInDoubt)]),
    row(BACK, FIRST, APPEND, APPENDING, &[Anew(FragmentInDoubt)]),
    row(BACK, &[], &[], &[], &[Stored]),
];

/// The row for a cell, and the ways in which it may end.
pub(crate) fn of(cell: Cell) -> (usize, &'static [Outcome]) {
    fn fits<T: PartialEq>(some: &[T], one: &T) -> bool {
        some.is_empty() || some.contains(one)
    }
    let fitting = |row: &Row| {
        row.actors.contains(&cell.actor)
            && fits(row.points, &cell.point)
            && fits(row.modes, &cell.mode)
            && fits(row.kinds, &cell.kind)
    };
    let row = ROWS.iter().position(fitting).expect("a row for every cell");
    (row, ROWS[row].outcomes)
}

/// Sessions that are left at the backend because nobody knows them: at least and at most.
pub(crate) fn orphans(cell: Cell) -> (u64, u64) {
    let Cell { actor, point, mode, .. } = cell;
    let dies = actor == ProxyKilled;
    let fragments = FRAGMENTS.contains(&point);
    match (point, mode) {
        // The answer with its id is lost.
        (CreateSent, _) if dies || BACK.contains(&actor) => (1, 1),
        // The client cannot go on, so nothing was recorded.
        (CreateAnswered | CloseUnsent, Mode::Plain) if dies => (1, 1),
        (_, Mode::Plain) if dies && fragments => (1, 1),
        // The id may not have been recorded yet.
        (CreateAnswered, Mode::Create) if dies => (0, 1),
        (_, Mode::Create) if dies && fragments => (0, 1),
        _ => (0, 0),
    }
}
