//! What the proxy tells at `/metrics`.

use std::collections::BTreeMap;

/// Each series with its value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Reads the text of `/metrics`.
    pub(crate) fn parse(text: &str) -> Figures {
        let samples = text.lines().filter(|line| line.starts_with("put2bits_"));
        let sample = |line: &str| {
            let (series, value) = line.rsplit_once(' ')?;
            Some((series.to_owned(), value.parse().ok()?))
        };
        Figures(samples.filter_map(sample).collect())
    }

    /// The sum of all series of that name. 0 if there is none.
    pub(crate) fn get(&self, name: &str) -> u64 {
        let of_name = |series: &str| {
            let rest = series.strip_prefix("put2bits_").and_then(|rest| rest.strip_prefix(name));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
        };
        self.0.iter().filter(|(series, _)| of_name(series)).map(|(_, value)| *value as u64).sum()
    }

    /// Adds those of another life.
    pub(crate) fn add(&mut self, other: &Figures) {
        for (series, value) in &other.0 {
            *self.0.entry(series.clone()).or_default() += value;
        }
    }
}
