//! `BITS-Host-Id`: the first line is the configured host, the second what the server says, the others are a list.

use http::uri::Authority;
use put2bits::bits::{HostIdPolicy, Node};

pub(crate) fn run(input: &[u8]) -> bool {
    let mut lines = input.split(|&byte| byte == b'\n');
    let origin = lines.next().unwrap_or_default();
    let Some(node) = Node::parse(lines.next().unwrap_or_default()) else { return false };
    let shown = node.to_string();
    // One form, which means the same to whoever reads it.
    assert_eq!(Node::parse(shown.as_bytes()).as_ref(), Some(&node), "{shown}");
    assert!(shown.len() <= Node::MAX && !shown.contains(['/', '@', '?', '#', '\\', '%', ' ']), "{shown}");
    assert!(shown.bytes().all(|byte| byte.is_ascii_graphic()) && shown == shown.to_lowercase(), "{shown}");
    assert!(!HostIdPolicy::Ignore.allows("iis.corp.example", &node));
    let list: Vec<String> =
        lines.filter_map(|line| String::from_utf8(line.to_ascii_lowercase()).ok()).collect();
    let is_listed = list.iter().any(|entry| Node::parse(entry.as_bytes()).is_some_and(|entry| entry == node));
    assert_eq!(HostIdPolicy::AllowList(list).allows("iis.corp.example", &node), is_listed);
    let is_same = HostIdPolicy::SameDomain.allows("iis.corp.example", &node);
    let own = shown.strip_suffix(".corp.example").is_some_and(|label| !label.contains('.'));
    assert_eq!(is_same, own, "{shown}");
    let Ok(origin) = Authority::try_from(origin) else { return is_same || is_listed };
    if HostIdPolicy::SameDomain.allows(origin.host(), &node) {
        let domain =
            |host: &str| host.trim_end_matches('.').split_once('.').map(|(_, rest)| rest.to_lowercase());
        assert!(domain(&shown).is_some() && domain(&shown) == domain(origin.host()), "{origin} {shown}");
    }
    if let Some(there) = node.authority(&origin) {
        assert_eq!((there.host(), there.port_u16()), (shown.as_str(), origin.port_u16()));
    }
    true
}
