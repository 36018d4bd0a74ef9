//! Clients of other people: curl, nghttp, h2load.

use crate::support::{Backend, File, Settings};
use put2bits::limits::MIB;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

/// A file on disk.
fn source(size: u64) -> (TempDir, PathBuf, File) {
    let (folder, file) = (tempfile::tempdir().unwrap(), File::new(size));
    let path = folder.path().join("movie.mov");
    std::fs::write(&path, file.bytes()).unwrap();
    (folder, path, file)
}

async fn run(program: &str, args: &[&str]) -> (Output, String) {
    let mut command = Command::new(program);
    command.args(args);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let output = output.unwrap_or_else(|_| panic!("{program} is needed for these tests: install it"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

const CURL: [&str; 6] = ["-sS", "--noproxy", "*", "--max-time", "60", "-i"];

#[tokio::test]
async fn curl_uploads_files_of_all_sizes() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    for (number, size) in [0, 1, MIB + 1, 64 * MIB].into_iter().enumerate() {
        let (_folder, path, file) = source(size);
        let path = path.to_str().unwrap();
        for (way, args) in
            [&["-T", path][..], &["-H", "Expect: 100-continue", "-T", path]].into_iter().enumerate()
        {
            let name = format!("/{number}-{way}");
            let url = format!("http://{}{name}", proxy.addr);
            let args = [&CURL[..], &["--http2-prior-knowledge"], args, &[&url]].concat();
            let (output, text) = run("curl", &args).await;
            assert!(output.status.success(), "{size} {way}: {output:?}");
            assert!(text.contains("HTTP/2 201"), "{text}");
            assert!(text.contains("date: ") && !text.contains("connection: "), "{text}");
            backend.assert_stored(&name, file);
        }
    }
}

#[tokio::test]
async fn curl_sees_the_104_first_is_stopped_and_goes_on() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let (_folder, path, file) = source(20 * MIB + 3);
    let (path, url) = (path.to_str().unwrap(), format!("http://{}/f", proxy.addr));
    let ios = ["--http2-prior-knowledge", "-H", "Upload-Draft-Interop-Version: 6"];
    let complete = ["-H", "Upload-Complete: ?1"];
    let whole = [&CURL[..], &ios, &complete, &["-T", path, &url]].concat();
    let (output, text) = run("curl", &whole).await;
    assert!(output.status.success(), "{output:?}");
    let statuses: Vec<_> =
        text.lines().filter_map(|line| line.strip_prefix("HTTP/2 ")).map(str::trim).collect();
    assert_eq!(statuses.first(), Some(&"104"), "{text}");
    assert_eq!(statuses.last(), Some(&"201"), "{text}");
    assert_eq!(statuses.iter().filter(|&&status| status == "104").count(), 1, "{text}");
    backend.assert_stored("/f", file);

    // 28: the time was over.
    let (output, text) = run("curl", &[&["--limit-rate", "4M"], &whole[..], &["-m", "1"]].concat()).await;
    assert_eq!(output.status.code(), Some(28), "{output:?}");
    let upload = format!("http://{}{}", proxy.addr, field(&text, "location"));
    let (_, text) = run("curl", &[&CURL[..], &ios, &["-I", &upload]].concat()).await;
    let offset = field(&text, "upload-offset");
    assert!((1..file.size).contains(&offset.parse().unwrap()), "{text}");

    let at = format!("Upload-Offset: {offset}");
    let rest = ["-X", "PATCH", "-C", offset, "-T", path, "-H", "Content-Range:", "-H", &at];
    let typed = ["-H", "Content-Type: application/partial-upload", &upload];
    let (output, text) = run("curl", &[&CURL[..], &ios, &rest, &complete, &typed].concat()).await;
    assert!(output.status.success() && text.contains("HTTP/2 201"), "{output:?}");
    backend.assert_stored("/f", file);
    assert_eq!(backend.stats().bytes, 2 * file.size, "nothing was sent twice");
}

fn field<'a>(text: &'a str, name: &str) -> &'a str {
    let mut fields = text.lines().filter_map(|line| line.split_once(": "));
    let found = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
    found.unwrap_or_else(|| panic!("no {name}: {text}")).1.trim()
}

#[tokio::test]
async fn nghttp_uploads_and_is_refused() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    for (number, size) in [0, 1, MIB + 1, 64 * MIB].into_iter().enumerate() {
        let (_folder, path, file) = source(size);
        let url = format!("http://{}/{number}", proxy.addr);
        let put = ["-v", "-n", "--no-dep", "-H", ":method: PUT", "-d", path.to_str().unwrap(), &url];
        let (output, text) = run("nghttp", &put).await;
        assert!(output.status.success() && text.contains(":status: 201"), "{output:?}");
        backend.assert_stored(&format!("/{number}"), file);
    }
    let (_folder, path, _) = source(64 * MIB);
    let url = format!("http://{}/web.config", proxy.addr);
    let put = ["-v", "-n", "--no-dep", "-H", ":method: PUT", "-d", path.to_str().unwrap(), &url];
    let (_, text) = run("nghttp", &put).await;
    assert!(
        text.contains(":status: 400")
            && text.contains("recv RST_STREAM")
            && text.contains("error_code=NO_ERROR(0x00)"),
        "{text}"
    );
}

#[tokio::test]
async fn h2load_uploads_over_a_few_connections() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let (_folder, path, file) = source(MIB + 1);
    let url = format!("http://{}/same", proxy.addr);
    let load = ["-n", "200", "-c", "4", "-m", "8", "-H", ":method: PUT", "-d", path.to_str().unwrap(), &url];
    let (output, text) = run("h2load", &load).await;
    assert!(text.contains("200 succeeded, 0 failed, 0 errored, 0 timeout"), "{output:?}");
    assert_eq!(backend.stats().bytes, 200 * file.size);
    backend.assert_stored("/same", file);
}
