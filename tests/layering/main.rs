//! The rules of the crate documentation that the compiler does not know: who may import whom, what the pure modules may
//! not touch, how large a file may be. This test reads `src/`.

#![allow(clippy::unwrap_used)]

mod order;
mod source;

use source::{Found, Token};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// One module of the first level.
struct Layer {
    name: &'static str,
    /// What it may import of ours. A name must stand above its user in the table: so there are no circles.
    imports: &'static [&'static str],
    /// Paths that it may not name.
    bans: &'static [&'static [&'static [&'static str]]],
}

/// Runtimes, sockets, files, clocks, randomness, logging: a pure module gets all of that as arguments.
const IMPURE: &[&[&str]] = &[
    &["tokio"],
    &["tokio_util"],
    &["hyper"],
    &["hyper_util"],
    &["reqwest"],
    &["socket2"],
    &["std", "net"],
    &["std", "fs"],
    &["std", "io"],
    &["std", "env"],
    &["std", "process"],
    &["std", "thread"],
    &["Instant"],
    &["SystemTime", "now"],
    &["elapsed"],
    &["fastrand"],
    &["rand"],
    &["uuid"],
    &["tracing"],
    &["println"],
    &["eprintln"],
];

/// The transfer awaits and measures, but opens nothing and logs nothing.
const NO_IO: &[&[&str]] = &[
    &["tokio", "net"],
    &["tokio", "fs"],
    &["std", "net"],
    &["std", "fs"],
    &["std", "env"],
    &["hyper"],
    &["hyper_util"],
    &["reqwest"],
    &["socket2"],
    &["tracing"],
];

/// What only `config`, `cli` and the programs know.
const NO_SETTINGS: &[&[&str]] = &[&["std", "env"], &["clap"], &["toml"]];

const NO_RUNTIME: &[&[&str]] = &[&["tokio"], &["hyper"], &["reqwest"], &["tracing"]];

const LAYERS: &[Layer] = &[
    Layer { name: "error", imports: &[], bans: &[IMPURE] },
    Layer { name: "limits", imports: &[], bans: &[IMPURE] },
    Layer { name: "stamp", imports: &[], bans: &[NO_RUNTIME] },
    Layer { name: "digest", imports: &["error"], bans: &[IMPURE] },
    Layer { name: "bits", imports: &["error", "limits"], bans: &[IMPURE] },
    Layer { name: "resumable", imports: &["error", "limits", "digest"], bans: &[IMPURE] },
    Layer { name: "route", imports: &["error", "limits", "digest", "bits", "resumable"], bans: &[IMPURE] },
    Layer { name: "upload", imports: &["error", "limits", "digest", "bits", "resumable"], bans: &[IMPURE] },
    Layer { name: "access", imports: &["error", "route", "upload"], bans: &[IMPURE] },
    Layer {
        name: "config",
        imports: &["error", "limits", "bits", "resumable", "route", "access"],
        bans: &[NO_RUNTIME],
    },
    Layer { name: "telemetry", imports: &["error", "config"], bans: &[] },
    Layer {
        name: "transfer",
        imports: &["error", "limits", "digest", "bits", "resumable", "route", "upload"],
        bans: &[NO_IO],
    },
    Layer { name: "survey", imports: &["error", "limits", "bits", "route", "transfer"], bans: &[NO_IO] },
    Layer {
        name: "registry",
        imports: &["error", "limits", "digest", "bits", "resumable", "route", "upload", "transfer"],
        bans: &[NO_IO],
    },
    Layer {
        name: "store",
        imports: &["error", "limits", "registry"],
        bans: &[NO_SETTINGS, &[&["hyper"], &["reqwest"]]],
    },
    Layer {
        name: "front",
        imports: &["error", "limits", "digest", "bits", "resumable", "route", "upload", "access", "transfer"],
        bans: &[NO_SETTINGS, &[&["reqwest"], &["hyper", "client"]]],
    },
    Layer {
        name: "listen",
        imports: &["error", "limits", "stamp", "access"],
        bans: &[&[&["clap"], &["toml"], &["reqwest"], &["hyper"]]],
    },
    Layer {
        name: "guard",
        imports: &["error", "limits", "stamp", "route", "upload", "access", "telemetry", "transfer"],
        bans: &[NO_SETTINGS, &[&["hyper"]]],
    },
    Layer {
        name: "backend",
        imports: &["error", "limits", "stamp", "bits", "route", "transfer"],
        bans: &[NO_SETTINGS, &[&["hyper", "server"]]],
    },
    Layer {
        name: "mock",
        imports: &["error", "limits", "bits"],
        bans: &[NO_SETTINGS, &[&["hyper"], &["reqwest"], &["tracing"]]],
    },
    Layer { name: "admin", imports: &[], bans: &[NO_SETTINGS, &[&["reqwest"], &["hyper", "client"]]] },
    Layer { name: "phone", imports: &[], bans: &[NO_SETTINGS, &[&["hyper"], &["tracing"]]] },
    Layer {
        name: "app",
        imports: &[
            "error",
            "limits",
            "digest",
            "bits",
            "resumable",
            "route",
            "upload",
            "access",
            "config",
            "telemetry",
            "transfer",
            "registry",
            "store",
            "survey",
            "listen",
            "front",
            "guard",
            "backend",
            "admin",
        ],
        bans: &[NO_SETTINGS],
    },
    Layer {
        name: "cli",
        imports: &[
            "error",
            "limits",
            "bits",
            "resumable",
            "route",
            "config",
            "telemetry",
            "survey",
            "guard",
            "mock",
            "phone",
            "app",
        ],
        bans: &[],
    },
    Layer { name: "main", imports: &["cli"], bans: &[] },
];

/// Most lines of a file, tests included. Most have less than half of it.
const MOST_LINES: usize = 500;

/// A file of `src/`, by its path below it.
struct File {
    path: PathBuf,
    text: String,
}

fn files() -> Vec<File> {
    fn collect(dir: &Path, root: &Path, files: &mut Vec<File>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, root, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push(File { path: path.strip_prefix(root).unwrap().to_owned(), text });
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    assert!(files.len() > LAYERS.len(), "the source was not found");
    files
}

/// `bits/session/mod.rs` → `["bits", "session"]`.
fn module(path: &Path) -> Vec<&str> {
    let mut names: Vec<&str> = path.iter().map(|part| part.to_str().unwrap()).collect();
    let file = names.pop().unwrap();
    names.extend(file.strip_suffix(".rs").filter(|&name| name != "mod"));
    names
}

/// What is wrong with the imports of a file.
fn check_paths(file: &File) -> Vec<String> {
    let module = module(&file.path);
    if module == ["lib"] || source::is_test_file(&file.path) {
        return Vec::new();
    }
    let Some(layer) = LAYERS.iter().find(|layer| layer.name == module[0]) else {
        return vec![format!("{}: '{}' is in no layer: add it to the table", file.path.display(), module[0])];
    };
    let mut wrong = Vec::new();
    for Found { segments, line } in source::paths(&source::code(&file.text), &module) {
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let why = match segments[..] {
            ["crate", to, ..] if to == layer.name || layer.imports.contains(&to) => None,
            // The item that a visibility names.
            ["crate"] => None,
            ["crate", to, ..] => Some(format!("'{}' may not import '{to}'", layer.name)),
            _ => None,
        };
        let banned = layer.bans.iter().copied().flatten().find(|ban| contains(&segments, ban));
        let why =
            why.or_else(|| banned.map(|ban| format!("'{}' may not name {}", layer.name, ban.join("::"))));
        wrong.extend(why.map(|why| format!("{}:{line}: {why}", file.path.display())));
    }
    wrong
}

fn contains(segments: &[&str], ban: &[&str]) -> bool {
    segments.windows(ban.len()).any(|part| part == ban)
}

/// Calls that panic on an ordinary failure. A proof in a comment is a reason to write it in another way.
fn check_calls(file: &File) -> Vec<String> {
    if source::is_test_file(&file.path) {
        return Vec::new();
    }
    let code = source::code(&file.text);
    let is_call = |part: &[Token]| {
        part[0].text == "." && ["unwrap", "expect"].contains(&part[1].text.as_str()) && part[2].text == "("
    };
    let calls = code.windows(3).filter(|part| is_call(part));
    calls.map(|part| format!("{}:{}: {}()", file.path.display(), part[1].line, part[1].text)).collect()
}

fn check_size(file: &File) -> Option<String> {
    let lines = file.text.lines().count();
    (lines > MOST_LINES).then(|| format!("{}: {lines} lines", file.path.display()))
}

fn assert_none(wrong: Vec<String>) {
    let list = wrong.iter().fold(String::new(), |mut list, line| {
        let _ = write!(list, "\n  src/{line}");
        list
    });
    assert!(wrong.is_empty(), "{list}");
}

#[test]
fn imports_go_downwards_only() {
    assert_none(files().iter().flat_map(check_paths).collect());
}

#[test]
fn nothing_unwraps_outside_of_tests() {
    assert_none(files().iter().flat_map(check_calls).collect());
}

#[test]
fn files_are_small() {
    assert_none(files().iter().filter_map(check_size).collect());
}

#[test]
fn the_table_has_no_circles_and_no_strangers() {
    for (at, layer) in LAYERS.iter().enumerate() {
        for import in layer.imports {
            assert!(LAYERS[..at].iter().any(|lower| lower.name == *import), "{} → {import}", layer.name);
        }
        let exists = files().iter().any(|file| module(&file.path)[0] == layer.name);
        assert!(exists, "no module is called '{}'", layer.name);
    }
}

/// The architecture page has a table of the same modules, for people: users above what they use.
#[test]
fn the_architecture_page_has_the_same_table() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let rows = order::first_column(&page, "//! | module | what it is for |").unwrap();
    let row = |name: &str| rows.iter().position(|row| row.contains(&name));
    let layers = LAYERS.iter().filter(|layer| layer.name != "main");
    for layer in layers.clone() {
        let at = row(layer.name).unwrap_or_else(|| panic!("'{}' has no row", layer.name));
        for import in layer.imports {
            assert!(row(import) > Some(at), "'{}' stands below '{import}', which it imports", layer.name);
        }
    }
    assert_eq!(rows.concat().len(), layers.count(), "modules with a row: {rows:?}");
}

/// What the checks find in a planted file.
fn planted(path: &str, text: &str) -> Vec<String> {
    let file = File { path: path.into(), text: text.into() };
    [check_paths(&file), check_calls(&file)].concat()
}

#[test]
fn planted_violations_are_found() {
    for (path, text, wanted) in [
        (
            "bits/ack/mod.rs",
            "use crate::transfer::Upload;",
            "bits/ack/mod.rs:1: 'bits' may not import 'transfer'",
        ),
        ("bits/x.rs", "\n\nfn f() { crate::mock::g() }", "bits/x.rs:3: 'bits' may not import 'mock'"),
        ("bits/x.rs", "use super::super::config::Config;", "bits/x.rs:1: 'bits' may not import 'config'"),
        ("error.rs", "use super::limits;", "error.rs:1: 'error' may not import 'limits'"),
        (
            "front/x.rs",
            "use crate::{error::Problem, backend};",
            "front/x.rs:1: 'front' may not import 'backend'",
        ),
        ("front/x.rs", "use crate::*;", "front/x.rs:1: 'front' may not import '*'"),
        ("main.rs", "use put2bits::app;", "main.rs:1: 'main' may not import 'app'"),
        ("route/mod.rs", "use std::{fmt, net::IpAddr};", "route/mod.rs:1: 'route' may not name std::net"),
        (
            "bits/x.rs",
            "let now = std::time::SystemTime::now();",
            "bits/x.rs:1: 'bits' may not name SystemTime::now",
        ),
        (
            "bits/x.rs",
            "let s = \"\n\"; /*\n/* */ */ let t: time::Instant;",
            "bits/x.rs:3: 'bits' may not name Instant",
        ),
        (
            "bits/x.rs",
            "fn f<'a>(x: &'a str) { let c = '\"'; tracing::info!(x) }",
            "bits/x.rs:1: 'bits' may not name tracing",
        ),
        (
            "limits.rs",
            "#[cfg(test)]\nmod tests;\nuse tokio::time;",
            "limits.rs:3: 'limits' may not name tokio",
        ),
        ("backend/x.rs", "#[cfg(test)] mod t { fn f() {} }\n x.unwrap();", "backend/x.rs:2: unwrap()"),
        ("app/x.rs", "let r#type = r#\"\"q\"\"#; x\n.expect(\"y\")", "app/x.rs:2: expect()"),
        ("cellar/mod.rs", "", "cellar/mod.rs: 'cellar' is in no layer: add it to the table"),
    ] {
        assert_eq!(planted(path, text), [wanted], "{text}");
    }
}

#[test]
fn what_is_allowed_is_not_found() {
    for (path, text) in [
        ("bits/x.rs", "use crate::{bits::Packet, error::{Failure, Problem}, limits::MIB};"),
        (
            "bits/session/mod.rs",
            "use super::packet::Packet; pub(crate) fn f() {} pub(in crate::bits) fn g() {}",
        ),
        ("bits/server/gate.rs", "use super::super::ack::Ack;"),
        (
            "bits/x.rs",
            "// crate::mock\n/* tokio */ const X: &str = \"std::net\"; const Y: &[u8] = br#\"\"tokio::\"#;",
        ),
        ("bits/x.rs", "#[cfg(test)]\nmod tests { use tokio::time; fn f() { x.unwrap(); } }"),
        ("bits/session/tests.rs", "use crate::mock; x.unwrap();"),
        ("bits/server/tests/knobs.rs", "use tokio::time;"),
        ("bits/x.rs", "fn f(at: std::time::SystemTime) { x.unwrap_or(at); #[expect(dead_code)] let y; }"),
        ("transfer/x.rs", "use tokio::time::Instant;"),
        ("main.rs", "fn main() { put2bits::cli::run(std::env::args_os()) }"),
    ] {
        assert!(planted(path, text).is_empty(), "{text}: {:?}", planted(path, text));
    }
}
