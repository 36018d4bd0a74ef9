//! `examples/photos_client` as a process.

use crate::peer::{Peer, RESUMABLE};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// The example, which cargo builds with the tests.
fn program() -> Command {
    let test = std::env::current_exe().unwrap();
    let program: PathBuf = test.parent().unwrap().parent().unwrap().join("examples").join("photos_client");
    assert!(program.exists(), "{}: build it with `cargo build --examples`", program.display());
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    command
}

/// Runs it, with time for a server beside it.
async fn output(mut program: Command) -> Output {
    tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap()
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn prints_the_exchange_and_ends_with_figures() {
    let peer = Peer::bind().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a photo.mov");
    std::fs::write(&file, vec![7; 3000]).unwrap();
    let server = async {
        let (mut connection, head) = peer.request().await;
        assert!(head.starts_with("OPTIONS /in/a%20photo.mov HTTP/1.1\r\n"), "{head}");
        connection.say("HTTP/1.1 200 OK\r\nUpload-Limit: min-size=0\r\nContent-Length: 0\r\n\r\n").await;
        let head = connection.head().await;
        assert!(head.starts_with("POST /in/a%20photo.mov HTTP/1.1\r\n"), "{head}");
        for line in
            ["Content-Type: video/quicktime\r\n", "X-Filename: b.mov\r\n", "Upload-Incomplete: ?0\r\n"]
        {
            assert!(head.contains(line), "{head}");
        }
        connection.say(&RESUMABLE.replace(": 6", ": 3")).await;
        connection.rest().await;
        let (mut connection, _) = peer.request().await;
        connection.say("HTTP/1.1 204 No Content\r\nUpload-Offset: 1000\r\n\r\n").await;
        connection.head().await;
        connection.body(2000).await;
        connection.say("HTTP/1.1 201 Created\r\nUpload-Offset: 3000\r\nContent-Length: 0\r\n\r\n").await;
    };
    let mut run = program();
    run.arg(&file).arg(format!("http://{}/in/", peer.host()));
    run.args(["--post", "--ios", "17", "-H", "X-Filename: b.mov", "--drop-at", "2000", "-v"]);
    let (output, ()) = tokio::join!(output(run), server);
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    let start = "201 Created: 2 attempts, 1 drop, 0 restarts, 3.9 KiB sent, 1000 B of it twice, ";
    assert!(out.starts_with(start) && out.lines().count() == 1, "{out}");
    let mut rest = err.as_str();
    for line in [
        "> OPTIONS /in/a%20photo.mov HTTP/1.1\n",
        "< HTTP/1.1 200 OK\n",
        "> POST /in/a%20photo.mov HTTP/1.1\n",
        "< HTTP/1.1 104 Upload Resumption Supported\n",
        "* can be resumed at http://",
        "* dropped after 2000 bytes, by RST\n",
        "> HEAD /_uploads/1 HTTP/1.1\n",
        "< Upload-Offset: 1000\n",
        "* goes on at 1000\n",
        "> PATCH /_uploads/1 HTTP/1.1\n",
        "< HTTP/1.1 201 Created\n",
    ] {
        rest = rest.split_once(line).unwrap_or_else(|| panic!("{line} is not in its place:\n{err}")).1;
    }
}

#[tokio::test]
async fn a_refusal_ends_with_1_and_one_line() {
    let peer = Peer::bind().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let server = async {
        let (mut connection, _) = peer.request().await;
        connection.say("HTTP/1.1 403 x\r\nPut2bits-Error: forbidden\r\nContent-Length: 0\r\n\r\n").await;
    };
    let mut run = program();
    run.arg(file.path()).arg(peer.url()).args(["--check", "skip"]);
    let (output, ()) = tokio::join!(output(run), server);
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(1), "{out}{err}");
    assert_eq!(err, "photos_client: the upload was refused: 403 forbidden\n");
    assert!(out.starts_with("failed: 1 attempt, "), "{out}");
}

#[test]
fn bad_flags_end_with_64_and_say_why() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let file = file.path().to_str().unwrap();
    let url = "http://127.0.0.1:1/";
    for (args, says) in [
        (&[file][..], "<URL>"),
        (&[file, "https://a/"], "only http:// is spoken here"),
        (&[file, url, "--ios", "16"], "17, 18.0, 18 or 26"),
        (&[file, url, "--interop", "9"], "3, 4, 5, 6, 7, 8 or rfc"),
        (&[file, url, "--interop", "3", "--ios", "17"], "cannot be used with"),
        (&[file, url, "-H", "Upload-Offset: 1"], "is set by the client itself"),
        (&[file, url, "--drop-at", "10MiB,x"], "not a size"),
        (&[file, url, "--drop-how", "slowly"], "reset, close, silent"),
    ] {
        let output = program().args(args).output().unwrap();
        let (_, err) = texts(&output);
        assert_eq!(output.status.code(), Some(64), "{args:?}: {err}");
        assert!(err.contains(says), "{args:?}: {err}");
    }
    let help = program().arg("--help").output().unwrap();
    assert_eq!(help.status.code(), Some(0));
    assert!(texts(&help).0.contains("--drop-at 10MiB,200MiB -v"));
}

#[test]
fn a_file_that_is_not_there_ends_with_74() {
    let output = program().args(["/does/not/exist", "http://127.0.0.1:1/"]).output().unwrap();
    let (_, err) = texts(&output);
    assert_eq!(output.status.code(), Some(74), "{err}");
    assert!(
        err.starts_with("photos_client: cannot read /does/not/exist: ") && err.lines().count() == 1,
        "{err}"
    );
}
