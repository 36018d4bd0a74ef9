//! How a session ends: the last byte, Close-Session, Cancel-Session (MC-BUP §3.2.5.2.6 to §3.2.5.2.8).

use super::knobs::{EarlyClose, EmptyFile, ExistingAt, PublishAt, ReplyUrl};
use super::reply::{CODE_NONE, CONTEXT_APPLICATION, Effect, Reply};
use super::session::{Session, SessionKey};
use super::{Server, TargetState};
use crate::bits::PacketKind;
use http::{HeaderValue, StatusCode};
use std::time::Duration;

impl Server {
    /// The last byte is there: asks whoever may refuse the file, publishes it if that is due now, and acknowledges.
    pub(super) fn complete(&mut self, now: Duration, key: SessionKey, target: TargetState) -> Reply {
        let refusal = match target {
            TargetState::Exists => self.check_existing(ExistingAt::LastFragment).err(),
            _ => None,
        };
        let refusal = refusal.or_else(|| self.ask_application(key));
        let publish_now = self.knobs.publish.at == PublishAt::LastFragment;
        let Some(session) = self.sessions.get_mut(&key) else { return self.unknown_session() };
        session.refused = refusal.is_some();
        if let Some(refusal) = refusal {
            return refusal;
        }
        let effect = (publish_now && !session.published).then(|| {
            session.published = true;
            publish(key, session)
        });
        if let Some(Effect::Publish { length, .. }) = &effect {
            self.published_bytes += length;
            session.stored = 0;
        }
        let reply_url = self.knobs.publish.reply_url.value(&session.id);
        let mut reply = self.acknowledge(now, key);
        if let Some(url) = reply_url {
            reply.headers.push(("BITS-Reply-URL", url));
        }
        reply.effects.extend(effect);
        reply
    }

    fn ask_application(&mut self, key: SessionKey) -> Option<Reply> {
        let verdict = self.knobs.publish.verdict?;
        let session = self.sessions.get_mut(&key)?;
        if session.verdicts >= verdict.times {
            return None;
        }
        session.verdicts += 1;
        Some(self.knobs.wire.refuse_in_context(verdict.status, verdict.code, CONTEXT_APPLICATION))
    }

    pub(super) fn close(
        &mut self,
        now: Duration,
        key: SessionKey,
        target: TargetState,
    ) -> Result<Reply, Reply> {
        let knobs = &self.knobs.publish;
        let Some(session) = self.sessions.get_mut(&key) else { return Err(self.unknown_session()) };
        session.last_seen = now;
        let publishes = if session.published {
            false
        } else if session.total.is_none() {
            match knobs.zero_length {
                EmptyFile::Publish => true,
                EmptyFile::AckOnly => false,
                EmptyFile::Refuse416 => {
                    return Err(self.knobs.wire.refuse(StatusCode::RANGE_NOT_SATISFIABLE, CODE_NONE));
                }
            }
        } else if session.is_complete() {
            true
        } else {
            match knobs.early_close {
                EarlyClose::Refuse => return Err(self.invalid()),
                EarlyClose::DiscardAndAck => false,
                EarlyClose::Publish => true,
            }
        };
        if publishes && target == TargetState::Exists {
            self.check_existing(ExistingAt::Close)?;
        }
        let Some(session) = self.sessions.remove(&key) else { return Err(self.unknown_session()) };
        self.ids.remove(session.id.as_bytes());
        let reply = self.knobs.wire.ack(PacketKind::CloseSession, Some(&session.id));
        if publishes {
            self.published_bytes += session.stored;
            Ok(reply.effect(publish(key, &session)))
        } else {
            Ok(reply.effect(Effect::Discard { session: key }))
        }
    }

    pub(super) fn cancel(&mut self, key: SessionKey) -> Result<Reply, Reply> {
        let Some(session) = self.sessions.get(&key) else { return Err(self.unknown_session()) };
        let mut reply = self.knobs.wire.ack(PacketKind::CancelSession, Some(&session.id));
        reply.effects.extend(self.forget(key));
        Ok(reply)
    }
}

fn publish(key: SessionKey, session: &Session) -> Effect {
    Effect::Publish { session: key, target: session.target.clone(), length: session.stored }
}

impl ReplyUrl {
    /// Where the reply of a session is, as IIS lays it out.
    fn value(self, id: &HeaderValue) -> Option<HeaderValue> {
        let id = id.to_str().unwrap_or_default();
        let url = match self {
            ReplyUrl::None => return None,
            ReplyUrl::Backslashes => format!(r"BITS-Sessions\Replies\{id}\responsefile.bin"),
            ReplyUrl::Path => format!("/BITS-Sessions/Replies/{id}/responsefile.bin"),
        };
        HeaderValue::try_from(url).ok()
    }
}
