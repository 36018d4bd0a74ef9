//! Rust source as this test needs it: without comments, literals and tests, cut into tokens, and the paths in it.
//!
//! No parser: enough of the language to find every path that the compiler would find. Where the two could differ, this
//! one sees more.

use std::iter::Peekable;
use std::path::Path;
use std::str::Chars;

/// A word, `::`, or a single sign; with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// A path such as `crate::bits::Session`; groups in braces are written out, `super` is resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
}

/// The code of a file outside of its tests.
pub(crate) fn code(text: &str) -> Vec<Token> {
    without_tests(tokens(text))
}

/// Whether the whole file is tests.
pub(crate) fn is_test_file(path: &Path) -> bool {
    path.iter().any(|part| part == "tests" || part == "tests.rs")
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let (mut line, mut chars) = (1, text.chars().peekable());
    while let Some(sign) = chars.next() {
        let begun = line;
        match sign {
            '\n' => line += 1,
            '/' if chars.peek() == Some(&'/') => while chars.next_if(|&sign| sign != '\n').is_some() {},
            '/' if chars.peek() == Some(&'*') => line += skip_comment(&mut chars),
            '"' => line += skip_string(&mut chars),
            '\'' => skip_char_or_lifetime(&mut chars),
            _ if sign.is_whitespace() => {}
            _ if sign.is_alphanumeric() || sign == '_' => {
                let mut word = String::from(sign);
                while let Some(more) = chars.next_if(|&sign| sign.is_alphanumeric() || sign == '_') {
                    word.push(more);
                }
                match word.as_str() {
                    "r" | "br" | "cr" if matches!(chars.peek(), Some('"' | '#')) => {
                        line += skip_raw_string(&mut chars);
                    }
                    _ => tokens.push(Token { text: word, line: begun }),
                }
            }
            ':' if chars.next_if_eq(&':').is_some() => tokens.push(Token { text: "::".into(), line }),
            _ => tokens.push(Token { text: sign.into(), line }),
        }
    }
    tokens
}

/// What is skipped may hold line ends: their number is given back.
fn skip_comment(chars: &mut Peekable<Chars<'_>>) -> usize {
    let (mut lines, mut depth, mut last) = (0, 1, ' ');
    chars.next();
    while depth > 0 {
        let Some(sign) = chars.next() else { break };
        lines += usize::from(sign == '\n');
        last = match (last, sign) {
            ('/', '*') => {
                depth += 1;
                ' '
            }
            ('*', '/') => {
                depth -= 1;
                ' '
            }
            _ => sign,
        };
    }
    lines
}

fn skip_string(chars: &mut Peekable<Chars<'_>>) -> usize {
    let mut lines = 0;
    while let Some(sign) = chars.next() {
        lines += usize::from(sign == '\n');
        match sign {
            '"' => break,
            '\\' => lines += usize::from(chars.next() == Some('\n')),
            _ => {}
        }
    }
    lines
}

/// After `r`: a raw string, or the `#` of a raw name.
fn skip_raw_string(chars: &mut Peekable<Chars<'_>>) -> usize {
    let (mut hashes, mut lines) = (0, 0);
    while chars.next_if_eq(&'#').is_some() {
        hashes += 1;
    }
    if chars.next_if_eq(&'"').is_none() {
        return 0;
    }
    let mut closing = None;
    for sign in chars {
        lines += usize::from(sign == '\n');
        closing = match (sign, closing) {
            ('"', _) => Some(0),
            ('#', Some(seen)) => Some(seen + 1),
            _ => None,
        };
        if closing == Some(hashes) {
            break;
        }
    }
    lines
}

fn skip_char_or_lifetime(chars: &mut Peekable<Chars<'_>>) {
    match chars.next() {
        Some('\\') => {
            chars.next();
            while chars.next().is_some_and(|sign| sign != '\'') {}
        }
        // Without a quote behind it, it was a lifetime. Its name is no path, whatever is left of it.
        Some(_) if chars.next_if_eq(&'\'').is_none() => {
            while chars.next_if(|&sign| sign.is_alphanumeric() || sign == '_').is_some() {}
        }
        _ => {}
    }
}

/// Leaves out each item behind `#[cfg(test)]`: up to its `;`, or its braces.
fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        let is_mark = tokens.len() - at >= MARK.len()
            && tokens[at..].iter().zip(MARK).all(|(token, mark)| token.text == mark);
        if is_mark {
            at = end_of_item(&tokens, at + MARK.len());
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

fn end_of_item(tokens: &[Token], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token.text.as_str() {
            ";" if depth == 0 => return at + 1,
            "{" => depth += 1,
            "}" if depth <= 1 => return at + 1,
            "}" => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Every path in the code of a file; `module`: where the file stands, `["bits", "session"]`.
pub(crate) fn paths(tokens: &[Token], module: &[&str]) -> Vec<Found> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        if is_word(&tokens[at]) {
            at = path(tokens, at, &[], &mut found);
        } else {
            at += 1;
        }
    }
    for path in &mut found {
        resolve(&mut path.segments, module);
    }
    found
}

/// Reads one path from `at` on and gives the place behind it.
fn path(tokens: &[Token], mut at: usize, prefix: &[String], found: &mut Vec<Found>) -> usize {
    let (mut segments, line) = (prefix.to_owned(), tokens[at].line);
    loop {
        segments.push(tokens[at].text.clone());
        at += 1;
        let follows = |offset: usize| tokens.get(at + offset);
        match (follows(0).map(|token| token.text.as_str()), follows(1)) {
            (Some("::"), Some(next)) if is_word(next) || next.text == "*" => at += 1,
            (Some("::"), Some(next)) if next.text == "{" => {
                at += 2;
                while let Some(token) = tokens.get(at).filter(|token| token.text != "}") {
                    at = if is_word(token) { path(tokens, at, &segments, found) } else { at + 1 };
                }
                return at + 1;
            }
            _ => {
                found.push(Found { segments, line });
                return at;
            }
        }
    }
}

fn is_word(token: &Token) -> bool {
    token.text.starts_with(|sign: char| sign.is_alphanumeric() || sign == '_')
}

/// Turns `super::…` and our own crate's name into `crate::…`.
fn resolve(segments: &mut Vec<String>, module: &[&str]) {
    let ups = segments.iter().take_while(|segment| *segment == "super").count();
    if ups > 0 {
        let base = module[..module.len().saturating_sub(ups)].iter().map(ToString::to_string);
        let new = std::iter::once("crate".to_owned()).chain(base);
        segments.splice(..ups, new);
    } else if segments[0] == "put2bits" {
        segments[0] = "crate".into();
    }
}
