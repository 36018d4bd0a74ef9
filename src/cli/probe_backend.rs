//! `put2bits probe-backend`

use super::{Exit, Stop};
use crate::app;
use crate::config::{Size, Time, parse_backend};
use crate::route::Server;
use crate::survey::{Finding, Plan};
use std::io::{self, Write as _};

/// What `probe-backend` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Directory of the server, as in --backend
    url: String,
    /// Largest fragment that is tried
    #[arg(long, value_name = "SIZE", default_value = "16MiB")]
    up_to: Size,
    /// Longest time for one answer
    #[arg(long, value_name = "TIME", default_value = "30s")]
    timeout: Time,
}

const EXAMPLES: &str = "\
Examples:
  put2bits probe-backend http://iis/uploads/
  put2bits probe-backend http://iis/uploads/ --up-to 32MiB > backend.toml

Uploads some scratch files (put2bits-probe-….bin) to that directory, breaks rules on purpose, and deletes what it has made. \
What it finds is told on standard error, the settings that follow on standard output: a [[backend]] table for the file of \
the proxy. Exit code 1: no upload is possible there, and why.";

/// Examines a server, and prints what it is.
pub(super) fn run(args: Args) -> Result<(), Stop> {
    let backend = parse_backend(&args.url).map_err(|error| Stop::new(Exit::Usage, error))?;
    let tag = uuid::Uuid::new_v4().simple().to_string();
    let mut plan = Plan::new(backend, Server::default(), tag[..8].to_owned());
    plan.largest = args.up_to.0;
    plan.patience = args.timeout.0;
    let mut broken = None;
    let report = app::survey(&plan, |Finding { topic, text }| {
        let line = writeln!(io::stderr().lock(), "{topic:<11} {}", crate::config::one_line(text));
        broken = line.err().or_else(|| broken.take());
    });
    let report = report.map_err(|error| Stop::new(Exit::System, error))?;
    let report = report.map_err(|obstacle| Stop::new(Exit::Failed, obstacle))?;
    if let Some(error) = broken {
        return Err(error.into());
    }
    let mut stderr = io::stderr().lock();
    writeln!(stderr)?;
    report.advice().iter().try_for_each(|advice| writeln!(stderr, "{advice}"))?;
    let mut out = io::stdout().lock();
    write!(out, "{}", report.settings())?;
    Ok(out.flush()?)
}
