//! The desk's counter for one account. It implements `Ground` for the rules.

use core::time::Duration;

use pay_core::model::{ApiVersion, CallKind, OrderId, PaymentSessionId, PaymentStatus, RequestId, UnixSeconds};
use pay_core::wire::{self, decode};

use crate::account::Account;
use crate::answer::Answer;
use crate::book::{Effect, Entry, Event, Moment, Owner};
use crate::desk::Desk;
use crate::gateway::Permit;
use crate::notice::Notice;
use crate::rules::{self, Forward, Ground, OrderSeen, Way};
use crate::share::{Shop, Wish};
use crate::store::Device;

/// The longest answer that this workspace's kiosk accepts, in bytes.
const KIOSK_RX: usize = 12 * 1024;

/// The book of all accounts, and the gateway of one.
#[derive(Clone, Copy)]
pub(crate) struct Counter<'d> {
    pub(crate) desk: &'d Desk,
    pub(crate) account: &'d Account,
}

impl Counter<'_> {
    /// The last reading of the order, if it is not older than `age` and no news came since.
    pub(crate) fn last(&self, order: &OrderId, version: ApiVersion, age: Duration) -> Option<Answer> {
        let last = self.account.cache.last(order.as_str(), &key(wire::Call::ReadOrder(order), version), age);
        self.of_order(order, last)
    }

    /// The last reading of the order before the news, given once.
    pub(crate) fn take_outdated(&self, order: &OrderId, version: ApiVersion, age: Duration) -> Option<Answer> {
        let key = key(wire::Call::ReadOrder(order), version);
        let outdated = self.account.cache.take_outdated(order.as_str(), &key, age);
        self.of_order(order, outdated)
    }

    fn of_order(&self, order: &OrderId, answer: Option<Answer>) -> Option<Answer> {
        answer.filter(Answer::is_success).filter(|answer| rules::seen(self, order, answer).is_some())
    }

    /// A reading shows that an order is paid. Where no webhook has told of it, more of them may be lost.
    fn note_paid(&self, order: &OrderId) {
        let Account { webhooks: Some(_), missed, .. } = self.account else { return };
        let is_told = |entry: Entry| entry.is_hinted() || entry.has_ended();
        // First noted, then looked up: a webhook that is stored from now on takes the note back itself.
        if missed.untold(order, self.desk.clock.now()) && self.entry(order).ok().flatten().is_none_or(is_told) {
            missed.told(order);
        }
    }

    /// The list of payments was read because of a webhook.
    fn is_hinted(&self, call: wire::Call<'_>) -> bool {
        let wire::Call::ListPayments(order) = call else { return false };
        self.entry(order).is_ok_and(|entry| entry.is_some_and(|entry| entry.is_hinted()))
    }
}

impl Ground for Counter<'_> {
    type Permit = Permit;

    fn now(&self) -> Moment {
        self.desk.clock.moment()
    }

    fn power_on(&self) -> u64 {
        self.desk.power_on
    }

    fn ends(&self) -> UnixSeconds {
        UnixSeconds(self.desk.clock.unix_seconds() + self.desk.order_life.as_secs())
    }

    fn epoch(&self, owner: Owner) -> Result<u64, Answer> {
        self.desk.store.epoch(owner).map_err(|error| self.desk.not_kept(&error))
    }

    fn recover(&self, owner: Owner) -> Result<(u64, Vec<OrderId>), Answer> {
        let epoch = self.desk.store.raise_epoch(owner).map_err(|error| self.desk.not_kept(&error))?;
        Ok((epoch, self.desk.store.open_orders(owner).map_err(|error| self.desk.not_kept(&error))?))
    }

    fn entry(&self, order: &OrderId) -> Result<Option<Entry>, Answer> {
        self.desk.entry(order)
    }

    fn want(&self, order: &OrderId, owner: Owner, amount: u64) -> Result<Entry, Answer> {
        let wanted = self.desk.store.want(order, owner, amount, self.desk.clock.moment());
        // Of a forgotten order nobody knows any more whether its goods are out or its money went back.
        wanted.map_err(|error| self.desk.not_kept(&error))?.ok_or_else(Answer::order_exists)
    }

    fn find(&self, order: &OrderId, owner: Owner, amount: u64) -> Result<(Entry, bool), Answer> {
        let found = self.desk.store.find(order, owner, amount, self.desk.clock.moment());
        found.map_err(|error| self.desk.not_kept(&error))?.ok_or_else(Answer::order_exists)
    }

    fn say(&self, order: &OrderId, event: &Event) -> Result<Option<Effect>, Answer> {
        let effect = self.desk.store.on(order, event).map_err(|error| self.desk.not_kept(&error))?;
        if matches!(effect, Some(Effect::News { .. })) {
            self.account.waiters.ring(order);
        }
        Ok(effect)
    }

    fn permit(&self, call: CallKind) -> Result<Permit, Answer> {
        self.account.gateway.reserve(call)
    }

    fn begin(&self, owner: Owner, order: &OrderId) -> Result<Permit, Answer> {
        let device = self.desk.store.device(owner).map_err(|error| self.desk.not_kept(&error))?;
        let Device { shop, way, .. } = device.ok_or_else(Answer::unauthenticated)?;
        let shop = if shop.is_empty() { Shop::Of(owner) } else { Shop::Named(shop) };
        let is_relayed = way == Way::Relayed;
        self.account.gateway.begin(&Wish { kiosk: owner, shop, order: order.clone(), is_relayed })
    }

    fn has_to_spare(&self, call: CallKind) -> bool {
        self.account.gateway.has_to_spare(call)
    }

    fn call(&self, permit: Permit, call: wire::Call<'_>, version: ApiVersion, body: &[u8]) -> Answer {
        self.account.gateway.call(permit, call, version, body)
    }

    /// Makes one call for all that ask at the same time, and none while the last answer is fresh.
    fn read(&self, call: wire::Call<'_>, version: ApiVersion) -> Answer {
        let order = match call {
            wire::Call::ReadOrder(order) => Some(order),
            _ => None,
        };
        let answer = self.account.cache.get(subject(call), &key(call, version), || {
            // The state of a single payment can wait: lists decide whose money it is, and share this limit.
            let waits = matches!(call, wire::Call::ReadPayment(..)) && !self.account.gateway.has_to_spare(call.kind());
            let answer = match self.account.gateway.rate(call.kind()).filter(|_| waits) {
                Some(rate) => Answer::throttled(rate),
                None => self.ask(call, version, &[]),
            };
            let seen = order.filter(|_| answer.is_success()).map(|order| rules::seen(self, order, &answer));
            if let (Some(order), Some(Some(OrderSeen { is_paid: true, .. }))) = (order, &seen) {
                self.note_paid(order);
            }
            let fresh = match seen {
                _ if answer.status == 429 => Duration::ZERO,
                // This answer is of no use to the caller; the next one may be.
                Some(reading) if reading.is_none() || answer.body.len() > KIOSK_RX => Duration::ZERO,
                Some(Some(reading)) if reading.is_final => self.desk.fresh_final,
                // A webhook caused this reading, and it shows the success. The waiting device asks for it in a moment; another webhook
                // removes it from the cache. A list that lags behind its webhook is read again soon.
                None if self.is_hinted(call) && shows_success(&answer) => self.desk.fresh * 10,
                _ => self.desk.fresh,
            };
            (answer, fresh)
        });
        match self.account.gateway.rate(call.kind()) {
            Some(rate) if answer.status != 429 => answer.with_rate(rate),
            _ => answer,
        }
    }

    fn keep_forward(&self, forward: &Forward<'_>) -> Result<PaymentSessionId, Answer> {
        self.desk.store.keep_forward(forward, self.desk.clock.moment()).map_err(|error| self.desk.not_kept(&error))
    }

    fn forward(&self, permit: Permit, request: wire::Request<'_>) -> Answer {
        self.account.gateway.forward(permit, request)
    }

    fn request_id(&self) -> Result<RequestId, Answer> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| Answer::not_now())?;
        Ok(RequestId::from_random(random))
    }

    fn session(&self, order: &OrderId) -> Option<PaymentSessionId> {
        self.account.sessions.of(order)
    }

    fn keep_session(&self, order: &OrderId, session: &PaymentSessionId) {
        self.account.sessions.keep(order, session);
    }

    fn forget_session(&self, order: &OrderId) {
        self.account.sessions.forget(order);
    }

    /// Removes the cached answers about this order.
    fn forget(&self, order: &OrderId) {
        self.account.cache.forget(order.as_str());
    }

    fn shown(&self, order: &OrderId, version: ApiVersion, answer: &Answer) {
        let key = key(wire::Call::ReadOrder(order), version);
        self.account.cache.put(order.as_str(), &key, answer.clone(), Duration::ZERO);
    }

    fn planned(&self) {
        self.desk.agenda.changed();
    }

    fn tell(&self, order: &OrderId) {
        self.desk.tell(order);
    }

    fn notify(&self, notice: &Notice) {
        self.desk.notify(notice);
    }
}

fn key(call: wire::Call<'_>, version: ApiVersion) -> String {
    format!("{call}/ {version}")
}

/// The order that a call reads.
fn subject(call: wire::Call<'_>) -> &str {
    match call {
        wire::Call::ReadOrder(order)
        | wire::Call::ListPayments(order)
        | wire::Call::ReadPayment(order, _)
        | wire::Call::ListRefunds(order)
        | wire::Call::ReadRefund(order, _) => order.as_str(),
        _ => "",
    }
}

/// Whether this list of payments shows one that succeeded.
fn shows_success(answer: &Answer) -> bool {
    let mut body = answer.body.clone();
    let mut payments = decode::statuses(&mut body);
    core::iter::from_fn(|| payments.next().ok().flatten().map(|payment| payment.status == PaymentStatus::Success))
        .any(|is| is)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Meant to notice: a list that lags behind its webhook kept for long; one that shows the payment read once more.
    #[test]
    fn a_list_that_shows_no_success_is_no_end() {
        let list = |words: &[&str]| {
            let one =
                |word: &&str| format!(r#"{{"cf_payment_id":"7","order_id":"order_1","payment_status":"{word}"}}"#);
            shows_success(&Answer::ok(
                format!("[{}]", words.iter().map(one).collect::<Vec<_>>().join(",")).into_bytes(),
            ))
        };
        assert_eq!([list(&[]), list(&["PENDING", "FAILED"]), list(&["FAILED", "SUCCESS"])], [false, false, true]);
    }
}
