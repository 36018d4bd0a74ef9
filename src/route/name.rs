//! `Content-Name`: the file's own name, which some servers store the file under.

use super::file_path::{has_dot_segment, is_forbidden, is_reserved, is_short_name};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{CONTROLS, percent_decode, utf8_percent_encode};

/// Longest value of `Content-Name`, in characters as sent.
const MAX_NAME: usize = 260;

/// An extension longer than this, in characters as sent, is not kept when a name is cut.
const MAX_EXTENSION: usize = 32;

/// Where the value of `Content-Name` comes from, tried in this order; last the last path segment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameSource {
    /// A request header. Its value may be percent-encoded UTF-8.
    pub header: Option<HeaderName>,
    /// A parameter of the query, percent-encoded. `+` stands for itself.
    pub query: Option<String>,
}

impl NameSource {
    /// The file's own name: never a path, always one that Windows can hold.
    pub(super) fn file_name(&self, query: Option<&str>, headers: &HeaderMap, last: &str) -> String {
        // Cut off its leading blank, a last segment such as " ．" leaves nothing.
        self.given(query, headers).or_else(|| clean(last)).unwrap_or_else(|| "_".to_owned())
    }

    /// The same, if the client says it beside the path.
    pub(super) fn given(&self, query: Option<&str>, headers: &HeaderMap) -> Option<String> {
        let in_header = || {
            let value = headers.get(self.header.as_ref()?)?;
            clean(&decode(value.as_bytes()))
        };
        let in_query = || clean(&parameter(query?, self.query.as_deref()?)?);
        in_header().or_else(in_query)
    }
}

/// The value of `Content-Name`.
pub(super) fn as_header(name: &str) -> HeaderValue {
    // All controls and all but ASCII are encoded, so this always succeeds.
    let encoded = utf8_percent_encode(name, CONTROLS).to_string();
    HeaderValue::from_str(&encoded).unwrap_or(HeaderValue::from_static("_"))
}

/// What [`as_header`] was made of.
pub(super) fn from_header(value: &HeaderValue) -> String {
    decode(value.as_bytes())
}

/// Percent-decoded; what is not UTF-8 becomes U+FFFD.
fn decode(encoded: &[u8]) -> String {
    percent_decode(encoded).decode_utf8_lossy().into_owned()
}

/// The first parameter of that name.
fn parameter(query: &str, wanted: &str) -> Option<String> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| decode(name.as_bytes()) == wanted)
        .map(|(_, value)| decode(value.as_bytes()))
}

/// A file name made of whatever a client sent; nothing if that leaves nothing.
fn clean(raw: &str) -> Option<String> {
    let name = raw.rsplit(['/', '\\']).next().unwrap_or(raw);
    let safe = |character| match character {
        char::REPLACEMENT_CHARACTER => '_',
        forbidden if is_forbidden(forbidden) => '_',
        other => other,
    };
    let name: String = name.chars().map(safe).collect();
    let name = name.trim_start_matches(' ').trim_end_matches(['.', ' ']);
    if name.is_empty() || has_dot_segment(name) {
        return None;
    }
    // Cutting may make a short name of it.
    let name = shorten(if is_reserved(name) { format!("_{name}") } else { name.to_owned() });
    Some(if is_short_name(&name) { name.replace('~', "_") } else { name })
}

/// Whether a name is short enough for the header.
pub(super) fn fits(name: &str) -> bool {
    sent_length(name) <= MAX_NAME
}

/// Cuts a name to [`MAX_NAME`] characters as sent; the extension stays.
fn shorten(name: String) -> String {
    if fits(&name) {
        return name;
    }
    let (stem, extension) = match name.rfind('.').map(|dot| name.split_at(dot)) {
        Some((stem, extension)) if !stem.is_empty() && sent_length(extension) <= MAX_EXTENSION => {
            (stem, extension)
        }
        _ => (name.as_str(), ""),
    };
    let room = MAX_NAME - sent_length(extension);
    let mut used = 0;
    let kept = stem.chars().take_while(|&character| {
        used += sent_length_of(character);
        used <= room
    });
    let short: String = kept.chain(extension.chars()).collect();
    short.trim_end_matches(['.', ' ']).to_owned()
}

/// Characters that the name takes in the header.
fn sent_length(name: &str) -> usize {
    name.chars().map(sent_length_of).sum()
}

/// Characters that one character takes in the header: `%XX` for each byte beyond ASCII.
fn sent_length_of(character: char) -> usize {
    if character.is_ascii() { 1 } else { 3 * character.len_utf8() }
}
