//! What a list of an order's payments says. Read in one walk, whatever its length: what matters of it has a fixed size.

use super::super::model::{CfPaymentId, PaymentStatus};
use super::super::wire::response;
use super::record::{Attempt, AttemptEnd, MAX_ATTEMPTS, MAX_RETURNS, Record, Returned};
use super::settle::Standing;

/// The most successes that are told apart. One order with more is a person's matter.
const MAX_SUCCESSES: usize = 8;

/// A payment that took money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Success {
    pub(super) id: CfPaymentId,
    /// When, in microseconds since 1970; `None`: the list does not say.
    pub(super) completed: Option<u64>,
}

impl Success {
    /// Which of two was first: by time, then by number. One without a time counts as the last.
    fn order(self) -> (u64, CfPaymentId) {
        (self.completed.unwrap_or(u64::MAX), self.id)
    }
}

/// What one payment was read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Reading {
    pub(super) standing: Standing,
    pub(super) end: Option<End>,
}

/// How a payment ended, as far as a list can say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum End {
    Success,
    Failed,
    UserDropped,
    Reversed,
}

impl End {
    /// The end that a final status is; `None` for a status that is not final.
    pub(super) const fn of(status: PaymentStatus<'_>) -> Option<Self> {
        match status {
            PaymentStatus::Success => Some(Self::Success),
            PaymentStatus::Failed => Some(Self::Failed),
            PaymentStatus::UserDropped => Some(Self::UserDropped),
            PaymentStatus::Void | PaymentStatus::Cancelled => Some(Self::Reversed),
            _ => None,
        }
    }
}

impl From<End> for AttemptEnd {
    fn from(end: End) -> Self {
        match end {
            End::Success => Self::Success,
            End::Failed => Self::Failed,
            End::UserDropped => Self::UserDropped,
            End::Reversed => Self::Reversed,
        }
    }
}

/// Payments that no attempt of the record has as its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Strangers {
    #[default]
    None,
    One(CfPaymentId, Reading),
    Several,
}

/// A list.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// It was walked to its end.
    pub(super) whole: bool,
    /// Its body ended too early, though all of it was held: the next answer may be whole.
    pub(super) cut: bool,
    /// Elements that could not be read.
    pub(super) unreadable: usize,
    /// It has payments.
    pub(super) any: bool,
    /// What it says of each attempt whose number is known.
    pub(super) mine: [Option<Reading>; MAX_ATTEMPTS],
    pub(super) strangers: Strangers,
    /// What the strangers that took no money can still do.
    pub(super) strangers_worst: Option<Standing>,
    successes: [Option<Success>; MAX_SUCCESSES],
    /// Payments that were due to go back, and that the gateway has taken back (`VOID`, `CANCELLED`).
    pub(super) reversed: [Option<CfPaymentId>; MAX_RETURNS],
    /// There are more successes than are told apart.
    pub(super) too_many: bool,
    /// What the record had as the payment that took the money, before this list.
    pub(super) payer: Option<CfPaymentId>,
}

impl Listing {
    /// Walks a list. `None`: it is not a list of this order's payments, or nothing of it can be read.
    pub(super) fn read(record: &Record, body: &mut [u8], truncated: bool) -> Option<Self> {
        let mut listing = Self::default();
        let is_list = body.trim_ascii_start().first() == Some(&b'[');
        let mut payments = response::statuses(body);
        loop {
            match payments.next() {
                Ok(Some(payment)) => {
                    if !payment.order_id.is_empty() && payment.order_id != record.order_id.as_str() {
                        return None;
                    }
                    listing.any = true;
                    let standing = Standing::of(payment.status, payment.is_captured);
                    let end = End::of(payment.status).filter(|_| standing != Standing::Moving);
                    let success = Success { id: payment.cf_payment_id, completed: payment.completed() };
                    listing.note(record, success, Reading { standing, end });
                }
                Ok(None) => break,
                Err(_) => {
                    if payments.is_cut() {
                        break;
                    }
                    listing.unreadable += 1;
                }
            }
        }
        listing.successes.sort_unstable_by_key(|slot| (slot.is_none(), slot.map(Success::order)));
        listing.whole = payments.is_whole() && !truncated;
        listing.cut = !payments.is_whole() && !truncated;
        (listing.whole || listing.any || truncated || is_list && listing.cut).then_some(listing)
    }

    fn note(&mut self, record: &Record, seen: Success, reading: Reading) {
        if reading.standing == Standing::Succeeded {
            let known = |slot: &&mut Option<Success>| slot.is_none_or(|known| known.id == seen.id);
            match self.successes.iter_mut().find(known) {
                // A gateway may list one twice.
                Some(slot) => *slot = Some(slot.unwrap_or(seen)),
                None => self.too_many = true,
            }
        }
        let goes = record.returns().position(|due| due.what == Returned::Payment(seen.id));
        if let (Some(End::Reversed), Some(slot)) = (reading.end, goes.and_then(|index| self.reversed.get_mut(index))) {
            *slot = Some(seen.id);
        }
        match record.attempts().position(|attempt| attempt.cf_payment_id == Some(seen.id)) {
            Some(index) => {
                if let Some(slot) = self.mine.get_mut(index) {
                    // Listed twice: a success counts, then what is final; the rest is an older state.
                    let rank = |reading: &Reading| (reading.standing == Standing::Succeeded, reading.end.is_some());
                    if slot.as_ref().is_none_or(|known| rank(known) < rank(&reading)) {
                        *slot = Some(reading);
                    }
                }
            }
            None => {
                if reading.standing != Standing::Succeeded {
                    self.strangers_worst = self.strangers_worst.max(Some(reading.standing));
                }
                self.strangers = match core::mem::take(&mut self.strangers) {
                    Strangers::None => Strangers::One(seen.id, reading),
                    Strangers::One(id, known) if id == seen.id => {
                        let better = reading.standing == Standing::Succeeded || known.end.is_none();
                        Strangers::One(id, if better { reading } else { known })
                    }
                    Strangers::One(..) | Strangers::Several => Strangers::Several,
                };
            }
        }
    }

    /// The payments that took money, the first one first.
    pub(super) fn successes(&self) -> impl Iterator<Item = &Success> {
        self.successes.iter().flatten()
    }

    pub(super) fn is_paid(&self) -> bool {
        self.successes().next().is_some()
    }

    /// Which of two successful payments stands: the earlier one, then the lower number. Every reader of the same list
    /// gets the same result.
    pub(super) fn stands(&self) -> Option<CfPaymentId> {
        self.stands_of(|_| true)
    }

    /// The same of some of them.
    pub(super) fn stands_of(&self, of: impl Fn(CfPaymentId) -> bool) -> Option<CfPaymentId> {
        self.successes().map(|success| success.id).find(|id| of(*id))
    }

    /// Takes in what single payments, asked for one by one, were read as, where the list itself does not say.
    pub(super) fn complete_by(&mut self, record: &Record, singles: &[Option<Reading>; MAX_ATTEMPTS]) {
        for ((attempt, mine), single) in record.attempts().zip(&mut self.mine).zip(singles) {
            let (None, Some(single), Some(id)) = (&mine, single, attempt.cf_payment_id) else { continue };
            if single.standing == Standing::Succeeded && !self.successes.iter().flatten().any(|known| known.id == id) {
                if let Some(slot) = self.successes.iter_mut().find(|slot| slot.is_none()) {
                    *slot = Some(Success { id, completed: None });
                }
            }
            *mine = Some(*single);
            self.any = true;
            // One of the elements that could not be read is this one, unless there may be others that nobody knows.
            if record.alone && record.hidden() == 0 {
                self.unreadable = self.unreadable.saturating_sub(1);
            }
        }
    }

    /// The only stranger is an attempt's, whose number has become known.
    pub(super) fn recognise(&mut self, record: &Record) {
        let Strangers::One(id, reading) = &self.strangers else { return };
        let index = record.attempts().position(|attempt| attempt.cf_payment_id == Some(*id));
        if let Some(slot) = index.and_then(|index| self.mine.get_mut(index)) {
            *slot = Some(*reading);
            self.strangers = Strangers::None;
            self.strangers_worst = None;
        }
    }

    /// An attempt whose number is known and of which nothing was read, where the list hides something: to be asked for
    /// singly.
    pub(super) fn missing(&self, record: &Record) -> Option<CfPaymentId> {
        if self.is_complete() {
            return None;
        }
        let unread = |(attempt, mine): &(&Attempt, &Option<Reading>)| attempt.may_have_charged() && mine.is_none();
        record.attempts().zip(&self.mine).filter(unread).find_map(|(attempt, _)| attempt.cf_payment_id)
    }

    /// It hides nothing.
    pub(super) const fn is_complete(&self) -> bool {
        self.whole && self.unreadable == 0 && !self.too_many
    }

    /// Every stranger that took no money is final.
    pub(super) fn strangers_are_over(&self) -> bool {
        self.strangers_worst.is_none_or(|worst| worst == Standing::Over)
    }

    /// What the payments can still do together, the order taking no new one. Of a list that ends too early nothing is
    /// known of others; what matters then is ours.
    pub(super) fn worst(&self, record: &Record) -> Standing {
        if self.is_paid() { Standing::Succeeded } else { self.rest(record) }
    }

    /// What those that took no money can still do together.
    pub(super) fn rest(&self, record: &Record) -> Standing {
        let mut worst = self.strangers_worst.unwrap_or(Standing::Over);
        if self.unreadable > 0 {
            worst = Standing::Moving;
        }
        for (attempt, mine) in record.attempts().zip(&self.mine).filter(|(attempt, _)| attempt.may_have_charged()) {
            worst = worst.max(match (mine, attempt.cf_payment_id) {
                (Some(reading), _) if reading.standing == Standing::Succeeded => Standing::Over,
                (Some(reading), _) => reading.standing,
                // It does not stand in a list that has all: it was never made.
                (None, None) if self.is_complete() => Standing::Over,
                (None, _) => Standing::Moving,
            });
        }
        worst
    }
}

/// Who paid an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// No success is listed yet.
    Nobody,
    /// Ours. `stands`: the one that stands is ours, so goods go out for it.
    Ours { stands: bool },
    /// Ours, of the attempt whose number was not known: this is it.
    Found(CfPaymentId),
    /// Another party.
    Elsewhere,
    /// It cannot be told.
    Unclear,
}

impl Listing {
    /// Says who paid. Ours is a payment whose number is in the record. Or: no other party can have paid the order, and
    /// there are no more unexplained successes than payments of ours without a number.
    pub(super) fn whose(&self, record: &Record) -> Whose {
        let Some(stands) = self.stands() else { return Whose::Nobody };
        let ours = |id: CfPaymentId| record.attempt_of(id).is_some();
        let unexplained = || self.successes().filter(|success| !ours(success.id));
        if self.successes().any(|success| ours(success.id)) {
            // Once goods went out for one of ours, that one stands.
            let out = record.release.is_under_way();
            return Whose::Ours { stands: out || ours(stands) };
        }
        match record.hidden() {
            0 if self.missing(record).is_none() => Whose::Elsewhere,
            0 => Whose::Unclear,
            hidden if record.alone && self.is_complete() && unexplained().count() <= hidden => Whose::Found(stands),
            _ => Whose::Unclear,
        }
    }
}

#[cfg(test)]
#[path = "listing_tests.rs"]
mod tests;
