//! Flags of the command line, as far as they set keys. What flags there are is for the command line to say.

use super::origin::Origin;
use super::raw::{Form, Raw};

/// A flag of the command line that sets a key.
#[derive(Debug, Clone)]
pub struct Flag {
    /// As the user typed it: `--max-upload`.
    pub name: &'static str,
    /// What it sets: the path of a key, or `backend` or `profile` for the one route without a file.
    pub key: &'static str,
    /// The value as typed.
    pub value: String,
}

impl Flag {
    /// Its value, and that it came from there.
    pub(crate) fn into_raw(self) -> Raw {
        Raw::new(Form::Plain(self.value), Origin::Flag(self.name))
    }
}
