//! New inputs of old ones.

use fastrand::Rng;
use std::collections::BTreeSet;

/// What is put in, beside the words of the seeds: ends of ranges, and what means something to some reader.
#[rustfmt::skip]
const PIECES: &[&[u8]] = &[
    b"\n", b"\r\n", b"\r\n\r\n", b"\0", b" ", b"\t", b":", b";", b",", b"=", b"\"", b"{", b"}", b"[", b"]", b"#", b"?", b"/", b"\\", b"..", b"//",
    b"0", b"1", b"-1", b"007", b"1e3", b"0x10", b"4294967296", b"999999999999999", b"9007199254740993", b"9223372036854775808",
    b"18446744073709551615", b"18446744073709551616", b"99999999999999999999", b"0.5", b"nan", b"?0", b"?1", b"null", b"true", b"false",
    b"%", b"%00", b"%0d%0a", b"%20", b"%25", b"%2e%2e", b"%2f", b"%5c", b"%c0%ae", b"%e2%80%ae", b"%ef%bc%8f", b"\xff", b"\xc3\xa4",
    b"\xef\xbc\x8e", b"~1", b"con", b"web.config", b"::$DATA",
];

/// Mutates seeds.
pub(crate) struct Mutator {
    seeds: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
}

impl Mutator {
    pub(crate) fn new(seeds: Vec<Vec<u8>>) -> Self {
        let is_split = |byte: &u8| b" \n\r:;,=/?&\"{}[]".contains(byte);
        let words = seeds.iter().flat_map(|seed| seed.split(is_split)).filter(|word| word.len() > 1);
        let words: BTreeSet<&[u8]> = words.chain(PIECES.iter().copied()).collect();
        let words = words.into_iter().map(<[u8]>::to_vec).collect();
        Mutator { seeds, words }
    }

    /// One input, of a seed and its number alone.
    pub(crate) fn input(&self, seed: u64, number: u64) -> Vec<u8> {
        let mut rng = Rng::with_seed(seed.wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        let mut bytes = self.pick(&mut rng).to_vec();
        for _ in 0..[1, 1, 2, 4][rng.usize(..4)] {
            self.mutate(&mut bytes, &mut rng);
        }
        bytes
    }

    fn pick(&self, rng: &mut Rng) -> &[u8] {
        &self.seeds[rng.usize(..self.seeds.len())]
    }

    fn mutate(&self, bytes: &mut Vec<u8>, rng: &mut Rng) {
        let (at, other) = (rng.usize(..=bytes.len()), rng.usize(..=bytes.len()));
        let range = at.min(other)..at.max(other).min(at.min(other) + 16);
        match rng.u8(..12) {
            0 if at < bytes.len() => bytes[at] = rng.u8(..),
            1 if at < bytes.len() => bytes[at] ^= 1 << rng.u8(..8),
            2 => drop(bytes.drain(range)),
            3 => {
                let copy = bytes[range].to_vec();
                bytes.splice(other..other, copy);
            }
            4 => {
                let end = self.pick(rng);
                bytes.truncate(at);
                bytes.extend_from_slice(&end[rng.usize(..=end.len())..]);
            }
            5 => {
                let line = self.line(rng);
                bytes.extend_from_slice(b"\n");
                bytes.extend_from_slice(line);
            }
            6 | 7 => self.replace_word(bytes, at, rng),
            _ => {
                let word = &self.words[rng.usize(..self.words.len())];
                bytes.splice(at..at, word.iter().copied());
            }
        }
    }

    /// A line of some seed.
    fn line(&self, rng: &mut Rng) -> &[u8] {
        let lines: Vec<&[u8]> = self.pick(rng).split(|&byte| byte == b'\n').collect();
        lines[rng.usize(..lines.len())]
    }

    /// Puts one word in the place of that which begins behind `at`: a header's value, a number.
    fn replace_word(&self, bytes: &mut Vec<u8>, at: usize, rng: &mut Rng) {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.%".contains(byte);
        let Some(from) = bytes[at..].iter().position(is_word).map(|from| at + from) else { return };
        let to = bytes[from..].iter().position(|byte| !is_word(byte)).map_or(bytes.len(), |to| from + to);
        let word = &self.words[rng.usize(..self.words.len())];
        bytes.splice(from..to, word.iter().copied());
    }
}
