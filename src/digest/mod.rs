//! Digests of what is uploaded (RFC 9530): what a client says, and what the bytes come to. Pure.
//!
//! ```
//! use http::{HeaderMap, HeaderName, HeaderValue};
//! use put2bits::digest::{Digests, Hasher};
//!
//! let mut headers = HeaderMap::new();
//! let field = "sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:, md5=:XrY7u+Ae7tCTyyK7j1rNww==:";
//! headers.insert("repr-digest", HeaderValue::from_static(field));
//! let promised = Digests::read(&headers, &HeaderName::from_static("repr-digest"));
//!
//! // The file comes in two requests. Between them, only text is left.
//! let mut hasher = Hasher::new(promised.algorithms());
//! hasher.update(b"hello ");
//! let kept = serde_json::to_string(&hasher.state())?;
//!
//! let mut hasher = Hasher::restore(&serde_json::from_str(&kept)?).ok_or("a damaged record")?;
//! assert_eq!(hasher.position(), 6);
//! hasher.update(b"world");
//! assert_eq!(promised.check(&hasher.digests()), Ok(()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod field;
mod hasher;
#[cfg(test)]
mod tests;

pub use field::{Digests, wanted};
pub use hasher::{Hasher, HasherState};

use std::fmt;

/// A hash algorithm for digests. Others that the registry knows are insecure or rare; they are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Sha512];

    /// Its key in the fields of RFC 9530.
    pub const fn name(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "sha-256",
            Algorithm::Sha512 => "sha-512",
        }
    }

    /// Size of a digest, in bytes.
    pub const fn size(self) -> usize {
        match self {
            Algorithm::Sha256 => 32,
            Algorithm::Sha512 => 64,
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
