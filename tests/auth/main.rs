//! Who may upload, with the real program: every kind of `auth`, what it keeps secret, and what happens when a right is
//! withdrawn while an upload is under way.
//!
//! `authority` is the other service that a route with `auth = "forward"` asks; the phone is that of `tests/resumption`.

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

// Shared with the other tests; not everything in them is needed here.
#[allow(dead_code)]
#[path = "../resumption/phone.rs"]
mod phone;
#[allow(dead_code, unused_imports)]
#[path = "../e2e/support/mod.rs"]
mod support;
#[allow(dead_code)]
#[path = "../resumption/watch.rs"]
mod watch;

mod authority;

mod files;
mod forward;
mod resumed;
mod secrets;
mod start;

use serde_json::Value;
use support::{Answer, Backend, File, Proxy, Settings, Upload, message};

/// A token with its name. Nobody guesses it.
pub(crate) const ALICE: (&str, &str) = ("alice", "s3cret-token-of-alice-0123456789");
pub(crate) const BOB: (&str, &str) = ("bob", "s3cret-token-of-bob-0123456789");

/// The file of these tokens.
pub(crate) fn tokens(of: &[(&str, &str)]) -> String {
    of.iter()
        .map(|(name, token)| put2bits::guard::token_line(name, token.as_bytes()).unwrap() + "\n")
        .collect()
}

/// The field that shows a token.
pub(crate) fn bearer((_, token): (&str, &str)) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// The field that shows a user and a password.
pub(crate) fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Authorization: Basic {encoded}\r\n")
}

/// The program with one route that is guarded so.
pub(crate) async fn guarded(backend: &Backend, lines: &str) -> Proxy {
    settings(backend, lines).start().await
}

pub(crate) fn settings(backend: &Backend, lines: &str) -> Settings {
    Settings::route(&backend.url(), &format!("profile = 'refuse'\n{lines}"))
}

/// Uploads a small file with these lines in its head.
pub(crate) async fn put(proxy: &Proxy, path: &str, lines: &str) -> Answer {
    Upload::begin(proxy.addr, "PUT", path, File::new(1000), lines).await.finish_blindly().await
}

/// Waits until the program has read a file of tokens or users again for the `number`th time. (It looks every two seconds.)
pub(crate) async fn read_again(proxy: &Proxy, number: usize) {
    let says_so = |line: &Value| message(line).contains("has changed and is in force");
    proxy.nth_line(number, "that the file is read again", says_so).await;
}
