//! Learning how an order stands. Nothing that goes wrong here says anything about the payment.

use core::mem;

use super::super::model::{CfPaymentId, OrderStatus, PaymentSessionId, RefundReason};
use super::super::wire::http::ResponseHead;
use super::super::wire::response;
use super::delivery::{ErrorKind, Failure};
use super::listing::{End, Listing, Reading, Strangers, Whose};
use super::on_pay::body;
use super::phase::{Listed, NotPaidWord, Phase, Question, RouteProblem};
use super::policy::Refunds;
use super::record::{Attempt, AttemptEnd, AttemptState, Closed, NotPaid, Returned, Stage};
use super::release::Release;
use super::settle::{NOT_ATTEMPTED_MS, ReadAt, Settling, Standing};
use super::state::Sale;
use super::step::Outcome;
use super::time::Millis;

/// While an attempt is known, its own status is read every so many rounds; the order's in each.
const PAYMENT_ROUNDS: u32 = 3;

/// After so many failures in a row a sale that cannot have charged stops asking whether its order was closed.
const HOPELESS: u8 = 3;

/// While another party's payment is still open beside ours, the list is read again after this long, before goods go
/// out: then both of two that succeed in the same second are seen.
const SAME_SECOND_MS: u64 = 2_000;

/// How a backend came to answer that was asked to hold its answer, and did.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    /// Early: something is new, if not of the order then of its payments.
    News,
    /// Nothing was new in the whole time.
    Quiet,
}

impl Sale {
    pub(super) fn on_ask(&mut self, now: Millis, result: Result<ResponseHead, Failure>, rx: &mut [u8]) {
        let Phase::Ask(question, _) = self.phase else { return };
        let waits = self.asking.waits.take();
        let head = match result {
            Ok(head) => head,
            // The shopper wished something while the answer was held: nothing failed.
            Err(Failure { kind: ErrorKind::Abandoned, .. }) if waits.is_some() => {
                self.phase = Phase::Ask(question, self.next_round(now));
                return;
            }
            Err(failure) => return self.ask_again(now, question, RouteProblem::Failed(failure)),
        };
        if head.status == 429 {
            self.route_problem = Some(RouteProblem::Refused { status: 429 });
            self.phase = match question {
                // Only how far the attempt is. The order has a limit of its own, and says whether it is paid.
                Question::Payment(_, None) => Phase::Ask(Question::Order, self.next_round(now)),
                _ => Phase::Ask(question, self.after_throttle(now, &head)),
            };
            return;
        }
        if !head.is_success() {
            let absent = head.status == 404 && question == Question::Take;
            if absent && self.body_len > 0 && self.repeats == 0 {
                // The order is not there: the very bytes again, once; a stored failure would only come back.
                self.repeats = 1;
                self.phase = Phase::Create(self.back_off(now));
                return;
            }
            // The gateway itself says that there is no such order, twice or of one that was never known to be there: there is nothing
            // that could be paid.
            let is_gateways = |rx| !response::refusal(head.status, body(&head, rx)).code.is_empty();
            let absent = absent || (head.status == 404 && question == Question::Order);
            if absent && is_gateways(rx) {
                let again = mem::replace(&mut self.asking.gone, true);
                let nothing = match self.record.stage {
                    Stage::Creating => self.repeats > 0 || self.is_cut_creation(),
                    Stage::Taken => again && self.asking.paid_since.is_none() && !self.may_have_charged(),
                    Stage::Open
                    | Stage::Closing
                    | Stage::Paid { .. }
                    | Stage::PaidElsewhere { .. }
                    | Stage::PaidUnclear
                    | Stage::NotPaid(_)
                    | Stage::HandedOver
                    | Stage::RefundDue(_)
                    | Stage::Refunded(_) => false,
                };
                if nothing && !self.is_said_to_exist() {
                    return self.finish(Outcome::NotPaid(NotPaid::NotStarted));
                }
            }
            if head.status == 404 && matches!(question, Question::Refunds { .. }) {
                // A gateway without this list: the refund's own id is still a fence.
                return self.begin_refund(now);
            }
            return self.ask_again(now, question, RouteProblem::Refused { status: head.status });
        }
        self.route_problem = None;
        self.asking.gone = false;
        let readable = match question {
            Question::Order => {
                let held =
                    waits.filter(|_| head.waited).map(|until| if now < until { Held::News } else { Held::Quiet });
                self.on_order(now, held, &head, body(&head, rx))
            }
            Question::Take => self.on_take(now, &head, body(&head, rx)),
            Question::Payment(asked, then) => self.on_payment(now, asked, then, &head, body(&head, rx)),
            Question::TakePayments
            | Question::Payments
            | Question::Whose
            | Question::Watch
            | Question::Late(_)
            | Question::BeforeRefund => self.on_payments(now, question, &head, body(&head, rx)),
            Question::Refunds { most, others } => self.on_refunds(now, most, others, &head, body(&head, rx)),
        };
        if readable {
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
                if !self.on_order(now, None, &head, body(&head, rx)) {
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
        self.asking.quiet.broken();
        if let Some(closed) = self.record.closed.as_mut().filter(|closed| closed.quiet && closed.since.is_some()) {
            closed.since = None;
            self.change();
        }
        let question = match question {
            Question::Payment(_, Some(then)) => then.into(),
            Question::Payment(_, None) | Question::Payments | Question::Order => Question::Order,
            Question::BeforeRefund | Question::Refunds { .. } => Question::BeforeRefund,
            Question::Take | Question::TakePayments | Question::Whose | Question::Watch | Question::Late(_) => question,
        };
        if self.failures >= HOPELESS && !self.may_have_charged() {
            // Nothing of ours can be paid: that the order stays open until it expires is no reason to ask for ever.
            let sent = self.record.attempts().next().is_some();
            match self.record.stage {
                // It was read as paid, and nothing of ours can have done that.
                Stage::Closing | Stage::Taken if self.asking.paid_since.is_some() => {
                    return self.finish(Outcome::PaidElsewhere);
                }
                // Somebody else may be paying it, and nobody can read that.
                Stage::Closing if sent && !self.record.alone => return self.finish(Outcome::OrderTaken),
                Stage::Closing => return self.finish(Outcome::NotPaid(self.why_nothing())),
                Stage::Taken => return self.finish(Outcome::OrderTaken),
                // Nobody has had its session.
                Stage::Creating if self.is_cut_creation() => return self.give_up_creating(),
                Stage::Creating
                | Stage::Open
                | Stage::Paid { .. }
                | Stage::PaidElsewhere { .. }
                | Stage::PaidUnclear
                | Stage::NotPaid(_)
                | Stage::HandedOver
                | Stage::RefundDue(_)
                | Stage::Refunded(_) => {}
            }
        }
        // What cannot be read for long a person must read; a network that fails says nothing.
        if problem != RouteProblem::Unreadable {
            self.asking.unclear_since = None;
        } else if question == Question::Whose && self.is_unclear_for_long(now) {
            return self.finish(Outcome::PaidUnclear);
        }
        let knows_singles = self.asking.singles.iter().any(Option::is_some);
        if question == Question::Whose && (self.failures >= HOPELESS || knows_singles) {
            // The list does not come, or is too long for whoever passes it on: what is ours is asked for one by one.
            let mut listing = Listing::default();
            listing.complete_by(&self.record, &self.asking.singles);
            if listing.is_paid() {
                self.note_listing(&mut listing);
                return self.on_whose(now, &listing);
            }
            if let Some(payment) = listing.missing(&self.record) {
                self.phase = Phase::Ask(Question::Payment(payment, Some(Listed::Whose)), self.next_round(now));
                return;
            }
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
    fn on_order(&mut self, now: Millis, held: Option<Held>, head: &ResponseHead, body: &mut [u8]) -> bool {
        let Ok(order) = response::order(body) else { return false };
        if head.truncated || !self.is_ours(&order) {
            return false;
        }
        self.asking.rounds = self.asking.rounds.saturating_add(1);
        match order.status {
            OrderStatus::Paid => self.on_paid(now),
            OrderStatus::Terminated => self.on_closed(now, NotPaidWord::Terminated),
            OrderStatus::Expired => self.on_closed(now, NotPaidWord::Expired),
            OrderStatus::Active => self.on_active(now, held),
            OrderStatus::TerminationRequested | OrderStatus::Unknown(_) => {
                self.phase = Phase::Ask(Question::Order, self.next_round(now));
            }
        }
        true
    }

    /// The order is paid: the payments say by whom.
    fn on_paid(&mut self, now: Millis) {
        self.asking.paid_since.get_or_insert(now);
        self.asking.singles = Default::default();
        self.phase = Phase::Ask(Question::Whose, now);
    }

    /// More than one payment of this sale may take money.
    pub(super) fn may_be_paid_twice(&self) -> bool {
        let may_have_charged = self.record.attempts().filter(|attempt| attempt.may_have_charged()).count();
        may_have_charged > 1 || self.record.attempts().any(|attempt| attempt.repeated)
    }

    fn on_closed(&mut self, now: Millis, word: NotPaidWord) {
        if self.may_have_charged() || !self.record.alone {
            // What was read of the active order is no reading of the closed one.
            self.asking.none_since = None;
            self.asking.singles = Default::default();
            if self.record.closed.is_none() {
                self.record.closed = Some(Closed::default());
                self.change();
            }
            self.asking.quiet = self.record.quiet();
            self.phase = Phase::Ask(Question::Late(word), now);
        } else {
            self.finish(Outcome::NotPaid(word.into()));
        }
    }

    fn on_active(&mut self, now: Millis, held: Option<Held>) {
        match self.record.stage {
            Stage::Closing => {
                let again = self.policy.may_terminate(self.record.api_version) && !self.asking.terminating;
                // Asked to close, and still open: ask for it again, now and then.
                self.asking.terminating = false;
                let at = self.next_round(now);
                self.phase = if again { Phase::Terminate(at) } else { Phase::Ask(Question::Order, at) };
                return;
            }
            // It is for somebody else to pay it.
            Stage::Taken => return self.finish(Outcome::OrderTaken),
            Stage::Creating
            | Stage::Open
            | Stage::Paid { .. }
            | Stage::PaidElsewhere { .. }
            | Stage::PaidUnclear
            | Stage::NotPaid(_)
            | Stage::HandedOver
            | Stage::RefundDue(_)
            | Stage::Refunded(_) => {}
        }
        let open = || self.record.attempts().filter(|attempt| attempt.is_open());
        let one = open().next_back().and_then(|attempt| attempt.cf_payment_id);
        let looks = self.asking.rounds.is_multiple_of(PAYMENT_ROUNDS);
        self.phase = match (open().count(), one) {
            // The time was spent at the backend, which would have told of the attempt too.
            (1, Some(_)) if held == Some(Held::Quiet) => Phase::Ask(Question::Order, now),
            // The backend has read the payments, and not the order.
            (1, Some(_)) if held == Some(Held::News) => Phase::Ask(Question::Payments, now),
            (1, Some(payment)) if looks => Phase::Ask(Question::Payment(payment, None), now),
            (1, Some(_)) => Phase::Ask(Question::Order, self.next_round(now)),
            // Several, or one whose number is not known: only the list tells.
            (1.., _) => Phase::Ask(Question::Payments, now),
            // All have ended and the order is still to be paid: it does not show a success yet, or the sale was resumed
            // between two attempts.
            (0, _) if self.has_success() => Phase::Ask(Question::Order, self.next_round(now)),
            (0, _) => return self.close(now),
        };
    }

    /// Reads an order that was there before this sale: handed in with its session, or found when this sale created it.
    fn on_take(&mut self, now: Millis, head: &ResponseHead, body: &mut [u8]) -> bool {
        let Ok(order) = response::order(body) else { return false };
        if head.truncated || order.order_id != self.record.order_id.as_str() {
            return false;
        }
        if !self.is_ours(&order) {
            self.taken(now);
            return true;
        }
        let session = PaymentSessionId::parse(order.payment_session_id).ok();
        match (order.status, session) {
            (OrderStatus::Active, Some(session)) => {
                // A tag that this journal made shows that a create call whose answer was lost was ours. A backend shows a device no
                // order but its own.
                let marked = match &self.mark {
                    Some(mark) => order.mark == mark.as_str(),
                    None => self.policy.refunds == Refunds::ByBackend,
                };
                if self.record.stage == Stage::Creating && !marked {
                    self.taken(now);
                } else {
                    self.session = Some(session);
                    self.phase = Phase::Ask(Question::TakePayments, now);
                }
            }
            (OrderStatus::Active, None) => return false,
            (OrderStatus::Paid, _) => {
                self.begin_looking();
                self.on_paid(now);
            }
            (OrderStatus::Terminated, _) => {
                self.begin_looking();
                self.on_closed(now, NotPaidWord::Terminated);
            }
            (OrderStatus::Expired, _) => {
                self.begin_looking();
                self.on_closed(now, NotPaidWord::Expired);
            }
            (OrderStatus::TerminationRequested | OrderStatus::Unknown(_), _) => self.taken(now),
        }
        true
    }

    /// The order was over before this sale sent anything: what is left is to learn how it ended.
    fn begin_looking(&mut self) {
        self.forget_body();
        self.deadline = None;
        if !self.may_have_charged() {
            self.record.stage = Stage::Taken;
            self.change();
        }
    }

    fn on_payment(
        &mut self,
        now: Millis,
        asked: CfPaymentId,
        then: Option<Listed>,
        head: &ResponseHead,
        body: &mut [u8],
    ) -> bool {
        if body.trim_ascii().first() == Some(&b'{') && body.trim_ascii().last() != Some(&b'}') {
            // A connection that broke says nothing, however long it goes on.
            self.asking.unclear_since = None;
            return false;
        }
        let Ok(payment) = response::status(body) else { return false };
        let order = self.record.order_id.as_str();
        if head.truncated
            || payment.cf_payment_id != asked
            || !(payment.order_id.is_empty() || payment.order_id == order)
        {
            return false;
        }
        let standing = Standing::of(payment.status, payment.is_captured);
        let end = End::of(payment.status).filter(|_| standing != Standing::Moving);
        match then {
            None => {
                self.note_status(asked, end);
                self.go_on(now);
            }
            // The list that is read next notes it, together with what follows from it.
            Some(then) => {
                let index = self.record.attempts().position(|attempt| attempt.cf_payment_id == Some(asked));
                if let Some(single) = index.and_then(|index| self.asking.singles.get_mut(index)) {
                    *single = Some(Reading { standing, end });
                }
                self.phase = Phase::Ask(then.into(), now);
            }
        }
        true
    }

    fn on_payments(&mut self, now: Millis, question: Question, head: &ResponseHead, body: &mut [u8]) -> bool {
        let Some(mut listing) = Listing::read(&self.record, body, head.truncated) else { return false };
        if listing.cut && !listing.any {
            // A connection that broke says nothing, however long it goes on.
            self.asking.unclear_since = None;
            return false;
        }
        listing.complete_by(&self.record, &self.asking.singles);
        listing.payer = self.record.payer();
        let listed = match question {
            Question::TakePayments => return self.on_take_payments(now, &listing),
            Question::Payments => Listed::Payments,
            Question::Whose => Listed::Whose,
            Question::Watch => Listed::Watch,
            Question::Late(word) => Listed::Late(word),
            Question::BeforeRefund => return self.on_before_refund(now, &listing),
            Question::Order | Question::Take | Question::Payment(..) | Question::Refunds { .. } => return false,
        };
        self.note_listing(&mut listing);
        // What the list hides of ours is asked for one by one.
        if let Some(payment) = listing.missing(&self.record) {
            self.phase = Phase::Ask(Question::Payment(payment, Some(listed)), now);
            return true;
        }
        self.asking.singles = Default::default();
        match listed {
            Listed::Payments => self.on_open_list(now, &listing),
            Listed::Whose => self.on_whose(now, &listing),
            Listed::Watch => self.on_watch(now, head, &listing),
            Listed::Late(word) => self.on_late(now, word, head, &listing),
        }
        true
    }

    /// Nothing is sent while another party may be paying, or if that is not known.
    fn on_take_payments(&mut self, now: Millis, listing: &Listing) -> bool {
        if listing.is_paid() {
            self.begin_looking();
            self.on_paid(now);
        } else if !listing.is_complete()
            || listing.worst(&self.record) != Standing::Over
            || (self.record.stage == Stage::Creating && listing.any)
        {
            self.taken(now);
        } else {
            // A create call of ours made it, and nobody has touched it since.
            self.record.alone |= self.record.stage == Stage::Creating;
            if self.is_cut_creation() {
                self.close(now);
                return true;
            }
            self.forget_body();
            self.record.stage = Stage::Open;
            self.change();
            self.deadline = None;
            self.phase = Phase::Ready(None);
        }
        true
    }

    /// Nothing is sent. What was sent before, in an earlier sale of this record, is asked about.
    fn taken(&mut self, now: Millis) {
        self.forget_body();
        if self.may_have_charged() {
            self.deadline = Some(now.after(self.policy.deadline_ms));
            self.begin_asking(now);
        } else {
            self.finish(Outcome::OrderTaken);
        }
    }

    /// The list of a paid order, before the sale says who paid.
    fn on_whose(&mut self, now: Millis, listing: &Listing) {
        let late = matches!(self.record.stage, Stage::Closing);
        match listing.whose(&self.record) {
            Whose::Ours { stands } => {
                let others_open = listing.strangers != Strangers::None && !listing.strangers_are_over();
                let seen = *self.asking.paid_since.get_or_insert(now);
                if stands && !late && others_open && now.since(seen) < SAME_SECOND_MS {
                    self.phase = Phase::Ask(Question::Whose, Millis(seen.0.saturating_add(SAME_SECOND_MS)));
                    return;
                }
                self.finish_ours(listing, late || !stands, others_open);
            }
            Whose::Found(id) => {
                self.adopt_payment(id, Some(End::Success));
                self.finish_ours(listing, late, false);
            }
            Whose::Elsewhere => {
                self.finish(Outcome::PaidElsewhere);
            }
            // What came of a list that was cut off does not make it unclear.
            Whose::Unclear | Whose::Nobody if listing.cut => {
                self.asking.unclear_since = None;
                self.note_money_came();
                self.phase = Phase::Ask(Question::Whose, self.next_round(now));
            }
            // The list may be behind the order.
            Whose::Unclear | Whose::Nobody if self.is_unclear_for_long(now) => {
                self.finish_unclear();
            }
            Whose::Unclear | Whose::Nobody => {
                self.note_money_came();
                self.phase = Phase::Ask(Question::Whose, self.next_round(now));
            }
        }
    }

    /// What moved on the closed order was money, and whose is not clear yet: it is asked about until that is a person's
    /// matter, not looked at now and then as what still moves is.
    fn note_money_came(&mut self) {
        self.asking.quiet.broken();
        if let Some(closed) = self.record.closed.as_mut().filter(|closed| closed.quiet || closed.since.is_some()) {
            *closed = Closed::default();
            self.change();
        }
    }

    /// If no attempt of ours can have charged, another party paid, whether a list shows it or not.
    fn finish_unclear(&mut self) {
        let ours = self.may_have_charged();
        self.finish(if ours { Outcome::PaidUnclear } else { Outcome::PaidElsewhere });
    }

    /// Lists have not told whose money it was for so long, none having failed to come, that waiting will not help.
    fn is_unclear_for_long(&mut self, now: Millis) -> bool {
        let since = *self.asking.unclear_since.get_or_insert(now);
        now.since(since) >= u64::from(self.policy.settle_ms)
    }

    /// A payment of ours took the money. `back`: it must go back, as the sale had been given up or another payment
    /// stands.
    fn finish_ours(&mut self, listing: &Listing, back: bool, others_open: bool) {
        let twice = listing.successes().count() > 1;
        let watch = twice || others_open || self.may_be_paid_twice() || !listing.is_complete();
        if !back {
            return self.finish(Outcome::Paid { cf_payment_id: self.record.payer(), watch });
        }
        let late = self.record.stage == Stage::Closing;
        let room = self.note_returns(listing);
        if late && !watch {
            self.finish(Outcome::RefundDue(RefundReason::LateSuccess));
        } else {
            // Where more may come, it is a paid sale whose goods stay: that one is watched.
            self.record.release = Release::NotReleased;
            let reason = if late { RefundReason::LateSuccess } else { RefundReason::Surplus };
            self.finish(Outcome::RefundDue(reason));
        }
        self.stuck |= !room;
    }

    /// Notes which payments have to go back: all but the one that stands for goods that are out or may go out. `false`:
    /// there are more than a record holds.
    fn note_returns(&mut self, listing: &Listing) -> bool {
        let ours = |id: CfPaymentId| self.record.attempt_of(id).is_some();
        let gone = matches!(self.record.release, Release::NotReleased | Release::Returned)
            || matches!(
                self.record.stage,
                Stage::Closing | Stage::PaidElsewhere { .. } | Stage::RefundDue(RefundReason::LateSuccess)
            );
        let kept = if self.record.goods_went_out() {
            // What it was before this list: another of ours may have succeeded meanwhile.
            listing.payer.or_else(|| listing.stands_of(ours))
        } else {
            listing.stands()
        };
        let kept_is_ours = kept.is_some_and(ours) && !gone;
        // A refund without a payment's number stands for one of them: for the first, as the list is in the order of time.
        let unnamed = self.record.returns().filter(|known| matches!(known.what, Returned::Reason(..))).count();
        let mut due = [None; 8];
        let mut slots = due.iter_mut();
        for success in listing.successes() {
            let goes = if kept_is_ours { Some(success.id) != kept } else { ours(success.id) };
            if goes {
                if let Some(slot) = slots.next() {
                    *slot = Some(success.id);
                }
            }
        }
        let mut room = true;
        for id in due.into_iter().flatten().skip(unnamed) {
            room &= self.record.note_return(Returned::Payment(id));
        }
        room
    }

    /// The list of a paid order whose sale is watched.
    fn on_watch(&mut self, now: Millis, head: &ResponseHead, listing: &Listing) {
        let room = self.note_returns(listing);
        self.stuck |= !room || listing.too_many;
        let goes = |id: CfPaymentId| self.record.returns().any(|known| known.what == Returned::Payment(id));
        let ours = || listing.successes().filter(|success| self.record.attempt_of(success.id).is_some());
        let undecided = match self.record.release {
            Release::Due => true,
            Release::Untracked => matches!(self.record.stage, Stage::PaidElsewhere { .. }),
            Release::Releasing | Release::Unknown | Release::Released | Release::NotReleased | Release::Returned => {
                false
            }
        };
        if undecided && ours().next().is_some() && ours().all(|success| goes(success.id)) {
            // Another payment stands, so no goods go out for ours.
            self.record.release = Release::NotReleased;
            self.change();
        }
        if self.record.returns().any(|due| !due.back) {
            return self.finish(Outcome::RefundDue(RefundReason::Surplus));
        }
        // A paid order without a success: the list is behind.
        let rest = if listing.is_paid() { listing.rest(&self.record) } else { Standing::Moving };
        match self.settling(now, head, rest) {
            Settling::Settled => self.finish_watch(),
            Settling::Paid | Settling::Moving => self.watch_on(now, Question::Watch, None),
            Settling::Quiet { due_ms } => self.watch_on(now, Question::Watch, Some(self.quiet_left(now, head, due_ms))),
        }
    }

    /// The list of an order that takes no more payments.
    fn on_late(&mut self, now: Millis, word: NotPaidWord, head: &ResponseHead, listing: &Listing) {
        if listing.is_paid() {
            self.asking.paid_since.get_or_insert(now);
            return self.on_whose(now, listing);
        }
        if !self.may_have_charged() && listing.is_complete() && !listing.any {
            return self.finish(Outcome::NotPaid(word.into()));
        }
        match self.settling(now, head, listing.worst(&self.record)) {
            Settling::Settled => self.finish(Outcome::NotPaid(word.into())),
            Settling::Paid | Settling::Moving => self.watch_on(now, Question::Late(word), None),
            // "Not paid, for certain" is half a minute away where every attempt is final; half an hour is the backend's.
            Settling::Quiet { due_ms: NOT_ATTEMPTED_MS } if self.hands_over() => self.finish(Outcome::HandedOver),
            Settling::Quiet { due_ms } => {
                self.watch_on(now, Question::Late(word), Some(self.quiet_left(now, head, due_ms)))
            }
        }
    }

    /// The backend watches closed orders. Once the gateway has all attempts of this record, nothing is left to do here.
    fn hands_over(&self) -> bool {
        let unnamed = |attempt: &Attempt| attempt.may_have_charged() && attempt.cf_payment_id.is_none();
        self.policy.refunds == Refunds::ByBackend && !self.record.attempts().any(unnamed)
    }

    /// What a reading of an order that takes no more payments comes to; the record notes whether it is quiet, or waits
    /// for a person.
    fn settling(&mut self, now: Millis, head: &ResponseHead, worst: Standing) -> Settling {
        let at = ReadAt { power_on: self.power_on, now, date: head.date };
        let settling = self.asking.quiet.read(worst, at);
        let moving = matches!(settling, Settling::Moving);
        let was = self.record.closed.unwrap_or_default();
        let since = if moving {
            // Over boots, too: a till of short runs would never call a person.
            was.since.filter(|since| !was.quiet && at.can_follow(since)).or(Some(at))
        } else {
            self.asking.quiet.since()
        };
        let long = since.is_some_and(|since| at.since(&since) >= NOT_ATTEMPTED_MS);
        let closed = Closed { quiet: !moving, since, person: moving && (was.person || long) };
        if self.record.closed != Some(closed) {
            self.record.closed = Some(closed);
            self.change();
        }
        settling
    }

    /// How long until the reading that has to agree, in milliseconds: by the clock that it shares with the first one,
    /// over a boot too.
    fn quiet_left(&self, now: Millis, head: &ResponseHead, due_ms: u64) -> u64 {
        let at = ReadAt { power_on: self.power_on, now, date: head.date };
        let gone = self.asking.quiet.since().map_or(0, |since| at.since(&since));
        due_ms.saturating_sub(gone)
    }

    /// Another reading: when the one that has to agree is due, in so many milliseconds, or later and later.
    fn watch_on(&mut self, now: Millis, question: Question, left_ms: Option<u64>) {
        self.asking.rounds = self.asking.rounds.saturating_add(1);
        let at = match left_ms {
            Some(left_ms) => Millis(now.0.saturating_add(left_ms.max(1_000))),
            None => self.next_round(now),
        };
        self.phase = Phase::Ask(question, at);
    }

    /// The list of an active order, some attempts being open.
    fn on_open_list(&mut self, now: Millis, listing: &Listing) {
        let worst = listing.worst(&self.record);
        let all_final = worst == Standing::Over;
        if !listing.is_complete() || !all_final {
            self.asking.none_since = None;
        }
        if listing.is_paid() {
            if self.is_paid_by_its_list(listing) {
                self.asking.paid_since.get_or_insert(now);
                return self.on_whose(now, listing);
            }
            self.phase = Phase::Ask(Question::Order, self.next_round(now));
            return;
        }
        if listing.is_complete() && all_final && !self.record.attempts().any(Attempt::is_open) {
            return self.go_on(now);
        }
        // A QR or link may stand in the list and still be unseen; what charges by itself is on its way if it stands there.
        let last = self.record.attempts().next_back().filter(|attempt| attempt.is_open());
        let unseen = last.is_some_and(|last| last.class.needs_shopper() || last.state == AttemptState::Sent);
        // What somebody else's payment is doing must be over before anything of ours leaves again; an unfinished one may be ours.
        let free = self.record.alone || listing.strangers_worst.is_none_or(|worst| worst <= Standing::NotAttempted);
        if listing.is_complete() && free && self.reply.is_none() && unseen && self.may_send_again() {
            // Nobody saw the answer, so nobody can pay that attempt: the same bytes, the same key.
            return self.send_again(now);
        }
        let is_over = |attempt: &Attempt| attempt.cf_payment_id.is_some() && !attempt.is_open();
        if self.record.attempts().count() == 1 && self.record.attempts().all(is_over) {
            // The only attempt has ended. What else the order has is nothing that this sale waits for.
            return self.go_on(now);
        }
        if !listing.is_complete() || !all_final {
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

    /// The whole list shows our only attempt as what paid the order, and nothing else. The order need not say so too: a backend that held
    /// our question until there was news has read the payments alone, and watches the order from here on.
    fn is_paid_by_its_list(&self, listing: &Listing) -> bool {
        listing.is_complete()
            && listing.strangers == Strangers::None
            && !self.may_be_paid_twice()
            && listing.whose(&self.record) == (Whose::Ours { stands: true })
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
            Some(AttemptState::Sent | AttemptState::Known) | None => AttemptEnd::NotFound,
        };
        self.forget_body();
        self.deadline = None;
        self.phase = Phase::Ready(Some(end));
    }

    fn has_success(&self) -> bool {
        self.record.attempts().any(|attempt| attempt.state == AttemptState::Ended(AttemptEnd::Success))
    }

    /// Notes what a list says of the attempts. One payment that no attempt has as its own belongs to the attempt whose
    /// answer never came, if no other party can have paid the order; of several it cannot be told.
    fn note_listing(&mut self, listing: &mut Listing) {
        let ids = self.record.attempts.each_ref().map(|slot| slot.as_ref().and_then(|attempt| attempt.cf_payment_id));
        for (id, reading) in ids.into_iter().zip(&listing.mine) {
            if let (Some(id), Some(reading)) = (id, reading) {
                self.note_status(id, reading.end);
            }
        }
        if let (Strangers::One(id, reading), true, true, 1..) =
            (&listing.strangers, listing.is_complete(), self.record.alone, self.record.hidden())
        {
            // A first success is told by `Listing::whose`; beside one of ours it is ours too, and too much, whichever attempt's it is.
            let beside = reading.standing == Standing::Succeeded && self.has_success();
            if beside || (reading.standing != Standing::Succeeded && self.record.hidden() == 1) {
                self.adopt_payment(*id, reading.end);
                listing.recognise(&self.record);
            }
        }
    }

    /// The only payment that no attempt has as its own: it is that of the running attempt, if its number is not known,
    /// or else of one that was believed not to exist.
    fn adopt_payment(&mut self, id: CfPaymentId, end: Option<End>) {
        let success = end == Some(End::Success);
        let unheard = |attempt: &Attempt| {
            attempt.cf_payment_id.is_none()
                && matches!(attempt.state, AttemptState::Sent | AttemptState::Ended(AttemptEnd::NotFound))
        };
        let position = |test: &dyn Fn(&Attempt) -> bool| {
            let fits = |(_, attempt): &(usize, &Attempt)| test(attempt);
            self.record.attempts().enumerate().filter(fits).last().map(|(index, _)| index)
        };
        // Of an attempt that was sent twice the payment that took the money is the one to know. If both did, the one that was known
        // first stays: goods may be out for it. The other goes back.
        let took = AttemptState::Ended(AttemptEnd::Success);
        let found =
            position(&unheard).or_else(|| position(&|attempt| success && attempt.repeated && attempt.state != took));
        let Some(attempt) = found.and_then(|index| self.record.attempts_mut().nth(index)) else {
            if success && !self.record.returns().any(|known| known.what == Returned::Payment(id)) {
                self.stuck |= !self.record.note_return(Returned::Payment(id));
                self.change();
            }
            return;
        };
        attempt.cf_payment_id = Some(id);
        attempt.state = end.map_or(AttemptState::Known, |end| AttemptState::Ended(end.into()));
        self.change();
    }

    /// Notes what the gateway says of an attempt. A word that is not final never reopens one that has ended.
    fn note_status(&mut self, id: CfPaymentId, end: Option<End>) {
        let Some(attempt) = self.record.attempts_mut().find(|attempt| attempt.cf_payment_id == Some(id)) else {
            return;
        };
        let state = match end {
            Some(end) => AttemptState::Ended(end.into()),
            None => return,
        };
        // What took the money and was released later is the gateway's, and a person's, matter.
        if attempt.state != state && attempt.state != AttemptState::Ended(AttemptEnd::Success) {
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
