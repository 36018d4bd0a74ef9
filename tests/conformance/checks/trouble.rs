//! A backend that refuses, that is away, that is slow.

use super::checks;
use crate::case::{Case, Parts, file};
use crate::support::{Backend, File, Nobody, Settings, quirks};
use crate::world::{FRAGMENT, World, settings};
use put2bits::bits::PacketKind;
use put2bits::mock::{MockConfig, Storage};
use std::sync::Arc;
use std::time::Duration;

checks![
    a_refusal_of_the_backend_is_final,
    a_full_disk_is_final,
    a_backend_that_is_away_is_no_answer,
    a_backend_that_goes_away_is_no_answer,
    the_end_waits_for_the_backend_without_the_client,
    progress_is_told_four_times_at_most,
];

async fn a_refusal_of_the_backend_is_final(case: Case) {
    let backend = Backend::new(&[], &["status=403:create:count=100"]);
    let case = case.alone(backend, |settings| settings).await;
    let (mut client, location) = case.begin(&case.put(file())).await;
    let answer = client.answer().await;
    case.assert_refused(&answer, 403, "forbidden");
    if case.dialect.marked_failure {
        case.assert_marker(&answer, true);
    }
    // No loop begins, whatever the client does now.
    case.assert_gone(&case.ask(&case.head(&location), b"").await, "forbidden");
    let patch = case.patch(&location, 0, file().size);
    case.assert_gone(&case.ask(&patch, &file().bytes()).await, "forbidden");
}

async fn a_full_disk_is_final(case: Case) {
    let case = case.alone(Backend::new(&["disk=100000"], &[]), |settings| settings).await;
    let (mut client, location) = case.begin(&case.put(file())).await;
    client.bytes_in_vain(&file().bytes()).await;
    case.assert_refused(&client.answer().await, 507, "disk_full");
    case.assert_gone(&case.ask(&case.head(&location), b"").await, "disk_full");
}

/// Gives up soon.
fn impatient(settings: Settings) -> Settings {
    settings.set("retry.window", "300ms").set("retry.create_window", "300ms")
}

async fn a_backend_that_is_away_is_no_answer(case: Case) {
    let nobody = Nobody::new();
    let away = impatient(settings(Settings::to_url(&format!("http://{}/", nobody.addr)), case.dialect));
    let proxy = away.start().await;
    let asking = Case::new(Arc::new(World::of(case.dialect, Backend::new(&[], &[]), proxy)), "file");
    let (mut client, location) = asking.begin(&asking.put(file())).await;
    assert!(client.end().await.reset);
    let told = asking.ask(&asking.head(&location), b"").await;
    asking.assert_told(&told, 0, Some(file().size), false);
    // It is back.
    let config = MockConfig { knobs: quirks(&[]), storage: Storage::Hash, ..MockConfig::default() };
    let backend = Backend::start_at(nobody.addr, config);
    let patch = asking.patch(&location, 0, file().size);
    asking.assert_final(&asking.ask(&patch, &file().bytes()).await, file().size, None);
    backend.assert_stored(&asking.path(), file());
}

async fn a_backend_that_goes_away_is_no_answer(case: Case) {
    let case = case.alone(Backend::new(&[], &[]), impatient).await;
    let (mut client, location) = case.begin_with(file(), FRAGMENT).await;
    case.taken(&case.path(), FRAGMENT).await;
    case.backend.set_faults(vec!["drop-head:any:count=1000000".parse().unwrap()]);
    client.bytes_in_vain(&file().from(FRAGMENT)[..FRAGMENT as usize]).await;
    assert!(client.end().await.reset);
    let told = case.ask(&case.head(&location), b"").await;
    case.assert_told(&told, FRAGMENT, Some(file().size), false);
    case.backend.set_faults(Vec::new());
    case.resume(&location, file(), FRAGMENT).await;
    assert_eq!(case.count(&case.path(), PacketKind::CancelSession).await, 0);
}

async fn the_end_waits_for_the_backend_without_the_client(case: Case) {
    let case = case.alone(Backend::new(&[], &["delay=1s:close"]), |settings| settings).await;
    let (client, location) = case.begin_with(file(), file().size).await;
    case.taken(&case.path(), file().size).await;
    drop(client);
    // While the file is being published there is no final answer; whoever asks for it waits.
    let told = case.ask(&case.head(&location), b"").await;
    case.assert_told(&told, file().size, Some(file().size), false);
    let answer = case.ask(&case.patch(&location, file().size, 0), b"").await;
    case.assert_final(&answer, file().size, None);
    case.backend.assert_stored(&case.path(), file());
    assert_eq!(case.count(&case.path(), PacketKind::CloseSession).await, 1);
}

async fn progress_is_told_four_times_at_most(case: Case) {
    let case = case.alone(Backend::new(&[], &[]), |settings| settings.set("resumption.progress", "1s")).await;
    let file = File::new(24 * FRAGMENT);
    let (mut client, location) = case.begin(&case.put(file)).await;
    for number in 0..24 {
        // This slowly, so that there is time for five.
        tokio::time::sleep(Duration::from_millis(250)).await;
        let piece = (number * FRAGMENT) as usize..((number + 1) * FRAGMENT) as usize;
        client.bytes(&file.bytes()[piece]).await;
    }
    let (mut heads, mut told) = (0, 0);
    let answer = loop {
        let head = client.message().await;
        if head.status != 104 {
            break head;
        }
        assert_eq!(head.field("location"), None, "{head}");
        assert_eq!(head.field("upload-draft-interop-version"), case.dialect.number, "{head}");
        let offset: u64 = head.has("upload-offset").parse().unwrap();
        assert!((told..=file.size).contains(&offset) && offset > 0, "{told}, then {head}");
        (heads, told) = (heads + 1, offset);
    };
    case.assert_final(&answer, file.size, Some(&location));
    let expected = if case.dialect.progress { 1..=4 } else { 0..=0 };
    assert!(expected.contains(&heads), "{heads} heads");
}
