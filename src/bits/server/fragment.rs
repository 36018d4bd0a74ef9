//! Fragments: which bytes of a body are stored, and where (MC-BUP §3.2.5.2.6).

use super::knobs::{Broken, GapRule, LastRepeat, OverlapRule};
use super::reply::{CODE_GENERIC, CODE_TOO_LARGE, Delivery, Reply};
use super::session::SessionKey;
use super::{Begin, RequestHead, Server, TargetState};
use crate::bits::ContentRange;
use http::StatusCode;
use http::header::CONTENT_RANGE;
use std::cmp::Ordering;
use std::time::Duration;

/// The taking of one fragment's body: `store` bytes behind the first `skip` ones go to `at`, the rest is dropped.
#[derive(Debug)]
#[must_use = "an intake ends with Server::finish or Server::abort"]
pub struct Intake {
    session: SessionKey,
    range: ContentRange,
    at: u64,
    skip: u64,
    store: u64,
    target: TargetState,
}

impl Intake {
    /// Whose bytes.
    pub fn session(&self) -> SessionKey {
        self.session
    }

    /// What the client says the body is.
    pub fn range(&self) -> ContentRange {
        self.range
    }

    /// Offset in the stored bytes to write at.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Leading bytes of the body to drop.
    pub fn skip(&self) -> u64 {
        self.skip
    }

    /// Bytes of the body to store after those.
    pub fn store(&self) -> u64 {
        self.store
    }

    /// Size of the whole body.
    pub fn length(&self) -> u64 {
        self.range.len()
    }

    /// Takes no more than `bytes`, as a server does that says so in its Ack.
    pub fn limit(&mut self, bytes: u64) {
        self.store = self.store.min(bytes);
    }
}

impl Server {
    pub(super) fn fragment(
        &mut self,
        now: Duration,
        key: SessionKey,
        head: &RequestHead<'_>,
        length: u64,
        target: TargetState,
    ) -> Result<Begin, Reply> {
        let knobs = &self.knobs.fragment;
        let wire = &self.knobs.wire;
        let range = head.headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
        let Some(range) = range.and_then(ContentRange::parse).filter(|range| range.len() == length) else {
            return Err(self.invalid());
        };
        let Some(session) = self.sessions.get(&key) else { return Err(self.unknown_session()) };
        if session.total.is_some_and(|total| total != range.total()) && !knobs.total_may_change {
            return Err(self.invalid());
        }
        if let Some(limit) = knobs.max_total
            && range.total() > limit.bytes
        {
            return Err(wire.refuse(limit.status, CODE_TOO_LARGE));
        }
        if range.len() < knobs.min && !range.is_last() {
            return Err(self.invalid());
        }
        if session.refused && range.is_last() {
            return Ok(Begin::Answer(self.complete(now, key, target)));
        }
        if session.is_complete() || session.published {
            match knobs.last_repeat {
                LastRepeat::OffsetZero => return Err(wire.out_of_step(0)),
                LastRepeat::ByOverlap if !session.published => {}
                LastRepeat::Acknowledge | LastRepeat::ByOverlap => {
                    return Ok(Begin::Answer(self.acknowledge(now, key)));
                }
            }
        }

        let next = session.next;
        let skip = match range.start().cmp(&next) {
            Ordering::Equal => 0,
            Ordering::Greater => match knobs.gap {
                GapRule::Refuse => return Err(wire.out_of_step(next)),
                GapRule::Generic500 => {
                    return Err(wire.refuse(StatusCode::INTERNAL_SERVER_ERROR, CODE_GENERIC));
                }
                GapRule::HangUp => {
                    let reply = wire.refuse_without_code(StatusCode::INTERNAL_SERVER_ERROR);
                    return Err(reply.delivered(Delivery::HangUp));
                }
                GapRule::Take => 0,
            },
            Ordering::Less => match knobs.overlap {
                OverlapRule::Refuse => return Err(wire.out_of_step(next)),
                OverlapRule::TrimOrRefuse if range.end() <= next => return Err(wire.out_of_step(next)),
                OverlapRule::Trim if range.end() <= next => {
                    return Ok(Begin::Answer(self.acknowledge(now, key)));
                }
                OverlapRule::Trim | OverlapRule::TrimOrRefuse => next - range.start(),
                OverlapRule::Append | OverlapRule::Overwrite => 0,
            },
        };
        let at = match knobs.overlap {
            OverlapRule::Append => session.stored,
            _ => range.start() + skip,
        };
        let store = (range.len() - skip).min(knobs.short_take.unwrap_or(u64::MAX));
        if let Some(disk) = knobs.disk {
            let others: u64 = self.sessions().filter(|(other, _)| *other != key).map(|(_, s)| s.stored).sum();
            if self.published_bytes + others + session.stored.max(at + store) > disk.capacity {
                return Err(wire.refuse(StatusCode::INTERNAL_SERVER_ERROR, disk.code));
            }
        }
        if let Some(session) = self.sessions.get_mut(&key) {
            session.total = Some(range.total());
            session.in_flight = true;
        }
        Ok(Begin::Receive(Intake { session: key, range, at, skip, store, target }))
    }

    /// The body came whole and its bytes are stored: the Ack.
    pub fn finish(&mut self, now: Duration, intake: Intake) -> Reply {
        let stored = intake.store;
        if !self.take(&intake, stored) {
            return self.unknown_session();
        }
        // A server that stored less than it was sent has not seen the end.
        if intake.range.is_last() && intake.skip + stored == intake.length() {
            return self.complete(now, intake.session, intake.target);
        }
        self.acknowledge(now, intake.session)
    }

    /// The body broke off after `received` bytes, or its bytes could not be stored (`received` = 0).
    /// Returns how many of the stored bytes count; the caller may forget the others.
    pub fn abort(&mut self, intake: Intake, received: u64) -> u64 {
        let kept = match self.knobs.fragment.broken {
            Broken::Keep => received.saturating_sub(intake.skip).min(intake.store),
            Broken::Discard => 0,
        };
        if kept > 0 {
            self.take(&intake, kept);
        } else if let Some(session) = self.sessions.get_mut(&intake.session) {
            session.in_flight = false;
        }
        kept
    }

    /// Counts `stored` bytes of an intake. Says whether the session was still there.
    fn take(&mut self, intake: &Intake, stored: u64) -> bool {
        let Some(session) = self.sessions.get_mut(&intake.session) else { return false };
        session.in_flight = false;
        session.next = intake.range.start() + intake.skip + stored;
        session.stored = session.stored.max(intake.at + stored);
        true
    }

    /// 200 with the offset.
    pub(super) fn acknowledge(&mut self, now: Duration, key: SessionKey) -> Reply {
        match self.sessions.get_mut(&key) {
            Some(session) => {
                session.last_seen = now;
                self.knobs.wire.ack_fragment(&session.id, session.next)
            }
            None => self.unknown_session(),
        }
    }
}
