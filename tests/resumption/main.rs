//! Interrupted uploads, with real processes: the program is killed, its clients go on.
//!
//! `service` is the program over several lives of its process, `phone` a client that resumes as Apple's systems do,
//! `watch` what the mock backend acknowledged; each other module is a theme. Linux is needed for signals and for what is
//! asserted about memory, `curl` for the tests named after it.
//!
//! `RESUMPTION_SEED=1234 cargo test --test resumption kills` takes the random choices of an earlier run again.

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

// Shared with the end-to-end tests; not everything in it is needed here.
#[allow(dead_code, unused_imports)]
#[path = "../e2e/support/mod.rs"]
mod support;

mod phone;
mod service;
mod watch;

mod answers;
mod curl;
mod drops;
mod kills;
mod moments;
mod names;
mod offsets;
mod secrets;
mod state;
mod stopping;

/// The seed of a random test: a new one, or that of `RESUMPTION_SEED`. Printed, so that a failure can be replayed.
fn random() -> fastrand::Rng {
    let seed = match std::env::var("RESUMPTION_SEED") {
        Ok(text) => text.parse().expect("RESUMPTION_SEED is a number"),
        Err(_) => fastrand::u64(..),
    };
    println!("RESUMPTION_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}
