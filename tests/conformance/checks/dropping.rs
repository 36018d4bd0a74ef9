//! Connections that break, and connections that hang.

use super::checks;
use crate::case::{Case, MIDDLE, Parts, file};
use crate::client::Client;
use crate::support::within;
use crate::world::FRAGMENT;
use put2bits::bits::PacketKind;
use std::time::{Duration, Instant};

checks![
    a_client_that_closes,
    a_client_that_crashes,
    a_client_that_leaves_before_the_first_byte,
    a_client_that_leaves_before_the_last_byte,
    head_cuts_off_a_silent_connection,
    patch_cuts_off_a_silent_connection,
    delete_cuts_off_a_silent_connection,
    late_bytes_of_the_old_connection_are_lost,
    of_two_patches_one_wins,
    ten_drops_in_a_row,
];

/// A new request is answered within this time, and the old connection is reset within it.
const SOON: Duration = Duration::from_secs(1);

/// While a backend has bytes in hand, HEAD may take as long as this.
const SETTLED: Duration = Duration::from_secs(5);

async fn a_client_that_closes(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    let asked = Instant::now();
    assert_eq!(case.offset(&location).await, MIDDLE);
    assert!(asked.elapsed() < SETTLED, "{:?}", asked.elapsed());
    case.resume(&location, file(), MIDDLE).await;
    assert_eq!(case.count(&case.path(), PacketKind::CreateSession).await, 1);
}

async fn a_client_that_crashes(case: Case) {
    let (mut client, location) = case.begin_with(file(), FRAGMENT).await;
    case.taken(&case.path(), FRAGMENT).await;
    client.bytes(&file().bytes()[FRAGMENT as usize..MIDDLE as usize]).await;
    client.reset();
    case.taken(&case.path(), MIDDLE).await;
    assert_eq!(case.offset(&location).await, MIDDLE);
    case.resume(&location, file(), MIDDLE).await;
}

async fn a_client_that_leaves_before_the_first_byte(case: Case) {
    let location = case.dropped(file(), 0).await;
    assert_eq!(case.offset(&location).await, 0);
    case.resume(&location, file(), 0).await;
}

async fn a_client_that_leaves_before_the_last_byte(case: Case) {
    let location = case.dropped(file(), file().size - 1).await;
    case.assert_told(&case.ask(&case.head(&location), b"").await, file().size - 1, Some(file().size), false);
    assert!(!case.is_published(&case.path()));
    case.resume(&location, file(), file().size - 1).await;
}

/// A connection that hangs after some bytes, of which the backend has the first fragment.
async fn silent(case: &Case) -> (Client, String) {
    let (client, location) = case.begin_with(file(), MIDDLE).await;
    case.taken(&case.path(), FRAGMENT).await;
    (client, location)
}

/// Asserts that the old connection is reset, and soon after the new request.
async fn assert_cut_off(mut old: Client, asked: Instant) {
    let end = within("the end of the old connection", old.end()).await;
    assert!(end.reset, "{end:?}");
    assert!(end.at - asked < SOON, "after {:?}", end.at - asked);
}

async fn head_cuts_off_a_silent_connection(case: Case) {
    let (old, location) = silent(&case).await;
    let asked = Instant::now();
    let (offset, ()) = tokio::join!(case.offset(&location), assert_cut_off(old, asked));
    assert!(asked.elapsed() < SETTLED, "{:?}", asked.elapsed());
    assert!((FRAGMENT..=MIDDLE).contains(&offset), "{offset}");
    case.resume(&location, file(), offset).await;
}

async fn patch_cuts_off_a_silent_connection(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    assert_eq!(case.offset(&location).await, MIDDLE);
    let mut old = case.connect().await;
    old.send(&case.patch(&location, MIDDLE, file().size - MIDDLE).with("Expect", "100-continue")).await;
    // From here on it has its turn.
    assert_eq!(old.message().await.status, 100);
    old.bytes(&file().from(MIDDLE)[..10]).await;
    // It says the offset that it was told last, though more may have arrived.
    let asked = Instant::now();
    tokio::join!(case.resume(&location, file(), MIDDLE), assert_cut_off(old, asked));
}

async fn delete_cuts_off_a_silent_connection(case: Case) {
    let (old, location) = silent(&case).await;
    let asked = Instant::now();
    let request = case.delete(&location);
    let (answer, ()) = tokio::join!(case.ask(&request, b""), assert_cut_off(old, asked));
    assert_eq!(answer.status, 204, "{answer}");
    case.packet_of(&case.path(), PacketKind::CancelSession).await;
    case.assert_gone(&case.ask(&case.head(&location), b"").await, "upload_cancelled");
}

async fn late_bytes_of_the_old_connection_are_lost(case: Case) {
    let (mut old, location) = silent(&case).await;
    let offset = case.offset(&location).await;
    old.bytes_in_vain(&vec![b'x'; FRAGMENT as usize]).await;
    case.resume(&location, file(), offset).await;
}

async fn of_two_patches_one_wins(case: Case) {
    let location = case.dropped(file(), MIDDLE).await;
    assert_eq!(case.offset(&location).await, MIDDLE);
    let (request, rest) = (case.patch(&location, MIDDLE, file().size - MIDDLE), file().from(MIDDLE));
    let race = || async {
        let mut client = case.connect().await;
        client.send(&request).await;
        client.bytes_in_vain(&rest).await;
        client.answer_or_end().await
    };
    let (one, other) = tokio::join!(race(), race());
    let mut won = 0;
    for result in [one, other] {
        match result {
            Ok(answer) if answer.status == 201 => won += 1,
            Ok(answer) => assert!([400, 409].contains(&answer.status), "{answer}"),
            Err(end) => assert!(end.reset, "{end:?}"),
        }
    }
    // Both, if the later one came so late that it was told what the first one had been told.
    assert!(won >= 1);
    case.backend.assert_stored(&case.path(), file());
    assert_eq!(case.count(&case.path(), PacketKind::CloseSession).await, 1);
}

async fn ten_drops_in_a_row(case: Case) {
    let step = file().size / 11;
    let location = case.dropped(file(), step).await;
    for drops in 1..10 {
        let offset = case.offset(&location).await;
        assert_eq!(offset, drops * step);
        let mut client = case.connect().await;
        client.send(&case.patch(&location, offset, file().size - offset)).await;
        client.bytes(&file().from(offset)[..step as usize]).await;
        drop(client);
        case.taken(&case.path(), offset + step).await;
    }
    case.resume(&location, file(), 10 * step).await;
    assert_eq!(case.count(&case.path(), PacketKind::CreateSession).await, 1);
}
