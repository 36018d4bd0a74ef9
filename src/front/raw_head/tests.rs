//! Heads by their bytes, in pieces of any size.

use super::*;

/// The doubts about the requests that hyper finds one by one, and whether the last one ends the connection.
fn watch(bytes: &[u8], piece: usize, requests: usize) -> (Vec<Option<Doubt>>, bool) {
    let mut watch = Watch::new();
    bytes.chunks(piece).for_each(|piece| watch.read(piece));
    ((0..requests).map(|_| watch.serve()).collect(), watch.is_last())
}

#[test]
fn doubts_however_the_bytes_come() {
    use Doubt::*;
    for (bytes, expected, last) in [
        ("PUT /a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", &[None][..], false),
        ("PUT /a HTTP/1.1\r\nHost: p\r\n\r\n", &[None], false),
        ("\r\n\r\n\nPUT /a HTTP/1.1\r\nHost: p\r\n\r\n", &[None], false),
        // Line feeds alone: anywhere, also at the end.
        ("PUT /a HTTP/1.1\nHost: p\r\n\r\n", &[Some(BareLineFeed)], true),
        ("PUT /a HTTP/1.1\r\nHost: p\n\r\n", &[Some(BareLineFeed)], true),
        ("PUT /a HTTP/1.1\r\nHost: p\r\n\n", &[Some(BareLineFeed)], true),
        ("PUT /a HTTP/1.1\n\n", &[Some(BareLineFeed)], true),
        // Fragments, but only in the target.
        ("PUT /a#b HTTP/1.1\r\nHost: p\r\n\r\n", &[Some(Fragment)], true),
        ("PUT /a HTTP/1.1\r\nX: #\r\n#: x\r\n\r\n", &[None], false),
        // Lengths and codings.
        ("PUT /a HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", &[Some(RepeatedLength)], true),
        ("PUT /a HTTP/1.1\r\ncOnTeNt-LeNgTh:0\r\nCONTENT-LENGTH:1\r\n\r\n", &[Some(RepeatedLength)], true),
        (
            "PUT /a HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: x\r\n\r\n",
            &[Some(LengthAndCoding)],
            true,
        ),
        (
            "PUT /a HTTP/1.1\r\nTransfer-Encoding: x\r\nContent-Length: 0\r\n\r\n",
            &[Some(LengthAndCoding)],
            true,
        ),
        ("PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", &[None], true),
        ("PUT /a HTTP/1.1\r\nContent-Length2: 1\r\nX-Content-Length: 5\r\n\r\n", &[None], false),
        ("PUT /a HTTP/1.1\r\nTransfer-Encodings: chunked\r\n\r\n", &[None], false),
        // Two requests; what is in a body is no head.
        ("PUT /a HTTP/1.1\r\nContent-Length: 3\r\n\r\n\n\n#PUT /b HTTP/1.1\r\n\r\n", &[None, None], false),
        ("PUT /a HTTP/1.1\r\n\r\nPUT /b#c HTTP/1.1\r\n\r\n", &[None, Some(Fragment)], true),
        (
            "PUT /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nxxPUT /b HTTP/1.1\n\n",
            &[None, Some(BareLineFeed)],
            true,
        ),
        // hyper sees more than there is.
        (
            "PUT /a HTTP/1.1\r\nContent-Length: 19\r\n\r\nPUT /b HTTP/1.1\r\n\r\n",
            &[None, Some(Unseen)],
            false,
        ),
        ("PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nPUT", &[None, Some(Unseen)], true),
        ("PUT /a HTTP/1.1\r\nHost: p\r\n", &[Some(Unseen)], false),
        ("PUT /a HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n", &[None], true),
    ] {
        for piece in [1, 2, 3, 7, 1000] {
            let found = watch(bytes.as_bytes(), piece, expected.len());
            assert_eq!(found, (expected.to_vec(), last), "{bytes:?} in pieces of {piece}");
        }
    }
}

#[test]
fn a_chunked_request_ends_the_connection_only_once_it_is_its_turn() {
    let mut watch = Watch::new();
    watch.read(b"PUT /a HTTP/1.1\r\n\r\nPUT /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!((watch.serve(), watch.is_last()), (None, false));
    assert_eq!((watch.serve(), watch.is_last()), (None, true));
}

#[test]
fn a_body_is_passed_over_whatever_its_size() {
    let mut watch = Watch::new();
    watch.read(b"PUT /a HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n");
    watch.read(&[b'\n'; 1 << 16]);
    assert_eq!(watch.serve(), None);
    assert!(matches!(watch.state, State::Body(left) if left == u64::MAX - (1 << 16)));
}
