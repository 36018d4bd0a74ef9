//! A sidecar: clients come by a socket in the file system, with user and password.

use crate::authority::Authority;
use crate::door::{Door, Form};
use crate::source::{Acks, Source};
use crate::support::{Backend, Settings};
use put2bits::guard::user_line;
use put2bits::limits::MIB;
use std::fs;

#[tokio::test]
async fn an_upload_over_a_unix_socket_with_a_password_is_resumed() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    let (socket, users) = (authority.path("up.sock"), authority.path("users"));
    fs::write(&users, user_line("alice", b"planted-password").unwrap()).unwrap();
    let text = format!(
        "[[listener]]\naddress = 'unix:{socket}'\nmode = '0600'\n\
         [[route]]\npath = '/'\nbackend = '{}'\nprofile = 'refuse'\nauth = 'basic'\nauth_file = '{users}'\n",
        backend.url()
    );
    let proxy = Settings::listeners(&text).start().await;
    let source = Source::new(24 * MIB + 1);
    let stranger = Door::unix(&socket);
    let door = stranger.clone().with(&["--user", "alice:planted-password"]);
    for two in [false, true] {
        let (path, mut acks) = (format!("/{two}.mov"), Acks::of(&backend));
        let (stranger, door) = (stranger.clone().http(two), door.clone().http(two));
        let refused = stranger.begin(Form::Draft6, &path, &source, "2M").end().await;
        refused.assert_status(401);
        assert!(!refused.statuses().contains(&104), "{refused:?}");
        assert!(refused.field("www-authenticate").starts_with("Basic "), "{refused:?}");
        let mut put = door.begin(Form::Draft6, &path, &source, "4M");
        let upload = put.until_status(104).await.field("location").to_owned();
        acks.until(&path, MIB).await;
        put.kill();
        stranger.ask(Form::Draft6, &upload).await.assert_unknown();
        let (offset, run) = door.resume(Form::Draft6, &upload, &source).await;
        run.assert_status(201);
        assert!(offset >= MIB, "{offset}");
        backend.assert_stored(&path, source.file);
        let stored = |line: &serde_json::Value| line["file"] == path && line["end"] == "stored";
        let line = proxy.line("that it is stored", stored).await;
        assert_eq!((&line["user"], &line["client"]), (&"alice".into(), &"127.0.0.1:0".into()));
    }
    assert_eq!(backend.stats().bytes, 2 * source.file.size);
    assert!(!proxy.log_text().contains("planted"));
}
