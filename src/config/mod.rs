//! Configuration: file, environment and flags, checked before anything happens. Nothing of it is read
//! anywhere else.
//!
//! ```text
//! file ────────┐
//! environment ─┼─ Raw values with their Origin ─ Draft ─ listeners, routes ─ check ─ Resolved
//! flag ────────┘
//! ```
//!
//! `keys` is one table: a key added there is known to the file, to the environment, to the checks and
//! to `check-config` at once. Anything unknown or wrong is one [`ConfigError`] of one line; nothing is guessed.
//!
//! The files, users above what they use. This one hands out names and is imported by none of them.
//!
//! | file | what it is for |
//! |---|---|
//! | `merge` | flags over environment over file over defaults: the way from [`Sources`] to [`Resolved`] |
//! | `render` | what `check-config` prints |
//! | `resolved` | a checked configuration with its origins |
//! | `check` | how values must relate to each other |
//! | `memory` | defaults for little memory |
//! | `routes` | from `[[route]]` tables to routes |
//! | `auth`, `route_values` | keys of a route that have a form of their own |
//! | `listeners` | from `[[listener]]` tables to listeners |
//! | `draft` | values of the right type, not yet checked against each other |
//! | `backends` | from `[[backend]]` tables to backends |
//! | `file` | the TOML file, each value with its line |
//! | `suggest` | "Did you mean …?", of a key |
//! | `environment` | the variables |
//! | `flag` | the flags |
//! | `keys` | which keys there are outside lists of tables |
//! | `slot` | what each of them takes |
//! | `header_names`, `log_filter`, `resumption` | values with rules of their own |
//! | `choice` | values that are one of a few words |
//! | `closest` | which word was meant |
//! | `tables` | which lists of tables there are, and their keys |
//! | `settings` | the configuration itself, with its defaults |
//! | `admin` | of it, the admin listener |
//! | `raw` | a value as it was written |
//! | `error` | the one line that says what is wrong |
//! | `origin` | where a value came from |
//! | `backend` | URLs of backends |
//! | `value` | sizes and times as people write them |

mod admin;
mod auth;
mod backend;
mod backends;
mod check;
mod choice;
mod closest;
mod draft;
mod environment;
mod error;
mod file;
mod flag;
mod header_names;
mod keys;
mod listeners;
mod log_filter;
mod memory;
mod merge;
mod origin;
mod raw;
mod render;
mod resolved;
mod resumption;
mod route_values;
mod routes;
mod settings;
mod slot;
mod suggest;
mod tables;
mod value;

pub use admin::{AdminConfig, ReadyBackend, ReadyStore};
pub use backend::{NotABackend, parse_backend};
pub use backends::one_backend;
pub use environment::variable;
pub use error::ConfigError;
pub use flag::Flag;
pub use keys::known_keys;
pub use merge::Sources;
pub(crate) use origin::one_line;
pub use origin::{Origin, PREFIX};
pub use resolved::Resolved;
pub use settings::{Config, LogConfig, LogFormat, StateConfig, StoreKind};
pub use value::{NotASize, NotATime, Size, Time};

#[cfg(test)]
mod tests;
