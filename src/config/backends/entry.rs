//! What a `[[backend]]` says, and what of it a route takes over.

use super::super::origin::Origin;
use crate::bits::{AmbiguousClose, Profile};
use crate::route::{BackendUrl, ReplyMode, Route, Server, ZeroLength};
use std::sync::Arc;

/// Keys that a route may have, too. Its own win.
const ROUTES_KEYS: [&str; 4] = ["profile", "zero_length", "reply", "ambiguous_close"];

/// What a `[[backend]]` says.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Where its files go.
    pub(crate) url: BackendUrl,
    /// How it is spoken to, with its name.
    pub(crate) server: Arc<Server>,
    pub(super) choices: Choices,
    pub(super) fields: Vec<(&'static str, Origin)>,
}

/// What becomes of its routes where they do not say.
#[derive(Debug, Clone, Default)]
pub(super) struct Choices {
    pub(super) profile: Option<&'static Profile>,
    pub(super) zero_length: ZeroLength,
    pub(super) reply: ReplyMode,
    pub(super) ambiguous_close: AmbiguousClose,
}

impl Entry {
    /// Where the value of a key came from.
    pub(crate) fn origin(&self, key: &str) -> &Origin {
        self.fields.iter().find(|(name, _)| *name == key).map_or(&Origin::Default, |(_, origin)| origin)
    }

    /// Makes it the backend of a route, and says which values of the route it gave, and where they were written.
    pub(crate) fn settle(&self, route: &mut Route) -> Vec<(&'static str, Origin)> {
        route.server = Arc::clone(&self.server);
        route.profile = self.choices.profile;
        route.zero_length = self.choices.zero_length;
        route.reply = self.choices.reply;
        route.ambiguous_close = self.choices.ambiguous_close;
        self.fields.iter().filter(|(key, _)| ROUTES_KEYS.contains(key)).cloned().collect()
    }
}
