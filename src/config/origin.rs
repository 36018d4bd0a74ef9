//! Where a value came from.

use super::value::Size;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// What the names of all variables begin with.
pub const PREFIX: &str = "PUT2BITS_";

/// Where a value came from, as error lines and `check-config` tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// Nobody set it, and the default would not fit the value of this key.
    Lowered(&'static str),
    /// Nobody set it, and the process may use only so many bytes of memory.
    Memory(u64),
    /// Nobody set it, and a list of tables of this name stands in its place.
    Replaced(&'static str),
    /// A line of the file, counted from 1.
    File(Arc<PathBuf>, usize),
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl Origin {
    /// Whether somebody wrote the value.
    pub const fn is_explicit(&self) -> bool {
        !matches!(self, Origin::Default | Origin::Lowered(_) | Origin::Memory(_) | Origin::Replaced(_))
    }

    /// Whether the name of the place is that of the key, so that it need not be told twice: `--profile`.
    pub(crate) fn says(&self, key: &str) -> bool {
        match self {
            Origin::Flag(name) => name.strip_prefix("--") == Some(key),
            Origin::Variable(name) => {
                name.strip_prefix(PREFIX).is_some_and(|rest| rest.eq_ignore_ascii_case(key))
            }
            _ => false,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::Lowered(key) => write!(f, "default, lowered to fit {key}"),
            Origin::Memory(limit) => write!(f, "default for a process that may use {}", Size(*limit)),
            Origin::Replaced(name) => write!(f, "default where there is a [[{name}]]"),
            Origin::File(path, line) => write!(f, "{}:{line}", one_line(&path.to_string_lossy())),
            Origin::Variable(name) => f.write_str(&one_line(name)),
            Origin::Flag(name) => f.write_str(name),
        }
    }
}

/// The text with every control character escaped, so that it stays one line wherever it is printed. So are the line ends
/// of Unicode, and what turns the order of characters round.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202D}' | '\u{202E}') {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}
