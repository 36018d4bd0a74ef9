//! The life of one upload, and its record.

mod append;
mod course;
mod record;

use super::*;
use crate::bits::{Checkpoint, Destination, Profile, SessionId};
use crate::digest::{Digests, Hasher};
use crate::error::{Failure, Problem};
use crate::resumable::{Append, Version};
use http::{HeaderMap, HeaderValue, Method};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Limit of [`Life::append`] in tests. Bytes.
const MAX: u64 = 1000;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

fn version() -> &'static Version {
    Version::named("6").unwrap()
}

fn plan() -> Plan {
    Plan {
        name: "k3f9".into(),
        version: version(),
        owner: None,
        method: Method::PUT,
        route: "/photos/".into(),
        path: "/photos/a.mov".into(),
        wanted: "/up/a%20b.mov?x=1".parse().unwrap(),
        destination: Destination {
            target: "/up/a%20b.mov?x=1".parse().unwrap(),
            host: HeaderValue::from_static("backend:8080"),
            content_name: HeaderValue::from_bytes(b"\xe4 b.mov").unwrap(),
        },
        digests: DigestPlan::default(),
        created: at(0),
    }
}

/// Where a session stands, with nothing in doubt.
fn exact(offset: u64) -> Continuation {
    Continuation {
        checkpoint: Some(Checkpoint {
            session: SessionId::new(HeaderValue::from_static("{7}")).unwrap(),
            profile: &Profile::REFUSE,
            offset,
            in_doubt: false,
            created_at: Some(at(1)),
            closing: false,
            node: None,
        }),
        ..Continuation::default()
    }
}

fn changed(mut continuation: Continuation, change: impl FnOnce(&mut Checkpoint)) -> Continuation {
    change(continuation.checkpoint.as_mut().unwrap());
    continuation
}

/// An upload of 100 bytes: 50 are acknowledged, 20 of which the client was told of last.
fn half_way(state: State) -> Life {
    let mut life = Life::new(plan(), Some(100));
    life.paused(exact(20), at(1));
    life.tell(at(2));
    life.paused(exact(50), at(3));
    life.state = state;
    if !life.is_open() {
        life.continuation = Continuation::default();
    }
    life
}

fn stored() -> Stored {
    let mut headers = HeaderMap::new();
    headers.append("etag", HeaderValue::from_static("\"1\""));
    headers.append("x-file", HeaderValue::from_bytes(b"\xffr\xe4w").unwrap());
    headers.append("x-file", HeaderValue::from_static("two"));
    let content_type = Some(HeaderValue::from_bytes(b"text/\xe4").unwrap());
    Stored { headers, reply: Some(Reply { content_type, body: b"\0\xff reply".as_slice().into() }) }
}

fn failed() -> Failure {
    Failure::new(Problem::DigestMismatch, "the sha-256 differs: \u{201e}\u{1f4f7}\"")
}

fn part(offset: u64, content: Option<u64>, complete: bool, length: Option<u64>) -> Append {
    Append { version: version(), offset, complete, length, content }
}

fn every_state() -> [State; 7] {
    [
        State::Idle,
        State::Receiving,
        State::Finalizing,
        State::Done(Ok(stored())),
        State::Done(Ok(Stored::default())),
        State::Done(Err(failed())),
        State::Gone(Problem::UploadExpired),
    ]
}
