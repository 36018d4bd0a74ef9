//! Clients that go away or fall silent: the backend is left with no session and no file.

use crate::support::{Backend, File, Proxy, Settings, within};
use put2bits::limits::{KIB, MIB};
use serde_json::json;

/// Asserts that the upload of `/a` ended because its client had gone, and that the backend is rid of it.
async fn assert_cleaned_up(proxy: &Proxy, backend: &Backend) {
    let stats = within("its end", backend.wait_for(|stats| stats.sessions_cancelled == 1)).await;
    assert_eq!(stats.published, 0);
    within("no session", backend.wait_for(|stats| stats.sessions_open == 0)).await;
    let line = proxy.upload_line("/a").await;
    assert_eq!(
        (&line["status"], &line["error"], &line["fault"]),
        (&json!(499), &json!("client_gone"), &json!("client"))
    );
    assert_eq!(line["level"], "INFO", "nobody has to act");
}

#[tokio::test]
async fn half_way() {
    for reset in [false, true] {
        let backend = Backend::new(&[], &[]);
        let proxy = Settings::to(&backend).start().await;
        let mut upload = proxy.put("/a", File::new(8 * MIB)).await;
        upload.send_to(4 * MIB).await;
        within("a part", backend.wait_for(|stats| stats.bytes >= MIB)).await;
        upload.vanish(reset);
        assert_cleaned_up(&proxy, &backend).await;
    }
}

#[tokio::test]
async fn before_the_session_is_open() {
    let backend = Backend::new(&[], &["delay=300ms:create"]);
    let proxy = Settings::to(&backend).start().await;
    let upload = proxy.put("/a", File::new(8 * MIB)).await;
    within("the connection", backend.wait_for(|stats| stats.connections == 1)).await;
    upload.vanish(false);
    within("the session", backend.wait_for(|stats| stats.sessions_created == 1)).await;
    assert_cleaned_up(&proxy, &backend).await;
    assert_eq!(backend.stats().fragments, 0);
}

/// A fragment is on its way and never answered: the exchange is given up after `timeouts.cancel`.
#[tokio::test]
async fn while_an_answer_is_due() {
    let backend = Backend::new(&[], &["stall:fragment:after=1"]);
    let settings = Settings::to(&backend).fragments_of(256 * KIB).set("fragment.max", "512KiB");
    let proxy = settings.set("timeouts.cancel", "300ms").start().await;
    let mut upload = proxy.put("/a", File::new(8 * MIB)).await;
    // 256 KiB acknowledged, 512 KiB in flight, a little of a third fragment gathered: the client is being read from.
    upload.send_to(800 * KIB).await;
    within("the stall", backend.wait_for(|stats| stats.faults == 1)).await;
    upload.vanish(false);
    assert_cleaned_up(&proxy, &backend).await;
}

/// Two fragments are held and the backend takes none: nobody reads from the client, so nobody sees it go. The next
/// answer brings it to light.
#[tokio::test]
async fn while_nothing_is_read_because_the_backend_stalls() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).fragments_of(256 * KIB).start().await;
    let mut upload = proxy.put("/a", File::new(64 * MIB)).await;
    upload.send_to(512 * KIB).await;
    within("a part", backend.wait_for(|stats| stats.fragments >= 1)).await;
    backend.set_stalled(true);
    upload.send_to(2 * MIB).await;
    upload.vanish(false);
    backend.set_stalled(false);
    assert_cleaned_up(&proxy, &backend).await;
}

/// The same, and the backend never answers again: the retry window bounds it.
#[tokio::test]
async fn while_the_backend_never_answers_again() {
    let backend = Backend::new(&[], &[]);
    let limits = Settings::to(&backend).fragments_of(256 * KIB).set("retry.window", "600ms");
    let limits = limits.set("timeouts.ack", "200ms").set("timeouts.stall", "200ms");
    let proxy = limits.set("timeouts.cancel", "200ms").start().await;
    let mut upload = proxy.put("/a", File::new(64 * MIB)).await;
    upload.send_to(512 * KIB).await;
    within("a part", backend.wait_for(|stats| stats.fragments >= 1)).await;
    backend.set_stalled(true);
    upload.send_to(2 * MIB).await;
    upload.vanish(true);
    let line = proxy.upload_line("/a").await;
    assert!(["client_gone", "backend_timeout"].contains(&line["error"].as_str().unwrap()), "{line}");
}

/// Once every byte is acknowledged the file is stored, whoever is still there to hear it.
#[tokio::test]
async fn after_the_last_byte() {
    let backend = Backend::new(&[], &["delay=300ms:close"]);
    let proxy = Settings::to(&backend).start().await;
    let file = File::new(MIB);
    let mut upload = proxy.put("/a", file).await;
    upload.send_to(MIB).await;
    within("every byte", backend.wait_for(|stats| stats.bytes == MIB)).await;
    upload.vanish(false);
    within("the file", backend.wait_for(|stats| stats.published == 1)).await;
    backend.assert_stored("/a", file);
    assert_eq!(proxy.upload_line("/a").await["bytes"], MIB);
}

#[tokio::test]
async fn a_client_that_falls_silent_is_told_so() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).set("timeouts.idle", "300ms").start().await;
    let mut upload = proxy.put("/a", File::new(8 * MIB)).await;
    upload.send_to(MIB).await;
    let answer = upload.answer().await;
    answer.assert_problem(408, "client_stalled");
    within("its end", backend.wait_for(|stats| stats.sessions_open == 0)).await;
    assert_eq!(backend.stats().sessions_cancelled, 1);
}
