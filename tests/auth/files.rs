//! Tokens and passwords.

use crate::support::{Backend, File, Upload, message, program, within};
use crate::{ALICE, BOB, basic, bearer, guarded, put, read_again, tokens};
use std::fs;
use std::process::Stdio;
use tokio::io::AsyncReadExt;

#[tokio::test]
async fn a_token_lets_in_and_nothing_else_does() {
    let (backend, dir) = (Backend::new(&[], &[]), tempfile::tempdir().unwrap());
    let file = dir.path().join("tokens");
    fs::write(&file, tokens(&[ALICE])).unwrap();
    let proxy = guarded(&backend, &format!("auth = 'bearer'\nauth_file = '{}'", file.display())).await;
    for lines in
        ["", &bearer(BOB), &basic("alice", ALICE.1), "Authorization: Bearer\r\n", "Authorization: \r\n"]
    {
        let answer = put(&proxy, "/a", lines).await;
        answer.assert_problem(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer realm="put2bits""#), "{answer}");
    }
    let twice = format!("{}{}", bearer(ALICE), bearer(ALICE));
    put(&proxy, "/a", &twice).await.assert_problem(401, "unauthorized");
    assert_eq!(backend.stats().sessions_created, 0, "the backend heard nothing of it");
    put(&proxy, "/a", &bearer(ALICE)).await.assert_stored();
    backend.assert_stored("/a", File::new(1000));
    let line = proxy.upload_line("/a").await;
    assert_eq!(line["user"], "alice");
    // A capability check asks nobody.
    let asked = crate::support::ask(proxy.addr, "OPTIONS /a HTTP/1.1\r\nHost: p\r\n\r\n").await;
    assert_eq!(asked.status, 200, "{asked}");
}

#[tokio::test]
async fn a_refused_client_is_not_asked_for_its_body() {
    let (backend, dir) = (Backend::new(&[], &[]), tempfile::tempdir().unwrap());
    let file = dir.path().join("tokens");
    fs::write(&file, tokens(&[ALICE])).unwrap();
    let proxy = guarded(&backend, &format!("auth = 'bearer'\nauth_file = '{}'", file.display())).await;
    let lines = format!("{}Expect: 100-continue\r\n", bearer(BOB));
    let mut upload = Upload::begin(proxy.addr, "PUT", "/a", File::new(1 << 30), &lines).await;
    upload.answer().await.assert_problem(401, "unauthorized");
    let lines = format!("{}Expect: 100-continue\r\n", bearer(ALICE));
    let mut upload = Upload::begin(proxy.addr, "PUT", "/a", File::new(1000), &lines).await;
    let mut seen = [0; 12];
    within("the 100", upload.stream.read_exact(&mut seen)).await.unwrap();
    assert_eq!(&seen, b"HTTP/1.1 100");
}

#[tokio::test]
async fn tokens_change_without_a_restart() {
    let (backend, dir) = (Backend::new(&[], &[]), tempfile::tempdir().unwrap());
    let file = dir.path().join("tokens");
    fs::write(&file, tokens(&[ALICE])).unwrap();
    let proxy = guarded(&backend, &format!("auth = 'bearer'\nauth_file = '{}'", file.display())).await;
    put(&proxy, "/a", &bearer(ALICE)).await.assert_stored();
    fs::write(&file, tokens(&[BOB])).unwrap();
    read_again(&proxy, 1).await;
    put(&proxy, "/b", &bearer(BOB)).await.assert_stored();
    put(&proxy, "/a", &bearer(ALICE)).await.assert_problem(401, "unauthorized");
    // A broken file changes nothing, and is told of without what it says.
    fs::write(&file, format!("{}s3cret-broken\n", tokens(&[ALICE]))).unwrap();
    let is_it = |line: &serde_json::Value| message(line).contains("line 2");
    let line = proxy.line("that the file is broken", is_it).await;
    assert_eq!(line["level"], "ERROR", "{line}");
    put(&proxy, "/c", &bearer(BOB)).await.assert_stored();
    put(&proxy, "/a", &bearer(ALICE)).await.assert_problem(401, "unauthorized");
    fs::write(&file, tokens(&[ALICE])).unwrap();
    read_again(&proxy, 2).await;
    put(&proxy, "/a", &bearer(ALICE)).await.assert_stored();
    // An empty one is in force, and said to be.
    fs::write(&file, "# nobody\n").unwrap();
    let is_it = |line: &serde_json::Value| {
        message(line).contains("tokens has no line that is valid now, so it lets nobody in")
    };
    let line = proxy.line("that the file is empty", is_it).await;
    assert_eq!(line["level"], "WARN", "{line}");
    put(&proxy, "/a", &bearer(ALICE)).await.assert_problem(401, "unauthorized");
    assert!(!proxy.log_text().contains("s3cret"), "{}", proxy.log_text());
}

#[tokio::test]
async fn a_file_that_lets_nobody_in_is_told_of_at_the_start() {
    let (backend, dir) = (Backend::new(&[], &[]), tempfile::tempdir().unwrap());
    for (auth, name, text) in [
        ("bearer", "none", ""),
        ("bearer", "old", &format!("{} 2020-01-01\n", tokens(&[ALICE]).trim())),
        ("basic", "none", "# users"),
    ] {
        let file = dir.path().join(name);
        fs::write(&file, text).unwrap();
        let lines = format!("auth = '{auth}'\nauth_file = '{}'", file.display());
        let said = format!(
            "route[0].auth_file: {} has no line that is valid now, so it lets nobody in",
            file.display()
        );
        let proxy = guarded(&backend, &lines).await;
        let line = proxy.line("that it lets nobody in", |line| message(line).contains(&said)).await;
        assert!(line["level"] == "WARN" && message(&line).contains(".toml:6: "), "{line}");
        let config = dir.path().join("p.toml");
        fs::write(&config, format!("[[route]]\npath = '/'\nbackend = 'http://iis/'\n{lines}\n")).unwrap();
        let output = program().arg("check-config").arg("--config").arg(&config).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{told}");
        let place =
            format!("put2bits: warning: {}:5: {said} (put2bits hash makes lines)\n", config.display());
        assert_eq!(told, place);
        assert!(!output.stdout.is_empty());
    }
}

#[tokio::test]
async fn users_with_passwords_and_guessers() {
    let (backend, dir) = (Backend::new(&[], &[]), tempfile::tempdir().unwrap());
    let file = dir.path().join("users");
    let bob = bcrypt::hash("s3cret-bob", 10).unwrap();
    let alice = put2bits::guard::user_line("alice", b"s3cret-alice").unwrap();
    fs::write(&file, format!("{alice}\nbob:{bob}\n")).unwrap();
    let proxy = guarded(&backend, &format!("auth = 'basic'\nauth_file = '{}'", file.display())).await;
    put(&proxy, "/a", &basic("alice", "s3cret-alice")).await.assert_stored();
    put(&proxy, "/b", &basic("bob", "s3cret-bob")).await.assert_stored();
    let answer = put(&proxy, "/a", "").await;
    answer.assert_problem(401, "unauthorized");
    let challenge = r#"Basic realm="put2bits", charset="UTF-8""#;
    assert_eq!(answer.header("www-authenticate"), Some(challenge), "{answer}");
    for number in 0..10 {
        let guess = basic(if number % 2 == 0 { "alice" } else { "eve" }, &format!("s3cret-{number}"));
        put(&proxy, "/a", &guess).await.assert_problem(401, "unauthorized");
    }
    let answer = put(&proxy, "/a", &basic("alice", "s3cret-guess")).await;
    answer.assert_problem(429, "too_many_attempts");
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{answer}");
    // Who is known goes on uploading.
    put(&proxy, "/a", &basic("alice", "s3cret-alice")).await.assert_stored();
    assert_eq!(proxy.upload_line("/b").await["user"], "bob");
    let metrics = proxy.admin.metrics().await.text;
    for planted in ["s3cret", "alice", "bob"] {
        assert!(!metrics.contains(planted), "{planted}");
    }
    assert!(!proxy.log_text().contains("s3cret"), "{}", proxy.log_text());
}

#[tokio::test]
async fn lines_are_made_by_the_program_itself() {
    let hash = |args: &[&str], secret: &str| {
        use std::io::Write as _;
        let mut command = program();
        command.arg("hash").args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may have refused its arguments already.
        let _ = child.stdin.take().unwrap().write_all(secret.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let token = |text: &str| hash(&["--token", "alice"], text);
    assert_eq!(token(&format!("{}\n", ALICE.1)), (Some(0), tokens(&[ALICE]), String::new()));
    let (code, line, told) = hash(&["--token", "alice", "--generate"], "");
    let made = told.trim().rsplit(' ').next().unwrap().to_owned();
    assert_eq!((code, line), (Some(0), tokens(&[("alice", &made)])));
    let (code, user, _) = hash(&["--user", "bob"], "s3cret-bob\r\n");
    assert_eq!(code, Some(0));
    assert!(user.starts_with("bob:$argon2id$v=19$m="), "{user}");
    for (args, secret, said) in [
        (&["--token", "alice"][..], "short\n", "a token has 20 characters at least"),
        (&["--token", "a b"], ALICE.1, "a name may have up to 64 letters"),
        (&["--user", "bob"], "", "the password on standard input is empty"),
        (&["--user", "bob"], "s3cret\ns3cret\n", "has more than one line"),
        (&["--user", "a:b"], "s3cret", "a user name has no ':'"),
        (&["--user", "bob", "--generate"], "", "'--user <NAME>' cannot be used with '--generate'"),
        (&["--generate", "--user", "bob"], "", "'--generate' cannot be used with '--user <NAME>'"),
        (&["--user", "bob", "--token", "bob"], "", "'--user <NAME>' cannot be used with '--token <NAME>'"),
        (&["--generate"], "", "<--token <NAME>|--user <NAME>>"),
        (&[], "", "<--token <NAME>|--user <NAME>>"),
    ] {
        let (found, out, told) = hash(args, secret);
        assert_eq!((found, out.as_str()), (Some(64), ""), "{args:?}: {told}");
        assert!(told.contains(said) && !told.contains("s3cret"), "{args:?}: {told}");
    }
    let (backend, dir) = (Backend::new(&[], &[]), tempfile::tempdir().unwrap());
    fs::write(dir.path().join("users"), user).unwrap();
    let file = dir.path().join("users");
    let proxy = guarded(&backend, &format!("auth = 'basic'\nauth_file = '{}'", file.display())).await;
    put(&proxy, "/a", &basic("bob", "s3cret-bob")).await.assert_stored();
}
