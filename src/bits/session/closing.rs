//! The end of a session: the reply, Close-Session, and what to make of a Close-Session whose answer was lost.
//!
//! A server that does not know the session after such a Close has either published the file or swept the session away. Nothing
//! in the protocol tells which; see [`AmbiguousClose`].

use super::{Event, Phase, Session};
use crate::bits::AmbiguousClose;
use crate::bits::ack::{Ack, Verdict};
use crate::bits::packet::SessionId;
use crate::bits::range::decimal;
use crate::error::{Failure, Problem};
use http::header::{CONTENT_LENGTH, LAST_MODIFIED};
use http::{HeaderMap, HeaderName, StatusCode};
use std::time::{Duration, SystemTime};

impl Session {
    /// The reply was fetched; the session goes on to Close-Session.
    pub fn reply_fetched(&mut self, now: Duration) {
        self.asked = None;
        self.progress();
        self.close();
        self.honour_abort(now);
    }

    /// The reply was fetched, but is of no use. The file is stored all the same.
    pub fn reply_refused(&mut self, now: Duration, detail: String) {
        self.asked = None;
        self.events.push_back(Event::ReplyLost { detail });
        self.close();
        self.honour_abort(now);
    }

    pub(super) fn reply_failed(&mut self, now: Duration, failure: Failure) {
        if let Err(failure) = self.try_again(now, failure, None) {
            self.progress();
            self.events.push_back(Event::ReplyLost { detail: failure.detail });
            self.close();
        }
    }

    pub(super) fn close_answered(&mut self, now: Duration, ack: Ack) {
        let failure = |problem| Failure::new(problem, format!("Close-Session was answered {ack}"));
        match ack.verdict {
            Verdict::Done => self.finish(Ok(())),
            Verdict::SessionGone { told } if self.close_in_doubt => {
                // Another host than that of the first Close never knew the session: its word proves nothing.
                let told = told && !self.has_fallen_back();
                self.decide_close(now, None, told, &failure(Problem::CloseInDoubt));
            }
            Verdict::SessionGone { .. } => self.finish(Err(failure(Problem::SessionLost))),
            // The first Close may have published the file that now is in the way.
            Verdict::Refused(problem @ (Problem::Exists | Problem::Forbidden)) if self.close_in_doubt => {
                let session = self.closing();
                self.decide_close(now, session, false, &failure(problem));
            }
            Verdict::Transient(problem) => self.close_failed(now, true, failure(problem), ack.retry_after),
            Verdict::Refused(problem) => self.refused(now, failure(problem)),
            // Not among the meanings of an answer to Close-Session.
            _ => self.fail(now, failure(Problem::BackendProtocol)),
        }
    }

    /// Close-Session brought no usable answer: it is repeated (Win32: on 500 to 599).
    pub(super) fn close_failed(
        &mut self,
        now: Duration,
        may_have_acted: bool,
        failure: Failure,
        retry_after: Option<Duration>,
    ) {
        self.close_in_doubt |= may_have_acted;
        if let Err(failure) = self.try_again(now, failure, retry_after) {
            if self.close_in_doubt {
                let session = self.closing();
                self.decide_close(now, session, false, &failure);
            } else {
                self.give_up(now, failure);
            }
        }
    }

    /// Every byte is acknowledged and nothing is left to fetch.
    pub(super) fn close(&mut self) {
        if let Phase::Sending(id) | Phase::Fetching(id, _) = &self.phase {
            self.phase = Phase::Closing(id.clone());
        }
    }

    fn closing(&self) -> Option<SessionId> {
        match &self.phase {
            Phase::Closing(id) => Some(id.clone()),
            _ => None,
        }
    }

    /// `session`: what the server may still know; it is cancelled if the file turns out not to be stored.
    /// `told`: the server said "session not found" by the protocol's own code.
    fn decide_close(&mut self, now: Duration, session: Option<SessionId>, told: bool, failure: &Failure) {
        self.not_before = None;
        self.phase = Phase::Verifying(session);
        match self.settings.ambiguous_close {
            AmbiguousClose::Accept if told => self.close_decided(now, true, "accepted as configured".into()),
            AmbiguousClose::Accept | AmbiguousClose::Verify => {}
            AmbiguousClose::Fail => self.close_decided(now, false, failure.detail.clone()),
        }
    }

    /// The answer to the HEAD of the target. It proves that the file was published if a file of the right size is there that
    /// was written since this session began, by the server's own clock: one of the same size may have been there before.
    pub fn evidence(&mut self, now: Duration, status: StatusCode, headers: &HeaderMap) {
        if self.challenged(now, status) {
            return;
        }
        self.asked = None;
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            let failure =
                Failure::new(Problem::CloseInDoubt, format!("HEAD of the target was answered {status}"));
            return self.evidence_failed(now, failure);
        }
        let length = only(headers, CONTENT_LENGTH).and_then(|text| decimal(text.trim()));
        let written = only(headers, LAST_MODIFIED).and_then(|text| httpdate::parse_http_date(text).ok());
        let is_new = written.zip(self.created_at).is_some_and(|(written, begun)| written >= begun);
        if status == StatusCode::OK && length == Some(self.settings.total) && is_new {
            self.close_decided(now, true, format!("the target has {} bytes and is new", self.settings.total));
        } else {
            self.close_decided(now, false, describe(status, length, written, self.created_at));
        }
    }

    /// The target cannot be looked at, now or later.
    pub fn no_evidence(&mut self, now: Duration, detail: String) {
        self.asked = None;
        self.close_decided(now, false, detail);
    }

    pub(super) fn evidence_failed(&mut self, now: Duration, failure: Failure) {
        let Err(failure) = self.try_again(now, failure, None) else { return };
        match &self.phase {
            // A later run can repeat Close-Session, as long as the server has not said that the session is gone.
            Phase::Verifying(Some(_)) if self.settings.lasting => self.give_up(now, failure),
            _ => self.close_decided(now, false, failure.detail),
        }
    }

    fn close_decided(&mut self, now: Duration, stored: bool, detail: String) {
        self.events.push_back(Event::CloseDecided { stored, detail: detail.clone() });
        if stored {
            self.finish(Ok(()));
        } else {
            self.fail(now, Failure::new(Problem::CloseInDoubt, detail));
        }
    }
}

/// What a header says, if it says one thing.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.all(|value| value == first).then(|| first.to_str().ok()).flatten()
}

fn describe(
    status: StatusCode,
    length: Option<u64>,
    written: Option<SystemTime>,
    begun: Option<SystemTime>,
) -> String {
    match (status, length) {
        (StatusCode::OK, Some(length)) if written.is_some() && begun.is_some() => {
            format!("the target has {length} bytes and is not this upload's")
        }
        (StatusCode::OK, Some(length)) => {
            format!(
                "the target has {length} bytes, but the backend does not date its answers, so it may be an older file"
            )
        }
        _ => format!("HEAD of the target was answered {status}"),
    }
}
