//! The state machine of one upload.

use super::answer::Final;
use super::plan::{Continuation, Plan};
use crate::error::{Failure, Problem};
use crate::limits::UploadLimits;
use crate::resumable::Append;
use crate::resumable::reply::Told;
use http::StatusCode;
use std::time::SystemTime;

/// Where an upload is.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// No request feeds it.
    Idle,
    /// A request feeds it.
    Receiving,
    /// Every byte is acknowledged and the client has said that no more follow: the file is being published.
    Finalizing,
    /// It has its final answer.
    Done(Final),
    /// It ended without one, or with one that only the client of that moment got.
    Gone(Problem),
}

/// One upload.
#[derive(Debug, Clone, PartialEq)]
pub struct Life {
    pub(super) plan: Plan,
    /// Size of the file in bytes, once the client has said it.
    pub(super) total: Option<u64>,
    pub(super) state: State,
    /// Bytes acknowledged. Never decreases.
    pub(super) offset: u64,
    /// The offset that the client was told last. It may go on from there even if more was acknowledged since.
    pub(super) told: u64,
    pub(super) continuation: Continuation,
    /// The last sign of life.
    pub(super) touched: SystemTime,
}

/// What to do about a part that a client wants to add.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Carry it out.
    Transfer(Beginning),
    /// There is nothing to transfer and nothing to publish: the part was empty and is not the last.
    Nothing,
    /// Give the final answer once more.
    Replay(Final),
}

/// A part to be carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Beginning {
    /// Where its content begins. The backend may be further already: those bytes are read and dropped.
    pub from: u64,
    /// Where its content ends; nothing: that shows when it ends.
    pub end: Option<u64>,
    /// Whether no more bytes follow after it.
    pub last: bool,
    /// Size of the file.
    pub total: u64,
    /// Where to go on.
    pub continuation: Continuation,
}

/// Why a part is not taken. The upload stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub failure: Failure,
    /// The offset to go on at, where that helps.
    pub offset: Option<u64>,
    /// Why there is no such upload any more, if there is none.
    pub gone: Option<Problem>,
}

impl Beginning {
    /// A whole file that comes at once.
    pub fn whole(total: u64) -> Self {
        Beginning { from: 0, end: Some(total), last: true, total, continuation: Continuation::default() }
    }
}

impl Refusal {
    /// Of everything about an upload that is gone.
    pub fn gone(why: Problem) -> Self {
        Refusal { failure: gone(why), offset: None, gone: Some(why) }
    }

    fn new(problem: Problem, detail: impl Into<String>) -> Self {
        Refusal { failure: Failure::new(problem, detail), offset: None, gone: None }
    }
}

impl Life {
    /// An upload of which no byte has come. `total`: its size, if the client has said it.
    pub fn new(plan: Plan, total: Option<u64>) -> Self {
        let touched = plan.created;
        Life {
            plan,
            total,
            state: State::Idle,
            offset: 0,
            told: 0,
            continuation: Continuation::default(),
            touched,
        }
    }

    /// What was fixed at its beginning.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Where it is.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Bytes acknowledged.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Size of the file in bytes, if it is known.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Whether its file is about to be published.
    pub fn is_finalizing(&self) -> bool {
        self.state == State::Finalizing
    }

    /// Whether it may still take bytes or publish them.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, State::Done(_) | State::Gone(_))
    }

    /// What the next request needs to go on.
    pub fn continuation(&self) -> &Continuation {
        &self.continuation
    }

    /// What its client may be told; that is remembered. The caller has to make a record of it before it tells.
    pub fn tell(&mut self, now: SystemTime) -> Told {
        self.touch(now);
        self.told = self.offset;
        // A failure has to be fetched: whoever reads "complete" takes the file for stored.
        let finished = matches!(self.state, State::Done(Ok(_)));
        Told { offset: self.offset, length: self.total, finished }
    }

    /// Checks a part. No request feeds the upload at the moment; the caller has seen to that. `max`: largest file, in bytes.
    ///
    /// # Errors
    /// The upload stays as it is. Offset before lengths, as the specification orders them.
    pub fn append(&mut self, part: &Append, max: u64, now: SystemTime) -> Result<Next, Refusal> {
        self.touch(now);
        match &self.state {
            State::Gone(why) => return Err(Refusal::gone(*why)),
            State::Done(answer) => {
                // A client that lost the answer comes back with nothing, or with what it believes to be missing.
                let end = part.content.map(|content| part.offset.saturating_add(content));
                let asks_again = part.complete && end == Some(self.offset);
                if asks_again && [self.offset, self.told].contains(&part.offset) {
                    return Ok(Next::Replay(answer.clone()));
                }
                let detail = format!("all {} bytes were received", self.offset);
                let refusal = Refusal::new(Problem::UploadCompleted, detail);
                return Err(Refusal { offset: Some(self.offset), ..refusal });
            }
            State::Idle | State::Receiving | State::Finalizing => {}
        }
        if part.offset != self.offset && part.offset != self.told {
            let detail =
                format!("the upload ends at byte {}, the part begins at {}", self.offset, part.offset);
            self.told = self.offset;
            let refusal = Refusal::new(Problem::OffsetMismatch, detail);
            return Err(Refusal { offset: Some(self.offset), ..refusal });
        }
        let end = match part.content {
            Some(content) => Some(part.offset.checked_add(content).ok_or_else(|| {
                Refusal::new(Problem::LengthMismatch, "the part ends beyond what can be counted")
            })?),
            None => None,
        };
        let total = self.lengths(part, end)?;
        if total.is_some_and(|total| total > max) {
            let detail = format!("the file is larger than the limit of {max} bytes");
            return Err(Refusal::new(Problem::TooLarge, detail));
        }
        self.total = total;
        let Some(total) = total else {
            if part.content == Some(0) {
                return Ok(Next::Nothing);
            }
            return Err(Refusal::new(
                Problem::LengthRequired,
                "BITS needs the size of the file with its first byte: send Upload-Length",
            ));
        };
        if !part.complete && part.content == Some(0) {
            return Ok(Next::Nothing);
        }
        self.state = State::Receiving;
        let continuation = self.continuation.clone();
        // From here on bytes may be on their way, and a record made meanwhile has to say so.
        if let Some(checkpoint) = &mut self.continuation.checkpoint {
            checkpoint.in_doubt = true;
        }
        Ok(Next::Transfer(Beginning { from: part.offset, end, last: part.complete, total, continuation }))
    }

    /// The size of the file by all that was ever said about it, which has to agree.
    fn lengths(&self, part: &Append, end: Option<u64>) -> Result<Option<u64>, Refusal> {
        let mut total = self.total;
        for said in [part.length, end.filter(|_| part.complete)].into_iter().flatten() {
            match total {
                Some(total) if total != said => {
                    let detail = format!(
                        "the file has {total} bytes by what was said before, and {said} by this request"
                    );
                    return Err(Refusal::new(Problem::LengthMismatch, detail));
                }
                _ => total = Some(said),
            }
        }
        match (total, end) {
            (Some(total), Some(end)) if end > total => {
                let detail = format!("the part ends at byte {end}, the file has {total}");
                Err(Refusal::new(Problem::LengthMismatch, detail))
            }
            (Some(total), _) if total < self.offset => {
                let detail = format!("{} bytes were received, the file has {total}", self.offset);
                Err(Refusal::new(Problem::LengthMismatch, detail))
            }
            (total, _) => Ok(total),
        }
    }

    /// More was acknowledged while a request feeds the upload: what is on its way to the backend right now may arrive or not.
    pub fn acknowledged(&mut self, mut continuation: Continuation, now: SystemTime) {
        if let Some(checkpoint) = &mut continuation.checkpoint {
            checkpoint.in_doubt = true;
        }
        self.keep(continuation, now);
    }

    /// The request is over, in order or not, and more may follow.
    pub fn paused(&mut self, continuation: Continuation, now: SystemTime) {
        self.keep(continuation, now);
        if self.state == State::Receiving {
            self.state = State::Idle;
        }
    }

    /// Every byte is acknowledged, no more follow, and the file is about to be published.
    pub fn finalizing(&mut self, continuation: Continuation, now: SystemTime) {
        self.keep(continuation, now);
        if self.is_open() {
            self.state = State::Finalizing;
        }
    }

    /// The final answer is there, and the backend had every byte.
    pub fn finished(&mut self, answer: Final, now: SystemTime) {
        if self.is_open() {
            self.touch(now);
            // Also of a failure: whoever sends what seems to be missing has to find the answer.
            self.offset = self.total.unwrap_or(self.offset);
            self.continuation = Continuation::default();
            self.state = State::Done(answer);
        }
    }

    /// It ends here, or is forgotten if it has ended.
    pub fn end(&mut self, why: Problem, now: SystemTime) {
        self.touch(now);
        self.continuation = Continuation::default();
        self.state = State::Gone(why);
    }

    /// Bytes of the final answer's body; 0 without one.
    pub fn answer_size(&self) -> u64 {
        match &self.state {
            State::Done(Ok(stored)) => stored.reply.as_ref().map_or(0, |reply| reply.body.len() as u64),
            _ => 0,
        }
    }

    /// The last sign of life.
    pub fn touched(&self) -> SystemTime {
        self.touched
    }

    /// When it is given up or forgotten if nothing happens.
    pub fn deadline(&self, limits: &UploadLimits) -> SystemTime {
        let patience = if self.is_open() { limits.expire } else { limits.keep };
        // A record may hold a time that no clock reaches: then it is due.
        self.touched.checked_add(patience).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    fn touch(&mut self, now: SystemTime) {
        // A clock that was set back does not make it older.
        self.touched = self.touched.max(now);
    }

    /// What an attempt that lost a race says is not listened to: the offset never goes back.
    fn keep(&mut self, continuation: Continuation, now: SystemTime) {
        if self.is_open() && continuation.offset() >= self.offset {
            self.touch(now);
            self.offset = continuation.offset();
            self.continuation = continuation;
        }
    }
}

/// What is told of an upload that is gone. The reason may be one whose own status means something else.
pub fn gone(why: Problem) -> Failure {
    if why.row().status == StatusCode::NOT_FOUND {
        return Failure::new(why, "no upload has this URL, or not any more");
    }
    Failure::new(Problem::UploadUnknown, format!("the upload ended: {}", why.code()))
}
