//! Writes the resolved configuration as a TOML file that means the same, each value with where it came from.

use super::auth;
use super::backends;
use super::choice::{self, AMBIGUOUS_CLOSES, AUTO, DIGESTS, OVERWRITES, REPLIES, RESUMPTIONS, ZERO_LENGTHS};
use super::keys::KEYS;
use super::listeners;
use super::origin::Origin;
use super::resolved::Resolved;
use super::route_values;
use super::routes::Entry;
use super::tables::{BACKEND_KEYS, LISTENER_KEYS, ROUTE_KEYS};
use http::HeaderName;
use std::fmt;
use toml::Value;

/// Column of the comments.
const WIDTH: usize = 40;

impl fmt::Display for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# put2bits {}: the configuration in force, and where each value comes from.",
            env!("CARGO_PKG_VERSION")
        )?;
        // The table gives its values by mutable places only.
        let mut config = self.config().clone();
        let mut section = "";
        for key in KEYS {
            let (parent, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
            if parent != section {
                writeln!(f, "\n[{parent}]")?;
                section = parent;
            }
            line(f, name, &key.of(&mut config).toml(), self.origin(key.path))?;
        }
        self.listeners().iter().try_for_each(|entry| listener(f, entry))?;
        self.backends().iter().try_for_each(|entry| backend(f, entry))?;
        self.routes().iter().try_for_each(|entry| route(f, entry))
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, value: &str, origin: &Origin) -> fmt::Result {
    writeln!(f, "{:WIDTH$} # {origin}", format!("{name} = {value}"))
}

fn listener(f: &mut fmt::Formatter<'_>, entry: &listeners::Entry) -> fmt::Result {
    writeln!(f, "\n[[listener]]")?;
    for key in LISTENER_KEYS {
        match entry.value(key) {
            Some(value) => line(f, key, &value.to_string(), entry.origin(key))?,
            None => writeln!(f, "# {key} is not set")?,
        }
    }
    Ok(())
}

fn backend(f: &mut fmt::Formatter<'_>, entry: &backends::Entry) -> fmt::Result {
    writeln!(f, "\n[[backend]]")?;
    for key in BACKEND_KEYS {
        match entry.value(key) {
            Some(value) => line(f, key, &value.to_string(), entry.origin(key))?,
            None => writeln!(f, "# {key} is not set")?,
        }
    }
    Ok(())
}

fn route(f: &mut fmt::Formatter<'_>, entry: &Entry) -> fmt::Result {
    writeln!(f, "\n[[route]]")?;
    for key in ROUTE_KEYS {
        match value(entry, key) {
            Some(value) => line(f, key, &value.to_string(), entry.origin(key))?,
            None => writeln!(f, "# {key} is not set")?,
        }
    }
    Ok(())
}

fn value(entry: &Entry, key: &str) -> Option<Value> {
    let route = &entry.route;
    let name = |header: &HeaderName| Value::from(header.as_str());
    match key {
        "path" => Some(Value::from(route.prefix.as_str())),
        "backend" => Some(match route.server.name.as_str() {
            "" => Value::from(route.backend.to_string()),
            name => Value::from(name),
        }),
        "profile" => Some(Value::from(route.profile.map_or(AUTO, |profile| profile.name))),
        "zero_length" => Some(Value::from(choice::name(route.zero_length, &ZERO_LENGTHS))),
        "reply" => Some(Value::from(choice::name(route.reply, &REPLIES))),
        "ambiguous_close" => Some(Value::from(choice::name(route.ambiguous_close, &AMBIGUOUS_CLOSES))),
        "response_headers" => Some(Value::Array(route.response_headers.iter().map(name).collect())),
        "name_header" => route.name.header.as_ref().map(name),
        "refused_names" => {
            Some(Value::Array(route.refused_names.iter().map(|name| Value::from(name.as_str())).collect()))
        }
        "resumption" => Some(Value::from(choice::name(route.resumption, &RESUMPTIONS))),
        "name_query" => route.name.query.as_deref().map(Value::from),
        "overwrite" => Some(Value::from(choice::name(route.overwrite, &OVERWRITES))),
        "digest" => Some(Value::from(choice::name(route.digest, &DIGESTS))),
        _ => auth::value(route, key).or_else(|| route_values::value(route, key)),
    }
}
