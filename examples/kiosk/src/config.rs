//! What a kiosk is told when it is set up: its servers, what it sells, how long it waits.

use core::fmt;
use core::num::{NonZeroU16, NonZeroU32};

use pay_core::model::Text;
use pay_core::sale::Limits;
use pay_core::wire::{Auth, Endpoint};
use pay_core::{Amount, OrderId, PaymentSessionId};
use transport_embassy::tls::{CertificateDer, TrustAnchor, anchor_from_trusted_cert};

/// [`Settings`] that were checked: the program needs nothing else to know what to do.
///
/// A program makes one with [`Config::new`], a board reads one with [`Config::read`]. Texts and certificates stay where they are.
#[derive(Clone)]
pub struct Config<'a>(Settings<'a>);

/// What a [`Config`] is made of.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)]
pub struct Settings<'a> {
    /// The gateway, which takes payments.
    pub gateway: Server<'a>,
    /// 32 random bytes of this device alone. Its idempotency keys come from them, the same after a power cut.
    pub secret: &'a [u8; 32],
    /// How long a shopper has, in seconds. As long again is waited for an order to close.
    pub patience_s: NonZeroU32,
    /// How much may be unsettled when a sale begins.
    pub limits: Limits,
    /// What to do at each start.
    pub task: Task<'a>,
}

/// Where a server is, and how it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)]
pub struct Server<'a> {
    /// Address to connect to: a DNS name or an IPv4 address.
    pub host: &'a str,
    /// TCP port.
    pub port: NonZeroU16,
    /// The name in its certificate.
    pub name: &'a str,
    /// The certificate to trust, DER.
    pub ca: &'a [u8],
}

/// The merchant's backend: it makes orders, knows how they stand, and pays for its kiosks.
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)]
pub struct Backend<'a> {
    /// Where it is.
    pub server: Server<'a>,
    /// What shows it which device this is: 1 to 256 visible ASCII characters.
    pub token: &'a str,
    /// Pay at the gateway, not through the backend. The token must be one that was made for that.
    pub direct: bool,
}

/// What to do.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)]
pub enum Task<'a> {
    /// Sell.
    Sell(Sale<'a>),
    /// Settle what the journal has open, and sell nothing.
    Resume(Backend<'a>),
    /// Connect to the gateway, say what was negotiated, send nothing.
    Probe,
}

/// What is sold.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)]
pub struct Sale<'a> {
    /// The order.
    pub order: Order<'a>,
    /// What is to be paid.
    pub amount: Amount,
    /// How to pay.
    pub means: Means,
    /// How many sales, one after the other. Of an order that exists: attempts at it.
    pub repeat: NonZeroU16,
}

/// Whose order is paid.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)]
pub enum Order<'a> {
    /// The backend makes it.
    New {
        /// Makes it.
        backend: Backend<'a>,
        /// Its id; one is minted if there is none.
        id: Option<OrderId>,
    },
    /// It exists, and is paid at the gateway.
    Existing {
        /// Its id.
        id: OrderId,
        /// Its `payment_session_id`. Shown in no event.
        session: &'a str,
        /// Is asked how it stands. Without it a sale ends while that is not known.
        backend: Option<Backend<'a>>,
    },
}

/// How to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)]
pub enum Means {
    /// The gateway's QR image.
    UpiQrCode,
    /// A UPI link that the kiosk draws as a QR.
    UpiLink,
    /// A card, which goes straight to the gateway. If there is an OTP it is entered here, else the bank's page is shown.
    Card,
}

/// Why there is no [`Config`]. Shows no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A value cannot be used.
    Value(Field),
    /// It takes more than [`Config::PAGE_MAX`] bytes.
    TooLong,
    /// Nothing was written there, or something else.
    Missing,
    /// Its form is one that this program does not read: the version, 0 for pages that had a command line.
    Version(u16),
    /// Some of its bytes are not those that were written, or it is cut.
    Damaged,
    /// It was not written by [`Config::write`].
    Form,
}

/// A value of [`Settings`] that may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Field {
    /// [`Server::host`].
    Host(Side),
    /// [`Server::name`].
    Name(Side),
    /// [`Server::ca`].
    Ca(Side),
    /// [`Backend::token`].
    Token,
    /// [`Order::Existing::session`].
    Session,
}

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)]
pub enum Side {
    /// The gateway.
    Gateway,
    /// The backend.
    Backend,
}

/// Unless something else is said: one sale less than a small flash keeps, 10,000.00, a day.
pub const LIMITS: Limits = Limits { open: 7, total_minor: 1_000_000, oldest_s: 24 * 60 * 60 };

impl<'a> Config<'a> {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ConfigError::Value`], [`ConfigError::TooLong`].
    pub fn new(settings: Settings<'a>) -> Result<Self, ConfigError> {
        let config = Self::of_any_length(settings)?;
        if config.page_len() > Self::PAGE_MAX { Err(ConfigError::TooLong) } else { Ok(config) }
    }

    /// Checks all but the length of the page.
    pub(crate) fn of_any_length(settings: Settings<'a>) -> Result<Self, ConfigError> {
        check_server(Side::Gateway, &settings.gateway)?;
        let config = Self(settings);
        if let Some(backend) = config.backend() {
            check_server(Side::Backend, &backend.server)?;
            Auth::bearer(backend.token).map_err(|_| ConfigError::Value(Field::Token))?;
        }
        if let Task::Sell(Sale { order: Order::Existing { session, .. }, .. }) = &config.0.task {
            PaymentSessionId::parse(session).map_err(|_| ConfigError::Value(Field::Session))?;
        }
        Ok(config)
    }

    /// What was checked.
    pub const fn settings(&self) -> &Settings<'a> {
        &self.0
    }

    /// The backend, if there is one.
    pub const fn backend(&self) -> Option<&Backend<'a>> {
        match &self.0.task {
            Task::Sell(Sale { order: Order::New { backend, .. }, .. }) | Task::Resume(backend) => Some(backend),
            Task::Sell(Sale { order: Order::Existing { backend, .. }, .. }) => backend.as_ref(),
            Task::Probe => None,
        }
    }

    /// Whether the backend pays for this kiosk: a card goes straight to the gateway, and so does an order that others made.
    pub fn is_relayed(&self) -> bool {
        self.backend().is_some_and(|backend| !backend.direct)
            && !matches!(
                self.0.task,
                Task::Sell(Sale { order: Order::Existing { .. }, .. } | Sale { means: Means::Card, .. })
            )
    }
}

impl Server<'_> {
    /// Its base URL, by the name of its certificate. The backend has the paths of the gateway.
    pub(crate) fn endpoint(&self, auth: Auth) -> Option<Endpoint> {
        let mut url = Text::<200>::new();
        fmt::Write::write_fmt(&mut url, format_args!("https://{}:{}/pg", self.name, self.port)).ok()?;
        Endpoint::parse(&url, auth).ok()
    }
}

fn check_server(side: Side, server: &Server<'_>) -> Result<(), ConfigError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
    if server.host.is_empty() || server.host.len() > 253 || !server.host.bytes().all(plain) {
        return Err(ConfigError::Value(Field::Host(side)));
    }
    if server.endpoint(Auth::Session).is_none() {
        return Err(ConfigError::Value(Field::Name(side)));
    }
    anchor(side, &CertificateDer::from_slice(server.ca)).map(|_| ())
}

/// The certificate, to be trusted.
pub(crate) fn anchor<'c>(side: Side, ca: &'c CertificateDer<'_>) -> Result<TrustAnchor<'c>, ConfigError> {
    anchor_from_trusted_cert(ca).map_err(|_| ConfigError::Value(Field::Ca(side)))
}

impl Field {
    /// What is expected there.
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Host(_) => "a DNS name or an IPv4 address",
            Self::Name(_) => "a host name",
            Self::Ca(_) => "one certificate in DER",
            Self::Token => "1 to 256 visible ASCII characters",
            Self::Session => "the payment_session_id of an order",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (side, name) = match self {
            Self::Host(side) => (*side, "host"),
            Self::Name(side) => (*side, "name"),
            Self::Ca(side) => (*side, "ca"),
            Self::Token => (Side::Backend, "token"),
            Self::Session => return f.write_str("order.session"),
        };
        let side = match side {
            Side::Gateway => "gateway",
            Side::Backend => "backend",
        };
        write!(f, "{side}.{name}")
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value(field) => return write!(f, "{field}: should be {}", field.expected()),
            Self::TooLong => return write!(f, "over {} bytes: give shorter certificates", Config::PAGE_MAX),
            Self::Version(0) => {
                "the page has a command line, which is no longer read: write it anew by kiosk provision"
            }
            Self::Version(version) => {
                return write!(
                    f,
                    "the page is of version {version}, this program reads {}: write it anew by kiosk provision",
                    Config::VERSION
                );
            }
            Self::Missing => "there is no page: write one by kiosk provision",
            Self::Damaged => "the page is damaged: write it anew by kiosk provision",
            Self::Form => "the page was not written by kiosk provision",
        })
    }
}

impl core::error::Error for ConfigError {}

/// They hold secrets.
macro_rules! hide {
    ($($name:ident),*) => {
        $(impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        })*
    };
}
hide!(Config, Settings, Backend, Task, Sale, Order);

#[cfg(test)]
pub(crate) mod tests {
    extern crate std;
    use std::format;

    use super::*;

    /// A certificate.
    pub(crate) const CA: &[u8] = include_bytes!("../tests/ca.der");

    pub(crate) const SERVER: Server<'_> =
        Server { host: "127.0.0.1", port: NonZeroU16::new(8443).unwrap(), name: "localhost", ca: CA };

    pub(crate) const BACKEND: Backend<'_> =
        Backend { server: Server { host: "b", name: "b", ..SERVER }, token: "token", direct: false };

    pub(crate) fn settings(task: Task<'_>) -> Settings<'_> {
        let patience_s = NonZeroU32::new(300).unwrap();
        Settings { gateway: SERVER, secret: &[7; 32], patience_s, limits: LIMITS, task }
    }

    pub(crate) fn sale(order: Order<'_>, means: Means) -> Task<'_> {
        Task::Sell(Sale { order, amount: Amount::from_minor(1015).unwrap(), means, repeat: NonZeroU16::MIN })
    }

    pub(crate) fn existing<'a>(session: &'a str, backend: Option<Backend<'a>>) -> Order<'a> {
        Order::Existing { id: OrderId::parse("order-1").unwrap(), session, backend }
    }

    const NEW: Order<'_> = Order::New { backend: BACKEND, id: None };

    /// Meant to notice: each of the four conditions of `is_relayed` left out.
    #[test]
    fn the_backend_pays_where_it_may() {
        let direct = Order::New { backend: Backend { direct: true, ..BACKEND }, id: None };
        for (task, relayed) in [
            (sale(NEW, Means::UpiQrCode), true),
            (sale(NEW, Means::UpiLink), true),
            (sale(NEW, Means::Card), false),
            (sale(direct, Means::UpiLink), false),
            (sale(existing("s", Some(BACKEND)), Means::UpiLink), false),
            (sale(existing("s", None), Means::UpiLink), false),
            (Task::Resume(BACKEND), true),
            (Task::Resume(Backend { direct: true, ..BACKEND }), false),
            (Task::Probe, false),
        ] {
            assert_eq!(Config::new(settings(task)).unwrap().is_relayed(), relayed);
        }
    }

    /// Meant to notice: each check of `Config::new` left out.
    #[test]
    fn names_the_field_that_is_wrong() {
        let long = &[b'a'; 254];
        let long = core::str::from_utf8(long).unwrap();
        let gateway = |server| Settings { gateway: server, ..settings(sale(NEW, Means::UpiLink)) };
        let backend = |backend| settings(Task::Resume(backend));
        for (settings, error) in [
            (gateway(Server { host: "a b", ..SERVER }), "gateway.host: should be a DNS name or an IPv4 address"),
            (gateway(Server { host: long, ..SERVER }), "gateway.host: should be a DNS name or an IPv4 address"),
            (gateway(Server { host: "", ..SERVER }), "gateway.host: should be a DNS name or an IPv4 address"),
            (gateway(Server { name: "a/b", ..SERVER }), "gateway.name: should be a host name"),
            (gateway(Server { name: long, ..SERVER }), "gateway.name: should be a host name"),
            (gateway(Server { ca: &CA[1..], ..SERVER }), "gateway.ca: should be one certificate in DER"),
            (
                backend(Backend { server: Server { ca: b"", ..SERVER }, ..BACKEND }),
                "backend.ca: should be one certificate in DER",
            ),
            (
                backend(Backend { token: "a\n", ..BACKEND }),
                "backend.token: should be 1 to 256 visible ASCII characters",
            ),
            (
                settings(sale(existing("", None), Means::Card)),
                "order.session: should be the payment_session_id of an order",
            ),
        ] {
            assert_eq!(format!("{}", Config::new(settings).unwrap_err()), error);
        }
    }

    /// Meant to notice: a secret, token or session in what `Debug` prints.
    #[test]
    fn shows_no_secret() {
        let settings = settings(sale(existing("session_1", Some(BACKEND)), Means::Card));
        let shown = format!("{settings:?} {:?} {:?} {:?}", settings.task, BACKEND, Config::new(settings.clone()));
        assert_eq!(shown, "Settings(***) Task(***) Backend(***) Ok(Config(***))");
    }
}
