//! The URL of an upload resource.

use super::super::Settings;
use http::HeaderValue;

/// The `Location` of an upload: its path, behind the configured origin if there is one. Nothing if the settings or the id
/// hold what cannot stand in a header.
pub fn location(settings: &Settings, id: &str) -> Option<HeaderValue> {
    let origin = settings.origin.as_deref().unwrap_or_default();
    HeaderValue::try_from(format!("{origin}{}{id}", settings.prefix)).ok()
}

/// The id of the upload that a path names; nothing if the path is not below the prefix. It may be empty or an id that was
/// never given: that is for whoever looks it up.
pub fn upload_id<'a>(settings: &Settings, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(settings.prefix.as_str())
}
