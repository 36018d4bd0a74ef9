//! From `[[backend]]` tables to backends that routes name.
//!
//! | file | what it is for |
//! |---|---|
//! | `list` | all of them, and the one that a name stands for |
//! | `read` | one table, checked |
//! | `value` | its values again, as `check-config` prints them |
//! | `entry` | what one says, and what of it a route takes over |

mod entry;
mod list;
mod read;
mod value;

pub(crate) use entry::Entry;
pub use list::one_backend;
pub(crate) use list::{build, named};
