//! Where a body ends: lengths, codings, chunks. RFC 9112 §6 and §7, RFC 9110 §8.6.

use crate::payload::{
    Expect::{self, Broken, Cut, Refused, Stored, StoredLast},
    Payload, SMUGGLED, put, raw,
};

const BAD: Expect = Refused(400, "bad_request");
const NO_LENGTH: Expect = Refused(411, "length_required");

/// Values of one `Content-Length` before `hello`.
#[rustfmt::skip]
const LENGTHS: &[(&str, Expect)] = &[
    ("5", Stored), ("05", Stored), ("00000000000000000000005", Stored), ("5 ", Stored), ("\t5\t", Stored), ("   5", Stored),
    ("", BAD), (" ", BAD), ("+5", BAD), ("-5", BAD), ("-0", BAD), ("0x5", BAD), ("5h", BAD), ("5.0", BAD), ("5e0", BAD), ("5 5", BAD),
    ("5, 5", BAD), ("5,5", BAD), ("5, 6", BAD), ("5,", BAD), (",5", BAD), ("5;", BAD), ("5;q=1", BAD), ("\"5\"", BAD), ("five", BAD),
    ("0b101", BAD), ("0o5", BAD), ("5_0", BAD), ("1_000", BAD), ("5\u{b}", BAD), ("\u{b}5", BAD), ("5\u{c}", BAD), ("5\0", BAD),
    ("5\u{85}", BAD), ("\u{a0}5", BAD), ("\u{d9}\u{a5}", BAD), ("\u{ef}\u{bc}\u{95}", BAD), ("\u{b2}", BAD), ("5\r", BAD),
    ("NaN", BAD), ("inf", BAD), ("%35", BAD),
    ("18446744073709551616", BAD), ("18446744073709551621", BAD), ("99999999999999999999999999", BAD), ("4294967301", Refused(413, "too_large")),
    ("9223372036854775808", Refused(413, "too_large")), ("1048577", Refused(413, "too_large")),
];

/// Values of one `Transfer-Encoding` before a chunked body.
#[rustfmt::skip]
const CODINGS: &[(&str, Expect)] = &[
    ("chunked", NO_LENGTH), ("CHUNKED", NO_LENGTH), ("chunKed", NO_LENGTH), (" chunked ", NO_LENGTH), ("\tchunked\t", NO_LENGTH),
    ("identity", BAD), ("xchunked", BAD), ("chunkedx", BAD), ("cow", BAD), ("", BAD), (",", BAD), ("chunked, identity", BAD),
    ("identity, chunked", BAD), ("chunked, chunked", BAD), ("chunked,chunked", BAD), (",chunked", BAD), (", chunked", BAD), ("chunked,", BAD),
    ("gzip, chunked", BAD), ("gzip", BAD), ("deflate", BAD), ("br", BAD), ("compress, chunked", BAD), ("chunked, gzip", BAD),
    ("chunked;q=1", BAD), ("chunked;ext", BAD), ("\"chunked\"", BAD), ("'chunked'", BAD), ("chu nked", BAD), ("chunked foo", BAD),
    ("chunked\u{b}", BAD), ("\u{b}chunked", BAD), ("chunked\u{c}", BAD), ("chunked\0", BAD), ("\u{ff}chunked", BAD), ("chunked\u{a0}", BAD),
    ("\u{a0}chunked", BAD), ("x\r", BAD), ("trailers", BAD), ("chunked\u{85}", BAD),
];

/// Lines about framing, before `5\r\nhello\r\n0\r\n\r\n`.
#[rustfmt::skip]
const PAIRS: &[(&str, Expect)] = &[
    // RFC 9110 §8.6: repeated.
    ("Content-Length: 5\r\nContent-Length: 5\r\n", BAD),
    ("Content-Length: 5\r\nContent-Length: 5\r\nContent-Length: 5\r\n", BAD),
    ("Content-Length: 5\r\ncontent-length: 5\r\n", BAD),
    ("Content-Length: 5\r\nX: y\r\nContent-Length: 05\r\n", BAD),
    ("Content-Length: 5\r\nContent-Length: 6\r\n", BAD),
    ("Content-Length: 0\r\nContent-Length: 5\r\n", BAD),
    ("Content-Length: 5\r\nContent-Length: 0\r\n", BAD),
    ("Content-Length: 5\r\nContent-Length: \r\n", BAD),
    ("Content-Length: x\r\nContent-Length: 5\r\n", BAD),
    // RFC 9112 §6.1: both.
    ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", BAD),
    ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", BAD),
    ("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", BAD),
    ("Content-Length: 5\r\nTransfer-Encoding: identity\r\n", BAD),
    ("Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n", BAD),
    ("Content-Length: 5\r\nTransfer-Encoding: \r\n", BAD),
    ("Content-Length: 5\r\nTRANSFER-ENCODING: chunked\r\n", BAD),
    ("Transfer-Encoding: x\r\nContent-Length: 5\r\n", BAD),
    ("Transfer-Encoding: chunked\r\nContent-Length: x\r\n", BAD),
    ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", BAD),
    // RFC 9112 §6.1: chunked twice, in two fields.
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", BAD),
    ("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", BAD),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", BAD),
    ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", BAD),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n", BAD),
    ("Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n", BAD),
    // Names that some take for the field.
    ("Content-Length : 5\r\n", BAD),
    ("Content-Length\t: 5\r\n", BAD),
    ("Content-Length\u{b}: 5\r\n", BAD),
    ("Content-Length\0: 5\r\n", BAD),
    ("Content-Length\u{a0}: 5\r\n", BAD),
    ("Content Length: 5\r\n", BAD),
    (" Content-Length: 5\r\n", BAD),
    ("\tContent-Length: 5\r\n", BAD),
    ("Transfer-Encoding : chunked\r\n", BAD),
    ("Transfer-Encoding\t: chunked\r\n", BAD),
    (" Transfer-Encoding: chunked\r\n", BAD),
    ("Transfer-Encoding\0: chunked\r\n", BAD),
    ("\0Transfer-Encoding: chunked\r\n", BAD),
    ("X: y\rTransfer-Encoding: chunked\r\n", BAD),
    ("X: y\nTransfer-Encoding: chunked\r\n", BAD),
    ("X: y\r\n Transfer-Encoding: chunked\r\n", BAD),
    ("Transfer-Encoding:\r\n chunked\r\n", BAD),
    ("Transfer-Encoding:\n chunked\r\n", BAD),
    ("Content-Length: 5\r\nContent_Length: 6\r\n", BAD),
    ("Content-Length: 5\r\nTransfer_Encoding: chunked\r\n", BAD),
    ("Content-Length:\r\n 5\r\n", BAD),
    // RFC 9110 §7.6.1: what a proxy on the way would cut off.
    ("Content-Length: 5\r\nConnection: Content-Length\r\n", BAD),
    ("Content-Length: 5\r\nConnection: close, content-length\r\n", BAD),
    ("Content-Length: 5\r\nConnection: keep-alive\r\nConnection: TRANSFER-ENCODING\r\n", BAD),
    ("Content-Length: 5\r\nConnection: Host\r\n", BAD),
];

/// Lines that say nothing about framing, whatever they look like; before `hello`.
#[rustfmt::skip]
const HARMLESS: &[(&str, Expect)] = &[
    ("cONTENT-lENGTH: 5\r\n", Stored),
    ("Content-Length: 5\r\nTE: chunked\r\n", Stored),
    ("Content-Length: 5\r\nTE: trailers\r\nTrailer: Content-Length\r\n", Stored),
    ("Content-Length: 5\r\nX-Transfer-Encoding: chunked\r\n", Stored),
    ("Content-Length: 5\r\nTransfer-Encoding-X: chunked\r\n", Stored),
    ("Content-Length: 5\r\nContent-Lengths: 6\r\n", Stored),
    ("Content-Length: 5\r\nX-Content-Length: 6\r\n", Stored),
    ("Content-Length: 5\r\nX: Transfer-Encoding: chunked\r\n", Stored),
    ("Content-Length: 5\r\nConnection: X\r\nX: y\r\n", Stored),
    ("Content-Length: 5\r\nConnection: keep-alive\r\nKeep-Alive: timeout=9\r\n", Stored),
    ("Content-Length: 5\r\nProxy-Connection: close\r\n", Stored),
    ("Content-Length: 5\r\nConnection: close\r\n", StoredLast),
    ("Content-Length: 5\r\nConnection: close\r\nConnection: keep-alive\r\n", StoredLast),
    ("Content-Length: 5\r\nX-HTTP-Method-Override: DELETE\r\n", Stored),
    ("Content-Length: 5\r\nX-Original-URL: /in/b\r\nX-Rewrite-URL: /in/c\r\n", Stored),
    ("Content-Length: 5\r\nX-Forwarded-Host: evil\r\nForwarded: host=evil\r\n", Stored),
    ("Content-Length: 5\r\nBITS-Packet-Type: Close-Session\r\nBITS-Session-Id: {1}\r\n", Stored),
    // RFC 9110 §7.8: a server may ignore it.
    ("Content-Length: 5\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n", Stored),
    ("Content-Length: 5\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", Stored),
    ("Content-Length: 5\r\nUpgrade: TLS/1.0\r\n", Stored),
];

/// What resumable uploads add, so that a chunked body is taken. The upload waits when its body breaks.
const CHUNKED: &str = "Upload-Draft-Interop-Version: 6\r\nUpload-Complete: ?1\r\nUpload-Length: 5\r\nTransfer-Encoding: chunked\r\n";

/// Chunked bodies. RFC 9112 §7.1.
#[rustfmt::skip]
const CHUNKS: &[(&str, Expect)] = &[
    ("5\r\nhello\r\n0\r\n\r\n", StoredLast),
    ("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", StoredLast),
    ("05\r\nhello\r\n000\r\n\r\n", StoredLast),
    // §7.1.1: unknown extensions are ignored; §7.1.2: so are trailers.
    ("5;ext\r\nhello\r\n0\r\n\r\n", StoredLast),
    ("5;a=b;c=\"d e\"\r\nhello\r\n0;x\r\n\r\n", StoredLast),
    ("5 \r\nhello\r\n0\r\n\r\n", StoredLast),
    ("5\r\nhello\r\n0\r\nContent-Length: 7\r\n\r\n", StoredLast),
    ("5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\nHost: q\r\n\r\n", StoredLast),
    // No sizes.
    ("0x5\r\nhello\r\n0\r\n\r\n", Broken), ("+5\r\nhello\r\n0\r\n\r\n", Broken), ("-5\r\nhello\r\n0\r\n\r\n", Broken),
    (" 5\r\nhello\r\n0\r\n\r\n", Broken), ("\r\nhello\r\n0\r\n\r\n", Broken), ("g\r\nhello\r\n0\r\n\r\n", Broken),
    ("5_\r\nhello\r\n0\r\n\r\n", Broken), ("5.0\r\nhello\r\n0\r\n\r\n", Broken), ("\"5\"\r\nhello\r\n0\r\n\r\n", Broken),
    ("5,\r\nhello\r\n0\r\n\r\n", Broken), ("five\r\nhello\r\n0\r\n\r\n", Broken), ("5\0\r\nhello\r\n0\r\n\r\n", Broken),
    ("10000000000000005\r\nhello\r\n0\r\n\r\n", Broken), ("ffffffffffffffff5\r\nhello\r\n0\r\n\r\n", Broken),
    // Line ends.
    ("5\nhello\n0\n\n", Broken), ("5\nhello\r\n0\r\n\r\n", Broken), ("5\r\nhello\n0\r\n\r\n", Broken), ("5\rhello\r0\r\r", Broken),
    ("5\r\nhelloXX0\r\n\r\n", Broken), ("5\r\nhello!\r\n0\r\n\r\n", Broken), ("5;a\nb\r\nhello\r\n0\r\n\r\n", Broken),
    // More or less than was said of the whole.
    ("6\r\nhello!\r\n0\r\n\r\n", Refused(400, "length_mismatch")),
];

pub(crate) fn payloads() -> Vec<Payload> {
    let theme = "framing";
    let chunked = "5\r\nhello\r\n0\r\n\r\n";
    let length = |&(value, expect): &(&str, Expect)| {
        put(theme, &format!("Content-Length:{value}\r\n"), "hello", expect)
    };
    let coding = |&(value, expect): &(&str, Expect)| {
        put(theme, &format!("Transfer-Encoding:{value}\r\n"), chunked, expect)
    };
    let mut all: Vec<Payload> = LENGTHS.iter().map(length).collect();
    all.extend(CODINGS.iter().map(coding));
    all.extend(PAIRS.iter().map(|&(fields, expect)| put(theme, fields, chunked, expect)));
    all.extend(HARMLESS.iter().map(|&(fields, expect)| put(theme, fields, "hello", expect)));
    for (number, &(body, expect)) in CHUNKS.iter().enumerate() {
        // What waits for its client must not meet the next one.
        let path = if matches!(expect, StoredLast) { "a".to_owned() } else { format!("chunks-{number}") };
        let text = format!("PUT /in/{path} HTTP/1.1\r\nHost: p\r\n{CHUNKED}\r\n{body}");
        all.push(raw("chunks", &format!("{body:?}"), &text, expect));
    }
    // The length hides a request in the body; or it is too short, and the rest is no request.
    let inner = format!("Content-Length: {}\r\n", SMUGGLED.len());
    all.push(put(
        theme,
        &format!("{inner}Connection: close\r\n"),
        SMUGGLED,
        Expect::Answers(&[(201, "")], &[("/up/a", SMUGGLED)]),
    ));
    let both = format!("PUT /in/a HTTP/1.1\r\nHost: p\r\n{CHUNKED}Content-Length: 5\r\n\r\n{chunked}");
    all.push(raw("chunks", "resumable, with a length beside it", &both, BAD));
    let old = "PUT /in/a HTTP/1.0\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    all.push(raw(theme, "chunked in HTTP/1.0", old, BAD));
    all.push(put(theme, "Content-Length: 5\r\n", "hell", Cut(&[(400, "client_gone")])));
    all.push(put(theme, "", "", Expect::Kept(411, "length_required")));
    all
}
