//! Files of hashes: read at the start, and again when they change.
//!
//! Every two seconds somebody looks whether a file is another one ([`File::refresh`]); no request waits for that. A file
//! that can't be used is told of and changes nothing: who could get in before, still can.

use super::GuardError;
use crate::stamp::Stamp;
use arc_swap::ArcSwap;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Largest file read, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// A file that was changed so short a time before it was read may have changed once more since, within one tick of the
/// file system's clock: it is read again.
const TICK: Duration = Duration::from_secs(3);

/// A line that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadLine {
    /// From 1 on.
    pub(super) line: usize,
    /// What is wrong. Holds nothing of the line: it may be a secret in the wrong place.
    pub(super) why: String,
}

impl BadLine {
    pub(super) fn new(line: usize, why: impl Into<String>) -> Self {
        BadLine { line, why: why.into() }
    }
}

/// The lines that say something, with their numbers.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = (1..).zip(text.lines().map(str::trim));
    numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// What a file lists.
pub(super) trait List {
    /// Whether it lets anybody in now.
    fn lets_anybody_in(&self) -> bool;
}

/// What the text of a file means.
type Parse<T> = fn(&str) -> Result<T, BadLine>;

/// A file, and what it means.
#[derive(Debug)]
pub(super) struct File<T> {
    path: PathBuf,
    parse: Parse<T>,
    content: ArcSwap<T>,
    seen: Mutex<Seen>,
}

/// What was seen of a file last.
#[derive(Debug)]
struct Seen {
    /// What it looked like. None: it has to be read again.
    stamp: Option<Stamp>,
    /// Hash of the text that is in force.
    text: [u8; 32],
    /// What was wrong with it: it is told once.
    wrong: Option<String>,
}

/// Whether a later change of a file that looks so would show.
fn is_settled(stamp: &Stamp) -> bool {
    let age = stamp.modified().and_then(|modified| SystemTime::now().duration_since(modified).ok());
    age.is_some_and(|age| age > TICK)
}

impl<T: List> File<T> {
    /// Reads the file.
    pub(super) fn open(path: &Path, parse: Parse<T>) -> Result<Self, GuardError> {
        let Read { stamp, text, content } = read(path, parse)?;
        Ok(File {
            path: path.to_owned(),
            parse,
            content: ArcSwap::from_pointee(content),
            seen: Mutex::new(Seen { stamp, text, wrong: None }),
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What it means now.
    pub(super) fn get(&self) -> Arc<T> {
        self.content.load_full()
    }

    /// What is said of a file that lets nobody in: that is allowed, because it can be filled later.
    pub(super) fn warning(&self) -> Option<String> {
        let path = self.path.display();
        let why = "has no line that is valid now, so it lets nobody in (put2bits hash makes lines)";
        (!self.get().lets_anybody_in()).then(|| format!("{path} {why}"))
    }

    /// Reads it again if it has changed, and says so in the log.
    pub(super) fn refresh(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = Stamp::of(&self.path);
        if stamp.is_some() && seen.stamp == stamp {
            return;
        }
        match read(&self.path, self.parse) {
            Ok(Read { stamp, text, content }) => {
                if seen.text != text || seen.wrong.is_some() {
                    self.content.store(Arc::new(content));
                    tracing::info!("{} has changed and is in force", self.path.display());
                    if let Some(warning) = self.warning() {
                        tracing::warn!("{warning}");
                    }
                }
                *seen = Seen { stamp, text, wrong: None };
            }
            Err(error) => {
                let error = error.to_string();
                if seen.wrong.as_ref() != Some(&error) {
                    tracing::error!("{error}: what was read before stays in force");
                }
                // It is looked at again: whoever writes it may not have finished.
                (seen.stamp, seen.wrong) = (None, Some(error));
            }
        }
    }
}

/// What a file says.
struct Read<T> {
    /// What it looks like, unless that would not show the next change.
    stamp: Option<Stamp>,
    text: [u8; 32],
    content: T,
}

fn read<T>(path: &Path, parse: Parse<T>) -> Result<Read<T>, GuardError> {
    let unreadable = |source| GuardError::File { key: "auth_file", path: path.to_owned(), source };
    let mut file = fs::File::open(path).map_err(unreadable)?;
    // A change while it is read shows against this.
    let stamp = Stamp::new(&file.metadata().map_err(unreadable)?);
    let mut text = String::new();
    let size = file.by_ref().take(MAX_FILE + 1).read_to_string(&mut text).map_err(unreadable)?;
    if size as u64 > MAX_FILE {
        return Err(unreadable(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 1 MiB")));
    }
    let content = parse(&text).map_err(|BadLine { line, why }| GuardError::Line {
        path: path.to_owned(),
        line,
        why,
    })?;
    let stamp = is_settled(&stamp).then_some(stamp);
    Ok(Read { stamp, text: Sha256::digest(&text).into(), content })
}

#[cfg(test)]
mod tests {
    use super::*;

    impl List for Vec<String> {
        fn lets_anybody_in(&self) -> bool {
            !self.is_empty()
        }
    }

    /// The words of a file, of which none may be `bad`.
    fn words(text: &str) -> Result<Vec<String>, BadLine> {
        lines(text)
            .map(|(line, text)| match text {
                "bad" => Err(BadLine::new(line, "is bad")),
                text => Ok(text.to_owned()),
            })
            .collect()
    }

    #[test]
    fn comments_and_blank_lines_are_not_lines() {
        let found: Vec<_> = lines("# a\n\n  b  \r\n #c\nd").collect();
        assert_eq!(found, [(3, "b"), (5, "d")]);
    }

    #[test]
    fn a_file_is_read_again_and_a_broken_one_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words");
        let missing = File::open(&path, words).unwrap_err().to_string();
        assert!(missing.contains("words: "), "{missing}");
        fs::write(&path, "bad").unwrap();
        let broken = File::open(&path, words).unwrap_err().to_string();
        assert!(broken.ends_with("words, line 1: is bad"), "{broken}");

        fs::write(&path, "one").unwrap();
        let file = File::open(&path, words).unwrap();
        assert_eq!(*file.get(), ["one"]);
        // As long as the old one, within the same tick of the clock.
        fs::write(&path, "two").unwrap();
        file.refresh();
        assert_eq!(*file.get(), ["two"]);
        assert_eq!(file.warning(), None);
        fs::write(&path, "# none").unwrap();
        file.refresh();
        assert!(file.warning().unwrap().ends_with("lets nobody in (put2bits hash makes lines)"));
        fs::write(&path, "two").unwrap();
        file.refresh();
        fs::write(&path, "three\nbad").unwrap();
        file.refresh();
        assert_eq!(*file.get(), ["two"]);
        fs::remove_file(&path).unwrap();
        file.refresh();
        assert_eq!(*file.get(), ["two"]);
        // Put in its place, as Kubernetes and careful editors do.
        fs::write(dir.path().join("new"), "four").unwrap();
        fs::rename(dir.path().join("new"), &path).unwrap();
        file.refresh();
        assert_eq!(*file.get(), ["four"]);
        assert_eq!(file.seen.lock().unwrap().wrong, None);
    }

    #[test]
    fn an_old_file_is_not_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words");
        fs::write(&path, "one").unwrap();
        let old = SystemTime::now() - Duration::from_secs(60);
        fs::File::options().append(true).open(&path).unwrap().set_modified(old).unwrap();
        let file = File::open(&path, words).unwrap();
        let before = file.get();
        file.refresh();
        assert!(Arc::ptr_eq(&before, &file.get()));
        fs::write(&path, vec![b'x'; MAX_FILE as usize + 1]).unwrap();
        file.refresh();
        assert!(file.seen.lock().unwrap().wrong.as_ref().unwrap().contains("1 MiB"));
    }
}
