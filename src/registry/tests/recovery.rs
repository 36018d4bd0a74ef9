//! What an earlier process left.

use super::*;
use world::give;

#[tokio::test(start_paused = true)]
async fn an_upload_goes_on_in_a_later_process() {
    let world = World::new();
    let idle = world.broken(alice()).await;
    let world = world.killed();
    world.recover();
    assert!(world.registry.find(&idle, alice().as_ref()).is_some());
    assert!(world.registry.find(&idle, bob().as_ref()).is_none());
    assert_eq!((world.registry.open(), world.offset(&idle).await), (1, Ok((150, false))));
    assert_eq!(world.rest(&idle, 150).await, "stored 300");
    assert_eq!(world.published(), [bytes(0..300)]);
    world.is_clean(0).await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_in_the_middle_loses_nothing() {
    let world = World::plan(|name| match name {
        // It arrives, but nobody is left to hear of it.
        "bytes 100-199/300" => Fate::Silent,
        _ => Fate::Serve,
    });
    let id = world.create(None).await;
    let (_feeding, feeder, _) = world.feed(&id, 0);
    give(&feeder, 0..100);
    sleep(2 * SECOND).await;
    give(&feeder, 100..250);
    sleep(2 * SECOND).await;
    let world = world.killed();
    world.serve();
    world.recover();
    let (offset, finished) = world.offset(&id).await.unwrap();
    assert!(offset <= 100 && !finished, "no more than what was acknowledged");
    assert_eq!(world.rest(&id, offset).await, "stored 300");
    assert_eq!(world.published(), [bytes(0..300)]);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_was_about_to_be_published_is_published() {
    for fate in [|| Fate::Never, || Fate::Silent] {
        let world = World::plan(move |name| if name == "Close-Session" { fate() } else { Fate::Serve });
        let id = world.create(None).await;
        let (_feeding, feeder, _) = world.feed(&id, 0);
        give(&feeder, 0..300);
        settle().await;
        let was_published = world.published().len();
        let world = world.killed();
        world.serve();
        world.recover();
        settle().await;
        world.idle(&id).await;
        let published = world.published();
        assert_eq!(published, [bytes(0..300)]);
        let (again, _feeder, _) = world.part(&id, 300, 0, true);
        let told = outcome(again).await;
        // Without evidence it is not called stored: this backend does not know the session any more.
        let wanted = ["stored 300 again", "failed close_in_doubt 300 again"][was_published];
        assert_eq!(told, wanted);
        world.is_clean(0).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_final_answer_outlives_the_process() {
    let world = World::new();
    let id = world.create(alice()).await;
    assert_eq!(world.rest(&id, 0).await, "stored 300");
    let world = world.killed();
    world.recover();
    assert_eq!((world.registry.open(), world.offset(&id).await), (0, Ok((300, true))));
    let (again, _feeder, _) = world.part(&id, 300, 0, true);
    assert_eq!(outcome(again).await, "stored 300 again");
    world.is_clean(0).await;
}

#[tokio::test(start_paused = true)]
async fn what_must_not_be_sent_twice_is_given_up_and_cancelled() {
    let world = World::plan(|name| match name {
        "bytes 100-199/300" => Fate::Silent,
        _ => Fate::Serve,
    });
    let id = world.create(None).await;
    let (_feeding, feeder, _) = world.feed(&id, 0);
    give(&feeder, 0..100);
    sleep(2 * SECOND).await;
    give(&feeder, 100..110);
    sleep(2 * SECOND).await;
    for record in world.store.records.lock().unwrap().values_mut() {
        let text = String::from_utf8(record.clone()).unwrap();
        assert!(
            text.contains("\"offset\":100,\"in_doubt\":true") || text.contains("\"offset\":0,"),
            "{text}"
        );
        *record = text.replace("\"profile\":\"refuse\"", "\"profile\":\"append\"").into_bytes();
    }
    let has_bytes = world
        .store
        .records
        .lock()
        .unwrap()
        .values()
        .all(|record| String::from_utf8_lossy(record).contains("\"offset\":100"));
    assert!(has_bytes, "the record is at most a second old while bytes flow");
    let world = world.killed();
    world.serve();
    world.recover();
    assert_eq!(world.offset(&id).await, Err(Problem::FragmentInDoubt));
    world.is_clean(0).await;
    assert_eq!((world.store.len(), world.log().last().map(String::as_str)), (0, Some("Cancel-Session")));
}

#[tokio::test(start_paused = true)]
async fn records_that_cannot_be_used_are_reported_and_kept() {
    let world = World::new();
    let id = world.broken(None).await;
    let record = world.store.records.lock().unwrap()[&id].clone();
    let text = String::from_utf8(record).unwrap();
    let other = |from: &str, to: &str| text.replace(from, to).into_bytes();
    let records = [
        ("aaaaaaaa".to_owned(), b"{".to_vec()),
        ("bbbbbbbb".to_owned(), other("\"form\":1", "\"form\":2")),
        ("cccccccc".to_owned(), other("\"route\":\"/\"", "\"route\":\"/gone/\"")),
        ("\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}".to_owned(), b"7".to_vec()),
    ];
    let world = world.killed();
    world.store.records.lock().unwrap().extend(records);
    world.recover();
    let reports = world.registry.host().unusable.lock().unwrap().clone();
    assert_eq!((reports.len(), world.registry.open(), world.store.len()), (4, 1, 5));
    assert!(reports.iter().all(|report| !report.contains("aaaaaaaa")), "ids are secret: {reports:?}");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_program_cuts_everybody_off_and_keeps_the_uploads() {
    let world = World::plan(|name| match name {
        "bytes 100-149/300" => Fate::ServedAfter(3 * SECOND),
        _ => Fate::Serve,
    });
    let (id, mut feeding, _feeder) = world.half_way(None).await;
    let (mut waiting, _feeder2, _) = world.feed(&id, 150);
    settle().await;
    world.registry.host().drain.end();
    assert_eq!(at_once(&mut feeding).await.as_deref(), Some("cut off"));
    assert_eq!(at_once(&mut waiting).await.as_deref(), Some("cut off"));
    world.is_clean(1).await;
    let world = world.killed();
    world.recover();
    assert_eq!(world.offset(&id).await, Ok((150, false)));
}

/// The phone may be away for ever, and the backend was away for longer than is waited for at once.
#[tokio::test(start_paused = true)]
async fn publishing_is_tried_again_without_a_client() {
    let world = World::plan(|name| match name {
        "Close-Session" | "HEAD" => Fate::Instead(503, ""),
        _ => Fate::Serve,
    });
    let id = world.create(None).await;
    let (feeding, feeder, _) = world.feed(&id, 0);
    give(&feeder, 0..300);
    assert_eq!(outcome(feeding).await, "cut off");
    assert!(world.registry.entry(&id).unwrap().lock().life.is_finalizing());
    world.serve();
    world.registry.sweep();
    settle().await;
    world.idle(&id).await;
    assert_eq!(world.published(), [bytes(0..300)]);
    assert_eq!(world.offset(&id).await, Ok((300, true)));
}
