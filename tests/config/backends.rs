//! `[[backend]]`: what it may say, and how routes use it.

use crate::case::Case;
use put2bits::bits::{AmbiguousClose, GuidCase, HostIdPolicy, Verb};
use put2bits::route::{Credentials, Route};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const WHOLE: &str = r#"
[[backend]]
name = "iis"
url = "https://iis.example:443/up"
profile = "iis"
reply = "forward"
ambiguous_close = "fail"
credentials = "header"
credentials_file = "key"
credentials_headers = ["X-Api-Key"]
tls_ca = "ca.pem"
tls_name = "IIS.internal"
tls_pin = "9F:86:D0:81:88:4C:7D:65:9A:2F:EA:A0:C5:5A:D0:15:A3:BF:4F:1B:2B:0B:82:2C:D1:5D:6C:15:B0:F0:0A:08"
tls_certificate = "own.crt"
tls_key = "own.key"
host_id = "allow-list"
host_ids = ["Node1.example", "10.0.0.1"]
verb = "override"
guid = "upper"
close_headers = { "X-Done" = "yes" }
max_sessions = 45
fragment_max = "1MiB"
retry_window = "1m"
connect = "5s"
ack = "30s"
final_ack = "10m"

[[backend]]
name = "other"
url = "http://other/"

[[route]]
path = "/a/"
backend = "iis"

[[route]]
path = "/b/"
backend = "iis"
reply = "ignore"
profile = "auto"

[[route]]
path = "/c/"
backend = "http://third/"
"#;

fn routes(case: Case) -> Vec<Arc<Route>> {
    case.resolve().unwrap().into_config().routes.iter().cloned().collect()
}

#[test]
fn routes_take_over_what_their_backend_says() {
    let routes = routes(Case::new().file(WHOLE));
    let by = |prefix: &str| routes.iter().find(|route| route.prefix == prefix).unwrap();
    let (a, b, c) = (by("/a/"), by("/b/"), by("/c/"));
    assert_eq!(a.backend.to_string(), "https://iis.example/up/");
    assert_eq!((a.backend.clone(), &a.server), (b.backend.clone(), &b.server));
    assert_eq!(a.profile.map(|profile| profile.name), Some("iis"));
    assert_eq!((a.ambiguous_close, b.ambiguous_close), (AmbiguousClose::Fail, AmbiguousClose::Fail));
    // The route's own wins.
    assert_eq!(b.profile, None);
    assert_eq!(*c.server, Default::default());
    assert_eq!(c.backend.to_string(), "http://third/");

    let server = &a.server;
    assert_eq!(server.name, "iis");
    assert_eq!(server.credentials, Credentials::Header("x-api-key".parse().unwrap(), PathBuf::from("key")));
    assert_eq!(server.tls.ca, Some(PathBuf::from("ca.pem")));
    assert_eq!(server.tls.name.as_deref(), Some("iis.internal"));
    assert!(
        server.tls.pin.as_deref().unwrap().starts_with("9f86d081")
            && server.tls.pin.as_deref().unwrap().len() == 64
    );
    assert_eq!(server.tls.identity, Some((PathBuf::from("own.crt"), PathBuf::from("own.key"))));
    assert_eq!(
        server.host_id,
        HostIdPolicy::AllowList(vec!["node1.example".to_owned(), "10.0.0.1".to_owned()])
    );
    assert_eq!((server.dialect.verb, server.dialect.guid), (Verb::Override, GuidCase::Upper));
    assert_eq!(server.dialect.on_close["x-done"], "yes");
    assert_eq!((server.max_sessions, server.limits.fragment_max), (Some(45), Some(1 << 20)));
    assert_eq!(server.limits.final_ack, Some(Duration::from_secs(600)));
}

#[test]
fn what_is_printed_means_the_same() {
    let first = Case::new().file(WHOLE).resolve().unwrap();
    let printed = first.to_string();
    let again = Case::new().file(&printed).resolve().unwrap_or_else(|error| panic!("{error}\n{printed}"));
    assert_eq!(first.config(), again.config(), "{printed}");
    assert!(printed.contains("backend = \"iis\" "), "{printed}");
    // A value that the backend gave has the backend's line.
    let line = printed.lines().rfind(|line| line.starts_with("ambiguous_close = \"fail\"")).unwrap();
    assert!(line.ends_with(":7"), "{line}");
}

#[test]
fn a_flag_may_name_one() {
    let file = "[[backend]]\nname = 'iis'\nurl = 'https://iis/up/'\nprofile = 'trim'\n";
    let routes = routes(Case::new().file(file).flag("--backend", "backend", "iis"));
    assert_eq!(routes[0].backend.to_string(), "https://iis/up/");
    assert_eq!(routes[0].profile.map(|profile| profile.name), Some("trim"));
}

#[test]
fn each_mistake_is_one_line_with_its_place() {
    let https = "name = 'a'\nurl = 'https://a/'\n";
    for (lines, error) in [
        ("url = 'http://a/'".to_owned(), "p.toml:1: backend[0].name: is missing: write name = \"iis\""),
        ("name = 'a'".to_owned(), "p.toml:1: backend[0].url: is missing: write url = "),
        ("name = 'a b'\nurl = 'http://a/'".to_owned(), "p.toml:2: backend[0].name: \"a b\" is not a name"),
        (
            "name = 'a'\nurl = 'http://u:secret@a/'".to_owned(),
            "p.toml:3: backend[0].url: \"http://***\" is refused",
        ),
        (format!("{https}credentials = 'basic'"), "p.toml:1: backend[0].credentials_file: is missing"),
        (
            format!("{https}credentials = 'digest'"),
            "p.toml:4: backend[0].credentials: \"digest\" is not one of none",
        ),
        (format!("{https}credentials_file = 'x'"), "p.toml:4: backend[0].credentials_file: is not used"),
        (format!("{https}credentials = 'caller'"), "p.toml:1: backend[0].credentials_headers: is missing"),
        (
            format!(
                "{https}credentials = 'header'\ncredentials_file = 'x'\ncredentials_headers = ['a', 'b']"
            ),
            "p.toml:6: backend[0].credentials_headers: has to name one header",
        ),
        (
            format!("{https}credentials = 'caller'\ncredentials_headers = ['BITS-Session-Id']"),
            "p.toml:5: backend[0].credentials_headers: \"BITS-Session-Id\" is not one that may be set",
        ),
        (
            format!("{https}credentials = 'basic'\ncredentials_file = 'x'\ncredentials_headers = ['a']"),
            "p.toml:6: backend[0].credentials_headers: goes with",
        ),
        (
            "name = 'a'\nurl = 'http://a/'\ntls_ca = 'x'".to_owned(),
            "p.toml:4: backend[0].tls_ca: goes with an https URL only",
        ),
        (format!("{https}tls_key = 'x'"), "p.toml:4: backend[0].tls_key: needs tls_certificate"),
        (format!("{https}tls_certificate = 'x'"), "p.toml:4: backend[0].tls_certificate: needs tls_key"),
        (format!("{https}tls_pin = 'abc'"), "p.toml:4: backend[0].tls_pin: \"abc\" is not the SHA-256"),
        (
            format!("{https}tls_name = '10.0.0.1'"),
            "p.toml:4: backend[0].tls_name: \"10.0.0.1\" is not a host name",
        ),
        (format!("{https}host_ids = ['a']"), "p.toml:4: backend[0].host_ids: goes with"),
        (format!("{https}host_id = 'allow-list'"), "p.toml:1: backend[0].host_ids: is missing"),
        (
            format!("{https}host_id = 'allow-list'\nhost_ids = ['a:80']"),
            "p.toml:5: backend[0].host_ids: \"a:80\" is not a host name or an IP address",
        ),
        (
            format!("{https}close_headers = {{ Host = 'x' }}"),
            "p.toml:4: backend[0].close_headers: \"host\" may not be set",
        ),
        (format!("{https}close_headers = 'x'"), "p.toml:4: backend[0].close_headers: \"x\" is not a table"),
        (format!("{https}max_sessions = 0"), "p.toml:4: backend[0].max_sessions: 0 is not a whole number"),
        (
            format!("{https}ack = '2s'\nfinal_ack = '1s'"),
            "p.toml:4: backend[0].ack: is larger than final_ack",
        ),
        (
            format!("{https}verbs = 'native'"),
            "p.toml:4: backend[0].verbs: unknown key; did you mean \"verb\"?",
        ),
        (
            format!("{https}[[backend]]\n{https}"),
            "p.toml:5: backend[1].name: \"a\" is the name of another backend, too (p.toml:2)",
        ),
        (
            format!("{https}[[route]]\npath = '/'\nbackend = 'aa'"),
            "p.toml:6: route[0].backend: \"aa\" is neither a URL nor the name of a [[backend]]; did you mean \"a\"?",
        ),
    ] {
        let file = format!("[[backend]]\n{lines}\n");
        let said = Case::new().file(&file).error();
        assert!(
            said.starts_with(error) && !said.contains('\n') && !said.contains("u:secret"),
            "{file}\n{said}\n{error}"
        );
    }
    let windows = format!(
        "[[backend]]\n{https}credentials = 'windows'\ncredentials_file = 'x'\n[[route]]\npath='/'\nbackend='a'"
    );
    let resolved = Case::new().file(&windows).resolve();
    match cfg!(feature = "negotiate") {
        true => assert!(resolved.is_ok()),
        false => assert!(resolved.unwrap_err().to_string().contains("--features negotiate")),
    }
}
