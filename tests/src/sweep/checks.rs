//! What must hold of the journal and of what is sent, whatever was cut.

use core::hash::{Hash, Hasher};
use std::hash::DefaultHasher;

use pay_core::model::{CallKind, OrderId};
use pay_core::sale::{AfterCut, AttemptEnd, Record, Release, Stage};
use pay_core::wire::{Call, Request};

use super::case::Mode;
use super::outside::{Outside, Sent};

impl Outside {
    /// Nothing is sent before its commit; one key has one body; what charges by itself is never repeated blindly.
    pub(super) fn check_before_send(&mut self, request: &Request<'_>) -> Result<(), String> {
        let kind = request.call.kind();
        let bold = self.story.world.bold && self.case.mode == Mode::Keys;
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
        // Who reads charges nobody.
        if !kind.acts() {
            return Ok(());
        }
        if kind == CallKind::TerminateOrder {
            let knows = book.acked.as_ref().is_some_and(|record| record.stage == Stage::Closing);
            // An order may be closed that the journal does not take.
            return if knows || self.story.world.flash.is_some() {
                Ok(())
            } else {
                Err("an order was closed before the journal knew that the sale was given up".to_owned())
            };
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
                lost: false,
                payments: Vec::new(),
            }),
            Some((place, _)) if place + 1 != last => return Err("an earlier attempt was sent again".to_owned()),
            Some((_, sent)) if sent.body != body => return Err("another body under the same key".to_owned()),
            Some((_, sent)) if sent.request_ids.contains(&id) => return Err("the same request id twice".to_owned()),
            Some((_, sent)) if sent.failed => return Err("sent again what failed for ever".to_owned()),
            Some((_, sent)) if sent.in_doubt && !sent.class.needs_shopper() && !bold => {
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
        let decides = self.case.after_cut() != AfterCut::AskOperator;
        let book = self.book(order);
        book.busy = false;
        // A policy decides over goods that were moving.
        book.assumed |= decides && found.as_ref().is_some_and(|found| found.release == Release::Releasing);
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

    pub(super) fn may_charge(&self, id: u64) -> bool {
        self.gateway
            .payments()
            .iter()
            .any(|payment| payment.id == id && (payment.is_charge() || payment.status.is_open()))
    }
}
