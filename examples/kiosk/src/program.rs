//! The program: connections, sales, the shopper.

use core::cell::{Cell, RefCell};
use core::convert::Infallible;
use core::fmt;
use core::pin::pin;

use embassy_time::{Duration, Instant};
use pay_core::drive::{Apart, Routes};
use pay_core::model::DeviceSecret;
use pay_core::till::{Device, Till};
use pay_core::wire::Auth;
use pay_core::{Buffers, Journal};
use rand_core::CryptoRngCore;
use transport_embassy::tls::{self, CertificateDer, Clock, Trust, TrustAnchor};
use transport_embassy::{Connect, Link, Transport};

use crate::card::{self, Otps};
use crate::config::{Config, ConfigError, Field, Means, Sale, Server, Side, Task, anchor};
use crate::counter::Counter;
use crate::ear::Ear;
use crate::exit::Exit;
use crate::fence::Fence;
use crate::front::Front;
use crate::local::Local;
use crate::probe;
use crate::report::Report;
use crate::sales;
use crate::screen::Screen;
use crate::vendor::Vendor;

/// 2026-01-01T00:00:00Z: a clock that shows less was never set. A product takes the day of its release.
const RELEASED_S: u64 = 1_767_225_600;

/// What the shopper brings, in place of a card reader and a keypad. Overwritten once it is used.
#[derive(Default)]
#[allow(clippy::exhaustive_structs)]
pub struct Shopper<'f> {
    /// The card, JSON: `number`, `expiry_month`, `expiry_year`, `cvv` and, if wanted, `holder`, all text.
    pub card: &'f mut [u8],
    /// OTPs, one a line.
    pub otps: &'f mut [u8],
}

/// The machine that the program runs on.
#[allow(clippy::exhaustive_structs)]
pub struct Machine<'b, C, R, K, J, V> {
    /// One TCP connection at a time.
    pub connector: C,
    /// Memory for TLS.
    pub tls: tls::Buffers<'b>,
    /// A cryptographic source, for TLS.
    pub tls_random: R,
    /// Another, for ids.
    pub random: R,
    /// The wall clock.
    pub clock: K,
    /// Remembers sales: in memory, or over power cuts. A sale that is never settled takes a place in it.
    pub journal: J,
    /// Hands out the goods.
    pub vendor: V,
    /// Memory for requests (1 KiB) and answers (12 KiB).
    pub buffers: Buffers<'b>,
    /// Overwrites what finished calls left on the stack. A desktop has its own protection and gives a function that does nothing.
    pub scrub: fn(),
    /// Whether card and OTPs are wiped. `false` only for a test that must see them found.
    pub wipe: bool,
}

/// Does what the config says: sells, settles, or probes. The answer is how the last sale ended.
///
/// Cancellation: dropping the future leaves a sale whose fate is unknown.
// One function: a future that holds a till is not built in one place and moved to another.
pub async fn run<C: Connect, R: CryptoRngCore, K: Clock, J: Journal, V: Vendor>(
    config: &Config<'_>,
    shopper: Shopper<'_>,
    machine: Machine<'_, C, R, K, J, V>,
    screen: &mut impl Screen,
    report: &Report<'_>,
) -> Exit {
    let Shopper { card, otps } = shopper;
    let Machine { connector, tls, tls_random, mut random, clock, journal, vendor, buffers, scrub, wipe } = machine;
    let scrub = if wipe { scrub } else { || {} };
    let (settings, backend) = (config.settings(), config.backend());
    let ca = CertificateDer::from_slice(settings.gateway.ca);
    let status_ca = CertificateDer::from_slice(backend.map_or(&[], |backend| backend.server.ca));
    let anchor = match self::anchor(Side::Gateway, &ca) {
        Ok(anchor) => [anchor],
        Err(error) => return local::<Infallible>(report, error.into()),
    };
    let trust = Trust::new(&anchor, RELEASED_S);
    let means = match &settings.task {
        Task::Probe => {
            let probed = pin!(probe::run(&settings.gateway, connector, tls, trust, &clock, tls_random, report));
            return Apart(probed).await;
        }
        Task::Sell(Sale { means, .. }) => *means,
        Task::Resume(_) => Means::UpiQrCode,
    };
    if means == Means::Card {
        if let Err(error) = card::check(card) {
            return local(report, Local::<Infallible>::Card(error));
        }
        scrub();
    }

    let mut link = RefCell::new(Link::new(connector, tls, tls_random, &clock));
    let status_anchor = match backend.map(|_| self::anchor(Side::Backend, &status_ca)).transpose() {
        Ok(anchor) => anchor,
        Err(error) => return local::<Infallible>(report, error.into()),
    };
    let silent = Cell::new(false);
    // Nothing that outlives this start is marked with its number: with a backend, the mark of an order is the backend's.
    let incarnation = random.next_u64();
    let secret = DeviceSecret::new(*settings.secret);
    let device = Device { secret, journal: Fence { journal, stands: true }, incarnation, epoch: 0 };
    let mut seed = [0; 32];
    random.fill_bytes(&mut seed);
    let front = Front::new(screen);
    let exit = {
        // Moved from where it is made to where it stays: as a variable it would have a second place in this future.
        let mut till = match routes(&link, config, trust, status_anchor.as_slice()) {
            Ok(routes) => {
                Till::new(routes, device, sales::terms(config), seed, buffers, Ear { report, silent: &silent })
            }
            Err(error) => return local::<Infallible>(report, error.into()),
        };
        let mut counter = Counter {
            means,
            front: &front,
            report,
            vendor,
            clock: &clock,
            card,
            otps: Otps::new(otps, wipe),
            scrub,
            wipe_card: false,
            silent: &silent,
            shows: false,
            patience: Duration::from_secs(settings.patience_s.get().into()),
            until: Instant::now(),
            handed: None,
        };
        let ended = match &settings.task {
            Task::Sell(sale) => front.beside(pin!(sales::make(sale, &mut till, &mut counter, wipe))).await,
            _ => Apart(pin!(sales::settle(settings.patience_s, &mut till, &mut counter))).await,
        };
        match ended {
            Ok(exit) => exit,
            Err(error) => local(report, error),
        }
    };
    // The server hears that nothing more will come.
    link.get_mut().close().await;
    exit
}

/// Says why it cannot go on.
fn local<E: fmt::Display>(report: &Report<'_>, error: Local<E>) -> Exit {
    report.error(error);
    Exit::Local
}

/// The ways to the gateway, to the backend, or to both.
fn routes<'l, 'b, C, R, K>(
    link: &'l RefCell<Link<'b, C, R, K>>,
    config: &Config<'l>,
    trust: Trust<'l>,
    status_anchors: &'l [TrustAnchor<'l>],
) -> Result<KioskRoutes<'l, 'b, C, R, K>, ConfigError> {
    let gateway = wire(link, Side::Gateway, &config.settings().gateway, Auth::Session, trust)?;
    let Some(backend) = config.backend() else { return Ok(Routes::Same(gateway)) };
    let bearer = Auth::bearer(backend.token).map_err(|_| ConfigError::Value(Field::Token))?;
    let backend = wire(link, Side::Backend, &backend.server, bearer, Trust::new(status_anchors, RELEASED_S))?;
    Ok(if config.is_relayed() { Routes::Same(backend) } else { Routes::two(gateway, backend) })
}

/// Both ends are reached alike.
type KioskRoutes<'l, 'b, C, R, K> = Routes<Transport<'l, 'b, C, R, K>, Transport<'l, 'b, C, R, K>>;

/// A transport to this server, over the one link.
fn wire<'l, 'b, C, R, K>(
    link: &'l RefCell<Link<'b, C, R, K>>,
    side: Side,
    server: &Server<'l>,
    auth: Auth,
    trust: Trust<'l>,
) -> Result<Transport<'l, 'b, C, R, K>, ConfigError> {
    let endpoint = server.endpoint(auth).ok_or(ConfigError::Value(Field::Name(side)))?;
    Ok(Transport::new(link, endpoint, trust).with_address(server.host, server.port.get()))
}

impl<C, R, K, J, V> fmt::Debug for Machine<'_, C, R, K, J, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Machine")
    }
}

impl fmt::Debug for Shopper<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shopper(***)")
    }
}
