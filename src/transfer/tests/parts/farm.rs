//! Nodes of a farm, and credentials that are the client's: what a run makes of what its session says.

use super::*;
use crate::bits::HostIdPolicy;
use crate::bits::server::HostId;
use crate::route::{BackendUrl, Credentials, Server};
use http::header::AUTHORIZATION;

/// A server that sends to node7 and is followed there.
fn farm(total: u64) -> Setup {
    let mut setup = Setup::new(total).knobs(|knobs| {
        knobs.session.host_id =
            Some(HostId { host: HeaderValue::from_static("node7.example.org"), fallback: None });
    });
    setup.route.backend = BackendUrl::parse("http://bits.example.org/up").unwrap();
    setup.route.server = Arc::new(Server { host_id: HostIdPolicy::SameDomain, ..Server::default() });
    setup
}

#[tokio::test(start_paused = true)]
async fn everything_of_a_session_goes_to_its_node_in_every_run() {
    let setup = farm(200);
    let end = setup.carry(setup.part(0, Some(100), false), [bytes(0..100)]).await;
    assert_eq!(end.how, "taken 100");
    let end = setup.carry(end.then(Some(200), true, 200), [bytes(100..200)]).await;
    assert_eq!((end.how.as_str(), setup.published()), ("stored", vec![bytes(0..200).to_vec()]));
    let node = |name: &str| format!("{name} at node7.example.org");
    let others = ["Ping", "bytes 0-99/200", "bytes 100-199/200", "Close-Session"].map(node);
    assert_eq!(setup.log(), [&["Create-Session".to_owned()], &others[..]].concat());
}

#[tokio::test(start_paused = true)]
async fn a_session_is_cancelled_at_its_node() {
    let setup = farm(200);
    let end = setup.carry(setup.part(0, Some(100), false), [bytes(0..100)]).await;
    let mut host = Host::new(Arc::clone(&setup.host));
    let upload = setup.upload(end.then(None, false, 200));
    let checkpoint = upload.part.continuation.checkpoint.clone().unwrap();
    cancel(&upload, checkpoint, &mut host, &setup.shared, |_| {}).await;
    assert_eq!(
        (setup.sessions(), setup.log().pop().unwrap().as_str()),
        (0, "Cancel-Session at node7.example.org")
    );
}

/// The client is told, and can come back with better ones.
#[tokio::test(start_paused = true)]
async fn the_clients_credentials_are_refused_in_the_middle() {
    let mut setup = Setup::new(200);
    let credentials = Credentials::Caller(vec![AUTHORIZATION]);
    setup.route.server = Arc::new(Server { credentials, ..Server::default() });
    let end = setup.carry(setup.part(0, Some(100), false), [bytes(0..100)]).await;
    setup.host.lock().unwrap().server.set_knobs({
        let mut knobs = Knobs::strict();
        knobs.set("auth=bearer:new").unwrap();
        knobs
    });
    let end = setup.carry(end.then(Some(200), true, 200), [bytes(100..200)]).await;
    // To a server that stands bytes twice, what was sent once may always still be on its way.
    assert_eq!(end.how, "refused 100? caller_refused");
    setup.host.lock().unwrap().server.set_knobs(Knobs::strict());
    assert_eq!(setup.carry(end.then(Some(200), true, 200), [bytes(100..200)]).await.how, "stored");
    assert_eq!(setup.published(), [bytes(0..200)]);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_can_be_renewed_cost_one_more_exchange() {
    let mut first = true;
    let mut setup = Setup::new(200).plan(move |name| match name {
        "bytes 100-199/200" if std::mem::take(&mut first) => Fate::Instead(401, "0"),
        _ => Fate::Serve,
    });
    let credentials = Credentials::Bearer("/run/token".into());
    setup.route.server = Arc::new(Server { credentials, ..Server::default() });
    let end = setup.carry(setup.part(0, Some(200), true), [bytes(0..200)]).await;
    assert_eq!((end.how.as_str(), setup.published()), ("stored", vec![bytes(0..200).to_vec()]));
    let log = ["Create-Session", "bytes 0-99/200", "bytes 100-199/200", "bytes 100-199/200", "Close-Session"];
    assert_eq!(setup.log(), log);
    assert!(end.took < Duration::from_secs(1), "{:?}", end.took);
}
