//! Which lists of tables the file may have, such as `[[route]]`, and the keys of each.

use super::backends::BACKEND_KEYS;
use super::listeners::LISTENER_KEYS;
use super::routes::ROUTE_KEYS;

/// One list of tables.
#[derive(Debug)]
pub(crate) struct Kind {
    /// What stands in the double brackets.
    pub(crate) name: &'static str,
    /// Keys of each of its tables, in the order in which they are written.
    pub(crate) keys: &'static [&'static str],
}

/// `[[listener]]`: where clients connect.
pub(crate) static LISTENER: Kind = Kind { name: "listener", keys: &LISTENER_KEYS };
/// `[[backend]]`: servers that routes name.
pub(crate) static BACKEND: Kind = Kind { name: "backend", keys: &BACKEND_KEYS };

/// `[[route]]`: which requests go where.
pub(crate) static ROUTE: Kind = Kind { name: "route", keys: &ROUTE_KEYS };

/// All of them.
pub(crate) static KINDS: [&Kind; 3] = [&LISTENER, &BACKEND, &ROUTE];

impl Kind {
    /// The list of that name.
    pub(crate) fn find(name: &str) -> Option<&'static Kind> {
        KINDS.into_iter().find(|kind| kind.name == name)
    }

    /// The full paths of its keys: `route.path`.
    pub(crate) fn paths(&self) -> impl Iterator<Item = String> {
        self.keys.iter().map(|key| format!("{}.{key}", self.name))
    }
}
