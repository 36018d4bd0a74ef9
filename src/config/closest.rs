//! Which of some words was most likely meant.

use strsim::damerau_levenshtein;

/// The most similar candidate, unless all are too far away to be meant.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.into_iter().map(|candidate| (damerau_levenshtein(word, candidate), candidate));
    scored
        .filter(|(distance, candidate)| is_near(*distance, candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// One slip in every three letters is still the same word.
pub(crate) fn is_near(distance: usize, candidate: &str) -> bool {
    distance <= (candidate.len() / 3).max(1)
}
