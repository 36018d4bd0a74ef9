//! The one thing that can go wrong with a configuration: a line that says what to change, and where.

use super::origin::{Origin, one_line};
use std::fmt;

/// Why a configuration is refused. Prints as one line: where, which key, what is wrong, what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    origin: Option<Origin>,
    key: String,
    message: String,
}

impl ConfigError {
    /// `message` is about the value of `key`, which came from `origin`.
    pub(crate) fn new(origin: &Origin, key: impl Into<String>, message: impl Into<String>) -> Self {
        ConfigError {
            origin: origin.is_explicit().then(|| origin.clone()),
            key: key.into(),
            message: message.into(),
        }
    }

    /// `message` is about the configuration as a whole.
    pub(crate) fn general(message: impl Into<String>) -> Self {
        ConfigError { origin: None, key: String::new(), message: message.into() }
    }

    /// Whether a flag of the command line is to blame: wrong usage rather than a wrong configuration.
    pub fn is_usage(&self) -> bool {
        matches!(self.origin, Some(Origin::Flag(_)))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        if !self.key.is_empty() && !self.origin.as_ref().is_some_and(|origin| origin.says(&self.key)) {
            write!(f, "{}: ", one_line(&self.key))?;
        }
        f.write_str(&one_line(&self.message))
    }
}

impl std::error::Error for ConfigError {}
