//! One configuration to resolve, made from pieces.

use put2bits::config::{ConfigError, Flag, Resolved, Sources};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// The shortest route.
pub(crate) const ROUTE: &str = "[[route]]\npath = \"/\"\nbackend = \"http://iis/\"\n";

/// One configuration to resolve.
pub(crate) struct Case {
    directory: TempDir,
    pub(crate) sources: Sources,
}

impl Case {
    pub(crate) fn new() -> Self {
        Case { directory: tempfile::tempdir().unwrap(), sources: Sources::default() }
    }

    /// With `--backend`, so that there is a route.
    pub(crate) fn with_backend() -> Self {
        Case::new().flag("--backend", "backend", "http://iis/")
    }

    pub(crate) fn file(mut self, text: &str) -> Self {
        let path = self.path();
        fs::write(&path, text).unwrap();
        self.sources.file = Some(path);
        self
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("p.toml")
    }

    pub(crate) fn var(mut self, name: &str, value: &str) -> Self {
        self.sources.environment.push((name.into(), value.into()));
        self
    }

    pub(crate) fn flag(mut self, name: &'static str, key: &'static str, value: &str) -> Self {
        self.sources.flags.push(Flag { name, key, value: value.to_owned() });
        self
    }

    /// The process may use so many bytes of memory.
    pub(crate) fn memory_limit(mut self, bytes: u64) -> Self {
        self.sources.memory_limit = Some(bytes);
        self
    }

    pub(crate) fn resolve(self) -> Result<Resolved, ConfigError> {
        self.sources.resolve()
    }

    /// The error line, without the directory of the file.
    pub(crate) fn error(self) -> String {
        let directory = format!("{}/", self.directory.path().display());
        let line = self.sources.resolve().unwrap_err().to_string();
        assert!(!line.contains('\n'), "{line}");
        line.replace(&directory, "")
    }
}

/// The error line of a file.
pub(crate) fn file_error(text: &str) -> String {
    Case::new().file(text).error()
}
