//! Order Pay for devices that pay through the backend: see `docs/backend.md`.

mod alias;
mod request;
mod sessions;

use pay_core::model::{ApiVersion, MethodClass, OrderId, OrderPay, PaymentSessionId, RequestId};
use pay_core::wire::{self, Request, encode};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::answer::Answer;
use crate::book::Owner;
use crate::call::Incoming;
use crate::desk::Desk;
use crate::rules::{self, Ground};
use crate::store::{Forward, Way};
use crate::token::presented;

pub(crate) use sessions::Sessions;

use request::Wanted;

/// Longest Order Pay body that can come of [`Wanted`].
const BODY_MAX: usize = 1024;

/// Whether the call is one that goes to the gateway by itself, but for devices that are relayed.
pub(crate) fn takes(request: &Incoming) -> bool {
    let is_pay = request.path == "/pg/orders/sessions" || request.path.starts_with("/pg/orders/pay/authenticate/");
    is_pay && request.method == "POST" && !request.has_query
}

impl Desk {
    /// Order Pay by the name that the device has for its order.
    pub(crate) fn relay(&self, owner: Owner, request: &Incoming) -> Answer {
        self.forward(owner, request).unwrap_or_else(Answer::unsent)
    }

    /// Everything that can be refused is, before the one call. `Err`: nothing was sent on.
    fn forward(&self, owner: Owner, request: &Incoming) -> Result<Answer, Answer> {
        if request.path != "/pg/orders/sessions" {
            return Err(request::not_relayed());
        }
        let (wanted, version, key) = (Wanted::read(request)?, request.version()?, request::key(request)?);
        if request.epoch()? < self.epoch(owner)? {
            return Err(Answer::old_epoch());
        }
        let order = alias::order_of(&wanted.payment_session_id, owner).ok_or_else(no_such_alias)?;
        rules::need(self, owner, &order, version).map_err(not_now)?;
        let pay = wanted.with(self.session(&order, version)?)?;
        pay.check(version).map_err(|error| Answer::invalid("request_invalid", &error.to_string()))?;
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| Answer::not_now())?;

        let permit = self.gateway.reserve(wire::Call::OrderPay.kind())?;
        let session = pay.payment_session_id();
        let forward = Forward { order: &order, key: &key, method: word(&pay), session, at: self.clock.moment() };
        let session = self.store.keep_forward(&forward).map_err(|error| self.not_kept(&error))?;
        let pay = pay.with_session(session);
        let mut body = Zeroizing::new([0; BODY_MAX]);
        let length = encode::order_pay(&pay, version, body.as_mut()).map_err(|_| Answer::too_large())?;
        let client = request::hints(request);
        let call = Request::new(wire::Call::OrderPay, version, RequestId::from_random(random))
            .with_key(&key)
            .with_client(Some(&client))
            .with_body(&body[..length]);
        let answer = self.gateway.forward(permit, call);
        if is_about_the_session(&answer) {
            self.sessions.forget(&order);
        }
        Ok(Answer {
            body: sessions::hidden(&answer.body, pay.payment_session_id(), &alias::of(owner, &order)),
            ..answer
        })
    }

    /// The gateway's session of an order that is this device's.
    fn session(&self, order: &OrderId, version: ApiVersion) -> Result<PaymentSessionId, Answer> {
        if let Some(session) = self.sessions.of(order) {
            return Ok(session);
        }
        let answer = rules::order(self, order, version);
        let shown = if answer.is_success() { sessions::shown(&answer.body) } else { return Err(not_now(answer)) };
        let (order, session) = shown.ok_or_else(Answer::not_now)?;
        self.sessions.keep(order, session.clone());
        Ok(session)
    }

    /// An answer about an order for whoever asks: see [`Self::hide`].
    pub(crate) fn hide_from(&self, request: &Incoming, answer: Answer) -> Answer {
        let Some(owner) = request.token().and_then(presented) else { return Answer::unauthenticated() };
        match self.store.way(owner) {
            Ok(Some(Way::Direct)) => answer,
            Ok(Some(Way::Relayed)) => self.hide(owner, answer),
            Ok(None) => Answer::unauthenticated(),
            Err(error) => self.not_kept(&error),
        }
    }

    /// The answer for a device that is relayed: with its own name for the order in place of the session.
    pub(crate) fn hide(&self, owner: Owner, answer: Answer) -> Answer {
        let Some((order, session)) = sessions::shown(&answer.body) else { return answer };
        let alias = alias::of(owner, &order);
        let body = sessions::hidden(&answer.body, &session, &alias);
        // A session in other letters (`\u005f`) is not found: then nothing goes out.
        let is_hidden = sessions::shown(&body).is_some_and(|(_, shown)| shown.expose() == alias);
        self.sessions.keep(order, session);
        if is_hidden { Answer { body, ..answer } } else { Answer::nothing_known("the session cannot be hidden") }
    }
}

/// The gateway does not take this session; another reading may show one that it takes.
fn is_about_the_session(answer: &Answer) -> bool {
    #[derive(Deserialize)]
    struct Refusal {
        code: String,
    }
    matches!(answer.status, 400 | 404)
        && serde_json::from_slice::<Refusal>(&answer.body).is_ok_and(|said| said.code == "payment_session_id_invalid")
}

/// What was learned in vain before anything was sent on: the device comes again, if the backend does not refuse by itself.
fn not_now(answer: Answer) -> Answer {
    if answer.is_ours { answer } else { Answer::not_now() }
}

fn no_such_alias() -> Answer {
    Answer::invalid("payment_session_id_invalid", "payment_session_id: is not one that this backend gave this device")
}

/// The method class, as it is kept.
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
