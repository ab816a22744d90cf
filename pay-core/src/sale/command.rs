//! The calls that a caller may make to a sale.

use zeroize::Zeroize;

use super::super::model::{Authenticate, IdempotencyKey, NextAction, OrderPay, Secret};
use super::super::wire::request;
use super::phase::{Asking, Phase, Question, Switch};
use super::policy;
use super::record::{Attempt, AttemptEnd, AttemptState, MAX_ATTEMPTS, NotPaid, Stage};
use super::state::{LEAST_RX, Sale, enough_rx};
use super::step::{Buffers, Outcome, SaleError};
use super::time::Millis;

impl Sale {
    /// Begins an attempt. Allowed at [`Step::Ready`](super::Step::Ready). Encodes the request once; drop it afterwards.
    ///
    /// # Errors
    /// [`SaleError`]; nothing was changed.
    pub fn pay(
        &mut self,
        request: &OrderPay,
        key: IdempotencyKey,
        now: Millis,
        buffers: &mut Buffers<'_>,
    ) -> Result<(), SaleError> {
        if !matches!(self.phase, Phase::Ready(_)) || self.record.stage != Stage::Open {
            return Err(SaleError::NotNow);
        }
        if self.record.attempts().any(|attempt| attempt.key == key) {
            return Err(SaleError::KeyReused);
        }
        if self.session.as_ref() != Some(request.payment_session_id()) {
            return Err(SaleError::OtherSession);
        }
        let class = request.payment_method().class();
        if class.has_card() && request.payment_session_id().is_alias() {
            return Err(SaleError::CardNotRelayed);
        }
        let digest = self.record.digest(class);
        enough_rx(buffers, policy::least_rx(class))?;
        let Some(slot) = self.record.attempts.iter_mut().find(|slot| slot.is_none()) else {
            return Err(SaleError::TooManyAttempts);
        };
        // What an earlier attempt left behind it must not outlast this one's body.
        buffers.tx.zeroize();
        self.body_len = request::order_pay(request, self.record.api_version, buffers.tx)?;
        *slot = Some(Attempt { class, key, digest, cf_payment_id: None, repeated: false, state: AttemptState::Sent });
        self.change();
        self.wipe = false;
        self.earlier_unknown = false;
        self.throttled = false;
        self.repeats = 0;
        self.failures = 0;
        self.reply = None;
        self.bank_page = None;
        self.record.said = None;
        self.asking = Asking::default();
        self.deadline = Some(now.after(self.policy.deadline_ms));
        self.phase = Phase::Pay(now);
        Ok(())
    }

    /// Submits an OTP or requests another, while [`NextAction::EnterOtp`] is presented. Each call has its own key.
    ///
    /// # Errors
    /// [`SaleError`]; nothing was changed.
    pub fn submit_otp(
        &mut self,
        request: &Authenticate,
        key: IdempotencyKey,
        now: Millis,
        buffers: &mut Buffers<'_>,
    ) -> Result<(), SaleError> {
        if !matches!(self.next_action(buffers.rx), Some(NextAction::EnterOtp { .. })) {
            return Err(SaleError::NotNow);
        }
        enough_rx(buffers, LEAST_RX)?;
        let Some(payment) = self.record.attempts().next_back().and_then(|attempt| attempt.cf_payment_id) else {
            return Err(SaleError::NotNow);
        };
        // The page is in `rx`, which the answer will overwrite.
        if let Some(NextAction::EnterOtp { redirect_to_bank: Some(page), .. }) = self.next_action(buffers.rx) {
            self.bank_page = Secret::parse("redirect_to_bank", page.as_str()).ok();
        }
        let used = self.record.attempts().any(|attempt| attempt.key == key) || self.call_key.as_ref() == Some(&key);
        if used {
            return Err(SaleError::KeyReused);
        }
        buffers.tx.zeroize();
        self.body_len = request::authenticate(request, buffers.tx)?;
        self.wipe = false;
        self.call_key = Some(key);
        self.failures = 0;
        self.phase = Phase::Otp(payment, now);
        Ok(())
    }

    /// Reports that the shopper has seen the action. `rx` is free again.
    pub fn shown(&mut self, now: Millis) {
        if let Phase::Present(_) = self.phase {
            if self.policy.can_ask {
                self.asking = Asking::default();
                self.failures = 0;
                self.phase = Phase::Ask(Question::Order, self.next_round(now));
            } else {
                self.phase = Phase::Done(Outcome::Pending);
            }
        }
    }

    /// Changes to another method for the same intent while an attempt is open; see [`Switch`] for the three ways.
    ///
    /// # Errors
    /// [`SaleError::NotNow`], [`SaleError::TooManyAttempts`]; nothing was changed.
    pub fn switch_method(&mut self, how: Switch, now: Millis) -> Result<(), SaleError> {
        let running = matches!(
            self.phase,
            Phase::Present(_) | Phase::Ask(Question::Order | Question::Payment(_, None) | Question::Payments, _)
        );
        if self.in_flight.is_some() || !running || self.record.stage != Stage::Open {
            return Err(SaleError::NotNow);
        }
        if how != Switch::Close && self.record.attempt_count() == MAX_ATTEMPTS {
            return Err(SaleError::TooManyAttempts);
        }
        match how {
            // Without an ask route nobody can tell when it has ended, and nothing can be closed.
            Switch::Wait | Switch::Close if !self.policy.can_ask => return Err(SaleError::NotNow),
            Switch::Wait => self.shown(now),
            Switch::GoOn => {
                let harmless = self.record.attempts().all(|attempt| {
                    !attempt.is_open() || (attempt.state == AttemptState::Known && attempt.class.needs_shopper())
                });
                if !harmless {
                    return Err(SaleError::NotNow);
                }
                self.phase = Phase::Ready(None);
                self.deadline = None;
            }
            Switch::Close => self.cancel(now),
        }
        Ok(())
    }

    /// Goes on asking about open attempts, after a switch without a new attempt.
    ///
    /// # Errors
    /// [`SaleError::NotNow`] unless the sale is at [`Step::Ready`](super::Step::Ready), an attempt is open, and the
    /// sale can ask.
    pub fn ask(&mut self, now: Millis) -> Result<(), SaleError> {
        let open = self.record.attempts().any(Attempt::is_open);
        if !matches!(self.phase, Phase::Ready(_)) || !open || !self.policy.can_ask {
            return Err(SaleError::NotNow);
        }
        self.deadline = Some(now.after(self.policy.deadline_ms));
        self.begin_asking(now);
        Ok(())
    }

    /// Reports that the due refund was made: closes the record.
    ///
    /// # Errors
    /// [`SaleError::NotNow`] unless a refund is due ([`Record::refund_due`](super::Record::refund_due)), or during a
    /// call.
    pub fn refunded(&mut self) -> Result<(), SaleError> {
        let waits = matches!(
            self.phase,
            Phase::Done(_)
                | Phase::Ask(Question::BeforeRefund | Question::Refunds { .. }, _)
                | Phase::Refund(..)
                | Phase::ReadRefund(..)
                | Phase::Report(..)
        );
        if !waits || self.in_flight.is_some() || !self.money_went_back() {
            return Err(SaleError::NotNow);
        }
        self.record.report_due = false;
        self.stuck = false;
        self.settle_duties();
        Ok(())
    }

    /// Gives up the sale. If an attempt may have charged, the sale closes the order and asks until the gateway says how
    /// it ended. A charge that was made all the same ends as [`Outcome::RefundDue`].
    pub fn cancel(&mut self, now: Millis) {
        self.settle_lost(now);
        if matches!(self.phase, Phase::Done(_)) || !matches!(self.record.stage, Stage::Creating | Stage::Open) {
            return;
        }
        if matches!(self.phase, Phase::Pay(_)) && !self.is_in_doubt() {
            // It has not left.
            if let Some(attempt) = self.record.last_attempt() {
                attempt.state = AttemptState::Ended(AttemptEnd::NotSent);
            }
            self.change();
        }
        let nothing = !self.may_have_charged();
        if self.record.stage == Stage::Creating {
            self.give_up_creating();
        } else if nothing && !self.policy.can_ask && self.record.attempts().any(|attempt| attempt.was_answered()) {
            // Refused, and nobody here can read whether somebody else pays it.
            self.forget_body();
            self.session = None;
            self.deadline = None;
            self.phase = Phase::Done(Outcome::Unknown);
        } else if nothing && !self.policy.can_ask {
            self.finish(Outcome::NotPaid(self.why_nothing()));
        } else {
            self.close(now);
        }
    }

    /// Nothing that charges was sent. If the gateway said that the order exists, it must be read first: it may be
    /// another party's, and paid.
    pub(super) fn give_up_creating(&mut self) {
        let taken = self.is_said_to_exist();
        self.finish(if taken { Outcome::OrderTaken } else { Outcome::NotPaid(NotPaid::NotStarted) });
    }

    pub(super) fn may_have_charged(&self) -> bool {
        self.record.attempts().any(Attempt::may_have_charged)
    }

    /// Why no attempt can have charged.
    pub(super) fn why_nothing(&self) -> NotPaid {
        match self.record.attempts().next_back().map(|attempt| &attempt.state) {
            Some(AttemptState::Ended(AttemptEnd::Refused(by))) => NotPaid::Refused(by.clone()),
            Some(_) => NotPaid::NotSent,
            None => NotPaid::NotStarted,
        }
    }
}
