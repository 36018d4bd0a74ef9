//! The mock backend over real sockets, asked byte by byte: what it answers is what other tests rely on.

// A failed expectation is a failed test.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod client;
mod example;
mod faults;
mod storage;
mod transcripts;
