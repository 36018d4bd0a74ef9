//! What the README says and a test can check.

#![allow(clippy::unwrap_used)]

use put2bits::error::Problem;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

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
    for name in ["README.md", "CHANGELOG.md"] {
        for link in read(name).split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let is_file = !link.starts_with("http") && !link.starts_with('#');
            assert!(!is_file || Path::new(env!("CARGO_MANIFEST_DIR")).join(link).exists(), "{name}: {link}");
        }
    }
}
