//! A sale told by hand what comes of each exchange: for stories that no gateway would tell by itself.

use pay_core::model::{
    Amount, ApiVersion, Authenticate, CfPaymentId, CreateOrder, Currency, Customer, CustomerId, Environment,
    IdempotencyKey, MARK_TAG, NextAction, OpenOrder, OrderPay, Otp, PaymentSessionId, Phone, RefundId, UnixSeconds,
};
use pay_core::sale::{
    Buffers, Delivery, ErrorKind, Failure, InFlight, Millis, Outcome, Policy, Record, Sale, SaleError, Setup, Step,
    Switch,
};
use pay_core::wire::{Call, ResponseHead};

use crate::world::{ORDER, START, order_id};

/// What is told.
pub enum Told {
    Answer(u16, String),
    /// With something changed in its head.
    With(fn(&mut ResponseHead), u16, String),
    NotSent,
    /// By a server that is not who it should be.
    Untrusted,
    Lost,
}

/// What a sale asks for, in short.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    Send(&'static str),
    Present(&'static str),
    /// With how the attempt before ended, as `Debug` writes it; empty for none.
    Ready(String),
    Done(Outcome),
}

pub struct Rig {
    pub sale: Sale,
    pub tx: Vec<u8>,
    pub rx: Vec<u8>,
    pub now: u64,
    pub journal: Option<Record>,
    /// The length of the body sent last.
    pub sent: usize,
    /// The request sent last says what terminal this is.
    pub described: bool,
    /// How long the answer to what was asked last may be held, in seconds.
    pub wait_s: u8,
    pub token: Option<InFlight>,
}

impl Rig {
    pub fn new(policy: Policy) -> Self {
        Self::seeded(policy, 1)
    }

    pub fn seeded(policy: Policy, seed: u8) -> Self {
        if !policy.can_ask {
            return Self::with(Sale::new(handed_in(), setup(policy, seed)));
        }
        let mut rig = Self::creating_with(policy, seed);
        rig.tell("create", order_is("ACTIVE"));
        rig
    }

    /// A sale of an order that was there before it.
    pub fn taking(policy: Policy) -> Self {
        Self::with(Sale::new(handed_in(), setup(policy, 1)))
    }

    /// A sale that creates its order.
    pub fn creating() -> Self {
        Self::creating_with(Policy::with_ask(), 2)
    }

    fn creating_with(policy: Policy, seed: u8) -> Self {
        Self::creating_by(policy, seed, |request| request.with_tag(MARK_TAG, MARK).unwrap())
    }

    /// A sale that creates its order, and nothing in it shows that it is this sale's.
    pub fn creating_unmarked() -> Self {
        Self::creating_by(Policy::with_ask(), 2, |request| request)
    }

    fn creating_by(policy: Policy, seed: u8, mark: fn(CreateOrder) -> CreateOrder) -> Self {
        let mut rig = Self::with(Sale::new(handed_in(), setup(policy, seed)));
        let customer = Customer::new(CustomerId::parse("walk_in").unwrap(), Phone::parse("9999999999").unwrap());
        let request = mark(CreateOrder::new(order_id(), Amount::from_minor(1015).unwrap(), customer).unwrap());
        let mut buffers = Buffers { tx: &mut rig.tx, rx: &mut rig.rx };
        rig.sale = Sale::create(&request, key("create"), setup(policy, seed), Millis(0), &mut buffers).unwrap();
        rig
    }

    fn with(sale: Sale) -> Self {
        let (tx, rx) = (vec![0; 2048], vec![0; 16 * 1024]);
        Self { sale, tx, rx, now: 0, journal: None, sent: 0, wait_s: 0, described: false, token: None }
    }

    pub fn pay(&mut self, request: &OrderPay, name: &str) -> Result<(), SaleError> {
        let mut buffers = Buffers { tx: &mut self.tx, rx: &mut self.rx };
        self.sale.pay(request, key(name), Millis(self.now), &mut buffers)
    }

    pub fn switch(&mut self, how: Switch) -> Result<(), SaleError> {
        self.sale.switch_method(how, Millis(self.now))
    }

    pub fn submit_otp(&mut self, name: &str) -> Result<(), SaleError> {
        let mut buffers = Buffers { tx: &mut self.tx, rx: &mut self.rx };
        let otp = Authenticate::SubmitOtp(Otp::parse("111000").unwrap());
        self.sale.submit_otp(&otp, key(name), Millis(self.now), &mut buffers)
    }

    /// The next thing that is not a commit or a wait; those happen.
    pub fn next(&mut self) -> Asked {
        for _ in 0..100 {
            let mut buffers = Buffers { tx: &mut self.tx, rx: &mut self.rx };
            return match self.sale.step(Millis(self.now), &mut buffers).unwrap() {
                Step::Commit(token, record) => {
                    self.journal = Some(record.clone());
                    self.sale.committed(token);
                    continue;
                }
                Step::Wait(at) => {
                    assert!(at.0 > self.now, "a wait for the past");
                    self.now = at.0;
                    continue;
                }
                Step::Exchange(token, request, _) => {
                    self.sent = request.body.expose().len();
                    self.described = request.client.is_some();
                    self.wait_s = request.wait_s;
                    let name = match request.call {
                        Call::CreateOrder => "create",
                        Call::ReadOrder(_) => "order",
                        Call::TerminateOrder(_) => "terminate",
                        Call::OrderPay => "pay",
                        Call::Authenticate(_) => "otp",
                        Call::ListPayments(_) => "list",
                        Call::ReadPayment(..) => "payment",
                        Call::CreateRefund(_) => "refund",
                        Call::ReadRefund(..) => "read refund",
                        Call::ListRefunds(_) => "refunds",
                        Call::ReportRelease(_) => match core::str::from_utf8(request.body.expose()).unwrap() {
                            body if body.starts_with(r#"{"released":true"#) => "released",
                            body if body.starts_with(r#"{"released":false"#) => "not released",
                            body if body.starts_with(r#"{"cf_payment_id":"#) => "claim",
                            _ => "other",
                        },
                        _ => "other",
                    };
                    self.token = Some(token);
                    Asked::Send(name)
                }
                Step::Present(action) => Asked::Present(action.kind()),
                Step::Ready(end) => Asked::Ready(end.map_or(String::new(), |end| format!("{end:?}"))),
                Step::Done(outcome) => Asked::Done(outcome),
            };
        }
        panic!("it spins");
    }

    /// Why it asks for nothing.
    pub fn error(&mut self) -> SaleError {
        let mut buffers = Buffers { tx: &mut self.tx, rx: &mut self.rx };
        self.sale.step(Millis(self.now), &mut buffers).unwrap_err()
    }

    /// Whether the OTP that it asks for follows a wrong one.
    pub fn otp_was_wrong(&mut self) -> bool {
        let mut buffers = Buffers { tx: &mut self.tx, rx: &mut self.rx };
        match self.sale.step(Millis(self.now), &mut buffers).unwrap() {
            Step::Present(NextAction::EnterOtp { was_wrong, .. }) => was_wrong,
            step => panic!("{step:?}"),
        }
    }

    /// How long it waits before it asks for this, in milliseconds.
    pub fn pause_before(&mut self, asked: &'static str) -> u64 {
        let since = self.now;
        assert_eq!(self.next(), Asked::Send(asked));
        self.now - since
    }

    /// The sale must ask for this, and is told that.
    pub fn tell(&mut self, asked: &'static str, told: Told) -> &mut Self {
        assert_eq!(self.next(), Asked::Send(asked));
        self.answer(told);
        self
    }

    pub fn answer(&mut self, told: Told) {
        let token = self.token.take().expect("nothing is in flight");
        let failure = |kind, delivery| Err(Failure { kind, delivery });
        let result = match told {
            Told::NotSent => failure(ErrorKind::Connect, Delivery::NotSent),
            Told::Untrusted => failure(ErrorKind::Untrusted, Delivery::NotSent),
            Told::Lost => failure(ErrorKind::Closed, Delivery::Unknown),
            Told::Answer(status, body) => Ok(self.head(status, &body)),
            Told::With(change, status, body) => {
                let mut head = self.head(status, &body);
                change(&mut head);
                Ok(head)
            }
        };
        let _ = self.sale.on_exchange(token, Millis(self.now), result, &mut self.rx);
    }

    fn head(&mut self, status: u16, body: &str) -> ResponseHead {
        self.rx[..body.len()].copy_from_slice(body.as_bytes());
        let mut head = ResponseHead::new(status);
        head.body_len = body.len();
        head.date = Some(UnixSeconds((START + self.now) / 1000));
        head
    }

    /// What is presented is shown.
    pub fn shown(&mut self) -> &mut Self {
        assert!(matches!(self.next(), Asked::Present(_)));
        self.sale.shown(Millis(self.now));
        self
    }

    /// Answers rounds of asking with this until something else is wanted.
    pub fn rounds(&mut self, order: &str, payments: &[(u64, &str)]) -> Asked {
        for _ in 0..200 {
            match self.next() {
                Asked::Send("order" | "terminate") => self.answer(order_is(order)),
                Asked::Send("list") => self.answer(list(payments)),
                Asked::Send("payment") => self.answer(payment(payments[0])),
                Asked::Send("claim") => self.answer(Told::Answer(200, "{}".to_owned())),
                other => return other,
            }
        }
        panic!("it asks for ever");
    }

    /// What is read before a refund: these payments, and these refunds of payments.
    pub fn before_refund(&mut self, payments: &[(u64, &str)], refunds: &[(u64, &str)]) -> &mut Self {
        self.tell("list", list(payments)).tell("refunds", refund_list(refunds))
    }

    /// Everything but the journal is gone.
    pub fn power_cut(&mut self, policy: Policy) {
        let record = self.journal.clone().unwrap();
        self.sale = Sale::resume(record, policy, [9; 16], Millis(self.now));
        self.tx.fill(0);
        self.rx.fill(0);
    }
}

pub fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(text).unwrap()
}

fn setup(policy: Policy, seed: u8) -> Setup {
    Setup { environment: Environment::Sandbox, api_version: ApiVersion::V2025_01_01, policy, seed: [seed; 16] }
}

/// What this journal marks its orders with.
pub const MARK: &str = "0123456789abcdef";

fn handed_in() -> OpenOrder {
    OpenOrder {
        order_id: order_id(),
        amount: Amount::from_minor(1015).unwrap(),
        currency: Currency::inr(),
        session: PaymentSessionId::parse("session_abcdefghijklmnop").unwrap(),
    }
}

pub fn order_is(status: &str) -> Told {
    marked_order_is(status, MARK)
}

pub fn marked_order_is(status: &str, mark: &str) -> Told {
    Told::Answer(
        200,
        format!(
            r#"{{"order_id":"{ORDER}","order_status":"{status}","order_amount":10.15,"order_currency":"INR","payment_session_id":"session_abcdefghijklmnop","order_tags":{{"till_mark":"{mark}"}}}}"#
        ),
    )
}

fn entry((id, status): (u64, &str)) -> String {
    // `HELD` is a success that was not captured; an amount with a third decimal is nobody's concern.
    let (status, captured) = if status == "HELD" { ("SUCCESS", false) } else { (status, true) };
    format!(
        r#"{{"cf_payment_id":"{id}","order_id":"{ORDER}","payment_status":"{status}","payment_amount":10.353,"is_captured":{captured}}}"#
    )
}

pub fn list(payments: &[(u64, &str)]) -> Told {
    Told::Answer(200, format!("[{}]", payments.iter().copied().map(entry).collect::<Vec<_>>().join(",")))
}

/// With when each was completed.
pub fn timed_list(payments: &[(u64, &str, &str)]) -> Told {
    let entry =
        |(id, status, time)| entry((id, status)).replace('{', &format!(r#"{{"payment_completion_time":"{time}","#));
    Told::Answer(200, format!("[{}]", payments.iter().copied().map(entry).collect::<Vec<_>>().join(",")))
}

pub fn payment(payment: (u64, &str)) -> Told {
    Told::Answer(200, entry(payment))
}

/// The refund of this payment.
pub fn refund(payment: u64, status: &str) -> Told {
    Told::Answer(200, refund_entry((payment, status)))
}

/// The refunds of these payments.
pub fn refund_list(refunds: &[(u64, &str)]) -> Told {
    Told::Answer(200, format!("[{}]", refunds.iter().copied().map(refund_entry).collect::<Vec<_>>().join(",")))
}

fn refund_entry((payment, status): (u64, &str)) -> String {
    let id = RefundId::of_payment(&order_id(), CfPaymentId::new(payment));
    format!(r#"{{"refund_id":"{id}","order_id":"{ORDER}","refund_amount":10.15,"refund_status":"{status}"}}"#)
}

pub fn link_reply(id: u64) -> Told {
    Told::Answer(
        200,
        format!(
            r#"{{"cf_payment_id":"{id}","payment_method":"upi","channel":"link","action":"custom","data":{{"payload":{{"default":"upi://pay?pa=x@y"}}}}}}"#
        ),
    )
}

pub fn card_reply(id: u64) -> Told {
    Told::Answer(
        200,
        format!(
            r#"{{"cf_payment_id":"{id}","payment_amount":10.353,"payment_method":"card","channel":"link","action":"link","data":{{"url":"https://bank.example/3ds"}}}}"#
        ),
    )
}

pub fn otp_reply(id: u64) -> Told {
    Told::Answer(
        200,
        format!(
            r#"{{"cf_payment_id":"{id}","payment_method":"card","channel":"post","action":"post","data":{{"redirect_to_bank":"https://bank.example/page"}}}}"#
        ),
    )
}

/// The refusal of a call that came too often.
pub fn throttled() -> Told {
    Told::Answer(429, "{}".to_owned())
}

/// An empty answer that says that all is well.
pub fn taken() -> Told {
    Told::Answer(200, "{}".to_owned())
}

pub fn refused() -> Told {
    Told::Answer(400, r#"{"code":"card_x","type":"invalid_request_error"}"#.to_owned())
}
