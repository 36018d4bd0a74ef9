//! https backends: whom they trust, whom they do not, and that nothing else changes.

use crate::peer::Peer;
use crate::terminator::{Ca, Identity, Terminator, server};
use crate::{ACK, PATIENT, ask, destination, quarters, send};
use http::HeaderValue;
use put2bits::backend::{Connection, Endpoint};
use put2bits::bits::Packet;
use put2bits::limits::SocketLimits;
use put2bits::route::{BackendUrl, Carried, Server, TlsToServer};
use put2bits::transfer::{Backend, Call, NoAnswer, Patience};
use rustls::version::{TLS12, TLS13};
use sha2::{Digest, Sha256};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::TcpListener;

const BOTH: &[&rustls::SupportedProtocolVersion] = &[&TLS12, &TLS13];

/// Files for one test.
struct Files(TempDir);

impl Files {
    fn new() -> Files {
        Files(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

fn address(peer: &Peer) -> SocketAddr {
    peer.authority.as_str().parse().unwrap()
}

fn endpoint(host: &str, port: u16, tls: TlsToServer) -> Endpoint {
    let url = BackendUrl::parse(&format!("https://{host}:{port}/uploads/")).unwrap();
    let server = Arc::new(Server { tls, ..Server::default() });
    Endpoint::open(&url, &server, [], &SocketLimits::default()).unwrap()
}

fn connection(host: &str, port: u16, tls: TlsToServer) -> Connection {
    endpoint(host, port, tls).connection(destination(), Carried::default())
}

#[tokio::test]
async fn everything_goes_over_tls_and_arrives_as_it_was_sent() {
    let (files, ca) = (Files::new(), Ca::new());
    let tls = TlsToServer { ca: Some(files.write("ca", &ca.pem())), ..TlsToServer::default() };
    for versions in [&BOTH[..1], &BOTH[1..]] {
        let (told, mut digests) = tokio::sync::mpsc::unbounded_channel();
        let peer = Peer::start(move |_, mut conn| {
            let told = told.clone();
            async move {
                while let Some((_, body)) = conn.request().await {
                    told.send(Sha256::digest(&body)).unwrap();
                    conn.send(ACK).await;
                }
            }
        });
        let front = Terminator::start(server(&ca.issue(&["127.0.0.1"]), None, versions), address(&peer));
        let mut to = connection("127.0.0.1", front.port, tls.clone());
        assert_eq!(ask(&mut to, Packet::CreateSession).await.unwrap().status, 200);
        digests.recv().await.unwrap();
        for pieces in [1, 3, 40, 200] {
            let body = quarters(pieces);
            let mut digest = Sha256::new();
            body.iter().for_each(|piece| digest.update(piece));
            let answer = send(&mut to, body, PATIENT).await.unwrap();
            assert!(!answer.early && answer.waited.is_some());
            assert_eq!(digests.recv().await.unwrap(), digest.finalize());
        }
        assert_eq!(peer.accepts(), 1, "one connection for all");
        assert_eq!(to.exchange(Call::Evidence, PATIENT).await.unwrap().status, 200);
        let url = HeaderValue::from_static("r.txt");
        assert_eq!(to.exchange(Call::Reply { url }, PATIENT).await.unwrap().status, 200);
        assert_eq!(endpoint("127.0.0.1", front.port, tls.clone()).reach(PATIENT.connect).await, Ok(()));
    }
}

#[tokio::test]
async fn nobody_else_is_trusted_and_the_reason_is_said() {
    let (files, ca, other) = (Files::new(), Ca::new(), Ca::new());
    let trusted = Some(files.write("ca", &ca.pem()));
    let plain = TlsToServer { ca: trusted.clone(), ..TlsToServer::default() };
    let named = |name: &str| TlsToServer { name: Some(name.to_owned()), ..plain.clone() };
    let pinned = |pin: String| TlsToServer { pin: Some(pin), ..plain.clone() };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let good = ca.issue(&["127.0.0.1", "iis.example"]);
    let pin = hex(&Sha256::digest(&good.certificate));
    let wrong_name = ca.issue(&["a.example", "b.example"]);
    let expired = ca.issue_until(&["127.0.0.1"], 2020);
    let unknown = other.issue(&["127.0.0.1"]);
    let own = Identity::own(&["127.0.0.1"]);
    for (identity, tls, trouble) in [
        (&good, plain.clone(), None),
        (&good, named("iis.example"), None),
        (&good, pinned(pin.clone()), None),
        (&good, pinned("0".repeat(64)), Some(pin.as_str())),
        (&unknown, pinned(hex(&Sha256::digest(&unknown.certificate))), Some("name its CA by tls_ca")),
        (&good, named("other.example"), Some("is for 127.0.0.1, iis.example, not for other.example")),
        (&wrong_name, plain.clone(), Some("is for a.example, b.example, not for 127.0.0.1")),
        (&expired, plain.clone(), Some("its certificate expired on Wed, 01 Jan 2020")),
        (&unknown, plain.clone(), Some("not signed by anybody trusted here")),
        (&own, plain.clone(), Some("not signed by anybody trusted here")),
        (
            &good,
            TlsToServer { ca: Some(files.write("other", &other.pem())), ..TlsToServer::default() },
            Some("tls_ca"),
        ),
        // Its own CA, as it were.
        (&own, TlsToServer { ca: Some(files.write("own", &own.chain_pem)), ..TlsToServer::default() }, None),
    ] {
        let peer = Peer::start(|_, conn| conn.serve(ACK));
        let front = Terminator::start(server(identity, None, BOTH), address(&peer));
        let mut to = connection("127.0.0.1", front.port, tls.clone());
        let results = [ask(&mut to, Packet::CreateSession).await, to.exchange(Call::Evidence, PATIENT).await];
        for result in results {
            match (result, trouble) {
                (Ok(answer), None) => assert_eq!(answer.status, 200),
                (Err(NoAnswer::Unsent(why)), Some(words)) => {
                    assert!(why.contains(words) && !why.contains('\n'), "{words}: {why}");
                    assert!(why.starts_with(&format!("connecting to 127.0.0.1:{}: ", front.port)), "{why}");
                }
                (result, _) => panic!("{tls:?}: {result:?} instead of {trouble:?}"),
            }
        }
        if trouble.is_some() {
            assert_eq!(peer.accepts(), 0, "it was spoken to: {tls:?}");
        } else {
            let asked = tls.name.clone();
            assert_eq!(front.names(), [asked.clone(), asked], "SNI");
        }
        let reached = endpoint("127.0.0.1", front.port, tls).reach(PATIENT.connect).await;
        assert_eq!(reached.is_ok(), trouble.is_none(), "{reached:?}");
    }
}

#[tokio::test]
async fn a_server_may_want_to_see_a_certificate() {
    let (files, ca, stranger) = (Files::new(), Ca::new(), Ca::new());
    let identity = |identity: &Identity, name: &str| {
        Some((
            files.write(&format!("{name}.crt"), &identity.chain_pem),
            files.write(&format!("{name}.key"), &identity.key_pem),
        ))
    };
    let plain = TlsToServer { ca: Some(files.write("ca", &ca.pem())), ..TlsToServer::default() };
    let known = identity(&ca.issue(&["proxy.example"]), "known");
    let unknown = identity(&stranger.issue(&["proxy.example"]), "unknown");
    for versions in [&BOTH[..1], &BOTH[1..]] {
        for (identity, trouble) in [
            (known.clone(), None),
            (None, Some("a certificate of the proxy")),
            (unknown.clone(), Some("the proxy")),
        ] {
            let peer = Peer::start(|_, conn| conn.serve(ACK));
            let front =
                Terminator::start(server(&ca.issue(&["127.0.0.1"]), Some(&ca), versions), address(&peer));
            let mut to = connection("127.0.0.1", front.port, TlsToServer { identity, ..plain.clone() });
            match (ask(&mut to, Packet::CreateSession).await, trouble) {
                (Ok(answer), None) => assert_eq!(answer.status, 200),
                // With TLS 1.3 the server says so when the request is on its way already.
                (Err(NoAnswer::Unsent(why) | NoAnswer::Lost(why)), Some(words)) => {
                    assert!(why.contains(words), "{why}");
                }
                (result, _) => panic!("{result:?} instead of {trouble:?}"),
            }
            assert_eq!(peer.accepts(), usize::from(trouble.is_none()));
        }
    }
}

#[tokio::test]
async fn a_handshake_that_hangs_is_given_up_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (files, ca) = (Files::new(), Ca::new());
    let tls = TlsToServer { ca: Some(files.write("ca", &ca.pem())), ..TlsToServer::default() };
    let endpoint = endpoint("127.0.0.1", silent.local_addr().unwrap().port(), tls);
    let mut to = endpoint.connection(destination(), Carried::default());
    let short = Duration::from_millis(200);
    let begun = Instant::now();
    let call = Call::Packet { packet: Packet::Ping, body: Vec::new() };
    match to.exchange(call, Patience { connect: short, ..PATIENT }).await {
        Err(NoAnswer::Unsent(why)) => assert!(why.contains("TLS did not begin within 200ms"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert!(endpoint.reach(short).await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn https_never_becomes_http() {
    let (files, ca) = (Files::new(), Ca::new());
    let tls = TlsToServer { ca: Some(files.write("ca", &ca.pem())), ..TlsToServer::default() };
    // A server that speaks no TLS.
    let plain = Peer::start(|_, mut conn| async move {
        conn.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
        conn.rest().await;
    });
    let mut to = connection("127.0.0.1", address(&plain).port(), tls.clone());
    for result in [ask(&mut to, Packet::CreateSession).await, to.exchange(Call::Evidence, PATIENT).await] {
        match result {
            Err(NoAnswer::Unsent(why)) => assert!(why.contains("does not speak TLS"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    // One that leads elsewhere.
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nLocation: http://{}/uploads/a.mov\r\nContent-Length: 0\r\n\r\n",
        plain.authority
    );
    let peer = Peer::start(move |_, conn| {
        let redirect = redirect.clone();
        async move { conn.serve(&redirect).await }
    });
    let front = Terminator::start(server(&ca.issue(&["127.0.0.1"]), None, BOTH), address(&peer));
    let mut to = connection("127.0.0.1", front.port, tls);
    let before = plain.accepts();
    assert_eq!(ask(&mut to, Packet::CreateSession).await.unwrap().status, 302);
    assert_eq!(to.exchange(Call::Evidence, PATIENT).await.unwrap().status, 302);
    let url = HeaderValue::from_str(&format!("http://127.0.0.1:{}/r", front.port)).unwrap();
    let reply = to.exchange(Call::Reply { url }, PATIENT).await;
    assert!(matches!(reply, Err(NoAnswer::Impossible(_))), "{reply:?}");
    assert_eq!(plain.accepts(), before);
}

/// What is told about a request is as exact as without TLS.
#[tokio::test]
async fn a_kept_connection_that_ended_is_replaced_and_an_early_answer_is_read() {
    let (files, ca) = (Files::new(), Ca::new());
    let tls = TlsToServer { ca: Some(files.write("ca", &ca.pem())), ..TlsToServer::default() };
    let peer = Peer::start(|_, mut conn| async move {
        conn.request().await;
        conn.send(ACK).await;
    });
    let front = Terminator::start(server(&ca.issue(&["127.0.0.1"]), None, BOTH), address(&peer));
    let mut to = connection("127.0.0.1", front.port, tls.clone());
    for _ in 0..20 {
        match ask(&mut to, Packet::Ping).await {
            Ok(answer) => assert_eq!(answer.status, 200),
            // It closed in the very moment: whether the request came through is not known.
            Err(error) => assert!(matches!(error, NoAnswer::Lost(_)), "{error:?}"),
        }
    }
    let peer = Peer::start(|_, mut conn| async move {
        conn.head().await;
        conn.send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n").await;
        std::future::pending::<()>().await;
    });
    let front = Terminator::start(server(&ca.issue(&["127.0.0.1"]), None, BOTH), address(&peer));
    let answer = send(&mut connection("127.0.0.1", front.port, tls), quarters(400), PATIENT).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.early), (413, true));
}

#[tokio::test]
async fn new_files_are_taken_and_broken_ones_are_not() {
    let (files, ca, other) = (Files::new(), Ca::new(), Ca::new());
    let path = files.write("ca", &other.pem());
    let peer = Peer::start(|_, conn| conn.serve(ACK));
    let front = Terminator::start(server(&ca.issue(&["127.0.0.1"]), None, BOTH), address(&peer));
    let endpoint =
        endpoint("127.0.0.1", front.port, TlsToServer { ca: Some(path.clone()), ..TlsToServer::default() });
    assert!(endpoint.reach(PATIENT.connect).await.is_err());
    fs::write(&path, ca.pem()).unwrap();
    let begun = Instant::now();
    while endpoint.reach(PATIENT.connect).await.is_err() {
        assert!(begun.elapsed() < PATIENT.connect, "the new file was not read");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    fs::write(&path, "broken").unwrap();
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(endpoint.reach(PATIENT.connect).await, Ok(()));
}
