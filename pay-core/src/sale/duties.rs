//! What is left to do once the outcome is known: send money back, tell the backend what became of the goods.

use super::super::model::{CreateRefund, IdempotencyKey, RefundId, RefundReason, RefundStatus, Text};
use super::super::wire::http::ResponseHead;
use super::super::wire::{request, response};
use super::answer::body;
use super::delivery::Failure;
use super::phase::{Asking, Phase, Question, RouteProblem};
use super::policy::Refunds;
use super::record::{NotPaid, Record, Stage};
use super::release::Release;
use super::state::{Sale, payer};
use super::step::{Outcome, SaleError};
use super::time::Millis;

impl Sale {
    /// The outcome is known: what it still asks for, else over.
    pub(super) fn settle_duties(&mut self) {
        let due = self.record.refund_due();
        self.deadline = None;
        self.failures = 0;
        // At once.
        let now = Millis::default();
        let may = self.policy.can_ask && !self.stuck;
        self.asking = Asking::default();
        self.phase = match (due, self.policy.refunds) {
            (Some(why), Refunds::ByKeys) if may => {
                let n = if why == RefundReason::Surplus { self.record.surplus_back } else { 0 };
                self.repeats = 0;
                self.refund_id = Some(RefundId::derive(&self.record.order_id, why, n.into()));
                Phase::Refund(now)
            }
            (_, Refunds::ByBackend) if may && self.record.report_due && report(&self.record).is_some() => {
                Phase::Report(now)
            }
            _ if self.watching && self.record.stage == (Stage::Paid { watch: true }) => {
                Phase::Ask(Question::Surplus, now)
            }
            _ => match outcome(&self.record) {
                Some(outcome) => Phase::Done(outcome),
                None => return,
            },
        };
    }

    /// Somebody must hear of it: notes that the backend is to be told, where that is the policy.
    pub(super) fn note_report(&mut self) {
        self.record.report_due |= self.policy.refunds == Refunds::ByBackend && report(&self.record).is_some();
    }

    /// The body of the call that the phase is about, where it is made only now.
    pub(super) fn encode_duty(&mut self, tx: &mut [u8]) -> Result<(), SaleError> {
        if let (Phase::Refund(_), Some(id)) = (&self.phase, &self.refund_id) {
            self.body_len = request::create_refund(&CreateRefund::new(id.clone(), self.record.amount), tx)?;
            // A failure that the gateway stored would come back under its key for ever; the refund's id is the fence.
            let mut key = Text::<64>::new();
            let _ = core::fmt::Write::write_fmt(&mut key, format_args!("{id}-{}", self.repeats));
            self.call_key = IdempotencyKey::parse(key.as_str()).ok();
        }
        Ok(())
    }

    pub(super) fn on_refund(&mut self, now: Millis, result: Result<ResponseHead, Failure>, rx: &mut [u8]) {
        self.forget_body();
        match result {
            // What was answered to an earlier call under this key: what has become of it since must be read.
            Ok(head) if head.replayed => self.read_refund_back(now, RouteProblem::Refused { status: head.status }),
            Ok(head) if head.is_success() => match self.read_refund(&head, body(&head, rx)) {
                Some(taken) => self.refund_answered(taken),
                None => {
                    self.unreadable = true;
                    self.read_refund_back(now, RouteProblem::Unreadable);
                }
            },
            Ok(head) if head.status == 429 => {
                self.route_problem = Some(RouteProblem::Refused { status: 429 });
                self.phase = Phase::Refund(self.after_throttle(now, &head));
            }
            Ok(head) => self.read_refund_back(now, RouteProblem::Refused { status: head.status }),
            Err(failure) => self.read_refund_back(now, RouteProblem::Failed(failure)),
        }
    }

    pub(super) fn on_read_refund(&mut self, now: Millis, result: Result<ResponseHead, Failure>, rx: &mut [u8]) {
        match result {
            Ok(head) if head.is_success() => match self.read_refund(&head, body(&head, rx)) {
                Some(taken) => self.refund_answered(taken),
                None => {
                    self.unreadable = true;
                    self.read_refund_back(now, RouteProblem::Unreadable);
                }
            },
            Ok(head) if head.status == 429 => {
                self.route_problem = Some(RouteProblem::Refused { status: 429 });
                self.phase = Phase::ReadRefund(self.after_throttle(now, &head));
            }
            Ok(head) if head.status == 404 => {
                self.repeats = self.repeats.saturating_add(1);
                self.failures = self.failures.saturating_add(1);
                self.phase = Phase::Refund(self.next_round(now));
            }
            Ok(head) => self.read_refund_back(now, RouteProblem::Refused { status: head.status }),
            Err(failure) => self.read_refund_back(now, RouteProblem::Failed(failure)),
        }
    }

    pub(super) fn on_report(&mut self, now: Millis, result: Result<ResponseHead, Failure>) {
        match result {
            Ok(head) if head.is_success() => {
                self.record.report_due = false;
                self.change();
                // The backend has it now: whatever is due, and whatever else comes.
                if self.record.stage == Stage::RefundDue(RefundReason::Surplus) {
                    self.record.surplus_back = self.record.surplus;
                    self.record.stage = Stage::Refunded(RefundReason::Surplus);
                }
                while self.money_went_back() {}
                self.settle_duties();
            }
            Ok(head) if head.status == 429 => {
                self.route_problem = Some(RouteProblem::Refused { status: 429 });
                self.phase = Phase::Report(self.after_throttle(now, &head));
            }
            // It contradicts what the backend was told before: a person must look.
            Ok(head) if head.status == 409 => {
                self.route_problem = Some(RouteProblem::Refused { status: 409 });
                self.stuck = true;
                self.settle_duties();
            }
            Ok(head) => self.report_later(now, RouteProblem::Refused { status: head.status }),
            Err(failure) => self.report_later(now, RouteProblem::Failed(failure)),
        }
    }

    fn report_later(&mut self, now: Millis, problem: RouteProblem) {
        self.route_problem = Some(problem);
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::Report(self.next_round(now));
    }

    /// Whether the refund was taken or cannot be had; it is read back until its answer is about it.
    fn read_refund_back(&mut self, now: Millis, problem: RouteProblem) {
        self.route_problem = Some(problem);
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::ReadRefund(self.next_round(now));
    }

    /// Reads the refund: whether it was taken, or cancelled. `None`: it cannot be read, or is another one.
    fn read_refund(&self, head: &ResponseHead, body: &mut [u8]) -> Option<bool> {
        let refund = response::refund(body).ok()?;
        let id = self.refund_id.as_ref()?;
        let ours = !head.truncated
            && refund.refund_id == id.as_str()
            && (refund.order_id.is_empty() || refund.order_id == self.record.order_id.as_str())
            && refund.amount == self.record.amount;
        match refund.status {
            _ if !ours => None,
            RefundStatus::Success | RefundStatus::Pending | RefundStatus::OnHold => Some(true),
            RefundStatus::Cancelled => Some(false),
            RefundStatus::Unknown(_) => None,
        }
    }

    fn refund_answered(&mut self, taken: bool) {
        if taken {
            self.route_problem = None;
            self.money_went_back();
            self.settle_duties();
        } else {
            // The same id would be cancelled again: a person must look.
            self.route_problem = Some(RouteProblem::RefundCancelled);
            self.stuck = true;
            self.settle_duties();
        }
    }

    /// The money that was due went back, or somebody with keys has taken it over.
    /// `false`: none was due.
    pub(super) fn money_went_back(&mut self) -> bool {
        match self.record.stage {
            Stage::RefundDue(RefundReason::Surplus) => {
                self.record.surplus_back = self.record.surplus_back.saturating_add(1);
                if self.record.surplus_back >= self.record.surplus {
                    // There may be more: the watch goes on until the list is settled.
                    self.record.stage = Stage::Paid { watch: true };
                    self.watching = self.policy.can_ask;
                }
            }
            Stage::RefundDue(why) => self.record.stage = Stage::Refunded(why),
            _ if self.record.release == Release::NotReleased => self.record.release = Release::Returned,
            _ => return false,
        }
        if self.policy.refunds != Refunds::ByBackend {
            self.record.report_due = false;
        }
        self.change();
        true
    }

    /// Every attempt has been seen to end: nothing more can come.
    pub(super) fn finish_watch(&mut self) {
        if self.record.surplus_back == 0 {
            return self.finish(Outcome::Paid { cf_payment_id: payer(&self.record), watch: false });
        }
        self.record.stage = Stage::Refunded(RefundReason::Surplus);
        self.change();
        self.watching = false;
        self.settle_duties();
    }

    /// A person has settled with the backend what it would not be told (it answered 409): the report is not made any more.
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

    /// Somebody who can see the gateway's books says how a sale ended that this terminal cannot ask about.
    ///
    /// # Errors
    /// [`SaleError::NotNow`] unless the outcome is [`Outcome::Pending`] or [`Outcome::Unknown`].
    pub fn attest(&mut self, paid: bool) -> Result<(), SaleError> {
        if !matches!(self.phase, Phase::Done(Outcome::Pending | Outcome::Unknown)) {
            return Err(SaleError::NotNow);
        }
        self.finish(match (paid, &self.record.stage) {
            (true, Stage::Closing) => Outcome::RefundDue(RefundReason::LateSuccess),
            (true, _) => Outcome::Paid { cf_payment_id: payer(&self.record), watch: false },
            (false, _) => Outcome::NotPaid(NotPaid::Attested),
        });
        Ok(())
    }
}

/// What the backend is told: `true`, the goods are out; `false`, they are not and never will be. `None`: not yet known,
/// or nothing to tell.
pub(super) const fn report(record: &Record) -> Option<bool> {
    match (&record.stage, record.release) {
        (Stage::RefundDue(RefundReason::LateSuccess) | Stage::Refunded(RefundReason::LateSuccess), _)
        | (_, Release::NotReleased | Release::Returned) => Some(false),
        // A second payment: the backend looks for it once it hears of the first one's goods.
        (Stage::RefundDue(RefundReason::Surplus) | Stage::Refunded(RefundReason::Surplus), Release::Untracked)
        | (_, Release::Released) => Some(true),
        _ => None,
    }
}

/// The outcome that a record stands for, if it has one.
pub(super) fn outcome(record: &Record) -> Option<Outcome> {
    match (&record.stage, record.release) {
        (Stage::RefundDue(why), _) => Some(Outcome::RefundDue(*why)),
        (Stage::Paid { .. } | Stage::Refunded(RefundReason::Surplus), Release::NotReleased | Release::Returned) => {
            Some(Outcome::RefundDue(RefundReason::NotReleased))
        }
        (Stage::Paid { watch }, _) => Some(Outcome::Paid { cf_payment_id: payer(record), watch: *watch }),
        (Stage::NotPaid(why), _) => Some(Outcome::NotPaid(why.clone())),
        (Stage::Refunded(why), _) => Some(Outcome::RefundDue(*why)),
        (Stage::Creating | Stage::Open | Stage::Closing, _) => None,
    }
}
