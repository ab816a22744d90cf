//! What a caller may ask of a sale, and when.

use pay_core::model::RefundReason::LateSuccess;
use pay_core::sale::{Millis, NotPaid, Outcome, Policy, Refunds, SaleError, Stage, Switch};

use crate::methods;
use crate::rig::{Asked, Rig, card_reply, link_reply, list, order_is};
use crate::sold::SESSION;

const WAYS: [Switch; 3] = [Switch::Wait, Switch::GoOn, Switch::Close];

fn open() -> Rig {
    let mut rig = Rig::new(Policy::with_ask());
    assert_eq!(rig.next(), Asked::Ready(String::new()));
    rig
}

/// A link was shown, and nobody has been asked about it yet.
fn shown(policy: Policy) -> Rig {
    let mut rig = Rig::new(policy);
    rig.next();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    rig
}

#[test]
fn a_second_attempt_waits_for_the_first() {
    let mut rig = open();
    let another = |rig: &mut Rig| assert_eq!(rig.pay(&methods::link(SESSION), "k1"), Err(SaleError::NotNow));
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    another(&mut rig);
    rig.tell("pay", link_reply(11));
    another(&mut rig);
    rig.shown();
    another(&mut rig);
    assert_eq!(rig.next(), Asked::Send("order"));
    another(&mut rig);
    assert_eq!(rig.sale.record().attempt_count(), 1);
}

#[test]
fn an_otp_is_sent_where_one_is_asked_for() {
    let mut rig = open();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", card_reply(11));
    assert_eq!(rig.next(), Asked::Present("open_url"));
    assert_eq!(rig.submit_otp("o0"), Err(SaleError::NotNow));
    assert_eq!(rig.next(), Asked::Present("open_url"));
}

#[test]
fn a_method_is_switched_while_one_is_open_and_no_call_is_on_its_way() {
    let refused = |rig: &mut Rig| WAYS.iter().for_each(|how| assert_eq!(rig.switch(*how), Err(SaleError::NotNow)));
    let mut rig = open();
    refused(&mut rig);
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    refused(&mut rig);
    assert_eq!(rig.next(), Asked::Send("pay"));
    refused(&mut rig);
    rig.answer(link_reply(11));
    rig.shown();
    assert_eq!(rig.next(), Asked::Send("order"));
    refused(&mut rig);
    rig.answer(order_is("ACTIVE"));
    rig.switch(Switch::GoOn).unwrap();
    assert_eq!(rig.next(), Asked::Ready(String::new()));
    // Given up, the order still on its way to its end.
    let mut rig = shown(Policy::with_ask());
    rig.sale.cancel(Millis(rig.now));
    rig.tell("terminate", order_is("TERMINATION_REQUESTED"));
    refused(&mut rig);
    assert_eq!(rig.sale.record().stage, Stage::Closing);
}

#[test]
fn after_its_last_attempt_a_sale_can_only_be_closed() {
    let mut rig = open();
    for (id, name) in (11..).zip(["k0", "k1", "k2", "k3"]) {
        rig.pay(&methods::link(SESSION), name).unwrap();
        rig.tell("pay", link_reply(id)).shown();
        for how in [Switch::Wait, Switch::GoOn] {
            assert_eq!(rig.switch(how), if id < 14 { Ok(()) } else { Err(SaleError::TooManyAttempts) }, "{id}");
        }
    }
    rig.switch(Switch::Close).unwrap();
    assert_eq!(rig.next(), Asked::Send("terminate"));
}

#[test]
fn what_was_left_behind_can_be_asked_about_again() {
    let mut rig = open();
    assert_eq!(rig.sale.ask(Millis(rig.now)), Err(SaleError::NotNow), "there is no attempt");
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    assert_eq!(rig.sale.ask(Millis(rig.now)), Err(SaleError::NotNow), "it asks");
    rig.switch(Switch::GoOn).unwrap();
    rig.sale.ask(Millis(rig.now)).unwrap();
    assert_eq!(rig.rounds("ACTIVE", &[(11, "FAILED")]), Asked::Ready("Failed".to_owned()));
    assert_eq!(rig.sale.ask(Millis(rig.now)), Err(SaleError::NotNow), "nothing is open");

    let mut rig = Rig::new(Policy::session_only());
    rig.next();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11));
    assert_eq!(rig.next(), Asked::Present("upi_links"));
    rig.switch(Switch::GoOn).unwrap();
    assert_eq!(rig.sale.ask(Millis(rig.now)), Err(SaleError::NotNow), "there is nobody to ask");
}

#[test]
fn a_refund_by_hand_is_noted_between_two_calls() {
    let mut policy = Policy::with_ask();
    policy.refunds = Refunds::ByKeys;
    let mut rig = shown(policy);
    rig.sale.cancel(Millis(rig.now));
    rig.tell("terminate", order_is("PAID")).tell("list", list(&[(11, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Send("list"), "before the refund");
    assert_eq!(rig.sale.refunded(), Err(SaleError::NotNow));
    rig.answer(list(&[(11, "SUCCESS")]));
    rig.sale.refunded().unwrap();
    assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(LateSuccess)));
    assert!(!rig.journal.as_ref().unwrap().is_open());
}

#[test]
fn what_was_given_up_or_is_over_is_not_given_up_again() {
    let mut rig = shown(Policy::with_ask());
    rig.sale.cancel(Millis(rig.now));
    rig.tell("terminate", order_is("TERMINATION_REQUESTED"));
    rig.sale.cancel(Millis(rig.now));
    assert_eq!(rig.next(), Asked::Send("order"), "the gateway has accepted it");

    // Its code may still be paid, in time.
    let mut rig = shown(Policy::session_only());
    assert_eq!(rig.next(), Asked::Done(Outcome::Pending));
    rig.sale.cancel(Millis(rig.now));
    assert_eq!(rig.next(), Asked::Done(Outcome::Pending));
    assert_eq!(rig.sale.record().stage, Stage::Open);
}

#[test]
fn a_sale_without_an_attempt_has_not_started() {
    assert_eq!(open().sale.standing(), Outcome::NotPaid(NotPaid::NotStarted));
}

// Of a terminal that cannot ask: the gateway was too busy, and may have begun all the same.
#[test]
fn what_was_given_up_after_throttling_is_unknown() {
    let mut rig = Rig::new(Policy::session_only());
    rig.next();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", crate::rig::throttled());
    rig.sale.cancel(Millis(rig.now));
    assert_eq!(rig.next(), Asked::Done(Outcome::Unknown));
}

#[test]
fn a_taken_order_that_was_paid_was_paid_by_another() {
    let mut rig = Rig::taking(Policy::with_ask());
    rig.tell("order", order_is("ACTIVE")).tell("list", list(&[(11, "PENDING")]));
    assert_eq!(rig.next(), Asked::Done(Outcome::OrderTaken));
    rig.sale.attest(true).unwrap();
    assert_eq!(rig.next(), Asked::Done(Outcome::PaidElsewhere));
}
