//! What cannot happen where the plan has it, and what is done in its place.

use crate::cell::{Cell, Fault, Kind, Lasting, Mode, Moment, Point};

/// Cells of which the fault as it is called cannot happen at the point as it is called.
pub(crate) const COUNT: usize = 2_170;

/// What happens in its place, where, and why.
type Row = (&'static str, fn(&Cell) -> bool, &'static str);

const TABLE: &[Row] = &[
    (
        "the client loses its answer, comes back, and is told without the server",
        |cell| cell.point == Point::CloseAnswered && !cell.fault.is_a_death_of_ours(),
        "behind Close-Session the server is asked nothing: the fault waits in vain, which is checked",
    ),
    (
        "the connection is lost there, and the next one is refused",
        |cell| {
            let opens = matches!(cell.fault, Fault::Refused | Fault::Unresolved);
            opens && matches!(cell.point.moment(), Moment::Half | Moment::Sent)
        },
        "on a connection that carries bytes nothing is left to be opened",
    ),
    (
        "the connection breaks before a byte of the request got through, or half-way",
        |cell| cell.fault == Fault::ResetResponse && cell.point.moment() != Moment::Sent,
        "there is no response before its request",
    ),
    (
        "all but one byte got through, or nothing of a packet without a body",
        |cell| cell.fault == Fault::ResetRequest && cell.point.moment() == Moment::Sent,
        "a request that is sent whole is not broken in the middle any more",
    ),
    (
        "416 tells the first byte, which is no progress",
        |cell| {
            let first = [Point::FirstUnsent, Point::FirstHalf, Point::FirstSent].contains(&cell.point);
            let none = cell.point == Point::CreateAnswered || (first && cell.mode != Mode::Append);
            cell.fault == Fault::Behind416 && none
        },
        "nothing is behind the first byte",
    ),
    (
        "it is a refusal that is malformed",
        |cell| {
            let acts = cell.point.moment() == Moment::Sent || cell.point == Point::CreateUnsent;
            cell.fault.family() == "malformed-ack" && !acts
        },
        "who has not taken the bytes cannot say so by mistake alone: that is a lie, and nobody sees through it",
    ),
    (
        "it has taken nothing",
        |cell| {
            let asks = matches!(cell.fault, Fault::Status413 | Fault::Behind416);
            asks && cell.server == Kind::Append && cell.point.moment() == Moment::Sent
        },
        "a server that appends, has the bytes, and asks for them again spoils the file whatever the client does",
    ),
];

/// How many of the cells are such ones. Every row has some, and says why.
pub(crate) fn count(cells: &[Cell]) -> usize {
    let once = cells.iter().filter(|cell| cell.lasting == Lasting::Once);
    let rows: Vec<usize> = once.filter_map(|cell| TABLE.iter().position(|(_, fits, _)| fits(cell))).collect();
    for (number, (instead, _, because)) in TABLE.iter().enumerate() {
        let cells = rows.iter().filter(|row| **row == number).count();
        println!("{cells:>6} cells: {instead}, because {because}");
        assert!(cells > 0, "{instead}");
    }
    rows.len()
}
