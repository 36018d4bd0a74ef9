//! Names: what of `tests/route_names.rs` has to hold over a socket, too, where a client writes any bytes. A name may also
//! come by the field that the route reads it from.

use crate::payload::{
    Expect::{self, Refused, StoredAs},
    Payload, raw,
};

/// Paths below the route that name no file.
#[rustfmt::skip]
const REFUSED: &[&str] = &[
    "", "b/", ".", "..", "../a", "../../etc/passwd", "b/../a", "b/./a", "b/..", "%2e%2e/a", "%2E%2E/a", ".%2e/a", "%2e./a", "..%2fa", "%2e%2e%2fa", "..%5ca",
    "..%252fa", "%252e%252e%252fa", "%25252e", "..;/a", "..;x=y/a", "%2e%2e;/a", "..%00/a", "..%0d/a", "%c0%ae%c0%ae/a", "%c0%af", "%e0%80%ae", "%c1%9c",
    "%f0%80%80%ae", "%ef%bc%8e%ef%bc%8e/a", "%e2%80%a5/a", "..%ef%bc%8fa", "..%e2%88%95a", "..%c2%a5a", "..%e2%82%a9a", "a%2fb", "a%5cb", "a\\b", "//a", "b//a",
    "a%00", "a%00.jpg", "a%01", "a%09", "a%0a", "a%0d", "a%0d%0aX-Evil:%20y", "a%0d%0a%0d%0aGET%20/", "a%1b%5b2J", "a%7f", "a%c2%85", "a%e2%80%a8b", "a%e2%80%a9b",
    "a%e2%80%aegpj.exe", "a%e2%80%adb", "a%", "a%2", "a%zz", "a%25", "%u002e%u002e/a", "%uff0e", "a%ff", "a%c3", "%ed%a0%80", "%f4%90%80%80",
    "CON", "con", "nul.txt", "AUX.tar.gz", "prn", "COM1", "lpt9.jpg", "COM%C2%B9", "CONIN$", "conout$", "CLOCK$", "con%20.txt", "con/a", "a/nul/b",
    "a:b", "a%3ab", "a::$DATA", "a%3a%3a%24DATA", "c:a", "a.", "a..", "a%20", "a.%20", "a%20/b", "a./b", "a*", "a%3fb", "a%3cb", "a%3e", "a%22", "a|b", "%7c",
    "WEB~1.CON", "a~1", "IMG_00~1.JPG", "PROGRA~1/a", "web.config", "WEB.CONFIG", "b/Web.Config", ".htaccess", "shell.asp", "shell.ASPX", "shell.ashx", "a.asp/b.jpg",
    "shell.asp;.jpg", "global.asax", "x.svc", "x.php",
];

/// Paths that do, and the target that is written for them. Each file is `hello`.
#[rustfmt::skip]
const TAKEN: &[(&str, &str)] = &[
    ("IMG_0001.HEIC", "/up/IMG_0001.HEIC"), ("2024/05/a.mov", "/up/2024/05/a.mov"), ("%61", "/up/a"), ("a+b", "/up/a%2Bb"), ("a;b=c", "/up/a%3Bb%3Dc"),
    ("a&b", "/up/a%26b"), ("a%20b", "/up/a%20b"), ("%20a", "/up/%20a"), ("a%23b", "/up/a%23b"), ("%E2%98%83", "/up/%E2%98%83"), ("%e2%98%83", "/up/%E2%98%83"),
    ("e%cc%81", "/up/e%CC%81"), ("%c3%a9", "/up/%C3%A9"), ("A", "/up/A"), ("...a", "/up/...a"), ("..a", "/up/..a"), ("a..b", "/up/a..b"), (".hidden", "/up/.hidden"),
    ("$a", "/up/%24a"), ("'a'", "/up/%27a%27"), ("a(1)", "/up/a%281%29"), ("%ef%bb%bfa", "/up/%EF%BB%BFa"), ("a%e2%80%8db", "/up/a%E2%80%8Db"), ("a~b", "/up/a~b"),
    ("web.config.jpg", "/up/web.config.jpg"), ("a?/../b", "/up/a"), ("a?%00", "/up/a"), ("[a]", "/up/%5Ba%5D"), ("{a}", "/up/%7Ba%7D"),
    ("a^", "/up/a%5E"), ("http", "/up/http"), ("2024%ef%bc%8f05.jpg", "/up/2024%EF%BC%8F05.jpg"), ("PHOTO.asp.jpg", "/up/PHOTO.asp.jpg"),
];

/// Names by `X-File-Name` that a server could not store under, or must not. The others are mended, as the route's own
/// tests say.
#[rustfmt::skip]
const BY_FIELD: &[(&str, Expect)] = &[
    ("web.config", Refused(400, "bad_path")), ("..\\web.config", Refused(400, "bad_path")), ("%2e%2e%2fshell.aspx", Refused(400, "bad_path")),
    ("x/../../web.config", Refused(400, "bad_path")), ("web.config.", Refused(400, "bad_path")), ("web.config%20", Refused(400, "bad_path")),
    ("a.asp;.jpg", Refused(400, "bad_path")), ("..", Expect::Stored), ("CON", Expect::Stored), ("a%0d%0aX:%20y", Expect::Stored), ("WEB~1.CON", Expect::Stored),
    ("\u{ff}", Expect::Stored), ("%00", Expect::Stored), ("a::$DATA", Expect::Stored), ("", Expect::Stored),
];

pub(crate) fn payloads() -> Vec<Payload> {
    let put = |path: &str, fields: &str, expect| {
        let text = format!("PUT /in/{path} HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n{fields}\r\nhello");
        raw("name", &format!("{path:?} {fields:?}"), &text, expect)
    };
    let mut all: Vec<Payload> = REFUSED.iter().map(|path| put(path, "", Refused(400, "bad_path"))).collect();
    all.extend(TAKEN.iter().map(|(path, target)| put(path, "", StoredAs(target))));
    all.extend(BY_FIELD.iter().map(|&(name, expect)| put("a", &format!("X-File-Name: {name}\r\n"), expect)));
    all
}
