//! What must hold, whatever was cut: checked against the gateway's books and what the journal acknowledged.

use core::hash::{Hash, Hasher};
use std::hash::DefaultHasher;

use pay_core::model::{CallKind, OrderId, RefundReason};
use pay_core::sale::{AttemptEnd, AttemptState, Outcome, Record, Release, Stage};
use pay_core::wire::{Call, Request};

use sandbox::{Refund, RefundStatus};

use super::case::{Case, Mode};
use super::outside::{Book, Outside, Sent};

/// So long after its end nothing happens in a world any more.
const FOR_EVER_MS: u64 = 40 * 24 * 3_600_000;

impl Outside {
    /// Nothing is sent before its commit; one key has one body; what charges by itself is never repeated blindly.
    pub(super) fn check_before_send(&mut self, request: &Request<'_>) -> Result<(), String> {
        let kind = request.call.kind();
        let book = match &request.call {
            Call::ReadOrder(order)
            | Call::TerminateOrder(order)
            | Call::ListPayments(order)
            | Call::ReadPayment(order, _)
            | Call::CreateRefund(order)
            | Call::ReadRefund(order, _)
            | Call::ReportRelease(order) => self.book(order),
            _ => self.current(),
        };
        if book.busy {
            return Err(format!("{kind:?} was sent while a record was being stored"));
        }
        let Some(record) = &book.acked else {
            return Err(format!("{kind:?} was sent before anything was committed"));
        };
        let Some(key) = request.idempotency_key else {
            let needs = matches!(kind, CallKind::OrderPay | CallKind::Authenticate | CallKind::CreateRefund);
            return if needs { Err(format!("{kind:?} without a key")) } else { Ok(()) };
        };
        if kind == CallKind::Authenticate
            && book.otp_in_doubt.replace(key.as_str().to_owned()).is_some_and(|last| last == key.as_str())
        {
            return Err("an OTP was submitted again, and the first may have arrived".to_owned());
        }
        if kind != CallKind::OrderPay {
            return Ok(());
        }
        let attempt = record.attempts().find(|attempt| attempt.key == *key);
        let Some(attempt) = attempt else {
            return Err("a payment was sent before its attempt was committed".to_owned());
        };
        let mut hasher = DefaultHasher::new();
        request.body.expose().hash(&mut hasher);
        let (body, id) = (hasher.finish(), request.request_id.as_str().to_owned());
        let last = book.sends.len();
        match book.sends.iter_mut().enumerate().find(|(_, sent)| sent.key == key.as_str()) {
            None => book.sends.push(Sent {
                key: key.as_str().to_owned(),
                class: attempt.class,
                body,
                request_ids: vec![id],
                in_doubt: true,
                failed: false,
                payments: Vec::new(),
            }),
            Some((place, _)) if place + 1 != last => return Err("an earlier attempt was sent again".to_owned()),
            Some((_, sent)) if sent.body != body => return Err("another body under the same key".to_owned()),
            Some((_, sent)) if sent.request_ids.contains(&id) => return Err("the same request id twice".to_owned()),
            Some((_, sent)) if sent.failed => return Err("sent again what failed for ever".to_owned()),
            Some((_, sent)) if sent.in_doubt && !sent.class.needs_shopper() => {
                return Err("a blind repeat of something that charges by itself".to_owned());
            }
            Some((_, sent)) => {
                sent.request_ids.push(id);
                sent.in_doubt = true;
            }
        }
        Ok(())
    }

    /// What the journal found at boot against what it acknowledged: the same, or one that was being stored
    /// since.
    pub(super) fn check_found(&mut self, order: &OrderId, found: Option<Record>) -> Result<(), String> {
        let book = self.book(order);
        book.busy = false;
        if found.as_ref().is_some_and(|found| book.storing.contains(found)) {
            // Found once, it stays: the journal says so.
            book.acked = found;
            book.storing.clear();
            return Ok(());
        }
        match (&book.acked, &found) {
            (Some(acked), Some(found)) if acked == found => Ok(()),
            (None, None) => Ok(()),
            // What is closed may make room for others.
            (Some(acked), None) if !acked.is_open() => Ok(()),
            (acked, found) => Err(format!(
                "the journal acknowledged {:?} and found {:?}",
                acked.as_ref().map(|record| record.seq),
                found.as_ref().map(|record| record.seq)
            )),
        }
    }

    /// The terminal says that an attempt has ended.
    pub(super) fn check_attempt_end(&self, end: &AttemptEnd) -> Result<(), String> {
        // A scenario may hide an attempt for longer than anybody waits: then it is found later, as a surplus.
        let no = match end {
            AttemptEnd::Refused(_) | AttemptEnd::NotSent | AttemptEnd::Untrusted => true,
            AttemptEnd::NotFound => self.story.scenario().is_none(),
            _ => false,
        };
        let Some(book) = self.books.last() else { return Ok(()) };
        let last = book.acked.as_ref().and_then(|record| record.attempts().next_back());
        let sent = last.and_then(|last| book.sends.iter().find(|sent| sent.key == last.key.as_str()));
        let Some(sent) = sent.filter(|_| no) else {
            return Ok(());
        };
        let is_it = |late: usize| book.sends.get(late).is_some_and(|other| other.key == sent.key);
        let on_its_way = self.late.iter().any(|late| late.2.is_some_and(is_it));
        if on_its_way || sent.payments.iter().any(|id| self.may_charge(*id)) {
            return Err(format!("an attempt that may charge was said to be {end:?}"));
        }
        Ok(())
    }

    /// The terminal says how the sale ended.
    pub(super) fn check_outcome(&mut self, case: &Case, order: &OrderId, outcome: &Outcome) -> Result<(), String> {
        let charges = self.charges(order);
        let told = self.book(order).told;
        let committed = self.book(order).acked.as_ref().map(|record| (record.stage.clone(), record.release));
        match outcome {
            Outcome::Paid { .. } => {
                if charges == 0 {
                    return Err("paid was said, and nothing was charged".to_owned());
                }
                if told.not_paid {
                    return Err("paid was said after not paid".to_owned());
                }
                self.book(order).told.paid = true;
            }
            Outcome::NotPaid(why) => {
                if charges > 0 || told.paid {
                    return Err(format!("not paid ({why:?}) was said of {charges} charges, after paid: {}", told.paid));
                }
                self.book(order).told.not_paid = true;
            }
            Outcome::RefundDue(why) => {
                if charges == 0 {
                    return Err(format!("a refund ({why:?}) was called due, and nothing was charged"));
                }
                if told.not_paid {
                    return Err("a refund was called due after not paid was said".to_owned());
                }
            }
            Outcome::Pending | Outcome::Unknown if case.mode != Mode::Blind => {
                return Err("it gave up asking".to_owned());
            }
            Outcome::Pending | Outcome::Unknown => {}
        }
        let known = match (outcome, committed) {
            (Outcome::RefundDue(RefundReason::NotReleased), Some((_, release))) => {
                matches!(release, Release::NotReleased | Release::Returned)
            }
            (Outcome::Paid { .. }, Some((Stage::Paid { .. }, _)))
            | (Outcome::NotPaid(_), Some((Stage::NotPaid(_), _)))
            | (Outcome::RefundDue(_), Some((Stage::RefundDue(_) | Stage::Refunded(_), _)))
            | (Outcome::Pending | Outcome::Unknown, _) => true,
            _ => false,
        };
        if known { Ok(()) } else { Err(format!("{outcome:?} was said, and the journal does not know it")) }
    }

    /// The actuator moves.
    pub(super) fn check_goods(&mut self, order: &OrderId) -> Result<(), String> {
        let charges = self.charges(order);
        let book = self.book(order);
        book.goods += 1;
        match (book.goods, charges) {
            (1, 1..) => Ok(()),
            (1, _) => Err("goods were handed out for nothing".to_owned()),
            _ => Err("goods were handed out twice".to_owned()),
        }
    }

    /// The dust has settled: everything that can still happen happens, and the books agree with what was said.
    pub(super) fn check_end(&mut self, case: &Case) -> Result<(), String> {
        self.advance(self.now + FOR_EVER_MS);
        self.backend.look_again(&mut self.gateway, self.now);
        self.books.iter().try_for_each(|book| self.check_book(case, book))
    }

    fn check_book(&self, case: &Case, book: &Book) -> Result<(), String> {
        let charges = self.charges(&book.order);
        let refunds = self.gateway.refunds().iter().filter(|refund| refund.order_id == book.order.as_str());
        let stands = |refund: &&Refund| refund.amount.0 == book.paise && refund.status != RefundStatus::Cancelled;
        let refunds = { refunds }.filter(stands).count();
        let Some(record) = &book.acked else {
            return if charges == 0 { Ok(()) } else { Err("charged, and no journal knows of it".to_owned()) };
        };
        for sent in &book.sends {
            let attempt = record.attempts().find(|attempt| attempt.key.as_str() == sent.key);
            let Some(attempt) = attempt else { return Err("an attempt is missing in the journal".to_owned()) };
            let refused = matches!(
                attempt.state,
                AttemptState::Ended(AttemptEnd::Refused(_) | AttemptEnd::NotSent | AttemptEnd::Untrusted)
            );
            if refused && sent.payments.iter().any(|id| self.is_charge(*id)) {
                return Err("an attempt that charged is kept as refused or not sent".to_owned());
            }
        }
        if book.goods > 0 && refunds > 0 && refunds >= charges && !book.assumed {
            return Err(format!("released, and {refunds} of {charges} payments were refunded"));
        }
        // It has nobody to ask, or nobody answers.
        let blind = case.mode == Mode::Blind || case.story.stays_open(case.mode) || book.unanswered;
        // What the merchant keeps in the end.
        let kept = charges.saturating_sub(refunds);
        let right = match (&record.stage, record.release) {
            (Stage::Creating | Stage::Open | Stage::Closing, _) => blind,
            (Stage::NotPaid(_), _) => charges == 0,
            // A person must say what became of the goods; the money is where it should be until then.
            (Stage::Paid { watch: false }, Release::Unknown) => kept == 1 && !case.has_sensor(),
            (Stage::Paid { watch: false }, Release::Released) => kept == 1 && (book.goods == 1 || book.assumed),
            (Stage::Paid { watch: false }, Release::Returned) => kept == 0 && (book.goods == 0 || book.assumed),
            (Stage::Paid { watch: false }, Release::NotReleased) => blind && charges == 1,
            (Stage::Paid { .. }, _) => blind && charges > 0,
            (Stage::RefundDue(RefundReason::Surplus), Release::Unknown) if !case.has_sensor() => charges > 1,
            (Stage::RefundDue(_), _) => blind && charges > 0,
            (Stage::Refunded(RefundReason::LateSuccess), _) => kept == 0 && book.goods == 0,
            (Stage::Refunded(_), Release::Returned) => kept == 0,
            (Stage::Refunded(_), Release::NotReleased) => false,
            (Stage::Refunded(_), _) => kept == 1,
        };
        if right {
            return Ok(());
        }
        let (stage, release) = (&record.stage, record.release);
        Err(format!(
            "{charges} charges, {refunds} refunds, {} goods at the end; the journal says {stage:?} {release:?}",
            book.goods
        ))
    }

    fn is_charge(&self, id: u64) -> bool {
        self.gateway.payments().iter().any(|payment| payment.id == id && payment.is_charge())
    }

    fn may_charge(&self, id: u64) -> bool {
        self.gateway
            .payments()
            .iter()
            .any(|payment| payment.id == id && (payment.is_charge() || payment.status.is_open()))
    }
}
