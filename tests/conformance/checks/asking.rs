//! HEAD, and GET where there is such a thing: how far an upload is.

use super::checks;
use crate::case::{Case, MIDDLE, file};

checks![
    head_at_the_beginning,
    head_in_the_middle,
    head_at_the_end,
    head_with_a_length_of_0,
    head_as_the_phone_sends_it,
    head_twice_says_the_same,
    head_without_a_number_speaks_the_version_of_the_creation,
    head_with_an_unknown_number_speaks_the_version_of_the_creation,
    head_with_fields_of_other_requests,
    get_where_there_is_one,
];

async fn head_at_the_beginning(case: Case) {
    let (_client, location) = case.begin(&case.put(file())).await;
    case.assert_told(&case.ask(&case.head(&location), b"").await, 0, Some(file().size), false);
}

async fn head_in_the_middle(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    case.assert_told(&case.ask(&case.head(&location), b"").await, MIDDLE, Some(file().size), false);
}

async fn head_at_the_end(case: Case) {
    let (location, _) = case.upload(&case.put(file()), file()).await;
    case.assert_told(&case.ask(&case.head(&location), b"").await, file().size, Some(file().size), true);
}

async fn head_with_a_length_of_0(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let mut client = case.connect().await;
    for _ in 0..2 {
        // The connection lives on: no body is waited for.
        client.send(&case.head(&location).with("Content-Length", 0)).await;
        case.assert_told(&client.answer().await, MIDDLE, Some(file().size), false);
    }
}

async fn head_as_the_phone_sends_it(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let request = case
        .head(&location)
        .with("Content-Length", 0)
        .with("Content-Type", "video/quicktime")
        .with("X-Filename", "IMG_0001.MOV")
        .with("Accept", "*/*");
    case.assert_told(&case.ask(&request, b"").await, MIDDLE, Some(file().size), false);
}

async fn head_twice_says_the_same(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    assert_eq!(case.offset(&location).await, MIDDLE);
    assert_eq!(case.offset(&location).await, MIDDLE);
    case.resume(&location, file(), MIDDLE).await;
}

async fn head_without_a_number_speaks_the_version_of_the_creation(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let request = case.head(&location).without("Upload-Draft-Interop-Version");
    case.assert_told(&case.ask(&request, b"").await, MIDDLE, Some(file().size), false);
}

async fn head_with_an_unknown_number_speaks_the_version_of_the_creation(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let request = case.head(&location).with("Upload-Draft-Interop-Version", 99);
    case.assert_told(&case.ask(&request, b"").await, MIDDLE, Some(file().size), false);
}

async fn head_with_fields_of_other_requests(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let fields = [(case.dialect.marker, "?1"), ("Upload-Offset", "5"), ("Upload-Length", "5")];
    for (name, value) in fields {
        let answer = case.ask(&case.head(&location).with(name, value), b"").await;
        match case.dialect.strict_head {
            true => assert_eq!(answer.status, 400, "{name}: {answer}"),
            false => case.assert_told(&answer, MIDDLE, Some(file().size), false),
        }
    }
    assert_eq!(case.offset(&location).await, MIDDLE);
}

async fn get_where_there_is_one(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let answer = case.ask(&case.head(&location).method("GET"), b"").await;
    match case.dialect.get {
        true => case.assert_told(&answer, MIDDLE, Some(file().size), false),
        false => assert_eq!(answer.status, 405, "{answer}"),
    }
}
