//! PATCH: what is checked of it before a byte is taken.

use super::checks;
use crate::case::{Case, MIDDLE, Parts, file};
use crate::client::Message;
use crate::request::Request;

checks![
    the_rest_by_one_patch,
    a_wrong_offset_is_a_conflict,
    an_offset_that_is_none_is_refused,
    the_type_of_a_patch,
    a_patch_without_a_type,
    a_type_with_parameters,
    a_patch_without_a_marker,
    a_patch_with_a_malformed_marker,
    beyond_the_length_is_refused,
    short_of_the_length_is_refused,
    a_length_that_contradicts_the_first_is_refused,
    a_length_that_agrees_with_the_first_is_taken,
    a_patch_that_expects_a_100,
    a_patch_on_the_connection_of_its_head,
    another_version_goes_on,
];

async fn the_rest_by_one_patch(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    case.resume(&location, file(), MIDDLE).await;
}

/// Sends the rest of a file by a spoilt request. Whatever is answered, the upload goes on.
async fn spoilt(case: &Case, location: &str, spoil: impl Fn(Request) -> Request) -> Message {
    let request = spoil(case.patch(location, MIDDLE, file().size - MIDDLE));
    let answer = case.ask(&request, &file().from(MIDDLE)).await;
    assert!(!case.is_published(&case.path()), "{answer}");
    assert_eq!(case.offset(location).await, MIDDLE, "{answer}");
    answer
}

async fn a_wrong_offset_is_a_conflict(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    for wrong in [MIDDLE - 1, MIDDLE + 1, 1, file().size] {
        let request = case.patch(&location, wrong, file().size - wrong);
        let answer = case.ask(&request, &file().from(wrong)).await;
        case.assert_conflict(&answer, MIDDLE);
    }
    case.resume(&location, file(), MIDDLE).await;
}

async fn an_offset_that_is_none_is_refused(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    for value in ["", "x", "-1", "1.5", "?1", "1, 1", "1000000000000000"] {
        let answer = spoilt(&case, &location, |request| request.with("Upload-Offset", value)).await;
        assert_eq!(answer.status, 400, "{value:?}: {answer}");
    }
    let answer = spoilt(&case, &location, |request| request.without("Upload-Offset")).await;
    assert_eq!(answer.status, 400, "{answer}");
    let answer = spoilt(&case, &location, |request| request.and("Upload-Offset", MIDDLE)).await;
    assert_eq!(answer.status, 400, "{answer}");
    case.resume(&location, file(), MIDDLE).await;
}

async fn the_type_of_a_patch(case: Case) {
    typed(&case, |request| request.with("Content-Type", "video/quicktime")).await;
}

async fn a_patch_without_a_type(case: Case) {
    typed(&case, |request| request.without("Content-Type")).await;
}

/// A PATCH that does not call itself one: refused where types matter.
async fn typed(case: &Case, change: impl Fn(Request) -> Request) {
    let location = case.dropped(file(), MIDDLE).await;
    let request = change(case.patch(&location, MIDDLE, file().size - MIDDLE));
    let answer = case.ask(&request, &file().from(MIDDLE)).await;
    if case.dialect.strict_patch {
        case.assert_refused(&answer, 415, "media_type_refused");
        assert_eq!(case.offset(&location).await, MIDDLE);
    } else {
        case.assert_final(&answer, file().size, None);
    }
}

async fn a_type_with_parameters(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let request = case
        .patch(&location, MIDDLE, file().size - MIDDLE)
        .with("Content-Type", "Application/Partial-Upload; a=b");
    case.assert_final(&case.ask(&request, &file().from(MIDDLE)).await, file().size, None);
}

/// A PATCH that does not say whether it is the last: refused, or the last.
async fn unmarked(case: &Case, change: impl Fn(Request) -> Request) {
    let location = case.dropped(file(), MIDDLE).await;
    let request = change(case.patch(&location, MIDDLE, file().size - MIDDLE));
    let answer = case.ask(&request, &file().from(MIDDLE)).await;
    if case.dialect.strict_patch {
        assert_eq!(answer.status, 400, "{answer}");
        case.resume(&location, file(), MIDDLE).await;
    } else {
        case.assert_final(&answer, file().size, None);
        case.backend.assert_stored(&case.path(), file());
    }
}

async fn a_patch_without_a_marker(case: Case) {
    unmarked(&case, |request| request.without(case.dialect.marker)).await;
}

async fn a_patch_with_a_malformed_marker(case: Case) {
    unmarked(&case, |request| request.with(case.dialect.marker, "yes")).await;
}

async fn beyond_the_length_is_refused(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    for beyond in [1, 100_000] {
        let content = file().size - MIDDLE + beyond;
        let request = case.patch(&location, MIDDLE, content);
        case.assert_inconsistent(&case.ask(&request, &vec![0; content as usize]).await);
        let request = case.patch_part(&location, MIDDLE, content);
        case.assert_inconsistent(&case.ask(&request, &vec![0; content as usize]).await);
    }
    assert!(!case.is_published(&case.path()));
}

async fn short_of_the_length_is_refused(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let content = file().size - MIDDLE - 1;
    let request = case.patch(&location, MIDDLE, content);
    case.assert_inconsistent(&case.ask(&request, &file().from(MIDDLE + 1)).await);
    assert!(!case.is_published(&case.path()));
    assert_eq!(case.offset(&location).await, MIDDLE);
}

async fn a_length_that_contradicts_the_first_is_refused(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    for wrong in [file().size + 1, file().size - 1] {
        let answer = spoilt(&case, &location, |request| request.with("Upload-Length", wrong)).await;
        case.assert_inconsistent(&answer);
    }
}

async fn a_length_that_agrees_with_the_first_is_taken(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let request = case.patch(&location, MIDDLE, file().size - MIDDLE).with("Upload-Length", file().size);
    case.assert_final(&case.ask(&request, &file().from(MIDDLE)).await, file().size, None);
}

async fn a_patch_that_expects_a_100(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let mut client = case.connect().await;
    let request = case.patch(&location, MIDDLE, file().size - MIDDLE).with("Expect", "100-continue");
    client.send(&request).await;
    assert_eq!(client.message().await.status, 100);
    client.bytes(&file().from(MIDDLE)).await;
    case.assert_final(&client.answer().await, file().size, None);
}

async fn a_patch_on_the_connection_of_its_head(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let mut client = case.connect().await;
    client.send(&case.head(&location)).await;
    case.assert_told(&client.answer().await, MIDDLE, Some(file().size), false);
    client.send(&case.patch(&location, MIDDLE, file().size - MIDDLE)).await;
    client.bytes(&file().from(MIDDLE)).await;
    case.assert_final(&client.answer().await, file().size, None);
    client.send(&case.head(&location)).await;
    case.assert_told(&client.answer().await, file().size, Some(file().size), true);
}

async fn another_version_goes_on(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    // The phone was updated while its queue waited.
    let other = case.speaking(case.dialect.other());
    other.assert_told(&other.ask(&other.head(&location), b"").await, MIDDLE, Some(file().size), false);
    other.resume(&location, file(), MIDDLE).await;
    case.assert_told(&case.ask(&case.head(&location), b"").await, file().size, Some(file().size), true);
}
