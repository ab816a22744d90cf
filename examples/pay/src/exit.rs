//! How the program ends: a code, and one plain sentence where something is not as wished.

use std::env;
use std::io::{Write, stderr};
use std::panic::{self, AssertUnwindSafe};
use std::process::{self, ExitCode};
use std::sync::{Mutex, PoisonError};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use serde_json::json;

use super::cli::NotRupees;
use super::console::Console;
use super::patience;

/// How a command ended. A local error, exit code 1, may be an `Err` instead.
#[derive(Debug)]
pub(super) enum Ending {
    /// 0: done or paid.
    Done,
    /// 1: nothing that could charge was sent.
    NotSent(String),
    /// 2: not paid, or refused, for certain.
    Failed(String),
    /// 3: whether something happened is unknown.
    Unknown(String),
    /// 4: open; somebody has to resume it.
    Pending(String),
    /// 5: refunded, or a refund is due.
    MoneyBack(String),
    /// 6: paid by somebody else.
    Elsewhere(String),
    /// 7: a person has to look.
    Person(String),
    /// 70: this program has a defect.
    Defect(String),
}

/// Wrong usage (`EX_USAGE` of sysexits.h).
const USAGE: u8 = 64;
/// An internal error (`EX_SOFTWARE` of sysexits.h).
const DEFECT: u8 = 70;

impl Ending {
    /// Its code, its word where `--json` has no other, and its sentence.
    pub(super) fn told(self) -> (u8, &'static str, Option<String>) {
        match self {
            Self::Done => (0, "done", None),
            Self::NotSent(sentence) => (1, "error", Some(sentence)),
            Self::Failed(sentence) => (2, "failed", Some(sentence)),
            Self::Unknown(sentence) => (3, "unknown", Some(sentence)),
            Self::Pending(sentence) => (4, "pending", Some(sentence)),
            Self::MoneyBack(sentence) => (5, "money_back", Some(sentence)),
            Self::Elsewhere(sentence) => (6, "paid_elsewhere", Some(sentence)),
            Self::Person(sentence) => (7, "person", Some(sentence)),
            Self::Defect(sentence) => (DEFECT, "defect", Some(sentence)),
        }
    }
}

/// Runs a command. A panic, which says where it was on standard error, is an end like the others.
pub(super) fn caught(command: impl FnOnce() -> anyhow::Result<Ending>) -> anyhow::Result<Ending> {
    // What it leaves half done is not looked at again.
    panic::catch_unwind(AssertUnwindSafe(command)).unwrap_or_else(|_| {
        let sent = if patience::may_have_acted() {
            "whether something was sent is unknown: ask before paying again, with `pay journal resume`"
        } else {
            "nothing was sent that could change anything"
        };
        Ok(Ending::Defect(format!("This program has a defect, and stopped; {sent}. Please report the lines above.")))
    })
}

/// Says the sentence, if there is one, and gives the code. With `--json` an object is out then, whatever happened.
pub(super) fn finish(console: Console, result: anyhow::Result<Ending>) -> ExitCode {
    ExitCode::from(say(console, result.unwrap_or_else(|error| Ending::NotSent(format!("{error:#}")))))
}

/// Ends the program from wherever it is.
pub(super) fn stop(console: Console, ending: Ending) -> ! {
    process::exit(say(console, ending).into())
}

/// The first who ends the program says how: a command that comes to its end, or a signal at that moment.
fn say(console: Console, ending: Ending) -> u8 {
    static ENDED: Mutex<Option<u8>> = Mutex::new(None);
    let mut ended = ENDED.lock().unwrap_or_else(PoisonError::into_inner);
    *ended.get_or_insert_with(|| {
        let (code, word, text) = ending.told();
        tell(console, code, word, text.map(|text| sentence(&one_line(&text))));
        code
    })
}

fn tell(console: Console, code: u8, word: &str, text: Option<String>) {
    console.answer(&json!({"outcome": word, "exit_code": code, "error": text}));
    if let Some(text) = text {
        // A reader that has gone away changes nothing about how it ended.
        let _ = writeln!(stderr(), "{text}");
    }
}

/// What clap has to say: help and version as they are, an error as one sentence that never shows the value that was
/// typed. It may be a secret in the wrong place.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    // Nothing was understood, so it is looked for by hand.
    let console = Console::new(env::args_os().any(|word| word == "--json"));
    match error.kind() {
        kind @ (ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            let name = if kind == ErrorKind::DisplayHelp { "help" } else { "version" };
            console.answer(&json!({name: error.render().to_string()}));
            if !console.is_json() {
                let _ = error.print();
            }
            ExitCode::SUCCESS
        }
        kind => {
            tell(console, USAGE, "usage", Some(usage_sentence(error, kind)));
            ExitCode::from(USAGE)
        }
    }
}

fn usage_sentence(error: &clap::Error, kind: ErrorKind) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let argument = context(ContextKind::InvalidArg);
    let clause = match kind {
        // Only what looks like an option is named: a stray word may be a card number.
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            let name = argument.split('=').next().unwrap_or_default();
            if is_option_name(name) {
                format!("there is no option {name} here")
            } else {
                "there is no such option".into()
            }
        }
        ErrorKind::UnknownArgument => "there is a word too many".into(),
        ErrorKind::InvalidSubcommand => "there is no such command".into(),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let names = context(ContextKind::ValidSubcommand);
            if names.is_empty() {
                "a command is missing".into()
            } else {
                format!("a command is missing: one of {names}")
            }
        }
        ErrorKind::MissingRequiredArgument => format!("missing: {argument}"),
        ErrorKind::ArgumentConflict => {
            format!("{argument} cannot be used with {}", context(ContextKind::PriorArg))
        }
        ErrorKind::InvalidValue if error.get(ContextKind::InvalidValue).is_some() => {
            let valid = context(ContextKind::ValidValue);
            if valid.is_empty() {
                format!("{argument} needs a value")
            } else {
                format!("{argument} is none of {valid}")
            }
        }
        ErrorKind::InvalidValue | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("{argument} needs a value")
        }
        ErrorKind::ValueValidation => match core::error::Error::source(error) {
            // Our own parsers name the field, never the value; integer parsers of clap name the value.
            Some(source) if source.is::<NotRupees>() => format!("{argument} {source}"),
            Some(source) if source.is::<pay_core::model::InvalidValue>() => {
                let text = source.to_string();
                let reason = text.split_once(": ").map_or(text.as_str(), |(_, reason)| reason);
                format!("{argument} {reason}")
            }
            _ => format!("{argument} does not take this value"),
        },
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".into(),
        _ => "the arguments cannot be understood".into(),
    };
    format!("{}; see `pay --help`.", one_line(&sentence(&clause)).trim_end_matches('.'))
}

fn is_option_name(name: &str) -> bool {
    name.len() <= 32 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}

/// A clause as a sentence.
pub(super) fn sentence(clause: &str) -> String {
    let mut chars = clause.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let end = if clause.ends_with('.') { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

/// One line without control characters, whatever came from outside.
pub(super) fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the gateway wrote for people, made safe to show: it echoes what was sent to it, so runs of digits and long words
/// are covered.
pub(super) fn masked(text: &str) -> String {
    let words = one_line(text);
    let cover = |word: &str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let is_code = word.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'.'));
        if digits >= 3 || (word.len() > 32 && !is_code) { "***".to_owned() } else { word.to_owned() }
    };
    words.split(' ').map(cover).collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::{Ending, caught, masked, one_line};

    // Meant to notice: a panic that is let through, and ends with Rust's 101 and without an object.
    #[test]
    fn a_panic_is_an_end_with_a_code() {
        let (code, word, sentence) = caught(|| panic!("a defect")).unwrap().told();
        assert_eq!((code, word), (70, "defect"));
        assert!(sentence.unwrap().contains("nothing was sent that could change anything"));
        assert!(matches!(caught(|| Ok(Ending::Done)), Ok(Ending::Done)));
    }

    // Mutant: `digits >= 3` written as `> 16` shows the CVV of an echoed request.
    #[test]
    fn echoes_are_covered() {
        assert_eq!(
            masked("card_cvv : 123 is wrong\n for\u{1b}[31m 4111111111111111"),
            "card_cvv : *** is wrong for [31m ***"
        );
        assert_eq!(masked("session_aaaaaaaaaaaaaaaaaaAaaaaaaaaaaaaaaaaaaa"), "***");
        assert_eq!(masked("payment_session_id_invalid"), "payment_session_id_invalid");
        // F10.
        assert_eq!(masked("customer_details.customer_phone_missing"), "customer_details.customer_phone_missing");
        assert_eq!(one_line("a\r\nb  c"), "a b c");
    }
}
