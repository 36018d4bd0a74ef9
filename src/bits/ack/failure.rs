//! The table of failures: status × packet × code → meaning (MC-BUP §2.2.1.2, §3.1.5.2; Win32 "BITS return values").
//!
//! Read from top to bottom, the first line that fits decides. Whose fault a problem is, what the uploading client gets
//! and whether it may come back stands in [`Problem::row`](crate::error::Problem::row).

use super::{Fields, TooLarge, Verdict};
use crate::bits::hresult::HResult;
use crate::bits::packet::PacketKind::{self, CancelSession, CloseSession, CreateSession, Fragment, Ping};
use crate::error::Problem;

/// `BG_E_SESSION_NOT_FOUND`, whatever the status.
pub(super) fn session_not_found(packet: PacketKind) -> Verdict {
    match packet {
        // Gone already is what a Cancel wants (§3.1.5.2.1).
        CancelSession => Verdict::Done,
        Fragment | CloseSession => Verdict::SessionGone { told: true },
        // Makes no sense where no session is named.
        CreateSession | Ping => Verdict::Transient(Problem::Unavailable),
    }
}

/// What an answer means that is not a success.
pub(super) fn meaning(fields: Fields) -> Verdict {
    let Fields { packet, status, code, application, is_ack, offset } = fields;
    // 0x8019nnnn on a catch-all status: the real status is inside.
    if let (200 | 201 | 500, Some(inner)) = (status, code.and_then(HResult::http_status)) {
        return meaning(Fields { status: inner, code: None, ..fields });
    }
    // A failure code on a 200 means what it means on a 500.
    let status = if status == 200 || status == 201 { 500 } else { status };

    match (status, packet, code.unwrap_or(HResult::NONE)) {
        // A Cancel that cannot be carried out leaves nothing to cancel, unless the server is in trouble.
        (400..=499, CancelSession, _) if !matches!(status, 401 | 407 | 408 | 425 | 429) => Verdict::Done,

        // Out of step.
        (416, Fragment, _) => Verdict::OutOfStep { next: offset.known() },
        (_, Fragment, HResult::INVALID_RANGE | HResult::OVERLAPPING_RANGES) => {
            Verdict::OutOfStep { next: offset.known() }
        }

        // Something is too large.
        (413, Fragment, _) => Verdict::TooLarge(TooLarge::Fragment),
        (400..=599, Fragment, HResult::TOO_LARGE) => Verdict::TooLarge(TooLarge::FileOrFragment),
        (413, _, _) | (400..=599, _, HResult::TOO_LARGE) => Verdict::Refused(Problem::FileTooLarge),
        (414, _, _) => Verdict::Refused(Problem::UriTooLong),
        (431, _, _) => Verdict::Refused(Problem::HeadersTooLarge),

        // Storage. The same code on a 408 of the application is its time-out.
        (408, _, HResult::DISK_FULL_OR_TIMEOUT) => Verdict::Transient(Problem::Timeout),
        (507, _, _) | (_, _, HResult::DISK_FULL | HResult::DISK_FULL_OR_TIMEOUT) => {
            Verdict::Refused(Problem::DiskFull)
        }

        // Rights and set-up.
        (401 | 407, _, _) => Verdict::Refused(Problem::BackendAuth),
        (501, _, HResult::ACCESS_DENIED) | (_, _, HResult::SERVER_EXECUTE_ENABLED) => {
            Verdict::Refused(Problem::UploadsDisabled)
        }
        (_, CreateSession, HResult::PROTOCOL_NOT_AVAILABLE) => Verdict::Refused(Problem::NotBits),
        (_, _, HResult::PROTOCOL_MISMATCH) => Verdict::Refused(Problem::BackendProtocol),

        (400..=599, _, HResult::STRING_TOO_LONG) => Verdict::Refused(Problem::BackendRefused),
        (400..=599, _, HResult::SHARING_VIOLATION | HResult::LOCK_VIOLATION) => {
            Verdict::Transient(Problem::Unavailable)
        }

        // What some servers answer for a session that they do not know.
        (400, Fragment | CloseSession, HResult::NONE) if code.is_some() => {
            Verdict::SessionGone { told: false }
        }
        (500, Fragment | CloseSession, HResult::GENERIC) => Verdict::SessionGone { told: false },

        // Not found.
        (404, Fragment, HResult::NONE) => Verdict::TooLarge(TooLarge::PerhapsFragment),
        (404, CloseSession, _) => Verdict::Refused(Problem::CloseFailed),
        (404, CreateSession, HResult::NONE) if !is_ack => Verdict::Refused(Problem::NotBits),
        (404, _, _)
        | (400..=599, _, HResult::FILE_NOT_FOUND | HResult::PATH_NOT_FOUND | HResult::BITS_FILE_NOT_FOUND) => {
            Verdict::Refused(Problem::NotFound)
        }

        // The application behind the server gave its verdict on the file (Win32: which of those are worth another try).
        (306 | 308..=399 | 408 | 409, Fragment, _) if application => Verdict::Transient(Problem::Unavailable),
        (300..=499 | 501 | 505, Fragment, _) if application => Verdict::Refused(Problem::ApplicationRefused),

        (403, _, _) => Verdict::Refused(Problem::Forbidden),
        (409, _, _) => Verdict::Refused(Problem::Exists),

        // Not a BITS server, or one whose verb something in front blocks.
        (300..=399, _, _) => Verdict::Refused(Problem::BackendRedirect),
        (405 | 501, _, _) => Verdict::Refused(Problem::NotBits),
        (400, CreateSession, HResult::NONE) if !is_ack => Verdict::Refused(Problem::NotBits),

        // May pass.
        (408 | 504, _, _) => Verdict::Transient(Problem::Timeout),
        (425 | 429, _, _) => Verdict::Transient(Problem::Unavailable),

        // A good session that cannot be published.
        (416, CloseSession, _) => Verdict::Refused(Problem::CloseFailed),

        (411 | 416 | 505, _, _) => Verdict::Refused(Problem::BackendProtocol),
        (400..=499, _, _) => Verdict::Refused(Problem::BackendRefused),
        (500..=599, _, _) => Verdict::Transient(Problem::Unavailable),

        // 1xx as a final answer, 2xx other than 200 and 201, 600 and up.
        (_, CreateSession, _) => Verdict::Refused(Problem::NotBits),
        _ => Verdict::Refused(Problem::BackendProtocol),
    }
}
