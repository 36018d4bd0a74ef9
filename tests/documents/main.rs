//! What the README and the architecture page say and a test can check.

#![allow(clippy::unwrap_used)]

mod examples;

use put2bits::error::Problem;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The pages for people who do not read the source.
const PAGES: [&str; 12] = [
    "README.md",
    "CHANGELOG.md",
    "benches/README.md",
    "deploy/README.md",
    "deploy/fronts.md",
    "deploy/ios.md",
    "SECURITY.md",
    "docs/configuration.md",
    "docs/reliability.md",
    "docs/resuming.md",
    "docs/security.md",
    "fuzz/README.md",
];

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_table_of_answers_has_every_problem_once() {
    let readme = read("README.md");
    let rows = readme.lines().filter(|line| line.starts_with("| ") && line[2..].starts_with(['2', '4', '5']));
    let mut told = BTreeSet::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for code in cells[3].split_whitespace() {
            assert!(told.insert((cells[1].to_owned(), code.trim_matches('`').to_owned())), "{code} twice");
        }
    }
    let all = Problem::ALL.iter().map(|problem| problem.row());
    let all = all.map(|row| (row.status.as_str().to_owned(), row.code.to_owned())).collect();
    assert_eq!(told, all);
    // What operators meet beside the table: the way to the log, and the status that only the log has.
    for word in ["`Put2bits-Id`", "499"] {
        assert!(readme.contains(word), "{word}");
    }
}

/// Who runs all checks and who follows the README run the same tests.
#[test]
fn the_last_command_of_all_checks_is_the_readmes() {
    let readme = read("README.md");
    let (_, after) = readme.split_once("**Run the tests**").unwrap();
    let command = after.split("```sh").nth(1).unwrap().lines().find(|line| !line.is_empty()).unwrap();
    assert_eq!(read(".ci/run").lines().last(), Some(command));
}

#[test]
fn links_lead_to_files() {
    for name in PAGES {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        for link in read(name).split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            if link.starts_with("http") {
                continue;
            }
            let (file, section) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.with_file_name("").join(file) };
            assert!(target.exists(), "{name}: {link}");
            if !section.is_empty() {
                let text = fs::read_to_string(target).unwrap();
                assert!(text.lines().any(|line| anchor(line).as_deref() == Some(section)), "{name}: {link}");
            }
        }
    }
}

/// What a heading is linked by.
fn anchor(line: &str) -> Option<String> {
    let title = line.starts_with('#').then(|| line.trim_start_matches('#').trim().to_lowercase())?;
    let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    Some(kept.map(|c| if c == ' ' { '-' } else { c }).collect())
}

/// Settings are named by their paths, so a path that is no setting is a slip of the pen.
#[test]
fn settings_that_are_named_exist() {
    let known: Vec<String> = put2bits::config::known_keys().collect();
    let sections: BTreeSet<&str> = known.iter().filter_map(|key| Some(key.split_once('.')?.0)).collect();
    let advice = Problem::ALL.iter().map(|problem| problem.row().advice);
    let pages: Vec<String> = PAGES.iter().chain(&["deploy/put2bits.toml"]).map(|name| read(name)).collect();
    let mut checked = 0;
    for text in pages.iter().map(String::as_str).chain(advice) {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "._".contains(c);
        for word in text.split(|c| !is_part(c)).map(|word| word.trim_end_matches('.')) {
            let is_key = word.split_once('.').is_some_and(|(section, _)| sections.contains(section));
            assert!(!is_key || known.iter().any(|key| key == word), "{word}");
            checked += usize::from(is_key);
        }
    }
    assert!(checked > 20, "{checked}");
}

/// The page for developers of apps says of every failure that may pass that it may, and names none that there is not.
#[test]
fn the_page_for_apps_knows_the_failures() {
    let page = read("deploy/ios.md");
    let (_, table) = page.split_once("## What to do about a failure").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let codes: Vec<&str> =
        rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)).collect();
    for code in codes.iter().filter(|code| **code != "put2bits-error") {
        assert!(Problem::named(code).is_some(), "{code}");
    }
    for problem in Problem::ALL.iter().filter(|problem| problem.row().retry) {
        assert!(codes.contains(&problem.code()), "{problem:?}");
    }
}

/// All Rust source of a file or folder.
fn source(path: &Path) -> String {
    if path.is_file() {
        return fs::read_to_string(path).unwrap();
    }
    fs::read_dir(path).unwrap().map(|entry| source(&entry.unwrap().path())).collect()
}

/// Asserts that the tests which a row names exist, each as a place and a function:
/// `` `tests/front` `every_rule_over_the_wire` ``. How many there are.
fn named_tests(row: &str) -> usize {
    let words: Vec<&str> = row.split_whitespace().map(|word| word.trim_end_matches(',')).collect();
    let quoted = |word: &str| Some(word.strip_prefix('`')?.strip_suffix('`')?.to_owned());
    let mut checked = 0;
    for pair in words.windows(2) {
        let (Some(place), Some(name)) = (quoted(pair[0]), quoted(pair[1])) else { continue };
        if !place.contains('/') || name.contains('/') {
            continue;
        }
        let source = source(&Path::new(env!("CARGO_MANIFEST_DIR")).join(&place));
        assert!(source.contains(&format!("fn {name}(")), "no test {name} in {place}: {row}");
        checked += 1;
    }
    checked
}

#[test]
fn every_promise_names_tests_that_exist() {
    let page = read("src/lib.rs");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("//! | P")).collect();
    assert_eq!(rows.len(), 14);
    let checked: usize = rows.into_iter().map(named_tests).sum();
    assert!(checked > 10, "{checked}");
}

/// No threat without its tests, and `tests/threats` has none that the page does not name.
#[test]
fn every_threat_names_tests_that_exist() {
    let page = read("docs/security.md");
    let (_, table) = page.split_once("| threat | answer | tests |").unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| **")).collect();
    assert!(rows.len() >= 25, "{}", rows.len());
    for row in rows {
        assert!(named_tests(row) > 0, "no test: {row}");
    }
    let tests = source(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/threats"));
    for test in tests.split("#[tokio::test]\nasync fn ").skip(1).filter_map(|rest| rest.split_once('(')) {
        assert!(page.contains(&format!("`{}`", test.0)), "{} is not named", test.0);
    }
}

/// Each promise has one test of its number in `tests/promises`; the architecture page and the page on reliability name it.
#[test]
fn every_promise_has_a_test_of_its_number() {
    let tests = source(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promises"));
    let tests: Vec<&str> =
        tests.split("fn p").skip(1).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).collect();
    assert_eq!(tests.len(), 14);
    for (page, begin) in [("src/lib.rs", "//! | P"), ("docs/reliability.md", "| P")] {
        let page_text = read(page);
        let rows: Vec<&str> = page_text.lines().filter(|line| line.starts_with(begin)).collect();
        assert_eq!(rows.len(), 14, "{page}");
        for (number, row) in (1..).zip(rows) {
            assert!(row.starts_with(&format!("{begin}{number} |")), "{page}: {row}");
            let prefix = format!("{number}_");
            let mut named = tests.iter().filter(|rest| rest.starts_with(&prefix));
            let name = named.next().and_then(|rest| rest.split('(').next());
            let name = name.unwrap_or_else(|| panic!("no test of P{number}"));
            assert!(named.next().is_none(), "two tests of P{number}");
            assert!(row.contains(&format!("`p{name}`")), "{page}: p{name} is not named");
        }
    }
}

/// Tables and drawings apart, a line fits into an editor's window.
#[test]
fn lines_are_not_too_long() {
    for name in PAGES.iter().chain(&["deploy/put2bits.toml"]) {
        for (number, line) in (1..).zip(read(name).lines()).filter(|(_, line)| !line.starts_with('|')) {
            assert!(line.chars().count() <= 120, "{name}:{number}");
        }
    }
}

/// What the README says of names, tried on the rules; one name for each thing that it says.
#[test]
fn names_are_refused_as_the_readme_says() {
    let readme = read("README.md");
    let (_, text) = readme.split_once("**Names** that Windows cannot hold are refused with 400").unwrap();
    let text = text.split("\n\n").next().unwrap();
    let backend = put2bits::config::parse_backend("http://iis/").unwrap();
    let route = put2bits::route::Route::new("/", backend);
    let refused = |path: &str| {
        let Ok(uri) = format!("/{path}").parse() else { return true };
        route.destination(&uri, &http::HeaderMap::new()).is_err()
    };
    assert!(!refused("movie.mov"));
    assert!(!refused(&"n".repeat(255)) && refused(&"n".repeat(256)) && text.contains("255 bytes"));
    for (said, path) in [
        (":", "a%3Ab"),
        ("*", "a%2Ab"),
        ("?", "a%3Fb"),
        ("\"", "a%22b"),
        ("<", "a%3Cb"),
        (">", "a%3Eb"),
        ("|", "a%7Cb"),
        ("\\", "a%5Cb"),
        ("control", "a%07b"),
        ("CON", "CON"),
        ("NUL.txt", "NUL.txt"),
        ("a dot or", "a."),
        ("blank at the end", "a%20"),
        ("`%`", "100%25"),
        ("`.`", "./a"),
        ("`..`", "../a"),
        ("`//`", "a//b"),
        ("UTF-8", "a%FF"),
        ("WEB~1.CON", "WEB~1.CON"),
        ("turn a name round", "a%E2%80%AEgpj.exe"),
        ("web.config", "web.config"),
        ("*.aspx", "a.aspx"),
    ] {
        assert!(text.contains(said) && refused(path), "{said} {path}");
    }
}
