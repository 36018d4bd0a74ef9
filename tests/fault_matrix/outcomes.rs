//! How every cell ends.
//!
//! What can be read from it, among other things: where bytes may be sent again, trouble that passes is not seen by any
//! client (promise P6, see `p6` below). A client that can resume is cut off while trouble lasts, and never told a 5xx for
//! it. The node of a farm that shares its storage may die, and nobody sees it. Where bytes must not be sent twice, a doubt about a fragment costs the upload, unless it is the first one. A forged or
//! malformed word of the server never ends in success, unless it has nothing to do with the bytes.

use crate::cell::Fault::{self, *};
use crate::cell::Point::{self, *};
use crate::cell::{Cell, Kind, Lasting, Mode};
use crate::client::Outcome::{self, *};
use put2bits::error::Problem::{
    BackendAuth, BackendProtocol, BackendRedirect, CloseFailed, CloseInDoubt, DataLost, FileTooLarge,
    Forbidden, FragmentInDoubt, FragmentTooLarge, NoProgress, NotBits, SessionLost, Timeout, Unavailable,
    Unreachable,
};

/// One row: where all of these fit, it ends so. An empty list is everything.
pub(crate) struct Row {
    lasting: &'static [Lasting],
    faults: &'static [Fault],
    points: &'static [Point],
    modes: &'static [Mode],
    servers: &'static [Kind],
    outcome: Outcome,
}

const fn row(
    lasting: &'static [Lasting],
    faults: &'static [Fault],
    points: &'static [Point],
    modes: &'static [Mode],
    servers: &'static [Kind],
    outcome: Outcome,
) -> Row {
    Row { lasting, faults, points, modes, servers, outcome }
}

const ONCE: &[Lasting] = &[Lasting::Once];
const FOR_EVER: &[Lasting] = &[Lasting::ForEver];

/// The exchange is broken off, and the next one begins in order. A server that comes back with its sessions is the same.
const BROKEN_OFF: &[Fault] = &[ResetRequest, ResetResponse, HalfClose, RetryAfter, ServerRestarts];

const AT_CREATE: &[Point] = &[CreateUnsent, CreateSent];
const AT_CLOSE: &[Point] = &[CloseUnsent, CloseSent];
const AT_THE_ENDS: &[Point] = &[CreateUnsent, CreateSent, CloseUnsent, CloseSent];
const FIRST: &[Point] = &[FirstUnsent, FirstHalf, FirstSent];
const LAST: &[Point] = &[LastUnsent, LastHalf, LastSent];
/// The session is open, and no byte of this request is acknowledged.
const BEGINNING: &[Point] = &[CreateAnswered, FirstUnsent, FirstHalf, FirstSent];
/// Bytes of this request are acknowledged.
const LATER: &[Point] = &[MiddleAnswered, LastUnsent, LastHalf, LastSent];
const UNTIL_LATER: &[Point] = &[CreateUnsent, CreateSent, CreateAnswered, FirstUnsent, FirstHalf, FirstSent];
#[rustfmt::skip]
const UNTIL_CLOSE: &[Point] = &[
    CreateUnsent, CreateSent, CreateAnswered, FirstUnsent, FirstHalf, FirstSent, MiddleAnswered, LastUnsent, LastHalf,
    LastSent,
];

/// The session is open, and bytes are missing.
#[rustfmt::skip]
const FRAGMENTS: &[Point] = &[
    CreateAnswered, FirstUnsent, FirstHalf, FirstSent, MiddleAnswered, LastUnsent, LastHalf, LastSent,
];

const PLAIN: &[Mode] = &[Mode::Plain];
const APPEND: &[Mode] = &[Mode::Append];
/// No byte was acknowledged before this request.
const ANEW: &[Mode] = &[Mode::Plain, Mode::Create];
const RESUMABLE: &[Mode] = &[Mode::Create, Mode::Append];

/// They may get the same bytes twice.
const PATIENT: &[Kind] =
    &[Kind::Refuse, Kind::Trim, Kind::EndPlusOne, Kind::Partial, Kind::Farm, Kind::Apart];
/// It must not.
const APPENDING: &[Kind] = &[Kind::Append];

/// They hand out nodes.
const FARMS: &[Kind] = &[Kind::Farm, Kind::Apart];
const SHARING: &[Kind] = &[Kind::Farm];
const APART: &[Kind] = &[Kind::Apart];

/// A node is silent for longer than it may be.
const GIVEN_UP: &[Fault] = &[Stall, NetworkCut, NodeDies];

/// From top to bottom; the first that fits decides.
#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    row(ONCE, &[ClientDies], &[], PLAIN, &[], Left),
    row(ONCE, &[ClientDies], &[], &[], &[], Resumed),

    // The file is stored. A client that does not hear of it asks again, if it can.
    row(&[], &[], &[CloseAnswered], PLAIN, &[], Stored),
    row(&[], &[], &[CloseAnswered], &[], &[], Resumed),

    // The packet behind Create-Session is a Ping there, and whatever is answered to it is an answer.
    row(ONCE, &[Status403, Ahead416, TooLarge, AckBeyond, AckForeign, Redirect], &[CreateAnswered], &[], FARMS, Stored),
    row(FOR_EVER, &[AckMissing, AckHuge, AckBeyond, AckNegative, AckText, AckForeign, AckUntyped], &[CreateAnswered], PLAIN, FARMS, Failed(Unavailable)),
    // A node that is silent for a minute is given up, and with it the trouble begins anew at the origin.
    row(FOR_EVER, &[NetworkCut], FRAGMENTS, PLAIN, FARMS, Failed(Timeout)),
    row(FOR_EVER, &[Refused], &[FirstHalf, FirstSent, LastHalf, LastSent], PLAIN, FARMS, Failed(Unreachable)),
    row(ONCE, &[NetworkCut], &[LastSent, CloseSent], &[], SHARING, Stored),
    row(ONCE, &[NodeDies], &[CreateUnsent, CreateSent, CreateAnswered], PLAIN, FARMS, Failed(Unreachable)),
    row(ONCE, &[NodeDies], &[], &[], SHARING, Stored),
    // Where the others do not know the session, it is lost with its node: a client that can begin anew does.
    row(ONCE, GIVEN_UP, &[CloseSent], &[], APART, Failed(CloseInDoubt)),
    row(ONCE, &[Stall, NetworkCut], &[CloseUnsent], &[], APART, Failed(CloseInDoubt)),
    row(ONCE, GIVEN_UP, LATER, RESUMABLE, APART, Anew),
    row(ONCE, GIVEN_UP, LATER, &[], APART, Failed(SessionLost)),
    row(ONCE, GIVEN_UP, FIRST, APPEND, APART, Anew),
    row(ONCE, &[Slow], &[FirstSent], APPEND, APART, Anew),
    row(ONCE, &[NodeDies], &[CloseUnsent], RESUMABLE, APART, Anew),
    row(ONCE, &[NodeDies], &[CloseUnsent], &[], APART, Failed(SessionLost)),
    row(ONCE, &[NodeDies], &[], &[], APART, Stored),

    row(ONCE, &[Refused, Unresolved], &[LastHalf, LastSent], RESUMABLE, APPENDING, Anew),
    row(ONCE, &[Refused, Unresolved], &[LastHalf, LastSent], &[], APPENDING, Failed(FragmentInDoubt)),
    row(ONCE, &[Refused, Unresolved], &[FirstHalf, FirstSent], APPEND, APPENDING, Anew),
    row(ONCE, &[Refused, Unresolved], &[], &[], &[], Stored),

    row(FOR_EVER, &[Refused], &[CreateUnsent, CreateAnswered, FirstUnsent, MiddleAnswered, LastUnsent, CloseUnsent], PLAIN, &[], Failed(Unreachable)),
    row(FOR_EVER, &[Refused], UNTIL_CLOSE, PLAIN, PATIENT, Failed(Unavailable)),
    row(FOR_EVER, &[Refused], AT_CLOSE, PLAIN, &[], Failed(CloseInDoubt)),
    row(FOR_EVER, &[Refused], UNTIL_LATER, PLAIN, &[], Failed(Unavailable)),
    row(FOR_EVER, &[Refused], LATER, PLAIN, &[], Failed(FragmentInDoubt)),
    row(FOR_EVER, &[Refused], &[], &[], &[], CutOff),

    row(FOR_EVER, &[Unresolved], &[CreateUnsent, CreateSent, CreateAnswered, FirstUnsent, FirstHalf, FirstSent, MiddleAnswered, LastUnsent, CloseUnsent], PLAIN, &[], Failed(Unreachable)),
    row(FOR_EVER, &[Unresolved], LATER, PLAIN, PATIENT, Failed(Unreachable)),
    row(FOR_EVER, &[Unresolved], AT_CLOSE, PLAIN, &[], Failed(CloseInDoubt)),
    row(FOR_EVER, &[Unresolved], LATER, PLAIN, &[], Failed(FragmentInDoubt)),
    row(FOR_EVER, &[Unresolved], &[], &[], &[], CutOff),

    row(ONCE, BROKEN_OFF, LATER, RESUMABLE, APPENDING, Anew),
    row(ONCE, BROKEN_OFF, LATER, &[], APPENDING, Failed(FragmentInDoubt)),
    row(ONCE, BROKEN_OFF, FIRST, APPEND, APPENDING, Anew),
    row(ONCE, BROKEN_OFF, &[], &[], &[], Stored),
    row(FOR_EVER, BROKEN_OFF, UNTIL_CLOSE, PLAIN, PATIENT, Failed(Unavailable)),
    row(FOR_EVER, BROKEN_OFF, AT_CLOSE, PLAIN, &[], Failed(CloseInDoubt)),
    row(FOR_EVER, BROKEN_OFF, UNTIL_LATER, PLAIN, &[], Failed(Unavailable)),
    row(FOR_EVER, BROKEN_OFF, LATER, PLAIN, &[], Failed(FragmentInDoubt)),
    row(FOR_EVER, BROKEN_OFF, &[], &[], &[], CutOff),

    row(ONCE, &[Stall], AT_CREATE, PLAIN, &[], Failed(Timeout)),
    row(ONCE, &[Stall], LATER, RESUMABLE, APPENDING, Anew),
    row(ONCE, &[Stall], LATER, &[], APPENDING, Failed(FragmentInDoubt)),
    row(ONCE, &[Stall], FIRST, APPEND, APPENDING, Anew),
    row(ONCE, &[Stall], &[], &[], &[], Stored),
    row(FOR_EVER, &[Stall], UNTIL_CLOSE, PLAIN, PATIENT, Failed(Timeout)),
    row(FOR_EVER, &[Stall], AT_CLOSE, PLAIN, &[], Failed(CloseInDoubt)),
    row(FOR_EVER, &[Stall], UNTIL_LATER, PLAIN, &[], Failed(Timeout)),
    row(FOR_EVER, &[Stall], LATER, PLAIN, &[], Failed(FragmentInDoubt)),
    row(FOR_EVER, &[Stall], &[], &[], &[], CutOff),

    row(ONCE, &[Slow], &[CreateSent], PLAIN, &[], Failed(Timeout)),
    row(ONCE, &[Slow], &[FirstSent], APPEND, APPENDING, Anew),
    row(ONCE, &[Slow], &[], &[], &[], Stored),
    row(FOR_EVER, &[Slow], &[CreateSent, FirstSent], RESUMABLE, &[], CutOff),
    row(FOR_EVER, &[Slow], &[CreateSent, FirstSent], &[], &[], Failed(Timeout)),
    row(FOR_EVER, &[Slow], &[], &[], &[], Stored),

    row(ONCE, &[Status413], AT_THE_ENDS, &[], &[], Failed(FileTooLarge)),
    row(ONCE, &[Status413], LAST, &[], &[], Failed(FragmentTooLarge)),
    row(ONCE, &[Status413], &[], &[], &[], Stored),
    row(FOR_EVER, &[Status413], AT_THE_ENDS, &[], &[], Failed(FileTooLarge)),
    row(FOR_EVER, &[Status413], &[], &[], &[], Failed(FragmentTooLarge)),

    row(&[], &[Ahead416], AT_CLOSE, &[], &[], Failed(CloseFailed)),
    row(&[], &[Ahead416], &[], &[], &[], Failed(BackendProtocol)),

    row(ONCE, &[Behind416], BEGINNING, ANEW, &[], Stored),
    row(ONCE, &[Behind416], AT_CREATE, &[], &[], Failed(BackendProtocol)),
    row(ONCE, &[Behind416], AT_CLOSE, &[], &[], Failed(CloseFailed)),
    row(ONCE, &[Behind416], LATER, PLAIN, &[], Failed(DataLost)),
    row(ONCE, &[Behind416], &[CreateAnswered], &[], &[], Stored),
    row(ONCE, &[Behind416], &[], &[], &[], Anew),
    row(FOR_EVER, &[Behind416], BEGINNING, ANEW, &[], Failed(NoProgress)),
    row(FOR_EVER, &[Behind416], AT_CLOSE, &[], &[], Failed(CloseFailed)),
    row(FOR_EVER, &[Behind416], LATER, PLAIN, &[], Failed(DataLost)),
    row(FOR_EVER, &[Behind416], &[CreateAnswered], &[], &[], Failed(NoProgress)),
    row(FOR_EVER, &[Behind416], &[], &[], &[], Failed(BackendProtocol)),

    row(ONCE, &[SessionNotFound], LATER, RESUMABLE, &[], Anew),
    row(ONCE, &[SessionNotFound], AT_CLOSE, RESUMABLE, &[], Anew),
    row(ONCE, &[SessionNotFound], &[MiddleAnswered, LastUnsent, LastHalf, LastSent, CloseUnsent, CloseSent], &[], &[], Failed(SessionLost)),
    row(ONCE, &[SessionNotFound], FIRST, APPEND, &[], Anew),
    row(ONCE, &[SessionNotFound], &[], &[], &[], Stored),
    row(FOR_EVER, &[SessionNotFound], AT_CLOSE, PLAIN, &[], Failed(SessionLost)),
    row(FOR_EVER, &[SessionNotFound], UNTIL_LATER, PLAIN, &[], Failed(Unavailable)),
    row(FOR_EVER, &[SessionNotFound], LATER, PLAIN, &[], Failed(SessionLost)),
    row(FOR_EVER, &[SessionNotFound], &[], &[], &[], CutOff),

    row(&[], &[TooLarge], &[], &[], &[], Failed(FileTooLarge)),

    row(&[], &[Status401], &[], &[], &[], Failed(BackendAuth)),

    row(&[], &[Status403], &[], &[], &[], Failed(Forbidden)),

    row(&[], &[Redirect], &[], &[], &[], Failed(BackendRedirect)),

    row(ONCE, &[AckMissing], &[MiddleAnswered, LastUnsent, LastHalf], &[], &[], Failed(BackendProtocol)),
    row(ONCE, &[AckMissing], AT_CREATE, &[], &[], Failed(NotBits)),
    row(ONCE, &[AckMissing], &[FirstUnsent, FirstHalf], APPEND, &[], Failed(BackendProtocol)),
    row(ONCE, &[AckMissing], &[], &[], &[], Stored),
    row(FOR_EVER, &[AckMissing], &[MiddleAnswered, LastUnsent, LastHalf], &[], &[], Failed(BackendProtocol)),
    row(FOR_EVER, &[AckMissing], &[FirstSent, LastSent, CloseSent], &[], &[], Stored),
    row(FOR_EVER, &[AckMissing], AT_CLOSE, RESUMABLE, &[], CutOff),
    row(FOR_EVER, &[AckMissing], &[FirstUnsent, FirstHalf], APPEND, &[], Failed(BackendProtocol)),
    row(FOR_EVER, &[AckMissing], AT_CLOSE, &[], &[], Failed(CloseInDoubt)),
    row(FOR_EVER, &[AckMissing], &[], &[], &[], Failed(NotBits)),

    row(ONCE, &[AckHuge, AckNegative], &[CreateAnswered, FirstUnsent, FirstHalf, CloseUnsent, CloseSent], ANEW, &[], Stored),
    row(ONCE, &[AckHuge, AckNegative], AT_CREATE, &[], &[], Failed(NotBits)),
    row(ONCE, &[AckHuge, AckNegative], &[CreateAnswered, CloseUnsent, CloseSent], &[], &[], Stored),
    row(ONCE, &[AckHuge, AckNegative], &[], &[], &[], Failed(BackendProtocol)),
    row(FOR_EVER, &[AckHuge, AckNegative], &[CreateUnsent, CreateSent, CreateAnswered, FirstUnsent, FirstHalf], ANEW, &[], Failed(NotBits)),
    row(FOR_EVER, &[AckHuge, AckNegative], &[CreateUnsent, CreateSent, CreateAnswered], &[], &[], Failed(NotBits)),
    row(FOR_EVER, &[AckHuge, AckNegative], &[CloseSent], &[], &[], Stored),
    row(FOR_EVER, &[AckHuge, AckNegative], AT_CLOSE, RESUMABLE, &[], CutOff),
    row(FOR_EVER, &[AckHuge, AckNegative], AT_CLOSE, &[], &[], Failed(CloseInDoubt)),
    row(FOR_EVER, &[AckHuge, AckNegative], &[], &[], &[], Failed(BackendProtocol)),

    row(ONCE, &[AckBeyond], AT_CLOSE, &[], &[], Stored),
    row(ONCE, &[AckBeyond], &[], &[], &[], Failed(BackendProtocol)),

    row(FOR_EVER, &[AckBeyond, AckText], &[CloseSent], &[], &[], Stored),
    row(FOR_EVER, &[AckBeyond, AckText], AT_CLOSE, RESUMABLE, &[], CutOff),
    row(FOR_EVER, &[AckBeyond, AckText], AT_CLOSE, &[], &[], Failed(CloseInDoubt)),
    row(FOR_EVER, &[AckBeyond, AckText], &[], &[], &[], Failed(BackendProtocol)),

    row(ONCE, &[AckText], &[CreateAnswered, FirstUnsent, FirstHalf, CloseUnsent, CloseSent], ANEW, &[], Stored),
    row(ONCE, &[AckText], &[CreateAnswered, CloseUnsent, CloseSent], &[], &[], Stored),
    row(ONCE, &[AckText], &[], &[], &[], Failed(BackendProtocol)),

    row(ONCE, &[AckForeign], &[CreateUnsent, CreateSent, CloseUnsent], &[], &[], Stored),
    row(FOR_EVER, &[AckForeign], &[CreateSent], RESUMABLE, &[], Gone),
    row(FOR_EVER, &[AckForeign], &[CreateSent], &[], &[], Failed(SessionLost)),
    row(FOR_EVER, &[AckForeign], &[CreateUnsent], &[], &[], Failed(NoProgress)),
    row(FOR_EVER, &[AckForeign], &[CloseUnsent], RESUMABLE, &[], CutOff),
    row(FOR_EVER, &[AckForeign], &[CloseUnsent], &[], &[], Failed(CloseInDoubt)),
    row(&[], &[AckForeign], &[], &[], &[], Failed(BackendProtocol)),

    row(ONCE, &[AckUntyped], &[CloseSent], &[], &[], Failed(BackendProtocol)),
    row(ONCE, &[AckUntyped], &[], &[], &[], Stored),
    row(FOR_EVER, &[AckUntyped], &[CreateSent, FirstSent, LastSent, CloseSent], &[], &[], Failed(BackendProtocol)),
    row(FOR_EVER, &[AckUntyped], AT_CLOSE, RESUMABLE, &[], CutOff),
    row(FOR_EVER, &[AckUntyped], AT_CLOSE, &[], &[], Failed(CloseInDoubt)),
    row(FOR_EVER, &[AckUntyped], &[], &[], &[], Failed(NoProgress)),

    row(ONCE, &[ProxyDies], &[], PLAIN, &[], CutOff),
    row(ONCE, &[ProxyDies], &[FirstUnsent, FirstHalf, FirstSent, MiddleAnswered, LastUnsent, LastHalf, LastSent], APPEND, APPENDING, Anew),
    row(ONCE, &[ProxyDies], &[], &[], &[], Resumed),

    row(ONCE, &[ServerForgets], LATER, RESUMABLE, &[], Anew),
    row(ONCE, &[ServerForgets], LATER, &[], PATIENT, Failed(SessionLost)),
    row(ONCE, &[ServerForgets], &[CloseUnsent], &[], &[], Failed(CloseInDoubt)),
    row(ONCE, &[ServerForgets], FIRST, APPEND, &[], Anew),
    row(ONCE, &[ServerForgets], LATER, &[], &[], Failed(FragmentInDoubt)),
    row(ONCE, &[ServerForgets], &[], &[], &[], Stored),

    row(ONCE, &[NetworkCut], &[LastSent, CloseSent], RESUMABLE, PATIENT, Resumed),
    row(ONCE, &[NetworkCut], AT_CREATE, PLAIN, &[], Failed(Timeout)),
    row(ONCE, &[NetworkCut], LATER, RESUMABLE, APPENDING, Anew),
    row(ONCE, &[NetworkCut], &[CloseSent], PLAIN, &[], Failed(CloseInDoubt)),
    row(ONCE, &[NetworkCut], LATER, &[], APPENDING, Failed(FragmentInDoubt)),
    row(ONCE, &[NetworkCut], &[LastSent], &[], &[], Failed(Unreachable)),
    row(ONCE, &[NetworkCut], FIRST, APPEND, APPENDING, Anew),
    row(ONCE, &[NetworkCut], &[CloseSent], &[], &[], Resumed),
    row(ONCE, &[NetworkCut], &[], &[], &[], Stored),
    row(FOR_EVER, &[NetworkCut], FRAGMENTS, PLAIN, PATIENT, Failed(Unreachable)),
    row(FOR_EVER, &[NetworkCut], AT_CREATE, PLAIN, &[], Failed(Timeout)),
    row(FOR_EVER, &[NetworkCut], AT_CLOSE, PLAIN, &[], Failed(CloseInDoubt)),
    row(FOR_EVER, &[NetworkCut], LATER, PLAIN, &[], Failed(FragmentInDoubt)),
    row(FOR_EVER, &[NetworkCut], BEGINNING, PLAIN, &[], Failed(Unreachable)),
    row(FOR_EVER, &[NetworkCut], &[], &[], &[], CutOff),
];

/// The row for a cell, and how it ends.
pub(crate) fn of(cell: Cell) -> Option<(usize, Outcome)> {
    fn fits<T: PartialEq>(some: &[T], one: &T) -> bool {
        some.is_empty() || some.contains(one)
    }
    let row = ROWS.iter().position(|row| {
        fits(row.lasting, &cell.lasting)
            && fits(row.faults, &cell.fault)
            && fits(row.points, &cell.point)
            && fits(row.modes, &cell.mode)
            && fits(row.servers, &cell.server)
    })?;
    Some((row, ROWS[row].outcome))
}

/// Trouble that passes is not seen by any client where bytes may be sent again, unless it outlasts what is waited for.
#[test]
fn p6_trouble_that_passes_is_invisible() {
    const PASSING: &[Fault] = &[
        Refused,
        Unresolved,
        ResetRequest,
        ResetResponse,
        Stall,
        HalfClose,
        Slow,
        RetryAfter,
        ServerRestarts,
        NetworkCut,
    ];
    // While a plain client has not sent a byte it is waited for fifteen seconds, not for the time that one packet may take.
    let is_too_long = |cell: &Cell| match cell.fault {
        // A minute is what a node has, and the others know nothing of its sessions.
        Stall | Slow | NetworkCut if cell.server == Kind::Apart => true,
        Stall => cell.mode == Mode::Plain && AT_CREATE.contains(&cell.point),
        Slow => cell.mode == Mode::Plain && cell.point == CreateSent,
        // Six minutes of silence, then half a minute without a connection: longer than the window.
        NetworkCut => {
            let ends = [LastSent, CloseSent].contains(&cell.point);
            ends || (cell.mode == Mode::Plain && AT_CREATE.contains(&cell.point))
        }
        _ => false,
    };
    let mut invisible = 0;
    for cell in Cell::all() {
        let passes = cell.lasting == Lasting::Once && PASSING.contains(&cell.fault) && !is_too_long(&cell);
        if passes && PATIENT.contains(&cell.server) && cell.point != CloseAnswered {
            assert_eq!(of(cell).map(|(_, outcome)| outcome), Some(Stored), "{}", cell.name());
            invisible += 1;
        }
    }
    println!("{invisible} cells of trouble that passes, seen by nobody");
    assert!(invisible > 1_300, "{invisible}");
}
