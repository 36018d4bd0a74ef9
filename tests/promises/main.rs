//! The promises, one test each, with the real program over real sockets: what the promise means, in one telling case.
//!
//! `docs/reliability.md` has them in words, and the architecture page (`src/lib.rs`) names the tests that go deeper.
//!
//! | file | promises |
//! | --- | --- |
//! | `bytes` | P1 to P3: what a success and an offset mean |
//! | `resources` | P4, P5: memory and disk |
//! | `survival` | P6 to P9: trouble, crashes, shutdowns, clients that come back |
//! | `borders` | P10 to P14: what comes in and what gets out |
//!
//! Linux is needed for what is asserted about memory, descriptors and signals.

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

// Shared with other tests; not everything in them is needed here.
#[allow(dead_code)]
#[path = "../backend/peer.rs"]
mod peer;
#[allow(dead_code)]
#[path = "../resumption/phone.rs"]
mod phone;
#[allow(dead_code)]
#[path = "../resumption/service.rs"]
mod service;
#[allow(dead_code, unused_imports)]
#[path = "../e2e/support/mod.rs"]
mod support;
#[path = "../resumption/watch.rs"]
mod watch;

mod borders;
mod bytes;
mod resources;
mod survival;

use std::path::Path;

/// Every file below a directory, as bytes.
fn contents(dir: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        bytes.extend(if path.is_dir() { contents(&path) } else { std::fs::read(&path).unwrap() });
    }
    bytes
}

/// Whether these bytes are among those.
fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}
