//! Runs the program, and looks through everything it prints for secrets.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::limit;

/// A real-looking card that no test data lists: its number must never come out again.
pub const CARD: &str =
    r#"{"number":"4111111111111111","expiry_month":"03","expiry_year":"48","cvv":"739","holder":"A Shopper"}"#;

/// Words that may not stand in any output: card numbers, CVVs, OTPs.
const SECRETS: [&str; 8] = [
    "4111111111111111",
    "6074825972083818",
    "4748466123467526",
    "4242424242424242",
    "739",
    "987654",
    "111000",
    "hunter2hunter2",
];

#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// The program with these arguments and nothing on standard input.
pub fn pay(args: &[&str]) -> Run {
    pay_with(args, "", &[])
}

pub fn command(args: &[&str], env: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pay"));
    for name in ["CASHFREE_CLIENT_ID", "CASHFREE_CLIENT_SECRET", "CASHFREE_DEVICE_TOKEN"] {
        command.env_remove(name);
    }
    // Nobody's own journal, and none of a test beside this one.
    let home = format!("home-{}-{:?}", std::process::id(), std::thread::current().id());
    command.env("XDG_DATA_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join(home));
    command.args(args).envs(env.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub fn pay_with(args: &[&str], stdin: &str, env: &[(&str, &str)]) -> Run {
    let run = finish(args, stdin, env);
    // The demo says that it types the sandbox's published OTP; nothing else shows one.
    let hidden = SECRETS.iter().filter(|secret| args[0] != "demo" || **secret != "111000");
    for secret in hidden.chain(env.iter().filter(|(name, _)| *name != "CASHFREE_CLIENT_ID").map(|(_, value)| value)) {
        for text in [&run.out, &run.err] {
            assert!(!has_word(text, secret), "{secret} came out of {args:?}: {:.2000}", text);
        }
    }
    // Where something is not as wished, standard error ends in one sentence.
    if run.code != 0 && !args.contains(&"--help") {
        let last = run.err.trim_end().lines().next_back().unwrap_or_default();
        assert!(last.ends_with('.') && last.starts_with(|c: char| !c.is_lowercase()), "{args:?}: {last:?}");
    }
    run
}

fn finish(args: &[&str], stdin: &str, env: &[(&str, &str)]) -> Run {
    let child = command(args, env).spawn().unwrap();
    // It may end without reading.
    let _ = child.stdin.as_ref().unwrap().write_all(stdin.as_bytes());
    ended(child)
}

/// How it ended, within the limit.
pub fn ended(child: Child) -> Run {
    let end = limit::finish(child);
    Run { code: end.status.code().unwrap(), out: end.out, err: end.err }
}

/// Three digits are found in any long number: only whole words count.
fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_')).any(|part| part == word)
        || (word.len() > 6 && text.contains(word))
}

impl Run {
    /// The one JSON object on standard output.
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert!(value.is_object(), "{self:?}");
        value
    }

    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

// Mutant for the whole suite: printing the OTP in `enter_otp`, or the card in `CardInput::read`, is found by `pay_with`.
#[test]
fn words_are_found() {
    assert!(has_word("the cvv 739.", "739") && !has_word("id 17391", "739") && !has_word("a-739", "739"));
    assert!(has_word("x4111111111111111y", "4111111111111111"));
}
