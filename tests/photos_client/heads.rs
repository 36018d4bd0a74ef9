//! What each system sends, byte by byte.

use crate::peer::{Memory, Peer, upload};
use put2bits::phone::{BadHeader, Check, Drop, Header, Phone, System};

/// What ends every head.
const TAIL: &str = concat!(
    "User-Agent: photos_client/",
    env!("CARGO_PKG_VERSION"),
    "\r\nAccept: */*\r\nAccept-Language: en-GB,en;q=0.9\r\nAccept-Encoding: gzip, deflate\r\n\r\n"
);

const APP: &str = "Content-Type: video/mp4\r\nAuthorization: Bearer x\r\nX-Filename: a.mov\r\n";

/// System; its number and its word for "complete"; the type of a part; the length of HEAD.
const SYSTEMS: [(&System, &str, &str, &str, &str); 7] = [
    (&System::IOS_17, "Upload-Draft-Interop-Version: 3\r\n", "Upload-Incomplete: ?0\r\n", "video/mp4", ""),
    (&System::INTEROP_4, "Upload-Draft-Interop-Version: 4\r\n", "Upload-Complete: ?1\r\n", "video/mp4", ZERO),
    (&System::IOS_18_0, "Upload-Draft-Interop-Version: 5\r\n", "Upload-Complete: ?1\r\n", "video/mp4", ZERO),
    (&System::IOS_26, "Upload-Draft-Interop-Version: 6\r\n", "Upload-Complete: ?1\r\n", PARTIAL, ZERO),
    (&System::INTEROP_7, "Upload-Draft-Interop-Version: 7\r\n", "Upload-Complete: ?1\r\n", PARTIAL, ZERO),
    (&System::INTEROP_8, "Upload-Draft-Interop-Version: 8\r\n", "Upload-Complete: ?1\r\n", PARTIAL, ZERO),
    (&System::RFC, "", "Upload-Complete: ?1\r\n", PARTIAL, ZERO),
];

const PARTIAL: &str = "application/partial-upload";
const ZERO: &str = "Content-Length: 0\r\n";

fn with_app(mut phone: Phone) -> Phone {
    for header in ["Content-Type: video/mp4", "Authorization: Bearer x", "X-Filename:  a.mov "] {
        phone.add_header(header.parse().unwrap());
    }
    phone
}

#[tokio::test]
async fn every_system_sends_its_own_headers() {
    for (system, number, complete, part_type, head_length) in SYSTEMS {
        let peer = Peer::bind().await;
        let mut phone = with_app(peer.phone());
        (phone.system, phone.check, phone.drops) = (system, Check::Full, vec![(6, Drop::Reset)]);
        let host = peer.host();
        let server = async {
            let (mut first, head) = peer.request().await;
            assert_eq!(head, format!("OPTIONS /a.mov HTTP/1.1\r\nHost: {host}\r\n{APP}{number}{TAIL}"));
            first.say("HTTP/1.1 200 OK\r\nUpload-Limit: min-size=0\r\nContent-Length: 0\r\n\r\n").await;
            let put = format!(
                "PUT /a.mov HTTP/1.1\r\nHost: {host}\r\nContent-Length: 10\r\n{APP}{number}{complete}{TAIL}"
            );
            assert_eq!(first.head().await, put);
            first.say(&format!("HTTP/1.1 104 x\r\nLocation: /_uploads/1\r\n{number}\r\n")).await;
            assert_eq!(first.rest().await.0.len(), 6);
            let (mut second, head) = peer.request().await;
            assert_eq!(
                head,
                format!("HEAD /_uploads/1 HTTP/1.1\r\nHost: {host}\r\n{number}{head_length}{APP}{TAIL}")
            );
            second.say("HTTP/1.1 204 No Content\r\nUpload-Offset: 4\r\n\r\n").await;
            let app = APP.replace("video/mp4", part_type);
            let patch = format!(
                "PATCH /_uploads/1 HTTP/1.1\r\nHost: {host}\r\nUpload-Offset: 4\r\nContent-Length: 6\r\n\
                 {number}{complete}{app}{TAIL}"
            );
            assert_eq!(second.head().await, patch);
            assert_eq!(second.body(6).await, Memory::new(10).0[4..]);
            second
                .say(
                    "HTTP/1.1 201 x\r\nUpload-Offset: 10\r\nUpload-Complete: ?1\r\nContent-Length: 0\r\n\r\n",
                )
                .await;
        };
        let (told, ()) = tokio::join!(upload(&phone, Memory::new(10)), server);
        told.assert_stored();
    }
}

#[tokio::test]
async fn a_bare_check_says_nothing_of_the_app() {
    let peer = Peer::bind().await;
    let mut phone = with_app(peer.phone());
    phone.check = Check::Bare;
    phone.method = http::Method::POST;
    phone.add_header("user-agent: mine".parse().unwrap());
    let server = async {
        let (mut connection, head) = peer.request().await;
        assert_eq!(
            head,
            format!("OPTIONS /a.mov HTTP/1.1\r\nHost: {}\r\n{TAIL}", peer.host())
                .replace(concat!("User-Agent: photos_client/", env!("CARGO_PKG_VERSION"), "\r\n"), "")
        );
        connection.say("HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n").await;
        let head = connection.head().await;
        assert!(head.starts_with("POST /a.mov HTTP/1.1\r\n"), "{head}");
        assert_eq!(head.matches("ser-").count() + head.matches("ser-agent: mine").count(), 2, "{head}");
        connection.body(3).await;
        connection.say(crate::peer::STORED).await;
    };
    let (told, ()) = tokio::join!(upload(&phone, Memory::new(3)), server);
    told.assert_stored();
}

#[test]
fn systems_are_found_by_release_and_number() {
    for (release, number) in [("17", "3"), ("18.0", "5"), ("18", "6"), ("26", "6")] {
        assert_eq!(System::ios(release), System::interop(number), "{release}");
        assert!(System::ios(release).is_some(), "{release}");
    }
    assert_eq!(System::interop("rfc"), Some(&System::RFC));
    for number in ["", "2", "9", "256", "-3", "RFC"] {
        assert_eq!(System::interop(number), None, "{number}");
    }
    assert_eq!(System::ios("16"), None);
}

#[test]
fn what_the_client_sets_itself_is_no_header_of_the_app() {
    for text in ["nothing", "a b: c", "a: b\r\nc: d", ": x"] {
        assert_eq!(text.parse::<Header>(), Err(BadHeader::Malformed), "{text}");
    }
    for name in ["Host", "content-length", "Upload-Offset", "Transfer-Encoding", "Connection"] {
        assert_eq!(format!("{name}: 1").parse::<Header>(), Err(BadHeader::Reserved(name.into())));
    }
}

#[test]
fn only_plain_http_is_spoken() {
    for (url, says) in [
        ("https://a/", "only http://"),
        ("a/b", "relative URL"),
        ("http://", "empty host"),
        ("http://u:p@a/", "as a header"),
    ] {
        let error = Phone::new(url).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}
