//! `put2bits check-config`

use super::args::{ConfigArgs, SETTINGS};
use super::{Stop, try_request};
use crate::app;
use std::io::{self, Write as _};

/// What `check-config` takes: the same as `serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{SETTINGS}"))]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    request: try_request::TryArgs,
}

const EXAMPLES: &str = "\
Examples:
  put2bits check-config --config put2bits.toml
  put2bits check-config --backend http://iis/uploads/ > put2bits.toml
  put2bits check-config --config put2bits.toml --try 'PUT https://photos.example/a.jpg'

Prints the configuration in force, as a file that means the same; or one line that says what is wrong, \
with exit code 78 (64 if a flag is to blame). With --try: which route a request would take, where its file would go, \
what would go along, or how it would be refused. Nobody is asked.";

/// Prints the configuration, or fails with what is wrong with it.
pub(super) fn run(args: Args) -> Result<(), Stop> {
    let resolved = args.config.into_sources().resolve()?;
    for warning in app::check(&resolved)? {
        writeln!(io::stderr(), "put2bits: warning: {warning}")?;
    }
    let mut out = io::stdout().lock();
    match args.request.is_given() {
        true => args.request.run(resolved.config(), &mut out)?,
        false => write!(out, "{resolved}")?,
    }
    Ok(out.flush()?)
}
