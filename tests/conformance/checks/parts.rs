//! Uploads in parts: other clients than phones do that.

use super::checks;
use crate::case::{Case, MIDDLE, Parts, file};
use crate::world::FRAGMENT;
use put2bits::bits::PacketKind;

checks![
    an_empty_creation_and_then_the_file,
    an_empty_creation_that_tells_the_length,
    parts_in_order,
    a_last_part_of_no_bytes,
    a_part_of_no_bytes_changes_nothing,
    a_part_that_breaks_off,
    the_end_of_the_file_is_not_the_end_of_the_upload,
    a_part_of_a_file_of_unknown_length,
];

async fn an_empty_creation_and_then_the_file(case: Case) {
    let (mut client, location) = case.begin(&case.put_part(0)).await;
    case.assert_part(&client.answer().await, 0, Some(&location));
    case.assert_told(&case.ask(&case.head(&location), b"").await, 0, None, false);
    case.resume(&location, file(), 0).await;
}

async fn an_empty_creation_that_tells_the_length(case: Case) {
    let (mut client, location) = case.begin(&case.put_part(0).with("Upload-Length", file().size)).await;
    case.assert_part(&client.answer().await, 0, Some(&location));
    case.assert_told(&case.ask(&case.head(&location), b"").await, 0, Some(file().size), false);
    case.resume(&location, file(), 0).await;
}

/// Begins an upload by a part that ends in the middle.
async fn begun(case: &Case) -> String {
    let request = case.put_part(MIDDLE).with("Upload-Length", file().size);
    let (mut client, location) = case.begin(&request).await;
    client.bytes(&file().bytes()[..MIDDLE as usize]).await;
    case.assert_part(&client.answer().await, MIDDLE, Some(&location));
    location
}

async fn parts_in_order(case: Case) {
    let location = begun(&case).await;
    let mut at = MIDDLE;
    for size in [1, FRAGMENT + 1] {
        let request = case.patch_part(&location, at, size);
        let bytes = file().from(at);
        case.assert_part(&case.ask(&request, &bytes[..size as usize]).await, at + size, None);
        at += size;
        case.assert_told(&case.ask(&case.head(&location), b"").await, at, Some(file().size), false);
    }
    case.resume(&location, file(), at).await;
    assert_eq!(case.count(&case.path(), PacketKind::CreateSession).await, 1);
}

async fn a_last_part_of_no_bytes(case: Case) {
    let location = begun(&case).await;
    let rest = file().size - MIDDLE;
    let answer = case.ask(&case.patch_part(&location, MIDDLE, rest), &file().from(MIDDLE)).await;
    case.assert_part(&answer, file().size, None);
    assert!(!case.is_published(&case.path()));
    case.resume(&location, file(), file().size).await;
}

async fn a_part_of_no_bytes_changes_nothing(case: Case) {
    let location = begun(&case).await;
    case.assert_part(&case.ask(&case.patch_part(&location, MIDDLE, 0), b"").await, MIDDLE, None);
    case.resume(&location, file(), MIDDLE).await;
}

async fn a_part_that_breaks_off(case: Case) {
    let location = begun(&case).await;
    let mut client = case.connect().await;
    client.send(&case.patch_part(&location, MIDDLE, FRAGMENT)).await;
    client.bytes(&file().from(MIDDLE)[..999]).await;
    drop(client);
    case.taken(&case.path(), MIDDLE + 999).await;
    assert_eq!(case.offset(&location).await, MIDDLE + 999);
    case.resume(&location, file(), MIDDLE + 999).await;
}

async fn the_end_of_the_file_is_not_the_end_of_the_upload(case: Case) {
    let request = case.put_part(file().size).with("Upload-Length", file().size);
    let (location, answer) = case.upload(&request, file()).await;
    case.assert_part(&answer, file().size, Some(&location));
    let told = case.ask(&case.head(&location), b"").await;
    case.assert_told(&told, file().size, Some(file().size), false);
    assert!(!case.is_published(&case.path()));
    case.resume(&location, file(), file().size).await;
}

async fn a_part_of_a_file_of_unknown_length(case: Case) {
    // BITS tells the size of a file with its first byte.
    let answer = case.ask(&case.put_part(MIDDLE), &file().bytes()[..MIDDLE as usize]).await;
    case.assert_refused(&answer, 411, "length_required");
}
