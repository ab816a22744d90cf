//! The calls of a visit, in their order. None of them can be paid by anybody: no code and no page is shown, and the test card
//! stops before its OTP.

use core::time::Duration;
use std::thread;

use anyhow::Context;
use pay_core::model::method::{PaymentMethod, Upi};
use pay_core::model::{
    Amount, ApiVersion, CreateOrder, Customer, CustomerId, IdempotencyKey, MARK_TAG, OrderId, OrderPay,
    PaymentSessionId, Phone, Timestamp, UnixSeconds,
};
use pay_core::wire::{Call, encode};
use serde_json::json;
use zeroize::Zeroizing;

use super::super::card_input::CardInput;
use super::super::entropy::{random, unix_now};
use super::notes::{Answer, Step};
use super::order::session_of;
use super::visit::{Ask, Visit};

/// Rs 1, the least that the gateway takes.
const AMOUNT_MINOR: u64 = 100;
/// After so long the order ends by itself, should nobody be able to close it.
pub(super) const LIFE_S: u64 = 30 * 60;
/// A repeat comes so long after its first call: by then the gateway has kept the answer.
const LATER: Duration = Duration::from_millis(1_500);
/// How often closing is tried.
const CLOSINGS: usize = 3;

/// The order that was made, and whether it is closed.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) order_id: OrderId,
    pub(super) closed: bool,
}

/// What can be asked without an account: Order Pay with a session that is nobody's. Every one of these calls is refused.
pub(super) fn without_account(visit: &mut Visit, version: ApiVersion) -> anyhow::Result<()> {
    let session = PaymentSessionId::parse(&format!("session_{}", "doctor".repeat(18)))?;
    let key = fresh_key()?;
    let body = payment(&session, Upi::QrCode, version)?;
    let ask = Ask { call: Call::OrderPay, version, keyed: false, key: Some(&key), body: &body };
    visit.call(Step::Stranger, ask);
    for (at, version) in ApiVersion::ALL.into_iter().enumerate() {
        let body = payment(&session, Upi::QrCode, version)?;
        visit.call(Step::Version(at), Ask { version, key: None, body: &body, ..ask });
    }
    visit.call(Step::StrangerAgain, ask);
    Ok(())
}

/// With the merchant's keys: one order of Rs 1, which is closed in the end.
pub(super) fn with_account(visit: &mut Visit, version: ApiVersion, made: &mut Option<Made>) -> anyhow::Result<()> {
    let order_id = OrderId::mint("doctor", random()?)?;
    let body = creation(&order_id)?;
    let key = fresh_key()?;
    // The answer may be lost: it is closed whatever came.
    *made = Some(Made { order_id: order_id.clone(), closed: false });
    let ask = Ask { call: Call::CreateOrder, version, keyed: true, key: Some(&key), body: &body };
    let created = visit.call(Step::Create, ask);
    let status = created.map(|answer| answer.status);
    let session = created.filter(|answer| answer.is_success()).and_then(session_of);
    // Refused, or never sent: there is none to close.
    if status.is_some_and(|status| (400..500).contains(&status)) || (status.is_none() && !visit.opened) {
        *made = None;
    }
    let Some(session) = session else { return Ok(()) };
    let session = PaymentSessionId::parse(&session).context("the session of the order cannot be used")?;

    let read = Ask { call: Call::ReadOrder(&order_id), key: None, body: &[], ..ask };
    for (at, version) in ApiVersion::ALL.into_iter().enumerate() {
        visit.call(Step::Version(at), Ask { version, ..read });
    }
    visit.call(Step::Read, read);
    visit.call(Step::ReadAgain, read);
    payments(visit, version, &session)?;
    visit.call(Step::List, Ask { call: Call::ListPayments(&order_id), ..read });
    Ok(())
}

fn payments(visit: &mut Visit, version: ApiVersion, session: &PaymentSessionId) -> anyhow::Result<()> {
    let link = payment(session, Upi::Link { upi_id: None }, version)?;
    let keys = [fresh_key()?, fresh_key()?, fresh_key()?, fresh_key()?, fresh_key()?];
    let [session_key, hinted_key, merchant_key, common_key, wrong_key] = &keys;
    let mut ask = Ask { call: Call::OrderPay, version, keyed: false, key: Some(session_key), body: &link };
    if !visit.call(Step::PaySession, ask).is_some_and(Answer::is_success) {
        visit.hinted = true;
        ask.key = Some(hinted_key);
        if !visit.call(Step::PayHints, ask).is_some_and(Answer::is_success) {
            return Ok(());
        }
    }
    let keyed = Ask { keyed: true, key: Some(merchant_key), ..ask };
    visit.call(Step::PayKeys, keyed);
    let wrong = wrong(session);
    let wrong = Ask { key: Some(wrong_key), body: &wrong, ..keyed };
    visit.call(Step::PayWrong, wrong);
    visit.call_at_once(Ask { key: Some(common_key), ..keyed });
    thread::sleep(LATER);
    visit.call(Step::PaySessionAgain, ask);
    visit.call(Step::PayKeysAgain, keyed);
    visit.call(Step::PayWrongAgain, wrong);
    let qr = payment(session, Upi::QrCode, version)?;
    visit.call(Step::PayChanged, Ask { body: &qr, ..keyed });

    visit.call(Step::PayQr, Ask { key: None, body: &qr, ..ask });
    let newest = ApiVersion::V2026_01_01;
    let pod = payment(session, Upi::PodQrCode, newest)?;
    visit.call(Step::PayPodQr, Ask { version: newest, key: None, body: &pod, ..ask });
    if visit.notes.is_test {
        let mut card = CardInput::test("4111111111111111");
        card.may_be_expired = true;
        let card = payment(session, card.to_card(false)?, version)?;
        visit.call(Step::PayCard, Ask { key: None, body: &card, ..ask });
    }
    Ok(())
}

/// Closes the order, whatever happened before; an order that is not there needs no closing.
pub(super) fn close(visit: &mut Visit, made: &mut Made) {
    if made.closed {
        return;
    }
    let order_id = made.order_id.clone();
    let ask = Ask {
        call: Call::TerminateOrder(&order_id),
        // The first version that has the call.
        version: ApiVersion::V2023_08_01,
        keyed: true,
        key: None,
        body: encode::TERMINATE_ORDER,
    };
    for _ in 0..CLOSINGS {
        let result = visit.send(&ask);
        let status = visit.note(Step::Close, result).map(|answer| answer.status);
        match status {
            Some(200..=299 | 404) => {
                made.closed = true;
                return;
            }
            _ => thread::sleep(LATER),
        }
    }
}

fn creation(order_id: &OrderId) -> anyhow::Result<Vec<u8>> {
    let customer = Customer::new(CustomerId::parse("doctor")?, Phone::parse("9999999999")?);
    let request = CreateOrder::new(order_id.clone(), Amount::from_minor(AMOUNT_MINOR)?, customer)?
        .with_expiry_time(Timestamp::from_unix(UnixSeconds(unix_now().0.saturating_add(LIFE_S))))
        .with_note("pay doctor: closed at once, never paid")?
        .with_tag(MARK_TAG, "doctor")?;
    let mut tx = vec![0; 2048];
    let len = encode::create_order(&request, &mut tx)?;
    tx.truncate(len);
    Ok(tx)
}

fn payment(
    session: &PaymentSessionId,
    method: impl Into<PaymentMethod>,
    version: ApiVersion,
) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let mut tx = Zeroizing::new(vec![0; 2048]);
    let len = encode::order_pay(&OrderPay::new(session.clone(), method), version, &mut tx)?;
    tx.truncate(len);
    Ok(tx)
}

/// A body that no gateway can take.
fn wrong(session: &PaymentSessionId) -> Zeroizing<Vec<u8>> {
    let method = json!({"upi": {"channel": "doctor"}});
    let body = json!({"payment_session_id": session.expose(), "payment_method": method});
    Zeroizing::new(body.to_string().into_bytes())
}

fn fresh_key() -> anyhow::Result<IdempotencyKey> {
    Ok(IdempotencyKey::from_random(random()?))
}
