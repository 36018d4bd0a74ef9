//! What the proxy shows: with which requests, from which file, and when that is read again.

use crate::peer::Peer;
use crate::{ACK, PATIENT, ask, destination, quarters, send};
use http::{HeaderMap, HeaderName, HeaderValue};
use put2bits::backend::{Connection, Endpoint};
use put2bits::bits::Packet;
use put2bits::limits::SocketLimits;
use put2bits::route::{BackendUrl, Carried, Credentials, Server};
use put2bits::transfer::{Backend, Call};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{self, UnboundedReceiver};

/// A server that answers 401 unless the request has that field, and the heads that came.
fn guarded(wanted: &'static str) -> (Peer, UnboundedReceiver<String>) {
    let (told, heads) = mpsc::unbounded_channel();
    let peer = Peer::start(move |_, mut conn| {
        let told = told.clone();
        async move {
            while let Some((head, _)) = conn.request().await {
                let lower = head.to_ascii_lowercase();
                let _ = told.send(lower.clone());
                let good = lower.lines().any(|line| line == wanted);
                conn.send(if good { ACK } else { "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n" }).await;
            }
        }
    });
    (peer, heads)
}

fn connection(peer: &Peer, credentials: Credentials, carried: Carried) -> Connection {
    let url = BackendUrl::parse(&format!("http://{}/uploads/", peer.authority)).unwrap();
    let server = Arc::new(Server { credentials, ..Server::default() });
    let files: Vec<PathBuf> = carried.files().iter().map(|(_, path)| path.clone()).collect();
    Endpoint::open(&url, &server, files, &SocketLimits::default()).unwrap().connection(destination(), carried)
}

fn write(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("secret");
    fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn every_request_shows_them() {
    let folder = tempfile::tempdir().unwrap();
    let key: HeaderName = "x-key".parse().unwrap();
    for (text, kind, field) in [
        ("me:pass\n", Credentials::Basic as fn(PathBuf) -> Credentials, "authorization: basic bwu6cgfzcw=="),
        ("token\n", Credentials::Bearer, "authorization: bearer token"),
        ("value", |path| Credentials::Header("x-key".parse().unwrap(), path), "x-key: value"),
    ] {
        let (peer, mut heads) = guarded(field);
        let mut carried = Carried::default();
        carried.set(&key, HeaderValue::from_static("carried"));
        carried.set(&"x-user".parse().unwrap(), HeaderValue::from_static("me"));
        let mut to = connection(&peer, kind(write(folder.path(), text)), carried);
        assert!(!format!("{to:?}").contains("pass"));
        let url = HeaderValue::from_static("r.txt");
        assert_eq!(ask(&mut to, Packet::CreateSession).await.unwrap().status, 200, "{field}");
        assert_eq!(send(&mut to, quarters(2), PATIENT).await.unwrap().status, 200, "{field}");
        assert_eq!(to.exchange(Call::Evidence, PATIENT).await.unwrap().status, 200, "{field}");
        assert_eq!(to.exchange(Call::Reply { url }, PATIENT).await.unwrap().status, 200, "{field}");
        for _ in 0..4 {
            let head = heads.recv().await.unwrap();
            let name = field.split(':').next().unwrap();
            assert_eq!(head.matches(&format!("\r\n{name}: ")).count(), 1, "{head}");
            assert!(head.contains("\r\nx-user: me\r\n"), "{head}");
        }
    }
}

#[tokio::test]
async fn after_a_401_the_file_is_read_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "old");
    let (peer, _heads) = guarded("authorization: bearer new");
    let mut to = connection(&peer, Credentials::Bearer(path), Carried::default());
    assert_eq!(send(&mut to, quarters(1), PATIENT).await.unwrap().status, 401);
    write(folder.path(), "new");
    assert_eq!(send(&mut to, quarters(1), PATIENT).await.unwrap().status, 200);
    assert_eq!(peer.accepts(), 1, "the connection is as good as before");
}

#[tokio::test]
async fn a_token_that_is_renewed_is_used_from_the_next_packets_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "old");
    let (peer, mut heads) = guarded("authorization: bearer old");
    let mut to = connection(&peer, Credentials::Bearer(path), Carried::default());
    assert_eq!(send(&mut to, quarters(1), PATIENT).await.unwrap().status, 200);
    write(folder.path(), "renewed");
    let begun = Instant::now();
    loop {
        // The server takes the old one all the time: nothing but the file says that there is a new one.
        let answer = send(&mut to, quarters(1), PATIENT).await.unwrap();
        let mut last = String::new();
        while let Ok(head) = heads.try_recv() {
            last = head;
        }
        if last.contains("bearer renewed") {
            assert_eq!(answer.status, 401);
            break;
        }
        assert!(begun.elapsed() < PATIENT.answer, "the old token is still in use");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // What cannot be used is not taken, not even after a 401.
    for broken in ["", "two words"] {
        write(folder.path(), broken);
        assert_eq!(send(&mut to, quarters(1), PATIENT).await.unwrap().status, 401);
        assert!(heads.recv().await.unwrap().contains("bearer renewed"));
    }
}

#[tokio::test]
async fn fields_from_files_go_along_and_none_replaces_one_of_the_protocol() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "from a file\n");
    let (peer, mut heads) = guarded("x-from: from a file");
    let mut carried = Carried::default();
    carried.set_from_file(&"x-from".parse().unwrap(), &path);
    let evil = ["host", "content-length", "transfer-encoding", "bits-packet-type", "connection"];
    let evil = evil.map(|name| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_static("evil")));
    carried.set_all(&HeaderMap::from_iter(evil));
    let mut to = connection(&peer, Credentials::None, carried);
    assert_eq!(send(&mut to, quarters(1), PATIENT).await.unwrap().status, 200);
    assert!(!heads.recv().await.unwrap().contains("evil"));
}
