//! The kiosk on a desktop: events on standard output, the screen on standard error.

mod display;
mod flash;
mod page;
mod secret;
mod socket;

use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use kiosk::{Arguments, Exit, Files, Machine, Pretend, Report, USAGE, run};
use pay_core::drive::{Blocking, MemoryJournal};
use pay_core::{Buffers, Journal};
use rand_core::OsRng;
use transport_embassy::tls;
use zeroize::Zeroizing;

use display::Display;
use socket::Socket;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help" || word == "-h") {
        println!("{USAGE}\n\nkiosk page FILE ARGUMENTS: writes what a board without files is given");
        return ExitCode::SUCCESS;
    }
    if let Some((_, words)) = words.split_first().filter(|(first, _)| *first == "page") {
        return match page::write(words) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::from(Exit::Local.code())
            }
        };
    }
    let arguments = match Arguments::parse(words.iter().map(String::as_str)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("error: {error}\n\n{USAGE}");
            return ExitCode::from(Exit::Usage.code());
        }
    };
    match start(&arguments) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(Exit::Local.code())
        }
    }
}

fn start(arguments: &Arguments<'_>) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match arguments.flash {
            Some(path) => sell(arguments, flash::open(path).await?).await,
            None => sell(arguments, Blocking(MemoryJournal::<8>::new())).await,
        }
    })
}

async fn sell(arguments: &Arguments<'_>, journal: impl Journal) -> anyhow::Result<Exit> {
    let ca = read(Some(arguments.pay.ca))?;
    let status_ca = read(arguments.status.map(|server| server.ca))?;
    let device_token = read(arguments.device_token_file)?;
    let mut card = read(arguments.card)?;
    let mut otps = read(arguments.otp_file)?;
    let files = Files { ca: &ca, status_ca: &status_ca, device_token: &device_token, card: &mut card, otps: &mut otps };
    let (mut tls_rx, mut tls_tx) = (vec![0; tls::RX_FOR_ANY_SERVER], vec![0; 2048]);
    let (mut tx, mut rx) = (vec![0; 1024], vec![0; 12 * 1024]);
    let machine = Machine {
        connector: Socket::default(),
        tls: tls::Buffers::new(&mut tls_rx, &mut tls_tx),
        tls_random: OsRng,
        random: OsRng,
        secret: secret::open(arguments.secret_file)?,
        clock: Clock(arguments.now_s),
        journal,
        vendor: Pretend { works: arguments.vend },
        buffers: Buffers { tx: &mut tx, rx: &mut rx },
        scrub: || {},
        wipe: true,
    };
    let mut out = Stdout;
    let report = Report::new(&mut out);
    Ok(run(arguments, files, machine, &mut Display, &report).await)
}

fn read(path: Option<&str>) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let Some(path) = path else { return Ok(Zeroizing::default()) };
    std::fs::read(path).map(Zeroizing::new).with_context(|| format!("cannot read {path}"))
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
