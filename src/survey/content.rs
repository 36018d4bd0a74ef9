//! What is in scratch files.

use bytes::Bytes;

/// The bytes `from..to` of every scratch file. No two places look the same for long, so that what was put in the wrong
/// place shows.
pub(super) fn bytes(from: u64, to: u64) -> Bytes {
    let byte = |at: u64| {
        let mixed = (at ^ (at >> 13)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 56) as u8
    };
    (from..to).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_looks_the_same_wherever_it_is_cut() {
        assert_eq!(bytes(0, 100).slice(40..70), bytes(40, 70));
        assert_ne!(bytes(0, 4096), bytes(4096, 8192));
    }
}
