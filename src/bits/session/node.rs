//! The node of a farm that holds the session (MC-BUP §2.2.3.2, §3.1.5.1.7, §3.1.6.3), and the way back from it.
//!
//! ```text
//!  Creating ──id, node──► Greeting (Ping) ──answered──► Sending, at the node
//!                             │                            │
//!                             └──── nothing gets through for the fallback time-out ───► at the origin, same session
//! ```
//!
//! At the origin the session is mostly unknown; then the rules for a session that was lost hold. Everything that belongs to
//! a session goes where its packets go: its reply lies at the node, and the file is published there. Create-Session always
//! goes to the origin.

use super::{Event, Phase, Session};
use crate::bits::ack::{Ack, Verdict};
use crate::bits::header;
use crate::bits::host_id::Node;
use crate::bits::packet::SessionId;
use crate::bits::range::decimal;
use crate::error::{Failure, Problem};
use http::{HeaderMap, HeaderValue};
use std::time::Duration;

/// A node that a session was sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The node.
    pub node: Node,
    /// When nothing got through for that long, the origin is asked again. None: never.
    pub fallback: Option<Duration>,
    /// For how long nothing had got through when this was recorded, over all runs.
    pub silent: Duration,
    /// It was given up: the origin is asked again.
    pub given_up: bool,
}

/// What a log can show of it: the value is the server's, and may be made to look like something else.
fn printable(host: &HeaderValue) -> String {
    let bytes = host.as_bytes().iter().take(Node::MAX);
    bytes.map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' }).collect()
}

impl Session {
    /// Where packets, evidence and reply go. None: to the host that was configured.
    pub fn node(&self) -> Option<&Node> {
        let followed = self.followed.as_ref().filter(|followed| !followed.given_up)?;
        (!matches!(self.phase, Phase::Creating)).then_some(&followed.node)
    }

    /// The session was opened; what does its server say about where to go on?
    pub(super) fn opened(&mut self, id: SessionId, headers: &HeaderMap) {
        self.followed = None;
        self.silent_since = None;
        if let Some(value) = headers.get(header::HOST_ID) {
            let node = Node::parse(value.as_bytes());
            let is_one = headers.get_all(header::HOST_ID).iter().all(|other| other == value);
            match node.filter(|node| is_one && self.may_follow(node)) {
                Some(node) if self.is_origin(&node) => {}
                Some(node) => {
                    let fallback = headers.get(header::HOST_ID_FALLBACK).and_then(|text| text.to_str().ok());
                    let fallback = fallback.and_then(|text| decimal(text.trim())).map(Duration::from_secs);
                    self.events.push_back(Event::HostFollowed { host: node.to_string() });
                    self.followed =
                        Some(Followed { node, fallback, silent: Duration::ZERO, given_up: false });
                    self.phase = Phase::Greeting(id);
                    return;
                }
                None => self.events.push_back(Event::HostIgnored { host: printable(value) }),
            }
        }
        self.begin_sending(id);
    }

    /// Takes up what a checkpoint says, as far as it is allowed now.
    pub(super) fn follow_again(&mut self, followed: Option<Followed>) {
        // A node that is not allowed any more counts as given up: the origin may never have known the session.
        self.followed = followed.map(|followed| {
            let given_up = followed.given_up || !self.may_follow(&followed.node);
            Followed { given_up, ..followed }
        });
    }

    fn may_follow(&self, node: &Node) -> bool {
        self.settings.host_id.allows(&self.settings.origin, node) || self.is_origin(node)
    }

    fn is_origin(&self, node: &Node) -> bool {
        Node::parse(self.settings.origin.as_bytes()).as_ref() == Some(node)
    }

    fn begin_sending(&mut self, id: SessionId) {
        self.phase = Phase::Sending(id);
        self.close_if_complete(None);
    }

    pub(super) fn ping_answered(&mut self, now: Duration, ack: &Ack) {
        let Phase::Greeting(id) = &self.phase else { return };
        let id = id.clone();
        let failure = |problem| Failure::new(problem, format!("Ping of the node was answered {ack}"));
        match ack.verdict {
            Verdict::Transient(problem) => self.ping_failed(now, failure(problem), ack.retry_after),
            Verdict::Refused(problem @ (Problem::BackendAuth | Problem::CallerRefused)) => {
                self.refused(now, failure(problem));
            }
            // It is there. Some servers do not know a Ping, or answer it with an error code.
            _ => {
                self.progress();
                self.begin_sending(id);
            }
        }
    }

    pub(super) fn ping_failed(&mut self, now: Duration, failure: Failure, retry_after: Option<Duration>) {
        if self.abort.is_some() {
            return;
        }
        if let Err(failure) = self.try_again(now, failure, retry_after) {
            self.give_up(now, failure);
        }
    }

    /// Something got through.
    pub(super) fn node_answered(&mut self) {
        self.silent_since = None;
        if let Some(followed) = &mut self.followed {
            followed.silent = Duration::ZERO;
        }
    }

    /// Nothing did. Gives when the node is given up, if it ever is.
    pub(super) fn node_failed(&mut self) -> Option<Duration> {
        self.node()?;
        let since = *self.silent_since.get_or_insert(self.attempted);
        let followed = self.followed.as_ref()?;
        // The server chose the time: one beyond all clocks is never.
        since.checked_add(followed.fallback?.saturating_sub(followed.silent))
    }

    /// Goes back to the origin if the node was silent for too long. The session is the same, if the origin knows it.
    pub(super) fn fall_back_if_due(&mut self, now: Duration) -> bool {
        let may = matches!(
            self.phase,
            Phase::Greeting(_)
                | Phase::Sending(_)
                | Phase::Fetching(..)
                | Phase::Closing(_)
                | Phase::Verifying(_)
        );
        let due = self.silent_since.and_then(|_| self.node_failed());
        let (true, Some(due)) = (may, due) else { return false };
        if now < due {
            return false;
        }
        self.progress();
        self.not_before = None;
        if let Some(followed) = &mut self.followed {
            followed.given_up = true;
            self.events.push_back(Event::HostGivenUp { host: followed.node.to_string() });
        }
        if let Phase::Greeting(id) = &self.phase {
            let id = id.clone();
            self.begin_sending(id);
        }
        true
    }

    /// For a checkpoint.
    pub(super) fn followed(&self) -> Option<Followed> {
        let mut followed = self.followed.clone()?;
        if let Some(since) = self.silent_since {
            followed.silent += self.attempted.saturating_sub(since);
        }
        Some(followed)
    }

    /// Whether the session was begun at a node that is not asked any more.
    pub(super) fn has_fallen_back(&self) -> bool {
        self.followed.as_ref().is_some_and(|followed| followed.given_up)
    }
}
