//! Names that a web server does not take for files of its users: its settings, and what it would run.

/// The names that a route refuses unless it says otherwise. IIS and its relatives read or run them.
pub const REFUSED_NAMES: [&str; 9] =
    ["web.config", ".htaccess", "*.asp", "*.aspx", "*.ashx", "*.asmx", "*.asax", "*.svc", "*.php"];

/// A name, or with a `*` in front all names that end so; in any case, as Windows has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern(String);

impl NamePattern {
    /// Reads a name such as `web.config`, or `*` and the end of one: `*.aspx`. Nothing, if it is neither.
    ///
    /// ```
    /// use put2bits::route::NamePattern;
    /// let pattern = NamePattern::parse("*.aspx").unwrap();
    /// assert!(pattern.covers("Shell.ASPX") && !pattern.covers("aspx"));
    /// assert!(NamePattern::parse("a*b").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<NamePattern> {
        let rest = text.strip_prefix('*').unwrap_or(text);
        let fits = !rest.is_empty() && !rest.contains(super::file_path::is_forbidden);
        fits.then(|| NamePattern(text.to_owned()))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it means this name. Old servers stop reading a name at `;`, so each part between them is looked at, too:
    /// they ran `shell.asp;.jpg`.
    pub fn covers(&self, name: &str) -> bool {
        let (pattern, name) = (fold(&self.0), fold(name));
        std::iter::once(name.as_str()).chain(name.split(';')).any(|name| match pattern.strip_prefix('*') {
            Some(end) => name.ends_with(end),
            None => name == pattern,
        })
    }
}

/// Without case. More letters become one than on Windows: also `ſ` becomes `S`.
fn fold(name: &str) -> String {
    name.to_uppercase()
}

/// [`REFUSED_NAMES`] as a route holds them.
pub(super) fn refused_by_default() -> Vec<NamePattern> {
    REFUSED_NAMES.iter().filter_map(|name| NamePattern::parse(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for text in ["", "*", "a*", "**.asp", "a/b", "a:b", "*.a?p", "a%b", "a\nb"] {
            assert_eq!(NamePattern::parse(text), None, "{text:?}");
        }
        for (pattern, name, covered) in [
            ("web.config", "web.config", true),
            ("web.config", "WEB.Config", true),
            ("web.config", "web.config.jpg", false),
            ("web.config", "myweb.config", false),
            ("*.asp", "a.asp", true),
            ("*.asp", ".asp", true),
            ("*.asp", "a.asp;.jpg", true),
            ("*.asp", "a;b.asp;c.jpg", true),
            ("*.asp", "a.aſp", true),
            ("*.asp", "a.asp.jpg", false),
            ("*.asp", "asp", false),
        ] {
            assert_eq!(NamePattern::parse(pattern).unwrap().covers(name), covered, "{pattern} {name}");
        }
        assert_eq!(refused_by_default().len(), REFUSED_NAMES.len());
    }
}
