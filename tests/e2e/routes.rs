//! What a route adds: the reply of an application, headers that are passed on, file names.

use crate::support::{Backend, File, Settings, Tap, Upload, quirks};
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
