//! What came of an exchange: which part of the session it concerns, and which answers cannot be one.

use super::step::{Question, Silence};
use super::{Phase, Session};
use crate::bits::ack::Ack;
use crate::bits::packet::PacketKind;
use crate::error::{Failure, Problem};
use http::{HeaderMap, StatusCode};
use std::time::Duration;

impl Session {
    /// The answer that is reported next came before the server had the whole request. To be called before
    /// [`Session::answered`]. A refusal counts all the same; an acknowledgement of bytes that it cannot have got does not.
    pub fn answered_early(&mut self) {
        if let Some(asked) = &mut self.asked {
            asked.early = true;
        }
    }

    /// The head of the answer to the packet just sent.
    pub fn answered(&mut self, now: Duration, status: StatusCode, headers: &HeaderMap) {
        if self.challenged(now, status) {
            return;
        }
        let Some(asked) = self.asked.take() else { return };
        let mut read = |kind| {
            let ack = Ack::read(kind, status, headers);
            let ack = match &self.phase {
                Phase::Sending(id) | Phase::Closing(id) => ack.about(id, headers),
                // It names its session for the first time, or nobody minds which one it means.
                _ => ack,
            };
            self.whose_login(ack, headers)
        };
        match asked.question {
            Question::Packet(kind) => {
                let ack = read(kind);
                match kind {
                    PacketKind::CreateSession => self.create_answered(now, ack, headers),
                    PacketKind::CloseSession => self.close_answered(now, ack),
                    PacketKind::CancelSession => self.cancel_answered(now, &ack),
                    PacketKind::Ping => self.ping_answered(now, &ack),
                    PacketKind::Fragment => {}
                }
            }
            Question::Fragment(range) => {
                let ack = read(PacketKind::Fragment);
                if asked.early && ack.claims_progress(range.start()) {
                    let detail = format!("the fragment {range} was answered {ack} before it was sent whole");
                    let failure = Failure::new(Problem::Unavailable, detail);
                    self.fragment_failed(now, range, true, failure, ack.retry_after);
                } else {
                    self.fragment_answered(now, range, now.saturating_sub(asked.at), ack);
                }
            }
            // Those have calls of their own.
            Question::Reply | Question::Target => {}
        }
        self.honour_abort(now);
    }

    /// There is no answer to what was just asked. `cause`: what the system said, for the log.
    pub fn unanswered(&mut self, now: Duration, silence: Silence, cause: impl Into<String>) {
        let Some(asked) = self.asked.take() else { return };
        let question = asked.question;
        let mut failure = match silence {
            Silence::Unsent => Failure::new(Problem::Unreachable, format!("no connection for {question}")),
            Silence::Lost => {
                Failure::new(Problem::Unavailable, format!("the connection broke at {question}"))
            }
            Silence::TimedOut => Failure::new(Problem::Timeout, format!("no answer in time to {question}")),
        };
        failure.cause = Some(cause.into());
        let may_have_acted = silence != Silence::Unsent;
        match asked.question {
            Question::Packet(PacketKind::CloseSession) => {
                self.close_failed(now, may_have_acted, failure, None);
            }
            Question::Packet(PacketKind::CancelSession) => self.cancel_failed(now),
            Question::Packet(PacketKind::Ping) => self.ping_failed(now, failure, None),
            Question::Packet(_) => self.create_failed(now, failure, None),
            Question::Fragment(range) => self.fragment_failed(now, range, may_have_acted, failure, None),
            Question::Reply => self.reply_failed(now, failure),
            Question::Target => self.evidence_failed(now, failure),
        }
        self.honour_abort(now);
    }
}
