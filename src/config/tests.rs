//! The example file against the table of keys.

use super::backends::BACKEND_KEYS;
use super::keys::KEYS;
use super::routes::ROUTE_KEYS;
use super::{Config, Resolved, file, known_keys};
use crate::route::Route;
use std::path::Path;

const EXAMPLE: &str = include_str!("../../deploy/put2bits.toml");

/// The example with every setting in force.
fn all_in_force() -> String {
    let setting = |line: &'static str| {
        line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_alphabetic() || c == '['))
    };
    EXAMPLE.lines().map(|line| setting(line).unwrap_or(line)).collect::<Vec<_>>().join("\n")
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
    let resolved = resolve(&all_in_force());
    let (mut shown, mut default) = (resolved.config().clone(), Config::default());
    for key in KEYS.iter().filter(|key| key.path != "workers") {
        assert_eq!(key.of(&mut shown).toml(), key.of(&mut default).toml(), "{}", key.path);
        assert!(resolved.origin(key.path).is_explicit(), "{}", key.path);
    }
    let mut route = resolved.routes()[0].route.clone();
    // These have no default.
    assert!(route.name.header.take().is_some() && route.name.query.take().is_some());
    assert!(route.target.take().is_some() && !std::mem::take(&mut route.hosts).is_empty());
    assert!(route.max_upload.take().is_some() && route.max_running.take().is_some());
    assert_eq!(route, Route::new(&route.prefix, route.backend.clone()));
}

#[test]
fn the_example_writes_values_as_they_are_printed() {
    let printed = resolve(&all_in_force()).to_string();
    for line in all_in_force().lines().filter(|line| line.contains(" = ") && !line.starts_with('#')) {
        let name = line.split(" = ").next().unwrap();
        // Header names are printed in small letters.
        if name != "name_header" {
            assert!(printed.lines().any(|other| other.starts_with(line)), "{line}\n{printed}");
        }
    }
    assert!(BACKEND_KEYS.iter().all(|key| printed.contains(&format!("\n{key} = "))), "{printed}");
    assert!(ROUTE_KEYS.iter().all(|key| printed.contains(&format!("\n{key} = "))), "{printed}");
}
