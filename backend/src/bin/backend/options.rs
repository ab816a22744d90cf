//! The command line.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use backend::{Database, Limits, MERCHANT};
use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use pay_core::model::Amount;

/// The database's URL may contain a password, and every user of the machine can see a program's arguments.
const DATABASE: &str = "BACKEND_DATABASE";

/// The merchant's backend for kiosks that hold no merchant key
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: Option<Serve>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Say what is wrong with these options, their files, addresses and database; exit code 1 if anything is. Changes nothing
    Check(Box<Serve>),
    /// Manage device tokens
    #[command(subcommand)]
    Token(Token),
    /// Manage the people who may sign in at the page
    #[command(subcommand)]
    Person(Person),
    /// List what a person must do, one line each: order, duty, text
    Duties {
        #[command(flatten)]
        place: Place,
        /// The --order-life of the running backend, in seconds
        #[arg(long, default_value_t = 900)]
        order_life: u64,
    },
    /// Delete settled orders without an event for so many days, expired sign-ins, and tokens revoked that long ago that have no
    /// orders. Works while backends run. What stays, and why: docs/backend.md
    Forget {
        /// Days, at least 30
        #[arg(long, value_name = "DAYS")]
        older_than: u32,
        /// Only say how many there are
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Compare the book with the gateway's own reconciliation, day by day; name every difference and what comes next. Run it
    /// daily for days that have passed; it works while backends run. It moves no money: it has the book read what it lacks, and
    /// the book's own rules go on from there. Exit code: 0 no difference is left, 1 some are, 2 it could not finish. What it
    /// finds, and what it cannot: docs/backend.md
    Reconcile(Box<Reconcile>),
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
    /// Record that a duty is done; with `look` in place of the duty, read the order again
    Done {
        /// The order
        order: String,
        /// The duty, as `backend duties` prints it
        duty: String,
        /// Who did it
        #[arg(long)]
        who: String,
        /// What was done
        #[arg(long)]
        why: String,
        #[command(flatten)]
        place: Place,
        /// The --order-life of the running backend, in seconds
        #[arg(long, default_value_t = 900)]
        order_life: u64,
    },
}

/// Where the backend stores its book.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// The backend's folder
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
    /// The PostgreSQL database (postgres://…), for several backends; or set BACKEND_DATABASE [default: SQLite in the
    /// folder]
    #[arg(long)]
    pub(crate) database: Option<String>,
}

impl Place {
    pub(crate) fn database(&self) -> anyhow::Result<Database> {
        database(self.database.as_ref(), self.dir.as_deref())
    }

    /// One that is there already: a mistyped folder would be an empty one, with nothing to do.
    pub(crate) fn existing(&self) -> anyhow::Result<Database> {
        let database = self.database()?;
        if let Database::Folder(folder) = &database
            && !STORED.iter().any(|file| folder.join(file).exists())
        {
            return Err(anyhow!("{} is no backend's folder: it has no {}", folder.display(), STORED[0]));
        }
        Ok(database)
    }
}

/// What a backend's folder has in it, one of these at least: the last two are an earlier version's.
const STORED: [&str; 3] = ["backend.sqlite", "orders.log", "tokens"];

impl Serve {
    pub(crate) fn database(&self) -> anyhow::Result<Database> {
        database(self.database.as_ref(), Some(&self.dir))
    }
}

fn database(url: Option<&String>, folder: Option<&Path>) -> anyhow::Result<Database> {
    let url = url.cloned().or_else(|| std::env::var(DATABASE).ok());
    match (url, folder) {
        (Some(url), _) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            Ok(Database::Postgres(url))
        }
        (Some(_), _) => Err(anyhow!("--database and {DATABASE} must begin with postgres://")),
        (None, Some(folder)) => Ok(Database::from(folder)),
        (None, None) => Err(anyhow!("give --dir or --database")),
    }
}

#[derive(Subcommand)]
pub(crate) enum Token {
    /// Create a token, store its hash, print it once; it works at once, also while the backend runs
    Add {
        /// 1 to 32 letters, digits, '-' or '_'
        name: String,
        /// For a device that pays at the gateway itself, as one with a card reader must: it gets the sessions of its orders
        #[arg(long)]
        direct: bool,
        /// The shop the device is in: letters, digits, '-' or '_'
        #[arg(long, default_value = "")]
        shop: String,
        /// The merchant's account that the device sells for: of those that backends have by --account [default: that of --keys]
        #[arg(long, value_name = "NAME", default_value = MERCHANT, hide_default_value = true)]
        account: String,
        #[command(flatten)]
        place: Place,
    },
    /// List all tokens: name, shop, account, how the device pays, when it was made, last used (up to half a minute late), revoked
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Refuse a token from now on, also by the backends that run; its orders stay
    Revoke {
        /// The token's name
        name: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(clap::Args)]
pub(crate) struct Serve {
    /// The address to listen on; without --cert loopback only
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// The gateway's base URL
    #[arg(long)]
    pub(crate) gateway: String,
    /// Trust only this authority's certificate for the gateway (PEM or DER)
    #[arg(long)]
    pub(crate) gateway_ca: Option<PathBuf>,
    /// An address of this machine that calls to the gateway come from, such as 203.0.113.7; repeat it for several, which take turns.
    /// The gateway limits payments by address, so each carries as many again. Default: the operating system chooses
    #[arg(long, value_name = "IP")]
    pub(crate) outgoing: Vec<IpAddr>,
    /// Also receive webhooks in plain HTTP at this loopback address, from a proxy on this machine
    #[arg(long)]
    pub(crate) listen_hooks: Option<SocketAddr>,
    /// Also serve the page for people at this address: in plain HTTP on a loopback address, elsewhere over TLS with --cert
    #[arg(long)]
    pub(crate) page: Option<SocketAddr>,
    /// The page's origin as browsers have it, such as https://desk.example: requests for another host are refused
    #[arg(long, requires = "page")]
    pub(crate) page_origin: Option<String>,
    /// The request header in which a reverse proxy on this machine names the person, in place of passwords; whoever reaches
    /// the page's address past the proxy may say any name
    #[arg(long, requires = "page_origin")]
    pub(crate) page_person_header: Option<String>,
    /// Serve /healthz, /readyz and /metrics (Prometheus) at this address, in plain HTTP
    #[arg(long)]
    pub(crate) monitor: Option<SocketAddr>,
    /// The form of the log on standard error; as JSON it has a line for each request too
    #[arg(long, default_value = "text")]
    pub(crate) log: Log,
    /// Merchant keys: a JSON file with client_id and client_secret; or set CASHFREE_CLIENT_ID and
    /// CASHFREE_CLIENT_SECRET. With client_secret_before in it, webhooks signed with that secret are accepted too
    #[arg(long)]
    pub(crate) keys: Option<PathBuf>,
    /// Another account of the merchant's: its name, and its key file as for --keys; repeat it for several. Devices of
    /// `token add --account NAME` sell with these keys. Webhooks of the account go to /hooks/cashfree/NAME. With limits_times in the file, that
    /// is its factor in place of --limits-times
    #[arg(long, value_name = "NAME=FILE", value_parser = account)]
    pub(crate) account: Vec<(String, PathBuf)>,
    /// The folder for the orders and the authority's certificate
    #[arg(long)]
    pub(crate) dir: PathBuf,
    /// The PostgreSQL database (postgres://…) for the orders, for several backends; or set BACKEND_DATABASE [default:
    /// SQLite in the folder]
    #[arg(long)]
    pub(crate) database: Option<String>,
    /// The largest amount of an order, in rupees
    #[arg(long, default_value = "1000.00", value_parser = amount, conflicts_with = "price")]
    pub(crate) cap: Amount,
    /// Accept only this amount, in rupees; may be given several times
    #[arg(long, value_parser = amount)]
    pub(crate) price: Vec<Amount>,
    /// The server's certificate chain (PEM)
    #[arg(long, requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(long, requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// The gateway's limits of calls per minute
    #[arg(long, default_value = "production")]
    pub(crate) limits: LimitsOf,
    /// The factor by which the gateway has raised these limits for you
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limits_times: u32,
    /// Connections at a time: each waiting device needs one
    #[arg(long, default_value = "256", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) connections: u16,
    /// Requests a second of one token, and ten times as many at once; more get 429
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) requests_per_token: u32,
    /// How long an order can be paid, in seconds
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(u64).range(60..=86_400))]
    pub(crate) order_life: u64,
    /// Refund paid orders without a report after this many hours [default: list them for a person]
    #[arg(long)]
    pub(crate) refund_unreported_after: Option<u16>,
    /// Create a token at the start and write it to this new file, for tests
    #[arg(long)]
    pub(crate) new_token_file: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Reconcile {
    /// The first day, such as 2026-11-29, in Indian Standard Time
    #[arg(long, value_name = "DATE")]
    pub(crate) from: String,
    /// The last day; today counts up to now
    #[arg(long, value_name = "DATE")]
    pub(crate) to: String,
    /// Only name the differences: nothing is kept, and all of them count as left
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print each difference as a JSON object, one a line
    #[arg(long)]
    pub(crate) json: bool,
    /// How the ids of your kiosks' orders begin; may be given several times. Orders at the gateway that the book does not know
    /// are looked at one by one: give this if other systems make orders on the same account [default: all of them]
    #[arg(long, value_name = "TEXT")]
    pub(crate) ids: Vec<String>,
    /// How many seconds to wait at the end for a running backend to read the orders that differ
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) wait: u64,
    /// The account to compare: of those that backends have by --account. Give --keys of that account
    #[arg(long, value_name = "NAME", default_value = MERCHANT)]
    pub(crate) account: String,
    /// The gateway's base URL
    #[arg(long)]
    pub(crate) gateway: String,
    /// Trust only this authority's certificate for the gateway (PEM or DER)
    #[arg(long)]
    pub(crate) gateway_ca: Option<PathBuf>,
    /// Merchant keys: a JSON file with client_id and client_secret; or set CASHFREE_CLIENT_ID and CASHFREE_CLIENT_SECRET
    #[arg(long)]
    pub(crate) keys: Option<PathBuf>,
    /// The gateway's limits of calls per minute. A quarter of them is used for single orders: backends need the rest
    #[arg(long, default_value = "production")]
    pub(crate) limits: LimitsOf,
    /// The factor by which the gateway has raised these limits for you
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limits_times: u32,
    #[command(flatten)]
    pub(crate) place: Place,
    /// The --order-life of the running backend, in seconds
    #[arg(long, default_value_t = 900)]
    pub(crate) order_life: u64,
}

impl LimitsOf {
    /// The limits of this name, so many times.
    pub(crate) fn times(self, times: u32) -> Limits {
        match self {
            Self::Production => Limits::PRODUCTION,
            Self::Sandbox => Limits::SANDBOX,
        }
        .times(times)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Log {
    Text,
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum LimitsOf {
    Production,
    Sandbox,
}

#[derive(Subcommand)]
pub(crate) enum Person {
    /// Add a person; the password is asked for, or read as the first line of standard input
    Add {
        /// 1 to 64 letters, digits or any of ._@+-
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// List the people who may sign in
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Remove a person, and end their sessions
    Remove {
        /// The person
        name: String,
        #[command(flatten)]
        place: Place,
    },
}

fn account(text: &str) -> Result<(String, PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("an account is given as NAME=FILE")?;
    Ok((name.to_owned(), PathBuf::from(file)))
}

fn amount(text: &str) -> Result<Amount, String> {
    Amount::parse(text).map_err(|error| error.to_string())
}
