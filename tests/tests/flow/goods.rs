//! What happens after the money came: the goods, refunds, reports to the backend.

use pay_core::model::RefundReason::{LateSuccess, NotReleased, Surplus};
use pay_core::sale::{
    AfterCut, Millis, NotPaid, Outcome, Policy, Refunds, Release, RouteProblem, SaleError, Stage, Switch,
};

use crate::methods;
use crate::rig::{Asked, Rig, Told, card_reply, link_reply, list, order_is, refund};

const SESSION: &str = "session_abcdefghijklmnop";

fn policy(refunds: Refunds) -> Policy {
    let mut policy = Policy::with_ask();
    policy.release = true;
    policy.refunds = refunds;
    policy
}

/// A card that was paid.
fn paid(policy: Policy) -> Rig {
    let mut rig = Rig::new(policy);
    rig.next();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", card_reply(11)).shown();
    rig.tell("order", order_is("PAID"));
    assert!(matches!(rig.next(), Asked::Done(Outcome::Paid { .. })));
    rig
}

/// A card of a sale that was given up, and whose order was paid all the same.
fn paid_late(policy: Policy) -> Rig {
    let mut rig = Rig::new(policy);
    rig.next();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", card_reply(11)).shown();
    rig.sale.cancel(Millis(rig.now));
    rig.tell("terminate", order_is("PAID"));
    rig
}

/// Two links of one order, both paid; the second success is found after a reboot.
fn paid_twice(policy: Policy) -> Rig {
    let mut rig = Rig::new(policy);
    rig.next();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    rig.switch(Switch::GoOn).unwrap();
    rig.pay(&methods::link(SESSION), "k1").unwrap();
    rig.tell("pay", link_reply(12)).shown();
    rig.tell("order", order_is("PAID"));
    assert!(matches!(rig.next(), Asked::Done(Outcome::Paid { watch: true, .. })));
    rig
}

fn kept(rig: &Rig) -> (Stage, Release, bool) {
    let record = rig.journal.as_ref().unwrap();
    (record.stage.clone(), record.release, record.is_open())
}

fn hand_out(rig: &mut Rig) {
    rig.sale.begin_release().unwrap();
    rig.next();
    let token = rig.sale.vend_token().unwrap();
    rig.sale.released(token, true).unwrap();
}

// Mutants: `vend_token` that does not look at `is_dirty`; one that does not note that it was issued.
#[test]
fn the_token_comes_once_and_after_the_journal() {
    let mut rig = paid(policy(Refunds::ByCaller));
    assert_eq!(kept(&rig), (Stage::Paid { watch: false }, Release::Due, true));
    assert!(rig.sale.vend_token().is_none());
    rig.sale.begin_release().unwrap();
    assert!(rig.sale.vend_token().is_none(), "the journal does not know yet");
    rig.next();
    assert_eq!(kept(&rig).1, Release::Releasing);
    let token = rig.sale.vend_token().unwrap();
    assert!(rig.sale.vend_token().is_none(), "once");
    assert_eq!(rig.sale.begin_release(), Err(SaleError::NotNow));
    assert_eq!(rig.sale.settle_release(false), Err(SaleError::NotNow), "whoever holds the token says");
    rig.sale.released(token, true).unwrap();
    assert!(matches!(rig.next(), Asked::Done(Outcome::Paid { .. })));
    assert_eq!(kept(&rig), (Stage::Paid { watch: false }, Release::Released, false));
}

// Mutant: `after_cut` that leaves `Releasing` as `Due`: the goods go out twice.
#[test]
fn a_cut_while_releasing_asks_somebody() {
    for (cut, release, open) in [
        (AfterCut::AskOperator, Release::Unknown, true),
        (AfterCut::AssumeReleased, Release::Released, false),
        (AfterCut::AssumeNotReleased, Release::NotReleased, true),
    ] {
        let mut policy = policy(Refunds::ByCaller);
        policy.after_cut = cut;
        let mut rig = paid(policy);
        rig.sale.begin_release().unwrap();
        rig.next();
        let token = rig.sale.vend_token();
        rig.power_cut(policy);
        drop(token);
        let outcome = rig.next();
        assert_eq!(kept(&rig), (Stage::Paid { watch: false }, release, open));
        assert!(rig.sale.vend_token().is_none());
        assert_eq!(rig.sale.begin_release(), Err(SaleError::NotNow));
        let due = Asked::Done(Outcome::RefundDue(NotReleased));
        assert_eq!(outcome == due, cut == AfterCut::AssumeNotReleased, "{outcome:?}");
    }
}

#[test]
fn a_cut_before_releasing_releases_later() {
    let policy = policy(Refunds::ByCaller);
    let mut rig = paid(policy);
    rig.power_cut(policy);
    assert!(matches!(rig.next(), Asked::Done(Outcome::Paid { .. })));
    hand_out(&mut rig);
    rig.next();
    assert!(!rig.journal.as_ref().unwrap().is_open());
}

#[test]
fn an_operator_decides_once() {
    for out in [true, false] {
        let policy = policy(Refunds::ByKeys);
        let mut rig = paid(policy);
        rig.sale.begin_release().unwrap();
        rig.next();
        rig.power_cut(policy);
        rig.next();
        rig.sale.settle_release(out).unwrap();
        assert_eq!(rig.sale.settle_release(!out), Err(SaleError::NotNow));
        if out {
            assert!(matches!(rig.next(), Asked::Done(Outcome::Paid { .. })));
        } else {
            rig.tell("refund", refund(NotReleased, "PENDING"));
            assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(NotReleased)));
            assert_eq!(kept(&rig).1, Release::Returned);
        }
        assert!(!rig.journal.as_ref().unwrap().is_open());
    }
}

// Mutant: a lost answer taken for a refund; one taken for none, so that another id is used.
#[test]
fn a_refund_is_read_back_and_made_once() {
    let mut rig = paid_late(policy(Refunds::ByKeys));
    rig.tell("refund", Told::Lost).tell("read refund", Told::Answer(502, "<html>".to_owned()));
    assert_eq!(rig.sale.standing(), Outcome::RefundDue(LateSuccess));
    assert!(rig.sale.record().is_open());
    rig.tell("read refund", Told::Answer(404, "{}".to_owned()));
    rig.tell("refund", Told::Answer(409, "{}".to_owned()));
    rig.tell("read refund", refund(Surplus, "SUCCESS"));
    rig.tell("read refund", refund(LateSuccess, "SUCCESS"));
    assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(LateSuccess)));
    assert_eq!(kept(&rig), (Stage::Refunded(LateSuccess), Release::Untracked, false));
}

#[test]
fn a_refund_goes_on_after_a_power_cut() {
    let policy = policy(Refunds::ByKeys);
    let mut rig = paid_late(policy);
    assert_eq!(rig.next(), Asked::Send("refund"));
    rig.power_cut(policy);
    rig.tell("refund", refund(LateSuccess, "ONHOLD"));
    assert!(matches!(rig.next(), Asked::Done(_)));
    assert!(!rig.journal.as_ref().unwrap().is_open());
}

// Mutant: `CANCELLED` read as taken.
#[test]
fn a_cancelled_refund_stays_due() {
    let mut rig = paid_late(policy(Refunds::ByKeys));
    rig.tell("refund", refund(LateSuccess, "CANCELLED"));
    assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(LateSuccess)));
    assert_eq!(rig.sale.route_problem(), Some(RouteProblem::RefundCancelled));
    assert!(rig.journal.as_ref().unwrap().is_open());
    rig.sale.refunded().unwrap();
    rig.next();
    assert!(!rig.journal.as_ref().unwrap().is_open());
}

#[test]
fn late_money_is_never_handed_out() {
    let mut rig = paid_late(policy(Refunds::ByCaller));
    assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(LateSuccess)));
    assert_eq!(rig.sale.begin_release(), Err(SaleError::NotNow));
    assert_eq!(rig.sale.settle_release(false), Err(SaleError::NotNow));
}

// Mutant: `settle_duties` that ends in `Done` while the goods of a surplus order were not handed out.
#[test]
fn a_surplus_goes_back_and_the_goods_go_out() {
    let policy = policy(Refunds::ByKeys);
    let mut rig = paid_twice(policy);
    rig.power_cut(policy);
    rig.tell("list", list(&[(11, "SUCCESS"), (12, "SUCCESS")]));
    rig.tell("refund", refund(Surplus, "SUCCESS"));
    assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(Surplus)));
    assert_eq!(kept(&rig), (Stage::Refunded(Surplus), Release::Due, true));
    hand_out(&mut rig);
    rig.next();
    assert_eq!(kept(&rig), (Stage::Refunded(Surplus), Release::Released, false));
}

#[test]
fn goods_that_stay_of_an_order_paid_twice_send_both_back() {
    let policy = policy(Refunds::ByKeys);
    let mut rig = paid_twice(policy);
    rig.power_cut(policy);
    rig.tell("list", list(&[(11, "SUCCESS"), (12, "SUCCESS")]));
    rig.tell("refund", refund(Surplus, "SUCCESS"));
    rig.next();
    rig.sale.settle_release(false).unwrap();
    rig.tell("refund", refund(NotReleased, "SUCCESS"));
    rig.next();
    assert_eq!(kept(&rig), (Stage::Refunded(Surplus), Release::Returned, false));
}

// Mutant: a watch that ends when the goods are out.
#[test]
fn a_watch_goes_on_beside_the_goods() {
    let policy = policy(Refunds::ByBackend);
    let mut rig = paid_twice(policy);
    rig.power_cut(policy);
    rig.tell("list", list(&[(11, "SUCCESS"), (12, "NOT_ATTEMPTED")]));
    rig.sale.begin_release().unwrap();
    assert_eq!(rig.next(), Asked::Send("list"));
    let token = rig.sale.vend_token().unwrap();
    rig.answer(list(&[(11, "SUCCESS"), (12, "NOT_ATTEMPTED")]));
    rig.sale.released(token, true).unwrap();
    rig.tell("released", Told::Answer(200, "{}".to_owned()));
    rig.tell("list", list(&[(11, "SUCCESS"), (12, "SUCCESS")]));
    rig.tell("released", Told::Answer(200, "{}".to_owned()));
    rig.next();
    assert_eq!(kept(&rig), (Stage::Refunded(Surplus), Release::Released, false));
}

// Mutants: a report that is forgotten by a power cut; one that is given up after a failure.
#[test]
fn the_backend_hears_of_it_until_it_has_taken_it() {
    let policy = policy(Refunds::ByBackend);
    let mut rig = paid(policy);
    hand_out(&mut rig);
    rig.tell("released", Told::Lost).tell("released", Told::Answer(503, String::new()));
    assert!(matches!(rig.sale.standing(), Outcome::Paid { .. }));
    rig.power_cut(policy);
    rig.tell("released", Told::Answer(429, String::new())).tell("released", Told::Answer(200, "{}".to_owned()));
    assert!(matches!(rig.next(), Asked::Done(Outcome::Paid { .. })));
    assert!(!rig.journal.as_ref().unwrap().is_open());

    let mut rig = paid_late(policy);
    rig.tell("not released", Told::Answer(200, "{}".to_owned()));
    rig.next();
    assert_eq!(kept(&rig), (Stage::Refunded(LateSuccess), Release::Untracked, false));
}

#[test]
fn a_backend_that_contradicts_needs_a_person() {
    let mut rig = paid(policy(Refunds::ByBackend));
    rig.sale.settle_release(false).unwrap();
    rig.tell("not released", Told::Answer(409, "{}".to_owned()));
    assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(NotReleased)));
    assert_eq!(rig.sale.route_problem(), Some(RouteProblem::Refused { status: 409 }));
    assert!(rig.journal.as_ref().unwrap().is_open());
}

#[test]
fn a_method_is_switched_in_three_ways() {
    let shown = || {
        let mut rig = Rig::new(Policy::with_ask());
        rig.next();
        rig.pay(&methods::card(SESSION), "k0").unwrap();
        rig.tell("pay", card_reply(11));
        rig.next();
        rig
    };
    let mut wait = shown();
    assert_eq!(wait.switch(Switch::GoOn), Err(SaleError::NotNow));
    wait.switch(Switch::Wait).unwrap();
    assert_eq!(wait.rounds("ACTIVE", &[(11, "FAILED")]), Asked::Ready("Failed".to_owned()));
    wait.pay(&methods::link(SESSION), "k1").unwrap();

    let mut close = shown();
    close.switch(Switch::Close).unwrap();
    assert_eq!(close.rounds("TERMINATED", &[(11, "USER_DROPPED")]), Asked::Done(Outcome::NotPaid(NotPaid::Terminated)));
}

// Mutant: `attest` of a sale that was given up says paid instead of refund due.
#[test]
fn somebody_who_knows_closes_what_this_terminal_cannot() {
    for (says, outcome) in [
        (true, Outcome::Paid { cf_payment_id: Some(pay_core::model::CfPaymentId::new(11)), watch: false }),
        (false, Outcome::NotPaid(NotPaid::Attested)),
    ] {
        let mut rig = Rig::new(Policy::session_only());
        rig.next();
        assert_eq!(rig.sale.attest(says), Err(SaleError::NotNow));
        rig.pay(&methods::card(SESSION), "k0").unwrap();
        rig.tell("pay", card_reply(11)).shown();
        assert_eq!(rig.next(), Asked::Done(Outcome::Pending));
        rig.power_cut(Policy::session_only());
        assert_eq!(rig.next(), Asked::Done(Outcome::Unknown));
        rig.sale.attest(says).unwrap();
        assert_eq!(rig.next(), Asked::Done(outcome));
        assert!(!rig.journal.as_ref().unwrap().is_open());
    }
}
