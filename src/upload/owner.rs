//! Who an upload belongs to, without knowing anybody's credentials.
//!
//! The credentials of a request are hashed at once, and what is kept is that hash hashed again with a salt that never
//! leaves the store: a record tells whether two requests come from the same client, and nothing else.

use http::{HeaderMap, HeaderName};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// Who sends a request: a hash of its credential headers, or of the name of whoever proved to be that one.
#[derive(Clone, PartialEq, Eq)]
pub struct Principal([u8; 32]);

impl Principal {
    /// The hash of those of the `names` that the request has, in the order of the names; nothing if it has none.
    pub fn of(headers: &HeaderMap, names: &[HeaderName]) -> Option<Principal> {
        let mut hash = Sha256::new();
        let mut any = false;
        for name in names {
            for value in headers.get_all(name) {
                any = true;
                // Lengths keep apart what belongs to different fields.
                for part in [name.as_str().as_bytes(), value.as_bytes()] {
                    hash.update((part.len() as u64).to_be_bytes());
                    hash.update(part);
                }
            }
        }
        any.then(|| Principal(hash.finalize().into()))
    }

    /// Whoever proved to have this name, in a way called `kind`. It stays the same when the proof is another: a token that
    /// was exchanged, a new password.
    pub fn named(kind: &str, name: &str) -> Principal {
        let mut hash = Sha256::new();
        // A header's name is never empty: so none of these is a hash of credentials.
        for part in ["", kind, name] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Principal(hash.finalize().into())
    }
}

/// Neither the hash nor a part of it gets into a log.
impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Principal")
    }
}

/// What is kept of a [`Principal`].
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Owner(String);

impl Owner {
    /// The same principal gives the same owner as long as the salt is the same.
    pub fn new(principal: &Principal, salt: &[u8; 32]) -> Self {
        use fmt::Write as _;
        let hash = Sha256::new().chain_update(salt).chain_update(principal.0).finalize();
        let mut text = String::with_capacity(64);
        for byte in hash {
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
        }
        Owner(text)
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Owner")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http::header::{AUTHORIZATION, COOKIE};

    fn principal(fields: &[(HeaderName, &'static str)]) -> Option<Principal> {
        let headers = fields.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        Principal::of(&headers.collect(), &[AUTHORIZATION, HeaderName::from_static("x-api-key")])
    }

    #[test]
    fn the_same_credentials_are_the_same_principal() {
        const KEY: HeaderName = HeaderName::from_static("x-api-key");
        let alice = principal(&[(AUTHORIZATION, "Bearer alice")]);
        assert_eq!(alice, principal(&[(COOKIE, "x"), (AUTHORIZATION, "Bearer alice")]));
        assert_ne!(alice, principal(&[(AUTHORIZATION, "Bearer alicf")]));
        assert_ne!(alice, principal(&[(KEY, "Bearer alice")]));
        assert_ne!(alice, principal(&[(AUTHORIZATION, "Bearer alice"), (KEY, "")]));
        assert_eq!(principal(&[(COOKIE, "x")]), None);
        assert_ne!(
            principal(&[(AUTHORIZATION, "a"), (AUTHORIZATION, "b")]),
            principal(&[(AUTHORIZATION, "b"), (AUTHORIZATION, "a")])
        );
    }

    #[test]
    fn names_are_principals_of_their_kind() {
        let alice = Principal::named("basic", "alice");
        assert_eq!(alice, Principal::named("basic", "alice"));
        for other in [("basic", "bob"), ("bearer", "alice"), ("basica", "lice"), ("", "basicalice")] {
            assert_ne!(alice, Principal::named(other.0, other.1), "{other:?}");
        }
        assert_ne!(Some(alice), principal(&[(AUTHORIZATION, "alice")]));
    }

    #[test]
    fn an_owner_is_known_by_its_salt_only() {
        let alice = principal(&[(AUTHORIZATION, "Bearer alice")]).unwrap();
        assert_eq!(Owner::new(&alice, &[1; 32]), Owner::new(&alice, &[1; 32]));
        assert_ne!(Owner::new(&alice, &[1; 32]), Owner::new(&alice, &[2; 32]));
        let shown = format!("{alice:?} {:?}", Owner::new(&alice, &[1; 32]));
        assert_eq!(shown, "Principal Owner");
    }
}
