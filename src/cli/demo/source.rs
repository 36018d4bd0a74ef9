//! What the demo sends: a file, or bytes made on the fly. They are hashed on the way out, so that both ends can be
//! compared.

use crate::phone::{Content, File};
use sha2::{Digest, Sha256};
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Something to send, whose bytes are hashed when they are first read.
pub(super) struct Source {
    content: Box<dyn Content>,
    hash: Arc<Mutex<Hash>>,
}

/// The hash of everything before a place.
#[derive(Default)]
struct Hash {
    hasher: Sha256,
    place: u64,
}

impl Source {
    /// A file.
    pub(super) fn file(path: &Path) -> io::Result<Self> {
        Ok(Source::of(File::open(path)?))
    }

    /// That many bytes without a pattern.
    pub(super) fn generated(length: u64) -> Self {
        Source::of(Noise { length })
    }

    fn of(content: impl Content) -> Self {
        Source { content: Box::new(content), hash: Arc::default() }
    }

    /// SHA-256 of the whole; nothing, if it has not been read to its end.
    pub(super) fn sha256(&self) -> Option<[u8; 32]> {
        // Bytes are counted when they have been hashed: a panic elsewhere leaves both as they were.
        let hash = self.hash.lock().unwrap_or_else(PoisonError::into_inner);
        (hash.place == self.length()).then(|| hash.hasher.clone().finalize().into())
    }
}

impl Content for Source {
    fn length(&self) -> u64 {
        self.content.length()
    }

    fn open(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let reader = self.content.open(offset)?;
        Ok(Box::new(Hashing { reader, place: offset, hash: Arc::clone(&self.hash) }))
    }
}

/// Reads on, and hashes what has not been hashed. It begins where bytes have been read before, or at the first.
struct Hashing {
    reader: Box<dyn Read + Send>,
    place: u64,
    hash: Arc<Mutex<Hash>>,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        let mut hash = self.hash.lock().unwrap_or_else(PoisonError::into_inner);
        let known = usize::try_from(hash.place.saturating_sub(self.place)).unwrap_or(usize::MAX);
        if known < length {
            hash.hasher.update(&buffer[known..length]);
            hash.place = self.place + length as u64;
        }
        self.place += length as u64;
        Ok(length)
    }
}

/// Bytes of a generator, each block from a seed of its own: so they can be made from any place on.
struct Noise {
    length: u64,
}

/// Bytes from one seed.
const BLOCK: u64 = 64 * 1024;

impl Content for Noise {
    fn length(&self) -> u64 {
        self.length
    }

    fn open(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(NoiseReader { place: offset, block: Vec::new() }))
    }
}

/// Reads on without an end.
struct NoiseReader {
    place: u64,
    /// The one that `place` is in; none yet.
    block: Vec<u8>,
}

impl Read for NoiseReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let within = (self.place % BLOCK) as usize;
        if within == 0 || self.block.is_empty() {
            self.block.resize(BLOCK as usize, 0);
            fastrand::Rng::with_seed(self.place / BLOCK).fill(&mut self.block);
        }
        let rest = &self.block[within..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.place += length as u64;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many bytes from a place on.
    fn read(content: &dyn Content, offset: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        content.open(offset).unwrap().read_exact(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn noise_is_the_same_from_every_place() {
        let source = Source::generated(200_000);
        let whole = read(&source, 0, 200_000);
        for offset in [1, 65_535, 65_536, 65_537, 199_999] {
            assert_eq!(
                read(&source, offset, 200_000 - offset as usize),
                whole[offset as usize..],
                "{offset}"
            );
        }
        assert_ne!(whole[..65_536], whole[65_536..131_072]);
    }

    #[test]
    fn what_is_read_twice_is_hashed_once() {
        let source = Source::generated(200_000);
        assert_eq!(source.sha256(), None);
        for (offset, length) in [(0, 100_000), (50_000, 20_000), (90_000, 30_000), (120_000, 79_999)] {
            read(&source, offset, length);
            assert_eq!(source.sha256(), None, "{offset}");
        }
        read(&source, 10, 199_990);
        let whole = read(&source, 0, 200_000);
        assert_eq!(source.sha256(), Some(Sha256::digest(whole).into()));
        assert_eq!(Source::generated(0).sha256(), Some(Sha256::digest(b"").into()));
    }
}
