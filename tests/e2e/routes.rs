//! What a route adds: the reply of an application, headers that are passed on, file names.

use crate::support::{Backend, File, Settings, Tap, Upload, ask, quirks, within};
use put2bits::limits::MIB;
use put2bits::mock::{MockConfig, Storage};

#[tokio::test]
async fn the_reply_of_the_application_is_the_body_of_the_answer() {
    for form in ["reply-url=path", "reply-url=backslashes"] {
        let backend = Backend::start(MockConfig {
            knobs: quirks(&[form]),
            storage: Storage::Hash,
            reply: "<photo id=\"7\"/>".into(),
            ..MockConfig::default()
        });
        let route = "profile = 'refuse'\nreply = 'forward'";
        let proxy = Settings::route(&backend.url(), route).start().await;
        let file = File::new(2 * MIB);
        let answer = proxy.put("/in/a", file).await.finish().await;
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (201, &b"<photo id=\"7\"/>"[..]),
            "{form}: {answer}"
        );
        backend.assert_stored("/in/a", file);

        let proxy = Settings::to(&backend).start().await;
        proxy.put("/in/b", file).await.finish().await.assert_stored();
    }
}

#[tokio::test]
async fn only_listed_headers_are_passed_on() {
    let backend = Backend::new(&["server=legacy/3", "pragma=yes"], &[]);
    let route = "profile = 'refuse'\nresponse_headers = ['Server', 'X-None']";
    let proxy = Settings::route(&backend.url(), route).start().await;
    let answer = proxy.put("/a", File::new(MIB)).await.finish().await;
    answer.assert_stored();
    assert_eq!(answer.header("server"), Some("legacy/3"));
    for name in ["pragma", "x-none", "bits-session-id", "bits-packet-type"] {
        assert_eq!(answer.header(name), None, "{answer}");
    }
}

#[tokio::test]
async fn the_file_name_comes_from_where_the_route_says() {
    let backend = Backend::new(&[], &[]);
    let route = "profile = 'refuse'\nname_header = 'X-File-Name'\nname_query = 'name'";
    for (path, fields, name) in [
        ("/a.jpg", "", "a.jpg"),
        ("/a.jpg?name=b%20c.jpg", "", "b c.jpg"),
        ("/a.jpg?name=b.jpg", "X-File-Name: d.jpg\r\n", "d.jpg"),
        ("/a.jpg", "X-File-Name: ../../evil\r\n", "evil"),
    ] {
        let tap = Tap::before(backend.addr()).await;
        let proxy = Settings::route(&tap.url(), route).start().await;
        let upload = Upload::begin(proxy.addr, "PUT", path, File::new(10), fields).await;
        upload.finish().await.assert_stored();
        let requests = tap.requests();
        assert!(requests.contains(&format!("\r\nContent-Name: {name}\r\n")), "{requests}");
        assert!(!requests.contains("name="), "the query stays here: {requests}");
    }
}

/// P11, P12: nothing of the client's head goes through but what has a meaning for BITS.
#[tokio::test]
async fn the_clients_own_headers_stay_here() {
    let backend = Backend::new(&[], &[]);
    let tap = Tap::before(backend.addr()).await;
    let proxy = Settings::to_url(&tap.url()).set("log.filter", "trace").start().await;
    let fields = "Authorization: Bearer hush\r\nCookie: hush\r\nX-Any: hush\r\nConnection: X-Any\r\n\
                  BITS-Session-Id: hush\r\nContent-Type: image/hush\r\n";
    let upload = Upload::begin(proxy.addr, "PUT", "/a?token=hush", File::new(10), fields).await;
    upload.finish().await.assert_stored();
    proxy.upload_line("/a").await;
    let requests = tap.requests();
    assert!(requests.contains("BITS_POST /a HTTP/1.1\r\n"), "{requests}");
    assert!(!requests.contains("hush"), "{requests}");
    assert!(!proxy.log_text().contains("hush"), "{}", proxy.log_text());
}

#[tokio::test]
async fn the_host_chooses_the_route_then_the_path() {
    let backend = Backend::new(&[], &[]);
    let route = |host: &str, path: &str, folder: &str| {
        let url = backend.url();
        format!("[[route]]\n{host}\npath = '{path}'\nbackend = '{url}{folder}/'\nprofile = 'refuse'\n")
    };
    let file = [
        route("", "/", "any"),
        route("", "/a/b/", "deep"),
        route("host = 'P.Example'", "/", "p"),
        route("host = ['*.example', 'x.test']", "/a/", "wild"),
    ]
    .concat();
    let proxy = Settings::routes(&file).start().await;
    for (host, path, stored) in [
        ("p.example", "/a/1", "/p/a/1"),
        ("P.EXAMPLE:8080", "/a/b/2", "/p/a/b/2"),
        ("q.example", "/a/b/3", "/wild/b/3"),
        ("x.test.", "/a/4", "/wild/4"),
        ("q.example", "/5", "/any/5"),
        ("other", "/a/b/6", "/deep/6"),
        ("example", "/a/7", "/any/a/7"),
    ] {
        let head = format!("PUT {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n");
        ask(proxy.addr, &head).await.assert_stored();
        backend.assert_stored(stored, File::new(0));
    }
}

#[tokio::test]
async fn a_template_names_the_file() {
    let backend = Backend::new(&[], &[]);
    let route = "profile = 'refuse'\ntarget = \"{header:X-User}/{query:album|'all'}/{name|hash}\"\n\
                 add_response_headers = { X-By = 'us' }\nname_header = 'X-Name'";
    let proxy = Settings::route(&backend.url(), route).start().await;
    let put = async |path: &str, lines: &str| {
        Upload::begin(proxy.addr, "PUT", path, File::new(10), lines).await.finish().await
    };
    for (path, lines, target) in [
        ("/a.jpg", "X-User: alice\r\n", "alice/all/a.jpg"),
        ("/a.jpg?album=x%20y", "X-User: alice\r\nX-Name: b.jpg\r\n", "alice/x%20y/b.jpg"),
    ] {
        let answer = put(path, lines).await;
        answer.assert_stored();
        assert_eq!(answer.header("put2bits-target"), Some(target));
        assert_eq!(answer.header("x-by"), Some("us"));
        backend.assert_stored(&format!("/{target}"), File::new(10));
    }
    put("/a.jpg", "").await.assert_problem(400, "name_missing");
    put("/a.jpg", "X-User: ..\r\n").await.assert_problem(400, "bad_path");
    put("/a.jpg", "X-User: a/../../b\r\n").await.assert_problem(400, "bad_path");
    put("/a.jpg", "X-User: a\r\nX-User: b\r\n").await.assert_problem(400, "bad_path");
    // Nothing names it: two files.
    let (one, other) = (put("/", "X-User: a\r\n").await, put("/", "X-User: a\r\n").await);
    assert_ne!(one.header("put2bits-target"), other.header("put2bits-target"), "{one}{other}");
    assert_eq!(backend.published().len(), 4);
}

#[tokio::test]
async fn fields_go_along_with_every_packet() {
    let backend = Backend::new(&[], &[]);
    let tap = Tap::before(backend.addr()).await;
    let route = "profile = 'refuse'\nrequest_headers = ['X-User', 'X-Asset = X-Original']\n\
                 set_headers = { X-Source = 'put2bits', X-Fixed = 'ours' }\noverwrite = 'suffix'";
    let proxy = Settings::route(&tap.url(), route).start().await;
    let lines = "X-User: alice\r\nX-Asset: 7\r\nX-Fixed: theirs\r\nX-Other: hush\r\n";
    Upload::begin(proxy.addr, "PUT", "/a", File::new(10), lines).await.finish().await.assert_stored();
    let requests = tap.requests().to_lowercase();
    let packets = requests.matches("bits_post /a http/1.1").count();
    assert_eq!(packets, 3, "{requests}");
    for field in ["x-user: alice", "x-original: 7", "x-source: put2bits", "x-fixed: ours"] {
        // With the HEAD before them, too.
        assert_eq!(requests.matches(&format!("\r\n{field}\r\n")).count(), packets + 1, "{field}: {requests}");
    }
    for absent in ["hush", "theirs", "x-asset"] {
        assert!(!requests.contains(absent), "{absent}: {requests}");
    }
}

#[tokio::test]
async fn a_route_has_limits_of_its_own() {
    let backend = Backend::new(&[], &[]);
    let route = "profile = 'refuse'\nmax_upload = 100\ndigest = 'require'";
    let proxy = Settings::route(&backend.url(), route).start().await;
    let put = async |size, lines: &str| {
        Upload::begin(proxy.addr, "PUT", "/a", File::new(size), lines).await.finish().await
    };
    put(101, "").await.assert_problem(413, "too_large");
    put(100, "").await.assert_problem(400, "digest_required");
    put(100, "Repr-Digest: md5=:1B2M2Y8AsgTpgAmY7PhCfg==:\r\n").await.assert_problem(400, "digest_required");
    let wrong = "Repr-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:\r\n";
    put(100, wrong).await.assert_problem(400, "digest_mismatch");
    let proxy = Settings::route(&backend.url(), "profile = 'refuse'\ndigest = 'ignore'").start().await;
    let upload = Upload::begin(proxy.addr, "PUT", "/b", File::new(100), wrong).await;
    upload.finish().await.assert_stored();
}

#[tokio::test]
async fn refuse_never_overwrites() {
    let backend = Backend::new(&["existing=overwrite"], &[]);
    let proxy = Settings::route(&backend.url(), "profile = 'refuse'\noverwrite = 'refuse'").start().await;
    proxy.put("/a.jpg", File::new(10)).await.finish().await.assert_stored();
    proxy.put("/a.jpg", File::new(20)).await.finish().await.assert_problem(409, "file_exists");
    backend.assert_stored("/a.jpg", File::new(10));
    // Two at once, one of them in another spelling: the second finds the name taken.
    let mut first = proxy.put("/b.jpg", File::new(2 * MIB)).await;
    first.send_to(MIB).await;
    within("a part", backend.wait_for(|stats| stats.bytes > 10)).await;
    proxy.put("/B.jpg", File::new(20)).await.finish().await.assert_problem(409, "file_exists");
    first.finish().await.assert_stored();
    backend.assert_stored("/b.jpg", File::new(2 * MIB));
    proxy.put("/c.jpg", File::new(20)).await.finish().await.assert_stored();
}

#[tokio::test]
async fn suffix_finds_another_name() {
    let backend = Backend::new(&["existing=overwrite"], &[]);
    let proxy = Settings::route(&backend.url(), "profile = 'refuse'\noverwrite = 'suffix'").start().await;
    let first = proxy.put("/f/a.jpg", File::new(10)).await.finish().await;
    first.assert_stored();
    assert_eq!(first.header("put2bits-target"), Some("f/a.jpg"));
    let mut names = vec!["f/a.jpg".to_owned()];
    let mut running = Vec::new();
    for size in [2 * MIB, 3 * MIB, 4 * MIB] {
        let mut upload = proxy.put("/f/a.jpg", File::new(size)).await;
        upload.send_to(MIB).await;
        running.push((size, upload));
    }
    for (size, upload) in running {
        let answer = upload.finish().await;
        answer.assert_stored();
        let name = answer.header("put2bits-target").unwrap().to_owned();
        assert!(name.starts_with("f/a-") && name.ends_with(".jpg") && name.len() == 16, "{name}");
        backend.assert_stored(&format!("/{name}"), File::new(size));
        assert!(!names.contains(&name), "{name} twice");
        names.push(name);
    }
    backend.assert_stored("/f/a.jpg", File::new(10));
}

#[tokio::test]
async fn a_backend_that_does_not_tell_is_taken_for_a_full_one() {
    let config =
        MockConfig { serve_files: false, knobs: quirks(&[]), storage: Storage::Hash, ..Default::default() };
    let backend = Backend::start(config);
    let proxy = Settings::route(&backend.url(), "profile = 'refuse'\noverwrite = 'refuse'").start().await;
    proxy.put("/a.jpg", File::new(10)).await.finish().await.assert_problem(502, "exists_unknown");
    assert!(backend.published().is_empty());
    let proxy = Settings::route(&backend.url(), "profile = 'refuse'\noverwrite = 'suffix'").start().await;
    let answer = proxy.put("/a.jpg", File::new(10)).await.finish().await;
    answer.assert_stored();
    let name = answer.header("put2bits-target").unwrap();
    assert!(name.starts_with("a-") && name.len() == 14, "{name}");
    backend.assert_stored(&format!("/{name}"), File::new(10));
}
