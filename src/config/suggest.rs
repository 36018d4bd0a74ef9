//! "Did you mean …?", of a key of the file.

use super::closest::is_near;
use super::error::ConfigError;
use super::keys::{KEYS, known_keys};
use super::origin::Origin;
use super::tables::KINDS;
use strsim::damerau_levenshtein;

/// The error for a key of the file that does not exist.
pub(crate) fn unknown_key(path: &str, shown: &str, origin: &Origin) -> ConfigError {
    let message = match similar_key(path) {
        Some(key) => format!("unknown key; did you mean \"{key}\"?"),
        None => "unknown key".to_owned(),
    };
    ConfigError::new(origin, shown, message)
}

/// The key or section meant by `path`: by its bare name if it lies beside it, else by its path.
fn similar_key(path: &str) -> Option<String> {
    let (parent, name) = split(path);
    let lists = KINDS.into_iter().map(|kind| kind.name.to_owned());
    let sections = KEYS.iter().map(|key| split(key.path).0.to_owned()).chain(lists);
    let all = known_keys().chain(sections.filter(|section| !section.is_empty()));
    let scored = all.filter_map(|candidate| {
        let (beside, other) = split(&candidate);
        let distance = damerau_levenshtein(name, other);
        // A name that is right but in the wrong place is nearer than one that is wrong in the right place.
        let score = distance * 2 + usize::from(beside != parent);
        let shown = if beside == parent { other.to_owned() } else { candidate.clone() };
        is_near(distance, other).then_some((score, shown))
    });
    scored.min_by_key(|(score, _)| *score).map(|(_, shown)| shown)
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_key_that_was_meant() {
        for (path, meant) in [
            ("limits.memroy", Some("memory")),
            ("limits.fragmnet", Some("fragment")),
            ("max_upload", Some("limits.max_upload")),
            ("fragmnet", Some("fragment")),
            ("routes", Some("route")),
            ("backends", Some("backend")),
            ("route.zero-length", Some("zero_length")),
            ("timeout", Some("timeouts")),
            ("timeouts.final-ack", Some("final_ack")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(similar_key(path).as_deref(), meant, "{path}");
        }
    }
}
