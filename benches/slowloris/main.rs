//! What good uploads notice of a thousand slow connections: `cargo bench --bench slowloris -- --help`. See
//! `benches/README.md`.
//!
//! | file | what it does |
//! | --- | --- |
//! | `good` | uploads one after the other, and how long each takes |
//! | `slow` | connections that drip heads and bodies, and come back when they are cut off |

mod good;
mod slow;

use clap::Parser;
use good::Latencies;
use put2bits::mock::{Mock, MockConfig};
use slow::Crowd;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;
use tokio::runtime::Builder;

/// Measures good uploads alone, then beside slow connections to the same proxy with default limits.
#[derive(Debug, Parser)]
struct Options {
    /// Slow connections; one half drips heads, the other bodies.
    #[arg(long, default_value_t = 1000)]
    slow: usize,
    /// How long good uploads are measured, each time.
    #[arg(long, default_value_t = 15, value_name = "SECONDS")]
    seconds: u64,
    /// How often all of it is done, each time with a fresh proxy.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("slowloris: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (mut alone, mut beside) = (Latencies::default(), Latencies::default());
    println!("| round | slow connections | uploads | p50 ms | p99 ms |\n|---|---:|---:|---:|---:|");
    for round in 1..=options.rounds {
        runtime.block_on(async {
            let mock = Mock::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), MockConfig::default()).await?;
            let proxy = Proxy::start(mock.addr())?;
            let time = Duration::from_secs(options.seconds);
            // Once for nothing: code is in memory, and sizes are learned.
            good::measure(proxy.addr, Duration::from_secs(1)).await?;
            let quiet = good::measure(proxy.addr, time).await?;
            println!("| {round} | 0 | {quiet} |");
            alone.add(quiet);
            let crowd = Crowd::gather(proxy.addr, options.slow).await?;
            let crowded = good::measure(proxy.addr, time).await?;
            println!("| {round} | {} | {crowded} |", crowd.connected());
            beside.add(crowded);
            Ok::<(), Box<dyn Error>>(())
        })?;
    }
    let ratio = |of: fn(&Latencies) -> f64| of(&beside) / of(&alone);
    println!("| all | 0 | {alone} |\n| all | {} | {beside} |", options.slow);
    println!("\nratio: p50 {:.2}, p99 {:.2} (target: below 2)", ratio(Latencies::p50), ratio(Latencies::p99));
    Ok(())
}

/// The program with default limits. Dropping it ends it.
struct Proxy {
    child: Child,
    addr: SocketAddr,
}

impl Proxy {
    fn start(backend: SocketAddr) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_put2bits"))
            .args(["serve", "--profile", "refuse", "--store", "memory", "--listen", "127.0.0.1:0"])
            .args(["--log", "warn,put2bits::app=info", "--backend", &format!("http://{backend}/")])
            .stderr(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().ok_or("no stderr")?).lines();
        let listens = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, addr) = line.split_once("listening on http://")?;
            addr.trim().parse().ok()
        });
        let addr = listens.ok_or("the proxy does not listen")?;
        // Whatever else it says is read away, so that it never waits for a reader.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Ok(Proxy { child, addr })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
