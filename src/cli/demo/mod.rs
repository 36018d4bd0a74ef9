//! `put2bits demo`: the whole job in one process, with a backend in the box.
//!
//! Starts the mock backend and the proxy, sends a file through both as an HTTP client would, over real sockets, and
//! compares what arrived with what was sent.

/// A line on standard output. Whoever reads there may have left: that ends the demo, and is no panic.
macro_rules! say {
    ($($part:tt)*) => {
        writeln!(std::io::stdout(), $($part)*)?
    };
}

mod client;
mod show;
mod source;

use super::{Exit, Stop};
use crate::app::Proxy;
use crate::bits::Profile;
use crate::config::{Config, LogConfig, Size, StateConfig, StoreKind};
use crate::mock::{Count, Event, Mock, MockConfig, Stats, Storage};
use crate::route::{BackendUrl, Route, Routes};
use crate::telemetry;
use client::Answer;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use source::Source;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, watch};

const EXAMPLES: &str = "\
Examples:
  put2bits demo                            1 GiB made on the fly
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
    /// Go on serving afterwards, until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// Keep what arrives in this directory [default: it is hashed and dropped]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs both ends in this process.
pub(super) fn run(args: Args) -> Result<(), Stop> {
    let log = LogConfig { filter: "warn".into(), ..LogConfig::default() };
    telemetry::init(&log).map_err(|error| Stop::new(Exit::System, error))?;
    // Two threads besides the proxy's: the backend's, and this one for the client.
    let backend =
        Background::start(MockConfig { storage: storage(args.dir.as_deref()), ..MockConfig::default() })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(demo(args, &backend))
}

fn storage(dir: Option<&Path>) -> Storage {
    match dir {
        Some(path) => Storage::Dir { path: path.to_owned(), create_dirs: true },
        None => Storage::Hash,
    }
}

async fn demo(args: Args, backend: &Background) -> Result<(), Stop> {
    let source = match &args.file {
        Some(path) => Source::file(path).map_err(|error| cannot_read(path, &error))?,
        None => Source::generated(args.size.0),
    };
    let name =
        args.file.as_deref().and_then(Path::file_name).map_or("demo.bin".into(), |n| n.to_string_lossy());
    let proxy = Proxy::start(config(&backend.mock.url())?)?;
    let url = format!("http://{}/{}", proxy.addr(), utf8_percent_encode(&name, IN_A_PATH));
    say!("backend  {}", backend.mock.url());
    say!("proxy    http://{}/", proxy.addr());
    say!("PUT      {url}  ({})", show::bytes(source.length()));

    let begin = Instant::now();
    let length = source.length();
    let answer = client::send(&url, source).await?;
    let took = begin.elapsed();
    let sent = match answer {
        Answer::Stored { status, sha256 } => {
            say!("answer   {status} after {}", show::seconds(took));
            say!("         {}", show::rate(length, took));
            sha256
        }
        Answer::Refused { status, code, detail } => {
            say!("answer   {status} after {}", show::seconds(took));
            say!("         {detail}");
            print_bits(&backend.mock.stats())?;
            let line = format!("the upload was refused: {} {code}", status.as_u16());
            return Err(Stop::new(Exit::Failed, line));
        }
    };
    print_bits(&backend.mock.stats())?;
    if let Some(peak) = show::peak_memory() {
        say!("memory   {} at the peak: client, proxy and backend together", show::bytes(peak));
    }

    let arrived = arrived(&args, backend, &url).await?;
    say!("sent     sha256 {}", hex(&sent));
    say!("stored   sha256 {}", arrived.as_ref().map_or("(nothing)".into(), |hash| hex(hash)));
    if arrived != Some(sent) {
        return Err(Stop::new(Exit::Failed, "the bytes that arrived are not the bytes that were sent"));
    }
    say!("         the same: every byte arrived");
    if args.keep {
        // Before anybody is told where to upload: no event may be missed.
        let events = backend.mock.events();
        say!("");
        say!("Still serving. In another terminal: curl -T FILE http://{}/", proxy.addr());
        say!("Ctrl-C ends it.");
        serve_on(events).await?;
        say!("backend: {}", backend.mock.stats());
    }
    proxy.shutdown().await;
    Ok(())
}

fn config(backend: &str) -> Result<Config, Stop> {
    let backend = BackendUrl::parse(backend).map_err(|why| Stop::new(Exit::Failed, why))?;
    // What this backend is like is known: it follows the protocol to the letter.
    let route = Route { profile: Some(&Profile::REFUSE), ..Route::new("/", backend) };
    let state = StateConfig { store: StoreKind::Memory, ..StateConfig::default() };
    Ok(Config { listen: loopback(), routes: Routes::new(vec![route]), state, ..Config::default() })
}

fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

fn cannot_read(path: &Path, error: &io::Error) -> Stop {
    Stop::new(Exit::Io, format!("cannot read {}: {error}", path.display()))
}

fn print_bits(stats: &Stats) -> io::Result<()> {
    let Stats {
        sessions_created, sessions_closed, fragments, fragment_min, fragment_max, connections, ..
    } = stats;
    let (sessions, on) = (Count(*sessions_created, "session"), Count(*connections, "connection"));
    say!("BITS     {sessions} on {on}, {sessions_closed} closed");
    if let (Some(min), Some(max)) = (fragment_min, fragment_max) {
        let fragments = Count(*fragments, "fragment");
        say!("         {fragments} of {} to {}", show::bytes(*min), show::bytes(*max));
    }
    Ok(())
}

/// The hash of what the backend published.
async fn arrived(args: &Args, backend: &Background, url: &str) -> Result<Option<[u8; 32]>, Stop> {
    let published = backend.mock.published();
    let Some((target, file)) = published.iter().next() else { return Ok(None) };
    if file.sha256.is_some() {
        return Ok(file.sha256);
    }
    let Some(dir) = &args.dir else { return Ok(None) };
    debug_assert!(url.ends_with(target.as_str()));
    let name = percent_encoding::percent_decode_str(target.trim_start_matches('/')).decode_utf8_lossy();
    let path = dir.join(name.as_ref());
    say!("kept     {}", path.display());
    let hash =
        tokio::task::spawn_blocking(move || hash_file(&path).map_err(|error| cannot_read(&path, &error)));
    hash.await.map_err(|error| Stop::new(Exit::Failed, error))?.map(Some)
}

fn hash_file(path: &Path) -> io::Result<[u8; 32]> {
    let (mut file, mut hasher, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 256 * 1024]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            read => hasher.update(&buffer[..read]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn serve_on(mut events: broadcast::Receiver<Event>) -> Result<(), Stop> {
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(event) => say!("{event}"),
                Err(broadcast::error::RecvError::Lagged(missed)) => say!("({missed} events not shown)"),
                Err(broadcast::error::RecvError::Closed) => return Ok(()),
            },
            signal = tokio::signal::ctrl_c() => return Ok(signal?),
        }
    }
}

/// The mock backend on a thread of its own, so that it competes with the proxy as a real one does.
struct Background {
    mock: Mock,
    /// Dropping it ends the thread.
    _stop: watch::Sender<()>,
}

impl Background {
    fn start(config: MockConfig) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mock = runtime.block_on(Mock::bind(loopback(), config))?;
        let (stop, mut stopped) = watch::channel(());
        std::thread::Builder::new().name("backend".into()).spawn(move || {
            runtime.block_on(async {
                // An error is what it waits for: the sender is gone.
                let _ = stopped.changed().await;
            });
            // Files may still be on their way to the disk; nobody waits for more.
            runtime.shutdown_timeout(Duration::from_secs(1));
        })?;
        Ok(Background { mock, _stop: stop })
    }
}
