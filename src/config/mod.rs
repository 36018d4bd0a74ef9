//! Configuration: file, environment and flags, checked before anything happens. Nothing of it is read
//! anywhere else.
//!
//! ```text
//! file.rs ────────┐
//! environment.rs ─┼─ Raw values with their Origin ─ merge.rs ─ routes.rs ─ check.rs ─ Config
//! Sources::flags ─┘                                 (keys.rs says which keys there are, slot.rs what each takes;
//!                                                    listeners.rs and routes.rs read lists of tables)
//! ```
//!
//! `keys.rs` is one table: a key added there is known to the file, to the environment, to the checks and
//! to `check-config` at once. Anything unknown or wrong is one [`ConfigError`] of one line; nothing is guessed.

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
