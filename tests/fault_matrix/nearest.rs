//! What cannot happen where the plan has it, and what is done in its place.

use crate::cell::{Cell, Fault, Lasting, Moment, Point};

/// Cells of which the fault as it is called cannot happen at the point as it is called.
pub(crate) const COUNT: usize = 5 * 3 * (2 * 7 + 7 + 4 + 23 + 1);

/// Faults that cannot happen so, where, what happens in their place, and why.
const TABLE: &[(&str, fn(Fault, Point) -> bool, &str)] = &[
    (
        "the connection is lost there, and the next one is refused",
        |fault, point| {
            let opens = matches!(fault, Fault::Refused | Fault::Unresolved);
            opens && matches!(point.moment(), Moment::Half | Moment::Sent)
        },
        "on a connection that carries bytes nothing is left to be opened",
    ),
    (
        "the connection breaks before a byte of the request got through, or half-way",
        |fault, point| {
            fault == Fault::ResetResponse
                && !matches!(point.moment(), Moment::Sent)
                && point != Point::CloseAnswered
        },
        "there is no response before its request",
    ),
    (
        "all but one byte got through, or nothing of a packet without a body",
        |fault, point| fault == Fault::ResetRequest && point.moment() == Moment::Sent,
        "a request that is sent whole is not broken in the middle any more",
    ),
    (
        "the client loses its answer, comes back, and is told without the server",
        |fault, point| point == Point::CloseAnswered && !fault.is_a_death(),
        "behind Close-Session the server is asked nothing: the fault waits in vain, which is checked",
    ),
    (
        "the packet is acknowledged to nobody's loss: 416 tells 0, which is no progress",
        |fault, point| fault == Fault::Behind416 && point == Point::FirstUnsent,
        "nothing is behind the first byte",
    ),
];

/// The row for a cell.
fn row(cell: &Cell) -> Option<usize> {
    TABLE.iter().position(|(_, fits, _)| fits(cell.fault, cell.point))
}

/// How many of the cells are such ones. Every row has some, and says why.
pub(crate) fn count(cells: &[Cell]) -> usize {
    let once = cells.iter().filter(|cell| cell.lasting == Lasting::Once);
    let rows: Vec<usize> = once.filter_map(row).collect();
    for (number, (instead, _, because)) in TABLE.iter().enumerate() {
        let cells = rows.iter().filter(|row| **row == number).count();
        println!("{cells:>6} cells: {instead}, because {because}");
        assert!(cells > 0, "{instead}");
    }
    rows.len()
}
