//! The device's own secret, in a file.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context, ensure};
use rand_core::{OsRng, RngCore};
use zeroize::Zeroizing;

/// The secret in this file, which is made, for its owner alone, if there is none. Without a file: one for this run.
pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    let Some(path) = path else {
        OsRng.fill_bytes(bytes.as_mut());
        return Ok(bytes);
    };
    match std::fs::read(path).map(Zeroizing::new) {
        Ok(kept) => {
            ensure!(kept.len() == bytes.len(), "--secret-file: the file does not have 32 bytes");
            bytes.copy_from_slice(&kept);
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            OsRng.fill_bytes(bytes.as_mut());
            make(path, bytes.as_ref()).context("--secret-file: cannot make the file")?;
        }
        Err(error) => return Err(error).context("--secret-file: cannot read the file"),
    }
    Ok(bytes)
}

/// Never half of one under its name. Two kiosks that start at once with one file, which nobody needs, may have two secrets.
fn make(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(new, path)
}
