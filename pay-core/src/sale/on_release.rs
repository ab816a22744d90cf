//! The goods: claiming the right, handing out, reporting.

use super::super::model::{CfPaymentId, RefundReason};
use super::super::wire::http::ResponseHead;
use super::delivery::Failure;
use super::phase::{Phase, RouteProblem};
use super::policy::Refunds;
use super::record::{Returned, Stage};
use super::release::{Release, Vend, VendToken};
use super::state::Sale;
use super::step::{Outcome, SaleError};
use super::time::Millis;

impl Sale {
    /// Begins to hand out the goods. Drive on, so that the journal stores it; then [`Sale::vend_token`] returns the
    /// right to move the actuator.
    ///
    /// # Errors
    /// [`SaleError::NotNow`] unless the order is paid and [`Release::Due`].
    pub fn begin_release(&mut self) -> Result<(), SaleError> {
        if !self.goods_are_paid() || self.record.release != Release::Due || self.in_flight.is_some() {
            return Err(SaleError::NotNow);
        }
        match (self.policy.refunds, self.record.payer()) {
            // The right to hand out belongs to the order: the backend gives it to one terminal.
            (Refunds::ByBackend, Some(payment)) if self.policy.claim => {
                if !matches!(self.phase, Phase::Claim(..)) {
                    self.failures = 0;
                    self.phase = Phase::Claim(payment, Millis::default());
                }
            }
            (Refunds::ByBackend | Refunds::ByCaller | Refunds::ByKeys, _) => self.release_begins(),
        }
        Ok(())
    }

    fn release_begins(&mut self) {
        self.record.release = Release::Releasing;
        self.vend = Vend::Due;
        self.change();
    }

    /// The backend's answer to a claim.
    pub(super) fn on_claim(&mut self, now: Millis, payment: CfPaymentId, result: Result<ResponseHead, Failure>) {
        self.forget_body();
        let problem = match result {
            Ok(head) if head.is_success() => {
                self.route_problem = None;
                self.release_begins();
                return self.settle_duties();
            }
            // Another terminal hands out for this order: this payment is the one too many, and the backend sends it back.
            Ok(head) if head.status == 409 => {
                self.record.release = Release::NotReleased;
                self.stuck |= !self.record.note_return(Returned::Payment(payment));
                return self.finish(Outcome::RefundDue(RefundReason::Surplus));
            }
            Ok(head) if head.status == 429 => {
                self.route_problem = Some(RouteProblem::Refused { status: 429 });
                self.phase = Phase::Claim(payment, self.after_throttle(now, &head));
                return;
            }
            Ok(head) => RouteProblem::Refused { status: head.status },
            Err(failure) => RouteProblem::Failed(failure),
        };
        self.route_problem = Some(problem);
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::Claim(payment, self.next_round(now));
    }

    /// Returns the right to move the actuator: once, after the journal has stored [`Release::Releasing`].
    pub fn vend_token(&mut self) -> Option<VendToken> {
        if self.vend != Vend::Due || self.record.release != Release::Releasing || self.is_dirty() {
            return None;
        }
        self.vend = Vend::Issued;
        Some(VendToken { sale: self.seed })
    }

    /// Reports the result once the actuator is at rest: the goods are out, or they certainly are not. If you do not
    /// know, drop the token: after a reboot the release is [`Release::Unknown`]. Drive on afterwards.
    ///
    /// # Errors
    /// [`SaleError::NotNow`] if the token is another sale's, or a sensor or operator spoke first.
    pub fn released(&mut self, token: VendToken, out: bool) -> Result<(), SaleError> {
        if token.sale != self.seed || self.vend != Vend::Issued || self.record.release != Release::Releasing {
            return Err(SaleError::NotNow);
        }
        self.decide_release(out);
        Ok(())
    }

    /// Reports what a sensor or an operator found: the goods are out, or they are not. Also for goods that cannot be
    /// handed out at all ([`Release::Due`], `out` false). Drive on afterwards. What is due for it, a refund or a report,
    /// waits until the sale knows whether it was paid.
    ///
    /// # Errors
    /// [`SaleError::NotNow`] unless the release is [`Release::Unknown`], or `Due` and `out` is false.
    pub fn settle_release(&mut self, out: bool) -> Result<(), SaleError> {
        match self.record.release {
            Release::Unknown => {}
            Release::Due if !out && self.goods_are_paid() => {}
            _ => return Err(SaleError::NotNow),
        }
        if matches!(self.phase, Phase::Claim(..)) {
            // What the backend answers to the claim must not be taken for its answer to the report.
            self.in_flight = None;
        }
        self.decide_release(out);
        Ok(())
    }

    fn decide_release(&mut self, out: bool) {
        self.record.release = if out { Release::Released } else { Release::NotReleased };
        if !out {
            let what = self.record.payer().map_or(Returned::Reason(RefundReason::NotReleased, 0), Returned::Payment);
            self.stuck |= !self.record.note_return(what);
        }
        self.vend = Vend::None;
        self.note_report();
        self.change();
        self.settle_duties();
    }

    /// The intent is paid, whatever else came: its goods may go out.
    const fn goods_are_paid(&self) -> bool {
        matches!(
            self.record.stage,
            Stage::Paid { .. } | Stage::RefundDue(RefundReason::Surplus) | Stage::Refunded(RefundReason::Surplus)
        )
    }
}
