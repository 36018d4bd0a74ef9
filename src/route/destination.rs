//! From a request to the name of its file at the backend.

use super::file_path::{BadPath, FilePath};
use super::naming::Naming;
use super::template::Template;
use super::{MAX_TARGET, Route, name, strip_prefix};
use crate::bits::Destination;
use crate::error::{Failure, Problem};
use http::uri::{PathAndQuery, Uri};
use http::{HeaderMap, HeaderValue};

impl Route {
    /// Where the file of a request goes. The query is not forwarded.
    ///
    /// ```
    /// use put2bits::route::{BackendUrl, Route};
    /// let route = Route::new("/photos/", BackendUrl::parse("http://iis:8080/uploads").unwrap());
    /// let to = route.destination(&"/photos/a%20b.jpg?x=1".parse().unwrap(), &Default::default()).unwrap();
    /// assert_eq!(to.target, "/uploads/a%20b.jpg");
    /// assert_eq!(to.host, "iis:8080");
    /// assert_eq!(to.content_name, "a b.jpg");
    /// ```
    ///
    /// # Errors
    /// As [`Route::locate`].
    pub fn destination(&self, uri: &Uri, headers: &HeaderMap) -> Result<Destination, Failure> {
        self.locate(&Naming::new(uri, headers))
    }

    /// The same, by everything that a name can be made of. Whatever the request holds, the target lies below the
    /// backend's directory.
    ///
    /// # Errors
    /// [`Problem::BadPath`] with the reason, when the path (or what the template makes of the request) cannot name a
    /// file in a Windows directory or names it in a way that two servers could read differently.
    /// [`Problem::NameMissing`], when the template needs what the request has not.
    pub fn locate(&self, naming: &Naming<'_>) -> Result<Destination, Failure> {
        let path = match &self.target {
            None => self.path_of(naming.uri)?,
            Some(template) => template.fill(self, naming)?,
        };
        let own = self.name.file_name(naming.uri.query(), naming.headers, path.name());
        self.at(&path, &own)
    }

    /// The path below the prefix, as names.
    pub(super) fn path_of(&self, uri: &Uri) -> Result<FilePath, BadPath> {
        FilePath::parse(strip_prefix(&self.prefix, uri.path()).ok_or(BadPath::OutsideRoute)?)
    }

    /// The destination of a file at that path, with that name of its own.
    pub(super) fn at(&self, path: &FilePath, own: &str) -> Result<Destination, Failure> {
        path.names().try_for_each(|name| self.check_name(name))?;
        self.check_name(own)?;
        let mut target = self.backend.base.clone();
        path.encode_onto(&mut target);
        if target.len() > MAX_TARGET {
            return Err(BadPath::TargetTooLong.into());
        }
        // A backend URL that was parsed can't fail here; its fields are public, though.
        let impossible = |_| Failure::new(Problem::Internal, "the backend URL of the route is not valid");
        Ok(Destination {
            content_name: name::as_header(own),
            host: HeaderValue::from_str(self.backend.authority.as_str()).map_err(|_| impossible(()))?,
            target: PathAndQuery::try_from(target).map_err(|_| impossible(()))?,
        })
    }

    /// Refuses what the web server would take for its own.
    fn check_name(&self, name: &str) -> Result<(), BadPath> {
        match self.refused_names.iter().find(|pattern| pattern.covers(name)) {
            Some(pattern) => Err(BadPath::Refused(pattern.as_str().to_owned())),
            None => Ok(()),
        }
    }

    /// Whether names depend on who the client is.
    pub fn names_by_user(&self) -> bool {
        self.target.as_ref().is_some_and(Template::asks_for_user)
    }

    /// Whether it can make no name for a client that is nobody in particular.
    pub fn needs_user(&self) -> bool {
        self.target.as_ref().is_some_and(Template::needs_user)
    }

    /// The path of a destination below the backend's directory, still encoded, if the route chooses names: what a client
    /// cannot know.
    pub fn chosen(&self, destination: &Destination) -> Option<HeaderValue> {
        if self.target.is_none() && self.overwrite != super::Overwrite::Suffix {
            return None;
        }
        let below = destination.target.path().strip_prefix(self.backend.base.as_str())?;
        HeaderValue::from_str(below).ok()
    }
}
