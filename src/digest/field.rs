//! `Repr-Digest`, `Content-Digest` and `Want-Repr-Digest`: dictionaries (RFC 9651) from algorithms to digests or wishes.

use super::Algorithm;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use sfv::{BareItem, DictSerializer, Dictionary, KeyRef, ListEntry, Parser};
use std::collections::BTreeMap;

const WANT_REPR_DIGEST: HeaderName = HeaderName::from_static("want-repr-digest");

/// Digests of the same bytes by different algorithms: told by somebody or computed.
///
/// Where it is kept, it is kept as the text of the field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digests(BTreeMap<Algorithm, Vec<u8>>);

impl Digests {
    /// Reads a field. Empty if it is absent or malformed, or if no known algorithm is in it.
    pub fn read(headers: &HeaderMap, name: &HeaderName) -> Digests {
        dictionary(headers, name).and_then(|members| Digests::from_members(&members)).unwrap_or_default()
    }

    /// A known algorithm with what cannot be its digest makes the whole malformed: nothing.
    fn from_members(members: &Dictionary) -> Option<Digests> {
        let mut digests = BTreeMap::new();
        for (key, member) in members {
            let Some(algorithm) = Algorithm::named(key.as_str()) else { continue };
            let bytes = item(member)?.as_byte_sequence()?;
            if bytes.len() != algorithm.size() {
                return None;
            }
            digests.insert(algorithm, bytes.to_owned());
        }
        Some(Digests(digests))
    }

    pub(super) fn insert(&mut self, algorithm: Algorithm, digest: Vec<u8>) {
        self.0.insert(algorithm, digest);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one of that algorithm, if it is there.
    pub fn only(&self, algorithm: Algorithm) -> Digests {
        Digests(
            self.0.get_key_value(&algorithm).map(|(key, value)| (*key, value.clone())).into_iter().collect(),
        )
    }

    /// By which algorithms there are digests.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.0.keys().copied()
    }

    /// The value of the field that tells them; nothing if there is none.
    pub fn field(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(self.text()?).ok()
    }

    fn text(&self) -> Option<String> {
        let mut dictionary = DictSerializer::new();
        for (algorithm, digest) in &self.0 {
            if let Ok(key) = KeyRef::from_str(algorithm.name()) {
                dictionary.bare_item(key, digest.as_slice());
            }
        }
        dictionary.finish()
    }

    /// Whether the bytes with the `actual` digests are those that these digests promise.
    ///
    /// # Errors
    /// The first algorithm whose digest differs, or was not computed and so proves nothing.
    pub fn check(&self, actual: &Digests) -> Result<(), Algorithm> {
        let differs = |(algorithm, digest): &(&Algorithm, &Vec<u8>)| actual.0.get(algorithm) != Some(digest);
        self.0.iter().find(differs).map_or(Ok(()), |(algorithm, _)| Err(*algorithm))
    }

    /// Whether it has all those of the other, and the same ones.
    pub fn contains(&self, other: &Digests) -> bool {
        other.0.iter().all(|(algorithm, digest)| self.0.get(algorithm) == Some(digest))
    }

    /// Both together.
    ///
    /// # Errors
    /// The algorithm by which they differ.
    pub fn joined(mut self, other: Digests) -> Result<Digests, Algorithm> {
        for (algorithm, digest) in other.0 {
            if self.0.get(&algorithm).is_some_and(|own| *own != digest) {
                return Err(algorithm);
            }
            self.0.insert(algorithm, digest);
        }
        Ok(self)
    }
}

impl From<Digests> for String {
    fn from(digests: Digests) -> String {
        digests.text().unwrap_or_default()
    }
}

impl TryFrom<String> for Digests {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Digests, &'static str> {
        let members = Parser::new(&text).parse().ok();
        members.and_then(|members| Digests::from_members(&members)).ok_or("not a list of digests")
    }
}

/// `Want-Repr-Digest`: the known algorithm that the client wants most; the one named first if it does not care.
pub fn wanted(headers: &HeaderMap) -> Option<Algorithm> {
    let members = dictionary(headers, &WANT_REPR_DIGEST)?;
    let wishes = members.iter().filter_map(|(key, member)| {
        // RFC 9530 §4: from 1, least, to 10, most; 0 is "not acceptable".
        let wish = u8::try_from(item(member)?.as_integer()?).ok().filter(|wish| (1..=10).contains(wish))?;
        Some((wish, Algorithm::named(key.as_str())?))
    });
    // Of equal ones `max_by_key` takes the last.
    wishes.rev().max_by_key(|(wish, _)| *wish).map(|(_, algorithm)| algorithm)
}

/// All lines of a field together, as one dictionary; nothing if it is absent or malformed.
fn dictionary(headers: &HeaderMap, name: &HeaderName) -> Option<Dictionary> {
    let lines: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    Parser::new(&lines.join(&b", "[..])).parse().ok()
}

fn item(member: &ListEntry) -> Option<&BareItem> {
    match member {
        ListEntry::Item(item) => Some(&item.bare_item),
        ListEntry::InnerList(_) => None,
    }
}
