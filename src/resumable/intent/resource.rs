//! What is wanted of an upload resource: every request after the first.

use super::super::field::{self, Interop};
use super::super::{PARTIAL_UPLOAD, Version};
use super::fail;
use crate::error::{Failure, Problem};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

/// What is wanted of an upload resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnResource {
    /// HEAD, and GET where the version has it: where to go on.
    Offset(&'static Version),
    /// PATCH: more of the file.
    Append(Append),
    /// DELETE: give the upload up.
    Cancel(&'static Version),
    /// OPTIONS: what is supported.
    Capabilities,
}

/// More bytes for an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// In which version the client speaks, and is answered.
    pub version: &'static Version,
    /// Where in the file the body begins.
    pub offset: u64,
    /// Whether the file ends with this body.
    pub complete: bool,
    /// `Upload-Length`: size of the whole file in bytes, if told.
    pub length: Option<u64>,
    /// `Content-Length`: size of the body in bytes; nothing: chunked.
    pub content: Option<u64>,
}

/// The version to answer in: the one that the request names, else the one that the upload was `created` in.
pub fn version(headers: &HeaderMap, created: &'static Version) -> &'static Version {
    match field::interop(headers) {
        Interop::Known(version) => version,
        Interop::Absent | Interop::Unknown => created,
    }
}

/// What `Allow` says of an upload resource, beside a refusal of the method.
pub fn allowed(version: &Version) -> HeaderValue {
    HeaderValue::from_static(if version.get_is_head {
        "HEAD, GET, PATCH, DELETE, OPTIONS"
    } else {
        "HEAD, PATCH, DELETE, OPTIONS"
    })
}

/// Reads the head of a request to an upload resource, which the caller has found to exist.
///
/// # Errors
/// [`Problem::MethodNotAllowed`], [`Problem::MediaTypeRefused`], [`Problem::BadRequest`], [`Problem::LengthMismatch`], in
/// this order.
pub fn on_resource(
    head: &Parts,
    content: Option<u64>,
    created: &'static Version,
) -> Result<OnResource, Failure> {
    let version = version(&head.headers, created);
    match head.method {
        Method::OPTIONS => Ok(OnResource::Capabilities),
        Method::PATCH => append(&head.headers, content, version).map(OnResource::Append),
        Method::HEAD => bare(head, version).map(|()| OnResource::Offset(version)),
        Method::GET if version.get_is_head => bare(head, version).map(|()| OnResource::Offset(version)),
        Method::DELETE => bare(head, version).map(|()| OnResource::Cancel(version)),
        _ => fail(
            Problem::MethodNotAllowed,
            format!("{} is not supported on an upload: go on with HEAD and PATCH", head.method),
        ),
    }
}

/// In older versions a HEAD or DELETE that looks like something else is refused.
fn bare(head: &Parts, version: &Version) -> Result<(), Failure> {
    if version.refuses_strange_fields && field::has_strange(&head.headers) {
        return fail(Problem::BadRequest, format!("{} takes no fields of an upload", head.method));
    }
    Ok(())
}

fn append(headers: &HeaderMap, content: Option<u64>, version: &'static Version) -> Result<Append, Failure> {
    if version.parts_are_typed && !is_typed(headers) {
        return fail(Problem::MediaTypeRefused, format!("PATCH needs Content-Type: {PARTIAL_UPLOAD}"));
    }
    let Some(offset) = field::bytes(headers, &field::UPLOAD_OFFSET) else {
        return fail(Problem::BadRequest, "Upload-Offset is missing or not a plain number");
    };
    let complete = match field::complete(headers, version) {
        Some(complete) => complete,
        None if version.marker_required => {
            return fail(Problem::BadRequest, "Upload-Complete is missing or neither ?0 nor ?1");
        }
        None => true,
    };
    let length = field::bytes(headers, &field::UPLOAD_LENGTH);
    check_length(offset, content, complete, length)?;
    Ok(Append { version, offset, complete, length, content })
}

/// Parameters do not matter, letters neither.
fn is_typed(headers: &HeaderMap) -> bool {
    let is_partial = |value: &HeaderValue| {
        let essence = value.as_bytes().split(|&byte| byte == b';').next().unwrap_or_default();
        essence.trim_ascii().eq_ignore_ascii_case(PARTIAL_UPLOAD.as_bytes())
    };
    let types = headers.get_all(CONTENT_TYPE);
    types.iter().next().is_some() && types.iter().all(is_partial)
}

/// Whether the head agrees with itself. Whether it agrees with what was said before knows the caller.
fn check_length(
    offset: u64,
    content: Option<u64>,
    complete: bool,
    length: Option<u64>,
) -> Result<(), Failure> {
    let Some(end) = offset.checked_add(content.unwrap_or(0)) else {
        return fail(
            Problem::LengthMismatch,
            "no file is as long as Upload-Offset and Content-Length together",
        );
    };
    let Some(length) = length else { return Ok(()) };
    if end > length || (complete && content.is_some() && end != length) {
        return fail(
            Problem::LengthMismatch,
            format!("the body ends at byte {end} of the file, but Upload-Length says {length}"),
        );
    }
    Ok(())
}
