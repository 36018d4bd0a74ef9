//! A value as it was written, before anybody knows what it means.

use super::origin::Origin;
use std::borrow::Cow;

/// A value as it was written, and where.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    form: Form,
    /// Where it was written.
    pub(crate) origin: Origin,
}

/// What is wrong with a value, or with one of the items of a list.
#[derive(Debug)]
pub(crate) struct Wrong {
    /// Which item, from 0 on, and where it was written.
    pub(crate) item: Option<(usize, Origin)>,
    pub(crate) why: String,
}

impl From<String> for Wrong {
    fn from(why: String) -> Self {
        Wrong { item: None, why }
    }
}

impl From<Wrong> for String {
    fn from(wrong: Wrong) -> Self {
        wrong.why
    }
}

/// How a value was written.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// In a variable or flag, where nothing tells texts and numbers apart.
    Plain(String),
    /// A string of the file.
    Quoted(String),
    /// An integer of the file, in decimal.
    Integer(String),
    /// `true` or `false` of the file.
    Boolean(bool),
    /// An array of the file.
    List(Vec<Raw>),
    /// A table of the file, each value with its name.
    Table(Vec<(String, Raw)>),
    /// Anything else of the file: the name of its type.
    Other(&'static str),
}

impl Raw {
    /// A value from that place.
    pub(crate) fn new(form: Form, origin: Origin) -> Self {
        Raw { form, origin }
    }

    /// The value where a text is wanted.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.form {
            Form::Plain(text) | Form::Quoted(text) => Some(text),
            _ => None,
        }
    }

    /// The value where a number is wanted.
    pub(crate) fn number(&self) -> Option<&str> {
        match &self.form {
            Form::Plain(text) | Form::Integer(text) => Some(text),
            _ => None,
        }
    }

    /// The value where both may stand.
    pub(crate) fn text_or_number(&self) -> Option<&str> {
        self.text().or_else(|| self.number())
    }

    /// The value where true or false is wanted.
    pub(crate) fn boolean(&self) -> Option<bool> {
        match &self.form {
            Form::Plain(text) => text.parse().ok(),
            Form::Boolean(yes) => Some(*yes),
            _ => None,
        }
    }

    /// The value where a list is wanted. In a variable or flag, commas separate the items, and no text is no item.
    pub(crate) fn list(&self) -> Option<Cow<'_, [Raw]>> {
        let item = |text: &str| Raw::new(Form::Plain(text.trim().to_owned()), self.origin.clone());
        match &self.form {
            Form::List(items) => Some(Cow::Borrowed(items)),
            Form::Plain(text) if text.trim().is_empty() => Some(Cow::Owned(Vec::new())),
            Form::Plain(text) => Some(Cow::Owned(text.split(',').map(item).collect())),
            _ => None,
        }
    }

    /// The value where a table is wanted: its entries in the order in which they are written.
    pub(crate) fn table(&self) -> Option<&[(String, Raw)]> {
        match &self.form {
            Form::Table(entries) => Some(entries),
            _ => None,
        }
    }

    /// The error text for a value that is not what is `wanted`, a noun phrase. Long values are cut.
    pub(crate) fn is_not(&self, wanted: &str) -> String {
        const LONGEST: usize = 80;
        let shown = match &self.form {
            Form::Plain(text) | Form::Quoted(text) if text.chars().nth(LONGEST).is_some() => {
                let cut: String = text.chars().take(LONGEST).collect();
                format!("{cut:?}…")
            }
            Form::Plain(text) | Form::Quoted(text) => format!("{text:?}"),
            Form::Integer(text) => text.clone(),
            Form::Boolean(yes) => yes.to_string(),
            Form::List(_) => "an array".to_owned(),
            Form::Table(_) => "a table".to_owned(),
            Form::Other(kind) => (*kind).to_owned(),
        };
        format!("{shown} is not {wanted}")
    }
}
