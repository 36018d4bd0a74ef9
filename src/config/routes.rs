//! From `[[route]]` tables, or `--backend`, to routes.

use super::auth;
use super::backend::{parse_backend, parse_prefix};
use super::backends;
use super::choice::{self, AMBIGUOUS_CLOSES, DIGESTS, OVERWRITES, REPLIES, ZERO_LENGTHS};
use super::error::ConfigError;
use super::file::RawTable;
use super::keys::{BACKEND, PROFILE};
use super::origin::Origin;
use super::raw::{Form, Raw};
use super::tables::ROUTE;
use super::{header_names, route_values};
use crate::route::{BackendUrl, NamePattern, Route, same_letters};
use percent_encoding::percent_decode_str;

/// A route and where its values were written.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The route.
    pub(crate) route: Route,
    fields: Vec<(&'static str, Origin)>,
}

impl Entry {
    /// Where the value of a key came from.
    pub(crate) fn origin(&self, key: &str) -> &Origin {
        self.fields.iter().find(|(name, _)| *name == key).map_or(&Origin::Default, |(_, origin)| origin)
    }

    /// Whether every path of the route begins with that one, however it is encoded.
    pub(crate) fn lies_below(&self, path: &str) -> bool {
        let prefix: Vec<u8> = percent_decode_str(&self.route.prefix).take(path.len()).collect();
        prefix.eq_ignore_ascii_case(path.as_bytes())
    }
}

/// The routes of the file, or the one that `backend` stands for.
pub(crate) fn build(
    tables: Vec<RawTable>,
    backends: &[backends::Entry],
    backend: Option<Raw>,
    profile: Option<Raw>,
) -> Result<Vec<Entry>, ConfigError> {
    let tables = match (backend, tables.first()) {
        (Some(backend), Some(table)) => {
            let message = format!("conflicts with [[route]] ({}): give one or the other", table.origin);
            return Err(ConfigError::new(&backend.origin, BACKEND, message));
        }
        (Some(backend), None) => vec![shorthand(backend, profile)],
        (None, first) => {
            if let Some(profile) = profile {
                let message = "goes with --backend only: in the file, each [[route]] has its own profile";
                return Err(ConfigError::new(&profile.origin, PROFILE, message));
            }
            if first.is_none() {
                return Err(ConfigError::general(
                    "no route: give --backend URL, set PUT2BITS_BACKEND, or write a [[route]] into the file",
                ));
            }
            tables
        }
    };
    let mut entries: Vec<Entry> = Vec::with_capacity(tables.len());
    for table in tables {
        let name = table.name.clone();
        let entry = read(table, backends)?;
        if let Some(twin) = entries.iter().find(|other| is_twin(&other.route, &entry.route)) {
            let hosts = if entry.route.hosts.is_empty() { "" } else { " with the same host" };
            let message = format!(
                "{:?} is the path of another route{hosts}, too ({})",
                entry.route.prefix,
                twin.origin("path")
            );
            return Err(ConfigError::new(entry.origin("path"), format!("{name}.path"), message));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// Whether nothing says which of two routes a request takes: they have a host in common, or are for all, and their prefixes
/// cover the same paths, however they are encoded.
fn is_twin(one: &Route, other: &Route) -> bool {
    let same_host = match one.hosts.is_empty() {
        true => other.hosts.is_empty(),
        false => one.hosts.iter().any(|host| other.hosts.contains(host)),
    };
    same_host && same_letters(&one.prefix, &other.prefix)
}

/// `--backend URL`: one route for everything.
fn shorthand(backend: Raw, profile: Option<Raw>) -> RawTable {
    let origin = backend.origin.clone();
    let path = Raw::new(Form::Plain("/".to_owned()), origin.clone());
    let mut fields = vec![("path", path), ("backend", backend)];
    fields.extend(profile.map(|profile| ("profile", profile)));
    RawTable { kind: ROUTE.name, name: String::new(), origin, fields }
}

fn read(table: RawTable, backends: &[backends::Entry]) -> Result<Entry, ConfigError> {
    let path = |key: &str| match table.name.as_str() {
        "" => key.to_owned(),
        name => format!("{name}.{key}"),
    };
    let required = |key: &'static str, example: &str| {
        let found = table.fields.iter().find(|(name, _)| *name == key).map(|(_, raw)| raw);
        found.ok_or_else(|| {
            ConfigError::new(&table.origin, path(key), format!("is missing: write {key} = \"{example}\""))
        })
    };
    let (prefix, backend) = (required("path", "/")?, required("backend", "http://iis/uploads/")?);
    let fail = |key: &str, raw: &Raw, why: String| ConfigError::new(&raw.origin, path(key), why);

    let prefix = read_prefix(prefix).map_err(|why| fail("path", prefix, why))?;
    let named = backends::named(backends, backend).map_err(|why| fail("backend", backend, why))?;
    let url = match named {
        Some(entry) => entry.url.clone(),
        None => read_backend(backend).map_err(|why| fail("backend", backend, why))?,
    };
    let mut route = Route::new(&prefix, url);
    let given = named.map(|entry| entry.settle(&mut route)).unwrap_or_default();
    for (key, raw) in &table.fields {
        set(&mut route, key, raw).map_err(|why| fail(key, raw, why))?;
    }
    route.auth = auth::read(&table.fields).map_err(|(key, why)| {
        let raw = table.fields.iter().find(|(name, _)| *name == key).map(|(_, raw)| raw);
        ConfigError::new(raw.map_or(&table.origin, |raw| &raw.origin), path(key), why)
    })?;
    // The route's own come first: they win.
    let fields = table.fields.into_iter().map(|(key, raw)| (key, raw.origin)).chain(given).collect();
    Ok(Entry { route, fields })
}

/// Sets one of the keys that have a default.
fn set(route: &mut Route, key: &str, raw: &Raw) -> Result<(), String> {
    match key {
        "host" => route.hosts = route_values::hosts(raw)?,
        "target" => route.target = Some(route_values::template(raw)?),
        "overwrite" => route.overwrite = choice::pick(raw, &OVERWRITES)?,
        "request_headers" => route.request_headers = route_values::request_headers(raw)?,
        "set_headers" => route.set_headers = route_values::set_headers(raw)?,
        "add_response_headers" => route.add_response_headers = route_values::add_response_headers(raw)?,
        "digest" => route.digest = choice::pick(raw, &DIGESTS)?,
        "max_upload" => route.max_upload = Some(route_values::size(raw)?),
        "max_running" => route.max_running = Some(route_values::count(raw)?),
        "profile" => route.profile = choice::profile(raw)?,
        "zero_length" => route.zero_length = choice::pick(raw, &ZERO_LENGTHS)?,
        "reply" => route.reply = choice::pick(raw, &REPLIES)?,
        "ambiguous_close" => route.ambiguous_close = choice::pick(raw, &AMBIGUOUS_CLOSES)?,
        "response_headers" => route.response_headers = header_names::passed_on(raw)?,
        "name_header" => route.name.header = Some(header_names::one(raw)?),
        "name_query" => route.name.query = Some(query_name(raw)?),
        "refused_names" => route.refused_names = refused_names(raw)?,
        "resumption" => route.resumption = choice::resumption(raw)?,
        // `path` and `backend` have been read, and what is about credentials is read together.
        _ => {}
    }
    Ok(())
}

fn read_prefix(raw: &Raw) -> Result<String, String> {
    let wanted = "a path that begins with '/', such as \"/photos/\": plain ASCII or percent-encoded segments, no '.' or '..'";
    raw.text().and_then(parse_prefix).ok_or_else(|| raw.is_not(wanted))
}

fn read_backend(raw: &Raw) -> Result<BackendUrl, String> {
    let text = raw.text().ok_or_else(|| raw.is_not("a URL, such as \"http://iis/uploads/\""))?;
    parse_backend(text).map_err(|error| error.to_string())
}

fn query_name(raw: &Raw) -> Result<String, String> {
    let plain = |text: &&str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
    };
    let wanted = "the name of a query parameter: letters, digits and -._~";
    raw.text().filter(plain).map(str::to_owned).ok_or_else(|| raw.is_not(wanted))
}

fn refused_names(raw: &Raw) -> Result<Vec<NamePattern>, String> {
    let items =
        raw.list().ok_or_else(|| raw.is_not("a list of file names, such as [\"web.config\", \"*.aspx\"]"))?;
    let wanted = "a file name, or '*' and the end of one, such as \"*.aspx\"";
    items
        .iter()
        .map(|item| item.text().and_then(NamePattern::parse).ok_or_else(|| item.is_not(wanted)))
        .collect()
}
