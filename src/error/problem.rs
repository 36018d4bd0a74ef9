//! The table of everything that can go wrong with an upload.
//!
//! It is the only place that says whose fault a problem is, which status the uploading client gets, whether trying again
//! can help, and which stable code names it in `Put2bits-Error` and in logs. What one case adds to its row is a
//! [`Failure`](super::Failure).

use super::fault::Fault;
use http::StatusCode;

/// One row of the failure table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Stable machine-readable name: `Put2bits-Error`, the last part of the problem `type`.
    pub code: &'static str,
    /// Status of the answer to the uploading client.
    pub status: StatusCode,
    /// Who has to act.
    pub fault: Fault,
    /// Whether the same request may succeed later without anybody changing anything: such answers carry `Retry-After`.
    pub retry: bool,
    /// One human sentence without a full stop: the `title` of the problem document.
    pub title: &'static str,
    /// What to do about it, for whoever can; empty where the title says it all.
    pub advice: &'static str,
}

macro_rules! problems {
    ($( $(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $fault:ident, $retry:literal, $title:literal, $advice:literal; )*) => {
        /// A failure: what went wrong. See [`Problem::row`] for what follows from it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Problem { $( $(#[$doc])* $name, )* }

        impl Problem {
            /// All problems, in table order.
            pub const ALL: &'static [Problem] = &[$(Problem::$name,)*];

            /// The row of the failure table for this problem.
            pub const fn row(self) -> &'static Row {
                match self {
                    $(Problem::$name => &Row {
                        code: $code,
                        status: StatusCode::$status,
                        fault: Fault::$fault,
                        retry: $retry,
                        title: $title,
                        advice: $advice,
                    },)*
                }
            }
        }
    };
}

problems! {
    // ---- the client's side -------------------------------------------------------------------------------
    /// The path cannot name a file at the backend.
    BadPath = "bad_path", BAD_REQUEST, Client, false,
        "This path cannot name a file at the backend",
        "Use a path of plain file and folder names.";
    /// The target template of the route needs what the request has not.
    NameMissing = "name_missing", BAD_REQUEST, Client, false,
        "The request lacks what its file is to be named after",
        "Send what is missing, or give it a fallback in the route's target.";
    /// The route wants a digest of the file.
    DigestRequired = "digest_required", BAD_REQUEST, Client, false,
        "Files have to come with their digest here",
        "Send Repr-Digest with sha-256 or sha-512 of the whole file.";
    /// The head is ambiguous or malformed (two lengths, no host, …).
    BadRequest = "bad_request", BAD_REQUEST, Client, false,
        "The request head is malformed or ambiguous",
        "";
    /// The request line or the header block is larger than this proxy takes.
    HeadTooLarge = "head_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE, Client, false,
        "The request head is larger than this proxy accepts",
        "";
    /// No route covers the path.
    NoRoute = "no_route", NOT_FOUND, Client, false,
        "No route is configured for this path",
        "Check the path, or add a [[route]] to the proxy's configuration.";
    /// Neither PUT nor POST.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, Client, false,
        "Only PUT and POST upload a file here",
        "";
    /// No Content-Length: BITS tells the total size with the first fragment.
    LengthRequired = "length_required", LENGTH_REQUIRED, Client, false,
        "BITS needs the total size: send Content-Length",
        "Send the file with its length, not chunked.";
    /// A coding that would be stored as it is.
    CodingRefused = "coding_refused", UNSUPPORTED_MEDIA_TYPE, Client, false,
        "An encoded body would be stored encoded",
        "Send the file as it is.";
    /// A form, which would be stored with the boundaries around the file.
    FormRefused = "form_refused", UNSUPPORTED_MEDIA_TYPE, Client, false,
        "A form would be stored with its boundaries",
        "Send the file itself as the body (curl -T FILE).";
    /// An expectation other than 100-continue.
    ExpectationFailed = "expectation_failed", EXPECTATION_FAILED, Client, false,
        "Only 'Expect: 100-continue' is understood",
        "";
    /// Larger than `limits.max_upload` of this proxy.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, Client, false,
        "The file is larger than this proxy accepts",
        "Send a smaller file, or raise max_upload of the route or limits.max_upload of the proxy.";
    /// A file of no bytes, and the route refuses those.
    EmptyRefused = "empty_refused", UNPROCESSABLE_ENTITY, Client, false,
        "The route refuses files of no bytes",
        "Leave files of no bytes out, or set zero_length of the route.";
    /// No body byte came for `timeouts.idle`.
    ClientStalled = "client_stalled", REQUEST_TIMEOUT, Client, true,
        "The body stopped coming",
        "Send the file again.";
    /// Fewer body bytes a second than `timeouts.min_rate`.
    ClientSlow = "client_slow", REQUEST_TIMEOUT, Client, true,
        "The body came too slowly",
        "Send the file again over a faster line; timeouts.min_rate of the proxy says how fast it has to come.";
    /// The body was not whole after `timeouts.upload`.
    UploadOverdue = "upload_overdue", REQUEST_TIMEOUT, Client, true,
        "The upload took longer than it may",
        "Send the file again over a faster line; timeouts.upload of the proxy says how long it may take.";
    /// The connection ended before the body did. Nobody is left to read the status.
    ClientGone = "client_gone", BAD_REQUEST, Client, false,
        "The client went away before the body was complete",
        "";

    // ---- the client's side: who may upload ------------------------------------------------------------------
    /// The route asks for credentials, and the request has none that are right.
    Unauthorized = "unauthorized", UNAUTHORIZED, Client, false,
        "Credentials are missing or wrong",
        "Send those that the route asks for: see WWW-Authenticate.";
    /// It is known who the client is, and that one may not upload here.
    AccessDenied = "access_denied", FORBIDDEN, Client, false,
        "This client may not upload here",
        "Ask whoever runs the proxy to let this client in; the proxy's log says who was refused, and why.";
    /// Too many attempts with wrong credentials came from the client's network.
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS, Client, true,
        "Too many attempts with wrong credentials",
        "Wait a minute, and send the right ones.";

    /// The name is taken, and the route overwrites nothing.
    FileExists = "file_exists", CONFLICT, Client, false,
        "The name is taken, and nothing is overwritten here",
        "Choose another name, or set overwrite of the route to pass or suffix.";

    // ---- the client's side: uploads that are resumed --------------------------------------------------------
    /// No such upload resource, or none that this client may know of.
    UploadUnknown = "upload_unknown", NOT_FOUND, Client, false,
        "There is no such upload, or not any more",
        "Begin a new upload.";
    /// Replaced by a newer upload of the same client to the same target.
    UploadSuperseded = "upload_superseded", NOT_FOUND, Client, false,
        "The upload was replaced by a newer one to the same place",
        "";
    /// Nothing was heard of it for too long.
    UploadExpired = "upload_expired", NOT_FOUND, Client, false,
        "Nothing was heard of the upload for too long",
        "Begin a new upload.";
    /// Its client cancelled it.
    UploadCancelled = "upload_cancelled", NOT_FOUND, Client, false,
        "The upload was cancelled",
        "Begin a new upload.";
    /// The part does not begin where the upload ends.
    OffsetMismatch = "offset_mismatch", CONFLICT, Client, false,
        "The part does not begin where the upload ends",
        "Ask for the offset by HEAD, and go on from there.";
    /// What the client says about the length contradicts itself, or the bytes do.
    LengthMismatch = "length_mismatch", BAD_REQUEST, Client, false,
        "What was said of the upload's length is contradictory",
        "";
    /// Bytes for an upload that has its final answer.
    UploadCompleted = "upload_completed", BAD_REQUEST, Client, false,
        "The upload is complete and takes no more bytes",
        "";
    /// A part that is not called one.
    MediaTypeRefused = "media_type_refused", UNSUPPORTED_MEDIA_TYPE, Client, false,
        "A part of an upload has the type application/partial-upload",
        "Send Content-Type: application/partial-upload with PATCH.";
    /// The bytes are not those that the digest was made from.
    DigestMismatch = "digest_mismatch", BAD_REQUEST, Client, false,
        "The bytes that arrived do not have the digest that was sent with them",
        "Send the file again.";
    /// A part with a digest of its own that would have to be held whole.
    PartTooLarge = "part_too_large", BAD_REQUEST, Client, false,
        "A part with a Content-Digest must fit into one fragment",
        "Send smaller parts, or Repr-Digest at the beginning of the upload.";

    // ---- the backend's side: answers that stay as they are ------------------------------------------------
    /// The backend's user may not write there (or the backend says so for an existing file).
    Forbidden = "forbidden", FORBIDDEN, Backend, false,
        "The backend does not allow this upload",
        "Give the backend's user the right to change files there (for IIS: Change on the folder), or choose another name if the file exists already.";
    /// The target exists and the backend does not overwrite it, or another session holds it.
    Exists = "exists", CONFLICT, Backend, false,
        "The file exists already and the backend does not overwrite it",
        "Choose another name, or let the backend overwrite files (for IIS: BITSAllowOverwrites).";
    /// The route must not overwrite, and the backend does not say whether the file is there.
    ExistsUnknown = "exists_unknown", BAD_GATEWAY, Backend, false,
        "The backend does not tell whether the file exists already",
        "Let the backend answer HEAD of its files (for IIS: allow the verb and reading), or set overwrite of the route to pass or suffix.";
    /// The folder of the target does not exist.
    NotFound = "not_found", NOT_FOUND, Backend, false,
        "The backend has no such folder",
        "Make the folder at the backend, or correct the path.";
    /// The backend's maximum for one file.
    FileTooLarge = "file_too_large", PAYLOAD_TOO_LARGE, Backend, false,
        "The file is larger than the backend accepts",
        "Raise the limit of the backend (for IIS: BITSMaximumUploadSize).";
    /// Even the smallest fragment is too large for the backend or for what stands in front of it.
    FragmentTooLarge = "fragment_too_large", PAYLOAD_TOO_LARGE, Backend, false,
        "The backend refuses even the smallest fragment",
        "Raise the limit for request bodies at the backend or in front of it (for IIS: maxAllowedContentLength).";
    /// The target URL is too long for the backend.
    UriTooLong = "uri_too_long", URI_TOO_LONG, Backend, false,
        "The target URL is too long for the backend",
        "Choose a shorter name.";
    /// The header block is too large for the backend.
    HeadersTooLarge = "headers_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE, Backend, false,
        "The header block is too large for the backend",
        "Choose a shorter name.";
    /// No room left.
    DiskFull = "disk_full", INSUFFICIENT_STORAGE, Backend, false,
        "The backend's disk is full",
        "Make room at the backend.";
    /// The URL does not speak BITS, or the verb does not get through.
    NotBits = "backend_not_bits", BAD_GATEWAY, Backend, false,
        "The backend does not speak BITS at this URL",
        "Check the backend's URL, that BITS uploads are enabled for this directory, and that nothing on the way filters the verb BITS_POST; with verb = \"override\", that the server heeds X-Http-Method-Override: one that does not takes it for a plain POST.";
    /// The directory exists, uploads are switched off there.
    UploadsDisabled = "uploads_disabled", BAD_GATEWAY, Backend, false,
        "BITS uploads are not enabled in this directory of the backend",
        "Enable BITS uploads for the directory, and take the right to run scripts off it.";
    /// The backend wants credentials that the proxy does not have.
    BackendAuth = "backend_auth", BAD_GATEWAY, Backend, false,
        "The backend does not accept the proxy's credentials",
        "Check credentials and credentials_file of the backend, and that its account may upload there; or let the backend accept this proxy without a login.";
    /// The client's own credentials go to the backend, which does not accept them.
    CallerRefused = "caller_refused", UNAUTHORIZED, Client, false,
        "The backend does not accept the credentials that came with the request",
        "Send credentials that the backend knows.";
    /// A redirect, which BITS does not have.
    BackendRedirect = "backend_redirect", BAD_GATEWAY, Backend, false,
        "The backend answered with a redirect, which is never followed",
        "Set the backend's URL to where the redirect leads.";
    /// The backend broke the protocol.
    BackendProtocol = "backend_protocol", BAD_GATEWAY, Backend, false,
        "The backend broke the BITS protocol",
        "Check what answers at the backend's URL; the proxy's log names the packet.";
    /// The backend refused a packet as invalid.
    BackendRefused = "backend_refused", BAD_GATEWAY, Backend, false,
        "The backend refused the request as invalid",
        "Check that the URL names a file in an upload directory; the proxy's log names the packet.";
    /// The application behind the BITS server refused the file.
    ApplicationRefused = "application_refused", BAD_GATEWAY, Backend, false,
        "The application behind the BITS server refused the file",
        "Ask the application behind the BITS server why.";
    /// Exchange after exchange without one more byte taken.
    NoProgress = "no_progress", BAD_GATEWAY, Backend, false,
        "The backend keeps answering but takes no more bytes",
        "Check the backend's log and disk.";
    /// The stored file was gone when it was to be published.
    CloseFailed = "close_failed", BAD_GATEWAY, Backend, false,
        "The backend took every byte but could not publish the file",
        "Check the backend's log, then send the file again.";

    // ---- the backend's side: trouble that may pass ---------------------------------------------------------
    /// No connection.
    Unreachable = "backend_unreachable", SERVICE_UNAVAILABLE, Backend, true,
        "The backend cannot be reached",
        "Check that the backend runs, that the proxy may connect to it and trusts its certificate: the proxy's log says what failed.";
    /// Connected, but it answers with transient errors or breaks off.
    Unavailable = "backend_unavailable", SERVICE_UNAVAILABLE, Backend, true,
        "The backend is not available at the moment",
        "Check that the backend's port speaks plain HTTP, then try again later.";
    /// No answer in time.
    Timeout = "backend_timeout", GATEWAY_TIMEOUT, Backend, true,
        "The backend did not answer in time",
        "Try again later.";
    /// The session is unknown to the backend and the bytes to start again are gone.
    SessionLost = "session_lost", SERVICE_UNAVAILABLE, Backend, true,
        "The backend lost the upload session",
        "Send the file again.";
    /// The backend wants bytes that it acknowledged before.
    DataLost = "data_lost", SERVICE_UNAVAILABLE, Backend, true,
        "The backend lost bytes that it had acknowledged",
        "Send the file again.";
    /// A fragment stayed unanswered and the backend's profile does not allow sending it again.
    FragmentInDoubt = "fragment_in_doubt", SERVICE_UNAVAILABLE, Backend, true,
        "A fragment stayed unanswered and this kind of backend must not get it twice",
        "Send the file again. If the backend refuses or trims repeated bytes, say so by the route's profile: then the proxy repeats them itself.";
    /// The answer to Close-Session was lost and nothing proves that the file was published.
    CloseInDoubt = "close_in_doubt", SERVICE_UNAVAILABLE, Backend, true,
        "The answer to Close-Session was lost and nothing proves that the file was stored",
        "Look whether the file is there before sending it again; ambiguous_close of the route decides such cases.";

    // ---- ours ----------------------------------------------------------------------------------------------
    /// The proxy is going down.
    ShuttingDown = "shutting_down", SERVICE_UNAVAILABLE, Proxy, true,
        "The proxy is shutting down",
        "Try again: another instance may be up already.";
    /// As many uploads are open as may be.
    TooManyUploads = "too_many_uploads", SERVICE_UNAVAILABLE, Proxy, true,
        "Too many uploads are open",
        "Try again later; uploads.max_open and uploads.max_open_per_client of the proxy say how many there may be.";
    /// As many uploads run as may.
    TooManyRunning = "too_many_running", SERVICE_UNAVAILABLE, Proxy, true,
        "Too many uploads are running",
        "Try again later; uploads.max_running and uploads.max_running_per_client of the proxy say how many may run.";
    /// As many sessions are open at the backend as may be.
    TooManySessions = "too_many_sessions", SERVICE_UNAVAILABLE, Proxy, true,
        "Too many uploads are open at the backend",
        "Try again later; max_sessions of the backend says how many there may be, paused ones included.";
    /// As many connections are open as may be.
    TooManyConnections = "too_many_connections", SERVICE_UNAVAILABLE, Proxy, true,
        "Too many connections are open",
        "Try again later; connections.max and connections.max_per_client of the proxy say how many there may be.";
    /// Nobody can say whether the client may upload: the authority does not answer, or passwords are waited for too long.
    AuthUnavailable = "auth_unavailable", SERVICE_UNAVAILABLE, Proxy, true,
        "It cannot be found out whether this client may upload",
        "Try again later; the proxy's log says what did not answer.";
    /// A capability check where uploads cannot be resumed.
    ResumptionOff = "resumption_off", NOT_IMPLEMENTED, Proxy, false,
        "Uploads cannot be resumed here",
        "";
    /// A bug: a task of ours ended without an outcome.
    Internal = "internal", INTERNAL_SERVER_ERROR, Proxy, true,
        "The proxy failed",
        "Report this, with the proxy's log.";
}

impl Problem {
    /// The problem with that stable code.
    pub fn named(code: &str) -> Option<Problem> {
        Problem::ALL.iter().copied().find(|problem| problem.code() == code)
    }

    /// Shorthand for the row's stable code.
    pub const fn code(self) -> &'static str {
        self.row().code
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_unique_stable_names() {
        let mut seen = HashSet::new();
        for problem in Problem::ALL {
            let code = problem.code();
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
            assert!(seen.insert(code), "{code} twice");
        }
    }

    #[test]
    fn status_agrees_with_fault_and_retry() {
        for problem in Problem::ALL {
            let row = problem.row();
            assert!(row.status.is_client_error() || row.status.is_server_error(), "{row:?}");
            // Who may try again is told so by a status that means it.
            let transient = [408, 429, 500, 503, 504].contains(&row.status.as_u16());
            assert_eq!(row.retry, transient, "{row:?}");
            if row.fault == Fault::Client {
                assert!(row.status.is_client_error(), "{row:?}");
            }
            assert!(!row.title.ends_with('.'), "{row:?}");
            assert!(row.advice.is_empty() || row.advice.ends_with('.'), "{row:?}");
            assert!(
                row.fault != Fault::Backend || !row.advice.is_empty(),
                "an operator needs advice: {row:?}"
            );
        }
    }
}
