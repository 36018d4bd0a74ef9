//! Reads all files that a configuration names: certificates, tokens, passwords. Starts nothing.

use super::backends::Backends;
use crate::config::{ConfigError, Resolved};
use crate::guard::Guards;
use crate::listen;
use crate::route::Routes;

/// Checks what of a configuration lies in files of its own. What it returns are warnings, one line each: it can be used so,
/// and was hardly meant so.
///
/// # Errors
/// At the first file that cannot be used: where it is named, and what is wrong with it.
pub fn check(resolved: &Resolved) -> Result<Vec<String>, ConfigError> {
    let config = resolved.config();
    for (at, listener) in config.listeners.iter().enumerate() {
        listen::check(listener)
            .map_err(|error| resolved.listener_error(at, error.key, &error.to_string()))?;
    }
    let mut warnings = Vec::new();
    // One by one: then it is known which of them names the file.
    for (at, route) in resolved.routes().iter().map(|entry| &entry.route).enumerate() {
        let alone = Routes::new(vec![route.clone()]);
        Backends::open(&alone, &config.limits).map_err(|error| match error.key {
            Some(key) => resolved.route_error(at, key, &error.why),
            None => ConfigError::general(error.to_string()),
        })?;
        let guards = Guards::new(&alone).map_err(|error| match error.key() {
            Some(key) => resolved.route_error(at, key, &error.to_string()),
            None => ConfigError::general(error.to_string()),
        })?;
        let about = |warning: String| resolved.route_error(at, "auth_file", &warning).to_string();
        warnings.extend(guards.warnings().map(about));
    }
    Ok(warnings)
}
