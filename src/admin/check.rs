//! One line of a probe's answer.

use std::fmt;

/// One thing that was looked at. Prints as `ok   store: …` or `FAIL store: …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    what: String,
    good: bool,
    note: String,
}

impl Check {
    /// What was looked at, whether it is as it has to be, and how it is.
    pub fn new(what: impl Into<String>, good: bool, note: impl Into<String>) -> Self {
        Check { what: what.into(), good, note: note.into() }
    }

    /// Whether it is as it has to be.
    pub fn is_good(&self) -> bool {
        self.good
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.good { "ok  " } else { "FAIL" };
        write!(f, "{word} {}: {}", self.what, self.note)
    }
}
