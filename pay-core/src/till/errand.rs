//! Single questions and refunds: no sale is at work for them.

use super::super::model::{
    Amount, CreateRefund, IdempotencyKey, OrderId, OrderStatus, Refund, RefundId, RefundSpeed, RefundStatus, Text,
};
use super::super::sale::{Buffers, Delivery, Failure, Millis, RefusedBy, RouteProblem};
use super::super::wire::{Call, Request, ResponseHead, decode, encode};
use super::ended::{Done, MoneyBack, OrderState, Refunded, Status, Trouble};
use super::keys::Keys;
use super::refund_ref::RefundRef;
use super::terms::Terms;

/// So often in a row a call may fail, a second apart, then two.
pub(super) const TRIES: u8 = 3;

/// A question, or a refund, on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Errand {
    order_id: OrderId,
    /// `None`: only a question.
    refund: Option<Wanted>,
    step: Step,
    at: Millis,
    tries: u8,
    status: Status,
    answer: Option<Done>,
}

/// The refund that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Wanted {
    id: RefundId,
    amount: Amount,
    even_so: bool,
    instant: bool,
    /// It was sent so often; a stored failure would come back under the same key for ever.
    sent: u8,
}

/// The next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Order,
    Payments,
    Refunds,
    Create,
    Read,
}

impl Errand {
    /// How an order stands.
    pub(super) fn status(order_id: OrderId) -> Self {
        let status = Status::default();
        Self { order_id, refund: None, step: Step::Order, at: Millis::default(), tries: 0, status, answer: None }
    }

    /// A refund, once for its id.
    pub(super) fn refund(order_id: OrderId, amount: Amount, name: &RefundRef) -> Self {
        let (even_so, instant) = (name.is_even_so(), name.is_instant());
        let wanted = Wanted { id: name.refund_id(&order_id), amount, even_so, instant, sent: 0 };
        Self { refund: Some(wanted), ..Self::status(order_id) }
    }

    pub(super) const fn is_done(&self) -> bool {
        self.answer.is_some()
    }

    pub(super) fn answer(&mut self) -> Option<Done> {
        self.answer.take()
    }

    pub(super) const fn due(&self) -> Millis {
        self.at
    }

    /// The next call. `None`: the refund does not fit `tx`.
    pub(super) fn request<'t>(
        &'t mut self,
        terms: &Terms,
        keys: &mut Keys,
        buffers: &'t mut Buffers<'_>,
    ) -> Option<(Request<'t>, &'t mut [u8])> {
        let mut len = 0;
        if let (Step::Create, Some(wanted)) = (self.step, &self.refund) {
            let mut request = CreateRefund::new(wanted.id.clone(), wanted.amount);
            if wanted.instant {
                request = request.with_speed(RefundSpeed::Instant);
            }
            match encode::create_refund(&request, buffers.tx) {
                Ok(encoded) => len = encoded,
                Err(error) => {
                    self.answer = Some(Done::Refused(Trouble::Sale(error.into())));
                    return None;
                }
            }
        }
        let Self { order_id, refund, step, .. } = self;
        let (call, body) = match (step, refund.as_ref()) {
            (Step::Order, _) => (Call::ReadOrder(order_id), None),
            (Step::Payments, _) => (Call::ListPayments(order_id), None),
            (Step::Refunds, _) | (Step::Create | Step::Read, None) => (Call::ListRefunds(order_id), None),
            (Step::Read, Some(wanted)) => (Call::ReadRefund(order_id, &wanted.id), None),
            (Step::Create, Some(_)) => (Call::CreateRefund(order_id), buffers.tx.get(..len)),
        };
        let request = Request::new(call, terms.api_version, keys.request_id())
            .with_timeout_ms(terms.policy.exchange_ms)
            .with_body(body.unwrap_or_default());
        Some((request, buffers.rx))
    }

    /// The key of the refund's call, kept by the life while the request is out.
    pub(super) fn key(&self) -> Option<IdempotencyKey> {
        let wanted = self.refund.as_ref().filter(|_| self.step == Step::Create)?;
        let mut key = Text::<64>::new();
        let _ = core::fmt::Write::write_fmt(&mut key, format_args!("{}-{}", wanted.id, wanted.sent));
        IdempotencyKey::parse(&key).ok()
    }

    pub(super) fn exchanged(&mut self, now: Millis, result: Result<ResponseHead, Failure>, rx: &mut [u8]) {
        let head = match result {
            Ok(head) => head,
            Err(failure) => {
                if self.step == Step::Create && failure.delivery == Delivery::Unknown {
                    self.step = Step::Read;
                }
                return self.again(now, RouteProblem::Failed(failure));
            }
        };
        if head.status == 429 || head.status >= 500 {
            if self.step == Step::Create && head.status >= 500 {
                self.step = Step::Read;
            }
            return self.again(now, RouteProblem::Refused { status: head.status });
        }
        let body = rx.get_mut(..head.body_len).unwrap_or_default();
        if !head.is_success() {
            return self.refused(head.status, body);
        }
        let read = !head.truncated
            && match self.step {
                Step::Order => self.on_order(body),
                Step::Payments => self.on_payments(body),
                Step::Refunds => self.on_refunds(body),
                Step::Create | Step::Read => self.on_refund(body),
            };
        if read {
            self.tries = 0;
        } else {
            if self.step == Step::Create {
                self.step = Step::Read;
            }
            self.again(now, RouteProblem::Unreadable);
        }
    }

    fn again(&mut self, now: Millis, problem: RouteProblem) {
        self.tries += 1;
        self.at = now.after(1_000 * u32::from(self.tries));
        if self.tries >= TRIES {
            self.answer = Some(Done::Refused(Trouble::Route(problem)));
        }
    }

    fn refused(&mut self, status: u16, body: &mut [u8]) {
        let refusal = decode::refusal(status, body);
        let by = RefusedBy { status, code: Text::cut(refusal.code) };
        match (self.step, &mut self.refund) {
            // There already, or refused: what the gateway has under this id says which.
            (Step::Create, Some(wanted)) if wanted.sent == 0 => {
                wanted.sent = 1;
                self.step = Step::Read;
            }
            (Step::Read, Some(wanted)) if status == 404 && wanted.sent == 1 => {
                wanted.sent = 2;
                self.step = Step::Create;
            }
            // A gateway without this list: the refund's own id is still a fence.
            (Step::Refunds, _) if status == 404 => self.check(),
            _ => self.answer = Some(Done::Refused(Trouble::Refusal(by))),
        }
    }

    fn on_order(&mut self, body: &mut [u8]) -> bool {
        let Ok(order) = decode::order(body) else { return false };
        if order.order_id != self.order_id.as_str() {
            return false;
        }
        self.status.amount = Some(order.amount);
        self.status.order = match order.status {
            OrderStatus::Active => OrderState::Active,
            OrderStatus::Paid => OrderState::Paid,
            OrderStatus::Expired => OrderState::Expired,
            OrderStatus::Terminated => OrderState::Terminated,
            OrderStatus::TerminationRequested => OrderState::Closing,
            OrderStatus::Unknown(_) => OrderState::Unknown,
        };
        self.step = Step::Payments;
        true
    }

    fn on_payments(&mut self, body: &mut [u8]) -> bool {
        let mut payments = decode::payments(body);
        let (mut paid, mut paid_minor, mut pending) = (0, 0_u64, 0);
        let mut last = None;
        loop {
            match payments.next() {
                Ok(Some(payment)) if payment.is_paid() => {
                    // Gateways have listed one twice in a row.
                    if last != Some(payment.cf_payment_id) {
                        paid += 1;
                        paid_minor += payment.amount.or(self.status.amount).map_or(0, Amount::minor);
                    }
                    last = Some(payment.cf_payment_id);
                }
                Ok(Some(payment)) => pending += u32::from(!payment.status.is_final()),
                Ok(None) => break,
                Err(_) => return false,
            }
        }
        self.status = Status { paid, paid_minor, pending, ..self.status.clone() };
        self.step = Step::Refunds;
        true
    }

    fn on_refunds(&mut self, body: &mut [u8]) -> bool {
        let mut refunds = decode::refunds(body);
        let mut own = None;
        let (mut back_minor, mut already) = (0_u64, None);
        loop {
            match refunds.next() {
                Ok(Some(refund)) if refund.status == RefundStatus::Cancelled => {}
                Ok(Some(refund)) => {
                    let wanted = self.refund.as_ref().filter(|wanted| refund.refund_id == wanted.id.as_str());
                    if wanted.is_some() {
                        own = Some(Made::of(&refund));
                    }
                    back_minor += refund.amount.minor();
                    already = RefundId::parse(refund.refund_id).ok().or(already);
                }
                Ok(None) => break,
                Err(_) => return false,
            }
        }
        self.status.back_minor = back_minor;
        self.status.refund = already;
        match (own, &self.refund) {
            (Some(own), Some(wanted)) => self.answer = Some(own.answer(wanted)),
            (_, _) => self.check(),
        }
        true
    }

    /// Everything is known: may the refund be made?
    fn check(&mut self) {
        let Some(wanted) = &self.refund else {
            self.answer = Some(Done::Status(self.status.clone()));
            return;
        };
        let after = self.status.back_minor.saturating_add(wanted.amount.minor());
        if after > self.status.paid_minor && !wanted.even_so {
            self.answer = Some(Done::Refused(Trouble::RefundTooMuch { already: self.status.refund.clone() }));
        } else {
            self.step = Step::Create;
        }
    }

    fn on_refund(&mut self, body: &mut [u8]) -> bool {
        let (Ok(refund), Some(wanted)) = (decode::refund(body), &self.refund) else { return false };
        if refund.refund_id != wanted.id.as_str() {
            return false;
        }
        self.answer = Some(Made::of(&refund).answer(wanted));
        true
    }
}

/// A refund as the gateway has it.
struct Made {
    amount: Amount,
    money: MoneyBack,
    word: Text<24>,
}

impl Made {
    fn of(refund: &Refund<'_>) -> Self {
        let word = Text::cut(refund.status.as_str());
        Self { amount: refund.amount, money: MoneyBack::of(refund.status), word }
    }

    fn answer(self, wanted: &Wanted) -> Done {
        let Self { amount, money, word } = self;
        if amount == wanted.amount {
            Done::Refunded(Refunded { refund_id: wanted.id.clone(), amount, money, word })
        } else {
            Done::Refused(Trouble::RefundDiffers(wanted.id.clone()))
        }
    }
}
