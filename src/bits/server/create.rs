//! Create-Session (MC-BUP §3.2.5.2.4).

use super::knobs::{Existing, ExistingAt, IdForm, ProtocolMatch};
use super::reply::{CODE_ACCESS_DENIED, CODE_PATH_NOT_FOUND, Effect, Reply};
use super::session::{Session, SessionKey};
use super::{RequestHead, Server, TargetState};
use crate::bits::{PacketKind, header};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::time::Duration;

/// Entries of `BITS-Supported-Protocols` that are looked at (MC-BUP Appendix A <6>).
const MAX_PROTOCOLS: usize = 100;

impl Server {
    pub(super) fn create(
        &mut self,
        now: Duration,
        connection: u64,
        head: &RequestHead<'_>,
        target: TargetState,
        fresh_id: u128,
    ) -> Result<Reply, Reply> {
        if !self.knobs.session.protocol.accepts(head.headers) {
            return Err(self.invalid());
        }
        match target {
            TargetState::NotAFile => return Err(self.invalid()),
            TargetState::NoFolder => {
                return Err(self.knobs.wire.refuse(StatusCode::NOT_FOUND, CODE_PATH_NOT_FOUND));
            }
            TargetState::Exists => self.check_existing(ExistingAt::Create)?,
            TargetState::Free => {}
        }
        if self.knobs.session.target_held
            && let Some(holder) = self.sessions.values().find(|session| *session.target == *head.target)
        {
            let conflict = self.knobs.wire.refuse_without_code(StatusCode::CONFLICT);
            return Err(conflict
                .with("BITS-Protocol", header::PROTOCOL_VALUE)
                .with("BITS-Session-Id", holder.id.clone()));
        }
        let evicted = self.make_room()?;

        self.last_key += 1;
        let key = SessionKey(self.last_key);
        let id = self.knobs.session.id_form.id(fresh_id);
        let mut reply = self.knobs.wire.ack(PacketKind::CreateSession, Some(&id));
        reply.headers.push(("BITS-Protocol", header::PROTOCOL_VALUE));
        reply.headers.push(("Accept-Encoding", HeaderValue::from_static("identity")));
        if let Some(host_id) = &self.knobs.session.host_id {
            reply.headers.push(("BITS-Host-Id", host_id.host.clone()));
            if let Some(seconds) = host_id.fallback {
                reply.headers.push(("BITS-Host-Id-Fallback-Timeout", HeaderValue::from(seconds)));
            }
        }
        reply.effects.extend(evicted);
        reply.effects.push(Effect::Open { session: key });
        self.ids.insert(id.as_bytes().into(), key);
        self.sessions.insert(
            key,
            Session {
                id,
                target: head.target.into(),
                connection,
                node: self.knobs.session.host_id.as_ref().map(|host_id| host_id.host.clone()),
                total: None,
                next: 0,
                stored: 0,
                refused: false,
                verdicts: 0,
                published: false,
                in_flight: false,
                last_seen: now,
            },
        );
        Ok(reply)
    }

    /// Refuses a target that exists, if this is the packet at which this server does so.
    pub(super) fn check_existing(&self, at: ExistingAt) -> Result<(), Reply> {
        match self.knobs.publish.existing {
            Existing::Refuse { status, at: refused_at } if refused_at == at => {
                let wire = &self.knobs.wire;
                Err(if status == StatusCode::FORBIDDEN {
                    wire.refuse(status, CODE_ACCESS_DENIED)
                } else {
                    wire.refuse_without_code(status)
                })
            }
            _ => Ok(()),
        }
    }

    fn make_room(&mut self) -> Result<Option<Effect>, Reply> {
        match self.knobs.session.limit {
            Some(limit) if self.sessions.len() >= limit.max => {
                let oldest = self.sessions.keys().next().copied();
                match oldest {
                    Some(oldest) if limit.drop_oldest => Ok(self.forget(oldest)),
                    _ => Err(self.knobs.wire.refuse_without_code(StatusCode::SERVICE_UNAVAILABLE)),
                }
            }
            _ => Ok(None),
        }
    }
}

impl ProtocolMatch {
    fn accepts(self, headers: &HeaderMap) -> bool {
        let Some(list) = headers.get(header::SUPPORTED_PROTOCOLS).and_then(|value| value.to_str().ok())
        else {
            return false;
        };
        let mut offered = list.split([' ', ',']).filter(|entry| !entry.is_empty());
        let guid = header::PROTOCOL_GUID;
        match self {
            ProtocolMatch::Any => offered.take(MAX_PROTOCOLS).any(|entry| entry.eq_ignore_ascii_case(guid)),
            ProtocolMatch::Upper => offered.any(|entry| {
                entry.eq_ignore_ascii_case(guid) && !entry.bytes().any(|b| b.is_ascii_lowercase())
            }),
            ProtocolMatch::LastLower => offered.next_back() == Some(guid),
        }
    }
}

impl IdForm {
    fn id(self, random: u128) -> HeaderValue {
        let bare = |upper: bool| {
            let hex = if upper { format!("{random:032X}") } else { format!("{random:032x}") };
            format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
        };
        let text = match self {
            IdForm::Braced => format!("{{{}}}", bare(true)),
            IdForm::Bare => bare(false),
            // 63 of the bits, made negative.
            IdForm::Negative => format!("-{}", random as u64 >> 1),
            IdForm::Long => format!("{random:0100x}"),
        };
        // Digits, letters, braces and dashes are a header value.
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("0"))
    }
}
