//! Several nodes behind one name: some die, some share their storage, and some send to hosts that are none of theirs.

use super::backend::request;
use super::faults::Throw as _;
use super::world::World;
use put2bits::bits::server::HostId;
use put2bits::bits::{HostIdPolicy, Packet, Silence};
use std::collections::HashSet;

/// The host that is configured.
pub(crate) const ORIGIN: &str = "bits.example.org";

/// What servers answer that are up to no good, or merely confused.
const EVIL: [&str; 6] = [
    "evil.test",
    "example.org.evil.test",
    "169.254.169.254",
    "node1.example.org:22",
    "http://node1.example.org/",
    "::1",
];

/// What the farm is like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Farm {
    /// Whether all nodes know all sessions and files.
    pub(crate) shared: bool,
    /// After so many seconds without success the origin may be asked.
    pub(crate) fallback: Option<u32>,
    /// Out of 1,000 exchanges with a node, how many find it dead. The origin hands out the next one. It stays dead, unless
    /// nobody may ever go elsewhere.
    pub(crate) dies_per_mille: u16,
    /// It names hosts that must not be followed.
    pub(crate) evil: bool,
}

/// What became of the farm.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    /// The node handed out at the moment.
    number: u32,
    dead: HashSet<String>,
    /// Where the exchange under way goes.
    pub(crate) host: String,
}

impl World {
    /// Hands out the next node.
    pub(crate) fn next_node(&mut self) {
        let Some(farm) = self.schedule.farm else { return };
        self.nodes.number += 1;
        let host = match farm.evil {
            true => EVIL[self.rng.index(EVIL.len())].to_owned(),
            false => format!("node{}.example.org", self.nodes.number),
        };
        let host_id = HostId { host: host.parse().expect("a header value"), fallback: farm.fallback };
        self.schedule.knobs.session.host_id = Some(host_id);
        self.schedule.knobs.session.bound_to_host = !farm.shared && !farm.evil;
        self.server.set_knobs(self.schedule.knobs.clone());
    }

    /// Where nobody may go elsewhere, whoever repairs the node is quicker than the client.
    pub(crate) fn repair_nodes(&mut self) {
        if self.schedule.farm.is_some_and(|farm| farm.fallback.is_none()) {
            self.nodes.dead.clear();
        }
    }

    pub(crate) fn policy(&self) -> HostIdPolicy {
        self.schedule.farm.map_or(HostIdPolicy::Ignore, |_| HostIdPolicy::SameDomain)
    }

    /// Where the next exchange goes. Nobody but the origin and the nodes that it named is ever asked (promise P10), and
    /// Create-Session never goes to a node. If nobody is there, the session is told so.
    pub(crate) fn finds_nobody(&mut self, packet: Option<&Packet>) -> bool {
        let node = self.session.node().map(ToString::to_string);
        self.nodes.host = node.clone().unwrap_or_else(|| ORIGIN.to_owned());
        let (Some(node), Some(farm)) = (node, self.schedule.farm) else { return false };
        let number = node.strip_prefix("node").and_then(|rest| rest.strip_suffix(".example.org"));
        let number: u32 = number.and_then(|number| number.parse().ok()).expect("a node of the farm");
        assert!((1..=self.nodes.number).contains(&number) && !farm.evil, "{node} was never named");
        assert!(packet != Some(&Packet::CreateSession), "created at a node");
        if !self.nodes.dead.contains(&node) && self.rng.u16(0..1000) < farm.dies_per_mille {
            self.nodes.dead.insert(node.clone());
            if number == self.nodes.number {
                self.next_node();
            }
        }
        let is_dead = self.nodes.dead.contains(&node);
        if is_dead {
            self.figures.faults += 1;
            if self.talks {
                println!("              {node} is dead");
            }
            self.session.unanswered(self.now, Silence::Unsent, "dead");
        }
        is_dead
    }

    /// Whether a file that was published at `at` can be seen where the exchange under way goes.
    pub(crate) fn is_visible(&self, at: &str) -> bool {
        at.is_empty()
            || at == self.nodes.host
            || self.schedule.farm.is_none_or(|farm| farm.shared || farm.evil)
    }

    /// Where a late request goes; none if nobody is there any more.
    pub(crate) fn late_host(&mut self, host: String) -> bool {
        let is_there = !self.nodes.dead.contains(&host);
        self.nodes.host = host;
        is_there
    }

    /// The request as it comes to the host of the exchange under way.
    pub(crate) fn arriving(&self, packet: &Packet) -> http::Request<()> {
        request(packet, if self.nodes.host.is_empty() { ORIGIN } else { &self.nodes.host })
    }
}
