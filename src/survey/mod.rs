//! Finds out what kind of BITS server a backend is, by uploading small scratch files and breaking rules on purpose.
//!
//! What the documents of servers leave open decides how an upload may be carried: is a byte that was sent twice dropped or
//! appended, is half a fragment kept, how large may one be, is a file replaced? Each file here asks one of these questions
//! with packets of its own making about files of its own making (`scratch`); `talk` sends them, `report` turns the answers into settings and advice.
//!
//! | file | question |
//! | --- | --- |
//! | `hello` | does it answer, to which verb, and whom does it let in? |
//! | `overlap` | what becomes of a byte that comes twice? |
//! | `broken` | what becomes of half a fragment? Do sessions outlive a connection? |
//! | `size` | how large may a fragment be? |
//! | `publish` | when does the file appear, can it be read, is it replaced? |
//!
//! It knows no sockets: [`Site`] gives it ways to the server. It never touches a file that it has not made itself.

mod broken;
mod content;
mod hello;
mod overlap;
mod publish;
mod report;
mod scratch;
mod site;
mod size;
mod talk;

pub use hello::dialects;
pub use report::{Finding, Obstacle, Report, Topic};
pub use site::Site;

use crate::bits::Dialect;
use crate::limits::{KIB, MIB};
use crate::route::{BackendUrl, Server};
use scratch::Scratch;
use std::time::Duration;

/// What to find out, and how far to go.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The directory that is examined.
    pub backend: BackendUrl,
    /// How it is spoken to.
    pub server: Server,
    /// Largest fragment that is tried, in bytes.
    pub largest: u64,
    /// Longest time for one answer, and for a connection.
    pub patience: Duration,
    /// What the names of scratch files end with, so that nobody else's file is meant: random.
    pub tag: String,
}

impl Plan {
    /// Tries fragments of up to 16 MiB, and waits for half a minute.
    pub fn new(backend: BackendUrl, server: Server, tag: String) -> Self {
        Plan { backend, server, largest: 16 * MIB, patience: Duration::from_secs(30), tag }
    }
}

/// Bytes of a fragment that every server takes.
const SMALL: u64 = 16 * KIB;

/// Examines a server. `observe` is told of each finding when it is made.
///
/// # Errors
/// The first thing that makes an upload impossible.
pub async fn survey<S: Site>(
    site: &S,
    plan: &Plan,
    mut observe: impl FnMut(&Finding),
) -> Result<Report, Obstacle> {
    let mut scratch = Scratch::new(plan);
    let found = ask(site, plan, &mut scratch, &mut observe).await;
    for left in scratch.clean_up(site).await {
        observe(&Finding::new(Topic::Left, left));
    }
    found
}

async fn ask<S: Site>(
    site: &S,
    plan: &Plan,
    scratch: &mut Scratch,
    observe: &mut impl FnMut(&Finding),
) -> Result<Report, Obstacle> {
    let mut report = Report::new(plan);
    let dialect: Dialect = hello::ask(site, plan, scratch, &mut report, observe).await?;
    scratch.speak(dialect);
    publish::ask(site, scratch, &mut report, observe).await?;
    overlap::ask(site, scratch, &mut report, observe).await?;
    broken::ask(site, scratch, &mut report, observe).await?;
    size::ask(site, plan, scratch, &mut report, observe).await?;
    publish::ask_about_nothing(site, scratch, &mut report, observe).await?;
    Ok(report)
}
