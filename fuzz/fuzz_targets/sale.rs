//! A sale driven by bytes: what the gateway answers, what the network does, when, which tokens get lost, where the power is
//! cut, what the shopper and the program decide. The gateway here need not be consistent; what must hold holds all the same:
//!
//! - nothing is sent before the record that knows of it was acknowledged;
//! - there is one request in flight: an answer to an earlier one changes nothing;
//! - what charges by itself is sent once, unless nothing of it left or it was throttled; a repeat is the same bytes;
//! - no attempt begins while an earlier one may charge by itself;
//! - after anything that may have arrived, "not paid" needs a reading of the order, and once the gateway has said that it is paid
//!   "not paid" is never said;
//! - only a payment that was read as having succeeded is named, kept or sent back; the one that goods went out for stays;
//! - an order is somebody else's only as long as nothing of ours can have charged;
//! - at the end no card number is left in the buffer.
//!
//! Mutants each found within a minute: repeats for every class; the pay call before its commit; a stale token taken; an unknown
//! failure ending the attempt as not sent; PAID while closing read as terminated; ACTIVE read as paid; the amount of an order not
//! compared; the buffer not wiped; `switch_method` beside a card; a token given twice or before the journal knows.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use libfuzzer_sys::fuzz_target;
use pay_core::model::method::{Card, CardExpiry, CardNumber, Collect, Cvv, PaymentMethod, PlainCard, Upi};
use pay_core::model::{
    Amount, ApiVersion, Authenticate, CallKind, CfPaymentId, CreateOrder, Currency, Customer, CustomerId, Environment,
    IdempotencyKey, MARK_TAG, NextAction, OpenOrder, OrderId, OrderPay, Otp, PaymentSessionId, Phone, RefundId, Vpa,
};
use pay_core::sale::{
    AfterCut, AttemptState, Buffers, Delivery, ErrorKind, Failure, InFlight, Millis, Outcome, Policy, Record, Refunds,
    Release, Sale, Setup, Step, Switch,
};
use pay_core::wire::ResponseHead;
use tests::choices::Choices;

const ORDER: &str = "tea-1";
const MARK: &str = "0123456789abcdef";
const CARD: &str = "4706131211212123";

fuzz_target!(|bytes: &[u8]| World::new(bytes).run());

struct World<'c> {
    choices: Choices<'c>,
    policy: Policy,
    sale: Sale,
    tx: Vec<u8>,
    rx: Vec<u8>,
    now: Millis,
    boots: u8,
    keys: u8,
    /// What the journal has.
    committed: Option<Record>,
    lost: Vec<InFlight>,
    /// By key: the bytes sent, and whether they may have been executed.
    sent: BTreeMap<String, (Vec<u8>, bool)>,
    request_ids: BTreeSet<String>,
    /// Something that may have arrived was sent after the last reading of the order.
    unread: bool,
    /// The gateway has said that our order is paid; from then on it always does.
    said_paid: bool,
    /// The payments that a list, or an answer of their own, said took the money.
    succeeded: BTreeSet<u64>,
    /// What the goods went out for.
    kept: Option<CfPaymentId>,
    has_ended: bool,
    /// Tokens that were issued.
    vends: u32,
    /// The journal has heard that the goods are out, or that they are not.
    out: bool,
    stayed: bool,
}

#[allow(clippy::large_enum_variant)] // one at a time
enum Next {
    Commit(pay_core::sale::Commit, Record),
    Exchange(InFlight, Sent),
    Ready,
    Present { otp: bool },
    Wait(Millis),
    Done(Outcome),
}

struct Sent {
    call: CallKind,
    key: Option<String>,
    body: Vec<u8>,
    request_id: String,
}

impl<'c> World<'c> {
    fn new(bytes: &'c [u8]) -> Self {
        let mut choices = Choices::new(bytes);
        let mut policy = if choices.rarely(4) { Policy::session_only() } else { Policy::with_ask() };
        policy.repeats = u8::try_from(choices.below(3)).unwrap_or(0);
        policy.release = choices.rarely(2);
        policy.refunds = choices.pick(&[Refunds::ByCaller, Refunds::ByKeys, Refunds::ByBackend]);
        policy.after_cut =
            choices.pick(&[AfterCut::AskOperator, AfterCut::AssumeReleased, AfterCut::AssumeNotReleased]);
        let version = choices.pick(&ApiVersion::ALL);
        let setup = Setup { environment: Environment::Sandbox, api_version: version, policy, seed: [0; 16] };
        let (mut tx, mut rx) = (vec![0; 2048], vec![0; 12 * 1024]);
        let order_id = OrderId::parse(ORDER).unwrap();
        let amount = Amount::from_minor(1015).unwrap();
        let sale = if choices.rarely(3) {
            let customer = Customer::new(CustomerId::parse("walk-in").unwrap(), Phone::parse("9000000017").unwrap());
            let request = CreateOrder::new(order_id, amount, customer).unwrap().with_tag(MARK_TAG, MARK).unwrap();
            let mut buffers = Buffers { tx: &mut tx, rx: &mut rx };
            Sale::create(&request, IdempotencyKey::from_random([255; 16]), setup, Millis(0), &mut buffers).unwrap()
        } else {
            let session = PaymentSessionId::parse("session_a").unwrap();
            Sale::new(OpenOrder { order_id, amount, currency: Currency::inr(), session }, setup)
        };
        Self {
            choices,
            policy,
            sale,
            tx,
            rx,
            now: Millis(0),
            boots: 0,
            keys: 0,
            committed: None,
            lost: Vec::new(),
            sent: BTreeMap::new(),
            request_ids: BTreeSet::new(),
            unread: false,
            said_paid: false,
            succeeded: BTreeSet::new(),
            kept: None,
            has_ended: false,
            vends: 0,
            out: false,
            stayed: false,
        }
    }

    fn run(mut self) {
        for _ in 0..200 {
            if self.has_ended || self.choices.is_over() {
                return;
            }
            if self.choices.rarely(64) {
                self.cut_power();
            }
            match self.step() {
                Next::Commit(token, record) => {
                    // A token that is lost is asked for again.
                    if !self.choices.rarely(16) {
                        if let Some(before) = &self.committed {
                            assert!(record.seq > before.seq, "seq must grow");
                            assert_eq!(record.may_replace(before), Ok(()));
                        }
                        assert_eq!(Record::from_image(&record.to_image()).as_ref(), Ok(&record));
                        self.out |= record.release == Release::Released;
                        self.stayed |= matches!(record.release, Release::NotReleased | Release::Returned);
                        assert!(!(self.out && self.stayed), "the goods are out and are not");
                        self.committed = Some(record);
                        self.sale.committed(token);
                    }
                }
                Next::Exchange(token, sent) => self.exchange(token, &sent),
                Next::Ready => self.ready(),
                Next::Present { otp } => self.present(otp),
                Next::Wait(until) => {
                    assert!(until > self.now, "a wait for the past");
                    if self.choices.rarely(24) {
                        self.sale.cancel(self.now);
                    }
                    self.now = if self.choices.rarely(8) { Millis(until.0 - 1) } else { until };
                }
                Next::Done(outcome) => self.end(&outcome),
            }
        }
    }

    fn step(&mut self) -> Next {
        let mut buffers = Buffers { tx: &mut self.tx, rx: &mut self.rx };
        match self.sale.step(self.now, &mut buffers).expect("the buffers are large enough") {
            Step::Commit(token, record) => Next::Commit(token, record.clone()),
            Step::Exchange(token, request, _) => {
                let sent = Sent {
                    call: request.call.kind(),
                    key: request.idempotency_key.map(|key| key.as_str().to_owned()),
                    body: request.body.expose().to_vec(),
                    request_id: request.request_id.as_str().to_owned(),
                };
                Next::Exchange(token, sent)
            }
            Step::Ready(_) => Next::Ready,
            Step::Present(action) => Next::Present { otp: matches!(action, NextAction::EnterOtp { .. }) },
            Step::Wait(until) => Next::Wait(until),
            Step::Done(outcome) => Next::Done(outcome),
        }
    }

    fn exchange(&mut self, token: InFlight, sent: &Sent) {
        if sent.call.acts() {
            assert_eq!(self.committed.as_ref(), Some(self.sale.record()), "sent before it was committed");
        }
        let fresh = self.request_ids.insert(format!("{}{}", self.boots, sent.request_id));
        assert!(fresh, "a request id used twice");
        match sent.call {
            CallKind::OrderPay => self.check_pay(sent),
            CallKind::CreateRefund | CallKind::ReportRelease => self.check_money_back(sent),
            _ => {}
        }
        // Answers to requests that nobody waits for any more.
        while self.choices.rarely(4) {
            let Some(stale) = self.lost.pop() else { break };
            let before = format!("{:?}", self.sale);
            let head = self.answer(sent.call);
            let _ = self.sale.on_exchange(stale, self.now, head.0, &mut self.rx);
            assert_eq!(before, format!("{:?}", self.sale), "a stale answer was taken");
        }
        self.now = self.now.after(u32::try_from(self.choices.below(40_000)).unwrap_or(0));
        if self.choices.rarely(12) {
            self.note(sent, None, false);
            self.lost.push(token);
            return;
        }
        let (result, says_paid) = self.answer(sent.call);
        let status = match &result {
            Ok(head) if head.status == 429 && head.replayed => Some(500),
            Ok(head) => Some(head.status),
            Err(Failure { delivery: Delivery::NotSent, .. }) => Some(0),
            Err(_) => None,
        };
        let reads = matches!(sent.call, CallKind::ReadOrder | CallKind::TerminateOrder);
        self.said_paid |= says_paid && reads;
        self.note(sent, status, status.is_some_and(|status| (200..300).contains(&status)));
        let _ = self.sale.on_exchange(token, self.now, result, &mut self.rx);
    }

    /// `status`: 0 is "nothing was sent", `None` is unknown.
    fn note(&mut self, sent: &Sent, status: Option<u16>, success: bool) {
        match sent.call {
            CallKind::OrderPay => {
                let harmless = matches!(status, Some(0 | 429));
                if let (Some(key), true) = (&sent.key, harmless) {
                    self.sent.get_mut(key).expect("it was sent").1 = false;
                }
                self.unread |= !matches!(status, Some(0 | 400 | 401 | 403 | 404 | 429));
            }
            CallKind::ReadOrder | CallKind::TerminateOrder if success => self.unread = false,
            _ => {}
        }
    }

    fn check_pay(&mut self, sent: &Sent) {
        let key = sent.key.clone().expect("every payment has a key");
        let record = self.committed.as_ref().expect("checked");
        let attempt = record.attempts().find(|attempt| attempt.key.as_str() == key).expect("the journal knows it");
        if let Some((body, in_doubt)) = self.sent.get(&key) {
            assert_eq!(*body, sent.body, "other bytes under the same key");
            assert!(attempt.class.needs_shopper() || !in_doubt, "a blind repeat of what charges by itself");
        }
        for earlier in record.attempts().filter(|earlier| earlier.key.as_str() != key) {
            let shopper_decides = earlier.state == AttemptState::Known && earlier.class.needs_shopper();
            assert!(!earlier.is_open() || shopper_decides, "a second attempt beside one that may charge by itself");
        }
        self.sent.insert(key, (sent.body.clone(), true));
    }

    fn ready(&mut self) {
        match self.choices.below(12) {
            0 => self.sale.cancel(self.now),
            1 => drop(self.sale.ask(self.now)),
            _ => {
                // One that was resumed has none.
                let Some(session) = self.sale.session().cloned() else { return self.sale.cancel(self.now) };
                let request = OrderPay::new(session, self.method());
                self.keys += 1;
                let key = IdempotencyKey::from_random([self.keys; 16]);
                let mut buffers = Buffers { tx: &mut self.tx, rx: &mut self.rx };
                if self.sale.pay(&request, key, self.now, &mut buffers).is_err() {
                    self.sale.cancel(self.now);
                }
            }
        }
    }

    fn method(&mut self) -> PaymentMethod {
        let plain = || {
            let number = CardNumber::parse(CARD).unwrap();
            PlainCard::new(number, CardExpiry::parse("03", "28").unwrap(), Cvv::parse("123").unwrap())
        };
        match self.choices.below(5) {
            0 => Card::link(plain()).into(),
            1 => Upi::QrCode.into(),
            2 => Card::native_otp(plain()).into(),
            3 => Upi::link().into(),
            _ => Upi::Collect(Collect::new(Vpa::parse("a@b").unwrap())).into(),
        }
    }

    fn present(&mut self, otp: bool) {
        match self.choices.below(8) {
            0 => self.sale.cancel(self.now),
            1 => {
                let how = [Switch::GoOn, Switch::Wait, Switch::Close][self.choices.below(3)];
                let _ = self.sale.switch_method(how, self.now);
            }
            2..=5 if otp => {
                let resend = self.choices.rarely(4);
                let request = if resend {
                    Authenticate::ResendOtp
                } else {
                    Authenticate::SubmitOtp(Otp::parse("111000").unwrap())
                };
                self.keys += 1;
                let key = IdempotencyKey::from_random([self.keys; 16]);
                let mut buffers = Buffers { tx: &mut self.tx, rx: &mut self.rx };
                let _ = self.sale.submit_otp(&request, key, self.now, &mut buffers);
            }
            _ => self.sale.shown(self.now),
        }
    }

    fn cut_power(&mut self) {
        let Some(record) = self.committed.clone() else { return };
        self.boots += 1;
        self.lost.clear();
        self.tx.fill(0xa5);
        self.rx.fill(0x5a);
        self.sale = Sale::resume(record, self.policy, [self.boots; 16], self.now);
    }

    fn end(&mut self, outcome: &Outcome) {
        self.has_ended = !self.choices.rarely(2) || !self.goods(outcome);
        let seen = |id: &CfPaymentId| self.succeeded.contains(&id.get());
        let record = self.sale.record();
        match outcome {
            Outcome::Paid { cf_payment_id, .. } => {
                assert!(cf_payment_id.as_ref().is_some_and(seen), "{cf_payment_id:?}")
            }
            Outcome::NotPaid(why) => {
                // What was read before the journal knew of an order is lost with the power.
                let known = self.boots == 0 || record.attempt_count() > 0;
                assert!(!(self.said_paid && known), "the gateway said paid, and this says {why:?}");
                assert!(!self.unread, "{why:?} without asking, after something that may have arrived");
            }
            Outcome::RefundDue(_) => assert!(!self.succeeded.is_empty(), "{outcome:?}, and nothing succeeded"),
            Outcome::PaidElsewhere | Outcome::PaidUnclear => {
                assert!(self.said_paid || !self.succeeded.is_empty(), "{outcome:?}, and nobody said so")
            }
            Outcome::OrderTaken => {
                assert!(!record.attempts().any(|attempt| attempt.may_have_charged()), "taken, and paid by us");
            }
            Outcome::HandedOver => assert_eq!(self.policy.refunds, Refunds::ByBackend),
            Outcome::Pending | Outcome::Unknown => assert!(!self.policy.can_ask, "gave up asking"),
        }
        let left = self.tx.windows(CARD.len()).any(|window| window == CARD.as_bytes());
        assert!(!left, "a card number in the buffer after {outcome:?}");
    }

    /// Whoever hands out the goods does something. `false`: there are none.
    fn goods(&mut self, outcome: &Outcome) -> bool {
        if !matches!(outcome, Outcome::Paid { .. } | Outcome::RefundDue(_)) {
            return false;
        }
        match self.choices.below(5) {
            0 => drop(self.sale.begin_release()),
            1 => self.cut_power(),
            2 => {
                let out = self.choices.rarely(2);
                let _ = self.sale.settle_release(out);
            }
            3 => drop(self.sale.refunded()),
            _ => {
                if let Some(token) = self.sale.vend_token() {
                    assert_eq!(self.committed.as_ref().map(|record| record.release), Some(Release::Releasing));
                    self.vends += 1;
                    if let Outcome::Paid { cf_payment_id, .. } = outcome {
                        self.kept = *cf_payment_id;
                    }
                    assert_eq!(self.vends, 1, "a second token");
                    let out = self.choices.rarely(2);
                    if !self.choices.rarely(3) {
                        let _ = self.sale.released(token, out);
                    }
                }
            }
        }
        true
    }

    /// Only what took money goes back, and never what the goods went out for.
    fn check_money_back(&self, sent: &Sent) {
        let body = String::from_utf8_lossy(&sent.body);
        if sent.call == CallKind::ReportRelease {
            if body.starts_with(r#"{"released":true"#) {
                assert!(!self.stayed, "{body}");
            } else if body.starts_with(r#"{"released":false"#) {
                assert!(!self.out, "{body}");
            } else {
                assert!(body.starts_with(r#"{"cf_payment_id":"#) && self.vends == 0, "{body}");
            }
            return;
        }
        let order = OrderId::parse(ORDER).unwrap();
        let ids = (100..104).map(CfPaymentId::new);
        let goes = ids.into_iter().find(|id| body.contains(RefundId::of_payment(&order, *id).as_str()));
        let goes = goes.unwrap_or_else(|| panic!("a refund of no payment: {body}"));
        assert!(self.succeeded.contains(&goes.get()), "a refund of what took no money: {body}");
        assert!(!self.out || self.kept != Some(goes), "released and refunded");
    }

    /// What comes of an exchange, and whether it says that our order is paid. The body is in `rx`.
    fn answer(&mut self, call: CallKind) -> (Result<ResponseHead, Failure>, bool) {
        let failed = |kind, delivery| (Err(Failure { kind, delivery }), false);
        match self.choices.below(16) {
            0 => return failed(ErrorKind::Connect, Delivery::NotSent),
            1 => return failed(ErrorKind::TimedOut, Delivery::Unknown),
            2 if self.choices.rarely(4) => return failed(ErrorKind::Untrusted, Delivery::NotSent),
            _ => {}
        }
        let about = if self.choices.rarely(12) {
            self.choices.pick(&[
                CallKind::ReadOrder,
                CallKind::OrderPay,
                CallKind::ListPayments,
                CallKind::Authenticate,
            ])
        } else {
            call
        };
        let (status, body, says_paid) = match self.choices.below(8) {
            0 => {
                let status = self.choices.pick(&[400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 302]);
                (status, self.error(), false)
            }
            1 if self.choices.rarely(3) => {
                let len = self.choices.below(60);
                (200, self.choices.take(len).to_vec(), false)
            }
            _ => {
                let (body, says_paid) = self.success(about);
                (200, body.into_bytes(), says_paid)
            }
        };
        let mut head = ResponseHead::new(status);
        head.body_len = body.len();
        self.rx[..body.len()].copy_from_slice(&body);
        if self.choices.rarely(16) {
            head.body_len = self.choices.below(body.len() + 1);
            head.truncated = true;
        }
        if self.choices.rarely(16) {
            head.note_header("x-idempotency-replayed", "true");
        }
        if self.choices.rarely(8) {
            head.note_header("x-ratelimit-remaining", "0");
            head.note_header("x-ratelimit-retry", self.choices.pick(&["0", "7", "59", "4294967295"]));
        }
        let says_paid = says_paid && !head.truncated && matches!(call, CallKind::ReadOrder | CallKind::TerminateOrder);
        (Ok(head), says_paid)
    }

    fn error(&mut self) -> Vec<u8> {
        let codes = ["request_failed", "order_already_paid", "order_inactive", "card_invalid", ""];
        let kinds = ["invalid_request_error", "idempotency_error", "api_error", ""];
        match self.choices.below(4) {
            0 => b"<html>".to_vec(),
            1 => b"{}".to_vec(),
            _ => format!(
                r#"{{"code":"{}","type":"{}","message":"m"}}"#,
                self.choices.pick(&codes),
                self.choices.pick(&kinds)
            )
            .into_bytes(),
        }
    }

    fn success(&mut self, about: CallKind) -> (String, bool) {
        let order = if self.choices.rarely(12) { "tea-2" } else { ORDER };
        match about {
            CallKind::OrderPay => {
                let method = self.choices.pick(&["card", "upi", "new", "app"]);
                let action = self.choices.pick(&["link", "post", "custom", "form", "new"]);
                let id = 100 + self.choices.below(4);
                let data = r#"{"url":"https://a.example/","redirect_to_bank":"https://b.example/","payload":{"default":"upi://pay?a=b"}}"#;
                (
                    format!(
                        r#"{{"cf_payment_id":{id},"payment_method":"{method}","action":"{action}","data":{data}}}"#
                    ),
                    false,
                )
            }
            CallKind::Authenticate => {
                let (status, action) =
                    (self.choices.pick(&["SUCCESS", "FAILED", "?"]), self.choices.pick(&["SUBMIT_OTP", "RESEND_OTP"]));
                let id = 100 + self.choices.below(4);
                (format!(r#"{{"cf_payment_id":"{id}","action":"{action}","authenticate_status":"{status}"}}"#), false)
            }
            CallKind::CreateRefund | CallKind::ReadRefund => {
                let due = self.sale.record().refund_id().filter(|_| !self.choices.rarely(8));
                let other = CfPaymentId::new(100 + self.choices.below(4) as u64);
                let id = due.unwrap_or_else(|| RefundId::of_payment(&OrderId::parse(ORDER).unwrap(), other));
                let status = self.choices.pick(&["SUCCESS", "PENDING", "ONHOLD", "CANCELLED", "?"]);
                let body = format!(
                    r#"{{"refund_id":"{id}","order_id":"{order}","refund_amount":10.15,"refund_status":"{status}"}}"#
                );
                (body, false)
            }
            CallKind::ListRefunds => {
                let refunds: Vec<_> =
                    (0..self.choices.below(3)).map(|_| self.success(CallKind::ReadRefund).0).collect();
                (format!("[{}]", refunds.join(",")), false)
            }
            CallKind::ReportRelease => ("{}".to_owned(), false),
            CallKind::ReadPayment => (self.payment(order), false),
            CallKind::ListPayments => {
                let list: Vec<_> = (0..self.choices.below(4)).map(|_| self.payment(order)).collect();
                (format!("[{}]", list.join(",")), false)
            }
            _ => {
                let words = ["ACTIVE", "ACTIVE", "PAID", "TERMINATED", "EXPIRED", "TERMINATION_REQUESTED", "?"];
                let word = if self.said_paid { "PAID" } else { self.choices.pick(&words) };
                let amount = if self.choices.rarely(12) { "10.16" } else { "10.150" };
                let currency = if self.choices.rarely(16) { "USD" } else { "INR" };
                let mark = if self.choices.rarely(6) { "x" } else { MARK };
                let says_paid = (order, word, amount, currency) == (ORDER, "PAID", "10.150", "INR");
                let body = format!(
                    r#"{{"order_id":"{order}","order_status":"{word}","order_amount":{amount},"order_currency":"{currency}","payment_session_id":"session_b","order_tags":{{"{MARK_TAG}":"{mark}"}}}}"#
                );
                (body, says_paid)
            }
        }
    }

    fn payment(&mut self, order: &str) -> String {
        let words = ["PENDING", "FAILED", "SUCCESS", "USER_DROPPED", "NOT_ATTEMPTED", "VOID", "?"];
        let (id, status) = (100 + self.choices.below(4), self.choices.pick(&words));
        let captured = self.choices.pick(&["true", "false", "null"]);
        if status == "SUCCESS" && captured != "false" && order == ORDER {
            self.succeeded.insert(id as u64);
        }
        format!(
            r#"{{"cf_payment_id":"{id}","order_id":"{order}","payment_status":"{status}","is_captured":{captured}}}"#
        )
    }
}
