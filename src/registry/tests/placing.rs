//! Names that are taken: by a file, or by another upload that is open.

use super::*;
use crate::route::Overwrite;

/// A route with that policy, at a backend that answers HEAD so.
fn world(overwrite: Overwrite, status: u16) -> World {
    let world = World::routed(|route| route.overwrite = overwrite);
    answering(&world, status);
    world
}

fn answering(world: &World, status: u16) {
    world.registry.host().peer.lock().unwrap().plan = Box::new(move |name| match name {
        "HEAD" => Fate::Instead(status, "1"),
        _ => Fate::Serve,
    });
}

fn target(world: &World, id: &str) -> String {
    world.registry.entry(id).unwrap().lock().life.plan().destination.target.to_string()
}

async fn refused(world: &World, principal: Option<Principal>) -> Problem {
    world.try_create(principal).await.unwrap_err().problem
}

#[tokio::test(start_paused = true)]
async fn an_open_upload_holds_its_name_also_over_a_restart() {
    let first = world(Overwrite::Refuse, 404);
    let id = first.broken(alice()).await;
    assert_eq!(refused(&first, bob()).await, Problem::FileExists);
    let second = first.killed();
    second.recover();
    assert_eq!(refused(&second, bob()).await, Problem::FileExists);
    assert_eq!(target(&second, &id), "/up/f.bin");
    // When it is over, the name is free.
    second.registry.cancel(&id).await.unwrap();
    second.create(bob()).await;
}

#[tokio::test(start_paused = true)]
async fn who_sends_again_takes_the_name_over() {
    for overwrite in [Overwrite::Refuse, Overwrite::Suffix] {
        let world = world(overwrite, 404);
        let old = world.broken(alice()).await;
        let new = world.create(alice()).await;
        assert_eq!(world.offset(&old).await, Err(Problem::UploadSuperseded));
        assert_eq!(target(&world, &new), "/up/f.bin");
        assert_eq!(world.rest(&new, 0).await, "stored 300");
    }
}

#[tokio::test(start_paused = true)]
async fn another_name_is_in_the_record_and_its_client_still_replaces_it() {
    let first = world(Overwrite::Suffix, 404);
    let _taken = first.broken(bob()).await;
    let id = first.broken(alice()).await;
    let name = target(&first, &id);
    assert!(name.starts_with("/up/f-") && name.ends_with(".bin") && name.len() == 18, "{name}");
    let second = first.killed();
    second.recover();
    assert_eq!(target(&second, &id), name);
    // It was asked for under the first name, and so it is again.
    second.create(alice()).await;
    assert_eq!(second.offset(&id).await, Err(Problem::UploadSuperseded));
}

#[tokio::test(start_paused = true)]
async fn what_is_there_or_may_be_is_not_overwritten() {
    for (status, problem) in
        [(200, Problem::FileExists), (403, Problem::ExistsUnknown), (503, Problem::Unavailable)]
    {
        let world = world(Overwrite::Refuse, status);
        assert_eq!(refused(&world, alice()).await, problem);
        assert_eq!(world.log().iter().filter(|line| *line != "HEAD").count(), 0, "no session was begun");
        // Nothing is left behind.
        answering(&world, 404);
        world.create(bob()).await;
    }
    // All names are taken, or none is told of.
    assert_eq!(refused(&world(Overwrite::Suffix, 200), alice()).await, Problem::FileExists);
    let blind = world(Overwrite::Suffix, 405);
    assert_ne!(target(&blind, &blind.create(alice()).await), "/up/f.bin");
    // Whoever passes everything on asks nobody.
    let passing = world(Overwrite::Pass, 200);
    passing.create(alice()).await;
    passing.create(bob()).await;
    assert!(passing.log().is_empty());
}
