//! The front over real sockets.

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod connections;
mod refusals;
mod rules;
mod support;

/// A request that is stored.
const PUT: &str = "PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello";
