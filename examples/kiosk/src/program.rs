//! The program: connections, sales, the shopper.

use core::cell::RefCell;
use core::fmt;

use embassy_time::{Instant, Timer};
use pay_core::drive::{Blocking, Driver, MemoryJournal, Need, Routes};
use pay_core::model::method::Upi;
use pay_core::model::{Authenticate, CreateOrder, Currency, Customer, CustomerId, NextAction, Otp, Phone, RequestId};
use pay_core::sale::{AttemptEnd, Intent, Setup};
use pay_core::wire::{self, Auth, Call, Endpoint, Request};
use pay_core::{
    Amount, ApiVersion, Buffers, Environment, IdempotencyKey, Millis, OrderId, OrderPay, PaymentSessionId, Policy, Sale,
};
use rand_core::CryptoRngCore;
use transport_embassy::tls::{self, CertificateDer, Clock, Trust, anchor_from_trusted_cert};
use transport_embassy::{Connect, Link, Transport};
use zeroize::Zeroize;

use crate::arguments::{Arguments, Means, Server};
use crate::card::{self, Otps};
use crate::exit::Exit;
use crate::probe;
use crate::qr;
use crate::report::Report;
use crate::screen::{Screen, Shown};
use crate::watch::{Reported, Watched};

/// 2026-01-01T00:00:00Z: a clock that shows less was never set. A product takes the day of its release.
const RELEASED_S: u64 = 1_767_225_600;

/// Open sales that are remembered; a card or a QR that is never settled takes a place until the next start.
const OPEN_SALES: usize = 8;

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
pub struct Machine<'b, C, R, K> {
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
    /// Memory for requests (1 KiB) and answers (12 KiB).
    pub buffers: Buffers<'b>,
    /// Overwrites what finished calls left on the stack. A desktop has its own protection and gives a function that does nothing.
    pub scrub: fn(),
    /// Whether card and OTPs are wiped. `false` only for a test that must see them found.
    pub wipe: bool,
}

/// Why a sale could not be made. Nothing that could charge was sent.
enum Local {
    File(&'static str, &'static str),
    Value(pay_core::model::InvalidValue),
    Card(card::CardError),
    Drive(pay_core::DriveError<pay_core::drive::JournalFull>),
    Order(&'static str),
}

/// Runs the sales of `arguments`, or the probe. The answer is how the last of them ended.
///
/// Cancellation: dropping the future leaves a sale whose fate is unknown.
pub async fn run<C: Connect, R: CryptoRngCore, K: Clock>(
    arguments: &Arguments<'_>,
    files: Files<'_>,
    machine: Machine<'_, C, R, K>,
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

async fn try_run<C: Connect, R: CryptoRngCore, K: Clock>(
    arguments: &Arguments<'_>,
    files: Files<'_>,
    machine: Machine<'_, C, R, K>,
    screen: &mut impl Screen,
    report: &Report<'_>,
) -> Result<Exit, Local> {
    let Files { ca, status_ca, device_token, card, otps } = files;
    let Machine { connector, tls, tls_random, mut random, clock, buffers, scrub, wipe } = machine;
    let ca = CertificateDer::from_slice(ca);
    let anchor = [anchor_from_trusted_cert(&ca).map_err(|_| Local::File("--ca", "not a certificate in DER"))?];
    let trust = Trust::new(&anchor, RELEASED_S);
    let connector = Watched { inner: connector, report };
    if arguments.probe {
        return Ok(probe::run(&arguments.pay, connector, tls, trust, &clock, tls_random, report).await);
    }

    let link = RefCell::new(Link::new(connector, tls, tls_random, clock));
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
        journal: Blocking(MemoryJournal::new()),
        buffers,
        card,
        otps: Otps::new(otps, wipe),
        scrub: if wipe { scrub } else { || {} },
        wipe,
    };
    let mut exit = Exit::Local;
    for n in 1..=arguments.repeat {
        exit = kiosk.sale(n, &mut pay, ask.as_mut(), &mut random).await?;
        (kiosk.scrub)();
    }
    Ok(exit)
}

/// The backend has the paths of the gateway.
const BASE_PATH: &str = "/pg";

/// A transport to this server, over the one link.
fn wire<'l, 'b, 'w, C, R, K>(
    link: &'l RefCell<Link<'b, Watched<'l, 'w, C>, R, K>>,
    server: &Server<'l>,
    auth: Auth,
    trust: Trust<'l>,
    report: &'l Report<'w>,
) -> Result<Wire<'l, 'b, 'w, C, R, K>, Local> {
    let mut url = pay_core::model::Text::<200>::new();
    // A name too long for this is too long for an endpoint as well, which then says so.
    let _ = fmt::Write::write_fmt(&mut url, format_args!("https://{}:{}{BASE_PATH}", server.name, server.port));
    let transport = Transport::new(link, Endpoint::parse(&url, auth)?, trust).with_address(server.host, server.port);
    Ok(Reported { inner: transport, report })
}

/// What all sales share.
struct Kiosk<'a, 'w, S> {
    arguments: &'a Arguments<'a>,
    screen: &'a mut S,
    report: &'a Report<'w>,
    journal: Blocking<MemoryJournal<OPEN_SALES>>,
    buffers: Buffers<'a>,
    card: &'a mut [u8],
    otps: Otps<'a>,
    scrub: fn(),
    wipe: bool,
}

/// What to do once the shopper has seen an action.
enum Then {
    Shown,
    SubmitOtp(Otp),
    GiveUp,
}

impl<S: Screen> Kiosk<'_, '_, S> {
    /// The `n`-th sale.
    async fn sale<T>(
        &mut self,
        n: u16,
        pay: &mut T,
        mut ask: Option<&mut T>,
        random: &mut impl CryptoRngCore,
    ) -> Result<Exit, Local>
    where
        T: pay_core::Transport<Error: fmt::Display>,
    {
        let order_id = self.order_id(n, random)?;
        let amount = match (self.arguments.amount, &mut ask) {
            (Some(amount), _) => amount,
            (None, Some(ask)) => read_amount(*ask, &order_id, bytes(random), &mut *self.buffers.rx).await?,
            // Without a backend nothing is compared with it.
            (None, None) => Amount::from_minor(0)?,
        };
        let mut policy = if ask.is_some() { Policy::with_ask() } else { Policy::session_only() };
        policy.deadline_ms = self.arguments.patience_s.saturating_mul(1_000);
        let setup = Setup {
            environment: environment(self.arguments.pay.name),
            api_version: ApiVersion::default(),
            policy,
            seed: bytes(random),
        };
        let begun = now();
        let mut buffers = Buffers { tx: &mut *self.buffers.tx, rx: &mut *self.buffers.rx };
        let sale = match self.arguments.session {
            Some(_) => Sale::new(Intent { order_id: order_id.clone(), amount, currency: Currency::inr() }, setup),
            None => {
                // The backend knows its own customers; these are what the gateway wants to see at least.
                let customer = Customer::new(CustomerId::parse("kiosk")?, Phone::parse("9999999999")?);
                let request = CreateOrder::new(order_id.clone(), amount, customer)?;
                let key = IdempotencyKey::from_random(bytes(random));
                Sale::create(&request, key, setup, begun, &mut buffers)
                    .map_err(|error| Local::Drive(pay_core::DriveError::Sale(error)))?
            }
        };
        let routes = match ask {
            Some(ask) => Routes::two(pay, ask),
            None => Routes::Same(pay),
        };
        let mut driver = Driver::new(sale, routes, &mut self.journal, buffers);
        let (arguments, screen, report) = (self.arguments, &mut *self.screen, self.report);
        screen.show(Shown::Status("One moment"));
        let mut end: Option<AttemptEnd> = None;
        let outcome = loop {
            let need = driver.drive(&mut now).await?;
            let then = match need {
                Need::Attempt(Some(why)) => {
                    report.refused(format_args!("the attempt ended: {}", end_word(&why)));
                    end = Some(why);
                    Then::GiveUp
                }
                Need::Attempt(None) => {
                    let key = IdempotencyKey::from_random(bytes(random));
                    let last = self.wipe && n == arguments.repeat;
                    begin(&mut driver, arguments, self.card, self.otps.is_empty(), key)?;
                    if last {
                        self.card.zeroize();
                    }
                    (self.scrub)();
                    continue;
                }
                Need::Shopper(action) => present(action, amount, screen, report, &mut self.otps),
                Need::Time(_) if now().since(begun) > u64::from(policy.deadline_ms) * 2 => {
                    break driver.sale().standing();
                }
                Need::Time(at) => {
                    Timer::at(Instant::from_millis(at.0)).await;
                    continue;
                }
                Need::Nothing(outcome) => break outcome,
            };
            match then {
                Then::Shown => driver.shown(now()),
                Then::GiveUp => driver.cancel(now()),
                Then::SubmitOtp(otp) => {
                    let key = IdempotencyKey::from_random(bytes(random));
                    driver
                        .submit_otp(&Authenticate::SubmitOtp(otp), key, now())
                        .map_err(|error| Local::Drive(pay_core::DriveError::Sale(error)))?;
                    (self.scrub)();
                }
            }
        };
        let exit = Exit::of(&outcome, end.as_ref());
        screen.show(Shown::Status(match exit {
            Exit::Paid => "Paid. Thank you",
            Exit::Local | Exit::Failed => "Not paid",
            Exit::Unknown | Exit::Pending => "Please ask the staff",
        }));
        report.done(&order_id, &outcome, exit);
        Ok(exit)
    }

    fn order_id(&self, n: u16, random: &mut impl CryptoRngCore) -> Result<OrderId, Local> {
        match &self.arguments.order_id {
            None => Ok(OrderId::mint("kiosk", bytes(random))?),
            Some(id) if n == 1 || self.arguments.session.is_some() => Ok(id.clone()),
            Some(id) => {
                let mut text = pay_core::model::Text::<64>::new();
                let _ = fmt::Write::write_fmt(&mut text, format_args!("{id}-{n}"));
                Ok(OrderId::parse(&text)?)
            }
        }
    }
}

/// Begins the attempt. Not inlined, so that what it leaves on the stack lies beyond the caller's, where `scrub` reaches it.
#[inline(never)]
fn begin<P, A, J>(
    driver: &mut Driver<'_, P, A, J>,
    arguments: &Arguments<'_>,
    card: &[u8],
    no_otp: bool,
    key: IdempotencyKey,
) -> Result<(), Local> {
    let session = match arguments.session {
        Some(text) => PaymentSessionId::parse(text)?,
        None => driver.sale().session().ok_or(Local::Order("the backend gave no session"))?.clone(),
    };
    let request = match arguments.means {
        Means::UpiQrCode => OrderPay::new(session, Upi::QrCode),
        Means::UpiLink => OrderPay::new(session, Upi::link()),
        Means::Card => card::order_pay(card, session, !no_otp).map_err(Local::Card)?,
    };
    driver.pay(&request, key, now()).map_err(|error| Local::Drive(pay_core::DriveError::Sale(error)))
}

/// Shows the action, and says how to go on.
fn present(
    action: NextAction<'_>,
    amount: Amount,
    screen: &mut impl Screen,
    report: &Report<'_>,
    otps: &mut Otps<'_>,
) -> Then {
    let mut show = |shown: Shown<'_>| {
        screen.show(shown);
        report.shown(shown.kind());
    };
    match action {
        NextAction::OpenUrl(url) => show(Shown::Page(url)),
        NextAction::PostForm { url, fields } => show(Shown::Form(url, fields)),
        NextAction::ShowQr(image) => show(Shown::Image(image)),
        NextAction::UpiLinks(links) => {
            if let Err(problem) = qr::draw(&links, amount, &Currency::inr(), |picture| show(Shown::Qr(amount, picture)))
            {
                report.refused(problem);
                return Then::GiveUp;
            }
        }
        NextAction::EnterOtp { redirect_to_bank, .. } => match (otps.next(), redirect_to_bank) {
            (Some(otp), _) => {
                report.shown("otp");
                return Then::SubmitOtp(otp);
            }
            (None, Some(page)) => show(Shown::Page(page)),
            (None, None) => show(Shown::Status("This card cannot be used here")),
        },
        NextAction::BankTransfer(details) => show(Shown::Transfer(details)),
        NextAction::Wait => show(Shown::Status("Please confirm in your app")),
        // The enum grows with the gateway: whatever it is, the attempt exists, so the sale goes on asking.
        _ => show(Shown::Status("One moment")),
    }
    Then::Shown
}

/// What the order costs, by the backend's word.
async fn read_amount<T: pay_core::Transport>(
    ask: &mut T,
    order: &OrderId,
    id: [u8; 16],
    rx: &mut [u8],
) -> Result<Amount, Local> {
    let request = Request::new(Call::ReadOrder(order), ApiVersion::default(), RequestId::from_random(id));
    let head =
        ask.exchange(&request, rx).await.map_err(|_| Local::Order("the backend cannot be asked for the order"))?;
    let body = rx.get_mut(..head.body_len).filter(|_| head.is_success() && !head.truncated);
    let body = body.ok_or(Local::Order("the backend does not know the order"))?;
    match wire::decode::order(body) {
        Ok(found) if found.order_id == order.as_str() && found.currency == Currency::inr().as_str() => Ok(found.amount),
        _ => Err(Local::Order("the backend's answer is about another order, or cannot be read")),
    }
}

/// Where the money is: by the name of the gateway.
fn environment(name: &str) -> Environment {
    if name == Environment::Production.host() { Environment::Production } else { Environment::Sandbox }
}

/// Monotonic time.
fn now() -> Millis {
    Millis(Instant::now().as_millis())
}

fn bytes<const N: usize>(random: &mut impl CryptoRngCore) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill_bytes(&mut bytes);
    bytes
}

fn end_word(end: &AttemptEnd) -> &'static str {
    match end {
        AttemptEnd::Failed => "failed",
        AttemptEnd::UserDropped => "given up by the shopper",
        AttemptEnd::Refused(_) => "refused",
        AttemptEnd::NotSent => "not sent",
        AttemptEnd::Untrusted => "not sent, the server is not trusted",
        AttemptEnd::NotFound => "not found",
        _ => "not paid",
    }
}

impl From<pay_core::model::InvalidValue> for Local {
    fn from(error: pay_core::model::InvalidValue) -> Self {
        Self::Value(error)
    }
}

impl From<pay_core::DriveError<pay_core::drive::JournalFull>> for Local {
    fn from(error: pay_core::DriveError<pay_core::drive::JournalFull>) -> Self {
        Self::Drive(error)
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name, why) => write!(f, "{name}: {why}"),
            Self::Value(error) => error.fmt(f),
            Self::Card(error) => write!(f, "--card: {error}"),
            Self::Drive(error) => error.fmt(f),
            Self::Order(why) => f.write_str(why),
        }
    }
}

impl<C, R, K> fmt::Debug for Machine<'_, C, R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Machine")
    }
}

impl fmt::Debug for Files<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Files(***)")
    }
}
