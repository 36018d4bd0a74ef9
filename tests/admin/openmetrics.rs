//! The text of all figures, by the letter of OpenMetrics 1.0.

use std::collections::{BTreeMap, HashSet};

/// What was said of a family of metrics.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    /// Of each histogram (by its labels but `le`): its buckets so far, and its count.
    buckets: BTreeMap<String, Vec<(String, f64)>>,
    counts: BTreeMap<String, f64>,
}

/// Checks the text; the names of all families.
#[track_caller]
pub(crate) fn check(text: &str) -> Vec<String> {
    let body = text.strip_suffix("# EOF\n").expect("it ends with # EOF");
    let mut families: Vec<(String, Family)> = Vec::new();
    let mut series = HashSet::new();
    for line in body.split_terminator('\n') {
        if let Some(rest) = line.strip_prefix("# ") {
            let [word, name, about]: [&str; 3] =
                rest.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("{line}"));
            assert!(is_name(name, true), "{line}");
            if families.last().is_none_or(|(last, _)| last != name) {
                assert!(
                    families.iter().all(|(other, _)| other != name),
                    "its lines are not together: {line}"
                );
                families.push((name.to_owned(), Family::default()));
            }
            let (_, family) = families.last_mut().unwrap();
            match word {
                "HELP" => {
                    assert!(
                        about.ends_with('.') && !about.ends_with("..") && !about.contains('\n'),
                        "{line}"
                    );
                }
                "UNIT" => assert!(name.ends_with(&format!("_{about}")), "{line}"),
                "TYPE" => {
                    assert!(["counter", "gauge", "histogram", "info"].contains(&about), "{line}");
                    assert!(family.kind.is_empty(), "twice: {line}");
                    family.kind = about.to_owned();
                }
                _ => panic!("{line}"),
            }
            continue;
        }
        let (name, labels, value) = sample(line);
        let (family_name, family) = families.last_mut().expect("it was introduced");
        let suffix =
            name.strip_prefix(family_name.as_str()).unwrap_or_else(|| panic!("of another family: {line}"));
        match (family.kind.as_str(), suffix) {
            ("gauge", "") => {}
            ("counter", "_total") => assert!(value >= 0.0, "{line}"),
            ("info", "_info") => assert_eq!(value, 1.0, "{line}"),
            ("histogram", "_sum") => {}
            ("histogram", "_count") => {
                family.counts.insert(joined(&labels), value);
            }
            ("histogram", "_bucket") => {
                let (le, others): (Vec<_>, Vec<_>) =
                    labels.iter().cloned().partition(|(name, _)| name == "le");
                assert_eq!(le.len(), 1, "{line}");
                family.buckets.entry(joined(&others)).or_default().push((le[0].1.clone(), value));
            }
            _ => panic!("{line}: not for a {}", family.kind),
        }
        assert!(series.insert((name, joined(&labels))), "twice: {line}");
    }
    for (name, family) in &families {
        for (labels, buckets) in &family.buckets {
            let bounds: Vec<f64> = buckets.iter().map(|(le, _)| number(le)).collect();
            assert!(
                bounds.is_sorted() && buckets.is_sorted_by_key(|(_, count)| *count),
                "{name} {buckets:?}"
            );
            let (last, all) = buckets.last().unwrap();
            assert_eq!((last.as_str(), Some(all)), ("+Inf", family.counts.get(labels)), "{name}");
        }
    }
    families.into_iter().map(|(name, _)| name).collect()
}

/// Name, labels and value of a sample. There are no time stamps and no exemplars.
fn sample(line: &str) -> (String, Vec<(String, String)>, f64) {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line:?}"));
    let Some((name, rest)) = series.split_once('{') else {
        assert!(is_name(series, true), "{line}");
        return (series.to_owned(), Vec::new(), number(value));
    };
    let mut rest = rest.strip_suffix('}').unwrap_or_else(|| panic!("{line}"));
    let mut labels: Vec<(String, String)> = Vec::new();
    while !rest.is_empty() {
        let (label, quoted) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
        assert!(is_name(label, false) && labels.iter().all(|(other, _)| other != label), "{line}");
        let (mut text, mut chars) = (String::new(), quoted.char_indices());
        let end = loop {
            match chars.next().unwrap_or_else(|| panic!("{line}")) {
                (at, '"') => break at,
                (_, '\\') => match chars.next() {
                    Some((_, escaped @ ('\\' | '"' | 'n'))) => text.push(escaped),
                    _ => panic!("{line}"),
                },
                (_, plain) => text.push(plain),
            }
        };
        labels.push((label.to_owned(), text));
        rest = &quoted[end + 1..];
        if let Some(more) = rest.strip_prefix(',') {
            assert!(!more.is_empty(), "{line}");
            rest = more;
        } else {
            assert!(rest.is_empty(), "{line}");
        }
    }
    assert!(is_name(name, true), "{line}");
    (name.to_owned(), labels, number(value))
}

fn number(text: &str) -> f64 {
    if text == "+Inf" { f64::INFINITY } else { text.parse().unwrap_or_else(|_| panic!("{text:?}")) }
}

fn joined(labels: &[(String, String)]) -> String {
    let mut labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    labels.sort();
    labels.join(",")
}

fn is_name(text: &str, colons: bool) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colons && c == ':');
    text.starts_with(|c: char| plain(c) && !c.is_ascii_digit()) && text.chars().all(plain)
}

#[test]
fn what_is_right_passes_and_what_is_wrong_does_not() {
    const RIGHT: &str = "# HELP a_bytes Some help.\n# TYPE a_bytes counter\n# UNIT a_bytes bytes\n\
                         a_bytes_total{x=\"1, \\\"}\",y=\"\"} 1\na_bytes_total{x=\"2\",y=\"\"} 2\n\
                         # HELP h Help.\n# TYPE h histogram\nh_sum 1.5\nh_count 2\n\
                         h_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 2\n# EOF\n";
    assert_eq!(check(RIGHT), ["a_bytes", "h"]);
    for (from, to) in [
        ("# EOF\n", ""),
        ("x=\"2\"", "x=\"1, \\\"}\""),
        ("_total{x=\"2\"", "{x=\"2\""),
        ("UNIT a_bytes bytes", "UNIT a_bytes seconds"),
        ("h_count 2", "h_count 3"),
        ("{le=\"1.0\"} 1", "{le=\"1.0\"} 3"),
        ("x=\"2\"", "x=2"),
        ("} 2\n# HELP h", "} two\n# HELP h"),
        ("# TYPE h histogram", "# TYPE h summary"),
        ("h_sum 1.5", "\nh_sum 1.5"),
        ("# TYPE h histogram", "# TYPE a_bytes gauge"),
    ] {
        let wrong = RIGHT.replacen(from, to, 1);
        assert!(std::panic::catch_unwind(|| check(&wrong)).is_err(), "{to}");
    }
}
