//! `examples/` as a user runs them: the mock backend as a process of its own behind the proxy.

use crate::support::{File, Settings, signal};
use put2bits::limits::MIB;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The mock backend, which cargo builds with the tests.
fn mock_backend() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().with_file_name("examples").join("mock_backend");
    assert!(program.exists(), "{}: build it with `cargo build --examples`", program.display());
    program
}

#[tokio::test]
async fn the_mock_backend_stores_what_the_proxy_brings() {
    let folder = tempfile::tempdir().unwrap();
    let mut mock = Command::new(mock_backend())
        .args(["--listen", "127.0.0.1:0", "--create-dirs", "--dir"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(mock.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.next().unwrap().strip_prefix("listening on ").unwrap().to_owned();
    assert_eq!(lines.next().unwrap(), "preset strict: use --profile refuse");
    let proxy = Settings::to_url(&url).start().await;
    let file = File::new(9 * MIB + 1);
    proxy.put("/photos/movie.mov", file).await.finish().await.assert_stored();
    assert!(std::fs::read(folder.path().join("photos/movie.mov")).unwrap() == file.bytes());
    let published = lines.next().unwrap();
    assert!(published.starts_with("published /photos/movie.mov 9437185 bytes"), "{published}");

    signal(mock.id(), "INT");
    let figures = lines.next().unwrap();
    assert!(figures.contains("1 session (1 closed, 0 cancelled, 0 open)"), "{figures}");
    assert_eq!(mock.wait().unwrap().code(), Some(0));
}
