//! `cargo xtask test`: the one command that runs every test.

use anyhow::{Result, bail};

use crate::{bare_metal, browser, firmware, fleet, postgres, servers, suite, sweep};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Install what is missing (Debian, as root)
    #[arg(long)]
    install: bool,
}

/// Checks for the system packages, builds the firmware, runs the tests, lets a hundred kiosks wait, sweeps.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut missing = bare_metal::missing_packages(firmware::TARGET);
    missing.extend(servers::missing_packages());
    missing.extend(postgres::missing_package());
    missing.extend(browser::missing_packages());
    if !missing.is_empty() {
        if !arguments.install {
            bail!(
                "the tests run the kiosk in an emulator and against the TLS servers of others, the backend on PostgreSQL, and its page in Chromium; on Debian, as root: {}, or add --install",
                bare_metal::install_command(&missing)
            );
        }
        bare_metal::install(&missing)?;
    }
    let image = firmware::build(&[])?;
    suite::run(
        "backend/browser-tests,backend/postgres-tests,kiosk/host,tests/servers,xtask/firmware",
        &[("FIRMWARE_IMAGE", image.as_os_str())],
    )?;
    fleet::quick()?;
    // The whole sweep is `cargo xtask sweep`, a step of CI.
    sweep::quick()
}
