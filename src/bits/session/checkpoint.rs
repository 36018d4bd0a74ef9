//! Going on with a session in a later run, perhaps of another process.

use super::{Followed, Phase, Question, Session, SessionSettings};
use crate::bits::{PacketKind, Profile, SessionId};
use crate::error::{Failure, Problem};
use std::time::{Duration, SystemTime};

/// All that is needed to go on with a session later: see [`Session::checkpoint`] and [`Session::resume`].
///
/// One that is out of date does no harm as long as what happened since then is covered by its doubts. So record it with
/// `in_doubt` set **before a run sends its first fragment**, a resumed run too, and with `closing` set before
/// Close-Session is sent. What is recorded at the end of a run may be exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The session at the server.
    pub session: SessionId,
    /// What kind of server it is.
    pub profile: &'static Profile,
    /// The offset that the server acknowledged, in bytes: where the client goes on.
    pub offset: u64,
    /// The server may have taken bytes beyond `offset`, or may yet get them from a request that hangs somewhere.
    pub in_doubt: bool,
    /// The server's clock when the session began. Without it nothing proves that a file found later is this upload's.
    pub created_at: Option<SystemTime>,
    /// A Close-Session may have been sent: `offset` is the total.
    pub closing: bool,
    /// The node that the server sent the session to, if that was followed.
    pub node: Option<Followed>,
}

impl Session {
    /// Goes on with a session of an earlier run. The total must be the same.
    ///
    /// A profile in `settings` stands above the recorded one. [`Session::offset`] may jump far beyond the recorded offset at
    /// the first answer, because the server may have taken more than was recorded: the caller skips those bytes.
    ///
    /// A session that nobody wants to go on with is resumed and [withheld](Session::withhold), which cancels it.
    pub fn resume(settings: SessionSettings, from: Checkpoint) -> Session {
        let mut session = Session::new(settings);
        let total = session.settings.total;
        if session.settings.profile.is_none() {
            session.adopt(from.profile);
        }
        session.acked = from.offset;
        session.sent = from.offset;
        session.created_at = from.created_at;
        session.follow_again(from.node);
        session.phase = Phase::Sending(from.session);
        if from.offset > total {
            let detail = format!("byte {} was recorded of a file of {total} bytes", from.offset);
            session.finish(Err(Failure::new(Problem::SessionLost, detail)));
        } else if from.closing && from.offset == total {
            session.close_in_doubt = true;
            session.close();
        } else if from.in_doubt && from.offset < total {
            session.in_doubt = true;
            session.sent_earlier = total;
        }
        session.close_if_complete(None);
        session
    }

    /// From where a later run can go on with this session; nothing before there is one, and nothing once it is finished,
    /// refused or cancelled. An exchange under way counts as one whose answer is lost.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        if self.is_doomed() {
            return None;
        }
        let session = match &self.phase {
            Phase::Greeting(id)
            | Phase::Sending(id)
            | Phase::Fetching(id, _)
            | Phase::Closing(id)
            | Phase::Verifying(Some(id))
            | Phase::Paused { session: id, .. } => id.clone(),
            Phase::Creating | Phase::Verifying(None) | Phase::Cancelling { .. } | Phase::Finished(_) => {
                return None;
            }
        };
        let asked = self.asked.as_ref().map(|asked| asked.question);
        // What was sent once may still be on its way, though the server has not got it so far.
        let may_come = self.may_resend() && self.sent.max(self.sent_earlier) > self.acked;
        Some(Checkpoint {
            session,
            profile: self.profile,
            offset: self.acked,
            in_doubt: self.in_doubt || may_come || matches!(asked, Some(Question::Fragment(_))),
            created_at: self.created_at,
            closing: self.close_in_doubt || matches!(asked, Some(Question::Packet(PacketKind::CloseSession))),
            node: self.followed(),
        })
    }

    /// Whether a fragment that may or may not have been taken may be sent again to this server.
    pub fn may_resend(&self) -> bool {
        self.profile.overlap.may_resend()
    }

    /// A run that ended in the middle of a fragment cannot be gone on with where no byte may be sent twice.
    pub(super) fn settle_doubt(&mut self, now: Duration) {
        if self.in_doubt && !self.may_resend() && matches!(self.phase, Phase::Sending(_)) {
            let detail = format!(
                "a fragment was on its way when the upload was interrupted, and the backend's profile '{}' does not allow sending it again",
                self.profile.name
            );
            self.attempted = now;
            self.start_again(now, true, Failure::new(Problem::FragmentInDoubt, detail), None);
        }
    }
}
