//! Nothing in the core allocates: a counting allocator around encode, decode and whole sales.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use pay_core::model::method::{Card, CardExpiry, CardNumber, Cvv, PlainCard, Upi};
use pay_core::model::{
    Amount, ApiVersion, Authenticate, CallKind, CreateOrder, CreateRefund, Customer, CustomerId, Environment,
    IdempotencyKey, NextAction, OrderId, OrderPay, Otp, PaymentSessionId, Phone, RefundId, Simulate, SimulatedStatus,
};
use pay_core::sale::{Buffers, Delivery, ErrorKind, Failure, Millis, Outcome, Policy, Sale, Setup, Step};
use pay_core::wire::{Auth, ClientHints, ResponseHead, decode, encode};

struct Counting;

thread_local! {
    /// Constant, so that reading it allocates nothing.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: as the caller promised.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(run: impl FnOnce()) -> u64 {
    let before = COUNT.with(Cell::get);
    run();
    COUNT.with(Cell::get) - before
}

fn session() -> PaymentSessionId {
    PaymentSessionId::parse("session_a-1").unwrap()
}

fn card() -> OrderPay {
    let number = CardNumber::parse("4111111111111111").unwrap();
    let plain = PlainCard::new(number, CardExpiry::parse("03", "28").unwrap(), Cvv::parse("123").unwrap());
    OrderPay::new(session(), Card::native_otp(plain.with_holder("Meera Rao").unwrap()))
}

fn order() -> CreateOrder {
    let customer = Customer::new(CustomerId::parse("walk-in").unwrap(), Phone::parse("9000000017").unwrap());
    CreateOrder::new(OrderId::parse("tea-1").unwrap(), Amount::from_minor(1015).unwrap(), customer).unwrap()
}

#[test]
fn the_count_counts() {
    assert!(allocations(|| drop(std::hint::black_box(Box::new(1)))) > 0);
}

// Mutant: a `format!` anywhere in the core does not compile; a counter that never counts fails the test above.
#[test]
fn encode_allocates_nothing() {
    let count = allocations(|| {
        let mut tx = [0; 2048];
        let version = ApiVersion::V2025_01_01;
        encode::order_pay(&card(), version, &mut tx).unwrap();
        encode::order_pay(&OrderPay::new(session(), Upi::QrCode), version, &mut tx).unwrap();
        encode::order_pay(&card(), version, &mut tx[..64]).unwrap_err();
        encode::authenticate(&Authenticate::SubmitOtp(Otp::parse("001100").unwrap()), &mut tx).unwrap();
        encode::create_order(&order(), &mut tx).unwrap();
        let refund = CreateRefund::new(RefundId::parse("R-1").unwrap(), Amount::from_minor(5).unwrap());
        encode::create_refund(&refund, &mut tx).unwrap();
        let simulate = Simulate::new(pay_core::model::CfPaymentId::new(7), SimulatedStatus::Success);
        encode::simulate(&simulate, version, &mut tx).unwrap();
    });
    assert_eq!(count, 0);
}

#[test]
fn decode_allocates_nothing() {
    let bodies: Vec<serde_json::Value> = serde_json::from_str(include_str!("../vectors/replies.json")).unwrap();
    for body in bodies {
        let text = body.get("body").map_or_else(|| body["text"].as_str().unwrap().to_owned(), ToString::to_string);
        let mut rx = [text.into_bytes(), Vec::new()];
        rx[1] = rx[0].clone();
        let mut copies: Vec<Vec<u8>> = (0..7).map(|_| rx[0].clone()).collect();
        let count = allocations(|| {
            let [a, b, c, d, e, f, g] = &mut copies[..] else { unreachable!() };
            if let Ok(reply) = decode::order_pay(a) {
                if let NextAction::PostForm { fields, .. } = reply.next_action {
                    let mut length = Length(0);
                    fields.write_urlencoded(&mut length).unwrap();
                }
                std::hint::black_box(reply);
            }
            let _ = std::hint::black_box(decode::authenticate(b));
            let _ = std::hint::black_box(decode::order(c));
            let _ = std::hint::black_box(decode::payment(d));
            let _ = std::hint::black_box(decode::refund(e));
            std::hint::black_box(decode::refusal(400, f));
            let mut payments = decode::payments(g);
            while let Ok(Some(payment)) = payments.next() {
                std::hint::black_box(payment.is_paid());
            }
        });
        assert_eq!(count, 0, "{}", body["name"]);
    }
}

struct Length(usize);

impl core::fmt::Write for Length {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

/// What the gateway says to each call of one card sale: lost and late answers, a wrong OTP, and paid at last.
fn answer(call: CallKind, nth: u32) -> Result<(u16, &'static str), Failure> {
    const ORDER: &str = r#"{"order_id":"tea-1","order_status":"ACTIVE","order_amount":10.15,"order_currency":"INR","payment_session_id":"session_a-1"}"#;
    const PAID: &str = r#"{"order_id":"tea-1","order_status":"PAID","order_amount":10.15,"order_currency":"INR","payment_session_id":"session_a-1"}"#;
    let lost = Err(Failure { kind: ErrorKind::TimedOut, delivery: Delivery::Unknown });
    let not_sent = Err(Failure { kind: ErrorKind::Connect, delivery: Delivery::NotSent });
    match (call, nth) {
        (CallKind::CreateOrder, 0) => lost,
        (CallKind::CreateOrder, _) => Ok((200, ORDER)),
        (CallKind::OrderPay, 0) => not_sent,
        (CallKind::OrderPay, 1) => Ok((429, r#"{"code":"request_failed","type":"rate_limit_error"}"#)),
        (CallKind::OrderPay, _) => Ok((
            200,
            r#"{"cf_payment_id":"42","payment_amount":10.15,"payment_method":"card","channel":"post","action":"post","data":{"redirect_to_bank":"https:\/\/bank.example\/x"}}"#,
        )),
        (CallKind::Authenticate, 0) => {
            Ok((200, r#"{"cf_payment_id":"42","action":"SUBMIT_OTP","authenticate_status":"FAILED"}"#))
        }
        (CallKind::Authenticate, _) => {
            Ok((200, r#"{"cf_payment_id":"42","action":"SUBMIT_OTP","authenticate_status":"SUCCESS"}"#))
        }
        (CallKind::ReadOrder, 0) => Ok((502, "<html>")),
        (CallKind::ReadOrder, 1..5) => Ok((200, ORDER)),
        (CallKind::ReadOrder, _) => Ok((200, PAID)),
        (CallKind::ReadPayment, _) => {
            Ok((200, r#"{"cf_payment_id":"42","order_id":"tea-1","payment_status":"PENDING"}"#))
        }
        (CallKind::ListPayments, _) => {
            Ok((200, r#"[{"cf_payment_id":"42","order_id":"tea-1","payment_status":"SUCCESS"}]"#))
        }
        _ => Ok((404, "{}")),
    }
}

#[test]
fn a_sale_allocates_nothing() {
    let (mut commits, mut exchanges, mut otps, mut paid) = (0, 0, 0, false);
    let count = allocations(|| {
        let (mut tx, mut rx) = ([0; 2048], [0; 4096]);
        let mut buffers = Buffers { tx: &mut tx, rx: &mut rx };
        let setup = Setup {
            environment: Environment::Sandbox,
            api_version: ApiVersion::V2025_01_01,
            policy: Policy::with_ask(),
            seed: [7; 16],
        };
        let key = |n: u8| IdempotencyKey::from_random([n; 16]);
        let auth = Auth::merchant("id", "secret").unwrap();
        let mut sale = Sale::create(&order(), key(0), setup, Millis(0), &mut buffers).unwrap();
        sale = sale.with_client(ClientHints::kiosk());
        let mut now = Millis(0);
        let mut nth = [0_u32; 16];
        for _ in 0..200 {
            match sale.step(now, &mut buffers).unwrap() {
                Step::Commit(token, record) => {
                    std::hint::black_box(record.clone());
                    commits += 1;
                    sale.committed(token);
                }
                Step::Exchange(token, request, rx) => {
                    exchanges += 1;
                    let (call, mut length) = (request.call.kind(), Length(0));
                    core::fmt::Write::write_fmt(&mut length, format_args!("{}", request.call)).unwrap();
                    std::hint::black_box((request.headers(&auth).count(), length.0));
                    let seen = &mut nth[call as usize];
                    let result = answer(call, *seen).map(|(status, body)| {
                        rx[..body.len()].copy_from_slice(body.as_bytes());
                        let mut head = ResponseHead::new(status);
                        head.body_len = body.len();
                        head.note_header("x-ratelimit-retry", "2");
                        head
                    });
                    *seen += 1;
                    now = now.after(40);
                    let _ = sale.on_exchange(token, now, result, buffers.rx);
                }
                Step::Ready(_) => sale.pay(&card(), key(1), now, &mut buffers).unwrap(),
                Step::Present(NextAction::EnterOtp { .. }) => {
                    let otp = Authenticate::SubmitOtp(Otp::parse("111000").unwrap());
                    otps += 1;
                    sale.submit_otp(&otp, key(1 + otps), now, &mut buffers).unwrap();
                }
                Step::Present(_) => sale.shown(now),
                Step::Wait(until) => now = until,
                Step::Done(outcome) => {
                    paid = matches!(outcome, Outcome::Paid { .. });
                    break;
                }
            }
        }
    });
    assert!(paid && commits >= 4 && exchanges >= 12, "{paid} {commits} {exchanges}");
    assert_eq!(count, 0);
}
