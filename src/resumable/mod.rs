//! The IETF protocol *Resumable Uploads for HTTP*, as far as heads of messages go. Pure.

mod settings;

pub use settings::{Mode, Settings};
