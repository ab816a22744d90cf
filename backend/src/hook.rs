//! The gateway's webhooks. Each is checked and stored as a hint before it is answered with 200.

use pay_core::model::{OrderId, PaymentStatus, UnixSeconds};
use pay_core::wire::webhook::About;

use crate::account::Account;
use crate::answer::Answer;
use crate::book::{Effect, Event, Told};
use crate::desk::Desk;

/// The path that the gateway calls; the name of the account follows.
pub(crate) const PATH: &str = "/hooks/cashfree/";
/// The longest body accepted, in bytes: far above any documented one.
pub(crate) const BODY_MAX: usize = 64 * 1024;

impl Desk {
    /// Answers a webhook sent to the path of this account. 401: the signature is wrong, and nothing is stored. 503: it could not be stored,
    /// and the gateway will repeat it.
    pub(crate) fn hook(&self, account: &str, headers: &[(String, Vec<u8>)], mut body: Vec<u8>) -> Answer {
        let Some(counter) = self.at(account) else { return Answer::no_such_path() };
        let Account { webhooks: Some(keys), missed, .. } = counter.account else { return Answer::no_such_path() };
        let now = UnixSeconds(self.clock.unix_seconds());
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        let Ok(signed) = keys.verify(headers, &mut body, now) else { return Answer::not_signed() };
        // A signed webhook that cannot be read, or is about no order here, would be the same when repeated: it gets 200.
        let Ok(event) = signed.event() else { return taken() };
        let Some(order) = event.order_id().and_then(|id| OrderId::parse(id).ok()) else { return taken() };
        match self.is_of(&order, account) {
            Ok(true) => {}
            // The order with this id belongs to another account.
            Ok(false) => return taken(),
            Err(answer) => return answer,
        }
        let told = match event.about {
            About::Payment(payment) => {
                Told::Payment { id: payment.cf_payment_id.get(), status: payment.status.as_str().to_owned() }
            }
            About::Refund(refund) => {
                let id = if refund.refund_id.is_empty() { refund.cf_refund_id } else { refund.refund_id };
                Told::Refund { id: id.to_owned(), status: refund.status.as_str().to_owned() }
            }
            _ => return taken(),
        };
        let is_success = matches!(&told, Told::Payment { status, .. } if PaymentStatus::Success.as_str() == status);
        let effect = self.store.on(&order, &Event::Hinted { at: self.clock.moment(), told });
        // Only now: a reading that missed it in the store a moment ago has taken it for lost.
        if is_success {
            missed.told(&order);
        }
        match effect {
            Ok(Some(Effect::News { .. })) => {
                // Earlier readings are older than this webhook.
                counter.account.cache.outdate(order.as_str());
                self.agenda.changed();
                taken()
            }
            Ok(_) => taken(),
            Err(error) => self.not_kept(&error),
        }
    }

    /// Whether the order is unknown, or belongs to this account.
    fn is_of(&self, order: &OrderId, account: &str) -> Result<bool, Answer> {
        let Some(entry) = self.entry(order)? else { return Ok(true) };
        let owners = self.store.account(*entry.owner()).map_err(|error| self.not_kept(&error))?;
        Ok(*owners == *account)
    }
}

fn taken() -> Answer {
    Answer::ok(b"{}".to_vec())
}
