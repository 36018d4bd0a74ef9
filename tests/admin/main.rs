//! Probes and metrics, with the real program over real sockets.
//!
//! `listener` is about the listener itself, `probes` about `/livez` and `/readyz`, `metrics` about what moves which
//! figure; `openmetrics` checks the text of all figures by the letter of its format.

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

// Shared with other tests; not everything in them is needed here.
#[allow(dead_code)]
#[path = "../resumption/phone.rs"]
mod phone;
#[allow(dead_code, unused_imports)]
#[path = "../e2e/support/mod.rs"]
mod support;
#[allow(dead_code)]
#[path = "../resumption/watch.rs"]
mod watch;

mod listener;
mod metrics;
mod openmetrics;
mod probes;
