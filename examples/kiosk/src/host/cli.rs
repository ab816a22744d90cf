//! The command line.

use std::num::{NonZeroU16, NonZeroU32};
use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use embedded_graphics::geometry::Size;
use kiosk::{LIMITS, Language, Means};
use pay_core::{Amount, OrderId};

/// A kiosk: gets an order from the merchant's backend, or takes one that exists, and has it paid by UPI or card.
///
/// Events go to standard output, one JSON object a line; the screen is standard error.
#[derive(Parser)]
#[command(name = "kiosk", args_conflicts_with_subcommands = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) setup: Setup,
    #[command(flatten)]
    pub(crate) desktop: Desktop,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Write these options as the page that a board stores, and sell nothing
    Provision {
        /// The page, a new file: it holds this board's token and secret
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        setup: Setup,
    },
}

const EXIT_CODES: &str = "\
Without --session the backend (--status-...) makes the order; --order-id may then be left out. Such an order is paid through the backend,
which adds the merchant's keys. With --direct or a card it is paid at the gateway: the token must be one that was made with --direct.

Exit codes: 0 paid, 1 nothing that could charge was sent, 2 not paid, 3 unknown, 4 not over: resume, 5 the money goes back,
6 paid by somebody else, 7 a person must look, 64 usage.";

/// What a kiosk is told, on a desktop and on a board.
#[derive(Args)]
pub(crate) struct Setup {
    /// Address of the gateway
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub(crate) connect: Option<Address>,
    /// The name in the gateway's certificate
    #[arg(long, value_name = "NAME")]
    pub(crate) server_name: Option<String>,
    /// The certificate to trust for the gateway, DER
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Address of the merchant's backend
    #[arg(long, value_name = "HOST:PORT", value_parser = address, requires_all = ["status_server_name", "status_ca"])]
    pub(crate) status_connect: Option<Address>,
    /// The name in the backend's certificate
    #[arg(long, value_name = "NAME", requires = "status_connect")]
    pub(crate) status_server_name: Option<String>,
    /// The certificate to trust for the backend, DER
    #[arg(long, value_name = "FILE", requires = "status_connect")]
    pub(crate) status_ca: Option<PathBuf>,
    /// The device's token for the backend
    #[arg(long, value_name = "FILE", requires = "status_connect")]
    pub(crate) device_token_file: Option<PathBuf>,
    /// What is to be paid, like 10.15
    #[arg(long, value_parser = Amount::parse)]
    pub(crate) amount: Option<Amount>,
    /// The session of an order that exists, with --order-id
    #[arg(long, requires = "order_id")]
    pub(crate) session: Option<String>,
    /// The order's id [default: a new one]
    #[arg(long, value_name = "ID", value_parser = OrderId::parse)]
    pub(crate) order_id: Option<OrderId>,
    /// How to pay: upi-qrcode, unless there is a card
    #[arg(long)]
    pub(crate) method: Option<Method>,
    /// Pay at the gateway, not through the backend
    #[arg(long)]
    pub(crate) direct: bool,
    /// Seconds the shopper has to pay; then the kiosk closes the order, and waits as long again for that
    #[arg(long, value_name = "SECONDS", default_value = "300")]
    pub(crate) patience: NonZeroU32,
    /// How many sales, one after the other; with --session, attempts at its order
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) repeat: NonZeroU16,
    /// The device's own 32 random bytes, made if there are none; idempotency keys come from them, the same after a power cut
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Refuse a new sale if this many sales are unsettled
    #[arg(long, value_name = "N", default_value_t = LIMITS.open)]
    pub(crate) max_open: u32,
    /// Refuse a new sale if it and the unsettled ones come to more than this, in rupees
    #[arg(long, value_name = "AMOUNT", default_value = "10000.00", value_parser = Amount::parse)]
    pub(crate) max_total: Amount,
    /// Refuse a new sale if an unsettled one is older than this
    #[arg(long, value_name = "SECONDS", default_value_t = LIMITS.oldest_s)]
    pub(crate) max_age: u64,
    /// Settle the open sales of the journal, and sell nothing
    #[arg(long, requires = "status_connect", conflicts_with = "probe")]
    pub(crate) resume: bool,
    /// Connect to the gateway, say what was negotiated, send nothing
    #[arg(long)]
    pub(crate) probe: bool,
}

/// What stands in for the parts of a machine.
#[derive(Args)]
#[command(group(ArgGroup::new("pictures").args(["screen_dir", "window"]).multiple(true)))]
pub(crate) struct Desktop {
    /// The card: a JSON file in place of a card reader
    #[arg(long, value_name = "FILE", required_if_eq("method", "card"))]
    pub(crate) card: Option<PathBuf>,
    /// The OTPs that the shopper will type, one a line, in place of a keypad
    #[arg(long, value_name = "FILE")]
    pub(crate) otp_file: Option<PathBuf>,
    /// The time, where there is no clock to ask
    #[arg(long, value_name = "UNIX_SECONDS")]
    pub(crate) now: Option<u64>,
    /// What the machine says of the goods: they are out, or they stay inside
    #[arg(long, default_value = "ok")]
    pub(crate) vend: Vend,
    /// The flash in which sales are remembered over a power cut
    #[arg(long, value_name = "FILE", requires = "secret_file")]
    pub(crate) flash: Option<PathBuf>,
    /// The language of the screen
    #[arg(long, default_value = "english")]
    pub(crate) language: Tongue,
    /// In place of a display: write each new picture into this folder as 0001.png and so on, after those that are there
    #[arg(long, value_name = "DIR")]
    pub(crate) screen_dir: Option<PathBuf>,
    /// In place of a display: show its pictures in a window of this desktop (X11 or Windows)
    #[arg(long)]
    pub(crate) window: bool,
    /// The size of the pictures
    #[arg(long, default_value = "320x240", requires = "pictures")]
    pub(crate) screen_size: ScreenSize,
    /// Draw the pictures in two colours
    #[arg(long, requires = "pictures")]
    pub(crate) screen_mono: bool,
}

impl Desktop {
    /// Whether the pictures of a display are wanted.
    pub(crate) const fn has_pictures(&self) -> bool {
        self.screen_dir.is_some() || self.window
    }
}

/// Host and port.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: NonZeroU16,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Method {
    /// The gateway's QR image
    #[value(name = "upi-qrcode")]
    QrCode,
    /// A UPI link, drawn as a QR
    #[value(name = "upi-link")]
    Link,
    /// A card, at the gateway
    Card,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Vend {
    /// They are out
    Ok,
    /// They stay inside
    Fail,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tongue {
    /// English
    English,
    /// हिन्दी
    Hindi,
}

impl From<Tongue> for Language {
    fn from(tongue: Tongue) -> Self {
        match tongue {
            Tongue::English => Self::English,
            Tongue::Hindi => Self::Hindi,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScreenSize {
    /// 320 × 240 dots
    #[value(name = "320x240")]
    Small,
    /// 480 × 320 dots
    #[value(name = "480x320")]
    Large,
}

impl From<ScreenSize> for Size {
    fn from(size: ScreenSize) -> Self {
        match size {
            ScreenSize::Small => Self::new(320, 240),
            ScreenSize::Large => Self::new(480, 320),
        }
    }
}

impl From<Method> for Means {
    fn from(method: Method) -> Self {
        match method {
            Method::QrCode => Self::UpiQrCode,
            Method::Link => Self::UpiLink,
            Method::Card => Self::Card,
        }
    }
}

fn address(text: &str) -> Result<Address, &'static str> {
    let (host, port) = text.rsplit_once(':').ok_or("should be HOST:PORT")?;
    let port = port.parse().map_err(|_| "should be HOST:PORT, the port from 1 to 65535")?;
    Ok(Address { host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    /// Meant to notice: a default that is not the library's.
    #[test]
    fn limits_are_the_librarys() {
        let setup = Cli::parse_from(["kiosk"]).setup;
        let limits = (setup.max_open, setup.max_total.minor(), setup.max_age);
        assert_eq!(limits, (LIMITS.open, LIMITS.total_minor, LIMITS.oldest_s));
    }
}
