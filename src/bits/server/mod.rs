//! The receiving end: a BITS server without sockets, files, clock or randomness (MC-BUP §3.2.5).
//!
//! It is the brain of the mock backend and the oracle of the simulation, so one request costs a few small
//! allocations and no work per byte. The stored bytes live with the caller; the server says where they go.
//!
//! ```text
//!            Create-Session        last byte            Close-Session
//!   (none) ────────────────▶ open ───────────▶ complete ─────────────▶ (gone, file published)
//!                            │  ▲ fragments        │
//!                            └──┘                  │
//!                    Cancel-Session, time-out, restart: (gone, bytes discarded)
//! ```
//!
//! ```
//! use put2bits::bits::server::{Begin, Knobs, RequestHead, Server, TargetState};
//! use put2bits::bits::{ContentRange, Destination, Dialect, Packet, SessionId};
//! use std::time::Duration;
//!
//! let mut server = Server::new(Knobs::strict());
//! let to = Destination {
//!     target: "/up/f.bin".parse().unwrap(),
//!     host: "iis".parse().unwrap(),
//!     content_name: "f.bin".parse().unwrap(),
//! };
//! let mut send = |packet: Packet| {
//!     let request = packet.request(&to, &Dialect::default());
//!     let head = RequestHead { method: request.method(), target: "/up/f.bin", headers: request.headers() };
//!     match server.begin(Duration::ZERO, 1, &head, TargetState::Free, 42) {
//!         Begin::Answer(reply) => reply,
//!         Begin::Receive(intake) => server.finish(Duration::ZERO, intake), // the body has come
//!         Begin::Busy(_) => unreachable!("one packet at a time"),
//!     }
//! };
//!
//! let ack = send(Packet::CreateSession);
//! let session = SessionId::new(ack.header_map()["bits-session-id"].clone()).unwrap();
//! let range = ContentRange::new(0, 500, 500).unwrap();
//! let ack = send(Packet::Fragment { session: session.clone(), range });
//! assert_eq!(ack.header_map()["bits-received-content-range"], "500");
//! let ack = send(Packet::CloseSession { session });
//! assert_eq!((ack.status.as_u16(), ack.effects.len()), (200, 1)); // publish
//! ```

mod create;
mod finish;
mod fragment;
mod gate;
mod knobs;
mod preset;
mod quirk;
mod reply;
mod session;
#[cfg(test)]
mod tests;

pub use fragment::Intake;
pub use knobs::*;
pub use preset::Preset;
pub use quirk::{QUIRKS, Quirk, QuirkError};
pub use reply::*;
pub use session::{Session, SessionKey};

use crate::bits::PacketKind;
use crate::bits::header;
use http::{HeaderMap, Method, StatusCode};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// The head of a request as the server sees it.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'a> {
    /// Method.
    pub method: &'a Method,
    /// Request target in origin form: path and query.
    pub target: &'a str,
    /// Headers.
    pub headers: &'a HeaderMap,
}

/// What is at a request's target. Only the caller can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TargetState {
    /// Nothing: a file can be put there.
    #[default]
    Free,
    /// A file.
    Exists,
    /// The folder is missing.
    NoFolder,
    /// A folder, or a name that no file can have.
    NotAFile,
}

/// What to do with a request whose head has come.
#[derive(Debug)]
pub enum Begin {
    /// Answer; the body, if any, means nothing.
    Answer(Reply),
    /// Take the body, then call [`Server::finish`], or [`Server::abort`] if it breaks off.
    Receive(Intake),
    /// A fragment of this session is still coming on another connection. End that one first, then begin again.
    Busy(SessionKey),
}

/// A BITS server. See the [module](self) for a walk through.
#[derive(Debug)]
pub struct Server {
    knobs: Knobs,
    sessions: BTreeMap<SessionKey, Session>,
    ids: HashMap<Box<[u8]>, SessionKey>,
    last_key: u64,
    published_bytes: u64,
    legs: HashMap<u64, gate::Legs>,
}

impl Server {
    /// A server without sessions.
    pub fn new(knobs: Knobs) -> Self {
        Server {
            knobs,
            sessions: BTreeMap::new(),
            ids: HashMap::new(),
            last_key: 0,
            published_bytes: 0,
            legs: HashMap::new(),
        }
    }

    /// What this server is like.
    pub fn knobs(&self) -> &Knobs {
        &self.knobs
    }

    /// Makes it another kind of server; its sessions stay.
    pub fn set_knobs(&mut self, knobs: Knobs) {
        self.knobs = knobs;
    }

    /// Looks at the head of a request, in the order of checks of MC-BUP §3.2.5.2.3.
    ///
    /// `now` is the time since any fixed moment, `connection` names the TCP connection, `target` is what the
    /// caller found at the head's target, and `fresh_id` are 128 random bits, used for a new session.
    pub fn begin(
        &mut self,
        now: Duration,
        connection: u64,
        head: &RequestHead<'_>,
        target: TargetState,
        fresh_id: u128,
    ) -> Begin {
        self.checked(now, connection, head, target, fresh_id).unwrap_or_else(Begin::Answer)
    }

    fn checked(
        &mut self,
        now: Duration,
        connection: u64,
        head: &RequestHead<'_>,
        target: TargetState,
        fresh_id: u128,
    ) -> Result<Begin, Reply> {
        let (kind, length) = self.admit(connection, head)?;
        let key = match kind {
            PacketKind::CreateSession | PacketKind::Ping => None,
            _ => Some(self.session_of(now, connection, head)?),
        };
        if kind != PacketKind::Fragment && length > 0 && self.knobs.session.refuse_stray_body {
            return Err(self.invalid());
        }
        if let Some(key) = key
            && self.sessions.get(&key).is_some_and(|session| session.in_flight)
        {
            return Ok(Begin::Busy(key));
        }
        match (kind, key) {
            (PacketKind::CreateSession, _) => {
                self.create(now, connection, head, target, fresh_id).map(Begin::Answer)
            }
            (PacketKind::Fragment, Some(key)) => self.fragment(now, key, head, length, target),
            (PacketKind::CloseSession, Some(_)) if !self.has_close_field(head.headers) => Err(self.invalid()),
            (PacketKind::CloseSession, Some(key)) => self.close(now, key, target).map(Begin::Answer),
            (PacketKind::CancelSession, Some(key)) => self.cancel(key).map(Begin::Answer),
            (PacketKind::Ping, _) | (_, None) => Ok(Begin::Answer(self.ping())),
        }
    }

    fn has_close_field(&self, headers: &HeaderMap) -> bool {
        self.knobs.publish.close_field.as_ref().is_none_or(|field| {
            let given = headers.get(&field.name);
            given.is_some() && field.value.as_ref().is_none_or(|value| given == Some(value))
        })
    }

    /// Whether a packet that carries `BITS-Session-Id` belongs to a session, and to which.
    pub fn find(&self, headers: &HeaderMap) -> Option<SessionKey> {
        self.ids.get(headers.get(header::SESSION_ID)?.as_bytes()).copied()
    }

    /// The session that a packet names, unless it is unknown, too old, or another connection's or target's.
    fn session_of(
        &self,
        now: Duration,
        connection: u64,
        head: &RequestHead<'_>,
    ) -> Result<SessionKey, Reply> {
        let knobs = &self.knobs.session;
        let known = self.find(head.headers).and_then(|key| Some((key, self.sessions.get(&key)?)));
        let Some((key, session)) = known else { return Err(self.unknown_session()) };
        let expired = now.saturating_sub(session.last_seen) > knobs.timeout;
        let is_elsewhere = knobs.bound_to_host && !session.is_at(head.headers);
        if expired || is_elsewhere || (knobs.bound_to_target && *session.target != *head.target) {
            return Err(self.unknown_session());
        }
        if knobs.bound_to_connection && session.connection != connection {
            return Err(match knobs.unknown {
                UnknownSession::HangUp => self.unknown_session(),
                _ => self.knobs.wire.refuse(StatusCode::INTERNAL_SERVER_ERROR, CODE_GENERIC),
            });
        }
        Ok(key)
    }

    fn unknown_session(&self) -> Reply {
        let wire = &self.knobs.wire;
        match self.knobs.session.unknown {
            UnknownSession::NotFound500 => {
                wire.refuse(StatusCode::INTERNAL_SERVER_ERROR, CODE_SESSION_NOT_FOUND)
            }
            UnknownSession::Zero400 => wire.refuse(StatusCode::BAD_REQUEST, CODE_NONE),
            UnknownSession::Generic500 => wire.refuse(StatusCode::INTERNAL_SERVER_ERROR, CODE_GENERIC),
            UnknownSession::Status404 => wire.refuse(StatusCode::NOT_FOUND, CODE_SESSION_NOT_FOUND),
            UnknownSession::HangUp => {
                wire.refuse_without_code(StatusCode::INTERNAL_SERVER_ERROR).delivered(Delivery::HangUp)
            }
        }
    }

    fn ping(&self) -> Reply {
        let reply = self.knobs.wire.ack(PacketKind::Ping, None);
        match self.knobs.wire.ping_code {
            Some(code) => reply
                .with("BITS-Error-Code", self.knobs.wire.code_form.value(code))
                .with("BITS-Error-Context", http::HeaderValue::from_static("")),
            None => reply,
        }
    }

    /// 400 with E_INVALIDARG.
    fn invalid(&self) -> Reply {
        self.knobs.wire.refuse(StatusCode::BAD_REQUEST, CODE_INVALID_ARGUMENT)
    }

    /// An Ack with an error of the caller's: its disk is full, the file could not be published.
    pub fn refusal(&self, status: StatusCode, code: u32) -> Reply {
        self.knobs.wire.refuse(status, code)
    }

    /// A 416 that tells the offset which the session wants next, whatever was asked.
    pub fn out_of_step(&self, session: SessionKey) -> Reply {
        match self.sessions.get(&session) {
            Some(session) => self.knobs.wire.out_of_step(session.next),
            None => self.unknown_session(),
        }
    }

    /// All sessions, oldest first.
    pub fn sessions(&self) -> impl Iterator<Item = (SessionKey, &Session)> {
        self.sessions.iter().map(|(key, session)| (*key, session))
    }

    /// One session.
    pub fn session(&self, key: SessionKey) -> Option<&Session> {
        self.sessions.get(&key)
    }

    /// Forgets a session.
    pub fn forget(&mut self, key: SessionKey) -> Option<Effect> {
        let session = self.sessions.remove(&key)?;
        self.ids.remove(session.id.as_bytes());
        Some(Effect::Discard { session: key })
    }

    /// Forgets all sessions, as a restart does on servers that keep them in memory.
    pub fn forget_all(&mut self) -> Vec<Effect> {
        self.ids.clear();
        self.legs.clear();
        std::mem::take(&mut self.sessions).into_keys().map(|session| Effect::Discard { session }).collect()
    }

    /// Forgets the sessions that had no successful packet for longer than the time-out.
    pub fn expire(&mut self, now: Duration) -> Vec<Effect> {
        let timeout = self.knobs.session.timeout;
        let old: Vec<SessionKey> = self
            .sessions()
            .filter(|(_, session)| now.saturating_sub(session.last_seen) > timeout)
            .map(|(key, _)| key)
            .collect();
        old.into_iter().filter_map(|key| self.forget(key)).collect()
    }

    /// A connection ended: what was authenticated on it counts no more.
    pub fn disconnected(&mut self, connection: u64) {
        self.legs.remove(&connection);
    }
}
