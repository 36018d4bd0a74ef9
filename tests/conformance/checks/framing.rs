//! Bodies whose length shows at their end.

use super::checks;
use crate::case::{Case, MIDDLE, Parts, file};
use crate::request::chunks;
use crate::support::File;

checks![
    a_chunked_patch,
    a_chunked_patch_beyond_the_length,
    a_chunked_patch_short_of_the_length,
    a_chunked_patch_without_its_end,
    a_chunked_creation_with_a_length,
    a_chunked_creation_without_a_length,
    a_chunked_creation_beyond_its_length,
];

async fn a_chunked_patch(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let request = case.patch(&location, MIDDLE, 0).chunked();
    let answer = case.ask(&request, &chunks(&file().from(MIDDLE))).await;
    case.assert_final(&answer, file().size, None);
    case.backend.assert_stored(&case.path(), file());
}

async fn a_chunked_patch_beyond_the_length(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let request = case.patch(&location, MIDDLE, 0).chunked();
    let answer = case.ask(&request, &chunks(&File::new(file().size + 1).from(MIDDLE))).await;
    assert!([400, 413].contains(&answer.status), "{answer}");
    assert!(!case.is_published(&case.path()));
    // It may have come to its end by that. If not, it is not beyond its length.
    let told = case.ask(&case.head(&location), b"").await;
    if told.status != 404 {
        assert!(told.has("upload-offset").parse::<u64>().unwrap() <= file().size, "{told}");
    }
}

async fn a_chunked_patch_short_of_the_length(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let request = case.patch(&location, MIDDLE, 0).chunked();
    let short = File::new(file().size - 1).from(MIDDLE);
    let answer = case.ask(&request, &chunks(&short)).await;
    assert_eq!(answer.status, 400, "{answer}");
    assert!(!case.is_published(&case.path()));
    // What came is the file's beginning.
    let offset = case.offset(&location).await;
    assert!((MIDDLE..file().size).contains(&offset), "{offset}");
    case.resume(&location, file(), offset).await;
}

async fn a_chunked_patch_without_its_end(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let mut client = case.connect().await;
    client.send(&case.patch(&location, MIDDLE, 0).chunked()).await;
    let body = chunks(&file().from(MIDDLE));
    client.bytes(&body[..body.len() - b"0\r\n\r\n".len()]).await;
    drop(client);
    // Every byte is there, but nobody said that it was the last.
    case.taken(&case.path(), file().size).await;
    let told = case.ask(&case.head(&location), b"").await;
    case.assert_told(&told, file().size, Some(file().size), false);
    assert!(!case.is_published(&case.path()));
    let answer = case.ask(&case.patch(&location, file().size, 0), b"").await;
    case.assert_final(&answer, file().size, None);
    case.backend.assert_stored(&case.path(), file());
}

async fn a_chunked_creation_with_a_length(case: Case) {
    let (mut client, location) =
        case.begin(&case.put(file()).chunked().with("Upload-Length", file().size)).await;
    client.bytes(&chunks(&file().bytes())).await;
    case.assert_final(&client.answer().await, file().size, Some(&location));
    case.backend.assert_stored(&case.path(), file());
}

async fn a_chunked_creation_without_a_length(case: Case) {
    // BITS tells the size of a file with its first byte.
    let answer = case.ask(&case.put(file()).chunked(), &chunks(&file().bytes())).await;
    case.assert_refused(&answer, 411, "length_required");
}

async fn a_chunked_creation_beyond_its_length(case: Case) {
    let request = case.put(file()).chunked().with("Upload-Length", file().size - 1);
    let (mut client, _) = case.begin(&request).await;
    client.bytes_in_vain(&chunks(&file().bytes())).await;
    let answer = client.answer().await;
    assert!([400, 413].contains(&answer.status), "{answer}");
    assert!(!case.is_published(&case.path()));
}
