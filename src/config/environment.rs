//! Environment variables: `PUT2BITS_` and the path of a key in capitals, joined by `_`.
//!
//! A variable with the prefix that is none of ours is refused, because it is most likely misspelt. The exception:
//! Kubernetes sets variables named after every Service of a namespace, and a Service may well be named `put2bits`.

use super::closest::closest;
use super::error::ConfigError;
use super::keys::{BACKEND, KEYS, PROFILE};
use super::origin::{Origin, PREFIX};
use super::raw::{Form, Raw};
use std::ffi::OsString;
use std::path::PathBuf;

/// The variable for the path of the file.
const FILE: &str = "PUT2BITS_CONFIG";

/// The variable for a key: `limits.max_upload` is `PUT2BITS_LIMITS_MAX_UPLOAD`.
pub fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}

/// What the environment says.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    /// Path of the file.
    pub(crate) file: Option<PathBuf>,
    /// Key and value, in the order of the key table.
    pub(crate) settings: Vec<(&'static str, Raw)>,
}

/// Picks our variables out of all.
pub(crate) fn read(variables: Vec<(OsString, OsString)>) -> Result<Environment, ConfigError> {
    let mut environment = Environment::default();
    let keys: Vec<(&'static str, String)> = [BACKEND, PROFILE]
        .into_iter()
        .chain(KEYS.iter().map(|key| key.path))
        .map(|key| (key, variable(key)))
        .collect();
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let origin = Origin::Variable(name.to_owned());
        if name == FILE {
            environment.file = Some(value.into());
        } else if let Some((key, _)) = keys.iter().find(|(_, variable)| variable == name) {
            let value = value.into_string().map_err(|_| ConfigError::new(&origin, *key, "is not UTF-8"))?;
            environment.settings.push((key, Raw::new(Form::Plain(value), origin)));
        } else if !is_service_link(name) {
            let known = keys.iter().map(|(_, variable)| variable.as_str()).chain([FILE]);
            let message = match closest(name, known) {
                Some(meant) => format!("unknown variable; did you mean {meant}?"),
                None => "unknown variable".to_owned(),
            };
            return Err(ConfigError::new(&origin, "", message));
        }
    }
    Ok(environment)
}

/// Whether Kubernetes sets such a variable for a Service whose name begins with `put2bits`:
/// `…_SERVICE_HOST`, `…_SERVICE_PORT`, `…_SERVICE_PORT_HTTP`, `…_PORT`, `…_PORT_80_TCP`, `…_PORT_80_TCP_ADDR`.
fn is_service_link(name: &str) -> bool {
    if name.ends_with("_PORT") || name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT_") {
        return true;
    }
    let Some((_, link)) = name.rsplit_once("_PORT_") else { return false };
    // What is left of `…_PORT_80_TCP_PORT` has been taken above.
    let mut words = link.split('_');
    let port = words.next().is_some_and(|word| word.parse::<u16>().is_ok());
    let protocol = words.next().is_some_and(|word| ["TCP", "UDP", "SCTP"].contains(&word));
    port && protocol
        && words.next().is_none_or(|word| ["PROTO", "ADDR"].contains(&word))
        && words.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_may_name_its_variables_after_us() {
        for name in [
            "PUT2BITS_SERVICE_HOST",
            "PUT2BITS_SERVICE_PORT",
            "PUT2BITS_SERVICE_PORT_HTTP",
            "PUT2BITS_PORT",
            "PUT2BITS_PORT_8080_TCP",
            "PUT2BITS_PORT_8080_TCP_PROTO",
            "PUT2BITS_PORT_8080_TCP_PORT",
            "PUT2BITS_PORT_8080_TCP_ADDR",
            "PUT2BITS_ADMIN_SERVICE_HOST",
            "PUT2BITS_ADMIN_PORT_9090_TCP_ADDR",
        ] {
            assert!(is_service_link(name), "{name}");
        }
        for name in
            ["PUT2BITS_HOST", "PUT2BITS_PORT_X", "PUT2BITS_LISTEN_PORT_8080_TCP_FOO", "PUT2BITS_REPORTS"]
        {
            assert!(!is_service_link(name), "{name}");
        }
    }

    #[test]
    fn no_key_looks_like_a_service_and_no_two_share_a_variable() {
        let mut names: Vec<_> = KEYS.iter().map(|key| variable(key.path)).collect();
        names.extend([FILE.to_owned(), variable(BACKEND), variable(PROFILE)]);
        assert!(names.iter().all(|name| !is_service_link(name)), "{names:?}");
        names.sort();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
