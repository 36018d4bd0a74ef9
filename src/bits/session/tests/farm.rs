//! `BITS-Host-Id`: whether a node is followed, and the way back from one that is dead.

use super::*;
use crate::bits::{HostIdPolicy, Node};
use Problem::{BackendAuth, SessionLost, Unavailable};

const NODE: &str = "node7.example.org";

/// Of a farm at `bits.example.org` whose nodes are followed.
fn farm(total: u64, change: impl FnOnce(&mut SessionSettings)) -> Script {
    custom(total, |settings| {
        settings.profile = Some(&Profile::REFUSE);
        settings.origin = "bits.example.org".into();
        settings.host_id = HostIdPolicy::SameDomain;
        change(settings);
    })
}

impl Script {
    /// The answer to Create-Session sends to that node.
    fn sends_to(self, node: &str, fallback: &str) -> Self {
        let fields = [
            ("BITS-Session-Id", "{7}"),
            ("Date", BEGUN),
            ("BITS-Host-Id", node),
            ("BITS-Host-Id-Fallback-Timeout", fallback),
        ];
        let fields = if fallback.is_empty() { &fields[..3] } else { &fields[..] };
        self.expect("Create-Session").answer(200, fields)
    }

    /// Create-Session, and a node that is there.
    fn moved(self, fallback: &str) -> Self {
        self.sends_to(NODE, fallback).at(NODE).expect("Ping").answer(200, &[]).at(NODE)
    }

    #[track_caller]
    fn at(self, node: &str) -> Self {
        let here = self.session.node().map(Node::to_string).unwrap_or_default();
        assert_eq!(here, node);
        self
    }

    /// Lets each exchange fail for that long; gives what is asked after that.
    fn dead_for(mut self, time: Duration) -> (Self, String) {
        let until = self.now + time;
        loop {
            let asked = text(&self.next());
            if self.now >= until || ["finished", "Cancel-Session"].contains(&asked.as_str()) {
                return (self, asked);
            }
            self = self.silence(Silence::Unsent);
        }
    }

    fn names(&self) -> Vec<&'static str> {
        let name = |event: &Event| match event {
            Event::HostIgnored { .. } => Some("ignored"),
            Event::HostFollowed { .. } => Some("followed"),
            Event::HostGivenUp { .. } => Some("given up"),
            Event::Restarted { .. } => Some("restarted"),
            _ => None,
        };
        self.events.iter().filter_map(name).collect()
    }
}

#[test]
fn everything_after_create_goes_to_the_node_ping_first() {
    let script = farm(250, |_| {}).moved("60").expect("bytes 0-99/250").at(NODE).taken(100);
    let script = script.expect("bytes 100-199/250").taken(200).expect("bytes 200-249/250").taken(250);
    let script = script.expect("Close-Session").at(NODE).answer(200, &[]).stored();
    assert_eq!(script.names(), ["followed"]);
    // The client is not asked for its body before the node has answered.
    assert!(!farm(5, |_| {}).sends_to(NODE, "").expect("Ping").session.is_open());
    // A file of no bytes.
    farm(0, |_| {}).moved("").closed().at(NODE);
}

#[test]
fn what_is_not_allowed_changes_nothing() {
    for (policy, host) in [
        (HostIdPolicy::Ignore, NODE),
        (HostIdPolicy::SameDomain, "evil.test"),
        (HostIdPolicy::SameDomain, "example.org"),
        (HostIdPolicy::SameDomain, "node7.example.org:81"),
        (HostIdPolicy::SameDomain, "http://node7.example.org/"),
        (HostIdPolicy::SameDomain, "u@node7.example.org"),
        (HostIdPolicy::AllowList(vec!["node8.example.org".into()]), NODE),
        (HostIdPolicy::AllowList(vec![]), "169.254.169.254"),
    ] {
        let script = farm(50, |settings| settings.host_id = policy);
        let script = script.sends_to(host, "5").at("").expect("bytes 0-49/50").taken(50).closed().at("");
        assert_eq!(script.names(), ["ignored"], "{host}");
    }
    // Two answers to one question are none.
    let script = farm(50, |_| {}).expect("Create-Session");
    let two = [("BITS-Session-Id", "{7}"), ("BITS-Host-Id", NODE), ("BITS-Host-Id", "node8.example.org")];
    assert_eq!(script.answer(200, &two).expect("bytes 0-49/50").at("").names(), ["ignored"]);
    // The origin by its own name is no other host.
    let script = farm(50, |_| {}).sends_to("BITS.example.org.", "5").expect("bytes 0-49/50").at("");
    assert!(script.names().is_empty());
}

#[test]
fn a_ping_that_is_not_known_is_an_answer() {
    for status in [200, 400, 404, 405, 501] {
        farm(50, |_| {}).sends_to(NODE, "").expect("Ping").bare(status).expect("bytes 0-49/50").at(NODE);
    }
    farm(50, |_| {}).sends_to(NODE, "").expect("Ping").bare(401).cancelled(BackendAuth);
    let script = farm(50, |_| {}).sends_to(NODE, "").expect("Ping").bare(503).expect("Ping").answer(200, &[]);
    script.expect("bytes 0-49/50");
}

#[test]
fn a_dead_node_is_left_after_the_time_it_named() {
    // Nothing was acknowledged: the origin does not know the session, and a new one is begun.
    let script = farm(50, |_| {}).sends_to(NODE, "7");
    let begun = script.now;
    let (script, asked) = script.dead_for(Duration::from_secs(7));
    assert_eq!((asked.as_str(), script.now - begun), ("bytes 0-49/50", Duration::from_secs(7)));
    let script = script.at("").answer(500, &[GONE]).open().at("").expect("bytes 0-49/50").taken(50).closed();
    assert_eq!(script.names(), ["followed", "given up", "restarted"]);

    // Half of it was: without the session nothing can be gone on with.
    let script = farm(150, |_| {}).moved("7").expect("bytes 0-99/150").taken(100);
    let (script, asked) = script.dead_for(Duration::from_secs(7));
    assert_eq!(asked, "bytes 100-149/150");
    script.at("").answer(500, &[GONE]).over(SessionLost);

    // A farm that shares its storage goes on where it was.
    let script = farm(150, |_| {}).moved("7").expect("bytes 0-99/150").taken(100);
    let (script, _) = script.dead_for(Duration::from_secs(7));
    script.at("").taken(150).closed();
}

#[test]
fn an_answer_stops_the_clock() {
    let mut script = farm(300, |_| {}).moved("60");
    for offset in [0, 100, 200] {
        let (ready, _) = script.dead_for(Duration::from_secs(40));
        script = ready.at(NODE).taken(offset + 100);
    }
    assert_eq!(script.closed().at(NODE).names(), ["followed"]);
}

#[test]
fn who_names_no_time_is_never_left() {
    for fallback in ["", "soon", "-1", "7.5", "18446744073709551615"] {
        let script = farm(50, |_| {}).moved(fallback);
        let (script, asked) = script.dead_for(Duration::from_secs(10_000));
        assert_eq!((asked.as_str(), script.names()), ("Cancel-Session", vec!["followed"]), "{fallback}");
        script.at(NODE).decided(Problem::Unreachable);
    }
}

#[test]
fn a_restart_begins_at_the_origin() {
    let script = farm(50, |_| {}).moved("60").expect("bytes 0-49/50").answer(500, &[GONE]).at("");
    let script = script.sends_to("node8.example.org", "60").at("node8.example.org").expect("Ping");
    script.answer(200, &[]).expect("bytes 0-49/50").taken(50).closed();
}

#[test]
fn a_checkpoint_keeps_the_node_and_how_long_it_was_silent() {
    let lasting = |settings: &mut SessionSettings| {
        settings.lasting = true;
        settings.retry.window = Duration::from_secs(30);
    };
    let script = farm(200, lasting).moved("50").expect("bytes 0-99/200").taken(100);
    let (script, asked) = script.dead_for(Duration::from_secs(40));
    assert_eq!(asked, "finished");
    let kept = script.decided(Problem::Unreachable).session.checkpoint().unwrap();
    let silent = kept.node.as_ref().unwrap().silent;
    assert!(!kept.node.as_ref().unwrap().given_up && silent >= Duration::from_secs(25), "{silent:?}");

    let go_on = |kept: Checkpoint, host_id: HostIdPolicy| {
        let mut settings = SessionSettings { fragment: fixed(FRAGMENT), ..SessionSettings::new(200) };
        lasting(&mut settings);
        of(Session::resume(SessionSettings { origin: "bits.example.org".into(), host_id, ..settings }, kept))
    };
    let (script, asked) =
        go_on(kept.clone(), HostIdPolicy::SameDomain).at(NODE).dead_for(Duration::from_secs(50) - silent);
    assert_eq!(asked, "bytes 100-199/200");
    let script = script.at("");
    let given_up = script.session.checkpoint().unwrap();
    assert!(given_up.node.as_ref().unwrap().given_up);
    go_on(given_up, HostIdPolicy::SameDomain).at("");
    // What is not allowed any more is not followed any more.
    go_on(kept.clone(), HostIdPolicy::Ignore).at("").expect("bytes 100-199/200").taken(200).closed();
    // The node came back.
    let script = go_on(kept, HostIdPolicy::SameDomain).expect("bytes 100-199/200").at(NODE).taken(200);
    assert_eq!(script.session.checkpoint().unwrap().node.unwrap().silent, Duration::ZERO);
}

/// "Session not found" of a host that never knew it is no proof, whatever is configured.
#[test]
fn a_stranger_cannot_vouch_for_a_close() {
    let accept = |settings: &mut SessionSettings| settings.ambiguous_close = AmbiguousClose::Accept;
    let closing = || farm(50, accept).moved("7").expect("bytes 0-49/50").taken(50).expect("Close-Session");
    let told = closing().silence(Silence::Lost).expect("Close-Session").at(NODE).answer(500, &[GONE]);
    told.stored();
    let (script, asked) = closing().silence(Silence::Lost).dead_for(Duration::from_secs(7));
    assert_eq!(asked, "Close-Session");
    script.at("").answer(500, &[GONE]).expect("HEAD").at("");
}

#[test]
fn a_node_in_trouble_is_left_too() {
    let mut script = farm(50, |_| {}).moved("7").expect("bytes 0-49/50");
    for _ in 0..20 {
        script = script.answer(503, &[("Retry-After", "3600")]);
        let asked = text(&script.next());
        assert_eq!(asked, "bytes 0-49/50");
        if script.session.node().is_none() {
            script.at("").taken(50).closed();
            return;
        }
    }
    panic!("{:?}", Unavailable);
}
