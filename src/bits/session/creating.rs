//! Create-Session and its answer (MC-BUP §3.1.5.2.1).

use super::{Event, Session, Then};
use crate::bits::ack::{Ack, Verdict};
use crate::bits::profile::Profile;
use crate::error::{Failure, Problem};
use http::HeaderMap;
use std::time::Duration;

impl Session {
    pub(super) fn create_answered(&mut self, now: Duration, ack: Ack, headers: &HeaderMap) {
        let failure = |problem| Failure::new(problem, format!("Create-Session was answered {ack}"));
        match ack.verdict {
            Verdict::Created(id) => {
                if self.settings.profile.is_none() {
                    self.adopt(Profile::recognise(headers));
                }
                self.created_at = ack.date;
                self.progress();
                self.events.push_back(Event::Created { session: id.clone(), profile: self.profile });
                match self.profile.max_total {
                    Some(max) if self.settings.total > max => {
                        let detail = format!("this kind of backend takes files of at most {max} bytes");
                        self.cancel(now, id, Then::Fail(Failure::new(Problem::FileTooLarge, detail)));
                    }
                    _ => self.opened(id, headers),
                }
            }
            Verdict::Transient(problem) => self.create_failed(now, failure(problem), ack.retry_after),
            Verdict::Refused(problem) => self.finish(Err(failure(problem))),
            // Not among the meanings of an answer to Create-Session.
            _ => self.finish(Err(failure(Problem::BackendProtocol))),
        }
    }

    /// A lost answer leaves an orphan session at the server, which forgets it by itself.
    pub(super) fn create_failed(&mut self, now: Duration, failure: Failure, retry_after: Option<Duration>) {
        if self.abort.is_some() {
            return;
        }
        if let Err(failure) = self.try_again(now, failure, retry_after) {
            self.finish(Err(failure));
        }
    }
}
