//! What tells one photo from another when a name is made of a hash.
//!
//! A phone sends the same photo again after any doubt, and means the same file: so the name must be the same. Two photos
//! must never have one name. What does both, in this order:
//!
//! 1. `Repr-Digest`, if the client sends it and the route looks at it: the photo itself;
//! 2. what the request calls the file: the path below the route's prefix, the query, the file's own name; with its
//!    length, so that a second `IMG_0001.HEIC` is another photo;
//! 3. if it calls it nothing, a random number. Then a photo that is sent again is another file: two of one are better
//!    than one of two.
//!
//! The name of the user, where the route asks for it, is a part of the first two. Credentials are not: they change, and
//! a hash that is seen by many could be used to guess them.

use super::naming::Naming;
use super::{DigestPolicy, Route, strip_prefix};
use crate::digest::Digests;
use http::HeaderName;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// RFC 9530.
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// Hexadecimal digits of a whole hash.
pub(super) const DIGITS: usize = 64;

/// The hash of what identifies the file, as hexadecimal digits.
pub(super) fn hash(route: &Route, naming: &Naming<'_>) -> String {
    let mut hash = Sha256::new();
    // The length before each part, so that two different lists never read the same.
    let mut add = |kind: &str, part: &[u8]| {
        for piece in [kind.as_bytes(), part] {
            hash.update((piece.len() as u64).to_be_bytes());
            hash.update(piece);
        }
    };
    let digest = match route.digest {
        DigestPolicy::Ignore => None,
        _ => Digests::read(naming.headers, &REPR_DIGEST).field(),
    };
    let below = strip_prefix(&route.prefix, naming.uri.path()).unwrap_or_default();
    let query = naming.uri.query().unwrap_or_default();
    let own = route.name.given(naming.uri.query(), naming.headers).unwrap_or_default();
    let is_named = !(below.is_empty() && query.is_empty() && own.is_empty());
    match digest {
        Some(digest) => add("digest", digest.as_bytes()),
        None if is_named => {
            add("path", below.as_bytes());
            add("query", query.as_bytes());
            add("name", own.as_bytes());
            if let Some(length) = naming.length {
                add("length", &length.to_be_bytes());
            }
        }
        None => add("random", &naming.random.to_be_bytes()),
    }
    add("user", naming.user.unwrap_or_default().as_bytes());
    hash.finalize().iter().fold(String::with_capacity(DIGITS), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
