//! The keys of a `[[route]]` that say who may upload by it, and what belongs together.

use super::choice;
use super::header_names;
use super::raw::Raw;
use super::value::Time;
use crate::route::{Auth, Forward, PeerName, Route};
use http::uri::Scheme;
use http::{HeaderName, Uri};
use std::path::PathBuf;
use std::time::Duration;
use toml::Value;

/// How a route is guarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Open,
    Bearer,
    Basic,
    Certificate,
    Forward,
}

const KINDS: choice::Words<Kind, 5> = [
    ("open", Kind::Open),
    ("bearer", Kind::Bearer),
    ("basic", Kind::Basic),
    ("certificate", Kind::Certificate),
    ("forward", Kind::Forward),
];

/// Longest wait for an authority, and longest time that its "yes" holds: what is withdrawn has to count some time.
const LONGEST: Duration = Duration::from_secs(300);

/// Key, whether it has to be there, and with which kinds of `auth` it goes.
const GOES_WITH: [(&str, bool, &[Kind]); 8] = [
    ("auth_file", true, &[Kind::Bearer, Kind::Basic]),
    ("auth_names", true, &[Kind::Certificate]),
    ("auth_url", true, &[Kind::Forward]),
    ("auth_headers", false, &[Kind::Forward]),
    ("auth_copy", false, &[Kind::Forward]),
    ("auth_timeout", false, &[Kind::Forward]),
    ("auth_cache", false, &[Kind::Forward]),
    ("auth_ca", false, &[Kind::Forward]),
];

/// What the fields of a `[[route]]` say about it. An error is a key and what is wrong with it; of one that is missing, `auth`.
pub(crate) fn read(fields: &[(&'static str, Raw)]) -> Result<Auth, (&'static str, String)> {
    let field = |key: &str| fields.iter().find(|(name, _)| *name == key).map(|(_, raw)| raw);
    let kind = match field("auth") {
        Some(raw) => choice::pick(raw, &KINDS).map_err(|why| ("auth", why))?,
        None => Kind::Open,
    };
    for (key, required, kinds) in GOES_WITH {
        match field(key) {
            Some(_) if !kinds.contains(&kind) => {
                let words: Vec<String> =
                    kinds.iter().map(|kind| format!("{:?}", choice::name(*kind, &KINDS))).collect();
                let auth = choice::name(kind, &KINDS);
                return Err((
                    key,
                    format!("goes with auth = {}, and here it is {auth:?}", words.join(" or ")),
                ));
            }
            None if required && kinds.contains(&kind) => {
                return Err(("auth", format!("{:?} needs {key} beside it", choice::name(kind, &KINDS))));
            }
            _ => {}
        }
    }
    let get = |key: &'static str| field(key).ok_or_else(|| (key, "is missing".to_owned()));
    Ok(match kind {
        Kind::Open => Auth::Open,
        Kind::Bearer => Auth::Bearer(path("auth_file", get("auth_file")?)?),
        Kind::Basic => Auth::Basic(path("auth_file", get("auth_file")?)?),
        Kind::Certificate => {
            let raw = get("auth_names")?;
            Auth::Certificate(names(raw).map_err(|why| ("auth_names", why))?)
        }
        Kind::Forward => {
            let raw = get("auth_url")?;
            let mut forward = Forward::new(url(raw).map_err(|why| ("auth_url", why))?);
            for (key, raw) in fields {
                set(&mut forward, key, raw).map_err(|why| (*key, why))?;
            }
            if forward.ca.is_some() && forward.url.scheme() != Some(&Scheme::HTTPS) {
                return Err(("auth_ca", "goes with an auth_url that begins with https://".to_owned()));
            }
            Auth::Forward(Box::new(forward))
        }
    })
}

fn set(forward: &mut Forward, key: &str, raw: &Raw) -> Result<(), String> {
    match key {
        "auth_headers" => forward.headers = header_names::shown_to_authority(raw)?,
        "auth_copy" => forward.copy = header_names::copied_from_authority(raw)?,
        "auth_timeout" => forward.timeout = time(raw, false)?,
        "auth_cache" => forward.cache = time(raw, true)?,
        "auth_ca" => forward.ca = Some(path("auth_ca", raw).map_err(|(_, why)| why)?),
        _ => {}
    }
    Ok(())
}

fn path(key: &'static str, raw: &Raw) -> Result<PathBuf, (&'static str, String)> {
    let path = raw.text().filter(|text| !text.is_empty() && !text.contains('\0')).map(PathBuf::from);
    path.ok_or_else(|| (key, raw.is_not("the path of a file, such as \"/etc/put2bits/tokens\"")))
}

fn names(raw: &Raw) -> Result<Vec<PeerName>, String> {
    let wanted = "a list of names in certificates, such as [\"phone-*.example\"]";
    let items = raw.list().filter(|items| !items.is_empty()).ok_or_else(|| raw.is_not(wanted))?;
    let wanted = "a name in a certificate, with one '*' at most and something beside it";
    items
        .iter()
        .map(|item| item.text().and_then(PeerName::parse).ok_or_else(|| item.is_not(wanted)))
        .collect()
}

fn url(raw: &Raw) -> Result<Uri, String> {
    let wanted =
        "a URL with http or https and a host, without user name, such as \"http://127.0.0.1:4180/auth\"";
    let uri: Option<Uri> = raw.text().filter(|text| !text.contains('#')).and_then(|text| text.parse().ok());
    let fits = |uri: &Uri| {
        let scheme = uri.scheme() == Some(&Scheme::HTTP) || uri.scheme() == Some(&Scheme::HTTPS);
        scheme && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
    };
    // Not shown: where a password stands in it, nobody wants to find it in a log.
    uri.filter(fits).ok_or_else(|| match raw.text().is_some_and(|text| text.contains('@')) {
        true => format!("is not {wanted}"),
        false => raw.is_not(wanted),
    })
}

fn time(raw: &Raw, may_be_zero: bool) -> Result<Duration, String> {
    let least = if may_be_zero { "0s" } else { "1ms" };
    let time = raw.text().and_then(|text| text.parse::<Time>().ok()).map(|Time(time)| time);
    let fits = |time: &Duration| *time <= LONGEST && (may_be_zero || *time >= Duration::from_millis(1));
    time.filter(fits)
        .ok_or_else(|| raw.is_not(&format!("a time with its unit, from \"{least}\" up to 5 minutes")))
}

/// The value of one of the keys as TOML, if it has one.
pub(crate) fn value(route: &Route, key: &str) -> Option<Value> {
    let names = |names: &[HeaderName]| Value::Array(names.iter().map(|name| name.as_str().into()).collect());
    let text = |path: &PathBuf| Value::from(path.to_string_lossy().as_ref());
    let kind = match &route.auth {
        Auth::Open => Kind::Open,
        Auth::Bearer(_) => Kind::Bearer,
        Auth::Basic(_) => Kind::Basic,
        Auth::Certificate(_) => Kind::Certificate,
        Auth::Forward(_) => Kind::Forward,
    };
    match (key, &route.auth) {
        ("auth", _) => Some(Value::from(choice::name(kind, &KINDS))),
        ("auth_file", Auth::Bearer(path) | Auth::Basic(path)) => Some(text(path)),
        ("auth_names", Auth::Certificate(names)) => {
            Some(Value::Array(names.iter().map(|name| name.as_str().into()).collect()))
        }
        ("auth_url", Auth::Forward(forward)) => Some(Value::from(forward.url.to_string())),
        ("auth_headers", Auth::Forward(forward)) => Some(names(&forward.headers)),
        ("auth_copy", Auth::Forward(forward)) => Some(names(&forward.copy)),
        ("auth_timeout", Auth::Forward(forward)) => Some(Value::from(Time(forward.timeout).to_string())),
        ("auth_cache", Auth::Forward(forward)) => Some(Value::from(Time(forward.cache).to_string())),
        ("auth_ca", Auth::Forward(forward)) => forward.ca.as_ref().map(text),
        _ => None,
    }
}
