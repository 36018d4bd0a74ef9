//! The client that everybody has, used as the README says.

use crate::support::{Backend, File, Settings};
use put2bits::limits::MIB;
use std::process::Command;

const IOS: [&str; 2] = ["-H", "Upload-Draft-Interop-Version: 6"];

async fn curl(args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new("curl");
    command.args(["--silent", "--noproxy", "*", "--max-time", "60"]).args(args);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let output = output.expect("curl is needed for these tests: install it");
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

fn field<'a>(text: &'a str, name: &str) -> &'a str {
    let mut fields = text.lines().filter_map(|line| line.split_once(": "));
    let found = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
    found.unwrap_or_else(|| panic!("no {name}: {text}")).1
}

#[tokio::test]
async fn it_sees_the_104_first_is_stopped_and_goes_on() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let (folder, file) = (tempfile::tempdir().unwrap(), File::new(20 * MIB + 3));
    let path = folder.path().join("f");
    std::fs::write(&path, file.bytes()).unwrap();
    let (path, url) = (path.to_str().unwrap(), format!("http://{}/f", proxy.addr));
    let complete = ["-H", "Upload-Complete: ?1"];

    let whole = [&["-i", "-T", path][..], &IOS, &complete, &[&url]].concat();
    let (code, text) = curl(&whole).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("HTTP/1.1 104 Upload Resumption Supported\r\n"), "{text}");
    let statuses: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("HTTP/1.1 ")).collect();
    assert_eq!(statuses, ["104 Upload Resumption Supported", "100 Continue", "201 Created"], "{text}");
    assert_eq!(field(&text, "upload-offset"), file.size.to_string());
    backend.assert_stored("/f", file);

    // 28: the time was over.
    let (code, text) = curl(&[&["--limit-rate", "4M", "-m", "1"], &whole[..]].concat()).await;
    assert_eq!(code, Some(28), "{text}");
    let upload = format!("http://{}{}", proxy.addr, field(&text, "location"));

    let (code, text) = curl(&[&["-I"], &IOS[..], &[&upload]].concat()).await;
    assert_eq!((code, field(&text, "upload-complete")), (Some(0), "?0"), "{text}");
    let offset = field(&text, "upload-offset");
    assert!((1..file.size).contains(&offset.parse().unwrap()), "{text}");

    let at = format!("Upload-Offset: {offset}");
    let rest = ["-i", "-X", "PATCH", "-C", offset, "-T", path, "-H", "Content-Range:", "-H", &at];
    let typed = ["-H", "Content-Type: application/partial-upload", &upload];
    let (code, text) = curl(&[&rest[..], &complete, &IOS, &typed].concat()).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("HTTP/1.1 201 Created\r\n"), "{text}");
    backend.assert_stored("/f", file);
    assert_eq!(backend.stats().bytes, 2 * file.size, "nothing was sent twice");
}
