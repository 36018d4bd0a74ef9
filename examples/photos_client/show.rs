//! What is shown: a progress bar on a terminal, the exchange as curl prints it, figures at the end.

use bytesize::ByteSize;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use put2bits::phone::{Content, Drop, Event, File, Tally};
use std::io::{self, IsTerminal, Write};

/// Shows events on standard error.
pub(crate) struct Show {
    bar: ProgressBar,
    verbose: bool,
}

impl Show {
    pub(crate) fn new(file: &File, verbose: bool) -> Show {
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(file.length()), target);
        // A wrong template would be a bug that the default style hides harmlessly.
        if let Ok(style) = ProgressStyle::with_template(
            "{wide_bar} {binary_bytes} of {binary_total_bytes}  {binary_bytes_per_sec}  {eta}",
        ) {
            bar.set_style(style);
        }
        Show { bar, verbose }
    }

    pub(crate) fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Sent(place) => self.bar.set_position(*place),
            Event::Request(head) => self.head('>', head),
            Event::Answer(answer) => {
                self.head('<', &answer.head);
                if self.verbose && !answer.body.is_empty() {
                    self.line(&String::from_utf8_lossy(&answer.body));
                }
            }
            Event::Resumable(url) => self.note(&format!("can be resumed at {url}")),
            Event::Ignored(why) => self.note(&format!("ignored: {why}")),
            Event::Dropped { at, how } => {
                let how = match how {
                    Drop::Reset => "by RST",
                    Drop::Close => "by FIN",
                    Drop::Silent => "in silence",
                };
                self.note(&format!("dropped after {at} bytes, {how}"));
            }
            Event::Broken(why) => self.note(&format!("broken: {why}")),
            Event::Offset(offset) => {
                self.bar.set_position(*offset);
                self.note(&format!("goes on at {offset}"));
            }
            Event::Pause(pause) => self.note(&format!("again in {:.1} s", pause.as_secs_f64())),
            Event::Restart(why) => {
                self.bar.set_position(0);
                self.note(&format!("begins anew: {why}"));
            }
            _ => {}
        }
    }

    fn head(&self, sign: char, head: &str) {
        if self.verbose {
            head.lines().for_each(|line| self.line(format!("{sign} {line}").trim_end()));
        }
    }

    fn note(&self, text: &str) {
        self.line(&format!("* {text}"));
    }

    /// A line above the bar. If nobody reads it, the upload goes on.
    fn line(&self, line: &str) {
        self.bar.suspend(|| _ = writeln!(io::stderr(), "{line}"));
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// The figures, in a line.
pub(crate) fn summary(tally: &Tally) -> String {
    let count = |number: u32, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    let bytes = |bytes: u64| ByteSize::b(bytes).display().iec().to_string();
    format!(
        "{}, {}, {}, {} sent, {} of it twice, {:.3} s",
        count(tally.attempts, "attempt"),
        count(tally.drops, "drop"),
        count(tally.restarts, "restart"),
        bytes(tally.sent),
        bytes(tally.sent_twice()),
        tally.took.as_secs_f64()
    )
}
