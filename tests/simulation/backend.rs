//! The server, and the bytes that it keeps.

use super::world::{FILE, Published, World};
use http::header::{CONTENT_LENGTH, DATE, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use put2bits::bits::server::{Begin, Effect, OverlapRule, RequestHead, TargetState};
use put2bits::bits::{Destination, Dialect, Packet};
use std::time::{Duration, SystemTime};

const TARGET: &str = "/up/f.bin";

impl World {
    /// The server gets the packet, all of it or `only` so many bytes of its body.
    pub(crate) fn serve(
        &mut self,
        packet: &Packet,
        connection: u64,
        only: Option<u64>,
    ) -> Option<(StatusCode, HeaderMap)> {
        let request = self.arriving(packet);
        let head = RequestHead { method: request.method(), target: TARGET, headers: request.headers() };
        let target = if self.published.is_some() { TargetState::Exists } else { TargetState::Free };
        let fresh_id = self.rng.u128();
        let reply = match self.server.begin(self.now, connection, &head, target, fresh_id) {
            Begin::Answer(reply) => reply,
            Begin::Receive(intake) => {
                let received = only.unwrap_or(intake.length());
                let range = intake.range();
                let take = intake.store().min(received.saturating_sub(intake.skip()));
                let store = self.stores.entry(intake.session()).or_default();
                let at = intake.at() as usize;
                store.truncate(at.max(if self.schedule.knobs.fragment.overlap == OverlapRule::Overwrite {
                    store.len()
                } else {
                    0
                }));
                store.resize(store.len().max(at + take as usize), 0);
                let from = (range.start() + intake.skip()) as usize;
                store[at..at + take as usize].copy_from_slice(&FILE[from..from + take as usize]);
                if only.is_some() {
                    self.server.abort(intake, received);
                    return None;
                }
                self.server.finish(self.now, intake)
            }
            Begin::Busy(_) => unreachable!("bodies come at once here"),
        };
        for effect in &reply.effects {
            self.carry_out(effect.clone());
        }
        if only.is_some() || reply.delivery == put2bits::bits::server::Delivery::HangUp {
            return None;
        }
        let mut headers = reply.header_map();
        headers.insert(DATE, self.date(self.now));
        Some((reply.status, headers))
    }

    pub(crate) fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Open { session } => {
                self.stores.insert(session, Vec::new());
            }
            Effect::Publish { session, length, .. } => {
                let mut bytes = self.stores.get(&session).cloned().unwrap_or_default();
                bytes.truncate(length as usize);
                let host = self.nodes.host.clone();
                self.published = Some(Published { bytes, at: self.now, host });
            }
            Effect::Discard { session } => {
                self.stores.remove(&session);
            }
        }
    }

    pub(crate) fn look(&mut self) {
        self.now += Duration::from_millis(5);
        if self.finds_nobody(None) {
            return;
        }
        self.figures.verified += 1;
        match self.published.as_ref().filter(|published| self.is_visible(&published.host)) {
            _ if !self.schedule.serves_reads => {
                self.session.evidence(self.now, StatusCode::METHOD_NOT_ALLOWED, &HeaderMap::new());
            }
            None => self.session.evidence(self.now, StatusCode::NOT_FOUND, &HeaderMap::new()),
            Some(published) => {
                let mut headers = HeaderMap::new();
                headers.insert(CONTENT_LENGTH, HeaderValue::from(published.bytes.len()));
                headers.insert(LAST_MODIFIED, self.date(published.at));
                self.session.evidence(self.now, StatusCode::OK, &headers);
            }
        }
    }

    fn date(&self, at: Duration) -> HeaderValue {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000) + at;
        HeaderValue::try_from(httpdate::fmt_http_date(time)).expect("a date is a header value")
    }
}

pub(super) fn request(packet: &Packet, host: &str) -> Request<()> {
    let to = Destination {
        target: TARGET.parse().expect("a path"),
        host: HeaderValue::from_str(host).expect("a host"),
        content_name: HeaderValue::from_static("f.bin"),
    };
    packet.request(&to, &Dialect::default())
}
