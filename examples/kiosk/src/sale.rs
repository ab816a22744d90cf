//! One sale, from the order to its end.

use core::fmt;
use core::pin::pin;

use embassy_time::{Instant, Timer};
use pay_core::drive::{Driver, Need, Routes};
use pay_core::model::method::Upi;
use pay_core::model::{
    Authenticate, CreateOrder, Currency, Customer, CustomerId, NextAction, Otp, Phone, RequestId, UnixSeconds,
};
use pay_core::sale::{AttemptEnd, Intent, Record, Refunds, Release, Setup};
use pay_core::wire::{self, Call, Request};
use pay_core::{
    Amount, ApiVersion, Buffers, Environment, IdempotencyKey, Journal, Millis, OrderId, OrderPay, PaymentSessionId,
    Policy, Sale,
};
use rand_core::CryptoRngCore;
use transport_embassy::tls::Clock;
use zeroize::Zeroize;

use crate::apart::Apart;
use crate::arguments::{Arguments, Means};
use crate::card::{self, Otps};
use crate::exit::Exit;
use crate::local::Local;
use crate::qr;
use crate::report::Report;
use crate::screen::{Screen, Shown};
use crate::vendor::Vendor;

/// How long the backend is tried to be told of the goods while a shopper may be waiting, in milliseconds.
const REPORT_MS: u64 = 30_000;

/// What all sales share.
pub(crate) struct Kiosk<'a, 'w, S, J, V> {
    pub(crate) arguments: &'a Arguments<'a>,
    pub(crate) screen: &'a mut S,
    pub(crate) report: &'a Report<'w>,
    pub(crate) journal: J,
    pub(crate) vendor: V,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) buffers: Buffers<'a>,
    pub(crate) card: &'a mut [u8],
    pub(crate) otps: Otps<'a>,
    pub(crate) scrub: fn(),
    pub(crate) wipe: bool,
}

/// A journal, or none where its fence must not stand.
struct Fence<'j, J> {
    journal: &'j mut J,
    stands: bool,
}

impl<J: Journal> Journal for Fence<'_, J> {
    type Error = J::Error;

    async fn store(&mut self, record: &Record) -> Result<(), J::Error> {
        if self.stands { self.journal.store(record).await } else { Ok(()) }
    }

    async fn next_open(&mut self, after: Option<&OrderId>) -> Result<Option<Record>, J::Error> {
        self.journal.next_open(after).await
    }

    async fn find(&mut self, order: &OrderId) -> Result<Option<Record>, J::Error> {
        self.journal.find(order).await
    }

    fn capacity(&self) -> usize {
        self.journal.capacity()
    }
}

/// What to do once the shopper has seen an action.
enum Then {
    Shown,
    SubmitOtp(Otp),
    GiveUp,
}

impl<S: Screen, J: Journal, V: Vendor> Kiosk<'_, '_, S, J, V> {
    /// The `n`-th sale.
    pub(crate) async fn sale<T>(
        &mut self,
        n: u16,
        pay: &mut T,
        mut ask: Option<&mut T>,
        random: &mut impl CryptoRngCore,
    ) -> Result<Exit, Local<J::Error>>
    where
        T: pay_core::Transport<Error: fmt::Display>,
    {
        let order_id = self.order_id(n, random)?;
        // Attempts at one order again and again are for measuring: the journal's fence is there to refuse them.
        let measures = n > 1 && self.arguments.session.is_some();
        if !measures && let Some(exit) = Apart(pin!(self.known(&order_id, random))).await? {
            return Ok(exit);
        }
        let amount = match (self.arguments.amount, &mut ask) {
            (Some(amount), _) => amount,
            (None, Some(ask)) => read_amount(*ask, &order_id, bytes(random), &mut *self.buffers.rx).await?,
            // Without a backend nothing is compared with it.
            (None, None) => Amount::from_minor(0)?,
        };
        Apart(pin!(self.admit(amount))).await?;
        let policy = self.policy(ask.is_some());
        let setup = Setup {
            environment: environment(self.arguments.pay.name),
            api_version: ApiVersion::default(),
            policy,
            seed: bytes(random),
        };
        let begun = now();
        let sale = self.begun(&order_id, amount, setup, begun, bytes(random))?;
        let buffers = Buffers { tx: &mut *self.buffers.tx, rx: &mut *self.buffers.rx };
        let routes = match ask {
            Some(ask) => Routes::two(pay, ask),
            None => Routes::Same(pay),
        };
        let journal = Fence { journal: &mut self.journal, stands: !measures };
        let mut driver = Driver::new(sale, routes, journal, buffers);
        let (arguments, screen, report) = (self.arguments, &mut *self.screen, self.report);
        screen.show(Shown::Status("One moment"));
        let mut end: Option<AttemptEnd> = None;
        let mut handed: Option<Millis> = None;
        let outcome = loop {
            let need = Apart(pin!(driver.drive(&mut now))).await?;
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
                // The shopper has the goods; what is left is told to the backend another time.
                Need::Time(_) if handed.is_some_and(|at| now().since(at) > REPORT_MS) => {
                    break driver.sale().standing();
                }
                Need::Time(at) => {
                    Timer::at(Instant::from_millis(at.0)).await;
                    continue;
                }
                Need::Nothing(outcome) => {
                    if driver.sale().record().release == Release::Due {
                        driver.begin_release()?;
                    } else if let Some(token) = driver.vend_token() {
                        report.release(&order_id);
                        screen.show(Shown::Status("Paid. Your goods are coming"));
                        let out = self.vendor.vend(&order_id).await;
                        report.released(&order_id, out);
                        driver.released(token, out)?;
                        handed = Some(now());
                    } else {
                        break outcome;
                    }
                    continue;
                }
            };
            match then {
                Then::Shown => driver.shown(now()),
                Then::GiveUp => driver.cancel(now()),
                Then::SubmitOtp(otp) => {
                    let key = IdempotencyKey::from_random(bytes(random));
                    driver.submit_otp(&Authenticate::SubmitOtp(otp), key, now())?;
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

    /// The sale, with its request for an order where there is none. Not inlined: what it needs of the stack is free again when it pays.
    #[inline(never)]
    fn begun(
        &mut self,
        order: &OrderId,
        amount: Amount,
        setup: Setup,
        now: Millis,
        key: [u8; 16],
    ) -> Result<Sale, Local<J::Error>> {
        let sale = match self.arguments.session {
            Some(_) => Sale::new(Intent { order_id: order.clone(), amount, currency: Currency::inr() }, setup),
            None => {
                // The backend knows its own customers; these are what the gateway wants to see at least.
                let customer = Customer::new(CustomerId::parse("kiosk")?, Phone::parse("9999999999")?);
                let request = CreateOrder::new(order.clone(), amount, customer)?;
                let mut buffers = Buffers { tx: &mut *self.buffers.tx, rx: &mut *self.buffers.rx };
                Sale::create(&request, IdempotencyKey::from_random(key), setup, now, &mut buffers)?
            }
        };
        Ok(match self.wall_clock() {
            Some(created) => sale.with_created(created),
            None => sale,
        })
    }

    /// How sales are made. With a backend, the journal follows the goods and the backend sends money back.
    pub(crate) fn policy(&self, can_ask: bool) -> Policy {
        let mut policy = if can_ask { Policy::with_ask() } else { Policy::session_only() };
        policy.deadline_ms = self.arguments.patience_s.saturating_mul(1_000);
        if can_ask {
            policy.release = true;
            policy.refunds = Refunds::ByBackend;
        }
        policy
    }

    /// For ages of sales, never for money.
    pub(crate) fn wall_clock(&self) -> Option<UnixSeconds> {
        self.clock.unix_seconds().map(UnixSeconds)
    }

    fn order_id(&self, n: u16, random: &mut impl CryptoRngCore) -> Result<OrderId, Local<J::Error>> {
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
fn begin<P, A, J: Journal>(
    driver: &mut Driver<'_, P, A, J>,
    arguments: &Arguments<'_>,
    card: &[u8],
    no_otp: bool,
    key: IdempotencyKey,
) -> Result<(), Local<J::Error>> {
    let session = match arguments.session {
        Some(text) => PaymentSessionId::parse(text)?,
        None => driver.sale().session().ok_or(Local::Order("the backend gave no session"))?.clone(),
    };
    let request = match arguments.means {
        Means::UpiQrCode => OrderPay::new(session, Upi::QrCode),
        Means::UpiLink => OrderPay::new(session, Upi::link()),
        Means::Card => card::order_pay(card, session, !no_otp).map_err(Local::Card)?,
    };
    Ok(driver.pay(&request, key, now())?)
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
async fn read_amount<T: pay_core::Transport, E>(
    ask: &mut T,
    order: &OrderId,
    id: [u8; 16],
    rx: &mut [u8],
) -> Result<Amount, Local<E>> {
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
pub(crate) fn now() -> Millis {
    Millis(Instant::now().as_millis())
}

pub(crate) fn bytes<const N: usize>(random: &mut impl CryptoRngCore) -> [u8; N] {
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
