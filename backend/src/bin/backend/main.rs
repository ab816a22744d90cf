//! The backend's program.
#![forbid(unsafe_code)]

mod check;
mod completions;
mod log;
mod man;
mod options;
mod reconcile;
mod stop;

use std::fs::{self, OpenOptions};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};
use backend::book::{Moment, Terms, Unreported};
use backend::{
    AccountConfig, Config, DeviceToken, Finding, Forgotten, PageConfig, Prices, Server, Way, add_account_token,
    add_person, add_token, add_word, forget, listed, people, remove_person, revoke_token, tokens,
};
use clap::Parser;
use options::{Command, Options, Person, Serve, Token};
use pay_core::model::{OrderId, Timestamp, UnixSeconds};
use pay_core::wire::webhook::{Key, Keys};
use pay_core::wire::{Auth, Endpoint};
use serde::Deserialize;
use stop::Stop;
use transport_std::Roots;
use zeroize::Zeroizing;

const CLIENT_ID: &str = "CASHFREE_CLIENT_ID";
const CLIENT_SECRET: &str = "CASHFREE_CLIENT_SECRET";

#[derive(Deserialize)]
struct KeyFile {
    client_id: String,
    client_secret: Zeroizing<String>,
    client_secret_before: Option<Zeroizing<String>>,
    /// For `--account`: replaces `--limits-times`.
    limits_times: Option<u32>,
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

fn main() -> ExitCode {
    // One line, for an operator: no backtrace, whatever the environment asks for.
    command(Options::parse()).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn command(options: Options) -> anyhow::Result<ExitCode> {
    let done = match (options.command, options.serve) {
        (Some(Command::Token(Token::Add { name, direct, shop, account, place })), _) => {
            let way = if direct { Way::Direct } else { Way::Relayed };
            println!("{}", *add_account_token(place.database()?, &account, &shop, &name, way)?);
            Ok(())
        }
        (Some(Command::Token(Token::List { place })), _) => {
            for token in tokens(place.existing()?)? {
                println!("{}", line(&token));
            }
            Ok(())
        }
        (Some(Command::Token(Token::Revoke { name, place })), _) => {
            let is_revoked = revoke_token(place.existing()?, &name)?;
            if is_revoked { Ok(()) } else { Err(anyhow!("there is no token {name}, or it is revoked already")) }
        }
        (Some(Command::Person(Person::Add { name, place })), _) => {
            Ok(add_person(place.database()?, &name, &password()?)?)
        }
        (Some(Command::Person(Person::List { place })), _) => {
            people(place.existing()?)?.iter().for_each(|person| println!("{person}"));
            Ok(())
        }
        (Some(Command::Person(Person::Remove { name, place })), _) => {
            let is_gone = remove_person(place.existing()?, &name)?;
            if is_gone { Ok(()) } else { Err(anyhow!("there is no person {name}")) }
        }
        (Some(Command::Duties { place, order_life }), _) => {
            for (order, matter) in listed(place.existing()?, terms(order_life), now()?)? {
                println!("{order} {} {}", matter.name(), matter.text());
            }
            Ok(())
        }
        (Some(Command::Forget { older_than, dry_run, place }), _) => {
            let Forgotten { orders, kept, sessions, tokens, .. } =
                forget(place.existing()?, older_than, now()?, dry_run)?;
            let did = if dry_run { "would forget" } else { "forgot" };
            println!("{did}: orders {orders}, sessions {sessions}, revoked tokens {tokens}");
            println!("kept: {kept} orders of that age that are not settled or have just changed");
            Ok(())
        }
        (Some(Command::Done { order, duty, who, why, place, order_life }), _) => {
            let id = OrderId::parse(&order)?;
            let said = add_word(place.existing()?, terms(order_life), now()?, &id, [&duty, &who, &why])?;
            if said { Ok(()) } else { Err(anyhow!("there is no order {order}")) }
        }
        (Some(Command::Completions { shell }), _) => completions::run(shell),
        (Some(Command::Man { dir }), _) => man::run(dir.as_deref()),
        (Some(Command::Check(serve)), _) => found(&check::of(&serve)),
        // The only command that ends in more than two ways.
        (Some(Command::Reconcile(wanted)), _) => return Ok(reconcile::run(&wanted)),
        (None, Some(serve)) => run(&serve),
        (None, None) => Err(anyhow!("give --gateway and --dir, or a command")),
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// A token in one line; `-` for an unknown value.
fn line(token: &DeviceToken) -> String {
    let time = |at: Option<Moment>| {
        at.map_or_else(|| "-".to_owned(), |at| Timestamp::from_unix(UnixSeconds(at.0 / 1000)).as_str().to_owned())
    };
    let way = if token.way == Way::Direct { "direct" } else { "relayed" };
    let shop = if token.shop.is_empty() { "-" } else { &token.shop };
    let revoked = token.revoked.map_or_else(String::new, |at| format!(" revoked {}", time(Some(at))));
    let account = &token.account;
    format!(
        "{} shop {shop} account {account} {way} made {} seen {}{revoked}",
        token.name,
        time(token.made),
        time(token.seen)
    )
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
    log::begin(options.log);
    let mut config = config(options, &keys(options.keys.as_deref())?)?;
    config.notice = log::notices(options.log);
    let stop = Stop::listen()?;
    let ca = config.dir.join("backend-ca.pem");
    let server = Server::start(config)?;
    let ca = server.ca_pem().map(|_| ca);
    println!(
        "{}",
        serde_json::json!({"url": server.url(), "ca": ca, "hooks": server.hooks_url(), "page": server.page_url(), "monitor": server.monitor_address()})
    );
    std::io::stdout().flush()?;

    stop.wait();
    log::stopping(options.log);
    drop(server);
    Ok(())
}

/// Prints what was checked.
fn found(findings: &[Finding]) -> anyhow::Result<()> {
    findings.iter().for_each(|finding| println!("{finding}"));
    match findings.iter().filter(|finding| finding.is_wrong).count() {
        0 => Ok(()),
        wrong => Err(anyhow!("problems found: {wrong}")),
    }
}

/// Asks twice at a terminal; otherwise reads the first line of standard input.
fn password() -> anyhow::Result<Zeroizing<String>> {
    if std::io::stdin().is_terminal() {
        let password = Zeroizing::new(rpassword::prompt_password("Password: ")?);
        let again = Zeroizing::new(rpassword::prompt_password("Again: ")?);
        return if password == again { Ok(password) } else { Err(anyhow!("the two passwords differ")) };
    }
    let mut line = Zeroizing::new(String::new());
    std::io::stdin().read_line(&mut line)?;
    Ok(Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The gateway, and how to connect to it.
fn gateway(url: &str, ca: Option<&Path>, keys: &KeyFile) -> anyhow::Result<(Endpoint, transport_std::Config)> {
    let endpoint = Endpoint::parse(url, Auth::merchant(&keys.client_id, &keys.client_secret)?)
        .map_err(|_| anyhow!("--gateway must be https://host, with a port and a path if need be"))?;
    let mut transport = transport_std::Config::new();
    if let Some(path) = ca {
        let bytes = read(path)?;
        let is_pem = bytes.windows(11).any(|window| window == b"-----BEGIN ");
        let roots = if is_pem { Roots::from_pem(&bytes) } else { Roots::from_der([bytes.as_slice()]) };
        transport = transport.with_roots(roots.with_context(|| format!("{}", path.display()))?);
    }
    Ok((endpoint, transport))
}

fn config(options: &Serve, keys: &KeyFile) -> anyhow::Result<Config> {
    let (endpoint, transport) = gateway(&options.gateway, options.gateway_ca.as_deref(), keys)?;
    let mut config = Config::new(endpoint, transport, &options.dir);
    config.database = options.database()?;
    config.listen = options.listen;
    config.outgoing.clone_from(&options.outgoing);
    config.webhooks = Some(keys.webhooks()?);
    config.listen_hooks = options.listen_hooks;
    config.monitor = options.monitor;
    config.page = options.page.map(|listen| PageConfig {
        listen,
        origin: options.page_origin.clone(),
        person_header: options.page_person_header.clone(),
    });
    config.connections = options.connections.into();
    config.per_token = options.requests_per_token;
    for (name, path) in &options.account {
        let keys = self::keys(Some(path))?;
        let (gateway, _) = gateway(&options.gateway, None, &keys)?;
        let limits = options.limits.times(keys.limits_times.unwrap_or(options.limits_times));
        config.accounts.push(AccountConfig { name: name.clone(), gateway, webhooks: Some(keys.webhooks()?), limits });
    }
    config.prices =
        if options.price.is_empty() { Prices::UpTo(options.cap) } else { Prices::Catalogue(options.price.clone()) };
    config.limits = options.limits.times(options.limits_times);
    config.unreported = options.refund_unreported_after.map_or(Unreported::Tell, Unreported::RefundAfter);
    config.order_life = Duration::from_secs(options.order_life);
    if let (Some(cert), Some(key)) = (&options.cert, &options.key) {
        config.certificate = Some((read(cert)?, read(key)?));
    }
    Ok(config)
}

fn keys(path: Option<&Path>) -> anyhow::Result<KeyFile> {
    match path {
        Some(path) => {
            let file = Zeroizing::new(read(path)?);
            // Windows' editors write a byte order mark.
            let json = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&file);
            // The error of serde_json would show what it found there.
            serde_json::from_slice(json)
                .map_err(|_| anyhow!("{} is not a JSON object with client_id and client_secret", path.display()))
        }
        None => {
            let set =
                |name| std::env::var(name).map_err(|_| anyhow!("give --keys, or set {CLIENT_ID} and {CLIENT_SECRET}"));
            let client_secret = Zeroizing::new(set(CLIENT_SECRET)?);
            Ok(KeyFile { client_id: set(CLIENT_ID)?, client_secret, client_secret_before: None, limits_times: None })
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
