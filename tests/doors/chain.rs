//! Everything in a row, as a gateway in production has it.

use crate::authority::Authority;
use crate::balancer::{self, CLIENT};
use crate::door::{Door, Form};
use crate::judge::{self, Says};
use crate::source::{Acks, Source};
use crate::support::{Backend, Settings, quirks};
use crate::terminator::{Ca, Terminator, server};
use put2bits::limits::MIB;
use rustls::version::{TLS12, TLS13};
use std::fs;
use std::net::SocketAddr;

const SECRETS: [&str; 4] =
    ["planted-token-of-the-client", "planted-first-token", "planted-second-token", "planted-key"];

/// Load balancer (PROXY v2) → TLS → HTTP/2 → a judge → a route by host with a target template → TLS → a farm that sends the
/// session to one of its nodes, and whose token changes in the middle.
#[tokio::test]
async fn a_file_gets_through_everything() {
    let backend = Backend::new(&["auth=bearer:planted-first-token", "host-id=127.0.0.2"], &[]);
    let (ca, authority) = (Ca::new(), Authority::new());
    let versions = [&TLS12, &TLS13];
    let origin = Terminator::start(server(&ca.issue(&["iis.test"]), None, &versions), backend.addr());
    let node = SocketAddr::from(([127, 0, 0, 2], origin.port));
    let node = Terminator::start_at(node, server(&ca.issue(&["127.0.0.2"]), None, &versions), backend.addr());
    let judge = judge::Authority::start(Says::user("alice")).await;
    authority.issue("up", &["up.test"]);
    let token = authority.file("token");
    fs::write(&token, "planted-first-token\n").unwrap();
    fs::write(authority.file("backend.crt"), ca.pem()).unwrap();
    let listener = format!(
        "proxies.trusted = ['127.0.0.1']\n[[listener]]\naddress = '127.0.0.1:0'\nproxy_protocol = true\n\
         certificates = [{}]\n",
        authority.pair("up")
    );
    let farm = format!(
        "[[backend]]\nname = 'farm'\nurl = 'https://127.0.0.1:{}/store/'\nprofile = 'refuse'\ntls_ca = '{}'\n\
         tls_name = 'iis.test'\ncredentials = 'bearer'\ncredentials_file = '{}'\nhost_id = 'allow-list'\n\
         host_ids = ['127.0.0.2']\n",
        origin.port,
        authority.path("backend.crt"),
        token.display()
    );
    let template = r#""{user}/{query:album|'none'}/{name}""#;
    let route = format!(
        "[[route]]\nhost = 'up.test'\npath = '/photos/'\nbackend = 'farm'\ntarget = {template}\n{}\n",
        judge.lines("auth_copy = ['x-auth-user']")
    );
    let other = "[[route]]\npath = '/'\nbackend = 'http://127.0.0.1:9/'\n";
    let settings = Settings::listeners(&[listener, farm, route, other.to_owned()].concat());
    let proxy = settings.set("log.filter", "trace").start().await;
    let door = Door::tls(balancer::start(proxy.addr).await, &authority).http2();
    let door = door.saying("Authorization: Bearer planted-token-of-the-client");
    let (source, mut acks) = (Source::new(12 * MIB + 5), Acks::of(&backend));
    let stored = "/store/alice/summer/IMG_0001.MOV";

    let path = "/photos/IMG_0001.MOV?album=summer";
    let mut put = door.begin(Form::Draft6, path, &source, "8M");
    put.until_status(104).await;
    acks.until(stored, 2 * MIB).await;
    // Somebody renews the token: first where it is asked for, a moment later where it is shown.
    backend.set_knobs(quirks(&["auth=bearer:planted-second-token", "host-id=127.0.0.2"]));
    fs::write(&token, "planted-second-token\n").unwrap();
    let run = put.end().await;
    run.assert_status(201);
    assert_eq!(run.statuses().first(), Some(&104));
    backend.assert_stored(stored, source.file);
    assert_eq!(backend.stats().sessions_created, 1);

    let line = proxy.upload_line(stored).await;
    assert_eq!(
        [&line["client"], &line["user"], &line["end"]],
        [CLIENT.to_string().as_str(), "alice", "stored"]
    );
    assert!(!node.names().is_empty(), "the node was asked");
    let asked = judge.asked();
    assert_eq!(asked[0].fields["x-forwarded-for"], CLIENT.ip().to_string());
    assert_eq!(asked[0].fields["x-forwarded-host"], "up.test");
    assert_eq!(asked[0].fields["x-forwarded-proto"], "https");
    assert_eq!(asked[0].fields["x-forwarded-uri"], path);

    // The way is the same for who is not let in, and ends earlier.
    judge.say(Says::status("403 No", ""));
    let before = backend.stats().connections;
    door.clone().saying("Cookie: other").put("/photos/b", &source).await.assert_status(403);
    assert_eq!(backend.stats().connections, before);

    let (log, metrics) = (proxy.log_text(), proxy.admin.metrics().await.text);
    assert!(log.contains("\"DEBUG\""), "it was looked for where it could be");
    for secret in SECRETS {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none() && !metrics.contains(secret), "{secret}: {line:?}");
    }
}
