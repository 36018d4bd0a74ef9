//! What is fuzzed: each target takes any bytes, calls what is public, and panics if a promise is broken.
//!
//! `tests/fuzz_bounded` calls them with mutated seeds on every run of the tests, `fuzz/` hands them to libFuzzer.

mod ack;
mod config;
mod forwarded;
mod front;
mod h2;
mod hashes;
mod host_id;
mod intent;
mod path;
mod proxy_header;
mod record;
mod session;
mod template;
mod text;

/// One thing that takes whatever others send.
#[derive(Debug)]
pub(crate) struct Target {
    /// Its name, and that of the file of its seeds.
    pub(crate) name: &'static str,
    /// Panics if a promise is broken. Otherwise: whether the input got past the first refusal.
    pub(crate) run: fn(&[u8]) -> bool,
}

/// All targets.
pub(crate) const TARGETS: [Target; 13] = [
    Target { name: "ack", run: ack::run },
    Target { name: "config", run: config::run },
    Target { name: "forwarded", run: forwarded::run },
    Target { name: "front", run: front::run },
    Target { name: "h2", run: h2::run },
    Target { name: "hashes", run: hashes::run },
    Target { name: "host_id", run: host_id::run },
    Target { name: "intent", run: intent::run },
    Target { name: "path", run: path::run },
    Target { name: "proxy_header", run: proxy_header::run },
    Target { name: "record", run: record::run },
    Target { name: "session", run: session::run },
    Target { name: "template", run: template::run },
];
