//! What a 401 or 407 means: who is refused, and whether asking once more can help (MC-BUP §3.1.5.1.7).

use super::{Event, Session};
use crate::bits::ack::{Ack, Verdict};
use crate::error::{Failure, Problem};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue, StatusCode};
use std::time::Duration;

/// Whose credentials go with the packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Login {
    /// The proxy's own, if any. They do not change.
    #[default]
    Fixed,
    /// The proxy's own, which can be renewed: a packet that gets 401 or 407 is sent once more.
    Renewable,
    /// The client's: a 401 of the backend is the client's.
    Callers,
}

impl Login {
    /// Whether an answer asks for credentials, or for better ones.
    pub fn is_asked_for(status: StatusCode) -> bool {
        matches!(status, StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED)
    }

    /// Whether an answer asks for credentials that may be better when they are read again.
    pub fn can_renew(self, status: StatusCode) -> bool {
        self == Login::Renewable && Login::is_asked_for(status)
    }

    /// What the client needs to try again, if a refusal is the client's. None: it is not, or the client could do nothing.
    pub fn callers_challenge(self, status: StatusCode, headers: &HeaderMap) -> Option<HeaderValue> {
        let is_callers = self == Login::Callers && status == StatusCode::UNAUTHORIZED;
        let mut challenges = headers.get_all(WWW_AUTHENTICATE).iter().filter(|_| is_callers);
        challenges.find(|value| is_per_request(value)).cloned()
    }
}

impl Session {
    /// Whether the exchange under way is made once more, because its answer asks for credentials, and those can be renewed.
    /// Then nothing else is to be reported about it. What was refused that way was not taken.
    ///
    /// [`Session::answered`] and [`Session::evidence`] ask this themselves.
    pub fn challenged(&mut self, now: Duration, status: StatusCode) -> bool {
        let Some(asked) = &self.asked else { return false };
        if !Login::is_asked_for(status) {
            self.was_challenged = false;
            return false;
        }
        if !self.settings.login.can_renew(status) || self.was_challenged {
            return false;
        }
        self.was_challenged = true;
        self.events.push_back(Event::Challenged { what: asked.question.to_string(), status });
        self.asked = None;
        self.honour_abort(now);
        true
    }

    /// A 401 to the client's own credentials is the client's, with what it needs to try again.
    pub(super) fn whose_login(&mut self, mut ack: Ack, headers: &HeaderMap) -> Ack {
        let challenge = self.settings.login.callers_challenge(ack.status, headers);
        if challenge.is_some() && ack.verdict == Verdict::Refused(Problem::BackendAuth) {
            ack.verdict = Verdict::Refused(Problem::CallerRefused);
            self.challenge = challenge;
        }
        ack
    }

    /// Ends the upload by the server's refusal. One that was refused for its client's credentials can be gone on with by a
    /// request that brings better ones.
    pub(super) fn refused(&mut self, now: Duration, failure: Failure) {
        match failure.problem {
            Problem::CallerRefused => self.give_up(now, failure),
            _ => self.fail(now, failure),
        }
    }

    /// With what its client needs to try again.
    pub(super) fn with_challenge(&self, failure: &Failure) -> Failure {
        let challenge = self.challenge.as_ref().filter(|_| failure.problem == Problem::CallerRefused);
        Failure { challenge: challenge.cloned().map(Box::new), ..failure.clone() }
    }
}

/// NTLM and Negotiate log a connection in, and the client's ends here.
fn is_per_request(challenge: &HeaderValue) -> bool {
    let scheme = challenge.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
    !scheme.is_empty() && ![&b"NTLM"[..], b"Negotiate"].iter().any(|other| scheme.eq_ignore_ascii_case(other))
}
