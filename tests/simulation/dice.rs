//! What decides where nothing else does: a generator with a seed, or the bytes that a fuzzer thought of.

use super::faults::Throw;
use fastrand::Rng;
use std::ops::{Bound, RangeBounds};

/// Decides everything in a schedule. Bytes decide as long as there are any, then a generator does.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    seed: u64,
    bytes: Vec<u8>,
    rng: Rng,
}

impl From<u64> for Dice {
    fn from(seed: u64) -> Self {
        let rng = Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5EED);
        Dice { seed, bytes: Vec::new(), rng }
    }
}

impl From<&[u8]> for Dice {
    fn from(bytes: &[u8]) -> Self {
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        let seed = bytes.iter().fold(0xCBF2_9CE4_8422_2325, mix);
        // The last byte decides first.
        Dice { bytes: bytes.iter().rev().copied().collect(), ..Dice::from(seed) }
    }
}

impl Dice {
    /// What the schedule is called.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// The dice of what happens on the way, beside those of what was decided beforehand.
    pub(crate) fn split(&mut self) -> Dice {
        let bytes = self.bytes.drain(..self.bytes.len().saturating_sub(64)).collect();
        Dice { seed: self.seed, bytes, rng: Rng::with_seed(self.seed) }
    }

    pub(crate) fn bool(&mut self) -> bool {
        self.bytes.pop().map(|byte| byte & 1 == 1).unwrap_or_else(|| self.rng.bool())
    }

    pub(crate) fn f64(&mut self) -> f64 {
        self.bytes.pop().map(|byte| f64::from(byte) / 256.0).unwrap_or_else(|| self.rng.f64())
    }

    pub(crate) fn u64(&mut self, range: impl RangeBounds<u64>) -> u64 {
        let (start, end) = (range.start_bound().cloned(), range.end_bound().cloned());
        self.thrown(start, end, u64::MAX).unwrap_or_else(|| self.rng.u64(range))
    }

    pub(crate) fn usize(&mut self, range: impl RangeBounds<usize>) -> usize {
        let (start, end) = (range.start_bound().map(|n| *n as u64), range.end_bound().map(|n| *n as u64));
        self.thrown(start, end, u64::MAX).map_or_else(|| self.rng.usize(range), |n| n as usize)
    }

    /// 128 bits that nobody can foresee, and so no fuzzer decides.
    pub(crate) fn u128(&mut self) -> u128 {
        self.rng.u128(..)
    }

    /// A number of the range, of as many bytes as it takes; nothing once there are none.
    fn thrown(&mut self, start: Bound<u64>, end: Bound<u64>, largest: u64) -> Option<u64> {
        let low = match start {
            Bound::Included(low) => low,
            Bound::Excluded(below) => below + 1,
            Bound::Unbounded => 0,
        };
        let high = match end {
            Bound::Included(high) => high,
            Bound::Excluded(above) => above - 1,
            Bound::Unbounded => largest,
        };
        let span = high - low;
        let mut number = u64::from(self.bytes.pop()?);
        let mut seen = u64::from(u8::MAX);
        while seen < span {
            number = number << 8 | u64::from(self.bytes.pop().unwrap_or(0));
            seen = seen << 8 | u64::from(u8::MAX);
        }
        Some(span.checked_add(1).map_or(number, |count| low + number % count))
    }
}

impl Throw for Dice {
    fn u8(&mut self, range: impl RangeBounds<u8>) -> u8 {
        let (start, end) = (range.start_bound().map(|n| (*n).into()), range.end_bound().map(|n| (*n).into()));
        self.thrown(start, end, u8::MAX.into()).map_or_else(|| self.rng.u8(range), |n| n as u8)
    }

    fn u16(&mut self, range: impl RangeBounds<u16>) -> u16 {
        let (start, end) = (range.start_bound().map(|n| (*n).into()), range.end_bound().map(|n| (*n).into()));
        self.thrown(start, end, u16::MAX.into()).map_or_else(|| self.rng.u16(range), |n| n as u16)
    }

    fn index(&mut self, count: usize) -> usize {
        self.usize(..count)
    }
}
