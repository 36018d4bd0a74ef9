//! The rules for paths: which ones name a file, the same file for every server on the way.

use crate::error::{Failure, Problem};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Longest name of a file or folder, in bytes of UTF-8: the limit of NTFS and of the Unix file systems.
pub(super) const MAX_SEGMENT: usize = 255;

/// Everything but the unreserved characters of RFC 3986 §2.3 is percent-encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Why a path names no file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadPath {
    #[error("the path is not below the prefix of its route")]
    OutsideRoute,
    #[error("the path names a directory: a file name is missing at its end")]
    Directory,
    #[error("the path has an empty segment ('//')")]
    EmptySegment,
    #[error("the path has a dot segment ('.' or '..')")]
    DotSegment,
    #[error("the path is not valid UTF-8 once decoded")]
    NotUtf8,
    #[error("a name in the path has a slash or backslash in it")]
    Separator,
    #[error("the path has a control character")]
    Control,
    #[error("a '%' in a name is not taken: IIS refuses such paths as encoded twice")]
    Percent,
    #[error("the path has the character '{0}', which no Windows file name can hold")]
    Forbidden(char),
    #[error("'{0}' is the name of a device on Windows, not of a file")]
    Reserved(String),
    #[error("a name in the path ends with a dot or a space, which Windows cuts off")]
    TrailingDotOrSpace,
    #[error("'{0}' has the form of a short name (8.3) of Windows, and may be another file there")]
    ShortName(String),
    #[error("the path has the invisible character U+{:04X}, which makes a name look like another", u32::from(*.0))]
    Misleading(char),
    #[error("names such as '{0}' are refused: the web server would not take them for plain files")]
    Refused(String),
    #[error("the file is named after '{0}' here, which the request has twice")]
    Twice(String),
    #[error("a name in the path is longer than {MAX_SEGMENT} bytes")]
    SegmentTooLong,
    #[error("the path at the backend would be longer than {} bytes", super::MAX_TARGET)]
    TargetTooLong,
}

impl From<BadPath> for Failure {
    fn from(reason: BadPath) -> Self {
        Failure::new(Problem::BadPath, reason.to_string())
    }
}

/// A path below a directory: one or more names that a Windows directory can hold, decoded. The last is the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilePath(Vec<String>);

impl FilePath {
    /// Splits and decodes a percent-encoded path that has no leading slash. Decodes exactly once.
    pub(super) fn parse(encoded: &str) -> Result<FilePath, BadPath> {
        if encoded.is_empty() || encoded.ends_with('/') {
            return Err(BadPath::Directory);
        }
        encoded.split('/').map(segment).collect::<Result<_, _>>().map(FilePath)
    }

    /// A path of these names, which are decoded. Under the same rules.
    pub(super) fn of_names(names: Vec<String>) -> Result<FilePath, BadPath> {
        if names.is_empty() {
            return Err(BadPath::Directory);
        }
        names.iter().try_for_each(|name| check(name))?;
        Ok(FilePath(names))
    }

    /// The same folders with another file.
    pub(super) fn with_name(&self, name: &str) -> Result<FilePath, BadPath> {
        let folders = self.0.iter().rev().skip(1).rev().cloned();
        FilePath::of_names(folders.chain([name.to_owned()]).collect())
    }

    /// The names of the folders and of the file.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The name of the file.
    pub(super) fn name(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// Appends the path to a directory that ends with `/`.
    pub(super) fn encode_onto(&self, target: &mut String) {
        for (index, segment) in self.0.iter().enumerate() {
            if index > 0 {
                target.push('/');
            }
            target.extend(utf8_percent_encode(segment, ENCODED));
        }
    }
}

/// Decodes and checks one name.
fn segment(encoded: &str) -> Result<String, BadPath> {
    let name = percent_decode_str(encoded).decode_utf8().map_err(|_| BadPath::NotUtf8)?;
    check(&name)?;
    Ok(name.into_owned())
}

/// Checks one decoded name.
fn check(name: &str) -> Result<(), BadPath> {
    if name.is_empty() {
        return Err(BadPath::EmptySegment);
    }
    if has_dot_segment(name) {
        return Err(BadPath::DotSegment);
    }
    match name.chars().find(|&character| is_forbidden(character)) {
        Some('/' | '\\') => return Err(BadPath::Separator),
        Some('%') => return Err(BadPath::Percent),
        Some(control) if control.is_control() => return Err(BadPath::Control),
        Some(other) if is_misleading(other) => return Err(BadPath::Misleading(other)),
        Some(other) => return Err(BadPath::Forbidden(other)),
        None => {}
    }
    if name.ends_with(['.', ' ']) {
        return Err(BadPath::TrailingDotOrSpace);
    }
    if is_reserved(name) {
        return Err(BadPath::Reserved(name.to_owned()));
    }
    if is_short_name(name) {
        return Err(BadPath::ShortName(name.to_owned()));
    }
    if name.len() > MAX_SEGMENT {
        return Err(BadPath::SegmentTooLong);
    }
    Ok(())
}

/// Characters that no file name at a backend may hold: those that Windows forbids; `%`, because a name with one would
/// mean something else to a server that decodes twice; and those that mislead.
pub(super) fn is_forbidden(character: char) -> bool {
    let by_windows = matches!(character, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    character.is_control() || by_windows || character == '%' || is_misleading(character)
}

/// Ends of lines to some readers of a log, and what turns the order of the characters behind it round: `photo\u{202E}gpj.exe`
/// shows as `photoexe.jpg`. Other invisible characters pass: emoji, Persian and Arabic names need them.
fn is_misleading(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}' | '\u{202D}' | '\u{202E}')
}

/// Whether Windows may have made the name up as a second one for another file: `WEB~1.CON` for `web.config`. A file sent
/// under such a name could replace that other one, and no rule about its real name would be asked.
pub(super) fn is_short_name(name: &str) -> bool {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let Some((before, number)) = stem.rsplit_once('~') else { return false };
    let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    numbered && !before.contains('.') && stem.chars().count() <= 8 && extension.chars().count() <= 3
}

/// Whether Windows takes the name for a device, whatever its extension: `con`, `NUL.txt`, `COM¹ .jpg`.
pub(super) fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ').to_ascii_uppercase();
    if matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$") {
        return true;
    }
    stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT")).is_some_and(|port| {
        let mut port = port.chars();
        matches!(port.next(), Some('0'..='9' | '¹' | '²' | '³')) && port.next().is_none()
    })
}

/// Whether a part of the name is `.` or `..`, also to a server that maps characters which only look like dots
/// and slashes to the real ones ("best fit" of old Windows code pages, where `¥` and `₩` are backslashes), or that
/// cuts parameters off behind a `;`. An honest `2024／05.jpg` passes.
pub(super) fn has_dot_segment(name: &str) -> bool {
    let folded: String = name
        .chars()
        .flat_map(|character| match character {
            '\u{2024}' | '\u{FF0E}' => ['.', '\0'],
            '\u{2025}' => ['.', '.'],
            '\\' | '¥' | '₩' | '\u{2044}' | '\u{2215}' | '\u{2216}' | '\u{FE68}' | '\u{FF0F}'
            | '\u{FF3C}' => ['/', '\0'],
            other => [other, '\0'],
        })
        .filter(|&character| character != '\0')
        .collect();
    folded.split('/').any(|part| matches!(part.split(';').next(), Some("." | "..")))
}
