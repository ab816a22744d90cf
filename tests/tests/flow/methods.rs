//! Payments to try.

use pay_core::model::method::{Card, CardExpiry, CardNumber, Cvv, PlainCard, Upi};
use pay_core::model::{OrderPay, PaymentSessionId};

fn session(text: &str) -> PaymentSessionId {
    PaymentSessionId::parse(text).unwrap()
}

fn plain() -> PlainCard {
    let number = CardNumber::parse("4706131211212123").unwrap();
    PlainCard::new(number, CardExpiry::parse("03", "28").unwrap(), Cvv::parse("123").unwrap())
}

pub fn qr(text: &str) -> OrderPay {
    OrderPay::new(session(text), Upi::QrCode)
}

pub fn link(text: &str) -> OrderPay {
    OrderPay::new(session(text), Upi::link())
}

pub fn card(text: &str) -> OrderPay {
    OrderPay::new(session(text), Card::link(plain()))
}

pub fn card_otp(text: &str) -> OrderPay {
    OrderPay::new(session(text), Card::native_otp(plain()))
}
