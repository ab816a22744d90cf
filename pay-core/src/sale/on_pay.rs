//! What the answers to the calls that act mean: create the order, pay, authenticate. The table of docs/payment-flow.md.

use super::super::model::{
    AuthenticateStatus, CallKind, CfPaymentId, MethodClass, MethodWord, OrderStatus, PaymentSessionId, Refusal,
    RefusalClass, Text,
};
use super::super::wire::http::ResponseHead;
use super::super::wire::response;
use super::delivery::{Delivery, ErrorKind, Failure};
use super::phase::{Asking, Phase, Presented, Question};
use super::record::{AttemptEnd, AttemptState, NotPaid, RefusedBy, Stage};
use super::state::Sale;
use super::step::Outcome;
use super::time::Millis;

/// The code of the backend's 409 to a device whose epoch is over.
const DEVICE_EPOCH_OVER: &str = "device_epoch_over";

impl Sale {
    /// Nothing can have been paid yet, so every doubt here is harmless: the same bytes go again until the deadline.
    pub(super) fn on_create(&mut self, now: Millis, result: Result<ResponseHead, Failure>, rx: &mut [u8]) {
        let head = match result {
            Ok(head) => head,
            Err(failure) if failure.kind == ErrorKind::Untrusted => {
                return self.finish(Outcome::NotPaid(NotPaid::NotSent));
            }
            Err(_) => {
                self.phase = Phase::Create(self.back_off(now));
                return;
            }
        };
        let body = body(&head, rx);
        if head.is_success() {
            let adopted = self.adopt_order(&head, body);
            if adopted && head.replayed {
                // An earlier call made it, and who has paid it since is not in this answer.
                self.phase = Phase::Ask(Question::TakePayments, now);
            } else if adopted {
                // Nobody but this sale has had its session.
                self.record.alone = true;
                self.forget_body();
                self.record.stage = Stage::Open;
                self.change();
                self.deadline = None;
                self.phase = Phase::Ready(None);
            } else {
                self.unreadable = true;
                self.phase = Phase::Ask(Question::Take, self.back_off(now));
            }
            return;
        }
        let refusal = response::refusal(head.status, body);
        self.note_said(&refusal);
        // The merchant's backend: this device was recovered by another since. No order was made, and none will be.
        if refusal.code == DEVICE_EPOCH_OVER {
            let by = refused_by(&refusal);
            return self.finish(Outcome::NotPaid(NotPaid::Refused(by)));
        }
        // An earlier send does not matter here: creating charges nobody.
        match refusal.class(CallKind::CreateOrder, false) {
            RefusalClass::Throttled => self.phase = Phase::Create(self.after_throttle(now, &head)),
            RefusalClass::Intermediary => self.phase = Phase::Create(self.back_off(now)),
            // There is an order already, or there may be: it is read before anything is said of it.
            RefusalClass::InFlight
            | RefusalClass::ServerFailed
            | RefusalClass::SaysNothing
            | RefusalClass::KeyReused => {
                self.phase = Phase::Ask(Question::Take, self.back_off(now));
            }
            RefusalClass::NotExecuted => {
                let by = refused_by(&refusal);
                self.finish(Outcome::NotPaid(NotPaid::Refused(by)));
            }
        }
    }

    /// Why the gateway did not do as it was asked.
    fn note_said(&mut self, refusal: &Refusal<'_>) {
        let said = Some(refused_by(refusal));
        if self.record.said != said {
            self.record.said = said;
            self.change();
        }
    }

    /// The gateway has said that an order of this id exists which this sale's call did not make.
    pub(super) fn is_said_to_exist(&self) -> bool {
        self.record.said.as_ref().is_some_and(|by| matches!(by.status, 409 | 422) || by.code.starts_with("order_"))
    }

    /// A cut came between the call that creates the order and the first reading of it: there is no body that could be sent again.
    pub(super) fn is_cut_creation(&self) -> bool {
        self.record.stage == Stage::Creating && self.call_key.is_none()
    }

    /// Takes the session of an order that is the one asked for, active and with a session. What was answered to an earlier call under this
    /// key is ours if that call had our mark, which another terminal's body has not; a gateway may leave the mark out of its answer.
    fn adopt_order(&mut self, head: &ResponseHead, body: &mut [u8]) -> bool {
        let Ok(order) = response::order(body) else { return false };
        let marked = match &self.mark {
            Some(mark) => order.mark.is_empty() || order.mark == mark.as_str(),
            None => !head.replayed,
        };
        let ours = !head.truncated && marked && self.is_ours(&order) && order.status == OrderStatus::Active;
        let session = PaymentSessionId::parse(order.payment_session_id);
        match session {
            Ok(session) if ours => {
                self.session = Some(session);
                true
            }
            _ => false,
        }
    }

    pub(super) fn is_ours(&self, order: &super::super::model::Order<'_>) -> bool {
        order.order_id == self.record.order_id.as_str()
            && order.amount == self.record.amount
            && order.currency == self.record.currency.as_str()
    }

    pub(super) fn on_pay(&mut self, now: Millis, result: Result<ResponseHead, Failure>, rx: &mut [u8]) {
        let head = match result {
            Ok(head) => head,
            Err(Failure { kind: ErrorKind::Untrusted, delivery: Delivery::NotSent }) if !self.is_in_doubt() => {
                return self.end_attempt(AttemptEnd::Untrusted);
            }
            // A repeat that cannot leave must not keep the sale from asking.
            Err(Failure { delivery: Delivery::NotSent, .. }) if self.earlier_unknown && self.policy.can_ask => {
                return self.begin_asking(now);
            }
            Err(Failure { kind, delivery: Delivery::NotSent }) if kind != ErrorKind::Untrusted => {
                self.phase = Phase::Pay(self.back_off(now));
                return;
            }
            Err(_) => return self.unknown(now),
        };
        if head.is_success() {
            match response::order_pay_spans(body(&head, rx)) {
                Ok(reply) if !head.truncated && self.is_answer(&reply, rx) => {
                    if let Some(attempt) = self.record.last_attempt() {
                        attempt.cf_payment_id = Some(reply.cf_payment_id);
                        attempt.state = AttemptState::Known;
                    }
                    self.change();
                    self.reply = Some(reply);
                    self.forget_body();
                    self.phase = Phase::Present(Presented::Reply);
                }
                _ => {
                    self.unreadable = true;
                    self.unknown(now);
                }
            }
            return;
        }
        let refusal = response::refusal(head.status, body(&head, rx));
        let refusal = Refusal { from_backend: head.from_backend, ..refusal };
        self.note_said(&refusal);
        // A stored answer to an earlier call under this key says nothing about that call's fate that asking would not.
        let earlier = self.is_in_doubt() || head.replayed;
        match refusal.class(CallKind::OrderPay, earlier) {
            RefusalClass::NotExecuted => {
                let by = refused_by(&refusal);
                self.end_attempt(AttemptEnd::Refused(by));
            }
            RefusalClass::Throttled if !head.replayed && (!self.earlier_unknown || self.may_send_again()) => {
                self.throttled = true;
                self.phase = Phase::Pay(self.after_throttle(now, &head));
            }
            RefusalClass::Throttled | RefusalClass::InFlight | RefusalClass::Intermediary => self.unknown(now),
            // What the gateway stored it will give again: a repeat is of no use.
            RefusalClass::SaysNothing | RefusalClass::KeyReused | RefusalClass::ServerFailed => {
                self.forget_body();
                self.unknown(now);
            }
        }
    }

    pub(super) fn on_otp(
        &mut self,
        now: Millis,
        payment: CfPaymentId,
        result: Result<ResponseHead, Failure>,
        rx: &mut [u8],
    ) {
        if let Err(Failure { kind, delivery: Delivery::NotSent }) = result {
            if kind != ErrorKind::Untrusted {
                self.phase = Phase::Otp(payment, self.back_off(now));
                return;
            }
        }
        if let Ok(head) = &result {
            if head.status == 429 && !head.replayed {
                self.phase = Phase::Otp(payment, self.after_throttle(now, head));
                return;
            }
        }
        self.forget_body();
        if let Ok(head) = result {
            if head.is_success() && !head.truncated {
                if let Ok(reply) = response::authenticate(body(&head, rx)) {
                    let resent = reply.action == "RESEND_OTP";
                    match reply.status {
                        _ if reply.cf_payment_id != payment => {}
                        AuthenticateStatus::Failed => {
                            self.phase = Phase::Present(Presented::Otp { was_wrong: !resent });
                            return;
                        }
                        AuthenticateStatus::Success if resent => {
                            self.phase = Phase::Present(Presented::Otp { was_wrong: false });
                            return;
                        }
                        AuthenticateStatus::Success => return self.begin_asking(now),
                        AuthenticateStatus::Unknown(_) => {}
                    }
                }
                self.unreadable = true;
            }
        }
        // No complete answer, a server error, too many tries, or a payment that is over: never submitted again blindly.
        if self.bank_page.is_some() {
            self.phase = Phase::Present(Presented::BankPage);
        } else {
            self.begin_asking(now);
        }
    }

    /// The answer is unknown: ask, or where that cannot be done, send the same bytes again if that can harm nobody.
    fn unknown(&mut self, now: Millis) {
        self.earlier_unknown = true;
        if !self.may_send_again() {
            self.forget_body();
        }
        if self.policy.can_ask {
            self.begin_asking(now);
        } else if self.may_send_again() {
            self.send_again(now);
        } else {
            self.phase = Phase::Done(Outcome::Unknown);
        }
    }

    pub(super) fn begin_asking(&mut self, now: Millis) {
        if self.policy.can_ask {
            self.asking = Asking::default();
            self.failures = 0;
            self.phase = Phase::Ask(Question::Order, now);
        } else {
            self.phase = Phase::Done(if self.last_is_known() { Outcome::Pending } else { Outcome::Unknown });
        }
    }

    pub(super) fn may_send_again(&self) -> bool {
        let class = self.record.attempts().next_back().map(|attempt| attempt.class);
        self.body_len > 0
            && self.record.stage == Stage::Open
            && class.is_some_and(|class| self.policy.may_repeat(class, self.repeats))
    }

    /// The very bytes in `tx`, under the same key.
    pub(super) fn send_again(&mut self, now: Millis) {
        self.repeats += 1;
        if let Some(attempt) = self.record.last_attempt() {
            attempt.repeated = true;
        }
        self.change();
        self.phase = Phase::Pay(self.back_off(now));
    }

    /// Whether a reply can be the one to the attempt: of its method, and not the number of another attempt.
    fn is_answer(&self, reply: &response::OrderPaySpans, rx: &[u8]) -> bool {
        let mut attempts = self.record.attempts();
        let class = attempts.next_back().map(|attempt| attempt.class);
        let method = reply.resolve(rx).payment_method;
        attempts.all(|earlier| earlier.cf_payment_id != Some(reply.cf_payment_id))
            && class.is_some_and(|class| fits(class, method))
    }
}

/// Whether the gateway's word for the method can be about an attempt of this class. Unknown words can.
fn fits(class: MethodClass, word: Option<MethodWord<'_>>) -> bool {
    match word {
        None | Some(MethodWord::Unknown(_)) => true,
        Some(MethodWord::Upi) => matches!(
            class,
            MethodClass::UpiLink | MethodClass::UpiCollect | MethodClass::UpiQrCode | MethodClass::UpiPodQrCode
        ),
        Some(MethodWord::Card) => matches!(class, MethodClass::Card | MethodClass::CardOtp | MethodClass::Emi),
        Some(MethodWord::NetBanking) => class == MethodClass::NetBanking,
        Some(MethodWord::App) => class == MethodClass::App,
        Some(MethodWord::CardlessEmi) => class == MethodClass::CardlessEmi,
        Some(MethodWord::PayLater) => class == MethodClass::PayLater,
        Some(MethodWord::BankTransfer) => class == MethodClass::BankTransfer,
    }
}

pub(super) fn body<'r>(head: &ResponseHead, rx: &'r mut [u8]) -> &'r mut [u8] {
    let len = head.body_len.min(rx.len());
    rx.get_mut(..len).unwrap_or_default()
}

fn refused_by(refusal: &Refusal<'_>) -> RefusedBy {
    RefusedBy { status: refusal.status, code: Text::cut(refusal.code) }
}
