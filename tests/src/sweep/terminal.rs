//! The terminal's program: the till that ships, in a kiosk. It sells once, then settles whatever its journal holds open.

use pay_core::model::{
    Amount, CreateOrder, Currency, Customer, CustomerId, NextAction, OpenOrder, OrderId, Otp, PaymentSessionId, Phone,
    Timestamp, UnixSeconds,
};
use pay_core::sale::{AttemptEnd, Buffers, Millis};
use pay_core::till::{Choice, Do, Done, Event, Goods, Life, Note, Seen, Trouble, Wish};
use pay_core::wire::{Auth, Route};

use super::boot::Boot;
use super::case::{Case, Method, Mode};
use super::explore::Kind;
use super::journal::Kept;
use super::network;
use super::story::PROLOGUE;
use super::terms;
use crate::merchant::{CLIENT_ID, CLIENT_SECRET, LIFE_S};

/// Steps that one job of the till may take; one that asks for more asks for ever.
const STEPS: u32 = 1_500;

/// What is open is settled again after these pauses: a payment may take its time, and a closed order half an hour.
const PAUSES_MS: [u64; 7] = [60_000, 300_000, 1_860_000, 1_860_000, 7_200_000, 25_000_000, 90_000_000];

/// So long it is settled at a time.
const SETTLES_MS: u64 = 120_000;

/// The till at work in one boot, and its shopper.
struct Terminal<'b, 'e, const W: usize> {
    boot: &'b Boot<'e>,
    life: Life,
    journal: Kept<'b, 'e, W>,
    tx: Vec<u8>,
    rx: Vec<u8>,
    pay: Auth,
    ask: Auth,
    attempts: usize,
    otps: usize,
    switch_at: Option<Millis>,
    cancel_at: Option<Millis>,
}

/// From power on to the end of the day.
pub(super) fn live<const W: usize>(boot: &Boot<'_>) -> Result<(), String> {
    let ask = Auth::merchant(CLIENT_ID, CLIENT_SECRET).map_err(text)?;
    let pay = if boot.case.mode.pays_with_keys() { ask.clone() } else { Auth::Session };
    let mut journal = Kept::<W>::open(boot).map_err(|error| format!("the journal does not open: {error}"))?;
    let orders: Vec<OrderId> = boot.outside.borrow().books.iter().map(|book| book.order.clone()).collect();
    for order in &orders {
        let found = journal.find(order).map_err(text)?;
        boot.outside.borrow_mut().check_found(order, found)?;
    }
    let (boots, incarnation) = (boot.outside.borrow().boots, boot.outside.borrow().incarnation);
    let life = terms::life(&boot.case, boots, 0, incarnation);
    let (tx, rx) = buffers(&boot.case);
    let mut terminal =
        Terminal { boot, life, journal, tx, rx, pay, ask, attempts: 0, otps: 0, switch_at: None, cancel_at: None };
    if boots == 0 || boot.outside.borrow().sells_again() {
        terminal.sell()?;
    }
    if boot.is_broken() || core::ptr::eq(boot.outside.borrow().story, &raw const PROLOGUE) {
        return Ok(());
    }
    let mut quiet = 0;
    for pause in PAUSES_MS {
        let before = (boot.exchanges.get(), boot.stores.get());
        let open = terminal.settle()?;
        quiet = if (boot.exchanges.get(), boot.stores.get()) == before { quiet + 1 } else { 0 };
        // The first of them may only put by what was left; then nothing that this terminal can do is left.
        if boot.is_broken() || open == 0 || quiet > 1 {
            return Ok(());
        }
        boot.point(Kind::Wait);
        boot.pass(Millis(boot.clock().0 + pause));
    }
    Ok(())
}

impl<const W: usize> Terminal<'_, '_, W> {
    /// A new sale; or the same again, where the journal that knew of it is gone.
    fn sell(&mut self) -> Result<(), String> {
        let boot = self.boot;
        let kiosk = boot.outside.borrow().story.kiosk;
        let order = boot.outside.borrow_mut().current().order.clone();
        let paise = boot.outside.borrow_mut().current().paise;
        let amount = Amount::from_minor(paise).map_err(text)?;
        let unix = UnixSeconds(boot.outside.borrow().now / 1_000);
        let now = boot.clock();
        self.cancel_at = kiosk.cancel_after_ms.map(|ms| Millis(now.0 + ms));
        let creates = boot.outside.borrow().story.creates(boot.case.mode);
        let open = if creates {
            let customer =
                CustomerId::parse("walk_in").and_then(|id| Ok(Customer::new(id, Phone::parse("9999999999")?)));
            let mut request = CreateOrder::new(order.clone(), amount, customer.map_err(text)?).map_err(text)?;
            // How long a kiosk's orders live, its backend decides.
            if !boot.case.mode.has_backend() {
                request = request.with_expiry_time(Timestamp::from_unix(UnixSeconds(unix.0 + LIFE_S)));
            }
            let mut buffers = Buffers { tx: &mut self.tx, rx: &mut self.rx };
            self.life.create(&request, Some(unix), now, &mut buffers).map_err(text)?;
            match self.run()? {
                Done::Created(order) => order,
                done => return self.ended(&order, done),
            }
        } else {
            let session = boot.outside.borrow_mut().given_session(&order, paise);
            // Nobody could make it.
            if session.is_empty() {
                return Ok(());
            }
            let session = PaymentSessionId::parse(&session).map_err(text)?;
            OpenOrder { order_id: order.clone(), amount, currency: Currency::inr(), session }
        };
        self.life.sell(&open, Some(unix), boot.clock());
        let done = self.run()?;
        self.ended(&order, done)
    }

    /// How the sale was said to end.
    fn ended(&self, order: &OrderId, done: Done) -> Result<(), String> {
        let boot = self.boot;
        boot.say(|| format!("done: {done:?}"));
        if boot.is_broken() {
            return Ok(());
        }
        let mut outside = boot.outside.borrow_mut();
        match done {
            Done::Over(outcome) | Done::Refused(Trouble::Over(outcome)) => outside.said(order, &outcome, 0),
            Done::Refused(trouble) => outside.check_refused(order, &trouble),
            // The power went while the goods of the sale before moved.
            Done::Nothing => Ok(()),
            done => Err(format!("a sale ended as {done:?}")),
        }
    }

    /// What the journal holds open. How many are open afterwards.
    fn settle(&mut self) -> Result<u32, String> {
        self.life.settle_open(Millis(self.boot.clock().0 + SETTLES_MS));
        match self.run()? {
            Done::Settled(open) => Ok(open),
            Done::Nothing => Ok(0),
            done => Err(format!("settling ended as {done:?}")),
        }
    }

    /// Does what the till says until it has nothing more to do.
    fn run(&mut self) -> Result<Done, String> {
        let boot = self.boot;
        for _ in 0..STEPS {
            if boot.is_broken() {
                return Ok(Done::Nothing);
            }
            let now = boot.clock();
            let mut buffers = Buffers { tx: &mut self.tx, rx: &mut self.rx };
            let event = match self.life.next(now, &mut buffers) {
                Do::Idle(done) => return Ok(done),
                Do::Store(record) => {
                    Event::Stored(self.journal.store(record).map_err(|error| format!("the journal failed: {error}"))?)
                }
                Do::Recall(order) => {
                    let found = self.journal.find(order).map_err(text)?;
                    self.life.on(now, Event::Recalled(Ok(found.as_ref())), &mut buffers).map_err(text)?;
                    continue;
                }
                Do::NextOpen(after) => {
                    let found = self.journal.next_open(after).map_err(text)?;
                    self.life.on(now, Event::Recalled(Ok(found.as_ref())), &mut buffers).map_err(text)?;
                    continue;
                }
                Do::Exchange(request, rx) => {
                    let auth = if request.call.route() == Route::Ask { &self.ask } else { &self.pay };
                    match network::exchange(boot, &request, auth, rx) {
                        Some(result) => Event::Exchanged(result),
                        // Its future was dropped: the till is asked again.
                        None => continue,
                    }
                }
                Do::Disconnect(_) => Event::Told,
                Do::Tell(note) => {
                    boot.say(|| format!("{note:?}"));
                    match &note {
                        Note::Settled(record, outcome) => {
                            let order = record.order_id.clone();
                            boot.outside.borrow_mut().said(&order, outcome, 0)?;
                        }
                        Note::Resumed(order) => boot.outside.borrow_mut().book(order).unanswered = false,
                        // Of a scenario; elsewhere somebody answers in the end.
                        Note::Problem(order, _) => {
                            let scenario = boot.outside.borrow().story.scenario().is_some();
                            boot.outside.borrow_mut().book(order).unanswered |= scenario;
                        }
                        _ => {}
                    }
                    Event::Told
                }
                Do::Show(offer, action) => {
                    boot.outside.borrow_mut().shown(&offer.order_id);
                    let otp = matches!(action, NextAction::EnterOtp { .. });
                    boot.point(Kind::Wait);
                    Event::Seen(show(boot, otp, &mut self.otps)?)
                }
                Do::Choose(session, ended) => {
                    boot.say(|| format!("ready: {ended:?}"));
                    let kiosk = boot.outside.borrow().story.kiosk;
                    let choice = choose(boot, session, ended, self.attempts)?;
                    if self.attempts == 0 {
                        self.switch_at = kiosk.switch_after_ms.map(|ms| Millis(now.0 + ms));
                    }
                    self.attempts += 1;
                    self.otps = if self.attempts == 1 { 0 } else { self.otps };
                    Event::Chosen(choice)
                }
                Do::Vend(offer) => {
                    let order = offer.order_id.clone();
                    boot.outside.borrow_mut().check_vend(&order)?;
                    boot.point(Kind::Goods);
                    if core::ptr::eq(boot.outside.borrow().story, &raw const PROLOGUE) {
                        return Ok(Done::Nothing);
                    }
                    let jams = boot.outside.borrow().story.kiosk.jams;
                    boot.say(|| format!("the actuator moves, jams: {jams}"));
                    if !jams {
                        boot.outside.borrow_mut().vend(&order, 0)?;
                    }
                    boot.point(Kind::Goods);
                    Event::Vended(if jams { Goods::Inside } else { Goods::Out })
                }
                Do::Sense(order) => {
                    let out = boot.outside.borrow_mut().book(order).goods > 0;
                    Event::Sensed(match (boot.case.has_sensor(), out) {
                        (false, _) => Goods::Unknown,
                        (true, true) => Goods::Out,
                        (true, false) => Goods::Inside,
                    })
                }
                Do::Sleep(until) if until <= now => continue,
                Do::Sleep(until) => Event::Wished(sleep(boot, until, &mut self.switch_at, &mut self.cancel_at)),
            };
            self.life.on(boot.clock(), event, &mut buffers).map_err(text)?;
        }
        Err("the till does something for ever".to_owned())
    }
}

/// The shopper sees what is shown, and types an OTP where one is asked for.
fn show(boot: &Boot<'_>, otp: bool, typed: &mut usize) -> Result<Seen, String> {
    let otps = boot.outside.borrow().story.kiosk.otps;
    let Some(digits) = otps.get(*typed).filter(|_| otp) else { return Ok(Seen::Shown) };
    *typed += 1;
    Ok(if digits.is_empty() { Seen::ResendOtp } else { Seen::Otp(Otp::parse(digits).map_err(text)?) })
}

/// How the shopper pays: `done` attempts were made.
fn choose(
    boot: &Boot<'_>,
    session: &PaymentSessionId,
    ended: Option<&AttemptEnd>,
    done: usize,
) -> Result<Choice, String> {
    if let Some(end) = ended {
        boot.outside.borrow().check_attempt_end(end)?;
    }
    let kiosk = boot.outside.borrow().story.kiosk;
    if done >= kiosk.attempts {
        boot.outside.borrow_mut().current().give_up();
        return Ok(Choice::GiveUp);
    }
    let method = method(boot, done);
    Ok(Choice::Pay(method.request(session.expose()).ok_or("a request cannot be made")?))
}

/// Lets time go by; the shopper may want something else meanwhile.
fn sleep(boot: &Boot<'_>, until: Millis, switch_at: &mut Option<Millis>, cancel_at: &mut Option<Millis>) -> Wish {
    boot.point(Kind::Wait);
    let now = boot.clock();
    let wake = [*switch_at, *cancel_at].into_iter().flatten().min();
    boot.pass(wake.filter(|wake| *wake > now).map_or(until, |wake| wake.min(until)));
    let now = boot.clock();
    if cancel_at.is_some_and(|at| now >= at) {
        *cancel_at = None;
        boot.say(|| "cancel".to_owned());
        boot.outside.borrow_mut().current().give_up();
        return Wish::Cancel;
    }
    if switch_at.is_some_and(|at| now >= at) {
        *switch_at = None;
        boot.say(|| "switch".to_owned());
        return Wish::Switch(boot.outside.borrow().story.kiosk.switch);
    }
    Wish::Nothing
}

fn method(boot: &Boot<'_>, attempt: usize) -> Method {
    // The QR only once: its picture takes long to draw.
    let before = core::ptr::eq(boot.outside.borrow().story, &raw const PROLOGUE);
    let (first, short) = (if before { Method::Link } else { boot.case.method }, &Method::ALL[..4]);
    let place = short.iter().position(|method| *method == first).unwrap_or(0);
    let next = if attempt == 0 { first } else { short[(place + attempt * (1 + boot.case.seed as usize % 3)) % 4] };
    // No card goes through a backend.
    match boot.case.mode {
        Mode::Relayed if !next.is_relayed() => Method::Collect,
        _ => next,
    }
}

/// Room for the longest list of payments, or a QR; full of what an earlier life left there.
fn buffers(case: &Case) -> (Vec<u8>, Vec<u8>) {
    (vec![0xa5; 1024], vec![0x5a; if case.method == Method::Qr { 16 } else { 12 } * 1024])
}

fn text(error: impl core::fmt::Display) -> String {
    error.to_string()
}
