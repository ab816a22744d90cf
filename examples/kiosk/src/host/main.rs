//! The kiosk on a desktop: events on standard output, the screen on standard error.

mod canvas;
mod cli;
mod display;
mod flash;
mod pictures;
mod provision;
mod secret;
mod setup;
mod socket;
mod usage;
mod window;

use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser;
use kiosk::{Config, Exit, Machine, Means, Pretend, Report, Sale, Shopper, Task, run};
use pay_core::drive::{Blocking, MemoryJournal};
use pay_core::{Buffers, Journal};
use rand_core::OsRng;
use transport_embassy::tls;

use cli::{Cli, Command, Desktop, Setup, Vend};
use display::Display;
use setup::{SetupError, read};
use socket::Socket;

fn main() -> ExitCode {
    let ended = match Cli::try_parse() {
        Ok(Cli { command: Some(Command::Provision { out, setup }), .. }) => {
            with_config(&setup, false, |config| Ok(provision::write(&out, config).map(|()| Exit::Paid)?))
        }
        Ok(Cli { command: None, setup, desktop }) => with_config(&setup, desktop.card.is_some(), |config| {
            if desktop.has_pictures() && shows_an_image(config) {
                let option = if desktop.window { "--window" } else { "--screen-dir" };
                let why = format!("{option}: draws no image of a code, give --method upi-link");
                return Err(SetupError::Usage(why));
            }
            Ok(start(config, &desktop)?)
        }),
        Err(error) if !error.use_stderr() => {
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => Err(SetupError::Usage(usage::sentence(&error))),
    };
    let (exit, why) = match ended {
        Ok(exit) => return ExitCode::from(exit.code()),
        Err(SetupError::Usage(why)) => (Exit::Usage, format!("{why}\nkiosk --help lists the options")),
        Err(SetupError::File(error)) => (Exit::Local, format!("{error:#}")),
    };
    display::say(format_args!("error: {why}"));
    ExitCode::from(exit.code())
}

/// What comes of the config for this command line.
fn with_config(
    setup: &Setup,
    card: bool,
    use_it: impl FnOnce(&Config<'_>) -> Result<Exit, SetupError>,
) -> Result<Exit, SetupError> {
    let files = setup.files()?;
    let config = setup.config(&files, card)?;
    use_it(&config)
}

/// The code is the gateway's image.
fn shows_an_image(config: &Config<'_>) -> bool {
    matches!(config.settings().task, Task::Sell(Sale { means: Means::UpiQrCode, .. }))
}

fn start(config: &Config<'_>, desktop: &Desktop) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match &desktop.flash {
            Some(path) => sell(config, desktop, flash::open(path).await?).await,
            None => sell(config, desktop, Blocking(MemoryJournal::<8>::new())).await,
        }
    })
}

async fn sell(config: &Config<'_>, desktop: &Desktop, journal: impl Journal) -> anyhow::Result<Exit> {
    let mut screen = Display::open(desktop)?;
    let mut card = read("--card", desktop.card.as_deref())?;
    let mut otps = read("--otp-file", desktop.otp_file.as_deref())?;
    let shopper = Shopper { card: &mut card, otps: &mut otps };
    let (mut tls_rx, mut tls_tx) = (vec![0; tls::RX_FOR_ANY_SERVER], vec![0; 2048]);
    let (mut tx, mut rx) = (vec![0; 1024], vec![0; 12 * 1024]);
    let machine = Machine {
        connector: Socket::default(),
        tls: tls::Buffers::new(&mut tls_rx, &mut tls_tx),
        tls_random: OsRng,
        random: OsRng,
        clock: Clock(desktop.now),
        journal,
        vendor: Pretend { works: desktop.vend == Vend::Ok },
        buffers: Buffers { tx: &mut tx, rx: &mut rx },
        scrub: || {},
        wipe: true,
    };
    let mut out = Stdout;
    let report = Report::new(&mut out);
    Ok(run(config, shopper, machine, &mut screen, &report).await)
}

/// The system's clock, or the time given.
struct Clock(Option<u64>);

impl tls::Clock for Clock {
    fn unix_seconds(&self) -> Option<u64> {
        self.0.or_else(|| Some(SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs()))
    }
}

/// Standard output; a closed one is no reason to leave a sale.
struct Stdout;

impl fmt::Write for Stdout {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        std::io::stdout().write_all(text.as_bytes()).map_err(|_| fmt::Error)
    }
}
