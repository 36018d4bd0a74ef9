mod template;
mod values;

use super::*;
use http::HeaderMap;

fn backend() -> BackendUrl {
    BackendUrl::parse("http://iis/up/").unwrap()
}

/// To Windows, `PRIVATE` is `private`: who may upload there must not depend on it.
#[test]
fn capitals_do_not_lead_around_a_route() {
    let routes = Routes::new(vec![Route::new("/", backend()), Route::new("/private/", backend())]);
    for path in ["/private/a", "/PRIVATE/a", "/Priv%41te/a", "/%50RIVATE/a"] {
        assert_eq!(routes.find(None, path).unwrap().prefix, "/private/", "{path}");
    }
    assert_eq!(routes.find(None, "/privat/a").unwrap().prefix, "/");
}

#[test]
fn the_more_specific_route_wins() {
    let routes = Routes::new(vec![
        Route::new("/", backend()),
        Route::new("/photos/2024", backend()),
        Route::new("photos", backend()),
    ]);
    let prefixes: Vec<_> = routes.iter().map(|route| route.prefix.as_str()).collect();
    assert_eq!(prefixes, ["/photos/2024/", "/photos/", "/"]);
    for (path, prefix) in [
        ("/photos/2024/a", "/photos/2024/"),
        ("/ph%6ftos/%32024/a", "/photos/2024/"),
        ("/photos/2025/a", "/photos/"),
        ("/photos2/a", "/"),
        ("/photos", "/"),
        ("/photos%2fx/a", "/"),
        ("/Photos/a", "/photos/"),
        ("//photos/a", "/"),
    ] {
        assert_eq!(routes.find(None, path).map(|route| route.prefix.as_str()), Some(prefix), "{path}");
    }
}

#[test]
fn no_route_without_a_prefix_that_fits() {
    let routes = Routes::new(vec![Route::new("/photos/", backend())]);
    for path in ["/", "/photos", "/other/a", "*", "", "photos/a", "//photos/a", "/%2e/photos/a"] {
        assert_eq!(routes.find(None, path), None, "{path}");
    }
}

#[test]
fn a_prefix_beyond_ascii_covers_its_encoded_form() {
    let routes = Routes::new(vec![Route::new("/größe/", backend())]);
    assert!(routes.find(None, "/gr%C3%B6%C3%9fe/a").is_some());
}

#[test]
fn the_more_specific_host_wins_then_the_longer_path() {
    let route = |hosts: &[&str], prefix| Route {
        hosts: hosts.iter().map(|host| HostPattern::parse(host).unwrap()).collect(),
        ..Route::new(prefix, backend())
    };
    let routes = Routes::new(vec![
        route(&[], "/"),
        route(&[], "/a/b/c/"),
        route(&["*.example"], "/a/b/"),
        route(&["*.eu.example", "x.test"], "/"),
        route(&["p.example", "q.example"], "/a/"),
        route(&["p.example"], "/"),
    ]);
    for (host, path, label) in [
        (None, "/a/b/c/d", Some("/a/b/c/")),
        (None, "/x", Some("/")),
        (Some("other.test"), "/a/b/c/d", Some("/a/b/c/")),
        (Some("p.example"), "/a/b/c/d", Some("p.example,q.example/a/")),
        (Some("p.example"), "/b/c", Some("p.example/")),
        (Some("q.example"), "/b/c", Some("/")),
        (Some("z.example"), "/a/b/c/d", Some("*.example/a/b/")),
        (Some("z.example"), "/a/x", Some("/")),
        (Some("z.eu.example"), "/a/b/c/d", Some("*.eu.example,x.test/")),
        (Some("x.test"), "/a/b/c/d", Some("*.eu.example,x.test/")),
        (Some("example"), "/a/b/x", Some("/")),
        (Some("p.example"), "*", None),
    ] {
        let found = routes.find(host, path).map(|route| route.label());
        assert_eq!(found.as_deref(), label, "{host:?} {path}");
        let taken: Vec<_> = routes.explain(host, path).filter(|(_, fit)| *fit == Fit::Taken).collect();
        assert_eq!(taken.len(), usize::from(label.is_some()));
    }
    let fits: Vec<_> =
        routes.explain(Some("p.example"), "/a/x").map(|(route, fit)| (route.label(), fit)).collect();
    let fit = |label: &str| fits.iter().find(|(other, _)| other == label).unwrap().1;
    assert_eq!(fit("p.example,q.example/a/"), Fit::Taken);
    assert_eq!(fit("p.example/"), Fit::OtherPrefixIsLonger);
    assert_eq!(fit("/"), Fit::OtherHostSaysMore);
    assert_eq!(fit("*.eu.example,x.test/"), Fit::OtherHost);
    assert_eq!(fit("/a/b/c/"), Fit::OtherPath);
    let hostly = Routes::new(vec![route(&["p.example"], "/")]);
    assert_eq!(hostly.find(None, "/a"), None);
    assert_eq!(hostly.find(Some("q.example"), "/a"), None);
}

#[test]
fn backend_urls() {
    for (text, authority, base) in [
        ("http://iis", "iis", "/"),
        ("http://iis/", "iis", "/"),
        ("http://iis:8080/uploads", "iis:8080", "/uploads/"),
        ("http://iis/a/b/", "iis", "/a/b/"),
        ("HTTP://IIS/a", "IIS", "/a/"),
        ("http://[::1]:81/a", "[::1]:81", "/a/"),
        ("http://[::1]/a", "[::1]", "/a/"),
        ("http://10.0.0.1/a%20b/", "10.0.0.1", "/a%20b/"),
        ("http://iis/größe/", "iis", "/gr%C3%B6%C3%9Fe/"),
        ("http://iis/a;b/", "iis", "/a;b/"),
    ] {
        let url = BackendUrl::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((url.authority.as_str(), url.base.as_str()), (authority, base), "{text}");
    }
    for (text, word) in [
        ("", "not a URL"),
        ("iis", "http://"),
        ("/uploads/", "http://"),
        ("iis:8080", "http://"),
        ("ftp://iis/", "http://"),
        ("http:///uploads", "not a URL"),
        ("http://", "not a URL"),
        ("http://:80/", "host"),
        ("http://user@iis/", "password"),
        ("http://user:secret@iis/", "password"),
        ("http://iis:port/", "not a port"),
        ("http://iis:0/", "not a port"),
        ("http://iis:65536/", "not a port"),
        ("http://iis:/", "not a port"),
        ("http://iis/?a=b", "query"),
        ("http://iis/#top", "fragment"),
        ("http://iis/a/../b/", "dot segment"),
        ("http://iis/a//b/", "empty segment"),
        ("http://iis//a/", "empty segment"),
        ("http://iis/a//", "empty segment"),
        ("http://iis/a%2fb/", "slash"),
        ("http://iis/con/", "device"),
        ("http://iis/a b/", "not a URL"),
    ] {
        match BackendUrl::parse(text) {
            Ok(url) => panic!("{text} gave {url:?}"),
            Err(error) => {
                assert!(error.contains(word), "{text}: {error}");
                assert!(!error.contains("secret"), "{error}");
            }
        }
    }
}

/// `Content-Name` for a header value, a query and a last path segment.
fn name(header: Option<&[u8]>, query: Option<&str>, last: &str) -> String {
    let source = NameSource { header: Some(HeaderName::from_static("x-name")), query: Some("name".into()) };
    let mut headers = HeaderMap::new();
    if let Some(value) = header {
        headers.insert("x-name", HeaderValue::from_bytes(value).unwrap());
    }
    name::as_header(&source.file_name(query, &headers, last)).to_str().unwrap().to_owned()
}

#[test]
fn content_name_comes_from_the_first_source_that_gives_one() {
    assert_eq!(name(Some(b"h.jpg"), Some("name=q.jpg"), "l.jpg"), "h.jpg");
    assert_eq!(name(None, Some("a=b&name=q.jpg"), "l.jpg"), "q.jpg");
    assert_eq!(name(Some(b""), Some("name=q.jpg"), "l.jpg"), "q.jpg");
    assert_eq!(name(Some(b"dir/"), Some("name="), "l.jpg"), "l.jpg");
    assert_eq!(name(Some(b" .. "), Some("nam=q"), "l.jpg"), "l.jpg");
    assert_eq!(name(None, None, "l.jpg"), "l.jpg");
    assert_eq!(name(None, None, " \u{FF0E}"), "_");
    assert_eq!(NameSource::default().file_name(Some("name=q"), &HeaderMap::new(), "l"), "l");
}

#[test]
fn content_name_is_a_clean_name() {
    for (raw, cleaned) in [
        (&b"IMG_0001.HEIC"[..], "IMG_0001.HEIC"),
        (b"a b (1)+2.jpg", "a b (1)+2.jpg"),
        (b"gr%C3%B6%C3%9Fe.jpg", "gr%C3%B6%C3%9Fe.jpg"),
        ("größe.jpg".as_bytes(), "gr%C3%B6%C3%9Fe.jpg"),
        (b"C:\\photos\\a.jpg", "a.jpg"),
        (b"../../etc/passwd", "passwd"),
        (b"..%2f..%5ca.jpg", "a.jpg"),
        (b"a%0d%0aX-Evil: 1.jpg", "a__X-Evil_ 1.jpg"),
        (b"100%.jpg", "100_.jpg"),
        (b"a%2500.jpg", "a_00.jpg"),
        (b"a\xff.jpg", "a_.jpg"),
        (b"a*b?c\"d<e>f|g.jpg", "a_b_c_d_e_f_g.jpg"),
        (b"con", "_con"),
        (b"NUL.jpg", "_NUL.jpg"),
        (b"a.jpg. .", "a.jpg"),
        (b".hidden", ".hidden"),
    ] {
        assert_eq!(name(Some(raw), None, "l"), cleaned, "{:?}", String::from_utf8_lossy(raw));
    }
    assert_eq!(name(None, Some("name=a%26b%3Dc+d.jpg"), "l"), "a&b=c+d.jpg");
}

#[test]
fn content_name_is_cut_but_keeps_its_extension() {
    let long = name(Some(format!("{}.jpeg", "x".repeat(400)).as_bytes()), None, "l");
    assert_eq!((long.len(), long.ends_with("x.jpeg")), (260, true), "{long}");
    let wide = name(None, None, &format!("{}.jpeg", "ö".repeat(100)));
    assert!(wide.len() <= 260 && wide.ends_with("%B6.jpeg"), "{wide}");
    let only_extension = name(None, None, &format!("a.{}", "x".repeat(300)));
    assert_eq!(only_extension.len(), 260);
}
