//! Clients that mean harm, or know no better: the real program between raw bytes and the mock backend.
//!
//! Each theme is a table of payloads with what has to come of each (`payload`): the answers, the bytes at the backend,
//! whether the connection goes on. The oracle (`oracle`) wants exactly that and nothing more. The twenty forms that hyper
//! lets through are decided in the documentation of `src/front/head.rs`; every one of them is a row here. `mutations`
//! goes on from the payloads at random. `http2` says over HTTP/2 what can be said there.

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod framing;
mod heads;
mod http2;
mod mutations;
mod names;
mod oracle;
mod payload;
mod sink;
// Shared with other tests; not everything in them is needed here.
#[allow(dead_code)]
#[path = "../tls/authority.rs"]
mod authority;
#[allow(dead_code)]
#[path = "../h2/client.rs"]
mod client;
#[allow(dead_code)]
#[path = "../tls/client.rs"]
mod hand;
#[allow(dead_code, unused_imports)]
#[path = "../e2e/support/mod.rs"]
mod support;

use oracle::World;
use payload::Payload;
use std::collections::HashSet;

/// All themes.
fn corpus() -> Vec<Payload> {
    [framing::payloads(), heads::payloads(), names::payloads()].concat()
}

#[test]
fn the_corpus_is_large_and_has_no_payload_twice() {
    let corpus = corpus();
    assert!(corpus.len() >= 600, "{} payloads", corpus.len());
    let mut seen = HashSet::new();
    for payload in &corpus {
        assert!(seen.insert((&payload.bytes, payload.name.starts_with("message"))), "{} twice", payload.name);
    }
}

#[tokio::test]
async fn every_payload_gets_what_it_deserves() {
    let corpus = corpus();
    let mut world = World::new().await;
    let mut wrong = Vec::new();
    for payload in &corpus {
        if let Err(why) = world.judge(payload).await {
            wrong.push(format!("{}: {why}", payload.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), corpus.len(), wrong.join("\n"));
    world.end().await;
}

/// TLS changes nothing of it. A part of them will do, another one in each run.
#[tokio::test]
async fn behind_tls_it_is_the_same() {
    const OF: usize = 6;
    let (corpus, from) = (corpus(), fastrand::usize(..OF));
    println!("every sixth, from {from} on");
    let mut world = World::encrypted().await;
    let mut wrong = Vec::new();
    for payload in corpus.iter().skip(from).step_by(OF) {
        if let Err(why) = world.judge(payload).await {
            wrong.push(format!("{}: {why}", payload.name));
        }
    }
    assert!(wrong.is_empty(), "{} from {from}:\n{}", wrong.len(), wrong.join("\n"));
    world.end().await;
}
