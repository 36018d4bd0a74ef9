//! Which final answers the client believes.

use crate::peer::{Memory, Peer, RESUMABLE, upload};
use put2bits::phone::{Drop, System};

/// The outcome of an upload of 100 bytes: the 104 if there is one, the final answer, whether by PATCH after a drop.
async fn outcome(system: &'static System, resumable: bool, answer: &str, by_patch: bool) -> String {
    let peer = Peer::bind().await;
    let mut phone = peer.phone();
    phone.system = system;
    if by_patch {
        phone.drops = vec![(50, Drop::Reset)];
    }
    let number = system.interop.unwrap();
    let server = async {
        let (mut connection, _) = peer.request().await;
        if resumable {
            connection.say(&RESUMABLE.replace(": 6", &format!(": {number}"))).await;
        }
        let mut left = 100;
        if by_patch {
            connection.rest().await;
            (connection, _) = peer.request().await;
            connection.say("HTTP/1.1 200 OK\r\nUpload-Offset: 50\r\nUpload-Length: 100\r\n\r\n").await;
            connection.head().await;
            left = 50;
        }
        connection.body(left).await;
        connection.say(&format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n")).await;
        connection
    };
    let (told, _connection) = tokio::join!(upload(&phone, Memory::new(100)), server);
    assert_eq!(told.tally().attempts, 1 + u32::from(by_patch), "an answer is final");
    told.outcome()
}

#[tokio::test]
async fn success_has_to_say_what_the_version_says_of_it() {
    const V3: &System = &System::IOS_17;
    const V6: &System = &System::IOS_26;
    const V7: &System = &System::INTEROP_7;
    for (system, resumable, answer, by_patch, outcome_is) in [
        (V6, true, "201 x\r\nUpload-Offset: 100", false, "201"),
        (V6, true, "200 x\r\nUpload-Offset: 100\r\nUpload-Complete: ?1", true, "200"),
        (V6, true, "201 x", false, "no Upload-Offset"),
        (V6, true, "201 x\r\nUpload-Offset: 99", false, "not the length"),
        (V6, true, "201 x\r\nUpload-Offset: 100\r\nUpload-Complete: ?0", false, "not complete"),
        (V3, true, "201 x\r\nUpload-Offset: 100\r\nUpload-Incomplete: ?0", true, "201"),
        (V3, true, "201 x\r\nUpload-Offset: 100\r\nUpload-Incomplete: ?1", true, "not complete"),
        // Without a 104 it is an upload like any other.
        (V6, false, "201 x", false, "201"),
        (V6, false, "204 x", false, "204"),
        (V7, true, "201 x", false, "201"),
        (V7, true, "201 x", true, "no Upload-Complete"),
        (V7, true, "201 x\r\nUpload-Complete: ?1", true, "201"),
    ] {
        let got = outcome(system, resumable, answer, by_patch).await;
        assert!(got.contains(outcome_is), "{answer}: {got}");
    }
}

#[tokio::test]
async fn refusals_are_final() {
    for (answer, line) in [
        ("500 x", "the upload was refused: 500 Internal Server Error"),
        ("503 x\r\nPut2bits-Error: backend_unreachable", "the upload was refused: 503 backend_unreachable"),
        ("403 x", "the upload was refused: 403 Forbidden"),
        ("409 x\r\nUpload-Offset: 20", "the upload was refused: 409 Conflict"),
        ("307 x\r\nLocation: /b", "the upload was refused: 307 Temporary Redirect"),
    ] {
        for by_patch in [false, true] {
            assert_eq!(outcome(&System::IOS_26, true, answer, by_patch).await, line);
        }
    }
}

/// Real systems believe it. This one says what it is.
#[tokio::test]
async fn success_before_all_was_sent_is_none() {
    let peer = Peer::bind().await;
    let phone = peer.phone();
    const LENGTH: usize = 64 << 20;
    let server = async {
        let (mut connection, _) = peer.request().await;
        connection.body(10).await;
        connection.say("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").await;
        // The rest comes all the same.
        assert_eq!(connection.body(LENGTH - 10).await.len(), LENGTH - 10);
    };
    let (told, ()) = tokio::join!(upload(&phone, Memory::new(LENGTH)), server);
    assert!(told.outcome().contains("not all of the file had been sent"), "{}", told.outcome());
    assert_eq!(told.tally().sent, LENGTH as u64);
}

#[tokio::test]
async fn a_refusal_before_all_was_sent_is_heard() {
    let peer = Peer::bind().await;
    let phone = peer.phone();
    let server = async {
        let (mut connection, _) = peer.request().await;
        connection.say("HTTP/1.1 413 x\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch").await;
        connection.body(1).await;
    };
    let (told, ()) = tokio::join!(upload(&phone, Memory::new(64 << 20)), server);
    let Err(put2bits::phone::Trouble::Refused(answer)) = &told.report.outcome else {
        panic!("{}", told.outcome())
    };
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (413, &b"much"[..]));
    assert!(told.tally().sent < 64 << 20);
}

#[tokio::test]
async fn an_offset_that_cannot_be_true_ends_it() {
    for (answers, line) in [
        (&["Upload-Complete: ?0"][..], "it has no Upload-Offset"),
        (&["Upload-Offset: 1, 2"], "it has no Upload-Offset"),
        (&["Upload-Offset: -1"], "it has no Upload-Offset"),
        (&["Upload-Offset: 50\r\nUpload-Offset: 50"], "it has no Upload-Offset"),
        (&["Upload-Offset: 51"], "only 50 bytes were ever sent"),
        (&["Upload-Offset: 50\r\nUpload-Length: 99"], "has 100 bytes, not 99"),
        (&["Upload-Offset: 40;a=b", "Upload-Offset: 39"], "went back from 40 to 39"),
    ] {
        let peer = Peer::bind().await;
        let mut phone = peer.phone();
        phone.drops = vec![(50, Drop::Close); 2];
        let server = async {
            let (mut connection, _) = peer.request().await;
            connection.say(RESUMABLE).await;
            for answer in answers {
                connection.rest().await;
                (connection, _) = peer.request().await;
                connection.say(&format!("HTTP/1.1 204 x\r\n{answer}\r\n\r\n")).await;
            }
        };
        let (told, ()) = tokio::join!(upload(&phone, Memory::new(100)), server);
        assert!(told.outcome().contains(line), "{answers:?}: {}", told.outcome());
    }
}
