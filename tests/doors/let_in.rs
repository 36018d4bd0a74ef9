//! Who is let in over https, with either version of HTTP: by the name in a certificate, or by another service, which is
//! asked over https, too.

use crate::authority::Authority;
use crate::door::Door;
use crate::judge::{self, Says};
use crate::source::Source;
use crate::support::{Backend, Settings, message};
use crate::terminator::{Ca, Terminator, server};
use rustls::version::{TLS12, TLS13};
use std::fs;

const TOKEN: &str = "Authorization: Bearer s3cret-token-of-the-client";

#[tokio::test]
async fn the_name_in_the_certificate_decides() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    authority.issue("up", &["up.test"]);
    for name in ["phone-1", "tablet-1", "phone"] {
        authority.issue(name, &[&format!("{name}.test")]);
    }
    let lines = format!("client_ca = '{}'\nclient_auth = 'ask'", authority.path("ca.crt"));
    let text = authority.listener("up", &lines, &backend.url());
    let guard = "auth = 'certificate'\nauth_names = ['phone-*', '*.tablets.test']\n";
    let proxy = Settings::listeners(&format!("{text}{guard}")).start().await;
    let source = Source::new(300_000);
    for two in [false, true] {
        let door = Door::tls(proxy.addr, &authority).http(two);
        for name in ["tablet-1", "phone"] {
            let run = door.clone().showing(&authority, name).put("/out", &source).await;
            run.assert_status(403);
        }
        // What else is shown makes no difference.
        door.clone().saying(TOKEN).put("/out", &source).await.assert_status(403);
        assert!(!backend.published().contains_key("/out"));
        let path = format!("/in-{two}");
        door.showing(&authority, "phone-1").put(&path, &source).await.assert_status(201);
        backend.assert_stored(&path, source.file);
        assert_eq!(proxy.upload_line(&path).await["user"], "phone-1");
    }
    assert_eq!(backend.stats().sessions_created, 2, "the backend heard of nobody else");
}

#[tokio::test]
async fn another_service_is_asked_over_https() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    authority.issue("up", &["up.test"]);
    let judge = judge::Authority::start(Says::user("alice")).await;
    let (ca, other) = (Ca::new(), Ca::new());
    let before_it = |ca: &Ca, name: &str| {
        Terminator::start(server(&ca.issue(&[name]), None, &[&TLS12, &TLS13]), judge.addr)
    };
    let judges = [before_it(&ca, "127.0.0.1"), before_it(&other, "127.0.0.1"), before_it(&ca, "judge.test")];
    fs::write(authority.file("judge.crt"), ca.pem()).unwrap();
    let mut text =
        format!("[[listener]]\naddress = '127.0.0.1:0'\ncertificates = [{}]\n", authority.pair("up"));
    for (place, front) in ["/right/", "/stranger/", "/other-name/"].into_iter().zip(&judges) {
        text += &format!(
            "[[route]]\npath = '{place}'\nbackend = '{}'\nprofile = 'refuse'\nauth = 'forward'\nauth_cache = '0s'\n\
             auth_url = 'https://127.0.0.1:{}/check?key=s3cret-key'\nauth_ca = '{}'\nauth_copy = ['x-auth-user']\n",
            backend.url(),
            front.port,
            authority.path("judge.crt")
        );
    }
    let proxy = Settings::listeners(&text).start().await;
    let source = Source::new(300_000);
    for two in [false, true] {
        let door = Door::tls(proxy.addr, &authority).http(two).saying(TOKEN);
        judge.say(Says::user("alice"));
        let name = format!("/in-{two}");
        door.put(&format!("/right{name}"), &source).await.assert_status(201);
        backend.assert_stored(&name, source.file);
        assert_eq!(proxy.upload_line(&name).await["user"], "alice");
        let asked = judge.asked().pop().unwrap();
        let field = |name: &str| asked.fields.get(name).map(String::as_str);
        assert_eq!(asked.line, "GET /check?key=s3cret-key HTTP/1.1");
        assert_eq!(field("authorization"), TOKEN.split_once(": ").map(|(_, value)| value));
        assert_eq!([field("x-forwarded-proto"), field("x-forwarded-host")], [Some("https"), Some("up.test")]);
        assert_eq!(field("x-forwarded-uri"), Some(format!("/right{name}").as_str()));

        for (says, status) in [(Says::status("401 Who", ""), 401), (Says::status("403 No", ""), 403)] {
            judge.say(says);
            door.put("/right/out", &source).await.assert_status(status);
        }
        // Whoever cannot prove to be the service decides nothing, and hears nothing.
        judge.say(Says::user("alice"));
        let before = judge.asked().len();
        for place in ["/stranger/out", "/other-name/out"] {
            door.put(place, &source).await.assert_status(503);
        }
        assert_eq!(judge.asked().len(), before);
    }
    assert_eq!(backend.stats().sessions_created, 2);
    let why = |line: &serde_json::Value| message(line).contains("lets nobody in");
    assert_eq!(proxy.line("why", why).await["level"], "WARN");
}
