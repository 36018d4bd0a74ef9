//! What the values of a request do in a template, row by row: forms of the query, percent-encoding, parts that are missing,
//! headers beyond ASCII, names that a template alone would make, lengths, hashes.

use super::super::*;
use super::template::{filled_from, route};
use http::HeaderMap;

/// It is refused.
const BAD: &str = "bad_path";
/// The request has no such part.
const MISSING: &str = "name_missing";

/// Asserts what comes of a target and what stands behind `/in/`.
#[track_caller]
fn all(rows: &[(&str, &str, &str)]) {
    for (target, uri, expected) in rows {
        assert_eq!(filled_from(target, uri, &[], None), *expected, "{target} of {uri}");
    }
}

#[test]
fn forms_of_the_query() {
    for (query, expected) in [
        ("?q=a&", "a"),
        ("?&q=a", "a"),
        ("?&&q=a&&", "a"),
        ("?x=1&q=a&y=2", "a"),
        ("?Q=a", MISSING),
        ("?%71=a", "a"),
        ("?q=%61", "a"),
        ("?q=a=b", "a%3Db"),
        ("?q==", "%3D"),
        ("?=a", MISSING),
        ("?=", MISSING),
        ("?", MISSING),
        ("", MISSING),
        ("?qq=a", MISSING),
        ("?q&q=a", "a"),
        ("?q=&q=a", BAD),
        ("?q=a&q=", BAD),
        ("?q=a&q=a", BAD),
        ("?q=a&%71=b", BAD),
        ("?q=a;q=b", "a%3Bq%3Db"),
        ("?q=a?b", BAD),
        ("?q=a/b", BAD),
        ("?q=a\\b", BAD),
        ("?q=a+b", "a%2Bb"),
        ("?q=a'b", "a%27b"),
        ("?q=a!b", "a%21b"),
        ("?q=(a)", "%28a%29"),
        ("?q=[a]", "%5Ba%5D"),
        ("?q={a}", "%7Ba%7D"),
        ("?q=a,b", "a%2Cb"),
        ("?q=a@b", "a%40b"),
        ("?q=a$b", "a%24b"),
        ("?q=~a", "~a"),
        ("?q=-a_", "-a_"),
        ("?q=a|b", BAD),
        ("?q=ü", "%C3%BC"),
        // Another one that cannot be read says nothing about this one, unless it may be its name.
        ("?x=%ff&q=a", "a"),
        ("?%ff=1&q=a", BAD),
    ] {
        assert_eq!(filled_from("{query:q}", query, &[], None), expected, "{query}");
    }
}

#[test]
fn percent_forms_of_the_query() {
    for (value, expected) in [
        ("a%20b", "a%20b"),
        ("%20a", "%20a"),
        ("a%20", BAD),
        ("%20", BAD),
        ("a%26b", "a%26b"),
        ("a%3db", "a%3Db"),
        ("a%23b", "a%23b"),
        ("a%2Bb", "a%2Bb"),
        ("a%3Fb", BAD),
        ("a%2Ab", BAD),
        ("a%22b", BAD),
        ("a%3Cb", BAD),
        ("a%3Eb", BAD),
        ("a%7Cb", BAD),
        ("%", BAD),
        ("a%", BAD),
        ("%4", BAD),
        ("%zz", BAD),
        ("%25", BAD),
        ("%2541", BAD),
        ("%c3%9f", "%C3%9F"),
        // The same letter in one character and in two: two names.
        ("%c3%bc", "%C3%BC"),
        ("u%cc%88", "u%CC%88"),
        ("%f0%9f%98%80", "%F0%9F%98%80"),
        ("%e2%80%8b", "%E2%80%8B"),
        ("%e2%80%ae", BAD),
        ("%e2%80%a8", BAD),
        // Half a character, half a pair, a dot in more bytes than it needs.
        ("%c3", BAD),
        ("%ed%a0%80", BAD),
        ("%c0%ae%c0%ae", BAD),
        ("%09", BAD),
        ("%0a", BAD),
        ("%7f", BAD),
        ("%c2%85", BAD),
    ] {
        assert_eq!(filled_from("{query:q}", &format!("?q={value}"), &[], None), expected, "{value}");
    }
}

#[test]
fn paths_and_what_is_missing_in_them() {
    all(&[
        ("{path}", "%61", "a"),
        ("{path}", "a%20b", "a%20b"),
        ("{path}", "a%2eb", "a.b"),
        ("{path}", "a;b", "a%3Bb"),
        ("{path}", "a%3bb", "a%3Bb"),
        ("{path}", "a+b", "a%2Bb"),
        ("{path}", "a&b=c", "a%26b%3Dc"),
        ("{path}", "%c3%a4/%C3%A4", "%C3%A4/%C3%A4"),
        ("{path}", "a%2Fb", BAD),
        ("{path}", "a%5Cb", BAD),
        ("{path}", "%2e%2e/a", BAD),
        ("{path}", "%2E./a", BAD),
        ("{path}", "..;x/a", BAD),
        ("{path}", "a:b", BAD),
        ("{path}", "a%", BAD),
        ("{path}", "a%2", BAD),
        ("{path}", "%zz", BAD),
        ("{path}", "%ff", BAD),
        ("{path}", "a/%20", BAD),
        ("{path}", "a%00", BAD),
        ("{path}", "/a", BAD),
        ("{1}", "a%2Fb", BAD),
        ("{1}", "/a", MISSING),
        ("{2}", "/a", "a"),
        ("{2}", "a//b", MISSING),
        ("{3}", "a//b", "b"),
        ("{1}", "a/", "a"),
        ("{2}", "a/", MISSING),
        ("{2}", "a/b%20c/d", "b%20c"),
        ("{99}", "a", MISSING),
        ("{1}-{2}", "a/", MISSING),
        ("{1}/{2|'none'}/{3|'none'}", "a/b", "a/b/none"),
        // Parts that it is not made of may be what they like.
        ("{1}", "a/%2e%2e/con", "a"),
    ]);
}

#[test]
fn names_and_extensions() {
    all(&[
        ("{name}", "a/d.jpg", "d.jpg"),
        ("{name}", "a/", MISSING),
        ("{name}", "", MISSING),
        ("{name}", "a/..", BAD),
        ("{name}", "?n=a.jpg", "a.jpg"),
        ("{name}", "b?n=", "b"),
        // What is said beside the path is made a name.
        ("{name}", "b?n=con", "_con"),
        ("{name}", "?n=x%2Fa.jpg", "a.jpg"),
        ("{name}", "?n=..%2F", MISSING),
        ("{name}", "?n=a%3Ab", "a_b"),
        ("{name}", "?n=%ff", "_"),
        ("{name}", "?n=a~1", "a_1"),
        ("{ext}", "a.tar.gz", "gz"),
        ("{ext}", "a", MISSING),
        ("{ext}", ".hidden", MISSING),
        ("{ext}", "a.", BAD),
        ("{ext|'bin'}", "a", "bin"),
        ("{ext|'bin'}", "", "bin"),
        ("x.{ext}", "a.JPG", "x.JPG"),
        ("x.{ext}", "a.b%20c", "x.b%20c"),
        ("x.{ext}", "?n=a.b%2Ec", "x.c"),
        ("{name}.{ext}", "a.jpg", "a.jpg.jpg"),
    ]);
}

#[test]
fn headers_beyond_ascii() {
    for (value, expected) in [
        (&b"gr\xfcn"[..], BAD),
        (b"\xff\xfe", BAD),
        (b"\xc3", BAD),
        ("日本".as_bytes(), "%E6%97%A5%E6%9C%AC"),
        ("é".as_bytes(), "%C3%A9"),
        ("e\u{301}".as_bytes(), "e%CC%81"),
        ("😀".as_bytes(), "%F0%9F%98%80"),
        ("ａ".as_bytes(), "%EF%BD%81"),
        ("\u{feff}a".as_bytes(), "%EF%BB%BFa"),
        ("a\u{202e}gpj".as_bytes(), BAD),
        ("a\u{2029}".as_bytes(), BAD),
        // What looks like dots and slashes, to old servers at least.
        ("2024／05".as_bytes(), "2024%EF%BC%8F05"),
        ("／..".as_bytes(), BAD),
        ("..¥a".as_bytes(), BAD),
        (".\u{2024}".as_bytes(), BAD),
        ("\u{2025}".as_bytes(), BAD),
        ("…".as_bytes(), "%E2%80%A6"),
        (b"..;a", BAD),
        (b"a;b", "a%3Bb"),
        (b"a,b", "a%2Cb"),
        (b"\"a\"", BAD),
        (b"a\tb", BAD),
        (b" a", "%20a"),
        (b"a ", BAD),
        (b"%41", "A"),
        (b"%C3%BC", "%C3%BC"),
        ("ü%C3%BC".as_bytes(), "%C3%BC%C3%BC"),
        (b"\xc3%BC", "%C3%BC"),
    ] {
        let found = filled_from("{header:x-user}", "a", &[("x-user", value)], None);
        assert_eq!(found, expected, "{}", value.escape_ascii());
    }
}

/// Each piece alone would do; what they come to is what counts.
#[test]
fn names_that_the_template_makes() {
    all(&[
        ("{1}{2}", "co/n", BAD),
        ("{1}.{2}", "nul/txt", BAD),
        ("con{1}", ".jpg", BAD),
        ("com{1}", "1", BAD),
        ("com{1}", "%C2%B9", BAD),
        ("lpt{1}", "0", BAD),
        ("com{1}", "10", "com10"),
        ("{1}", "CONIN$", BAD),
        ("{1}", "Clock$", BAD),
        ("{1}", "AUX.tar.gz", BAD),
        ("{1}", "aux%20.txt", BAD),
        ("{1}", "conx", "conx"),
        ("{1}_", "con", "con_"),
        ("_{1}", "con", "_con"),
        ("{1}/a", "prn", BAD),
        ("a/{1}", "prn", BAD),
        ("{1}~{2}", "web/1", BAD),
        ("{1}~{2}", "website/12", "website~12"),
        ("a~{1}", "1.jpg", BAD),
        ("a~{1}", "1.jpeg", "a~1.jpeg"),
        ("{1}.config", "web", BAD),
        ("{1}.{2}", "WEB/Config", BAD),
        ("{1}.{2}", "x/aspx", BAD),
        ("{1}/x", "web.config", BAD),
        ("{1}{2}", "a:/b", BAD),
        ("{1}..", "a", BAD),
        ("{1}.", "a", BAD),
        ("{1}.{2}", "a/%2e", BAD),
        ("{1}{2}", "%2e/%2e", BAD),
        ("{1}{2}{3}", "%2e/%2e/%2e", BAD),
        ("{1}{2}", "%2e/a", ".a"),
        (".{1}", "a", ".a"),
        ("..{1}", "a", "..a"),
        ("...{1}", "a", "...a"),
        ("b/..{1}", "a", "b/..a"),
        ("{1}", "...", BAD),
        ("{1} {2}", "a/b", "a%20b"),
        (" {1}", "a", "%20a"),
        ("{1} ", "a", BAD),
        ("{1}{2}", "%EF%BC%8F/%2e%2e", BAD),
    ]);
}

#[test]
fn lengths() {
    let x = |count| "x".repeat(count);
    let wide = |count| "%C3%BC".repeat(count);
    for (target, uri, fits) in [
        ("{1}", x(255), true),
        ("{1}", x(256), false),
        ("{1}a", x(254), true),
        ("{1}a", x(255), false),
        ("{1}{2}", format!("{}/{}", x(127), x(128)), true),
        ("{1}{2}", format!("{}/{}", x(128), x(128)), false),
        // Bytes count, not characters.
        ("{1}", wide(127), true),
        ("{1}", wide(128), false),
        ("{hash:64}-{1}", x(190), true),
        ("{hash:64}-{1}", x(191), false),
        ("{path}", vec![x(200); 10].join("/"), true),
        ("{path}", vec![x(255); 40].join("/"), false),
        // Encoded it is three times as long.
        ("{path}", vec![wide(127); 40].join("/"), false),
    ] {
        let found = filled_from(target, &uri, &[], None);
        assert_eq!(found != BAD, fits, "{target}, {} bytes", uri.len());
        assert!(!fits || found.split('/').all(|name| !name.is_empty()), "{found}");
    }
}

/// Two photos of one name, and one photo that comes twice.
#[test]
fn hashes_tell_photos_apart() {
    let hash = |uri: &str, own: &str, user: Option<&str>, length: u64| {
        let fields = [("x-name", own)].into_iter().filter(|(_, own)| !own.is_empty());
        let headers: HeaderMap = fields
            .map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap())
            })
            .collect();
        let uri = format!("/in/{uri}").parse().unwrap();
        let naming = Naming { user, length: Some(length), random: 1, ..Naming::new(&uri, &headers) };
        route("{hash:64}").locate(&naming).unwrap().target.path().to_owned()
    };
    let name = "IMG_0001.HEIC";
    let base = hash(name, "", None, 5);
    for (same, other) in [
        (true, hash(name, "", None, 5)),
        // A query of nothing is none.
        (true, hash("IMG_0001.HEIC?", "", None, 5)),
        (false, hash(name, "", None, 6)),
        (false, hash(name, "", None, 0)),
        (false, hash(name, "", Some("alice"), 5)),
        (false, hash(name, name, None, 5)),
        (false, hash("", name, None, 5)),
        (false, hash("img_0001.heic", "", None, 5)),
        (false, hash("IMG_0001%2EHEIC", "", None, 5)),
        (false, hash("a/IMG_0001.HEIC", "", None, 5)),
        (false, hash("IMG_0001.HEIC/", "", None, 5)),
        (false, hash("IMG_0001.HEIC?a=1", "", None, 5)),
        (false, hash("IMG_0001.HEIC?a", "", None, 5)),
    ] {
        assert_eq!(base == other, same, "{base} {other}");
    }
    for (one, other) in [
        (hash("a?b=1", "", None, 5), hash("a?b=2", "", None, 5)),
        (hash("a?b=1&c=2", "", None, 5), hash("a?c=2&b=1", "", None, 5)),
        (hash("a?n=1", "", None, 5), hash("a?n=2", "", None, 5)),
        (hash("a", "b", None, 5), hash("b", "a", None, 5)),
        (hash("a", "grün", None, 5), hash("a", "gru\u{308}n", None, 5)),
        (hash("a", "", Some("alice"), 5), hash("a", "", Some("bob"), 5)),
        (hash("ab", "c", None, 5), hash("a", "bc", None, 5)),
    ] {
        assert_ne!(one, other);
    }
    // A shorter one is the beginning of a longer one, and says as much of the photo.
    let of = |target| filled_from(target, "a", &[], None);
    assert!(of("{hash:64}").starts_with(&of("{hash:8}")) && of("{hash}").len() == 32);
    assert_eq!(of("{hash:8}/{hash:9}").len(), 18);
}
