//! P10 to P14: what comes in, and what gets out.

use crate::peer::{Conn, Peer};
use crate::phone::{Leaving, Phone};
use crate::service::Service;
use crate::support::{Backend, File, Settings, Tap, Upload, ask, program, within};
use crate::{contents, holds};
use put2bits::limits::{GIB, MIB};
use std::net::{SocketAddr, TcpListener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A BITS server that takes everything, and with each answer leads to somewhere else.
async fn leads_astray(mut conn: Conn, elsewhere: String) {
    while let Some((head, body)) = conn.request().await {
        let (status, lines) = match head.split_once("Bits-Packet-Type: ").map(|(_, rest)| &rest[..5]) {
            Some("Creat") if head.contains("/redirected") => {
                ("302 Found", format!("Location: http://{elsewhere}/\r\n"))
            }
            Some("Creat") => ("200 OK", format!("BITS-Host-Id: {elsewhere}\r\n")),
            Some("Fragm") => {
                let reply = format!("BITS-Reply-URL: http://{elsewhere}/\r\n");
                ("200 OK", format!("BITS-Received-Content-Range: {}\r\n{reply}", body.len()))
            }
            _ => ("200 OK", format!("Content-Location: http://{elsewhere}/\r\n")),
        };
        let ack = "BITS-Packet-Type: Ack\r\nBITS-Session-Id: {7DF0354D-1}\r\nContent-Length: 0\r\n";
        conn.send(&format!("HTTP/1.1 {status}\r\n{ack}{lines}\r\n")).await;
    }
}

/// Only configured backends are contacted. Sixty more ways to try it: `tests/hostile_backend` (elsewhere).
#[tokio::test]
async fn p10_only_configured_backends_are_contacted() {
    let elsewhere = Peer::start(|_, conn| conn.serve("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    let there = elsewhere.authority.to_string();
    let backend = Peer::start({
        let there = there.clone();
        move |_, conn| leads_astray(conn, there.clone())
    });
    let url = format!("http://{}/", backend.authority);
    // Replies of the server are wanted, so it would follow them if it followed anything.
    let proxy = Settings::route(&url, "profile = 'refuse'\nreply = 'forward'").start().await;
    let file = File::new(64 * 1024);
    proxy.put("/stored", file).await.finish().await.assert_stored();
    proxy.put("/redirected", file).await.answer().await.assert_problem(502, "backend_redirect");
    // Nor does a client get it there.
    for head in [
        format!("PUT http://{there}/a HTTP/1.1\r\nHost: {there}"),
        format!("PUT /a HTTP/1.1\r\nHost: {there}"),
        format!("CONNECT {there} HTTP/1.1\r\nHost: {there}"),
        format!("PUT //{there}/a HTTP/1.1\r\nHost: p"),
        format!("PUT /a HTTP/1.1\r\nHost: p\r\nX-Forwarded-Host: {there}\r\nForwarded: host={there}"),
        format!("PUT /a HTTP/1.1\r\nHost: p\r\nBITS-Host-Id: {there}"),
    ] {
        ask(proxy.addr, &format!("{head}\r\nContent-Length: 1\r\n\r\nx")).await;
    }
    assert!(backend.accepts() >= 5, "it did ask the right one");
    assert_eq!(elsewhere.accepts(), 0);
}

/// No byte of a client's framing goes through: requests are written anew. Every packet byte for byte: `tests/backend`; 670
/// hostile requests, and random mutations of them: `tests/hostile_client`.
#[tokio::test]
async fn p11_no_byte_of_a_clients_framing_goes_through() {
    let backend = Backend::new(&[], &[]);
    let tap = Tap::before(backend.addr()).await;
    let proxy = Settings::to_url(&tap.url()).set("profile", "refuse").start().await;
    // Two readers of these would disagree about where the body ends.
    for framing in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: planted, chunked\r\n",
        "Content-Length: 4\nX: planted\r\n",
    ] {
        let request = format!("PUT /planted HTTP/1.1\r\nHost: p\r\n{framing}\r\n0\r\n\r\nBITS_POST /planted");
        ask(proxy.addr, &request).await.assert_problem(400, "bad_request");
    }
    assert_eq!(tap.requests(), "");
    let lines = "BITS-Packet-Type: Planted\r\nBITS-Session-Id: {planted}\r\nContent-Name: planted\r\n\
                 X-Planted: planted\r\nCookie: planted\r\nVia: 1.1 planted\r\n\
                 Connection: X-Planted\r\nTE: planted\r\nContent-Type: planted/planted\r\n";
    let upload = Upload::begin(proxy.addr, "PUT", "/%61%2Db%20c?planted=1", File::new(MIB), lines).await;
    upload.finish().await.assert_stored();
    let sent = tap.requests();
    let heads: Vec<&str> = sent.lines().filter(|line| line.contains("BITS_POST")).collect();
    assert!(heads.len() >= 3, "{heads:?}");
    assert!(heads.iter().all(|head| head.ends_with("BITS_POST /a-b%20c HTTP/1.1")), "{heads:?}");
    assert!(!sent.to_lowercase().contains("planted"));
}

/// Credentials reach no log (not even at `trace`), metric, error or record. `tests/resumption` (secrets) and `tests/admin`
/// (metrics) look in more places.
#[tokio::test]
async fn p12_credentials_reach_no_log_metric_error_or_record() {
    const LINES: &str = "Authorization: Bearer s3cret-1\r\nCookie: s3cret-2\r\nX-Api-Key: s3cret-3\r\n";
    let backend = Backend::new(&[], &["drop-ack:fragment:after=1", "status=503:close"]);
    let settings = Settings::to(&backend).set("log.filter", "trace");
    let settings = settings.set("resumption.credentials", "authorization,x-api-key");
    let mut service = Service::start(settings).await;
    let mut phone = Phone::new(service.addr, "/a?token=s3cret-4", File::new(4 * MIB)).with(LINES);
    let mut going = phone.begin().await.unwrap();
    going.send_to(2 * MIB).await;
    within("a part", backend.wait_for(|stats| stats.bytes > 0)).await;
    going.leave(Leaving::Reset);
    // Strangers who know the URL, and requests that are refused.
    let (url, mut said) = (phone.url.clone().unwrap(), String::new());
    for target in [&url, "/con?token=s3cret-4", "/../a?token=s3cret-4"] {
        let lines = LINES.replace("s3cret-1", "s3cret-5");
        let version = "Upload-Draft-Interop-Version: 6\r\nContent-Length: 0";
        let request = format!("DELETE {target} HTTP/1.1\r\nHost: p\r\n{version}\r\n{lines}\r\n");
        let answer = ask(service.addr, &request).await;
        assert!([400, 404, 405].contains(&answer.status), "{answer}");
        said += &answer.to_string();
    }
    for page in ["/metrics", "/readyz", "/livez"] {
        said += &service.proxy.admin.get(page).await.to_string();
    }
    let kept = contents(&service.state());
    service.kill().await;
    phone.upload(None).await;
    let (kept, logs) = ([kept, contents(&service.state())].concat(), service.logs());
    let id = url.rsplit('/').next().unwrap();
    for (secret, places) in
        [("s3cret", &[&kept, logs.as_bytes(), said.as_bytes()][..]), (id, &[logs.as_bytes()])]
    {
        assert!(!places.iter().any(|place| holds(place, secret.as_bytes())), "{secret} got out");
    }
    assert!(logs.contains("\"DEBUG\"") && holds(&kept, id.as_bytes()), "it was looked for where it could be");
}

/// A bad configuration never binds a port. Every kind of mistake: `tests/cli.rs`, `tests/config`.
#[test]
fn p13_a_bad_configuration_never_binds_a_port() {
    // Both ports are taken: whoever tries to bind one before all checks are done fails with another code.
    let [upload, admin] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [listen, admin] = [upload, admin].map(|taken| (taken.local_addr().unwrap().to_string(), taken));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("put2bits.toml");
    let run = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let mut command = program();
        command.args(["serve", "--listen", &listen.0, "--admin-listen", &admin.0, "--config"]).arg(&file);
        let output = command.arg("--store=memory").output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let route = "[[route]]\npath = '/'\nbackend = 'http://127.0.0.1:1/'\n";
    for mistake in [
        "limits.memroy = '1GiB'",
        "timeouts.ack = 5",
        "uploads.expire = '60days'",
        "log.filter = 'a=b=c'",
        "=",
    ] {
        let (code, said) = run(&format!("{mistake}\n{route}"));
        assert_eq!(code, Some(78), "{mistake}: {said}");
        // One line, with the place.
        assert!(said.lines().count() == 1 && said.contains("put2bits.toml:1:"), "{mistake}: {said}");
    }
    assert_eq!(run(route).0, Some(69), "with a good one it does try");
}

/// Sends bytes and reads what comes back until the end: the statuses of it.
async fn rudely(addr: SocketAddr, bytes: &[u8]) -> Vec<u16> {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    // Whoever is cut off while it sends has its answer all the same, or none.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let _ = within("an end", stream.read_to_end(&mut answer)).await;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let heads = text.lines().filter_map(|line| line.strip_prefix("HTTP/1.1 "));
    heads.map(|head| head[..3].parse().unwrap()).collect()
}

/// No input makes it panic, or answer a 500 of its own: not from clients, and not from backends. Thousands more:
/// `tests/hostile_client`, `tests/hostile_backend`.
#[tokio::test]
async fn p14_no_input_makes_it_panic_or_answer_a_500() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).set("timeouts.idle", "2s").start().await;
    let huge = u64::MAX.to_string();
    let requests: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"\0\xff\xfe\r\n\r\n".to_vec(),
        fastrand::Rng::with_seed(14).choose_multiple(0..=255, 200),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(),
        format!("PUT /a HTTP/1.1\r\nHost: p\r\nContent-Length: {huge}\r\n\r\n").into(),
        format!("PUT /a HTTP/1.1\r\nHost: p\r\nContent-Length: {}\r\n\r\nx", 1000 * GIB).into(),
        format!("PUT /{} HTTP/1.1\r\nHost: p\r\nContent-Length: 1\r\n\r\nx", "%ff".repeat(9000)).into(),
        format!("PUT /a HTTP/1.1\r\nHost: p\r\n{}\r\n", "X: y\r\n".repeat(9000)).into(),
        b"PUT /%00%0d%0a/..%5c..%2f HTTP/1.1\r\nHost: p\r\nContent-Length: 1\r\n\r\nx".to_vec(),
        format!("PATCH /_uploads/{huge} HTTP/1.1\r\nHost: p\r\nUpload-Draft-Interop-Version: 6\r\nUpload-Offset: -{huge}\r\nUpload-Complete: ?7\r\nContent-Length: 1\r\n\r\nx").into(),
    ];
    for request in requests {
        let statuses = rudely(proxy.addr, &request).await;
        assert!(!statuses.contains(&500), "{statuses:?} to {:?}", String::from_utf8_lossy(&request));
    }
    for answer in [
        "\0\0\0\0\r\n\r\n",
        "HTTP/1.1 999 ?\r\n\r\n",
        "HTTP/1.1 200 OK\r\nBITS-Session-Id: \x01\r\nContent-Length: 99999999999999999999\r\n\r\n",
    ] {
        let peer = Peer::start(move |_, conn| conn.serve(answer));
        let settings =
            Settings::to_url(&format!("http://{}/", peer.authority)).set("retry.create_window", "200ms");
        let proxy = settings.start().await;
        let answer = proxy.put("/a", File::new(MIB)).await.answer().await;
        assert!([502, 503].contains(&answer.status) && !proxy.log_text().contains("panicked"), "{answer}");
    }
    proxy.put("/as-ever", File::new(MIB)).await.finish().await.assert_stored();
    assert_eq!(proxy.admin.get("/livez").await.status, 200);
    let metrics = proxy.admin.metrics().await;
    let internal =
        ["uploads_total", "requests_refused_total"].map(|name| metrics.get(name, &[("fault", "proxy")]));
    assert_eq!((internal, proxy.log_text().contains("panicked")), ([0.0, 0.0], false));
}
