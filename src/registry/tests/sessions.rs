//! How many sessions may be open at a backend, and when they count no more.

use super::world::give;
use super::*;
use crate::route::Server;

/// At most so many sessions.
fn at_most(max: u32) -> World {
    World::routed(|route| route.server = Arc::new(Server { max_sessions: Some(max), ..Server::default() }))
}

#[tokio::test(start_paused = true)]
async fn a_paused_upload_counts_and_an_ended_one_does_not() {
    let world = at_most(1);
    let id = world.broken(alice()).await;
    assert_eq!(world.registry.sessions(), 1);
    let refused = world.try_create(bob()).await.unwrap_err();
    assert_eq!((refused.problem, world.store.len()), (Problem::TooManySessions, 1), "no record of it");
    // What has a session goes on.
    assert_eq!(world.rest(&id, 150).await, "stored 300");
    assert_eq!(world.registry.sessions(), 0, "free when its client knows");
    let bobs = world.create(bob()).await;
    assert_eq!(world.rest(&bobs, 0).await, "stored 300");
    world.is_clean(0).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_counts_until_it_is_cancelled() {
    let world = at_most(1);
    let id = world.broken(alice()).await;
    world.registry.host().peer.lock().unwrap().plan = Box::new(|name| match name {
        "Cancel-Session" => Fate::Never,
        _ => Fate::Serve,
    });
    world.registry.cancel(&id).await.unwrap();
    settle().await;
    assert_eq!(world.try_create(bob()).await.unwrap_err().problem, Problem::TooManySessions);
    // It is not tried for ever.
    sleep(60 * SECOND).await;
    world.serve();
    let bobs = world.create(bob()).await;
    assert_eq!(world.rest(&bobs, 0).await, "stored 300");
    assert_eq!(world.registry.sessions(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_begins_anew_takes_the_slot_of_what_is_replaced() {
    let world = at_most(1);
    let _ = world.broken(alice()).await;
    let anew = world.create(alice()).await;
    assert_eq!(world.rest(&anew, 0).await, "stored 300");
    let (_, older, _feeder) = world.half_way(alice()).await;
    let anew = world.create(alice()).await;
    assert_eq!(outcome(older).await, "cut off");
    assert_eq!(world.rest(&anew, 0).await, "stored 300");
    world.is_clean(0).await;
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_process_left_counts() {
    let world = at_most(1);
    let id = world.broken(alice()).await;
    let world = world.killed();
    world.recover();
    assert_eq!(world.registry.sessions(), 1);
    assert_eq!(world.try_create(bob()).await.unwrap_err().problem, Problem::TooManySessions);
    assert_eq!(world.rest(&id, 150).await, "stored 300");
    world.is_clean(0).await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_upload_gives_its_slot_back() {
    let world = at_most(1);
    let (id, feeding, feeder) = world.half_way(alice()).await;
    world.registry.host().peer.lock().unwrap().server.forget_all();
    give(&feeder, 150..300);
    assert_eq!(outcome(feeding).await, "cut off");
    assert_eq!(world.offset(&id).await, Err(Problem::SessionLost));
    world.is_clean(0).await;
}

/// Accounts are told apart by backend and credentials, and no further.
#[tokio::test(start_paused = true)]
async fn two_routes_to_one_account_share_it() {
    let world = at_most(2);
    let _held = world.broken(alice()).await;
    let mut other = Route::clone(&world.registry.host().route);
    other.prefix = "/other/".into();
    let sessions = &world.registry.inner.sessions;
    let second = sessions.try_open(&other).unwrap();
    assert!(sessions.try_open(&other).is_err());
    let server = Server { credentials: Credentials::Bearer("/run/token".into()), ..(*other.server).clone() };
    let account = Route { server: Arc::new(server), ..other.clone() };
    let elsewhere = Route { backend: BackendUrl::parse("http://backend2/up").unwrap(), ..other.clone() };
    drop((sessions.try_open(&account).unwrap(), sessions.try_open(&elsewhere).unwrap()));
    drop(second);
    drop(sessions.try_open(&other).unwrap());
}
