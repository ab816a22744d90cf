//! The backend as a program.
#![forbid(unsafe_code)]

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};
use backend::book::{Moment, Terms, Unreported};
use backend::{
    Config, Database, DeviceToken, Limits, Prices, Server, Way, add_shop_token, add_token, add_word, listed,
    revoke_token, tokens,
};
use clap::{Parser, Subcommand, ValueEnum};
use pay_core::model::{Amount, OrderId, Timestamp, UnixSeconds};
use pay_core::wire::webhook::{Key, Keys};
use pay_core::wire::{Auth, Endpoint};
use serde::Deserialize;
use transport_std::Roots;
use zeroize::Zeroizing;

const CLIENT_ID: &str = "CASHFREE_CLIENT_ID";
const CLIENT_SECRET: &str = "CASHFREE_CLIENT_SECRET";
/// The database's URL may have a password in it, and everybody sees a program's arguments.
const DATABASE: &str = "BACKEND_DATABASE";

/// The merchant's backend for kiosks that hold no merchant key
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Option<Serve>,
}

#[derive(Subcommand)]
enum Command {
    /// Manage device tokens
    #[command(subcommand)]
    Token(Token),
    /// List what a person must do, one line each: order, duty, text
    Duties {
        #[command(flatten)]
        place: Place,
        /// Seconds an order can be paid, as the backend has it
        #[arg(long, default_value_t = 900)]
        order_life: u64,
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
        /// Seconds an order can be paid, as the backend has it
        #[arg(long, default_value_t = 900)]
        order_life: u64,
    },
}

/// Where the backend stores its book.
#[derive(clap::Args)]
struct Place {
    /// The backend's folder
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The PostgreSQL database (postgres://…), for several backends; or set BACKEND_DATABASE [default: SQLite in the
    /// folder]
    #[arg(long)]
    database: Option<String>,
}

impl Place {
    fn database(&self) -> anyhow::Result<Database> {
        database(self.database.as_ref(), self.dir.as_deref())
    }
}

impl Serve {
    fn database(&self) -> anyhow::Result<Database> {
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
enum Token {
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
        #[command(flatten)]
        place: Place,
    },
    /// List all tokens: name, shop, how the device pays, when it was made, last used (up to half a minute late), revoked
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
struct Serve {
    /// The address to listen on; without --cert loopback only
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The gateway's base URL
    #[arg(long)]
    gateway: String,
    /// Trust only this authority's certificate for the gateway (PEM or DER)
    #[arg(long)]
    gateway_ca: Option<PathBuf>,
    /// Also receive webhooks in plain HTTP at this loopback address, from a proxy on this machine
    #[arg(long)]
    listen_hooks: Option<SocketAddr>,
    /// Merchant keys: a JSON file with client_id and client_secret; or set CASHFREE_CLIENT_ID and
    /// CASHFREE_CLIENT_SECRET. With client_secret_before in it, webhooks signed with that secret are accepted too
    #[arg(long)]
    keys: Option<PathBuf>,
    /// The folder for the orders and the authority's certificate
    #[arg(long)]
    dir: PathBuf,
    /// The PostgreSQL database (postgres://…) for the orders, for several backends; or set BACKEND_DATABASE [default:
    /// SQLite in the folder]
    #[arg(long)]
    database: Option<String>,
    /// The largest amount of an order, in rupees
    #[arg(long, default_value = "1000.00", value_parser = amount, conflicts_with = "price")]
    cap: Amount,
    /// Accept only this amount, in rupees; may be given several times
    #[arg(long, value_parser = amount)]
    price: Vec<Amount>,
    /// The server's certificate chain (PEM)
    #[arg(long, requires = "key")]
    cert: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(long, requires = "cert")]
    key: Option<PathBuf>,
    /// The gateway's limits of calls per minute
    #[arg(long, default_value = "production")]
    limits: LimitsOf,
    /// The factor by which the gateway has raised these limits for you
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limits_times: u32,
    /// Connections at a time: each waiting device needs one
    #[arg(long, default_value = "256", value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// How long an order can be paid, in seconds
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(u64).range(60..=86_400))]
    order_life: u64,
    /// Refund paid orders without a report after this many hours [default: list them for a person]
    #[arg(long)]
    refund_unreported_after: Option<u16>,
    /// Create a token at the start and write it to this new file, for tests
    #[arg(long)]
    new_token_file: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum LimitsOf {
    Production,
    Sandbox,
}

#[derive(Deserialize)]
struct KeyFile {
    client_id: String,
    client_secret: Zeroizing<String>,
    client_secret_before: Option<Zeroizing<String>>,
}

impl KeyFile {
    fn webhooks(&self) -> anyhow::Result<Keys> {
        let keys = Keys::new(Key::parse(&self.client_secret)?);
        match &self.client_secret_before {
            Some(before) => Ok(keys.with_previous(Key::parse(before)?)),
            None => Ok(keys),
        }
    }
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    match (options.command, options.serve) {
        (Some(Command::Token(Token::Add { name, direct, shop, place })), _) => {
            let way = if direct { Way::Direct } else { Way::Relayed };
            println!("{}", *add_shop_token(place.database()?, &shop, &name, way)?);
            Ok(())
        }
        (Some(Command::Token(Token::List { place })), _) => {
            for token in tokens(place.database()?)? {
                println!("{}", line(&token));
            }
            Ok(())
        }
        (Some(Command::Token(Token::Revoke { name, place })), _) => {
            let is_revoked = revoke_token(place.database()?, &name)?;
            if is_revoked { Ok(()) } else { Err(anyhow!("there is no token {name}, or it is revoked already")) }
        }
        (Some(Command::Duties { place, order_life }), _) => {
            for (order, matter) in listed(place.database()?, terms(order_life), now()?)? {
                println!("{order} {} {}", matter.name(), matter.text());
            }
            Ok(())
        }
        (Some(Command::Done { order, duty, who, why, place, order_life }), _) => {
            let id = OrderId::parse(&order)?;
            let said = add_word(place.database()?, terms(order_life), now()?, &id, [&duty, &who, &why])?;
            if said { Ok(()) } else { Err(anyhow!("there is no order {order}")) }
        }
        (None, Some(serve)) => run(&serve),
        (None, None) => Err(anyhow!("give --gateway and --dir, or a command")),
    }
}

/// A token in one line; `-` for what is not known.
fn line(token: &DeviceToken) -> String {
    let time = |at: Option<Moment>| {
        at.map_or_else(|| "-".to_owned(), |at| Timestamp::from_unix(UnixSeconds(at.0 / 1000)).as_str().to_owned())
    };
    let way = if token.way == Way::Direct { "direct" } else { "relayed" };
    let shop = if token.shop.is_empty() { "-" } else { &token.shop };
    let revoked = token.revoked.map_or_else(String::new, |at| format!(" revoked {}", time(Some(at))));
    format!("{} shop {shop} {way} made {} seen {}{revoked}", token.name, time(token.made), time(token.seen))
}

fn now() -> anyhow::Result<Moment> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Moment(u64::try_from(now.as_millis())?))
}

fn terms(order_life: u64) -> Terms {
    Terms { life_ms: order_life.saturating_mul(1000), first_look_ms: 2_000, unreported: Unreported::Tell }
}

fn run(options: &Serve) -> anyhow::Result<()> {
    if let Some(path) = &options.new_token_file {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let token = add_token(options.database()?, &format!("start-{}", now.as_nanos()))?;
        write_secret(path, &token).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let config = config(options)?;
    let ca = config.dir.join("backend-ca.pem");
    let server = Server::start(config)?;
    let ca = server.ca_pem().map(|_| ca);
    println!("{}", serde_json::json!({"url": server.url(), "ca": ca, "hooks": server.hooks_url()}));
    std::io::stdout().flush()?;

    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || {
        let _ = stop.send(());
    })?;
    let _ = stopped.recv();
    Ok(())
}

fn config(options: &Serve) -> anyhow::Result<Config> {
    let keys = keys(options.keys.as_deref())?;
    let endpoint = Endpoint::parse(&options.gateway, Auth::merchant(&keys.client_id, &keys.client_secret)?)
        .map_err(|_| anyhow!("--gateway must be https://host, with a port and a path if need be"))?;
    let mut transport = transport_std::Config::new();
    if let Some(path) = &options.gateway_ca {
        let bytes = read(path)?;
        let is_pem = bytes.windows(11).any(|window| window == b"-----BEGIN ");
        let roots = if is_pem { Roots::from_pem(&bytes) } else { Roots::from_der([bytes.as_slice()]) };
        transport = transport.with_roots(roots.with_context(|| format!("{}", path.display()))?);
    }
    let mut config = Config::new(endpoint, transport, &options.dir);
    config.database = options.database()?;
    config.listen = options.listen;
    config.webhooks = Some(keys.webhooks()?);
    config.listen_hooks = options.listen_hooks;
    config.connections = options.connections.into();
    config.prices =
        if options.price.is_empty() { Prices::UpTo(options.cap) } else { Prices::Catalogue(options.price.clone()) };
    config.limits = match options.limits {
        LimitsOf::Production => Limits::PRODUCTION,
        LimitsOf::Sandbox => Limits::SANDBOX,
    }
    .times(options.limits_times);
    config.unreported = options.refund_unreported_after.map_or(Unreported::Tell, Unreported::RefundAfter);
    config.order_life = Duration::from_secs(options.order_life);
    if let (Some(cert), Some(key)) = (&options.cert, &options.key) {
        config.certificate = Some((read(cert)?, read(key)?));
    }
    config.notice = Arc::new(|notice| eprintln!("backend: {notice}"));
    Ok(config)
}

fn keys(path: Option<&Path>) -> anyhow::Result<KeyFile> {
    match path {
        // serde_json would say what it found there.
        Some(path) => serde_json::from_slice(&Zeroizing::new(read(path)?))
            .map_err(|_| anyhow!("{} is not a JSON object with client_id and client_secret", path.display())),
        None => {
            let set =
                |name| std::env::var(name).map_err(|_| anyhow!("give --keys, or set {CLIENT_ID} and {CLIENT_SECRET}"));
            let client_secret = Zeroizing::new(set(CLIENT_SECRET)?);
            Ok(KeyFile { client_id: set(CLIENT_ID)?, client_secret, client_secret_before: None })
        }
    }
}

fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn amount(text: &str) -> Result<Amount, String> {
    Amount::parse(text).map_err(|error| error.to_string())
}
