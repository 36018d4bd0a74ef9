//! P11 over HTTP/2: pseudo-headers, split fields, padding, trailers. The backend gets byte for byte what it gets over
//! HTTP/1.1, or nothing.

use crate::frames::{CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, Raw, block, frame};
use crate::support::{Backend, File, Proxy, Settings, Tap, Upload};

/// More than a fragment, less than the window of a stream.
fn file() -> File {
    File::new(60_000)
}

/// Flag: the first byte of the payload says how many there are at the end that mean nothing.
const PADDED: u8 = 8;

/// A backend with its tap, and the proxy before it.
struct Setup {
    backend: Backend,
    tap: Tap,
    proxy: Proxy,
}

impl Setup {
    async fn new() -> Setup {
        let backend = Backend::new(&[], &[]);
        let tap = Tap::before(backend.addr()).await;
        let proxy =
            Settings::to_url(&tap.url()).set("profile", "refuse").fragments_of(16 * 1024).start().await;
        Setup { backend, tap, proxy }
    }

    /// What the backend got, without what differs from run to run: its own address, and the id of the session.
    fn requests(&self) -> String {
        let url = self.tap.url();
        let text = self.tap.requests().replace(url["http://".len()..].trim_end_matches('/'), "backend");
        let mut pieces = text.split('{');
        let mut known = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            known += "{id}";
            known += piece.split_once('}').map_or(piece, |(_, rest)| rest);
        }
        known
    }
}

type Fields = &'static [(&'static str, &'static str)];

/// Heads of the same upload.
const HEADS: &[Fields] = &[
    &[
        (":method", "PUT"),
        (":scheme", "http"),
        (":authority", "p"),
        (":path", "/a-b%20c"),
        ("content-length", "60000"),
    ],
    // In another order, spelled in another way, with all that could mean something to somebody.
    &[
        (":path", "/%61%2Db%20c?planted=1"),
        (":authority", "P:8080"),
        (":method", "PUT"),
        (":scheme", "https"),
        ("te", "trailers"),
        ("cookie", "planted=1"),
        ("x-planted", "1"),
        ("cookie", "planted=2"),
        ("content-length", "60000"),
        ("content-type", "planted/planted"),
        ("content-name", "planted"),
        ("bits-packet-type", "Planted"),
        ("bits-session-id", "{planted}"),
        ("bits-host-id", "planted"),
        ("x-http-method-override", "PLANTED"),
        ("x-original-url", "/planted"),
        ("via", "1.1 planted"),
        ("forwarded", "for=planted;host=planted"),
        ("x-forwarded-host", "planted"),
        ("priority", "u=1, i"),
        ("user-agent", "planted"),
        ("if-match", "\"planted\""),
    ],
];

#[tokio::test]
async fn http_2_gives_the_backend_the_bytes_of_http_1() {
    let setup = Setup::new().await;
    let upload = Upload::begin(setup.proxy.addr, "PUT", "/a-b%20c", file(), "").await;
    upload.finish().await.assert_stored();
    let wanted = setup.requests();
    assert!(wanted.matches("BITS_POST /a-b%20c HTTP/1.1\r\n").count() >= 3, "it was looked at");
    for fields in HEADS {
        for trailers in [false, true] {
            let setup = Setup::new().await;
            let mut raw = Raw::connect(setup.proxy.addr).await;
            // Cut where nobody cuts.
            let head = block(fields);
            let (first, rest) = head.split_at(head.len() / 3);
            raw.send(frame(HEADERS, 0, 1, first)).await;
            raw.send(frame(CONTINUATION, 0, 1, &[])).await;
            raw.send(frame(CONTINUATION, END_HEADERS, 1, rest)).await;
            for piece in file().bytes().chunks(9_999) {
                let payload = [&[100][..], piece, &[b'p'; 100]].concat();
                raw.send(frame(DATA, PADDED, 1, &payload)).await;
                raw.send(frame(DATA, 0, 1, &[])).await;
            }
            match trailers {
                true => raw.request(1, END_STREAM, &[("content-length", "7"), ("bits-planted", "1")]).await,
                false => raw.send(frame(DATA, END_STREAM, 1, &[])).await,
            }
            raw.until(HEADERS, 1).await;
            setup.backend.assert_stored("/a-b%20c", file());
            assert!(setup.requests() == wanted, "{fields:?}, trailers: {trailers}: {}", setup.requests());
        }
    }
}

/// Line ends and the like: a proxy that writes HTTP/1.1 of them would write two requests.
#[tokio::test]
async fn a_head_of_http_2_that_would_be_two_of_http_1_is_none() {
    let setup = Setup::new().await;
    let usual = HEADS[0];
    let next = "\r\n\r\nPUT /smuggled HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n\r\n";
    let values: Vec<(String, String)> = vec![
        (":method".into(), format!("PUT /a HTTP/1.1{next}")),
        (":method".into(), "PUT BITS_POST".into()),
        (":path".into(), format!("/a HTTP/1.1{next}")),
        (":path".into(), "/a b".into()),
        (":path".into(), "/a\r\nx-planted: 1".into()),
        (":path".into(), "a".into()),
        (":path".into(), "http://elsewhere/a".into()),
        (":path".into(), "*".into()),
        (":authority".into(), "p\r\nx-planted: 1".into()),
        (":authority".into(), "p/../elsewhere".into()),
        (":scheme".into(), "http://elsewhere/?".into()),
        ("x-planted".into(), format!("1{next}")),
        ("x-planted".into(), "1\nx: 2".into()),
        ("x-planted".into(), "1\0".into()),
        ("x-planted\r\nx".into(), "1".into()),
        ("x-planted: 1\r\nx".into(), "1".into()),
        ("transfer-encoding".into(), "chunked".into()),
        ("connection".into(), "x-planted".into()),
        ("content-length".into(), "5".into()),
        ("content-length".into(), "+0".into()),
        ("host".into(), "elsewhere".into()),
    ];
    for (name, value) in &values {
        let others = usual.iter().filter(|(field, _)| field != name).copied();
        let mut fields: Vec<(&str, &str)> =
            others.map(|(n, v)| (n, if n == "content-length" { "0" } else { v })).collect();
        let place = if name.starts_with(':') { 0 } else { fields.len() };
        fields.insert(place, (name, value));
        let mut raw = Raw::connect(setup.proxy.addr).await;
        raw.request(1, END_STREAM, &fields).await;
        raw.is_alive_or_gone().await;
        assert_eq!(setup.tap.requests(), "", "{name:?}: {value:?}");
    }
    // As it should be, it is stored.
    let mut raw = Raw::connect(setup.proxy.addr).await;
    let fields: Vec<_> =
        usual.iter().map(|&(n, v)| (n, if n == "content-length" { "0" } else { v })).collect();
    raw.request(1, END_STREAM, &fields).await;
    raw.until(HEADERS, 1).await;
    assert!(setup.tap.requests().contains("BITS_POST /a-b%20c HTTP/1.1"));
}
