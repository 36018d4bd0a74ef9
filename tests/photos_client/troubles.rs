//! When the client gives up.

use crate::peer::{Memory, Peer, RESUMABLE, STORED, upload};
use put2bits::phone::{Check, Drop, Event, File, Phone, Trouble};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn it_begins_anew_as_often_as_it_may() {
    let peer = Peer::bind().await;
    let mut phone = peer.phone();
    (phone.drops, phone.restarts) = ((1..5).map(|at| (at, Drop::Reset)).collect(), 2);
    let server = async {
        for _ in 0..3 {
            let (mut connection, head) = peer.request().await;
            assert!(head.starts_with("PUT "), "{head}");
            connection.say(RESUMABLE).await;
            connection.rest().await;
            let (mut connection, _) = peer.request().await;
            connection.say("HTTP/1.1 404 x\r\nConnection: close\r\n\r\n").await;
        }
    };
    let (told, ()) = tokio::join!(upload(&phone, Memory::new(10)), server);
    assert!(matches!(told.report.outcome, Err(Trouble::GaveUp(_))), "{}", told.outcome());
    assert_eq!((told.tally().restarts, told.tally().attempts), (2, 3));
}

#[tokio::test]
async fn without_anybody_there_it_gives_up_in_time() {
    let peer = Peer::bind().await;
    let mut phone = peer.phone();
    phone.retry_for = Duration::from_millis(300);
    drop(peer);
    let told = upload(&phone, Memory::new(10)).await;
    assert!(told.outcome().starts_with("given up: no progress for 300ms; last: no connection"), "{told:?}");
    assert_eq!((told.tally().attempts, told.tally().restarts), (0, 0), "nothing was sent");
    assert!(told.tally().took >= Duration::from_millis(300) && told.tally().breaks >= 2);
}

#[tokio::test]
async fn a_connection_on_which_nothing_moves_is_broken() {
    let peer = Peer::bind().await;
    let mut phone = peer.phone();
    phone.idle = Duration::from_millis(200);
    let server = async {
        let (mut first, _) = peer.request().await;
        first.say(RESUMABLE).await;
        first.body(10).await;
        // No answer, but the connection stays.
        let (mut second, _) = peer.request().await;
        second.say("HTTP/1.1 204 x\r\nUpload-Offset: 10\r\n\r\n").await;
        second.head().await;
        second.say("HTTP/1.1 201 x\r\nUpload-Offset: 10\r\nContent-Length: 0\r\n\r\n").await;
    };
    let (told, ()) = tokio::join!(upload(&phone, Memory::new(10)), server);
    told.assert_stored();
    assert_eq!(told.story, ["resumable", "broken: nothing moved for 200ms", "offset 10"]);
}

/// A server that said that it cannot resume is not believed when it says that it can.
#[tokio::test]
async fn after_a_failed_check_a_104_does_not_count() {
    for (answer, counts) in [
        ("200 x\r\nUpload-Limit: min-size=0", true),
        ("204 x\r\nUpload-Limit: min-size=0", true),
        ("200 x", false),
        ("501 x", false),
        ("405 x\r\nUpload-Limit: min-size=0", false),
    ] {
        let peer = Peer::bind().await;
        let mut phone = peer.phone();
        phone.check = Check::Bare;
        let server = async {
            let (mut first, _) = peer.request().await;
            first.say(&format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")).await;
            let (mut second, _) = peer.request().await;
            second.say(RESUMABLE).await;
            second.body(10).await;
            drop(second);
            let (mut third, head) = peer.request().await;
            assert_eq!(head.starts_with("HEAD "), counts, "{answer}");
            if counts {
                third.say("HTTP/1.1 204 x\r\nUpload-Offset: 10\r\n\r\n").await;
                third.head().await;
                third.say("HTTP/1.1 201 x\r\nUpload-Offset: 10\r\nContent-Length: 0\r\n\r\n").await;
            } else {
                third.body(10).await;
                third.say(STORED).await;
            }
        };
        let (told, ()) = tokio::join!(upload(&phone, Memory::new(10)), server);
        told.assert_stored();
        assert_eq!(told.story.contains(&"resumable".to_owned()), counts, "{answer}");
    }
}

#[tokio::test]
async fn a_file_that_changed_is_not_resumed() {
    let peer = Peer::bind().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, [1; 100]).unwrap();
    let mut phone: Phone = peer.phone();
    phone.drops = vec![(50, Drop::Reset)];
    let content = Arc::new(File::open(file.path()).unwrap());
    let server = async {
        let (mut first, _) = peer.request().await;
        first.say(RESUMABLE).await;
        first.rest().await;
        let (mut second, _) = peer.request().await;
        std::fs::write(&file, [2; 101]).unwrap();
        second.say("HTTP/1.1 204 x\r\nUpload-Offset: 50\r\n\r\n").await;
        second
    };
    let mut hear = |_: Event<'_>| {};
    let (report, _connection) = tokio::join!(phone.upload(content, &mut hear), server);
    let line = report.outcome.unwrap_err().to_string();
    assert_eq!(line, "cannot read the file: the file was changed during the upload");
}

#[tokio::test]
async fn what_is_not_http_is_no_answer() {
    let peer = Peer::bind().await;
    let mut phone = peer.phone();
    (phone.restarts, phone.retry_for) = (0, Duration::from_secs(5));
    let server = async {
        let (mut first, _) = peer.request().await;
        first.body(10).await;
        first.say("hello there\r\n\r\n").await;
    };
    let (told, ()) = tokio::join!(upload(&phone, Memory::new(10)), server);
    assert!(told.story[0].starts_with("broken: not HTTP"), "{:?}", told.story);
    assert!(told.outcome().starts_with("given up: no 104 came"), "{}", told.outcome());
}

/// Answers to HEAD alone are no progress: else it would go on for ever.
#[tokio::test]
async fn it_gives_up_when_only_questions_are_answered() {
    let peer = Peer::bind().await;
    let mut phone = peer.phone();
    phone.retry_for = Duration::from_millis(500);
    let server = async {
        let (mut first, _) = peer.request().await;
        first.say(RESUMABLE).await;
        first.body(10).await;
        drop(first);
        loop {
            let (mut next, _) = peer.request().await;
            next.say("HTTP/1.1 204 x\r\nUpload-Offset: 5\r\nConnection: close\r\n\r\n").await;
            peer.request().await;
        }
    };
    let told = tokio::select! {
        told = upload(&phone, Memory::new(10)) => told,
        () = server => unreachable!("it serves for ever"),
    };
    assert!(told.outcome().starts_with("given up: no progress for 500ms"), "{}", told.outcome());
}

/// What a 104 on the way tells is an offset like any other.
#[tokio::test]
async fn an_offset_may_not_go_back_behind_what_a_104_told() {
    let peer = Peer::bind().await;
    let phone = peer.phone();
    let server = async {
        let (mut first, _) = peer.request().await;
        first.say(RESUMABLE).await;
        first.body(10).await;
        first.say("HTTP/1.1 104 x\r\nUpload-Offset: 8\r\nUpload-Draft-Interop-Version: 6\r\n\r\n").await;
        drop(first);
        let (mut second, _) = peer.request().await;
        second.say("HTTP/1.1 204 x\r\nUpload-Offset: 7\r\n\r\n").await;
    };
    let (told, ()) = tokio::join!(upload(&phone, Memory::new(10)), server);
    assert!(told.outcome().contains("went back from 8 to 7"), "{}", told.outcome());
}

/// A server that closes between two requests, and one of HTTP/1.0, which closes without saying so.
#[tokio::test]
async fn a_connection_that_ends_is_not_used_again() {
    for version in ["1.0", "1.1"] {
        let peer = Peer::bind().await;
        let mut phone = peer.phone();
        phone.check = Check::Bare;
        let server = async {
            let (mut first, _) = peer.request().await;
            let answer =
                format!("HTTP/{version} 200 x\r\nUpload-Limit: min-size=0\r\nContent-Length: 0\r\n\r\n");
            first.say(&answer).await;
            let kept = (version == "1.0").then_some(first);
            let (mut second, _) = peer.request().await;
            second.body(10).await;
            second.say(STORED).await;
            kept
        };
        let (told, _kept) = tokio::join!(upload(&phone, Memory::new(10)), server);
        told.assert_stored();
        assert_eq!(told.tally().breaks, 0);
    }
}
