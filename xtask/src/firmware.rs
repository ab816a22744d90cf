//! `cargo xtask firmware`: the kiosk in the emulator, with the arguments and exit codes of the kiosk.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::bare_metal::{self, Compiler};
use crate::built::executables;
use crate::command::{cargo, output, run as run_command};
use crate::machine::Machine;
use crate::provision::provision;
use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The machine of the emulator
    #[arg(long, value_enum, default_value_t)]
    machine: Machine,
    /// With a display of 320×240 dots, whose picture is in this file, a portable bitmap; each new one replaces it
    #[arg(long, value_name = "FILE")]
    screen: Option<String>,
    /// Build only and print the path of the image
    #[arg(long)]
    build_only: bool,
    /// Install the emulator and the compiler if they are missing (Debian, as root)
    #[arg(long)]
    install: bool,
    /// The kiosk's arguments; 127.0.0.1 after --connect and --status-connect is this machine, and the files after --flash and
    /// --secret-file are made if there are none
    #[arg(last = true)]
    words: Vec<String>,
}

/// Builds, runs, and answers the exit status of the program inside.
pub(crate) fn run(arguments: &Arguments) -> Result<u8> {
    let machine = arguments.machine;
    ensure!(Machine::KIOSKS.contains(&machine), "{} has no Ethernet: cargo xtask size --machine", machine.name());
    if arguments.install {
        let missing = bare_metal::missing_packages([machine.target()]);
        if !missing.is_empty() {
            bare_metal::install(&missing)?;
        }
    }
    let mut features = machine.words();
    if arguments.screen.is_some() {
        features.extend(SCREEN);
    }
    let image = build_with(machine, &features)?;
    if arguments.build_only {
        println!("{}", image.display());
        return Ok(0);
    }
    let words = separated(&arguments.words);
    if let Some(path) = value_of("--flash", &words) {
        ensure!(value_of("--secret-file", &words).is_some(), "missing: --secret-file, beside --flash");
        make_once(Path::new(path), &[0xFF; FLASH_BYTES])?;
    }
    // The emulator takes no word with a blank, and this folder's path may have one.
    let page = std::env::temp_dir().join(format!("kiosk-page-{}", std::process::id()));
    // Of a run that was ended from outside.
    let _ = std::fs::remove_file(&page);
    let mut words: Vec<String> = translated(&words).collect();
    if let Some(picture) = &arguments.screen {
        words.extend(["--picture".to_owned(), picture.clone()]);
    }
    let (words, mut write_page) = provision(&kiosk()?, &page, &words);
    let written = write_page.status()?;
    if !written.success() {
        return Ok(written.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1));
    }
    if !page.exists() {
        // It has shown its help.
        return Ok(0);
    }
    let status = emulator(machine, &image, &words).and_then(|mut run| run.status().with_context(missing_emulator));
    let removed = std::fs::remove_file(&page);
    let status = status?;
    removed.with_context(|| format!("{} holds secrets: remove it", page.display()))?;
    let code = status.code().with_context(|| format!("the emulator ended with {status}"))?;
    Ok(u8::try_from(code)?)
}

/// The kiosk of the desktop, which writes the pages of boards.
pub(crate) fn kiosk() -> Result<PathBuf> {
    let mut build = cargo(["build", "--message-format=json-render-diagnostics", "-p", "kiosk", "--features", "host"]);
    let built = executables(&output(build.stderr(Stdio::inherit()))?);
    built.into_iter().find(|built| built.name == "kiosk").map(|built| built.path).context("cargo built no kiosk")
}

/// Builds the machine's programs for any server; the answer is the path of the first.
pub(crate) fn build(machine: Machine) -> Result<PathBuf> {
    build_with(machine, &machine.words())
}

/// The same, with these words for cargo. The programs are put into a directory that has the machine's name.
pub(crate) fn build_with(machine: Machine, words: &[&str]) -> Result<PathBuf> {
    let (target, programs) = (machine.target(), machine.programs());
    let directory = workspace::root().join("examples/firmware");
    let mut command = Compiler::find(target)?.cargo("build", target, &directory)?;
    command.arg("--release").args(programs.iter().flat_map(|program| ["--bin", program]));
    run_command(command.args(words))?;
    let built = workspace::target("bare-metal").join(target).join("release");
    let images = workspace::target("bare-metal").join(machine.name());
    std::fs::create_dir_all(&images)?;
    for program in programs {
        std::fs::copy(built.join(program), images.join(program)).with_context(|| format!("no {program} was built"))?;
    }
    Ok(images.join(programs[0]))
}

/// The emulator with this image and these words as its arguments.
pub(crate) fn emulator(machine: Machine, image: &Path, words: &[String]) -> Result<Command> {
    let mut semihosting = String::from("enable=on,target=native,arg=kiosk");
    for word in words {
        ensure!(!word.contains(char::is_whitespace), "an argument with a blank cannot be handed on: {word:?}");
        // The emulator takes a doubled comma for one that is meant.
        semihosting.push_str(&format!(",arg={}", word.replace(',', ",,")));
    }
    let mut command = Command::new("qemu-system-arm");
    command.args(["-M", machine.name(), "-display", "none", "-monitor", "none", "-serial", "none"]);
    command.args(["-nic", "user,model=lan9118", "-semihosting-config", &semihosting, "-kernel"]).arg(image);
    Ok(command)
}

/// Words for cargo: the firmware with a display.
pub(crate) const SCREEN: [&str; 2] = ["--features", "screen"];

/// Nine sectors of 4 KiB: eight open sales.
const FLASH_BYTES: usize = 9 * 4096;

/// A file of the board with these bytes, unless there is one.
fn make_once(path: &Path, bytes: &[u8]) -> Result<()> {
    if !path.exists() {
        std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// `--option=value` as the two words that the kiosk takes it for.
fn separated(words: &[String]) -> Vec<String> {
    let split = |word: &String| match word.split_once('=') {
        Some((option, value)) if option.starts_with("--") => vec![option.to_owned(), value.to_owned()],
        _ => vec![word.clone()],
    };
    words.iter().flat_map(split).collect()
}

fn value_of<'w>(name: &str, words: &'w [String]) -> Option<&'w str> {
    let at = words.iter().position(|word| word == name)?;
    words.get(at + 1).map(String::as_str)
}

fn missing_emulator() -> String {
    format!(
        "cannot start qemu-system-arm; on Debian {}, or add --install",
        bare_metal::install_command(&["qemu-system-arm"])
    )
}

/// The emulator's user network has this machine's loopback at 10.0.2.2.
fn translated(words: &[String]) -> impl Iterator<Item = String> {
    let mut address_next = false;
    words.iter().map(move |word| {
        let is_address = core::mem::replace(&mut address_next, word == "--connect" || word == "--status-connect");
        match word.rsplit_once(':') {
            Some(("127.0.0.1" | "localhost", port)) if is_address => format!("10.0.2.2:{port}"),
            _ => word.clone(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mutant seen red: the name "localhost" left out of the pattern; the check of `is_address` left out.
    #[test]
    fn only_addresses_of_this_machine_are_translated() {
        let words = ["--connect", "127.0.0.1:80", "--status-connect", "localhost:81", "--order-id", "127.0.0.1:80"];
        let words = words.map(String::from);
        let seen: Vec<_> = translated(&words).collect();
        assert_eq!(seen, ["--connect", "10.0.2.2:80", "--status-connect", "10.0.2.2:81", "--order-id", "127.0.0.1:80"]);
        let elsewhere = ["--connect", "192.0.2.7:443"].map(String::from);
        assert_eq!(translated(&elsewhere).collect::<Vec<_>>(), elsewhere);
    }

    /// Mutant seen red: a flash that is there made anew.
    #[test]
    fn a_file_of_the_board_is_made_once() {
        let path = std::env::temp_dir().join(format!("xtask-flash-{}", std::process::id()));
        make_once(&path, &[0xFF; FLASH_BYTES]).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), [0xFF; FLASH_BYTES]);
        std::fs::write(&path, "something").unwrap();
        make_once(&path, &[0xFF; FLASH_BYTES]).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"something");
        std::fs::remove_file(&path).unwrap();
        let words = ["--resume", "--flash", "a.bin"].map(String::from);
        assert_eq!(value_of("--flash", &words), Some("a.bin"));
        assert_eq!(value_of("--resume", &words[..1]), None);
    }

    /// Mutant seen red: the doubling of commas left out; the check for blanks left out.
    #[test]
    fn arguments_survive_the_way_into_the_emulator() {
        let command = emulator(Machine::An386, Path::new("image"), &["a,b".into()]).unwrap();
        assert!(command.get_args().any(|word| word == "enable=on,target=native,arg=kiosk,arg=a,,b"));
        assert!(emulator(Machine::An386, Path::new("image"), &["a b".into()]).is_err());
    }
}
