//! Flags over environment over file over defaults.

use super::error::ConfigError;
use super::file::RawTable;
use super::keys::{BACKEND, Key, PROFILE};
use super::origin::Origin;
use super::raw::{Form, Raw, Wrong};
use super::routes::Entry;
use super::settings::Config;
use super::slot::Slot;
use super::tables::{self, ROUTE_KEYS};
use super::{backends, check, environment, file, listeners, memory, render, routes};
use crate::access::Proxies;
use crate::route::Routes;
use std::collections::HashMap;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

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

/// Everything that a configuration is made from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// `--config`; wins over `PUT2BITS_CONFIG`.
    pub file: Option<PathBuf>,
    /// All variables; the ones that don't begin with [`PREFIX`](super::PREFIX) are left alone.
    pub environment: Vec<(OsString, OsString)>,
    /// The other flags.
    pub flags: Vec<Flag>,
    /// Bytes of memory that the process may use, if that is limited: some defaults follow it.
    pub memory_limit: Option<u64>,
}

impl Sources {
    /// These flags, and the environment and the memory limit of this process.
    pub fn of_process(file: Option<PathBuf>, flags: Vec<Flag>) -> Self {
        Sources { file, environment: env::vars_os().collect(), flags, memory_limit: memory::limit() }
    }

    /// Reads, merges and checks. Prints nothing and opens nothing but the file.
    ///
    /// # Errors
    /// At the first thing that is wrong, in this order: environment, file, values, what belongs together.
    pub fn resolve(self) -> Result<Resolved, ConfigError> {
        let environment = environment::read(self.environment)?;
        let mut document = match self.file.or(environment.file) {
            Some(path) => file::read(&path)?,
            None => file::Document::default(),
        };
        let flags = self
            .flags
            .into_iter()
            .map(|flag| (flag.key, Raw::new(Form::Plain(flag.value), Origin::Flag(flag.name))));

        let mut draft = Draft::default();
        if let Some(limit) = self.memory_limit {
            memory::fit(&mut draft, limit);
        }
        let tables = document.take(&tables::ROUTE);
        let backends = backends::build(document.take(&tables::BACKEND))?;
        let doors = document.take(&tables::LISTENER);
        for (key, raw) in document.settings.into_iter().chain(environment.settings).chain(flags) {
            draft.set(key, raw)?;
        }
        check::settle(&mut draft)?;
        let listeners = draft.settle_listeners(doors)?;
        check::keep_listeners_apart(&draft)?;
        check::proxies_are_known(&draft)?;
        listeners::check(&draft, &listeners)?;
        let routes = routes::build(tables, &backends, draft.backend.take(), draft.profile.take())?;
        check::keep_apart(&draft, &routes)?;
        check::certificates_are_asked_for(&listeners, &routes)?;
        check::users_are_known(&routes)?;
        let Draft { mut config, origins, .. } = draft;
        config.routes = Routes::new(routes.iter().map(|entry| entry.route.clone()).collect());
        config.listeners = listeners.iter().map(|entry| entry.listener.clone()).collect();
        Ok(Resolved { config, origins, listeners, backends, routes })
    }
}

/// A configuration on its way: values already of the right type, not yet checked against each other.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    config: Config,
    origins: HashMap<&'static str, Origin>,
    backend: Option<Raw>,
    profile: Option<Raw>,
}

impl Draft {
    /// Sets a key. What was set before is overwritten, though it had to be right, too.
    pub(crate) fn set(&mut self, key: &'static str, raw: Raw) -> Result<(), ConfigError> {
        match (key, Key::find(key)) {
            (BACKEND, _) => self.backend = Some(raw),
            (PROFILE, _) => self.profile = Some(raw),
            (_, Some(known)) => {
                known.of(&mut self.config).set(&raw).map_err(|Wrong { item, why }| match item {
                    // In a variable or a flag all items are at the same place.
                    Some((number, at)) => ConfigError::new(&at, format!("{key}[{number}]"), why),
                    None => ConfigError::new(&raw.origin, key, why),
                })?;
                self.origins.insert(key, raw.origin);
            }
            (_, None) => return Err(ConfigError::new(&raw.origin, key, "unknown key")),
        }
        Ok(())
    }

    /// The place of a key's value.
    pub(crate) fn slot(&mut self, key: &str) -> Option<Slot<'_>> {
        Key::find(key).map(|key| key.of(&mut self.config))
    }

    /// The path that upload resources live below.
    pub(crate) fn upload_prefix(&self) -> &str {
        &self.config.resumption.prefix
    }

    /// Reads the `[[listener]]`s. Where there are some, there is no other one unless somebody wants it.
    fn settle_listeners(&mut self, tables: Vec<RawTable>) -> Result<Vec<listeners::Entry>, ConfigError> {
        const PLAIN: &str = "listen";
        let listeners = listeners::build(tables)?;
        if !listeners.is_empty() && !self.origin(PLAIN).is_explicit() {
            self.config.listen = None;
            self.note(PLAIN, Origin::Replaced(tables::LISTENER.name));
        }
        Ok(listeners)
    }

    /// Whom in front of the proxy to believe.
    pub(crate) fn proxies(&self) -> &Proxies {
        &self.config.proxies
    }

    /// Where the admin listener and the plain one listen.
    pub(crate) fn listeners(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        (self.config.admin.listen, self.config.listen)
    }

    /// Where a key's value came from.
    pub(crate) fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }

    /// Notes where the value of a key came from.
    pub(crate) fn note(&mut self, key: &'static str, origin: Origin) {
        self.origins.insert(key, origin);
    }
}

/// A checked configuration that still knows where its values came from. Prints as a TOML file that means the same.
#[derive(Debug, Clone)]
pub struct Resolved {
    config: Config,
    origins: HashMap<&'static str, Origin>,
    listeners: Vec<listeners::Entry>,
    backends: Vec<backends::Entry>,
    routes: Vec<Entry>,
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

impl fmt::Display for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        render::write(self, f)
    }
}
