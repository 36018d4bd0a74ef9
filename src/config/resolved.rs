//! A checked configuration, and what errors that are found later can say about it. Checks nothing itself.

use super::error::ConfigError;
use super::origin::Origin;
use super::routes::Entry;
use super::settings::Config;
use super::tables::{self, ROUTE_KEYS};
use super::{backends, listeners};
use std::collections::HashMap;

/// A checked configuration that still knows where its values came from. Prints as a TOML file that means the same.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub(super) config: Config,
    pub(super) origins: HashMap<&'static str, Origin>,
    pub(super) listeners: Vec<listeners::Entry>,
    pub(super) backends: Vec<backends::Entry>,
    pub(super) routes: Vec<Entry>,
}

impl Resolved {
    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The configuration alone.
    pub fn into_config(self) -> Config {
        self.config
    }

    /// Where the value of a key came from.
    pub fn origin(&self, key: &str) -> &Origin {
        self.origins.get(key).unwrap_or(&Origin::Default)
    }

    /// The listeners with the origins of their values, in the order of the file.
    pub(crate) fn listeners(&self) -> &[listeners::Entry] {
        &self.listeners
    }

    /// The error for a file of the listener at that place of [`Config::listeners`], which its `key` names.
    pub fn listener_error(&self, at: usize, key: &str, why: &str) -> ConfigError {
        match self.listeners.get(at) {
            Some(entry) => entry.error(key, why),
            None => ConfigError::general(why),
        }
    }

    /// What there is to say about a key of the route at that place of the file, or about one of the `[[backend]]` that it
    /// names.
    pub fn route_error(&self, at: usize, key: &str, why: &str) -> ConfigError {
        let Some(entry) = self.routes.get(at) else { return ConfigError::general(why) };
        let name = entry.route.server.name.as_str();
        let backend = self.backends.iter().enumerate().find(|(_, other)| other.server.name == name);
        match backend.filter(|_| !ROUTE_KEYS.contains(&key)) {
            Some((number, backend)) => ConfigError::new(
                backend.origin(key),
                format!("{}[{number}].{key}", tables::BACKEND.name),
                why,
            ),
            None => ConfigError::new(entry.origin(key), format!("{}[{at}].{key}", tables::ROUTE.name), why),
        }
    }

    /// The backends with the origins of their values, in the order of the file.
    pub(crate) fn backends(&self) -> &[backends::Entry] {
        &self.backends
    }

    /// The routes with the origins of their values, in the order of the file.
    pub(crate) fn routes(&self) -> &[Entry] {
        &self.routes
    }
}
