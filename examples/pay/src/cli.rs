//! What can be typed. No card number, CVV, OTP, key or token is among it: those come from files, standard input, prompts
//! and the environment.

use core::fmt;
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
    /// Print one JSON object on standard output, in every end, and everything else on standard error
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// How long, and in which version: for whatever talks to a gateway.
#[derive(Debug, Args)]
pub(super) struct Talk {
    /// Version of the API: 2022-09-01, 2023-08-01, 2025-01-01 or 2026-01-01
    #[arg(long, value_name = "DATE", default_value = "2025-01-01", value_parser = version)]
    pub(super) api_version: ApiVersion,
    /// How long to wait for an outcome, in seconds (up to a day)
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(0..=86_400))]
    pub(super) timeout: u32,
}

/// Where the gateway is, whom to trust, who we are.
#[derive(Debug, Args)]
pub(super) struct To {
    /// The gateway, as https://host/path, with a port if need be
    #[arg(long, value_name = "URL", default_value = "https://sandbox.cashfree.com/pg")]
    pub(super) gateway: String,
    /// The merchant's backend, which answers for orders; needs a device token
    #[arg(long, value_name = "URL")]
    pub(super) status_url: Option<String>,
    /// Trust only the certificates in this file, PEM or DER [default: a bundled list]
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// Merchant keys: JSON with client_id and client_secret (the line that `pay sandbox` prints will do)
    #[arg(long, value_name = "FILE")]
    pub(super) keys: Option<PathBuf>,
    /// The device token for --status-url
    #[arg(long, value_name = "FILE")]
    pub(super) token_file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) talk: Talk,
}

/// How often a sale asks.
#[derive(Debug, Args)]
pub(super) struct Pace {
    /// The pause between two questions about an order, in milliseconds [default: 3000; 200 on this machine]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(10..=60_000))]
    pub(super) ask_ms: Option<u32>,
    /// How far apart two readings must be that find no payment, before it is believed, in milliseconds; less than the
    /// default only on this machine [default: 30000]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(10..=600_000))]
    pub(super) settle_ms: Option<u32>,
}

/// Where sales are kept.
#[derive(Debug, Args)]
pub(super) struct Folder {
    /// The till's own folder, with its secret and its journal of sales; one process at a time sells from it [default: pay in
    /// the user's data directory]
    #[arg(long = "till", value_name = "DIR")]
    pub(super) path: Option<PathBuf>,
}

/// A sale: who is asked, how often, and where it is kept.
#[derive(Debug, Args)]
pub(super) struct Selling {
    #[command(flatten)]
    pub(super) to: To,
    #[command(flatten)]
    pub(super) pace: Pace,
    #[command(flatten)]
    pub(super) folder: Folder,
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
    /// Say how an order stands: exit code 0 paid, 2 closed unpaid, 3 not known, 4 still to be paid, 5 all of it went back, 7 paid
    /// although it is closed
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
    Create(Box<CreateArgs>),
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
        #[command(flatten)]
        folder: Folder,
    },
    /// What is kept of one sale
    Show {
        /// The order
        order_id: String,
        #[command(flatten)]
        folder: Folder,
    },
    /// Ask how unsettled sales ended, until each is settled or --timeout is over; never pays. With merchant keys, money that
    /// must go back is sent back
    Resume {
        /// The order [default: every unsettled sale]
        order_id: Option<String>,
        /// An order that can still be paid after so long is closed, in seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
        close_after: u32,
        #[command(flatten)]
        selling: Selling,
    },
    /// Say whether the goods of a paid sale went out: after a power cut in between, or because somebody looked
    Release {
        /// The order
        order_id: String,
        #[command(flatten)]
        goods: Goods,
        #[command(flatten)]
        selling: Selling,
    },
    /// Say how a sale ended that cannot be asked about from here: somebody has looked into the gateway's books
    Attest {
        /// The order
        order_id: String,
        #[command(flatten)]
        books: Books,
        #[command(flatten)]
        selling: Selling,
    },
    /// Remove sales that are over and began so long ago; their order ids and keys count as new afterwards
    Prune {
        /// Their least age in days
        #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u32).range(31..))]
        days: u32,
        #[command(flatten)]
        folder: Folder,
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
    #[command(flatten)]
    pub(super) talk: Talk,
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
    #[command(flatten)]
    pub(super) selling: Selling,
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
    #[command(flatten)]
    pub(super) selling: Selling,
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
    #[command(flatten)]
    pub(super) to: To,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// The order
    #[arg(long, value_name = "ID")]
    pub(super) order_id: String,
    #[command(flatten)]
    pub(super) to: To,
}

#[derive(Debug, Args)]
pub(super) struct RefundArgs {
    /// The order
    #[arg(long, value_name = "ID")]
    pub(super) order_id: String,
    /// How much, in rupees [default: all of the order, where it can be read]
    #[arg(long, value_name = "RUPEES", value_parser = amount)]
    pub(super) amount: Option<Amount>,
    /// The merchant's own name of the refund, such as return-17: the same name is the same refund, another name another
    #[arg(long, value_name = "NAME", default_value = "refund")]
    pub(super) name: String,
    /// As fast as the gateway can, for a fee
    #[arg(long)]
    pub(super) instant: bool,
    /// Refund although more goes back than was paid and is still there
    #[arg(long)]
    pub(super) even_so: bool,
    #[command(flatten)]
    pub(super) to: To,
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
    #[command(flatten)]
    pub(super) to: To,
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
    #[command(flatten)]
    pub(super) to: To,
}

/// Rupees as people write them: `10`, `10.5`, `10.15`. JSON's other ways to write a number are not for people.
fn amount(text: &str) -> Result<Amount, NotRupees> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let is_plain = |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_plain(whole) || !is_plain(part) || part.len() > 2 {
        return Err(NotRupees);
    }
    Amount::parse(text).map_err(|_| NotRupees)
}

/// A value that is no amount. It is not named: it may be something else in the wrong place.
#[derive(Clone, Copy, Debug)]
pub(super) struct NotRupees;

impl fmt::Display for NotRupees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("takes rupees such as 10 or 10.15, at least 0.01 and at most 99999999999.99")
    }
}

impl core::error::Error for NotRupees {}

fn scenario(text: &str) -> Result<&'static Scenario, String> {
    Scenario::find(text).ok_or_else(|| "there is no such scenario; --list-scenarios shows them".to_owned())
}

fn version(text: &str) -> Result<ApiVersion, String> {
    ApiVersion::parse(text).map_err(|_| "it is none of 2022-09-01, 2023-08-01, 2025-01-01 and 2026-01-01".to_owned())
}
