//! The client that behaves as a phone, against servers that follow a script: what it sends, what it believes, when it
//! goes on and when it gives up.

// A failed expectation is a failed test.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod answers;
mod example;
mod heads;
mod peer;
mod resuming;
mod troubles;
