//! The program: connections, sales, the shopper.

use core::cell::RefCell;
use core::fmt;
use core::pin::pin;

use pay_core::wire::{Auth, Endpoint};
use pay_core::{Buffers, Journal};
use rand_core::CryptoRngCore;
use transport_embassy::tls::{self, CertificateDer, Clock, Trust, anchor_from_trusted_cert};
use transport_embassy::{Connect, Link, Transport};

use crate::apart::Apart;
use crate::arguments::{Arguments, Server};
use crate::card::Otps;
use crate::exit::Exit;
use crate::local::Local;
use crate::probe;
use crate::report::Report;
use crate::sale::Kiosk;
use crate::screen::Screen;
use crate::vendor::Vendor;
use crate::watch::{Reported, Watched};

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
    /// Another, for ids and keys.
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

/// Runs the sales of `arguments`, or the probe. The answer is how the last of them ended.
///
/// Cancellation: dropping the future leaves a sale whose fate is unknown.
pub async fn run<C: Connect, R: CryptoRngCore, K: Clock, J: Journal, V: Vendor>(
    arguments: &Arguments<'_>,
    files: Files<'_>,
    machine: Machine<'_, C, R, K, J, V>,
    screen: &mut impl Screen,
    report: &Report<'_>,
) -> Exit {
    match try_run(arguments, files, machine, screen, report).await {
        Ok(exit) => exit,
        Err(error) => {
            report.error(error);
            Exit::Local
        }
    }
}

type Wire<'l, 'b, 'w, C, R, K> = Reported<'l, 'w, Transport<'l, 'b, Watched<'l, 'w, C>, R, K>>;

async fn try_run<C: Connect, R: CryptoRngCore, K: Clock, J: Journal, V: Vendor>(
    arguments: &Arguments<'_>,
    files: Files<'_>,
    machine: Machine<'_, C, R, K, J, V>,
    screen: &mut impl Screen,
    report: &Report<'_>,
) -> Result<Exit, Local<J::Error>> {
    let Files { ca, status_ca, device_token, card, otps } = files;
    let Machine { connector, tls, tls_random, mut random, clock, journal, vendor, buffers, scrub, wipe } = machine;
    let ca = CertificateDer::from_slice(ca);
    let anchor = [anchor_from_trusted_cert(&ca).map_err(|_| Local::File("--ca", "not a certificate in DER"))?];
    let trust = Trust::new(&anchor, RELEASED_S);
    let connector = Watched { inner: connector, report };
    if arguments.probe {
        let probed = pin!(probe::run(&arguments.pay, connector, tls, trust, &clock, tls_random, report));
        return Ok(Apart(probed).await);
    }

    let link = RefCell::new(Link::new(connector, tls, tls_random, &clock));
    let mut pay = wire(&link, &arguments.pay, Auth::Session, trust, report)?;
    let status_ca = CertificateDer::from_slice(status_ca);
    let status_anchor;
    let mut ask = None;
    if let Some(server) = &arguments.status {
        let why = Local::File("--status-ca", "not a certificate in DER");
        status_anchor = [anchor_from_trusted_cert(&status_ca).map_err(|_| why)?];
        let token = core::str::from_utf8(device_token).map_err(|_| Local::File("--device-token-file", "not text"))?;
        let auth = Auth::bearer(token.trim())?;
        ask = Some(wire(&link, server, auth, Trust::new(&status_anchor, RELEASED_S), report)?);
    }

    let mut kiosk = Kiosk {
        arguments,
        screen,
        report,
        journal,
        vendor,
        clock: &clock,
        buffers,
        card,
        otps: Otps::new(otps, wipe),
        scrub: if wipe { scrub } else { || {} },
        wipe,
    };
    if let Some(ask) = &mut ask {
        let settled = Apart(pin!(kiosk.take_up(&mut pay, ask, &mut random))).await?;
        if arguments.resume {
            return Ok(if settled { Exit::Paid } else { Exit::Unknown });
        }
    }
    let mut exit = Exit::Local;
    for n in 1..=arguments.repeat {
        exit = Apart(pin!(kiosk.sale(n, &mut pay, ask.as_mut(), &mut random))).await?;
        (kiosk.scrub)();
    }
    Ok(exit)
}

/// The backend has the paths of the gateway.
const BASE_PATH: &str = "/pg";

/// A transport to this server, over the one link.
fn wire<'l, 'b, 'w, C, R, K, E>(
    link: &'l RefCell<Link<'b, Watched<'l, 'w, C>, R, K>>,
    server: &Server<'l>,
    auth: Auth,
    trust: Trust<'l>,
    report: &'l Report<'w>,
) -> Result<Wire<'l, 'b, 'w, C, R, K>, Local<E>> {
    let mut url = pay_core::model::Text::<200>::new();
    // A name too long for this is too long for an endpoint as well, which then says so.
    let _ = fmt::Write::write_fmt(&mut url, format_args!("https://{}:{}{BASE_PATH}", server.name, server.port));
    let transport = Transport::new(link, Endpoint::parse(&url, auth)?, trust).with_address(server.host, server.port);
    Ok(Reported { inner: transport, report })
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
