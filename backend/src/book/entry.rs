//! One order: what is kept of it, and what follows.

use std::collections::{BTreeMap, BTreeSet};

use pay_core::model::{OrderId, OrderStatus, RefundReason};
use pay_core::sale::{Millis, Settling, Standing};

use super::attempt::Attempt;
use super::duty::{Due, Duty, Matter};
use super::event::{Decision, Event, Moment, Reading};
use super::hint::Hints;
use super::old::Old;
use super::owner::Owner;
use super::refund::{MadeRefund, Refunds};
use super::release::{Conflict, Goods};
use super::settle::{HOUR_MS, Pace, REST_MS, TELL_AFTER_MS, Watch};
use super::{Effect, Terms, Unreported};

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    pub(super) kept: Kept,
    pub(super) pace: Pace,
}

/// What outlives a restart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kept {
    order: OrderId,
    owner: Owner,
    amount: u64,
    /// The gateway has it, and it is ours, since then.
    pub(super) made: Option<Moment>,
    /// It was at the gateway, and this book did not know it: what was reported before is forgotten.
    found: bool,
    closing: bool,
    /// Its end, as the gateway said.
    ended: Option<End>,
    attempts: BTreeMap<u64, Attempt>,
    /// The last list was not read whole.
    is_cut: bool,
    pub(super) goods: Goods,
    /// All of its money goes back. Never taken back.
    all_back: bool,
    /// Of several successes this one stays. Never changed.
    keeps: Option<u64>,
    /// First seen paid.
    pub(super) paid: Option<Moment>,
    pub(super) refunds: Refunds,
    pub(super) watch: Watch,
    pub(super) hints: Hints,
    done: BTreeSet<String>,
}

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum End {
    Paid,
    Closed,
}

impl Entry {
    pub(crate) fn new(order: OrderId, owner: Owner, amount: u64) -> Self {
        let kept = Kept {
            order,
            owner,
            amount,
            made: None,
            found: false,
            closing: false,
            ended: None,
            attempts: BTreeMap::new(),
            is_cut: false,
            goods: Goods::default(),
            all_back: false,
            keeps: None,
            paid: None,
            refunds: Refunds::default(),
            watch: Watch::default(),
            hints: Hints::default(),
            done: BTreeSet::new(),
        };
        Self { kept, pace: Pace::default() }
    }

    /// Its id.
    pub const fn order(&self) -> &OrderId {
        &self.kept.order
    }

    /// Who made it.
    pub const fn owner(&self) -> &Owner {
        &self.kept.owner
    }

    /// What it costs, in minor units.
    pub const fn amount(&self) -> u64 {
        self.kept.amount
    }

    /// The gateway has shown that it has it, and that it is ours.
    pub const fn is_made(&self) -> bool {
        self.kept.made.is_some()
    }

    /// Nothing is open: every attempt is final or settled, and what must go back is on its way.
    pub const fn is_settled(&self) -> bool {
        self.kept.watch.settled.is_some()
    }

    /// Its device may still have something to do about it: it is not settled, and it is not one whose goods are out and which is only looked
    /// at once more, an hour after it was paid.
    pub fn is_open(&self) -> bool {
        let is_handed_out = self.kept.goods.released == Some(true) && self.kept.is_at_rest();
        !self.is_settled() && !is_handed_out
    }

    /// Nothing more is to come of it: it is settled, no refund is on its way, and all that a webhook told was seen.
    pub fn is_over(&self) -> bool {
        let hints = &self.kept.hints;
        self.is_settled() && !self.kept.refunds.are_moving() && !hints.of_payments() && !hints.of_refunds()
    }

    /// The device wants it closed, or a person does.
    pub const fn is_closing(&self) -> bool {
        self.kept.closing
    }

    /// All of its money goes back, what is still to come too.
    pub const fn goes_back(&self) -> bool {
        self.kept.all_back
    }

    /// When a payment of it was first seen to succeed, by the service's clock.
    pub const fn first_paid(&self) -> Option<Moment> {
        self.kept.paid
    }

    /// What the device said of the goods.
    pub const fn released(&self) -> Option<bool> {
        self.kept.goods.released
    }

    /// The payment for which the right to hand out was granted.
    pub const fn granted(&self) -> Option<u64> {
        self.kept.goods.granted
    }

    /// Its payments.
    pub fn attempts(&self) -> impl Iterator<Item = (u64, &Attempt)> {
        self.kept.attempts.iter().map(|(id, attempt)| (*id, attempt))
    }

    /// Its refunds, by id.
    pub fn refunds(&self) -> impl Iterator<Item = (&str, &MadeRefund)> {
        self.kept.refunds.made()
    }

    /// A person has said that they have seen to this.
    pub fn is_done(&self, matter: &str) -> bool {
        self.kept.done.contains(matter)
    }

    /// Takes over what a log of the first form says.
    pub(crate) fn on_old(&mut self, old: &Old) {
        let (kept, at) = (&mut self.kept, Moment(0));
        match *old {
            Old::Made => kept.made = Some(at),
            Old::Closing => kept.closing = true,
            Old::Reported { released } => {
                kept.goods.released = Some(released);
                kept.watch.settled = kept.watch.settled.filter(|_| released);
            }
            Old::RefundDue { late } => {
                kept.all_back = true;
                kept.refunds.old = Some(if late { RefundReason::LateSuccess } else { RefundReason::NotReleased });
            }
            Old::Over => match kept.refunds.old {
                Some(reason) => kept.refunds.made_before(&kept.order, reason, 0, kept.amount),
                None => kept.watch.settled = Some(at.millis()),
            },
            Old::SurplusBack => {
                let count = kept.refunds.made().filter(|(_, made)| made.is_surplus).count();
                let n = u16::try_from(count).unwrap_or(u16::MAX);
                kept.refunds.made_before(&kept.order, RefundReason::Surplus, n, kept.amount);
            }
            Old::Counted => kept.watch.settled = Some(at.millis()),
            Old::Wanted { .. } | Old::Surplus { .. } => {}
        }
        if kept.watch.settled.is_some() {
            kept.watch.later = u8::MAX;
        } else if kept.closing || kept.goods.released.is_some() {
            kept.watch.open(at.millis());
        }
    }

    /// Says what happened.
    pub(crate) fn on(&mut self, event: &Event) -> Effect {
        let before = self.kept.clone();
        let conflict = match self.kept.take(event, &mut self.pace) {
            Ok(()) => false,
            Err(Refused::Conflict) => true,
            Err(Refused::ReadFirst) => return Effect::ReadFirst,
        };
        if self.kept == before { Effect::Pace { conflict } } else { Effect::News { conflict } }
    }

    #[cfg(test)]
    pub(super) fn has_the_same_kept(&self, other: &Self) -> bool {
        self.kept == other.kept
    }

    /// What the service has to do next, and when it may.
    pub fn due(&self, terms: Terms) -> Option<Due> {
        let kept = &self.kept;
        let made = kept.made?;
        let hint = self.hint_due();
        if let Some(due) = kept.refund_due(terms) {
            return Some(match hint {
                Some(hint) if hint.0 < due.0 => hint,
                _ => due,
            });
        }
        let overdue = match terms.unreported {
            Unreported::RefundAfter(hours) if kept.is_unreported() && kept.may_be_overdue() => {
                kept.paid.map(|paid| Millis(paid.0.saturating_add(u64::from(hours) * HOUR_MS)))
            }
            _ => None,
        };
        let mut look = kept.watch.due(&self.pace, terms.first_look_ms);
        if let (true, Some(since)) = (kept.is_at_rest(), kept.watch.since) {
            look = look.map(|at| at.max(Millis(since.0.saturating_add(REST_MS))));
        }
        // Nobody has said anything: it is looked at once its life is over.
        let unwatched = kept.watch.since.is_none() && kept.watch.settled.is_none();
        let look = look.or_else(|| unwatched.then(|| Millis(made.0.saturating_add(terms.life_ms + HOUR_MS))));
        let duty = match kept.ended {
            None if kept.closing => Duty::Close,
            ended => Duty::Read { order: ended.is_none() },
        };
        let due = match (look, overdue) {
            (Some(look), Some(overdue)) if overdue < look => Some((overdue, Duty::SayOverdue)),
            (Some(look), _) => Some((look, duty)),
            (None, overdue) => overdue.map(|at| (at, Duty::SayOverdue)),
        };
        match (hint, due) {
            (Some(hint), Some(due)) if due.0 < hint.0 => Some(due),
            (hint, due) => hint.or(due),
        }
    }

    /// The reading for what webhooks told.
    fn hint_due(&self) -> Option<Due> {
        let hints = &self.kept.hints;
        let at = hints.due(self.pace.unshown)?;
        // The list alone says whose money came. What it does not show yet, the order may; so it does where several attempts are.
        let is_enough = self.pace.unshown == 0 && self.kept.is_of_one() && !self.kept.closing;
        let order = self.kept.ended.is_none() && hints.of_money() && !is_enough;
        Some((at, if hints.of_payments() { Duty::Read { order } } else { Duty::ReadRefunds }))
    }

    /// The order was not read since its only payment succeeded, as a whole list of its payments shows.
    pub fn is_paid_by_its_list(&self) -> bool {
        self.kept.ended.is_none() && self.kept.is_seen_whole()
    }

    /// The gateway has said how the order ended, or a payment of it was seen to succeed.
    pub fn has_ended(&self) -> bool {
        self.kept.ended.is_some() || self.kept.successes().next().is_some()
    }

    /// What a device that waits for the order is told as soon as it changes: whether it has ended, and how many attempts are over.
    pub fn news(&self) -> (bool, usize) {
        let over =
            self.attempts().filter(|(_, attempt)| matches!(attempt.standing(), Standing::Succeeded | Standing::Over));
        (self.has_ended(), over.count())
    }

    /// A webhook told of a payment what no reading has shown yet.
    pub fn is_hinted(&self) -> bool {
        self.kept.hints.of_payments() && self.kept.hints.due(self.pace.unshown).is_some()
    }

    /// What people have to do about it.
    pub fn matters(&self, terms: Terms, now: Millis) -> Vec<Matter> {
        let kept = &self.kept;
        let mut matters = Vec::new();
        let stuck = kept.refunds.stuck();
        matters.extend(stuck.map(|(id, word)| Matter::Refund { id: id.to_owned(), word: word.to_owned() }));
        // With the last look they are listed once more, and then nobody asks again.
        let is_listed = kept.watch.settled.is_none() || kept.refunds.listed;
        if kept.watch.is_at_its_end(now) && is_listed {
            matters.extend(kept.refunds.moving().map(|id| Matter::RefundMoving(id.to_owned())));
        }
        if kept.goods.twice {
            matters.push(Matter::GoodsTwice);
        }
        let grace = terms.life_ms + HOUR_MS;
        let waits = match terms.unreported {
            Unreported::RefundAfter(_) if kept.may_be_overdue() => false,
            _ => kept.made.is_some_and(|made| now.since(made.millis()) >= grace),
        };
        if waits && kept.is_unreported() {
            matters.push(Matter::Unreported);
        }
        if kept.goods.released == Some(true) && kept.watch.settled.is_some() && !kept.is_money_here() {
            matters.push(Matter::OutUnpaid);
        }
        let is_old = kept.watch.since.is_some_and(|since| now.since(since) >= TELL_AFTER_MS);
        if is_old && kept.watch.settled.is_none() {
            let moving = kept.attempts.iter().filter(|(_, attempt)| attempt.standing == Standing::Moving);
            let known = matters.len();
            matters.extend(moving.map(|(id, _)| Matter::Moving(*id)));
            if kept.closing && kept.ended.is_none() {
                matters.push(Matter::NotClosed);
            }
            // No answer came that would say why it is not settled.
            let is_unsaid = kept.watch.quiet.since().is_none() || kept.ended.is_none();
            let silent = matters.len() == known && is_unsaid;
            if kept.is_cut || silent {
                matters.push(Matter::Unreadable);
            }
        }
        matters.retain(|matter| !kept.done.contains(&matter.name()));
        matters
    }
}

/// Why an event was not taken.
enum Refused {
    Conflict,
    ReadFirst,
}

impl From<Conflict> for Refused {
    fn from(_: Conflict) -> Self {
        Self::Conflict
    }
}

impl Kept {
    fn take(&mut self, event: &Event, pace: &mut Pace) -> Result<(), Refused> {
        match event {
            Event::Made { at } => {
                self.made.get_or_insert(*at);
            }
            Event::Found { at } => {
                if self.made.is_none() {
                    self.made = Some(*at);
                    self.found = true;
                    self.look_again(*at, pace);
                }
            }
            Event::Closing { at } => self.close(*at, pace)?,
            Event::Claimed { at, payment } => self.claim(*payment, *at, pace)?,
            Event::Reported { at, released, payment } => self.report(*released, *payment, *at, pace)?,
            Event::Read(reading) => self.read(reading, pace),
            Event::Hinted { at, told } => {
                if self.hints.take(*at, told, &self.attempts, &self.refunds) {
                    pace.unshown = 0;
                }
            }
            Event::Refund(seen) => self.refunds.see(&self.order, seen),
            Event::RefundFailed { at, id, refused } => self.refunds.failed(id, self.amount, *refused, *at),
            Event::Refunds { list } => {
                list.iter().for_each(|seen| self.refunds.see(&self.order, seen));
                self.refunds.listed = true;
                self.hints.listed(&self.refunds);
                pace.unshown += usize::from(self.hints.of_refunds());
            }
            Event::Overdue => self.all_back |= self.is_unreported() && self.may_be_overdue(),
            Event::Person { at, matter, .. } => {
                if let Some(id) = matter.strip_prefix("refund-") {
                    self.refunds.settle(id);
                } else if matter == "look" {
                    self.look_again(*at, pace);
                } else {
                    self.done.insert(matter.clone());
                }
            }
            Event::Decided { at, decision, .. } => match decision {
                Decision::GoodsOut => self.report(true, None, *at, pace)?,
                Decision::GoodsIn => self.report(false, None, *at, pace)?,
                Decision::Refund => self.send_back(*at, pace)?,
                Decision::Close => self.close(*at, pace)?,
            },
        }
        Ok(())
    }

    fn report(&mut self, released: bool, payment: Option<u64>, at: Moment, pace: &mut Pace) -> Result<(), Refused> {
        let before = self.goods;
        let said = self.goods.report(released, payment, self.is_going_back(), at);
        // The same contradiction again says nothing new.
        if said.is_ok() || self.goods != before {
            let is_first_out = before.released.is_none() && self.goods.released == Some(true);
            // Who reports may know of money that came after we stopped looking.
            if !(is_first_out && self.is_seen_whole()) {
                self.look_again(at, pace);
            }
            self.decide();
        }
        Ok(said?)
    }

    /// The last list showed the whole order: it is paid by its only attempt. It is still watched, and no webhook told of more.
    fn is_seen_whole(&self) -> bool {
        let is_watched = self.watch.since.is_some() && self.watch.settled.is_none();
        let is_told_of_more = self.is_cut || self.hints.of_payments();
        let has_one = self.attempts.len() == 1 && self.successes().next().is_some();
        is_watched && self.ended != Some(End::Closed) && has_one && !is_told_of_more
    }

    /// All that is known and told of its payments is about one.
    fn is_of_one(&self) -> bool {
        self.attempts.len() <= 1 && self.hints.are_of_one(self.attempts.keys().next().copied())
    }

    /// Paid by its only attempt, as a webhook had told: one would tell of more, so the next look is made when nobody waits for the limits.
    fn is_at_rest(&self) -> bool {
        let was_looked_at = self.watch.quiet.since().is_some();
        self.is_seen_whole() && was_looked_at && self.hints.are_confirmed() && !self.closing && !self.all_back
    }

    /// Only what was seen to come. A device that hands out all the same is a person's matter.
    fn send_back(&mut self, at: Moment, pace: &mut Pace) -> Result<(), Refused> {
        if self.successes().next().is_none() {
            return Err(Refused::Conflict);
        }
        if !self.all_back {
            self.all_back = true;
            self.look_again(at, pace);
        }
        Ok(())
    }

    /// Not once the goods are out, or may be.
    fn close(&mut self, at: Moment, pace: &mut Pace) -> Result<(), Refused> {
        if self.goods.released == Some(true) || self.goods.granted.is_some() {
            return Err(Refused::Conflict);
        }
        if !self.closing {
            self.closing = true;
            self.look_again(at, pace);
            self.decide();
        }
        Ok(())
    }

    fn claim(&mut self, payment: u64, at: Moment, pace: &mut Pace) -> Result<(), Refused> {
        if self.attempts.get(&payment).map(|attempt| attempt.standing) != Some(Standing::Succeeded) {
            return Err(Refused::ReadFirst);
        }
        let goes_back =
            self.is_going_back() || !self.is_money_here() || self.keeps.is_some_and(|keeps| keeps != payment);
        self.goods.claim(payment, goes_back)?;
        self.keeps = Some(payment);
        if self.watch.since.is_none() {
            self.look_again(at, pace);
        }
        Ok(())
    }

    fn read(&mut self, reading: &Reading, pace: &mut Pace) {
        let now = reading.at.millis();
        // Lists that a device reads do not put off the look that says how the order ended.
        if reading.status.is_some() || self.ended.is_some() || pace.last.is_none() {
            pace.last = Some(now);
            pace.looks = pace.looks.saturating_add(1);
        }
        pace.quiet_until = None;
        let is_listed = reading.payments.is_some();
        match reading.status.as_deref().map(OrderStatus::parse) {
            Some(OrderStatus::Paid) => self.ended = Some(End::Paid),
            Some(OrderStatus::Expired | OrderStatus::Terminated) if self.ended.is_none() => {
                self.ended = Some(End::Closed)
            }
            _ => {}
        }
        let known: Vec<u64> = self.successes().collect();
        for seen in reading.payments.iter().flatten() {
            let attempt = Attempt::of(seen);
            self.attempts.entry(seen.id).and_modify(|known| known.later(attempt)).or_insert(attempt);
        }
        if is_listed {
            self.is_cut = !reading.complete;
            self.hints.seen(self.attempts.iter().map(|(id, attempt)| (*id, attempt.standing)));
        }
        pace.unshown = pace.unshown.saturating_add(usize::from(self.hints.of_payments()));
        let is_news = self.successes().any(|payment| !known.contains(&payment));
        if is_news {
            self.paid.get_or_insert(reading.at);
            self.refunds.listed = false;
        }
        self.decide();
        if self.watch.settled.is_some() {
            if is_news || self.attempts.values().any(|attempt| attempt.standing == Standing::Moving) {
                // It is not settled after all.
                self.watch.open(now);
            } else if is_listed && reading.complete {
                self.watch.later = self.watch.later.saturating_add(1);
                self.refunds.listed &= !self.refunds.are_moving();
            }
            return;
        }
        if self.watch.since.is_none() {
            self.watch.open(now);
        }
        self.settle(reading, is_listed, pace);
    }

    /// Counts nothing out before every attempt is final or settled, by the rule that the sale has too.
    fn settle(&mut self, reading: &Reading, is_listed: bool, pace: &mut Pace) {
        let is_whole = is_listed && reading.complete;
        // A paid order without a success in its list is a list that lags behind.
        let fits = self.ended != Some(End::Paid) || self.successes().next().is_some();
        let is_unsaid = reading.status.is_none() && self.is_seen_whole();
        let takes_no_more = self.ended.is_some() || is_unsaid;
        if !takes_no_more || !is_whole || !fits {
            self.watch.quiet.broken();
            return;
        }
        // What succeeded is accounted for already; the others decide whether more can come.
        let listed = |id: &u64| reading.payments.iter().flatten().any(|seen| seen.id == *id);
        let worst = self.attempts.iter().filter(|(_, attempt)| attempt.standing != Standing::Succeeded);
        // An attempt that was seen once and is not in this list may turn up again.
        let worst = worst.map(|(id, attempt)| if listed(id) { attempt.standing } else { Standing::Moving });
        match self.watch.quiet.read(worst.max().unwrap_or(Standing::Over), reading.read_at()) {
            Settling::Paid | Settling::Moving => {}
            Settling::Quiet { due_ms } => {
                let since = self.watch.quiet.since().map_or(reading.at.millis(), |since| since.now);
                pace.quiet_until = Some(Millis(since.0.saturating_add(due_ms)).max(reading.at.millis()));
            }
            // The order itself has to say that it takes no more.
            Settling::Settled if self.ended.is_none() => {}
            Settling::Settled => {
                let age = self.watch.since.map_or(0, |since| reading.at.millis().since(since));
                // The look after one hour was this one, if it was put off so long.
                self.watch.later = u8::from(self.is_at_rest() && age >= REST_MS);
                self.watch.settled = Some(reading.at.millis());
            }
        }
    }

    /// Decides what cannot be taken back: that all goes back, and which of several successes stays.
    fn decide(&mut self) {
        if self.successes().next().is_none() {
            return;
        }
        let given_up = self.closing && self.goods.released != Some(true) && self.goods.granted.is_none();
        self.all_back |= self.goods.released == Some(false) || given_up;
        if self.keeps.is_none() && self.successes().nth(1).is_some() {
            let by_time =
                |id: &u64| (self.attempts.get(id).and_then(|attempt| attempt.completed).unwrap_or(u64::MAX), *id);
            self.keeps = self.successes().min_by_key(by_time);
        }
    }

    /// The next payment that goes back: never more than the successes, less the one that stays.
    fn refund_due(&self, terms: Terms) -> Option<Due> {
        let stays = u64::from(!self.all_back);
        let count = u64::try_from(self.successes().count()).unwrap_or(u64::MAX);
        let limit = count.saturating_sub(stays).saturating_mul(self.amount);
        let sum = self.refunds.sum();
        if sum.saturating_add(self.amount) > limit || self.amount == 0 {
            return (self.refunds.are_moving() && !self.refunds.listed).then_some((Millis(0), Duty::ReadRefunds));
        }
        if !self.refunds.listed {
            return Some((Millis(0), Duty::ReadRefunds));
        }
        let mut back = self.successes().filter(|payment| self.all_back || self.keeps != Some(*payment));
        let due = back.find_map(|payment| self.refunds.due(&self.order, payment, sum == 0, terms.first_look_ms));
        due.map(|(id, at)| (at, Duty::Refund { id, amount: self.amount }))
    }

    fn successes(&self) -> impl Iterator<Item = u64> {
        self.attempts.iter().filter(|(_, attempt)| attempt.standing == Standing::Succeeded).map(|(id, _)| *id)
    }

    /// What succeeded, less what the gateway has sent back by itself, pays the order.
    fn is_money_here(&self) -> bool {
        let count = u64::try_from(self.successes().count()).unwrap_or(u64::MAX);
        count > 0 && count.saturating_mul(self.amount).saturating_sub(self.refunds.sum_by_gateway()) >= self.amount
    }

    fn is_going_back(&self) -> bool {
        self.all_back
    }

    fn is_unreported(&self) -> bool {
        self.goods.released.is_none() && !self.all_back && self.successes().next().is_some()
    }

    /// Time alone sends its money back, if the merchant wants that: nobody can have handed out for it, and nobody can have said so.
    const fn may_be_overdue(&self) -> bool {
        self.goods.granted.is_none() && !self.found
    }

    fn look_again(&mut self, at: Moment, pace: &mut Pace) {
        self.watch.open(at.millis());
        *pace = Pace::default();
    }
}
