//! When a body is asked for, and how the client sees a refusal while it still sends.

use crate::support::{Event, Front, MAX_UPLOAD, within};
use put2bits::limits::MIB;
use std::time::Duration;

fn expecting(name: &str, length: u64) -> String {
    format!("PUT /in/{name} HTTP/1.1\r\nHost: p\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n")
}

#[tokio::test]
async fn continue_is_sent_when_the_body_is_first_wanted() {
    let mut front = Front::start().await;
    let mut client = front.connect().await;
    client.send(expecting("gated", 5)).await;
    assert!(matches!(front.event().await, Event::Started(_)));
    let early = tokio::time::timeout(Duration::from_millis(100), client.answer()).await;
    assert!(early.is_err(), "{early:?}");
    front.gate.add_permits(1);
    assert_eq!(client.answer().await.status, 100);
    client.send("hello").await;
    assert_eq!(client.answer().await.status, 201);
    assert!(matches!(front.event().await, Event::Read(5)));
}

#[tokio::test]
async fn a_refusal_comes_instead_of_continue() {
    let front = Front::start().await;
    front.gate.add_permits(1);
    for (request, status) in [
        (expecting("full", 5), 507),
        (expecting("gated-full", 5), 507),
        (expecting("a", MAX_UPLOAD + 1), 413),
        (expecting("..", 5), 400),
    ] {
        let mut client = front.connect().await;
        client.send(&request).await;
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (status, Some("close")), "{request:?}");
        client.ends().await;
    }
}

/// Sends 20 MB without looking, then reads.
async fn stubborn_put(front: &Front, head: &str) -> u16 {
    static BODY: [u8; 20_000_000] = [7; 20_000_000];
    let mut client = front.connect().await;
    client.send(head).await;
    client.send(&BODY[..]).await;
    let answer = client.answer().await;
    client.ends().await;
    answer.status
}

#[tokio::test]
async fn an_early_refusal_can_be_read_by_a_client_that_sends_first() {
    let front = Front::start().await;
    front.gate.add_permits(20);
    for round in 0..20 {
        for (name, expected) in [("full", 507), ("later-full", 507), ("gated-full", 507), (".", 400)] {
            let head = format!("PUT /in/{name} HTTP/1.1\r\nHost: p\r\nContent-Length: 20000000\r\n\r\n");
            assert_eq!(stubborn_put(&front, &head).await, expected, "{name}, round {round}");
        }
        assert_eq!(stubborn_put(&front, &expecting("full", 20_000_000)).await, 507, "round {round}");
        assert_eq!(stubborn_put(&front, "no HTTP\r\n\r\n").await, 400, "round {round}");
    }
}

#[tokio::test]
async fn lingering_ends_although_the_client_stays() {
    let front = Front::with(|limits| limits.time.linger = Duration::from_millis(200)).await;
    let mut client = front.connect().await;
    client.send("PUT /in/full HTTP/1.1\r\nHost: p\r\nContent-Length: 20000000\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 507);
    client.ends().await;
    front.connections.close();
    within(front.connections.wait()).await;
}

/// Runs curl and gives the status and the body that it saw.
async fn curl(arguments: &[&str]) -> (String, String) {
    let mut command = std::process::Command::new("curl");
    command
        .args(["--silent", "--show-error", "--max-time", "20", "--write-out", "\n%{http_code}"])
        .args(arguments);
    // The front runs in this very thread.
    let output = tokio::task::spawn_blocking(move || command.stdin(std::process::Stdio::null()).output());
    let output = output.await.unwrap().expect("curl runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap_or(("", &text));
    assert!(output.status.success(), "{arguments:?}: {status} {}", String::from_utf8_lossy(&output.stderr));
    (status.to_owned(), body.to_owned())
}

#[tokio::test]
async fn curl_stores_files_and_sees_every_refusal() {
    assert!(
        std::process::Command::new("curl").arg("--version").output().is_ok(),
        "curl is missing: please install it, this test uploads with it"
    );
    let mut front = Front::start().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("movie.mov");
    std::fs::File::create(&path).unwrap().set_len(30 * MIB).unwrap();
    let file = path.to_str().unwrap();
    let url = |name: &str| format!("http://{}/in/{name}", front.address);

    let (folder, data) = (url(""), format!("@{file}"));
    let stores: [&[&str]; 4] = [
        &["--upload-file", file, &folder],
        &["--upload-file", file, "--header", "Expect: 100-continue", &folder],
        &["--data-binary", &data, &url("posted")],
        &["--upload-file", file, "--http1.0", &folder],
    ];
    for arguments in stores {
        assert_eq!(curl(arguments).await, ("201".to_owned(), String::new()), "{arguments:?}");
        assert!(matches!(front.event().await, Event::Started(upload) if upload.total() == 30 * MIB));
        assert!(matches!(front.event().await, Event::Read(read) if read == 30 * MIB));
    }

    let url = |name: &str| format!("http://{}/in/{name}", front.address);
    for round in 0..30 {
        for (name, expect, status, code) in [
            ("full", "Expect:", "507", "disk_full"),
            ("full", "Expect: 100-continue", "507", "disk_full"),
            ("later-full", "Expect:", "507", "disk_full"),
            ("con", "Expect:", "400", "bad_path"),
        ] {
            let seen = curl(&["--upload-file", file, "--header", expect, &url(name)]).await;
            assert_eq!(seen.0, status, "{name}, {expect}, round {round}");
            assert!(seen.1.contains(code), "{name}, {expect}, round {round}: {}", seen.1);
        }
    }
    let (status, body) =
        curl(&["--data-binary", "@-", "--header", "Transfer-Encoding: chunked", &url("a")]).await;
    assert_eq!(status, "411", "{body}");
}

/// Who knows the URL of an upload may go on with it. Logs are read by others.
#[tokio::test]
async fn no_refusal_tells_the_url_of_an_upload() {
    let mut front = Front::start().await;
    for lines in [
        "",
        "Content-Range: bytes 0-1/2\r\n",
        "Content-Encoding: gzip\r\n",
        "Expect: much\r\n",
        "Host: q\r\n",
    ] {
        let head = format!("PATCH /_uploads/5ec3e7 HTTP/1.1\r\nHost: p\r\n{lines}\r\n");
        assert!(front.ask(&head).await.status >= 400, "{head:?}");
        let Event::Refused(refused) = front.event().await else { panic!("{head:?}") };
        assert_eq!(refused.path.as_deref(), Some("/_uploads/"), "{head:?}");
    }
}
