//! What the proxy shows a backend, read from files. Nothing in here prints a secret.

use super::watched::Watched;
use crate::route;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

/// Largest file with a secret, in bytes. A token has a few KiB; a wrong path can have gigabytes.
const MAX_FILE: u64 = 64 * 1024;

/// What the proxy shows one backend.
#[derive(Debug)]
pub(super) enum Credentials {
    /// Nothing of its own.
    None,
    /// This field with every request.
    Field(Arc<Watched<Field>>),
    /// An account in a Windows domain, for each connection.
    #[cfg(feature = "negotiate")]
    Windows(Arc<Watched<super::account::Account>>),
}

/// A field with a secret value.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: HeaderName,
    /// Marked as sensitive: it prints without its bytes.
    pub(super) value: HeaderValue,
}

impl Credentials {
    /// Reads the file for the first time.
    pub(super) fn open(settings: &route::Credentials) -> Result<Self, String> {
        use route::Credentials as Settings;
        match settings {
            // The client's own go along with what is carried for it.
            Settings::None | Settings::Caller(_) => Ok(Credentials::None),
            Settings::Basic(path) => Credentials::field(AUTHORIZATION, path, basic),
            Settings::Bearer(path) => Credentials::field(AUTHORIZATION, path, bearer),
            Settings::Header(name, path) => Credentials::field(name.clone(), path, whole),
            #[cfg(feature = "negotiate")]
            Settings::Windows(path) => {
                use super::account::{Account, Standing};
                let (file, standing) = (path.clone(), Standing::default());
                let read = move || in_file(&file, |text| Account::parse(text, &standing));
                Watched::open(vec![path.clone()], read).map(Credentials::Windows)
            }
            #[cfg(not(feature = "negotiate"))]
            Settings::Windows(_) => {
                Err("credentials = \"windows\" needs a program built with the feature negotiate".to_owned())
            }
        }
    }

    fn field(
        name: HeaderName,
        path: &Path,
        value: fn(&str) -> Result<String, String>,
    ) -> Result<Self, String> {
        let file = path.to_owned();
        let read = move || {
            let value = in_file(&file, |text| secret(&value(text)?))?;
            Ok(Field { name: name.clone(), value })
        };
        Watched::open(vec![path.to_owned()], read).map(Credentials::Field)
    }
}

/// The value of a field that is in a file.
pub(super) fn value_in(path: &Path) -> Result<Arc<Watched<HeaderValue>>, String> {
    let file = path.to_owned();
    Watched::open(vec![path.to_owned()], move || in_file(&file, secret))
}

/// Reads a file with a secret, without white space around it. What is said against it does not quote it.
fn in_file<T>(path: &Path, read: impl Fn(&str) -> Result<T, String>) -> Result<T, String> {
    let mut text = String::new();
    let taken = File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_string(&mut text));
    let size = taken.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let said = |why: &str| format!("{} {why}", path.display());
    if size as u64 > MAX_FILE {
        return Err(said("is larger than 64 KiB"));
    }
    match text.trim() {
        "" => Err(said("is empty")),
        text => read(text).map_err(|why| said(&why)),
    }
}

fn secret(text: &str) -> Result<HeaderValue, String> {
    let one_line = "has to hold one line, without control characters";
    let mut value = HeaderValue::from_str(text).map_err(|_| one_line.to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

fn basic(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        Some((user, _)) if !user.is_empty() && !text.contains(char::is_control) => {
            Ok(format!("Basic {}", BASE64_STANDARD.encode(text)))
        }
        _ => Err("has to hold one line, user:password".to_owned()),
    }
}

fn bearer(text: &str) -> Result<String, String> {
    match text.bytes().all(|b| b.is_ascii_graphic()) {
        true => Ok(format!("Bearer {text}")),
        false => Err("has to hold a token and nothing else".to_owned()),
    }
}

fn whole(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Credentials as Settings;
    use std::path::PathBuf;

    async fn field(settings: &Settings) -> Result<(String, String), String> {
        let credentials = Credentials::open(settings)?;
        assert!(!format!("{credentials:?}").contains("s3cret"));
        let Credentials::Field(field) = credentials else { panic!("no field") };
        let field = field.current().await;
        assert!(!format!("{field:?}").contains("s3cret"), "{field:?}");
        Ok((field.name.to_string(), field.value.to_str().unwrap().to_owned()))
    }

    #[tokio::test]
    async fn each_kind_makes_its_field_and_no_error_quotes_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let key: HeaderName = "x-key".parse().unwrap();
        let kinds: [fn(PathBuf, HeaderName) -> Settings; 3] = [
            |path, _| Settings::Basic(path),
            |path, _| Settings::Bearer(path),
            |path, name| Settings::Header(name, path),
        ];
        for (kind, text, wanted) in [
            (0, " me:s3cret \n", Ok(("authorization", "Basic bWU6czNjcmV0"))),
            (0, "me:s3:cret\n", Ok(("authorization", "Basic bWU6czM6Y3JldA=="))),
            (0, "s3cret", Err("user:password")),
            (0, ":s3cret", Err("user:password")),
            (0, "me:s3cret\nyou:s3cret", Err("one line")),
            (1, "s3cret\n", Ok(("authorization", "Bearer s3cret"))),
            (1, "Bearer s3cret\n", Err("a token and nothing else")),
            (1, "\n", Err("is empty")),
            (2, "ApiKey s3cret\r\n", Ok(("x-key", "ApiKey s3cret"))),
            (2, "s3cret\ns3cret", Err("one line")),
        ] {
            std::fs::write(&path, text).unwrap();
            match (field(&kinds[kind](path.clone(), key.clone())).await, wanted) {
                (Ok((name, value)), Ok(wanted)) => assert_eq!((name.as_str(), value.as_str()), wanted),
                (Err(why), Err(words)) => {
                    assert!(
                        why.contains(words) && why.contains("secret") && !why.contains("s3cret"),
                        "{why}"
                    );
                }
                (got, wanted) => panic!("{got:?} instead of {wanted:?}"),
            }
        }
        std::fs::write(&path, "x".repeat(65 * 1024)).unwrap();
        assert!(Credentials::open(&Settings::Bearer(path)).unwrap_err().contains("larger than"));
        assert!(Credentials::open(&Settings::Basic("/no/such".into())).unwrap_err().contains("cannot read"));
    }
}
