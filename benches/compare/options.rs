//! The command line.

use crate::peer::Peer;
use crate::workload::{Kind, Workload};
use bytesize::ByteSize;
use clap::Parser;
use std::path::PathBuf;

/// Compares put2bits with nginx and with no proxy at all.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Size of the one file of `big`.
    #[arg(long, default_value = "4GiB")]
    size: ByteSize,
    /// How often each workload goes through each peer.
    #[arg(long, default_value_t = 4)]
    rounds: usize,
    /// Only these workloads.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Kind>,
    /// Only these peers.
    #[arg(long, value_enum, value_delimiter = ',')]
    peers: Vec<Peer>,
    /// Write all figures there, too.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Tiny sizes and one round: does it all work?
    #[arg(long)]
    smoke: bool,
    /// What cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    pub(crate) fn rounds(&self) -> usize {
        if self.smoke { 1 } else { self.rounds.max(1) }
    }

    /// Of those asked for, the ones that take part in such a workload.
    pub(crate) fn peers(&self, kind: Kind) -> Vec<Peer> {
        let doors = kind == Kind::Doors;
        chosen(&self.peers)
            .into_iter()
            .filter(|peer| if doors { peer.shows_doors() } else { peer.is_plain() })
            .collect()
    }

    pub(crate) fn workloads(&self) -> Vec<Workload> {
        let kinds: Vec<Kind> = chosen(&self.only);
        kinds.into_iter().map(|kind| Workload::new(kind, self.size.as_u64(), self.smoke)).collect()
    }
}

/// What was asked for, or all.
fn chosen<T: clap::ValueEnum>(asked: &[T]) -> Vec<T> {
    if asked.is_empty() { T::value_variants().to_vec() } else { asked.to_vec() }
}
