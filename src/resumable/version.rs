//! What differs between the drafts of the protocol, as one table of plain data.
//!
//! A draft that changes what is on the wire has a number, the *interop version*, which its clients send with every
//! request (`Upload-Draft-Interop-Version`) and look for in the 104. The RFC will have none: *rfc* stands for requests
//! without a number. All of them share the upload resource, its offset and its length, so an upload may go on in another
//! version than it began in (a phone is updated while its queue waits).
//!
//! | | 3 | 4 | 5 | 6 | 7 | 8 | rfc |
//! | --- | --- | --- | --- | --- | --- | --- | --- |
//! | drafts | -01 | -02 | -03 | -04, -05 | -06 to -08 | -09 to -12 | |
//! | sent by | iOS 17 | | iOS 18.0 | iOS 18.1 to 26 | | | |
//! | "this is all" | `Upload-Incomplete: ?0` | `Upload-Complete: ?1` | = | = | = | = | = |
//! | a PATCH that does not say so | is all | = | = | is refused | = | = | = |
//! | type of a PATCH | any | = | = | `application/partial-upload` | = | = | = |
//! | HEAD and DELETE with fields of other requests | refused | = | = | = | taken | = | = |
//! | GET of the upload resource | refused | = | = | = | = | like HEAD | = |
//! | 104s that tell the offset | no | = | yes | = | = | = | = |
//! | HEAD tells `Upload-Length` | no | = | = | yes | = | = | = |
//! | `Upload-Limit` | none | = | = | age is `expires` | age is `max-age` | = | = |
//! | a PATCH that is not the last is answered | 201 | = | = | = | 204 | = | = |
//! | the last answer to a creation has `Location` | yes | = | = | = | = | no | = |
//! | failures that end the upload say "this is all" | no | = | = | = | yes | = | = |
//!
//! `=` means: as in the version before. Nothing outside of this table asks for a number.

use super::field;
use http::{HeaderName, StatusCode};
use std::fmt;

/// One version of the protocol: a row of the table.
///
/// What is not public is asked for by the readers and writers of heads alone.
#[derive(Clone, Copy)]
pub struct Version {
    /// What `Upload-Draft-Interop-Version` says; nothing: the RFC, whose requests have no such field.
    pub interop: Option<u8>,
    name: &'static str,
    /// How a message says whether it is the end of the upload.
    pub(super) marker: Marker,
    /// Whether an append must have the type `application/partial-upload`.
    pub(super) parts_are_typed: bool,
    /// Whether an append without a marker is refused. If not, it is the last one.
    pub(super) marker_required: bool,
    /// Whether a HEAD or DELETE with the fields of a creation or append is refused.
    pub(super) refuses_strange_fields: bool,
    /// Whether GET asks for the offset as HEAD does.
    pub(super) get_is_head: bool,
    /// Whether a 104 may tell the offset.
    pub(super) tells_progress: bool,
    /// Whether `Upload-Length` is told.
    pub(super) tells_length: bool,
    /// What `Upload-Limit` calls the age of an upload; nothing: the version has no such field.
    pub(super) limits: Option<AgeKey>,
    /// Status of the answer to an append that is not the last.
    pub(super) part_status: StatusCode,
    /// Whether the last answer to a creation has `Location`.
    pub(super) locates_finals: bool,
    /// Whether a failure that ends the upload carries the marker.
    pub(super) marks_failures: bool,
}

/// The header that says whether more follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    /// `Upload-Incomplete`: true when more follows.
    Incomplete,
    /// `Upload-Complete`: true when this is all.
    Complete,
}

impl Marker {
    /// The field.
    pub(super) const fn name(self) -> HeaderName {
        match self {
            Marker::Incomplete => field::UPLOAD_INCOMPLETE,
            Marker::Complete => field::UPLOAD_COMPLETE,
        }
    }

    /// What the field says for "complete", and what "complete" is for a value of the field.
    pub(super) const fn sense(self, value: bool) -> bool {
        match self {
            Marker::Incomplete => !value,
            Marker::Complete => value,
        }
    }
}

/// What `Upload-Limit` calls the seconds that an upload is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AgeKey {
    Expires,
    MaxAge,
}

const V3: Version = Version {
    interop: Some(3),
    name: "3",
    marker: Marker::Incomplete,
    parts_are_typed: false,
    marker_required: false,
    refuses_strange_fields: true,
    get_is_head: false,
    tells_progress: false,
    tells_length: false,
    limits: None,
    part_status: StatusCode::CREATED,
    locates_finals: true,
    marks_failures: false,
};

// Each row after the first: what it changes.
const V4: Version = Version { interop: Some(4), name: "4", marker: Marker::Complete, ..V3 };

const V5: Version = Version { interop: Some(5), name: "5", tells_progress: true, ..V4 };

const V6: Version = Version {
    interop: Some(6),
    name: "6",
    parts_are_typed: true,
    marker_required: true,
    tells_length: true,
    limits: Some(AgeKey::Expires),
    ..V5
};

const V7: Version = Version {
    interop: Some(7),
    name: "7",
    refuses_strange_fields: false,
    limits: Some(AgeKey::MaxAge),
    part_status: StatusCode::NO_CONTENT,
    marks_failures: true,
    ..V6
};

const V8: Version = Version { interop: Some(8), name: "8", get_is_head: true, locates_finals: false, ..V7 };

const RFC: Version = Version { interop: None, name: "rfc", ..V8 };

static TABLE: [Version; 7] = [V3, V4, V5, V6, V7, V8, RFC];

impl Version {
    /// All versions, oldest first; the last one is the RFC.
    pub const ALL: &'static [Version] = &TABLE;

    /// The version with that interop number.
    pub fn numbered(interop: u8) -> Option<&'static Version> {
        TABLE.iter().find(|version| version.interop == Some(interop))
    }

    /// The version with that [`name`](Version::name).
    pub fn named(name: &str) -> Option<&'static Version> {
        TABLE.iter().find(|version| version.name == name)
    }

    /// The form without a number.
    pub fn rfc() -> &'static Version {
        let [.., rfc] = &TABLE;
        rfc
    }

    /// `3` to `8`, or `rfc`: in records, logs and metrics.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Version) -> bool {
        self.name == other.name
    }
}

impl Eq for Version {}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_lead_to_their_row() {
        let names: Vec<_> = Version::ALL.iter().map(Version::name).collect();
        assert_eq!(names, ["3", "4", "5", "6", "7", "8", "rfc"]);
        for version in Version::ALL {
            assert_eq!(Version::named(version.name()), Some(version));
            match version.interop {
                Some(interop) => assert_eq!(Version::numbered(interop), Some(version)),
                None => assert_eq!(Version::rfc(), version),
            }
            assert_eq!(Version::ALL.iter().filter(|other| *other == version).count(), 1, "{version:?}");
        }
        for unknown in [0, 1, 2, 9, 255] {
            assert_eq!(Version::numbered(unknown), None);
        }
        assert_eq!(Version::named("RFC"), None);
    }
}
