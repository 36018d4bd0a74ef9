//! HTTP/2, with the real program: by independent clients (curl, nghttp, h2load), by the client of the crate h2, and by
//! frames written one by one.
//!
//! Linux is needed for what is asserted about memory, `curl`, `nghttp` and `h2load` for the tests named after them.

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

// Shared with the end-to-end tests; not everything in it is needed here.
#[allow(dead_code, unused_imports)]
#[path = "../e2e/support/mod.rs"]
mod support;

mod client;
mod frames;

mod clients;
mod connections;
mod floods;
mod memory;
mod rules;
mod uploads;
