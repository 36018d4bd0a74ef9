//! put2bits beside its peers, in one interleaved run: `cargo bench --bench compare -- --help`. See `benches/README.md`.
//!
//! | file | what it does |
//! | --- | --- |
//! | `options` | the command line |
//! | `peer` | what is compared, and how it is started |
//! | `process` | CPU and memory of a process, which core it runs on, what machine this is |
//! | `client` | the source: uploads by PUT or by BITS, at full speed or paced |
//! | `http2` | the same over HTTP/2 |
//! | `door` | which protocol, and TLS |
//! | `backend` | the sinks: for PUT, for BITS, late or slow on request |
//! | `workload` | what is done, and which figures come of it |
//! | `report` | tables and JSON |

mod backend;
mod client;
mod door;
mod http2;
mod options;
mod peer;
mod process;
mod report;
mod sending;
mod workload;

use backend::Backend;
use clap::Parser;
use client::Client;
use options::Options;
use peer::Peer;
use process::{Meter, Pins};
use report::Report;
use std::error::Error;
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};
use workload::{Cell, Workload};

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let machine = process::machine();
    let pins = Pins::set();
    println!("{machine}\n{pins}");
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut report = Report::new(machine, pins.to_string());
    for workload in options.workloads() {
        let peers: Vec<Peer> =
            options.peers(workload.kind).into_iter().filter(|&peer| peer.is_there()).collect();
        for round in 0..options.rounds() {
            // Each round begins with another peer, so that none always follows the same one.
            for index in 0..peers.len() {
                let peer = peers[(index + round) % peers.len()];
                let cell = measure(&runtime, peer, &workload, &pins)
                    .map_err(|error| format!("{} through {peer}: {error}", workload.name()))?;
                eprintln!("{:<6} round {} {peer:<12} {}", workload.name(), round + 1, report::line(&cell));
                report.add(&workload, peer, cell);
            }
        }
        println!("{}", report.table(&workload));
    }
    if let Some(file) = &options.json {
        std::fs::write(file, serde_json::to_vec_pretty(&report.json())?)?;
        println!("figures: {}", file.display());
    }
    Ok(())
}

/// One workload through one peer, both ends fresh: a peak of memory belongs to this run alone.
fn measure(runtime: &Runtime, peer: Peer, workload: &Workload, pins: &Pins) -> Result<Cell, Box<dyn Error>> {
    let backend = Backend::start(peer.backend(), peer.encrypts(), workload.conditions())?;
    let proxy = peer.start(backend.addr(), pins)?;
    let addr = proxy.as_ref().map_or(backend.addr(), |proxy| proxy.addr());
    // One byte first: workers are forked, code is in memory, and what is measured as idle is what stays.
    runtime
        .block_on(async { Client::connect(peer.client(), peer.door(), addr, None).await?.upload(1).await })?;
    // Without a proxy the load itself is measured: the floor.
    let meter = Meter::start(proxy.as_ref().map_or(std::process::id(), |proxy| proxy.id()))?;
    let run = runtime.block_on(workload.drive(peer, addr))?;
    let used = meter.stop()?;
    Ok(workload.figures(&run, &used, proxy.is_some()))
}
