//! `Upload-Limit`: what an upload must keep to.

use super::super::field;
use super::super::version::{AgeKey, Version};
use http::HeaderMap;
use sfv::{DictSerializer, key_ref};
use std::time::Duration;

/// What is announced about the limits of uploads. It must not become tighter during an upload.
///
/// There is deliberately no limit for a single request: clients that send the file in one, as iOS does, could not keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announced {
    /// Largest file, in bytes.
    pub max_size: u64,
    /// How long an upload is kept from now on when nothing is heard of it; nothing: not told.
    pub age: Option<Duration>,
}

/// Adds the field, if the version has it.
pub(super) fn put(headers: &mut HeaderMap, version: &Version, announced: &Announced) {
    if version.limits.is_some() {
        put_always(headers, version, announced);
    }
}

/// Adds the field; what the version has no word for is left out.
pub(super) fn put_always(headers: &mut HeaderMap, version: &Version, announced: &Announced) {
    let mut limit = DictSerializer::new();
    limit.bare_item(key_ref("min-size"), 0);
    limit.bare_item(key_ref("max-size"), field::integer(announced.max_size));
    if let (Some(key), Some(age)) = (version.limits, announced.age) {
        let key = match key {
            AgeKey::Expires => key_ref("expires"),
            AgeKey::MaxAge => key_ref("max-age"),
        };
        limit.bare_item(key, field::integer(age.as_secs()));
    }
    if let Some(text) = limit.finish() {
        field::put(headers, field::UPLOAD_LIMIT, text);
    }
}
