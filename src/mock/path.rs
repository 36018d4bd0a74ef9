//! From a request target to a file below the root: the only place that decides which paths are safe.

use percent_encoding::percent_decode_str;
use std::path::{Path, PathBuf};

/// Folder below the root in which unfinished files lie. No request can name it.
pub(super) const PARTIAL: &str = ".put2bits-partial";

/// The request path without the query.
pub(super) fn path_of(target: &str) -> &str {
    target.split(['?', '#']).next().unwrap_or_default()
}

/// The file that a request target names below `root`, or nothing if it names none, or one outside.
pub(super) fn file_below(root: &Path, target: &str) -> Option<PathBuf> {
    let mut file = root.to_path_buf();
    for segment in path_of(target).strip_prefix('/')?.split('/') {
        let segment = percent_decode_str(segment).decode_utf8().ok()?;
        let unsafe_char = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':');
        if matches!(&*segment, "" | "." | ".." | PARTIAL) || segment.chars().any(unsafe_char) {
            return None;
        }
        file.push(&*segment);
    }
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_files_below_the_root() {
        for (target, file) in [
            ("/a.bin", "/root/a.bin"),
            ("/x/y%20z.mov?token=abc", "/root/x/y z.mov"),
            ("/%C3%A4/+.bin", "/root/ä/+.bin"),
            ("/...", "/root/..."),
        ] {
            assert_eq!(file_below(Path::new("/root"), target), Some(PathBuf::from(file)), "{target}");
        }
    }

    #[test]
    fn names_nothing_else() {
        for target in [
            "",
            "/",
            "a",
            "/a/",
            "//a",
            "/a//b",
            "/../a",
            "/a/../b",
            "/%2e%2e/a",
            "/a/%2E./b",
            "/.",
            "/a%2fb",
            "/a%2Fb",
            "/a\\b",
            "/a%5cb",
            "/..%5c..%5cb",
            "/a%00b",
            "/a%0ab",
            "/C:/x",
            "/%ff",
            "/.put2bits-partial/1",
            "*",
            "http://host/a",
        ] {
            assert_eq!(file_below(Path::new("/root"), target), None, "{target}");
        }
    }
}
