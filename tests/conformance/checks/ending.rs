//! How uploads end: lost answers, DELETE, newer uploads, time.

use super::checks;
use crate::case::{Case, MIDDLE, Parts, file};
use crate::support::Backend;
use put2bits::bits::PacketKind;

checks![
    a_lost_answer_to_the_creation_is_told_again,
    a_lost_answer_to_a_patch_is_told_again,
    bytes_for_a_finished_upload_are_refused,
    a_finished_upload_is_not_published_twice,
    delete_of_an_idle_upload,
    delete_of_an_upload_without_a_byte,
    delete_of_a_finished_upload_leaves_the_file,
    delete_of_an_upload_that_is_gone,
    delete_with_fields_of_other_requests,
    a_newer_upload_to_the_same_target_replaces_the_older,
    another_client_replaces_nothing,
    an_upload_that_nothing_is_heard_of_expires,
    too_many_uploads_of_one_client,
];

async fn a_lost_answer_to_the_creation_is_told_again(case: Case) {
    let (client, location) = case.begin_with(file(), file().size).await;
    drop(client);
    case.packet_of(&case.path(), PacketKind::CloseSession).await;
    assert_eq!(case.offset(&location).await, file().size);
    let answer = case.ask(&case.patch(&location, file().size, 0), b"").await;
    case.assert_final(&answer, file().size, None);
    let told = case.ask(&case.head(&location), b"").await;
    case.assert_told(&told, file().size, Some(file().size), true);
}

async fn a_lost_answer_to_a_patch_is_told_again(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let mut client = case.connect().await;
    client.send(&case.patch(&location, MIDDLE, file().size - MIDDLE)).await;
    client.bytes(&file().from(MIDDLE)).await;
    drop(client);
    case.packet_of(&case.path(), PacketKind::CloseSession).await;
    for _ in 0..2 {
        let answer = case.ask(&case.patch(&location, file().size, 0), b"").await;
        case.assert_final(&answer, file().size, None);
    }
    case.backend.assert_stored(&case.path(), file());
}

async fn bytes_for_a_finished_upload_are_refused(case: Case) {
    let (location, _) = case.upload(&case.put(file()), file()).await;
    let answer = case.ask(&case.patch(&location, file().size, 4), b"more").await;
    case.assert_completed(&answer);
    let answer = case.ask(&case.patch(&location, 0, 4), b"less").await;
    case.assert_completed(&answer);
    case.backend.assert_stored(&case.path(), file());
}

async fn a_finished_upload_is_not_published_twice(case: Case) {
    let (location, _) = case.upload(&case.put(file()), file()).await;
    for _ in 0..3 {
        case.assert_final(&case.ask(&case.patch(&location, file().size, 0), b"").await, file().size, None);
    }
    assert_eq!(case.count(&case.path(), PacketKind::CloseSession).await, 1);
    assert_eq!(case.count(&case.path(), PacketKind::CreateSession).await, 1);
}

async fn delete_of_an_idle_upload(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let answer = case.ask(&case.delete(&location), b"").await;
    assert_eq!(answer.status, 204, "{answer}");
    case.packet_of(&case.path(), PacketKind::CancelSession).await;
    case.assert_gone(&case.ask(&case.head(&location), b"").await, "upload_cancelled");
    let request = case.patch(&location, MIDDLE, file().size - MIDDLE);
    case.assert_gone(&case.ask(&request, &file().from(MIDDLE)).await, "upload_cancelled");
    assert!(!case.is_published(&case.path()));
}

async fn delete_of_an_upload_without_a_byte(case: Case) {
    let (mut client, location) = case.begin(&case.put_part(0)).await;
    case.assert_part(&client.answer().await, 0, Some(&location));
    assert_eq!(case.ask(&case.delete(&location), b"").await.status, 204);
    assert_eq!(case.ask(&case.head(&location), b"").await.status, 404);
}

async fn delete_of_a_finished_upload_leaves_the_file(case: Case) {
    let (location, _) = case.upload(&case.put(file()), file()).await;
    let answer = case.ask(&case.delete(&location), b"").await;
    assert_eq!(answer.status, 204, "{answer}");
    assert_eq!(case.ask(&case.head(&location), b"").await.status, 404);
    case.backend.assert_stored(&case.path(), file());
}

async fn delete_of_an_upload_that_is_gone(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    assert_eq!(case.ask(&case.delete(&location), b"").await.status, 204);
    case.assert_gone(&case.ask(&case.delete(&location), b"").await, "upload_cancelled");
}

async fn delete_with_fields_of_other_requests(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let answer = case.ask(&case.delete(&location).with("Upload-Offset", MIDDLE), b"").await;
    match case.dialect.strict_head {
        true => {
            assert_eq!(answer.status, 400, "{answer}");
            assert_eq!(case.offset(&location).await, MIDDLE);
        }
        false => assert_eq!(answer.status, 204, "{answer}"),
    }
}

async fn a_newer_upload_to_the_same_target_replaces_the_older(case: Case) {
    let older = case.dropped(file(), MIDDLE).await;
    let (newer, answer) = case.upload(&case.put(file()), file()).await;
    case.assert_final(&answer, file().size, Some(&newer));
    case.packet_of(&case.path(), PacketKind::CancelSession).await;
    case.assert_gone(&case.ask(&case.head(&older), b"").await, "upload_superseded");
    case.backend.assert_stored(&case.path(), file());
}

async fn another_client_replaces_nothing(case: Case) {
    let older = case.dropped(file(), MIDDLE).await;
    let stranger = case.put(file()).with("Authorization", "Bearer a-stranger");
    let (_, answer) = case.upload(&stranger, file()).await;
    assert_eq!(answer.status, 201, "{answer}");
    assert_eq!(case.offset(&older).await, MIDDLE);
}

async fn an_upload_that_nothing_is_heard_of_expires(case: Case) {
    let case = case.alone(Backend::new(&[], &[]), |settings| settings.set("uploads.expire", "1s")).await;
    let location = case.dropped(file(), MIDDLE).await;
    case.packet_of(&case.path(), PacketKind::CancelSession).await;
    case.assert_gone(&case.ask(&case.head(&location), b"").await, "upload_expired");
}

async fn too_many_uploads_of_one_client(case: Case) {
    let limit = |settings: crate::support::Settings| settings.set("uploads.max_open_per_client", "2");
    let case = case.alone(Backend::new(&[], &[]), limit).await;
    // To different targets: to the same one the newer would replace the older.
    let put = |number: u32| case.put(file()).with_target(&format!("/{number}"));
    let (_first, location) = case.begin(&put(1)).await;
    let (_second, _) = case.begin(&put(2)).await;
    let answer = case.ask(&put(3), b"").await;
    case.assert_refused(&answer, 503, "too_many_uploads");
    assert!(answer.has("retry-after").parse::<u64>().unwrap() > 0);
    // Others have their own, and who gives one up may begin another.
    let (_other, _) = case.begin(&put(3).with("Authorization", "Bearer another")).await;
    assert_eq!(case.ask(&case.delete(&location), b"").await.status, 204);
    let (_third, _) = case.begin(&put(3)).await;
}
