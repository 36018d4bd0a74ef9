//! A configuration on its way: values already of the right type, not yet checked against each other.

use super::error::ConfigError;
use super::keys::{BACKEND, Key, PROFILE};
use super::origin::Origin;
use super::raw::{Raw, Wrong};
use super::settings::Config;
use super::slot::Slot;
use super::tables::LISTENER;
use crate::access::Proxies;
use std::collections::HashMap;
use std::net::SocketAddr;

/// A configuration on its way, with where its values came from.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(super) config: Config,
    pub(super) origins: HashMap<&'static str, Origin>,
    /// The value of [`BACKEND`].
    pub(super) backend: Option<Raw>,
    /// The value of [`PROFILE`].
    pub(super) profile: Option<Raw>,
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

    /// Where there are `[[listener]]`s, there is no other one unless somebody wants it.
    pub(crate) fn leave_plain_listener_out(&mut self) {
        const PLAIN: &str = "listen";
        if !self.origin(PLAIN).is_explicit() {
            self.config.listen = None;
            self.note(PLAIN, Origin::Replaced(LISTENER.name));
        }
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
