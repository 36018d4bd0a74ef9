//! The heads of the protocol's answers.
//!
//! Each is in the words of the version that the client spoke. Whatever the version, the offset is on every success and
//! on every 409: 3 to 6 demand it, other clients look for it, and nobody minds.

mod limit;
mod location;
#[cfg(test)]
mod tests;

pub use limit::Announced;
pub use location::{location, upload_id};

use super::field::{self, Interop};
use super::{PARTIAL_UPLOAD, Settings, Version};
use crate::error::Problem;
use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// Tells the type that appends must have.
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// How far an upload is, as a HEAD is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// The next byte wanted.
    pub offset: u64,
    /// Size of the whole file in bytes, once known.
    pub length: Option<u64>,
    /// Whether the file is stored. If not, an append of no bytes at the end fetches the answer, now or when there is one.
    pub finished: bool,
}

/// The 104 that makes an upload resumable: where, in which version, and within which limits.
pub fn supported(version: &Version, location: &HeaderValue, announced: &Announced) -> HeaderMap {
    let mut headers = begun(version);
    headers.insert(LOCATION, location.clone());
    limit::put(&mut headers, version, announced);
    headers
}

/// A later 104, which tells how far the upload is; nothing if the version has none.
pub fn progress(version: &Version, offset: u64) -> Option<HeaderMap> {
    version.tells_progress.then(|| {
        let mut headers = begun(version);
        field::put_bytes(&mut headers, field::UPLOAD_OFFSET, offset);
        headers
    })
}

/// The answer to a HEAD (or GET). It has no content in any version, so that nobody waits for one.
pub fn offset(version: &Version, told: &Told, announced: &Announced) -> (StatusCode, HeaderMap) {
    let mut headers = begun(version);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    field::put_bytes(&mut headers, field::UPLOAD_OFFSET, told.offset);
    field::put_complete(&mut headers, version, told.finished);
    if let Some(length) = told.length.filter(|_| version.tells_length) {
        field::put_bytes(&mut headers, field::UPLOAD_LENGTH, length);
    }
    limit::put(&mut headers, version, announced);
    (StatusCode::NO_CONTENT, headers)
}

/// A part that is not the last was taken whole. `created` is the `Location` if the part came with the creation.
pub fn part(
    version: &Version,
    created: Option<&HeaderValue>,
    offset: u64,
    announced: &Announced,
) -> (StatusCode, HeaderMap) {
    let mut headers = begun(version);
    field::put_bytes(&mut headers, field::UPLOAD_OFFSET, offset);
    field::put_complete(&mut headers, version, false);
    let Some(location) = created else { return (version.part_status, headers) };
    headers.insert(LOCATION, location.clone());
    limit::put(&mut headers, version, announced);
    (StatusCode::CREATED, headers)
}

/// Adds to the final answer of the target what the protocol wants there. `created` is the `Location` if this answers the
/// creation.
///
/// A failure is final, too: whatever the client does, the upload will not go on. From version 7 on this can be said.
pub fn finish(
    version: &Version,
    status: StatusCode,
    headers: &mut HeaderMap,
    offset: u64,
    created: Option<&HeaderValue>,
) {
    field::put_interop(headers, version);
    if status.is_success() {
        field::put_bytes(headers, field::UPLOAD_OFFSET, offset);
        field::put_complete(headers, version, true);
        if let Some(location) = created.filter(|_| version.locates_finals) {
            headers.insert(LOCATION, location.clone());
        }
    } else if version.marks_failures {
        field::put_complete(headers, version, true);
    }
}

/// Adds to a refusal, which is not the final answer of an upload, what the protocol wants there. `current` is the offset of
/// the upload if it lives on, or ended well.
pub fn refuse(
    version: &Version,
    headers: &mut HeaderMap,
    problem: Problem,
    current: Option<u64>,
    announced: &Announced,
) {
    field::put_interop(headers, version);
    if let Some(current) = current {
        field::put_bytes(headers, field::UPLOAD_OFFSET, current);
    }
    if current.is_some() || problem == Problem::LengthMismatch || version.marks_failures {
        field::put_complete(headers, version, problem == Problem::UploadCompleted);
    }
    match problem {
        Problem::TooLarge => limit::put(headers, version, announced),
        // RFC 5789 §2.2.
        Problem::MediaTypeRefused => put_accept_patch(headers),
        _ => {}
    }
}

/// The answer to OPTIONS: uploads can be resumed here. `Upload-Limit` is for everybody, whatever version is asked for, and
/// without one too: it is what iOS looks for.
pub fn capabilities(
    headers: &HeaderMap,
    settings: &Settings,
    announced: &Announced,
) -> (StatusCode, HeaderMap) {
    let version = match field::interop(headers) {
        Interop::Known(version) => version,
        Interop::Absent | Interop::Unknown => Version::rfc(),
    };
    let mut answer = begun(version);
    match &settings.upload_limit {
        Some(raw) => drop(answer.insert(field::UPLOAD_LIMIT, raw.clone())),
        None => limit::put_always(&mut answer, version, announced),
    }
    // Drafts -10 and -11 look for it.
    put_accept_patch(&mut answer);
    (StatusCode::OK, answer)
}

/// The upload was given up, as its client wished.
pub fn cancelled(version: &Version) -> (StatusCode, HeaderMap) {
    (StatusCode::NO_CONTENT, begun(version))
}

/// The registered type of a problem, if it has one.
pub fn problem_type(problem: Problem) -> Option<&'static str> {
    match problem {
        Problem::OffsetMismatch => {
            Some("https://iana.org/assignments/http-problem-types#mismatching-upload-offset")
        }
        Problem::LengthMismatch => {
            Some("https://iana.org/assignments/http-problem-types#inconsistent-upload-length")
        }
        Problem::UploadCompleted => Some("https://iana.org/assignments/http-problem-types#completed-upload"),
        _ => None,
    }
}

fn put_accept_patch(headers: &mut HeaderMap) {
    headers.insert(ACCEPT_PATCH, HeaderValue::from_static(PARTIAL_UPLOAD));
}

/// Headers with what all answers have.
fn begun(version: &Version) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    field::put_interop(&mut headers, version);
    headers
}
