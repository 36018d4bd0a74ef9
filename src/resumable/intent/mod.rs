//! From a request head to what its sender wants of the protocol, or to the reason why not.
//!
//! Framing (lengths, codings, `Host`) is the caller's affair: it gives the `Content-Length` that it checked, or nothing for
//! a chunked body.

mod creation;
mod resource;
#[cfg(test)]
mod tests;

pub use creation::{Creation, creation, spoken};
pub use resource::{Append, OnResource, allowed, on_resource, version};

use crate::error::{Failure, Problem};

/// A refusal.
fn fail<T>(problem: Problem, detail: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::new(problem, detail))
}
