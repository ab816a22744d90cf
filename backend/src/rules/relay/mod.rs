//! Order Pay for devices that pay through the backend: see `docs/backend.md`.

mod alias;
mod request;
mod session;

use pay_core::model::{ApiVersion, MethodClass, OrderId, OrderPay, PaymentSessionId};
use pay_core::wire::{self, Request, encode};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::forward::Forward;
use super::{Ground, ours};
use crate::answer::Answer;
use crate::book::Owner;
use crate::call::Incoming;

pub use alias::of as alias;

use request::Wanted;

/// The longest Order Pay body that [`Wanted`] can lead to.
const BODY_MAX: usize = 1024;

const PATH: &str = "/pg/orders/sessions";

/// Whether this is a call that only relayed devices send to the backend; others send it to the gateway.
pub(super) fn takes(request: &Incoming) -> bool {
    let is_pay = request.path == PATH || request.path.starts_with("/pg/orders/pay/authenticate/");
    is_pay && request.method == "POST" && !request.has_query
}

/// Relays an Order Pay that names the order by its alias.
pub(super) fn relay<G: Ground>(ground: &G, owner: Owner, request: &Incoming) -> Answer {
    forward(ground, owner, request).unwrap_or_else(Answer::unsent)
}

/// Makes every check before the one call. `Err`: nothing was sent to the gateway.
fn forward<G: Ground>(ground: &G, owner: Owner, request: &Incoming) -> Result<Answer, Answer> {
    if request.path != PATH {
        return Err(request::not_relayed());
    }
    let (wanted, version, key) = (Wanted::read(request)?, request.version()?, request::key(request)?);
    if request.epoch()? < ground.epoch(owner)? {
        return Err(Answer::old_epoch());
    }
    let order = alias::order_of(&wanted.payment_session_id, owner).ok_or_else(no_such_alias)?;
    ours::need(ground, owner, &order, version).map_err(not_now)?;
    let pay = wanted.with(session(ground, &order, version)?)?;
    pay.check(version).map_err(|error| Answer::invalid("request_invalid", &error.to_string()))?;
    let id = ground.request_id()?;

    let permit = ground.permit(wire::Call::OrderPay.kind())?;
    let kept = Forward { order: &order, key: &key, method: word(&pay), session: pay.payment_session_id() };
    let session = ground.keep_forward(&kept)?;
    let pay = pay.with_session(session);
    let mut body = Zeroizing::new([0; BODY_MAX]);
    let length = encode::order_pay(&pay, version, body.as_mut()).map_err(|_| Answer::too_large())?;
    let client = request::hints(request);
    let call = Request::new(wire::Call::OrderPay, version, id)
        .with_key(&key)
        .with_client(Some(&client))
        .with_body(body.get(..length).unwrap_or_default());
    let answer = ground.forward(permit, call);
    if is_about_the_session(&answer) {
        ground.forget_session(&order);
    }
    let body = session::hidden(&answer.body, pay.payment_session_id(), &alias(owner, &order));
    Ok(Answer { body, ..answer })
}

/// The gateway's session of an order of this device.
fn session<G: Ground>(ground: &G, order: &OrderId, version: ApiVersion) -> Result<PaymentSessionId, Answer> {
    if let Some(session) = ground.session(order) {
        return Ok(session);
    }
    let answer = ours::order(ground, order, version);
    let shown = if answer.is_success() { session::shown(&answer.body) } else { return Err(not_now(answer)) };
    let (order, session) = shown.ok_or_else(Answer::not_now)?;
    ground.keep_session(&order, &session);
    Ok(session)
}

/// The answer for a relayed device: with its alias in place of the session.
pub fn hide<G: Ground>(ground: &G, owner: Owner, answer: Answer) -> Answer {
    let Some((order, session)) = session::shown(&answer.body) else { return answer };
    let alias = alias(owner, &order);
    let body = session::hidden(&answer.body, &session, &alias);
    // A session with escapes (`\u005f`) would not be found: then the answer is withheld.
    let is_hidden = session::shown(&body).is_some_and(|(_, shown)| shown.expose() == alias);
    ground.keep_session(&order, &session);
    if is_hidden { Answer { body, ..answer } } else { Answer::nothing_known("the session cannot be hidden") }
}

/// The gateway rejects this session; another reading may show a valid one.
fn is_about_the_session(answer: &Answer) -> bool {
    #[derive(Deserialize)]
    struct Refusal {
        code: String,
    }
    matches!(answer.status, 400 | 404)
        && serde_json::from_slice::<Refusal>(&answer.body).is_ok_and(|said| said.code == "payment_session_id_invalid")
}

/// The answer when a check failed and nothing was sent: the device may try again, unless the backend itself refuses.
fn not_now(answer: Answer) -> Answer {
    if answer.is_ours { answer } else { Answer::not_now() }
}

fn no_such_alias() -> Answer {
    Answer::invalid("payment_session_id_invalid", "payment_session_id: is not one that this backend gave this device")
}

/// The method's class, as it is stored.
fn word(pay: &OrderPay) -> &'static str {
    match pay.payment_method().class() {
        MethodClass::UpiLink => "upi_link",
        MethodClass::UpiCollect => "upi_collect",
        MethodClass::UpiQrCode => "upi_qrcode",
        MethodClass::UpiPodQrCode => "upi_pod_qrcode",
        MethodClass::NetBanking => "netbanking",
        MethodClass::App => "app",
        MethodClass::CardlessEmi => "cardless_emi",
        MethodClass::PayLater => "paylater",
        MethodClass::BankTransfer => "banktransfer",
        _ => "other",
    }
}
