//! Versions, protocols, which certificate is shown, how connections end.

use crate::SOON;
use crate::authority::{Authority, listener};
use crate::client::{Hand, agreed, put, shown, version};
use crate::curl::{self, curl};
use crate::support::{Backend, File, Settings, within};
use put2bits::limits::MIB;
use rustls::ProtocolVersion;
use rustls::version::{TLS12, TLS13};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn curl_uploads_over_both_versions() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    authority.issue("up", &["up.test"]);
    let proxy = Settings::listeners(&authority.listener("up", "", &backend.url())).start().await;
    let file = File::new(5 * MIB + 3);
    let path = authority.path("movie.mov");
    std::fs::write(&path, file.bytes()).unwrap();
    for (number, args) in [
        &["--tlsv1.2", "--tls-max", "1.2"][..],
        &["--tlsv1.3"],
        &["-H", "Expect: 100-continue"],
        &["--http2"],
    ]
    .iter()
    .enumerate()
    {
        let target = format!("/{number}.mov");
        let run = curl(&authority, &proxy, &target, &[&["-T", &path][..], args].concat()).await;
        assert_eq!((run.exit, run.status), (0, 201), "{run:?}");
        backend.assert_stored(&target, file);
    }
    // Without the authority nobody would believe the certificate; who gave up is counted.
    let run = curl::run(vec![&format!("https://{}/a", proxy.addr)]).await;
    assert_eq!((run.exit, run.status), (60, 0), "{run:?}");
}

#[tokio::test]
async fn versions_and_protocols_are_agreed_upon() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    authority.issue("up", &["up.test"]);
    let proxy = Settings::listeners(&authority.listener("up", "", &backend.url())).start().await;
    for (versions, wanted) in [
        (&[&TLS13, &TLS12][..], ProtocolVersion::TLSv1_3),
        (&[&TLS12], ProtocolVersion::TLSv1_2),
        (&[&TLS13], ProtocolVersion::TLSv1_3),
    ] {
        let hand = Hand::of(&authority, versions, None);
        let mut stream = hand.connect(proxy.addr, "up.test").await.unwrap();
        assert_eq!((version(&stream), agreed(&stream)), (wanted, None));
        assert_eq!(put(&mut stream, "/a").await.unwrap(), 201);
    }
    for (offered, wanted) in
        [(&["h2", "http/1.1"][..], "h2"), (&["http/1.1", "h2"], "h2"), (&["http/1.1"], "http/1.1")]
    {
        let hand = Hand::new(&authority).protocols(offered);
        let stream = hand.connect(proxy.addr, "up.test").await.unwrap();
        assert_eq!(agreed(&stream), Some(wanted));
    }
    let error = Hand::new(&authority).protocols(&["smtp"]).connect(proxy.addr, "up.test").await.unwrap_err();
    assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");

    let strict = authority.listener("up", "tls_min = '1.3'\nhttp2 = false", &backend.url());
    let proxy = Settings::listeners(&strict).start().await;
    let old = Hand::of(&authority, &[&TLS12], None);
    assert!(old.connect(proxy.addr, "up.test").await.is_err());
    let new = Hand::new(&authority).protocols(&["h2", "http/1.1"]);
    let mut stream = new.connect(proxy.addr, "up.test").await.unwrap();
    assert_eq!(agreed(&stream), Some("http/1.1"));
    assert_eq!(put(&mut stream, "/a").await.unwrap(), 201);
    let line = |line: &serde_json::Value| line["reason"] == "nothing_in_common";
    proxy.line("why", line).await;
}

#[tokio::test]
async fn the_host_that_is_asked_for_decides_what_is_shown() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    let first = authority.issue("first", &["first.test"]);
    let wild = authority.issue("wild", &["*.up.test"]);
    let exact = authority.issue("exact", &["a.up.test"]);
    let pairs = ["first", "wild", "exact"].map(|name| authority.pair(name)).join(", ");
    let lines = format!("certificates = [{pairs}]");
    let proxy = Settings::listeners(&listener(&lines, &backend.url())).start().await;
    let hand = Hand::new(&authority);
    for (host, wanted) in [("first.test", &first), ("b.up.test", &wild), ("a.up.test", &exact)] {
        assert!(shown(&hand.connect(proxy.addr, host).await.unwrap()) == *wanted, "{host}");
    }
    // Nobody has it: the client sees the first, and refuses.
    assert!(hand.connect(proxy.addr, "other.test").await.is_err());
}

#[tokio::test]
async fn connections_end_with_a_goodbye() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    authority.issue("up", &["up.test"]);
    let proxy = Settings::listeners(&authority.listener("up", "", &backend.url())).start().await;
    let mut stream = Hand::new(&authority).connect(proxy.addr, "up.test").await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: up.test\r\nConnection: close\r\n\r\n").await.unwrap();
    // Without close_notify this would be an error, UnexpectedEof.
    let mut answer = Vec::new();
    within("the end", stream.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 405 "), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn who_takes_too_long_is_cut_off() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    authority.issue("up", &["up.test"]);
    let settings = Settings::listeners(&authority.listener("up", "", &backend.url()));
    let proxy = settings.set("timeouts.header", "1s").start().await;
    for begin in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01"] {
        let start = Instant::now();
        let mut stream = TcpStream::connect(proxy.addr).await.unwrap();
        stream.write_all(begin).await.unwrap();
        // Reset or closed: it is over.
        let _ = within("the end", stream.read_to_end(&mut Vec::new())).await;
        assert!(start.elapsed() < SOON, "{begin:?}");
    }
    // The connection ends first, and is counted then.
    proxy.admin.until_is("handshakes_failed_total", &[("reason", "too_slow")], 3).await;
}

#[tokio::test]
async fn each_speaks_to_the_wrong_port() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    authority.issue("up", &["up.test"]);
    let proxy = Settings::listeners(&authority.listener("up", "", &backend.url())).start().await;
    let file = authority.path("ca.crt");
    let run = curl::run(vec!["-T", &file, &format!("http://{}/a", proxy.addr)]).await;
    assert_eq!((run.exit, run.status), (0, 400), "{run:?}");
    assert!(run.text.contains("This port speaks TLS"), "{run:?}");
    proxy.line("that it was so", |line| line["reason"] == "plain_http").await;
    // Something else altogether is closed without a word.
    let mut stream = TcpStream::connect(proxy.addr).await.unwrap();
    stream.write_all(b"\0\0\0").await.unwrap();
    let mut answer = Vec::new();
    let _ = within("the end", stream.read_to_end(&mut answer)).await;
    assert!(answer.is_empty());

    let plain = Settings::to(&backend).start().await;
    let run = curl::run(vec![&format!("https://{}/a", plain.addr)]).await;
    assert_eq!((run.exit, run.status), (35, 0), "{run:?}");
    let says = |line: &serde_json::Value| {
        line["message"].as_str().is_some_and(|text| text.contains("speaks TLS to a listener without"))
    };
    plain.line("that it was so", says).await;
}
