//! What is left to do once the outcome is known: send money back, tell the backend what became of the goods.

use super::super::model::idempotency::keyed;
use super::super::model::{CfPaymentId, CreateRefund, IdempotencyKey, RefundId, RefundReason, RefundStatus, Text};
use super::super::wire::http::ResponseHead;
use super::super::wire::{request, response};
use super::delivery::Failure;
use super::listing::Listing;
use super::on_pay::body;
use super::outcome::{outcome, report};
use super::phase::{Asking, MAX_OTHERS, Phase, Question, RouteProblem};
use super::policy::Refunds;
use super::record::{Attempt, AttemptEnd, AttemptState, NotPaid, Return, Returned, Stage};
use super::release::Release;
use super::state::Sale;
use super::step::{Outcome, SaleError};
use super::time::Millis;

/// How often a refund that is not there is made again, each time under another key, before it is a person's matter.
const REFUND_TRIES: u8 = 6;

impl Sale {
    /// What a known outcome still asks for, else over. An outcome that is not known is to be learnt first.
    pub(super) fn settle_duties(&mut self) {
        let Some(outcome) = outcome(&self.record) else { return };
        self.deadline = None;
        self.failures = 0;
        // At once.
        let now = Millis::default();
        let may = self.policy.can_ask && !self.stuck;
        let watched = matches!(self.record.stage, Stage::Paid { watch: true } | Stage::PaidElsewhere { watch: true });
        let refund = self.record.next_return().filter(|_| may && self.policy.refunds == Refunds::ByKeys);
        let told =
            report(&self.record).filter(|_| may && self.policy.refunds == Refunds::ByBackend && self.record.report_due);
        self.asking = Asking { quiet: self.record.quiet(), ..Asking::default() };
        self.phase = if refund.is_some() {
            self.repeats = 0;
            Phase::Ask(Question::BeforeRefund, now)
        } else if let Some(out) = told {
            Phase::Report(out, now)
        } else if watched && self.watching {
            Phase::Ask(Question::Watch, now)
        } else {
            Phase::Done(outcome)
        };
    }

    /// Notes that a report to the backend is due, if that is the policy.
    pub(super) fn note_report(&mut self) {
        self.record.report_due |= self.policy.refunds == Refunds::ByBackend && report(&self.record).is_some();
    }

    /// The body of the call that the phase is about, where it is made only now.
    pub(super) fn encode_duty(&mut self, tx: &mut [u8]) -> Result<(), SaleError> {
        match &self.phase {
            Phase::Refund(id, _) => {
                self.body_len = request::create_refund(&CreateRefund::new(id.clone(), self.record.amount), tx)?;
                // A failure that the gateway stored would come back under its key for ever, also in a sale that is taken up anew and
                // counts from nought again; the refund's id is the fence.
                let [a, b, c, d, ..] = keyed(&self.seed, &[b"refund\0"]);
                let sale = u32::from_be_bytes([a, b, c, d]);
                let mut key = Text::<64>::new();
                let _ = core::fmt::Write::write_fmt(&mut key, format_args!("{id}-{sale:08x}-{}", self.repeats));
                self.call_key = IdempotencyKey::parse(key.as_str()).ok();
            }
            Phase::Claim(payment, _) => self.body_len = request::claim_release(*payment, tx)?,
            Phase::Report(out, _) => self.body_len = request::report_release(*out, self.record.payer(), tx)?,
            Phase::Create(_)
            | Phase::Ready(_)
            | Phase::Pay(_)
            | Phase::Present(_)
            | Phase::Otp(..)
            | Phase::Ask(..)
            | Phase::Terminate(_)
            | Phase::ReadRefund(..)
            | Phase::Done(_) => {}
        }
        Ok(())
    }

    /// Reads the payments before a refund: never more is refunded than was charged, less the payment that is kept.
    pub(super) fn on_before_refund(&mut self, now: Millis, listing: &Listing) -> bool {
        let Some(due) = self.record.next_return() else {
            self.settle_duties();
            return true;
        };
        let id = match due.what {
            Returned::Payment(id) => id,
            Returned::Reason(..) => return self.name_return(listing),
        };
        let goes = |id: CfPaymentId| self.record.returns().any(|known| known.what == Returned::Payment(id));
        let unnamed = self.record.returns().filter(|known| matches!(known.what, Returned::Reason(..))).count();
        let listed = |id: CfPaymentId| listing.successes().any(|success| success.id == id);
        let seen = listing.successes().count();
        if listing.reversed.contains(&Some(id)) && !listed(id) {
            // It succeeded, and the gateway has taken it back by itself.
            self.money_went_back();
            self.settle_duties();
            return true;
        }
        // Where the list hides something, what was seen to succeed before may be it.
        let hidden = !listed(id);
        if hidden && listing.is_complete() {
            self.refund_refused();
            return true;
        }
        let success = |attempt: &&Attempt| attempt.state == AttemptState::Ended(AttemptEnd::Success);
        let unlisted = || {
            let known = self.record.attempts().filter(success).filter_map(|attempt| attempt.cf_payment_id);
            known.filter(|other| !listing.is_complete() && !listed(*other) && *other != id)
        };
        let paid = seen + usize::from(hidden) + unlisted().count();
        let stays = || listing.successes().map(|success| success.id).chain(unlisted()).filter(|id| !goes(*id));
        let stay = stays().count();
        let out = self.record.goods_went_out();
        let kept = out || stay > unnamed;
        let go = paid.saturating_sub(usize::from(kept));
        let most = self.record.amount.minor().saturating_mul(u64::try_from(go).unwrap_or(0));
        // Whose goods did not go out either sends theirs back under an id that is known here too.
        let mut others = [None; MAX_OTHERS];
        if !out && unnamed == 0 && stay <= MAX_OTHERS {
            others.iter_mut().zip(stays()).for_each(|(slot, id)| *slot = Some(id));
        }
        self.phase = Phase::Ask(Question::Refunds { most, others }, now);
        true
    }

    /// A refund by reason alone would come off whichever payment the gateway chooses, so none is made. It gets the number of the
    /// payment that took this sale's money, once a list shows which one that is. `false`: the list is to be read again.
    fn name_return(&mut self, listing: &Listing) -> bool {
        let mut ids = listing.successes().map(|success| success.id);
        let alone = ids.next().filter(|_| listing.is_complete()).filter(|_| ids.next().is_none());
        let own = listing.stands_of(|id| self.record.attempt_of(id).is_some());
        let Some(id) = self.record.payer().or(own).or(alone) else {
            if !listing.is_complete() && self.repeats < REFUND_TRIES {
                self.repeats = self.repeats.saturating_add(1);
                self.asking.rounds = self.repeats.into();
                return false;
            }
            // A person sees whose they are.
            self.refund_refused();
            return true;
        };
        let by_reason =
            |slot: &&mut Option<Return>| slot.is_some_and(|due| !due.back && matches!(due.what, Returned::Reason(..)));
        if let Some(slot) = self.record.returns.iter_mut().find(by_reason) {
            *slot = None;
        }
        self.stuck |= !self.record.note_return(Returned::Payment(id));
        self.change();
        self.settle_duties();
        true
    }

    /// Reads the refunds before another is made: it may be among them, or they may be all that may be refunded.
    pub(super) fn on_refunds(
        &mut self,
        now: Millis,
        mut most: u64,
        others: [Option<CfPaymentId>; MAX_OTHERS],
        head: &ResponseHead,
        body: &mut [u8],
    ) -> bool {
        let Some(id) = self.record.refund_id() else { return false };
        let amount = self.record.amount;
        let mut standing = others.map(|other| Some(RefundId::of_payment(&self.record.order_id, other?)));
        let (mut own, mut whole) = (None, !head.truncated);
        // All that may have gone back, and what is known to: ours, and what the gateway made by itself. A list may name one twice.
        let (mut back, mut surely, mut last) = (0_u64, 0_u64, Text::<40>::new());
        let is_ours =
            |id: &str| self.record.returns().any(|due| due.what.refund_id(&self.record.order_id).as_str() == id);
        let mut refunds = response::refunds(body);
        loop {
            match refunds.next() {
                Ok(Some(refund)) if !self.is_of_order(refund.order_id) => return false,
                Ok(Some(refund)) if refund.refund_id == id.as_str() => {
                    own = Some(refund.amount == amount && refund.status.gives_back());
                }
                Ok(Some(refund)) if refund.status == RefundStatus::Cancelled => {}
                Ok(Some(refund)) => {
                    back = back.saturating_add(refund.amount.minor());
                    if refund.amount == amount && refund.status.gives_back() {
                        let is_it = |other: &&mut Option<RefundId>| {
                            other.as_ref().is_some_and(|id| id.as_str() == refund.refund_id)
                        };
                        standing.iter_mut().filter(is_it).for_each(|other| *other = None);
                    }
                    let is_known = refund.is_by_gateway() || is_ours(refund.refund_id);
                    if is_known && refund.status.gives_back() && refund.id() != last.as_str() {
                        surely = surely.saturating_add(refund.amount.minor());
                    }
                    last = Text::cut(refund.id());
                }
                Ok(None) => break,
                Err(_) => whole = false,
            }
        }
        // Every other terminal has sent its money back: then none is kept.
        if others.iter().any(Option::is_some) && standing.iter().all(Option::is_none) {
            most = most.saturating_add(amount.minor());
        }
        match own {
            Some(true) => {
                self.money_went_back();
                self.settle_duties();
            }
            Some(false) => self.refund_refused(),
            // What cannot be read may be money that went back. Again, a few times; then a person must look.
            None if !whole && self.repeats < REFUND_TRIES => {
                self.repeats = self.repeats.saturating_add(1);
                self.asking.rounds = self.repeats.into();
                return false;
            }
            // All that may go back went, as the gateway sent some by itself. For which payment makes no difference to the shopper.
            None if whole && most > 0 && surely >= most => {
                self.money_went_back();
                self.settle_duties();
            }
            None if !whole || back.saturating_add(amount.minor()) > most => self.refund_refused(),
            None => self.begin_refund(now),
        }
        true
    }

    pub(super) fn begin_refund(&mut self, now: Millis) {
        match self.record.refund_id() {
            Some(id) => self.phase = Phase::Refund(id, now),
            None => self.settle_duties(),
        }
    }

    fn is_of_order(&self, order: &str) -> bool {
        order.is_empty() || order == self.record.order_id.as_str()
    }

    pub(super) fn on_refund(
        &mut self,
        now: Millis,
        id: &RefundId,
        result: Result<ResponseHead, Failure>,
        rx: &mut [u8],
    ) {
        self.forget_body();
        match result {
            // What was answered to an earlier call under this key: what has become of it since must be read.
            Ok(head) if head.replayed => self.read_refund_back(now, id, RouteProblem::Refused { status: head.status }),
            Ok(head) if head.is_success() => self.on_refund_body(now, id, &head, rx),
            Ok(head) if head.status == 429 => {
                self.route_problem = Some(RouteProblem::Refused { status: 429 });
                self.phase = Phase::Refund(id.clone(), self.after_throttle(now, &head));
            }
            Ok(head) => self.read_refund_back(now, id, RouteProblem::Refused { status: head.status }),
            Err(failure) => self.read_refund_back(now, id, RouteProblem::Failed(failure)),
        }
    }

    pub(super) fn on_read_refund(
        &mut self,
        now: Millis,
        id: &RefundId,
        result: Result<ResponseHead, Failure>,
        rx: &mut [u8],
    ) {
        match result {
            Ok(head) if head.is_success() => self.on_refund_body(now, id, &head, rx),
            Ok(head) if head.status == 429 => {
                self.route_problem = Some(RouteProblem::Refused { status: 429 });
                self.phase = Phase::ReadRefund(id.clone(), self.after_throttle(now, &head));
            }
            // It was refused for good, so often that trying on would only hide it.
            Ok(head) if head.status == 404 && self.repeats >= REFUND_TRIES => self.refund_refused(),
            Ok(head) if head.status == 404 => {
                self.repeats = self.repeats.saturating_add(1);
                // What is read before the next try goes well: the pauses grow all the same.
                self.asking.rounds = self.repeats.into();
                self.phase = Phase::Ask(Question::BeforeRefund, self.next_round(now));
            }
            Ok(head) => self.read_refund_back(now, id, RouteProblem::Refused { status: head.status }),
            Err(failure) => self.read_refund_back(now, id, RouteProblem::Failed(failure)),
        }
    }

    fn on_refund_body(&mut self, now: Millis, id: &RefundId, head: &ResponseHead, rx: &mut [u8]) {
        match self.read_refund(id, head, body(head, rx)) {
            Some(true) => {
                self.route_problem = None;
                self.money_went_back();
                self.settle_duties();
            }
            Some(false) => self.refund_refused(),
            None => {
                self.unreadable = true;
                self.read_refund_back(now, id, RouteProblem::Unreadable);
            }
        }
    }

    /// The same id would be refused again: a person must look.
    fn refund_refused(&mut self) {
        self.route_problem = Some(RouteProblem::RefundRefused);
        self.stuck = true;
        self.settle_duties();
    }

    pub(super) fn on_report(&mut self, now: Millis, out: bool, result: Result<ResponseHead, Failure>) {
        self.forget_body();
        match result {
            Ok(head) if head.is_success() => {
                self.record.report_due = false;
                self.change();
                // The backend has it now: whatever is due, and whatever else comes.
                let surplus = self.record.stage == Stage::RefundDue(RefundReason::Surplus);
                while self.money_went_back() {}
                if surplus {
                    self.record.stage = Stage::Refunded(RefundReason::Surplus);
                }
                self.settle_duties();
            }
            Ok(head) if head.status == 429 => {
                self.route_problem = Some(RouteProblem::Refused { status: 429 });
                self.phase = Phase::Report(out, self.after_throttle(now, &head));
            }
            // It contradicts what the backend was told before: a person must look.
            Ok(head) if head.status == 409 => {
                self.route_problem = Some(RouteProblem::Refused { status: 409 });
                self.stuck = true;
                self.settle_duties();
            }
            Ok(head) => self.report_later(now, out, RouteProblem::Refused { status: head.status }),
            Err(failure) => self.report_later(now, out, RouteProblem::Failed(failure)),
        }
    }

    fn report_later(&mut self, now: Millis, out: bool, problem: RouteProblem) {
        self.route_problem = Some(problem);
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::Report(out, self.next_round(now));
    }

    /// Whether the refund was taken or cannot be had; it is read back until its answer is about it.
    fn read_refund_back(&mut self, now: Millis, id: &RefundId, problem: RouteProblem) {
        self.route_problem = Some(problem);
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::ReadRefund(id.clone(), self.next_round(now));
    }

    /// Reads the refund: whether it is on its way, or will not be without a person (cancelled, rejected, waiting for
    /// approval, or a word unknown here). `None`: it cannot be read, or is another one.
    fn read_refund(&self, id: &RefundId, head: &ResponseHead, body: &mut [u8]) -> Option<bool> {
        let refund = response::refund(body).ok()?;
        let ours = !head.truncated
            && refund.refund_id == id.as_str()
            && self.is_of_order(refund.order_id)
            && refund.amount == self.record.amount;
        ours.then(|| refund.status.gives_back())
    }

    /// The refund that was due next was made, or the holder of the keys has taken it. `false`: none was due.
    pub(super) fn money_went_back(&mut self) -> bool {
        if self.record.refund_due().is_none() {
            return false;
        }
        if let Some(due) = self.record.returns.iter_mut().flatten().find(|due| !due.back) {
            due.back = true;
        }
        if self.record.returns().all(|due| due.back) {
            if self.record.release == Release::NotReleased {
                self.record.release = Release::Returned;
            }
            match self.record.stage {
                // There may be more: the watch goes on until the list is settled.
                Stage::RefundDue(RefundReason::Surplus) => self.watch_on_paid(),
                Stage::RefundDue(RefundReason::LateSuccess) if self.record.release == Release::Returned => {
                    self.watch_on_paid();
                }
                Stage::RefundDue(why) => self.record.stage = Stage::Refunded(why),
                Stage::Creating
                | Stage::Open
                | Stage::Closing
                | Stage::Taken
                | Stage::Paid { .. }
                | Stage::PaidElsewhere { .. }
                | Stage::PaidUnclear
                | Stage::NotPaid(_)
                | Stage::HandedOver
                | Stage::Refunded(_) => {}
            }
        }
        self.change();
        true
    }

    fn watch_on_paid(&mut self) {
        self.record.stage = Stage::Paid { watch: true };
        self.watching = self.policy.can_ask;
    }

    /// The goods stay, or the sale is over: the payments known for them are refunded.
    pub(super) fn note_goods_stay(&mut self) {
        self.note_back(self.record.refund_due().unwrap_or(RefundReason::NotReleased));
    }

    /// What this sale was paid with goes back.
    fn note_back(&mut self, reason: RefundReason) {
        let what = self.record.payer().map_or(Returned::Reason(reason, 0), Returned::Payment);
        self.stuck |= !self.record.note_return(what);
    }

    /// Every attempt has been seen to end: nothing more can come.
    pub(super) fn finish_watch(&mut self) {
        self.record.stage = match self.record.stage {
            Stage::PaidElsewhere { .. } => Stage::PaidElsewhere { watch: false },
            _ if self.record.returns().next().is_some() => Stage::Refunded(RefundReason::Surplus),
            _ => Stage::Paid { watch: false },
        };
        self.watching = false;
        self.change();
        self.settle_duties();
    }

    /// A person has settled with the backend what it would not be told (it answered 409): the report is not made any
    /// more.
    ///
    /// # Errors
    /// [`SaleError::NotNow`] unless a report is due that the backend contradicted.
    pub fn report_settled(&mut self) -> Result<(), SaleError> {
        if !self.record.report_due || !self.stuck {
            return Err(SaleError::NotNow);
        }
        self.record.report_due = false;
        self.stuck = false;
        self.change();
        self.settle_duties();
        Ok(())
    }

    /// Records a result that a person checked in the gateway's dashboard, for a sale that this terminal cannot ask
    /// about.
    ///
    /// # Errors
    /// [`SaleError::NotNow`] unless the outcome is [`Outcome::Pending`], [`Outcome::Unknown`], [`Outcome::PaidUnclear`]
    /// or [`Outcome::OrderTaken`]; the last two are accepted while the sale still asks, too. `paid` means that this
    /// sale's payment charged, and that its money has not gone back; for a sale that was given up, that it charged at all; for an order
    /// that was taken, that it was paid.
    pub fn attest(&mut self, paid: bool) -> Result<(), SaleError> {
        let unclear = self.record.is_unclear();
        let for_a_person = (unclear || self.record.stage == Stage::Taken) && self.in_flight.is_none();
        let over = matches!(self.phase, Phase::Done(Outcome::Pending | Outcome::Unknown | Outcome::PaidUnclear));
        if !for_a_person && !over {
            return Err(SaleError::NotNow);
        }
        let (taken, closing) = (self.record.stage == Stage::Taken, self.record.stage == Stage::Closing);
        // What else the sale sent may take money, too.
        let watch = self.policy.can_ask && self.may_be_paid_twice();
        let ended = match paid {
            true if taken => Outcome::PaidElsewhere,
            true if closing => {
                if watch {
                    self.record.release = Release::NotReleased;
                }
                self.note_back(RefundReason::LateSuccess);
                Outcome::RefundDue(RefundReason::LateSuccess)
            }
            true => Outcome::Paid { cf_payment_id: self.record.payer(), watch },
            false if unclear => Outcome::PaidElsewhere,
            false => Outcome::NotPaid(NotPaid::Attested),
        };
        self.finish(ended);
        Ok(())
    }
}
