//! `cargo xtask test`: the one command that runs every test.

use std::ffi::OsStr;
use std::path::Path;
use std::thread;

use anyhow::{Result, bail};

use crate::machine::Machine;
use crate::{bare_metal, browser, firmware, fleet, postgres, servers, suite, sweep};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Install what is missing (Debian, as root)
    #[arg(long)]
    install: bool,
}

/// Checks for the system packages, builds the firmware and the tests, runs them, lets a hundred kiosks wait, sweeps.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut missing = bare_metal::missing_packages(Machine::KIOSKS.map(Machine::target));
    missing.extend(servers::missing_packages());
    missing.extend(postgres::missing_package());
    missing.extend(browser::missing_packages());
    // The second shell that the commands of the documents are typed into (`examples/tests/markdown.rs`).
    missing.extend((!Path::new("/usr/bin/zsh").exists()).then_some("zsh"));
    // An X server without a monitor, for the kiosk's window (`examples/kiosk/tests/goods.rs`).
    missing.extend((!Path::new("/usr/bin/Xvfb").exists()).then_some("xvfb"));
    if !missing.is_empty() {
        if !arguments.install {
            bail!(
                "the tests run the kiosk in an emulator and against the TLS servers of others, the backend on PostgreSQL, its page in Chromium, the kiosk's window in Xvfb, and the documents' commands in zsh; on Debian, as root: {}, or add --install",
                bare_metal::install_command(&missing)
            );
        }
        bare_metal::install(&missing)?;
    }
    // Side by side: linking an image takes one processor, and each has a directory of its own.
    let (images, suite) = thread::scope(|scope| {
        let images = scope.spawn(|| Machine::KIOSKS.into_iter().map(firmware::build).collect::<Result<Vec<_>>>());
        let suite =
            suite::build("backend/browser-tests,backend/postgres-tests,kiosk/host,tests/servers,xtask/firmware");
        (images.join().expect("building does not panic"), suite)
    });
    // The documents' commands (`examples/tests/markdown.rs`) run what is built here.
    let (suite, images, kiosk) = (suite?, images?, firmware::kiosk()?);
    let variables =
        [("FIRMWARE_IMAGE", images[0].as_os_str()), ("KIOSK", kiosk.as_os_str()), ("ALL_IS_BUILT", OsStr::new("1"))];
    suite::run(suite, &variables)?;
    fleet::quick()?;
    // The whole sweep is `cargo xtask sweep`, a step of CI.
    sweep::quick()
}
