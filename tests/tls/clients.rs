//! Certificates of clients.

use crate::authority::Authority;
use crate::client::{Hand, put};
use crate::curl::curl;
use crate::support::{Backend, Settings};
use rustls::version::{TLS12, TLS13};

#[tokio::test]
async fn who_gets_in_with_which_certificate() {
    let (authority, stranger, backend) = (Authority::new(), Authority::new(), Backend::new(&[], &[]));
    authority.issue("up", &["up.test"]);
    authority.issue("phone", &["phone.test"]);
    stranger.issue("phone", &["phone.test"]);
    authority
        .issue_with("old", &["phone.test"], |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let client_ca = format!("client_ca = '{}'", authority.path("ca.crt"));
    let start = |auth: &str| {
        let lines = format!("{client_ca}\nclient_auth = '{auth}'");
        Settings::listeners(&authority.listener("up", &lines, &backend.url())).start()
    };
    for (auth, without, with_other) in [("require", false, false), ("ask", true, false), ("off", true, true)]
    {
        let proxy = start(auth).await;
        for (certificate, wanted) in [
            (None, without),
            (Some((&authority, "phone")), true),
            (Some((&stranger, "phone")), with_other),
            (Some((&authority, "old")), with_other),
        ] {
            for version in [&TLS12, &TLS13] {
                let hand = Hand::of(&authority, &[version], certificate);
                // In TLS 1.3 a client hears only after its handshake that it is refused.
                let entered = match hand.connect(proxy.addr, "up.test").await {
                    Ok(mut stream) => put(&mut stream, "/a").await.is_ok_and(|status| status == 201),
                    Err(_) => false,
                };
                let name = certificate.map(|(_, name)| name);
                assert_eq!(entered, wanted, "{auth} {name:?} {version:?}");
            }
        }
        if auth != "off" {
            proxy.line("why", |line| line["reason"] == "client_certificate").await;
        }
    }
}

#[tokio::test]
async fn curl_shows_its_certificate() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    authority.issue("up", &["up.test"]);
    authority.issue("phone", &["phone.test"]);
    let lines = format!("client_ca = '{}'", authority.path("ca.crt"));
    let proxy = Settings::listeners(&authority.listener("up", &lines, &backend.url())).start().await;
    let file = authority.path("ca.crt");
    let (certificate, key) = (authority.path("phone.crt"), authority.path("phone.key"));
    let run = curl(&authority, &proxy, "/a", &["-T", &file, "--cert", &certificate, "--key", &key]).await;
    assert_eq!((run.exit, run.status), (0, 201), "{run:?}");
    let run = curl(&authority, &proxy, "/a", &["-T", &file]).await;
    assert!(run.exit != 0 && run.status == 0, "{run:?}");
}
