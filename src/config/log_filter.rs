//! `log.filter`: what `tracing_subscriber` would take in silence, and nobody means, is refused here.

use super::closest::closest;
use super::raw::Raw;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// What is wanted, as a noun phrase.
pub(crate) const WANTED: &str = "a log filter, such as \"info\" or \"warn,put2bits=debug\"";

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// The filter, or why it is none.
pub(crate) fn read(raw: &Raw) -> Result<String, String> {
    let text = raw.text().filter(|text| !text.is_empty()).ok_or_else(|| raw.is_not(WANTED))?;
    if let Some(word) = text.split(',').find(|directive| is_stray(directive)) {
        return Err(no_level(word));
    }
    // The library would take a blank around a directive for a part of a module's name.
    if text.split(',').any(|directive| directive != directive.trim()) {
        return Err(format!("{} (no blanks around the commas)", raw.is_not(WANTED)));
    }
    if EnvFilter::builder().parse(text).is_err() {
        return Err(raw.is_not(WANTED));
    }
    Ok(text.to_owned())
}

/// Whether the directive is a bare word, but no level. To the library it is a module of which all is logged, and of
/// all others nothing: a slip of the pen turns the log off.
fn is_stray(directive: &str) -> bool {
    let is_module = directive.contains(['=', '[']) || directive.contains("::");
    !is_module && !directive.trim().is_empty() && directive.trim().parse::<LevelFilter>().is_err()
}

fn no_level(word: &str) -> String {
    let word: String = word.trim().chars().take(40).collect();
    let hint = match closest(&word.to_ascii_lowercase(), LEVELS) {
        Some(level) => format!("; did you mean \"{level}\"?"),
        None => format!(": those are {}.", LEVELS.join(", ")),
    };
    format!("\"{word}\" is no level{hint} (A module needs one: \"{word}=debug\".)")
}

#[cfg(test)]
mod tests {
    use super::super::origin::Origin;
    use super::super::raw::Form;
    use super::*;

    fn told(text: &str) -> Result<String, String> {
        read(&Raw::new(Form::Plain(text.to_owned()), Origin::Default))
    }

    #[test]
    fn levels_and_modules_with_levels_are_taken() {
        for text in [
            "info",
            "WARN",
            "Off",
            "0",
            "5",
            "info,",
            "warn,put2bits=debug",
            "put2bits::front",
            "put2bits=0,hyper=off",
            "[upload]=trace",
            "a[{b=\"c\"}]=debug",
        ] {
            assert_eq!(told(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_bare_word_that_is_no_level_is_refused_with_advice() {
        for (text, error) in [
            ("infos", "\"infos\" is no level; did you mean \"info\"? (A module needs one: \"infos=debug\".)"),
            (
                "warn,DEBUGG",
                "\"DEBUGG\" is no level; did you mean \"debug\"? (A module needs one: \"DEBUGG=debug\".)",
            ),
            (
                "put2bits",
                "\"put2bits\" is no level: those are error, warn, info, debug, trace, off. \
                 (A module needs one: \"put2bits=debug\".)",
            ),
            ("6", "\"6\" is no level: those are"),
            ("info, infos", "\"infos\" is no level"),
            ("warn, info", "\"warn, info\" is not a log filter"),
            (" info", "\" info\" is not a log filter"),
            ("a=b=c", "\"a=b=c\" is not a log filter"),
            (" ", "\" \" is not a log filter"),
            ("", "\"\" is not a log filter"),
        ] {
            let line = told(text).unwrap_err();
            assert!(line.starts_with(error), "{text:?}: {line}");
        }
        assert!(told(&"x".repeat(1000)).unwrap_err().len() < 250);
    }
}
