//! One schedule: everything that a seed decides beforehand.

use crate::faults::Weather;
use fastrand::Rng;
use http::Method;
use put2bits::bits::server::{Broken, Knobs, OffsetOn416, OverlapRule, PublishAt, UnknownSession};
use put2bits::bits::{AmbiguousClose, Profile};
use put2bits::limits::{FragmentLimits, Limits, RetryLimits};
use put2bits::resumable::Version;
use std::time::Duration;

/// What the first request says about the digest of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    Nothing,
    Right,
    /// Not that of the bytes that come.
    Wrong,
}

/// Everything that a seed decides beforehand.
#[derive(Debug)]
pub(crate) struct Schedule {
    pub(crate) seed: u64,
    /// Nothing happens that an upload may be lost by: every one has to be stored.
    pub(crate) gentle: bool,
    /// Size of each phone's file. Bytes.
    pub(crate) totals: Vec<u64>,
    pub(crate) knobs: Knobs,
    /// Of the route; nothing: by recognition.
    pub(crate) profile: Option<&'static Profile>,
    pub(crate) weather: Weather,
    /// Exchanges after which the weather is fine.
    pub(crate) weather_ends: u64,
    pub(crate) limits: Limits,
    pub(crate) ambiguous_close: AmbiguousClose,
    /// Files of the same size lie at the targets.
    pub(crate) older_file: bool,
    /// The server serves the targets by HEAD.
    pub(crate) serves_reads: bool,
    /// How often the proxy dies.
    pub(crate) deaths: u32,
    /// Longest life of the proxy, counted in what it does to the world outside.
    pub(crate) life: u64,
    /// What a record takes at the most to get durable.
    pub(crate) store: Duration,
    /// The phone's will to make trouble: how many of its requests do.
    pub(crate) troubles: u32,
    pub(crate) version: &'static Version,
    pub(crate) method: Method,
    pub(crate) has_credentials: bool,
    /// It sends the file in parts.
    pub(crate) in_parts: bool,
    /// Parts do not tell their length.
    pub(crate) chunked: bool,
    pub(crate) said: Said,
    pub(crate) wants_digest: bool,
    /// It is told how far it is, so often.
    pub(crate) progress: Option<Duration>,
    /// What it delivers at once, at the most. Bytes.
    pub(crate) piece: usize,
    /// Longest pause between two pieces.
    pub(crate) pace: Duration,
    /// It gives the upload up some time, or never comes back.
    pub(crate) may_give_up: bool,
}

impl Schedule {
    /// Everything that can happen.
    pub(crate) fn hostile(seed: u64) -> Self {
        let (mut schedule, mut rng) = Schedule::new(seed);
        schedule.weather = Weather { per_mille: [0, 20, 60, 150, 400][rng.usize(..5)], fatal: true };
        let knobs = &mut schedule.knobs;
        knobs.wire.offset_on_416 = [OffsetOn416::Exact, OffsetOn416::Misspelt, OffsetOn416::Omitted]
            [[0, 0, 0, 1, 2][rng.usize(..5)]];
        knobs.wire.offset_on_ok = rng.u8(..) > 12;
        knobs.session.unknown = [
            UnknownSession::NotFound500,
            UnknownSession::NotFound500,
            UnknownSession::Zero400,
            UnknownSession::Generic500,
            UnknownSession::Status404,
        ][rng.usize(..5)];
        knobs.session.bound_to_connection = rng.u8(..) < 6;
        if rng.u8(..) < 12 {
            knobs.publish.at = PublishAt::LastFragment;
        }
        schedule.ambiguous_close =
            [AmbiguousClose::Verify, AmbiguousClose::Verify, AmbiguousClose::Fail][rng.usize(..3)];
        schedule.serves_reads = rng.u8(..) < 200;
        schedule.may_give_up = rng.u8(..) < 40;
        if rng.u8(..) < 25 {
            schedule.said = Said::Wrong;
        }
        schedule
    }

    /// Deaths, drops and trouble that passes, at a server that may get bytes again: nothing is lost by that.
    pub(crate) fn gentle(seed: u64) -> Self {
        let (mut schedule, mut rng) = Schedule::new(seed);
        schedule.gentle = true;
        if !schedule.profile.is_some_and(|profile| profile.overlap.may_resend()) {
            schedule.profile = Some(&Profile::REFUSE);
            schedule.knobs.fragment.overlap = OverlapRule::Refuse;
        }
        schedule.weather = Weather { per_mille: [0, 30, 150, 300][rng.usize(..4)], fatal: false };
        schedule
    }

    /// No fault at all but what the phone does in order.
    pub(crate) fn calm(seed: u64) -> Self {
        let mut schedule = Schedule::gentle(seed);
        schedule.weather.per_mille = 0;
        schedule.deaths = 0;
        schedule.troubles = 0;
        schedule
    }

    fn new(seed: u64) -> (Self, Rng) {
        let mut rng = Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x104);
        let mut knobs = Knobs::strict();
        let profile = server(&mut knobs, &mut rng);
        if rng.bool() {
            knobs.fragment.broken = Broken::Keep;
        }
        knobs.wire.session_id = rng.bool();
        if rng.u8(..) < 25 {
            knobs.fragment.short_take = Some(rng.u64(20..400));
        }
        let phones = if rng.u8(..) < 25 { 2 } else { 1 };
        let totals = (0..phones)
            .map(|_| match rng.u8(0..10) {
                0 => rng.u64(0..3),
                1 => 256 * rng.u64(1..16),
                _ => rng.u64(1..5_000),
            })
            .collect();
        let schedule = Schedule {
            seed,
            gentle: false,
            totals,
            knobs,
            profile: Some(profile),
            weather: Weather { per_mille: 0, fatal: false },
            weather_ends: [20, 60, 200][rng.usize(..3)],
            limits: limits(&mut rng),
            ambiguous_close: AmbiguousClose::Verify,
            older_file: rng.bool(),
            serves_reads: true,
            deaths: [0, 1, 2, 5][rng.usize(..4)],
            life: [12, 40, 120][rng.usize(..3)],
            store: Duration::from_millis([0, 20, 20, 3_000][rng.usize(..4)]),
            troubles: [0, 2, 5, 10][rng.usize(..4)],
            version: &Version::ALL[rng.usize(..Version::ALL.len())],
            method: [Method::PUT, Method::POST][rng.usize(..2)].clone(),
            has_credentials: rng.u8(..) < 180,
            in_parts: rng.u8(..) < 80,
            chunked: rng.u8(..) < 25,
            said: if rng.u8(..) < 60 { Said::Right } else { Said::Nothing },
            wants_digest: rng.u8(..) < 25,
            progress: (rng.u8(..) < 50).then_some(Duration::from_millis(700)),
            piece: [100, 700, 5_000][rng.usize(..3)],
            pace: Duration::from_millis([0, 30, 800][rng.usize(..3)]),
            may_give_up: false,
        };
        (schedule, rng)
    }
}

/// A kind of server, and what the route takes it for.
fn server(knobs: &mut Knobs, rng: &mut Rng) -> &'static Profile {
    let (overlap, profile) = match rng.u8(0..8) {
        0 | 1 => (OverlapRule::Refuse, &Profile::REFUSE),
        2 => (OverlapRule::Refuse, &Profile::IIS),
        3 | 4 => (OverlapRule::Trim, &Profile::TRIM),
        5 => (OverlapRule::TrimOrRefuse, &Profile::REFUSE),
        6 => (OverlapRule::Append, &Profile::APPEND),
        _ => {
            let rules = [OverlapRule::Append, OverlapRule::Overwrite, OverlapRule::Refuse, OverlapRule::Trim];
            (rules[rng.usize(..4)], &Profile::UNKNOWN)
        }
    };
    knobs.fragment.overlap = overlap;
    profile
}

fn limits(rng: &mut Rng) -> Limits {
    let window = Duration::from_secs([5, 60, 300][rng.usize(..3)]);
    let mut limits = Limits {
        memory: [2_000, 1 << 20][rng.usize(..2)] + 40_000,
        fragment: FragmentLimits { min: 64, first: 256, max: 1024, time: Duration::from_secs(1) },
        retry: RetryLimits { window, ..RetryLimits::default() },
        ..Limits::default()
    };
    limits.uploads.expire = Duration::from_secs(4 * 3600);
    limits
}
