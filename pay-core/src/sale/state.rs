//! The sale itself: its state, and the step it asks for in each.

use zeroize::Zeroize;

use super::super::model::{
    Amount, ApiVersion, Authenticate, CallKind, CfPaymentId, CreateOrder, Currency, Environment, IdempotencyKey,
    NextAction, OrderId, OrderPay, PaymentSessionId, RefundId, RequestId, Secret, Text, UnixSeconds, Url,
    idempotency::keyed,
};
use super::super::wire::api::ClientHints;
use super::super::wire::http::{Call, Request, ResponseHead};
use super::super::wire::request;
use super::super::wire::response::OrderPaySpans;
use super::delivery::{Delivery, ErrorKind, Failure};
use super::duties;
use super::policy::{self, Policy};
use super::record::{Attempt, AttemptEnd, AttemptState, MAX_ATTEMPTS, NotPaid, Record, Stage};
use super::release::{Release, Vend};
use super::step::{Buffers, Commit, Connection, InFlight, Outcome, SaleError, Step};
use super::time::Millis;

/// What is to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct Intent {
    /// The order.
    pub order_id: OrderId,
    /// Its amount.
    pub amount: Amount,
    /// Its currency.
    pub currency: Currency,
}

/// How a sale is made.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct Setup {
    /// Where the money is.
    pub environment: Environment,
    /// The version its calls are made with.
    pub api_version: ApiVersion,
    /// How patient and how bold it is.
    pub policy: Policy,
    /// 16 random bytes, fresh for every sale and every boot: request ids and jitter come from them.
    pub seed: [u8; 16],
}

/// One payment of one intent, from the order to the outcome.
///
/// A pure state machine: no socket, clock, random source or flash. [`Sale::step`] says what to do next; what comes of it
/// is told with [`Sale::committed`], [`Sale::on_exchange`] and [`Sale::shown`]. The same inputs give the same steps. The
/// drivers in [`drive`](crate::drive) do this for you.
///
/// Its promise: nothing is sent before a [`Step::Commit`] of the state that knows of it; there is at most one request in
/// flight; an unknown answer is never taken for a no; what can charge without the shopper is never sent twice by itself.
#[derive(Debug)]
pub struct Sale {
    pub(super) record: Record,
    pub(super) policy: Policy,
    pub(super) phase: Phase,
    /// An earlier send of this attempt had no readable answer.
    pub(super) earlier_unknown: bool,
    /// How often this attempt was sent again after an unknown answer.
    pub(super) repeats: u8,
    /// How often in a row nothing could be sent, or the ask route failed.
    pub(super) failures: u8,
    pub(super) deadline: Option<Millis>,
    pub(super) reply: Option<OrderPaySpans>,
    pub(super) bank_page: Option<Secret<512>>,
    pub(super) session: Option<PaymentSessionId>,
    pub(super) asking: Asking,
    pub(super) route_problem: Option<RouteProblem>,
    /// The body in `tx`, while it may be sent (again).
    pub(super) body_len: usize,
    /// The answer just read was not to what was asked, or could not be read.
    pub(super) unreadable: bool,
    /// The refund that is being made.
    pub(super) refund_id: Option<RefundId>,
    pub(super) call_key: Option<IdempotencyKey>,
    /// Where the right to move the actuator is.
    pub(super) vend: Vend,
    /// A paid order is looked after: a second success would be a surplus.
    pub(super) watching: bool,
    pub(super) seed: [u8; 16],
    dirty: bool,
    version: u32,
    wipe: bool,
    client: Option<ClientHints>,
    serial: u32,
    in_flight: Option<InFlight>,
}

/// Where the sale is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Create(Millis),
    Ready(Option<AttemptEnd>),
    Pay(Millis),
    Present(Presented),
    Otp(Millis),
    Ask(Question, Millis),
    Terminate(Millis),
    Refund(Millis),
    ReadRefund(Millis),
    Report(Millis),
    Done(Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presented {
    Reply,
    Otp { was_wrong: bool },
    BankPage,
}

/// What to ask the ask route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// How the order stands.
    Order,
    /// Whether an order that exists already is ours, unpaid and untouched.
    Adopt,
    /// Whether it has attempts already.
    AdoptPayments,
    /// How one attempt stands.
    Payment(CfPaymentId),
    /// How all stand, the order being active.
    Payments,
    /// How all stand, the order being paid: was it paid twice?
    Surplus,
    /// How all stand, the order being closed: did money come all the same?
    Late(NotPaidWord),
}

/// Which of the two closed states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotPaidWord {
    Terminated,
    Expired,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asking {
    /// Rounds made.
    pub(super) rounds: u32,
    /// Since when complete readings agree that there is no payment.
    pub(super) none_since: Option<Millis>,
    /// The gateway has taken the wish to close the order.
    pub(super) terminating: bool,
}

/// What to do with the attempt that is open when another method is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Exhaustive on purpose: these are the three ways there are.
#[allow(clippy::exhaustive_enums)]
pub enum Switch {
    /// Ask until it has ended: then [`Step::Ready`] comes again, or the sale is paid. The way after a card. Needs
    /// [`Policy::can_ask`].
    Wait,
    /// Begin another in the same order at once; the old one stays watched, and if both succeed the surplus must go back.
    /// Only for attempts that a shopper must complete, a QR or a link, which then is safe enough.
    GoOn,
    /// Close the order, as [`Sale::cancel`] does; the other method is another sale.
    Close,
}

/// Why the ask route gave no answer last time. Says nothing about the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RouteProblem {
    /// The exchange failed.
    Failed(Failure),
    /// It answered with this status.
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// Its answer could not be read, or was about something else.
    Unreadable,
    /// The refund that was due has been cancelled at the gateway: an operator must look.
    RefundCancelled,
}

impl Sale {
    /// A sale of an order that exists and whose session is known.
    pub fn new(intent: Intent, setup: Setup) -> Self {
        Self::at(intent, setup, Stage::Open, Phase::Ready(None))
    }

    /// A sale that creates its order first. The session then comes with [`Sale::session`].
    ///
    /// # Errors
    /// [`SaleError::Encode`] if `buffers.tx` is too small.
    pub fn create(
        request: &CreateOrder,
        key: IdempotencyKey,
        setup: Setup,
        now: Millis,
        buffers: &mut Buffers<'_>,
    ) -> Result<Self, SaleError> {
        let intent = Intent {
            order_id: request.order_id().clone(),
            amount: request.amount(),
            currency: request.currency().clone(),
        };
        let body_len = request::create_order(request, buffers.tx)?;
        let deadline = now.after(setup.policy.deadline_ms);
        let mut sale = Self::at(intent, setup, Stage::Creating, Phase::Create(now));
        sale.body_len = body_len;
        sale.call_key = Some(key);
        sale.deadline = Some(deadline);
        sale.change();
        Ok(sale)
    }

    /// A sale that a journal kept over a reboot. It asks how things stand; it never pays again by itself.
    pub fn resume(record: Record, policy: Policy, seed: [u8; 16], now: Millis) -> Self {
        let phase = match &record.stage {
            // Without an attempt nothing of ours can have been paid.
            Stage::Creating => Phase::Done(Outcome::NotPaid(NotPaid::NotStarted)),
            Stage::Open | Stage::Closing if policy.can_ask => Phase::Ask(Question::Order, now),
            _ => Phase::Done(duties::outcome(&record).unwrap_or(Outcome::Unknown)),
        };
        let intent =
            Intent { order_id: record.order_id.clone(), amount: record.amount, currency: record.currency.clone() };
        let setup = Setup { environment: record.environment, api_version: record.api_version, policy, seed };
        let mut sale = Self::at(intent, setup, Stage::Open, phase);
        sale.deadline = (record.stage == Stage::Open).then(|| now.after(policy.deadline_ms));
        sale.earlier_unknown = record.attempts().any(|attempt| attempt.state == AttemptState::Sent);
        sale.watching = record.stage == Stage::Paid { watch: true } && policy.can_ask;
        sale.record = record;
        if sale.record.stage == Stage::Creating {
            sale.record.stage = Stage::NotPaid(NotPaid::NotStarted);
            sale.change();
        }
        let release = sale.record.release.after_cut(policy.after_cut);
        if release != sale.record.release {
            sale.record.release = release;
            sale.note_report();
            sale.change();
        }
        if matches!(sale.phase, Phase::Done(_)) {
            sale.settle_duties();
        }
        sale
    }

    fn at(intent: Intent, setup: Setup, stage: Stage, phase: Phase) -> Self {
        let Intent { order_id, amount, currency } = intent;
        let Setup { environment, api_version, policy, seed } = setup;
        Self {
            record: Record::new(order_id, amount, currency, environment, api_version, stage),
            policy,
            phase,
            earlier_unknown: false,
            repeats: 0,
            failures: 0,
            deadline: None,
            reply: None,
            bank_page: None,
            session: None,
            asking: Asking::default(),
            route_problem: None,
            body_len: 0,
            unreadable: false,
            refund_id: None,
            call_key: None,
            vend: Vend::None,
            watching: false,
            seed,
            dirty: false,
            version: 0,
            wipe: false,
            client: None,
            serial: 0,
            in_flight: None,
        }
    }

    /// Adds the `x-client-*` headers to Order Pay.
    #[must_use]
    pub fn with_client(mut self, client: ClientHints) -> Self {
        self.client = Some(client);
        self
    }

    /// Names the device in the record. Before the first step.
    #[must_use]
    pub fn with_device(mut self, device: Text<28>) -> Self {
        self.record.device = Some(device);
        self
    }

    /// Notes in the record when the sale began. Before the first step.
    #[must_use]
    pub const fn with_created(mut self, now: UnixSeconds) -> Self {
        self.record.created = Some(now);
        self
    }

    /// Begins an attempt. Allowed at [`Step::Ready`]. The request is encoded here, once; drop it afterwards.
    ///
    /// # Errors
    /// [`SaleError`]; nothing has changed then.
    pub fn pay(
        &mut self,
        request: &OrderPay,
        key: IdempotencyKey,
        now: Millis,
        buffers: &mut Buffers<'_>,
    ) -> Result<(), SaleError> {
        if !matches!(self.phase, Phase::Ready(_)) || self.record.stage != Stage::Open {
            return Err(SaleError::NotNow);
        }
        if self.record.attempts().any(|attempt| attempt.key == key) {
            return Err(SaleError::KeyReused);
        }
        let class = request.payment_method().class();
        let digest = self.record.digest(class);
        enough_rx(buffers, policy::least_rx(class))?;
        let Some(slot) = self.record.attempts.iter_mut().find(|slot| slot.is_none()) else {
            return Err(SaleError::TooManyAttempts);
        };
        // What an earlier attempt left behind it must not outlast this one's body.
        buffers.tx.zeroize();
        self.body_len = request::order_pay(request, self.record.api_version, buffers.tx)?;
        *slot = Some(Attempt { class, key, digest, cf_payment_id: None, repeated: false, state: AttemptState::Sent });
        self.change();
        self.wipe = false;
        self.earlier_unknown = false;
        self.repeats = 0;
        self.failures = 0;
        self.reply = None;
        self.bank_page = None;
        self.session = None;
        self.asking = Asking::default();
        self.deadline = Some(now.after(self.policy.deadline_ms));
        self.phase = Phase::Pay(now);
        Ok(())
    }

    /// Submits an OTP or asks for another, while [`NextAction::EnterOtp`] is presented. Each has a key of its own.
    ///
    /// # Errors
    /// [`SaleError`]; nothing has changed then.
    pub fn submit_otp(
        &mut self,
        request: &Authenticate,
        key: IdempotencyKey,
        now: Millis,
        buffers: &mut Buffers<'_>,
    ) -> Result<(), SaleError> {
        let asked_for = matches!(self.phase, Phase::Present(Presented::Reply | Presented::Otp { .. }));
        if !asked_for || !matches!(self.next_action(buffers.rx), Some(NextAction::EnterOtp { .. })) {
            return Err(SaleError::NotNow);
        }
        enough_rx(buffers, LEAST_RX)?;
        // The page is in `rx`, which the answer will overwrite.
        if let Some(NextAction::EnterOtp { redirect_to_bank: Some(page), .. }) = self.next_action(buffers.rx) {
            self.bank_page = Secret::parse("redirect_to_bank", page.as_str()).ok();
        }
        let used = self.record.attempts().any(|attempt| attempt.key == key) || self.call_key.as_ref() == Some(&key);
        if used {
            return Err(SaleError::KeyReused);
        }
        buffers.tx.zeroize();
        self.body_len = request::authenticate(request, buffers.tx)?;
        self.wipe = false;
        self.call_key = Some(key);
        self.failures = 0;
        self.phase = Phase::Otp(now);
        Ok(())
    }

    /// The shopper has seen what was presented. `rx` is free again.
    pub fn shown(&mut self, now: Millis) {
        if let Phase::Present(presented) = self.phase {
            if self.policy.can_ask {
                self.asking = Asking::default();
                self.failures = 0;
                self.phase = Phase::Ask(Question::Order, self.next_round(now));
            } else if presented != Presented::BankPage || self.last_is_known() {
                self.phase = Phase::Done(Outcome::Pending);
            } else {
                self.phase = Phase::Done(Outcome::Unknown);
            }
        }
    }

    /// Another method for the same intent, while an attempt is open; see [`Switch`] for the three ways.
    ///
    /// # Errors
    /// [`SaleError::NotNow`], [`SaleError::TooManyAttempts`]; nothing has changed then.
    pub fn switch_method(&mut self, how: Switch, now: Millis) -> Result<(), SaleError> {
        let running = matches!(
            self.phase,
            Phase::Present(_) | Phase::Ask(Question::Order | Question::Payment(_) | Question::Payments, _)
        );
        if self.in_flight.is_some() || !running || self.record.stage != Stage::Open {
            return Err(SaleError::NotNow);
        }
        if how != Switch::Close && self.record.attempt_count() == MAX_ATTEMPTS {
            return Err(SaleError::TooManyAttempts);
        }
        match how {
            Switch::Wait if !self.policy.can_ask => return Err(SaleError::NotNow),
            Switch::Wait => self.shown(now),
            Switch::GoOn => {
                let harmless = self.record.attempts().all(|attempt| {
                    !attempt.is_open() || (attempt.state == AttemptState::Known && attempt.class.needs_shopper())
                });
                if !harmless {
                    return Err(SaleError::NotNow);
                }
                self.phase = Phase::Ready(None);
                self.deadline = None;
            }
            Switch::Close => self.cancel(now),
        }
        Ok(())
    }

    /// Goes on asking about the attempts that are open: after a switch that led to nothing.
    ///
    /// # Errors
    /// [`SaleError::NotNow`] unless the sale is at [`Step::Ready`], an attempt is open, and there is a way to ask.
    pub fn ask(&mut self, now: Millis) -> Result<(), SaleError> {
        let open = self.record.attempts().any(Attempt::is_open);
        if !matches!(self.phase, Phase::Ready(_)) || !open || !self.policy.can_ask {
            return Err(SaleError::NotNow);
        }
        self.deadline = Some(now.after(self.policy.deadline_ms));
        self.begin_asking(now);
        Ok(())
    }

    /// The money that was due has gone back: closes the record.
    ///
    /// # Errors
    /// [`SaleError::NotNow`] unless the outcome is [`Outcome::RefundDue`].
    pub fn refunded(&mut self) -> Result<(), SaleError> {
        if !matches!(self.phase, Phase::Done(_)) || !self.money_went_back() {
            return Err(SaleError::NotNow);
        }
        self.settle_duties();
        Ok(())
    }

    /// Gives the sale up. If anything can have charged, the order is closed and asked for until the gateway says how it
    /// ended: money that came all the same ends in [`Outcome::RefundDue`].
    pub fn cancel(&mut self, now: Millis) {
        self.settle_lost(now);
        if matches!(self.phase, Phase::Done(_)) || !matches!(self.record.stage, Stage::Creating | Stage::Open) {
            return;
        }
        let charged = self.record.attempts().any(Attempt::may_have_charged);
        if self.record.stage == Stage::Creating || (!charged && !self.policy.can_ask) {
            let why = match self.record.attempts().next_back().map(|attempt| &attempt.state) {
                Some(AttemptState::Ended(AttemptEnd::Refused(by))) => NotPaid::Refused(by.clone()),
                Some(_) => NotPaid::NotSent,
                None => NotPaid::NotStarted,
            };
            self.finish(Outcome::NotPaid(why));
        } else {
            self.close(now);
        }
    }

    /// The session of an order that this sale created.
    pub const fn session(&self) -> Option<&PaymentSessionId> {
        self.session.as_ref()
    }

    /// What a journal keeps of it.
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// Why the ask route gave no answer last time, if it did not. For people; the sale goes on asking.
    pub const fn route_problem(&self) -> Option<RouteProblem> {
        self.route_problem
    }

    /// How it stands, were one to stop now: its outcome if it has one, else [`Outcome::Pending`] if the gateway has the
    /// attempt, else [`Outcome::Unknown`] if something may have arrived there.
    pub fn standing(&self) -> Outcome {
        if let Phase::Done(outcome) = &self.phase {
            return outcome.clone();
        }
        if let Some(outcome) = duties::outcome(&self.record) {
            return outcome;
        }
        // The last attempt, as long as it waits for its first chance to leave.
        let waits = matches!(self.phase, Phase::Pay(_)) && !self.earlier_unknown && self.in_flight.is_none();
        let attempts = self.record.attempts().rev().skip(usize::from(waits));
        match { attempts }.find(|attempt| attempt.may_have_charged()) {
            None if waits => Outcome::NotPaid(NotPaid::NotSent),
            None => Outcome::NotPaid(NotPaid::NotStarted),
            Some(attempt) if attempt.state == AttemptState::Sent => Outcome::Unknown,
            Some(_) => Outcome::Pending,
        }
    }

    /// What to do next. Cheap, and the same again until something is told.
    ///
    /// # Errors
    /// [`SaleError::RxTooSmall`] before anything is committed or sent.
    pub fn step<'t>(&'t mut self, now: Millis, buffers: &'t mut Buffers<'_>) -> Result<Step<'t>, SaleError> {
        self.settle_lost(now);
        self.check_deadline(now);
        if self.wipe {
            buffers.tx.zeroize();
            self.body_len = 0;
            self.wipe = false;
        }
        if self.due().is_some() {
            let least = match self.record.attempts().next_back() {
                Some(attempt) if matches!(self.phase, Phase::Pay(_)) => policy::least_rx(attempt.class),
                _ => LEAST_RX,
            };
            enough_rx(buffers, least)?;
        }
        if self.dirty {
            return Ok(Step::Commit(Commit { version: self.version }, &self.record));
        }
        self.encode_duty(buffers.tx)?;
        let due = self.due();
        let at = match &self.phase {
            Phase::Ready(end) => return Ok(Step::Ready(end.clone())),
            Phase::Done(outcome) => {
                buffers.rx.zeroize();
                return Ok(Step::Done(outcome.clone()));
            }
            Phase::Present(_) => {
                return Ok(Step::Present(self.next_action(buffers.rx).unwrap_or(NextAction::Unknown { action: "" })));
            }
            _ => due.unwrap_or(now),
        };
        if buffers.tx.len() < self.body_len {
            // Not the buffers that the request was encoded into.
            return Err(SaleError::Encode(request::EncodeError::BufferTooSmall { needed: self.body_len }));
        }
        if now < at {
            return Ok(Step::Wait(self.deadline.map_or(at, |deadline| at.min(deadline))));
        }
        Ok(self.send(buffers))
    }

    /// When the next call is due; `None` if none is.
    const fn due(&self) -> Option<Millis> {
        match &self.phase {
            Phase::Create(at)
            | Phase::Pay(at)
            | Phase::Otp(at)
            | Phase::Ask(_, at)
            | Phase::Terminate(at)
            | Phase::Refund(at)
            | Phase::ReadRefund(at)
            | Phase::Report(at) => Some(*at),
            Phase::Ready(_) | Phase::Present(_) | Phase::Done(_) => None,
        }
    }

    pub(super) const fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// The record that came with this token is stored durably.
    pub fn committed(&mut self, token: Commit) {
        if token.version == self.version {
            self.dirty = false;
        }
    }

    /// What came of an exchange; a success has its body in `rx[..head.body_len]`. A token that is not the last one's is ignored.
    pub fn on_exchange(
        &mut self,
        token: InFlight,
        now: Millis,
        result: Result<ResponseHead, Failure>,
        rx: &mut [u8],
    ) -> Connection {
        match self.in_flight.take() {
            Some(expected) if expected.same(&token) => {
                self.unreadable = false;
                self.answer(expected.call, now, result, rx);
                if self.unreadable { Connection::Drop } else { Connection::Keep }
            }
            other => {
                self.in_flight = other;
                Connection::Keep
            }
        }
    }

    /// Whoever had the token of the exchange is gone: the request may have arrived.
    fn settle_lost(&mut self, now: Millis) {
        if let Some(lost) = self.in_flight.take() {
            let failure = Failure { kind: ErrorKind::Abandoned, delivery: Delivery::Unknown };
            self.answer(lost.call, now, Err(failure), &mut []);
        }
    }

    fn answer(&mut self, call: CallKind, now: Millis, result: Result<ResponseHead, Failure>, rx: &mut [u8]) {
        match call {
            CallKind::CreateOrder => self.on_create(now, result, rx),
            CallKind::OrderPay => self.on_pay(now, result, rx),
            CallKind::Authenticate => self.on_otp(now, result, rx),
            CallKind::TerminateOrder => self.on_terminate(now, result, rx),
            CallKind::CreateRefund => self.on_refund(now, result, rx),
            CallKind::ReadRefund => self.on_read_refund(now, result, rx),
            CallKind::ReportRelease => self.on_report(now, result),
            _ => self.on_ask(now, result, rx),
        }
    }

    fn send<'t>(&'t mut self, buffers: &'t mut Buffers<'_>) -> Step<'t> {
        self.serial = self.serial.wrapping_add(1);
        let order = &self.record.order_id;
        let last = self.record.attempts().next_back();
        let (call, key, body) = match &self.phase {
            Phase::Create(_) => (Call::CreateOrder, self.call_key.as_ref(), buffers.tx.get(..self.body_len)),
            Phase::Otp(_) => {
                let payment = last.and_then(|attempt| attempt.cf_payment_id).unwrap_or(CfPaymentId::new(0));
                (Call::Authenticate(payment), self.call_key.as_ref(), buffers.tx.get(..self.body_len))
            }
            Phase::Terminate(_) => (Call::TerminateOrder(order), None, Some(request::TERMINATE_ORDER)),
            Phase::Refund(_) => (Call::CreateRefund(order), self.call_key.as_ref(), buffers.tx.get(..self.body_len)),
            Phase::Report(_) => {
                let out = duties::report(&self.record).unwrap_or(false);
                (Call::ReportRelease(order), None, Some(request::report_release(out)))
            }
            Phase::Ask(Question::Payment(payment), _) => (Call::ReadPayment(order, *payment), None, None),
            Phase::Ask(Question::Order | Question::Adopt, _) => (Call::ReadOrder(order), None, None),
            Phase::Ask(..) => (Call::ListPayments(order), None, None),
            Phase::ReadRefund(_) => {
                let call = self.refund_id.as_ref().map_or(Call::ReadOrder(order), |id| Call::ReadRefund(order, id));
                (call, None, None)
            }
            _ => (Call::OrderPay, last.map(|attempt| &attempt.key), buffers.tx.get(..self.body_len)),
        };
        let mut request = Request::new(call, self.record.api_version, RequestId::derive(&self.seed, self.serial))
            .with_timeout_ms(self.policy.exchange_ms)
            .with_body(body.unwrap_or_default());
        if call.kind() == CallKind::OrderPay {
            request = request.with_client(self.client.as_ref());
        }
        if let Some(key) = key {
            request = request.with_key(key);
        }
        let token = || InFlight { sale: self.seed, serial: self.serial, call: call.kind() };
        self.in_flight = Some(token());
        Step::Exchange(token(), request, buffers.rx)
    }

    fn next_action<'a>(&'a self, rx: &'a [u8]) -> Option<NextAction<'a>> {
        let bank_page = || self.bank_page.as_ref().and_then(|page| Url::parse(page.expose()));
        match self.phase {
            Phase::Present(Presented::Reply) => self.reply.as_ref().map(|reply| reply.resolve(rx).next_action),
            Phase::Present(Presented::Otp { was_wrong }) => {
                Some(NextAction::EnterOtp { redirect_to_bank: bank_page(), was_wrong })
            }
            Phase::Present(Presented::BankPage) => bank_page().map(NextAction::OpenUrl),
            _ => None,
        }
    }

    fn check_deadline(&mut self, now: Millis) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        self.deadline = None;
        match self.phase {
            Phase::Ready(_) | Phase::Done(_) => {}
            Phase::Create(_) | Phase::Ask(Question::Adopt | Question::AdoptPayments, _) => {
                self.finish(Outcome::NotPaid(NotPaid::NotStarted));
            }
            Phase::Pay(_) if !self.earlier_unknown => self.end_attempt(AttemptEnd::NotSent),
            _ if self.record.stage == Stage::Closing => {}
            _ => self.close(now),
        }
    }

    /// The sale is over for the shopper: close the order and learn how it ended.
    pub(super) fn close(&mut self, now: Millis) {
        self.forget_body();
        self.deadline = None;
        if !self.policy.can_ask {
            self.phase = Phase::Done(if self.last_is_known() { Outcome::Pending } else { Outcome::Unknown });
            return;
        }
        self.record.stage = Stage::Closing;
        self.change();
        self.session = None;
        self.bank_page = None;
        self.asking = Asking::default();
        self.failures = 0;
        self.phase = if self.policy.may_terminate(self.record.api_version) {
            Phase::Terminate(now)
        } else {
            Phase::Ask(Question::Order, now)
        };
    }

    /// Sets the outcome, for certain.
    pub(super) fn finish(&mut self, outcome: Outcome) {
        let stage = match &outcome {
            Outcome::Paid { watch, .. } => Some(Stage::Paid { watch: *watch }),
            Outcome::NotPaid(why) => Some(Stage::NotPaid(why.clone())),
            Outcome::RefundDue(why) => Some(Stage::RefundDue(*why)),
            Outcome::Pending | Outcome::Unknown => None,
        };
        if let Some(stage) = stage {
            if self.policy.release && matches!(stage, Stage::Paid { .. }) && self.record.release == Release::Untracked {
                self.record.release = Release::Due;
            }
            self.record.stage = stage;
            self.note_report();
            self.change();
        }
        self.forget_body();
        self.session = None;
        self.bank_page = None;
        self.watching = false;
        self.phase = Phase::Done(outcome);
        self.settle_duties();
    }

    /// The running attempt is over, the order is not.
    pub(super) fn end_attempt(&mut self, end: AttemptEnd) {
        if let Some(attempt) = self.record.last_attempt() {
            attempt.state = AttemptState::Ended(end.clone());
        }
        self.change();
        self.forget_body();
        self.deadline = None;
        self.phase = Phase::Ready(Some(end));
    }

    /// The record has changed: store it before anything else.
    pub(super) fn change(&mut self) {
        self.version = self.version.wrapping_add(1);
        self.record.seq = self.record.seq.saturating_add(1);
        self.dirty = true;
    }

    /// No repeat is allowed any more: the body, which may hold a card, is wiped at the next step.
    pub(super) fn forget_body(&mut self) {
        self.body_len = 0;
        self.wipe = true;
    }

    pub(super) fn last_is_known(&self) -> bool {
        self.record.attempts().next_back().is_some_and(|attempt| attempt.state == AttemptState::Known)
    }

    /// When the next round of asking is due: at the usual pace while the shopper acts; growing while the order is being
    /// closed or the route fails. With up to a quarter of jitter, so that terminals of one shop do not ask in step.
    pub(super) fn next_round(&self, now: Millis) -> Millis {
        let doublings = match self.record.stage {
            Stage::Closing | Stage::Paid { .. } => self.asking.rounds.max(self.failures.into()),
            _ => self.failures.into(),
        };
        self.later(now, self.policy.ask_ms, doublings)
    }

    /// After `base_ms` doubled so many times, up to the longest pause, with jitter.
    pub(super) fn later(&self, now: Millis, base_ms: u32, doublings: u32) -> Millis {
        let factor = 1_u32.checked_shl(doublings.min(16)).unwrap_or(u32::MAX);
        let pause = base_ms.saturating_mul(factor).min(self.policy.ask_max_ms.max(base_ms));
        let [byte, ..] = keyed(&self.seed, &[b"jitter\0", &self.serial.to_be_bytes()]);
        now.after(pause).after(pause / 4 / 256 * u32::from(byte) + (pause / 4 % 256) * u32::from(byte) / 256)
    }

    /// When a throttled call may be made again: as told, else after a minute.
    pub(super) fn after_throttle(&self, now: Millis, head: &ResponseHead) -> Millis {
        let wait_ms = match head.rate_limit.retry_s {
            Some(seconds @ 1..) => seconds.min(3_600) * 1_000,
            _ => 60_000,
        };
        let jitter = self.later(now, 1_000, 0).since(now.after(1_000));
        now.after(wait_ms).after(u32::try_from(jitter).unwrap_or(0))
    }
}

/// Orders and payments fit this.
const LEAST_RX: usize = 4 * 1024;

fn enough_rx(buffers: &Buffers<'_>, needed: usize) -> Result<(), SaleError> {
    if buffers.rx.len() < needed { Err(SaleError::RxTooSmall { needed }) } else { Ok(()) }
}

/// The attempt that took the money: the one that succeeded, or the only one that can have.
pub(super) fn payer(record: &Record) -> Option<CfPaymentId> {
    let mut successes = record.attempts().filter(|attempt| attempt.state == AttemptState::Ended(AttemptEnd::Success));
    let mut others = record.attempts().filter(|attempt| attempt.may_have_charged());
    let payer = match (successes.next(), others.next(), others.next()) {
        (Some(success), ..) => Some(success),
        // Of an attempt that was sent twice and needs a shopper, only the payment that was shown can be paid.
        (None, Some(only), None) if !only.repeated || only.class.needs_shopper() => Some(only),
        _ => None,
    };
    payer.and_then(|attempt| attempt.cf_payment_id)
}
