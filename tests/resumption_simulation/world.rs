//! All that outlives the proxy: the server, the store, the clock, and what was ever said to whom.

use crate::farm::Nodes;
use crate::network::Late;
use crate::oracle::Upload;
use crate::schedule::Schedule;
use crate::strike::Trap;
use fastrand::Rng;
use http::HeaderValue;
use put2bits::bits::server::{Server, SessionKey};
use put2bits::registry::Change;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::ops::AddAssign;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::Notify;
use tokio::time::Instant;

/// How much older a file is that lies at a target from the beginning.
pub(crate) const OLDER: Duration = Duration::from_secs(10);

/// The world. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct World(Arc<Mutex<Inside>>);

/// A file at its target.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) bytes: Vec<u8>,
    /// The host that it was sent to; empty: it was there before.
    pub(crate) host: String,
    pub(crate) at: Duration,
}

/// What happened.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) exchanges: u64,
    pub(crate) faults: u64,
    pub(crate) deaths: u64,
    pub(crate) stops: u64,
    pub(crate) uploads: u64,
    pub(crate) requests: u64,
    pub(crate) drops: u64,
    pub(crate) races: u64,
    pub(crate) fences: u64,
    pub(crate) resumes: u64,
    pub(crate) parts: u64,
    pub(crate) mismatches: u64,
    pub(crate) replays: u64,
    pub(crate) withheld: u64,
    pub(crate) cancelled: u64,
    pub(crate) gone: u64,
    pub(crate) failed: u64,
    pub(crate) stored: u64,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Figures) {
        self.exchanges += other.exchanges;
        self.faults += other.faults;
        self.deaths += other.deaths;
        self.stops += other.stops;
        self.uploads += other.uploads;
        self.requests += other.requests;
        self.drops += other.drops;
        self.races += other.races;
        self.fences += other.fences;
        self.resumes += other.resumes;
        self.parts += other.parts;
        self.mismatches += other.mismatches;
        self.replays += other.replays;
        self.withheld += other.withheld;
        self.cancelled += other.cancelled;
        self.gone += other.gone;
        self.failed += other.failed;
        self.stored += other.stored;
    }
}

#[derive(Debug)]
pub(crate) struct Inside {
    pub(crate) schedule: Arc<Schedule>,
    pub(crate) rng: Rng,
    /// The time when this life began, and what tokio's clock said then.
    base: Duration,
    origin: Option<Instant>,
    pub(crate) server: Server,
    /// If there are several.
    pub(crate) nodes: Nodes,
    pub(crate) stores: HashMap<SessionKey, Vec<u8>>,
    /// By target.
    pub(crate) published: HashMap<String, Published>,
    /// What each phone sends.
    pub(crate) files: Vec<bytes::Bytes>,
    pub(crate) uploads: Vec<Upload>,
    /// Whose the sessions are, by their ids at the server.
    pub(crate) owners: HashMap<SessionKey, usize>,
    /// Ids of sessions that a living proxy knows.
    pub(crate) known: HashSet<Vec<u8>>,
    /// Exchanges under way, by session.
    pub(crate) under_way: HashMap<Vec<u8>, u32>,
    pub(crate) connections: u64,
    pub(crate) late: Vec<Late>,
    /// Decides about exchanges in place of the weather.
    pub(crate) trap: Option<Trap>,
    /// How often the client has died.
    pub(crate) client_lives: u64,
    /// Told when it is to die.
    pub(crate) client_doom: Arc<Notify>,
    /// What the store has for certain.
    pub(crate) durable: BTreeMap<String, Vec<u8>>,
    /// What it may have, in order.
    pending: VecDeque<(u64, Vec<Change>)>,
    writes: u64,
    /// From now on the network and the server do nothing wrong.
    pub(crate) calm: bool,
    /// They have done nothing wrong in this life.
    pub(crate) was_fine: bool,
    /// What the proxy may still do in this life.
    pub(crate) left: Option<u64>,
    dead: bool,
    doom: Arc<Notify>,
    violation: Option<String>,
    talks: bool,
    pub(crate) figures: Figures,
}

impl World {
    pub(crate) fn new(schedule: Arc<Schedule>, talks: bool) -> Self {
        let mut rng = Rng::with_seed(schedule.seed);
        let base = Duration::from_secs(1000);
        let mut published = HashMap::new();
        let mut files = Vec::new();
        for (phone, &total) in schedule.totals.iter().enumerate() {
            let bytes: Vec<u8> = (0..total).map(|_| rng.u8(..)).collect();
            files.push(bytes.into());
            if schedule.older_file {
                let bytes = vec![0xEE; total as usize];
                let (host, at) = (String::new(), base - OLDER);
                published.insert(target(phone), Published { bytes, host, at });
            }
        }
        let inside = Inside {
            rng,
            base,
            origin: None,
            server: Server::new(schedule.knobs.clone()),
            nodes: Nodes::default(),
            stores: HashMap::new(),
            published,
            files,
            uploads: Vec::new(),
            owners: HashMap::new(),
            known: HashSet::new(),
            under_way: HashMap::new(),
            connections: 0,
            late: Vec::new(),
            trap: None,
            client_lives: 0,
            client_doom: Arc::new(Notify::new()),
            durable: BTreeMap::new(),
            pending: VecDeque::new(),
            writes: 0,
            calm: false,
            was_fine: false,
            left: None,
            dead: true,
            doom: Arc::new(Notify::new()),
            violation: None,
            talks,
            figures: Figures::default(),
            schedule,
        };
        World(Arc::new(Mutex::new(inside)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A proxy begins to live: for so long, counted in what it does. To be called under tokio's clock.
    pub(crate) fn begin(&self, left: Option<u64>) -> Arc<Notify> {
        let mut inside = self.lock();
        inside.origin = Some(Instant::now());
        inside.left = left;
        inside.dead = false;
        inside.doom = Arc::new(Notify::new());
        inside.under_way.clear();
        inside.was_fine = inside.weather() == 0;
        let (durable, known) = (&inside.durable, &inside.known);
        let known = known.iter().filter(|id| durable.values().any(|record| has(record, id))).cloned();
        inside.known = known.collect();
        Arc::clone(&inside.doom)
    }

    /// It is dead. What the store had not got yet may or may not be there.
    pub(crate) fn end(&self) {
        let mut inside = self.lock();
        let pending = inside.pending.len();
        let survive = inside.rng.usize(0..=pending);
        for _ in 0..survive {
            inside.keep_first();
        }
        inside.pending.clear();
        let pause = Duration::from_secs(inside.rng.u64(0..20));
        inside.base += pause;
    }

    /// Ready when the proxy is alive; never else.
    pub(crate) async fn alive(&self) {
        if self.lock().dead {
            std::future::pending::<()>().await;
        }
    }
}

/// Where a phone's file goes.
pub(crate) fn target(phone: usize) -> String {
    format!("/up/f{phone}.bin")
}

fn has(record: &[u8], id: &[u8]) -> bool {
    record.windows(id.len()).any(|window| window == id)
}

impl Inside {
    /// Time since the beginning of the world.
    pub(crate) fn now(&self) -> Duration {
        self.base + self.origin.map(|origin| origin.elapsed()).unwrap_or_default()
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead
    }

    /// One thing more that the world outside sees; perhaps it is the last one. Says whether the proxy is still alive.
    pub(crate) fn lives_on(&mut self) -> bool {
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(1);
            if *left == 0 && !self.dead {
                self.die();
            }
        }
        !self.dead
    }

    /// Nothing that it does is seen any more, and its clock stands.
    pub(crate) fn die(&mut self) {
        self.base = self.now();
        self.origin = None;
        self.dead = true;
        self.doom.notify_one();
    }

    /// The rule of the game that must hold.
    pub(crate) fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds && self.violation.is_none() {
            let what = what();
            self.say(|| format!("VIOLATION {what}"));
            self.violation = Some(what);
            if !self.dead {
                self.die();
            }
        }
    }

    pub(crate) fn violation(&self) -> Option<&str> {
        self.violation.as_deref()
    }

    pub(crate) fn say(&self, what: impl FnOnce() -> String) {
        if self.talks {
            println!("{:>10.3} s  {}", self.now().as_secs_f64(), what());
        }
    }

    /// The wall clock, the same for all.
    pub(crate) fn date(&self, at: Duration) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000) + at
    }

    /// The same as a header.
    pub(crate) fn http_date(&self, at: Duration) -> HeaderValue {
        HeaderValue::try_from(httpdate::fmt_http_date(self.date(at))).expect("a date is a header value")
    }

    /// The store is told; gives the number of this write.
    pub(crate) fn write(&mut self, changes: Vec<Change>) -> u64 {
        self.writes += 1;
        self.pending.push_back((self.writes, changes));
        self.writes
    }

    /// All writes up to that one are durable, if the proxy lived to see it. Says whether it lives on.
    pub(crate) fn synced(&mut self, number: u64) -> bool {
        while !self.dead && self.pending.front().is_some_and(|(first, _)| *first <= number) {
            self.keep_first();
        }
        self.lives_on()
    }

    fn keep_first(&mut self) {
        let Some((_, changes)) = self.pending.pop_front() else { return };
        for change in changes {
            match change {
                Change::Put { id, record } => {
                    let mut uploads = self.uploads.iter_mut();
                    if let Some(about) = uploads.find(|about| about.id.as_ref() == Some(&id)) {
                        about.was_closing |= has(&record, b"\"closing\":true");
                    }
                    self.durable.insert(id, record);
                }
                Change::Remove { id } => drop(self.durable.remove(&id)),
            }
        }
    }

    /// Whether the durable record of an upload has this text in it; nothing: there is none.
    pub(crate) fn recorded(&self, upload: usize, text: &str) -> Option<bool> {
        let record = self.durable.get(self.uploads[upload].id.as_ref()?)?;
        Some(has(record, text.as_bytes()))
    }

    /// Whether a session is in the durable record of its upload.
    pub(crate) fn is_on_record(&self, upload: usize, session: &[u8]) -> bool {
        let record = self.uploads[upload].id.as_ref().and_then(|id| self.durable.get(id));
        record.is_some_and(|record| has(record, session))
    }
}
