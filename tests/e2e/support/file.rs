//! Files that nobody has to store: their bytes follow from the offset, so that one out of place is noticed.

use sha2::{Digest, Sha256};
use std::sync::OnceLock;

/// Length of the pattern: prime, so that no fragment size is a multiple of it and every shift is another file.
const PATTERN: usize = 1_048_573;

/// A file of so many bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File {
    pub(crate) size: u64,
    /// Tells files of the same size apart.
    number: u64,
    /// It is the rest of a file from this offset on.
    from: u64,
}

fn pattern() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let mut bytes = vec![0; PATTERN];
        fastrand::Rng::with_seed(2).fill(&mut bytes);
        bytes
    })
}

impl File {
    pub(crate) fn new(size: u64) -> File {
        File { size, number: 0, from: 0 }
    }

    /// Another file of the same size.
    pub(crate) fn number(self, number: u64) -> File {
        File { number, ..self }
    }

    /// What is left of it from that offset on.
    pub(crate) fn rest(self, offset: u64) -> File {
        File { size: self.size - offset, from: self.from + offset, ..self }
    }

    /// Some bytes from `offset` on; none at the end.
    pub(crate) fn piece(&self, offset: u64) -> &'static [u8] {
        let at = ((self.from + offset + 1_000 * self.number) % PATTERN as u64) as usize;
        let piece = &pattern()[at..];
        let left = usize::try_from(self.size - offset).unwrap_or(usize::MAX);
        &piece[..piece.len().min(left)]
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < self.size {
            bytes.extend_from_slice(self.piece(bytes.len() as u64));
        }
        bytes
    }

    pub(crate) fn sha256(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut offset = 0;
        while offset < self.size {
            let piece = self.piece(offset);
            hash.update(piece);
            offset += piece.len() as u64;
        }
        hash.finalize().into()
    }
}
