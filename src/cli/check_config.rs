//! `put2bits check-config`

use super::args::{ConfigArgs, SETTINGS};
use super::{Exit, Stop};
use crate::guard::Guards;
use std::io::{self, Write as _};

/// What `check-config` takes: the same as `serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{SETTINGS}"))]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

const EXAMPLES: &str = "\
Examples:
  put2bits check-config --config put2bits.toml
  put2bits check-config --backend http://iis/uploads/ > put2bits.toml

Prints the configuration in force, as a file that means the same; or one line that says what is wrong, \
with exit code 78 (64 if a flag is to blame).";

/// Prints the configuration, or fails with what is wrong with it.
pub(super) fn run(args: Args) -> Result<(), Stop> {
    let resolved = args.config.into_sources().resolve()?;
    // The files that it names are part of it.
    Guards::new(&resolved.config().routes).map_err(|error| Stop::new(Exit::Config, error))?;
    let mut out = io::stdout().lock();
    write!(out, "{resolved}")?;
    Ok(out.flush()?)
}
