//! Flags over environment over file over defaults.

use super::draft::Draft;
use super::error::ConfigError;
use super::flag::Flag;
use super::resolved::Resolved;
use super::{backends, check, environment, file, listeners, memory, routes, tables};
use crate::route::Routes;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

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
        let flags = self.flags.into_iter().map(|flag| (flag.key, flag.into_raw()));

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
        let listeners = listeners::build(doors)?;
        if !listeners.is_empty() {
            draft.leave_plain_listener_out();
        }
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
