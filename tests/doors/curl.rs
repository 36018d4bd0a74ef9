//! The client that everybody has, while it runs.

use crate::support::within;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use tokio::sync::watch;

/// A curl that runs. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    seen: watch::Receiver<Seen>,
}

/// What it wrote so far.
#[derive(Debug, Clone, Default)]
struct Seen {
    body: String,
    /// Heads, its complaints, and much else.
    told: String,
    /// Of its two outputs.
    ended: u8,
}

impl Seen {
    /// Heads and complaints, then the body. A line that is not whole is left out.
    fn text(&self) -> String {
        let whole = self.told.rsplit_once('\n').map_or("", |(lines, _)| lines);
        let lines = whole.lines().filter_map(|line| match line.strip_prefix('<') {
            Some(line) => Some(line.trim()),
            None => line.starts_with("curl: ").then_some(line),
        });
        lines.map(|line| format!("{line}\n")).chain([self.body.clone()]).collect()
    }

    /// Whether such a head has come; of a 104, as far as the URL, behind which nothing is looked for. (Of heads before the
    /// answer curl does not show the end.)
    fn has(&self, status: u16) -> bool {
        let run = Run { exit: None, text: self.text() };
        run.statuses().contains(&status) && (status != 104 || run.find("location").is_some())
    }
}

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code. None: it was killed.
    pub(crate) exit: Option<i32>,
    pub(crate) text: String,
}

/// Starts it. What it gets is shown as it comes.
pub(crate) fn start(args: &[String]) -> Running {
    let mut command = Command::new("curl");
    // Heads go to the standard error, which is not buffered.
    command.args(["--silent", "--show-error", "--verbose", "--noproxy", "*"]);
    command.args(["--max-time", "60"]).args(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("curl is needed for these tests: install it");
    let (writer, seen) = watch::channel(Seen::default());
    let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let outputs: [(Box<dyn Read + Send>, _); 2] = [(Box::new(out), false), (Box::new(err), true)];
    for (mut output, is_told) in outputs {
        let writer = writer.clone();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]);
                writer.send_modify(|seen| match is_told {
                    true => seen.told.push_str(&text),
                    false => seen.body.push_str(&text),
                });
            }
            writer.send_modify(|seen| seen.ended += 1);
        });
    }
    Running { child, seen }
}

impl Running {
    /// Waits until it has seen a head with this status; all that it saw by then.
    pub(crate) async fn until_status(&mut self, status: u16) -> Run {
        let wanted = self.seen.wait_for(|seen| seen.has(status) || seen.ended == 2);
        let seen = within(&format!("a {status}"), wanted).await.unwrap().clone();
        assert!(seen.has(status), "no {status}: {}", seen.told);
        Run { exit: None, text: seen.text() }
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
    }

    pub(crate) async fn end(mut self) -> Run {
        let text = within("the end", self.seen.wait_for(|seen| seen.ended == 2)).await.unwrap().text();
        // Both its outputs are closed, so it has nothing left to do.
        Run { exit: self.child.wait().unwrap().code(), text }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn statuses(text: &str) -> Vec<u16> {
    let lines = text.lines().filter(|line| line.starts_with("HTTP/"));
    lines.filter_map(|line| line.split(' ').nth(1)?.trim().parse().ok()).collect()
}

impl Run {
    /// Of all heads, those before the answer, too.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        statuses(&self.text)
    }

    /// Asserts that the last answer has this status, and that nothing went wrong.
    #[track_caller]
    pub(crate) fn assert_status(&self, status: u16) -> &Run {
        assert_eq!((self.exit, self.statuses().last().copied()), (Some(0), Some(status)), "{self:?}");
        self
    }

    /// Asserts that nobody can tell this from an upload that there is not.
    #[track_caller]
    pub(crate) fn assert_unknown(&self) {
        self.assert_status(404);
        assert_eq!(self.find("put2bits-error"), Some("upload_unknown"), "{self:?}");
        assert_eq!(self.find("put2bits-reason"), Some("upload_unknown"), "{self:?}");
        assert_eq!(self.find("www-authenticate"), None, "{self:?}");
    }

    /// A field, of whichever head.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        let mut fields = self.text.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> &str {
        self.find(name).unwrap_or_else(|| panic!("no {name}: {}", self.text))
    }
}
