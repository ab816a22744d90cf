//! Standard input, files and prompts: where secrets come from.

use core::time::Duration;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::{fs, thread};

use anyhow::{Context, anyhow, bail};
use zeroize::Zeroizing;

/// Nothing that is read into memory here is larger.
const FILE_MAX: u64 = 64 * 1024 * 1024;
/// No line of standard input is longer.
const LINE_MAX: u64 = 64 * 1024;

/// Whether somebody can be asked.
pub(super) fn is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// The next line of standard input, without its end; `None` at its end.
pub(super) fn line() -> anyhow::Result<Option<Zeroizing<String>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    let read =
        io::stdin().lock().take(LINE_MAX).read_until(b'\n', &mut bytes).context("standard input cannot be read")?;
    if read == 0 {
        return Ok(None);
    }
    let text = core::str::from_utf8(&bytes).map_err(|_| anyhow!("standard input is not UTF-8"))?;
    Ok(Some(Zeroizing::new(text.trim_end_matches(['\n', '\r']).to_owned())))
}

/// The same, for so long at most; `None` too if nothing came. The line may then still be taken by nobody.
pub(super) fn line_within(limit: Duration) -> anyhow::Result<Option<Zeroizing<String>>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::spawn(move || sender.send(line()));
    match receiver.recv_timeout(limit) {
        Ok(line) => line,
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => Err(anyhow!("standard input cannot be read")),
    }
}

/// Asks without echo.
pub(super) fn prompt(question: &str) -> anyhow::Result<Zeroizing<String>> {
    let answer = rpassword::prompt_password(format!("{question}: ")).context("the terminal cannot be read")?;
    Ok(Zeroizing::new(answer.trim().to_owned()))
}

/// A whole file, or standard input for `-`.
pub(super) fn whole(path: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let name = if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() };
    let mut bytes = Zeroizing::new(Vec::new());
    let read = if is_stdin(path) {
        io::stdin().lock().take(FILE_MAX + 1).read_to_end(&mut bytes)
    } else {
        fs::File::open(path).and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut bytes))
    };
    let read = read.map_err(|error| anyhow!("{name} cannot be read ({})", error.kind()))?;
    if u64::try_from(read).unwrap_or(u64::MAX) > FILE_MAX {
        bail!("{name} is larger than {} MiB", FILE_MAX / 1024 / 1024);
    }
    Ok(bytes)
}

/// A whole file as text.
pub(super) fn text(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let bytes = whole(path)?;
    let text = core::str::from_utf8(&bytes).map_err(|_| anyhow!("{} is not UTF-8", path.display()))?;
    Ok(Zeroizing::new(text.to_owned()))
}

pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}
