//! Tables and JSON.

use crate::peer::Peer;
use crate::workload::{Cell, Workload};
use serde_json::{Value, json};

/// All figures so far.
#[derive(Debug)]
pub(crate) struct Report {
    machine: String,
    pins: String,
    /// One for each run.
    cells: Vec<(String, Peer, Cell)>,
}

impl Report {
    pub(crate) fn new(machine: String, pins: String) -> Self {
        Report { machine, pins, cells: Vec::new() }
    }

    pub(crate) fn add(&mut self, workload: &Workload, peer: Peer, cell: Cell) {
        self.cells.push((workload.name(), peer, cell));
    }

    /// Every value of a figure, in ascending order.
    fn values(&self, workload: &str, peer: Peer, figure: &str) -> Vec<f64> {
        let cells = self.cells.iter().filter(|(name, of, _)| name == workload && *of == peer);
        let figures = cells.flat_map(|(_, _, cell)| cell);
        let mut values: Vec<f64> =
            figures.filter(|(name, _)| *name == figure).map(|(_, value)| *value).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    /// A Markdown table: median (min..max) of each figure, and the first one's ratio to the best nginx and to no proxy.
    pub(crate) fn table(&self, workload: &Workload) -> String {
        let name = workload.name();
        let mut peers: Vec<Peer> = Vec::new();
        let mut figures: Vec<&str> = Vec::new();
        for (_, peer, cell) in self.cells.iter().filter(|(of, _, _)| *of == name) {
            if !peers.contains(peer) {
                peers.push(*peer);
            }
            for (figure, _) in cell {
                if !figures.contains(figure) {
                    figures.push(figure);
                }
            }
        }
        // By the order of the enum: rounds begin with different peers.
        peers.sort_by_key(|peer| *peer as u8);
        let Some(first) = figures.first() else { return String::new() };
        let of = |peer| median(&self.values(&name, peer, first));
        let best = |of_those: fn(Peer) -> bool| {
            let those = peers.iter().filter(|&&peer| of_those(peer)).filter_map(|&peer| of(peer));
            those.reduce(if workload.more_is_better() { f64::max } else { f64::min })
        };
        let (nginx, direct) = (best(Peer::is_nginx), best(|peer| peer == Peer::Direct));

        let mut table = format!("\n### {}\n\n", workload.title());
        table += &format!("| peer | {} | / nginx | / direct |\n", figures.join(" | "));
        table += &format!("|---|{}\n", "---:|".repeat(figures.len() + 2));
        for &peer in &peers {
            table += &format!("| {peer} |");
            for figure in &figures {
                table += &format!(" {} |", spread(&self.values(&name, peer, figure)));
            }
            for base in [nginx, direct] {
                let ratio = of(peer).zip(base).map(|(own, base)| format!("{:.2}", own / base));
                table += &format!(" {} |", ratio.as_deref().unwrap_or("-"));
            }
            table.push('\n');
        }
        table
    }

    /// Every run.
    pub(crate) fn json(&self) -> Value {
        let run = |(workload, peer, cell): &(String, Peer, Cell)| {
            let figures: serde_json::Map<String, Value> =
                cell.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            json!({ "workload": workload, "peer": peer.to_string(), "figures": figures })
        };
        let runs: Vec<Value> = self.cells.iter().map(run).collect();
        json!({ "machine": self.machine, "pins": self.pins, "runs": runs })
    }
}

/// One run in one line.
pub(crate) fn line(cell: &Cell) -> String {
    let figures: Vec<String> =
        cell.iter().map(|(name, value)| format!("{name} {}", number(*value))).collect();
    figures.join(", ")
}

/// Of ascending values.
fn median(values: &[f64]) -> Option<f64> {
    let (low, high) = (values.get(values.len().saturating_sub(1) / 2)?, values.get(values.len() / 2)?);
    Some(low.midpoint(*high))
}

fn spread(values: &[f64]) -> String {
    match (median(values), values.first(), values.last()) {
        (Some(median), Some(_), Some(_)) if values.len() == 1 => number(median),
        (Some(median), Some(min), Some(max)) => {
            format!("{} ({}..{})", number(median), number(*min), number(*max))
        }
        _ => "-".to_owned(),
    }
}

/// Three digits.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}
