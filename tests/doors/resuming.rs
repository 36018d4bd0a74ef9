//! curl with TLS and a client certificate is killed half-way and goes on: over either version of HTTP, in either form.

use crate::authority::Authority;
use crate::door::{Door, Form};
use crate::source::{Acks, Source};
use crate::support::{Backend, Settings};
use put2bits::limits::MIB;

#[tokio::test]
async fn what_began_over_one_version_goes_on_over_each() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    authority.issue("up", &["up.test"]);
    authority.issue("phone-1", &["phone-1.test"]);
    let lines = format!("client_ca = '{}'", authority.path("ca.crt"));
    let text = authority.listener("up", &lines, &backend.url());
    let guard = "auth = 'certificate'\nauth_names = ['phone-*']";
    let proxy = Settings::listeners(&format!("resumption.rfc = true\n{text}{guard}\n")).start().await;
    let door = Door::tls(proxy.addr, &authority).showing(&authority, "phone-1");
    let source = Source::new(24 * MIB + 3);
    let one_case = async |form: Form, two: bool, then_two: bool| {
        let path = format!("/{form:?}-{two}-{then_two}.mov");
        let mut acks = Acks::of(&backend);
        let mut put = door.clone().http(two).begin(form, &path, &source, "4M");
        let early = put.until_status(104).await;
        let version = if two { "HTTP/2 104" } else { "HTTP/1.1 104 Upload Resumption Supported" };
        assert!(early.text.starts_with(version), "the first head: {}", early.text);
        assert_eq!(early.find("upload-draft-interop-version"), (form == Form::Draft6).then_some("6"));
        let upload = early.field("location").to_owned();
        acks.until(&path, MIB).await;
        put.kill();

        let (offset, run) = door.clone().http(then_two).resume(form, &upload, &source).await;
        assert!((MIB..source.file.size).contains(&offset), "{path}: {offset}");
        run.assert_status(201);
        backend.assert_stored(&path, source.file);
        let user = |line: &serde_json::Value| line["file"] == path && line["end"] == "stored";
        assert_eq!(proxy.line("that it is stored", user).await["user"], "phone-1");
    };
    let mut cases = Vec::new();
    for form in [Form::Draft6, Form::Rfc] {
        for (two, then_two) in [(false, false), (false, true), (true, false), (true, true)] {
            cases.push(one_case(form, two, then_two));
        }
    }
    let number = cases.len() as u64;
    // Not all at once: each curl wants a core for its handshake.
    while !cases.is_empty() {
        let (first, second) = (cases.pop().unwrap(), cases.pop().unwrap());
        tokio::join!(first, second);
    }
    assert_eq!(backend.stats().bytes, number * source.file.size, "nothing was sent twice");
}

/// Without the certificate nothing begins, and the handshake is the end of it.
#[tokio::test]
async fn nobody_begins_without_the_certificate() {
    let (authority, stranger, backend) = (Authority::new(), Authority::new(), Backend::new(&[], &[]));
    authority.issue("up", &["up.test"]);
    stranger.issue("phone-1", &["phone-1.test"]);
    let lines = format!("client_ca = '{}'", authority.path("ca.crt"));
    let proxy = Settings::listeners(&authority.listener("up", &lines, &backend.url())).start().await;
    let source = Source::new(1000);
    for two in [false, true] {
        let door = Door::tls(proxy.addr, &authority).http(two);
        for door in [door.clone(), door.showing(&stranger, "phone-1")] {
            let run = door.begin(Form::Draft6, "/a", &source, "1M").end().await;
            assert!(run.exit != Some(0) && run.statuses().is_empty(), "{run:?}");
        }
    }
    assert_eq!(backend.stats().connections, 0);
}
