//! The fields of the protocol, read and written as Structured Fields (RFC 9651).
//!
//! What a field says counts only if it is there once, parses, and has the type that the protocol gives it. Otherwise it
//! is as if it were not there; that is no error. Parameters are ignored.

use super::version::Version;
use http::{HeaderMap, HeaderName, HeaderValue};
use sfv::{BareItem, Integer, Item, ItemSerializer, Parser, RefBareItem};

pub(super) const UPLOAD_DRAFT_INTEROP_VERSION: HeaderName =
    HeaderName::from_static("upload-draft-interop-version");
pub(super) const UPLOAD_INCOMPLETE: HeaderName = HeaderName::from_static("upload-incomplete");
pub(super) const UPLOAD_COMPLETE: HeaderName = HeaderName::from_static("upload-complete");
pub(super) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(super) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub(super) const UPLOAD_LIMIT: HeaderName = HeaderName::from_static("upload-limit");

/// What the request says about its interop version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interop {
    /// Nothing.
    Absent,
    /// A number that is in the table.
    Known(&'static Version),
    /// Another number.
    Unknown,
}

pub(super) fn interop(headers: &HeaderMap) -> Interop {
    let Some(number) = item(headers, &UPLOAD_DRAFT_INTEROP_VERSION).and_then(|item| item.as_integer()) else {
        return Interop::Absent;
    };
    match u8::try_from(number).ok().and_then(Version::numbered) {
        Some(version) => Interop::Known(version),
        None => Interop::Unknown,
    }
}

/// Whether the message says that it is the end of the upload; nothing: it does not say.
pub(super) fn complete(headers: &HeaderMap, version: &Version) -> Option<bool> {
    let value = item(headers, &version.marker.name())?.as_boolean()?;
    Some(version.marker.sense(value))
}

/// A number of bytes.
pub(super) fn bytes(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    item(headers, name)?.as_integer()?.try_into().ok()
}

/// Whether the head has a field that belongs to a creation or an append.
pub(super) fn has_strange(headers: &HeaderMap) -> bool {
    let is_flag = |name| item(headers, name).is_some_and(|item| item.as_boolean().is_some());
    [&UPLOAD_INCOMPLETE, &UPLOAD_COMPLETE].into_iter().any(is_flag)
        || [&UPLOAD_OFFSET, &UPLOAD_LENGTH].into_iter().any(|name| bytes(headers, name).is_some())
}

fn item(headers: &HeaderMap, name: &HeaderName) -> Option<BareItem> {
    let mut values = headers.get_all(name).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    Parser::new(value).parse::<Item>().ok().map(|item| item.bare_item)
}

/// Echoes the number, if the version has one.
pub(super) fn put_interop(headers: &mut HeaderMap, version: &Version) {
    if let Some(interop) = version.interop {
        put_item(headers, UPLOAD_DRAFT_INTEROP_VERSION, interop);
    }
}

/// Says whether the upload is complete, in the words of the version.
pub(super) fn put_complete(headers: &mut HeaderMap, version: &Version, complete: bool) {
    put_item(headers, version.marker.name(), version.marker.sense(complete));
}

/// Says a number of bytes.
pub(super) fn put_bytes(headers: &mut HeaderMap, name: HeaderName, bytes: u64) {
    put_item(headers, name, integer(bytes));
}

/// Numbers beyond 15 digits, which no upload reaches, are told as the largest there is.
pub(super) fn integer(value: u64) -> Integer {
    Integer::try_from(value).unwrap_or(Integer::MAX)
}

fn put_item<'a>(headers: &mut HeaderMap, name: HeaderName, value: impl Into<RefBareItem<'a>>) {
    put(headers, name, ItemSerializer::new().bare_item(value).finish());
}

/// Sets a field to the text of a structured value, which is ASCII and so always fits.
pub(super) fn put(headers: &mut HeaderMap, name: HeaderName, text: String) {
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name, value);
    }
}
