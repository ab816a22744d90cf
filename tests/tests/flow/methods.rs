//! Payments to try.

use pay_core::model::method::{
    App, BankTransfer, Card, CardExpiry, CardNumber, CardlessEmi, Collect, Cvv, Emi, NetBanking, PayLater,
    PaymentMethod, PlainCard, Upi,
};
use pay_core::model::{OrderPay, PaymentSessionId, Phone, Provider, Vpa};

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

/// Each that every version of the API knows, with the word that the gateway has for it.
pub fn all() -> [(PaymentMethod, &'static str); 11] {
    let phone = || Phone::parse("9999999999").unwrap();
    let provider = || Provider::parse("x").unwrap();
    [
        (Card::link(plain()).into(), "card"),
        (Card::native_otp(plain()).into(), "card"),
        (Emi::new(plain(), provider(), 3).unwrap().into(), "card"),
        (Upi::link().into(), "upi"),
        (Upi::Collect(Collect::new(Vpa::parse("a@b").unwrap())).into(), "upi"),
        (Upi::QrCode.into(), "upi"),
        (NetBanking::code(3333).unwrap().into(), "netbanking"),
        (App::new(provider(), phone()).into(), "app"),
        (CardlessEmi::new(provider(), phone(), None).unwrap().into(), "cardless_emi"),
        (PayLater::new(provider(), phone()).into(), "paylater"),
        (BankTransfer::new().into(), "banktransfer"),
    ]
}
