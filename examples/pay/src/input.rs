//! Standard input, files and prompts: where secrets come from.

use core::time::Duration;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::{fs, thread};

use anyhow::{Context, anyhow, bail};
use zeroize::Zeroizing;

use super::patience::{is_interrupted, prompting};

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
    let answer = prompting(|| rpassword::prompt_password(format!("{question}: ")));
    let answer = Zeroizing::new(answer.context("the terminal cannot be read")?);
    if is_interrupted() {
        bail!("stopped");
    }
    Ok(Zeroizing::new(answer.trim().to_owned()))
}

/// A whole file, or standard input for `-`.
pub(super) fn whole(path: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = if is_stdin(path) {
        io::stdin().lock().take(FILE_MAX + 1).read_to_end(&mut bytes)
    } else {
        fs::File::open(path).and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut bytes))
    };
    let name = name(path);
    let read = read.map_err(|error| anyhow!("{name} cannot be read ({})", error.kind()))?;
    if u64::try_from(read).unwrap_or(u64::MAX) > FILE_MAX {
        bail!("{name} is larger than {} MiB", FILE_MAX / 1024 / 1024);
    }
    Ok(bytes)
}

/// A file in an error: its path never begins the sentence, where it would get a capital.
pub(super) fn name(path: &Path) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { format!("the file {}", path.display()) }
}

/// A whole file as text. Windows writes UTF-8 with a byte-order mark, and UTF-16.
pub(super) fn text(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    decoded(&whole(path)?).ok_or_else(|| anyhow!("{} is neither UTF-8 nor UTF-16 with a byte-order mark", name(path)))
}

/// Text without its byte-order mark; UTF-16 has one, and without it everything is UTF-8.
pub(super) fn decoded(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks(2).map(|pair| Some(unit(<[u8; 2]>::try_from(pair).ok()?)));
        let units = Zeroizing::new(units.collect::<Option<Vec<u16>>>()?);
        String::from_utf16(&units).ok().map(Zeroizing::new)
    };
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => core::str::from_utf8(rest).ok().map(|text| Zeroizing::new(text.to_owned())),
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => core::str::from_utf8(bytes).ok().map(|text| Zeroizing::new(text.to_owned())),
    }
}

pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

#[cfg(test)]
mod tests {
    use super::decoded;

    // F8. Mutant: text taken for UTF-8 whatever its mark says.
    #[test]
    fn windows_writes_text_in_three_ways() {
        let wide = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}a\u{20b9}\u{1f600}".encode_utf16().flat_map(unit).collect()
        };
        for bytes in [
            wide(u16::to_le_bytes),
            wide(u16::to_be_bytes),
            "\u{feff}a\u{20b9}\u{1f600}".into(),
            "a\u{20b9}\u{1f600}".into(),
        ] {
            assert_eq!(decoded(&bytes).unwrap().as_str(), "a\u{20b9}\u{1f600}");
        }
        for bytes in [&b"\xff\xfea"[..], b"\xff\xfe\x00\xd8", b"a\xff", b"\xef\xbb\xbf\xff"] {
            assert!(decoded(bytes).is_none(), "{bytes:?}");
        }
        assert_eq!(decoded(b"").unwrap().as_str(), "");
    }
}
