//! Names in the certificates of clients. Who has one is decided by whoever signed it; here it is only looked up. Pure.

use super::{Tried, known};
use crate::access::Denied;
use crate::error::{Failure, Problem};
use crate::route::PeerName;

/// Most names that are told in the log.
const MOST: usize = 5;

/// Lets in whose certificate has one of the names.
pub(super) fn glance(names: &[String], allowed: &[PeerName]) -> Tried {
    match names.iter().find(|name| allowed.iter().any(|pattern| pattern.covers(name))) {
        Some(name) => Tried::In(known("certificate", name)),
        // Nobody can guess a certificate: it is no attempt.
        None => Tried::Refused { denied: refused(names, allowed), was_attempt: false },
    }
}

/// The client learns that it has no right name; which ones would be right is for the log.
fn refused(names: &[String], allowed: &[PeerName]) -> Denied {
    let detail = match names.is_empty() {
        true => "the client shows no certificate with a name in it, and only those may upload here",
        false => "no name in the client's certificate may upload here",
    };
    let has = list(names.iter().map(String::as_str));
    let may = list(allowed.iter().map(PeerName::as_str));
    let cause = format!("its certificate has {has}; auth_names of the route has {may}");
    Denied::new(Failure { cause: Some(cause), ..Failure::new(Problem::AccessDenied, detail) })
}

/// Some of the names, each in quotes.
fn list<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(MOST);
    let shown: Vec<String> = names.take(MOST).map(|name| format!("{name:?}")).collect();
    match (shown.is_empty(), more) {
        (true, _) => "no name".to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{} and {more} more", shown.join(", ")),
    }
}
