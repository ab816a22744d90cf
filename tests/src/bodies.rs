//! Bodies that the gateway would take or send, made from bytes.

use pay_core::model::{ApiVersion, CallKind};
use serde_json::{Map, Value, json};

use crate::choices::Choices;
use crate::describe::Reply;

const DIGITS: &str = "0123456789";
const ID: &str = "aZ09_-";
const PROSE: &str = "Aß 9.,'\"\\/&<é₹😀";
/// The calls whose requests have bodies of their own.
pub const CALLS: [CallKind; 5] =
    [CallKind::OrderPay, CallKind::Authenticate, CallKind::CreateOrder, CallKind::CreateRefund, CallKind::Simulate];

/// A request's body that the model can have and the version knows.
///
/// # Panics
/// For a call without a body.
pub fn request(call: CallKind, version: ApiVersion, choices: &mut Choices<'_>) -> Value {
    match call {
        CallKind::OrderPay => order_pay(version, choices),
        CallKind::Authenticate if choices.rarely(3) => json!({"action": "RESEND_OTP"}),
        CallKind::Authenticate => json!({"action": "SUBMIT_OTP", "otp": choices.text(DIGITS, 4, 8)}),
        CallKind::CreateOrder => create_order(choices),
        CallKind::CreateRefund => {
            let mut body = Members::new();
            body.add("refund_amount", two_decimals(choices, 0));
            body.add("refund_id", choices.text(ID, 3, 40).into());
            body.maybe(choices, "refund_note", |choices| choices.text(PROSE, 3, 25).into());
            body.maybe(choices, "refund_speed", |choices| choices.pick(&["STANDARD", "INSTANT"]).into());
            body.into()
        }
        CallKind::Simulate => {
            let mut of = Members::new();
            of.add("payment_status", choices.pick(&["SUCCESS", "FAILED", "PENDING", "USER_DROPPED"]).into());
            of.maybe(choices, "payment_error_code", |choices| choices.text(ID, 1, 64).into());
            json!({"entity": "PAYMENTS", "entity_id": choices.number().to_string(), "entity_simulation": Value::from(of)})
        }
        other => panic!("{other:?} has no body of its own"),
    }
}

/// A reply's body, with the members that are read in all their shapes.
pub fn reply(reply: Reply, choices: &mut Choices<'_>) -> Value {
    match reply {
        Reply::OrderPay => order_pay_reply(choices),
        Reply::Authenticate => {
            let mut body = Members::new();
            body.add("cf_payment_id", payment_id(choices));
            body.add("authenticate_status", choices.pick(&["SUCCESS", "FAILED", "LOCKED"]).into());
            body.open(choices, "action", |choices| choices.pick(&["SUBMIT_OTP", "RESEND_OTP"]).into());
            body.open(choices, "payment_message", |choices| choices.text(PROSE, 0, 30).into());
            body.into()
        }
        Reply::Order => {
            let mut body = Members::new();
            body.add("order_id", choices.text(ID, 3, 45).into());
            let words = ["ACTIVE", "PAID", "EXPIRED", "TERMINATED", "TERMINATION_REQUESTED", "SPLIT"];
            body.add("order_status", choices.pick(&words).into());
            body.add("order_amount", amount(choices));
            body.add("order_currency", choices.pick(&["INR", "USD"]).into());
            body.open(choices, "payment_session_id", |choices| choices.text(ID, 1, 150).into());
            body.open(choices, "cf_order_id", payment_id);
            body.open(choices, "order_expiry_time", |_| "2026-12-01T10:20:12+05:30".into());
            body.into()
        }
        Reply::Payment => payment(choices),
        Reply::Payments => (0..choices.below(5)).map(|_| payment(choices)).collect(),
        Reply::Refund => {
            let mut body = Members::new();
            body.add("refund_id", choices.text(ID, 3, 40).into());
            body.add("refund_amount", amount(choices));
            body.add("refund_status", choices.pick(&["SUCCESS", "PENDING", "CANCELLED", "ONHOLD", "X"]).into());
            body.open(choices, "cf_refund_id", |choices| choices.pick(&["refund_49234", "1553338"]).into());
            body.open(choices, "order_id", |choices| choices.text(ID, 3, 45).into());
            body.into()
        }
    }
}

/// A JSON number that is an exact amount, as the gateway and others print them.
pub fn amount(choices: &mut Choices<'_>) -> Value {
    let (major, minor) = (choices.below(65_536), choices.below(100));
    let text = match choices.below(6) {
        0 => format!("{major}"),
        1 => format!("{major}.{}", minor / 10),
        2 => format!("{major}.{minor:02}"),
        3 => format!("{major}.{minor:02}000"),
        4 => format!("{}e-2", major * 100 + minor),
        _ => format!("{major}.{minor:02}E+1"),
    };
    number(&text)
}

/// A JSON number, to the letter.
///
/// # Panics
/// If it is none.
pub fn number(text: &str) -> Value {
    serde_json::from_str(text).expect("a JSON number")
}

fn order_pay(version: ApiVersion, choices: &mut Choices<'_>) -> Value {
    let mut body = Members::new();
    body.add("payment_session_id", format!("session_{}", choices.text(ID, 0, 248)).into());
    let since = |since, choices: &mut Choices<'_>| version >= since && choices.rarely(2);
    let v23 = version >= ApiVersion::V2023_08_01;
    let (name, method) = match choices.below(if v23 { 8 } else { 7 }) {
        0 => ("upi", upi(version, choices)),
        1 => ("card", card(version, choices)),
        2 if choices.rarely(2) => ("netbanking", json!({"channel": "link", "netbanking_bank_name": "TESTR"})),
        2 => ("netbanking", json!({"channel": "link", "netbanking_bank_code": 1000 + choices.below(9000)})),
        3 => ("app", lender(choices, &["gpay", "phonepe", "jio", "some wallet"], false)),
        4 => ("emi", {
            let mut emi = plain_card(choices);
            emi.add("channel", "link".into());
            emi.add("card_bank_name", choices.pick(&["hdfc", "ICICI", "standard chartered"]).into());
            emi.add("emi_tenure", (1 + choices.below(120)).into());
            if version < ApiVersion::V2026_01_01 {
                emi.maybe(choices, "card_alias", |choices| choices.text(ID, 1, 64).into());
            }
            emi.into()
        }),
        5 => ("cardless_emi", lender(choices, if v23 { &["hdfc", "snapmint"] } else { &["hdfc", "kotak"] }, true)),
        6 => ("paylater", lender(choices, &["lazypay", "freechargepaylater"], false)),
        _ => ("banktransfer", json!({"channel": "link"})),
    };
    body.add("payment_method", json!({name: method}));
    body.maybe(choices, "save_instrument", |choices| choices.rarely(2).into());
    body.maybe(choices, "offer_id", |choices| choices.text(ID, 1, 40).into());
    if since(ApiVersion::V2025_01_01, choices) {
        body.add("transaction_expiry_time", time(choices));
    }
    body.into()
}

fn upi(version: ApiVersion, choices: &mut Choices<'_>) -> Value {
    match choices.below(if version >= ApiVersion::V2026_01_01 { 4 } else { 3 }) {
        0 => json!({"channel": "qrcode"}),
        1 => {
            let mut of = Members::new();
            of.add("channel", "link".into());
            of.maybe(choices, "upi_id", |_| "john.d-1@okxyz".into());
            of.into()
        }
        2 => {
            let mut of = Members::new();
            of.add("channel", "collect".into());
            of.add("upi_id", format!("{}@{}", choices.text("aZ0._-", 1, 60), choices.text("az0", 1, 39)).into());
            of.maybe(choices, "upi_redirect_url", |choices| choices.rarely(2).into());
            of.maybe(choices, "upi_expiry_minutes", |choices| (5 + choices.below(11)).into());
            if choices.rarely(2) {
                of.add("authorize_only", true.into());
                let (approve_by, start_time, end_time) = (time(choices), time(choices), time(choices));
                let times = json!({"approve_by": approve_by, "start_time": start_time, "end_time": end_time});
                of.add("authorization", times);
            }
            of.into()
        }
        _ => json!({"channel": "podQrCode"}),
    }
}

fn card(version: ApiVersion, choices: &mut Choices<'_>) -> Value {
    let mut of = match choices.below(3) {
        0 => plain_card(choices),
        1 => {
            let mut of = Members::new();
            of.add("instrument_id", choices.text(ID, 1, 40).into());
            of.maybe(choices, "card_cvv", |choices| choices.text(DIGITS, 3, 4).into());
            of
        }
        _ => {
            let mut of = Members::new();
            of.add("card_number", card_number(choices).into());
            expiry(&mut of, choices);
            of.add("cryptogram", choices.text("AZaz09+/=", 1, 64).into());
            of.maybe(choices, "card_cvv", |choices| choices.text(DIGITS, 3, 4).into());
            of.maybe(choices, "card_holder_name", |choices| choices.text(PROSE, 1, 25).into());
            of.maybe(choices, "token_requestor_id", |choices| choices.text(DIGITS, 1, 16).into());
            of.maybe(choices, "card_display", |choices| choices.text(DIGITS, 4, 4).into());
            if version >= ApiVersion::V2023_08_01 {
                of.maybe(choices, "token_reference_id", |choices| choices.text(ID, 1, 64).into());
            }
            let all = ["NETWORK_GC_TOKEN", "ISSUER_TOKEN", "ISSUER_GC_TOKEN"];
            let types = if version >= ApiVersion::V2026_01_01 { &all[..1] } else { &all[..] };
            of.maybe(choices, "token_type", |choices| choices.pick(types).into());
            of
        }
    };
    of.add("channel", choices.pick(&["link", "post"]).into());
    if version >= ApiVersion::V2026_01_01 {
        of.maybe(choices, "par", |choices| choices.text("AZaz09", 1, 32).into());
    } else {
        of.maybe(choices, "card_alias", |choices| choices.text(ID, 1, 64).into());
    }
    if version >= ApiVersion::V2025_01_01 && choices.rarely(2) {
        of.maybe(choices, "address_line_one", |choices| choices.text(PROSE, 1, 30).into());
        of.maybe(choices, "address_line_two", |choices| choices.text(PROSE, 1, 30).into());
        of.maybe(choices, "city", |choices| choices.text(PROSE, 1, 16).into());
        of.maybe(choices, "zip_code", |choices| choices.text("09AZ ", 1, 16).into());
        of.maybe(choices, "country", |choices| choices.text(PROSE, 1, 16).into());
        of.maybe(choices, "country_code", |choices| choices.text("AZ", 1, 2).into());
        of.maybe(choices, "state", |choices| choices.text(PROSE, 1, 16).into());
        of.maybe(choices, "state_code", |choices| choices.text("AZ", 1, 8).into());
    }
    of.into()
}

fn plain_card(choices: &mut Choices<'_>) -> Members {
    let mut of = Members::new();
    of.add("card_number", card_number(choices).into());
    expiry(&mut of, choices);
    of.add("card_cvv", choices.text(DIGITS, 3, 4).into());
    of.maybe(choices, "card_holder_name", |choices| choices.text(PROSE, 1, 25).into());
    of
}

fn expiry(of: &mut Members, choices: &mut Choices<'_>) {
    of.add("card_expiry_mm", format!("{:02}", 1 + choices.below(12)).into());
    of.add("card_expiry_yy", choices.text(DIGITS, 2, 2).into());
}

/// 12 to 19 digits that pass the check (ISO/IEC 7812-1, Annex B).
fn card_number(choices: &mut Choices<'_>) -> String {
    let digits = choices.text(DIGITS, 11, 18);
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(digit - b'0')) {
            (0, digit @ 0..=4) => digit * 2,
            (0, digit) => digit * 2 - 9,
            (_, digit) => digit,
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

fn lender(choices: &mut Choices<'_>, providers: &[&str], tenure: bool) -> Value {
    let mut of = Members::new();
    of.add("channel", "link".into());
    of.add("provider", choices.pick(providers).into());
    of.add("phone", choices.text(DIGITS, 10, 15).into());
    if tenure {
        of.add("emi_tenure", (1 + choices.below(120)).into());
    }
    of.into()
}

fn create_order(choices: &mut Choices<'_>) -> Value {
    let mut customer = Members::new();
    customer.add("customer_id", choices.text(ID, 3, 50).into());
    customer.add("customer_phone", choices.text(DIGITS, 10, 15).into());
    customer.maybe(choices, "customer_name", |choices| choices.text(PROSE, 3, 25).into());
    customer.maybe(choices, "customer_email", |choices| choices.text("a@b.\"\\", 2, 90).into());
    if let Some(Value::String(email)) = customer.0.get_mut("customer_email") {
        email.push('@');
    }
    let mut meta = Members::new();
    meta.maybe(choices, "return_url", |choices| format!("https://a.example/{}", choices.text(ID, 0, 99)).into());
    meta.maybe(choices, "notify_url", |choices| format!("https://b.example/{}", choices.text(ID, 0, 99)).into());
    meta.maybe(choices, "payment_methods", |choices| choices.pick(&["upi", "cc,dc,upi"]).into());
    let mut body = Members::new();
    body.add("order_id", choices.text(ID, 3, 45).into());
    body.add("order_amount", two_decimals(choices, 1));
    body.add("order_currency", choices.pick(&["INR", "USD"]).into());
    body.add("customer_details", customer.into());
    if !meta.0.is_empty() {
        body.add("order_meta", meta.into());
    }
    body.maybe(choices, "order_expiry_time", time);
    body.maybe(choices, "order_note", |choices| choices.text(PROSE, 3, 50).into());
    body.maybe(choices, "order_tags", |choices| {
        let name = choices.text(ID, 1, 24);
        [(name, Value::from(choices.text(ID, 1, 64)))].into_iter().collect()
    });
    body.into()
}

fn order_pay_reply(choices: &mut Choices<'_>) -> Value {
    let mut payload = Members::new();
    let mut data = Members::new();
    data.open(choices, "url", url);
    let action = choices.pick(&["custom", "link", "form", "post", "collect", "dance"]);
    match choices.below(4) {
        0 => {
            for name in ["bhim", "default", "gpay", "paytm", "phonepe", "web"] {
                payload.open(choices, name, link);
            }
        }
        1 => payload.add("qrcode", format!("data:image/png;base64,{}", base64(choices)).into()),
        2 => {
            payload.add("MD", number("89811231231"));
            payload.open(choices, "PaReq", |choices| choices.text("Az0+/=&é", 0, 30).into());
            payload.open(choices, "a b", |choices| choices.rarely(2).into());
        }
        _ => {}
    }
    data.open(choices, "redirect_to_bank", url);
    if choices.rarely(3) {
        data.open(choices, "account_number", payment_id);
        data.open(choices, "ifsc", |_| "TEST0001234".into());
        data.open(choices, "virtual_vpa", |_| "shop.1@okbank".into());
    }
    match choices.below(8) {
        0 => data.add("payload", Value::Null),
        1 => data.add("payload", "text".into()),
        _ => data.add("payload", payload.into()),
    }
    data.open(choices, "method", |choices| choices.pick(&["post", "POST", "get"]).into());
    data.open(choices, "content_type", |_| "application/x-www-form-urlencoded".into());
    let mut body = Members::new();
    body.add("cf_payment_id", payment_id(choices));
    body.open(choices, "payment_amount", amount);
    body.open(choices, "payment_method", |choices| choices.pick(&["upi", "card", "card_emi", "applepay"]).into());
    body.open(choices, "channel", |choices| choices.pick(&["link", "collect", "qrcode", "post", "x"]).into());
    body.open(choices, "action", |_| action.into());
    match choices.below(8) {
        0 => {}
        1 => body.add("data", "text".into()),
        _ => body.add("data", data.into()),
    }
    body.into()
}

fn payment(choices: &mut Choices<'_>) -> Value {
    let mut body = Members::new();
    body.add("cf_payment_id", payment_id(choices));
    let words = ["SUCCESS", "NOT_ATTEMPTED", "FAILED", "USER_DROPPED", "VOID", "CANCELLED", "PENDING", "FLAGGED", "?"];
    body.add("payment_status", choices.pick(&words).into());
    body.open(choices, "order_id", |choices| choices.text(ID, 3, 45).into());
    body.open(choices, "payment_amount", amount);
    body.open(choices, "is_captured", |choices| choices.rarely(2).into());
    body.open(choices, "payment_group", |choices| choices.pick(&["upi", "credit_card"]).into());
    body.open(choices, "bank_reference", |choices| choices.text(DIGITS, 0, 20).into());
    body.open(choices, "payment_message", |choices| choices.text(PROSE, 0, 30).into());
    body.open(choices, "error_details", |choices| {
        let mut error = Members::new();
        error.open(choices, "error_code", |_| "TRANSACTION_DECLINED".into());
        error.open(choices, "error_reason", |_| "auth_declined".into());
        error.into()
    });
    body.into()
}

/// Digits as a number or as a string, of any length up to 64 bits.
fn payment_id(choices: &mut Choices<'_>) -> Value {
    let id = choices.number() >> choices.below(64);
    if choices.rarely(2) { number(&id.to_string()) } else { id.to_string().into() }
}

fn url(choices: &mut Choices<'_>) -> Value {
    let tail = choices.text("a/?&=%#é\"", 0, 20);
    format!("{}{tail}", choices.pick(&["https://api.example/pg/", "https://bank.example:8443/x?y=", "http://a/"]))
        .into()
}

fn link(choices: &mut Choices<'_>) -> Value {
    let scheme = choices.pick(&["upi://pay?", "tez://upi/pay?", "https://sim.example/", "intent://x?"]);
    format!("{scheme}pa=shop@okbank&am={}&cu=INR", choices.below(1000)).into()
}

fn base64(choices: &mut Choices<'_>) -> String {
    let mut text = choices.text("AZaz09+/", 0, 300);
    while text.is_empty() || !text.len().is_multiple_of(4) {
        text.push(if text.len() % 4 >= 2 { '=' } else { 'A' });
    }
    text
}

fn two_decimals(choices: &mut Choices<'_>, least_major: usize) -> Value {
    number(&format!("{}.{:02}", least_major + choices.below(60_000), choices.below(100)))
}

fn time(choices: &mut Choices<'_>) -> Value {
    let times = ["2026-07-02T10:20:12+05:30", "2026-09-21T12:34:34Z", "2027-07-15T16:47:50.285775Z"];
    choices.pick(&times).into()
}

/// An object in the making.
struct Members(Map<String, Value>);

impl Members {
    fn new() -> Self {
        Self(Map::new())
    }

    fn add(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    fn maybe(&mut self, choices: &mut Choices<'_>, name: &str, value: impl FnOnce(&mut Choices<'_>) -> Value) {
        if choices.rarely(2) {
            let value = value(choices);
            self.add(name, value);
        }
    }

    /// Mostly there, sometimes null or absent.
    fn open(&mut self, choices: &mut Choices<'_>, name: &str, value: impl FnOnce(&mut Choices<'_>) -> Value) {
        match choices.below(5) {
            3 => self.add(name, Value::Null),
            4 => {}
            _ => {
                let value = value(choices);
                self.add(name, value);
            }
        }
    }
}

impl From<Members> for Value {
    fn from(members: Members) -> Self {
        Self::Object(members.0)
    }
}
