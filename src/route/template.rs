//! `target`: how the path of a file is made of its request.
//!
//! ```text
//! target = "{header:X-User-Id}/{query:album|'other'}/{hash:16}.{ext|'bin'}"
//!           └─ variable ─────┘ └─ with a fallback ─┘
//! ```
//!
//! Slashes of the template alone make folders. What a variable stands for is one name, or a piece of one, and the whole
//! name is held to the rules of paths: a value with a slash or of dots is refused, so no request leaves the directory.
//! Only `{path}` can be several names, each under the same rules.

use super::file_path::{BadPath, FilePath, is_forbidden};
use super::naming::Naming;
use super::{Route, identity, strip_prefix};
use crate::error::{Failure, Problem};
use http::HeaderName;
use percent_encoding::percent_decode;
use std::fmt;

/// Fewest and default digits of `{hash}`: of fewer, two photos could be one by chance.
const FEWEST_DIGITS: usize = 8;
const DEFAULT_DIGITS: usize = 32;

/// Longest template, in bytes.
const LONGEST: usize = 1024;

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {what}")]
pub struct BadTemplate {
    /// Which character of the template, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub what: String,
}

/// A template that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    names: Vec<Vec<Piece>>,
}

/// A piece of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// The first of these that the request has.
    Choice(Vec<Variable>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Variable {
    /// The path below the route's prefix.
    Path,
    /// One name of it, counted from 1.
    Segment(usize),
    /// The file's own name, else the last of the path.
    Name,
    /// Its extension, without the dot.
    Extension,
    /// A parameter of the query.
    Query(String),
    /// A field of the request.
    Header(HeaderName),
    /// Who the client is.
    User,
    /// So many digits of the hash of what identifies the file.
    Hash(usize),
    /// Always this.
    Literal(String),
}

impl Template {
    /// Reads a template.
    ///
    /// ```
    /// use put2bits::route::Template;
    /// assert!(Template::parse("{header:X-User-Id}/{name}").is_ok());
    /// let error = Template::parse("photos/{nmae}").unwrap_err();
    /// assert_eq!(error.column, 8);
    /// ```
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Template, BadTemplate> {
        let mut reader = Reader { names: vec![Vec::new()], column: 1 };
        if text.len() > LONGEST {
            return Err(reader.fail(format!("longer than {LONGEST} bytes")));
        }
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let (taken, after) = match next {
                '{' => reader.choice(rest)?,
                '}' => return Err(reader.fail("a '}' without its '{'")),
                '/' => reader.slash(rest)?,
                _ => reader.literal(rest)?,
            };
            reader.column += taken.chars().count();
            rest = after;
        }
        if reader.is_empty() {
            return Err(reader.fail("a file name is missing at the end"));
        }
        reader.check_last()?;
        Ok(Template { text: text.to_owned(), names: reader.names })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it holds `{user}`.
    pub(super) fn asks_for_user(&self) -> bool {
        self.names.iter().flatten().any(|piece| match piece {
            Piece::Choice(variables) => variables.contains(&Variable::User),
            Piece::Text(_) => false,
        })
    }

    /// Whether a request of nobody in particular lacks something: a `{user}` without a fallback.
    pub(super) fn needs_user(&self) -> bool {
        let user = Piece::Choice(vec![Variable::User]);
        self.names.iter().flatten().any(|piece| *piece == user)
    }

    /// The path for a request.
    pub(super) fn fill(&self, route: &Route, naming: &Naming<'_>) -> Result<FilePath, Failure> {
        let mut names = Vec::new();
        for pieces in &self.names {
            if let [Piece::Choice(variables)] = pieces.as_slice() {
                match choose(variables, route, naming)? {
                    Value::One(name) => names.push(name),
                    Value::Several(path) => names.extend(path.names().map(str::to_owned)),
                }
                continue;
            }
            let mut name = String::new();
            for piece in pieces {
                match piece {
                    Piece::Text(text) => name.push_str(text),
                    Piece::Choice(variables) => match choose(variables, route, naming)? {
                        Value::One(value) => name.push_str(&value),
                        // `{path}` stands alone: that was checked.
                        Value::Several(path) => name.push_str(path.name()),
                    },
                }
            }
            names.push(name);
        }
        Ok(FilePath::of_names(names)?)
    }
}

/// What a variable stands for.
enum Value {
    One(String),
    Several(FilePath),
}

/// The first that the request has.
fn choose(variables: &[Variable], route: &Route, naming: &Naming<'_>) -> Result<Value, Failure> {
    for variable in variables {
        if let Some(value) = value(variable, route, naming)? {
            return Ok(value);
        }
    }
    let wanted: Vec<String> = variables.iter().map(|variable| format!("{{{variable}}}")).collect();
    let detail = format!("the file is named after {} here, which the request has not", wanted.join(" or "));
    Err(Failure::new(Problem::NameMissing, detail))
}

/// What it stands for, if the request has it. Nothing at all is the same as its absence.
fn value(variable: &Variable, route: &Route, naming: &Naming<'_>) -> Result<Option<Value>, BadPath> {
    let below = strip_prefix(&route.prefix, naming.uri.path()).ok_or(BadPath::OutsideRoute)?;
    let text = match variable {
        Variable::Path => match below {
            "" => None,
            path if path.ends_with('/') => None,
            path => return FilePath::parse(path).map(|path| Some(Value::Several(path))),
        },
        Variable::Segment(number) => {
            let segment = below.split('/').nth(number - 1);
            segment.map(|segment| decode(segment.as_bytes())).transpose()?
        }
        Variable::Name => name(route, naming, below)?,
        Variable::Extension => name(route, naming, below)?.and_then(|name| extension(&name)),
        Variable::Query(wanted) => {
            let pairs =
                naming.uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
            let mut found = None;
            for (key, value) in pairs {
                if decode(key.as_bytes())? == *wanted && found.replace(decode(value.as_bytes())?).is_some() {
                    return Err(BadPath::Twice(wanted.clone()));
                }
            }
            found
        }
        Variable::Header(field) => {
            let mut values = naming.headers.get_all(field).iter();
            match (values.next(), values.next()) {
                (Some(_), Some(_)) => return Err(BadPath::Twice(field.to_string())),
                (value, _) => value.map(|value| decode(value.as_bytes())).transpose()?,
            }
        }
        Variable::User => naming.user.map(str::to_owned),
        Variable::Hash(digits) => Some(identity::hash(route, naming).chars().take(*digits).collect()),
        Variable::Literal(text) => Some(text.clone()),
    };
    Ok(text.filter(|text| !text.is_empty()).map(Value::One))
}

/// The file's own name, else the last of the path.
fn name(route: &Route, naming: &Naming<'_>, below: &str) -> Result<Option<String>, BadPath> {
    match route.name.given(naming.uri.query(), naming.headers) {
        Some(own) => Ok(Some(own)),
        None if below.is_empty() || below.ends_with('/') => Ok(None),
        None => FilePath::parse(below).map(|path| Some(path.name().to_owned())),
    }
}

fn extension(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.is_empty()).then(|| extension.to_owned())
}

fn decode(encoded: &[u8]) -> Result<String, BadPath> {
    let text = percent_decode(encoded).decode_utf8().map_err(|_| BadPath::NotUtf8)?;
    Ok(text.into_owned())
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Variable::Path => f.write_str("path"),
            Variable::Segment(number) => write!(f, "{number}"),
            Variable::Name => f.write_str("name"),
            Variable::Extension => f.write_str("ext"),
            Variable::Query(name) => write!(f, "query:{name}"),
            Variable::Header(name) => write!(f, "header:{name}"),
            Variable::User => f.write_str("user"),
            Variable::Hash(digits) => write!(f, "hash:{digits}"),
            Variable::Literal(text) => write!(f, "'{text}'"),
        }
    }
}

/// Reads a template from its beginning to its end.
struct Reader {
    /// The last one is being read.
    names: Vec<Vec<Piece>>,
    column: usize,
}

impl Reader {
    fn fail(&self, what: impl Into<String>) -> BadTemplate {
        BadTemplate { column: self.column, what: what.into() }
    }

    fn is_empty(&self) -> bool {
        self.names.last().is_none_or(Vec::is_empty)
    }

    fn push(&mut self, piece: Piece) {
        if let Some(pieces) = self.names.last_mut() {
            pieces.push(piece);
        }
    }

    fn slash<'a>(&mut self, rest: &'a str) -> Result<(&'a str, &'a str), BadTemplate> {
        match self.is_empty() {
            // One at the beginning says nothing.
            true if self.names.len() == 1 && self.column == 1 => {}
            true => return Err(self.fail("an empty name ('//')")),
            false => {
                self.check_last()?;
                self.names.push(Vec::new());
            }
        }
        Ok(rest.split_at(1))
    }

    fn literal<'a>(&mut self, rest: &'a str) -> Result<(&'a str, &'a str), BadTemplate> {
        let (text, after) = rest.split_at(rest.find(['{', '}', '/']).unwrap_or(rest.len()));
        if let Some(at) = text.chars().position(is_forbidden) {
            self.column += at;
            return Err(self.fail("a character that no file name can hold"));
        }
        self.push(Piece::Text(text.to_owned()));
        Ok((text, after))
    }

    fn choice<'a>(&mut self, rest: &'a str) -> Result<(&'a str, &'a str), BadTemplate> {
        let end = rest.find('}').ok_or_else(|| self.fail("a '{' without its '}'"))?;
        let (choice, after) = rest.split_at(end + 1);
        let inner = choice.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or_default();
        let variables = inner.split('|').map(variable).collect::<Result<Vec<_>, _>>();
        let variables = variables.map_err(|what| self.fail(what))?;
        let always = |variable: &Variable| matches!(variable, Variable::Hash(_) | Variable::Literal(_));
        if variables.iter().rev().skip(1).any(always) {
            return Err(self.fail("what stands behind a hash or a literal can never be reached"));
        }
        self.push(Piece::Choice(variables));
        Ok((choice, after))
    }

    /// A name that is done: of text alone it has to be a name; beside `{path}` there is nothing.
    fn check_last(&self) -> Result<(), BadTemplate> {
        match self.names.last().map(Vec::as_slice) {
            Some([Piece::Text(text)]) => {
                FilePath::of_names(vec![text.clone()]).map_err(|reason| self.fail(reason.to_string()))?;
            }
            Some([_, _, ..]) if self.names.last().into_iter().flatten().any(holds_path) => {
                return Err(self.fail("{path} stands alone between slashes, because it can be several names"));
            }
            _ => {}
        }
        Ok(())
    }
}

fn holds_path(piece: &Piece) -> bool {
    matches!(piece, Piece::Choice(variables) if variables.contains(&Variable::Path))
}

/// What stands between the braces, or between two bars there.
fn variable(text: &str) -> Result<Variable, String> {
    let text = text.trim();
    if let Some(literal) = text.strip_prefix('\'') {
        let literal = literal.strip_suffix('\'').ok_or("a literal without its second \"'\"")?;
        return match literal.chars().any(is_forbidden) || literal.is_empty() {
            true => Err(format!("'{literal}' is no piece of a file name")),
            false => Ok(Variable::Literal(literal.to_owned())),
        };
    }
    if let Some(name) = text.strip_prefix("header:") {
        return name
            .parse()
            .map(Variable::Header)
            .map_err(|_| format!("{name:?} is not the name of a header"));
    }
    if let Some(name) = text.strip_prefix("query:") {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        return match !name.is_empty() && name.bytes().all(plain) {
            true => Ok(Variable::Query(name.to_owned())),
            false => Err(format!("{name:?} is not the name of a query parameter: letters, digits and -._~")),
        };
    }
    if let Some(digits) = text.strip_prefix("hash:") {
        let digits = digits.parse().ok().filter(|digits| (FEWEST_DIGITS..=identity::DIGITS).contains(digits));
        let wanted = || format!("{{hash:N}} has {FEWEST_DIGITS} to {} digits", identity::DIGITS);
        return digits.map(Variable::Hash).ok_or_else(wanted);
    }
    if let Ok(number @ 1..=99) = text.parse() {
        return Ok(Variable::Segment(number));
    }
    match text {
        "path" => Ok(Variable::Path),
        "name" => Ok(Variable::Name),
        "ext" => Ok(Variable::Extension),
        "user" => Ok(Variable::User),
        "hash" => Ok(Variable::Hash(DEFAULT_DIGITS)),
        _ => Err(format!(
            "{{{text}}} is unknown: there are path, 1, 2 …, name, ext, user, hash, query:NAME, header:NAME and 'text'"
        )),
    }
}
