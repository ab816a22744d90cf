//! The sale: its state, and the step it asks for in each state.

use zeroize::Zeroize;

use super::super::model::idempotency::keyed;
use super::super::model::{
    CallKind, CreateOrder, IdempotencyKey, NextAction, OpenOrder, PaymentSessionId, RequestId, Secret, Text,
    UnixSeconds, Url,
};
use super::super::wire::api::ClientHints;
use super::super::wire::http::{Call, Request, ResponseHead};
use super::super::wire::request;
use super::super::wire::response::OrderPaySpans;
use super::delivery::{Delivery, ErrorKind, Failure};
use super::outcome::outcome;
use super::phase::{Asking, Listed, Phase, Presented, Question, RouteProblem};
use super::policy::{self, Policy, Refunds};
use super::record::{Attempt, AttemptEnd, AttemptState, Closed, NotPaid, Record, Stage};
use super::release::{Release, Vend};
use super::setup::Setup;
use super::step::{Buffers, Commit, Connection, InFlight, Outcome, SaleError, Step};
use super::time::Millis;

/// One payment of one intent, from the order to the outcome.
///
/// A pure state machine: no socket, clock, random source or flash. [`Sale::step`] says what to do next. Report the
/// result with [`Sale::committed`], [`Sale::on_exchange`] and [`Sale::shown`]. The same inputs give the same steps. The
/// drivers in [`drive`](crate::drive) do this for you.
///
/// Its promise: nothing is sent before a [`Step::Commit`] of it; at most one request is in flight; an unknown answer is
/// never taken for a refusal; what can charge without the shopper is never sent twice without asking.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sale {
    pub(super) record: Record,
    /// What the record is signed with when it changes: who writes, and the number that this sale began from.
    pub(super) writer: [u8; 8],
    pub(super) from: u32,
    pub(super) policy: Policy,
    pub(super) phase: Phase,
    /// An earlier send of this attempt had no readable answer.
    pub(super) earlier_unknown: bool,
    /// This attempt was throttled.
    pub(super) throttled: bool,
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
    /// The tag of an order that this sale creates: what shows that it is ours.
    pub(super) mark: Option<Text<64>>,
    /// Tells this power-on from others.
    pub(super) power_on: u32,
    pub(super) call_key: Option<IdempotencyKey>,
    /// Where the right to move the actuator is.
    pub(super) vend: Vend,
    /// A paid order is looked after, in this sale: a second success would be a surplus.
    pub(super) watching: bool,
    /// Somebody refused what is due for good: a person must look.
    pub(super) stuck: bool,
    pub(super) seed: [u8; 16],
    dirty: bool,
    pub(super) version: u32,
    pub(super) wipe: bool,
    client: Option<ClientHints>,
    pub(super) serial: u32,
    pub(super) in_flight: Option<CallKind>,
}

impl Sale {
    /// A sale of an existing order. If it can ask, it reads the order and its payments first, and pays with the session
    /// of that reading. If any payment there may still charge, nothing is sent ([`Outcome::OrderTaken`]).
    #[inline(never)] // made where the caller wants it, not moved there
    pub fn new(order: OpenOrder, setup: Setup) -> Self {
        let OpenOrder { order_id, amount, currency, session } = order;
        let phase =
            if setup.policy.can_ask { Phase::Ask(Question::Take, Millis::default()) } else { Phase::Ready(None) };
        let record = Record::new(order_id, amount, currency, setup.environment, setup.api_version, Stage::Open);
        let mut sale = Self::at(record, setup.policy, setup.seed, phase);
        sale.session = Some(session);
        sale
    }

    /// A sale that creates its order first. [`Sale::session`] then returns the session.
    ///
    /// The request's tag [`MARK_TAG`](crate::model::MARK_TAG) is the sale's mark: an order that existed already counts
    /// as ours only if it has this tag and no payments.
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
        let body_len = request::create_order(request, buffers.tx)?;
        Ok(Self::creating(request, body_len, key, setup, now))
    }

    /// The same once the request is in `tx`.
    #[inline(never)] // made where the caller wants it, not moved there
    pub(crate) fn creating(
        request: &CreateOrder,
        body_len: usize,
        key: IdempotencyKey,
        setup: Setup,
        now: Millis,
    ) -> Self {
        let deadline = now.after(setup.policy.deadline_ms);
        let record = Record::new(
            request.order_id().clone(),
            request.amount(),
            request.currency().clone(),
            setup.environment,
            setup.api_version,
            Stage::Creating,
        );
        let mut sale = Self::at(record, setup.policy, setup.seed, Phase::Create(now));
        sale.mark = request.mark().cloned();
        sale.body_len = body_len;
        sale.call_key = Some(key);
        sale.deadline = Some(deadline);
        sale.change();
        sale
    }

    /// Resumes a sale from its record after a reboot. It asks how the order stands, and never pays.
    pub fn resume(record: Record, policy: Policy, seed: [u8; 16], now: Millis) -> Self {
        let seq = record.seq;
        let stage = record.stage.clone();
        let mut sale = Self::at(record, policy, seed, Phase::Done(Outcome::Unknown));
        sale.from = seq;
        sale.asking.quiet = sale.record.quiet();
        let watched = matches!(stage, Stage::Paid { watch: true } | Stage::PaidElsewhere { watch: true });
        sale.watching = watched && policy.can_ask;
        match stage {
            // Without an attempt nothing of ours can have been paid; an order of ours that was made all the same is closed.
            Stage::Creating if !policy.can_ask => sale.finish(Outcome::NotPaid(NotPaid::NotStarted)),
            Stage::Creating => sale.phase = Phase::Ask(Question::Take, now),
            Stage::Open if policy.can_ask => {
                sale.deadline = Some(now.after(policy.deadline_ms));
                sale.phase = Phase::Ask(Question::Order, now);
            }
            Stage::Closing | Stage::Taken | Stage::PaidUnclear if policy.can_ask => {
                sale.phase = Phase::Ask(Question::Order, now);
            }
            Stage::Open | Stage::Closing | Stage::Taken | Stage::PaidUnclear => {
                sale.phase = Phase::Done(outcome(&sale.record).unwrap_or(Outcome::Unknown));
            }
            Stage::Paid { .. }
            | Stage::PaidElsewhere { .. }
            | Stage::NotPaid(_)
            | Stage::HandedOver
            | Stage::RefundDue(_)
            | Stage::Refunded(_) => {
                sale.phase = Phase::Done(outcome(&sale.record).unwrap_or(Outcome::Unknown));
            }
        }
        let release = sale.record.release.after_cut(policy.after_cut);
        if release == Release::NotReleased && sale.record.release != release {
            sale.note_goods_stay();
        }
        if release != sale.record.release {
            sale.record.release = release;
            sale.note_report();
            sale.change();
        }
        // Another policy: there is no backend any more that could be told.
        if sale.record.report_due && policy.refunds != Refunds::ByBackend {
            sale.record.report_due = false;
            sale.change();
        }
        // What an earlier version, or another policy, left undone.
        if sale.record.refund_due().is_some() && sale.record.returns().next().is_none() {
            sale.note_goods_stay();
            sale.change();
        }
        // Another policy: money was due that the sale was to send back by itself, and now the backend does that.
        if sale.record.refund_due().is_some() && !sale.record.report_due {
            sale.note_report();
            if sale.record.report_due {
                sale.change();
            }
        }
        if matches!(sale.phase, Phase::Done(_)) {
            sale.settle_duties();
        }
        sale
    }

    /// Resumes a sale from its record, for a shopper who comes back to it. If every attempt has ended, it reads the
    /// order and its payments as [`Sale::new`] does, and can then be paid again. Otherwise it asks as [`Sale::resume`]
    /// does. `session`: the session to pay with; a reading of the order gives it too.
    #[inline(never)] // made where the caller wants it, not moved there
    pub fn come_back(
        record: Record,
        session: Option<PaymentSessionId>,
        policy: Policy,
        seed: [u8; 16],
        now: Millis,
    ) -> Self {
        let payable = record.stage == Stage::Open && !record.attempts().any(Attempt::is_open);
        let mut sale = Self::resume(record, policy, seed, now);
        if payable && (policy.can_ask || session.is_some()) {
            sale.phase = if policy.can_ask { Phase::Ask(Question::Take, now) } else { Phase::Ready(None) };
            sale.session = session;
            sale.deadline = None;
            // Whoever had the session may have given it to others.
            sale.record.alone = false;
        }
        sale
    }

    fn at(record: Record, policy: Policy, seed: [u8; 16], phase: Phase) -> Self {
        let (writer, power_on) = names(&seed);
        Self {
            record,
            writer,
            from: 0,
            policy,
            phase,
            earlier_unknown: false,
            throttled: false,
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
            mark: None,
            power_on,
            call_key: None,
            vend: Vend::None,
            watching: false,
            stuck: false,
            seed,
            dirty: false,
            version: 0,
            wipe: false,
            client: None,
            serial: 0,
            in_flight: None,
        }
    }

    /// Sets the mark that the order was created with ([`Sale::create`]). If the power went during the creation, the
    /// mark shows that the order is ours, so that the sale may close it.
    #[must_use]
    pub fn with_mark(mut self, mark: Text<64>) -> Self {
        self.mark = Some(mark);
        self
    }

    /// Adds the `x-client-*` headers to Order Pay.
    #[must_use]
    pub fn with_client(mut self, client: ClientHints) -> Self {
        self.client = Some(client);
        self
    }

    /// Notes in the record when the sale began. Call it before the first step.
    #[must_use]
    pub const fn with_created(mut self, now: UnixSeconds) -> Self {
        self.record.created = Some(now);
        self
    }

    /// What a till knows and a sale cannot: the same as the `with_…` above, in place, where a move costs kilobytes of
    /// stack.
    pub(crate) fn introduce(&mut self, power_on: u32, client: Option<ClientHints>, created: Option<UnixSeconds>) {
        self.power_on = power_on;
        self.client = client;
        if created.is_some() {
            self.record.created = created;
        }
    }

    /// [`Sale::with_mark`] in place.
    pub(crate) fn remember_mark(&mut self, mark: &str) {
        self.mark = Text::parse("mark", mark).ok();
    }

    /// The session to pay with, while the order can be paid. A reading of the order may return another one.
    pub const fn session(&self) -> Option<&PaymentSessionId> {
        self.session.as_ref()
    }

    /// The record that a journal stores.
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// Why the ask route's last question got no answer, if so. For people; the sale goes on asking.
    pub const fn route_problem(&self) -> Option<RouteProblem> {
        self.route_problem
    }

    /// The outcome if the sale stopped now: its outcome if it has one, else [`Outcome::Pending`] if the gateway has the
    /// attempt, else [`Outcome::Unknown`] if a request may have arrived.
    pub fn standing(&self) -> Outcome {
        if let Phase::Done(outcome) = &self.phase {
            return outcome.clone();
        }
        if let Some(outcome) = outcome(&self.record) {
            return outcome;
        }
        // The last attempt, as long as it waits for its first chance to leave.
        let waits = matches!(self.phase, Phase::Pay(_)) && !self.is_in_doubt() && self.in_flight.is_none();
        let attempts = self.record.attempts().rev().skip(usize::from(waits));
        match { attempts }.find(|attempt| attempt.may_have_charged()) {
            None if waits => Outcome::NotPaid(NotPaid::NotSent),
            None => Outcome::NotPaid(NotPaid::NotStarted),
            Some(attempt) if attempt.state == AttemptState::Sent => Outcome::Unknown,
            Some(_) => Outcome::Pending,
        }
    }

    /// Says what to do next. Cheap, and the same again until a result is reported.
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
        Ok(self.send(now, buffers))
    }

    /// When the next call is due; `None` if none is.
    const fn due(&self) -> Option<Millis> {
        match &self.phase {
            Phase::Create(at)
            | Phase::Pay(at)
            | Phase::Otp(_, at)
            | Phase::Ask(_, at)
            | Phase::Terminate(at)
            | Phase::Refund(_, at)
            | Phase::ReadRefund(_, at)
            | Phase::Report(_, at)
            | Phase::Claim(_, at) => Some(*at),
            Phase::Ready(_) | Phase::Present(_) | Phase::Done(_) => None,
        }
    }

    /// Whether the running attempt may have been executed: an answer was lost, or it was throttled by a gateway that
    /// may have begun.
    pub(super) const fn is_in_doubt(&self) -> bool {
        self.earlier_unknown || self.throttled
    }

    /// The record has changed since it was stored: [`Sale::step`] wants it stored first.
    pub(crate) const fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Reports that the record of this token is stored durably.
    pub fn committed(&mut self, token: Commit) {
        if token.version == self.version {
            self.dirty = false;
            self.from = self.record.seq;
        }
    }

    /// Reports the result of an exchange; a success has its body in `rx[..head.body_len]`. An old token is ignored.
    pub fn on_exchange(
        &mut self,
        token: InFlight,
        now: Millis,
        result: Result<ResponseHead, Failure>,
        rx: &mut [u8],
    ) -> Connection {
        if self.in_flight.is_none() || token.sale != self.seed || token.serial != self.serial {
            return Connection::Keep;
        }
        self.in_flight = None;
        self.unreadable = false;
        self.answer(token.call, now, result, rx);
        if self.unreadable { Connection::Drop } else { Connection::Keep }
    }

    /// The token of the exchange was dropped: the request may have arrived.
    pub(super) fn settle_lost(&mut self, now: Millis) {
        if let Some(lost) = self.in_flight.take() {
            let failure = Failure { kind: ErrorKind::Abandoned, delivery: Delivery::Unknown };
            self.answer(lost, now, Err(failure), &mut []);
        }
    }

    /// The phase says what was asked; it changes only by answers, and there is one exchange at a time.
    fn answer(&mut self, call: CallKind, now: Millis, result: Result<ResponseHead, Failure>, rx: &mut [u8]) {
        match (&self.phase, call) {
            (Phase::Create(_), CallKind::CreateOrder) => self.on_create(now, result, rx),
            (Phase::Pay(_), CallKind::OrderPay) => self.on_pay(now, result, rx),
            (Phase::Otp(payment, _), CallKind::Authenticate) => self.on_otp(now, *payment, result, rx),
            (Phase::Terminate(_), CallKind::TerminateOrder) => self.on_terminate(now, result, rx),
            (Phase::Refund(id, _), CallKind::CreateRefund) => self.on_refund(now, &id.clone(), result, rx),
            (Phase::ReadRefund(id, _), CallKind::ReadRefund) => self.on_read_refund(now, &id.clone(), result, rx),
            (Phase::Report(out, _), CallKind::ReportRelease) => self.on_report(now, *out, result),
            (Phase::Claim(payment, _), CallKind::ReportRelease) => self.on_claim(now, *payment, result),
            (
                Phase::Ask(..),
                CallKind::ReadOrder | CallKind::ListPayments | CallKind::ReadPayment | CallKind::ListRefunds,
            ) => self.on_ask(now, result, rx),
            // A command came between question and answer: the answer is to nothing that is still asked.
            (
                Phase::Create(_)
                | Phase::Ready(_)
                | Phase::Pay(_)
                | Phase::Present(_)
                | Phase::Otp(..)
                | Phase::Ask(..)
                | Phase::Terminate(_)
                | Phase::Refund(..)
                | Phase::ReadRefund(..)
                | Phase::Report(..)
                | Phase::Claim(..)
                | Phase::Done(_),
                _,
            ) => {}
        }
    }

    fn send<'t>(&'t mut self, now: Millis, buffers: &'t mut Buffers<'_>) -> Step<'t> {
        self.serial = self.serial.wrapping_add(1);
        let wait_s = self.wait_s(now);
        self.asking.waits = (wait_s > 0).then(|| now.after(u32::from(wait_s) * policy::WAITED_MS));
        let order = &self.record.order_id;
        let written = buffers.tx.get(..self.body_len);
        let (call, key, body) = match &self.phase {
            Phase::Create(_) => (Call::CreateOrder, self.call_key.as_ref(), written),
            Phase::Pay(_) => match self.record.attempts().next_back() {
                Some(attempt) => (Call::OrderPay, Some(&attempt.key), written),
                // There is no paying without an attempt that the journal knows: ask instead.
                None => (Call::ReadOrder(order), None, None),
            },
            Phase::Otp(payment, _) => (Call::Authenticate(*payment), self.call_key.as_ref(), written),
            Phase::Terminate(_) => (Call::TerminateOrder(order), None, Some(request::TERMINATE_ORDER)),
            Phase::Refund(..) => (Call::CreateRefund(order), self.call_key.as_ref(), written),
            Phase::ReadRefund(id, _) => (Call::ReadRefund(order, id), None, None),
            Phase::Report(..) | Phase::Claim(..) => (Call::ReportRelease(order), None, written),
            Phase::Ask(Question::Payment(payment, _), _) => (Call::ReadPayment(order, *payment), None, None),
            Phase::Ask(Question::Order | Question::Take, _) => (Call::ReadOrder(order), None, None),
            Phase::Ask(
                Question::TakePayments
                | Question::Payments
                | Question::Whose
                | Question::Watch
                | Question::Late(_)
                | Question::BeforeRefund,
                _,
            ) => (Call::ListPayments(order), None, None),
            Phase::Ask(Question::Refunds { .. }, _) => (Call::ListRefunds(order), None, None),
            // Nothing is due in these: `step` never comes here.
            Phase::Ready(_) | Phase::Present(_) | Phase::Done(_) => (Call::ReadOrder(order), None, None),
        };
        let mut request = Request::new(call, self.record.api_version, RequestId::derive(&self.seed, self.serial))
            .with_timeout_ms(self.policy.exchange_ms)
            .with_wait_s(wait_s)
            .with_body(body.unwrap_or_default());
        if call.kind() == CallKind::OrderPay {
            request = request.with_client(self.client.as_ref());
        }
        if let Some(key) = key {
            request = request.with_key(key);
        }
        self.in_flight = Some(call.kind());
        Step::Exchange(InFlight { sale: self.seed, serial: self.serial, call: call.kind() }, request, buffers.rx)
    }

    pub(super) fn next_action<'a>(&'a self, rx: &'a [u8]) -> Option<NextAction<'a>> {
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
        if self.deadline.is_none() && matches!(self.phase, Phase::Ask(Question::Take | Question::TakePayments, _)) {
            self.deadline = Some(now.after(self.policy.deadline_ms));
        }
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        self.deadline = None;
        match self.phase {
            Phase::Ready(_) | Phase::Done(_) => {}
            Phase::Create(_) => self.give_up_creating(),
            Phase::Ask(Question::Take | Question::TakePayments, _) => {
                if self.record.stage == Stage::Creating {
                    self.give_up_creating();
                } else if self.may_have_charged() {
                    self.close(now);
                } else {
                    self.finish(Outcome::OrderTaken);
                }
            }
            Phase::Pay(_) if !self.is_in_doubt() => self.end_attempt(AttemptEnd::NotSent),
            // Paid already: what is left to learn has no deadline.
            Phase::Ask(
                Question::Whose
                | Question::Watch
                | Question::Payment(_, Some(Listed::Whose | Listed::Watch))
                | Question::BeforeRefund
                | Question::Refunds { .. },
                _,
            ) => {}
            Phase::Pay(_)
            | Phase::Present(_)
            | Phase::Otp(..)
            | Phase::Ask(..)
            | Phase::Terminate(_)
            | Phase::Refund(..)
            | Phase::ReadRefund(..)
            | Phase::Report(..)
            | Phase::Claim(..) => {
                if self.record.stage == Stage::Open {
                    self.close(now);
                }
            }
        }
    }

    /// The sale is over for the shopper: close the order and learn how it ended.
    pub(super) fn close(&mut self, now: Millis) {
        self.forget_body();
        self.deadline = None;
        self.record.stage = Stage::Closing;
        self.change();
        if !self.policy.can_ask {
            self.phase = Phase::Done(if self.last_is_known() { Outcome::Pending } else { Outcome::Unknown });
            return;
        }
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
            Outcome::PaidElsewhere => Some(Stage::PaidElsewhere { watch: self.may_have_charged() }),
            // It was given up: should it turn out to be ours, it goes back.
            Outcome::PaidUnclear if self.record.stage == Stage::Closing => {
                self.record.closed = Some(Closed::UNCLEAR);
                Some(Stage::Closing)
            }
            Outcome::PaidUnclear => Some(Stage::PaidUnclear),
            Outcome::OrderTaken => Some(Stage::Taken),
            Outcome::HandedOver => Some(Stage::HandedOver),
            Outcome::Pending | Outcome::Unknown => None,
        };
        // An order that was taken before, and still is: there is nothing to store.
        if let Some(stage) = stage.filter(|stage| *stage != Stage::Taken || self.record.stage != Stage::Taken) {
            // Of a sale that was paid before, the goods went out when that was said.
            let first = !matches!(self.record.stage, Stage::Paid { .. });
            let paid = matches!(stage, Stage::Paid { .. });
            if self.policy.release && paid && first && self.record.release == Release::Untracked {
                self.record.release = Release::Due;
            }
            // Goods of a recovered sale go out for money only, and none was taken here: nobody's money goes back for them.
            let of_recovered = matches!(self.record.release, Release::Unknown | Release::NotReleased);
            let took_none = matches!(stage, Stage::NotPaid(_) | Stage::HandedOver | Stage::PaidElsewhere { .. });
            if took_none && of_recovered {
                self.record.release = Release::Untracked;
                self.record.returns = Default::default();
                self.record.report_due = false;
            }
            self.record.stage = stage;
            if let Some(closed) = self.record.closed.as_mut().filter(|_| self.record.stage != Stage::Closing) {
                // What moved has come to an end.
                closed.person = false;
            }
            if !paid {
                self.note_report();
            }
            self.change();
        }
        self.forget_body();
        self.session = None;
        self.bank_page = None;
        self.deadline = None;
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
        self.record.writer = self.writer;
        self.record.from = self.from;
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
}

/// Orders and payments fit this.
pub(super) const LEAST_RX: usize = 4 * 1024;

pub(super) fn enough_rx(buffers: &Buffers<'_>, needed: usize) -> Result<(), SaleError> {
    if buffers.rx.len() < needed { Err(SaleError::RxTooSmall { needed }) } else { Ok(()) }
}

/// What tells this sale in memory from others of the same order, and its power-on from others, as far as it knows.
fn names(seed: &[u8; 16]) -> ([u8; 8], u32) {
    let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = keyed(seed, &[b"writer\0"]);
    ([a, b, c, d, e, f, g, h], u32::from_be_bytes([i, j, k, l]))
}
