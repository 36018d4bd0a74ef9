//! Probes and metrics of the program.

use super::{Answer, PATIENCE, ask};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// The admin listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admin {
    pub(crate) addr: SocketAddr,
}

impl Admin {
    pub(crate) fn at(addr: SocketAddr) -> Admin {
        Admin { addr }
    }

    /// GET of a path.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        ask(self.addr, &format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.addr)).await
    }

    /// All figures as they are now.
    pub(crate) async fn metrics(&self) -> Metrics {
        let answer = self.get("/metrics").await;
        assert_eq!(answer.status, 200, "{answer}");
        Metrics { text: String::from_utf8(answer.body).unwrap() }
    }

    /// One figure as it is now: see [`Metrics::get`].
    pub(crate) async fn metric(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.metrics().await.get(name, labels)
    }

    /// Waits until a figure is as it is wanted, and gives it.
    pub(crate) async fn until(
        &self,
        name: &str,
        labels: &[(&str, &str)],
        wanted: impl Fn(f64) -> bool,
    ) -> f64 {
        let begun = Instant::now();
        loop {
            let metrics = self.metrics().await;
            let value = metrics.get(name, labels);
            if wanted(value) {
                return value;
            }
            let late = begun.elapsed() > PATIENCE;
            assert!(!late, "{name}{labels:?} is still {value}, of\n{}", metrics.text);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until a figure has this value.
    pub(crate) async fn until_is(&self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.until(name, labels, |now| now == value as f64).await;
    }
}

/// The text of `/metrics`.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    pub(crate) text: String,
}

impl Metrics {
    /// The sum of all series of that name (`put2bits_` is left out, `_total` is not) that have these labels. 0 if there
    /// is none: a series with labels begins when it is counted first.
    pub(crate) fn get(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let wanted = |series: &str| {
            let (found, rest) = series.split_once('{').unwrap_or((series, ""));
            let has = |(label, value): &(&str, &str)| {
                // Of ours, no value ends with the name of another label.
                rest.contains(&format!("{label}=\"{value}\""))
            };
            found.strip_prefix("put2bits_") == Some(name) && labels.iter().all(has)
        };
        let samples = self.text.lines().filter(|line| !line.starts_with('#'));
        let values = samples.filter_map(|line| line.rsplit_once(' ')).filter(|(series, _)| wanted(series));
        values.map(|(_, value)| value.parse::<f64>().unwrap()).sum()
    }
}
