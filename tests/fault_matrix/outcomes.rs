//! How every cell ends.

use crate::cell::{Cell, Fault, Kind, Lasting, Mode, Point};
use crate::client::Outcome;

/// One row: where all of these fit, it ends so. An empty list is everything.
pub(crate) struct Row {
    lasting: &'static [Lasting],
    faults: &'static [Fault],
    points: &'static [Point],
    modes: &'static [Mode],
    servers: &'static [Kind],
    outcome: Outcome,
}

/// From top to bottom; the first that fits decides.
pub(crate) const ROWS: &[Row] = &[];

/// The row for a cell.
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
