//! The client that everybody has.

use crate::support::{Backend, File, Proxy, Settings};
use put2bits::limits::MIB;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// What one run of curl says.
struct Run {
    status: String,
    /// Body bytes that it sent.
    sent: u64,
    body: String,
}

/// A file for curl, and a folder for it.
struct Source {
    _folder: TempDir,
    path: PathBuf,
    file: File,
}

fn source(size: u64) -> Source {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = (folder.path().join("movie.mov"), File::new(size));
    std::fs::write(&path, file.bytes()).unwrap();
    Source { _folder: folder, path, file }
}

async fn curl(proxy: &Proxy, path: &str, args: &[&str]) -> Run {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "60"]);
    command.args(["--write-out", "\n%{http_code} %{size_upload}"]);
    command.args(args).arg(format!("http://{}{path}", proxy.addr));
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let output = output.expect("curl is needed for these tests: install it");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, figures) = text.rsplit_once('\n').unwrap();
    let (status, sent) = figures.split_once(' ').unwrap();
    Run { status: status.to_owned(), sent: sent.parse().unwrap(), body: body.to_owned() }
}

#[tokio::test]
async fn curl_uploads_in_each_of_its_ways() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    for size in [0, 1, 5 * MIB + 3] {
        let Source { path, file, _folder } = &source(size);
        let path = path.to_str().unwrap();
        let data = format!("@{path}");
        for (number, args) in [
            &["-T", path][..],
            &["--data-binary", &data],
            &["-H", "Expect: 100-continue", "-T", path],
            &["-H", "Expect:", "-T", path],
            &["-X", "PUT", "-H", "Expect: 100-continue", "--data-binary", &data],
            &["--http1.0", "-T", path],
        ]
        .into_iter()
        .enumerate()
        {
            let target = format!("/{number}-{size}.mov");
            let run = curl(&proxy, &target, args).await;
            assert_eq!((run.status.as_str(), run.sent, run.body.as_str()), ("201", size, ""), "{args:?}");
            backend.assert_stored(&target, *file);
        }
    }
}

/// A form is not a file: stored as it comes, nobody could open it.
#[tokio::test]
async fn a_form_of_curl_is_refused() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let Source { path, _folder, .. } = source(5 * MIB);
    let run = curl(&proxy, "/a", &["-F", &format!("f=@{}", path.display())]).await;
    assert_eq!(run.status, "415", "{}", run.body);
    assert!(
        run.body.contains("urn:put2bits:problem:form_refused") && run.body.ends_with('\n'),
        "{}",
        run.body
    );
    assert_eq!(backend.stats().connections, 0);
}

/// As `curl -T file http://host/folder/` completes the path.
#[tokio::test]
async fn curl_names_the_file_by_itself() {
    let backend = Backend::new(&[], &[]);
    let proxy = Settings::to(&backend).start().await;
    let Source { path, file, _folder } = source(MIB);
    let run = curl(&proxy, "/photos/", &["-T", path.to_str().unwrap()]).await;
    assert_eq!(run.status, "201");
    backend.assert_stored("/photos/movie.mov", file);
}

#[tokio::test]
async fn curl_is_spared_the_body_of_a_refused_upload() {
    let backend = Backend::new(&["auth=forbidden"], &[]);
    let proxy = Settings::to(&backend).start().await;
    let Source { path, _folder, .. } = source(5 * MIB);
    let path = path.to_str().unwrap();
    let run = curl(&proxy, "/a", &["-H", "Expect: 100-continue", "-T", path]).await;
    assert_eq!((run.status.as_str(), run.sent), ("403", 0));
    assert!(run.body.contains("urn:put2bits:problem:forbidden"), "{}", run.body);

    // Who does not wait for the 100 sees the answer all the same.
    let run = curl(&proxy, "/b", &["-H", "Expect:", "-T", path]).await;
    assert_eq!(run.status, "403");
    assert_eq!(backend.stats().bytes_received, 0);
}
