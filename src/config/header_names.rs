//! Names of headers, alone and in lists, and which of them cannot do what a key would have them do.

use super::raw::Raw;
use crate::route::Carried;
use http::{HeaderName, header};

/// What a list is wanted to be, as a noun phrase.
pub(crate) const WANTED: &str = "a list of header names, such as [\"ETag\"]";

/// Headers that are about the backend's message or connection and would be wrong or dangerous on ours.
const NOT_PASSED_ON: &[HeaderName] = &[
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::WWW_AUTHENTICATE,
];

/// Headers whose values differ between the requests of one upload, or that belong to a connection.
const NOT_THE_CLIENTS: &[HeaderName] = &[
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::DATE,
    header::EXPECT,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::VIA,
];

/// One name.
pub(crate) fn one(raw: &Raw) -> Result<HeaderName, String> {
    let name = raw.text().and_then(|text| text.parse().ok());
    name.ok_or_else(|| raw.is_not("the name of a header, such as \"X-File-Name\""))
}

/// `route.response_headers`: what of the backend's last answer goes on to the client.
pub(crate) fn passed_on(raw: &Raw) -> Result<Vec<HeaderName>, String> {
    list(raw, |name| {
        is_the_messages(name).then_some("passed on: it is about the message between proxy and backend")
    })
}

/// Whether a field is about one message or connection, or is said by this proxy alone.
pub(crate) fn is_the_messages(name: &HeaderName) -> bool {
    name == "keep-alive" || name.as_str().starts_with("put2bits-") || NOT_PASSED_ON.contains(name)
}

/// `resumption.credentials`: what tells one client from another.
pub(crate) fn credentials(raw: &Raw) -> Result<Vec<HeaderName>, String> {
    list(raw, |name| {
        let part = name.as_str().starts_with("upload-") || name == "keep-alive" || name == "content-digest";
        let refused = part || NOT_THE_CLIENTS.contains(name);
        refused.then_some("a credential: it differs between the requests of one upload")
    })
}

/// `route.auth_headers`: what an authority gets to see of a request.
pub(crate) fn shown_to_authority(raw: &Raw) -> Result<Vec<HeaderName>, String> {
    list(raw, |name| {
        if name.as_str().starts_with("x-forwarded-") {
            return Some("shown as the client sends it: put2bits itself says what stands there");
        }
        let refused = name == header::HOST || is_about_the_message(name);
        refused.then_some("shown: it is about the message between client and proxy")
    })
}

/// `route.auth_copy`: what of an authority's answer goes on to the backend.
pub(crate) fn copied_from_authority(raw: &Raw) -> Result<Vec<HeaderName>, String> {
    list(raw, |name| {
        let refused = !Carried::may_hold(name);
        refused.then_some("passed on: it is about a message, or part of the protocol to the backend")
    })
}

/// Whether a field belongs to one message or connection.
fn is_about_the_message(name: &HeaderName) -> bool {
    NOT_PASSED_ON.contains(name) || name == "keep-alive" || name == "content-range" || name == "expect"
}

/// Each name once, and none that `why_not` has something against.
pub(crate) fn list(
    raw: &Raw,
    why_not: impl Fn(&HeaderName) -> Option<&'static str>,
) -> Result<Vec<HeaderName>, String> {
    let items = raw.list().ok_or_else(|| raw.is_not(WANTED))?;
    let mut names = Vec::with_capacity(items.len());
    for item in items.iter() {
        let name = one(item)?;
        if let Some(reason) = why_not(&name) {
            return Err(item.is_not(reason));
        }
        if names.contains(&name) {
            return Err(item.is_not("needed twice"));
        }
        names.push(name);
    }
    Ok(names)
}
