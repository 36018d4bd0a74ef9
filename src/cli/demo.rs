//! `put2bits demo`

use super::{Exit, Stop};
use std::path::PathBuf;

/// What `demo` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File to send. Default: 1 GiB made on the fly
    file: Option<PathBuf>,
    /// Go on serving afterwards
    #[arg(long)]
    keep: bool,
    /// Keep the received file in this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs both ends in this process.
pub(super) fn run(args: Args) -> Result<(), Stop> {
    let Args { file: _, keep: _, dir: _ } = args;
    Err(Stop::new(Exit::Failed, "the demo is not built in"))
}
