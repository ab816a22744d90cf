//! Where words go: progress to a terminal only, the rest to standard output, or to standard error beside `--json`.

use core::time::Duration;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

/// The object of `--json` is out. Locked while it is written: nobody ends the program before.
static ANSWERED: Mutex<bool> = Mutex::new(false);

/// The two outputs of a command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Console {
    json: bool,
}

/// A spinner, where standard error is a terminal.
#[derive(Debug)]
pub(super) struct Spinner(Option<ProgressBar>);

impl Console {
    pub(super) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// A line for people.
    pub(super) fn say(self, text: &str) {
        // A reader that has gone away changes nothing about a payment.
        let _ = if self.json { writeln!(stderr(), "{text}") } else { writeln!(stdout(), "{text}") };
    }

    /// The one object of `--json`: without it nothing, and nothing after the first.
    pub(super) fn answer(self, value: &Value) {
        let mut answered = ANSWERED.lock().unwrap_or_else(PoisonError::into_inner);
        if self.json && !core::mem::replace(&mut *answered, true) {
            let mut out = stdout();
            let _ = writeln!(out, "{value}").and_then(|()| out.flush());
        }
    }

    /// A text that is the whole result: as it is, or as the only member of the object of `--json`.
    pub(super) fn print(self, name: &str, text: &str) {
        self.answer(&json!({name: text}));
        if !self.json {
            self.say(text);
        }
    }

    pub(super) const fn is_json(self) -> bool {
        self.json
    }

    /// Whether what is said is seen on a terminal: colours and pictures are for those.
    pub(super) fn is_terminal(self) -> bool {
        if self.json { stderr().is_terminal() } else { stdout().is_terminal() }
    }

    /// Shows that something is under way.
    pub(super) fn spin(self, text: &str) -> Spinner {
        if !stderr().is_terminal() {
            return Spinner(None);
        }
        let bar = ProgressBar::new_spinner().with_message(text.to_owned());
        bar.set_style(ProgressStyle::default_spinner());
        bar.enable_steady_tick(Duration::from_millis(120));
        Spinner(Some(bar))
    }
}

impl Spinner {
    pub(super) fn set(&self, text: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(text.to_owned());
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
