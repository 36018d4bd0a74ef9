//! One upload of one file: its client, the proxy in all its lives, the server.

use super::dice::Dice;
use super::farm::{Nodes, ORIGIN};
use super::faults::{Interruption, Throw as _};
use super::network::Late;
use super::record::Record;
use super::schedule::Schedule;
use put2bits::bits::server::{Server, SessionKey};
use put2bits::bits::{Event, Login, Packet, Session, SessionSettings, Step};
use put2bits::error::{Failure, Problem};
use std::collections::HashMap;
use std::ops::AddAssign;
use std::sync::LazyLock;
use std::time::Duration;

/// No schedule may need more steps than this.
const TOO_MANY_STEPS: u64 = 20_000;

/// Every file is the beginning of this one, in which every byte tells its place.
pub(crate) static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    (0..Schedule::LARGEST).map(|offset| (offset.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
});

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
    pub(crate) may_resend: bool,
    pub(crate) figures: Figures,
}

/// What happened on the way.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) steps: u64,
    pub(crate) faults: u64,
    pub(crate) restarts: u64,
    pub(crate) verified: u64,
    pub(crate) deaths: u64,
    pub(crate) drops: u64,
    pub(crate) pauses: u64,
    pub(crate) parts: u64,
    pub(crate) resumed: u64,
    pub(crate) followed: u64,
    pub(crate) fallbacks: u64,
    pub(crate) challenged: u64,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Figures) {
        self.steps += other.steps;
        self.faults += other.faults;
        self.restarts += other.restarts;
        self.verified += other.verified;
        self.deaths += other.deaths;
        self.drops += other.drops;
        self.pauses += other.pauses;
        self.parts += other.parts;
        self.resumed += other.resumed;
        self.followed += other.followed;
        self.fallbacks += other.fallbacks;
        self.challenged += other.challenged;
    }
}

pub(crate) struct Published {
    pub(crate) bytes: Vec<u8>,
    pub(crate) at: Duration,
    /// The host at which it was published; empty: all.
    pub(crate) host: String,
}

pub(crate) struct World {
    pub(crate) schedule: Schedule,
    pub(crate) rng: Dice,
    pub(crate) now: Duration,
    pub(crate) session: Session,
    pub(crate) record: Record,
    pub(crate) server: Server,
    pub(crate) stores: HashMap<SessionKey, Vec<u8>>,
    pub(crate) published: Option<Published>,
    pub(crate) connection: u64,
    pub(crate) exchanges: u64,
    /// Requests that hang somewhere.
    pub(crate) late: Vec<Late>,
    pub(crate) nodes: Nodes,
    /// The last answer asked for credentials.
    pub(crate) challenged: bool,
    /// How far the client has gathered.
    pub(crate) ready: u64,
    /// Which of the schedule's parts the client sends.
    part: usize,
    /// By session: the highest offset acknowledged, as far as this attempt knows.
    pub(crate) acknowledged: HashMap<Vec<u8>, u64>,
    /// The digest is wrong, which every attempt finds out.
    withheld: bool,
    pub(crate) must_not_be_stored: bool,
    pub(crate) figures: Figures,
    pub(crate) talks: bool,
}

impl World {
    pub(crate) fn new(schedule: Schedule) -> Self {
        let now = Duration::from_secs(1000);
        let mut world = World {
            rng: schedule.dice.clone(),
            now,
            session: Session::new(SessionSettings::new(0)),
            record: Record::default(),
            server: Server::new(schedule.knobs.clone()),
            stores: HashMap::new(),
            published: schedule.older_file.then(|| Published {
                bytes: vec![0xEE; schedule.total as usize],
                at: now - Duration::from_secs(10),
                host: String::new(),
            }),
            connection: 1,
            exchanges: 0,
            late: Vec::new(),
            nodes: Nodes::default(),
            challenged: false,
            ready: 0,
            part: 0,
            acknowledged: HashMap::new(),
            withheld: false,
            must_not_be_stored: false,
            figures: Figures::default(),
            talks: false,
            schedule,
        };
        world.next_node();
        world.attempt();
        world
    }

    /// Prints every step.
    pub(crate) fn talk(&mut self) {
        self.talks = true;
        println!("{:#?}", self.schedule);
    }

    pub(crate) fn run(mut self) -> Report {
        let mut ending = None;
        while ending.is_none() {
            self.figures.steps += 1;
            assert!(self.figures.steps < TOO_MANY_STEPS, "no end in sight");
            self.will_of_the_client();
            match self.interruption(false) {
                Some(interruption) => self.interrupt(interruption),
                None => ending = self.step(),
            }
        }
        let ending = ending.expect("the loop is over");
        if ending == Ending::Stored {
            assert!(!self.must_not_be_stored, "a file withheld is reported as stored");
            let published = self.published.as_ref().expect("success without a file");
            let expected = &FILE[..self.schedule.total as usize];
            assert!(published.bytes == expected, "wrong bytes reported as success");
        }
        Report { ending, may_resend: self.schedule.profile.overlap.may_resend(), figures: self.figures }
    }

    fn step(&mut self) -> Option<Ending> {
        let before = self.session.offset();
        let step = self.session.step(self.now, self.ready);
        if self.talks {
            println!("{:>10.3} s, {before}..{}: {step:?}", self.now.as_secs_f64(), self.ready);
        }
        let life = self.lives();
        match step {
            Step::Send(packet) => {
                if let Packet::CloseSession { .. } = packet {
                    self.record.running(self.now, &self.session);
                }
                self.exchange(packet);
            }
            Step::Gather => self.gather(),
            Step::Wait(until) => {
                assert!(until > self.now, "waiting for the past");
                self.now = until;
            }
            Step::LookAtTarget => self.look(),
            Step::FetchReply(_) => self.session.reply_fetched(self.now),
            Step::Finished => return self.finished(),
        }
        if life != self.lives() {
            return None;
        }
        assert!(self.session.offset() >= before, "the acknowledged offset went back");
        while let Some(event) = self.session.poll_event() {
            match &event {
                Event::Created { .. } => self.record.running(self.now, &self.session),
                Event::Restarted { .. } => self.figures.restarts += 1,
                Event::HostGivenUp { .. } => self.figures.fallbacks += 1,
                Event::HostFollowed { .. } => self.figures.followed += 1,
                Event::Challenged { .. } => self.figures.challenged += 1,
                _ => {}
            }
            if self.talks {
                println!("              {event:?}");
            }
        }
        if self.session.offset() > before {
            self.record.progress(self.now, &self.session);
        }
        assert!(self.session.stats().restarts <= self.schedule.retry.restarts);
        None
    }

    fn lives(&self) -> u64 {
        self.figures.deaths + self.figures.drops + self.figures.pauses + self.figures.parts
    }

    fn gather(&mut self) {
        let (end, publish) = self.schedule.parts[self.part];
        if !publish && self.session.is_open() && self.session.offset() >= end {
            assert!(!self.session.is_closing() && self.session.outcome().is_none());
            self.figures.parts += 1;
            self.part += 1;
            return self.come_back(60);
        }
        assert!(self.ready < end, "nothing left to gather");
        let size = self.session.fragment_size(self.ready, u64::MAX);
        assert!(size >= 1 && self.ready + size <= self.schedule.total);
        let size = size.min(end - self.ready);
        let took = self.schedule.pace.mul_f64(self.rng.f64());
        self.now += took;
        self.ready += size;
        self.session.delivered(size, took);
    }

    pub(crate) fn may_publish(&self) -> bool {
        self.schedule.parts[self.part].1
    }

    fn finished(&mut self) -> Option<Ending> {
        match self.session.outcome().expect("finished") {
            Ok(()) => Some(Ending::Stored),
            Err(failure) if self.session.checkpoint().is_none() => Some(Ending::Failed(failure.problem)),
            // The client is cut off, and tries again some time.
            Err(_) => {
                self.figures.pauses += 1;
                self.repair_nodes();
                self.come_back(600);
                None
            }
        }
    }

    /// What befalls the upload now: between two exchanges, or in the middle of one.
    pub(crate) fn interruption(&mut self, asking: bool) -> Option<Interruption> {
        let plan = self.schedule.interruptions;
        let so_far = self.figures.deaths + self.figures.drops;
        if so_far >= plan.most || self.rng.u16(0..1000) >= plan.per_mille {
            return None;
        }
        let (interruption, in_exchanges) = plan.kinds[self.rng.usize(..plan.kinds.len())];
        let possible = match self.session.outcome() {
            None => interruption == Interruption::Death || !self.session.is_closing(),
            // That it is stored may not be on record yet.
            Some(Ok(())) => interruption == Interruption::Death,
            // The client has its answer, and the record is gone.
            Some(Err(_)) => false,
        };
        (in_exchanges == asking && possible).then_some(interruption)
    }

    pub(crate) fn interrupt(&mut self, interruption: Interruption) {
        if self.talks {
            println!("{:>10.3} s, {interruption:?}", self.now.as_secs_f64());
        }
        match interruption {
            Interruption::Death => {
                self.figures.deaths += 1;
                self.now += Duration::from_secs(self.rng.u64(0..20));
                self.attempt();
            }
            Interruption::Drop => {
                self.figures.drops += 1;
                // Without its client the session may have come to its end.
                if self.session.outcome().is_none() {
                    self.come_back(60);
                }
            }
        }
    }

    /// The attempt ends in order; the client comes back after at most that many seconds.
    fn come_back(&mut self, seconds: u64) {
        self.record.pause(&self.session);
        self.now += Duration::from_secs(self.rng.u64(0..seconds));
        self.attempt();
    }

    /// The client sends again, from the recorded offset on.
    fn attempt(&mut self) {
        self.server.disconnected(self.connection);
        self.connection += 1;
        let settings = SessionSettings {
            // What the record says has to do.
            profile: self.record.kept().is_none().then_some(self.schedule.profile),
            fragment: self.schedule.fragment.clone(),
            retry: self.schedule.retry.clone(),
            ambiguous_close: self.schedule.ambiguous_close,
            lasting: self.schedule.lasting,
            publish: self.may_publish(),
            origin: ORIGIN.to_owned(),
            host_id: self.policy(),
            login: if self.schedule.challenges { Login::Renewable } else { Login::Fixed },
            seed: self.schedule.seed.wrapping_add(self.lives()),
            ..SessionSettings::new(self.schedule.total)
        };
        self.session = match self.record.kept() {
            Some(checkpoint) => {
                if self.talks {
                    println!("              goes on from {checkpoint:?}");
                }
                self.figures.resumed += 1;
                let id = checkpoint.session.as_header().as_bytes().to_vec();
                self.acknowledged.insert(id, checkpoint.offset);
                Session::resume(settings, checkpoint)
            }
            None => Session::new(settings),
        };
        self.ready = self.session.offset();
        self.record.running(self.now, &self.session);
        if self.withheld {
            self.session.withhold(self.now, Failure::new(Problem::DigestMismatch, "withheld"));
        }
    }

    fn will_of_the_client(&mut self) {
        if self.schedule.leaves == Some(self.figures.steps) {
            self.session.abort(self.now, Failure::new(Problem::ClientGone, "left"));
        }
        if self.schedule.withheld == Some(self.figures.steps) {
            self.withheld = true;
            self.must_not_be_stored = !self.record.is_closing() && self.session.outcome().is_none();
            self.session.withhold(self.now, Failure::new(Problem::DigestMismatch, "withheld"));
        }
    }
}
