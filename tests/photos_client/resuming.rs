//! Drops and breaks, and how it goes on.

use crate::peer::{Memory, Peer, RESUMABLE, STORED, upload};
use put2bits::phone::{Drop, Event};
use std::sync::Arc;
use tokio::sync::Notify;

const MIB: usize = 1024 * 1024;

fn offset(offset: usize) -> String {
    format!("HTTP/1.1 204 No Content\r\nUpload-Offset: {offset}\r\nUpload-Complete: ?0\r\n\r\n")
}

fn stored(length: usize) -> String {
    format!("HTTP/1.1 201 Created\r\nUpload-Offset: {length}\r\nContent-Length: 0\r\n\r\n")
}

#[tokio::test]
async fn the_104_is_heard_while_the_body_is_sent() {
    let peer = Peer::bind().await;
    let heard = Arc::new(Notify::new());
    // More than the system buffers on the way: the client cannot have sent it all.
    let content = Memory::new(64 * MIB);
    let (mut sent, mut sent_before) = (0, None);
    let phone = peer.phone();
    let mut hear = |event: Event<'_>| match event {
        Event::Sent(place) => sent = place,
        Event::Resumable(_) => {
            sent_before = Some(sent);
            heard.notify_one();
        }
        _ => {}
    };
    let server = async {
        let (mut connection, _) = peer.request().await;
        connection.say(RESUMABLE).await;
        heard.notified().await;
        assert_eq!(connection.body(64 * MIB).await, content.0);
        connection.say(&stored(64 * MIB)).await;
    };
    let (report, ()) = tokio::join!(phone.upload(Arc::clone(&content) as _, &mut hear), server);
    assert_eq!(report.outcome.unwrap().status, 201);
    assert!(sent_before.unwrap() < 64 << 20, "{sent_before:?}");
    assert_eq!((report.tally.attempts, report.tally.sent, report.tally.sent_twice()), (1, 64 << 20, 0));
}

#[tokio::test]
async fn dropped_in_each_way_it_goes_on_from_the_offset_told() {
    for how in [Drop::Reset, Drop::Close, Drop::Silent] {
        let peer = Peer::bind().await;
        let content = Memory::new(3 * MIB);
        let mut phone = peer.phone();
        phone.drops = vec![(1 << 20, how), (2 << 20, how)];
        let server = async {
            let (mut first, _) = peer.request().await;
            first.say(RESUMABLE).await;
            if how == Drop::Silent {
                assert_eq!(first.body(MIB).await, content.0[..MIB]);
            } else {
                let (got, clean) = first.rest().await;
                // A reset takes with it what was still on its way.
                assert_eq!(clean, how == Drop::Close);
                assert!(got.len() <= MIB && (!clean || got.len() == MIB), "{}", got.len());
            }
            let (mut second, head) = peer.request().await;
            assert!(head.starts_with("HEAD /_uploads/1 "), "{head}");
            assert_eq!(first.is_silent(), how == Drop::Silent);
            second.say(&offset(MIB / 2)).await;
            // On the same connection.
            let head = second.head().await;
            assert!(head.starts_with("PATCH /_uploads/1 "), "{head}");
            assert_eq!(second.body(MIB).await, content.0[MIB / 2..MIB / 2 + MIB]);
            let (mut third, head) = peer.request().await;
            assert!(head.starts_with("HEAD "), "{head}");
            // It may tell what it likes of the connection, and the client keeps to it.
            third.say(&offset(MIB).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).await;
            let (mut fourth, head) = peer.request().await;
            assert!(head.starts_with("PATCH ") && head.contains("Upload-Offset: 1048576\r\n"), "{head}");
            assert_eq!(fourth.body(2 * MIB).await, content.0[MIB..]);
            fourth.say(&stored(3 * MIB)).await;
        };
        let (told, ()) = tokio::join!(upload(&phone, Arc::clone(&content)), server);
        told.assert_stored();
        assert_eq!(
            told.story,
            ["resumable", "dropped at 1048576", "offset 524288", "dropped at 2097152", "offset 1048576"]
        );
        let tally = told.tally();
        assert_eq!((tally.attempts, tally.drops, tally.breaks, tally.restarts), (3, 2, 0, 0));
        assert_eq!((tally.sent, tally.sent_twice()), ((4 << 20) + (1 << 19), (1 << 20) + (1 << 19)));
    }
}

#[tokio::test]
async fn broken_from_outside_it_tries_until_somebody_is_there() {
    let peer = Peer::bind().await;
    let content = Memory::new(100);
    let phone = peer.phone();
    let server = async {
        let (mut first, _) = peer.request().await;
        first.say(RESUMABLE).await;
        first.body(60).await;
        drop(first);
        // Two HEADs without an answer.
        for _ in 0..2 {
            let (_, head) = peer.request().await;
            assert!(head.starts_with("HEAD "), "{head}");
        }
        let (mut last, _) = peer.request().await;
        last.say(&offset(60)).await;
        last.head().await;
        assert_eq!(last.body(40).await, content.0[60..]);
        last.say(&stored(100)).await;
    };
    let (told, ()) = tokio::join!(upload(&phone, Arc::clone(&content)), server);
    told.assert_stored();
    assert_eq!((told.tally().breaks, told.tally().attempts), (3, 2));
    assert!(told.story[1].starts_with("broken: "), "{:?}", told.story);
}

/// Every byte is there, but the answer was lost: an empty PATCH fetches it.
#[tokio::test]
async fn a_lost_answer_is_fetched_by_an_empty_part() {
    for on_purpose in [false, true] {
        let peer = Peer::bind().await;
        let mut phone = peer.phone();
        if on_purpose {
            phone.drops = vec![(100, Drop::Reset)];
        }
        let server = async {
            let (mut first, _) = peer.request().await;
            first.say(RESUMABLE).await;
            first.body(100).await;
            drop(first);
            let (mut second, _) = peer.request().await;
            second.say(&offset(100)).await;
            let head = second.head().await;
            assert!(head.contains("Upload-Offset: 100\r\nContent-Length: 0\r\n"), "{head}");
            assert!(head.contains("Upload-Complete: ?1\r\n"), "{head}");
            second.say(&stored(100)).await;
        };
        let (told, ()) = tokio::join!(upload(&phone, Memory::new(100)), server);
        told.assert_stored();
        assert_eq!((told.tally().attempts, told.tally().sent), (2, 100));
    }
}

#[tokio::test]
async fn an_upload_that_the_server_forgot_begins_anew() {
    for status in ["404 Not Found", "410 Gone"] {
        let peer = Peer::bind().await;
        let mut phone = peer.phone();
        phone.drops = vec![(50, Drop::Reset)];
        let content = Memory::new(100);
        let server = async {
            let (mut first, _) = peer.request().await;
            first.say(RESUMABLE).await;
            first.rest().await;
            let (mut second, _) = peer.request().await;
            second.say(&format!("HTTP/1.1 {status}\r\nContent-Length: 9\r\n\r\n")).await;
            // There is no body after an answer to HEAD, whatever the length says.
            let head = second.head().await;
            assert!(head.starts_with("PUT /a.mov "), "{head}");
            assert_eq!(second.body(100).await, content.0);
            second.say(STORED).await;
        };
        let (told, ()) = tokio::join!(upload(&phone, Arc::clone(&content)), server);
        told.assert_stored();
        assert_eq!(told.tally().restarts, 1);
        assert_eq!(
            told.story[2..],
            ["anew: the server does not know the upload any more".to_owned()],
            "{:?}",
            told.story
        );
    }
}

/// A system takes no notice of a 104 that is not for it.
#[tokio::test]
async fn a_104_that_does_not_fit_is_ignored() {
    for (answer, why) in [
        (RESUMABLE.replace(": 6", ": 5"), "another interop number"),
        (RESUMABLE.replace(": 6", ": 6.0"), "another interop number"),
        (RESUMABLE.replace("Upload-Draft-Interop-Version: 6\r\n", ""), "another interop number"),
        (RESUMABLE.replace("Location", "X-Location"), "no Location"),
        (RESUMABLE.replace("/_uploads", "http://elsewhere.example/"), "another host"),
        ("HTTP/1.1 103 Early Hints\r\n\r\n".to_owned(), ""),
    ] {
        let peer = Peer::bind().await;
        let phone = peer.phone();
        let content = Memory::new(100);
        let server = async {
            let (mut first, _) = peer.request().await;
            first.say(&answer).await;
            first.body(60).await;
            drop(first);
            let (mut second, head) = peer.request().await;
            assert!(head.starts_with("PUT "), "{head}");
            assert_eq!(second.body(100).await, content.0);
            second.say(STORED).await;
        };
        let (told, ()) = tokio::join!(upload(&phone, Arc::clone(&content)), server);
        told.assert_stored();
        assert_eq!(told.story[0].starts_with("ignored: "), !why.is_empty(), "{:?}", told.story);
        assert!(told.story[0].contains(why), "{:?}", told.story);
        assert_eq!(told.story.last().unwrap(), "anew: no 104 came, so nothing can be resumed");
    }
}
