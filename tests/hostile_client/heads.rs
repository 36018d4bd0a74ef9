//! The rest of a head: request line, methods, versions, `Host`, targets, fields, sizes. RFC 9112 §2, §3, §5.

use crate::payload::{
    Expect::{self, Answers, Cut, Kept, Refused, Stored, StoredAs},
    Payload, put, raw,
};

const BAD: Expect = Refused(400, "bad_request");
const LARGE: Expect = Refused(431, "head_too_large");

/// First lines, before `Host: p`, `Content-Length: 5` and `hello`.
#[rustfmt::skip]
const LINES: &[(&str, Expect)] = &[
    // RFC 9112 §3.1: methods are case-sensitive tokens.
    ("put /in/a HTTP/1.1", Refused(405, "method_not_allowed")), ("Put /in/a HTTP/1.1", Refused(405, "method_not_allowed")),
    ("GET /in/a HTTP/1.1", Refused(405, "method_not_allowed")), ("DELETE /in/a HTTP/1.1", Refused(405, "method_not_allowed")),
    ("PATCH /in/a HTTP/1.1", Refused(405, "method_not_allowed")), ("TRACE /in/a HTTP/1.1", Refused(405, "method_not_allowed")),
    ("PROPFIND /in/a HTTP/1.1", Refused(405, "method_not_allowed")), ("MKCOL /in/a HTTP/1.1", Refused(405, "method_not_allowed")),
    ("MOVE /in/a HTTP/1.1", Refused(405, "method_not_allowed")), ("COPY /in/a HTTP/1.1", Refused(405, "method_not_allowed")),
    ("LOCK /in/a HTTP/1.1", Refused(405, "method_not_allowed")), ("PURGE /in/a HTTP/1.1", Refused(405, "method_not_allowed")),
    ("BITS_POST /in/a HTTP/1.1", Refused(405, "method_not_allowed")), ("PUTPUT /in/a HTTP/1.1", Refused(405, "method_not_allowed")),
    ("CONNECT p:80 HTTP/1.1", Refused(405, "method_not_allowed")), ("CONNECT /in/a HTTP/1.1", Refused(405, "method_not_allowed")),
    ("PUT\u{e9} /in/a HTTP/1.1", BAD), ("PU(T /in/a HTTP/1.1", BAD), ("PUT: /in/a HTTP/1.1", BAD), ("\"PUT\" /in/a HTTP/1.1", BAD),
    ("{} /in/a HTTP/1.1", BAD), ("PUT\0 /in/a HTTP/1.1", BAD), (" PUT /in/a HTTP/1.1", BAD), ("\tPUT /in/a HTTP/1.1", BAD),
    // Blanks.
    ("PUT  /in/a HTTP/1.1", BAD), ("PUT /in/a  HTTP/1.1", BAD), ("PUT\t/in/a\tHTTP/1.1", BAD), ("PUT\u{b}/in/a HTTP/1.1", BAD),
    ("PUT /in/a\u{c}HTTP/1.1", BAD), ("PUT /in/a HTTP/1.1 ", BAD), ("PUT /in/a HTTP/1.1\t", BAD), ("PUT\r/in/a\rHTTP/1.1", BAD),
    ("PUT /in/a b HTTP/1.1", BAD), ("PUT /in/a HTTP/1.1 HTTP/1.1", BAD), ("PUT /in/a HTTP/1.1 x", BAD), ("PUT/in/a HTTP/1.1", BAD),
    ("PUT /in/aHTTP/1.1", BAD), ("PUT", BAD), ("PUT ", BAD), ("PUT /in/a", BAD), ("PUT /in/a ", BAD), ("PUT HTTP/1.1", BAD), ("\u{a0}", BAD),
    // RFC 9112 §2.3: versions.
    ("PUT /in/a HTTP/1.2", BAD), ("PUT /in/a HTTP/1.10", BAD), ("PUT /in/a HTTP/1.01", BAD), ("PUT /in/a HTTP/01.1", BAD),
    ("PUT /in/a HTTP/2.0", BAD), ("PUT /in/a HTTP/2", BAD), ("PUT /in/a HTTP/3.0", BAD), ("PUT /in/a HTTP/0.9", BAD), ("PUT /in/a HTTP/1", BAD),
    ("PUT /in/a HTTP/1.", BAD), ("PUT /in/a HTTP/.1", BAD), ("PUT /in/a HTTP/1,1", BAD), ("PUT /in/a HTTP/1.1.1", BAD), ("PUT /in/a http/1.1", BAD),
    ("PUT /in/a Http/1.1", BAD), ("PUT /in/a HTTP /1.1", BAD), ("PUT /in/a HTTP/ 1.1", BAD), ("PUT /in/a HTTP/+1.1", BAD), ("PUT /in/a HTTPS/1.1", BAD),
    ("PUT /in/a HTTP/1.1\0", BAD), ("PUT /in/a ICE/1.0", BAD), ("PUT /in/a HTTP/\u{b9}.1", BAD), ("PUT /in/a FTP/1.1", BAD),
    // RFC 9112 §3.2: targets.
    ("PUT /in/a#b HTTP/1.1", BAD), ("PUT /in/a# HTTP/1.1", BAD), ("PUT /in/#/a HTTP/1.1", BAD), ("PUT /in/a?x#y HTTP/1.1", BAD), ("PUT # HTTP/1.1", BAD),
    ("PUT /in/a? HTTP/1.1", Stored), ("PUT /in/a?../../x HTTP/1.1", Stored), ("PUT /in/a?x=%0d%0aHost:%20q HTTP/1.1", Stored),
    ("PUT /in/a?b?c HTTP/1.1", Stored), ("PUT ?/in/a HTTP/1.1", BAD), ("PUT in/a HTTP/1.1", BAD), ("PUT * HTTP/1.1", Refused(404, "no_route")),
    ("PUT *a HTTP/1.1", BAD), ("PUT / HTTP/1.1", Refused(404, "no_route")), ("PUT \\in\\a HTTP/1.1", BAD), ("PUT /in\\a HTTP/1.1", Refused(404, "no_route")),
    ("PUT //in/a HTTP/1.1", Refused(404, "no_route")), ("PUT ///in/a HTTP/1.1", Refused(404, "no_route")), ("PUT /./in/a HTTP/1.1", Refused(404, "no_route")),
    ("PUT /x/../in/a HTTP/1.1", Refused(404, "no_route")), ("PUT /in%2fa HTTP/1.1", Refused(404, "no_route")), ("PUT /ln/a HTTP/1.1", Refused(404, "no_route")),
    ("PUT /in;x/a HTTP/1.1", Refused(404, "no_route")), ("PUT /%69n/a HTTP/1.1", Stored), ("PUT /in/a` HTTP/1.1", BAD), ("PUT /in/a\0 HTTP/1.1", BAD), ("PUT /in/a\u{7f} HTTP/1.1", BAD),
    ("PUT /in/a\u{1} HTTP/1.1", BAD), ("PUT /in/\u{e9} HTTP/1.1", BAD), ("PUT /in/\u{c0}\u{ae} HTTP/1.1", BAD),
    ("PUT http://p/in/a HTTP/1.1", Stored), ("PUT HTTP://P/in/a HTTP/1.1", Stored), ("PUT http://p:80/in/a HTTP/1.1", Stored),
    ("PUT https://p/in/a HTTP/1.1", Stored), ("PUT http://q/in/a HTTP/1.1", BAD), ("PUT http://p:81/in/a HTTP/1.1", BAD),
    ("PUT http://p.q/in/a HTTP/1.1", BAD), ("PUT http://u@p/in/a HTTP/1.1", BAD), ("PUT http://u:s@p/in/a HTTP/1.1", BAD),
    ("PUT http://p@q/in/a HTTP/1.1", BAD), ("PUT ftp://p/in/a HTTP/1.1", BAD), ("PUT file:///in/a HTTP/1.1", BAD), ("PUT ws://p/in/a HTTP/1.1", BAD),
    ("PUT http:/in/a HTTP/1.1", BAD), ("PUT http:in/a HTTP/1.1", BAD), ("PUT http:// HTTP/1.1", BAD), ("PUT http:///in/a HTTP/1.1", BAD),
    ("PUT http://p HTTP/1.1", Refused(404, "no_route")), ("PUT p:80 HTTP/1.1", Refused(404, "no_route")), ("PUT p HTTP/1.1", Refused(404, "no_route")),
    ("PUT javascript:alert(1) HTTP/1.1", BAD), ("PUT http://p\\in/a HTTP/1.1", BAD), ("PUT http://[::1/in/a HTTP/1.1", BAD),
    ("PUT /in/http://evil/a HTTP/1.1", Refused(400, "bad_path")), ("PUT /_uploads/x HTTP/1.1", Refused(404, "upload_unknown")),
    ("PUT /_uploads/ HTTP/1.1", Refused(404, "upload_unknown")), ("PUT /_uploads/../in/a HTTP/1.1", Refused(404, "upload_unknown")),
];

/// Lines of `Host`, after `PUT /in/a HTTP/1.1` and before `Content-Length: 5`. RFC 9112 §3.2.
#[rustfmt::skip]
const HOSTS: &[(&str, Expect)] = &[
    ("", BAD), ("Host:\r\n", BAD), ("Host: \r\n", BAD), ("Host: p\r\nHost: p\r\n", BAD), ("Host: p\r\nHost: q\r\n", BAD), ("Host: p\r\nhost: p\r\n", BAD),
    ("Host:\r\nHost: p\r\n", BAD), ("Host: p, q\r\n", BAD), ("Host: p q\r\n", BAD), ("Host: p/in\r\n", BAD), ("Host: p/../q\r\n", BAD), ("Host: p?x\r\n", BAD),
    ("Host: p#x\r\n", BAD), ("Host: u@p\r\n", BAD), ("Host: u:s@p\r\n", BAD), ("Host: @p\r\n", BAD), ("Host: p:x\r\n", BAD), ("Host: p:65536\r\n", BAD),
    ("Host: p:-1\r\n", BAD), ("Host: p:80:80\r\n", BAD), ("Host: :80\r\n", BAD), ("Host: http://p\r\n", BAD), ("Host: p\\q\r\n", BAD), ("Host: [::1\r\n", BAD),
    ("Host: ::1]\r\n", BAD), ("Host: \"p\"\r\n", BAD), ("Host: p\0\r\n", BAD), ("Host: p\u{ff}\r\n", BAD), ("Host: p\u{e2}\u{80}\u{ae}q\r\n", BAD), ("Host: <p>\r\n", BAD),
    ("Host : p\r\n", BAD), (" Host: p\r\n", BAD), ("Host\t: p\r\n", BAD), ("Host:\r\n p\r\n", BAD), ("Host: p\r\n q\r\n", BAD), ("Host: p\rHost: q\r\n", BAD),
    ("Host: p\nHost: q\r\n", BAD), ("X-Host: p\r\n", BAD), ("Host: p:+80\r\n", BAD), ("Host: p: 80\r\n", BAD), ("Host: p%\r\n", BAD),
    ("Host: p\r\n", Stored), ("HOST:p\r\n", Stored), ("host:\tp \r\n", Stored), ("Host: p:\r\n", Stored), ("Host: p:8080\r\n", Stored), ("Host: [::1]:8080\r\n", Stored),
    ("Host: 127.0.0.1\r\n", Stored), ("Host: evil.example\r\n", Stored), ("Host: P.\r\n", Stored), ("Host: a-b_c.d\r\n", Stored),
];

/// Other lines, before `hello`. RFC 9112 §2.2, §5; RFC 9110 §5.
#[rustfmt::skip]
const FIELDS: &[(&str, Expect)] = &[
    ("X\r\n", BAD), ("X y\r\n", BAD), (": y\r\n", BAD), (":\r\n", BAD), ("X : y\r\n", BAD), ("X\t: y\r\n", BAD), (" X: y\r\n", BAD), ("\tX: y\r\n", BAD),
    ("X: y\r\n z\r\n", BAD), ("X: y\r\n\tz\r\n", BAD), ("X: y\rz\r\n", BAD), ("X: y\r\rz\r\n", BAD), ("X: y\0\r\n", BAD), ("X: \u{1}\r\n", BAD), ("X: \u{7f}\r\n", BAD),
    ("X: \u{1b}[2J\r\n", BAD), ("X\0: y\r\n", BAD), ("X\u{e9}: y\r\n", BAD), ("X(1): y\r\n", BAD), ("\"X\": y\r\n", BAD), ("X,Y: y\r\n", BAD), ("X/Y: y\r\n", BAD),
    ("X@Y: y\r\n", BAD), ("[X]: y\r\n", BAD), ("X=Y: y\r\n", BAD), ("{X}: y\r\n", BAD), ("X;Y: y\r\n", BAD), ("X?: y\r\n", BAD), ("X: y\n", BAD), ("X: y\n\n", BAD),
    ("X: y\n\r\n", BAD), ("\nX: y\r\n", BAD), ("X: y\r\n\nZ: z\r\n", BAD), ("X: y\r\r\n", BAD), ("\u{a0}X: y\r\n", BAD), ("X\u{b}: y\r\n", BAD),
    ("X:y\r\n", Stored), ("X:\r\n", Stored), ("X: \t y\t \r\n", Stored), ("X: a:b:c\r\n", Stored), ("X: \u{ff}\u{80}\r\n", Stored), ("X: a\tb\r\n", Stored),
    ("!#$%&'*+-.^_`|~9: y\r\n", Stored), ("X: y\r\nX: z\r\nX: y\r\n", Stored), ("X: <script>${jndi:ldap://x}</script>\r\n", Stored),
    ("X: () { :;}; /bin/true\r\n", Stored), ("Cookie: a=b\r\nAuthorization: Basic !!!\r\n", Stored), ("Via: 1.1 x\r\nMax-Forwards: 0\r\n", Stored),
    ("Range: bytes=0-1\r\nIf-None-Match: *\r\n", Stored), ("Expect: 100-continue\r\n", Stored),
    ("Expect: 100-Continue\r\n", Stored), ("Expect: 200-ok\r\n", Refused(417, "expectation_failed")), ("Expect:\r\n", Refused(417, "expectation_failed")),
    ("Expect: 100-continue, x\r\n", Refused(417, "expectation_failed")), ("Expect: 100-continue\r\nExpect: y\r\n", Refused(417, "expectation_failed")),
    ("Content-Encoding: gzip\r\n", Refused(415, "coding_refused")), ("Content-Encoding: identity, br\r\n", Refused(415, "coding_refused")),
    ("Content-Encoding: x\r\n", Refused(415, "coding_refused")), ("Content-Encoding: identity\r\n", Stored), ("Content-Encoding: ,\r\n", Stored),
    ("Content-Range: bytes 0-4/5\r\n", BAD), ("Content-Range:\r\n", BAD), ("Content-Type: multipart/form-data\r\n", Refused(415, "form_refused")),
    ("Content-Type: MULTIPART/form-DATA;boundary=x\r\n", Refused(415, "form_refused")), ("Content-Type: \u{ff}\r\n", Stored),
    // Resumable uploads.
    ("Upload-Complete: ?0\r\n", Refused(501, "resumption_off")), ("Upload-Incomplete: ?1\r\n", Refused(501, "resumption_off")),
    ("Upload-Complete: maybe\r\n", Stored), ("Upload-Offset: 5\r\n", Stored), ("Upload-Length: -1\r\n", Stored),
    ("Upload-Draft-Interop-Version: 6\r\nUpload-Complete: ?1\r\nUpload-Offset: 5\r\n", BAD),
    ("Upload-Draft-Interop-Version: 6\r\nUpload-Complete: ?1\r\nUpload-Length: 6\r\n", Refused(400, "length_mismatch")),
    ("Upload-Draft-Interop-Version: 6\r\nUpload-Complete: ?0\r\nUpload-Length: 4\r\n", Refused(400, "length_mismatch")),
    ("Upload-Draft-Interop-Version: 6\r\nUpload-Complete: ?0\r\n", Refused(411, "length_required")),
    ("Upload-Draft-Interop-Version: 6\r\nUpload-Complete: ?1\r\nUpload-Length: 2000000\r\n", Refused(400, "length_mismatch")),
    ("Upload-Draft-Interop-Version: 6\r\nUpload-Complete: ?0\r\nUpload-Length: 2000000\r\n", Refused(413, "too_large")),
    ("Upload-Draft-Interop-Version: 99\r\nUpload-Complete: ?1\r\n", Stored), ("Upload-Draft-Interop-Version: -6\r\nUpload-Complete: ?1\r\n", Stored),
    ("Upload-Draft-Interop-Version: 6\r\nUpload-Complete: ?1, ?0\r\n", Stored),
    ("Upload-Draft-Interop-Version: 6\r\nUpload-Complete: ?1\r\nUpload-Length: 99999999999999999999\r\n", Stored),
    ("Repr-Digest: sha-256=:AAAA:\r\n", Stored), ("Content-Digest: \u{ff}\r\n", Stored),
    ("Repr-Digest: sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:\r\n", Refused(400, "digest_mismatch")),
];

/// Whole messages.
#[rustfmt::skip]
const WHOLE: &[(&str, &str, Expect)] = &[
    ("empty lines first", "\r\n\r\n\r\nPUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", Stored),
    ("HTTP/1.0", "PUT /in/a HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", Expect::StoredLast),
    ("HTTP/1.0 that stays", "PUT /in/a HTTP/1.0\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello", Stored),
    ("HTTP/1.0 with a bad Host", "PUT /in/a HTTP/1.0\r\nHost: a b\r\nContent-Length: 5\r\n\r\nhello", BAD),
    ("all lines end with a line feed", "PUT /in/a HTTP/1.1\nHost: p\nContent-Length: 5\n\nhello", BAD),
    ("the first line ends so", "PUT /in/a HTTP/1.1\nHost: p\r\nContent-Length: 5\r\n\r\nhello", BAD),
    ("the last line ends so", "PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\nhello", BAD),
    ("carriage returns alone", "PUT /in/a HTTP/1.1\rHost: p\rContent-Length: 5\r\rhello", BAD),
    ("GET", "GET /in/a HTTP/1.1\r\nHost: p\r\n\r\n", Kept(405, "method_not_allowed")),
    ("GET without Host", "GET /in/a HTTP/1.1\r\n\r\n", Kept(400, "bad_request")),
    ("HEAD", "HEAD /in/a HTTP/1.1\r\nHost: p\r\n\r\n", Kept(405, "method_not_allowed")),
    ("HEAD with a body", "HEAD /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", Refused(405, "method_not_allowed")),
    ("GET with a length and a coding", "GET /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", BAD),
    ("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: p\r\n\r\n", Kept(405, "method_not_allowed")),
    ("OPTIONS elsewhere", "OPTIONS /x HTTP/1.1\r\nHost: p\r\n\r\n", Kept(404, "no_route")),
    ("CONNECT without a body", "CONNECT p:80 HTTP/1.1\r\nHost: p:80\r\n\r\n", Refused(405, "method_not_allowed")),
    ("half a preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSN\r\n\r\n", BAD),
    ("TLS", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}", BAD),
    ("SSH", "SSH-2.0-OpenSSH_9.9\r\n", BAD),
    ("SMTP", "EHLO p\r\nMAIL FROM:<a@b>\r\n", BAD),
    ("a PROXY line", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nPUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", BAD),
    ("an answer", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", BAD),
    ("zeros", "\0\0\0\0\0\0\0\0\0\0\0\0", BAD),
    ("a UTF-8 mark first", "\u{ef}\u{bb}\u{bf}PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello", BAD),
    ("UTF-16", "\u{ff}\u{fe}P\0U\0T\0 \0/\0", BAD),
    ("nothing", "", Cut(&[])),
    ("one byte", "P", Cut(&[])),
    ("half a line", "PUT /in/a HT", Cut(&[])),
    ("half a head", "PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n", Cut(&[])),
    ("half an end", "PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r", Cut(&[])),
    ("no body", "PUT /in/cut HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\n", Cut(&[(400, "client_gone")])),
    // Pipelining: what stands behind a refusal with doubtful framing is nobody's request.
    ("two", "PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhelloPUT /in/b HTTP/1.1\r\nHost: p\r\nConnection: close\r\nContent-Length: 5\r\n\r\nworld",
        Answers(&[(201, ""), (201, "")], &[("/up/a", "hello"), ("/up/b", "world")])),
    ("one, then a bare line feed", "PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhelloPUT /in/b HTTP/1.1\nHost: p\r\nContent-Length: 5\r\n\r\nworld",
        Answers(&[(201, ""), (400, "bad_request")], &[("/up/a", "hello")])),
    ("one, then two lengths", "PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhelloPUT /in/b HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nworld",
        Answers(&[(201, ""), (400, "bad_request")], &[("/up/a", "hello")])),
    ("a body longer than said", "PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello, world\r\n\r\n",
        Answers(&[(201, ""), (400, "bad_request")], &[("/up/a", "hello")])),
    ("the next request's first line as the end of a body", "PUT /in/a HTTP/1.1\r\nHost: p\r\nConnection: close\r\nContent-Length: 9\r\n\r\nPUT /in/b HTTP/1.1\r\n\r\n",
        Answers(&[(201, "")], &[("/up/a", "PUT /in/b")])),
    ("a refusal without a body, then one", "GET /in/a HTTP/1.1\r\nHost: p\r\n\r\nPUT /in/a HTTP/1.1\r\nHost: p\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
        Answers(&[(405, "method_not_allowed"), (201, "")], &[("/up/a", "hello")])),
    ("GET that hides one in its body", "GET /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 64\r\n\r\nPUT /in/b HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello          ",
        Refused(405, "method_not_allowed")),
    ("no body, then a chunked one", "PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n\r\n0\r\n\r\nPUT /in/b HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello",
        Answers(&[(201, ""), (400, "bad_request")], &[("/up/a", "")])),
    // An upload's own URL.
    ("HEAD of a guess", "HEAD /_uploads/../../x HTTP/1.1\r\nHost: p\r\n\r\n", Kept(404, "upload_unknown")),
    ("DELETE of a guess", "DELETE /_uploads/%00 HTTP/1.1\r\nHost: p\r\n\r\n", Kept(404, "upload_unknown")),
    ("PATCH of a guess", "PATCH /_uploads/x HTTP/1.1\r\nHost: p\r\nUpload-Offset: 0\r\nContent-Length: 5\r\n\r\nhello", Refused(404, "upload_unknown")),
    ("PATCH with a length and a coding", "PATCH /_uploads/x HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", BAD),
    ("PATCH in a coding", "PATCH /_uploads/x HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\nhello", Refused(415, "coding_refused")),
    // Limits of the route and the proxy.
    ("nothing where that is refused", "PUT /strict/a HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n\r\n", Kept(422, "empty_refused")),
];

pub(crate) fn payloads() -> Vec<Payload> {
    let line = |&(line, expect): &(&str, Expect)| {
        let text = format!("{line}\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello");
        raw("line", &format!("{line:?}"), &text, expect)
    };
    let host = |&(host, expect): &(&str, Expect)| {
        let text = format!("PUT /in/a HTTP/1.1\r\n{host}Content-Length: 5\r\n\r\nhello");
        raw("host", &format!("{host:?}"), &text, expect)
    };
    let field = |&(fields, expect): &(&str, Expect)| {
        put("field", &format!("Content-Length: 5\r\n{fields}"), "hello", expect)
    };
    let mut all: Vec<Payload> = LINES.iter().map(line).collect();
    all.extend(HOSTS.iter().map(host));
    all.extend(FIELDS.iter().map(field));
    all.extend(WHOLE.iter().map(|&(name, text, expect)| raw("message", name, text, expect)));
    all.extend(sizes());
    all
}

/// Heads at their limits: 64 fields, 16 KiB, and names as long as may be.
fn sizes() -> Vec<Payload> {
    let fields = |count: usize| (0..count).map(|index| format!("X-{index}: y\r\n")).collect::<String>();
    let field = |name: String, fields: String, expect| {
        let text = format!("PUT /in/a HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n{fields}\r\nhello");
        raw("size", &name, &text, expect)
    };
    let path = |path: String, expect| {
        let text = format!("PUT /in/{path} HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello");
        raw("size", &format!("a path of {} bytes", path.len()), &text, expect)
    };
    const BAD_PATH: Expect = Refused(400, "bad_path");
    let mut all: Vec<Payload> = [(62, Stored), (63, LARGE), (150, LARGE), (2000, LARGE)]
        .map(|(count, expect)| field(format!("{count} more fields"), fields(count), expect))
        .into();
    for (length, expect) in [(15_000, Stored), (16_384, LARGE), (65_536, LARGE), (600_000, LARGE)] {
        all.push(field(
            format!("a value of {length} bytes"),
            format!("X: {}\r\n", "y".repeat(length)),
            expect,
        ));
        all.push(field(
            format!("a name of {length} bytes"),
            format!("{}: y\r\n", "y".repeat(length)),
            if length < 16_000 { Stored } else { LARGE },
        ));
    }
    all.push(path("n".repeat(256), BAD_PATH));
    all.push(path("n/".repeat(1100) + "n", BAD_PATH));
    all.push(path("n".repeat(14_000), BAD_PATH));
    all.push(path("n".repeat(17_000), LARGE));
    all.push(path("n".repeat(70_000), LARGE));
    all.push(path("a?".to_owned() + &"x".repeat(14_000), StoredAs("/up/a")));
    all.push(raw("size", "a method of 17,000 bytes", &"M".repeat(17_000), LARGE));
    all
}
