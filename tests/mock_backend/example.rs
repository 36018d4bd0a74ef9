//! `examples/mock_backend.rs` as a process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The example, which cargo builds with the tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join("examples").join("mock_backend");
    assert!(program.exists(), "{}: build it with `cargo build --examples`", program.display());
    program
}

#[test]
fn serves_prints_and_ends_with_its_figures() {
    let mut server = Command::new(program())
        .args(["--listen", "127.0.0.1:0", "--preset", "iis", "--quirk", "existing=overwrite", "-v"])
        .args(["--fault", "delay=1ms:ping"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    let addr = first.strip_prefix("listening on http://").unwrap().trim_end_matches('/').to_owned();
    let mut stream = TcpStream::connect(addr).unwrap();
    stream
        .write_all(b"BITS_POST /a HTTP/1.1\r\nBITS-Packet-Type: Ping\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\nServer: Microsoft-IIS/10.0\r\n"), "{answer}");
    assert_eq!(lines.next().unwrap(), "preset iis: use --profile iis or auto");
    assert_eq!(lines.next().unwrap(), "#1 fault delay=1ms:ping");
    assert_eq!(lines.next().unwrap(), "#1 Ping /a -> 200");
    assert!(Command::new("kill").args(["-INT", &server.id().to_string()]).status().unwrap().success());
    let figures = lines.next().unwrap();
    assert!(figures.starts_with("1 connection, 0 sessions"), "{figures}");
    assert_eq!(server.wait().unwrap().code(), Some(0));
}

#[test]
fn bad_flags_end_with_64_and_say_why() {
    let program = program();
    for (args, says) in [
        (&["--preset", "apache"][..], "one of strict, iis"),
        (&["--quirk", "overlap=maybe"], "refuse|trim"),
        (&["--quirk", "colour=red"], "no quirk 'colour'"),
        (&["--quirk", "colour=red"], "Usage: mock_backend"),
        (&["--colour"], "Usage: mock_backend"),
        (&["--fault", "explode"], "'explode' is not a fault"),
        (&["--listen", "nowhere"], "--listen"),
        (&["--dir", "x", "--hash"], "cannot be used with"),
    ] {
        let output = Command::new(&program).args(args).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{args:?}: {text}");
        assert!(text.contains(says), "{args:?}: {text}");
    }
    let help = Command::new(&program).arg("--help").output().unwrap();
    // In one line: where it is broken depends on the width.
    let text = String::from_utf8(help.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(help.status.code(), Some(0));
    for word in [
        "drop-body=SIZE",
        "overlap=refuse|trim",
        "retry-after=SECONDS",
        "restart=keep",
        "simplebits (--profile append)",
    ] {
        assert!(text.contains(word), "{word} is not in --help");
    }
}

#[test]
fn what_is_not_to_be_had_is_named_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, b"").unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (args, code, start) in [
        (["--dir", file.to_str().unwrap()], 74, format!("cannot store files in {}: ", file.display())),
        (["--listen", &taken], 69, format!("cannot listen on {taken}: ")),
    ] {
        let output = Command::new(program()).args(args).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
        assert!(text.starts_with(&format!("mock_backend: {start}")) && text.lines().count() == 1, "{text}");
    }
}
