//! Backends that want TLS, or to know who asks.

// Shared with the tests of the backend, which need a little more of it.
#[allow(dead_code)]
#[path = "../backend/terminator.rs"]
mod terminator;

use crate::support::{Backend, File, Settings, Tap, Upload, program};
use put2bits::limits::MIB;
use rustls::version::{TLS12, TLS13};
use std::fs;
use terminator::{Ca, Terminator, server};

#[tokio::test]
async fn a_file_goes_over_tls_with_a_token_that_nobody_else_sees() {
    let (folder, ca) = (tempfile::tempdir().unwrap(), Ca::new());
    let (roots, token) = (folder.path().join("ca.pem"), folder.path().join("token"));
    fs::write(&roots, ca.pem()).unwrap();
    fs::write(&token, "s3cret-token\n").unwrap();
    let backend = Backend::new(&[], &[]);
    let tap = Tap::before(backend.addr()).await;
    let config = server(&ca.issue(&["127.0.0.1"]), None, &[&TLS12, &TLS13]);
    let to = tap.url().trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
    let front = Terminator::start(config, to);
    let settings = |port: u16| {
        Settings::routes(&format!(
            "[[backend]]\nname = 'iis'\nurl = 'https://127.0.0.1:{port}/'\nprofile = 'refuse'\n\
             credentials = 'bearer'\ncredentials_file = '{}'\ntls_ca = '{}'\n\
             [[route]]\npath = '/'\nbackend = 'iis'\n",
            token.display(),
            roots.display()
        ))
        .set("admin.ready_backend", "all")
        .set("retry.window", "1s")
        .set("retry.create_window", "1s")
    };
    let proxy = settings(front.port).start().await;
    let file = File::new(20 * MIB);
    proxy.put("/in/a.mov", file).await.finish().await.assert_stored();
    backend.assert_stored("/in/a.mov", file);
    let requests = tap.requests();
    let packets = requests.matches("BITS_POST ").count();
    assert!(
        packets > 2 && requests.matches("uthorization: Bearer s3cret-token\r\n").count() == packets,
        "{requests}"
    );
    proxy.upload_line("/in/a.mov").await;
    assert!(!proxy.log_text().contains("s3cret-token"));

    // A certificate of somebody else's.
    let config = server(&Ca::new().issue(&["127.0.0.1"]), None, &[&TLS13]);
    let stranger = Terminator::start(config, to);
    let proxy = settings(stranger.port).start().await;
    let answer = proxy.put("/in/b.mov", File::new(MIB)).await.finish().await;
    assert!([502, 503, 504].contains(&answer.status), "{answer}");
    assert!(proxy.log_text().contains("not signed by anybody trusted here"), "{}", proxy.log_text());
    assert!(!tap.requests().contains("b.mov"));
}

#[tokio::test]
async fn a_token_that_changed_is_taken_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "old").unwrap();
    let backend = Backend::new(&["auth=exact:Bearer new"], &[]);
    let proxy = Settings::routes(&format!(
        "[[backend]]\nname = 'iis'\nurl = '{}'\nprofile = 'refuse'\ncredentials = 'bearer'\n\
         credentials_file = '{}'\n[[route]]\npath = '/'\nbackend = 'iis'\n",
        backend.url(),
        token.display()
    ))
    .start()
    .await;
    let file = File::new(MIB);
    let refused = proxy.put("/in/a.mov", file).await.finish().await;
    assert_eq!(refused.status, 502, "{refused}");
    fs::write(&token, "new").unwrap();
    proxy.put("/in/a.mov", file).await.finish().await.assert_stored();
    backend.assert_stored("/in/a.mov", file);
}

/// `overwrite = "refuse"` looks whether the file is there, and logs in for it as for a packet.
#[tokio::test]
async fn the_look_before_an_upload_logs_in_as_its_packets_do() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "old").unwrap();
    let backend = Backend::new(&["auth=exact:Bearer new"], &[]);
    let proxy = |credentials: &str| {
        Settings::routes(&format!(
            "[[backend]]\nname = 'iis'\nurl = '{}'\nprofile = 'refuse'\n{credentials}\n\
             [[route]]\npath = '/'\nbackend = 'iis'\noverwrite = 'refuse'\n",
            backend.url(),
        ))
    };
    let callers = proxy("credentials = 'caller'\ncredentials_headers = ['Authorization']").start().await;
    let put = async |path: &str, lines: &str| {
        Upload::begin(callers.addr, "PUT", path, File::new(10), lines).await.finish().await
    };
    let refused = put("/a", "Authorization: Bearer old\r\n").await;
    refused.assert_problem(401, "caller_refused");
    assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"bits\""), "{refused}");
    put("/a", "Authorization: Bearer new\r\n").await.assert_stored();
    put("/a", "Authorization: Bearer new\r\n").await.assert_problem(409, "file_exists");

    let own = format!("credentials = 'bearer'\ncredentials_file = '{}'", token.display());
    let own = proxy(&own).start().await;
    own.put("/b", File::new(10)).await.finish().await.assert_problem(502, "backend_auth");
    fs::write(&token, "new").unwrap();
    own.put("/b", File::new(10)).await.finish().await.assert_stored();
}

#[test]
fn what_cannot_be_read_is_said_before_a_port_is_bound() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let broken = write("broken.pem", "s3cret-token");
    let config = |lines: &str| {
        write(
            "put2bits.toml",
            &format!(
                "listen = '127.0.0.1:0'\nstate.store = 'memory'\n[[backend]]\nname = 'iis'\nurl = 'https://iis.invalid/'\n\
                 {lines}\n[[route]]\npath = '/'\nbackend = 'iis'\n"
            ),
        )
    };
    for (lines, words) in [
        ("tls_ca = '/no/such'".to_owned(), "put2bits.toml:6: backend[0].tls_ca: cannot read /no/such: "),
        (format!("tls_ca = '{broken}'"), "put2bits.toml:6: backend[0].tls_ca: "),
        (
            "credentials = 'basic'\ncredentials_file = '/no/such'".to_owned(),
            "put2bits.toml:7: backend[0].credentials_file: cannot read",
        ),
        (
            format!("credentials = 'basic'\ncredentials_file = '{broken}'"),
            "has to hold one line, user:password",
        ),
    ] {
        let file = config(&lines);
        for command in ["serve", "check-config"] {
            let output = program().args([command, "--config", &file]).output().unwrap();
            let line = String::from_utf8(output.stderr).unwrap();
            let last = line.lines().last().unwrap_or_default();
            assert_eq!(output.status.code(), Some(78), "{command}: {line}");
            assert!(last.contains(words) && !line.contains("s3cret-token"), "{command}: {line}");
            assert!(output.stdout.is_empty(), "{command}");
        }
    }
}
