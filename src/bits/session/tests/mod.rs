//! The client's state machine against a script: what it asks, what it is answered, how it ends.
//!
//! A script reads like a transcript. What the session asks is compared as text: `Create-Session`, `bytes 0-99/250`,
//! `Close-Session`, `Cancel-Session`, `GET url`, `HEAD`. Body bytes are there as soon as they are asked for, and time
//! passes only in the session's own pauses, unless the script says otherwise.

mod abort;
mod any;
mod closing;
mod doubt;
mod farm;
mod lasting;
mod login;
mod resume;
mod sending;
mod size;
mod strict;
mod trouble;

use super::*;
use crate::bits::AmbiguousClose;
use crate::error::Problem;
use crate::limits::FragmentLimits;
use http::{HeaderMap, HeaderName, StatusCode};

/// Names and values.
type Headers<'a> = &'a [(&'a str, &'a str)];

/// Bytes of a fragment in scripts that do not care.
const FRAGMENT: u64 = 100;

/// The server's clock at Create-Session.
const BEGUN: &str = "Sun, 22 Nov 2026 10:00:00 GMT";

const GONE: (&str, &str) = ("BITS-Error-Code", "0x8020001F");
const TOO_LARGE: (&str, &str) = ("BITS-Error-Code", "0x80200020");

pub(super) struct Script {
    session: Session,
    now: Duration,
    ready: u64,
    total: u64,
    /// The session's pauses, oldest first.
    pauses: Vec<Duration>,
    events: Vec<Event>,
}

/// A file of `total` bytes in fragments of 100, to a server of that kind.
fn script(total: u64, profile: &'static Profile) -> Script {
    sized(total, FRAGMENT, profile)
}

/// In fragments of `size` bytes.
fn sized(total: u64, size: u64, profile: &'static Profile) -> Script {
    custom(total, |settings| {
        settings.profile = Some(profile);
        settings.fragment = fixed(size);
    })
}

fn custom(total: u64, change: impl FnOnce(&mut SessionSettings)) -> Script {
    let mut settings = SessionSettings { fragment: fixed(FRAGMENT), ..SessionSettings::new(total) };
    change(&mut settings);
    of(Session::new(settings))
}

fn of(session: Session) -> Script {
    let (now, ready, total) = (Duration::from_secs(50), session.offset(), session.settings.total);
    Script { session, now, ready, total, pauses: Vec::new(), events: Vec::new() }
}

fn fixed(size: u64) -> FragmentLimits {
    FragmentLimits { min: size, first: size, max: size, time: Duration::from_secs(1) }
}

fn headers(pairs: Headers<'_>) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    map
}

fn text(step: &Step) -> String {
    match step {
        Step::Send(Packet::Fragment { range, .. }) => range.to_string(),
        Step::Send(packet) => packet.kind().to_string(),
        Step::FetchReply(url) => format!("GET {}", url.to_str().unwrap()),
        Step::LookAtTarget => "HEAD".into(),
        Step::Gather => "gather".into(),
        Step::Wait(_) => "wait".into(),
        Step::Finished => "finished".into(),
    }
}

impl Script {
    /// What the session asks next, after its pauses and after gathering.
    #[track_caller]
    fn next(&mut self) -> Step {
        loop {
            let step = self.session.step(self.now, self.ready);
            while let Some(event) = self.session.poll_event() {
                self.events.push(event);
            }
            match step {
                Step::Gather => {
                    assert!(self.session.asked.is_none(), "the last question is still open");
                    assert!(self.ready < self.total, "nothing is left to gather");
                    let size = self.session.fragment_size(self.ready, u64::MAX);
                    assert!(size >= 1 && self.ready + size <= self.total, "a fragment of {size} bytes");
                    self.ready += size;
                }
                Step::Wait(until) => {
                    assert!(until > self.now, "a pause that is over");
                    self.pauses.push(until - self.now);
                    self.now = until;
                }
                step => return step,
            }
        }
    }

    #[track_caller]
    fn expect(mut self, wanted: &str) -> Self {
        assert_eq!(text(&self.next()), wanted);
        self
    }

    /// Any answer, with the header that every BITS server sends.
    fn answer(mut self, status: u16, pairs: Headers<'_>) -> Self {
        let mut headers = headers(pairs);
        headers.insert("bits-packet-type", HeaderValue::from_static("Ack"));
        self.session.answered(self.now, StatusCode::from_u16(status).unwrap(), &headers);
        self
    }

    /// An answer of something that is not a BITS server.
    fn bare(mut self, status: u16) -> Self {
        self.session.answered(self.now, StatusCode::from_u16(status).unwrap(), &HeaderMap::new());
        self
    }

    fn silence(mut self, silence: Silence) -> Self {
        self.session.unanswered(self.now, silence, "scripted");
        self
    }

    /// Create-Session, and a good answer to it.
    #[track_caller]
    fn open(self) -> Self {
        self.expect("Create-Session").answer(200, &[("BITS-Session-Id", "{7}"), ("Date", BEGUN)])
    }

    /// A fragment's 200 with the offset wanted next.
    fn taken(self, next: u64) -> Self {
        self.answer(200, &[("BITS-Received-Content-Range", &next.to_string())])
    }

    /// A fragment's 416 with the offset wanted next.
    fn wants(self, next: u64) -> Self {
        self.answer(416, &[("BITS-Received-Content-Range", &next.to_string())])
    }

    fn abort(mut self, problem: Problem) -> Self {
        self.session.abort(self.now, Failure::new(problem, "scripted"));
        self
    }

    fn later(mut self, time: Duration) -> Self {
        self.now += time;
        self
    }

    /// Close-Session, answered well, and the end.
    #[track_caller]
    fn closed(self) -> Self {
        self.expect("Close-Session").answer(200, &[]).stored()
    }

    #[track_caller]
    fn stored(self) -> Self {
        let script = self.expect("finished");
        assert_eq!(script.session.outcome(), Some(Ok(())));
        script
    }

    /// The upload has failed; the session may still be cancelled.
    #[track_caller]
    fn decided(self, problem: Problem) -> Self {
        match self.session.outcome() {
            Some(Err(failure)) => assert_eq!(failure.problem, problem, "{failure}"),
            other => panic!("{other:?}"),
        }
        self
    }

    /// The upload has failed and its session is cancelled.
    #[track_caller]
    fn cancelled(self, problem: Problem) -> Self {
        self.decided(problem).expect("Cancel-Session").answer(200, &[]).over(problem)
    }

    /// The upload has failed and nothing is left to do.
    #[track_caller]
    fn over(self, problem: Problem) -> Self {
        self.decided(problem).expect("finished")
    }

    fn failure(&self) -> Failure {
        self.session.outcome().unwrap().unwrap_err()
    }
}
