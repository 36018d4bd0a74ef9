//! Values of `[[route]]` that have a form of their own: hosts, templates, fields.

use super::header_names;
use super::raw::Raw;
use super::value::Size;
use crate::route::{Carried, FieldValue, HostPattern, Passed, Route, Template};
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderName, HeaderValue};
use std::path::PathBuf;
use toml::{Table, Value};

/// `route.host`: one name, or a list of them.
pub(crate) fn hosts(raw: &Raw) -> Result<Vec<HostPattern>, String> {
    let wanted = "a host name without a port, such as \"photos.example\" or \"*.example\" (beyond ASCII in its xn-- form)";
    let one = |raw: &Raw| match raw.text() {
        Some("*") => {
            Err("\"*\" is not needed: leave the key out, and the route is for every host".to_owned())
        }
        text => text.and_then(HostPattern::parse).ok_or_else(|| raw.is_not(wanted)),
    };
    let Some(items) = raw.list().filter(|_| raw.text().is_none()) else { return Ok(vec![one(raw)?]) };
    let mut hosts = Vec::with_capacity(items.len());
    for item in items.iter() {
        let host = one(item)?;
        if hosts.contains(&host) {
            return Err(item.is_not("needed twice"));
        }
        hosts.push(host);
    }
    match hosts.is_empty() {
        true => Err("no host at all: leave the key out, and the route is for every host".to_owned()),
        false => Ok(hosts),
    }
}

/// `route.target`
pub(crate) fn template(raw: &Raw) -> Result<Template, String> {
    let text = raw.text().ok_or_else(|| raw.is_not("a template, such as \"{header:X-User-Id}/{name}\""))?;
    Template::parse(text).map_err(|error| format!("{text:?}, {error}"))
}

/// `route.max_upload`
pub(crate) fn size(raw: &Raw) -> Result<u64, String> {
    let size = raw.text_or_number().and_then(|text| text.parse().ok()).map(|Size(bytes)| bytes);
    size.filter(|bytes| *bytes > 0).ok_or_else(|| raw.is_not("a size above 0, such as \"8MiB\" or 8388608"))
}

/// `route.max_running`
pub(crate) fn count(raw: &Raw) -> Result<u32, String> {
    let count = raw.number().and_then(|text| text.parse().ok()).filter(|count| *count > 0);
    count.ok_or_else(|| raw.is_not("a whole number from 1 to 4294967295"))
}

/// `route.request_headers`: `"X-User-Id"`, or `"X-User-Id = X-Owner"` for another name at the backend.
pub(crate) fn request_headers(raw: &Raw) -> Result<Vec<Passed>, String> {
    let wanted = "a list of header names, such as [\"X-User-Id\", \"X-Asset = X-Original\"]";
    let items = raw.list().ok_or_else(|| raw.is_not(wanted))?;
    let mut passed: Vec<Passed> = Vec::with_capacity(items.len());
    for item in items.iter() {
        let text = item.text().ok_or_else(|| item.is_not(wanted))?;
        let (from, to) = text.split_once('=').unwrap_or((text, text));
        let name = |text: &str| text.trim().parse::<HeaderName>().map_err(|_| item.is_not(wanted));
        let (from, to) = (name(from)?, name(to)?);
        check_carried(item, &to)?;
        if passed.iter().any(|other| other.to == to) {
            return Err(item.is_not("needed twice"));
        }
        passed.push(Passed { from, to });
    }
    Ok(passed)
}

/// `route.set_headers`: `{ "X-Source" = "put2bits", "X-Api-Key" = { file = "/run/secrets/key" } }`.
pub(crate) fn set_headers(raw: &Raw) -> Result<Vec<(HeaderName, FieldValue)>, String> {
    fields(raw, |name, raw| {
        check_carried(raw, name)?;
        if let Some(table) = raw.table() {
            let file = match table {
                [(key, path)] if key == "file" => path.text().filter(|path| !path.is_empty()),
                _ => None,
            };
            let wanted = || {
                "a table is { file = \"…\" } here, with the path of a file that holds the value".to_owned()
            };
            return file.map(|path| FieldValue::File(PathBuf::from(path))).ok_or_else(wanted);
        }
        if [AUTHORIZATION, COOKIE].contains(name) {
            return Err(format!("a secret does not belong in this file: write {name} = {{ file = \"…\" }}"));
        }
        text(raw).map(FieldValue::Text)
    })
}

/// `route.add_response_headers`: `{ "X-Served-By" = "put2bits" }`.
pub(crate) fn add_response_headers(raw: &Raw) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    fields(raw, |name, raw| {
        let upload =
            ["location", "retry-after"].contains(&name.as_str()) || name.as_str().starts_with("upload-");
        if upload || header_names::is_the_messages(name) {
            return Err(format!("{name} cannot be set: it belongs to the answer itself"));
        }
        text(raw)
    })
}

fn text(raw: &Raw) -> Result<HeaderValue, String> {
    let value = raw.text().and_then(|text| HeaderValue::from_str(text).ok());
    value.ok_or_else(|| "a value is a text of one line in ASCII".to_owned())
}

fn fields<T>(
    raw: &Raw,
    read: impl Fn(&HeaderName, &Raw) -> Result<T, String>,
) -> Result<Vec<(HeaderName, T)>, String> {
    let table = raw.table().ok_or_else(|| raw.is_not("a table, such as { \"X-Source\" = \"put2bits\" }"))?;
    let mut fields: Vec<(HeaderName, T)> = Vec::with_capacity(table.len());
    for (key, value) in table {
        let name: HeaderName = key.parse().map_err(|_| format!("{key:?} is not the name of a header"))?;
        let read = read(&name, value).map_err(|why| format!("{name}: {why}"))?;
        if fields.iter().any(|(other, _)| *other == name) {
            return Err(format!("{name} is there twice"));
        }
        fields.push((name, read));
    }
    Ok(fields)
}

fn check_carried(raw: &Raw, name: &HeaderName) -> Result<(), String> {
    match Carried::may_hold(name) {
        true => Ok(()),
        false if raw.text().is_some_and(|text| text.contains(name.as_str())) => {
            Err(raw.is_not("sent along: it belongs to BITS, to the connection or to the body"))
        }
        false => {
            Err(format!("{name} cannot be sent along: it belongs to BITS, to the connection or to the body"))
        }
    }
}

/// The value of one of these keys as it is printed; nothing, if it is not set.
pub(crate) fn value(route: &Route, key: &str) -> Option<Value> {
    let text = |value: &HeaderValue| Value::from(value.to_str().unwrap_or_default());
    match key {
        "host" => match route.hosts.as_slice() {
            [] => None,
            [one] => Some(Value::from(one.as_str())),
            more => Some(Value::Array(more.iter().map(|host| Value::from(host.as_str())).collect())),
        },
        "target" => route.target.as_ref().map(|template| Value::from(template.as_str())),
        "max_upload" => route.max_upload.map(|bytes| Value::from(Size(bytes).to_string())),
        "max_running" => route.max_running.map(|count| Value::from(i64::from(count))),
        "request_headers" => {
            let field = |Passed { from, to }: &Passed| match from == to {
                true => Value::from(from.as_str()),
                false => Value::from(format!("{from} = {to}")),
            };
            Some(Value::Array(route.request_headers.iter().map(field).collect()))
        }
        "set_headers" => {
            let field = |(name, value): &(HeaderName, FieldValue)| {
                let value = match value {
                    FieldValue::Text(value) => text(value),
                    FieldValue::File(path) => {
                        let path = Value::from(path.to_string_lossy().into_owned());
                        Value::Table(Table::from_iter([("file".to_owned(), path)]))
                    }
                };
                (name.to_string(), value)
            };
            Some(Value::Table(route.set_headers.iter().map(field).collect()))
        }
        "add_response_headers" => {
            let fields = route.add_response_headers.iter();
            Some(Value::Table(fields.map(|(name, value)| (name.to_string(), text(value))).collect()))
        }
        _ => None,
    }
}
