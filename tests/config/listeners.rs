//! `[[listener]]`, `listen` beside them, and whom in front to believe.

use super::case::{Case, ROUTE, file_error};
use put2bits::access::{Address, ClientAuth, Forwarded, Listener, TlsVersion};

fn listeners(text: &str) -> Vec<Listener> {
    Case::new().file(&format!("{text}\n{ROUTE}")).resolve().unwrap().into_config().all_listeners()
}

fn shown(text: &str) -> Vec<String> {
    listeners(text).iter().map(|listener| listener.address.to_string()).collect()
}

const SEVERAL: &str = "[[listener]]\naddress = '0.0.0.0:80'\n[[listener]]\naddress = 'unix:/run/up.sock'\n\
                       [[listener]]\naddress = 'systemd:up'\n[[listener]]\naddress = 'systemd'";

#[test]
fn where_there_are_others_there_is_no_plain_one_unless_it_is_wanted() {
    assert_eq!(shown(""), ["127.0.0.1:8080"]);
    assert_eq!(shown(SEVERAL), ["0.0.0.0:80", "unix:/run/up.sock", "systemd:up", "systemd"]);
    let both = format!("listen = '127.0.0.1:8080'\n{SEVERAL}");
    assert_eq!(shown(&both)[..2], ["127.0.0.1:8080", "0.0.0.0:80"]);
    assert_eq!(shown(&format!("listen = 'off'\n{SEVERAL}")).len(), 4);
    let resolved = Case::new().file(&format!("{SEVERAL}\n{ROUTE}")).resolve().unwrap();
    assert_eq!(resolved.origin("listen").to_string(), "default where there is a [[listener]]");
    // What is printed means the same.
    let again = Case::new().file(&resolved.to_string()).resolve().unwrap();
    assert_eq!(again.config(), resolved.config(), "{resolved}");
}

#[test]
fn everything_of_a_listener() {
    let text = "proxies.trusted = ['10.0.0.0/8', '::1', '192.0.2.7']\nproxies.forwarded = 'forwarded'\n\
                [[listener]]\naddress = 'unix:up.sock'\nmode = '0600'\nproxy_protocol = true\nhttp2 = false\n\
                certificates = [{ chain = 'a.crt', key = 'a.key' }, { chain = 'b.crt', key = 'b.key' }]\n\
                tls_min = '1.3'\nclient_ca = 'ca.crt'\nclient_auth = 'ask'";
    let case = Case::new().file(&format!("{text}\n{ROUTE}"));
    let resolved = case.resolve().unwrap();
    let config = resolved.config();
    let [listener] = &config.listeners[..] else { panic!("{config:?}") };
    assert!(matches!(&listener.address, Address::Unix { mode: 0o600, .. }));
    assert!(listener.proxy_protocol && !listener.http2);
    let tls = listener.tls.as_ref().unwrap();
    assert_eq!((tls.min, tls.client_auth, tls.certificates.len()), (TlsVersion::V1_3, ClientAuth::Ask, 2));
    assert_eq!(config.proxies.forwarded, Forwarded::Standard);
    let networks: Vec<String> = config.proxies.trusted.0.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["10.0.0.0/8", "::1/128", "192.0.2.7/32"]);
    let again = Case::new().file(&resolved.to_string()).resolve().unwrap();
    assert_eq!(again.config(), config, "{resolved}");
}

#[test]
fn who_names_those_who_vouch_for_clients_wants_to_see_certificates() {
    let with = |more: &str| {
        let text = format!(
            "[[listener]]\naddress = '[::]:443'\ncertificates = [{{ chain = 'c', key = 'k' }}]\n{more}"
        );
        listeners(&text)[0].tls.clone().unwrap().client_auth
    };
    assert_eq!(with(""), ClientAuth::Off);
    assert_eq!(with("client_ca = 'ca'"), ClientAuth::Require);
    assert_eq!(with("client_ca = 'ca'\nclient_auth = 'off'"), ClientAuth::Off);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    const PAIR: &str = "certificates = [{ chain = 'c', key = 'k' }]";
    for (lines, error) in [
        ("", "p.toml:1: listener[0].address: is missing: write address = \"0.0.0.0:443\""),
        ("address = 'here'", "p.toml:2: listener[0].address: \"here\" is not an IP address and a port"),
        ("address = 'systemd:'", "p.toml:2: listener[0].address: \"systemd:\" is not"),
        ("address = 'unix:'", "p.toml:2: listener[0].address: \"unix:\" is not"),
        ("adress = ''", "p.toml:2: listener[0].adress: unknown key; did you mean \"address\"?"),
        (
            "address = '[::]:443'\nmode = '0660'",
            "p.toml:3: listener[0].mode: goes with address = \"unix:…\" only",
        ),
        (
            "address = 'unix:a'\nmode = '0888'",
            "p.toml:3: listener[0].mode: \"0888\" is not the rights of a file",
        ),
        ("address = 'unix:a'\nmode = 660", "p.toml:3: listener[0].mode: 660 is not the rights of a file"),
        (
            "address = '[::]:443'\ntls_min = '1.3'",
            "p.toml:3: listener[0].tls_min: goes with certificates only",
        ),
        (
            "address = '[::]:443'\nclient_ca = 'x'",
            "p.toml:3: listener[0].client_ca: goes with certificates only",
        ),
        (
            "address = '[::]:443'\ncertificates = []",
            "p.toml:3: listener[0].certificates: an array is not a list of certificates",
        ),
        (
            "address = '[::]:443'\ncertificates = ['a']",
            "p.toml:3: listener[0].certificates: \"a\" is not { chain =",
        ),
        (
            "address = '[::]:443'\ncertificates = [{ chain = 'a' }]",
            "p.toml:3: listener[0].certificates: a certificate has no key: name its file",
        ),
        (
            "address = '[::]:443'\ncertificates = [{ chain = 'a', key = 'b', ca = 'c' }]",
            "p.toml:3: listener[0].certificates: a certificate has a chain and a key, and no \"ca\"",
        ),
        (
            &format!("address = '[::]:443'\n{PAIR}\nclient_auth = 'require'"),
            "p.toml:4: listener[0].client_auth: needs client_ca",
        ),
        (
            &format!("address = '[::]:443'\n{PAIR}\ntls_min = '1.1'"),
            "p.toml:4: listener[0].tls_min: \"1.1\" is not one of 1.2, 1.3",
        ),
        (
            "address = '[::]:443'\nproxy_protocol = true",
            "p.toml:3: listener[0].proxy_protocol: needs proxies.trusted",
        ),
        (
            "address = '127.0.0.1:8081'",
            "p.toml:2: listener[0].address: 127.0.0.1:8081 and admin.listen (127.0.0.1:8081, default) are in each other's way",
        ),
        (
            "address = '[::]:443'\n[[listener]]\naddress = '0.0.0.0:443'",
            "p.toml:4: listener[1].address: 0.0.0.0:443 and listener[0].address ([::]:443, p.toml:2) are in each",
        ),
        (
            "address = 'unix:a'\n[[listener]]\naddress = 'unix:a'",
            "p.toml:4: listener[1].address: unix:a is the address of another listener, too (p.toml:2)",
        ),
    ] {
        let line = file_error(&format!("[[listener]]\n{lines}\n{ROUTE}"));
        assert!(line.starts_with(error), "{line}\n{error}");
    }
    for (lines, error) in [
        ("listen = 'off'", "p.toml:1: listen: nothing to listen on"),
        ("proxies.forwarded = 'forwarded'", "p.toml:1: proxies.forwarded: needs proxies.trusted"),
        ("proxies.forwarded = 'x'", "p.toml:1: proxies.forwarded: \"x\" is not one of none, x-forwarded-for"),
        (
            "proxies.trusted = ['10.0.0.0/33']",
            "p.toml:1: proxies.trusted[0]: \"10.0.0.0/33\" is not an IP address, or a network",
        ),
        (
            "proxies.trusted = 'localhost'",
            "p.toml:1: proxies.trusted: \"localhost\" is not a list of addresses",
        ),
        ("listener = 1", "p.toml:1: listener: must be a list of tables: write [[listener]]"),
    ] {
        let line = file_error(&format!("{lines}\n{ROUTE}"));
        assert!(line.starts_with(error), "{line}\n{error}");
    }
}
