//! Which nodes of a farm are followed (MC-BUP §2.2.3.2, `BITS-Host-Id`).

/// What to do when a server asks by `BITS-Host-Id` that all later packets go to another host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum HostIdPolicy {
    /// Stay with the host that was configured.
    #[default]
    Ignore,
    /// Follow to hosts of the same domain: what is left of the configured host's name without its first label.
    SameDomain,
    /// Follow to these hosts alone, names or addresses, in lower case.
    AllowList(Vec<String>),
}
