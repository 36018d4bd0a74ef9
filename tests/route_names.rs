//! Which paths name a file: tables of names, and properties over random ones.

// Helpers outside of test functions panic too: that is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use http::{HeaderMap, HeaderValue, Uri};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use proptest::prelude::*;
use put2bits::error::Problem;
use put2bits::route::{BackendUrl, MAX_TARGET, NamePattern, Naming, Route, Template};

/// The target at the backend for an encoded path below the prefix, or the reason why there is none.
fn target(encoded: &str) -> Result<String, String> {
    let route = Route::new("/in/", BackendUrl::parse("http://iis/up/").unwrap());
    let uri = Uri::try_from(format!("/in/{encoded}")).map_err(|error| format!("not a target: {error}"))?;
    match route.destination(&uri, &HeaderMap::new()) {
        Ok(to) => {
            let name = to.content_name.to_str().unwrap();
            assert!(!name.is_empty() && name.len() <= 260 && !name.contains(['/', '\\']), "{name}");
            assert!(to.target.query().is_none());
            Ok(to.target.as_str().to_owned())
        }
        Err(failure) => {
            assert_eq!(failure.problem, Problem::BadPath);
            let detail = failure.detail.as_str();
            assert!(
                !detail.starts_with(char::is_uppercase) && !detail.ends_with('.'),
                "not a clause: {detail}"
            );
            Err(failure.detail)
        }
    }
}

fn encode(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}

/// The segments of a target below the base, decoded once.
fn decode(target: &str) -> Vec<String> {
    let below = target.strip_prefix("/up/").expect("below the base");
    below.split('/').map(|segment| percent_decode_str(segment).decode_utf8().unwrap().into_owned()).collect()
}

/// What holds for every target, whatever the request was.
fn assert_harmless(target: &str) {
    assert!(target.starts_with("/up/") && target.len() <= MAX_TARGET, "{target}");
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte);
    assert!(target.bytes().all(allowed), "{target}");
    assert!(!target.contains("//") && !target.ends_with('/'), "{target}");
    for name in decode(target) {
        assert!(!name.is_empty() && name != "." && name != "..", "{target}");
        assert!(!name.contains(['/', '\\', '%', ':']) && !name.chars().any(char::is_control), "{target}");
    }
}

/// Names that people give to photos, and names that only look dangerous.
#[rustfmt::skip]
const GOOD: &[&str] = &[
    "a", "0", "_", "-", "~", "a.b", ".hidden", "..a", "...a", "a..b", "-rf", "IMG_0001.HEIC", "IMG_0001.MOV",
    "movie.mov", "My Photo (1).jpg", "a b", " leading", "a+b", "a&b=c", "a;b", "a,b", "a'b", "a!b", "a@b", "a$b", "a#b",
    "a[1]", "a{1}", "a^b", "a`b", "(a)", "a=b", "größe.jpg", "Ünï çødé", "写真.jpg", "фото.jpg", "صورة.jpg", "תמונה.png",
    "사진.heic", "😀.png", "👨\u{200d}👩\u{200d}👧.jpg", "e\u{301}.jpg", "é.jpg", "旅行：京都.jpg", "2024／05.jpg", "a\u{3000}b", "a\u{a0}b",
    "a\u{2025}b", "¥500.jpg", "₩.jpg", "a\u{200b}b", "\u{2068}a\u{2069}", "a\u{200f}", "a\u{202f}b", "..a;b", "web.config.jpg", "my web.config", "aspx", "a.aspx.jpg",
    "a.config", "php", "e\u{301}", "IMG_E0001.HEIC", "\u{fffe}", "．hidden", "file.tar.gz", "web config", "CON1", "CONSOLE", "console.log", "CO", "NULL", "nul_", "nul-1.jpg",
    "aNUL", "AUXILIARY", "COM", "COM10", "COM1a", "LPT", "LPT10", "COM¼", "COMx.jpg", "x.CON", "x.nul.jpg", "PRNT", "CONIN",
    "CLOCK", "a~", "a~b", "~", "~a1", "a~1b", "photo-2024~1", "a~1.jpeg", "a.b~1", "a~1.tar.gz", "a~٣", "0x5c", "u002f", "2e2e", "\u{feff}bom", "\u{fffd}", "C", "etc", "passwd", "…", "a…",
    "IMG 0001 (edited) 2.jpeg", "Bildschirmfoto 2024-05-01 um 12.00.00.png", "Capture d’écran.png", "naïve — draft.txt",
    "ＣＯＮ", "COM⁴", "\u{10ffff}", "٣.jpg",
];

#[test]
fn good_names_go_round() {
    for &name in GOOD {
        let target = target(&encode(name)).unwrap_or_else(|reason| panic!("{name:?}: {reason}"));
        assert_harmless(&target);
        assert_eq!(decode(&target), [name]);
    }
    for folder in GOOD {
        let target = target(&format!("{}/{}/x.jpg", encode(folder), encode(folder))).unwrap();
        assert_eq!(decode(&target), [folder, folder, "x.jpg"]);
    }
}

#[test]
fn one_spelling_goes_out_whatever_came_in() {
    for (encoded, expected) in [
        ("a(1)+b.jpg", "/up/a%281%29%2Bb.jpg"),
        ("a%281%29%2bb.jpg", "/up/a%281%29%2Bb.jpg"),
        ("%61%2Ejpg", "/up/a.jpg"),
        ("a~b", "/up/a~b"),
        ("a%7Eb", "/up/a~b"),
        ("gr%c3%b6%C3%9fe", "/up/gr%C3%B6%C3%9Fe"),
        ("größe", "/up/gr%C3%B6%C3%9Fe"),
        ("a;v=1", "/up/a%3Bv%3D1"),
        ("a?b=c", "/up/a"),
        ("a?../../x", "/up/a"),
        ("a?", "/up/a"),
        ("a#../b", "/up/a"),
        ("2024/05/a", "/up/2024/05/a"),
    ] {
        assert_eq!(target(encoded).as_deref(), Ok(expected), "{encoded}");
    }
}

/// Encoded paths, by the word that the refusal must hold.
#[rustfmt::skip]
const BAD: &[(&str, &[&str])] = &[
    ("directory", &["", "a/", "a/b/", "/", "..%2f/"]),
    ("empty segment", &["/a", "//a", "a//b", "a///b", "a/b//c"]),
    ("dot segment", &[
        ".", "..", "./a", "../a", "a/.", "a/..", "a/../b", "a/./b", "a/b/../../../c", "%2e", "%2E%2e", ".%2e/a", "%2e./a",
        "%2e%2e/a", "a/%2e%2e", "a/%2E/b", "..%2f", "..%2fa", "%2e%2e%2fa", "..%5ca", "%2e%2e%5ca", "a%2f..%2fb", "a%5c..%5cb",
        "%EF%BC%8E%EF%BC%8E/a", "%E2%80%A5/a", "%E2%80%A4%E2%80%A4", "..%EF%BC%8Fa", "..%E2%88%95a", "%EF%BC%8E.%EF%BC%BCa",
        "a%EF%BC%8F..%EF%BC%8Fb", "..%E2%81%84a", "%E2%80%A5%5ca", "..;", "..;/a", "..;a=b/c", "%2e%2e%3b/a", ".;a", "..%C2%A5a", "..%E2%82%A9a", "a%C2%A5..",
        "..%E2%88%96a", "..%EF%B9%A8a", "%EF%BC%8E%EF%BC%8E;/a",
    ]),
    ("slash", &["a%2fb", "a%2Fb", "%2f", "%2fa", "a%2f", "a%5cb", "a%5Cb", "%5c", "%5c%5chost%5cshare", "%2f%2fhost"]),
    ("control", &[
        "%00", "a%00", "a%00.jpg", "%01", "a%0ab", "a%0db", "a%0d%0aHost:%20x", "a%09b", "a%1bb", "a%1f", "a%7f", "a%7Fb",
        "a%c2%80", "a%c2%85b", "a%c2%9f",
    ]),
    ("a '%' in a name is not taken: IIS refuses", &[
        "%25", "a%25", "100%25.jpg", "%252e%252e", "%252e%252e%252fa", "%255c", "%2500", "%25252e", "a%", "a%2", "a%zz", "%%", "%u002e",
        "a%2gb", "%25%32%65", "a%g0",
    ]),
    ("UTF-8", &[
        "%ff", "%fe", "a%80", "%c0%ae%c0%ae", "%c0%af", "%c1%9c", "%e0%80%af", "%e0%80%ae", "%f0%80%80%af", "%f8%80%80%80%af",
        "%ed%a0%80", "%ed%a0%bd%ed%b8%80", "%c3", "%e2%82", "%f4%90%80%80", "a%e9b", "%bf",
    ]),
    ("character", &[
        "a:b", "C:", "c%3a", "a%3a%3a$DATA", "a::$DATA", "a*", "*", "%2a", "a%3fb", "%3f", "%22a%22", "a%3c", "a%3eb", "a%7cb", "a|b",
    ]),
    ("device", &[
        "CON", "con", "Con", "PRN", "AUX", "NUL", "nul", "CONIN$", "conout$", "CLOCK$", "COM0", "COM1", "com9", "LPT1", "lpt9",
        "COM%C2%B9", "com%C2%B2", "LPT%C2%B3", "CON.txt", "nul.jpg", "aux.tar.gz", "COM1.heic", "lpt%C2%B9.jpg", "con%20.txt",
        "NUL%20%20.a", "a/con/b", "con/a", "a/COM1.x/b", "%43ON",
    ]),
    ("ends with", &["a.", "a..", "a%20", "a%20%20", "a.%20", "a%20.", "...", "....", "a./b", "a%20/b", "%20", "con.%20", "a.jpg.", "a.%2e"]),
    ("short name", &[
        "WEB~1.CON", "web~1.con", "PROGRA~1", "progra~2/a", "~1", "a~1", "a~1.b", "a~10.jpg", "IMG_00~1.JPG", "HTACCE~1", "%7e1", "a%7E9", "ab~12345.x", "ä~1.jpg",
    ]),
    ("invisible character U+202E", &["a%e2%80%aegpj.exe", "%E2%80%AE"]),
    ("invisible character U+202D", &["a%e2%80%adb"]),
    ("invisible character U+2028", &["a%e2%80%a8b"]),
    ("invisible character U+2029", &["a%e2%80%a9"]),
    ("web server", &[
        "web.config", "WEB.CONFIG", "Web.Config", "%77eb.config", "a/web.config", "web.config/a", "web.config;a", "a;web.config", ".htaccess", ".HTACCESS",
        "a.asp", "a.ASP", "a.asp/b.jpg", "a.asp;.jpg", "a.aspx", "a.ashx", "a.asmx", "global.asax", "a.svc", "a.php", ".aspx", "a.a%C5%BFp", "a.b.aspx",
    ]),
    ("not a target", &["a b", "a\tb", "a\rb", "a\nb", "a\0b", "a\u{7f}"]),
];

#[test]
fn bad_names_are_refused_with_their_reason() {
    for (word, paths) in BAD {
        for path in *paths {
            match target(path) {
                Ok(target) => panic!("{path:?} became {target:?}"),
                Err(reason) => assert!(reason.contains(word), "{path:?}: {reason}"),
            }
        }
    }
    let (good, bad) = (GOOD.len(), BAD.iter().map(|(_, paths)| paths.len()).sum::<usize>());
    assert!(good + bad >= 330, "{good} good and {bad} bad names");
}

#[test]
fn lengths_are_bounded() {
    assert!(target(&"x".repeat(255)).is_ok());
    assert!(target(&"x".repeat(256)).unwrap_err().contains("255 bytes"));
    assert!(target(&encode(&"ö".repeat(127))).is_ok());
    assert!(target(&encode(&"ö".repeat(128))).unwrap_err().contains("255 bytes"));
    // "/up/" and 2,044 bytes more.
    let path = |last: usize| format!("{}{}", "x/".repeat(1000), "y".repeat(last));
    assert_eq!(target(&path(44)).unwrap().len(), MAX_TARGET);
    assert!(target(&path(45)).unwrap_err().contains("2048 bytes"));
}

proptest! {
    #[test]
    fn accepted_means_harmless_and_the_same_segments(names in prop::collection::vec("\\PC{1,20}", 1..5)) {
        let encoded: Vec<_> = names.iter().map(|name| encode(name)).collect();
        if let Ok(target) = target(&encoded.join("/")) {
            assert_harmless(&target);
            prop_assert_eq!(decode(&target), names);
        }
    }

    #[test]
    fn plain_names_are_always_accepted(names in prop::collection::vec("[a-z0-9_ü写-]{4,20}\\.[hjm][a-z]{0,3}", 1..5)) {
        let encoded: Vec<_> = names.iter().map(|name| encode(name)).collect();
        let target = target(&encoded.join("/")).unwrap();
        assert_harmless(&target);
        prop_assert_eq!(decode(&target), names);
    }

    #[test]
    fn dangerous_pieces_never_get_through(
        pieces in prop::collection::vec(prop::sample::select(&[
            "a", ".", "..", "/", "//", "%2e", "%2f", "%5c", "%", "%25", "%00", "%0a", "%c0%ae", "%ff", "con", " ", "%20", ":", "\\",
            "?", "#", "%ef%bc%8f", "%e2%80%a5", "é", ";", "~", "%u002e",
        ][..]), 0..8),
    ) {
        if let Ok(target) = target(&pieces.concat()) {
            assert_harmless(&target);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let raw: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
        if let Ok(target) = target(&raw) {
            assert_harmless(&target);
            prop_assert_eq!(decode(&target).concat().into_bytes(), bytes);
        }
    }
}

/// A route may take what the default refuses, and refuse other names.
#[test]
fn the_refused_names_are_the_routes_own() {
    let mut route = Route::new("/in/", BackendUrl::parse("http://iis/up/").unwrap());
    route.name.header = Some("x-name".parse().unwrap());
    let refused = |route: &Route, path: &str, name: &str| {
        let headers = HeaderMap::from_iter([("x-name".parse().unwrap(), name.parse().unwrap())]);
        let uri = format!("/in/{path}").parse().unwrap();
        route.destination(&uri, &headers).err().map(|failure| failure.problem)
    };
    assert_eq!(refused(&route, "a", "b.jpg"), None);
    assert_eq!(
        refused(&route, "a", "C:\\x\\web.config"),
        Some(Problem::BadPath),
        "some store under that name"
    );
    assert_eq!(refused(&route, "web.config", "b.jpg"), Some(Problem::BadPath));
    route.refused_names = vec![NamePattern::parse("*.EXE").unwrap(), NamePattern::parse("größe").unwrap()];
    assert_eq!(refused(&route, "web.config", "x.aspx"), None);
    for path in ["a.exe", "a.exe/b", "GR%C3%96SSE", "gr%C3%B6%C3%9Fe"] {
        assert_eq!(refused(&route, path, "b"), Some(Problem::BadPath), "{path}");
    }
    route.refused_names.clear();
    assert_eq!(refused(&route, "a.exe", "web.config"), None);
}

/// Templates that hold every variable, each where it could do most harm.
const TEMPLATES: &[&str] = &[
    "{path}",
    "x/{path|'y'}",
    "{1|'a'}/{2|'b'}",
    "{1|'a'}{2|'b'}",
    "{header:x-name|'h'}/{name|hash}",
    "{header:x-name|'h'}.{ext|'e'}",
    "{query:q|'q'}/{query:q|'q'}{header:x-name|'h'}",
    "{user|'u'}/{hash:8}.{ext|'bin'}",
    ".{user|'u'}",
    "{user|'u'}.{query:q|'q'}",
];

proptest! {
    /// Whatever a request holds: its file lies below the directory, or it is refused.
    #[test]
    fn no_template_leads_out_of_the_directory(
        template in prop::sample::select(TEMPLATES),
        path in prop::collection::vec(prop::sample::select(&[
            "a", ".", "..", "/", "%2e", "%2f", "%5c", "%25", "%00", "con", "%20", ":", "%ef%bc%8f", "é", ";", "~1", "web.config",
        ][..]), 0..5),
        query in prop::collection::vec(prop::sample::select(&[
            "a", ".", "..", "/", "%2e%2e", "%2f", "%5c", "&q=", "=", "%", "nul", "%0d%0a", "jpg", "%ff",
        ][..]), 0..5),
        field in "[a./\\\\%: ~;é\u{202e}]{0,8}",
        user in prop::option::of("[a./\\\\%: ~;é\u{202e}\u{0}-\u{1f}]{0,8}"),
        mark in "[0-9a-f]{8}",
    ) {
        let mut route = Route::new("/in/", BackendUrl::parse("http://iis/up/").unwrap());
        route.target = Some(Template::parse(template).unwrap());
        route.name.header = Some("x-name".parse().unwrap());
        let Ok(uri) = Uri::try_from(format!("/in/{}?q={}", path.concat(), query.concat())) else { return Ok(()) };
        let Ok(field) = HeaderValue::from_bytes(field.as_bytes()) else { return Ok(()) };
        let headers = HeaderMap::from_iter([("x-name".parse().unwrap(), field)]);
        let naming = Naming { user: user.as_deref(), length: Some(1), random: 1, ..Naming::new(&uri, &headers) };
        match route.locate(&naming) {
            Ok(to) => {
                assert_harmless(to.target.as_str());
                // The same again for the same request, and another name is as harmless.
                let again = route.locate(&naming);
                prop_assert_eq!(again.as_ref().ok(), Some(&to));
                if let Ok(other) = route.renamed(&to, &mark) {
                    assert_harmless(other.target.as_str());
                    prop_assert!(other.target.path().contains(&mark));
                }
            }
            Err(failure) => {
                prop_assert!(matches!(failure.problem, Problem::BadPath | Problem::NameMissing), "{:?}", failure);
            }
        }
    }
}
