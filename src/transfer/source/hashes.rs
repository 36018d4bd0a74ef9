//! The digests of a body: of what the backend has, and, where the client sent one, of what came, which has to come to it
//! before any of it counts.

use crate::digest::{Digests, Hasher};
use crate::error::{Failure, Problem};

/// What is hashed.
#[derive(Debug)]
pub(super) struct Hashes {
    /// All bytes that the backend has.
    known: Hasher,
    /// None: the body needs no check, or has stood it.
    unchecked: Option<Unchecked>,
}

/// A body that is to be checked before any of it counts.
#[derive(Debug)]
struct Unchecked {
    /// What it has to come to.
    expected: Digests,
    /// Of what came of it.
    body: Hasher,
    /// Of what the backend has, with those bytes of the body that it needs no more.
    file: Hasher,
}

impl Hashes {
    /// `known`: of the bytes that the backend has. `digests`: what the body has to come to.
    pub(super) fn new(known: Hasher, digests: Digests) -> Self {
        let unchecked = (!digests.is_empty()).then(|| Unchecked {
            body: Hasher::new(digests.algorithms()),
            file: known.clone(),
            expected: digests,
        });
        Hashes { known, unchecked }
    }

    /// Whether the body is still to be checked, so that none of it may be sent.
    pub(super) fn is_unchecked(&self) -> bool {
        self.unchecked.is_some()
    }

    /// Of the bytes that the backend has.
    pub(super) fn known(&self) -> &Hasher {
        &self.known
    }

    /// More of the body came.
    pub(super) fn came(&mut self, bytes: &[u8]) {
        if let Some(unchecked) = &mut self.unchecked {
            unchecked.body.update(bytes);
        }
    }

    /// The backend has the bytes from `at` on. Those that were hashed by an earlier request are not hashed again. Until the
    /// body is checked, they count only with it.
    pub(super) fn acknowledged(&mut self, at: u64, bytes: &[u8]) {
        let hasher = self.unchecked.as_mut().map_or(&mut self.known, |unchecked| &mut unchecked.file);
        let hashed = hasher.position().saturating_sub(at).min(bytes.len() as u64);
        hasher.update(&bytes[hashed as usize..]);
    }

    /// Compares the body, whole now, with what it has to come to.
    pub(super) fn check(&mut self) -> Result<(), Failure> {
        let Some(unchecked) = self.unchecked.take() else { return Ok(()) };
        match unchecked.expected.check(&unchecked.body.digests()) {
            Ok(()) => {
                self.known = unchecked.file;
                Ok(())
            }
            Err(algorithm) => {
                self.unchecked = Some(unchecked);
                let detail = format!("the {} of the part is not its Content-Digest", algorithm.name());
                Err(Failure::new(Problem::DigestMismatch, detail))
            }
        }
    }
}
