//! Where clients come in, end to end: TLS, certificates that are swapped, Unix sockets, sockets of systemd, the PROXY
//! protocol.
//!
//! `authority` makes certificates, `client` speaks TLS as the library of the proxy does, `curl` as OpenSSL does. Linux,
//! `curl`, `openssl` and `systemd-socket-activate` are needed.

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

// Shared with the end-to-end tests; not everything in it is needed here.
#[allow(dead_code, unused_imports)]
#[path = "../e2e/support/mod.rs"]
mod support;

mod authority;
mod client;
mod curl;

mod clients;
mod handshakes;
mod mistakes;
mod proxied;
mod reload;
mod sockets;
mod storm;

use std::time::Duration;

/// Shorter than a handshake may take by default, long enough for a busy machine.
const SOON: Duration = Duration::from_secs(20);
