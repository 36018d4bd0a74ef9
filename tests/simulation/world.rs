//! One client with one file, a server, and the network between them.

use crate::faults::Fate;
use crate::schedule::Schedule;
use fastrand::Rng;
use http::header::{CONTENT_LENGTH, DATE, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use put2bits::bits::server::{Begin, Effect, OverlapRule, RequestHead, Server, SessionKey, TargetState};
use put2bits::bits::{Destination, Packet, Session, SessionSettings, Silence, Step};
use put2bits::error::{Failure, Problem};
use put2bits::limits::FragmentLimits;
use std::collections::HashMap;
use std::time::{Duration, SystemTime};

const TARGET: &str = "/up/f.bin";

/// No schedule may need more steps than this.
const TOO_MANY_STEPS: u64 = 20_000;

/// How an upload ended for its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Stored,
    Failed(Problem),
}

/// What a schedule came to.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) ending: Ending,
    pub(crate) steps: u64,
    pub(crate) faults: u64,
    pub(crate) restarts: u64,
    pub(crate) verified: u64,
}

struct Published {
    bytes: Vec<u8>,
    at: Duration,
}

pub(crate) struct World {
    schedule: Schedule,
    rng: Rng,
    now: Duration,
    session: Session,
    server: Server,
    stores: HashMap<SessionKey, Vec<u8>>,
    published: Option<Published>,
    connection: u64,
    exchanges: u64,
    /// Requests that hang somewhere: due at this exchange.
    late: Vec<(u64, Packet, u64)>,
    /// How far the client has gathered.
    ready: u64,
    /// By session: the highest offset that the server acknowledged to us.
    acknowledged: HashMap<Vec<u8>, u64>,
    faults: u64,
    verified: u64,
    talks: bool,
}

/// The file: every byte tells its place.
fn byte(offset: u64) -> u8 {
    (offset.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}

impl World {
    pub(crate) fn new(schedule: Schedule) -> Self {
        let settings = SessionSettings {
            profile: Some(schedule.profile),
            fragment: FragmentLimits { min: 512, first: 2048, max: 8192, time: Duration::from_secs(1) },
            retry: schedule.retry.clone(),
            ambiguous_close: schedule.ambiguous_close,
            seed: schedule.seed,
            ..SessionSettings::new(schedule.total)
        };
        let now = Duration::from_secs(1000);
        World {
            rng: Rng::with_seed(schedule.seed),
            now,
            session: Session::new(settings),
            server: Server::new(schedule.knobs.clone()),
            stores: HashMap::new(),
            published: schedule.older_file.then(|| Published {
                bytes: vec![0xEE; schedule.total as usize],
                at: now - Duration::from_secs(10),
            }),
            connection: 1,
            exchanges: 0,
            late: Vec::new(),
            ready: 0,
            acknowledged: HashMap::new(),
            faults: 0,
            verified: 0,
            talks: false,
            schedule,
        }
    }

    /// Prints every step.
    pub(crate) fn talk(&mut self) {
        self.talks = true;
        println!("{:#?}", self.schedule);
    }

    pub(crate) fn run(mut self) -> Report {
        let mut steps = 0;
        loop {
            steps += 1;
            assert!(steps < TOO_MANY_STEPS, "no end in sight");
            if self.schedule.leaves == Some(steps) {
                self.session.abort(self.now, Failure::new(Problem::ClientGone, "left"));
            }
            let before = self.session.offset();
            let step = self.session.step(self.now, self.ready);
            if self.talks {
                println!("{:>10.3} s, {}..{}: {step:?}", self.now.as_secs_f64(), before, self.ready);
            }
            match step {
                Step::Send(packet) => self.exchange(packet),
                Step::Gather => {
                    assert!(self.ready < self.schedule.total, "nothing left to gather");
                    let size = self.session.fragment_size(self.ready, u64::MAX);
                    assert!(size >= 1 && self.ready + size <= self.schedule.total);
                    let took = Duration::from_micros(self.rng.u64(1..200_000));
                    self.now += took;
                    self.ready += size;
                    self.session.delivered(size, took);
                }
                Step::Wait(until) => {
                    assert!(until > self.now, "waiting for the past");
                    self.now = until;
                }
                Step::LookAtTarget => self.look(),
                Step::FetchReply(_) => self.session.reply_fetched(self.now),
                Step::Finished => break,
            }
            assert!(self.session.offset() >= before, "the acknowledged offset went back");
            while let Some(event) = self.session.poll_event() {
                if self.talks {
                    println!("              {event:?}");
                }
            }
        }
        let stats = self.session.stats();
        let ending = match self.session.outcome().expect("finished") {
            Ok(()) => {
                let published = self.published.as_ref().expect("success without a file");
                let expected: Vec<u8> = (0..self.schedule.total).map(byte).collect();
                assert!(published.bytes == expected, "wrong bytes reported as success");
                Ending::Stored
            }
            Err(failure) => Ending::Failed(failure.problem),
        };
        assert!(stats.restarts <= self.schedule.retry.restarts);
        Report {
            ending,
            steps,
            faults: self.faults,
            restarts: stats.restarts.into(),
            verified: self.verified,
        }
    }

    fn exchange(&mut self, packet: Packet) {
        self.exchanges += 1;
        self.check(&packet);
        self.now += Duration::from_millis(self.rng.u64(1..50));
        self.deliver_late();
        let fate = if self.exchanges > self.schedule.weather_ends {
            Fate::Fine
        } else {
            self.schedule.weather.fate(&mut self.rng)
        };
        // A repetition that the client has no part in: where repeated bytes are appended, no client can save the file.
        let appends = self.schedule.knobs.fragment.overlap == OverlapRule::Append;
        let fate = if fate == Fate::Twice && appends { Fate::Fine } else { fate };
        if fate != Fate::Fine {
            self.faults += 1;
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
                self.late.push((self.exchanges + u64::from(after), packet, connection));
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
            }
            _ => {}
        }
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
        if let Packet::Fragment { session, .. } = packet {
            let offset = headers.get("bits-received-content-range").and_then(|value| value.to_str().ok());
            if let Some(offset) = offset.and_then(|text| text.parse::<u64>().ok()) {
                let known = self.acknowledged.entry(session.as_header().as_bytes().to_vec()).or_default();
                *known = offset.max(*known);
            }
        }
        self.session.answered(self.now, status, &headers);
    }

    fn deliver_late(&mut self) {
        let (due, waiting) =
            std::mem::take(&mut self.late).into_iter().partition(|(at, ..)| *at <= self.exchanges);
        self.late = waiting;
        let due: Vec<(u64, Packet, u64)> = due;
        for (_, packet, connection) in due {
            if self.talks {
                println!("              late: {packet:?}");
            }
            let _ = self.serve(&packet, connection, None);
        }
    }

    /// The server gets the packet, all of it or `only` so many bytes of its body.
    fn serve(
        &mut self,
        packet: &Packet,
        connection: u64,
        only: Option<u64>,
    ) -> Option<(StatusCode, HeaderMap)> {
        let request = request(packet);
        let head = RequestHead { method: request.method(), target: TARGET, headers: request.headers() };
        let target = if self.published.is_some() { TargetState::Exists } else { TargetState::Free };
        let fresh_id = self.rng.u128(..);
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
                for i in 0..take {
                    store[at + i as usize] = byte(range.start() + intake.skip() + i);
                }
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

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Open { session } => {
                self.stores.insert(session, Vec::new());
            }
            Effect::Publish { session, length, .. } => {
                let mut bytes = self.stores.get(&session).cloned().unwrap_or_default();
                bytes.truncate(length as usize);
                self.published = Some(Published { bytes, at: self.now });
            }
            Effect::Discard { session } => {
                self.stores.remove(&session);
            }
        }
    }

    fn look(&mut self) {
        self.now += Duration::from_millis(5);
        self.verified += 1;
        match &self.published {
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

fn bare(status: u16) -> (StatusCode, HeaderMap) {
    (StatusCode::from_u16(status).expect("a status"), HeaderMap::new())
}

fn request(packet: &Packet) -> Request<()> {
    packet.request(&Destination {
        target: TARGET.parse().expect("a path"),
        host: HeaderValue::from_static("backend"),
        content_name: HeaderValue::from_static("f.bin"),
    })
}
