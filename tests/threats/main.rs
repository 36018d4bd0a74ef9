//! What somebody who means harm may try, beside what the other tests are about: `docs/security.md` has the table.
//!
//! | file | what |
//! | --- | --- |
//! | `contacts` | P10: the system calls of the program show whom it contacts, and whom it asks for names |
//! | `wire` | P11: whatever a client of HTTP/2 says, the backend gets the bytes that it would get over HTTP/1.1 |
//! | `kept` | P12: secrets in the process, and the search that every test ends with |
//!
//! Linux and `strace` are needed.

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

// Shared with other tests; not everything in them is needed here.
#[allow(dead_code)]
#[path = "../h2/frames.rs"]
mod frames;
#[allow(dead_code)]
#[path = "../backend/peer.rs"]
mod peer;
#[allow(dead_code, unused_imports)]
#[path = "../e2e/support/mod.rs"]
mod support;

mod contacts;
mod kept;
mod strace;
mod wire;
