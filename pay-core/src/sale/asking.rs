//! Learning how an order stands. Nothing that goes wrong here says anything about the payment.

use super::super::model::{CfPaymentId, OrderStatus, PaymentStatus, RefundReason};
use super::super::wire::http::ResponseHead;
use super::super::wire::response;
use super::answer::body;
use super::delivery::Failure;
use super::phase::{NotPaidWord, Phase, Question, RouteProblem};
use super::record::{Attempt, AttemptEnd, AttemptState, MAX_ATTEMPTS, NotPaid, Stage};
use super::release::Release;
use super::state::{Sale, payer};
use super::step::Outcome;
use super::time::Millis;

/// While an attempt is known, its own status is read every so many rounds; the order's in each.
const PAYMENT_ROUNDS: u32 = 3;

/// After so many failures in a row a sale that cannot have charged stops asking whether its order was closed.
const HOPELESS: u8 = 3;

/// The payments of a list, each once: gateways have listed one twice.
#[derive(Default)]
struct Seen {
    payments: [Option<(CfPaymentId, bool)>; 16],
}

impl Seen {
    /// Whether this is the first time that the payment stands there, and the first time as a paid one. `None`: there is no
    /// room for more.
    fn note(&mut self, id: CfPaymentId, paid: bool) -> Option<(bool, bool)> {
        let slot = self.payments.iter_mut().find(|slot| slot.is_none_or(|(known, _)| known == id))?;
        let (first, was_paid) = slot.map_or((true, false), |(_, was_paid)| (false, was_paid));
        *slot = Some((id, paid || was_paid));
        Some((first, paid && !was_paid))
    }
}

/// What a list of payments says.
#[derive(Default)]
struct Listing {
    complete: bool,
    any: bool,
    all_final: bool,
    /// Every attempt whose number is known stands in it.
    all_known: bool,
    paid: u32,
}

impl Sale {
    pub(super) fn on_ask(&mut self, now: Millis, result: Result<ResponseHead, Failure>, rx: &mut [u8]) {
        let Phase::Ask(question, _) = self.phase else { return };
        let head = match result {
            Ok(head) => head,
            Err(failure) => return self.ask_again(now, question, RouteProblem::Failed(failure)),
        };
        if head.status == 429 {
            self.route_problem = Some(RouteProblem::Refused { status: 429 });
            self.phase = Phase::Ask(question, self.after_throttle(now, &head));
            return;
        }
        if !head.is_success() {
            let absent = head.status == 404 && question == Question::Adopt;
            if absent && self.body_len > 0 && self.repeats == 0 {
                // The order is not there: the very bytes again, once; a stored failure would only come back.
                self.repeats = 1;
                self.phase = Phase::Create(self.back_off(now));
                return;
            }
            return self.ask_again(now, question, RouteProblem::Refused { status: head.status });
        }
        let readable = match question {
            Question::Order => self.on_order(now, &head, body(&head, rx)),
            Question::Adopt => self.on_adopt(now, &head, body(&head, rx)),
            Question::Payment(asked) => self.on_payment(now, asked, &head, body(&head, rx)),
            Question::AdoptPayments | Question::Payments | Question::Surplus | Question::Late(_) => {
                self.on_payments(now, question, &head, body(&head, rx))
            }
        };
        if readable {
            self.route_problem = None;
            self.failures = 0;
            self.hold_if_spent(now, &head);
        } else {
            self.unreadable = true;
            self.ask_again(now, question, RouteProblem::Unreadable);
        }
    }

    pub(super) fn on_terminate(&mut self, now: Millis, result: Result<ResponseHead, Failure>, rx: &mut [u8]) {
        match result {
            Ok(head) if head.is_success() => {
                self.asking.terminating = true;
                self.phase = Phase::Ask(Question::Order, now);
                // The answer is the order: use it, if it can be read.
                if !self.on_order(now, &head, body(&head, rx)) {
                    self.unreadable = true;
                    self.phase = Phase::Ask(Question::Order, self.next_round(now));
                }
            }
            // Refused, throttled or lost: the order says what became of it.
            Ok(head) if head.status == 429 => self.phase = Phase::Ask(Question::Order, self.after_throttle(now, &head)),
            Ok(_) | Err(_) => {
                self.failures = self.failures.saturating_add(1);
                self.phase = Phase::Ask(Question::Order, self.next_round(now));
            }
        }
    }

    /// The same again, later; a round begins with the order, whatever it was that failed in it.
    fn ask_again(&mut self, now: Millis, question: Question, problem: RouteProblem) {
        self.route_problem = Some(problem);
        self.failures = self.failures.saturating_add(1);
        // Readings agree only if nothing lies between them that could have said otherwise.
        self.asking.none_since = None;
        let question = match question {
            Question::Payment(_) | Question::Payments => Question::Order,
            other => other,
        };
        if self.record.stage == Stage::Closing && self.failures >= HOPELESS && !self.may_have_charged() {
            // Nothing of ours can be paid: that the order stays open until it expires is no reason to ask for ever.
            return self.finish(Outcome::NotPaid(self.why_nothing()));
        }
        self.phase = Phase::Ask(question, self.next_round(now));
    }

    /// No call is left in this minute: wait before the next one.
    fn hold_if_spent(&mut self, now: Millis, head: &ResponseHead) {
        if head.rate_limit.remaining == Some(0) {
            if let Phase::Ask(_, at) | Phase::Terminate(at) = &mut self.phase {
                let seconds = head.rate_limit.retry_s.filter(|seconds| *seconds > 0).unwrap_or(10).min(3_600);
                *at = (*at).max(now.after(seconds * 1_000));
            }
        }
    }

    /// Reads the order. `false`: it cannot be read, or it is not ours.
    fn on_order(&mut self, now: Millis, head: &ResponseHead, body: &mut [u8]) -> bool {
        let Ok(order) = response::order(body) else { return false };
        if head.truncated || !self.is_ours(&order) {
            return false;
        }
        self.asking.rounds = self.asking.rounds.saturating_add(1);
        match order.status {
            OrderStatus::Paid => self.on_paid(),
            OrderStatus::Terminated => self.on_closed(now, NotPaidWord::Terminated),
            OrderStatus::Expired => self.on_closed(now, NotPaidWord::Expired),
            OrderStatus::Active => self.on_active(now),
            OrderStatus::TerminationRequested | OrderStatus::Unknown(_) => {
                self.phase = Phase::Ask(Question::Order, self.next_round(now));
            }
        }
        true
    }

    fn on_paid(&mut self) {
        if self.record.stage == Stage::Closing {
            return self.finish_late(1);
        }
        self.finish(Outcome::Paid { cf_payment_id: payer(&self.record), watch: self.may_be_paid_twice() });
    }

    fn may_be_paid_twice(&self) -> bool {
        let may_have_charged = self.record.attempts().filter(|attempt| attempt.may_have_charged()).count();
        may_have_charged > 1 || self.record.attempts().any(|attempt| attempt.repeated)
    }

    /// Money came after the sale was given up. Where more may come, it is a paid sale whose goods stay: that one is watched.
    fn finish_late(&mut self, paid: u32) {
        if paid > 1 || self.may_be_paid_twice() {
            self.record.release = Release::NotReleased;
            self.finish(Outcome::Paid { cf_payment_id: payer(&self.record), watch: true });
        } else {
            self.finish(Outcome::RefundDue(RefundReason::LateSuccess));
        }
    }

    fn on_closed(&mut self, now: Millis, word: NotPaidWord) {
        if self.record.attempts().any(Attempt::may_have_charged) {
            // What was read of the active order is no reading of the closed one.
            self.asking.none_since = None;
            self.phase = Phase::Ask(Question::Late(word), now);
        } else {
            self.finish(Outcome::NotPaid(word.into()));
        }
    }

    fn on_active(&mut self, now: Millis) {
        if self.record.stage == Stage::Closing {
            let again = self.policy.may_terminate(self.record.api_version) && !self.asking.terminating;
            // Asked to close, and still open: ask for it again, now and then.
            self.asking.terminating = false;
            let at = self.next_round(now);
            self.phase = if again { Phase::Terminate(at) } else { Phase::Ask(Question::Order, at) };
            return;
        }
        let open = || self.record.attempts().filter(|attempt| attempt.is_open());
        let one = open().next_back().and_then(|attempt| attempt.cf_payment_id);
        self.phase = match (open().count(), one) {
            (1, Some(payment)) if self.asking.rounds.is_multiple_of(PAYMENT_ROUNDS) => {
                Phase::Ask(Question::Payment(payment), now)
            }
            (1, Some(_)) => Phase::Ask(Question::Order, self.next_round(now)),
            // Several, or one whose number is not known: only the list tells.
            (1.., _) => Phase::Ask(Question::Payments, now),
            // All have ended and the order is still to be paid: it does not show a success yet, or the sale was resumed
            // between two attempts.
            (0, _) if self.has_success() => Phase::Ask(Question::Order, self.next_round(now)),
            (0, _) => return self.close(now),
        };
    }

    /// Reads the order that was there already.
    fn on_adopt(&mut self, now: Millis, head: &ResponseHead, body: &mut [u8]) -> bool {
        match response::order(body) {
            Err(_) => return false,
            Ok(_) if head.truncated => return false,
            Ok(order) if order.order_id != self.record.order_id.as_str() => return false,
            Ok(_) => {}
        }
        if self.adopt_order(head, body) {
            self.phase = Phase::Ask(Question::AdoptPayments, now);
        } else {
            self.finish(Outcome::NotPaid(NotPaid::OrderConflict));
        }
        true
    }

    fn on_payment(&mut self, now: Millis, asked: CfPaymentId, head: &ResponseHead, body: &mut [u8]) -> bool {
        let Ok(payment) = response::status(body) else { return false };
        let order = self.record.order_id.as_str();
        if head.truncated
            || payment.cf_payment_id != asked
            || !(payment.order_id.is_empty() || payment.order_id == order)
        {
            return false;
        }
        let held = payment.is_captured == Some(false) && payment.status == PaymentStatus::Success;
        let end = AttemptEnd::of(payment.status).filter(|_| !held);
        self.note_status(asked, end);
        self.go_on(now);
        true
    }

    fn on_payments(&mut self, now: Millis, question: Question, head: &ResponseHead, body: &mut [u8]) -> bool {
        let listing = self.read_list(body, head.truncated);
        let Some(listing) = listing else { return false };
        match question {
            Question::AdoptPayments => {
                if listing.any {
                    self.finish(Outcome::NotPaid(NotPaid::OrderConflict));
                } else if listing.complete {
                    self.forget_body();
                    self.record.stage = Stage::Open;
                    self.change();
                    self.deadline = None;
                    self.phase = Phase::Ready(None);
                } else {
                    return false;
                }
            }
            Question::Surplus => {
                let surplus = u8::try_from(listing.paid.saturating_sub(1)).unwrap_or(u8::MAX);
                if surplus > self.record.surplus.max(self.record.surplus_back) {
                    self.record.surplus = surplus;
                    self.finish(Outcome::RefundDue(RefundReason::Surplus));
                } else if listing.paid > 0 && self.settled(now, &listing) {
                    self.finish_watch();
                } else {
                    self.asking.rounds = self.asking.rounds.saturating_add(1);
                    self.phase = Phase::Ask(Question::Surplus, self.next_round(now));
                    return listing.complete;
                }
            }
            Question::Late(word) => {
                if listing.paid > 0 {
                    self.finish_late(listing.paid);
                } else if self.settled(now, &listing) {
                    self.finish(Outcome::NotPaid(word.into()));
                } else {
                    self.asking.rounds = self.asking.rounds.saturating_add(1);
                    self.phase = Phase::Ask(Question::Late(word), self.next_round(now));
                    return listing.complete;
                }
            }
            _ => self.on_open_list(now, &listing),
        }
        true
    }

    /// The list of an active order, some attempts being open.
    fn on_open_list(&mut self, now: Millis, listing: &Listing) {
        if listing.paid > 0 || !listing.complete || !listing.all_final {
            self.asking.none_since = None;
        }
        if listing.paid > 0 {
            self.phase = Phase::Ask(Question::Order, self.next_round(now));
            return;
        }
        if listing.complete && listing.all_final && !self.record.attempts().any(Attempt::is_open) {
            return self.go_on(now);
        }
        // A QR or link may stand in the list and still be unseen; what charges by itself is on its way if it stands there.
        let last = self.record.attempts().next_back().filter(|attempt| attempt.is_open());
        let unseen = last.is_some_and(|last| last.class.needs_shopper() || last.state == AttemptState::Sent);
        if listing.complete && self.reply.is_none() && unseen && self.may_send_again() {
            // Nobody saw the answer, so nobody can pay that attempt: the same bytes, the same key.
            return self.send_again(now);
        }
        if !listing.complete || !listing.all_final {
            // Something may still charge, whoever's it is.
            self.phase = Phase::Ask(Question::Order, self.next_round(now));
            return;
        }
        let since = *self.asking.none_since.get_or_insert(now);
        if now.since(since) >= u64::from(self.policy.settle_ms) {
            for attempt in
                self.record.attempts_mut().filter(|attempt| attempt.cf_payment_id.is_none() && attempt.is_open())
            {
                attempt.state = AttemptState::Ended(AttemptEnd::NotFound);
            }
            self.change();
            self.go_on(now);
        } else {
            self.phase = Phase::Ask(Question::Order, self.next_round(now).min(since.after(self.policy.settle_ms)));
        }
    }

    /// Whether a list of an order that takes no more payments is the last word: complete, every payment in it final, every
    /// attempt whose number is known among them; and the same again a while later, as long as one may still be missing or
    /// succeed late.
    fn settled(&mut self, now: Millis, listing: &Listing) -> bool {
        if !listing.complete || !listing.all_final || !listing.all_known {
            self.asking.none_since = None;
            return false;
        }
        let since = *self.asking.none_since.get_or_insert(now);
        now.since(since) >= u64::from(self.policy.settle_ms)
    }

    /// After a reading: the attempt is over, or another round.
    fn go_on(&mut self, now: Millis) {
        let open = self.record.attempts().any(Attempt::is_open);
        if open || self.has_success() || self.record.stage == Stage::Closing {
            self.phase = Phase::Ask(Question::Order, self.next_round(now));
            return;
        }
        let end = match self.record.attempts().next_back().map(|attempt| attempt.state.clone()) {
            Some(AttemptState::Ended(end)) => end,
            _ => AttemptEnd::NotFound,
        };
        self.forget_body();
        self.deadline = None;
        self.phase = Phase::Ready(Some(end));
    }

    fn has_success(&self) -> bool {
        self.record.attempts().any(|attempt| attempt.state == AttemptState::Ended(AttemptEnd::Success))
    }

    /// Walks a list, noting what it says of the attempts. One payment that no attempt has as its own belongs to the attempt
    /// whose answer never came, if it is the only one; of several nobody can tell. `None`: it is not a list of this order's payments.
    fn read_list(&mut self, body: &mut [u8], truncated: bool) -> Option<Listing> {
        let mut listing = Listing { all_final: true, ..Listing::default() };
        let mut seen = Seen::default();
        let mut found = [false; MAX_ATTEMPTS];
        let mut strangers = 0_u32;
        let mut stranger = None;
        let mut payments = response::statuses(body);
        listing.complete = !truncated;
        loop {
            match payments.next() {
                Ok(Some(payment)) => {
                    if !payment.order_id.is_empty() && payment.order_id != self.record.order_id.as_str() {
                        return None;
                    }
                    listing.any = true;
                    let Some((first, first_paid)) = seen.note(payment.cf_payment_id, payment.is_paid()) else {
                        listing.complete = false;
                        break;
                    };
                    listing.paid += u32::from(first_paid);
                    let held = payment.is_captured == Some(false) && payment.status == PaymentStatus::Success;
                    listing.all_final &= payment.status.is_final() && !held;
                    let end = AttemptEnd::of(payment.status).filter(|_| !held);
                    let id = payment.cf_payment_id;
                    let index = self.record.attempts().position(|attempt| attempt.cf_payment_id == Some(id));
                    match index {
                        Some(index) => {
                            if let Some(found) = found.get_mut(index) {
                                *found = true;
                            }
                            self.note_status(id, end);
                        }
                        None => {
                            strangers += u32::from(first);
                            stranger = Some((id, end));
                        }
                    }
                }
                Ok(None) => break,
                Err(_) => {
                    listing.complete = false;
                    break;
                }
            }
        }
        let is_there = |(attempt, found): (&Attempt, bool)| found || attempt.cf_payment_id.is_none();
        listing.all_known = self.record.attempts().zip(found).all(is_there);
        if let (1, Some((id, end)), true) = (strangers, stranger, listing.complete) {
            self.adopt_payment(id, end);
        }
        (listing.complete || listing.any).then_some(listing)
    }

    /// The only payment that no attempt has as its own: it is that of the running attempt, if its number is not known, or else
    /// of one that was believed not to exist.
    fn adopt_payment(&mut self, id: CfPaymentId, end: Option<AttemptEnd>) {
        let unheard = |attempt: &&mut Attempt| {
            attempt.cf_payment_id.is_none()
                && matches!(attempt.state, AttemptState::Sent | AttemptState::Ended(AttemptEnd::NotFound))
        };
        let Some(attempt) = self.record.attempts_mut().rev().find(unheard) else { return };
        attempt.cf_payment_id = Some(id);
        attempt.state = end.map_or(AttemptState::Known, AttemptState::Ended);
        self.change();
    }

    /// Notes what the gateway says of an attempt. A word that is not final never reopens one that has ended.
    fn note_status(&mut self, id: CfPaymentId, end: Option<AttemptEnd>) {
        let Some(attempt) = self.record.attempts_mut().find(|attempt| attempt.cf_payment_id == Some(id)) else {
            return;
        };
        let state = match end {
            Some(end) => AttemptState::Ended(end),
            None => return,
        };
        if attempt.state != state {
            attempt.state = state;
            self.change();
        }
    }
}

impl From<NotPaidWord> for NotPaid {
    fn from(word: NotPaidWord) -> Self {
        match word {
            NotPaidWord::Terminated => Self::Terminated,
            NotPaidWord::Expired => Self::Expired,
        }
    }
}
