//! One schedule: everything that is decided beforehand.

use super::dice::Dice;
use super::farm::Farm;
use super::faults::{Interruptions, Throw as _, Weather};
use put2bits::bits::server::{
    Broken, EmptyFile, FragmentLimit, Knobs, LimitAnswer, OffsetOn416, OverlapRule, PublishAt, UnknownSession,
};
use put2bits::bits::{AmbiguousClose, Profile};
use put2bits::limits::{FragmentLimits, RetryLimits};
use std::time::Duration;

/// Everything that is decided beforehand.
#[derive(Debug)]
pub(crate) struct Schedule {
    pub(crate) seed: u64,
    /// What decides on the way.
    pub(crate) dice: Dice,
    pub(crate) total: u64,
    pub(crate) fragment: FragmentLimits,
    /// Longest time in which the client delivers a fragment.
    pub(crate) pace: Duration,
    /// What the client sends in one request: up to where, and whether the file is complete then.
    pub(crate) parts: Vec<(u64, bool)>,
    pub(crate) knobs: Knobs,
    pub(crate) profile: &'static Profile,
    pub(crate) weather: Weather,
    /// Exchanges after which the weather is fine.
    pub(crate) weather_ends: u64,
    pub(crate) retry: RetryLimits,
    pub(crate) ambiguous_close: AmbiguousClose,
    /// Whether sessions outlive an attempt.
    pub(crate) lasting: bool,
    pub(crate) interruptions: Interruptions,
    /// Step at which the client goes away for good.
    pub(crate) leaves: Option<u64>,
    /// Step at which the digest turns out to be wrong.
    pub(crate) withheld: Option<u64>,
    /// An older file of the same size lies at the target.
    pub(crate) older_file: bool,
    /// The server serves the target by HEAD.
    pub(crate) serves_reads: bool,
    /// The server is one of several.
    pub(crate) farm: Option<Farm>,
    /// The server asks for credentials every now and then, and takes fresh ones.
    pub(crate) challenges: bool,
}

impl Schedule {
    /// Largest file, bytes.
    pub(crate) const LARGEST: u64 = 400_000;

    fn new(dice: impl Into<Dice>) -> (Self, Dice) {
        let mut rng: Dice = dice.into();
        let dice = rng.split();
        let mut knobs = Knobs::strict();
        let profile = match rng.u8(0..8) {
            0 | 1 => {
                knobs.fragment.overlap = OverlapRule::Refuse;
                &Profile::REFUSE
            }
            2 => &Profile::IIS,
            3 | 4 => {
                knobs.fragment.overlap = OverlapRule::Trim;
                &Profile::TRIM
            }
            5 => {
                knobs.fragment.overlap = OverlapRule::TrimOrRefuse;
                &Profile::REFUSE
            }
            6 => {
                knobs.fragment.overlap = OverlapRule::Append;
                &Profile::APPEND
            }
            _ => {
                knobs.fragment.overlap =
                    [OverlapRule::Append, OverlapRule::Overwrite, OverlapRule::Refuse, OverlapRule::Trim]
                        [rng.usize(..4)];
                &Profile::UNKNOWN
            }
        };
        if rng.bool() {
            knobs.fragment.broken = Broken::Keep;
        }
        knobs.wire.session_id = rng.bool();
        if rng.u8(..) < 25 {
            knobs.fragment.short_take = Some(rng.u64(100..3000));
        }
        if rng.u8(..) < 25 {
            let answer = [LimitAnswer::Early413, LimitAnswer::Late413, LimitAnswer::Html404][rng.usize(..3)];
            knobs.http.max_fragment = Some(FragmentLimit { bytes: rng.u64(5 * 1024..20_000), answer });
        }
        let total = match rng.u8(0..10) {
            0 => rng.u64(0..3),
            1 => 4096 * rng.u64(1..8),
            _ => rng.u64(1..40_000),
        };
        let schedule = Schedule {
            seed: rng.seed(),
            dice,
            total,
            fragment: FragmentLimits { min: 512, first: 2048, max: 8192, time: Duration::from_secs(1) },
            pace: Duration::from_millis([200, 3_000][rng.usize(..2)]),
            parts: vec![(total, true)],
            knobs,
            profile,
            weather: Weather { per_mille: 0, fatal: false },
            weather_ends: u64::MAX,
            retry: RetryLimits::default(),
            ambiguous_close: AmbiguousClose::Verify,
            lasting: false,
            interruptions: Interruptions::NONE,
            leaves: None,
            withheld: None,
            older_file: rng.bool(),
            serves_reads: true,
            farm: None,
            challenges: false,
        };
        (schedule, rng)
    }

    /// No faults: the quirks alone.
    pub(crate) fn calm(dice: impl Into<Dice>) -> Self {
        Schedule::new(dice).0
    }

    /// An upload over several attempts, some of them parts.
    fn resumable(&mut self, rng: &mut Dice) {
        self.lasting = true;
        if rng.u8(..) < 2 {
            // Large enough for a server in doubt to be asked with one byte.
            self.total = rng.u64(100_000..Schedule::LARGEST);
            self.fragment = FragmentLimits { first: 100_000, max: 200_000, ..self.fragment.clone() };
        }
        let mut ends: Vec<u64> = match rng.u8(0..4) {
            0 => (0..rng.u8(1..4)).map(|_| rng.u64(0..=self.total)).collect(),
            _ => Vec::new(),
        };
        if !ends.is_empty() && rng.bool() {
            // That it is complete is said by a last part of no bytes.
            ends.push(self.total);
        }
        ends.sort_unstable();
        self.parts = ends.into_iter().map(|end| (end, false)).chain([(self.total, true)]).collect();
    }

    /// No fault but that the proxy dies, again and again.
    pub(crate) fn deaths_alone(dice: impl Into<Dice>) -> Self {
        let (mut schedule, mut rng) = Schedule::new(dice);
        schedule.resumable(&mut rng);
        let (per_mille, most) = ([30, 100, 300][rng.usize(..3)], rng.u64(1..30));
        schedule.interruptions = Interruptions { per_mille, most, kinds: Interruptions::DEATHS };
        schedule
    }

    /// No fault but that the client goes away and comes back; where no byte may be sent twice, only between two exchanges.
    pub(crate) fn drops_alone(dice: impl Into<Dice>) -> Self {
        let mut schedule = Schedule::deaths_alone(dice);
        let clean = !schedule.profile.overlap.may_resend();
        schedule.interruptions.kinds = if clean { Interruptions::CLEAN_DROPS } else { Interruptions::DROPS };
        schedule
    }

    /// Trouble that ends, at a server that may get bytes again.
    pub(crate) fn passing_trouble(dice: impl Into<Dice>) -> Self {
        let (mut schedule, mut rng) = Schedule::new(dice);
        if !schedule.profile.overlap.may_resend() {
            schedule.profile = &Profile::REFUSE;
            schedule.knobs.fragment.overlap = OverlapRule::Refuse;
        }
        schedule.weather = Weather { per_mille: 300, fatal: false };
        schedule.weather_ends = rng.u64(1..40);
        // Long enough for a run of forty faults.
        schedule.retry.window = Duration::from_secs(3600);
        schedule.retry.create_window = schedule.retry.window;
        schedule.challenges = rng.bool();
        if rng.u8(..) < 64 {
            let fallback = Some(u32::from(rng.u8(0..120)));
            schedule.farm = Some(Farm { shared: true, fallback, dies_per_mille: 100, evil: false });
        }
        schedule
    }

    /// Nothing but nodes that die.
    fn farm(dice: impl Into<Dice>, shared: bool) -> Self {
        let (mut schedule, mut rng) = Schedule::new(dice);
        let fallback = Some(u32::from(rng.u8(0..120)));
        let dies_per_mille = [30, 100, 300][rng.usize(..3)];
        schedule.farm = Some(Farm { shared, fallback, dies_per_mille, evil: false });
        schedule.challenges = rng.bool();
        if rng.bool() {
            schedule.resumable(&mut rng);
        }
        // Some attempts end before the node is given up: what was waited for must not begin anew with each.
        schedule.retry.window = Duration::from_secs([30, 3600][usize::from(!schedule.lasting)]);
        schedule.retry.create_window = schedule.retry.window;
        schedule
    }

    /// Nodes that share their storage.
    pub(crate) fn farm_that_shares(dice: impl Into<Dice>) -> Self {
        Schedule::farm(dice, true)
    }

    /// Nodes that know their own sessions alone.
    pub(crate) fn farm_that_does_not(dice: impl Into<Dice>) -> Self {
        Schedule::farm(dice, false)
    }

    /// Everything that can happen.
    pub(crate) fn hostile(dice: impl Into<Dice>) -> Self {
        let (mut schedule, mut rng) = Schedule::new(dice);
        schedule.weather = Weather { per_mille: [20, 60, 150, 400][rng.usize(..4)], fatal: true };
        schedule.retry.window = Duration::from_secs([5, 60, 300][rng.usize(..3)]);
        let wire = &mut schedule.knobs.wire;
        wire.offset_on_416 = [OffsetOn416::Exact, OffsetOn416::Misspelt, OffsetOn416::Omitted]
            [[0, 0, 0, 1, 2][rng.usize(..5)]];
        wire.offset_on_ok = rng.u8(..) > 12;
        schedule.knobs.session.unknown = [
            UnknownSession::NotFound500,
            UnknownSession::NotFound500,
            UnknownSession::Zero400,
            UnknownSession::Generic500,
            UnknownSession::Status404,
        ][rng.usize(..5)];
        schedule.knobs.session.bound_to_connection = rng.u8(..) < 12;
        if rng.u8(..) < 25 {
            schedule.knobs.publish.at = PublishAt::LastFragment;
        }
        if rng.u8(..) < 25 {
            schedule.knobs.publish.zero_length = EmptyFile::Refuse416;
        }
        schedule.ambiguous_close =
            [AmbiguousClose::Verify, AmbiguousClose::Verify, AmbiguousClose::Fail][rng.usize(..3)];
        schedule.serves_reads = rng.u8(..) < 200;
        if rng.u8(..) < 25 {
            schedule.leaves = Some(rng.u64(1..60));
        }
        if !schedule.seed.is_multiple_of(6) {
            schedule.resumable(&mut rng);
            let (per_mille, most) = ([60, 150, 400][rng.usize(..3)], rng.u64(1..16));
            schedule.interruptions = Interruptions { per_mille, most, kinds: Interruptions::ALL };
            if rng.u8(..) < 12 {
                schedule.withheld = Some(rng.u64(1..60));
            }
        }
        if rng.u8(..) < 60 {
            let fallback = [None, Some(u32::from(rng.u8(0..100)))][rng.usize(..2)];
            let (shared, evil) = (rng.bool(), rng.u8(..) < 64);
            schedule.farm =
                Some(Farm { shared, fallback, dies_per_mille: [0, 10, 60][rng.usize(..3)], evil });
        }
        schedule.challenges = rng.u8(..) < 60;
        schedule
    }
}
