//! `put2bits demo`, as a newcomer runs it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

// Shared with the end-to-end tests; not everything in it is needed here.
#[allow(dead_code)]
#[path = "e2e/support/secrets.rs"]
mod secrets;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

fn demo(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_put2bits"));
    command.arg("demo").args(args).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> (Output, String) {
    let output = secrets::untold(demo(args).output().unwrap());
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
    let lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut lines = lines.inspect(|line| assert_eq!(secrets::find_in_log(line), None, "a secret is told"));
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

/// The lines of a run, and that it left nothing behind: no records, no process.
#[cfg(target_os = "linux")]
fn run_with_mishaps(args: &[&str]) -> Vec<String> {
    let temporary = tempfile::tempdir().unwrap();
    let output = demo(args).env("TMPDIR", temporary.path()).output().unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{output:?}\n{text}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{text}");
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "records are left: {text}");
    for id in processes(&text) {
        assert!(!is_running(id), "process {id} is left: {text}");
    }
    text.lines().map(str::to_owned).collect()
}

/// The ids of the proxies that a run told of.
fn processes(text: &str) -> Vec<u32> {
    let ids = text.split("process ").skip(1);
    ids.map(|rest| rest.split(|sign: char| !sign.is_ascii_digit()).next().unwrap().parse().unwrap()).collect()
}

/// Whether it is there, and not only waits to be buried.
fn is_running(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

#[cfg(target_os = "linux")]
#[test]
fn with_drops_and_a_kill_every_byte_arrives() {
    let lines = run_with_mishaps(&["--size", "100MiB", "--drop", "3"]);
    let text = lines.join("\n");
    let count = |word: &str| lines.iter().filter(|line| line.starts_with(word)).count();
    let seen = ["104 ", "drop ", "kill ", "back ", "HEAD "].map(count);
    assert_eq!(seen, [1, 3, 1, 1, 4], "{text}");
    let ids = processes(&text);
    assert!(ids.len() == 2 && ids[0] != ids[1], "{text}");
    for part in
        ["201 Created", "1 session on ", "mishaps  3 drops, 1 kill: 5 requests", "of it twice", "the same: "]
    {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_seed_repeats_the_places() {
    let places = |args: &[&str]| {
        let lines = run_with_mishaps(args);
        let seed = lines.iter().find_map(|line| line.strip_prefix("seed     ")).unwrap().to_owned();
        let drops = lines.into_iter().filter(|line| line.starts_with("drop "));
        (seed, drops.collect::<Vec<_>>())
    };
    let (seed, first) = places(&["--size", "20MiB", "--drop", "2"]);
    let (same, again) = places(&["--size", "20MiB", "--drop", "2", "--seed", &seed]);
    assert_eq!((&seed, &first), (&same, &again));
    assert_eq!(first.len(), 2);
}

/// A file can be so small that its bytes are faster than the 104.
#[cfg(target_os = "linux")]
#[test]
fn a_single_byte_survives_mishaps() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("one");
    std::fs::write(&file, b"1").unwrap();
    let kept = dir.path().join("received");
    run_with_mishaps(&[file.to_str().unwrap(), "--drop", "1", "--dir", kept.to_str().unwrap()]);
    assert_eq!(std::fs::read(kept.join("one")).unwrap(), b"1");
}

#[test]
fn mishaps_need_a_number_and_bytes() {
    for (args, says) in [
        (&["--drop", "0"][..], "1..=100"),
        (&["--drop", "101"], "1..=100"),
        (&["--seed", "1"], "--drop"),
        (&["--drop", "1", "--size", "0"], "--drop needs a file with something in it"),
    ] {
        let (output, _) = run(args);
        assert_eq!(output.status.code(), Some(64), "{args:?}: {output:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(says), "{args:?}");
    }
}

/// In the middle of an upload, and while it goes on serving.
#[cfg(target_os = "linux")]
#[test]
fn interrupted_it_takes_the_proxy_with_it() {
    for (args, until, code) in [
        (&["--size", "1TiB", "--drop", "1"][..], "104 ", 1),
        (&["--size", "1MiB", "--drop", "1", "--keep"], "Ctrl-C ends it.", 0),
    ] {
        let temporary = tempfile::tempdir().unwrap();
        let mut command = demo(args);
        command.env("TMPDIR", temporary.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Running(command.spawn().unwrap());
        let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut told = String::new();
        let line = lines.find(|line| {
            told += line;
            told.push('\n');
            line.starts_with(until)
        });
        assert!(line.is_some(), "{told}");
        let proxy = *processes(&told).last().unwrap();
        assert!(is_running(proxy) && std::fs::read_dir(temporary.path()).unwrap().count() == 1, "{told}");
        assert!(Command::new("kill").args(["-INT", &child.0.id().to_string()]).status().unwrap().success());
        // Read to the end: what it still says must find a reader.
        lines.for_each(drop);
        assert_eq!(child.0.wait().unwrap().code(), Some(code), "{told}");
        assert!(!is_running(proxy), "{told}");
        assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "{told}");
    }
}
