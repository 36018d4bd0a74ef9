//! The network between the proxy and the server, and what no packet on it may do.

use super::faults::{Fate, Interruption, Throw as _};
use super::world::World;
use http::{HeaderMap, StatusCode};
use put2bits::bits::server::OverlapRule;
use put2bits::bits::{Packet, Silence};
use std::time::Duration;

/// A request that hangs somewhere.
pub(crate) struct Late {
    /// It arrives at this exchange.
    due: u64,
    packet: Packet,
    connection: u64,
    host: String,
}

impl World {
    pub(crate) fn exchange(&mut self, packet: Packet) {
        self.exchanges += 1;
        self.check(&packet);
        self.now += Duration::from_millis(self.rng.u64(1..50));
        self.deliver_late();
        if self.finds_nobody(Some(&packet)) {
            return;
        }
        if self.schedule.challenges && !self.challenged && self.rng.u8(..) < 25 {
            return self.answer(&packet, Some(bare(401)));
        }
        let fate = if self.exchanges > self.schedule.weather_ends {
            Fate::Fine
        } else {
            self.schedule.weather.fate(&mut self.rng)
        };
        // A repetition that the client has no part in: where repeated bytes are appended, no client can save the file.
        let appends = self.schedule.knobs.fragment.overlap == OverlapRule::Append;
        let fate = if fate == Fate::Twice && appends { Fate::Fine } else { fate };
        if let Some(interruption) = self.interruption(true) {
            return self.break_off(packet, interruption);
        }
        if fate != Fate::Fine {
            self.figures.faults += 1;
            if self.talks {
                println!("              {fate:?}");
            }
        }
        let connection = self.connection;
        match fate {
            Fate::Fine => {
                let answer = self.serve(&packet, connection, None);
                self.answer(&packet, answer);
            }
            Fate::Refused => self.silence(Silence::Unsent),
            Fate::Cut(share) => {
                let received = packet.content_length() * u64::from(share) / 256;
                if packet.content_length() > 0 {
                    let _ = self.serve(&packet, connection, Some(received));
                }
                self.silence(Silence::Lost);
            }
            Fate::AnswerLost => {
                let _ = self.serve(&packet, connection, None);
                self.silence(Silence::Lost);
            }
            Fate::AnswerLate => {
                let _ = self.serve(&packet, connection, None);
                self.now += Duration::from_secs(60);
                self.silence(Silence::TimedOut);
            }
            Fate::RequestLate(after) => {
                self.linger(after, packet, connection);
                self.now += Duration::from_secs(60);
                self.silence(Silence::TimedOut);
            }
            Fate::Twice => {
                let _ = self.serve(&packet, connection, None);
                let answer = self.serve(&packet, connection, None);
                self.answer(&packet, answer);
            }
            Fate::StatusBefore(status) => self.answer(&packet, Some(bare(status))),
            Fate::StatusAfter(status) => {
                let _ = self.serve(&packet, connection, None);
                self.answer(&packet, Some(bare(status)));
            }
            Fate::SessionsLost => {
                for effect in self.server.forget_all() {
                    self.carry_out(effect);
                }
                let answer = self.serve(&packet, connection, None);
                self.answer(&packet, answer);
            }
        }
    }

    /// What no packet may do.
    fn check(&self, packet: &Packet) {
        match packet {
            Packet::CreateSession => assert_eq!(self.record.told(), 0, "begun anew behind a client's back"),
            Packet::Fragment { session, range } => {
                assert_eq!(
                    range.start(),
                    self.session.offset(),
                    "a fragment begins at the acknowledged offset"
                );
                assert!(range.end() <= self.ready, "bytes that were never gathered");
                let acknowledged =
                    self.acknowledged.get(session.as_header().as_bytes()).copied().unwrap_or(0);
                assert!(range.start() >= acknowledged, "acknowledged bytes sent again");
            }
            Packet::CloseSession { session } => {
                let acknowledged =
                    self.acknowledged.get(session.as_header().as_bytes()).copied().unwrap_or(0);
                let complete = acknowledged == self.schedule.total || !self.schedule.knobs.wire.offset_on_ok;
                assert!(complete, "closed before the server said that it has all");
                assert!(self.record.is_closing(), "closed without a word on record");
                assert!(!self.must_not_be_stored, "a file withheld is published");
                assert!(self.may_publish(), "published before the client has sent the last part");
            }
            _ => {}
        }
    }

    /// The proxy dies, or the client goes away, with this packet under way.
    fn break_off(&mut self, packet: Packet, interruption: Interruption) {
        let fate = Fate::unfinished(&mut self.rng);
        if self.talks {
            println!("              {interruption:?} in the middle of it: {fate:?}");
        }
        let connection = self.connection;
        match fate {
            Fate::Cut(share) => {
                let received = packet.content_length() * u64::from(share) / 256;
                if packet.content_length() > 0 {
                    let _ = self.serve(&packet, connection, Some(received));
                }
            }
            Fate::AnswerLost => {
                let _ = self.serve(&packet, connection, None);
            }
            // What lies in the buffers of the system still arrives.
            Fate::RequestLate(after) => {
                self.linger(after, packet, connection);
            }
            _ => {}
        }
        if interruption == Interruption::Drop {
            self.silence(Silence::TimedOut);
        }
        self.interrupt(interruption);
    }

    fn silence(&mut self, silence: Silence) {
        self.server.disconnected(self.connection);
        self.connection += 1;
        self.session.unanswered(self.now, silence, "simulated");
    }

    fn answer(&mut self, packet: &Packet, answer: Option<(StatusCode, HeaderMap)>) {
        let Some((status, headers)) = answer else { return self.silence(Silence::Lost) };
        if self.talks {
            println!("              {status} {headers:?}");
        }
        if let Packet::Fragment { session, range } = packet {
            let offset = ["bits-received-content-range", "bits-recieved-content-range"]
                .into_iter()
                .find_map(|name| headers.get(name)?.to_str().ok());
            let id = session.as_header().as_bytes();
            if let Some(offset) = offset.and_then(|text| text.parse::<u64>().ok()) {
                let known = self.acknowledged.entry(id.to_vec()).or_default();
                *known = offset.max(*known);
                self.record.server_said(session, offset);
            } else if status.is_success() && headers.contains_key("bits-packet-type") {
                self.record.server_said(session, range.end());
            }
        }
        self.challenged = status == StatusCode::UNAUTHORIZED;
        self.session.answered(self.now, status, &headers);
    }

    fn linger(&mut self, after: u8, packet: Packet, connection: u64) {
        let due = self.exchanges + u64::from(after);
        self.late.push(Late { due, packet, connection, host: self.nodes.host.clone() });
    }

    fn deliver_late(&mut self) {
        let (due, waiting) =
            std::mem::take(&mut self.late).into_iter().partition(|late| late.due <= self.exchanges);
        self.late = waiting;
        let due: Vec<Late> = due;
        for Late { packet, connection, host, .. } in due {
            if self.talks {
                println!("              late: {packet:?}");
            }
            if self.late_host(host) {
                let _ = self.serve(&packet, connection, None);
            }
        }
    }
}

fn bare(status: u16) -> (StatusCode, HeaderMap) {
    (StatusCode::from_u16(status).expect("a status"), HeaderMap::new())
}
