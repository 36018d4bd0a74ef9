//! What no packet may do, and what the proxy knows by the answers.

use crate::network::Sent;
use crate::world::Inside;
use http::{HeaderMap, StatusCode};
use put2bits::bits::Packet;

impl Inside {
    /// What no packet may do.
    pub(crate) fn inspect(&mut self, sent: &Sent) {
        let upload = sent.upload;
        let highest = self.highest(upload);
        let about = &self.uploads[upload];
        let (complete, wrong, acknowledged) = (about.is_complete, about.is_wrong, about.acknowledged);
        let total = self.files[about.phone].len() as u64;
        if let Some(id) = session(&sent.packet) {
            let count = self.under_way.entry(id.clone()).or_default();
            *count += 1;
            let alone = *count == 1;
            self.check(alone, || "two exchanges of one session at a time".to_owned());
            let on_record = self.is_on_record(upload, &id);
            if let Packet::Fragment { range, .. } = &sent.packet {
                let start = range.start();
                self.check(start >= highest, || format!("a fragment from {start}, {highest} was told"));
                let sure = self.recorded(upload, "\"in_doubt\":true") != Some(true);
                self.check(!(on_record && sure), || {
                    "a fragment is on its way, and the record says that there is none".to_owned()
                });
            }
        }
        match &sent.packet {
            Packet::CreateSession => {
                self.check(highest == 0, || format!("begun anew after {highest} was told"));
            }
            Packet::CloseSession { .. } => {
                let all = acknowledged == total || !self.schedule.knobs.wire.offset_on_ok;
                self.check(all, || format!("closed when {acknowledged} of {total} were acknowledged"));
                self.check(complete, || "closed before the client said that it is complete".to_owned());
                self.check(!wrong, || "closed against the digest".to_owned());
                let recorded = self.recorded(upload, "\"closing\":true");
                // Of one that is cancelled there is no record any more. What may have been sent once may be sent twice.
                let about = &self.uploads[upload];
                let again = about.was_closing && about.was_deleted && recorded.is_none();
                let plain = about.id.is_none();
                self.check(recorded == Some(true) || again || plain, || {
                    "closed without a word on record".to_owned()
                });
            }
            _ => {}
        }
    }

    /// An exchange has ended.
    pub(crate) fn over(&mut self, sent: &Sent) {
        if let Some(count) = session(&sent.packet).and_then(|id| self.under_way.get_mut(&id)) {
            *count = count.saturating_sub(1);
        }
    }

    /// The proxy gets an answer: what does it know now?
    pub(crate) fn learn(&mut self, sent: &Sent, status: StatusCode, headers: &HeaderMap) {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let offset = text("bits-received-content-range").or(text("bits-recieved-content-range"));
        self.say(|| format!("{:?} is answered {status}, offset {offset:?}", sent.packet.kind()));
        // Nobody else tells an offset.
        let is_ack = headers.contains_key("bits-packet-type") || offset.is_some();
        match &sent.packet {
            Packet::CreateSession if is_ack && status.is_success() => {
                if let Some(id) = headers.get("bits-session-id") {
                    self.known.insert(id.as_bytes().to_vec());
                }
            }
            Packet::Fragment { range, .. } if is_ack => {
                let total = self.files[self.uploads[sent.upload].phone].len() as u64;
                let offset = offset.and_then(|text| text.parse().ok()).filter(|offset| *offset <= total);
                let offset = offset.or(status.is_success().then(|| range.end()));
                let known = &mut self.uploads[sent.upload].acknowledged;
                *known = offset.unwrap_or_default().max(*known);
            }
            _ => {}
        }
    }
}

fn session(packet: &Packet) -> Option<Vec<u8>> {
    match packet {
        Packet::Fragment { session, .. }
        | Packet::CloseSession { session }
        | Packet::CancelSession { session } => Some(session.as_header().as_bytes().to_vec()),
        _ => None,
    }
}
