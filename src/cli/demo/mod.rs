//! `put2bits demo`: the whole job on one machine, with a backend in the box.
//!
//! Starts the mock backend and the proxy, sends a file through both as a phone does, over real sockets, and compares
//! what arrived with what was sent. With `--drop` the phone loses its connections, and the proxy, then a process of its
//! own, is killed on the way.

/// A line on standard output. Whoever reads there may have left: that ends the demo, and is no panic.
macro_rules! say {
    ($($part:tt)*) => {
        writeln!(std::io::stdout(), $($part)*)?
    };
}

mod backend;
mod client;
mod plan;
mod proxy;
mod show;
mod source;

use super::{Exit, Stop};
use crate::bits::Profile;
use crate::config::{AdminConfig, Config, LogConfig, Size, StateConfig, StoreKind};
use crate::mock::Count;
use crate::phone::{Content as _, Tally};
use crate::route::{BackendUrl, Route, Routes};
use crate::telemetry;
use backend::Backend;
use client::Sent;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use plan::Plan;
use proxy::Proxy;
use show::Progress;
use source::Source;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  put2bits demo                            1 GiB made on the fly
  put2bits demo --drop 3                   a phone loses its connection, and the proxy is killed
  put2bits demo movie.mov --dir received   a file of yours; it arrives as received/movie.mov
  put2bits demo --size 64MiB --keep        goes on serving, and prints a curl line to try";

/// All but what stays as it is in a path segment (RFC 3986 §2.3).
const IN_A_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What `demo` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// File to send [default: bytes made on the fly]
    file: Option<PathBuf>,
    /// How many bytes to make, when no file is given
    #[arg(long, value_name = "SIZE", default_value = "1GiB", conflicts_with = "file")]
    size: Size,
    /// Break the phone's connection so many times at random places, and kill the proxy once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    drop: Option<u32>,
    /// Choose the same random places as a run that printed this number
    #[arg(long, value_name = "N", requires = "drop")]
    seed: Option<u64>,
    /// Go on serving afterwards, until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// Keep what arrives in this directory [default: it is hashed and dropped]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs all ends.
pub(super) fn run(args: Args) -> Result<(), Stop> {
    let log = LogConfig { filter: "warn".into(), ..LogConfig::default() };
    telemetry::init(&log).map_err(|error| Stop::new(Exit::System, error))?;
    // Two threads besides the proxy's: the backend's, and this one for the client.
    let backend = Backend::start(args.dir.as_deref())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let proxy = tokio::select! {
            done = demo(&args, &backend) => done?,
            // Not left to the system: a proxy with a process of its own is ended, and its records are removed.
            signal = tokio::signal::ctrl_c() => {
                signal?;
                return Err(Stop::new(Exit::Failed, "interrupted"));
            }
        };
        if args.keep {
            // Before anybody is told where to upload: no event may be missed.
            let events = backend.events();
            say!("");
            say!("Still serving. In another terminal: curl -T FILE http://{}/", proxy.addr());
            say!("Ctrl-C ends it.");
            backend.serve_on(events).await?;
        }
        proxy.shutdown().await;
        Ok(())
    })
}

/// All but going on serving.
async fn demo(args: &Args, backend: &Backend) -> Result<Proxy, Stop> {
    let source = match &args.file {
        Some(path) => Source::file(path).map_err(|error| cannot_read(path, &error))?,
        None => Source::generated(args.size.0),
    };
    let name =
        args.file.as_deref().and_then(Path::file_name).map_or("demo.bin".into(), |n| n.to_string_lossy());
    let (length, source) = (source.length(), Arc::new(source));
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let (plan, proxy) = match args.drop {
        None => (Plan::default(), Proxy::within(config(&backend.url())?)?),
        Some(_) if length == 0 => {
            return Err(Stop::new(Exit::Usage, "--drop needs a file with something in it"));
        }
        Some(drops) => (Plan::random(seed, length, drops), Proxy::apart(&backend.url(), loopback())?),
    };
    let url = format!("http://{}/{}", proxy.addr(), utf8_percent_encode(&name, IN_A_PATH));
    say!("backend  {}", backend.url());
    match proxy.process() {
        None => say!("proxy    http://{}/", proxy.addr()),
        Some(id) => say!("proxy    http://{}/  (process {id})", proxy.addr()),
    }
    say!("PUT      {url}  ({})", show::bytes(length));
    if args.drop.is_some() {
        say!("seed     {seed}");
    }

    let progress = Progress::new(length);
    let kill = || proxy.kill();
    let sent = tokio::select! {
        sent = client::send(&url, Arc::clone(&source), &plan, &progress, &kill) => sent?,
        stop = proxy.keep(&progress) => {
            progress.finish();
            return Err(stop);
        }
    };
    print_answer(&sent, length)?;
    backend.print_bits()?;
    if !sent.stored {
        let (code, _) = client::refusal(&sent.answer);
        let line = format!("the upload was refused: {} {code}", sent.answer.status.as_u16());
        return Err(Stop::new(Exit::Failed, line));
    }
    if !plan.is_quiet() {
        print_mishaps(&sent.tally, &plan)?;
    }
    print_memory(&proxy)?;
    compare(&source, backend).await?;
    Ok(proxy)
}

fn config(backend: &str) -> Result<Config, Stop> {
    let backend = BackendUrl::parse(backend).map_err(|why| Stop::new(Exit::Failed, why))?;
    // What this backend is like is known: it follows the protocol to the letter.
    let route = Route { profile: Some(&Profile::REFUSE), ..Route::new("/", backend) };
    // What is shown once need not outlive the process.
    let state = StateConfig { store: StoreKind::Memory, ..StateConfig::default() };
    let admin = AdminConfig { listen: None, ..AdminConfig::default() };
    Ok(Config {
        listen: Some(loopback()),
        routes: Routes::new(vec![route]),
        state,
        admin,
        ..Config::default()
    })
}

fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

fn cannot_read(path: &Path, error: &io::Error) -> Stop {
    Stop::new(Exit::Io, format!("cannot read {}: {error}", path.display()))
}

fn print_answer(sent: &Sent, length: u64) -> io::Result<()> {
    let took = sent.tally.took;
    say!("answer   {} after {}", sent.answer.status, show::seconds(took));
    if sent.stored {
        say!("         {}", show::rate(length, took));
    } else {
        say!("         {}", client::refusal(&sent.answer).1);
    }
    Ok(())
}

/// What the mishaps cost.
fn print_mishaps(tally: &Tally, plan: &Plan) -> io::Result<()> {
    let kills = Count(plan.kill.is_some().into(), "kill");
    let (attempts, drops) = (Count(tally.attempts.into(), "request"), Count(tally.drops.into(), "drop"));
    say!("mishaps  {drops}, {kills}: {attempts} in all");
    say!("         {} sent, {} of it twice", show::bytes(tally.sent), show::bytes(tally.sent_twice()));
    Ok(())
}

fn print_memory(proxy: &Proxy) -> io::Result<()> {
    let Some(here) = show::peak_memory(None).map(show::bytes) else { return Ok(()) };
    match proxy.process().map(|id| show::peak_memory(Some(id))) {
        None => say!("memory   {here} at the peak: client, proxy and backend together"),
        Some(None) => say!("memory   {here} at the peak: client and backend together"),
        Some(Some(there)) => {
            let there = show::bytes(there);
            say!("memory   {there} at the peak: the proxy; {here}: client and backend together");
        }
    }
    Ok(())
}

async fn compare(source: &Source, backend: &Backend) -> Result<(), Stop> {
    let arrived = backend.arrived().await?;
    let sent = source.sha256();
    let text = |hash: Option<[u8; 32]>| hash.map_or("(nothing)".into(), |hash| hex(&hash));
    say!("sent     sha256 {}", text(sent));
    say!("stored   sha256 {}", text(arrived));
    if sent.is_none() || arrived != sent {
        return Err(Stop::new(Exit::Failed, "the bytes that arrived are not the bytes that were sent"));
    }
    say!("         the same: every byte arrived");
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
