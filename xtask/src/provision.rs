//! Words for the firmware: what the kiosk is told goes into a page by `kiosk provision`, the rest is for the emulator's board.

use std::path::Path;
use std::process::Command;

/// Words of the board with a value behind them, and words without one (`examples/firmware/src/rig.rs`).
const WITH_VALUE: [&str; 10] = [
    "--address",
    "--card",
    "--flash",
    "--flash-cut",
    "--goods",
    "--now",
    "--otp-file",
    "--picture",
    "--speed",
    "--vend",
];
const ALONE: [&str; 5] = ["--figures", "--hold", "--no-wipe", "--panic", "--residue"];

/// The words for the board, with this page, and the command that writes the page.
pub(crate) fn provision(kiosk: &Path, page: &Path, words: &[String]) -> (Vec<String>, Command) {
    let mut board = vec!["--page".to_owned(), page.display().to_string()];
    let mut command = Command::new(kiosk);
    command.args(["provision", "--out"]).arg(page);
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if WITH_VALUE.contains(&word.as_str()) {
            board.push(word.clone());
            board.extend(rest.next().cloned());
        } else if ALONE.contains(&word.as_str()) {
            board.push(word.clone());
        } else {
            command.arg(word);
        }
    }
    let has = |name: &str| words.iter().any(|word| word == name);
    if has("--card") && !has("--method") {
        command.args(["--method", "card"]);
    }
    (board, command)
}
