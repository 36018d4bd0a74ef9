//! Load balancers in front: the PROXY protocol, and the fields of HTTP proxies.

use crate::authority::{Authority, listener};
use crate::client::{Hand, put};
use crate::support::{Backend, Proxy, Settings, within};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HERE: &str = "proxies.trusted = ['127.0.0.1']\n";
const ELSEWHERE: &str = "proxies.trusted = ['10.0.0.0/8']\n";

async fn start(trusted: &str, lines: &str, backend: &Backend) -> Proxy {
    Settings::listeners(&format!("{trusted}{}", listener(lines, &backend.url()))).start().await
}

/// Who the client of the upload was, by the log.
async fn client(proxy: &Proxy, path: &str) -> String {
    proxy.upload_line(path).await["client"].as_str().unwrap().to_owned()
}

/// A header of version 2 for 203.0.113.9:5; `command`: 0 is the load balancer itself.
fn v2(command: u8) -> Vec<u8> {
    let fixed = [b"\r\n\r\n\0\r\nQUIT\n", &[0x20 | command, 0x11, 0, 12][..]].concat();
    [&fixed[..], &[203, 0, 113, 9, 10, 0, 0, 1, 0, 5, 1, 187]].concat()
}

const V1: &[u8] = b"PROXY TCP4 203.0.113.9 10.0.0.1 5 443\r\n";

#[tokio::test]
async fn load_balancers_say_who_the_client_is() {
    let backend = Backend::new(&[], &[]);
    let proxy = start(HERE, "proxy_protocol = true", &backend).await;
    for (path, header, wanted) in [
        ("/v1", V1.to_vec(), Some("203.0.113.9:5")),
        ("/v2", v2(1), Some("203.0.113.9:5")),
        ("/unknown", b"PROXY UNKNOWN\r\n".to_vec(), None),
        ("/local", v2(0), None),
    ] {
        let mut stream = TcpStream::connect(proxy.addr).await.unwrap();
        let own = stream.local_addr().unwrap().to_string();
        stream.write_all(&header).await.unwrap();
        assert_eq!(put(&mut stream, path).await.unwrap(), 201);
        // The next request of the connection is the same client's.
        assert_eq!(put(&mut stream, &format!("{path}-2")).await.unwrap(), 201);
        assert_eq!(client(&proxy, path).await, wanted.unwrap_or(&own));
    }
    // Piece by piece.
    let mut stream = TcpStream::connect(proxy.addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in v2(1) {
        stream.write_all(&[byte]).await.unwrap();
        stream.flush().await.unwrap();
    }
    assert_eq!(put(&mut stream, "/slowly").await.unwrap(), 201);
    assert_eq!(client(&proxy, "/slowly").await, "203.0.113.9:5");
}

/// Whether a connection that begins so is closed without an answer.
async fn is_closed(proxy: &Proxy, begin: &[u8]) -> bool {
    let mut stream = TcpStream::connect(proxy.addr).await.unwrap();
    let mut answer = Vec::new();
    let read: io::Result<usize> = async {
        stream.write_all(begin).await?;
        within("the end", stream.read_to_end(&mut answer)).await
    }
    .await;
    // A reset is an end, too.
    drop(read);
    answer.is_empty()
}

#[tokio::test]
async fn others_and_what_cannot_be_read_are_closed() {
    let backend = Backend::new(&[], &[]);
    let request = b"PUT /a HTTP/1.1\r\nHost: up.test\r\nContent-Length: 0\r\n\r\n";
    let with = |header: &[u8]| [header, request].concat();
    let proxy = start(ELSEWHERE, "proxy_protocol = true", &backend).await;
    assert!(is_closed(&proxy, &with(V1)).await);
    proxy.line("why", |line| line["reason"] == "not_trusted").await;
    drop(proxy);

    let settings =
        format!("{HERE}timeouts.header = '1s'\n{}", listener("proxy_protocol = true", &backend.url()));
    let proxy = Settings::listeners(&settings).start().await;
    for begin in [with(b""), with(b"PROXY TCP4 x\r\n"), v2(1)[..20].to_vec(), b"PROXY ".to_vec(), Vec::new()]
    {
        assert!(is_closed(&proxy, &begin).await, "{begin:?}");
    }
    for reason in ["proxy_header", "too_slow"] {
        // The end of a connection comes a moment before it is counted.
        proxy.admin.until("handshakes_failed_total", &[("reason", reason)], |count| count >= 2.0).await;
    }
    assert!(backend.published().is_empty());
}

#[tokio::test]
async fn tls_begins_behind_the_header() {
    let (authority, backend) = (Authority::new(), Backend::new(&[], &[]));
    authority.issue("up", &["up.test"]);
    let text = authority.listener("up", "proxy_protocol = true", &backend.url());
    let proxy = Settings::listeners(&format!("{HERE}{text}")).start().await;
    let mut stream = TcpStream::connect(proxy.addr).await.unwrap();
    stream.write_all(V1).await.unwrap();
    let mut stream = Hand::new(&authority).shake(stream, "up.test").await.unwrap();
    assert_eq!(put(&mut stream, "/a").await.unwrap(), 201);
    assert_eq!(client(&proxy, "/a").await, "203.0.113.9:5");
}

#[tokio::test]
async fn each_client_behind_a_load_balancer_has_places_of_its_own() {
    let backend = Backend::new(&[], &[]);
    let more = "connections.max_per_client = 1\n";
    let proxy = start(&format!("{HERE}{more}"), "proxy_protocol = true", &backend).await;
    let mut first = TcpStream::connect(proxy.addr).await.unwrap();
    first.write_all(V1).await.unwrap();
    assert_eq!(put(&mut first, "/first").await.unwrap(), 201);
    assert!(is_closed(&proxy, V1).await);
    let mut other = TcpStream::connect(proxy.addr).await.unwrap();
    other.write_all(b"PROXY TCP4 203.0.113.10 10.0.0.1 5 443\r\n").await.unwrap();
    assert_eq!(put(&mut other, "/other").await.unwrap(), 201);
}

#[tokio::test]
async fn fields_of_proxies_are_believed_from_them_alone() {
    let backend = Backend::new(&[], &[]);
    for (trusted, wanted) in [(HERE, Some("203.0.113.9:0")), (ELSEWHERE, None)] {
        let text = format!("{trusted}proxies.forwarded = 'x-forwarded-for'\n");
        let proxy = start(&text, "", &backend).await;
        let mut stream = TcpStream::connect(proxy.addr).await.unwrap();
        let own = stream.local_addr().unwrap().to_string();
        let head = "PUT /a HTTP/1.1\r\nHost: up.test\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.9\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        assert_eq!(client(&proxy, "/a").await, wanted.unwrap_or(&own));
    }
}
