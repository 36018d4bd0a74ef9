//! From `[[backend]]` tables to backends that routes name.

mod read;
mod value;

use super::Flag;
use super::closest::closest;
use super::error::ConfigError;
use super::file::{self, RawTable};
use super::origin::Origin;
use super::raw::{Form, Raw};
use super::tables::{self, BACKEND_KEYS};
use crate::bits::{AmbiguousClose, Profile};
use crate::route::{BackendUrl, ReplyMode, Route, Server, ZeroLength};
use std::path::Path;
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
    choices: Choices,
    fields: Vec<(&'static str, Origin)>,
}

/// What becomes of its routes where they do not say.
#[derive(Debug, Clone, Default)]
struct Choices {
    profile: Option<&'static Profile>,
    zero_length: ZeroLength,
    reply: ReplyMode,
    ambiguous_close: AmbiguousClose,
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

/// The backends of the file.
pub(crate) fn build(tables: Vec<RawTable>) -> Result<Vec<Entry>, ConfigError> {
    let mut entries: Vec<Entry> = Vec::with_capacity(tables.len());
    for table in tables {
        let path = format!("{}.name", table.name);
        let entry = read::read(table)?;
        if let Some(twin) = entries.iter().find(|other| other.server.name == entry.server.name) {
            let message = format!(
                "{:?} is the name of another backend, too ({})",
                entry.server.name,
                twin.origin("name")
            );
            return Err(ConfigError::new(entry.origin("name"), path, message));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// One backend: of the file, by its name, or by its URL and flags.
///
/// # Errors
/// Whatever is wrong with the file or the flags.
pub fn one_backend(
    file: Option<&Path>,
    target: &str,
    flags: Vec<Flag>,
) -> Result<(BackendUrl, Server), ConfigError> {
    let entry = match file {
        Some(path) => {
            let entries = build(file::read(path)?.take(&tables::BACKEND))?;
            let found = entries.into_iter().find(|entry| entry.server.name == target);
            found.ok_or_else(|| {
                ConfigError::general(format!("{} has no [[backend]] of the name {target:?}", path.display()))
            })?
        }
        None => {
            let given = |key: &str, origin, value| {
                let known = BACKEND_KEYS.into_iter().find(|known| *known == key)?;
                Some((known, Raw::new(Form::Plain(value), origin)))
            };
            let origin = Origin::Flag("URL");
            let named = [("name", name_of(target)), ("url", target.to_owned())];
            let named = named.into_iter().filter_map(|(key, value)| given(key, origin.clone(), value));
            let flags =
                flags.into_iter().filter_map(|flag| given(flag.key, Origin::Flag(flag.name), flag.value));
            let fields = named.chain(flags).collect();
            read::read(RawTable { kind: tables::BACKEND.name, name: String::new(), origin, fields })?
        }
    };
    Ok((entry.url, Arc::unwrap_or_clone(entry.server)))
}

/// What a server can be called, by the host of its URL.
fn name_of(url: &str) -> String {
    let host = url.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '-' };
    let name: String = host.unwrap_or_default().chars().map(plain).take(read::MAX_NAME).collect();
    if name.is_empty() { "backend".to_owned() } else { name }
}

/// The backend that a route names; none if it gives a URL.
pub(crate) fn named<'a>(entries: &'a [Entry], raw: &Raw) -> Result<Option<&'a Entry>, String> {
    let Some(text) = raw.text().filter(|text| read::is_name(text)) else { return Ok(None) };
    let found = entries.iter().find(|entry| entry.server.name == text);
    // Without any, a URL was meant, and what is wrong with it is said elsewhere.
    if found.is_none() && !entries.is_empty() {
        let mut message = format!("{text:?} is neither a URL nor the name of a [[backend]]");
        if let Some(name) = closest(text, entries.iter().map(|entry| entry.server.name.as_str())) {
            message.push_str(&format!("; did you mean \"{name}\"?"));
        }
        return Err(message);
    }
    Ok(found)
}
