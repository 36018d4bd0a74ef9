//! Which route a request takes.

use super::{Route, segments, strip_prefix};
use std::cmp::Reverse;
use std::sync::Arc;

/// All routes, ordered by their prefixes, the longest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routes(Vec<Arc<Route>>);

/// How a route fits a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fit {
    /// The request takes it.
    Taken,
    /// It covers the request, but another one says more about the host.
    OtherHostSaysMore,
    /// It covers the request, but another one has a longer prefix.
    OtherPrefixIsLonger,
    /// It is for other hosts.
    OtherHost,
    /// It is for other paths.
    OtherPath,
}

impl Routes {
    /// Orders the routes.
    pub fn new(mut routes: Vec<Route>) -> Self {
        routes.sort_by_key(|route| Reverse(segments(&route.prefix).count()));
        Routes(routes.into_iter().map(Arc::new).collect())
    }

    /// The route that covers a request: of all that are for its host and its path the one that says most about the host,
    /// of those the one with the longest prefix. A request without a host takes routes for all hosts only.
    pub fn find(&self, host: Option<&str>, path: &str) -> Option<&Arc<Route>> {
        let covering = self.0.iter().filter(|route| strip_prefix(&route.prefix, path).is_some());
        let fitting = covering.filter_map(|route| Some((weight(route, host)?, route)));
        // Of equals the last one met, from behind: its prefix is the longer one.
        fitting.rev().max_by_key(|(weight, _)| *weight).map(|(_, route)| route)
    }

    /// Every route with how it fits, in the order in which they are tried.
    pub fn explain<'a>(
        &'a self,
        host: Option<&'a str>,
        path: &'a str,
    ) -> impl Iterator<Item = (&'a Arc<Route>, Fit)> {
        let taken = self.find(host, path);
        self.0.iter().map(move |route| {
            let fit = match (weight(route, host), strip_prefix(&route.prefix, path)) {
                _ if taken.is_some_and(|taken| Arc::ptr_eq(taken, route)) => Fit::Taken,
                (None, _) => Fit::OtherHost,
                (_, None) => Fit::OtherPath,
                (own, _) if taken.is_some_and(|taken| weight(taken, host) > own) => Fit::OtherHostSaysMore,
                _ => Fit::OtherPrefixIsLonger,
            };
            (route, fit)
        })
    }

    /// The routes in the order in which they are tried.
    pub fn iter(&self) -> std::slice::Iter<'_, Arc<Route>> {
        self.0.iter()
    }
}

/// How much the route says about the host; nothing, if it is for others. A route for all hosts says least.
fn weight(route: &Route, host: Option<&str>) -> Option<Option<(bool, usize)>> {
    if route.hosts.is_empty() {
        return Some(None);
    }
    let host = host?;
    let covering = route.hosts.iter().filter(|pattern| pattern.covers(host));
    covering.map(super::HostPattern::weight).max().map(Some)
}

impl<'a> IntoIterator for &'a Routes {
    type Item = &'a Arc<Route>;
    type IntoIter = std::slice::Iter<'a, Arc<Route>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
