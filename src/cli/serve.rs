//! `put2bits serve`

use super::args::{ConfigArgs, SETTINGS};
use super::{Exit, Stop};
use crate::{app, telemetry};

/// What `serve` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{SETTINGS}"))]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

const EXAMPLES: &str = "\
Examples:
  put2bits serve --backend http://iis/uploads/
  put2bits serve --backend http://10.0.0.5:8181/in/ --listen 0.0.0.0:8080 --max-upload 20GiB
  put2bits serve --backend http://iis/uploads/ --profile iis --state-dir /var/lib/put2bits
  put2bits serve --config put2bits.toml --log-format json

Exit codes: 0 stopped by a signal, 64 wrong command line, 69 an address is not to be had, 71 the system refused \
a thread or the like, 74 the file of the state is damaged or in use, 78 wrong configuration.";

/// Checks everything, then serves until a signal to stop.
pub(super) fn run(args: Args) -> Result<(), Stop> {
    let resolved = args.config.into_sources().resolve()?;
    let warnings = app::check(&resolved)?;
    let config = resolved.into_config();
    telemetry::init(&config.log).map_err(|error| Stop::new(Exit::System, error))?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(app::serve(config)?)
}
