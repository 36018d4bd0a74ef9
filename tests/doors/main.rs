//! What is seen from outside of all doors together: TLS, HTTP/2, client certificates, Unix sockets, load balancers, logins,
//! backends that want to be somewhere else.
//!
//! `curl` is the client, `door` the ways in, `source` what goes through them; each other module is a theme. The certificates
//! are those of `tests/tls`, the other service that decides who gets in is that of `tests/auth` (here: `judge`). Linux and
//! `curl` with HTTP/2 are needed, and addresses 127.0.0.2 and up.

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

// Shared with the other tests; not everything in them is needed here.
#[allow(dead_code)]
#[path = "../tls/authority.rs"]
mod authority;
#[allow(dead_code)]
#[path = "../tls/client.rs"]
mod client;
#[allow(dead_code)]
#[path = "../auth/authority.rs"]
mod judge;
#[allow(dead_code, unused_imports)]
#[path = "../e2e/support/mod.rs"]
mod support;
#[allow(dead_code)]
#[path = "../backend/terminator.rs"]
mod terminator;

mod curl;
mod door;
mod source;

mod balancer;
mod meddler;
mod trap;

mod chain;
mod drain;
mod elsewhere;
mod let_in;
mod mistakes;
mod resuming;
mod sidecar;
mod stolen;
mod swaps;
