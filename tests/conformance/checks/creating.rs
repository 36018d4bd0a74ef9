//! The request that begins an upload: its 104, when it comes, and the final answer.

use super::checks;
use crate::case::{Case, MIDDLE, file};
use crate::support::File;
use crate::world::{FRAGMENT, MAX_UPLOAD};
use put2bits::bits::PacketKind;

checks![
    a_104_comes_before_a_byte_is_sent,
    a_whole_upload_is_stored,
    post_is_as_good_as_put,
    one_104_however_long_the_body_takes,
    expect_gets_a_104_and_then_a_100,
    two_uploads_on_one_connection,
    pipelined_uploads_are_answered_in_order,
    a_file_of_no_bytes,
    each_upload_has_an_unguessable_url,
    parameters_of_fields_do_not_matter,
    a_length_that_agrees_is_taken,
    a_length_that_contradicts_is_refused,
    a_creation_with_an_offset_is_refused,
    too_large_is_refused_before_a_104,
    length_beyond_the_limit_is_refused_before_a_104,
];

async fn a_104_comes_before_a_byte_is_sent(case: Case) {
    let mut client = case.connect().await;
    client.send(&case.put(file())).await;
    let told = client.message().await;
    case.assert_supported(&told);
    client.bytes(&file().bytes()).await;
    case.assert_final(&client.answer().await, file().size, Some(told.has("location")));
}

async fn a_whole_upload_is_stored(case: Case) {
    let (location, answer) = case.upload(&case.put(file()), file()).await;
    case.assert_final(&answer, file().size, Some(&location));
    case.backend.assert_stored(&case.path(), file());
}

async fn post_is_as_good_as_put(case: Case) {
    let (location, answer) = case.upload(&case.put(file()).method("POST"), file()).await;
    case.assert_final(&answer, file().size, Some(&location));
    case.backend.assert_stored(&case.path(), file());
}

async fn one_104_however_long_the_body_takes(case: Case) {
    let (mut client, location) = case.begin_with(file(), FRAGMENT).await;
    let mut sent = FRAGMENT;
    while sent < file().size {
        case.taken(&case.path(), sent / FRAGMENT * FRAGMENT).await;
        let end = (sent + FRAGMENT).min(file().size);
        client.bytes(&file().bytes()[sent as usize..end as usize]).await;
        sent = end;
    }
    case.assert_final(&client.answer().await, file().size, Some(&location));
}

async fn expect_gets_a_104_and_then_a_100(case: Case) {
    let mut client = case.connect().await;
    client.send(&case.put(file()).with("Expect", "100-continue")).await;
    let told = client.message().await;
    case.assert_supported(&told);
    assert_eq!(client.message().await.status, 100);
    client.bytes(&file().bytes()).await;
    case.assert_final(&client.answer().await, file().size, Some(told.has("location")));
}

async fn two_uploads_on_one_connection(case: Case) {
    let mut client = case.connect().await;
    for number in 0..2 {
        let file = file().number(number);
        client.send(&case.put(file)).await;
        let told = client.message().await;
        case.assert_supported(&told);
        client.bytes(&file.bytes()).await;
        case.assert_final(&client.answer().await, file.size, Some(told.has("location")));
        case.backend.assert_stored(&case.path(), file);
    }
    // Nothing is left over.
    client.send(&case.request("OPTIONS", &case.path())).await;
    assert_eq!(client.answer().await.status, 200);
}

async fn pipelined_uploads_are_answered_in_order(case: Case) {
    let files = [File::new(1_000).number(1), File::new(2_000).number(2)];
    let mut client = case.connect().await;
    let mut bytes = Vec::new();
    for file in files {
        bytes.extend(case.put(file).bytes());
        bytes.extend(file.bytes());
    }
    client.bytes(&bytes).await;
    for file in files {
        let told = client.message().await;
        case.assert_supported(&told);
        case.assert_final(&client.answer().await, file.size, Some(told.has("location")));
    }
    case.backend.assert_stored(&case.path(), files[1]);
}

async fn a_file_of_no_bytes(case: Case) {
    let (location, answer) = case.upload(&case.put(File::new(0)), File::new(0)).await;
    case.assert_final(&answer, 0, Some(&location));
    case.backend.assert_stored(&case.path(), File::new(0));
    case.assert_told(&case.ask(&case.head(&location), b"").await, 0, Some(0), true);
}

async fn each_upload_has_an_unguessable_url(case: Case) {
    let (_client, first) = case.begin(&case.put(file())).await;
    let (_client, second) = case.begin(&case.put(file())).await;
    assert_ne!(first, second);
    for location in [first, second] {
        // A path alone leads to where the client is already. 32 hexadecimal digits are 128 bits.
        let id = location.strip_prefix("/_uploads/").unwrap_or_else(|| panic!("{location}"));
        assert!(id.len() >= 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{location}");
    }
}

async fn parameters_of_fields_do_not_matter(case: Case) {
    let request = case.put(file()).with(case.dialect.marker, format!("{};a=1", case.dialect.whole));
    let (location, answer) = case.upload(&request, file()).await;
    case.assert_final(&answer, file().size, Some(&location));
}

async fn a_length_that_agrees_is_taken(case: Case) {
    let request = case.put(file()).with("Upload-Length", file().size);
    let (location, answer) = case.upload(&request, file()).await;
    case.assert_final(&answer, file().size, Some(&location));
}

async fn a_length_that_contradicts_is_refused(case: Case) {
    for length in [file().size - 1, file().size + 1] {
        let request = case.put(file()).with("Upload-Length", length);
        case.assert_inconsistent(&case.ask(&request, &file().bytes()).await);
    }
    let request = case.put_part(MIDDLE).with("Upload-Length", MIDDLE - 1);
    case.assert_inconsistent(&case.ask(&request, &file().bytes()[..MIDDLE as usize]).await);
    assert_eq!(case.count_so_far(&case.path(), PacketKind::CreateSession), 0);
}

async fn a_creation_with_an_offset_is_refused(case: Case) {
    // It may be a PATCH that went astray. Half a file is no file.
    let request = case.put(file()).with("Upload-Offset", 100);
    assert_eq!(case.ask(&request, &file().bytes()).await.status, 400);
    assert!(!case.is_published(&case.path()));
}

async fn too_large_is_refused_before_a_104(case: Case) {
    let answer = case.ask(&case.put(File::new(MAX_UPLOAD + 1)), b"").await;
    case.assert_refused(&answer, 413, "too_large");
    assert_limit(&case, answer.field("upload-limit"));
    let (_client, location) = case.begin(&case.put(File::new(MAX_UPLOAD))).await;
    assert_eq!(case.offset(&location).await, 0);
}

async fn length_beyond_the_limit_is_refused_before_a_104(case: Case) {
    let answer = case.ask(&case.put_part(0).with("Upload-Length", MAX_UPLOAD + 1), b"").await;
    case.assert_refused(&answer, 413, "too_large");
    assert_limit(&case, answer.field("upload-limit"));
}

fn assert_limit(case: &Case, told: Option<&str>) {
    let limit = case.dialect.limit(MAX_UPLOAD, crate::world::EXPIRE);
    assert_eq!(told, limit.as_deref());
}
