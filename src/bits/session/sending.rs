//! Fragments: which range is sent, and what its answer changes (MC-BUP §2.2.6, §3.1.5.2.4).

use super::{Event, Phase, Session, Then};
use crate::bits::ack::{Ack, TooLarge, Verdict};
use crate::bits::range::ContentRange;
use crate::error::{Failure, Problem};
use http::HeaderValue;
use std::time::Duration;

/// A fragment in doubt up to this size is sent again whole: a probe would cost more than it saves. Bytes.
const NOT_WORTH_A_PROBE: u64 = 64 * 1024;

impl Session {
    /// The range to send now, if a whole fragment is ready.
    pub(super) fn next_range(&self, ready: u64) -> Option<ContentRange> {
        let mut end = ready.min(self.acked.saturating_add(self.sizer.largest(u64::MAX)));
        let probe = self.profile.probe;
        // No packet asks "where are you?". A short fragment at the offset acknowledged last is the cheapest question.
        if self.in_doubt && probe > 0 && end.saturating_sub(self.acked) > NOT_WORTH_A_PROBE {
            end = end.min(self.acked + probe);
        }
        ContentRange::new(self.acked, end, self.settings.total)
    }

    pub(super) fn fragment_answered(&mut self, now: Duration, range: ContentRange, took: Duration, ack: Ack) {
        let failure = |problem| Failure::new(problem, format!("the fragment {range} was answered {ack}"));
        match ack.verdict {
            Verdict::Taken { next: Some(next), ref reply_url } => {
                if next == range.end() && !self.in_doubt {
                    self.sizer.exchanged(range.len(), took);
                }
                self.wanted(now, range, next, reply_url.clone(), &ack);
            }
            // With a fragment in doubt an answer without an offset proves nothing.
            Verdict::Taken { next: None, .. } if self.in_doubt || self.profile.offset_required => {
                self.fail(now, failure(Problem::FragmentInDoubt));
            }
            Verdict::Taken { next: None, ref reply_url } => {
                self.sizer.exchanged(range.len(), took);
                self.wanted(now, range, range.end(), reply_url.clone(), &ack);
            }
            Verdict::OutOfStep { next: Some(next) } => self.wanted(now, range, next, None, &ack),
            Verdict::OutOfStep { next: None } => {
                self.start_again(now, true, failure(Problem::BackendProtocol), ack.retry_after);
            }
            Verdict::TooLarge(what) => self.too_large(now, range, what, &ack),
            Verdict::SessionGone { .. } => {
                self.start_again(now, false, failure(Problem::SessionLost), ack.retry_after);
            }
            Verdict::Transient(problem) => {
                self.fragment_failed(now, range, true, failure(problem), ack.retry_after);
            }
            Verdict::Refused(problem) => self.refused(now, failure(problem)),
            // Not among the meanings of an answer to a fragment.
            Verdict::Created(_) | Verdict::Done => self.fail(now, failure(Problem::BackendProtocol)),
        }
    }

    /// The server named the offset that it wants next.
    fn wanted(
        &mut self,
        now: Duration,
        range: ContentRange,
        next: u64,
        reply: Option<HeaderValue>,
        ack: &Ack,
    ) {
        let acked = self.acked;
        let sent = self.sent.max(self.sent_earlier);
        if next > sent {
            let detail = format!("it wants byte {next} next, but bytes were sent only up to {sent}");
            return self.fail(now, Failure::new(Problem::BackendProtocol, detail));
        }
        if next < acked {
            let detail = format!("it wants byte {next} again after it had acknowledged {acked}");
            return self.fail(now, Failure::new(Problem::DataLost, detail));
        }
        // By its own word it has nothing beyond this offset.
        self.in_doubt = false;
        if next != range.end() {
            self.events.push_back(Event::Resynced { from: acked, to: next });
        }
        if next == acked {
            let failure = Failure::new(
                Problem::NoProgress,
                format!("the fragment {range} was answered {ack} and brought no progress"),
            );
            return self.stalled(now, failure, ack.retry_after);
        }
        self.acked = next;
        self.progress();
        // What earlier runs sent says nothing about the size of fragments.
        let taken = next.min(self.sent) - acked;
        self.stats.fragments += 1;
        let (least, most) = self.stats.sizes.unwrap_or((taken, taken));
        self.stats.sizes = Some((least.min(taken), most.max(taken)));
        self.close_if_complete(reply);
    }

    /// Leaves the sending phase when the server itself said that it has every byte.
    pub(super) fn close_if_complete(&mut self, reply: Option<HeaderValue>) {
        let Phase::Sending(id) = &self.phase else { return };
        if self.acked == self.settings.total && self.settings.publish {
            let id = id.clone();
            self.phase = match reply {
                Some(url) if self.settings.wants_reply => Phase::Fetching(id, url),
                _ => Phase::Closing(id),
            };
        }
    }

    fn too_large(&mut self, now: Duration, range: ContentRange, what: TooLarge, ack: &Ack) {
        let sent = range.len();
        let detail = format!("a fragment of {sent} bytes was answered {ack}");
        // A bare 404 for a size that was fine before is not about the size.
        let was_fine = self.stats.sizes.is_some_and(|(_, most)| sent <= most);
        if what == TooLarge::PerhapsFragment && was_fine {
            return self.start_again(now, false, Failure::new(Problem::SessionLost, detail), None);
        }
        let (smaller, problem) = match what {
            TooLarge::Fragment | TooLarge::PerhapsFragment => {
                (self.sizer.halve(sent), Problem::FragmentTooLarge)
            }
            TooLarge::FileOrFragment => (self.sizer.make_small(sent), Problem::FileTooLarge),
        };
        if smaller {
            self.stats.retries += 1;
            self.events.push_back(Event::FragmentLimit { bytes: self.sizer.largest(u64::MAX) });
        } else if what == TooLarge::PerhapsFragment && self.acked > 0 {
            // It took bytes before: what is not found is the session.
            self.start_again(now, false, Failure::new(Problem::SessionLost, detail), None);
        } else {
            self.fail(now, Failure::new(problem, detail));
        }
    }

    /// A fragment brought no usable answer.
    pub(super) fn fragment_failed(
        &mut self,
        now: Duration,
        range: ContentRange,
        may_have_acted: bool,
        failure: Failure,
        retry_after: Option<Duration>,
    ) {
        // Nothing is tried again for an upload that is aborted.
        if self.abort.is_some() {
            return;
        }
        if !may_have_acted || self.profile.overlap.may_resend() {
            self.in_doubt |= may_have_acted;
            if let Err(failure) = self.try_again(now, failure, retry_after) {
                self.give_up(now, failure);
            }
        } else {
            let detail = format!(
                "the fragment {range} got no usable answer ({}), and the backend's profile '{}' does not allow sending it again",
                failure.detail, self.profile.name
            );
            let failure = Failure { cause: failure.cause, ..Failure::new(Problem::FragmentInDoubt, detail) };
            self.start_again(now, true, failure, retry_after);
        }
    }

    /// Transient trouble has outlasted the window. A lasting session is left at the server for a later run.
    pub(super) fn give_up(&mut self, now: Duration, failure: Failure) {
        match &self.phase {
            Phase::Greeting(id) | Phase::Sending(id) | Phase::Closing(id) | Phase::Verifying(Some(id))
                if self.settings.lasting =>
            {
                self.phase = Phase::Paused { session: id.clone(), why: failure };
            }
            _ => self.fail(now, failure),
        }
    }

    /// Ends the upload with a failure and cancels the session.
    pub(super) fn fail(&mut self, now: Duration, failure: Failure) {
        match &self.phase {
            Phase::Greeting(id)
            | Phase::Sending(id)
            | Phase::Fetching(id, _)
            | Phase::Closing(id)
            | Phase::Verifying(Some(id)) => {
                let id = id.clone();
                self.cancel(now, id, Then::Fail(failure));
            }
            _ => self.finish(Err(failure)),
        }
    }
}
