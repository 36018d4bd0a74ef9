//! The table, in parts.

mod abort;
mod elsewhere;
mod first;
mod framing;
mod heads;
mod offsets;
mod sessions;
mod statuses;
mod timing;

use crate::case::{At, Case, bad};
use put2bits::error::Problem;

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    [
        offsets::cases(),
        sessions::cases(),
        statuses::cases(),
        heads::cases(),
        framing::cases(),
        timing::cases(),
        first::cases(),
        abort::cases(),
        elsewhere::cases(),
    ]
    .concat()
}

/// The same answer to three packets, each time, where it counts as none: a fragment is tried again until the window is
/// over, and whether a file was published must be found out.
fn no_answer_at_all(name: &str, bytes: &[u8]) -> [Case; 3] {
    let case = |at, problem| bad(format!("{name} ({at:?})"), at, bytes, problem);
    [
        case(At::Create, Problem::Unavailable),
        case(At::Middle, Problem::Unavailable),
        case(At::Close, Problem::CloseInDoubt),
    ]
}
