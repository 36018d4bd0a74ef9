//! The TOML file: finds every value with its line, refuses keys that do not exist. Knows no meanings.

use super::error::ConfigError;
use super::keys::{self, Key};
use super::origin::Origin;
use super::raw::{Form, Raw};
use super::suggest::unknown_key;
use super::tables::Kind;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Largest file read, in bytes. A configuration is a few KiB; this keeps a wrong path from filling the memory.
const MAX_FILE: u64 = 1 << 20;

/// What the file says.
#[derive(Debug, Default)]
pub(crate) struct Document {
    /// Key and value, in the order of the file.
    pub(crate) settings: Vec<(&'static str, Raw)>,
    /// The tables of lists such as `[[route]]`, in the order of the file.
    pub(crate) tables: Vec<RawTable>,
}

impl Document {
    /// Takes the tables of one kind out.
    pub(crate) fn take(&mut self, kind: &Kind) -> Vec<RawTable> {
        self.tables.extract_if(.., |table| table.kind == kind.name).collect()
    }
}

/// One table of a list.
#[derive(Debug)]
pub(crate) struct RawTable {
    /// `route`.
    pub(crate) kind: &'static str,
    /// `route[0]`, the first.
    pub(crate) name: String,
    /// Where it begins.
    pub(crate) origin: Origin,
    /// Its keys and values.
    pub(crate) fields: Vec<(&'static str, Raw)>,
}

/// Reads the file.
pub(crate) fn read(path: &Path) -> Result<Document, ConfigError> {
    let text = read_text(path)
        .map_err(|error| ConfigError::general(format!("cannot read {}: {error}", path.display())))?;
    parse(&text, path)
}

fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let size = File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if size as u64 > MAX_FILE {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 1 MiB"));
    }
    Ok(text)
}

/// Reads the text of the file at `path`.
pub(crate) fn parse(text: &str, path: &Path) -> Result<Document, ConfigError> {
    let mut walk = Walk { text, path: Arc::new(path.to_owned()), document: Document::default() };
    match DeTable::parse(text) {
        Ok(root) => walk.section("", root.get_ref())?,
        Err(error) => {
            let origin = walk.origin(error.span().map_or(0, |span| span.start));
            return Err(ConfigError::new(&origin, "", format!("not TOML: {}", error.message().trim())));
        }
    }
    Ok(walk.document)
}

struct Walk<'a> {
    text: &'a str,
    path: Arc<std::path::PathBuf>,
    document: Document,
}

impl Walk<'_> {
    /// The line of a byte of the text.
    fn origin(&self, at: usize) -> Origin {
        let before = self.text.as_bytes().iter().take(at);
        Origin::File(Arc::clone(&self.path), 1 + before.filter(|byte| **byte == b'\n').count())
    }

    fn section(&mut self, parent: &str, table: &DeTable<'_>) -> Result<(), ConfigError> {
        for (name, value) in in_order(table) {
            let path = match parent {
                "" => name.get_ref().to_string(),
                _ => format!("{parent}.{}", name.get_ref()),
            };
            let origin = self.origin(name.span().start);
            if let Some(key) = Key::find(&path) {
                let value = self.raw(value);
                self.document.settings.push((key.path, value));
            } else if let Some(kind) = Kind::find(&path) {
                self.tables(kind, value, &origin)?;
            } else if !keys::is_section(&path) {
                return Err(unknown_key(&path, &path, &origin));
            } else if let DeValue::Table(table) = value.get_ref() {
                self.section(&path, table)?;
            } else {
                let message = format!("must be a table: write [{path}] and its keys below");
                return Err(ConfigError::new(&origin, path, message));
            }
        }
        Ok(())
    }

    fn tables(
        &mut self,
        kind: &'static Kind,
        value: &Spanned<DeValue<'_>>,
        origin: &Origin,
    ) -> Result<(), ConfigError> {
        let wrong = || {
            let message = format!("must be a list of tables: write [[{}]]", kind.name);
            ConfigError::new(origin, kind.name, message)
        };
        for (number, item) in value.get_ref().as_array().ok_or_else(wrong)?.iter().enumerate() {
            let table = item.get_ref().as_table().ok_or_else(wrong)?;
            let name = format!("{}[{number}]", kind.name);
            let origin = self.origin(item.span().start);
            let mut read = RawTable { kind: kind.name, name, origin, fields: Vec::new() };
            for (field, value) in in_order(table) {
                let Some(known) = kind.keys.iter().find(|known| *known == field.get_ref()) else {
                    let path = format!("{}.{}", kind.name, field.get_ref());
                    let shown = format!("{}.{}", read.name, field.get_ref());
                    return Err(unknown_key(&path, &shown, &self.origin(field.span().start)));
                };
                read.fields.push((known, self.raw(value)));
            }
            self.document.tables.push(read);
        }
        Ok(())
    }

    fn raw(&self, value: &Spanned<DeValue<'_>>) -> Raw {
        let form = match value.get_ref() {
            DeValue::String(text) => Form::Quoted(text.to_string()),
            // Hexadecimal and its like are numbers, too.
            DeValue::Integer(number) => Form::Integer(
                i128::from_str_radix(number.as_str(), number.radix())
                    .map_or_else(|_| number.as_str().to_owned(), |number| number.to_string()),
            ),
            DeValue::Array(items) => Form::List(items.iter().map(|item| self.raw(item)).collect()),
            DeValue::Float(_) => Form::Other("a number with a point"),
            DeValue::Boolean(yes) => Form::Boolean(*yes),
            DeValue::Datetime(_) => Form::Other("a date or time of day"),
            DeValue::Table(table) => Form::Table(
                in_order(table)
                    .into_iter()
                    .map(|(name, value)| (name.get_ref().to_string(), self.raw(value)))
                    .collect(),
            ),
        };
        Raw::new(form, self.origin(value.span().start))
    }
}

type Entry<'a, 'i> = (&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>);

/// The entries by their place in the text, so that the first mistake is the one that is told.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<Entry<'a, 'i>> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}
