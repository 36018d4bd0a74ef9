//! The order of the files of a folder. Where its `mod.rs` has a table of them, users stand above what they use: so there
//! are no circles, and whoever reads from the top down knows each file's purpose before its parts.

use super::source::{self, Found};
use super::{File, assert_none, files, module};

/// Head of such a table.
const HEAD: &str = "//! | file | what it is for |";

/// The names in the first column of the table below `head`, row by row.
pub(crate) fn first_column<'a>(page: &'a str, head: &str) -> Option<Vec<Vec<&'a str>>> {
    let (_, table) = page.split_once(head)?;
    let rows = table.lines().skip(2).map_while(|line| line.strip_prefix("//! | "));
    let names = |row: &'a str| {
        let (names, _) = row.split_once(" |")?;
        Some(names.split(", ").map(|name| name.trim_matches(['[', '`', ']'])).collect())
    };
    rows.map(names).collect()
}

/// What is wrong with the order of files in all folders that have a table.
fn check_order(files: &[File]) -> Vec<String> {
    let tables = files
        .iter()
        .filter(|file| file.path.ends_with("mod.rs"))
        .filter_map(|file| Some((module(&file.path), first_column(&file.text, HEAD)?)));
    tables.flat_map(|(folder, rows)| check_folder(&folder, &rows, files)).collect()
}

fn check_folder(folder: &[&str], rows: &[Vec<&str>], files: &[File]) -> Vec<String> {
    let row = |name: &str| rows.iter().position(|row| row.contains(&name));
    let (mut wrong, mut seen) = (Vec::new(), Vec::new());
    for file in files.iter().filter(|file| !source::is_test_file(&file.path)) {
        let module = module(&file.path);
        let Some([name, ..]) = module.strip_prefix(folder) else { continue };
        let Some(own) = row(name) else {
            wrong.push(format!(
                "{}: has no row in the table of '{}'",
                file.path.display(),
                folder.join("::")
            ));
            continue;
        };
        seen.push(*name);
        for Found { segments, line } in source::paths(&source::code(&file.text), &module) {
            let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
            let inside = segments.strip_prefix(&["crate"]).and_then(|path| path.strip_prefix(folder));
            let Some([to, ..]) = inside else { continue };
            let why = match row(to) {
                _ if to == name => continue,
                Some(at) if at > own => continue,
                Some(_) => format!("'{name}' may not import '{to}', which does not stand below it"),
                None => format!("'{to}' is in no file below: name the one that has it"),
            };
            wrong.push(format!("{}:{line}: {why}", file.path.display()));
        }
    }
    let gone = rows.iter().flatten().filter(|name| !seen.contains(name));
    wrong.extend(gone.map(|name| format!("{}/mod.rs: '{name}' has a row and no file", folder.join("/"))));
    wrong
}

#[test]
fn files_stand_above_what_they_use() {
    let files = files();
    let config = files.iter().find(|file| file.path.ends_with("config/mod.rs")).unwrap();
    assert!(first_column(&config.text, HEAD).is_some_and(|rows| rows.len() > 10), "the table was not found");
    assert_none(check_order(&files));
}

#[test]
fn planted_circles_are_found() {
    let planted = |low: &str| {
        let table = format!(
            "{HEAD}\n//! |---|---|\n//! | `high` | a |\n//! | `low`, `flat` | b |\n\npub use low::Low;"
        );
        let file = |path: &str, text: &str| File { path: path.into(), text: text.into() };
        check_order(&[
            file("cellar/mod.rs", &table),
            file("cellar/high.rs", "use super::low::Low; use super::{flat, low}; pub(super) fn f() {}"),
            file("cellar/low.rs", low),
            file("cellar/flat/mod.rs", "mod inner;"),
            file("cellar/flat/inner.rs", "use super::Outer;"),
            file("cellar/tests.rs", "use super::high;"),
        ])
    };
    for fine in
        ["", "use crate::error::Failure; use std::fmt;", "#[cfg(test)] mod tests { use super::super::high; }"]
    {
        assert!(planted(fine).is_empty(), "{fine}: {:?}", planted(fine));
    }
    for (text, wanted) in [
        ("use super::high::High;", "'low' may not import 'high', which does not stand below it"),
        ("fn f() { crate::cellar::flat::g() }", "'low' may not import 'flat', which does not stand below it"),
        ("use super::Low;", "'Low' is in no file below: name the one that has it"),
    ] {
        assert_eq!(planted(text), [format!("cellar/low.rs:1: {wanted}")], "{text}");
    }
}
