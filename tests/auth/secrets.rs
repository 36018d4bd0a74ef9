//! P12: what clients show stays with put2bits, and even there is not kept.

use crate::authority::{Authority, Says};
use crate::phone::{Leaving, Phone};
use crate::support::{Backend, File, within};
use crate::{ALICE, BOB, basic, bearer, put, settings, tokens};
use put2bits::limits::MIB;
use std::fs;
use std::path::Path;

/// Every file below a directory, as bytes.
fn contents(dir: &Path, into: &mut Vec<u8>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => contents(&path, into),
            false => into.extend(fs::read(path).unwrap()),
        }
    }
}

#[tokio::test]
async fn nothing_that_was_shown_is_logged_counted_or_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (file, users) = (dir.path().join("tokens"), dir.path().join("users"));
    fs::write(&file, tokens(&[ALICE])).unwrap();
    fs::write(&users, put2bits::guard::user_line("alice", b"s3cret-password").unwrap()).unwrap();
    let authority = Authority::start(Says::user("alice")).await;
    let password = basic("alice", "s3cret-password");
    for (lines, shown) in [
        (format!("auth = 'bearer'\nauth_file = '{}'", file.display()), bearer(ALICE)),
        (format!("auth = 'basic'\nauth_file = '{}'", users.display()), password.clone()),
        (
            authority.lines("auth_copy = ['x-auth-user']"),
            format!("{}Cookie: s3cret-cookie\r\n", bearer(ALICE)),
        ),
    ] {
        let backend = Backend::new(&["overlap=refuse"], &[]);
        let state = tempfile::tempdir().unwrap();
        let settings = settings(&backend, &lines).set("log.filter", "trace").state_in(state.path());
        let proxy = settings.start().await;
        let content = File::new(2 * MIB);
        let mut phone = Phone::new(proxy.addr, "/a", content).with(&shown);
        let mut going = phone.begin().await.unwrap();
        going.send_to(MIB).await;
        within("a part", backend.wait_for(|stats| stats.bytes > 0)).await;
        going.leave(Leaving::Closed);
        phone.ask().await;
        put(&proxy, "/b", &bearer(BOB)).await;
        put(&proxy, "/b", &basic("alice", "s3cret-guess")).await;
        put(&proxy, "/b", "").await;
        let mut kept = Vec::new();
        contents(state.path(), &mut kept);
        assert_eq!(phone.upload(None).await.status, 201);
        contents(state.path(), &mut kept);
        let encoded = password.trim().rsplit(' ').next().unwrap();
        let log = proxy.log_text();
        let metrics = proxy.admin.metrics().await.text;
        assert!(
            log.contains("\"DEBUG\"") && log.contains("\"user\":\"alice\""),
            "it was looked for where it could be"
        );
        assert!(!metrics.contains("alice"));
        for planted in ["s3cret", encoded] {
            let line = log.lines().find(|line| line.contains(planted));
            assert!(line.is_none(), "{lines}: {planted} is in the log: {}", line.unwrap());
            assert!(!metrics.contains(planted), "{planted} is in the metrics");
            let is_kept = kept.windows(planted.len()).any(|window| window == planted.as_bytes());
            assert!(!is_kept, "{planted} is in the state directory");
        }
    }
}
