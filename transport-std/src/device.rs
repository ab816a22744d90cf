//! A terminal's folder on a desktop: its secret, its journal, and the journal's number.

use core::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use pay_core::model::DeviceSecret;
use pay_core::till;
use rustls::crypto::ring;
use zeroize::{Zeroize, Zeroizing};

use super::journal::{FileJournal, JournalError};

/// Opens a terminal's folder.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)] // nothing but its functions
pub struct Device;

/// Why a terminal's folder was not opened. It was not changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum DeviceError {
    /// The journal in it cannot be opened.
    Journal(JournalError),
    /// A file in it cannot be read or written.
    Io(io::Error),
    /// This file in it does not hold hexadecimal digits.
    Damaged(&'static str),
    /// The operating system gives no random numbers.
    NoRandom,
}

impl Device {
    /// Opens the folder at `path`, or makes it. One process at a time: the journal is the lock. Its files:
    ///
    /// - `secret`: 32 random bytes, made once, readable by its owner only;
    /// - `journal.redb`: the sales, and `journal.redb.closed`: older ones that are over;
    /// - `incarnation`: 64 random bits, made together with the journal;
    /// - `epoch`, once the terminal was recovered.
    ///
    /// Keep `secret` when the journal is lost or restored: the keys of earlier payments are derived from it.
    ///
    /// # Errors
    /// [`DeviceError`]; existing files were not changed.
    pub fn open(path: impl AsRef<Path>) -> Result<till::Device<FileJournal>, DeviceError> {
        let folder = path.as_ref();
        make_folder(folder)?;
        let (file, number) = (folder.join("journal.redb"), folder.join("incarnation"));
        let is_new = !fs::metadata(&file).is_ok_and(|found| found.len() > 0);
        let journal = FileJournal::open(&file).map_err(DeviceError::Journal)?;
        if is_new && number.exists() {
            // That of a journal that is gone.
            fs::remove_file(&number)?;
        }
        let incarnation = u64::from_be_bytes(*kept(&number, "incarnation")?);
        let mut secret: Zeroizing<[u8; 32]> = kept(&folder.join("secret"), "secret")?;
        let epoch = match fs::read_to_string(folder.join("epoch")) {
            Ok(text) => text.trim().parse().map_err(|_| DeviceError::Damaged("epoch"))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error.into()),
        };
        let device = till::Device { secret: DeviceSecret::new(*secret), journal, incarnation, epoch };
        secret.zeroize();
        Ok(device)
    }

    /// Stores the epoch that [`till::Till::recover`] returned, in the folder at `path`.
    ///
    /// # Errors
    /// [`DeviceError::Io`]: recover again.
    pub fn keep_epoch(path: impl AsRef<Path>, epoch: u32) -> Result<(), DeviceError> {
        make(&path.as_ref().join("epoch"), format!("{epoch}\n").as_bytes())
    }

    /// 32 random bytes of the operating system: the seed that a [`till::Till`] needs at each start.
    ///
    /// # Errors
    /// [`DeviceError::NoRandom`].
    pub fn seed() -> Result<[u8; 32], DeviceError> {
        let mut bytes = [0; 32];
        fill(&mut bytes)?;
        Ok(bytes)
    }
}

fn fill(bytes: &mut [u8]) -> Result<(), DeviceError> {
    ring::default_provider().secure_random.fill(bytes).map_err(|_| DeviceError::NoRandom)
}

fn make_folder(folder: &Path) -> Result<(), DeviceError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    Ok(builder.create(folder)?)
}

/// The bytes in this file, as hexadecimal digits; random ones if there is none yet.
fn kept<const N: usize>(path: &Path, name: &'static str) -> Result<Zeroizing<[u8; N]>, DeviceError> {
    let mut bytes = Zeroizing::new([0; N]);
    match fs::read_to_string(path).map(Zeroizing::new) {
        Ok(text) => {
            let digits = text.trim();
            if digits.len() != 2 * N || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(DeviceError::Damaged(name));
            }
            for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
                *byte = digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()).unwrap_or_default();
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fill(bytes.as_mut())?;
            let mut text = Zeroizing::new(String::with_capacity(2 * N + 1));
            for byte in bytes.iter() {
                // A string takes it.
                let _ = fmt::Write::write_fmt(&mut *text, format_args!("{byte:02x}"));
            }
            text.push('\n');
            make(path, text.as_bytes())?;
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(DeviceError::Damaged(name)),
        Err(error) => return Err(error.into()),
    }
    Ok(bytes)
}

/// A file that appears whole or not at all, for its owner only.
fn make(path: &Path, text: &[u8]) -> Result<(), DeviceError> {
    let new = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

impl From<io::Error> for DeviceError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(error) => error.fmt(f),
            Self::Io(error) => write!(f, "the till's folder cannot be read or written: {error}"),
            Self::Damaged(name) => write!(f, "the file `{name}` in the till's folder is damaged; it was left as it is"),
            Self::NoRandom => f.write_str("the system gives no random numbers"),
        }
    }
}

impl core::error::Error for DeviceError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Meant to notice: with the incarnation kept over a new journal; with a secret made anew at each start.
    #[test]
    fn a_folder_is_the_same_terminal_again_until_its_journal_is_gone() {
        let folder = std::env::temp_dir().join(format!("till-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let first = Device::open(&folder).unwrap();
        let (secret, incarnation) = (first.secret.clone(), first.incarnation);
        assert!(matches!(Device::open(&folder), Err(DeviceError::Journal(JournalError::InUse))));
        drop(first);
        let again = Device::open(&folder).unwrap();
        assert!(again.secret == secret && again.incarnation == incarnation && again.epoch == 0);
        Device::keep_epoch(&folder, 3).unwrap();
        drop(again);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(folder.join("secret")).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::remove_file(folder.join("journal.redb")).unwrap();
        let new = Device::open(&folder).unwrap();
        assert!(new.secret == secret && new.incarnation != incarnation && new.epoch == 3);
        drop(new);
        fs::write(folder.join("secret"), "short").unwrap();
        assert!(matches!(Device::open(&folder), Err(DeviceError::Damaged("secret"))));
        fs::remove_dir_all(&folder).unwrap();
    }
}
