//! What the backend does by itself: the duties of its book.

use core::time::Duration;

use pay_core::model::{Amount, ApiVersion, CfPaymentId, CreateRefund, OrderId, RefundId};
use pay_core::sale::Millis;
use pay_core::wire::{Call, decode, encode};

use crate::answer::Answer;
use crate::book::{Back, Duty, Entry, Event, Reading, SeenPayment, SeenRefund};
use crate::config::Notice;
use crate::desk::Desk;
use crate::store::Known;

/// For calls of our own.
const VERSION: ApiVersion = ApiVersion::V2025_01_01;
/// An order that could not be asked about is left alone for so long at the least, and twice as long each time.
const PAUSE_MAX_MS: u64 = 600_000;
/// Duties done one after the other at one visit.
const AT_ONCE: usize = 8;

/// Could not be done now: no budget, no answer, or one that says nothing.
struct NotNow;

impl From<Answer> for NotNow {
    fn from(_: Answer) -> Self {
        Self
    }
}

impl Desk {
    /// Does what is owed, until the agenda is stopped.
    pub(crate) fn watch(&self) {
        while let Some(plans) = self.agenda.plans() {
            let now = self.now();
            match self.store.take_due(now) {
                Ok(Some(order)) => self.visit(&order),
                Ok(None) => {
                    let next = self.store.next_due(now).ok().flatten();
                    self.agenda.wait(plans, next.map(|at| Duration::from_millis(at.since(now).max(1))));
                }
                Err(error) => {
                    self.notify(&Notice::NotKept(error.to_string()));
                    self.agenda.wait(plans, None);
                }
            }
        }
    }

    /// Does what is due by now, and says how long until something is.
    #[cfg(test)]
    pub(crate) fn watch_once(&self) -> Option<Duration> {
        loop {
            let now = self.now();
            match self.store.take_due(now).expect("a database") {
                Some(order) => self.visit(&order),
                None => {
                    let next = self.store.next_due(now).expect("a database");
                    return next.map(|at| Duration::from_millis(at.since(now)));
                }
            }
        }
    }

    /// Reads an order's payments for its book.
    pub(crate) fn read_payments(&self, order: &OrderId) -> Result<(), Answer> {
        let answer = self.gateway.ask(Call::ListPayments(order), VERSION, &[]);
        if !answer.is_success() {
            return Err(answer);
        }
        self.note_payments(order, &answer)
    }

    /// Reads one payment for the order's book, which goes on to count the list as not read whole.
    pub(crate) fn read_payment(&self, order: &OrderId, payment: CfPaymentId) -> Result<(), Answer> {
        let answer = self.gateway.ask(Call::ReadPayment(order, payment), VERSION, &[]);
        if !answer.is_success() {
            return Err(answer);
        }
        let body = [b"[".as_slice(), &answer.body, b"]"].concat();
        let (mut seen, _) = payments(order, &body);
        seen.retain(|seen| seen.id == payment.get());
        self.note(order, None, Some(seen), false, answer.date)
    }

    /// Takes a list of an order's payments into its book.
    pub(crate) fn note_payments(&self, order: &OrderId, answer: &Answer) -> Result<(), Answer> {
        let (payments, complete) = payments(order, &answer.body);
        self.note(order, None, Some(payments), complete, answer.date)
    }

    fn now(&self) -> Millis {
        Millis(self.clock.moment().0)
    }

    /// Does what is due for an order, which nobody else has at this time.
    fn visit(&self, order: &OrderId) {
        let next = self.serve_out(order);
        self.tell(order);
        // Else the lease runs out, and somebody does it then.
        if let Ok(Some((n, at))) = next
            && let Err(error) = self.store.plan(order, n, at)
        {
            self.notify(&Notice::NotKept(error.to_string()));
        }
    }

    /// When the next duty is due after those that are done now, and of how many events that follows.
    fn serve_out(&self, order: &OrderId) -> Result<Option<(i64, Option<Millis>)>, Answer> {
        for round in 0..=AT_ONCE {
            let Some(Known { entry, n }) = self.known(order)? else { return Ok(None) };
            let due = entry.due(self.terms);
            let duty = match due {
                Some((at, duty)) if at <= self.now() && round < AT_ONCE => duty,
                due => return Ok(Some((n, due.map(|(at, _)| at)))),
            };
            // Without an answer the calls are made all the same: whoever takes the order beside us makes the same.
            let _ = self.store.keep_lease(order, self.now());
            if self.fulfil(&entry, duty).is_err() {
                let misses = self.missed(order);
                let pause = self.terms.first_look_ms.saturating_mul(1 << misses.min(16)).min(PAUSE_MAX_MS);
                let n = self.known(order)?.map_or(n, |known| known.n);
                return Ok(Some((n, Some(Millis(self.now().0.saturating_add(pause.max(1)))))));
            }
            self.met(order);
        }
        Ok(None)
    }

    fn fulfil(&self, entry: &Entry, duty: Duty) -> Result<(), NotNow> {
        match duty {
            Duty::Close => self.look(entry, true, true),
            Duty::Read { order } => self.look(entry, order, false),
            Duty::ReadRefunds => self.list_refunds(entry.order()),
            Duty::Refund { id, amount } => self.refund(entry.order(), &id, amount),
            Duty::SayOverdue => Ok(self.say(entry.order(), &Event::Overdue).map(|_| ())?),
        }
    }

    /// Reads the order, then its payments if it has ended; asks for its end where the device wanted it and the gateway has not heard.
    fn look(&self, entry: &Entry, with_order: bool, close: bool) -> Result<(), NotNow> {
        let order = entry.order();
        let mut status = None;
        if with_order {
            let answer = self.order(order, VERSION);
            let reading = self.reading(order, &answer).filter(|_| answer.is_success()).ok_or(NotNow)?;
            if close && reading.is_active {
                self.gateway.ask(Call::TerminateOrder(order), VERSION, encode::TERMINATE_ORDER);
                self.forget(order);
            }
            if !reading.is_final {
                return Ok(self.note(order, Some(reading.status), None, true, answer.date)?);
            }
            status = Some(reading.status);
        }
        // Shoppers wait for the same budget; what is not money that goes back can wait.
        let call = Call::ListPayments(order);
        let is_hinted = entry.is_hinted();
        let is_urgent = close || is_hinted || entry.released() == Some(false);
        if !is_urgent && !self.gateway.has_to_spare(call.kind()) {
            return Err(NotNow);
        }
        // The device that waits for it will ask for the same list in a moment.
        let answer = if is_hinted { self.read(call, VERSION) } else { self.gateway.ask(call, VERSION, &[]) };
        if !answer.is_success() {
            return Err(NotNow);
        }
        let (payments, complete) = payments(order, &answer.body);
        Ok(self.note(order, status, Some(payments), complete, answer.date)?)
    }

    fn note(
        &self,
        order: &OrderId,
        status: Option<String>,
        payments: Option<Vec<SeenPayment>>,
        complete: bool,
        date: Option<u64>,
    ) -> Result<(), Answer> {
        let at = self.clock.moment();
        let reading = Reading { at, power_on: self.power_on, date, status, payments, complete };
        self.say(order, &Event::Read(reading)).map(|_| ())
    }

    fn list_refunds(&self, order: &OrderId) -> Result<(), NotNow> {
        let answer = self.gateway.ask(Call::ListRefunds(order), VERSION, &[]);
        if !answer.is_success() {
            return Err(NotNow);
        }
        let mut body = answer.body;
        let (mut list, mut refunds) = (Vec::new(), decode::refunds(&mut body));
        while let Some(refund) = refunds.next().map_err(|_| NotNow)? {
            list.push(seen(&refund));
        }
        Ok(self.say(order, &Event::Refunds { list }).map(|_| ())?)
    }

    /// Always the same refund: whatever became of an earlier try, money goes back once.
    fn refund(&self, order: &OrderId, id: &RefundId, amount: u64) -> Result<(), NotNow> {
        let amount = Amount::from_minor(amount).map_err(|_| NotNow)?;
        let request = CreateRefund::new(id.clone(), amount);
        let mut body = [0; 512];
        let length = encode::create_refund(&request, &mut body).map_err(|_| NotNow)?;
        let mut answer = self.gateway.ask(Call::CreateRefund(order), VERSION, body.get(..length).unwrap_or_default());
        if answer.status == 429 {
            return Err(NotNow);
        }
        let status = answer.status;
        if !answer.is_success() {
            // Lost, in conflict or refused: what counts is whether it is there.
            answer = self.gateway.ask(Call::ReadRefund(order, id), VERSION, &[]);
        }
        if let Ok(refund) = decode::refund(&mut answer.body.clone())
            && answer.is_success()
        {
            self.say(order, &Event::Refund(seen(&refund)))?;
        }
        let entry = self.entry(order)?.ok_or(NotNow)?;
        let shown = entry
            .refunds()
            .find(|(other, refund)| *other == id.as_str() && !matches!(refund.back(), Back::Tried { .. }));
        let order_id = order.to_string();
        match shown.map(|(_, refund)| refund.back()) {
            Some(Back::Done | Back::OnItsWay) => self.notify(&Notice::Refunded { order_id, refund_id: id.to_string() }),
            // A person is told of it.
            Some(_) => {}
            None => {
                let refused = (400..500).contains(&status) && !matches!(status, 408 | 409);
                self.say(order, &Event::RefundFailed { at: self.clock.moment(), id: id.to_string(), refused })?;
                self.notify(&Notice::RefundPending { order_id, status });
            }
        }
        Ok(())
    }
}

fn seen(refund: &pay_core::model::Refund<'_>) -> SeenRefund {
    // No id of a merchant's has a colon.
    let by_gateway = if refund.is_by_gateway() { SeenRefund::BY_GATEWAY } else { "" };
    SeenRefund {
        id: format!("{by_gateway}{}", refund.id()),
        order: refund.order_id.to_owned(),
        amount: refund.amount.minor(),
        status: refund.status.as_str().to_owned(),
    }
}

/// What a list of payments shows of this order, and whether it is all.
fn payments(order: &OrderId, body: &[u8]) -> (Vec<SeenPayment>, bool) {
    let mut body = body.to_vec();
    // What a payment cost with its surcharge is not asked: one that took the money is never left out for it.
    let mut payments = decode::statuses(&mut body);
    let (mut list, mut complete) = (Vec::new(), true);
    loop {
        match payments.next() {
            Ok(Some(payment)) if payment.order_id.is_empty() || payment.order_id == order.as_str() => {
                list.push(SeenPayment {
                    id: payment.cf_payment_id.get(),
                    status: payment.status.as_str().to_owned(),
                    captured: payment.is_captured,
                    completed: payment.completed(),
                });
            }
            Ok(None) => break,
            // Of another order, or unreadable: it may have charged.
            Ok(Some(_)) | Err(_) => complete = false,
        }
    }
    (list, complete && payments.is_whole())
}

#[cfg(test)]
mod tests {
    use pay_core::model::OrderId;

    use super::payments;

    // Mutant: `decode::payments`, which wants an amount in whole paise; the shopper was charged, got no goods, and no money back.
    #[test]
    fn a_surcharge_hides_no_payment() {
        let list = br#"[{"cf_payment_id":"7","order_id":"order_1","order_amount":10.15,"payment_amount":10.353,
            "payment_currency":"INR","payment_status":"SUCCESS","is_captured":true}]"#;
        let (payments, complete) = payments(&OrderId::parse("order_1").unwrap(), list);
        assert!(complete);
        assert_eq!(
            payments.iter().map(|payment| (payment.id, payment.status.as_str())).collect::<Vec<_>>(),
            [(7, "SUCCESS")]
        );
    }
}
