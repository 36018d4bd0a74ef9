//! How every cell ends.

use crate::cell::{Actor, Cell, Mode, Point};

/// What the client was told in the end, and what there is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// The request that was struck is answered: stored.
    Stored,
    /// The client came back, went on, and was told: stored.
    Resumed,
    /// The client came back and was told by a 404 with this reason that it has to begin anew. It did: stored.
    Anew(String),
    /// An honest failure with this code. Nothing is stored.
    Failed(String),
    /// The connection ended without a word. Nothing is stored.
    CutOff,
    /// The same, and the file is stored.
    CutOffStored,
    /// Nobody was there to be told. Nothing is stored.
    Left,
    /// The same, and the file is stored.
    LeftStored,
}

/// Sessions that are left at the backend because nobody knows them: at least and at most.
pub(crate) fn orphans(cell: Cell) -> (u64, u64) {
    let Cell { actor, point, mode, .. } = cell;
    let dies = matches!(actor, Actor::ProxyKilled);
    let answer_is_lost = matches!(
        actor,
        Actor::ProxyKilled | Actor::BackendRestarts | Actor::BackCut | Actor::BackStalled | Actor::BackHalf
    );
    match point {
        // The answer with its id is lost.
        Point::CreateSent if answer_is_lost => (1, 1),
        // The client cannot go on, so nothing was recorded.
        Point::CreateAnswered..=Point::CloseUnsent if dies && mode == Mode::Plain => (1, 1),
        // The id may have been recorded.
        Point::CreateAnswered if dies => (0, 1),
        _ => (0, 0),
    }
}
