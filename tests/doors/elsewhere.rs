//! P10, with every policy: a backend that wants the proxy to be somewhere else gets nothing there, not even a connection.

use crate::meddler::{How, Meddler};
use crate::support::{Answer, Backend, File, Proxy, Settings, within};
use crate::trap::Trap;
use put2bits::limits::MIB;
use std::net::Ipv4Addr;

/// Somebody else's.
const EVIL: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 66);
/// A node that the operator allows and nobody names.
const SPARE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 67);
/// A node that the operator allows, of the backend's own.
const NODE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 68);

const POLICIES: [&str; 3] = ["ignore", "same-domain", "allow-list"];

struct Farm {
    backend: Backend,
    meddler: Meddler,
    proxy: Proxy,
    evil: Trap,
    spare: Trap,
}

impl Farm {
    /// A route for each policy, with these further lines.
    async fn new(lines: &str, quirks: &[&str]) -> Farm {
        let backend = Backend::new(quirks, &[]);
        let meddler = Meddler::before(backend.addr()).await;
        let port = meddler.addr.port();
        let (evil, spare) = (Trap::at(EVIL, port).await, Trap::at(SPARE, port).await);
        meddler.also_at(NODE).await;
        let folder = tempfile::tempdir().unwrap();
        let token = folder.path().join("token");
        std::fs::write(&token, "planted-secret").unwrap();
        let mut text = String::new();
        for policy in POLICIES {
            let hosts = match policy {
                "allow-list" => format!("host_ids = ['{SPARE}', '{NODE}']\n"),
                _ => String::new(),
            };
            text += &format!(
                "[[backend]]\nname = '{policy}'\nurl = 'http://{}/'\nprofile = 'refuse'\nhost_id = '{policy}'\n{hosts}\
                 credentials = 'bearer'\ncredentials_file = '{}'\n\
                 [[route]]\npath = '/{policy}/'\nbackend = '{policy}'\n{lines}\n",
                meddler.addr,
                token.display()
            );
        }
        let settings = Settings::routes(&text).set("retry.window", "2s").set("retry.create_window", "2s");
        Farm { backend, meddler, proxy: settings.start().await, evil, spare }
    }

    async fn put(&self, path: &str) -> Answer {
        self.proxy.put(path, File::new(MIB + 7)).await.finish().await
    }

    #[track_caller]
    fn assert_nobody_came(&self) {
        assert_eq!((self.evil.visits(), self.spare.visits()), (0, 0));
    }
}

#[tokio::test]
async fn nodes_that_are_not_allowed() {
    let farm = Farm::new("", &[]).await;
    let port = farm.meddler.addr.port();
    let values = [
        EVIL.to_string(),
        "evil.example".to_owned(),
        format!("{EVIL}:{port}"),
        format!("http://{EVIL}:{port}/"),
        format!("user@{EVIL}"),
        format!("{SPARE}@{EVIL}"),
        format!("{SPARE},{EVIL}"),
        format!("{EVIL}."),
        format!("[::ffff:{EVIL}]"),
        u32::from(EVIL).to_string(),
        "0x7f.66".to_owned(),
        "127.66".to_owned(),
        format!("{SPARE}.evil.example"),
    ];
    for (number, value) in values.iter().enumerate() {
        for (at, which) in ["Create-Session", "Fragment", "Close-Session"].into_iter().enumerate() {
            let file = format!("{number}-{at}");
            let fields = format!("BITS-Host-Id: {value}\r\nBITS-Host-Id-Fallback-Timeout: 1\r\n");
            farm.meddler.meddle(&file, which, How::Add(fields));
        }
        for policy in POLICIES {
            for at in 0..3 {
                let path = format!("/{policy}/{number}-{at}");
                let answer = farm.put(&path).await;
                assert_eq!(answer.status, 201, "{policy} {value}: {answer}");
                assert!(farm.meddler.struck(&format!("{number}-{at}")) > 0, "{value}");
            }
        }
    }
    // Two at once: which one is meant?
    let both = format!("BITS-Host-Id: {NODE}\r\nBITS-Host-Id: {EVIL}\r\n");
    farm.meddler.meddle("two", "Create-Session", How::Add(both));
    assert_eq!(farm.put("/allow-list/two").await.status, 201);
    farm.assert_nobody_came();
}

/// So that the test above is one: who is allowed is asked.
#[tokio::test]
async fn a_node_that_is_allowed_is_asked() {
    let farm = Farm::new("", &[]).await;
    let fields = |host| format!("BITS-Host-Id: {host}\r\nBITS-Host-Id-Fallback-Timeout: 1\r\n");
    farm.meddler.meddle("a", "Create-Session", How::Add(fields(NODE)));
    assert_eq!(farm.put("/allow-list/a").await.status, 201);
    assert!(farm.meddler.visits_at(NODE) > 0);
    farm.assert_nobody_came();
    farm.meddler.meddle("b", "Create-Session", How::Add(fields(SPARE)));
    // Nothing there speaks. What the proxy makes of it is said elsewhere.
    let mut upload = farm.proxy.put("/allow-list/b", File::new(MIB)).await;
    upload.send_to(1000).await;
    farm.spare.until_visited().await;
    assert_eq!(farm.evil.visits(), 0);
}

fn redirect(status: u16, port: u16) -> How {
    let fields = format!("Location: http://{EVIL}:{port}/\r\nRefresh: 0; url=http://{EVIL}:{port}/\r\n");
    How::Say(format!(
        "HTTP/1.1 {status} There\r\n{fields}Content-Location: http://{EVIL}:{port}/\r\nContent-Length: 0\r\n\r\n"
    ))
}

#[tokio::test]
async fn redirects_at_every_packet() {
    let farm = Farm::new("reply = 'forward'", &["reply-url=path"]).await;
    let port = farm.meddler.addr.port();
    for status in [301, 302, 303, 307, 308] {
        for at in ["Create-Session", "Ping", "Fragment", "Close-Session", "GET", "Cancel-Session"] {
            let file = format!("{at}-{status}");
            if at != "GET" {
                farm.meddler.meddle(&file, at, redirect(status, port));
            }
            let host = How::Add(format!("BITS-Host-Id: {NODE}\r\n"));
            match at {
                "Ping" => farm.meddler.meddle(&file, "Create-Session", host),
                "GET" => farm.meddler.meddle_with_replies(redirect(status, port)),
                _ => {}
            }
            let path = format!("/allow-list/{file}");
            if at == "Cancel-Session" {
                let mut upload = farm.proxy.put(&path, File::new(8 * MIB)).await;
                upload.send_to(MIB).await;
                within("a part", farm.backend.wait_for(|stats| stats.sessions_open > 0)).await;
                upload.vanish(true);
                farm.meddler.until_struck(&file).await;
            } else {
                let answer = farm.put(&path).await;
                // Whatever a node says to a Ping, it is there.
                let is_stored = ["Ping", "GET"].contains(&at);
                let wanted = if is_stored { 201 } else { 502 };
                assert_eq!(answer.status, wanted, "{file}: {answer}");
                assert!(answer.header("location").is_none(), "{file}: {answer}");
                assert_eq!(farm.backend.published().contains_key(&format!("/{file}")), is_stored, "{file}");
            }
            let struck = if at == "GET" { farm.meddler.struck("GET") } else { farm.meddler.struck(&file) };
            assert!(struck > 0, "{file}");
        }
    }
    farm.assert_nobody_came();
}

#[tokio::test]
async fn redirects_of_questions_about_the_file() {
    // A name that exists is asked for before the upload.
    let farm = Farm::new("overwrite = 'refuse'", &[]).await;
    let port = farm.meddler.addr.port();
    for status in [301, 302, 303, 307, 308] {
        let file = format!("before-{status}");
        farm.meddler.meddle(&file, "HEAD", redirect(status, port));
        let answer = farm.put(&format!("/ignore/{file}")).await;
        assert_eq!(answer.status, 502, "{file}: {answer}");
        assert!(farm.meddler.struck(&file) > 0, "{file}");
    }
    farm.assert_nobody_came();

    // Evidence, after the answer to Close-Session was lost.
    let farm = Farm::new("", &[]).await;
    let port = farm.meddler.addr.port();
    for status in [301, 302, 303, 307, 308] {
        let file = format!("evidence-{status}");
        farm.meddler.meddle(&file, "Close-Session", How::Lose);
        farm.meddler.meddle(&file, "HEAD", redirect(status, port));
        let answer = farm.put(&format!("/ignore/{file}")).await;
        assert!([502, 503, 504].contains(&answer.status), "{file}: {answer}");
        assert_eq!(answer.header("put2bits-error"), Some("close_in_doubt"), "{answer}");
    }
    farm.assert_nobody_came();
}

#[tokio::test]
async fn replies_that_lie_elsewhere() {
    let farm = Farm::new("reply = 'forward'", &[]).await;
    let port = farm.meddler.addr.port();
    for (number, url) in [
        format!("http://{EVIL}:{port}/x"),
        format!("//{EVIL}:{port}/x"),
        format!("\\\\{EVIL}:{port}\\x"),
        format!("/\\{EVIL}:{port}/x"),
        format!("http://127.0.0.1:{port}@{EVIL}:{port}/x"),
        format!("http://{SPARE}:{port}/x"),
        "http://evil.example/x".to_owned(),
        format!("https://127.0.0.1:{port}/x"),
    ]
    .into_iter()
    .enumerate()
    {
        let file = number.to_string();
        farm.meddler.meddle(&file, "Fragment", How::Add(format!("BITS-Reply-URL: {url}\r\n")));
        for policy in POLICIES {
            let answer = farm.put(&format!("/{policy}/{file}")).await;
            assert_eq!((answer.status, answer.body.len()), (201, 0), "{url}: {answer}");
        }
        assert!(farm.meddler.struck(&file) > 0);
    }
    farm.assert_nobody_came();
}
