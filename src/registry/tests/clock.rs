//! The wall clock is not to be trusted: it is set back, jumps forward, and begins in 1970 where it has no battery.

use super::*;

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

fn set(world: &World, time: SystemTime) {
    *world.registry.host().clock.lock().unwrap() = time;
}

fn now(world: &World) -> SystemTime {
    *world.registry.host().clock.lock().unwrap()
}

/// Whatever the clock says, a client that comes finds its upload, and the file is stored.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_loses_no_upload() {
    let begun = now(&World::new());
    let hour = Duration::from_secs(3600);
    for wrong in [begun - SECOND, begun - hour, SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH - YEAR] {
        let world = World::new();
        let idle = world.broken(alice()).await;
        set(&world, wrong);
        world.registry.sweep();
        settle().await;
        assert_eq!((world.registry.open(), world.offset(&idle).await), (1, Ok((150, false))), "{wrong:?}");
        // The same in a later process, which has the time of the record.
        let world = world.killed();
        set(&world, wrong);
        world.recover();
        world.registry.sweep();
        settle().await;
        assert_eq!(world.offset(&idle).await, Ok((150, false)), "{wrong:?}");
        let other = world.create(bob()).await;
        assert_eq!(world.rest(&idle, 150).await, "stored 300");
        assert_eq!(world.rest(&other, 0).await, "stored 300");
        // When it is right again, everything has its usual end.
        set(&world, begun + world.registry.host().limits().uploads.keep + SECOND);
        world.registry.sweep();
        world.is_clean(0).await;
        assert_eq!((world.registry.book().entries.len(), world.store.len()), (0, 0), "{wrong:?}");
    }
}

/// Nobody can tell that from a long time: what waits is given up in order, and what is fed goes on.
#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_forward_ends_only_what_waits() {
    let world = World::new();
    let idle = world.broken(alice()).await;
    let (fed, feeding, feeder) = world.half_way(bob()).await;
    world.registry.host().peer.lock().unwrap().log.clear();
    let right = now(&world);
    set(&world, right + 100 * YEAR);
    world.registry.sweep();
    settle().await;
    assert_eq!(world.offset(&idle).await, Err(Problem::UploadExpired));
    assert_eq!(world.log(), ["Cancel-Session"], "its session does not stay behind");
    world::give(&feeder, 150..300);
    assert_eq!(outcome(feeding).await, "stored 300");
    // Back again: the answer waits until its time has come.
    set(&world, right);
    world.registry.sweep();
    assert_eq!(world.offset(&fed).await, Ok((300, true)));
    set(&world, right + 101 * YEAR);
    world.registry.sweep();
    world.is_clean(0).await;
    assert_eq!((world.registry.book().entries.len(), world.store.len()), (0, 0));
}
