//! Wrong certificates are told in one line, before anything is bound.

use crate::authority::Authority;
use crate::support::program;
use std::process::Output;

#[test]
fn wrong_files_are_one_line_that_names_the_setting() {
    let authority = Authority::new();
    authority.issue("up", &["up.test"]);
    authority.issue("other", &["up.test"]);
    authority.issue_with("old", &["up.test"], |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let pair = |chain: &str, key: &str| {
        let (chain, key) = (authority.path(chain), authority.path(key));
        format!("certificates = [{{ chain = '{chain}', key = '{key}' }}]")
    };
    let with_ca = format!("{}\nclient_ca = '{}'", pair("up.crt", "up.key"), authority.path("up.key"));
    for (lines, wanted) in [
        (
            pair("none.crt", "up.key"),
            "put2bits.toml:3: listener[0].certificates: FOLDER/none.crt: cannot be read: ",
        ),
        (
            pair("up.crt", "other.key"),
            "put2bits.toml:3: listener[0].certificates: FOLDER/other.key: is not the key of",
        ),
        (
            pair("old.crt", "old.key"),
            "put2bits.toml:3: listener[0].certificates: FOLDER/old.crt: the certificate has expired",
        ),
        (with_ca, "put2bits.toml:4: listener[0].client_ca: FOLDER/up.key: holds no certificate (PEM)"),
    ] {
        let text = format!(
            "admin.listen = 'off'\n[[listener]]\n{lines}\naddress = '127.0.0.1:0'\n[[route]]\npath = '/'\nbackend = 'http://iis/'\n"
        );
        let path = authority.file("put2bits.toml");
        std::fs::write(&path, text).unwrap();
        for command in ["serve", "check-config"] {
            let mut program = program();
            program.current_dir(authority.file("")).args([command, "--config", "put2bits.toml"]);
            let Output { status, stderr, .. } = program.output().unwrap();
            let line = String::from_utf8(stderr).unwrap();
            let folder = authority.path("");
            let line = line.replace(folder.trim_end_matches('/'), "FOLDER");
            assert_eq!(status.code(), Some(78), "{line}");
            assert!(line.starts_with(&format!("put2bits: {wanted}")), "{line}\n{wanted}");
            assert_eq!(line.lines().count(), 1, "{line}");
        }
    }
}
