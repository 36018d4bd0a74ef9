//! What is done, and which figures come of it.

use crate::backend::Conditions;
use crate::client::Client;
use crate::peer::Peer;
use crate::process::{self, Used};
use crate::sending::{Pace, Took};
use clap::ValueEnum;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: f64 = 1024.0 * MIB as f64;

/// Which workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// One large PUT.
    Big,
    /// One large PUT, by HTTP/2 and TLS too.
    Doors,
    /// 64 PUTs of 64 MiB at once.
    Many,
    /// PUTs of 100 KiB, one after the other.
    Small,
    /// 64 MiB at 64 MiB/s, the backend answers 20 ms late: what comes after the last byte.
    Tail,
    /// A fast client, 1 Gbit/s and 20 ms to the backend.
    Rtt,
    /// 1,000 uploads at 64 KiB/s, begun within a second.
    Slow,
}

/// A workload with its sizes.
#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) kind: Kind,
    /// Uploads at once.
    at_once: usize,
    /// Uploads one after the other, each time.
    in_turn: usize,
    /// Bytes of one.
    size: u64,
    pace: Option<Pace>,
    conditions: Conditions,
}

/// A figure's name and value.
pub(crate) type Cell = Vec<(&'static str, f64)>;

impl Workload {
    pub(crate) fn new(kind: Kind, big: u64, smoke: bool) -> Self {
        const LATE: Conditions = Conditions { delay: Duration::from_millis(20), rate: None };
        let plain =
            Workload { kind, at_once: 1, in_turn: 1, size: 0, pace: None, conditions: Conditions::default() };
        let pick = |full, tiny| if smoke { tiny } else { full };
        match kind {
            Kind::Big | Kind::Doors => Workload { size: pick(big, 32 * MIB), ..plain },
            Kind::Many => Workload { at_once: pick(64, 8) as usize, size: pick(64 * MIB, 2 * MIB), ..plain },
            Kind::Small => Workload { in_turn: pick(5000, 20) as usize, size: 100 * KIB, ..plain },
            Kind::Tail => {
                let pace = Some(Pace { rate: 64 * MIB, piece: 64 * KIB });
                Workload { size: pick(64 * MIB, 4 * MIB), pace, conditions: LATE, ..plain }
            }
            Kind::Rtt => {
                let conditions = Conditions { rate: Some(125_000_000), ..LATE };
                Workload { size: pick(256 * MIB, 8 * MIB), conditions, ..plain }
            }
            Kind::Slow => {
                // A connection has two ends, and the bench holds one of each of the two that an upload needs.
                let possible = process::open_files().saturating_sub(200) / 2;
                let pace = Some(Pace { rate: 64 * KIB, piece: 16 * KIB });
                let (size, at_once) = (pick(640 * KIB, 64 * KIB), pick(1000, 50) as usize);
                Workload { at_once: at_once.min(possible), size, pace, ..plain }
            }
        }
    }

    pub(crate) fn name(&self) -> String {
        format!("{:?}", self.kind).to_lowercase()
    }

    /// What it is, for the head of its table.
    pub(crate) fn title(&self) -> String {
        let Workload { at_once, in_turn, size, pace, conditions, .. } = self;
        let mut title = format!("{}: {}", self.name(), bytesize::ByteSize(*size).display().iec());
        if *in_turn > 1 {
            title += &format!(", {in_turn} in turn");
        }
        if *at_once > 1 {
            title += &format!(", {at_once} at once");
        }
        if let Some(pace) = pace {
            title += &format!(", client at {} KiB/s", pace.rate / KIB);
        }
        if let Some(rate) = conditions.rate {
            title += &format!(", {} MB/s to the backend", rate / 1_000_000);
        }
        if !conditions.delay.is_zero() {
            title += &format!(", its answers {} ms late", conditions.delay.as_millis());
        }
        title
    }

    pub(crate) fn conditions(&self) -> Conditions {
        self.conditions
    }

    /// Does it: connections first, then all uploads.
    pub(crate) async fn drive(&self, peer: Peer, addr: SocketAddr) -> io::Result<Vec<Took>> {
        let (size, in_turn) = (self.size, self.in_turn);
        // Phones do not all begin in the same moment, nor end.
        let stagger = self.pace.map_or(Duration::ZERO, |_| Duration::from_secs(1)) / self.at_once as u32;
        let mut uploads = JoinSet::new();
        for index in 0..self.at_once {
            let mut client = Client::connect(peer.client(), peer.door(), addr, self.pace).await?;
            uploads.spawn(async move {
                if !stagger.is_zero() {
                    sleep(stagger * index as u32).await;
                }
                let mut took = Vec::with_capacity(in_turn);
                for _ in 0..in_turn {
                    took.push(client.upload(size).await?);
                }
                io::Result::Ok(took)
            });
        }
        let mut all = Vec::new();
        while let Some(done) = uploads.join_next().await {
            all.extend(done.map_err(io::Error::other)??);
        }
        Ok(all)
    }

    /// The figures; the first is the one that peers are compared by. `proxy`: whether `used` is a proxy's.
    pub(crate) fn figures(&self, run: &[Took], used: &Used, proxy: bool) -> Cell {
        let bytes = run.len() as f64 * self.size as f64;
        let ms = |of: fn(&Took) -> Duration, share| {
            let mut all: Vec<f64> = run.iter().map(|took| of(took).as_secs_f64() * 1e3).collect();
            all.sort_by(f64::total_cmp);
            all.get(((all.len() as f64 * share) as usize).min(all.len() - 1)).copied().unwrap_or(f64::NAN)
        };
        let whole = |took: &Took| took.whole;
        let tail = |took: &Took| took.tail;
        let gb_s = ("GB/s", bytes / used.seconds / 1e9);
        let cpu = ("CPU s/GiB", used.cpu_seconds / (bytes / GIB));
        let peak = ("RSS MiB", used.peak_kib / 1024.0);
        let each = ("KiB/upload", (used.peak_kib - used.idle_kib) / self.at_once as f64);
        let delay = self.conditions.delay.as_secs_f64();
        let mut cell = match self.kind {
            Kind::Big | Kind::Doors => vec![gb_s, cpu, peak],
            Kind::Many => {
                vec![gb_s, cpu, peak, each, ("p50 ms", ms(whole, 0.5)), ("p99 ms", ms(whole, 0.99))]
            }
            Kind::Small => vec![
                ("p50 ms", ms(whole, 0.5)),
                ("p99 ms", ms(whole, 0.99)),
                ("CPU us/PUT", used.cpu_seconds * 1e6 / run.len() as f64),
            ],
            Kind::Tail => {
                vec![("tail ms", ms(tail, 0.5)), ("round trips", ms(tail, 0.5) / 1e3 / delay), cpu]
            }
            Kind::Rtt => vec![("MB/s", gb_s.1 * 1e3), cpu, peak],
            Kind::Slow => vec![
                ("cores", used.cpu_seconds / used.seconds),
                peak,
                each,
                ("tail p50 ms", ms(tail, 0.5)),
                ("tail p99 ms", ms(tail, 0.99)),
            ],
        };
        if !proxy {
            // The memory of the bench says nothing.
            cell.retain(|(name, _)| ![peak.0, each.0].contains(name));
        }
        cell
    }

    /// Whether more of the first figure is better.
    pub(crate) fn more_is_better(&self) -> bool {
        matches!(self.kind, Kind::Big | Kind::Doors | Kind::Many | Kind::Rtt)
    }
}
