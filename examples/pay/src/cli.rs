//! What can be typed. No card number, CVV, OTP, key or token is among it: those come from files, standard input, prompts
//! and the environment.

use core::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use pay_core::model::{Amount, ApiVersion};
use sandbox::Scenario;

use super::method::{MethodArgs, MethodName};

const AFTER_HELP: &str = "\
Exit codes: 0 done or paid, 1 local error (nothing was sent that could pay), 2 not paid or refused, 3 outcome unknown, \
4 open (resume it), 5 money goes back, 6 paid by somebody else, 7 a person must look, 64 usage.

Merchant keys come from CASHFREE_CLIENT_ID and CASHFREE_CLIENT_SECRET or --keys, the device token from \
CASHFREE_DEVICE_TOKEN or --token-file. Where the gateway is on this machine or is its own sandbox, fields that are not \
given have test values.";

/// Takes payments by every method of the Order Pay API; `pay demo` needs nothing but this program.
#[derive(Debug, Parser)]
#[command(name = "pay", version, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) options: Options,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What holds for every command that talks to a gateway.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The gateway, as https://host/path, with a port if need be
    #[arg(long, global = true, value_name = "URL", default_value = "https://sandbox.cashfree.com/pg")]
    pub(super) gateway: String,
    /// The merchant's backend, which answers for orders; needs a device token
    #[arg(long, global = true, value_name = "URL")]
    pub(super) status_url: Option<String>,
    /// Trust only the certificates in this file, PEM or DER [default: a bundled list]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// Merchant keys: JSON with client_id and client_secret (the line that `pay sandbox` prints will do)
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) keys: Option<PathBuf>,
    /// The device token for --status-url
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) token_file: Option<PathBuf>,
    /// Version of the API: 2022-09-01, 2023-08-01, 2025-01-01 or 2026-01-01
    #[arg(long, global = true, value_name = "DATE", default_value = "2025-01-01", value_parser = version)]
    pub(super) api_version: ApiVersion,
    /// How long to wait for an outcome, in seconds (up to a day)
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(0..=86_400))]
    pub(super) timeout: u32,
    /// The till's own folder, with its secret and its journal of sales; one process at a time [default: pay in the user's data
    /// directory]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) till: Option<PathBuf>,
    /// The pause between two questions about an order, in milliseconds [default: 3000; 200 on this machine]
    #[arg(long, global = true, value_name = "MS", value_parser = clap::value_parser!(u32).range(10..=60_000))]
    pub(super) ask_ms: Option<u32>,
    /// How far apart two readings must be that find no payment, before it is believed, in milliseconds; less than the
    /// default only on this machine [default: 30000]
    #[arg(long, global = true, value_name = "MS", value_parser = clap::value_parser!(u32).range(10..=600_000))]
    pub(super) settle_ms: Option<u32>,
    /// Print one JSON object on standard output, everything else on standard error
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take a payment from start to receipt, in a sandbox inside this program
    Demo(DemoArgs),
    /// Run the sandbox until it is stopped
    Sandbox(SandboxArgs),
    /// Create an order, or pay one
    #[command(subcommand)]
    Order(OrderCommand),
    /// Look after the sales that are kept: what is unsettled, and bringing it to an end
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Enter an OTP for an attempt that waits for one (from standard input or a prompt; each line is a try)
    Otp(OtpArgs),
    /// Say how an order stands: exit code 0 paid, 2 closed unpaid, 4 still to be paid, 3 not known
    Status(StatusArgs),
    /// Give money back; the same call again is the same refund
    Refund(RefundArgs),
    /// Let an attempt end so, in a sandbox
    Simulate(SimulateArgs),
    /// Say what a reply of the gateway means
    Inspect(InspectArgs),
    /// Time Order Pay calls over one connection, on this machine only
    Bench(BenchArgs),
}

#[derive(Debug, Subcommand)]
pub(super) enum OrderCommand {
    /// Create an order (needs merchant keys, or --status-url)
    Create(CreateArgs),
    /// Pay an order by its session
    ///
    /// With a way to ask (merchant keys, or --status-url) it waits for the outcome until --timeout; else it shows what the
    /// shopper has to do and returns at once with exit code 4, or 3 if the gateway's answer was lost.
    Pay(Box<PayArgs>),
}

#[derive(Debug, Subcommand)]
pub(super) enum JournalCommand {
    /// The sales that somebody still has to do something about
    List {
        /// Those that are over, too
        #[arg(long)]
        all: bool,
    },
    /// What is kept of one sale
    Show {
        /// The order
        order_id: String,
    },
    /// Ask how unsettled sales ended, until each is settled or --timeout is over; never pays. With merchant keys, money that
    /// must go back is sent back
    Resume {
        /// The order [default: every unsettled sale]
        order_id: Option<String>,
        /// An order that can still be paid after so long is closed, in seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
        close_after: u32,
    },
    /// Say whether the goods of a paid sale went out: after a power cut in between, or because somebody looked
    Release {
        /// The order
        order_id: String,
        #[command(flatten)]
        goods: Goods,
    },
    /// Say how a sale ended that cannot be asked about from here: somebody has looked into the gateway's books
    Attest {
        /// The order
        order_id: String,
        #[command(flatten)]
        books: Books,
    },
    /// Remove sales that are over and began so long ago; their order ids and keys count as new afterwards
    Prune {
        /// Their least age in days
        #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u32).range(31..))]
        days: u32,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Goods {
    /// They are out
    #[arg(long)]
    pub(super) yes: bool,
    /// They are not, and stay here: the money goes back
    #[arg(long)]
    pub(super) no: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Books {
    /// The order is paid
    #[arg(long)]
    pub(super) paid: bool,
    /// It is not, and cannot be any more
    #[arg(long)]
    pub(super) not_paid: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ReleaseName {
    /// The goods go out
    Ok,
    /// They certainly do not: the money goes back
    Fail,
    /// Nobody can tell, as after a power cut
    Unknown,
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// How to pay
    #[arg(long, value_enum, default_value_t = MethodName::UpiQrcode)]
    pub(super) method: MethodName,
    /// How much, in rupees
    #[arg(long, value_name = "RUPEES", default_value = "10.15", value_parser = amount)]
    pub(super) amount: Amount,
    /// After how long the customer approves, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 2_000)]
    pub(super) approve_after_ms: u64,
}

#[derive(Debug, Args)]
pub(super) struct SandboxArgs {
    /// A loopback address; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(super) listen: SocketAddr,
    /// Where ca.pem and ca.der are written [default: a new directory among the temporary files]
    #[arg(long, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,
    /// Pending payments succeed by themselves after this time [default: they wait for `pay simulate`]
    #[arg(long, value_name = "N")]
    pub(super) settle_after_ms: Option<u64>,
    /// Ignore idempotency keys on calls without merchant keys (what the gateway does is not published)
    #[arg(long)]
    pub(super) ignore_session_keys: bool,
    /// What every order plays: the id of a scenario, such as SB-07
    #[arg(long, value_name = "ID", value_parser = scenario)]
    pub(super) scenario: Option<&'static Scenario>,
    /// Print the scenarios as a table and stop
    #[arg(long)]
    pub(super) list_scenarios: bool,
}

#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// How much, in rupees
    #[arg(long, value_name = "RUPEES", value_parser = amount)]
    pub(super) amount: Option<Amount>,
    /// The merchant's name of the order, 3 to 45 letters, digits, _ and -
    #[arg(long, value_name = "ID")]
    pub(super) order_id: Option<String>,
    /// The customer's phone number, 10 digits
    #[arg(long, value_name = "N")]
    pub(super) phone: Option<String>,
    /// The merchant's name of the customer [default: walk_in]
    #[arg(long, value_name = "ID")]
    pub(super) customer_id: Option<String>,
    /// The currency
    #[arg(long, value_name = "CODE", default_value = "INR")]
    pub(super) currency: String,
    /// A note
    #[arg(long, value_name = "TEXT")]
    pub(super) note: Option<String>,
    /// Minutes until the order can no longer be paid; short, so that every sale ends
    #[arg(long, value_name = "MINUTES", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=43_200))]
    pub(super) expires_in: u32,
}

#[derive(Debug, Args)]
pub(super) struct PayArgs {
    /// The payment session of the order; `-` reads one line from standard input
    #[arg(long, value_name = "S|-")]
    pub(super) session: String,
    /// The order
    #[arg(long, value_name = "ID")]
    pub(super) order_id: String,
    /// How to pay
    #[arg(long, value_enum)]
    pub(super) method: MethodName,
    /// What the order must cost. Where the order can be read, one of another amount is not paid; elsewhere the gateway's
    /// answer to the payment says the amount, and this is not compared
    #[arg(long, value_name = "RUPEES", value_parser = amount)]
    pub(super) amount: Option<Amount>,
    /// Read OTPs from standard input, one a line (after the session and the card, if those come from there, too); without
    /// it a terminal is asked, and elsewhere the payment is left waiting for its OTP
    #[arg(long)]
    pub(super) otp_stdin: bool,
    /// Save the gateway's QR image here (PNG)
    #[arg(long, value_name = "FILE")]
    pub(super) qr_file: Option<PathBuf>,
    /// Hand out goods once it is paid (nothing moves here: this is what becomes of it)
    #[arg(long, value_enum, value_name = "HOW")]
    pub(super) release: Option<ReleaseName>,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    #[command(flatten)]
    pub(super) method_args: MethodArgs,
}

/// How much may be unsettled in the journal before no new sale is taken.
#[derive(Debug, Args)]
pub(super) struct LimitArgs {
    /// No new payment while so many sales are unsettled
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(super) max_unsettled: u32,
    /// No new payment if it and the unsettled ones are more than this, in rupees
    #[arg(long, value_name = "RUPEES", default_value = "100000", value_parser = amount)]
    pub(super) max_unsettled_total: Amount,
    /// No new payment while a sale is unsettled for longer than this, in hours
    #[arg(long, value_name = "HOURS", default_value_t = 72)]
    pub(super) max_unsettled_age: u32,
}

#[derive(Debug, Args)]
pub(super) struct OtpArgs {
    /// The attempt
    #[arg(long, value_name = "N")]
    pub(super) cf_payment_id: String,
    /// The order: where there is a way to ask, the outcome is waited for
    #[arg(long, value_name = "ID")]
    pub(super) order_id: Option<String>,
    /// Have the OTP sent again instead
    #[arg(long)]
    pub(super) resend: bool,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// The order
    #[arg(long, value_name = "ID")]
    pub(super) order_id: String,
}

#[derive(Debug, Args)]
pub(super) struct RefundArgs {
    /// The order
    #[arg(long, value_name = "ID")]
    pub(super) order_id: String,
    /// How much, in rupees [default: all of the order, where it can be read]
    #[arg(long, value_name = "RUPEES", value_parser = amount)]
    pub(super) amount: Option<Amount>,
    /// The refund's own name [default: made from the order and --nth, so that a repeat is the same refund]
    #[arg(long, value_name = "ID")]
    pub(super) refund_id: Option<String>,
    /// Which refund of this order it is, counted from 0
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "refund_id")]
    pub(super) nth: u16,
    /// A note
    #[arg(long, value_name = "TEXT")]
    pub(super) note: Option<String>,
    /// As fast as the gateway can, for a fee
    #[arg(long)]
    pub(super) instant: bool,
}

#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// The attempt
    #[arg(long, value_name = "N")]
    pub(super) cf_payment_id: String,
    /// How it ends
    #[arg(long, value_enum, ignore_case = true)]
    pub(super) status: EndName,
    /// Why it failed
    #[arg(long, value_name = "CODE")]
    pub(super) error_code: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum EndName {
    #[value(name = "SUCCESS")]
    Success,
    #[value(name = "FAILED")]
    Failed,
    #[value(name = "PENDING")]
    Pending,
    #[value(name = "USER_DROPPED")]
    UserDropped,
}

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// What kind of reply it is
    #[arg(value_enum)]
    pub(super) kind: InspectKind,
    /// The body; `-` or nothing reads standard input
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// The HTTP status; one outside 200 to 299 makes it an error body. Without it an error's class follows its type
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(100..=599))]
    pub(super) status: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum InspectKind {
    OrderPay,
    Order,
    Payments,
    Authenticate,
    Refund,
    Error,
}

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// How many calls
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(super) calls: u32,
    /// How to pay
    #[arg(long, value_enum, default_value_t = MethodName::UpiLink)]
    pub(super) method: MethodName,
    /// The session to pay; without it an order is created if there are merchant keys, else a made-up one is sent
    #[arg(long, value_name = "S")]
    pub(super) session: Option<String>,
}

fn amount(text: &str) -> Result<Amount, pay_core::model::InvalidValue> {
    Amount::parse(text)
}

fn scenario(text: &str) -> Result<&'static Scenario, String> {
    Scenario::find(text).ok_or_else(|| "there is no such scenario; --list-scenarios shows them".to_owned())
}

fn version(text: &str) -> Result<ApiVersion, String> {
    ApiVersion::parse(text).map_err(|_| "it is none of 2022-09-01, 2023-08-01, 2025-01-01 and 2026-01-01".to_owned())
}
