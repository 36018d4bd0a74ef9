//! Mistakes that people make at these doors: each is one line with its place, exit code 78, and nothing is bound.
//!
//! Nothing can be: the address of the first listener is taken, so whoever binds before it has checked says 69.

use crate::authority::Authority;
use crate::support::program;
use put2bits::guard::{token_line, user_line};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Output;

/// Certificates, tokens and passwords, good ones and bad ones.
fn files() -> Authority {
    let (authority, stranger) = (Authority::new(), Authority::new());
    authority.issue("up", &["up.test"]);
    stranger.issue("up", &["up.test"]);
    fs::copy(stranger.file("up.key"), authority.file("other.key")).unwrap();
    authority.issue_with("old", &["up.test"], |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let write = |name: &str, text: &str| fs::write(authority.file(name), text).unwrap();
    let password = |name: &str| user_line(name, b"planted-password").unwrap();
    write("users", &password("alice"));
    write("tokens", &token_line("alice", b"planted-token-0123456789").unwrap());
    write("weak", "bob:$apr1$planted$planted\n");
    write("plain", "alice:planted\n");
    write("twice", &format!("{}\n{}\n", password("alice"), password("alice")));
    write("empty", "");
    write("no.pem", "planted");
    write("token", "planted-secret\n");
    write("two-lines", "planted-secret\nplanted-other\n");
    write("expired.tokens", "alice sha256:planted 2020-13-01\n");
    fs::create_dir(authority.file("folder")).unwrap();
    symlink("nowhere", authority.file("dangling")).unwrap();
    authority
}

const PAIR: &str = "certificates = [{ chain = 'up.crt', key = 'up.key' }]";
const PROXIED: &str = "address = '127.0.0.1:0'\nproxy_protocol = true";

/// Lines of a `[[listener]]`, which begins in line 4, and what is said of it.
const LISTENERS: [(&str, &str); 24] = [
    ("mode = '0660'", "p.toml:4: listener[1].address: is missing"),
    (
        "address = 'localhost:443'",
        "p.toml:5: listener[1].address: \"localhost:443\" is not an IP address and",
    ),
    ("address = '127.0.0.1'", "p.toml:5: listener[1].address: \"127.0.0.1\" is not an IP address and"),
    ("address = 'https://0.0.0.0:443'", "p.toml:5: listener[1].address: \"https://0.0.0.0:443\" is not"),
    ("address = 'unix:'", "p.toml:5: listener[1].address: \"unix:\" is not"),
    ("address = 'systemd:'", "p.toml:5: listener[1].address: \"systemd:\" is not"),
    ("adress = '[::]:443'", "p.toml:5: listener[1].adress: unknown key; did you mean \"address\"?"),
    ("address = '0.0.0.0:TAKEN'", "p.toml:5: listener[1].address: 0.0.0.0:TAKEN and listener[0].address ("),
    ("address = '127.0.0.1:0'\nmode = '0600'", "p.toml:6: listener[1].mode: goes with address = \"unix:"),
    ("address = 'unix:up.sock'\nmode = 600", "p.toml:6: listener[1].mode: 600 is not the rights of a file"),
    ("address = 'unix:up.sock'\nmode = '0999'", "p.toml:6: listener[1].mode: \"0999\" is not the rights"),
    (
        "address = '127.0.0.1:0'\nclient_ca = 'ca.crt'",
        "p.toml:6: listener[1].client_ca: goes with certificates",
    ),
    (
        "address = '127.0.0.1:0'\ncertificates = 'up.crt'",
        "p.toml:6: listener[1].certificates: \"up.crt\" is not a list",
    ),
    (
        "address = '127.0.0.1:0'\ncertificates = [{ chain = 'up.crt' }]",
        "p.toml:6: listener[1].certificates: a certificate has no key",
    ),
    (
        "address = '127.0.0.1:0'\ncertificates = [{ chain = 'up.crt', key = 'other.key' }]",
        "p.toml:6: listener[1].certificates: other.key: is not the key of",
    ),
    (
        "address = '127.0.0.1:0'\ncertificates = [{ chain = 'up.key', key = 'up.crt' }]",
        "p.toml:6: listener[1].certificates: up.key: holds no certificate",
    ),
    (
        "address = '127.0.0.1:0'\ncertificates = [{ chain = 'old.crt', key = 'old.key' }]",
        "p.toml:6: listener[1].certificates: old.crt: the certificate has expired",
    ),
    (
        "address = '127.0.0.1:0'\ncertificates = [{ chain = 'missing.crt', key = 'up.key' }]",
        "p.toml:6: listener[1].certificates: missing.crt: cannot be read",
    ),
    (
        "address = '127.0.0.1:0'\ncertificates = [{ chain = 'up.crt', key = 'dangling' }]",
        "p.toml:6: listener[1].certificates: dangling: cannot be read",
    ),
    (
        "address = '127.0.0.1:0'\ncertificates = [{ chain = 'folder', key = 'up.key' }]",
        "p.toml:6: listener[1].certificates: folder: cannot be read",
    ),
    ("PAIR\nclient_auth = 'require'", "p.toml:7: listener[1].client_auth: needs client_ca"),
    ("PAIR\nclient_ca = 'up.key'", "p.toml:7: listener[1].client_ca: up.key: holds no certificate"),
    ("PAIR\ntls_min = '1.1'", "p.toml:7: listener[1].tls_min: \"1.1\" is not one of 1.2, 1.3"),
    (PROXIED, "p.toml:6: listener[1].proxy_protocol: needs proxies.trusted"),
];

/// Lines of a `[[route]]` with path and backend, which begins in line 4.
const ROUTES: [(&str, &str); 26] = [
    ("auth = 'basic'", "p.toml:7: route[0].auth: \"basic\" needs auth_file beside it"),
    ("auth = 'bearer'", "p.toml:7: route[0].auth: \"bearer\" needs auth_file beside it"),
    ("auth = 'password'", "p.toml:7: route[0].auth: \"password\" is not one of open, bearer, basic"),
    ("auth_file = 'users'", "p.toml:7: route[0].auth_file: goes with auth = \"bearer\" or \"basic\""),
    ("auth = 'basic'\nauth_file = 'missing'", "p.toml:8: route[0].auth_file: cannot read missing: "),
    ("auth = 'basic'\nauth_file = 'folder'", "p.toml:8: route[0].auth_file: cannot read folder: "),
    (
        "auth = 'basic'\nauth_file = 'weak'",
        "p.toml:8: route[0].auth_file: weak, line 1: MD5 (apr1) is not taken",
    ),
    ("auth = 'basic'\nauth_file = 'plain'", "p.toml:8: route[0].auth_file: plain, line 1: "),
    ("auth = 'basic'\nauth_file = 'tokens'", "p.toml:8: route[0].auth_file: tokens, line 1: "),
    ("auth = 'basic'\nauth_file = 'twice'", "p.toml:8: route[0].auth_file: twice, line 2: "),
    ("auth = 'bearer'\nauth_file = 'users'", "p.toml:8: route[0].auth_file: users, line 1: "),
    (
        "auth = 'bearer'\nauth_file = 'expired.tokens'",
        "p.toml:8: route[0].auth_file: expired.tokens, line 1: ",
    ),
    ("auth = 'certificate'", "p.toml:7: route[0].auth: \"certificate\" needs auth_names"),
    ("auth = 'certificate'\nauth_names = ['phone-*']", "p.toml:7: route[0].auth: "),
    ("auth = 'forward'", "p.toml:7: route[0].auth: \"forward\" needs auth_url"),
    ("auth = 'forward'\nauth_url = 'auth.example/check'", "p.toml:8: route[0].auth_url: "),
    ("target = '{who}/{name}'", "p.toml:7: route[0].target: "),
    ("target = '{name'", "p.toml:7: route[0].target: "),
    ("target = '../{name}'", "p.toml:7: route[0].target: "),
    ("target = '{user}/{name}'", "p.toml:7: route[0].target: "),
    ("host = 'https://up.test'", "p.toml:7: route[0].host: "),
    (
        "set_headers = { X-Key = { file = 'missing' } }",
        "p.toml:7: route[0].set_headers: cannot read missing: ",
    ),
    ("host = '*'", "p.toml:7: route[0].host: \"*\" is not needed: leave the key out"),
    (
        "auth = 'forward'\nauth_url = 'https://auth.example/'\nauth_ca = 'missing'",
        "p.toml:9: route[0].auth_ca: cannot read missing: ",
    ),
    ("request_headers = ['Content-Length']", "p.toml:7: route[0].request_headers: "),
    (
        "host = 'up.test'\n[[route]]\nhost = 'UP.test'\npath = '/'\nbackend = 'http://iis/'",
        "p.toml:10: route[1].path: \"/\" is the path of another route with the same host, too (p.toml:5)",
    ),
];

/// Lines of a `[[backend]]` with a name and an https URL, which begins in line 4.
const BACKENDS: [(&str, &str); 15] = [
    ("host_ids = ['node1']", "p.toml:7: backend[0].host_ids: goes with"),
    ("host_id = 'allow-list'", "p.toml:4: backend[0].host_ids: is missing"),
    (
        "host_id = 'any'",
        "p.toml:7: backend[0].host_id: \"any\" is not one of ignore, same-domain, allow-list",
    ),
    ("tls_key = 'up.key'", "p.toml:7: backend[0].tls_key: needs tls_certificate"),
    ("tls_ca = 'missing'", "p.toml:7: backend[0].tls_ca: cannot read missing: "),
    ("tls_ca = 'no.pem'", "p.toml:7: backend[0].tls_ca: "),
    (
        "tls_certificate = 'up.crt'\ntls_key = 'other.key'",
        "p.toml:8: backend[0].tls_key: other.key is not the key of up.crt",
    ),
    ("tls_pin = 'abc'", "p.toml:7: backend[0].tls_pin: "),
    ("credentials = 'bearer'", "p.toml:4: backend[0].credentials_file: is missing"),
    (
        "credentials = 'bearer'\ncredentials_file = 'missing'",
        "p.toml:8: backend[0].credentials_file: cannot read",
    ),
    ("credentials = 'bearer'\ncredentials_file = 'empty'", "p.toml:8: backend[0].credentials_file: "),
    ("credentials = 'bearer'\ncredentials_file = 'two-lines'", "p.toml:8: backend[0].credentials_file: "),
    ("credentials = 'basic'\ncredentials_file = 'token'", "p.toml:8: backend[0].credentials_file: "),
    (
        "[[route]]\npath = '/x/'\nbackend = 'isi'",
        "p.toml:9: route[0].backend: \"isi\" is neither a URL nor the name",
    ),
    (
        "[[backend]]\nname = 'plain'\nurl = 'http://iis/'\ntls_ca = 'ca.crt'",
        "p.toml:10: backend[1].tls_ca: goes with an https URL only",
    ),
];

/// Other lines; they begin in line 4.
const OTHERS: [(&str, &str); 5] = [
    (
        "[proxies]\ntrusted = ['10.0.0.0/33']",
        "p.toml:5: proxies.trusted[0]: \"10.0.0.0/33\" is not an IP address, or a network",
    ),
    (
        "[proxies]\ntrusted = ['::1', '10.0.0.1-10.0.0.9']",
        "p.toml:5: proxies.trusted[1]: \"10.0.0.1-10.0.0.9\" is not an IP",
    ),
    (
        "[proxies]\ntrusted = [\n'::1',\n'lb.example']",
        "p.toml:7: proxies.trusted[1]: \"lb.example\" is not an IP address",
    ),
    ("[proxies]\nforwarded = 'forwarded'", "p.toml:5: proxies.forwarded: needs proxies.trusted"),
    ("[proxies]\nforwarded = 'x-real-ip'", "p.toml:5: proxies.forwarded: \"x-real-ip\" is not one of"),
];

#[test]
fn each_is_one_line_with_its_place_and_nothing_is_bound() {
    let files = files();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    const ROUTE: &str = "[[route]]\npath = '/'\nbackend = 'http://iis/'\n";
    let pair = format!("address = '127.0.0.1:0'\n{PAIR}");
    let listeners = LISTENERS
        .map(|(lines, said)| (format!("[[listener]]\n{}\n{ROUTE}", lines.replace("PAIR", &pair)), said));
    let routes = ROUTES.map(|(lines, said)| (format!("{ROUTE}{lines}\n"), said));
    let https = "[[backend]]\nname = 'iis'\nurl = 'https://iis.invalid/'\n";
    let backends = BACKENDS
        .map(|(lines, said)| (format!("{https}{lines}\n[[route]]\npath = '/'\nbackend = 'iis'\n"), said));
    let others = OTHERS.map(|(lines, said)| (format!("{lines}\n{ROUTE}"), said));
    let all: Vec<_> = listeners.into_iter().chain(routes).chain(backends).chain(others).collect();
    assert!(all.len() >= 60, "{}", all.len());
    let mut wrong = Vec::new();
    for (lines, said) in &all {
        let said = said.replace("TAKEN", &port);
        let text = format!(
            "admin.listen = 'off'\n[[listener]]\naddress = '127.0.0.1:{port}'\n{}",
            lines.replace("TAKEN", &port)
        );
        fs::write(files.file("p.toml"), &text).unwrap();
        let mut serve = program();
        serve.current_dir(files.file("")).args(["serve", "--store", "memory", "--config", "p.toml"]);
        let Output { status, stderr, stdout } = serve.output().unwrap();
        let line = String::from_utf8(stderr).unwrap();
        let is_right = status.code() == Some(78)
            && line.starts_with(&format!("put2bits: {said}"))
            && line.ends_with('\n')
            && line.lines().count() == 1
            && stdout.is_empty()
            && !line.contains("planted")
            && !files.file("up.sock").exists();
        if !is_right {
            wrong.push(format!("{lines}\n  wanted {said}\n  got {:?} {line}", status.code()));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}
