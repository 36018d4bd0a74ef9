//! Another name for a file whose name is taken.

use super::file_path::{BadPath, FilePath, MAX_SEGMENT};
use super::{Route, name};
use crate::bits::Destination;
use crate::error::Failure;

impl Route {
    /// The destination with `-mark` before the extension of the file, also of the file's own name: `a.jpg` becomes
    /// `a-0badcafe.jpg`.
    ///
    /// # Errors
    /// [`Problem::BadPath`](crate::error::Problem::BadPath), if that is too long or is a refused name.
    pub fn renamed(&self, from: &Destination, mark: &str) -> Result<Destination, Failure> {
        let below = from.target.path().strip_prefix(self.backend.base.as_str());
        let path = FilePath::parse(below.ok_or(BadPath::OutsideRoute)?)?;
        let path = path.with_name(&marked(path.name(), mark, |name| name.len() <= MAX_SEGMENT))?;
        let own = name::from_header(&from.content_name);
        self.at(&path, &marked(&own, mark, name::fits))
    }
}

/// The name with the mark before its extension. The stem gives way as far as is needed to make it fit.
fn marked(name: &str, mark: &str, fits: impl Fn(&str) -> bool) -> String {
    let (stem, extension) = match name.rfind('.') {
        Some(dot) if dot > 0 => name.split_at(dot),
        _ => (name, ""),
    };
    let with = |stem: &str| format!("{stem}-{mark}{extension}");
    let ends = stem.char_indices().rev().map(|(end, _)| stem.get(..end).unwrap_or_default());
    std::iter::once(stem).chain(ends).map(with).find(|name| fits(name)).unwrap_or_else(|| with(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::BackendUrl;

    #[test]
    fn the_mark_stands_before_the_extension() {
        for (name, expected) in [
            ("a.jpg", "a-0badcafe.jpg"),
            ("a", "a-0badcafe"),
            (".hidden", ".hidden-0badcafe"),
            ("a.tar.gz", "a.tar-0badcafe.gz"),
        ] {
            assert_eq!(marked(name, "0badcafe", |_| true), expected);
        }
        let short = |name: &str| marked(name, "0badcafe", |name| name.len() <= MAX_SEGMENT);
        let long = short(&format!("{}.jpg", "ö".repeat(125)));
        assert!(long.len() >= MAX_SEGMENT - 1 && long.ends_with("ö-0badcafe.jpg"), "{long}");
        // The extension is all of it: the path is too long then, and refused.
        assert!(short(&format!("a.{}", "x".repeat(253))).len() > MAX_SEGMENT);
        let own = marked(&"ö".repeat(43), "0badcafe", name::fits);
        assert!(name::fits(&own) && own.ends_with("ö-0badcafe"), "{own}");
    }

    #[test]
    fn target_and_own_name_are_marked() {
        let mut route = Route::new("/", BackendUrl::parse("http://iis/up/").unwrap());
        route.name.query = Some("n".into());
        let from = route
            .destination(&"/f/gr%C3%B6n.jpg?n=%C3%A4.png".parse().unwrap(), &Default::default())
            .unwrap();
        let to = route.renamed(&from, "01234567").unwrap();
        assert_eq!((to.target.as_str(), &to.host), ("/up/f/gr%C3%B6n-01234567.jpg", &from.host));
        assert_eq!(to.content_name, "%C3%A4-01234567.png");
    }
}
