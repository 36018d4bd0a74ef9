//! P10: only configured backends are contacted, whatever servers, authorities, clients and the environment say. Not even
//! the name of anybody else is looked up.

use crate::peer::{Conn, Peer};
use crate::strace::Trace;
use crate::support::{File, Proxy, Settings, Upload, ask};
use std::collections::BTreeSet;

/// Leads wherever a header can lead, in every answer; `{there}` is a port that listens.
const ASTRAY: &str = "Location: http://{there}/\r\nContent-Location: http://evil.example/\r\nRefresh: 0; url=http://{there}/\r\n\
     Alt-Svc: h2=\"{there}\", clear\r\nLink: <http://{there}/>; rel=preload\r\nRefresh: 0;url=http://evil.example/\r\n\
     BITS-Host-Id: {host}\r\nBITS-Host-Id-Fallback-Timeout: 1\r\nBITS-Reply-URL: http://{there}/r\r\n\
     Proxy-Authenticate: Negotiate\r\nX-Forwarded-Host: {there}\r\nSet-Cookie: a=b; Domain=evil.example\r\n";

/// A BITS server that takes everything and sends everybody somewhere else.
async fn leads_astray(mut conn: Conn, astray: String) {
    while let Some((head, body)) = conn.request().await {
        let kind = head.split_once("Bits-Packet-Type: ").map(|(_, rest)| &rest[..5]);
        let status = match (head.split_once("/status-").map(|(_, rest)| &rest[..3]), kind) {
            (Some(status), Some("Creat")) => status.to_owned(),
            _ => "200".to_owned(),
        };
        let range = format!("BITS-Received-Content-Range: {}\r\n", body.len());
        let lines = if kind == Some("Fragm") { &range } else { "" };
        let ack = "BITS-Packet-Type: Ack\r\nBITS-Session-Id: {7DF0354D-1}\r\nContent-Length: 0\r\n";
        let login =
            "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: Bearer realm=\"http://evil.example/\"\r\n";
        conn.send(&format!("HTTP/1.1 {status} Go\r\n{ack}{login}{lines}{astray}\r\n")).await;
    }
}

fn server(astray: String) -> Peer {
    Peer::start(move |_, conn| leads_astray(conn, astray.clone()))
}

/// A service that lets nobody in, and sends everybody somewhere else.
fn authority(astray: &str) -> Peer {
    let answer = format!("HTTP/1.1 307 Go\r\nContent-Length: 0\r\n{astray}\r\n");
    Peer::start(move |_, conn| {
        let answer = answer.clone();
        async move { conn.serve(&answer).await }
    })
}

/// Every way to name another host that a request has.
async fn clients_try(proxy: &Proxy, there: &str) {
    for head in [
        format!("PUT http://{there}/a HTTP/1.1\r\nHost: {there}"),
        format!("PUT /a HTTP/1.1\r\nHost: {there}"),
        "PUT /a HTTP/1.1\r\nHost: evil.example".to_owned(),
        format!("CONNECT {there} HTTP/1.1\r\nHost: {there}"),
        format!("PUT //{there}/a HTTP/1.1\r\nHost: p"),
        format!("PUT /@{there}/a HTTP/1.1\r\nHost: p"),
        format!("PUT /a?url=http://{there}/ HTTP/1.1\r\nHost: p"),
        format!("PUT /a HTTP/1.1\r\nHost: p\r\nX-Forwarded-Host: {there}\r\nForwarded: host={there}"),
        format!("PUT /a HTTP/1.1\r\nHost: p\r\nBITS-Host-Id: {there}\r\nX-Original-URL: http://{there}/"),
        format!("PUT /a HTTP/1.1\r\nHost: p\r\nReferer: http://{there}/\r\nOrigin: http://evil.example"),
    ] {
        ask(proxy.addr, &format!("{head}\r\nContent-Length: 1\r\n\r\nx")).await;
    }
}

#[tokio::test]
async fn nobody_else_is_contacted_nor_asked_for() {
    let elsewhere = Peer::start(|_, conn| conn.serve("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    let there = elsewhere.authority.to_string();
    let file = File::new(64 * 1024);
    for host in ["evil.example", "127.0.0.2", "localhost"] {
        let astray = ASTRAY.replace("{there}", &there).replace("{host}", host);
        let (backend, authority) = (server(astray.clone()), authority(&astray));
        let trace = Trace::new();
        // Everything is on that could follow somebody: but each only so far.
        let config = format!(
            "[[backend]]\nname = 'iis'\nurl = 'http://{}/'\nprofile = 'refuse'\nreply = 'forward'\n\
             host_id = 'allow-list'\nhost_ids = ['node.example', '10.0.0.1']\n\
             [[route]]\npath = '/'\nbackend = 'iis'\n\
             [[route]]\npath = '/asked/'\nbackend = 'iis'\nauth = 'forward'\nauth_url = 'http://{}/check'\n",
            backend.authority, authority.authority
        );
        let mut command = trace.command();
        // What browsers, curl and many libraries believe.
        for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env(name, format!("http://{there}/"));
        }
        command.env_remove("NO_PROXY").env_remove("no_proxy");
        let settings = Settings::routes(&config).set("retry.window", "1s").set("admin.ready_backend", "all");
        let proxy = settings.set("retry.create_window", "500ms").start_by(command).await;
        proxy.put("/stored", file).await.finish().await.assert_stored();
        for status in [301, 302, 303, 307, 308, 401, 407, 421] {
            let answer = proxy.put(&format!("/status-{status}"), file).await.answer().await;
            assert!(answer.status >= 500, "{status}: {answer}");
        }
        let lines = "Authorization: Bearer s3cret\r\n";
        let mut asked = Upload::begin(proxy.addr, "PUT", "/asked/a", file, lines).await;
        asked.answer().await.assert_problem(503, "auth_unavailable");
        clients_try(&proxy, &there).await;
        assert_eq!(proxy.admin.get("/readyz").await.status, 200);
        drop(proxy);
        let known = [&backend, &authority].map(|peer| peer.authority.to_string());
        assert_eq!(trace.contacts(), BTreeSet::from(known), "BITS-Host-Id: {host}");
    }
    assert_eq!(elsewhere.accepts(), 0);
}
