//! The program: connections, sales, the shopper.

use core::cell::{Cell, RefCell};
use core::convert::Infallible;
use core::fmt;
use core::pin::pin;

use pay_core::drive::{Apart, Routes};
use pay_core::model::DeviceSecret;
use pay_core::till::{Device, Till};
use pay_core::wire::{Auth, Endpoint};
use pay_core::{Buffers, Journal};
use rand_core::CryptoRngCore;
use transport_embassy::tls::{self, CertificateDer, Clock, Trust, TrustAnchor, anchor_from_trusted_cert};
use transport_embassy::{Connect, Link, Transport};

use crate::arguments::{Arguments, Means, Server};
use crate::card::{self, Otps};
use crate::counter::Counter;
use crate::ear::Ear;
use crate::exit::Exit;
use crate::fence::Fence;
use crate::local::Local;
use crate::probe;
use crate::report::Report;
use crate::sales;
use crate::screen::Screen;
use crate::vendor::Vendor;

/// 2026-01-01T00:00:00Z: a clock that shows less was never set. A product takes the day of its release.
const RELEASED_S: u64 = 1_767_225_600;

/// What the files of the command line hold. Card and OTPs are overwritten once they are used.
#[derive(Default)]
#[allow(clippy::exhaustive_structs)]
pub struct Files<'f> {
    /// `--ca`: a certificate, DER.
    pub ca: &'f [u8],
    /// `--status-ca`: a certificate, DER.
    pub status_ca: &'f [u8],
    /// `--device-token-file`: the token, blanks around it are left out.
    pub device_token: &'f [u8],
    /// `--card`: JSON.
    pub card: &'f mut [u8],
    /// `--otp-file`: lines.
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
    /// This device's own, made once and kept apart from the journal: idempotency keys come from it, the same after a power cut.
    pub secret: DeviceSecret,
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

/// Runs the sales of `arguments`, or the probe. The answer is how the last of them ended.
///
/// Cancellation: dropping the future leaves a sale whose fate is unknown.
// One function: a future that holds a till is not built in one place and moved to another.
pub async fn run<C: Connect, R: CryptoRngCore, K: Clock, J: Journal, V: Vendor>(
    arguments: &Arguments<'_>,
    files: Files<'_>,
    machine: Machine<'_, C, R, K, J, V>,
    screen: &mut impl Screen,
    report: &Report<'_>,
) -> Exit {
    let Files { ca, status_ca, device_token, card, otps } = files;
    let Machine { connector, tls, tls_random, mut random, secret, clock, journal, vendor, buffers, scrub, wipe } =
        machine;
    let scrub = if wipe { scrub } else { || {} };
    let (ca, status_ca) = (CertificateDer::from_slice(ca), CertificateDer::from_slice(status_ca));
    let anchor = match anchor("--ca", &ca) {
        Ok(anchor) => [anchor],
        Err(error) => return local(report, error),
    };
    let trust = Trust::new(&anchor, RELEASED_S);
    if arguments.probe {
        let probed = pin!(probe::run(&arguments.pay, connector, tls, trust, &clock, tls_random, report));
        return Apart(probed).await;
    }
    if arguments.means == Means::Card && !arguments.resume {
        if let Err(error) = card::check(card) {
            return local(report, Local::<Infallible>::Card(error));
        }
        scrub();
    }

    let link = RefCell::new(Link::new(connector, tls, tls_random, &clock));
    let status_anchor = match arguments.status.map(|_| self::anchor("--status-ca", &status_ca)).transpose() {
        Ok(anchor) => anchor,
        Err(error) => return local(report, error),
    };
    let silent = Cell::new(false);
    // Nothing that outlives this start is marked with its number: with a backend, the mark of an order is the backend's.
    let incarnation = random.next_u64();
    let device = Device { secret, journal: Fence { journal, stands: true }, incarnation, epoch: 0 };
    let mut seed = [0; 32];
    random.fill_bytes(&mut seed);
    // Moved from where it is made to where it stays: as a variable it would have a second place in this future.
    let mut till = match routes(&link, arguments, trust, status_anchor.as_slice(), device_token) {
        Ok(routes) => {
            Till::new(routes, device, sales::terms(arguments), seed, buffers, Ear { report, silent: &silent })
        }
        Err(error) => return local(report, error),
    };
    let mut counter = Counter {
        means: arguments.means,
        screen,
        report,
        vendor,
        clock: &clock,
        card,
        otps: Otps::new(otps, wipe),
        scrub,
        wipe_card: false,
        silent: &silent,
        shows: false,
        handed: None,
    };
    let ended = if arguments.resume {
        Apart(pin!(sales::settle(arguments, &mut till, &mut counter))).await
    } else {
        Apart(pin!(sales::make(arguments, &mut till, &mut counter, wipe))).await
    };
    match ended {
        Ok(exit) => exit,
        Err(error) => local(report, error),
    }
}

/// Says why it cannot go on.
fn local<E: fmt::Display>(report: &Report<'_>, error: Local<E>) -> Exit {
    report.error(error);
    Exit::Local
}

/// The certificate of a file, to be trusted.
fn anchor<'a>(name: &'static str, certificate: &'a CertificateDer<'_>) -> Result<TrustAnchor<'a>, Local<Infallible>> {
    anchor_from_trusted_cert(certificate).map_err(|_| Local::File(name, "not a certificate in DER"))
}

/// What shows the backend which device this is.
fn bearer(token: &[u8]) -> Result<Auth, Local<Infallible>> {
    let token = core::str::from_utf8(token).map_err(|_| Local::File("--device-token-file", "not text"))?;
    Ok(Auth::bearer(token.trim_ascii())?)
}

/// The ways to the gateway, to the backend, or to both.
fn routes<'l, 'b, C, R, K>(
    link: &'l RefCell<Link<'b, C, R, K>>,
    arguments: &Arguments<'l>,
    trust: Trust<'l>,
    status_anchors: &'l [TrustAnchor<'l>],
    device_token: &[u8],
) -> Result<KioskRoutes<'l, 'b, C, R, K>, Local<Infallible>> {
    let gateway = wire(link, &arguments.pay, Ok(Auth::Session), trust)?;
    let Some(server) = &arguments.status else { return Ok(Routes::Same(gateway)) };
    let backend = wire(link, server, bearer(device_token), Trust::new(status_anchors, RELEASED_S))?;
    Ok(if arguments.is_relayed() { Routes::Same(backend) } else { Routes::two(gateway, backend) })
}

/// Both ends are reached alike.
type KioskRoutes<'l, 'b, C, R, K> = Routes<Transport<'l, 'b, C, R, K>, Transport<'l, 'b, C, R, K>>;

/// The backend has the paths of the gateway.
const BASE_PATH: &str = "/pg";

/// A transport to this server, over the one link.
fn wire<'l, 'b, C, R, K>(
    link: &'l RefCell<Link<'b, C, R, K>>,
    server: &Server<'l>,
    auth: Result<Auth, Local<Infallible>>,
    trust: Trust<'l>,
) -> Result<Transport<'l, 'b, C, R, K>, Local<Infallible>> {
    let mut url = pay_core::model::Text::<200>::new();
    // A name too long for this is too long for an endpoint as well, which then says so.
    let _ = fmt::Write::write_fmt(&mut url, format_args!("https://{}:{}{BASE_PATH}", server.name, server.port));
    Ok(Transport::new(link, Endpoint::parse(&url, auth?)?, trust).with_address(server.host, server.port))
}

impl<C, R, K, J, V> fmt::Debug for Machine<'_, C, R, K, J, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Machine")
    }
}

impl fmt::Debug for Files<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Files(***)")
    }
}
