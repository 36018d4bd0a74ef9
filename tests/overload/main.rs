//! Too many, too slow, too long: the real program with small limits, and clients that overdo it.
//!
//! Linux is needed for addresses and descriptors, `curl` for the tests named after it.

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

// Shared with the end-to-end tests; not everything in it is needed here.
#[allow(dead_code, unused_imports)]
#[path = "../e2e/support/mod.rs"]
mod support;

mod client;
mod connections;
mod running;
mod time;
