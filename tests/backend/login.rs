//! Logging in to Windows, against the server's side of NTLM: three legs, bound to the connection.

use crate::peer::{Conn, Peer};
use crate::{ACK, PATIENT, ask, destination, quarters, send};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use put2bits::backend::{Connection, Endpoint};
use put2bits::bits::Packet;
use put2bits::limits::SocketLimits;
use put2bits::route::{BackendUrl, Carried, Credentials, Server};
use put2bits::transfer::{Backend, Call, NoAnswer};
use sspi::credssp::SspiContext;
use sspi::ntlm::NtlmConfig;
use sspi::{
    AuthIdentity, BufferType, CredentialUse, Credentials as Account, DataRepresentation, Negotiate,
    NegotiateConfig, Ntlm, SecurityBuffer, SecurityStatus, ServerRequestFlags, Sspi, SspiImpl, Username,
};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const REFUSED: &str = "HTTP/1.1 401 No\r\nWWW-Authenticate: SCHEMES\r\nContent-Length: 6\r\n\r\nasking";

/// The server's side of one login.
struct Door {
    context: SspiContext,
    handle: Option<sspi::CredentialsBuffers>,
}

impl Door {
    fn new(scheme: &str) -> Door {
        let identity = AuthIdentity {
            username: Username::parse("CORP\\me").unwrap(),
            password: "right".to_owned().into(),
        };
        let ntlm = NtlmConfig::new("SERVER".to_owned());
        let mut context = match scheme {
            "NTLM" => SspiContext::Ntlm(Ntlm::with_config(ntlm)),
            _ => {
                let config =
                    NegotiateConfig::new(Box::new(ntlm), Some("ntlm,!kerberos".into()), "SERVER".into());
                SspiContext::Negotiate(Negotiate::new_server(config, vec![identity.clone()]).unwrap())
            }
        };
        let acquired = context
            .acquire_credentials_handle()
            .with_credential_use(CredentialUse::Inbound)
            .with_auth_data(&Account::AuthIdentity(identity))
            .execute(&mut context)
            .unwrap();
        Door { context, handle: acquired.credentials_handle }
    }

    /// What to say next, and whether the client is in.
    fn step(&mut self, token: Vec<u8>) -> Result<(Vec<u8>, bool), sspi::Error> {
        let mut input = [SecurityBuffer::new(token, BufferType::Token)];
        let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let builder = self
            .context
            .accept_security_context()
            .with_credentials_handle(&mut self.handle)
            .with_context_requirements(ServerRequestFlags::empty())
            .with_target_data_representation(DataRepresentation::Native)
            .with_input(&mut input)
            .with_output(&mut output);
        let status = self.context.accept_security_context_impl(builder)?.resolve_to_result()?.status;
        if [SecurityStatus::CompleteNeeded, SecurityStatus::CompleteAndContinue].contains(&status) {
            self.context.complete_auth_token(&mut output)?;
        }
        let is_in = matches!(status, SecurityStatus::Ok | SecurityStatus::CompleteNeeded);
        let [token] = output;
        Ok((token.buffer, is_in))
    }
}

/// Counts what a server saw.
#[derive(Default)]
struct Seen {
    legs: AtomicUsize,
    proofs_refused: AtomicUsize,
    /// Requests of accounts, and how long their bodies were.
    served: AtomicUsize,
    bytes: AtomicUsize,
}

/// Of `GET …/reply-SIZE HTTP/1.1`.
fn reply_size(line: &str) -> Option<usize> {
    line.strip_prefix("GET ")?.split(' ').next()?.rsplit_once("reply-")?.1.parse().ok()
}

/// Serves a connection that has to log in first, and closes it after so many requests.
async fn guard(mut conn: Conn, schemes: &'static str, requests: usize, seen: Arc<Seen>) {
    let (mut door, mut is_in, mut served) = (None::<Door>, false, 0);
    while let Some((head, body)) = conn.request().await {
        if is_in {
            if let Some(size) = head.lines().next().and_then(reply_size) {
                conn.send(&format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n{}", "r".repeat(size)))
                    .await;
                continue;
            }
            seen.served.fetch_add(1, Ordering::SeqCst);
            seen.bytes.fetch_add(body.len(), Ordering::SeqCst);
            served += 1;
            if served == requests {
                return conn.send(&ACK.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).await;
            }
            conn.send(ACK).await;
            continue;
        }
        assert!(body.is_empty(), "bytes of a file before the login");
        seen.legs.fetch_add(1, Ordering::SeqCst);
        let shown = head.lines().find_map(|line| line.strip_prefix("Authorization: "));
        let Some((scheme, token)) = shown.and_then(|shown| shown.split_once(' ')) else {
            conn.send(&REFUSED.replace("SCHEMES", schemes)).await;
            continue;
        };
        let door = door.get_or_insert_with(|| Door::new(scheme));
        match door.step(BASE64_STANDARD.decode(token).unwrap()) {
            Ok((_, true)) => {
                is_in = true;
                conn.send(ACK).await;
            }
            Ok((token, false)) => {
                let challenge = format!("{scheme} {}", BASE64_STANDARD.encode(token));
                conn.send(&REFUSED.replace("SCHEMES", &challenge)).await;
            }
            Err(_) => {
                seen.proofs_refused.fetch_add(1, Ordering::SeqCst);
                conn.send(&REFUSED.replace("SCHEMES", schemes)).await;
            }
        }
    }
}

fn start(schemes: &'static str, requests: usize) -> (Peer, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let shared = Arc::clone(&seen);
    (Peer::start(move |_, conn| guard(conn, schemes, requests, Arc::clone(&shared))), seen)
}

fn connection(peer: &Peer, login: &str) -> (Connection, tempfile::TempDir) {
    let (endpoint, folder) = endpoint(peer, login);
    (endpoint.connection(destination(), Carried::default()), folder)
}

fn endpoint(peer: &Peer, login: &str) -> (Endpoint, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("login");
    fs::write(&path, login).unwrap();
    let url = BackendUrl::parse(&format!("http://{}/uploads/", peer.authority)).unwrap();
    let server = Arc::new(Server { credentials: Credentials::Windows(path), ..Server::default() });
    (Endpoint::open(&url, &server, [], &SocketLimits::default()).unwrap(), folder)
}

/// As many uploads as begin at once, each with its first packet: how many are let in.
async fn crowd(endpoint: &Endpoint, uploads: usize) -> usize {
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..uploads {
        let mut to = endpoint.connection(destination(), Carried::default());
        all.spawn(async move { ask(&mut to, Packet::CreateSession).await.unwrap().status });
    }
    all.join_all().await.into_iter().filter(|status| *status == 200).count()
}

#[tokio::test]
async fn three_legs_open_a_connection_and_each_new_one() {
    for schemes in ["NTLM", "Negotiate, NTLM"] {
        let (peer, seen) = start(schemes, 3);
        let (mut to, _folder) = connection(&peer, "CORP\\me:right\n");
        assert!(!format!("{to:?}").contains("right"));
        assert_eq!(ask(&mut to, Packet::CreateSession).await.unwrap().status, 200, "{schemes}");
        let legs = seen.legs.load(Ordering::SeqCst);
        assert!((3..=5).contains(&legs), "{schemes}: {legs} legs");
        for _ in 0..2 {
            assert_eq!(send(&mut to, quarters(1), PATIENT).await.unwrap().status, 200);
        }
        assert_eq!((peer.accepts(), seen.legs.load(Ordering::SeqCst)), (1, legs), "{schemes}");
        // The server has closed it: the next one proves itself anew, before a byte of the file goes out.
        for _ in 0..3 {
            assert_eq!(send(&mut to, quarters(1), PATIENT).await.unwrap().status, 200);
        }
        assert_eq!((peer.accepts(), seen.legs.load(Ordering::SeqCst)), (2, 2 * legs), "{schemes}");
        assert_eq!(seen.bytes.load(Ordering::SeqCst), 5 * 256 * 1024);
    }
}

#[tokio::test]
async fn evidence_and_replies_go_over_the_same_connection() {
    let (peer, _seen) = start("NTLM", usize::MAX);
    let (mut to, _folder) = connection(&peer, "CORP\\me:right");
    assert_eq!(ask(&mut to, Packet::CreateSession).await.unwrap().status, 200);
    assert_eq!(to.exchange(Call::Evidence, PATIENT).await.unwrap().status, 200);
    let url = HeaderValue::from_static("r.txt");
    assert_eq!(to.exchange(Call::Reply { url }, PATIENT).await.unwrap().status, 200);
    assert_eq!(peer.accepts(), 1);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let (peer, seen) = start("NTLM", usize::MAX);
    let (mut to, folder) = connection(&peer, "CORP\\me:wrong");
    for _ in 0..3 {
        assert_eq!(ask(&mut to, Packet::CreateSession).await.unwrap().status, 401);
    }
    assert_eq!(seen.served.load(Ordering::SeqCst), 0);
    // After the 401 the file is read again, and is the same: a second look, and no third.
    let tries = seen.proofs_refused.load(Ordering::SeqCst);
    assert_eq!(tries, 1, "an account can be locked by that");
    fs::write(folder.path().join("login"), "CORP\\me:right").unwrap();
    assert_eq!(ask(&mut to, Packet::CreateSession).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_crowd_with_a_wrong_password_tries_it_once() {
    let (peer, seen) = start("NTLM", usize::MAX);
    let (endpoint, folder) = endpoint(&peer, "CORP\\me:wrong");
    assert_eq!(crowd(&endpoint, 20).await, 0);
    assert_eq!(seen.proofs_refused.load(Ordering::SeqCst), 1, "an account can be locked by that");
    // A better one lets all of them in; it is looked at once a second, and at once by whoever was refused.
    fs::write(folder.path().join("login"), "CORP\\me:right").unwrap();
    let mut to = endpoint.connection(destination(), Carried::default());
    let mut first = ask(&mut to, Packet::CreateSession).await.unwrap();
    if first.status != 200 {
        first = ask(&mut to, Packet::CreateSession).await.unwrap();
    }
    assert_eq!(first.status, 200);
    assert_eq!(crowd(&endpoint, 20).await, 20);
    assert_eq!(seen.proofs_refused.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_reply_is_as_long_as_over_any_connection() {
    let (peer, _seen) = start("NTLM", usize::MAX);
    let (mut to, _folder) = connection(&peer, "CORP\\me:right");
    let most = 1 << 20;
    for size in [10, (64 << 10) + 1, most] {
        let url = HeaderValue::try_from(format!("reply-{size}")).unwrap();
        let answer = to.exchange(Call::Reply { url }, PATIENT).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, size));
    }
    let url = HeaderValue::try_from(format!("reply-{}", most + 1)).unwrap();
    let why = to.exchange(Call::Reply { url }, PATIENT).await.unwrap_err();
    assert!(
        matches!(&why, NoAnswer::Impossible(why) if why.contains("larger than 1048576 bytes")),
        "{why:?}"
    );
    assert_eq!(peer.accepts(), 1);
    assert_eq!(ask(&mut to, Packet::CreateSession).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_server_that_asks_nobody_is_not_told_who_we_are() {
    let peer = Peer::start(|_, mut conn| async move {
        while let Some((head, _)) = conn.request().await {
            assert!(!head.contains("Authorization"), "{head}");
            conn.send(ACK).await;
        }
    });
    let (mut to, _folder) = connection(&peer, "me@CORP.EXAMPLE:right");
    assert_eq!(ask(&mut to, Packet::CreateSession).await.unwrap().status, 200);
    assert_eq!(peer.accepts(), 1);
}
