//! The client's side of one upload session: which packet comes next, and what each answer changes.
//!
//! Sans I/O: the caller asks [`Session::step`] what to do, does it, and reports what happened ([`Session::answered`],
//! [`Session::unanswered`], …). Lost answers are ordinary inputs. Time is a `Duration` since a moment that the caller
//! chose; jitter comes from a seed.
//!
//! ```text
//!             ┌────────────── begun anew while byte 0 is still held ─────────────┐
//!             ▼                                                                  │
//!  new ───► Creating ──id──► Sending ──all acknowledged──► (Fetching) ─► Closing ─► Finished(Ok)
//!             │                │ ▲ │                                       │  lost answer, then
//!             │       Fragment │ │ │ next offset, 416, 413, trouble        │  "unknown session"
//!             │                ▼ │ │                                       ▼
//!             │               (wait)│                                  Verifying ─► Finished(Ok or Err)
//!             │                     ▼                                      │
//!             └─ refused ─► Finished(Err) ◄──────────── Cancelling ◄───────┘ refused, given up, aborted
//!
//!  resume ──► Sending | Closing          of a lasting session:  trouble beyond the window ──► Paused
//! ```
//!
//! What it never does, whatever the server answers, also over several runs:
//! - send a byte again that was acknowledged, or one that may have been taken to a server that would store it twice;
//! - close before the server itself acknowledged every byte (by the offset it wants next, or, where it tells none, by
//!   taking each fragment without a doubt);
//! - go back behind an acknowledged offset: a session that lost data, or is lost itself, is never gone on with;
//! - take the file for published, or not, because a run ended between Close-Session and its answer;
//! - try for ever: transient trouble is bounded by time, answers without progress and new sessions by number.
//!
//! ```
//! use http::{HeaderMap, HeaderValue, StatusCode};
//! use put2bits::bits::{Packet, Session, SessionSettings, Step};
//! use std::time::Duration;
//!
//! let now = Duration::ZERO;
//! let mut session = Session::new(SessionSettings::new(5));
//! let ack = |name: &'static str, value: &'static str| {
//!     let mut headers = HeaderMap::new();
//!     headers.insert("bits-packet-type", HeaderValue::from_static("Ack"));
//!     headers.insert(name, HeaderValue::from_static(value));
//!     headers
//! };
//! assert_eq!(session.step(now, 0), Step::Send(Packet::CreateSession));
//! session.answered(now, StatusCode::OK, &ack("bits-session-id", "{42}"));
//! // Nothing of the body is there yet. Then all five bytes are.
//! assert_eq!(session.step(now, 0), Step::Gather);
//! assert!(matches!(session.step(now, 5), Step::Send(Packet::Fragment { range, .. }) if range.len() == 5));
//! session.answered(now, StatusCode::OK, &ack("bits-received-content-range", "5"));
//! assert!(matches!(session.step(now, 5), Step::Send(Packet::CloseSession { .. })));
//! session.answered(now, StatusCode::OK, &ack("bits-session-id", "{42}"));
//! assert_eq!(session.step(now, 5), Step::Finished);
//! assert_eq!(session.outcome(), Some(Ok(())));
//! ```
//!
//! A session outlives the run that began it. Whoever keeps a [`Checkpoint`] can go on with it, in another process too:
//!
//! ```
//! # use http::{HeaderMap, HeaderValue, StatusCode};
//! # use put2bits::bits::{Checkpoint, Packet, Profile, Session, SessionId, SessionSettings, Step};
//! # use std::time::Duration;
//! # let now = Duration::ZERO;
//! // Recorded when two of five bytes were acknowledged and the third was on its way.
//! let recorded = Checkpoint {
//!     session: SessionId::new(HeaderValue::from_static("{42}")).unwrap(),
//!     profile: &Profile::REFUSE,
//!     offset: 2,
//!     in_doubt: true,
//!     created_at: None,
//!     closing: false,
//!     node: None,
//! };
//! let mut session = Session::resume(SessionSettings::new(5), recorded);
//! assert_eq!(session.offset(), 2);
//! assert!(matches!(session.step(now, 3), Step::Send(Packet::Fragment { range, .. }) if range.start() == 2));
//! // It has more than was recorded. The client still sends byte 3; nothing of it is needed.
//! let mut headers = HeaderMap::new();
//! headers.insert("bits-packet-type", HeaderValue::from_static("Ack"));
//! headers.insert("bits-received-content-range", HeaderValue::from_static("4"));
//! session.answered(now, StatusCode::RANGE_NOT_SATISFIABLE, &headers);
//! assert_eq!(session.offset(), 4);
//! assert_eq!(session.step(now, 3), Step::Gather);
//! assert!(matches!(session.step(now, 5), Step::Send(Packet::Fragment { range, .. }) if range.start() == 4));
//! ```

mod abort;
mod answer;
mod checkpoint;
mod closing;
mod creating;
mod event;
mod login;
mod node;
mod sending;
mod settings;
mod step;
#[cfg(test)]
mod tests;
mod trouble;

pub use checkpoint::Checkpoint;
pub use event::{Event, SessionStats};
pub use login::Login;
pub use node::Followed;
pub use settings::SessionSettings;
pub use step::{Silence, Step};

use super::packet::{Packet, PacketKind, SessionId};
use super::profile::Profile;
use super::sizing::Sizer;
use crate::error::Failure;
use abort::Abort;
use http::HeaderValue;
use std::collections::VecDeque;
use std::time::{Duration, SystemTime};
use step::Question;
use trouble::Patience;

/// One upload session, from Create-Session to Close-Session or Cancel-Session; or a part of that time, between two
/// [`Checkpoint`]s.
#[derive(Debug)]
pub struct Session {
    settings: SessionSettings,
    profile: &'static Profile,
    sizer: Sizer,
    phase: Phase,
    /// The exchange under way.
    asked: Option<Asked>,
    /// When the latest exchange began.
    attempted: Duration,
    /// Next wanted offset by the server's own word. Never decreases.
    acked: u64,
    /// Highest offset up to which bytes were sent in this run.
    sent: u64,
    /// Up to where earlier runs may have sent bytes, for all we know.
    sent_earlier: u64,
    /// The server may have taken bytes beyond `acked`: a fragment stayed unanswered.
    in_doubt: bool,
    /// The server's clock when the session began.
    created_at: Option<SystemTime>,
    /// A Close-Session stayed unanswered.
    close_in_doubt: bool,
    patience: Patience,
    /// Nothing is sent before this time.
    not_before: Option<Duration>,
    /// The node that the server sent this session to.
    followed: Option<Followed>,
    /// Since when nothing got through to it, in this run.
    silent_since: Option<Duration>,
    /// The packet that is sent now was answered 401 or 407 before.
    was_challenged: bool,
    /// What a client needs to try again whose credentials were refused.
    challenge: Option<HeaderValue>,
    /// Set while an exchange was under way: what to end with once it is over.
    abort: Option<Abort>,
    events: VecDeque<Event>,
    stats: SessionStats,
}

#[derive(Debug, Clone)]
enum Phase {
    Creating,
    /// The session was sent to a node: does that answer?
    Greeting(SessionId),
    Sending(SessionId),
    Fetching(SessionId, HeaderValue),
    Closing(SessionId),
    /// With the session, if the server may still know it.
    Verifying(Option<SessionId>),
    Cancelling {
        session: SessionId,
        until: Duration,
        then: Then,
    },
    /// Given up for now: a later run may go on with the session.
    Paused {
        session: SessionId,
        why: Failure,
    },
    Finished(Result<(), Failure>),
}

/// What follows a Cancel-Session.
#[derive(Debug, Clone)]
enum Then {
    Restart,
    Fail(Failure),
}

/// An exchange under way.
#[derive(Debug, Clone, Copy)]
struct Asked {
    question: Question,
    at: Duration,
    /// The answer came before the request was sent whole.
    early: bool,
}

impl Session {
    /// A session that has not sent anything yet.
    pub fn new(settings: SessionSettings) -> Self {
        let mut session = Session {
            profile: &Profile::UNKNOWN,
            sizer: Sizer::new(settings.fragment.clone(), settings.ceiling),
            phase: Phase::Creating,
            asked: None,
            attempted: Duration::ZERO,
            acked: 0,
            sent: 0,
            sent_earlier: 0,
            in_doubt: false,
            created_at: None,
            close_in_doubt: false,
            patience: Patience::new(&settings.retry, settings.seed),
            not_before: None,
            followed: None,
            silent_since: None,
            was_challenged: false,
            challenge: None,
            abort: None,
            events: VecDeque::new(),
            stats: SessionStats::default(),
            settings,
        };
        if let Some(profile) = session.settings.profile {
            session.adopt(profile);
        }
        session
    }

    /// What to do next. `ready`: the offset up to which fragments have been gathered whole.
    ///
    /// While an exchange is under way (after [`Step::Send`] and its like) the answer is [`Step::Gather`].
    pub fn step(&mut self, now: Duration, ready: u64) -> Step {
        if self.asked.is_some() {
            return Step::Gather;
        }
        self.fall_back_if_due(now);
        self.settle_doubt(now);
        if let Phase::Finished(_) | Phase::Paused { .. } = self.phase {
            return Step::Finished;
        }
        match self.not_before {
            Some(until) if until > now => return Step::Wait(until),
            _ => self.not_before = None,
        }
        let (question, step) = match &self.phase {
            Phase::Creating => {
                (Question::Packet(PacketKind::CreateSession), Step::Send(Packet::CreateSession))
            }
            Phase::Greeting(_) => (Question::Packet(PacketKind::Ping), Step::Send(Packet::Ping)),
            Phase::Sending(id) => {
                let Some(range) = self.next_range(ready) else { return Step::Gather };
                (Question::Fragment(range), Step::Send(Packet::Fragment { session: id.clone(), range }))
            }
            Phase::Fetching(_, url) => (Question::Reply, Step::FetchReply(url.clone())),
            Phase::Closing(id) => (
                Question::Packet(PacketKind::CloseSession),
                Step::Send(Packet::CloseSession { session: id.clone() }),
            ),
            Phase::Verifying(_) => (Question::Target, Step::LookAtTarget),
            Phase::Cancelling { session, .. } => (
                Question::Packet(PacketKind::CancelSession),
                Step::Send(Packet::CancelSession { session: session.clone() }),
            ),
            Phase::Paused { .. } | Phase::Finished(_) => return Step::Finished,
        };
        if let Question::Fragment(range) = question {
            self.sent = self.sent.max(range.end());
        }
        self.asked = Some(Asked { question, at: now, early: false });
        self.attempted = now;
        step
    }

    /// The offset that the server wants next. Bytes before it are never needed again.
    pub fn offset(&self) -> u64 {
        self.acked
    }

    /// Bytes to gather for the fragment that begins at `from`; `share`: what memory allows one fragment.
    pub fn fragment_size(&self, from: u64, share: u64) -> u64 {
        self.sizer.next(self.settings.total.saturating_sub(from), share)
    }

    /// The server took that long from the last byte of a packet to its answer: what no size of fragments can save.
    pub fn waited(&mut self, time: Duration) {
        self.sizer.answered(time);
    }

    /// The client took that long to deliver that many bytes.
    pub fn delivered(&mut self, bytes: u64, took: Duration) {
        self.sizer.delivered(bytes, took);
    }

    /// Whether the session is open, so that a client may be told to send its body.
    pub fn is_open(&self) -> bool {
        !matches!(
            self.phase,
            Phase::Creating | Phase::Greeting(_) | Phase::Paused { .. } | Phase::Finished(_)
        )
    }

    /// From now on the file is not published once every byte is acknowledged, as if [`SessionSettings::publish`] were not set.
    /// What has begun already is not stopped.
    pub fn keep_open(&mut self) {
        self.settings.publish = false;
    }

    /// Whether the backend has every byte and publishes the file, so that the client is not needed any more.
    pub fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::Fetching(..) | Phase::Closing(_) | Phase::Verifying(_))
    }

    /// How the upload ends, as soon as that is decided: a Cancel-Session may still be under way.
    pub fn outcome(&self) -> Option<Result<(), Failure>> {
        match &self.phase {
            Phase::Finished(Ok(())) => Some(Ok(())),
            Phase::Finished(Err(failure))
            | Phase::Cancelling { then: Then::Fail(failure), .. }
            | Phase::Paused { why: failure, .. } => Some(Err(self.with_challenge(failure))),
            _ => None,
        }
    }

    /// Whether the last byte of the file was sent: what comes now may take the server its time.
    pub fn is_all_sent(&self) -> bool {
        self.sent.max(self.acked) == self.settings.total
    }

    /// Largest fragment that the backend takes, if a limit was met and a fragment within it was taken. For the next
    /// upload's settings.
    pub fn ceiling(&self) -> Option<u64> {
        self.sizer.ceiling()
    }

    /// Figures so far.
    pub fn stats(&self) -> SessionStats {
        self.stats
    }

    /// The next thing worth logging.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn adopt(&mut self, profile: &'static Profile) {
        self.profile = profile;
        if let Some(limit) = profile.max_fragment {
            self.sizer.lower_ceiling(limit);
        }
    }

    fn finish(&mut self, result: Result<(), Failure>) {
        self.phase = Phase::Finished(result);
    }
}
