//! Whose an upload is, and which URLs there are.

use super::checks;
use crate::case::{Case, MIDDLE, Parts, file};
use crate::request::Request;

checks![
    a_stranger_finds_nothing,
    nobody_in_particular_finds_nothing,
    a_stranger_disturbs_nothing,
    without_an_owner_the_url_is_enough,
    unknown_urls_are_404,
    urls_with_something_behind_are_404,
    an_upload_takes_no_other_method,
];

/// Asserts that requests like this one, about an upload that is there, are answered as if it were not.
async fn finds_nothing(case: &Case, change: impl Fn(Request) -> Request) {
    let location = case.dropped(file(), MIDDLE).await;
    let patch = case.patch(&location, MIDDLE, file().size - MIDDLE);
    case.assert_gone(&case.ask(&change(case.head(&location)), b"").await, "upload_unknown");
    case.assert_gone(&case.ask(&change(patch), &file().from(MIDDLE)).await, "upload_unknown");
    case.assert_gone(&case.ask(&change(case.delete(&location)), b"").await, "upload_unknown");
    assert_eq!(case.offset(&location).await, MIDDLE);
    case.resume(&location, file(), MIDDLE).await;
    // Not even that it has ended.
    case.assert_gone(&case.ask(&change(case.head(&location)), b"").await, "upload_unknown");
}

async fn a_stranger_finds_nothing(case: Case) {
    finds_nothing(&case, |request| request.with("Authorization", "Bearer somebody-else")).await;
}

async fn nobody_in_particular_finds_nothing(case: Case) {
    finds_nothing(&case, |request| request.without("Authorization")).await;
}

async fn a_stranger_disturbs_nothing(case: Case) {
    let (mut client, location) = case.begin_with(file(), MIDDLE).await;
    let stranger = case.head(&location).with("Authorization", "Bearer somebody-else");
    case.assert_gone(&case.ask(&stranger, b"").await, "upload_unknown");
    client.bytes(&file().from(MIDDLE)).await;
    case.assert_final(&client.answer().await, file().size, Some(&location));
}

async fn without_an_owner_the_url_is_enough(case: Case) {
    let (mut client, location) = case.begin(&case.put(file()).without("Authorization")).await;
    client.bytes(&file().bytes()[..MIDDLE as usize]).await;
    drop(client);
    case.taken(&case.path(), MIDDLE).await;
    let told = case.ask(&case.head(&location).without("Authorization"), b"").await;
    case.assert_told(&told, MIDDLE, Some(file().size), false);
}

async fn unknown_urls_are_404(case: Case) {
    for location in ["/_uploads/0123456789abcdef0123456789abcdef", "/_uploads/", "/_uploads/x"] {
        case.assert_gone(&case.ask(&case.head(location), b"").await, "upload_unknown");
        case.assert_gone(&case.ask(&case.delete(location), b"").await, "upload_unknown");
        let answer = case.ask(&case.patch(location, 0, 4), b"four").await;
        case.assert_gone(&answer, "upload_unknown");
    }
}

async fn urls_with_something_behind_are_404(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let upper = location.to_uppercase().replace("/_UPLOADS/", "/_uploads/");
    let digits = location.chars().filter(char::is_ascii_alphabetic).count() > "uploads".len();
    for spoilt in [format!("{location}/"), format!("{location}/x"), format!("{location}0")] {
        case.assert_gone(&case.ask(&case.head(&spoilt), b"").await, "upload_unknown");
    }
    if digits {
        case.assert_gone(&case.ask(&case.head(&upper), b"").await, "upload_unknown");
    }
    assert_eq!(case.offset(&location).await, MIDDLE);
}

async fn an_upload_takes_no_other_method(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    for method in ["PUT", "POST", "BITS_POST"] {
        let answer = case.ask(&case.request(method, &location).with("Content-Length", 4), b"four").await;
        assert_eq!(answer.status, 405, "{answer}");
        for allowed in ["HEAD", "PATCH", "DELETE"] {
            assert!(answer.has("allow").contains(allowed), "{answer}");
        }
    }
    assert_eq!(case.offset(&location).await, MIDDLE);
}
