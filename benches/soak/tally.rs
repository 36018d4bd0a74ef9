//! What happened, added up.

use super::plan::Plan;
use super::upload::{Outcome, Result};
use std::collections::BTreeMap;

/// Things that must not happen are told whole, but not more than so many of a kind.
const MOST_TOLD: usize = 10;

/// Figures of the uploads.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) begun: u64,
    pub(crate) stored: u64,
    /// Bytes of the files that were stored.
    pub(crate) bytes: u64,
    /// Uploads that the client left for good.
    pub(crate) left: u64,
    pub(crate) gave_up: u64,
    /// By code.
    pub(crate) failed: BTreeMap<String, u64>,
    pub(crate) drops: u64,
    pub(crate) anew: u64,
    pub(crate) answered_5xx: Vec<String>,
    /// Files that are not what was sent.
    pub(crate) wrong: Vec<String>,
    /// Answers that break the protocol.
    pub(crate) broken: Vec<String>,
    pub(crate) stuck: Vec<String>,
    /// Uploads of the calm end that should have been stored.
    pub(crate) failed_in_calm: Vec<String>,
    /// What was told for each: whether the file is stored.
    pub(crate) ended: Vec<(Plan, bool)>,
}

impl Tally {
    /// An upload has ended. `fault`: why its file is wrong. `calm`: nothing went wrong behind its client.
    pub(crate) fn add(&mut self, plan: Plan, result: Result, fault: Option<String>, calm: bool) {
        self.begun += 1;
        self.drops += result.drops;
        self.anew += result.anew;
        self.answered_5xx.extend(result.answered_5xx);
        self.wrong.extend(fault);
        let stored = result.outcome == Outcome::Stored;
        if calm && plan.is_to_be_stored() && !stored {
            self.failed_in_calm.push(format!("{}: {:?}", describe(&plan), result.outcome));
        }
        match result.outcome {
            Outcome::Stored => {
                self.stored += 1;
                self.bytes += plan.content.size;
            }
            Outcome::Failed(code) => *self.failed.entry(code).or_default() += 1,
            Outcome::GaveUp => self.gave_up += 1,
            Outcome::Left => self.left += 1,
            Outcome::Wrong(why) => self.broken.push(format!("{}: {why}", describe(&plan))),
            Outcome::Stuck => self.stuck.push(describe(&plan)),
        }
        self.ended.push((plan, stored));
    }
}

fn describe(plan: &Plan) -> String {
    let Plan { kind, content, drops, told, by_relay, .. } = plan;
    format!("{} {kind:?} {content:?} drops {drops:?} digest {told:?} relay {by_relay}", plan.path())
}

/// Something that must not happen, and each time that it did.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) what: &'static str,
    pub(crate) count: u64,
    pub(crate) cases: Vec<String>,
}

impl Check {
    pub(crate) fn of(what: &'static str, mut cases: Vec<String>) -> Check {
        let count = cases.len() as u64;
        cases.truncate(MOST_TOLD);
        Check { what, count, cases }
    }

    pub(crate) fn count(what: &'static str, count: u64) -> Check {
        Check { what, count, cases: Vec::new() }
    }
}
