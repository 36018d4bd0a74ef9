//! A backend that is broken or malicious: what a scripted peer answers, and what the real program makes of it.
//!
//! `cases` is one table, in parts: the name of a wrong answer, at which packet it is given, its bytes, and what the client
//! is told. Every case runs as a plain upload and as one that could be resumed, all of them at once through one process.
//! Whatever the peer does, the program stays alive, says what it should, stays small, lets nothing of the peer's bytes into
//! its answers or log lines, contacts nobody else, and serves the next upload.
//!
//! `mutated` does the same without sockets: many thousand changed answers straight into `bits`. It prints its seed;
//! `HOSTILE_SEED=1234 cargo test --test hostile_backend mutated` takes the same ones again.

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

// Shared with the end-to-end tests; not everything in it is needed here.
#[allow(dead_code, unused_imports)]
#[path = "../e2e/support/mod.rs"]
mod support;

mod act;
mod case;
mod cases;
mod client;
mod mutated;
mod peer;
mod run;
mod verdict;

#[tokio::test]
async fn plain_uploads() {
    run::all(client::Mode::Plain).await;
}

#[tokio::test]
async fn uploads_that_can_be_resumed() {
    run::all(client::Mode::Resumable).await;
}

/// The table is what the page on reliability says it is.
#[test]
fn the_table_is_as_large_as_promised_and_names_each_case_once() {
    let cases = cases::all();
    let names: std::collections::HashSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    println!("{} cases", cases.len());
    assert_eq!(names.len(), cases.len());
    assert!(cases.len() >= 150, "{} cases", cases.len());
}
