//! From the session's step to one call of the backend, and from its answer back to the session.

use super::call::{Answer, Backend, Call, NoAnswer, Patience};
use crate::bits::{ContentRange, Packet, Session, Silence, Step};
use crate::error::{Failure, Problem};
use crate::limits::TimeLimits;
use bytes::Bytes;
use std::future::pending;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// What an exchange is for, and so whose answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A packet.
    Packet {
        /// Its answer may be the backend's last word on the file: a fragment or Close-Session.
        on_file: bool,
    },
    /// The reply of an upload-reply server.
    Reply,
    /// A look at the target.
    Evidence,
}

/// One step, ready to be carried out.
#[derive(Debug)]
pub(super) enum Activity {
    /// Ask the backend.
    Ask(Call, Purpose, Patience),
    /// Do nothing until then.
    Rest(Instant),
    /// Gather the body.
    Gather,
    /// Nothing is left to do.
    Over,
}

/// What ended an activity.
#[derive(Debug)]
pub(super) enum Done {
    /// An exchange.
    Exchange(Result<Answer, NoAnswer>),
    /// A pause, a fragment gathered, an abort: ask the session again.
    AskAgain,
}

impl Activity {
    /// `started`: what the session's times count from. `cut`: gives the bytes of a fragment. `all_sent`:
    /// whether the server may have every byte, and so may be busy with the file.
    pub(super) fn new(
        step: Step,
        cut: impl FnOnce(ContentRange) -> Vec<Bytes>,
        all_sent: bool,
        time: &TimeLimits,
        started: Instant,
    ) -> Self {
        let patience = |answer| Patience { connect: time.connect, stall: time.stall, answer };
        match step {
            Step::Send(packet) => {
                let (body, on_file, answer) = match &packet {
                    Packet::Fragment { range, .. } => {
                        (cut(*range), true, if all_sent { time.final_ack } else { time.ack })
                    }
                    Packet::CloseSession { .. } => (Vec::new(), true, time.final_ack),
                    _ => (Vec::new(), false, time.ack),
                };
                Activity::Ask(Call::Packet { packet, body }, Purpose::Packet { on_file }, patience(answer))
            }
            Step::FetchReply(url) => Activity::Ask(Call::Reply { url }, Purpose::Reply, patience(time.ack)),
            Step::LookAtTarget => Activity::Ask(Call::Evidence, Purpose::Evidence, patience(time.ack)),
            Step::Wait(until) => Activity::Rest(started + until),
            Step::Gather => Activity::Gather,
            Step::Finished => Activity::Over,
        }
    }

    /// What is asked, if something is.
    pub(super) fn purpose(&self) -> Option<Purpose> {
        match self {
            Activity::Ask(_, purpose, _) => Some(*purpose),
            _ => None,
        }
    }

    /// Carries it out. Gathering is not done here, so it never ends here.
    pub(super) async fn carry_out<K: Backend>(self, backend: &mut K) -> Done {
        match self {
            Activity::Ask(call, _, patience) => Done::Exchange(backend.exchange(call, patience).await),
            Activity::Rest(until) => {
                sleep_until(until).await;
                Done::AskAgain
            }
            Activity::Over => Done::AskAgain,
            Activity::Gather => pending().await,
        }
    }
}

/// Tells the session what came of an exchange.
pub(super) fn report(
    session: &mut Session,
    now: Duration,
    purpose: Purpose,
    result: Result<Answer, NoAnswer>,
) {
    match (purpose, result) {
        (Purpose::Packet { .. }, Ok(answer)) => {
            if let Some(waited) = answer.waited {
                session.waited(waited);
            }
            if answer.early {
                session.answered_early();
            }
            session.answered(now, answer.status, &answer.headers);
        }
        (Purpose::Evidence, Ok(answer)) => session.evidence(now, answer.status, &answer.headers),
        (Purpose::Reply, Ok(answer)) if session.challenged(now, answer.status) => {}
        (Purpose::Reply, Ok(answer)) if answer.status.is_success() => session.reply_fetched(now),
        (Purpose::Reply, Ok(answer)) => {
            let detail = format!("the request for the reply was answered {}", answer.status);
            if answer.status.is_server_error() {
                session.unanswered(now, Silence::Lost, detail);
            } else {
                session.reply_refused(now, detail);
            }
        }
        (Purpose::Reply, Err(NoAnswer::Impossible(cause))) => session.reply_refused(now, cause),
        (Purpose::Evidence, Err(NoAnswer::Impossible(cause))) => session.no_evidence(now, cause),
        (Purpose::Packet { .. }, Err(NoAnswer::Impossible(cause))) => {
            // No packet of ours should be; another attempt would not change it.
            session.abort(now, Failure::new(Problem::Internal, "a packet could not be made into a request"));
            session.unanswered(now, Silence::Unsent, cause);
        }
        (_, Err(NoAnswer::Unsent(cause))) => session.unanswered(now, Silence::Unsent, cause),
        (_, Err(NoAnswer::Lost(cause))) => session.unanswered(now, Silence::Lost, cause),
        (_, Err(NoAnswer::TimedOut(cause))) => session.unanswered(now, Silence::TimedOut, cause),
    }
}
