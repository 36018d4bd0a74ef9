//! The bytes that are held, as they came. They are not copied, but for small pieces: each would keep a whole read buffer
//! alive, and memory would be more than what is counted. Knows no offsets but those from its own first byte.

use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;

/// Pieces below this size are copied together. hyper reads into buffers of 8 KiB and more, and sizes them by what
/// came last. Bytes.
const SMALL: usize = 16 * 1024;

/// Room for small pieces that is made at once. What is left of it is memory that nothing counts. Bytes.
const ROOM: usize = 8 * 1024;

/// Bytes in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    sealed: VecDeque<Bytes>,
    /// The end of it, if that came in small pieces. It can be neither sliced nor taken before it is sealed.
    small: BytesMut,
}

impl Pieces {
    /// Holds more bytes.
    pub(super) fn hold(&mut self, data: Bytes) {
        if data.len() < SMALL {
            self.copy(&data);
        } else {
            self.seal();
            self.sealed.push_back(data);
        }
    }

    fn copy(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.small.capacity() - self.small.len();
            if room == 0 {
                self.seal();
                self.small.reserve(ROOM);
                continue;
            }
            let (fits, rest) = bytes.split_at(bytes.len().min(room));
            self.small.extend_from_slice(fits);
            bytes = rest;
        }
    }

    /// Makes a piece of what was copied together.
    pub(super) fn seal(&mut self) {
        if !self.small.is_empty() {
            // What room is left behind it serves the next.
            self.sealed.push_back(self.small.split().freeze());
        }
    }

    /// The bytes `from..to`, counted from the first one held, as far as they are sealed.
    pub(super) fn slice(&self, from: u64, to: u64) -> Vec<Bytes> {
        let mut slices = Vec::with_capacity(self.sealed.len());
        let mut at = 0;
        for piece in &self.sealed {
            let next = at + piece.len() as u64;
            let (first, last) = (from.max(at), to.min(next));
            if first < last {
                // Both are offsets within a piece in memory: they fit.
                slices.push(piece.slice((first - at) as usize..(last - at) as usize));
            }
            at = next;
        }
        slices
    }

    /// Takes the first bytes out, at most `most`; nothing if none are sealed.
    pub(super) fn take(&mut self, most: u64) -> Option<Bytes> {
        let piece = self.sealed.front_mut()?;
        let taken = piece.split_to(most.min(piece.len() as u64) as usize);
        if piece.is_empty() {
            self.sealed.pop_front();
        }
        (!taken.is_empty()).then_some(taken)
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.sealed.clear();
        self.small.clear();
    }
}
