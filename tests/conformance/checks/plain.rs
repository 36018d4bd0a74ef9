//! Requests that look a little like resumption and are not: no 104, no error, and the file is stored.

use super::checks;
use crate::case::{Case, file};
use crate::request::Request;
use crate::support::Settings;
use crate::world::{EXPIRE, MAX_UPLOAD, World, settings};
use std::sync::Arc;

checks![
    an_unknown_number_is_a_plain_upload,
    no_fields_at_all_are_a_plain_upload,
    a_number_alone_is_a_plain_upload,
    the_marker_without_the_number,
    a_malformed_marker_is_a_plain_upload,
    the_marker_twice_is_a_plain_upload,
    http_1_0_is_a_plain_upload,
    options_tells_the_limits,
    options_is_for_everybody,
    a_route_with_resumption_off,
    a_route_that_looks_at_via,
];

/// Uploads the file of the case by this request, which must be taken for a plain upload.
async fn is_plain(case: &Case, request: &Request) {
    case.assert_plain(&case.ask(request, &file().bytes()).await);
    case.backend.assert_stored(&case.path(), file());
}

async fn an_unknown_number_is_a_plain_upload(case: Case) {
    for number in ["99", "2", "9", "0", "-6", "999999999999999"] {
        is_plain(&case, &case.put(file()).with("Upload-Draft-Interop-Version", number)).await;
    }
}

async fn no_fields_at_all_are_a_plain_upload(case: Case) {
    let request = case.put(file()).without("Upload-Draft-Interop-Version").without(case.dialect.marker);
    is_plain(&case, &request).await;
}

async fn a_number_alone_is_a_plain_upload(case: Case) {
    is_plain(&case, &case.put(file()).without(case.dialect.marker)).await;
    // The marker of another version does not make it one of this version.
    let other = case.dialect.other_marker();
    let request = case.put(file()).without(case.dialect.marker);
    is_plain(&case, &request.clone().with(other.marker, other.whole)).await;
    // But what calls itself a part of a file is never stored as the whole.
    let answer = case.ask(&request.with(other.marker, other.partial), &file().bytes()).await;
    assert!(answer.status >= 400, "{answer}");
}

async fn the_marker_without_the_number(case: Case) {
    let request = case.put(file()).without("Upload-Draft-Interop-Version");
    match case.dialect.number {
        Some(_) => is_plain(&case, &request).await,
        // That is what the RFC looks like.
        None => {
            let (location, answer) = case.upload(&request, file()).await;
            case.assert_final(&answer, file().size, Some(&location));
        }
    }
}

async fn a_malformed_marker_is_a_plain_upload(case: Case) {
    for value in ["1", "?2", "true", "", "?1, ?1", "\"?1\"", "?"] {
        is_plain(&case, &case.put(file()).with(case.dialect.marker, value)).await;
    }
}

async fn the_marker_twice_is_a_plain_upload(case: Case) {
    is_plain(&case, &case.put(file()).and(case.dialect.marker, case.dialect.whole)).await;
}

async fn http_1_0_is_a_plain_upload(case: Case) {
    is_plain(&case, &case.put(file()).http_1_0().with("Connection", "keep-alive")).await;
}

async fn options_tells_the_limits(case: Case) {
    let answer = case.ask(&case.request("OPTIONS", &case.path()), b"").await;
    assert_eq!(answer.status, 200, "{answer}");
    let limit = answer.has("upload-limit");
    match case.dialect.limit(MAX_UPLOAD, EXPIRE) {
        Some(told) => assert_eq!(limit, told),
        // These versions have no such field, but who asks by OPTIONS wants to know.
        None => assert!(limit.starts_with(&format!("min-size=0, max-size={MAX_UPLOAD}")), "{answer}"),
    }
}

async fn options_is_for_everybody(case: Case) {
    for (number, credentials) in [(true, false), (false, true), (false, false)] {
        let mut request = case.request("OPTIONS", &case.path());
        if !number {
            request = request.without("Upload-Draft-Interop-Version");
        }
        if !credentials {
            request = request.without("Authorization");
        }
        let answer = case.ask(&request, b"").await;
        assert_eq!(answer.status, 200, "{answer}");
        let limit = answer.has("upload-limit");
        assert!(limit.starts_with(&format!("min-size=0, max-size={MAX_UPLOAD}")), "{answer}");
    }
}

/// The same case on a proxy whose only route has this mode.
async fn with_resumption(case: &Case, mode: &str) -> Case {
    let backend = crate::support::Backend::new(&[], &[]);
    let lines = format!("profile = 'refuse'\nresumption = '{mode}'");
    let proxy = settings(Settings::route(&backend.url(), &lines), case.dialect).start().await;
    Case::new(Arc::new(World::of(case.dialect, backend, proxy)), "file")
}

async fn a_route_with_resumption_off(case: Case) {
    let case = with_resumption(&case, "off").await;
    let answer = case.ask(&case.request("OPTIONS", &case.path()), b"").await;
    case.assert_refused(&answer, 501, "resumption_off");
    is_plain(&case, &case.put(file())).await;
}

async fn a_route_that_looks_at_via(case: Case) {
    let case = with_resumption(&case, "only-without-Via").await;
    is_plain(&case, &case.put(file()).with("Via", "1.1 nginx")).await;
    let (location, answer) = case.upload(&case.put(file()), file()).await;
    case.assert_final(&answer, file().size, Some(&location));
}
