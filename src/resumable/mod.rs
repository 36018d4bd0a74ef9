//! The IETF protocol *Resumable Uploads for HTTP*, as far as heads of messages go. Pure.

mod field;
mod intent;
pub mod reply;
mod settings;
mod version;

pub use intent::{Append, Creation, OnResource, allowed, creation, on_resource, version};
pub use settings::{Mode, Settings};
pub use version::Version;
