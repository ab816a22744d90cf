//! Canaries: a card, an OTP, a session and keys go through a whole sale, and are looked for in everything that a program
//! could print, log or keep, and in the buffers once they have served.

use std::fmt::Debug;
use std::sync::Mutex;

use pay_core::drive::transport::{Error, ErrorType, blocking};
use pay_core::drive::{Driver, MemoryJournal, Need, Routes};
use pay_core::model::method::{Card, CardExpiry, CardNumber, Cvv, PlainCard};
use pay_core::model::{
    Amount, ApiVersion, Authenticate, CallKind, Currency, DeviceSecret, Environment, IdempotencyKey, NextAction,
    OpenOrder, OrderId, OrderPay, Otp, PaymentSessionId,
};
use pay_core::sale::{Buffers, Delivery, ErrorKind, Millis, Outcome, Policy, Sale, Setup, Step};
use pay_core::wire::{Auth, Call, Endpoint, Request, ResponseHead};

const PAN: &str = "6074825972083818";
const CVV: &str = "947";
const OTP: &str = "83517264";
const SESSION: &str = "session_CANARYcanaryCANARY";
const SECRET: &str = "cfsk_CANARYsecret";
const TOKEN: &str = "bank_page_CANARY";

/// Fails if `text` holds a canary. The CVV is short, so it is looked for where it would be a value of its own.
fn clean(what: &str, text: &str) {
    for canary in [PAN, OTP, SESSION, SECRET, TOKEN, "60748259", &format!("{CVV}\""), &format!(": {CVV}")] {
        assert!(!text.contains(canary), "{what} shows {canary}: {text}");
    }
}

fn shown(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

fn request() -> OrderPay {
    let card = PlainCard::new(
        CardNumber::parse(PAN).unwrap(),
        CardExpiry::parse("11", "29").unwrap(),
        Cvv::parse(CVV).unwrap(),
    );
    OrderPay::new(PaymentSessionId::parse(SESSION).unwrap(), Card::native_otp(card.with_holder("A Holder").unwrap()))
}

/// Answers as a bank with native OTP does; keeps what it was asked.
struct Bank {
    endpoint: Endpoint,
    asked: Vec<CallKind>,
}

#[derive(Debug)]
struct Never;

impl std::fmt::Display for Never {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("never")
    }
}

impl std::error::Error for Never {}

impl Error for Never {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }

    fn delivery(&self) -> Delivery {
        Delivery::Unknown
    }
}

impl Bank {
    fn count(&self, call: CallKind) -> usize {
        self.asked.iter().filter(|asked| **asked == call).count()
    }
}

fn order_is(status: &str) -> String {
    format!(
        r#"{{"order_id":"till-1","order_status":"{status}","order_amount":10.15,"order_currency":"INR","payment_session_id":"{SESSION}"}}"#
    )
}

fn handed_in() -> OpenOrder {
    OpenOrder {
        order_id: OrderId::parse("till-1").unwrap(),
        amount: Amount::from_minor(1015).unwrap(),
        currency: Currency::inr(),
        session: PaymentSessionId::parse(SESSION).unwrap(),
    }
}

impl ErrorType for Bank {
    type Error = Never;
}

impl blocking::Transport for Bank {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn disconnect(&mut self) {}

    fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Never> {
        clean("a request", &shown(request));
        self.asked.push(request.call.kind());
        let (status, body) = match request.call {
            Call::OrderPay => (
                200,
                format!(
                    r#"{{"cf_payment_id":"77","channel":"post","action":"post","payment_method":"card","data":{{"url":"https://a.example/{TOKEN}",
                        "redirect_to_bank":"https://a.example/{TOKEN}"}}}}"#
                ),
            ),
            Call::Authenticate(_) if self.count(CallKind::Authenticate) == 1 => {
                (200, r#"{"cf_payment_id":"77","action":"SUBMIT_OTP","authenticate_status":"FAILED"}"#.to_owned())
            }
            // The gateway's messages echo what it was sent.
            Call::Authenticate(_) => {
                (400, format!(r#"{{"code":"request_invalid","type":"invalid_request_error","message":"otp {OTP}"}}"#))
            }
            Call::ListPayments(_) if self.count(CallKind::OrderPay) == 0 => (200, "[]".to_owned()),
            Call::ListPayments(_) => {
                (200, r#"[{"cf_payment_id":"77","order_id":"till-1","payment_status":"SUCCESS"}]"#.to_owned())
            }
            _ => {
                let status = if self.count(CallKind::OrderPay) == 0 { "ACTIVE" } else { "PAID" };
                (200, order_is(status))
            }
        };
        rx[..body.len()].copy_from_slice(body.as_bytes());
        let mut head = ResponseHead::new(status);
        head.body_len = body.len();
        Ok(head)
    }
}

struct Lines(Mutex<Vec<String>>);

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}

static LINES: Lines = Lines(Mutex::new(Vec::new()));

// Mutants seen to fail here: `#[derive(Debug)]` with the plain bytes on `Secret`; Debug of `Body` showing its bytes; no wiping in
// `Sale::step`; no wiping in the driver's drop; a log line with the path of the call.
#[test]
fn nothing_secret_is_shown_logged_or_left_behind() {
    log::set_logger(&LINES).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let (mut tx, mut rx) = (vec![0; 2048], vec![0; 4096]);
    {
        let setup = Setup {
            environment: Environment::Sandbox,
            api_version: ApiVersion::V2025_01_01,
            policy: Policy::with_ask(),
            seed: [9; 16],
        };
        let bank = Bank {
            endpoint: Endpoint::parse("https://a.example/pg", Auth::merchant("id", SECRET).unwrap()).unwrap(),
            asked: Vec::new(),
        };
        clean("an endpoint", &shown(bank.endpoint.auth()));
        let buffers = Buffers { tx: &mut tx, rx: &mut rx };
        let mut driver =
            Driver::new(Sale::new(handed_in(), setup), Routes::same(bank), MemoryJournal::<2>::new(), buffers);
        let pay = request();
        clean("a payment", &shown(&pay));
        let need = driver.drive_blocking(&mut || Millis(0)).unwrap();
        assert!(matches!(need, Need::Attempt(None)), "{need:?}");
        driver.pay(&pay, IdempotencyKey::parse("k").unwrap(), Millis(0)).unwrap();
        clean("a sale", &shown(driver.sale()));
        let mut clock = || Millis(0);
        for name in ["otp-1", "otp-2"] {
            let need = driver.drive_blocking(&mut clock).unwrap();
            clean("a need", &shown(&need));
            assert!(matches!(need, Need::Shopper(NextAction::EnterOtp { .. })));
            clean("a sale", &shown(driver.sale()));
            let otp = Authenticate::SubmitOtp(Otp::parse(OTP).unwrap());
            clean("an OTP", &shown(&otp));
            let key = IdempotencyKey::parse(name).unwrap();
            driver.submit_otp(&otp, key, Millis(0)).unwrap();
        }
        let need = driver.drive_blocking(&mut clock).unwrap();
        clean("the bank's page", &shown(&need));
        assert!(matches!(need, Need::Shopper(NextAction::OpenUrl(_))), "{need:?}");
        driver.shown(Millis(0));
        let mut later = || Millis(60_000);
        assert!(matches!(driver.drive_blocking(&mut later).unwrap(), Need::Nothing(Outcome::Paid { .. })));
        clean("a record", &shown(driver.sale().record()));
    }
    assert!(tx.iter().chain(&rx).all(|byte| *byte == 0), "the driver left something in its buffers");
    let lines = LINES.0.lock().unwrap();
    assert!(lines.iter().any(|line| line.contains("OrderPay: status 200")), "no line was logged: {lines:?}");
    lines.iter().for_each(|line| clean("a log line", line));
}

#[test]
fn the_card_is_wiped_as_soon_as_no_repeat_is_allowed() {
    let (mut tx, mut rx) = (vec![0; 2048], vec![0; 4096]);
    let mut buffers = Buffers { tx: &mut tx, rx: &mut rx };
    let setup = Setup {
        environment: Environment::Sandbox,
        api_version: ApiVersion::V2025_01_01,
        policy: Policy::with_ask(),
        seed: [9; 16],
    };
    let mut sale = Sale::new(handed_in(), setup);
    let mut answers = [order_is("ACTIVE"), "[]".to_owned()].into_iter();
    loop {
        let token = match sale.step(Millis(0), &mut buffers).unwrap() {
            Step::Commit(token, _) => {
                sale.committed(token);
                continue;
            }
            Step::Exchange(token, _, _) => token,
            Step::Ready(None) => break,
            other => panic!("{other:?}"),
        };
        let body = answers.next().unwrap();
        buffers.rx[..body.len()].copy_from_slice(body.as_bytes());
        let mut head = ResponseHead::new(200);
        head.body_len = body.len();
        let _ = sale.on_exchange(token, Millis(0), Ok(head), buffers.rx);
    }
    sale.pay(&request(), IdempotencyKey::parse("k").unwrap(), Millis(0), &mut buffers).unwrap();
    let Ok(Step::Commit(token, _)) = sale.step(Millis(0), &mut buffers) else { panic!("a commit first") };
    sale.committed(token);
    let Ok(Step::Exchange(token, request, _)) = sale.step(Millis(0), &mut buffers) else { panic!("then the request") };
    assert!(String::from_utf8_lossy(request.body.expose()).contains(PAN));
    let failure = pay_core::sale::Failure { kind: ErrorKind::TimedOut, delivery: Delivery::Unknown };
    let _ = sale.on_exchange(token, Millis(1), Err(failure), buffers.rx);
    let Ok(Step::Exchange(_, request, _)) = sale.step(Millis(1), &mut buffers) else { panic!("then it asks") };
    assert!(matches!(request.call, Call::ReadOrder(_)));
    assert!(tx.iter().all(|byte| *byte == 0), "the card outlived its last use");
}

#[test]
fn errors_and_keys_are_silent() {
    clean("an error", &shown(&CardNumber::parse(&format!("{PAN}1")).unwrap_err()));
    clean("an error", &CardNumber::parse("6074825972083819").unwrap_err().to_string());
    clean("an error", &shown(&Otp::parse(&format!("{OTP}x")).unwrap_err()));
    clean("a key", &shown(&DeviceSecret::new(*b"cfsk_CANARYsecretcfsk_CANARYsecr")));
}
