//! Inputs as text: a first line, then header fields.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The first line, and those of the others that are fields. The rest is skipped, so that a mutation spoils one line only.
pub(crate) fn head(input: &[u8]) -> (&[u8], HeaderMap) {
    let mut lines = input.split(|&byte| byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(field) {
        // Beyond its capacity a map takes no more.
        let _ = headers.try_append(name, value);
    }
    (first, headers)
}

fn field(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    let (name, value) = line.split_at(colon);
    let value = value.get(1..)?.trim_ascii();
    Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?))
}
