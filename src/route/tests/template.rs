//! Templates: what is one, and what comes of them.

use super::super::*;
use crate::error::Problem;
use http::HeaderMap;

pub(super) fn route(target: &str) -> Route {
    Route {
        target: Some(Template::parse(target).unwrap_or_else(|error| panic!("{target}: {error}"))),
        name: NameSource { header: Some(HeaderName::from_static("x-name")), query: Some("n".into()) },
        ..Route::new("/in/", BackendUrl::parse("http://iis/up/").unwrap())
    }
}

/// The path below `/up/`, or the code of the problem.
fn filled(target: &str, uri: &str, fields: &[(&'static str, &str)], user: Option<&str>) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    filled_from(target, uri, &fields, user)
}

/// The same with values that are not UTF-8.
pub(super) fn filled_from(
    target: &str,
    uri: &str,
    fields: &[(&'static str, &[u8])],
    user: Option<&str>,
) -> String {
    let field = |(name, value): &(&'static str, &[u8])| {
        (HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap())
    };
    let headers: HeaderMap = fields.iter().map(field).collect();
    let uri = format!("/in/{uri}").parse().unwrap();
    let naming = Naming { user, length: Some(5), random: 7, ..Naming::new(&uri, &headers) };
    match route(target).locate(&naming) {
        Ok(to) => to.target.path().strip_prefix("/up/").unwrap().to_owned(),
        Err(failure) => failure.problem.code().to_owned(),
    }
}

#[test]
fn what_is_no_template_is_refused_at_its_column() {
    for (text, column, word) in [
        ("", 1, "file name is missing"),
        ("/", 2, "file name is missing"),
        ("a/", 3, "file name is missing"),
        ("{path}/", 8, "file name is missing"),
        ("a//b", 3, "empty name"),
        ("//a", 2, "empty name"),
        ("{nmae}", 1, "unknown"),
        ("a/{}", 3, "unknown"),
        ("{ }", 1, "unknown"),
        ("{PATH}", 1, "unknown"),
        ("ä/{date}", 3, "unknown"),
        ("{0}", 1, "unknown"),
        ("{100}", 1, "unknown"),
        ("{-1}", 1, "unknown"),
        ("{path", 1, "without its '}'"),
        ("a{b{c}", 2, "unknown"),
        ("path}", 5, "without its '{'"),
        ("a/}", 3, "without its '{'"),
        ("a{path}", 8, "stands alone"),
        ("{path}.jpg", 11, "stands alone"),
        ("{path}{name}/a", 13, "stands alone"),
        ("{header:}", 1, "not the name of a header"),
        ("{header:a b}", 1, "not the name of a header"),
        ("{header:ä}", 1, "not the name of a header"),
        ("{query:}", 1, "query parameter"),
        ("{query:a b}", 1, "query parameter"),
        ("{query:a&b}", 1, "query parameter"),
        ("{hash:7}", 1, "8 to 64"),
        ("{hash:65}", 1, "8 to 64"),
        ("{hash:x}", 1, "8 to 64"),
        ("{hash:}", 1, "8 to 64"),
        ("{hash|name}", 1, "never be reached"),
        ("{'a'|name}", 1, "never be reached"),
        ("{'a}", 1, "second"),
        ("{''}", 1, "no piece"),
        ("{'a/b'}", 1, "no piece"),
        ("{'a:b'}", 1, "no piece"),
        ("{|name}", 1, "unknown"),
        ("{name||hash}", 1, "unknown"),
        ("..", 3, "dot segment"),
        ("../a", 3, "dot segment"),
        ("a/./b", 4, "dot segment"),
        ("a:b", 2, "no file name"),
        ("a/b\\c", 4, "no file name"),
        ("100%/{name}", 4, "no file name"),
        ("a\nb", 2, "no file name"),
        ("con/{name}", 4, "device"),
        ("a./{name}", 3, "ends with"),
    ] {
        let error = Template::parse(text).expect_err(text);
        assert_eq!(error.column, column, "{text}: {error}");
        assert!(error.what.contains(word), "{text}: {error}");
    }
    assert!(Template::parse(&"x".repeat(1025)).unwrap_err().what.contains("1024"));
}

#[test]
fn a_template_makes_a_path_of_a_request() {
    const H: &[(&str, &str)] = &[("x-user", "alice"), ("x-name", "b c.HEIC")];
    for (target, uri, expected) in [
        ("{path}", "a/b.jpg", "a/b.jpg"),
        ("/{path}", "a/b.jpg", "a/b.jpg"),
        ("x/{path}", "a/b%20c.jpg?q=1", "x/a/b%20c.jpg"),
        ("{path}/x", "a/b.jpg", "a/b.jpg/x"),
        ("{1}", "a/b.jpg", "a"),
        ("{2}/{1}", "a/b.jpg", "b.jpg/a"),
        ("{1}-{2}", "a/b.jpg", "a-b.jpg"),
        ("{3}", "a/b.jpg", "name_missing"),
        ("{3|1}", "a/b.jpg", "a"),
        ("{3|'c'}", "a/b.jpg", "c"),
        ("{name}", "a/d.jpg?n=e.jpg", "b%20c.HEIC"),
        ("{name}", "", "b%20c.HEIC"),
        ("x.{ext}", "", "x.HEIC"),
        ("{query:n}", "?n=a.jpg", "a.jpg"),
        ("{query:n}", "?m=1&n=a%2Bb+c", "a%2Bb%2Bc"),
        ("{query:n}", "?n=", "name_missing"),
        ("{query:n}", "?n", "name_missing"),
        ("{query:n}", "?n=a&n=b", "bad_path"),
        ("{query:n|'x'}", "?n=", "x"),
        ("{query:x.y}", "?x.y=1", "1"),
        ("{header:X-User}/{1}", "a", "alice/a"),
        ("{header:x-user}", "a", "alice"),
        ("{header:x-none}", "a", "name_missing"),
        ("{header:x-none|header:X-USER}", "a", "alice"),
        ("{user}", "a", "bob"),
        ("{header:x-none|user}", "a", "bob"),
        ("{ user | hash }", "a", "bob"),
        ("{path|'x'}", "", "x"),
        ("{path|'x'}", "a/", "x"),
        ("{path}", "a/", "name_missing"),
        ("größe/{1}", "a", "gr%C3%B6%C3%9Fe/a"),
        ("a b/{1}", "a", "a%20b/a"),
        // What a value may not do.
        ("{1}", "%2e%2e", "bad_path"),
        ("{1}{2}", "%2e/%2e", "bad_path"),
        ("{1}.{2}", "%2e/a", "..a"),
        ("{path}", "a/../b", "bad_path"),
        ("{path}", "a//b", "bad_path"),
        ("{query:n}", "?n=../a", "bad_path"),
        ("{query:n}", "?n=..", "bad_path"),
        ("{query:n}", "?n=a/b", "bad_path"),
        ("{query:n}", "?n=a%2fb", "bad_path"),
        ("{query:n}", "?n=a%5cb", "bad_path"),
        ("{query:n}", "?n=%00", "bad_path"),
        ("{query:n}", "?n=%ff", "bad_path"),
        ("{query:n}", "?n=%252e", "bad_path"),
        ("{query:n}", "?n=con", "bad_path"),
        ("{query:n}", "?n=a.", "bad_path"),
        ("{query:n}.jpg", "?n=con", "bad_path"),
        ("x{query:n}", "?n=con", "xcon"),
        ("c{query:n}", "?n=on", "bad_path"),
        ("{query:n}", "?n=web.config", "bad_path"),
        ("web.{query:n}", "?n=config", "bad_path"),
        ("{query:n}", "?n=a:b", "bad_path"),
        ("a{query:n}", "?n=::$DATA", "bad_path"),
    ] {
        assert_eq!(filled(target, uri, H, Some("bob")), expected, "{target} {uri}");
    }
    for (value, expected) in [
        ("alice", "alice"),
        ("gr%C3%B6n", "gr%C3%B6n"),
        ("grün", "gr%C3%BCn"),
        ("../x", "bad_path"),
        ("..", "bad_path"),
        ("a/b", "bad_path"),
        ("..\\..\\x", "bad_path"),
        ("%2e%2e%2fx", "bad_path"),
        ("%ff", "bad_path"),
        ("a%0d%0ab", "bad_path"),
        ("", "name_missing"),
        ("%", "bad_path"),
        (".", "bad_path"),
        ("．．", "bad_path"),
        ("nul", "bad_path"),
        ("a~1", "bad_path"),
        ("aspx", "aspx"),
        ("x.aspx", "bad_path"),
    ] {
        assert_eq!(filled("{header:x-user}", "a", &[("x-user", value)], None), expected, "{value:?}");
        assert_eq!(
            filled("{user}", "a", &[], Some(value).filter(|value| !value.contains('%'))).as_str(),
            match value {
                percent if percent.contains('%') => "name_missing",
                _ => expected,
            }
        );
    }
    let twice = HeaderMap::from_iter(
        ["a", "b"].map(|value| (HeaderName::from_static("x-user"), HeaderValue::from_static(value))),
    );
    let failure = route("{header:x-user}").destination(&"/in/a".parse().unwrap(), &twice);
    assert_eq!(failure.err().map(|failure| failure.problem), Some(Problem::BadPath));
}

/// The name by hash: the same for the same photo, another for another one.
#[test]
fn the_hash_is_of_what_identifies_the_photo() {
    let digest = |of: &str| ("repr-digest", format!("sha-256=:{of}:"));
    let hash = |uri: &str, fields: &[(&'static str, String)], length, user, random, policy| {
        let headers: HeaderMap = fields
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        let uri = format!("/in/{uri}").parse().unwrap();
        let route = Route { digest: policy, ..route("{hash:64}") };
        let naming = Naming { length, user, random, ..Naming::new(&uri, &headers) };
        route.locate(&naming).unwrap().target.path().strip_prefix("/up/").unwrap().to_owned()
    };
    let accept = DigestPolicy::Accept;
    let (one, other) =
        ("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=");
    // The digest alone counts.
    let base = hash("", &[digest(one)], Some(5), None, 1, accept);
    assert_eq!(base.len(), 64);
    assert_eq!(base, hash("x?y=z", &[digest(one)], None, None, 2, accept));
    assert_ne!(base, hash("", &[digest(other)], Some(5), None, 1, accept));
    assert_ne!(base, hash("", &[digest(one)], Some(5), Some("bob"), 1, accept));
    assert_ne!(base, hash("", &[digest(one)], Some(5), None, 1, DigestPolicy::Ignore));
    // Without it what the request calls the file, and its length.
    let base = hash("a", &[], Some(5), None, 1, accept);
    assert_eq!(base, hash("a", &[], Some(5), None, 2, accept));
    for different in [
        hash("b", &[], Some(5), None, 1, accept),
        hash("a?b", &[], Some(5), None, 1, accept),
        hash("a", &[], Some(6), None, 1, accept),
        hash("a", &[], None, None, 1, accept),
        hash("a", &[], Some(5), Some("bob"), 1, accept),
        hash("a", &[("x-name", "n".to_owned())], Some(5), None, 1, accept),
        hash("", &[], Some(5), None, 1, accept),
    ] {
        assert_ne!(base, different);
    }
    // Nothing names it: never the same twice.
    assert_ne!(hash("", &[], Some(5), None, 1, accept), hash("", &[], Some(5), None, 2, accept));
    assert_eq!(filled("{hash}", "a", &[], None).len(), 32);
    assert_eq!(filled("{hash:8}.{ext|'bin'}", "a", &[], None).len(), 12);
}
