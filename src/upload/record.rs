//! An upload as the store keeps it: JSON with a version, so that people can read it and later programs, too.
//!
//! Nothing secret of the client is in it. The session's id is: it works like a password at the backend, and without it
//! nothing could be resumed. So whoever may read the store may disturb uploads that are under way.

use super::life::{Life, State};
use super::plan::{Continuation, DigestPlan, Plan};
use super::{Final, Owner, Reply, Stored};
use crate::bits::{Checkpoint, Destination, Followed, Node, Profile, SessionId};
use crate::digest::{Algorithm, Digests, Hasher, HasherState};
use crate::error::{Failure, Problem};
use crate::resumable::Version;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The version of this form of a record.
const FORM: u32 = 1;

/// A record that this program can't read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// Not of the form expected.
    #[error("the record is damaged: {0}")]
    Damaged(String),
    /// Written by a later program.
    #[error("the record has form {0}, this program knows form {FORM}")]
    Newer(u32),
}

#[derive(Serialize, Deserialize)]
struct Record {
    form: u32,
    name: String,
    interop: String,
    owner: Option<Owner>,
    method: String,
    route: String,
    #[serde(default)]
    path: String,
    host: String,
    target: String,
    /// If it is another one than `target`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked_for: Option<String>,
    content_name: String,
    expected: Digests,
    wanted: Option<String>,
    created: u64,
    touched: u64,
    total: Option<u64>,
    told: u64,
    #[serde(flatten)]
    phase: Phase,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
enum Phase {
    Open { session: Option<Session>, digest: Option<HasherState>, headers: Vec<(String, String)> },
    Stored { headers: Vec<(String, String)>, reply: Option<SavedReply> },
    Failed { code: String, detail: String, offset: u64 },
}

#[derive(Serialize, Deserialize)]
struct Session {
    id: String,
    profile: String,
    offset: u64,
    in_doubt: bool,
    created: Option<u64>,
    closing: bool,
    /// Left out by programs that knew no nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    node: Option<SavedNode>,
}

#[derive(Serialize, Deserialize)]
struct SavedNode {
    host: String,
    /// Seconds.
    fallback: Option<u64>,
    /// Seconds.
    silent: u64,
    given_up: bool,
}

#[derive(Serialize, Deserialize)]
struct SavedReply {
    content_type: Option<String>,
    body: String,
}

impl Life {
    /// The record; nothing if there is nothing to remember.
    pub fn record(&self) -> Option<Vec<u8>> {
        let Plan { name, version, owner, method, route, path, wanted, destination, digests, created } =
            &self.plan;
        let phase = match &self.state {
            State::Idle | State::Receiving | State::Finalizing => Phase::Open {
                session: self.continuation.checkpoint.as_ref().map(save_session),
                digest: self.continuation.digest.clone(),
                headers: save_headers(&self.continuation.headers),
            },
            State::Done(Ok(Stored { headers, reply })) => Phase::Stored {
                headers: save_headers(headers),
                reply: reply.as_ref().map(|reply| SavedReply {
                    content_type: reply.content_type.as_ref().map(save_value),
                    body: STANDARD.encode(&reply.body),
                }),
            },
            State::Done(Err(failure)) => Phase::Failed {
                code: failure.problem.code().to_owned(),
                detail: failure.detail.clone(),
                offset: self.offset,
            },
            State::Gone(_) => return None,
        };
        let record = Record {
            form: FORM,
            name: name.clone(),
            interop: version.name().to_owned(),
            owner: owner.clone(),
            method: method.to_string(),
            route: route.clone(),
            path: path.clone(),
            host: save_value(&destination.host),
            target: destination.target.to_string(),
            asked_for: (*wanted != destination.target).then(|| wanted.to_string()),
            content_name: save_value(&destination.content_name),
            expected: digests.expected.clone(),
            wanted: digests.wanted.map(|algorithm| algorithm.name().to_owned()),
            created: save_time(*created),
            touched: save_time(self.touched),
            total: self.total,
            told: self.told,
            phase,
        };
        // Texts, numbers and lists of them always serialise.
        Some(serde_json::to_vec(&record).unwrap_or_default())
    }

    /// The upload as it is when the process that wrote the record is gone.
    ///
    /// What was on its way to the backend at that moment may have arrived. Where the backend must not get it twice, the upload
    /// is [`State::Gone`], unless nothing was acknowledged yet: then it begins anew.
    ///
    /// # Errors
    /// If the record is damaged, or of a later form.
    pub fn restore(record: &[u8]) -> Result<Life, BadRecord> {
        #[derive(Deserialize)]
        struct Form {
            form: u32,
        }
        let damaged = |error: serde_json::Error| BadRecord::Damaged(error.to_string());
        let Form { form } = serde_json::from_slice(record).map_err(damaged)?;
        if form > FORM {
            return Err(BadRecord::Newer(form));
        }
        let record: Record = serde_json::from_slice(record).map_err(damaged)?;
        let wanted = record.asked_for.unwrap_or_else(|| record.target.clone());
        let plan = Plan {
            wanted: load_target(wanted).ok_or_else(|| bad("wanted"))?,
            version: Version::named(&record.interop).ok_or_else(|| bad("interop"))?,
            owner: record.owner,
            method: Method::from_bytes(record.method.as_bytes()).map_err(|_| bad("method"))?,
            route: record.route,
            path: record.path,
            destination: Destination {
                target: load_target(record.target).ok_or_else(|| bad("target"))?,
                host: load_value(&record.host).ok_or_else(|| bad("host"))?,
                content_name: load_value(&record.content_name).ok_or_else(|| bad("content_name"))?,
            },
            digests: DigestPlan {
                expected: record.expected,
                wanted: record.wanted.as_deref().and_then(Algorithm::named),
            },
            created: load_time(record.created),
            name: record.name,
        };
        let mut life = Life::new(plan, record.total);
        life.touched = load_time(record.touched);
        life.told = record.told;
        match record.phase {
            Phase::Open { session, digest, headers } => {
                let checkpoint = session.map(load_session).transpose()?;
                let headers = load_headers(headers)?;
                life.reopen(Continuation { checkpoint, digest, headers });
            }
            Phase::Stored { headers, reply } => {
                let reply = reply.map(load_reply).transpose()?;
                life.offset = life.total.unwrap_or_default();
                let answer: Final = Ok(Stored { headers: load_headers(headers)?, reply });
                life.state = State::Done(answer);
            }
            Phase::Failed { code, detail, offset } => {
                let problem = Problem::named(&code).ok_or_else(|| bad("code"))?;
                life.offset = offset;
                life.state = State::Done(Err(Failure::new(problem, detail)));
            }
        }
        life.check()?;
        Ok(life)
    }

    /// What contradicts itself would sooner or later give a wrong file.
    fn check(&self) -> Result<(), BadRecord> {
        let Continuation { checkpoint, digest, .. } = &self.continuation;
        if self.told > self.offset {
            return Err(bad("told"));
        }
        if self.offset.max(self.continuation.acknowledged()) > self.total.unwrap_or_default() {
            return Err(bad("total"));
        }
        if checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.closing) && self.total != Some(self.offset)
        {
            return Err(bad("session.closing"));
        }
        let is_hashed = digest.as_ref().map(|state| Hasher::restore(state).map(|hasher| hasher.position()));
        let is_needed = checkpoint.is_some() && self.plan.digests.algorithms().next().is_some();
        match is_hashed {
            Some(position) if position != Some(self.offset) => Err(bad("digest")),
            None if is_needed && self.offset > 0 => Err(bad("digest")),
            _ => Ok(()),
        }
    }

    fn reopen(&mut self, continuation: Continuation) {
        self.offset = continuation.offset();
        self.continuation = continuation;
        let Some(checkpoint) = &self.continuation.checkpoint else { return };
        if checkpoint.closing {
            self.state = State::Finalizing;
        } else if self.offset > 0 && is_lost(checkpoint) {
            // The session is left for the caller to cancel.
            self.state = State::Gone(Problem::FragmentInDoubt);
        }
    }

    /// Takes the session away if no request can go on with it, but with a new one, because no byte was acknowledged. The
    /// caller has to cancel it.
    pub fn take_lost_session(&mut self) -> Option<Continuation> {
        let checkpoint = self.continuation.checkpoint.as_ref()?;
        let renewable = self.state == State::Idle && self.offset == 0 && is_lost(checkpoint);
        renewable.then(|| std::mem::take(&mut self.continuation))
    }
}

/// Whether bytes were on their way that must not be sent a second time.
fn is_lost(checkpoint: &Checkpoint) -> bool {
    checkpoint.in_doubt && !checkpoint.closing && !checkpoint.profile.overlap.may_resend()
}

fn bad(field: &str) -> BadRecord {
    BadRecord::Damaged(format!("{field} is not what it should be"))
}

fn save_session(checkpoint: &Checkpoint) -> Session {
    Session {
        id: save_value(checkpoint.session.as_header()),
        profile: checkpoint.profile.name.to_owned(),
        offset: checkpoint.offset,
        in_doubt: checkpoint.in_doubt,
        created: checkpoint.created_at.map(save_time),
        closing: checkpoint.closing,
        node: checkpoint.node.as_ref().map(|followed| SavedNode {
            host: followed.node.to_string(),
            fallback: followed.fallback.map(|time| time.as_secs()),
            silent: followed.silent.as_secs(),
            given_up: followed.given_up,
        }),
    }
}

fn load_session(session: Session) -> Result<Checkpoint, BadRecord> {
    let id = load_value(&session.id).and_then(SessionId::new);
    Ok(Checkpoint {
        session: id.ok_or_else(|| bad("session.id"))?,
        profile: Profile::named(&session.profile).ok_or_else(|| bad("session.profile"))?,
        offset: session.offset,
        in_doubt: session.in_doubt,
        created_at: session.created.map(load_time),
        closing: session.closing,
        node: session.node.map(load_node).transpose()?,
    })
}

fn load_node(saved: SavedNode) -> Result<Followed, BadRecord> {
    Ok(Followed {
        node: Node::parse(saved.host.as_bytes()).ok_or_else(|| bad("session.node.host"))?,
        fallback: saved.fallback.map(Duration::from_secs),
        silent: Duration::from_secs(saved.silent),
        given_up: saved.given_up,
    })
}

fn load_reply(reply: SavedReply) -> Result<Reply, BadRecord> {
    let content_type = match reply.content_type {
        Some(value) => Some(load_value(&value).ok_or_else(|| bad("reply.content_type"))?),
        None => None,
    };
    let body = STANDARD.decode(reply.body).map_err(|_| bad("reply.body"))?;
    Ok(Reply { content_type, body: body.into() })
}

/// In origin form, as a route makes it: `?x` and `*` would be read as well.
fn load_target(text: String) -> Option<PathAndQuery> {
    if !text.starts_with('/') {
        return None;
    }
    PathAndQuery::try_from(text).ok()
}

/// Header values are bytes; each becomes one character, and back.
fn save_value(value: &HeaderValue) -> String {
    value.as_bytes().iter().copied().map(char::from).collect()
}

fn load_value(text: &str) -> Option<HeaderValue> {
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    HeaderValue::from_bytes(&bytes?).ok()
}

fn save_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), save_value(value))).collect()
}

fn load_headers(fields: Vec<(String, String)>) -> Result<HeaderMap, BadRecord> {
    let mut headers = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields {
        let name = HeaderName::try_from(name).map_err(|_| bad("headers"))?;
        headers.append(name, load_value(&value).ok_or_else(|| bad("headers"))?);
    }
    Ok(headers)
}

/// Whole seconds: what HTTP dates have, too.
fn save_time(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn load_time(seconds: u64) -> SystemTime {
    // More than any clock can say is as good as the beginning of time: such an upload has expired.
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(UNIX_EPOCH)
}
