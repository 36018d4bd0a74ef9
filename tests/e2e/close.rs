//! A lost answer to Close-Session, the one true ambiguity of the protocol.

use crate::support::{Backend, File, Settings, within};
use put2bits::limits::MIB;

/// The server published the file, and the Ack is lost.
const PUBLISHED: &[&str] = &["drop-ack:close"];

/// The server never saw the Close, and has forgotten the session when it is repeated.
const SWEPT: &[&str] = &["drop-head:close", "lose-session:close"];

#[tokio::test]
async fn the_file_is_there_so_it_is_stored() {
    let backend = Backend::new(&[], PUBLISHED);
    let proxy = Settings::to(&backend).start().await;
    let file = File::new(MIB);
    proxy.put("/a", file).await.finish().await.assert_stored();
    backend.assert_stored("/a", file);
}

#[tokio::test]
async fn no_file_is_there_so_nothing_proves_that_it_was_stored() {
    let backend = Backend::new(&[], SWEPT);
    let proxy = Settings::to(&backend).start().await;
    let answer = proxy.put("/a", File::new(MIB)).await.finish().await;
    answer.assert_problem(503, "close_in_doubt");
    assert_eq!((backend.stats().published, backend.stats().sessions_open), (0, 0));
}

/// A file of the same size that was there before proves nothing.
#[tokio::test]
async fn an_older_file_is_no_evidence() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    proxy.put("/a", File::new(MIB)).await.finish().await.assert_stored();
    // HTTP dates count seconds: the new session has to begin in another one than the file was stored in.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    backend.set_faults(SWEPT.iter().map(|fault| fault.parse().unwrap()).collect());
    let answer = proxy.put("/a", File::new(MIB).number(1)).await.finish().await;
    answer.assert_problem(503, "close_in_doubt");
    backend.assert_stored("/a", File::new(MIB));
}

#[tokio::test]
async fn a_route_can_choose_to_fail_or_to_accept() {
    let backend = Backend::new(&[], PUBLISHED);
    let proxy = Settings::route(&backend.url(), "profile = 'refuse'\nambiguous_close = 'fail'").start().await;
    let answer = proxy.put("/a", File::new(MIB)).await.finish().await;
    answer.assert_problem(503, "close_in_doubt");
    within("the file", backend.wait_for(|stats| stats.published == 1)).await;

    let backend = Backend::new(&[], SWEPT);
    let proxy =
        Settings::route(&backend.url(), "profile = 'refuse'\nambiguous_close = 'accept'").start().await;
    proxy.put("/a", File::new(MIB)).await.finish().await.assert_stored();
}

/// The Close did not arrive, the session is still there: it is repeated, and nothing was ambiguous.
#[tokio::test]
async fn a_close_that_did_not_arrive_is_repeated() {
    let backend = Backend::new(&[], &["drop-head:close:count=3"]);
    let proxy = Settings::route(&backend.url(), "profile = 'refuse'\nambiguous_close = 'fail'").start().await;
    let file = File::new(MIB);
    proxy.put("/a", file).await.finish().await.assert_stored();
    backend.assert_stored("/a", file);
}
