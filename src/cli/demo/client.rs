//! The client of the demo: a phone, what happens to it on the way, and how that is told.

use super::plan::Plan;
use super::show::{self, Progress};
use super::source::Source;
use crate::cli::{Exit, Stop};
use crate::phone::{Answer, Check, Drop, Event, Phone, Tally, Trouble};
use std::io;
use std::sync::Arc;

/// What came of an upload.
pub(super) struct Sent {
    /// The last answer, of whatever kind.
    pub(super) answer: Box<Answer>,
    /// Whether it is a success, and says all that it has to.
    pub(super) stored: bool,
    pub(super) tally: Tally,
}

/// Sends a file as a phone does, with mishaps as planned. `kill` ends the proxy.
pub(super) async fn send(
    url: &str,
    source: Arc<Source>,
    plan: &Plan,
    progress: &Progress,
    kill: &(dyn Fn() + Sync),
) -> Result<Sent, Stop> {
    let failed = |why: &dyn std::fmt::Display| Stop::new(Exit::Failed, format!("the upload failed: {why}"));
    let mut phone = Phone::new(url).map_err(|error| failed(&error))?;
    // What the proxy can do is known.
    phone.check = Check::Skip;
    phone.drops.clone_from(&plan.drops);
    let mut story =
        Story { progress, told: !plan.is_quiet(), reached: 0, resumable: false, to_kill: plan.kill, kill };
    let mut broken = None;
    let mut hear = |event: Event<'_>| {
        if let Err(error) = story.hear(&event) {
            broken.get_or_insert(error);
        }
    };
    let report = phone.upload(source, &mut hear).await;
    progress.finish();
    if let Some(error) = broken {
        return Err(error.into());
    }
    let tally = report.tally;
    match report.outcome {
        Ok(answer) => Ok(Sent { answer: Box::new(answer), stored: true, tally }),
        Err(Trouble::Refused(answer)) => Ok(Sent { answer, stored: false, tally }),
        Err(Trouble::Content(error)) => Err(Stop::new(Exit::Io, format!("cannot read on: {error}"))),
        Err(trouble) => Err(failed(&trouble)),
    }
}

/// Makes lines of what the phone does, and ends the proxy at the right moment.
struct Story<'a> {
    progress: &'a Progress,
    /// Nobody wants to hear how an upload without mishaps goes.
    told: bool,
    /// Place in the file that the present attempt has come to.
    reached: u64,
    resumable: bool,
    /// Place where the proxy is still to be killed.
    to_kill: Option<u64>,
    kill: &'a (dyn Fn() + Sync),
}

impl Story<'_> {
    fn hear(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Sent(place) => {
                self.reached = *place;
                self.progress.set(*place)?;
                self.kill_here()
            }
            Event::Resumable(url) => {
                self.resumable = true;
                self.tell("104", format_args!("from now on it can be resumed, at {url}"))?;
                self.kill_here()
            }
            Event::Dropped { at, how } => {
                self.reached = *at;
                let how = match how {
                    Drop::Reset => "the app is ended: the connection is reset",
                    Drop::Close => "the phone closes the connection",
                    Drop::Silent => "the phone leaves the network: the connection stays open, in silence",
                };
                self.tell("drop", format_args!("at {}: {how}", show::bytes(*at)))
            }
            Event::Offset(offset) => {
                let again = match self.reached.saturating_sub(*offset) {
                    0 => "nothing is sent again".to_owned(),
                    again => format!("{} are sent again", show::bytes(again)),
                };
                self.tell("HEAD", format_args!("it goes on at {}: {again}", show::bytes(*offset)))
            }
            Event::Ignored(why) => self.tell("", format_args!("{why}")),
            Event::Restart(why) => {
                self.resumable = false;
                self.tell("anew", format_args!("{why}"))
            }
            _ => Ok(()),
        }
    }

    /// Not before there is something to resume: with a small file the bytes can be faster than the 104.
    fn kill_here(&mut self) -> io::Result<()> {
        if !self.resumable || self.to_kill.is_none_or(|at| self.reached < at) {
            return Ok(());
        }
        self.to_kill = None;
        (self.kill)();
        self.tell("kill", format_args!("at {}: the proxy ends without warning", show::bytes(self.reached)))
    }

    fn tell(&self, word: &str, line: impl std::fmt::Display) -> io::Result<()> {
        if self.told { self.progress.line(format_args!("{word:<8} {line}")) } else { Ok(()) }
    }
}

/// The code of a refusal, and what happened, for people.
pub(super) fn refusal(answer: &Answer) -> (String, String) {
    let code = answer.headers.get("put2bits-error").and_then(|code| code.to_str().ok());
    let problem = serde_json::from_slice::<serde_json::Value>(&answer.body).ok();
    let detail = problem.as_ref().and_then(|problem| problem.get("detail")?.as_str());
    let detail = detail.map_or_else(|| String::from_utf8_lossy(&answer.body).into_owned(), str::to_owned);
    (code.unwrap_or_default().to_owned(), detail)
}
