//! Computes digests of a file that comes in pieces, perhaps over several lives of the process.

use super::{Algorithm, Digests};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Serialize};
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::digest::{Digest, Update};
use sha2::{Sha256, Sha512};

/// Computes digests of the bytes that it is given, in order.
#[derive(Debug, Clone, Default)]
pub struct Hasher {
    position: u64,
    sha256: Option<Sha256>,
    sha512: Option<Sha512>,
}

/// A [`Hasher`] between two lives. It is text.
///
/// It holds the last bytes of what was hashed, as far as they do not fill a block: less than 64 bytes with SHA-256, less
/// than 128 with SHA-512.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HasherState {
    position: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha512: Option<String>,
}

impl HasherState {
    /// How many bytes the hasher had taken.
    pub fn position(&self) -> u64 {
        self.position
    }
}

impl Hasher {
    /// A hasher at the beginning of a file. Without algorithms it only counts.
    pub fn new(algorithms: impl IntoIterator<Item = Algorithm>) -> Hasher {
        let mut hasher = Hasher::default();
        for algorithm in algorithms {
            match algorithm {
                Algorithm::Sha256 => hasher.sha256 = Some(Sha256::new()),
                Algorithm::Sha512 => hasher.sha512 = Some(Sha512::new()),
            }
        }
        hasher
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.position += bytes.len() as u64;
        if let Some(hash) = &mut self.sha256 {
            Update::update(hash, bytes);
        }
        if let Some(hash) = &mut self.sha512 {
            Update::update(hash, bytes);
        }
    }

    /// How many bytes it has taken.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The digests of what it has taken so far. It can go on.
    pub fn digests(&self) -> Digests {
        let mut digests = Digests::default();
        if let Some(hash) = &self.sha256 {
            digests.insert(Algorithm::Sha256, hash.clone().finalize().to_vec());
        }
        if let Some(hash) = &self.sha512 {
            digests.insert(Algorithm::Sha512, hash.clone().finalize().to_vec());
        }
        digests
    }

    /// Whether it has no algorithm.
    pub fn is_idle(&self) -> bool {
        self.sha256.is_none() && self.sha512.is_none()
    }

    /// What to keep so that another hasher can go on.
    pub fn state(&self) -> HasherState {
        HasherState {
            position: self.position,
            sha256: self.sha256.as_ref().map(freeze),
            sha512: self.sha512.as_ref().map(freeze),
        }
    }

    /// The hasher that had this state; nothing if the state is damaged.
    pub fn restore(state: &HasherState) -> Option<Hasher> {
        let sha256 = match &state.sha256 {
            Some(text) => Some(thaw(text)?),
            None => None,
        };
        let sha512 = match &state.sha512 {
            Some(text) => Some(thaw(text)?),
            None => None,
        };
        Some(Hasher { position: state.position, sha256, sha512 })
    }
}

fn freeze<H: SerializableState>(hash: &H) -> String {
    BASE64_STANDARD.encode(hash.serialize())
}

fn thaw<H: SerializableState>(text: &str) -> Option<H> {
    let bytes = BASE64_STANDARD.decode(text).ok()?;
    H::deserialize(&SerializedState::<H>::try_from(bytes.as_slice()).ok()?).ok()
}
