//! Seeds that are no text: frames of HTTP/2, headers of the PROXY protocol.

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short one").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Fields as HPACK has them without any compression; each text is shorter than 127 bytes.
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).expect("a short one")], text.as_bytes()].concat();
    fields.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}

/// The head of a request with these fields.
fn head(stream: u32, flags: u8, method: &str, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let usual = [(":method", method), (":scheme", "http"), (":authority", "p"), (":path", path)];
    frame(HEADERS, END_HEADERS | flags, stream, &block(&[&usual[..], more].concat()))
}

/// What follows the preface of HTTP/2.
pub(super) fn frames() -> Vec<(String, Vec<u8>)> {
    let hello = || frame(SETTINGS, 0, 0, &[]);
    let five = ("content-length", "5");
    let put = |stream, more: &[(&str, &str)]| head(stream, 0, "PUT", "/in/a", &[&[five], more].concat());
    let hello_data = |stream| frame(DATA, END_STREAM, stream, b"hello");
    let get = |stream| head(stream, END_STREAM, "GET", "/in/a", &[]);
    let cut =
        block(&[(":method", "PUT"), (":scheme", "http"), (":authority", "p"), (":path", "/in/b"), five]);
    let (first, second) = cut.split_at(20);
    let seeds: Vec<(&str, Vec<Vec<u8>>)> = vec![
        ("a file", vec![put(1, &[]), hello_data(1)]),
        ("of no bytes", vec![head(1, END_STREAM, "PUT", "/in/a", &[("content-length", "0")])]),
        ("refused", vec![get(1)]),
        ("three at once", vec![put(1, &[]), put(3, &[]), get(5), hello_data(3), hello_data(1)]),
        ("padded", vec![put(1, &[]), frame(DATA, PADDED | END_STREAM, 1, b"\x03hello\0\0\0")]),
        (
            "byte by byte",
            vec![
                put(1, &[]),
                frame(DATA, 0, 1, b"hell"),
                frame(DATA, 0, 1, b""),
                frame(DATA, END_STREAM, 1, b"o"),
            ],
        ),
        (
            "in two frames",
            vec![frame(HEADERS, 0, 1, first), frame(CONTINUATION, END_HEADERS, 1, second), hello_data(1)],
        ),
        (
            "with trailers",
            vec![
                put(1, &[]),
                frame(DATA, 0, 1, b"hello"),
                frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&[("x", "y")])),
            ],
        ),
        ("shorter than said", vec![put(1, &[]), frame(DATA, END_STREAM, 1, b"hel")]),
        ("longer than said", vec![put(1, &[]), frame(DATA, END_STREAM, 1, b"hello!")]),
        ("reset", vec![put(1, &[]), frame(RST_STREAM, 0, 1, &8_u32.to_be_bytes())]),
        (
            "reset, then another",
            vec![put(1, &[]), frame(RST_STREAM, 0, 1, &8_u32.to_be_bytes()), put(3, &[]), hello_data(3)],
        ),
        (
            "resumable",
            vec![put(1, &[("upload-draft-interop-version", "6"), ("upload-complete", "?1")]), hello_data(1)],
        ),
        (
            "a part",
            vec![head(1, END_STREAM, "HEAD", "/_uploads/0123", &[("upload-draft-interop-version", "6")])],
        ),
        ("capabilities", vec![head(1, END_STREAM, "OPTIONS", "/in/a", &[])]),
        ("expects 100", vec![put(1, &[("expect", "100-continue")]), hello_data(1)]),
        ("a question", vec![frame(PING, 0, 0, b"12345678"), get(1)]),
        (
            "settings",
            vec![
                frame(SETTINGS, 0, 0, b"\0\x04\0\0\0\x01\0\x05\0\0\x40\0"),
                frame(SETTINGS, ACK, 0, &[]),
                get(1),
            ],
        ),
        (
            "windows",
            vec![
                frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes()),
                put(1, &[]),
                frame(WINDOW_UPDATE, 0, 1, &1_u32.to_be_bytes()),
                hello_data(1),
            ],
        ),
        ("goodbye", vec![put(1, &[]), hello_data(1), frame(GOAWAY, 0, 0, &[0; 8])]),
        ("cookies", vec![put(1, &[("cookie", "a=1"), ("cookie", "b=2"), ("te", "trailers")]), hello_data(1)]),
    ];
    let all = |frames: Vec<Vec<u8>>| [hello(), frames.concat()].concat();
    seeds.into_iter().map(|(name, frames)| (name.to_owned(), all(frames))).collect()
}

/// A header of version 2: command and version, family and transport, addresses and more.
fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).expect("a short one").to_be_bytes();
    [&b"\r\n\r\n\0\r\nQUIT\n"[..], &[command, family], &length, rest].concat()
}

/// Headers of both versions, with the first bytes of a request behind them.
pub(super) fn proxy_headers() -> Vec<(String, Vec<u8>)> {
    let v4 = [203, 0, 113, 9, 10, 0, 0, 1, 0, 5, 1, 187];
    let mut v6 = [0; 36];
    (v6[..4]).copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
    let mut mapped = [0; 36];
    (mapped[10..16]).copy_from_slice(&[0xff, 0xff, 203, 0, 113, 9]);
    let more = [&v4[..], &[0x04, 0, 3, 0, 0, 0], &[0x20, 0, 1, 1]].concat();
    let seeds: Vec<(&str, Vec<u8>)> = vec![
        ("v1, IPv4", b"PROXY TCP4 203.0.113.9 10.0.0.1 5 443\r\n".to_vec()),
        ("v1, IPv6", b"PROXY TCP6 2001:db8::9 ::1 5 443\r\n".to_vec()),
        ("v1, mapped", b"PROXY TCP6 ::ffff:203.0.113.9 ::1 5 443\r\n".to_vec()),
        ("v1, unknown", b"PROXY UNKNOWN\r\n".to_vec()),
        ("v1, unknown with more", b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n".to_vec()),
        ("v1, without an end", [&b"PROXY "[..], &[b'x'; 200]].concat()),
        ("v2, IPv4", v2(0x21, 0x11, &v4)),
        ("v2, IPv6", v2(0x21, 0x21, &v6)),
        ("v2, mapped", v2(0x21, 0x21, &mapped)),
        ("v2, the load balancer itself", v2(0x20, 0, &[])),
        ("v2, with more", v2(0x21, 0x11, &more)),
        ("v2, of a Unix socket", v2(0x21, 0x31, &[b'a'; 216])),
        ("v2, over UDP", v2(0x21, 0x12, &v4)),
        ("v2, too short", v2(0x21, 0x11, &v4[..6])),
        ("none", Vec::new()),
    ];
    let request = b"PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n\r\n";
    seeds.into_iter().map(|(name, header)| (name.to_owned(), [&header[..], request].concat())).collect()
}
