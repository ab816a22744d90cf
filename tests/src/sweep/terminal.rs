//! The terminal's program: a reasonable kiosk. It sells once, then looks after whatever its journal holds open.

use core::future::{Future as _, poll_fn};
use core::pin::pin;
use core::task::Poll;

use pay_core::drive::{DriveError, Driver, Journal, Need, Routes};
use pay_core::model::{
    Amount, ApiVersion, Authenticate, CreateOrder, Currency, Customer, CustomerId, DeviceSecret, Environment,
    IdempotencyKey, NextAction, Operation, OrderId, Otp, Phone, Text, Timestamp, UnixSeconds,
};
use pay_core::sale::{AfterCut, Buffers, Intent, Millis, Outcome, Policy, Record, Refunds, Release, Sale, Setup};
use pay_core::wire::{Auth, Endpoint};

use super::boot::Boot;
use super::case::{Case, Method, Mode};
use super::explore::Kind;
use super::journal::Kept;
use super::network::Line;
use super::outside::{CLIENT_ID, CLIENT_SECRET, LIFE_S};
use super::story::PROLOGUE;

/// Steps that one sale may need in one life of the terminal; a sale that asks for more asks for ever.
const STEPS: u32 = 200;

/// Rounds of looking after what is open, in one life of the terminal.
const ROUNDS: u32 = 6;

/// A sale at work, whatever its journal.
type Till<'t, 'b, 'e, J> = Driver<'t, Line<'b, 'e>, Line<'b, 'e>, J>;

/// What a boot has that all its sales use.
struct Desk<'b, 'e> {
    boot: &'b Boot<'e>,
    endpoint: &'b Endpoint,
    pay: &'b Auth,
    ask: &'b Auth,
}

/// From power on to the end of the day.
pub(super) async fn live<const W: usize>(boot: &Boot<'_>) -> Result<(), String> {
    let merchant = Auth::merchant(CLIENT_ID, CLIENT_SECRET).map_err(text)?;
    let endpoint = Endpoint::parse("https://127.0.0.1/pg", Auth::Session).map_err(text)?;
    let pay = if boot.case.mode == Mode::Keys { merchant.clone() } else { Auth::Session };
    let desk = Desk { boot, endpoint: &endpoint, pay: &pay, ask: &merchant };
    let mut journal = Kept::<W>::open(boot).await.map_err(|error| format!("the journal does not open: {error}"))?;
    let orders: Vec<OrderId> = boot.outside.borrow().books.iter().map(|book| book.order.clone()).collect();
    for order in &orders {
        let found = journal.find(order).await.map_err(text)?;
        boot.outside.borrow_mut().check_found(order, found)?;
    }
    if boot.outside.borrow().boots == 0 {
        desk.sell(&mut journal).await?;
    }
    if core::ptr::eq(boot.outside.borrow().story, &raw const PROLOGUE) {
        return Ok(());
    }
    // Until a round of all that is open changes nothing.
    for _ in 0..ROUNDS {
        let mut changed = false;
        let mut after = None;
        while let Some(record) = journal.next_open(after.as_ref()).await.map_err(text)? {
            let (order, seq) = (record.order_id.clone(), record.seq);
            desk.look_after(record, &mut journal).await?;
            changed |= boot.outside.borrow_mut().book(&order).acked.as_ref().is_none_or(|acked| acked.seq != seq);
            after = Some(order);
        }
        if boot.is_broken() || !changed {
            return Ok(());
        }
    }
    Err("what is open changes for ever".to_owned())
}

impl<'b, 'e> Desk<'b, 'e> {
    /// A new sale.
    async fn sell<const W: usize>(&self, journal: &mut Kept<'b, 'e, W>) -> Result<(), String> {
        let boot = self.boot;
        let (mut tx, mut rx) = buffers(&boot.case);
        let mut buffers = Buffers { tx: &mut tx, rx: &mut rx };
        let order = boot.outside.borrow_mut().current().order.clone();
        let paise = boot.outside.borrow_mut().current().paise;
        let now = boot.outside.borrow().now;
        let amount = Amount::from_minor(paise).map_err(text)?;
        let created = UnixSeconds(now / 1_000);
        let mut session = String::new();
        let creates = boot.outside.borrow().story.creates();
        let sale = if boot.case.mode == Mode::Blind || !creates {
            session = boot.outside.borrow_mut().create_order(&order, paise);
            Sale::new(Intent { order_id: order, amount, currency: Currency::inr() }, self.setup())
        } else {
            let customer =
                CustomerId::parse("walk_in").and_then(|id| Ok(Customer::new(id, Phone::parse("9999999999")?)));
            let key = IdempotencyKey::parse(order.as_str()).map_err(text)?;
            let expiry = Timestamp::from_unix(UnixSeconds(created.0 + LIFE_S));
            let request = CreateOrder::new(order, amount, customer.map_err(text)?).map_err(text)?;
            let request = request.with_expiry_time(expiry);
            Sale::create(&request, key, self.setup(), boot.clock(), &mut buffers).map_err(text)?
        };
        let sale = sale.with_created(created).with_device(Text::cut("till-1"));
        let mut till = Driver::new(sale, self.routes(), journal, buffers);
        self.run(&mut till, Some(session)).await
    }

    /// A sale that the journal holds open.
    async fn look_after<const W: usize>(&self, record: Record, journal: &mut Kept<'b, 'e, W>) -> Result<(), String> {
        let (mut tx, mut rx) = buffers(&self.boot.case);
        let buffers = Buffers { tx: &mut tx, rx: &mut rx };
        let setup = self.setup();
        self.boot.say(|| format!("resume {} {:?} {:?}", record.seq, record.stage, record.release));
        if record.release == Release::Releasing && setup.policy.after_cut != AfterCut::AskOperator {
            self.boot.outside.borrow_mut().book(&record.order_id).assumed = true;
        }
        let sale = Sale::resume(record, setup.policy, setup.seed, self.boot.clock());
        let mut till = Driver::new(sale, self.routes(), journal, buffers);
        self.run(&mut till, None).await
    }

    /// To the end of a sale, or of what can be done for it. `session`: it is a new one.
    async fn run<J: Journal>(&self, till: &mut Till<'_, 'b, 'e, J>, session: Option<String>) -> Result<(), String> {
        let boot = self.boot;
        let kiosk = boot.outside.borrow().story.kiosk;
        let mut otps = kiosk.otps.iter();
        let fresh = session.is_some();
        let mut session = session.unwrap_or_default();
        let mut switch_at = None;
        let cancel_at = kiosk.cancel_after_ms.filter(|_| fresh).map(|ms| Millis(boot.clock().0 + ms));
        let mut cancelled = false;
        // Where nobody will ever answer, some questions are as good as many.
        let stays = boot.case.story.stays_open(boot.case.mode);
        for _ in 0..if stays { STEPS / 8 } else { STEPS } {
            let order = till.sale().record().order_id.clone();
            let need = self.drive(till).await?;
            if boot.is_broken() {
                return Ok(());
            }
            let now = boot.clock();
            match need {
                Wanted::Attempt(end) => {
                    boot.say(|| format!("ready: {end:?}"));
                    if let Some(end) = &end {
                        boot.outside.borrow().check_attempt_end(end)?;
                    }
                    if let Some(fresh) = till.sale().session() {
                        session = fresh.expose().to_owned();
                    }
                    let count = till.sale().record().attempt_count();
                    if !fresh || count >= kiosk.attempts || session.is_empty() {
                        till.cancel(now);
                        continue;
                    }
                    let method = self.method(count);
                    let request = method.request(&session).ok_or("a request cannot be made")?;
                    let key = key(&order, count);
                    till.pay(&request, key, now).map_err(text)?;
                    switch_at = kiosk.switch_after_ms.filter(|_| count == 0).map(|ms| Millis(now.0 + ms));
                }
                Wanted::Shopper { otp } => {
                    let id = till.sale().record().attempts().next_back().and_then(|attempt| attempt.cf_payment_id);
                    if let Some(id) = id {
                        boot.outside.borrow_mut().book(&order).presented.push(id.get());
                    }
                    boot.point(Kind::Wait);
                    match otps.next().filter(|_| otp) {
                        Some(typed) => {
                            let request = match *typed {
                                "" => Authenticate::ResendOtp,
                                digits => Authenticate::SubmitOtp(Otp::parse(digits).map_err(text)?),
                            };
                            let key = IdempotencyKey::parse(&format!("otp-{}-{}", order, otps.len())).map_err(text)?;
                            till.submit_otp(&request, key, now).map_err(text)?;
                        }
                        None => till.shown(now),
                    }
                }
                Wanted::Time(at) => {
                    boot.point(Kind::Wait);
                    let wake = [switch_at, cancel_at.filter(|_| !cancelled)].into_iter().flatten().min();
                    boot.pass(wake.filter(|wake| *wake > now).map_or(at, |wake| wake.min(at)));
                    let now = boot.clock();
                    if switch_at.is_some_and(|at| now >= at) {
                        switch_at = None;
                        if till.switch_method(kiosk.switch, now).is_ok() {
                            boot.say(|| "switch".to_owned());
                        }
                    }
                    if !cancelled && cancel_at.is_some_and(|at| now >= at) {
                        cancelled = true;
                        boot.say(|| "cancel".to_owned());
                        till.cancel(now);
                    }
                }
                Wanted::Nothing(outcome) => {
                    boot.say(|| format!("done: {outcome:?}"));
                    boot.outside.borrow_mut().check_outcome(&boot.case, &order, &outcome)?;
                    if !self.hand_out(till, &order, fresh).await? {
                        return Ok(());
                    }
                }
            }
        }
        let unanswered = boot.outside.borrow().story.scenario().is_some() && till.sale().route_problem().is_some();
        if stays || unanswered {
            // Nobody answers. The terminal says so, keeps the sale open, and would ask on.
            let order = till.sale().record().order_id.clone();
            boot.outside.borrow_mut().book(&order).unanswered = true;
            return Ok(());
        }
        Err(format!("it asks for ever: {:?}", till.sale().record().stage))
    }

    /// What the goods need next. `false`: nothing that can be done here.
    async fn hand_out<J: Journal>(
        &self,
        till: &mut Till<'_, 'b, 'e, J>,
        order: &OrderId,
        fresh: bool,
    ) -> Result<bool, String> {
        let boot = self.boot;
        match till.sale().record().release {
            // The shopper may be gone by now.
            Release::Due if !fresh && boot.number(31).is_multiple_of(2) => till.settle_release(false).map_err(text)?,
            Release::Due => {
                till.begin_release().map_err(text)?;
                if till.vend_token().is_some() {
                    return Err("a vend token before the journal knew of it".to_owned());
                }
                let Wanted::Nothing(_) = self.drive(till).await? else { return Err("the sale went on".to_owned()) };
                let token = till.vend_token().ok_or("no vend token after the journal knew of the release")?;
                if till.vend_token().is_some() {
                    return Err("a second vend token".to_owned());
                }
                let known = boot.outside.borrow_mut().book(order).acked.as_ref().map(|record| record.release);
                if known != Some(Release::Releasing) {
                    return Err("a vend token before the journal knew of it".to_owned());
                }
                boot.point(Kind::Goods);
                if core::ptr::eq(boot.outside.borrow().story, &raw const PROLOGUE) {
                    return Ok(false);
                }
                let kiosk = boot.outside.borrow().story.kiosk;
                boot.say(|| format!("the actuator moves, jams: {}", kiosk.jams));
                if !kiosk.jams {
                    boot.outside.borrow_mut().check_goods(order)?;
                }
                boot.point(Kind::Goods);
                till.released(token, !kiosk.jams).map_err(text)?;
            }
            Release::Unknown if boot.case.has_sensor() => {
                let out = boot.outside.borrow_mut().book(order).goods > 0;
                till.settle_release(out).map_err(text)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Drives until something is needed; a drive that is dropped is driven again.
    async fn drive<J: Journal>(&self, till: &mut Till<'_, 'b, 'e, J>) -> Result<Wanted, String> {
        loop {
            let mut clock = || self.boot.clock();
            let mut drive = pin!(async {
                match till.drive(&mut clock).await {
                    Ok(need) => Ok(Wanted::from(need)),
                    Err(DriveError::Journal(error)) => Err(format!("the journal failed: {error}")),
                    Err(DriveError::Sale(error)) => Err(format!("the sale failed: {error}")),
                }
            });
            let wanted = poll_fn(|context| match drive.as_mut().poll(context) {
                Poll::Ready(wanted) => Poll::Ready(Some(wanted)),
                Poll::Pending if self.boot.dropped.take() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            });
            if let Some(wanted) = wanted.await {
                return wanted;
            }
        }
    }

    fn method(&self, attempt: usize) -> Method {
        // The QR only once: its picture takes long to draw.
        let before = core::ptr::eq(self.boot.outside.borrow().story, &raw const PROLOGUE);
        let (first, short) = (if before { Method::Link } else { self.boot.case.method }, &Method::ALL[..4]);
        let place = short.iter().position(|method| *method == first).unwrap_or(0);
        if attempt == 0 { first } else { short[(place + attempt * (1 + self.boot.case.seed as usize % 3)) % 4] }
    }

    fn routes(&self) -> Routes<Line<'b, 'e>, Line<'b, 'e>> {
        let line = |auth| Line { boot: self.boot, endpoint: self.endpoint, auth };
        Routes::two(line(self.pay), line(self.ask))
    }

    fn setup(&self) -> Setup {
        let case = &self.boot.case;
        let mut policy = if case.mode == Mode::Blind { Policy::session_only() } else { Policy::with_ask() };
        (policy.deadline_ms, policy.ask_ms) =
            if case.story.scenario().is_none() { (45_000, 5_000) } else { (75_000, 6_000) };
        policy.release = true;
        policy.after_cut = case.after_cut();
        policy.refunds = match case.mode {
            Mode::Keys => Refunds::ByKeys,
            Mode::Kiosk => Refunds::ByBackend,
            Mode::Blind => Refunds::ByCaller,
        };
        let salt = 100 + u64::from(self.boot.outside.borrow().boots);
        let seed = u128::from(self.boot.number(salt)) << 64 | u128::from(self.boot.number(salt + 1_000));
        Setup {
            environment: Environment::Sandbox,
            api_version: ApiVersion::V2025_01_01,
            policy,
            seed: seed.to_be_bytes(),
        }
    }
}

/// `Need` without its loans.
enum Wanted {
    Attempt(Option<pay_core::sale::AttemptEnd>),
    Shopper { otp: bool },
    Time(Millis),
    Nothing(Outcome),
}

impl From<Need<'_>> for Wanted {
    fn from(need: Need<'_>) -> Self {
        match need {
            Need::Attempt(end) => Self::Attempt(end),
            Need::Shopper(action) => Self::Shopper { otp: matches!(action, NextAction::EnterOtp { .. }) },
            Need::Time(at) => Self::Time(at),
            Need::Nothing(outcome) => Self::Nothing(outcome),
        }
    }
}

fn key(order: &OrderId, attempt: usize) -> IdempotencyKey {
    let attempt = u16::try_from(attempt).unwrap_or(u16::MAX);
    IdempotencyKey::derive(&DeviceSecret::new([7; 32]), Operation::OrderPay, Environment::Sandbox, order, attempt, 0)
}

/// Room for the longest list of payments, or a QR; full of what an earlier life left there.
fn buffers(case: &Case) -> (Vec<u8>, Vec<u8>) {
    (vec![0xa5; 1024], vec![0x5a; if case.method == Method::Qr { 16 } else { 12 } * 1024])
}

fn text(error: impl core::fmt::Display) -> String {
    error.to_string()
}
