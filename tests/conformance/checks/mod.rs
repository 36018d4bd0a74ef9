//! The checks, by theme. Each is a function whose name says what has to hold.

mod appending;
mod asking;
mod creating;
mod digests;
mod dropping;
mod ending;
mod framing;
mod naming;
mod parts;
mod plain;
mod trouble;

use super::case::Case;
use std::future::Future;
use std::pin::Pin;

/// A check that runs.
type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One check.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) run: fn(Case) -> Running,
}

/// The checks of these names.
macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        /// The checks of this theme.
        pub(super) fn all() -> Vec<super::Check> {
            vec![$(super::Check { name: stringify!($name), run: |case| Box::pin($name(case)) }),*]
        }
    };
}
use checks;

/// All checks.
pub(crate) fn all() -> Vec<Check> {
    [
        creating::all(),
        plain::all(),
        naming::all(),
        asking::all(),
        appending::all(),
        framing::all(),
        parts::all(),
        dropping::all(),
        ending::all(),
        digests::all(),
        trouble::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
