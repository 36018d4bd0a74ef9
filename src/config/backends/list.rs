//! All the backends of a configuration, and the one that a name stands for.

use super::super::closest::closest;
use super::super::error::ConfigError;
use super::super::file::{self, RawTable};
use super::super::flag::Flag;
use super::super::origin::Origin;
use super::super::raw::{Form, Raw};
use super::super::tables::{self, BACKEND_KEYS};
use super::entry::Entry;
use super::read::{MAX_NAME, is_name, read};
use crate::route::{BackendUrl, Server};
use std::path::Path;
use std::sync::Arc;

/// The backends of the file.
pub(crate) fn build(tables: Vec<RawTable>) -> Result<Vec<Entry>, ConfigError> {
    let mut entries: Vec<Entry> = Vec::with_capacity(tables.len());
    for table in tables {
        let path = format!("{}.name", table.name);
        let entry = read(table)?;
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
            read(RawTable { kind: tables::BACKEND.name, name: String::new(), origin, fields })?
        }
    };
    Ok((entry.url, Arc::unwrap_or_clone(entry.server)))
}

/// What a server can be called, by the host of its URL.
fn name_of(url: &str) -> String {
    let host = url.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '-' };
    let name: String = host.unwrap_or_default().chars().map(plain).take(MAX_NAME).collect();
    if name.is_empty() { "backend".to_owned() } else { name }
}

/// The backend that a route names; none if it gives a URL.
pub(crate) fn named<'a>(entries: &'a [Entry], raw: &Raw) -> Result<Option<&'a Entry>, String> {
    let Some(text) = raw.text().filter(|text| is_name(text)) else { return Ok(None) };
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
