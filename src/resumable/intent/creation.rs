//! Whether an upload can be resumed: the first request.

use super::super::field::{self, Interop};
use super::super::{Mode, Settings, Version};
use super::fail;
use crate::error::{Failure, Problem};
use http::HeaderMap;
use http::header::VIA;
use http::request::Parts;

/// The first request of an upload that can be resumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creation {
    /// In which version the client speaks, and is answered.
    pub version: &'static Version,
    /// Whether the body of this request is the whole file.
    pub complete: bool,
    /// Size of the whole file in bytes, by all that the head says. Known if the request has a body.
    pub length: Option<u64>,
}

/// Reads the head of a PUT or POST to a target. `None` means a plain upload: whatever the head says about resumption is
/// then ignored.
///
/// # Errors
/// [`Problem::LengthMismatch`] if the head contradicts itself, [`Problem::LengthRequired`] if there is a body and the size
/// of the whole file is not told, [`Problem::BadRequest`] if the body is a later part of a file,
/// [`Problem::ResumptionOff`] if it is a first part, and uploads can't be resumed here or in what the client speaks.
pub fn creation(
    head: &Parts,
    content: Option<u64>,
    mode: Mode,
    settings: &Settings,
) -> Result<Option<Creation>, Failure> {
    let Some((version, complete)) = agreed(head, mode, settings) else {
        return plain(&head.headers).map(|()| None);
    };
    // A creation has no offset (3 to 6 say so). One that has may be an append that went to the wrong place: neither as a
    // creation nor as a plain upload may its body become the file.
    if let Some(offset @ 1..) = field::bytes(&head.headers, &field::UPLOAD_OFFSET) {
        return fail(
            Problem::BadRequest,
            format!(
                "Upload-Offset says that the body begins at byte {offset}: append by PATCH to the upload"
            ),
        );
    }
    let told = field::bytes(&head.headers, &field::UPLOAD_LENGTH);
    let length = length(complete, content, told)?;
    Ok(Some(Creation { version, complete, length }))
}

/// In which version a refusal of a PUT or POST is put; nothing: its sender wants a plain upload.
pub fn spoken(head: &Parts, settings: &Settings) -> Option<&'static Version> {
    agreed(head, Mode::On, settings).map(|(version, _)| version)
}

/// In which version both sides speak of this upload, and whether the request has the whole file.
fn agreed(head: &Parts, mode: Mode, settings: &Settings) -> Option<(&'static Version, bool)> {
    let allowed = match mode {
        Mode::On => true,
        Mode::Off => false,
        Mode::UnlessVia => !head.headers.contains_key(VIA),
    };
    // HTTP/1.0 has no informational answers.
    if !allowed || head.version < http::Version::HTTP_11 {
        return None;
    }
    let version = match field::interop(&head.headers) {
        Interop::Known(version) => version,
        Interop::Absent if settings.rfc => Version::rfc(),
        Interop::Absent | Interop::Unknown => return None,
    };
    // It is this field that makes an upload one that can be resumed.
    Some((version, field::complete(&head.headers, version)?))
}

/// A plain upload may say what it likes, but not that its body is only a part of the file: it would be stored as the whole.
fn plain(headers: &HeaderMap) -> Result<(), Failure> {
    let is_part = |version| field::complete(headers, version) == Some(false);
    if Version::ALL.iter().any(is_part) {
        return fail(
            Problem::ResumptionOff,
            "the request brings only a part of the file, and the rest could not be added",
        );
    }
    Ok(())
}

fn length(complete: bool, content: Option<u64>, told: Option<u64>) -> Result<Option<u64>, Failure> {
    match (complete, content, told) {
        (true, Some(content), Some(told)) if content != told => fail(
            Problem::LengthMismatch,
            format!("the whole file is here with {content} bytes, but Upload-Length says {told}"),
        ),
        (false, Some(content), Some(told)) if content > told => fail(
            Problem::LengthMismatch,
            format!("there are {content} bytes here, but Upload-Length says {told} for the whole file"),
        ),
        (_, _, Some(told)) => Ok(Some(told)),
        (true, Some(content), None) => Ok(Some(content)),
        (false, Some(0), None) => Ok(None),
        (true, None, None) => fail(
            Problem::LengthRequired,
            "the body does not tell its size beforehand: send Content-Length or Upload-Length",
        ),
        (false, _, None) => fail(
            Problem::LengthRequired,
            "the backend needs the size of the whole file with the first byte (BITS tells it then): send Upload-Length",
        ),
    }
}
