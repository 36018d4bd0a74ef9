//! The example file against the table of keys.

use super::keys::KEYS;
use super::tables::{BACKEND_KEYS, LISTENER_KEYS, ROUTE_KEYS};
use super::{Config, Resolved, file, known_keys};
use crate::access::{Address, Listener};
use crate::route::Route;
use std::path::Path;

const EXAMPLE: &str = include_str!("../../deploy/put2bits.toml");

/// The example with every setting in force.
fn all_in_force() -> String {
    in_force(|_| true)
}

/// Those in force that do not need another value of `auth` beside them.
fn all_that_go_together() -> String {
    in_force(|setting| !setting.starts_with("auth_"))
}

fn in_force(wanted: impl Fn(&str) -> bool) -> String {
    let is_setting =
        |rest: &&str| (rest.starts_with(char::is_alphabetic) || rest.starts_with("[[")) && wanted(rest);
    let setting = |line: &'static str| line.strip_prefix('#').filter(is_setting);
    let lines: Vec<_> = EXAMPLE.lines().map(|line| setting(line).unwrap_or(line)).collect();
    // `mode` goes with these alone.
    lines.join("\n").replace("\"0.0.0.0:443\"", "\"unix:/run/put2bits/up.sock\"")
}

fn resolve(text: &str) -> Resolved {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("put2bits.toml");
    std::fs::write(&path, text).unwrap();
    super::Sources { file: Some(path), ..Default::default() }.resolve().unwrap()
}

#[test]
fn the_example_sets_nothing_but_its_route() {
    let resolved = resolve(EXAMPLE);
    let backend = super::parse_backend("http://iis.example/uploads/").unwrap();
    assert_eq!(resolved.config(), &Config::for_backend(backend));
    assert!(KEYS.iter().all(|key| !resolved.origin(key.path).is_explicit()));
}

#[test]
fn the_example_holds_every_key_once() {
    let document = file::parse(&all_in_force(), Path::new("put2bits.toml")).unwrap();
    let scalars = document.settings.iter().map(|(key, _)| (*key).to_owned());
    let tables = document.tables.iter();
    let fields = tables.flat_map(|table| table.fields.iter().map(|(key, _)| format!("{}.{key}", table.kind)));
    let shown: Vec<String> = scalars.chain(fields).collect();
    assert_eq!(shown, known_keys().collect::<Vec<_>>(), "in the order of the tables");
}

#[test]
fn the_defaults_in_the_example_are_the_defaults() {
    let resolved = resolve(&all_that_go_together());
    let (mut shown, mut default) = (resolved.config().clone(), Config::default());
    for key in KEYS.iter().filter(|key| key.path != "workers") {
        assert_eq!(key.of(&mut shown).toml(), key.of(&mut default).toml(), "{}", key.path);
        assert!(resolved.origin(key.path).is_explicit(), "{}", key.path);
    }
    let listener = resolved.config().listeners[0].clone();
    let tls = listener.tls.clone().unwrap();
    assert_eq!((tls.min, tls.client_auth), Default::default());
    let Address::Unix { mode: Address::MODE, .. } = listener.address else { panic!("{listener:?}") };
    assert_eq!(Listener { tls: None, ..listener.clone() }, Listener::plain(listener.address));
    let mut route = resolved.routes()[0].route.clone();
    // These have no default.
    assert!(route.name.header.take().is_some() && route.name.query.take().is_some());
    assert!(route.target.take().is_some() && !std::mem::take(&mut route.hosts).is_empty());
    assert!(route.max_upload.take().is_some() && route.max_running.take().is_some());
    assert_eq!(route, Route::new(&route.prefix, route.backend.clone()));
}

#[test]
fn the_example_writes_values_as_they_are_printed() {
    let printed = resolve(&all_that_go_together()).to_string();
    for line in all_that_go_together().lines().filter(|line| line.contains(" = ") && !line.starts_with('#')) {
        let name = line.split(" = ").next().unwrap();
        // Header names are printed in small letters.
        if name != "name_header" {
            assert!(printed.lines().any(|other| other.starts_with(line)), "{line}\n{printed}");
        }
    }
    let mut all = ROUTE_KEYS.iter().chain(&LISTENER_KEYS).chain(&BACKEND_KEYS);
    assert!(all.all(|key| key.starts_with("auth_") || printed.contains(&format!("\n{key} = "))), "{printed}");
}

/// Of each kind of `auth` the keys that go with it, as the example writes them.
#[test]
fn the_example_of_each_kind_of_auth_is_one() {
    for (kind, keys) in [
        ("bearer", &["auth_file"][..]),
        ("basic", &["auth_file"]),
        ("forward", &["auth_url", "auth_headers", "auth_copy", "auth_timeout", "auth_cache", "auth_ca"]),
    ] {
        let text = in_force(|setting| setting.split(" = ").next().is_some_and(|key| keys.contains(&key)));
        let text = text.replace("#auth = \"open\"", &format!("auth = {kind:?}"));
        let printed = resolve(&text).to_string();
        for line in text.lines().filter(|line| line.starts_with("auth")) {
            assert!(printed.lines().any(|other| other.starts_with(line)), "{line}\n{printed}");
        }
        let forward = crate::route::Forward::new("https://auth.example/check".parse().unwrap());
        if let crate::route::Auth::Forward(shown) = &resolve(&text).routes()[0].route.auth {
            let shown = crate::route::Forward { copy: Vec::new(), ca: None, ..(**shown).clone() };
            assert_eq!(shown, forward, "the defaults in the example are the defaults");
        }
    }
}
