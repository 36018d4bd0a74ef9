//! What is wrong is told before any port is bound.

use crate::support::program;
use crate::{ALICE, tokens};
use std::fs;
use std::process::Stdio;

#[test]
fn a_bad_configuration_is_one_line_and_78() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        fs::write(dir.path().join(name), text).unwrap();
    };
    write("good", &tokens(&[ALICE]));
    write("broken", &format!("{}bob s3cret-token\n", tokens(&[ALICE])));
    write("weak", "bob:$apr1$s3cret$s3cret\n");
    write("no.pem", "s3cret");
    for (lines, part) in [
        ("auth = 'bearer'", "\"bearer\" needs auth_file"),
        ("auth = 'basic'", "\"basic\" needs auth_file"),
        ("auth = 'certificate'", "needs auth_names"),
        ("auth = 'forward'", "needs auth_url"),
        ("auth = 'none'", "\"none\" is not one of open, bearer, basic, certificate, forward"),
        ("auth_file = 'good'", "goes with auth = \"bearer\" or \"basic\", and here it is \"open\""),
        ("auth = 'bearer'\nauth_file = 'good'\nauth_url = 'http://a/'", "goes with auth = \"forward\""),
        (
            "auth = 'bearer'\nauth_file = 'missing'",
            "put2bits.toml:5: route[0].auth_file: cannot read missing",
        ),
        ("auth = 'bearer'\nauth_file = 'broken'", "broken, line 2"),
        ("auth = 'basic'\nauth_file = 'weak'", "weak, line 1: MD5 (apr1) is not taken"),
        ("auth = 'basic'\nauth_file = 'good'", "good, line 1"),
        ("auth = 'certificate'\nauth_names = ['a']", "no [[listener]] asks"),
        ("auth = 'certificate'\nauth_names = []", "is not a list of names"),
        ("auth = 'certificate'\nauth_names = ['*']", "\"*\" is not a name"),
        ("auth = 'forward'\nauth_url = 'ftp://a/'", "is not a URL"),
        ("auth = 'forward'\nauth_url = 'http://s3cret@a/'", "is not a URL"),
        ("auth = 'forward'\nauth_url = 'http://a/'\nauth_timeout = '0s'", "auth_timeout"),
        ("auth = 'forward'\nauth_url = 'http://a/'\nauth_cache = '1h'", "auth_cache"),
        ("auth = 'forward'\nauth_url = 'http://a/'\nauth_ca = 'no.pem'", "auth_ca"),
        ("auth = 'forward'\nauth_url = 'https://a/'\nauth_ca = 'no.pem'", "no.pem: holds no certificate"),
        ("auth = 'forward'\nauth_url = 'http://a/'\nauth_headers = ['X-Forwarded-For']", "x-forwarded-for"),
        ("auth = 'forward'\nauth_url = 'http://a/'\nauth_copy = ['Content-Length']", "content-length"),
    ] {
        write("put2bits.toml", &format!("[[route]]\npath = '/'\nbackend = 'http://iis/'\n{lines}\n"));
        for command in ["serve", "check-config"] {
            let run = program()
                .args([command, "--config", "put2bits.toml", "--listen", "127.0.0.1:0"])
                .args(["--admin-listen", "off", "--store", "memory"])
                .current_dir(dir.path())
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let told = String::from_utf8(run.stderr).unwrap();
            assert_eq!(run.status.code(), Some(78), "{command} {lines}: {told}");
            assert!(told.to_lowercase().contains(&part.to_lowercase()), "{command} {lines}: {told}");
            assert!(told.lines().count() == 1 && !told.contains("s3cret"), "{command} {lines}: {told}");
        }
    }
}
