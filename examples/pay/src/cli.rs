//! What can be typed. No card number, CVV, OTP, key or token is among it: those come from files, standard input,
//! prompts and the environment.

use core::fmt;
use core::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use pay_core::model::{Amount, ApiVersion};
use sandbox::Scenario;

use super::method::{MethodArgs, MethodName};

const AFTER_HELP: &str = "\
Exit codes: 0 done or paid, 1 local error (nothing that could charge was sent), 2 not paid or refused, 3 outcome unknown, \
4 open (resume it), 5 refunded or a refund is due, 6 paid by another party, 7 a person must look, 64 usage, 70 a defect of this program.

Merchant keys come from CASHFREE_CLIENT_ID and CASHFREE_CLIENT_SECRET or --keys, the device token from \
CASHFREE_DEVICE_TOKEN or --token-file. Where the gateway is on this machine or is its own sandbox, fields that are not \
given have test values.";

/// Takes payments by every method of the Order Pay API. `pay demo` needs no account.
#[derive(Debug, Parser)]
#[command(name = "pay", version, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub(super) struct Cli {
    /// Print exactly one JSON object on standard output, and everything else on standard error
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// How long, and in which version: for whatever talks to a gateway.
#[derive(Debug, Args)]
pub(super) struct Talk {
    /// API version: 2022-09-01, 2023-08-01, 2025-01-01 or 2026-01-01
    #[arg(long, value_name = "DATE", default_value = "2025-01-01", value_parser = version)]
    pub(super) api_version: ApiVersion,
    /// How long to wait for an outcome, in seconds (up to a day)
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(0..=86_400))]
    pub(super) timeout: u32,
}

/// Where the gateway is, whom to trust, who we are.
#[derive(Debug, Args)]
pub(super) struct To {
    /// The gateway's URL, as https://host/path or https://host:port/path [default: with --status-url the backend pays;
    /// without, the gateway's sandbox]
    #[arg(long, value_name = "URL")]
    pub(super) gateway: Option<String>,
    /// The URL of the merchant's backend; needs a device token. Together with --gateway that token must be made with --direct
    #[arg(long, value_name = "URL")]
    pub(super) status_url: Option<String>,
    /// Trust only the certificates in this file, PEM or DER [default: a bundled list]
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// Merchant keys: a JSON file with client_id and client_secret (such as the line that `pay sandbox` prints)
    #[arg(long, value_name = "FILE")]
    pub(super) keys: Option<PathBuf>,
    /// A file with the device token for --status-url
    #[arg(long, value_name = "FILE", requires = "status_url")]
    pub(super) token_file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) talk: Talk,
}

/// How often a sale asks.
#[derive(Debug, Args)]
pub(super) struct Pace {
    /// The pause between two questions about an order, in milliseconds [default: 3000; 200 with a gateway on this
    /// machine]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(10..=60_000))]
    pub(super) ask_ms: Option<u32>,
    /// How far apart two readings without a payment must be before "no payment" is believed, in milliseconds; less than
    /// the default only with a gateway on this machine [default: 30000]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(10..=600_000))]
    pub(super) settle_ms: Option<u32>,
}

/// Where sales are kept.
#[derive(Debug, Args)]
pub(super) struct Folder {
    /// The till's folder, with its secret and its journal of sales; one process at a time can sell from it [default:
    /// pay in the user's data directory]
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
    /// Show stored sales, and settle those that are open
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Submit an OTP for an attempt that waits for one (from standard input or a prompt; each line is one try)
    Otp(OtpArgs),
    /// Show how an order stands: exit code 0 paid, 2 closed unpaid, 3 not known, 4 not paid yet, 5 all refunded, 7 paid
    /// although it is closed
    Status(StatusArgs),
    /// Make a refund; the same call again is the same refund
    Refund(RefundArgs),
    /// Force the result of a payment, in a sandbox
    Simulate(SimulateArgs),
    /// Measure what nobody has published about the gateway: one order of Rs 1 that nobody can pay and that is closed in the end, at
    /// most five minutes, within the published limits. Without merchant keys it says what can be learned without an account
    Doctor(DoctorArgs),
    /// Say what a reply of the gateway means
    Inspect(InspectArgs),
    /// Measure Order Pay calls over one connection, on this machine only
    Bench(BenchArgs),
    /// Print the completions of this program for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the manual page of this program
    Man {
        /// Write it to this directory instead, and a page for each command beside it
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum OrderCommand {
    /// Create an order (needs merchant keys, or --status-url)
    Create(Box<CreateArgs>),
    /// Pay an order by its session
    ///
    /// If it can ask (merchant keys, or --status-url), it waits for the outcome until --timeout. Otherwise it shows
    /// what the shopper has to do and returns at once with exit code 4, or 3 if the gateway's answer was lost.
    Pay(Box<PayArgs>),
}

#[derive(Debug, Subcommand)]
pub(super) enum JournalCommand {
    /// List the open sales
    List {
        /// List the closed ones too
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        folder: Folder,
    },
    /// Show the record of one sale
    Show {
        /// The order
        order_id: String,
        #[command(flatten)]
        folder: Folder,
    },
    /// Ask how open sales ended, until each is settled or --timeout is over; never pays. With merchant keys, makes the
    /// refunds that are due
    Resume {
        /// The order id [default: every open sale]
        order_id: Option<String>,
        /// Close an order that can still be paid after this time, in seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
        close_after: u32,
        #[command(flatten)]
        selling: Selling,
    },
    /// After the journal was lost, or on a till that replaces another: fetch this device's open orders from the backend. It refuses
    /// the lost till's calls from then on. Then say what became of the goods, with `release`, and settle the rest, with `resume`
    Recover {
        #[command(flatten)]
        selling: Selling,
    },
    /// Record whether the goods of a paid sale went out, for example after a power cut
    Release {
        /// The order
        order_id: String,
        #[command(flatten)]
        goods: Goods,
        #[command(flatten)]
        selling: Selling,
    },
    /// Record a result that you checked in the gateway's dashboard, for a sale that cannot be asked about from here
    Attest {
        /// The order
        order_id: String,
        #[command(flatten)]
        books: Books,
        #[command(flatten)]
        selling: Selling,
    },
    /// Remove closed sales that are older than --days; their order ids and keys can then be used again
    Prune {
        /// The minimum age, in days
        #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u32).range(31..))]
        days: u32,
        #[command(flatten)]
        folder: Folder,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Goods {
    /// The goods are out
    #[arg(long)]
    pub(super) yes: bool,
    /// The goods are not out and stay here: the payment is refunded
    #[arg(long)]
    pub(super) no: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Books {
    /// The order is paid
    #[arg(long)]
    pub(super) paid: bool,
    /// The order is not paid, and can no longer be paid
    #[arg(long)]
    pub(super) not_paid: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ReleaseName {
    /// The goods go out
    Ok,
    /// The goods certainly do not go out: the payment is refunded
    Fail,
    /// The state of the goods is unknown, as after a power cut
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
    /// When the customer approves, in milliseconds after the payment was shown
    #[arg(long, value_name = "MS", default_value_t = 2_000)]
    pub(super) approve_after_ms: u64,
    /// Be the customer yourself: approve or decline on a page in a browser, at the link that is printed
    #[arg(long, conflicts_with = "approve_after_ms")]
    pub(super) by_hand: bool,
    #[command(flatten)]
    pub(super) talk: Talk,
}

#[derive(Debug, Args)]
pub(super) struct SandboxArgs {
    /// A loopback address; port 0 chooses a free port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(super) listen: SocketAddr,
    /// The directory for ca.pem and ca.der [default: a new temporary directory]
    #[arg(long, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,
    /// Let pending payments succeed after this time, in milliseconds [default: they wait for `pay simulate`, or for the buttons of its page]
    #[arg(long, value_name = "N")]
    pub(super) settle_after_ms: Option<u64>,
    /// Send webhooks there, in plain HTTP to this machine: a backend's --listen-hooks, as http://127.0.0.1:PORT/hooks/cashfree/merchant
    #[arg(long, value_name = "URL")]
    pub(super) webhooks: Option<String>,
    /// Ignore idempotency keys on calls without merchant keys (whether the gateway does is unpublished)
    #[arg(long)]
    pub(super) ignore_session_keys: bool,
    /// The scenario that every order plays, such as SB-07
    #[arg(long, value_name = "ID", value_parser = scenario)]
    pub(super) scenario: Option<&'static Scenario>,
    /// Print the scenarios as a table and stop
    #[arg(long, conflicts_with_all = ["listen", "dir", "settle_after_ms", "webhooks", "ignore_session_keys", "scenario"])]
    pub(super) list_scenarios: bool,
}

#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// How much, in rupees
    #[arg(long, value_name = "RUPEES", value_parser = amount)]
    pub(super) amount: Option<Amount>,
    /// The order id, 3 to 45 letters, digits, _ and -
    #[arg(long, value_name = "ID")]
    pub(super) order_id: Option<String>,
    /// The customer's phone number, 10 digits
    #[arg(long, value_name = "N")]
    pub(super) phone: Option<String>,
    /// The customer id [default: walk_in]
    #[arg(long, value_name = "ID")]
    pub(super) customer_id: Option<String>,
    /// The currency
    #[arg(long, value_name = "CODE", default_value = "INR")]
    pub(super) currency: String,
    /// A note; with --status-url the backend writes its own
    #[arg(long, value_name = "TEXT", conflicts_with = "status_url")]
    pub(super) note: Option<String>,
    /// Minutes until the order expires; short, so that every sale ends [default: 30]. With --status-url the backend decides
    #[arg(long, value_name = "MINUTES", conflicts_with = "status_url", value_parser = clap::value_parser!(u32).range(1..=43_200))]
    pub(super) expires_in: Option<u32>,
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
    /// The expected amount, in rupees. If the order can be read and has another amount, it is not paid. If it cannot be
    /// read, the amount comes from the gateway's answer, and this is not compared
    #[arg(long, value_name = "RUPEES", value_parser = amount)]
    pub(super) amount: Option<Amount>,
    /// Read OTPs from standard input, one per line (after the session and the card, if those come from there too).
    /// Without it the terminal is asked; without a terminal the payment is left waiting for its OTP
    #[arg(long)]
    pub(super) otp_stdin: bool,
    /// upi-qrcode, upi-pod-qrcode, upi-link: save the QR code here (PNG)
    #[arg(long, value_name = "FILE")]
    pub(super) qr_file: Option<PathBuf>,
    /// Simulate handing out the goods once the order is paid: the result
    #[arg(long, value_enum, value_name = "HOW")]
    pub(super) release: Option<ReleaseName>,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    #[command(flatten)]
    pub(super) method_args: MethodArgs,
    #[command(flatten)]
    pub(super) selling: Selling,
}

/// How much may be unsettled in the journal before a new sale is refused.
#[derive(Debug, Args)]
pub(super) struct LimitArgs {
    /// Refuse a new payment while this many sales are unsettled
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(super) max_unsettled: u32,
    /// Refuse a new payment if it and the unsettled ones exceed this sum, in rupees
    #[arg(long, value_name = "RUPEES", default_value = "100000", value_parser = amount)]
    pub(super) max_unsettled_total: Amount,
    /// Refuse a new payment while a sale is unsettled for longer than this, in hours
    #[arg(long, value_name = "HOURS", default_value_t = 72)]
    pub(super) max_unsettled_age: u32,
}

#[derive(Debug, Args)]
pub(super) struct OtpArgs {
    /// The attempt
    #[arg(long, value_name = "N")]
    pub(super) cf_payment_id: String,
    /// The order's id; with keys or --status-url, wait for its outcome
    #[arg(long, value_name = "ID")]
    pub(super) order_id: Option<String>,
    /// Request another OTP instead
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
    /// The amount, in rupees [default: the order's amount]
    #[arg(long, value_name = "RUPEES", value_parser = amount)]
    pub(super) amount: Option<Amount>,
    /// Your name of the refund, such as return-17: the same name is the same refund, another name is another refund
    #[arg(long, value_name = "NAME", default_value = "refund")]
    pub(super) name: String,
    /// Ask for an instant refund, for a fee
    #[arg(long)]
    pub(super) instant: bool,
    /// Refund even if it is more than is left of what was paid
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
    /// The payment's result
    #[arg(long, value_enum, ignore_case = true)]
    pub(super) status: EndName,
    /// The error code of a failure
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
pub(super) struct DoctorArgs {
    /// Go to a host that is no sandbox: the order is a real one
    #[arg(long)]
    pub(super) production: bool,
    /// Write the report here, too: JSON without keys, tokens and sessions, for the gateway's support
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
    /// Also test your backend's URL for webhooks, as https://host/path: an unsigned one must get 401
    #[arg(long, value_name = "URL")]
    pub(super) hooks_url: Option<String>,
    #[command(flatten)]
    pub(super) to: To,
}

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// The kind of reply
    #[arg(value_enum)]
    pub(super) kind: InspectKind,
    /// The body; `-` or no value reads standard input
    #[arg(value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// The HTTP status; outside 200 to 299 the body is an error. Without a status the error's type decides its class
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
    /// The number of calls
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(super) calls: u32,
    /// How to pay
    #[arg(long, value_enum, default_value_t = MethodName::UpiLink)]
    pub(super) method: MethodName,
    /// The session to pay with; without it an order is created if there are merchant keys, otherwise a made-up one is
    /// sent
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
