//! A farm: nodes behind the name of the server, which hands out one of them with each session. Which are dead, and who
//! sees what is stored where.

use crate::world::{Inside, Published};
use http::HeaderValue;
use put2bits::bits::server::{HostId, Knobs};
use put2bits::bits::{HostIdPolicy, Packet};
use std::collections::HashSet;

/// The host that is configured.
pub(crate) const ORIGIN: &str = "backend";
/// As many as a run may need. The operator allows these and no other.
const NODES: [&str; 3] = ["node1.backend", "node2.backend", "node3.backend"];
/// After so many seconds without success the origin may be asked.
const FALLBACK: u32 = 60;

/// What became of the nodes.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    /// Of which one is handed out.
    number: usize,
    dead: HashSet<&'static str>,
    /// Where the exchange goes that the server answers.
    pub(crate) here: String,
}

/// Makes a farm of a server. `shared`: each node knows what the others know.
pub(crate) fn found(knobs: &mut Knobs, shared: bool) {
    knobs.session.host_id = Some(hand_out(0));
    knobs.session.bound_to_host = !shared;
}

fn hand_out(number: usize) -> HostId {
    let node = NODES[number.min(NODES.len() - 1)];
    HostId { host: HeaderValue::from_static(node), fallback: Some(FALLBACK) }
}

/// Whom the operator allows to be followed.
pub(crate) fn policy(knobs: &Knobs) -> HostIdPolicy {
    match knobs.session.host_id {
        Some(_) => HostIdPolicy::AllowList(NODES.map(str::to_owned).to_vec()),
        None => HostIdPolicy::Ignore,
    }
}

impl Inside {
    /// The node that is handed out dies, and the next one takes its place.
    pub(crate) fn node_dies(&mut self) {
        let nodes = &mut self.nodes;
        nodes.dead.insert(NODES[nodes.number]);
        nodes.number += 1;
        let host_id = hand_out(nodes.number);
        self.say(|| format!("{} is dead", NODES[self.nodes.number - 1]));
        let mut knobs = self.schedule.knobs.clone();
        knobs.session.host_id = Some(host_id);
        self.server.set_knobs(knobs);
    }

    /// Nobody but the origin and nodes that it has named is ever asked (promise P10), and Create-Session goes to no node.
    pub(crate) fn inspect_host(&mut self, host: &str, packet: Option<&Packet>) {
        let is_farm = self.schedule.knobs.session.host_id.is_some();
        let named = NODES.iter().take(self.nodes.number + 1).any(|node| *node == host);
        self.check(host == ORIGIN || (is_farm && named), || {
            format!("{host} is asked, which was never named")
        });
        let creates = packet == Some(&Packet::CreateSession);
        self.check(!creates || host == ORIGIN, || format!("a session is created at {host}"));
    }

    pub(crate) fn is_dead_there(&self, host: &str) -> bool {
        self.nodes.dead.contains(host)
    }

    /// Whether a file can be seen at a host.
    pub(crate) fn is_visible(&self, file: &Published, host: &str) -> bool {
        let is_everywhere = file.host.is_empty() || !self.schedule.knobs.session.bound_to_host;
        is_everywhere || file.host == host
    }
}
