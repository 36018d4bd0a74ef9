//! Parts in order, and bodies that are not what their heads said.

use super::*;

#[tokio::test(start_paused = true)]
async fn parts_in_order_make_the_file() {
    let setup = Setup::new(300);
    let end = setup.carry(setup.part(0, Some(120), false), [bytes(0..120)]).await;
    assert_eq!(end.how, "taken 120");
    let end = setup.carry(end.then(Some(121), false, 300), [bytes(120..121)]).await;
    assert_eq!(end.how, "taken 121");
    // All bytes, but the client has not said so.
    let end = setup.carry(end.then(Some(300), false, 300), [bytes(121..300)]).await;
    assert_eq!((end.how.as_str(), setup.published().len()), ("taken 300", 0));
    assert_eq!(setup.carry(end.then(Some(300), true, 300), []).await.how, "stored");
    assert_eq!(setup.published(), [bytes(0..300)]);
    let wanted = [
        "Create-Session",
        "bytes 0-99/300",
        "bytes 100-119/300",
        "bytes 120-120/300",
        "bytes 121-220/300",
        "bytes 221-299/300",
        "Close-Session",
    ];
    assert_eq!(setup.log(), wanted);
}

#[tokio::test(start_paused = true)]
async fn an_empty_file_that_can_be_resumed_is_created_and_closed() {
    let setup = Setup::new(0);
    assert_eq!(setup.carry(setup.part(0, Some(0), true), []).await.how, "stored");
    assert_eq!(setup.log(), ["Create-Session", "Close-Session"]);
}

#[tokio::test(start_paused = true)]
async fn a_chunked_part_ends_where_it_ends() {
    let setup = Setup::new(300);
    let end = setup.carry(setup.part(0, None, false), [bytes(0..130)]).await;
    assert_eq!(end.how, "taken 130");
    let end = setup.carry(end.then(None, true, 300), [bytes(130..300)]).await;
    assert_eq!(end.how, "stored");
    assert_eq!(setup.published(), [bytes(0..300)]);
}

#[tokio::test(start_paused = true)]
async fn a_chunked_last_part_that_is_short_is_refused_and_kept() {
    let setup = Setup::new(300);
    let end = setup.carry(setup.part(0, None, true), [bytes(0..130)]).await;
    assert_eq!(end.how, "refused 130 length_mismatch");
    assert_eq!(setup.carry(end.then(None, true, 300), [bytes(130..300)]).await.how, "stored");
    assert_eq!(setup.published(), [bytes(0..300)]);
}

#[tokio::test(start_paused = true)]
async fn a_chunked_part_that_is_too_long_ends_the_upload() {
    let bodies =
        [vec![bytes(0..250), bytes(250..301)], vec![bytes(0..300), bytes(300..301)], vec![bytes(0..301)]];
    for body in bodies {
        for last in [false, true] {
            let setup = Setup::new(300);
            let end = setup.carry(setup.part(0, None, last), body.clone()).await;
            assert!(end.how.starts_with("failed length_mismatch"), "{}", end.how);
            assert_eq!((setup.published().len(), setup.sessions()), (0, 0));
        }
    }
}

/// All bytes have come, but the body may go on: only its end shows that this is the file.
#[tokio::test(start_paused = true)]
async fn nothing_is_published_before_the_end_of_a_chunked_body() {
    for way in ["ends", "goes on", "breaks off", "abandoned"] {
        let setup = Setup::new(300);
        let (feeder, _, body) = Feed::new();
        give(&feeder, 0..300);
        let attempt = setup.feed(setup.part(0, None, true), body);
        sleep(Duration::from_secs(10)).await;
        assert_eq!(setup.log().last().unwrap(), "bytes 100-199/300");
        match way {
            "goes on" => give(&feeder, 300..301),
            "breaks off" => feeder.send(Err(std::io::ErrorKind::ConnectionReset.into())).unwrap(),
            "abandoned" => attempt.order(ABANDON),
            _ => {}
        }
        let _held = (way != "ends").then_some(feeder);
        let end = attempt.end().await;
        let (wanted, sessions) = match way {
            "ends" => ("stored", 0),
            "goes on" => ("failed length_mismatch", 0),
            "abandoned" => ("failed upload_cancelled", 0),
            _ => ("paused 300 client_gone", 1),
        };
        assert_eq!((end.how.as_str(), setup.sessions()), (wanted, sessions), "{way}");
        assert_eq!(setup.published().len(), usize::from(way == "ends"));
        if way == "breaks off" {
            assert_eq!(setup.carry(end.then(Some(300), true, 300), []).await.how, "stored");
        }
    }
}
