//! End to end: the real program as a child process, over real sockets, in front of the mock backend.
//!
//! `support` starts the parts; each other module is a theme. Linux is needed for what is asserted about memory and
//! descriptors, and `curl` for the tests named after it.

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

// Shared with the tests of resumption, which need a little more of it.
#[allow(dead_code, unused_imports)]
mod support;

mod close;
mod curl;
mod departures;
mod examples;
mod https;
mod limits;
mod refusals;
mod resources;
mod routes;
mod sizes;
mod stopping;
mod trouble;
