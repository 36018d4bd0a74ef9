//! What is uploaded, and what goes wrong when: both follow from the seed alone.

use super::backend::ROUTES;
use super::content::{Content, Pace};
use super::options::Scale;
use fastrand::Rng;
use put2bits::phone::{Drop, System};
use std::time::Duration;

/// How an upload is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Put,
    Post,
    Resumable(&'static System),
}

/// Which digest goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Nothing,
    Right,
    /// It must not be stored.
    Wrong,
}

/// One upload.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) number: u64,
    /// Index in [`ROUTES`].
    pub(crate) route: usize,
    pub(crate) kind: Kind,
    pub(crate) content: Content,
    pub(crate) told: Told,
    /// Places where the client drops its connection.
    pub(crate) drops: Vec<(u64, Drop)>,
    /// At the first of them it goes away for good.
    pub(crate) leaves: bool,
    /// Over the network that is cut at times.
    pub(crate) by_relay: bool,
}

/// Dice for the thing of that number.
fn dice(seed: u64, number: u64) -> Rng {
    Rng::with_seed(seed ^ number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

impl Plan {
    /// The upload of that number.
    pub(crate) fn new(scale: &Scale, number: u64) -> Plan {
        let (mut random, largest) = (dice(scale.seed, number), scale.largest);
        let size = match random.u8(..20) {
            0 => 0,
            // Each order of magnitude as often as any other.
            _ => (random.f64() * (largest as f64).ln()).exp() as u64,
        };
        let kind = match random.u8(..10) {
            0..=2 => Kind::Put,
            3 => Kind::Post,
            _ => Kind::Resumable(System::ALL[random.usize(..System::ALL.len())]),
        };
        let most = if matches!(kind, Kind::Resumable(_)) { 4 } else { 1 };
        let count = if random.bool() { 0 } else { random.usize(0..=most) };
        let ways = [Drop::Reset, Drop::Close, Drop::Silent];
        let mut drops: Vec<(u64, Drop)> =
            (0..count).map(|_| (random.u64(..=size), ways[random.usize(..ways.len())])).collect();
        drops.sort_by_key(|(at, _)| *at);
        drops.dedup_by_key(|(at, _)| *at);
        let leaves = !drops.is_empty() && random.u8(..8) == 0;
        let told = match random.u8(..20) {
            0 => Told::Wrong,
            1..6 => Told::Right,
            _ => Told::Nothing,
        };
        // A phone reads so much of its file at once; rarer than every four seconds it would look dead.
        let least = if matches!(kind, Kind::Resumable(_)) { 64 * 1024 } else { 1 };
        let pace = Plan::pace(&mut random, size, least);
        let pace = pace.quicker(scale.haste);
        let (route, by_relay) = (random.usize(..ROUTES.len()), random.bool());
        Plan { number, route, kind, content: Content { number, size, pace }, told, drops, leaves, by_relay }
    }

    fn pace(random: &mut Rng, size: u64, least: u64) -> Pace {
        // Half of them fast; the others take from a second to 20, however large they are.
        let slow = random.bool().then(|| random.u64(1..=20));
        let pause = (random.u8(..10) == 0).then(|| {
            // Once in a while longer than the proxy waits.
            let longest = if random.u8(..8) == 0 { 15_000 } else { 4_000 };
            (random.u64(..=size), Duration::from_millis(random.u64(..longest)))
        });
        Pace { rate: slow.map(|seconds| (size / seconds).max(least)), pause }
    }

    /// Path of the file: no two uploads have the same.
    pub(crate) fn path(&self) -> String {
        format!("/{}/{}.mov", ROUTES[self.route].profile, self.number)
    }

    /// Whether it has to be stored if nothing goes wrong behind its client.
    pub(crate) fn is_to_be_stored(&self) -> bool {
        self.told != Told::Wrong && !self.leaves
    }
}

/// Something that goes wrong with processes or networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strike {
    /// SIGKILL, and it is started again.
    KillProxy,
    /// SIGTERM, and it is started again.
    EndProxy,
    /// The backend is started again.
    RestartBackend { route: usize, keep_sessions: bool },
    /// It neither reads nor answers for that long.
    StallBackend { route: usize, lasts: Duration },
    /// It cannot be reached for that long.
    LoseBackend { route: usize, lasts: Duration },
    /// All connections to it are reset.
    CutBackend { route: usize },
    /// Nothing moves on them for that long.
    FreezeBackend { route: usize, lasts: Duration },
    /// All connections of clients that go over the relay are reset.
    CutClients,
    /// Nothing moves on them for that long.
    FreezeClients { lasts: Duration },
}

impl Strike {
    /// What happens at the turn of that number, and how long after the one before.
    pub(crate) fn new(scale: &Scale, number: u64) -> (Duration, Strike) {
        let mut random = dice(!scale.seed, number);
        let gap = Duration::from_millis(random.u64(200..3_000)) / scale.haste;
        let route = random.usize(..ROUTES.len());
        let lasts = Duration::from_millis(random.u64(100..5_000)) / scale.haste;
        let strike = match random.u8(..20) {
            0 | 1 => Strike::KillProxy,
            2 => Strike::EndProxy,
            3 => Strike::RestartBackend { route, keep_sessions: false },
            4 | 5 => Strike::RestartBackend { route, keep_sessions: true },
            6 | 7 => Strike::StallBackend { route, lasts },
            8 | 9 => Strike::LoseBackend { route, lasts },
            10..=12 => Strike::CutBackend { route },
            13..=14 => Strike::FreezeBackend { route, lasts },
            15..=17 => Strike::CutClients,
            _ => Strike::FreezeClients { lasts },
        };
        (gap, strike)
    }

    /// For the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Strike::KillProxy => "proxy: SIGKILL",
            Strike::EndProxy => "proxy: SIGTERM",
            Strike::RestartBackend { keep_sessions: false, .. } => "backend: restart, sessions lost",
            Strike::RestartBackend { .. } => "backend: restart, sessions kept",
            Strike::StallBackend { .. } => "backend: stalls",
            Strike::LoseBackend { .. } => "backend: away",
            Strike::CutBackend { .. } => "network to backend: cut",
            Strike::FreezeBackend { .. } => "network to backend: frozen",
            Strike::CutClients => "network to clients: cut",
            Strike::FreezeClients { .. } => "network to clients: frozen",
        }
    }
}
