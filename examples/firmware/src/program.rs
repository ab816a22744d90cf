//! From the page to the exit status: sets the board up, runs the kiosk, reports the figures.

use core::fmt::{self, Display, Write};
use core::pin::pin;

use embassy_executor::Spawner;
use embassy_net::Stack;
use embassy_time::{Duration, with_timeout};
use kiosk::{Config, Exit, Machine, Report, Shopper};
use pay_core::Buffers;
use pay_core::drive::Apart;
use static_cell::{ConstStaticCell, StaticCell};
use transport_embassy::{StackConnector, tls};

use crate::goods::Goods;
use crate::journal::{Kept, KeptError};
use crate::random::Random;
use crate::rig::Rig;
#[cfg(not(feature = "screen"))]
use crate::screen::NoScreen;
use crate::semihosting::{self, FileError, Stdout};
use crate::{board, executor, flash, host};

/// Runs the program and answers its exit status.
pub async fn run(spawner: Spawner) -> u8 {
    static LINE: ConstStaticCell<[u8; 768]> = ConstStaticCell::new([0; _]);
    let Some(line) = semihosting::command_line(LINE.take()) else { return fail("the command line is too long") };
    let rig = match Rig::parse(line) {
        Ok(rig) => rig,
        Err(message) => {
            fail(message);
            return Exit::Usage.code();
        }
    };
    let (page, shopper) = match files(&rig) {
        Ok(files) => files,
        Err((name, error)) => return fail(format_args!("{name}: {error}")),
    };
    let config = match Config::read(page) {
        Ok(config) => config,
        Err(error) => {
            fail(error);
            return Exit::Usage.code();
        }
    };
    let mut seed = [0; 8];
    if host::entropy(&mut seed).is_err() {
        return fail("the host has no /dev/urandom");
    }
    let Ok(stack) = board::start(spawner, rig.config(), u64::from_le_bytes(seed), rig.speed.unwrap_or(1)) else {
        return fail("no Ethernet controller");
    };
    if with_timeout(ADDRESS_TIMEOUT, stack.wait_config_up()).await.is_err() {
        return fail("no address from DHCP");
    }
    let mut out = Out { figures: rig.figures };
    out.figures("ready");
    let report = Report::new(&mut out);
    let code = sell(&config, shopper, stack, &rig, &report).await.code();
    if rig.figures {
        let peak = board::peak_stack();
        let mut out = Stdout::new();
        let _ = write!(out, r#"{{"event":"figures","stack":{peak},"flash_writes":{}"#, flash::writes());
        if let Some(config) = stack.config_v4() {
            let _ = write!(out, r#","address":"{}""#, config.address);
        }
        let _ = out.write_str("}\n");
    }
    if rig.residue {
        leave_residue();
        if !rig.no_wipe {
            board::scrub_stack();
        }
    }
    assert!(!rig.panic, "as asked by --panic");
    if rig.hold {
        let _ = writeln!(Stdout::new(), r#"{{"event":"hold","code":{code}}}"#);
        core::future::pending::<()>().await;
    }
    code
}

/// Bytes that begin at a word: what is copied between two that do not is shifted word by word, which takes three times as long.
#[repr(align(4))]
struct Words<const N: usize>([u8; N]);

/// Bytes of a full TCP segment on Ethernet.
const SEGMENT: usize = 1460;

const ADDRESS_TIMEOUT: Duration = Duration::from_secs(60);

async fn sell(
    config: &Config<'_>,
    shopper: Shopper<'static>,
    stack: Stack<'static>,
    rig: &Rig<'_>,
    report: &Report<'_>,
) -> Exit {
    static TCP_RX: ConstStaticCell<Words<{ 2 * SEGMENT }>> = ConstStaticCell::new(Words([0; _]));
    static TCP_TX: ConstStaticCell<Words<1536>> = ConstStaticCell::new(Words([0; _]));
    static TLS_RX: ConstStaticCell<Words<{ tls::RX_FOR_ANY_SERVER }>> = ConstStaticCell::new(Words([0; _]));
    static TLS_TX: ConstStaticCell<Words<1792>> = ConstStaticCell::new(Words([0; _]));
    static TX: ConstStaticCell<Words<1024>> = ConstStaticCell::new(Words([0; _]));
    static RX: ConstStaticCell<Words<{ 12 * 1024 }>> = ConstStaticCell::new(Words([0; _]));
    let (mut tls_seed, mut seed) = ([0; 32], [0; 32]);
    if host::entropy(&mut tls_seed).and_then(|()| host::entropy(&mut seed)).is_err() {
        report.error("the host has no /dev/urandom");
        return Exit::Local;
    }
    let journal = match Apart(pin!(journal(rig))).await {
        Ok(journal) => journal,
        Err(error) => {
            report.error(format_args!("--flash: {error}"));
            return Exit::Local;
        }
    };
    let machine = Machine {
        connector: StackConnector::new(stack, &mut TCP_RX.take().0, &mut TCP_TX.take().0),
        tls: tls::Buffers::new(&mut TLS_RX.take().0, &mut TLS_TX.take().0),
        tls_random: Random::from_seed(tls_seed),
        random: Random::from_seed(seed),
        clock: Clock(rig.now_s),
        journal,
        vendor: Goods { file: rig.goods, works: !rig.jams },
        buffers: Buffers { tx: &mut TX.take().0, rx: &mut RX.take().0 },
        scrub: board::scrub_stack,
        wipe: !rig.no_wipe,
    };
    #[cfg(feature = "screen")]
    let mut screen = crate::display::screen(rig.picture);
    #[cfg(not(feature = "screen"))]
    let mut screen = NoScreen;
    Apart(pin!(kiosk::run(config, shopper, machine, &mut screen, report))).await
}

/// The journal, in its place. Lent, not moved: a future has a place for what it is handed in each function on the way.
async fn journal(rig: &Rig<'_>) -> Result<&'static mut Kept, KeptError> {
    static JOURNAL: StaticCell<Kept> = StaticCell::new();
    Ok(match rig.flash {
        None => JOURNAL.init(Kept::in_memory()),
        Some(path) => JOURNAL.init(Kept::in_flash(path, rig.flash_cut).await?),
    })
}

/// Leaves text on the stack, as a call does that had a secret in a variable.
#[inline(never)]
fn leave_residue() {
    let mut variable = [0; 1024];
    variable[..17].copy_from_slice(b"left on the stack");
    core::hint::black_box(&mut variable);
}

/// Reads the host's files, one behind the other: the page, and what the shopper brings, which the kiosk wipes.
fn files(rig: &Rig<'_>) -> Result<(&'static [u8], Shopper<'static>), (&'static str, FileError)> {
    /// Two certificates of CAs with long RSA keys, and the rest.
    static FILES: ConstStaticCell<[u8; 3072]> = ConstStaticCell::new([0; _]);
    let mut room: &mut [u8] = FILES.take();
    let mut read = |name, path: Option<&str>| match path {
        None => Ok(&mut [][..]),
        Some(path) => {
            let length = host::read_file(path, room).map_err(|error| (name, error))?.len();
            let (file, rest) = core::mem::take(&mut room).split_at_mut(length);
            room = rest;
            Ok(file)
        }
    };
    let page = read("--page", Some(rig.page))?;
    Ok((page, Shopper { card: read("--card", rig.card)?, otps: read("--otp-file", rig.otps)? }))
}

/// Prints the error as a step and answers the exit status of a local error.
fn fail(message: impl Display) -> u8 {
    Report::new(&mut Stdout::new()).error(message);
    Exit::Local.code()
}

/// The host's clock, or the time given.
struct Clock(Option<u64>);

impl tls::Clock for Clock {
    fn unix_seconds(&self) -> Option<u64> {
        self.0.or_else(|| Some(host::unix_seconds()))
    }
}

/// Standard output, with the cycles spent so far after each line where they are wanted.
struct Out {
    figures: bool,
}

impl Out {
    fn figures(&self, after: &str) {
        if self.figures {
            let _ =
                writeln!(Stdout::new(), r#"{{"event":"cycles","after":"{after}","busy":{}}}"#, executor::busy_cycles());
        }
    }
}

impl Write for Out {
    fn write_fmt(&mut self, line: fmt::Arguments<'_>) -> fmt::Result {
        Stdout::new().write_fmt(line)?;
        self.figures("line");
        Ok(())
    }

    fn write_str(&mut self, text: &str) -> fmt::Result {
        Stdout::new().write_str(text)
    }
}
