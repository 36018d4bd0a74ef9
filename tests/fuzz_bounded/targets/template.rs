//! Templates for the names of files: a template, the target of a request on the next line, then its fields.

use super::path::harmless;
use super::text;
use http::Uri;
use put2bits::error::Problem;
use put2bits::route::{BackendUrl, Naming, Route, Template};

pub(crate) fn run(input: &[u8]) -> bool {
    let (first, rest) = input.split_at(input.iter().position(|&byte| byte == b'\n').unwrap_or(input.len()));
    let Ok(text) = std::str::from_utf8(first) else { return false };
    let template = match Template::parse(text) {
        Ok(template) => template,
        Err(bad) => {
            assert!((1..=text.chars().count() + 1).contains(&bad.column) || text.len() > 1024, "{bad}");
            return false;
        }
    };
    assert_eq!(template.as_str(), text);
    let (target, headers) = text::head(rest.get(1..).unwrap_or_default());
    let Ok(uri) = Uri::try_from(target) else { return false };
    let mut route = Route::new("/in/", BackendUrl::parse("http://iis:81/up/").expect("a URL"));
    route.name.header = Some("x-name".parse().expect("a name"));
    route.target = Some(template);
    // Users are called as somebody else likes: an authority, a certificate.
    let user = headers.get("x-user").and_then(|value| value.to_str().ok());
    let naming = Naming { user, length: Some(7), random: 7, ..Naming::new(&uri, &headers) };
    match route.locate(&naming) {
        Ok(to) => {
            harmless(&to);
            assert_eq!(
                route.locate(&naming).map(|again| again.target).as_ref(),
                Ok(&to.target),
                "always the same"
            );
            true
        }
        Err(failure) => {
            assert!([Problem::BadPath, Problem::NameMissing].contains(&failure.problem), "{failure:?}");
            assert!(!failure.detail.is_empty());
            false
        }
    }
}
