//! The settings of a backend.

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

/// The default cap on an order's amount: 1000.00.
const CAP: Amount = match Amount::from_minor(100_000) {
    Ok(amount) => amount,
    Err(_) => panic!("15 digits fit"),
};

/// The settings that a [`Server`](crate::Server) starts with.
#[derive(Clone)]
pub struct Config {
    /// Where to listen. Port 0 lets the operating system choose. Loopback only without [`Config::certificate`].
    pub listen: SocketAddr,
    /// The gateway, with the merchant's keys.
    pub gateway: Endpoint,
    /// The merchant's other accounts at the gateway. [`Config::gateway`], [`Config::limits`] and [`Config::webhooks`] belong to the account
    /// [`MERCHANT`](crate::MERCHANT); all other settings apply to every account.
    pub accounts: Vec<AccountConfig>,
    /// How to connect to the gateway, and which certificates to trust.
    pub transport: transport_std::Config,
    /// Source addresses for calls to the gateway, used in turn. If empty, the operating system chooses. The gateway limits Order Pay by
    /// address, so each address has its own [`Limits::order_pay`]; all other limits count per account.
    pub outgoing: Vec<IpAddr>,
    /// Where orders and the hashes of tokens are stored.
    pub database: Database,
    /// The folder for the certificate of the backend's own authority (used without [`Config::certificate`]).
    pub dir: PathBuf,
    /// Connections at a time (default 256): each waiting device needs one. For more, you may have to raise the process's limit of open
    /// files (`ulimit -n`, `LimitNOFILE=`).
    pub connections: usize,
    /// Requests per second of one token (default 50), in bursts of up to ten times as many; further ones get 429.
    pub per_token: u32,
    /// The secret that signs the gateway's webhooks. Without it webhooks get 404, and devices learn of payments only by asking.
    pub webhooks: Option<Keys>,
    /// Where to receive webhooks in plain HTTP from a proxy on this machine that has the public certificate. Loopback only.
    /// [`Config::listen`] accepts webhooks as well.
    pub listen_hooks: Option<SocketAddr>,
    /// The page for people. `None`: there is no page.
    pub page: Option<PageConfig>,
    /// Where to serve `/healthz`, `/readyz` and `/metrics`, in plain HTTP. They show no secrets, but do not make them public.
    pub monitor: Option<SocketAddr>,
    /// Which amounts are allowed.
    pub prices: Prices,
    /// Calls per minute to the gateway.
    pub limits: Limits,
    /// The server's certificate chain and key, each PEM. Without them the server makes its own authority.
    pub certificate: Option<(Vec<u8>, Vec<u8>)>,
    /// How long an order can be paid; the gateway's own default is 30 days.
    pub order_life: Duration,
    /// How long an answer of the gateway is reused.
    pub fresh: Duration,
    /// The same for an order that will not change any more.
    pub fresh_final: Duration,
    /// The first pause between two readings of an order that is being closed. Each pause is twice the one before, up to 10 minutes.
    pub first_look: Duration,
    /// What to do about a paid order that its device never reports on.
    pub unreported: Unreported,
    /// Receives the [`Notice`]s.
    pub notice: Arc<dyn Fn(&Notice) + Send + Sync>,
}

/// Another account of the merchant. Devices whose token was created for it sell with its keys, within its limits.
#[derive(Clone)]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct AccountConfig {
    /// Its name: 1 to 32 letters, digits, `-` or `_`. Its devices' tokens carry it, and the path of its webhooks ends with it.
    pub name: String,
    /// The gateway, with this account's keys.
    pub gateway: Endpoint,
    /// The secret that signs this account's webhooks.
    pub webhooks: Option<Keys>,
    /// Calls per minute to the gateway for this account. Order Pay is counted by source address, for all accounts together.
    pub limits: Limits,
}

/// Why a server did not start.
#[derive(Debug)]
pub enum StartError {
    /// Without a certificate of its own the server listens on loopback addresses only.
    NotLoopback,
    /// Webhooks in plain HTTP are taken on loopback addresses only.
    HooksNotLoopback,
    /// The page for people cannot be served: the reason.
    Page(&'static str),
    /// The address, the folder or a file cannot be used.
    Io(io::Error),
    /// The certificate or its key cannot be used.
    Certificate(String),
    /// The connection to the gateway cannot be set up.
    Gateway(SetupError),
    /// The name of an account is invalid, or given twice.
    Account(String),
    /// This machine does not have this source address.
    Outgoing(IpAddr, io::Error),
}

impl Config {
    /// Listens on loopback, stores in SQLite in `dir`, makes its own certificate authority, allows orders up to 1000.00 and 15 minutes to
    /// pay them, uses production's limits, and reuses answers for a second.
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
    /// Checks that each account has a valid name of its own.
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
