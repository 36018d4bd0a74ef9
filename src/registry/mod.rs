//! The upload resources of this process: who drives each, who waits for it, what the store keeps of it.

mod store;

pub use store::{Change, Store};
