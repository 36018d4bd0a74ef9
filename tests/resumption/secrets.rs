//! P5, P12: neither the logs nor the state directory hold anything that opens a door, or a byte of a file.

use crate::phone::{Leaving, Phone};
use crate::service::Service;
use crate::support::{Backend, File, Settings, within};
use put2bits::limits::MIB;
use std::path::Path;

const LINES: &str = "Authorization: Bearer s3cret-bearer\r\nCookie: session=s3cret-cookie\r\n\
                     X-Api-Key: s3cret-key\r\nX-Other: s3cret-other\r\n";

/// Every file below a directory, as bytes.
fn contents(dir: &Path, into: &mut Vec<u8>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => contents(&path, into),
            false => into.extend(std::fs::read(path).unwrap()),
        }
    }
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

#[tokio::test]
async fn nothing_secret_is_kept() {
    let backend = Backend::new(&["overlap=refuse"], &["drop-ack:fragment:after=1", "status=503:close"]);
    let settings = Settings::to(&backend).set("log.filter", "trace");
    let settings = settings.set("resumption.credentials", "authorization,x-api-key");
    let mut service = Service::start(settings).await;
    let file = File::new(6 * MIB);
    let mut phone = Phone::new(service.addr, "/a?token=s3cret-query", file).with(LINES);
    let mut kept = Vec::new();

    let mut going = phone.begin().await.unwrap();
    going.send_to(3 * MIB).await;
    within("a part", backend.wait_for(|stats| stats.bytes > 0)).await;
    contents(&service.state(), &mut kept);
    going.leave(Leaving::Reset);
    phone.ask().await;
    contents(&service.state(), &mut kept);
    let mut going = phone.go_on().await.unwrap();
    going.send_to(5 * MIB).await;
    service.kill().await;
    drop(going);
    // A stranger with the URL: 404, and a line in the log.
    let mut stranger = Phone::new(service.addr, "/a", file);
    stranger.url = phone.url.clone();
    stranger.ask().await;
    phone.upload(None).await;
    backend.assert_stored("/a", file);
    service.kill().await;
    phone.ask().await;
    contents(&service.state(), &mut kept);

    let (url, logs) = (phone.url.clone().unwrap(), service.logs());
    let id = url.rsplit('/').next().unwrap();
    assert!(id.len() >= 32, "{id}");
    for planted in ["s3cret-bearer", "s3cret-cookie", "s3cret-key", "s3cret-other", "s3cret-query", "token="]
    {
        assert!(!holds(&kept, planted.as_bytes()), "{planted} is in the state directory");
        let line = logs.lines().find(|line| line.contains(planted));
        assert!(line.is_none(), "{planted} is in the log: {}", line.unwrap());
    }
    let line = logs.lines().find(|line| line.contains(id));
    assert!(line.is_none(), "the log has the id {id}: {}", line.unwrap());
    assert!(logs.contains("\"DEBUG\"") && holds(&kept, id.as_bytes()), "it was looked for where it could be");

    for offset in (0..file.size).step_by(64 * 1024) {
        assert!(!holds(&kept, &file.piece(offset)[..16]), "bytes of the file at {offset}");
    }
}
