//! `kiosk provision`: writes the page that a board stores.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context;
use kiosk::Config;
use zeroize::Zeroizing;

/// Writes the page of this config to a new file, for its owner alone. Not over another board's: token and secret are this one's.
pub(crate) fn write(out: &Path, config: &Config<'_>) -> anyhow::Result<()> {
    let mut page = Zeroizing::new([0; Config::PAGE_MAX]);
    let length = config.write(page.as_mut()).context("a checked config fits")?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(out).with_context(|| format!("--out: cannot make {}", out.display()))?;
    let written = file.write_all(&page[..length]).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a page is of no use, and has secrets.
        let _ = std::fs::remove_file(out);
    }
    written.with_context(|| format!("--out: cannot write {}", out.display()))
}
