//! Money that goes back: what is read before it, and how often it is tried.

use pay_core::model::RefundReason::{LateSuccess, Surplus};
use pay_core::sale::{Outcome, RouteProblem};

use crate::rig::{Asked, Rig, Told, list, refund, refund_list, throttled};
use crate::sold::{attested, hand_out, keys, paid_late, watched};
use crate::world::ORDER;

const ONE: [(u64, &str); 1] = [(11, "SUCCESS")];
const BOTH: [(u64, &str); 2] = [(11, "SUCCESS"), (12, "SUCCESS")];

/// Two links of one order; goods went out for the first, and the other is watched.
fn handed_out() -> Rig {
    let mut rig = watched(keys());
    hand_out(&mut rig);
    rig.power_cut(keys());
    rig
}

/// A person must look.
fn is_for_a_person(rig: &mut Rig, outcome: Outcome) {
    assert_eq!(rig.next(), Asked::Done(outcome));
    assert_eq!(rig.sale.route_problem(), Some(RouteProblem::RefundRefused));
    assert!(rig.journal.as_ref().unwrap().is_open());
}

fn changed(told: Told, from: &str, to: &str) -> Told {
    match told {
        Told::Answer(status, body) if body.contains(from) => Told::Answer(status, body.replace(from, to)),
        _ => panic!("{from} is not in it"),
    }
}

/// An element that cannot be read comes first.
fn hiding(payments: &[(u64, &str)]) -> Told {
    changed(list(payments), "[", if payments.is_empty() { "[{}" } else { "[{}," })
}

#[test]
fn what_is_kept_for_goods_that_are_out_is_kept_whatever_the_list_says() {
    // The payment that they went out for is not there any more.
    let mut rig = handed_out();
    let other = [(12, "SUCCESS")];
    rig.tell("list", list(&other)).before_refund(&other, &[]);
    is_for_a_person(&mut rig, Outcome::RefundDue(Surplus));
    // Somebody has sent it back.
    let mut rig = handed_out();
    rig.tell("list", list(&BOTH)).before_refund(&BOTH, &[(11, "SUCCESS")]);
    is_for_a_person(&mut rig, Outcome::RefundDue(Surplus));
}

#[test]
fn a_surplus_that_the_list_hides_goes_back() {
    let mut rig = handed_out();
    rig.tell("list", list(&BOTH)).tell("list", hiding(&ONE)).tell("refunds", refund_list(&[]));
    rig.tell("refund", refund(12, "SUCCESS"));
}

// A person said "paid" of a sale that was given up; no list shows which payment that was.
#[test]
fn a_payment_without_a_number_is_looked_for_seven_times() {
    let mut rig = attested();
    for _ in 0..7 {
        rig.tell("list", hiding(&[]));
    }
    is_for_a_person(&mut rig, Outcome::RefundDue(LateSuccess));
}

#[test]
fn refunds_of_another_order_are_none_of_ours() {
    let theirs = |told| changed(told, &format!(r#""order_id":"{ORDER}""#), r#""order_id":"till-9""#);
    let mut rig = paid_late(keys());
    rig.tell("list", list(&ONE)).tell("refunds", theirs(refund_list(&[(11, "SUCCESS")])));
    assert_eq!(rig.next(), Asked::Send("list"), "that was no answer");
    let mut rig = paid_late(keys());
    rig.before_refund(&ONE, &[])
        .tell("refund", theirs(refund(11, "SUCCESS")))
        .tell("read refund", refund(11, "SUCCESS"));
}

#[test]
fn a_refund_that_gave_back_less_or_nothing_is_a_persons_matter() {
    for refunds in [changed(refund_list(&[(11, "SUCCESS")]), "10.15", "10.14"), refund_list(&[(11, "CANCELLED")])] {
        let mut rig = paid_late(keys());
        rig.tell("list", list(&ONE)).tell("refunds", refunds);
        is_for_a_person(&mut rig, Outcome::RefundDue(LateSuccess));
    }
}

#[test]
fn a_refund_that_is_refused_for_good_is_tried_seven_times() {
    let mut rig = paid_late(keys());
    for _ in 0..7 {
        rig.before_refund(&ONE, &[]).tell("refund", Told::Answer(400, "{}".to_owned()));
        assert_eq!(rig.sale.route_problem(), Some(RouteProblem::Refused { status: 400 }));
        rig.tell("read refund", Told::Answer(502, String::new()))
            .tell("read refund", Told::Answer(404, "{}".to_owned()));
    }
    is_for_a_person(&mut rig, Outcome::RefundDue(LateSuccess));
}

#[test]
fn a_refund_waits_as_long_as_it_is_told_to() {
    let mut rig = paid_late(keys());
    rig.before_refund(&ONE, &[]).tell("refund", throttled());
    assert_eq!(rig.sale.route_problem(), Some(RouteProblem::Refused { status: 429 }));
    assert!(rig.pause_before("refund") >= 60_000);
    rig.answer(Told::Lost);
    rig.tell("read refund", throttled());
    assert!(rig.pause_before("read refund") >= 60_000);
}
