//! How a backend is set up.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use pay_core::model::Amount;
use pay_core::wire::Endpoint;
use pay_core::wire::webhook::Keys;
use transport_std::SetupError;

use crate::account::{MERCHANT, is_name};
use crate::book::{Terms, Unreported};
use crate::budget::Limits;
use crate::call::Prices;
use crate::notice::Notice;
use crate::page::PageConfig;
use crate::store::Database;

/// Most for an order, unless something else is said: 1000.00.
const CAP: Amount = match Amount::from_minor(100_000) {
    Ok(amount) => amount,
    Err(_) => panic!("15 digits fit"),
};

/// How a [`Server`](crate::Server) starts.
#[derive(Clone)]
pub struct Config {
    /// Where to listen. Port 0 lets the operating system choose. Loopback only without [`Config::certificate`].
    pub listen: SocketAddr,
    /// The gateway, with the merchant's keys.
    pub gateway: Endpoint,
    /// The merchant's other accounts at the gateway. [`Config::gateway`], [`Config::limits`] and [`Config::webhooks`] are those of the account
    /// [`MERCHANT`](crate::MERCHANT); all else is the same for all accounts.
    pub accounts: Vec<AccountConfig>,
    /// How the gateway is reached, and whom to trust there.
    pub transport: transport_std::Config,
    /// The addresses of this machine that calls to the gateway come from, in turn; none: the operating system chooses. The gateway limits
    /// Order Pay by address, so each has [`Limits::order_pay`] of its own; all other limits are the account's.
    pub outgoing: Vec<IpAddr>,
    /// Where the orders and the hashes of tokens are.
    pub database: Database,
    /// Where, without [`Config::certificate`], the authority's certificate is.
    pub dir: PathBuf,
    /// Connections at a time (default 256): each waiting device has one. A process may have to be allowed more open files
    /// (`ulimit -n`, `LimitNOFILE=`).
    pub connections: usize,
    /// Requests a second of one token (default 50), and ten times as many at once; more get 429.
    pub per_token: u32,
    /// What the gateway's webhooks are signed with. Without it they are answered with 404, and waiting devices learn by asking alone.
    pub webhooks: Option<Keys>,
    /// Where webhooks come in plain HTTP from a proxy on this machine, which has the public certificate. Loopback only. They are taken
    /// at [`Config::listen`] as well.
    pub listen_hooks: Option<SocketAddr>,
    /// The page for people; none without it.
    pub page: Option<PageConfig>,
    /// Where `/healthz`, `/readyz` and `/metrics` are, in plain HTTP. They have no secrets, and are not for everybody all the same.
    pub monitor: Option<SocketAddr>,
    /// What may be sold for.
    pub prices: Prices,
    /// Calls per minute to the gateway.
    pub limits: Limits,
    /// The server's certificate chain and key, each PEM. Without them the server makes its own authority.
    pub certificate: Option<(Vec<u8>, Vec<u8>)>,
    /// How long an order can be paid; the gateway's own default is 30 days.
    pub order_life: Duration,
    /// How long an answer of the gateway is taken for true.
    pub fresh: Duration,
    /// The same, of an order that will not change any more.
    pub fresh_final: Duration,
    /// First pause between two looks at an order that is to end; each pause is twice the one before, up to 10 minutes.
    pub first_look: Duration,
    /// What becomes of an order that was paid and never reported on.
    pub unreported: Unreported,
    /// Where [`Notice`]s go.
    pub notice: Arc<dyn Fn(&Notice) + Send + Sync>,
}

/// Another account of the merchant's: devices whose token was made for it sell with its keys, within its limits.
#[derive(Clone)]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct AccountConfig {
    /// Its name, of 1 to 32 letters, digits, `-` or `_`: of its devices' tokens, and the last part of its webhooks' path.
    pub name: String,
    /// The gateway, with this account's keys.
    pub gateway: Endpoint,
    /// What the gateway's webhooks of this account are signed with.
    pub webhooks: Option<Keys>,
    /// Calls per minute to the gateway for this account. Order Pay is counted by address, for all accounts together.
    pub limits: Limits,
}

/// Why a server did not start.
#[derive(Debug)]
pub enum StartError {
    /// Without a certificate of its own the server listens on loopback addresses only.
    NotLoopback,
    /// Webhooks in plain HTTP are taken on loopback addresses only.
    HooksNotLoopback,
    /// The page for people: why.
    Page(&'static str),
    /// The address, the directory or a file.
    Io(io::Error),
    /// The certificate or its key.
    Certificate(String),
    /// How the gateway is reached.
    Gateway(SetupError),
    /// The name of an account: it is none, or there are two of it.
    Account(String),
    /// An outgoing address that this machine does not have.
    Outgoing(IpAddr, io::Error),
}

impl Config {
    /// Loopback, SQLite in `dir`, an authority of its own, up to 1000.00 an order, 15 minutes to pay it, production's limits, answers
    /// fresh for a second.
    pub fn new(gateway: Endpoint, transport: transport_std::Config, dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            gateway,
            accounts: Vec::new(),
            transport,
            outgoing: Vec::new(),
            database: Database::Folder(dir.clone()),
            dir,
            connections: 256,
            per_token: 50,
            webhooks: None,
            listen_hooks: None,
            page: None,
            monitor: None,
            prices: Prices::UpTo(CAP),
            limits: Limits::PRODUCTION,
            certificate: None,
            order_life: Duration::from_secs(15 * 60),
            fresh: Duration::from_secs(1),
            fresh_final: Duration::from_secs(60),
            first_look: Duration::from_secs(2),
            unreported: Unreported::default(),
            notice: Arc::new(|_| {}),
        }
    }
}

impl Config {
    /// Whether all accounts have names of their own.
    pub(crate) fn check_accounts(&self) -> Result<(), StartError> {
        let mut taken = BTreeSet::from([MERCHANT]);
        for AccountConfig { name, .. } in &self.accounts {
            if !is_name(name) || !taken.insert(name) {
                return Err(StartError::Account(name.clone()));
            }
        }
        Ok(())
    }

    pub(crate) fn terms(&self) -> Terms {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Terms { life_ms: ms(self.order_life), first_look_ms: ms(self.first_look), unreported: self.unreported }
    }
}

/// Without the keys.
impl fmt::Debug for AccountConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountConfig").field("name", &self.name).field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Without the private key.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("gateway", &self.gateway)
            .field("database", &self.database)
            .field("dir", &self.dir)
            .field("prices", &self.prices)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoopback => {
                f.write_str("without a certificate of its own the backend listens on loopback addresses only")
            }
            Self::HooksNotLoopback => f.write_str("webhooks in plain HTTP are taken on loopback addresses only"),
            Self::Page(why) => write!(f, "the page: {why}"),
            Self::Io(error) => write!(f, "the backend cannot start: {error}"),
            Self::Certificate(error) => write!(f, "the certificate or its key: {error}"),
            Self::Gateway(error) => write!(f, "the gateway: {error}"),
            Self::Account(name) => write!(
                f,
                "account {name:?}: a name is 1 to 32 letters, digits, '-' or '_', is not '{MERCHANT}', and is given once"
            ),
            Self::Outgoing(address, error) => write!(f, "no call can come from {address}: {error}"),
        }
    }
}

impl core::error::Error for StartError {}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
