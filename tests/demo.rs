//! `put2bits demo`, as a newcomer runs it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

fn demo(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_put2bits"));
    command.arg("demo").args(args).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> (Output, String) {
    let output = demo(args).output().unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    (output, text)
}

/// Killed when the test ends, however it ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn made_bytes_arrive() {
    let (output, text) = run(&["--size", "40MiB"]);
    assert!(output.status.success(), "{output:?}");
    for part in [
        "201 Created",
        "1 session on 1 connection, 1 closed",
        "fragments of 256.0 KiB",
        "the same: every byte arrived",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn no_bytes_arrive_as_an_empty_file() {
    let (output, text) = run(&["--size", "0"]);
    assert!(output.status.success(), "{output:?}");
    assert!(text.contains("the same"), "{text}");
}

#[test]
fn a_file_is_kept_where_it_is_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a photo é.jpg");
    std::fs::write(&file, b"not really a photo").unwrap();
    let kept = dir.path().join("received");
    let (output, text) = run(&[file.to_str().unwrap(), "--dir", kept.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::read(kept.join("a photo é.jpg")).unwrap(), b"not really a photo", "{text}");
}

#[test]
fn a_file_that_is_not_there_is_one_clear_line() {
    for path in ["/does/not/exist", "/"] {
        let (output, _) = run(&[path]);
        assert_eq!(output.status.code(), Some(74), "{output:?}");
        let line = String::from_utf8(output.stderr).unwrap();
        assert!(
            line.starts_with(&format!("put2bits: cannot read {path}: ")) && line.lines().count() == 1,
            "{line}"
        );
    }
}

#[test]
fn kept_up_it_takes_more_uploads() {
    let mut child = Running(demo(&["--size", "1MiB", "--keep"]).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let hint = lines.find(|line| line.contains("curl -T FILE http://")).expect("a curl line");
    let address = hint.rsplit_once("http://").unwrap().1.trim_end_matches('/').to_owned();

    let mut client = TcpStream::connect(&address).unwrap();
    write!(
        client,
        "PUT /more.bin HTTP/1.1\r\nHost: {address}\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    )
    .unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let published =
        lines.find(|line| line.starts_with("published /more.bin 5 bytes")).expect("a line about the file");
    assert!(
        published.contains("sha256 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"),
        "{published}"
    );
}

#[test]
fn a_refusal_is_told_with_its_status_and_code() {
    let dir = tempfile::tempdir().unwrap();
    // Windows has no file of that name, and the proxy refuses it at once.
    let device = dir.path().join("con.txt");
    std::fs::File::create(&device).unwrap().set_len(64 << 20).unwrap();
    // A folder is where the file is to be.
    let plain = dir.path().join("plain");
    std::fs::write(&plain, b"plain").unwrap();
    let kept = dir.path().join("received");
    std::fs::create_dir_all(kept.join("plain")).unwrap();
    for (file, sessions, line) in [
        (&device, "0 sessions on 0 connections", "put2bits: the upload was refused: 400 bad_path\n"),
        (&plain, "0 sessions on 1 connection", "put2bits: the upload was refused: 502 backend_refused\n"),
    ] {
        let (output, text) = run(&[file.to_str().unwrap(), "--dir", kept.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(String::from_utf8(output.stderr).unwrap().ends_with(line), "{line}{text}");
        assert!(text.contains(sessions), "{text}");
        assert!(!text.contains("/s\n") && !text.contains("sha256"), "no rate, nothing to compare: {text}");
    }
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let (output, _) = run(&["--size", "1", "--dir", file.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(74), "{output:?}");
    let line = String::from_utf8(output.stderr).unwrap();
    let start = format!("put2bits: cannot store files in {}: ", file.path().display());
    assert!(line.starts_with(&start) && line.lines().count() == 1, "{line}");
}

/// As in `put2bits demo | head -1`.
#[test]
fn a_reader_that_went_away_ends_it_in_silence() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = demo(&["--size", "1MiB"]).stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(74), &b""[..]), "{output:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_output_is_one_line_and_no_panic() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = demo(&["--size", "1MiB"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(74), "{output:?}");
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(line.starts_with("put2bits: No space left") && line.lines().count() == 1, "{line}");
}
