//! Digests of the whole file, and of what is in one message (RFC 9530).

use super::checks;
use crate::case::{Case, MIDDLE, Parts, file};
use crate::client::Message;
use crate::world::FRAGMENT;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use put2bits::bits::PacketKind;
use sha2::{Digest, Sha256, Sha512};

checks![
    the_right_digest_of_the_file,
    the_right_sha_512_of_the_file,
    the_wrong_digest_of_the_file,
    the_right_digest_across_a_drop,
    the_wrong_digest_across_a_drop,
    a_digest_that_is_wanted,
    the_right_digest_of_a_part,
    the_wrong_digest_of_a_part,
    a_digest_of_a_part_that_is_too_large,
    the_phone_repeats_the_digest_of_the_file,
];

fn sha_256(bytes: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(bytes)))
}

fn sha_512(bytes: &[u8]) -> String {
    format!("sha-512=:{}:", STANDARD.encode(Sha512::digest(bytes)))
}

async fn the_right_digest_of_the_file(case: Case) {
    let request = case.put(file()).with("Repr-Digest", sha_256(&file().bytes()));
    let (location, answer) = case.upload(&request, file()).await;
    case.assert_final(&answer, file().size, Some(&location));
    case.backend.assert_stored(&case.path(), file());
}

async fn the_right_sha_512_of_the_file(case: Case) {
    let request = case.put(file()).with("Repr-Digest", sha_512(&file().bytes()));
    let (location, answer) = case.upload(&request, file()).await;
    case.assert_final(&answer, file().size, Some(&location));
}

/// The file is not what was promised: it is not published, its session is cancelled, and nothing goes on.
async fn assert_withheld(case: &Case, location: &str, answer: &Message) {
    case.assert_refused(answer, 400, "digest_mismatch");
    if case.dialect.marked_failure {
        case.assert_marker(answer, true);
    }
    case.packet_of(&case.path(), PacketKind::CancelSession).await;
    assert!(!case.is_published(&case.path()));
    // Who reads "complete" takes the file for stored: a failure has to be fetched.
    let told = case.ask(&case.head(location), b"").await;
    assert_eq!(told.status, 204);
    case.assert_marker(&told, false);
}

async fn the_wrong_digest_of_the_file(case: Case) {
    for digest in [sha_256(b"another file"), sha_512(b"another file")] {
        let request = case.put(file()).with("Repr-Digest", digest);
        let (location, answer) = case.upload(&request, file()).await;
        assert_withheld(&case, &location, &answer).await;
    }
}

/// An upload with this digest that breaks off in the middle, as far as the client.
async fn dropped(case: &Case, digest: String) -> String {
    let (mut client, location) = case.begin(&case.put(file()).with("Repr-Digest", digest)).await;
    client.bytes(&file().bytes()[..MIDDLE as usize]).await;
    drop(client);
    case.taken(&case.path(), MIDDLE).await;
    assert_eq!(case.offset(&location).await, MIDDLE);
    location
}

async fn the_right_digest_across_a_drop(case: Case) {
    let location = dropped(&case, sha_256(&file().bytes())).await;
    case.resume(&location, file(), MIDDLE).await;
}

async fn the_wrong_digest_across_a_drop(case: Case) {
    let location = dropped(&case, sha_256(b"another file")).await;
    let request = case.patch(&location, MIDDLE, file().size - MIDDLE);
    let answer = case.ask(&request, &file().from(MIDDLE)).await;
    assert_withheld(&case, &location, &answer).await;
}

async fn a_digest_that_is_wanted(case: Case) {
    for (wanted, digest) in
        [("sha-256=10", sha_256(&file().bytes())), ("sha-256=1, sha-512=5", sha_512(&file().bytes()))]
    {
        let request = case.put(file()).with("Want-Repr-Digest", wanted);
        let (mut client, location) = case.begin(&request).await;
        client.bytes(&file().bytes()[..MIDDLE as usize]).await;
        drop(client);
        case.taken(&case.path(), MIDDLE).await;
        let offset = case.offset(&location).await;
        let answer = case.resume(&location, file(), offset).await;
        assert_eq!(answer.field("repr-digest"), Some(digest.as_str()), "{answer}");
    }
}

async fn the_right_digest_of_a_part(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let part = &file().from(MIDDLE)[..1_000];
    let request = case.patch_part(&location, MIDDLE, 1_000).with("Content-Digest", sha_256(part));
    case.assert_part(&case.ask(&request, part).await, MIDDLE + 1_000, None);
    case.resume(&location, file(), MIDDLE + 1_000).await;
}

async fn the_wrong_digest_of_a_part(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let part = &file().from(MIDDLE)[..1_000];
    let request = case.patch_part(&location, MIDDLE, 1_000).with("Content-Digest", sha_256(b"other bytes"));
    let answer = case.ask(&request, part).await;
    case.assert_refused(&answer, 400, "digest_mismatch");
    // None of it counts.
    assert_eq!(case.offset(&location).await, MIDDLE);
    case.resume(&location, file(), MIDDLE).await;
}

async fn a_digest_of_a_part_that_is_too_large(case: Case) {
    // It would have to be held whole.
    let location = case.dropped(file(), MIDDLE).await;
    let part = &file().from(MIDDLE)[..=FRAGMENT as usize];
    let request = case.patch_part(&location, MIDDLE, FRAGMENT + 1).with("Content-Digest", sha_256(part));
    case.assert_refused(&case.ask(&request, part).await, 400, "part_too_large");
    case.resume(&location, file(), MIDDLE).await;
}

async fn the_phone_repeats_the_digest_of_the_file(case: Case) {
    // It sends the fields of the first request again, which are not about this part.
    let digest = sha_256(&file().bytes());
    let location = dropped(&case, digest.clone()).await;
    let request = case
        .patch(&location, MIDDLE, file().size - MIDDLE)
        .with("Repr-Digest", &digest)
        .with("X-Filename", "IMG_0001.MOV");
    case.assert_final(&case.ask(&request, &file().from(MIDDLE)).await, file().size, None);
    case.backend.assert_stored(&case.path(), file());
}
