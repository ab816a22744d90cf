//! What each answer on the ask route changes: one answer at a time, against a sale that waits for it.

use pay_core::model::{CfPaymentId, RefundReason};
use pay_core::sale::{
    AttemptEnd, AttemptState, Millis, NotPaid, Outcome, Policy, Refunds, Return, Returned, RouteProblem, Sale, Stage,
    Switch,
};

use crate::methods;
use crate::rig::{
    Asked, Rig, Told, card_reply, link_reply, list, marked_order_is, order_is, payment, refund, refused, timed_list,
};
use crate::sold::{SESSION, keys};
use crate::world::ORDER;

const BOTH: [(u64, &str); 2] = [(11, "SUCCESS"), (12, "SUCCESS")];

pub fn policy(refunds: Refunds) -> Policy {
    let mut policy = Policy::with_ask();
    policy.refunds = refunds;
    policy
}

/// Link 11 of an order that nobody else can pay.
pub fn shown(policy: Policy) -> Rig {
    let mut rig = Rig::new(policy);
    rig.next();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    rig
}

/// An order that was there, and that others may pay too.
fn beside_others(policy: Policy) -> Rig {
    let mut rig = Rig::taking(policy);
    rig.tell("order", order_is("ACTIVE")).tell("list", list(&[]));
    assert_eq!(rig.next(), Asked::Ready(String::new()));
    rig
}

fn lost_card_beside_others(policy: Policy) -> Rig {
    let mut rig = beside_others(policy);
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", Told::Lost);
    rig
}

/// Each link is left behind for the next one.
fn more_links(rig: &mut Rig, numbers: &[u64]) {
    for number in numbers {
        rig.switch(Switch::GoOn).unwrap();
        rig.pay(&methods::link(SESSION), &format!("k{number}")).unwrap();
        rig.tell("pay", link_reply(*number)).shown();
    }
}

/// A link whose first answer was lost; the second said 11.
fn repeated(policy: Policy) -> Rig {
    let mut rig = Rig::new(policy);
    rig.next();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", Told::Lost).tell("order", order_is("ACTIVE")).tell("list", list(&[]));
    rig.tell("pay", link_reply(11)).shown();
    rig
}

/// A card whose answer was lost, and which the gateway turned out not to have.
fn not_found(rig: &mut Rig, name: &str) {
    rig.pay(&methods::card(SESSION), name).unwrap();
    rig.tell("pay", Told::Lost);
    assert_eq!(rig.rounds("ACTIVE", &[]), Asked::Ready("NotFound".to_owned()));
}

/// Given up, and its order is in this state.
fn given_up(rig: &mut Rig, word: &str) {
    rig.sale.cancel(Millis(rig.now));
    rig.tell("terminate", order_is(word));
}

/// Up to the third round, in which a single attempt is read.
fn third_round(rig: &mut Rig) {
    for _ in 0..3 {
        rig.tell("order", order_is("ACTIVE"));
    }
}

fn answer(status: u16, code: &str, kind: &str) -> Told {
    Told::Answer(status, format!(r#"{{"code":"{code}","type":"{kind}","message":"m"}}"#))
}

fn gone() -> Told {
    answer(404, "order_not_found", "invalid_request_error")
}

/// Of somebody in between.
fn page() -> Told {
    Told::Answer(200, "<html>".to_owned())
}

/// To be asked again after 100 seconds.
fn throttled() -> Told {
    Told::With(|head| head.rate_limit.retry_s = Some(100), 429, "{}".to_owned())
}

fn text(told: Told) -> String {
    let (Told::Answer(_, body) | Told::With(_, _, body)) = told else { unreachable!() };
    body
}

fn truncated(told: Told) -> Told {
    Told::With(|head| head.truncated = true, 200, text(told))
}

/// A connection that broke before the list ended.
fn cut_list(payments: &[(u64, &str)]) -> Told {
    Told::Answer(200, text(list(payments)).trim_end_matches(']').to_owned())
}

fn paid(id: u64, watch: bool) -> Outcome {
    Outcome::Paid { cf_payment_id: Some(CfPaymentId::new(id)), watch }
}

fn attempts(rig: &Rig) -> Vec<(Option<u64>, AttemptState)> {
    let one = |attempt: &pay_core::sale::Attempt| (attempt.cf_payment_id.map(CfPaymentId::get), attempt.state.clone());
    rig.sale.record().attempts().map(one).collect()
}

fn returns(rig: &Rig) -> Vec<u64> {
    let one = |due: &Return| match due.what {
        Returned::Payment(id) => id.get(),
        Returned::Reason(..) => panic!("without a number"),
    };
    let mut ids: Vec<u64> = rig.sale.record().returns().map(one).collect();
    ids.sort_unstable();
    ids
}

/// Asked about the money of a paid order for so long, it says this of the list and that of the payment. What else it wants then, if so.
fn whose_for_long(mut rig: Rig, list: impl Fn() -> Told, payment: impl Fn() -> Told) -> Option<Asked> {
    rig.tell("order", order_is("PAID"));
    let until = rig.now + 100_000;
    while rig.now < until {
        match rig.next() {
            Asked::Send("list") => rig.answer(list()),
            Asked::Send("payment") => rig.answer(payment()),
            other => return Some(other),
        }
    }
    None
}

// Meant to notice: a wish while the answer was held counted as a failure of the route; a lost exchange not counted as one.
#[test]
fn a_question_that_is_given_up_for_a_wish_is_no_failure() {
    for (refunds, fails) in [(Refunds::ByBackend, false), (Refunds::ByCaller, true)] {
        let mut rig = shown(policy(refunds));
        assert_eq!(rig.next(), Asked::Send("order"));
        rig.token = None;
        assert_eq!(rig.next(), Asked::Send("order"));
        assert_eq!(rig.sale.route_problem().is_some(), fails, "{refunds:?}");
    }
}

// Meant to notice: the attempt's limit of calls taken for the order's; the attempt read in each round.
#[test]
fn where_the_attempt_is_throttled_the_order_is_still_read() {
    let mut rig = shown(policy(Refunds::ByCaller));
    third_round(&mut rig);
    rig.tell("payment", throttled());
    let since = rig.now;
    assert_eq!(rig.next(), Asked::Send("order"));
    assert!(rig.now - since < 4_000, "it waited {} ms", rig.now - since);
}

// Meant to notice: an order that is not there created again and again, or never; created again after any failure.
#[test]
fn an_order_that_is_not_there_is_created_once_more() {
    let mut rig = Rig::creating();
    rig.tell("create", page()).tell("order", gone()).tell("create", page()).tell("order", gone());
    assert_eq!(rig.next(), Asked::Done(Outcome::NotPaid(NotPaid::NotStarted)));

    let mut rig = Rig::creating();
    rig.tell("create", page()).tell("order", answer(503, "x", "api_error"));
    assert_eq!(rig.next(), Asked::Send("order"));

    // What waits to be sent again is a payment here.
    let mut rig = Rig::new(policy(Refunds::ByCaller));
    rig.next();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", Told::Lost).tell("order", gone());
    assert_eq!(rig.next(), Asked::Send("order"));
}

// Meant to notice: a creation given up after three failures although its time is not over.
#[test]
fn a_creation_is_asked_about_until_its_time_is_over() {
    let mut rig = Rig::creating();
    rig.tell("create", page());
    for _ in 0..5 {
        rig.tell("order", Told::NotSent);
    }
    assert_eq!(rig.sale.record().stage, Stage::Creating);
}

// Meant to notice: any error of the gateway's taken for "there is no such order".
#[test]
fn an_error_is_not_an_absent_order() {
    let mut rig = Rig::creating();
    rig.tell("create", page()).tell("order", marked_order_is("ACTIVE", "x"));
    assert_eq!(rig.next(), Asked::Done(Outcome::OrderTaken));
    rig.power_cut(policy(Refunds::ByCaller));
    for _ in 0..3 {
        rig.tell("order", answer(500, "internal_error", "api_error"));
    }
    assert_eq!(rig.next(), Asked::Done(Outcome::OrderTaken));
}

// Meant to notice: news and "nothing new" taken for each other; the moment between them on the wrong side, or so early that news is often
// read twice.
#[test]
fn what_came_early_is_news_and_what_came_in_time_is_not() {
    for (after, asks) in [(8_639, "list"), (8_640, "order")] {
        let mut rig = shown(policy(Refunds::ByBackend));
        assert_eq!(rig.next(), Asked::Send("order"));
        rig.now += after;
        let at = rig.now;
        rig.answer(Told::With(|head| head.waited = true, 200, text(order_is("ACTIVE"))));
        assert_eq!(rig.next(), Asked::Send(asks), "after {after} ms");
        assert_eq!(rig.now, at, "there was a pause already");
    }
}

/// What a list says beside our payment.
type Beside = &'static [(u64, &'static str)];

/// The backend has held a question about the order, and there is news.
fn told() -> Rig {
    let mut rig = shown(policy(Refunds::ByBackend));
    assert_eq!(rig.next(), Asked::Send("order"));
    rig.answer(Told::With(|head| head.waited = true, 200, text(order_is("ACTIVE"))));
    rig
}

// Meant to notice: a backend that has to read the order although a list of its payments says all; a list believed that shows somebody else's
// payment too, or does not show ours as paid, or was cut off.
#[test]
fn a_whole_list_is_enough_where_a_backend_told_of_news() {
    let paid = Asked::Done(Outcome::Paid { cf_payment_id: Some(CfPaymentId::new(11)), watch: false });
    let cases: [(&str, Beside, bool); 4] = [
        ("SUCCESS", &[], true),
        ("SUCCESS", &[(12, "FAILED")], false),
        ("SUCCESS", &[(12, "SUCCESS")], false),
        ("PENDING", &[], false),
    ];
    for (ours, beside, is_enough) in cases {
        let mut rig = told();
        let all: Vec<_> = [(11, ours)].into_iter().chain(beside.iter().copied()).collect();
        rig.tell("list", list(&all));
        let wanted = if is_enough { &paid } else { &Asked::Send("order") };
        assert_eq!(&rig.next(), wanted, "{all:?}");
    }
    // Ours has failed: the shopper may choose again, whatever else is listed.
    for beside in [&[][..], &[(12, "PENDING")]] {
        let mut rig = told();
        let all: Vec<_> = [(11, "FAILED")].into_iter().chain(beside.iter().copied()).collect();
        rig.tell("list", list(&all));
        assert_eq!(rig.next(), Asked::Ready("Failed".to_owned()), "{all:?}");
    }
    let mut rig = told();
    let mut cut = text(list(&[(11, "SUCCESS"), (12, "PENDING")]));
    cut.truncate(cut.len() - 4);
    rig.tell("list", Told::Answer(200, cut));
    assert_eq!(rig.next(), Asked::Send("order"));
}

// Meant to notice: a gateway that throttles the closing asked as if it had failed.
#[test]
fn a_throttled_closing_waits_as_told() {
    let mut rig = shown(policy(Refunds::ByCaller));
    rig.sale.cancel(Millis(rig.now));
    rig.tell("terminate", throttled());
    let since = rig.now;
    assert_eq!(rig.next(), Asked::Send("order"));
    assert!(rig.now - since >= 100_000, "it waited {} ms", rig.now - since);
    // Meant to notice: the closing asked for in each round.
    rig.answer(order_is("ACTIVE"));
    rig.tell("terminate", order_is("ACTIVE")).tell("order", order_is("ACTIVE"));
    assert_eq!(rig.next(), Asked::Send("terminate"));
}

// Meant to notice: a failed reading that forgets since when something moves, so that no person is ever called; one that is stored although
// it changes nothing.
#[test]
fn a_failed_reading_ends_what_is_quiet_and_not_what_moves() {
    let mut rig = shown(policy(Refunds::ByCaller));
    given_up(&mut rig, "TERMINATED");
    rig.tell("list", list(&[(11, "PENDING")])).tell("list", Told::Lost);
    assert!(rig.sale.record().is_moving());
    rig.tell("list", list(&[(11, "NOT_ATTEMPTED")])).tell("list", Told::Lost);
    let seq = rig.sale.record().seq;
    rig.tell("list", Told::Lost);
    assert_eq!(rig.sale.record().seq, seq);
}

// Meant to notice: an order closed that shows our success a little later; one left open whose attempts have all failed.
#[test]
fn after_a_boot_an_order_is_closed_unless_it_was_paid() {
    let mut rig = shown(policy(Refunds::ByCaller));
    third_round(&mut rig);
    rig.tell("payment", payment((11, "SUCCESS"))).tell("order", order_is("ACTIVE"));
    assert_eq!(rig.next(), Asked::Send("order"));

    let mut rig = shown(policy(Refunds::ByCaller));
    third_round(&mut rig);
    rig.tell("payment", payment((11, "FAILED")));
    assert_eq!(rig.next(), Asked::Ready("Failed".to_owned()));
    rig.power_cut(policy(Refunds::ByCaller));
    rig.tell("order", order_is("ACTIVE"));
    assert_eq!(rig.next(), Asked::Send("terminate"));
}

// Meant to notice: half an order, or another one, taken for the one that was handed in.
#[test]
fn only_the_whole_order_that_was_handed_in_is_taken() {
    let other = text(order_is("ACTIVE")).replace(ORDER, "till-2-00000000000000a1");
    for told in [truncated(order_is("ACTIVE")), Told::Answer(200, other)] {
        let mut rig = Rig::taking(policy(Refunds::ByCaller));
        rig.tell("order", told);
        assert_eq!(rig.next(), Asked::Send("order"));
        assert_eq!(rig.sale.route_problem(), Some(RouteProblem::Unreadable));
    }
}

// Meant to notice: an order without a mark of ours taken for ours where no backend says so.
#[test]
fn a_device_takes_over_an_order_without_its_mark_only_from_its_backend() {
    for (refunds, next) in
        [(Refunds::ByBackend, Asked::Send("list")), (Refunds::ByCaller, Asked::Done(Outcome::OrderTaken))]
    {
        let mut rig = Rig::creating();
        assert_eq!(rig.next(), Asked::Send("create"));
        rig.power_cut(policy(refunds));
        rig.tell("order", order_is("ACTIVE"));
        assert_eq!(rig.next(), next);
    }
}

// Meant to notice: an order that was over before this sale sent anything kept as one that this sale can pay, and the other way round.
#[test]
fn an_order_that_was_over_before_is_not_ours_unless_we_had_sent() {
    for word in ["PAID", "TERMINATED", "EXPIRED"] {
        let mut rig = Rig::taking(policy(Refunds::ByCaller));
        rig.tell("order", order_is(word));
        assert_eq!((&rig.sale.record().stage, rig.sale.standing()), (&Stage::Taken, Outcome::OrderTaken), "{word}");
    }
    let mut rig = shown(policy(Refunds::ByCaller));
    third_round(&mut rig);
    rig.tell("payment", payment((11, "FAILED")));
    rig.next();
    let record = rig.journal.clone().unwrap();
    rig.sale = Sale::come_back(record, None, policy(Refunds::ByCaller), [9; 16], Millis(rig.now));
    rig.tell("order", order_is("PAID"));
    assert_eq!(rig.sale.record().stage, Stage::Open);
    rig.tell("list", list(&[(11, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(paid(11, false)));
}

// Meant to notice: a broken connection taken for an answer that nobody can read, and the other way round.
#[test]
fn who_paid_becomes_unclear_by_answers_and_not_by_broken_connections() {
    let hidden = || Told::Answer(200, "[{}]".to_owned());
    let cut_payment = || Told::Answer(200, r#"{"cf_payment_id":"11","payment_st"#.to_owned());
    let ours = || shown(policy(Refunds::ByCaller));
    assert_eq!(whose_for_long(ours(), hidden, cut_payment), None);
    assert_eq!(whose_for_long(ours(), hidden, page), Some(Asked::Done(Outcome::PaidUnclear)));
    let left = || payment((11, "NOT_ATTEMPTED"));
    assert_eq!(whose_for_long(ours(), || cut_list(&[(12, "PENDING")]), left), None);
    let behind = || list(&[(11, "NOT_ATTEMPTED"), (12, "PENDING")]);
    assert_eq!(whose_for_long(ours(), behind, left), Some(Asked::Done(Outcome::PaidUnclear)));
}

// Meant to notice: half a payment, another one, or one of another order, that ends our attempt.
#[test]
fn only_the_whole_payment_that_was_asked_for_ends_its_attempt() {
    let failed = || payment((11, "FAILED"));
    let elsewhere = text(failed()).replace(ORDER, "till-2-00000000000000a1");
    for told in [truncated(failed()), payment((12, "FAILED")), Told::Answer(200, elsewhere)] {
        let mut rig = shown(policy(Refunds::ByCaller));
        third_round(&mut rig);
        rig.tell("payment", told);
        assert_eq!(rig.next(), Asked::Send("order"));
        assert_eq!(rig.sale.route_problem(), Some(RouteProblem::Unreadable));
        assert_eq!(attempts(&rig), [(Some(11), AttemptState::Known)]);
    }
}

// Meant to notice: what a broken list shows thrown away; an empty one believed.
#[test]
fn a_list_that_broke_off_says_what_it_shows() {
    let mut rig = shown(policy(Refunds::ByCaller));
    rig.tell("order", order_is("PAID")).tell("list", cut_list(&[]));
    assert_eq!(rig.next(), Asked::Send("list"));
    rig.answer(cut_list(&[(11, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(paid(11, true)), "it may hide another one");
}

// Meant to notice: a payment that does not stand kept waiting for others that are open.
#[test]
fn a_later_payment_goes_back_whatever_else_is_open() {
    let mut rig = beside_others(policy(Refunds::ByCaller));
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    let (earlier, later) = ("2026-11-22T21:50:19+05:30", "2026-11-22T21:50:20+05:30");
    let three = timed_list(&[(11, "SUCCESS", later), (12, "SUCCESS", earlier), (13, "PENDING", later)]);
    rig.tell("order", order_is("PAID")).tell("list", three);
    assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(RefundReason::Surplus)));
}

// Meant to notice: money that came on a closed order while the record says that nothing moves there, or that something still does.
#[test]
fn money_that_came_is_neither_quiet_nor_moving() {
    for before in [&[][..], &[(12, "PENDING")]] {
        let mut rig = lost_card_beside_others(policy(Refunds::ByCaller));
        given_up(&mut rig, "TERMINATED");
        rig.tell("list", list(before));
        assert!(rig.sale.record().is_quiet() || rig.sale.record().is_moving());
        rig.tell("list", list(&[(12, "SUCCESS")]));
        let record = rig.sale.record();
        assert!(!record.is_quiet() && !record.is_moving() && record.is_unsettled(), "{record:?}");
    }
}

// Meant to notice: "not paid" said of an expired order on which another party's payment is under way.
#[test]
fn an_expired_order_is_not_paid_once_nothing_of_others_is_under_way() {
    for (payments, next) in [
        (&[][..], Asked::Done(Outcome::NotPaid(NotPaid::Expired))),
        (&[(12, "PENDING")], Asked::Send("list")),
        (&[(12, "FAILED")], Asked::Send("list")),
    ] {
        let mut rig = Rig::taking(policy(Refunds::ByCaller));
        rig.tell("order", order_is("EXPIRED")).tell("list", list(payments));
        assert_eq!(rig.next(), next, "{payments:?}");
    }
}

// Meant to notice: a kiosk that keeps what its backend watches; one that hands over what has no number, which the backend cannot know of.
#[test]
fn what_the_gateway_knows_of_is_handed_over() {
    let left = [(12, "NOT_ATTEMPTED"), (13, "NOT_ATTEMPTED")];
    for (refunds, next) in
        [(Refunds::ByBackend, Asked::Done(Outcome::HandedOver)), (Refunds::ByCaller, Asked::Send("list"))]
    {
        let mut rig = shown(policy(refunds));
        given_up(&mut rig, "TERMINATED");
        rig.tell("list", list(&[(11, "NOT_ATTEMPTED")]));
        assert_eq!(rig.next(), next);
        let mut rig = lost_card_beside_others(policy(refunds));
        given_up(&mut rig, "TERMINATED");
        rig.tell("list", list(&left));
        assert_eq!(rig.next(), Asked::Send("list"));
    }
}

// Meant to notice: the time in which nothing moved counted as time in which something did: a person called at once.
#[test]
fn what_begins_to_move_calls_nobody_yet() {
    let mut rig = shown(policy(Refunds::ByCaller));
    given_up(&mut rig, "TERMINATED");
    rig.tell("list", list(&[(11, "NOT_ATTEMPTED")])).tell("list", list(&[(11, "PENDING")]));
    assert!(rig.sale.record().is_moving() && !rig.sale.record().needs_person());
}

// Meant to notice: two readings that agree although one between them did not; an attempt called over while another party pays.
#[test]
fn an_attempt_is_over_when_all_readings_agree() {
    let mut rig = lost_card_beside_others(policy(Refunds::ByCaller));
    rig.tell("order", order_is("ACTIVE")).tell("list", list(&[]));
    rig.tell("order", order_is("ACTIVE")).tell("list", list(&[(12, "PENDING")]));
    rig.now += 30_000;
    rig.tell("order", order_is("ACTIVE")).tell("list", list(&[]));
    assert_eq!(rig.next(), Asked::Send("order"));

    let mut rig = beside_others(policy(Refunds::ByCaller));
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    more_links(&mut rig, &[12]);
    rig.tell("order", order_is("ACTIVE")).tell("list", list(&[(11, "FAILED"), (12, "FAILED"), (13, "PENDING")]));
    assert_eq!(rig.next(), Asked::Send("order"));
}

// Meant to notice: an attempt that was refused called "not found", and with it one that may have charged.
#[test]
fn what_was_refused_stays_refused_when_another_is_not_found() {
    let mut rig = Rig::new(policy(Refunds::ByCaller));
    rig.next();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", refused());
    rig.next();
    not_found(&mut rig, "k1");
    let [(None, AttemptState::Ended(AttemptEnd::Refused(_))), (None, AttemptState::Ended(AttemptEnd::NotFound))] =
        &attempts(&rig)[..]
    else {
        panic!("{:?}", attempts(&rig))
    };
}

// Meant to notice: a payment given to one of two attempts by guess; to one that was refused.
#[test]
fn a_payment_belongs_to_the_only_attempt_that_can_have_made_it() {
    let mut rig = Rig::new(policy(Refunds::ByCaller));
    rig.next();
    not_found(&mut rig, "k0");
    rig.pay(&methods::card(SESSION), "k1").unwrap();
    rig.tell("pay", refused());
    rig.next();
    given_up(&mut rig, "TERMINATED");
    rig.tell("list", list(&[(12, "FAILED")]));
    assert_eq!(attempts(&rig)[0], (Some(12), AttemptState::Ended(AttemptEnd::Failed)));
    assert_eq!(attempts(&rig)[1].0, None);

    let mut rig = Rig::new(policy(Refunds::ByCaller));
    rig.next();
    not_found(&mut rig, "k0");
    not_found(&mut rig, "k1");
    rig.pay(&methods::card(SESSION), "k2").unwrap();
    rig.tell("pay", card_reply(11)).shown();
    rig.tell("order", order_is("PAID")).tell("list", list(&[(11, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(paid(11, true)));
    rig.power_cut(policy(Refunds::ByCaller));
    rig.tell("list", list(&[(11, "SUCCESS"), (12, "FAILED")]));
    assert_eq!(attempts(&rig).iter().map(|(number, _)| *number).collect::<Vec<_>>(), [None, None, Some(11)]);
}

// Meant to notice: the first request's payment, which failed, put in the place of the one that is shown, or sent back.
#[test]
fn of_a_link_that_was_sent_twice_what_took_no_money_changes_nothing() {
    let mut rig = repeated(policy(Refunds::ByCaller));
    given_up(&mut rig, "TERMINATED");
    rig.tell("list", list(&[(11, "NOT_ATTEMPTED"), (12, "FAILED")]));
    assert_eq!(attempts(&rig), [(Some(11), AttemptState::Known)]);
    assert!(returns(&rig).is_empty());
}

// Meant to notice: a second payment of a given-up link that stays with the merchant.
#[test]
fn of_a_given_up_link_that_was_sent_twice_both_payments_go_back() {
    let mut rig = repeated(keys());
    given_up(&mut rig, "PAID");
    rig.tell("list", list(&BOTH));
    assert_eq!(returns(&rig), [11, 12]);

    // The second one comes when the first is back already.
    let mut rig = repeated(keys());
    given_up(&mut rig, "PAID");
    let first = [(11, "SUCCESS")];
    rig.tell("list", list(&first)).before_refund(&first, &[]).tell("refund", refund(11, "SUCCESS"));
    rig.next();
    rig.power_cut(keys());
    rig.tell("list", list(&BOTH));
    assert_eq!(returns(&rig), [11, 12]);
}

// Meant to notice: a payment that took the money and was released later called one that never took it.
#[test]
fn what_took_the_money_stays_so() {
    let mut rig = shown(policy(Refunds::ByCaller));
    more_links(&mut rig, &[12]);
    rig.tell("order", order_is("PAID")).tell("list", list(&[(11, "SUCCESS"), (12, "NOT_ATTEMPTED")]));
    assert_eq!(rig.next(), Asked::Done(paid(11, true)));
    rig.power_cut(policy(Refunds::ByCaller));
    rig.tell("list", list(&[(11, "VOID"), (12, "NOT_ATTEMPTED")]));
    assert_eq!(attempts(&rig)[0].1, AttemptState::Ended(AttemptEnd::Success));
}

// Meant to notice: a record that has room for all and still stops after the first.
#[test]
fn late_money_of_two_goes_back_in_one_go() {
    let mut rig = shown(keys());
    more_links(&mut rig, &[12]);
    given_up(&mut rig, "PAID");
    rig.tell("list", list(&BOTH)).before_refund(&BOTH, &[]).tell("refund", refund(11, "SUCCESS"));
    rig.before_refund(&BOTH, &[(11, "SUCCESS")]).tell("refund", refund(12, "SUCCESS"));
}

// Meant to notice: payments that no record has room for forgotten, so that nobody is called.
#[test]
fn more_payments_than_a_record_holds_are_a_persons_matter() {
    let six = [11, 12, 13, 14, 15, 16].map(|id| (id, "SUCCESS"));
    let mut rig = shown(keys());
    more_links(&mut rig, &[12]);
    rig.tell("order", order_is("PAID")).tell("list", list(&[(11, "SUCCESS"), (12, "NOT_ATTEMPTED")]));
    assert_eq!(rig.next(), Asked::Done(paid(11, true)));
    rig.power_cut(keys());
    rig.tell("list", list(&six));
    assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(RefundReason::Surplus)));
    assert!(rig.sale.record().is_open());

    let five = &six[..5];
    let mut rig = repeated(keys());
    more_links(&mut rig, &[12, 13, 14]);
    given_up(&mut rig, "PAID");
    rig.tell("list", list(five));
    assert_eq!(returns(&rig).len(), 4);
    let first = rig.sale.record().returns().next().map(|due| due.what);
    let Some(Returned::Payment(first)) = first else { panic!("{first:?}") };
    rig.before_refund(five, &[]).tell("refund", refund(first.get(), "SUCCESS"));
    assert!(matches!(rig.next(), Asked::Done(Outcome::RefundDue(_))));
    assert!(rig.sale.record().is_open());
}
