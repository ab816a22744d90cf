//! Somebody else pays, or may pay, the same order: another terminal, another journal, the merchant's site.

use pay_core::model::RefundReason::{LateSuccess, NotReleased, Surplus};
use pay_core::model::{CfPaymentId, Text};
use pay_core::sale::{
    Conflict, Millis, NotPaid, Outcome, Policy, Release, Return, Returned, RouteProblem, Sale, SaleError, Stage, Switch,
};

use crate::methods;
use crate::rig::{
    Asked, MARK, Rig, Told, card_reply, link_reply, list, marked_order_is, order_is, payment, refund, refund_list,
    refused, timed_list,
};
use crate::sold::{SESSION, attested, given_up_unheard, hand_out, keys, two_links};
use crate::world::ORDER;

/// A sale of an order that was there, which nobody has paid yet; a link of it is shown.
fn shown(policy: Policy, id: u64) -> Rig {
    let mut rig = Rig::taking(policy);
    rig.tell("order", order_is("ACTIVE")).tell("list", list(&[]));
    assert_eq!(rig.next(), Asked::Ready(String::new()));
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(id)).shown();
    rig
}

fn paid(id: u64, watch: bool) -> Outcome {
    Outcome::Paid { cf_payment_id: Some(CfPaymentId::new(id)), watch }
}

fn answer(status: u16, code: &str, kind: &str) -> Told {
    Told::Answer(status, format!(r#"{{"code":"{code}","type":"{kind}","message":"m"}}"#))
}

/// The later one at the bank.
const LATER: &str = "2026-11-22T21:50:20+05:30";
const EARLIER: &str = "2026-11-22T21:50:19+05:30";

// M1.
#[test]
fn of_two_terminals_that_were_both_paid_one_hands_out() {
    let both = || timed_list(&[(11, "SUCCESS", LATER), (12, "SUCCESS", EARLIER)]);
    let mut winner = shown(keys(), 12);
    winner.tell("order", order_is("PAID")).tell("list", both());
    assert_eq!(winner.next(), Asked::Done(paid(12, true)));
    winner.sale.begin_release().unwrap();

    let mut loser = shown(keys(), 11);
    loser.tell("order", order_is("PAID")).tell("list", both());
    loser.tell("list", both()).tell("refunds", Told::Answer(200, "[]".to_owned()));
    loser.tell("refund", refund(11, "SUCCESS"));
    loser.next();
    assert_eq!(loser.sale.begin_release(), Err(SaleError::NotNow));
    assert_eq!(loser.journal.as_ref().unwrap().release, Release::Returned);
}

// M1. Mutant: `SAME_SECOND_MS` of nought hands out for the later of two.
#[test]
fn a_success_stands_once_the_second_is_over_in_which_an_earlier_one_may_come() {
    let one = timed_list(&[(11, "PENDING", LATER), (12, "SUCCESS", LATER)]);
    let both = || timed_list(&[(11, "SUCCESS", LATER), (12, "SUCCESS", LATER)]);
    let mut rig = shown(keys(), 12);
    rig.tell("order", order_is("PAID")).tell("list", one).tell("list", both());
    rig.tell("list", both()).tell("refunds", Told::Answer(200, "[]".to_owned()));
    rig.tell("refund", refund(12, "SUCCESS"));
    rig.next();
    assert_eq!(rig.sale.begin_release(), Err(SaleError::NotNow));
    assert_eq!(rig.journal.as_ref().unwrap().release, Release::Returned);
}

// M1. Two shoppers paid: the later one's money is on its way back, and the earlier one's goods do not come out.
#[test]
fn what_another_terminal_sent_back_is_not_kept_for_goods_that_stayed() {
    let jammed = |refunds: Told| {
        let both = || timed_list(&[(11, "SUCCESS", LATER), (12, "SUCCESS", EARLIER)]);
        let mut rig = shown(keys(), 12);
        rig.tell("order", order_is("PAID")).tell("list", both());
        rig.next();
        rig.sale.begin_release().unwrap();
        rig.next();
        let token = rig.sale.vend_token().unwrap();
        rig.sale.released(token, false).unwrap();
        rig.tell("list", both()).tell("refunds", refunds);
        rig
    };
    let mut rig = jammed(refund_list(&[(11, "PENDING")]));
    rig.tell("refund", refund(12, "SUCCESS"));
    rig.next();
    assert_eq!(rig.journal.as_ref().unwrap().release, Release::Returned);
    // What was not sent back whole, or will not be, is kept.
    let Told::Answer(status, part) = refund_list(&[(11, "SUCCESS")]) else { unreachable!() };
    for refunds in [Told::Answer(status, part.replace("10.15", "10.14")), refund_list(&[(11, "REJECTED")])] {
        let mut rig = jammed(refunds);
        assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(NotReleased)));
        assert_eq!(rig.sale.route_problem(), Some(RouteProblem::RefundRefused));
    }
    // Of a refund under another name nobody here knows whose it is: a person must look.
    let of_the_site =
        r#"[{"refund_id":"site-1","order_id":"till-7-0000","refund_amount":10.15,"refund_status":"SUCCESS"}]"#;
    let mut rig = jammed(Told::Answer(200, of_the_site.replace("till-7-0000", ORDER)));
    assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(NotReleased)));
    assert_eq!(rig.sale.route_problem(), Some(RouteProblem::RefundRefused));
    assert_eq!(rig.journal.as_ref().unwrap().release, Release::NotReleased);
}

// M1.
#[test]
fn of_two_terminals_the_one_that_was_not_paid_hands_nothing_out() {
    let mut rig = shown(keys(), 11);
    rig.tell("order", order_is("PAID")).tell("list", list(&[(11, "NOT_ATTEMPTED"), (12, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(Outcome::PaidElsewhere));
    assert_eq!(rig.sale.begin_release(), Err(SaleError::NotNow));
    assert!(rig.journal.as_ref().unwrap().is_open(), "our link may still be paid");
}

// M2.
#[test]
fn an_order_that_was_there_is_never_called_not_paid() {
    let exists =
        || [answer(409, "order_already_exists", "invalid_request_error"), answer(422, "x", "idempotency_error")];
    for told in exists() {
        let mut rig = Rig::creating();
        rig.tell("create", told).tell("order", marked_order_is("PAID", "x")).tell("list", list(&[(11, "SUCCESS")]));
        assert_eq!(rig.next(), Asked::Done(Outcome::PaidElsewhere));
    }
    for told in exists() {
        let mut rig = Rig::creating();
        rig.tell("create", told).tell("order", marked_order_is("ACTIVE", "x"));
        assert_eq!(rig.next(), Asked::Done(Outcome::OrderTaken));
        assert!(rig.journal.as_ref().unwrap().is_open());
        // Its code is paid after all.
        rig.power_cut(Policy::with_ask());
        rig.tell("order", marked_order_is("PAID", "x")).tell("list", list(&[(11, "SUCCESS")]));
        assert_eq!(rig.next(), Asked::Done(Outcome::PaidElsewhere));
    }
    // Given up before anybody has read it.
    for told in exists() {
        let mut rig = Rig::creating();
        rig.tell("create", told);
        rig.sale.cancel(Millis(rig.now));
        assert_eq!(rig.next(), Asked::Done(Outcome::OrderTaken));
    }
}

// M2.
#[test]
fn an_answer_from_the_store_may_be_to_another_terminals_call() {
    let Told::Answer(status, theirs) = marked_order_is("ACTIVE", "x") else { unreachable!() };
    let mut rig = Rig::creating();
    rig.tell("create", Told::With(|head| head.replayed = true, status, theirs.clone()));
    rig.tell("order", Told::Answer(status, theirs));
    assert_eq!(rig.next(), Asked::Done(Outcome::OrderTaken));

    // Some gateways leave the tags out.
    let Told::Answer(status, ours) = order_is("ACTIVE") else { unreachable!() };
    for ours in [ours.replace("till_mark", "other_tag"), ours] {
        let mut rig = Rig::creating();
        rig.tell("create", Told::Lost).tell("create", Told::With(|head| head.replayed = true, status, ours));
        rig.tell("list", list(&[]));
        assert_eq!(rig.next(), Asked::Ready(String::new()));
    }
}

// Who holds keys may have begun to pay between the two calls. A backend that has the order already answers so, too.
#[test]
fn what_an_earlier_create_call_made_is_not_paid_beside_others() {
    for (status, outcome) in [
        ("PENDING", Outcome::OrderTaken),
        ("NOT_ATTEMPTED", Outcome::OrderTaken),
        ("FAILED", Outcome::OrderTaken),
        ("SUCCESS", Outcome::PaidElsewhere),
    ] {
        let Told::Answer(code, ours) = order_is("ACTIVE") else { unreachable!() };
        let mut rig = Rig::creating();
        rig.tell("create", Told::Lost).tell("create", Told::With(|head| head.replayed = true, code, ours));
        rig.tell("list", list(&[(21, status)]));
        if status == "SUCCESS" {
            rig.tell("list", list(&[(21, status)]));
        }
        assert_eq!(rig.next(), Asked::Done(outcome), "{status}");
    }
}

// M2.
#[test]
fn an_order_of_the_journal_is_not_given_up_before_its_attempts_are_known() {
    let mut rig = Rig::new(Policy::with_ask());
    rig.next();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", Told::Lost);
    assert_eq!(rig.rounds("ACTIVE", &[]), Asked::Ready("NotFound".to_owned()));
    let back = |rig: &mut Rig| {
        let record = rig.journal.clone().unwrap();
        rig.sale = Sale::come_back(record, None, Policy::with_ask(), [9; 16], Millis(rig.now));
    };
    back(&mut rig);
    rig.sale.cancel(Millis(rig.now));
    let late = [(11, "SUCCESS")];
    assert_eq!(
        rig.rounds("TERMINATED", &late),
        Asked::Done(Outcome::PaidUnclear),
        "whoever comes back may have given it away"
    );

    back(&mut rig);
    for _ in 0..6 {
        rig.now += 60_000;
        assert_eq!(rig.next(), Asked::Send("order"));
        rig.answer(Told::NotSent);
    }
    assert!(rig.sale.record().is_open(), "{:?}", rig.sale.record().stage);
}

// M3.
#[test]
fn goods_go_out_for_payments_of_this_sale_alone() {
    let mut rig = Rig::taking(keys());
    rig.tell("order", order_is("PAID")).tell("list", list(&[(11, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(Outcome::PaidElsewhere));
    assert_eq!(rig.sale.begin_release(), Err(SaleError::NotNow));
    assert!(rig.sale.vend_token().is_none());
}

// M4.
#[test]
fn a_session_of_another_order_is_not_paid_with() {
    let mut rig = Rig::taking(Policy::with_ask());
    let Told::Answer(status, body) = order_is("ACTIVE") else { unreachable!() };
    rig.tell("order", Told::Answer(status, body.replace(SESSION, "session_of_this_read"))).tell("list", list(&[]));
    assert_eq!(rig.next(), Asked::Ready(String::new()));
    assert_eq!(rig.pay(&methods::card(SESSION), "k0"), Err(SaleError::OtherSession));
    rig.pay(&methods::card("session_of_this_read"), "k0").unwrap();
}

// Meant to notice: the check left out (the card would go to the backend); all methods refused.
#[test]
fn a_card_does_not_go_to_a_backend_that_pays() {
    let mut rig = Rig::taking(Policy::with_ask());
    let Told::Answer(status, body) = order_is("ACTIVE") else { unreachable!() };
    rig.tell("order", Told::Answer(status, body.replace(SESSION, "alias_of_this_order"))).tell("list", list(&[]));
    assert_eq!(rig.next(), Asked::Ready(String::new()));
    assert_eq!(rig.pay(&methods::card("alias_of_this_order"), "k0"), Err(SaleError::CardNotRelayed));
    rig.pay(&methods::link("alias_of_this_order"), "k0").unwrap();
}

// M10.
#[test]
fn money_behind_a_list_that_hides_something_is_found() {
    let closing = |told: Told| {
        let mut rig = Rig::new(keys());
        rig.next();
        rig.pay(&methods::card(SESSION), "k0").unwrap();
        rig.tell("pay", card_reply(11)).shown();
        rig.sale.cancel(Millis(rig.now));
        rig.tell("terminate", order_is("TERMINATED")).tell("list", told);
        rig
    };
    let Told::Answer(status, one) = list(&[(11, "SUCCESS")]) else { unreachable!() };
    let unreadable = r#"{"cf_payment_id":null,"payment_status":"SUCCESS"}"#;
    let mut rig = closing(Told::Answer(status, one.replace('[', &format!("[{unreadable},"))));
    assert_eq!(rig.next(), Asked::Send("list"), "before the refund");
    assert_eq!(rig.sale.standing(), Outcome::RefundDue(LateSuccess));

    let mut rig = closing(Told::Answer(status, format!("[{unreadable}]")));
    rig.tell("payment", payment((11, "SUCCESS"))).tell("list", Told::Answer(status, format!("[{unreadable}]")));
    rig.next();
    assert_eq!(rig.sale.standing(), Outcome::RefundDue(LateSuccess));

    let mut rig = closing(Told::With(|head| head.truncated = true, 200, "[".to_owned()));
    rig.tell("payment", payment((11, "SUCCESS"))).tell("list", list(&[]));
    rig.next();
    assert_eq!(rig.sale.standing(), Outcome::RefundDue(LateSuccess));
}

// M10. Mutant: an element that cannot be read counted as the payment that was asked for singly, whatever else may exist.
#[test]
fn an_element_that_cannot_be_read_may_be_the_payment_without_a_number() {
    let mut rig = Rig::new(Policy::with_ask());
    rig.next();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    rig.switch(Switch::GoOn).unwrap();
    rig.pay(&methods::card(SESSION), "k1").unwrap();
    rig.tell("pay", Told::Lost);
    rig.sale.cancel(Millis(rig.now));
    rig.tell("terminate", order_is("TERMINATED"));
    for _ in 0..12 {
        rig.tell("list", Told::Answer(200, "[{}]".to_owned())).tell("payment", payment((11, "FAILED")));
        rig.tell("list", Told::Answer(200, "[{}]".to_owned()));
        assert_eq!(rig.sale.record().stage, Stage::Closing);
    }
}

// M13.
#[test]
fn a_sale_that_begins_anew_is_stopped_whatever_its_seed() {
    let mut kept = Rig::seeded(Policy::with_ask(), 2);
    kept.next();
    let kept = kept.journal.unwrap();
    // The same seed in the next boot, which has lost count: its first record, and any later one.
    let mut anew = Rig::creating();
    anew.next();
    let mut anew = anew.journal.unwrap();
    assert_eq!(anew.may_replace(&kept), Err(Conflict::Stale));
    anew.seq = kept.seq + 1;
    assert_eq!(anew.may_replace(&kept), Err(Conflict::Stale));
}

// M13. Meant to notice: a journal that says "another intent" where the sale must be resumed, and the other way round.
#[test]
fn a_journal_says_whether_a_sale_began_anew_or_stands_for_something_else() {
    let sent = |method: fn(&str) -> pay_core::model::OrderPay, key| {
        let mut rig = Rig::new(Policy::with_ask());
        rig.next();
        rig.pay(&method(SESSION), key).unwrap();
        assert_eq!(rig.next(), Asked::Send("pay"));
        rig.journal.unwrap()
    };
    let kept = sent(methods::card, "k0");
    assert_eq!(sent(methods::card, "k1").may_replace(&kept), Err(Conflict::Stale));
    assert_eq!(sent(methods::link, "k0").may_replace(&kept), Err(Conflict::OtherIntent));
}

// F1.
#[test]
fn an_attempt_that_nobody_completed_settles_after_half_an_hour_and_counts_at_once_no_more() {
    let mut rig = Rig::new(Policy::with_ask());
    rig.next();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    rig.sale.cancel(Millis(rig.now));
    rig.tell("terminate", order_is("TERMINATED")).tell("list", list(&[(11, "NOT_ATTEMPTED")]));
    let since = rig.now;
    assert_eq!(rig.next(), Asked::Send("list"));
    let record = rig.journal.clone().unwrap();
    assert!(record.is_open() && record.is_quiet() && !record.is_unsettled());
    assert!(rig.now - since >= 1_800_000, "the reading that has to agree");
    rig.answer(list(&[(11, "NOT_ATTEMPTED")]));
    assert_eq!(rig.next(), Asked::Done(Outcome::NotPaid(NotPaid::Terminated)));
}

// F1.
#[test]
fn what_is_pending_for_ever_is_a_persons_matter_and_blocks_nobody() {
    let mut rig = Rig::new(Policy::with_ask());
    rig.next();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", card_reply(11)).shown();
    rig.sale.cancel(Millis(rig.now));
    rig.tell("terminate", order_is("TERMINATED"));
    let since = rig.now;
    while rig.now - since < 1_900_000 {
        assert!(rig.sale.record().is_unsettled());
        rig.tell("list", list(&[(11, "PENDING")]));
        if rig.sale.record().needs_person() {
            break;
        }
    }
    assert!(rig.sale.record().needs_person() && rig.sale.record().is_open() && !rig.sale.record().is_unsettled());
    rig.tell("list", list(&[(11, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(LateSuccess)));
    rig.sale.refunded().unwrap();
    rig.next();
    assert!(!rig.sale.record().needs_person(), "it was found out");
}

// F1. Mutant: since when something moves, kept in memory alone.
#[test]
fn what_is_pending_for_ever_is_a_persons_matter_over_boots_too() {
    let mut rig = Rig::new(Policy::with_ask());
    rig.next();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", card_reply(11)).shown();
    rig.sale.cancel(Millis(rig.now));
    rig.tell("terminate", order_is("TERMINATED")).tell("list", list(&[(11, "PENDING")]));
    rig.next();
    for (later, person) in [(600_000, false), (1_300_000, true)] {
        rig.now += later;
        rig.power_cut(Policy::with_ask());
        rig.tell("order", order_is("TERMINATED")).tell("list", list(&[(11, "PENDING")]));
        rig.next();
        assert_eq!(rig.sale.record().needs_person(), person, "after {later} ms more");
    }
}

// F2.
#[test]
fn a_method_left_behind_does_not_keep_a_paid_sale_open_for_ever() {
    let mut rig = Rig::new(Policy::with_ask());
    rig.next();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    rig.switch(Switch::GoOn).unwrap();
    rig.pay(&methods::card(SESSION), "k1").unwrap();
    rig.tell("pay", card_reply(12)).shown();
    let payments = [(11, "NOT_ATTEMPTED"), (12, "SUCCESS")];
    rig.tell("order", order_is("PAID")).tell("list", list(&payments));
    assert_eq!(rig.next(), Asked::Done(paid(12, true)));
    assert!(!rig.sale.record().is_unsettled());
    rig.power_cut(Policy::with_ask());
    rig.tell("list", list(&payments)).tell("list", list(&payments));
    assert_eq!(rig.next(), Asked::Done(paid(12, false)));
    assert!(!rig.journal.as_ref().unwrap().is_open());
}

// F3.
#[test]
fn nothing_is_sent_beside_a_payment_that_is_not_final() {
    for status in ["PENDING", "NOT_ATTEMPTED", "FLAGGED", "HELD", "NEW_WORD"] {
        let mut rig = Rig::taking(Policy::with_ask());
        rig.tell("order", order_is("ACTIVE")).tell("list", list(&[(11, status)]));
        assert_eq!(rig.next(), Asked::Done(Outcome::OrderTaken), "{status}");
    }
    let mut rig = Rig::taking(Policy::with_ask());
    rig.tell("order", order_is("ACTIVE")).tell("list", list(&[(11, "FAILED"), (12, "USER_DROPPED")]));
    assert_eq!(rig.next(), Asked::Ready(String::new()));
    // Whoever made the order this power-on need not read it.
    let mut rig = Rig::creating();
    rig.tell("create", order_is("ACTIVE"));
    assert_eq!(rig.next(), Asked::Ready(String::new()));
}

// F3. Mutant: a repeat beside a payment of somebody else that is under way.
#[test]
fn nothing_is_sent_again_beside_a_payment_that_is_under_way() {
    for (status, again) in [("PENDING", "order"), ("NOT_ATTEMPTED", "pay")] {
        let mut rig = Rig::taking(Policy::with_ask());
        rig.tell("order", order_is("ACTIVE")).tell("list", list(&[]));
        rig.next();
        rig.pay(&methods::link(SESSION), "k0").unwrap();
        rig.tell("pay", Told::Lost).tell("order", order_is("ACTIVE")).tell("list", list(&[(12, status)]));
        assert_eq!(rig.next(), Asked::Send(again), "{status}");
    }
}

// F4.
#[test]
fn the_gateways_reason_is_kept() {
    for (status, code, kind) in [
        (502, "bank_processing_failure", "api_error"),
        (422, "request_invalid", "idempotency_error"),
        (400, "order_already_paid", "invalid_request_error"),
    ] {
        let mut rig = Rig::new(Policy::with_ask());
        rig.next();
        rig.pay(&methods::card(SESSION), "k0").unwrap();
        rig.tell("pay", answer(status, code, kind));
        assert_eq!(rig.rounds("ACTIVE", &[]), Asked::Ready("NotFound".to_owned()));
        rig.sale.cancel(Millis(rig.now));
        assert_eq!(rig.rounds("TERMINATED", &[]), Asked::Done(Outcome::NotPaid(NotPaid::Terminated)));
        let said = rig.journal.unwrap().said.unwrap();
        assert_eq!((said.status, said.code.as_str()), (status, code));
    }
}

// Mutant: the standing payment told by the list alone while the goods are not yet out: ours goes back, and its goods go out.
#[test]
fn goods_stay_where_another_payment_turns_out_to_stand() {
    let mut rig = shown(keys(), 11);
    let pending = [(11, "SUCCESS"), (12, "PENDING")];
    rig.tell("order", order_is("PAID")).tell("list", list(&pending)).tell("list", list(&pending));
    assert_eq!(rig.next(), Asked::Done(paid(11, true)));
    rig.power_cut(keys());
    rig.tell("list", timed_list(&[(11, "SUCCESS", LATER), (12, "SUCCESS", EARLIER)]));
    assert_eq!(rig.next(), Asked::Send("list"), "before the refund");
    assert_eq!(rig.sale.begin_release(), Err(SaleError::NotNow));
    assert_eq!(rig.journal.as_ref().unwrap().release, Release::NotReleased);
    assert_eq!(rig.sale.record().returns().count(), 1);
}

// Mutant: what goods went out for told after the list was noted: the first of two successes, whichever paid.
#[test]
fn what_goods_went_out_for_stays() {
    let mut rig = two_links(keys());
    rig.tell("order", order_is("PAID")).tell("list", list(&[(11, "NOT_ATTEMPTED"), (12, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(paid(12, true)));
    hand_out(&mut rig);
    rig.power_cut(keys());
    let both = [(11, "SUCCESS"), (12, "SUCCESS")];
    rig.tell("list", list(&both)).before_refund(&both, &[]).tell("refund", refund(11, "SUCCESS"));
    assert_eq!(rig.rounds("PAID", &both), Asked::Done(Outcome::RefundDue(Surplus)));
}

// Mutant: a payment of ours that succeeded first kept, and theirs sent back, after "paid elsewhere" was said.
#[test]
fn after_paid_elsewhere_ours_goes_back() {
    let mut rig = shown(keys(), 11);
    rig.tell("order", order_is("PAID")).tell("list", list(&[(11, "PENDING"), (12, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(Outcome::PaidElsewhere));
    rig.power_cut(keys());
    let both = || timed_list(&[(11, "SUCCESS", EARLIER), (12, "SUCCESS", LATER)]);
    rig.tell("list", both()).tell("list", both()).tell("refunds", Told::Answer(200, "[]".to_owned()));
    rig.tell("refund", refund(11, "SUCCESS"));
    rig.next();
    assert_eq!(rig.journal.as_ref().unwrap().release, Release::Returned);
    assert_eq!(rig.sale.begin_release(), Err(SaleError::NotNow));
}

/// A sale that was given up with a link shown and a card whose answer was lost; who paid is unclear.
fn given_up_with_two() -> Rig {
    let mut rig = Rig::taking(keys());
    rig.tell("order", order_is("ACTIVE")).tell("list", list(&[]));
    rig.next();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    rig.switch(Switch::GoOn).unwrap();
    rig.pay(&methods::card(SESSION), "k1").unwrap();
    rig.tell("pay", Told::Lost);
    rig.sale.cancel(Millis(rig.now));
    let unclear = [(11, "NOT_ATTEMPTED"), (12, "SUCCESS")];
    assert_eq!(rig.rounds("PAID", &unclear), Asked::Done(Outcome::PaidUnclear));
    rig
}

// Mutant: `PaidUnclear` that forgets that the sale was given up: what turns out to be ours is handed out later. Red while nobody could say
// whose the money was once the terminal had booted.
#[test]
fn what_was_given_up_stays_so_while_it_is_unclear() {
    let mut rig = given_up_with_two();
    let record = rig.journal.clone().unwrap();
    assert!(record.needs_person() && record.is_open() && !record.is_unsettled(), "{record:?}");
    for (ours, outcome) in [(true, Outcome::RefundDue(LateSuccess)), (false, Outcome::PaidElsewhere)] {
        for boots in [false, true] {
            let mut rig = Rig { sale: rig.sale.clone(), journal: Some(record.clone()), ..Rig::creating() };
            if boots {
                rig.power_cut(keys());
            }
            rig.sale.attest(ours).unwrap();
            assert_eq!(rig.sale.standing(), outcome, "{boots}");
        }
    }
    rig.power_cut(keys());
    let both = [(11, "SUCCESS"), (12, "SUCCESS")];
    rig.tell("order", order_is("PAID")).tell("list", list(&both));
    rig.next();
    assert_eq!(rig.sale.standing(), Outcome::RefundDue(LateSuccess));
}

// Mutant: every sale that was given up taken for an unclear one: a person's word ends it while the gateway still says how it went.
#[test]
fn nobody_attests_what_was_given_up_and_the_gateway_still_knows() {
    let mut rig = given_up_unheard();
    for _ in 0..3 {
        match rig.next() {
            Asked::Send("list") => rig.answer(list(&[(12, "PENDING")])),
            Asked::Send("order" | "terminate") => rig.answer(order_is("TERMINATED")),
            other => panic!("{other:?}"),
        }
    }
    let record = rig.journal.clone().unwrap();
    assert!(record.is_open() && !record.needs_person(), "{record:?}");
    assert_eq!(rig.sale.attest(true), Err(SaleError::NotNow));
    assert_eq!(rig.sale.record(), &record);
}

// Red while such a refund named no payment: with two terminals the gateway could take it off the payment of the other.
#[test]
fn what_a_person_says_was_paid_goes_back_under_the_number_of_its_payment() {
    let mut rig = attested();
    let one = [(12, "SUCCESS")];
    rig.tell("list", list(&one)).before_refund(&one, &[]).tell("refund", refund(12, "SUCCESS"));
    rig.next();
    let record = rig.journal.clone().unwrap();
    assert!(record.returns().eq(&[Return { what: Returned::Payment(CfPaymentId::new(12)), back: true }]), "{record:?}");
}

// Red while a refund without a payment's number was made.
#[test]
fn of_two_payments_that_may_be_ours_none_is_sent_back_by_guess() {
    let mut rig = attested();
    rig.tell("list", list(&[(11, "SUCCESS"), (12, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(LateSuccess)));
    assert_eq!(rig.sale.route_problem(), Some(RouteProblem::RefundRefused));
}

// Red while nothing was watched after a person had said "paid": what succeeded later stayed with the merchant.
#[test]
fn after_a_person_said_paid_a_surplus_goes_back_too() {
    let mut rig = given_up_with_two();
    rig.sale.attest(true).unwrap();
    let one = [(11, "NOT_ATTEMPTED"), (12, "SUCCESS")];
    rig.tell("list", list(&one)).before_refund(&one, &[]).tell("refund", refund(12, "SUCCESS"));
    assert_eq!(rig.next(), Asked::Send("list"), "what else it sent may take money");
    let both = [(11, "SUCCESS"), (12, "SUCCESS")];
    rig.answer(list(&both));
    rig.before_refund(&both, &[(12, "SUCCESS")]).tell("refund", refund(11, "SUCCESS"));
    rig.next();
    assert!(rig.journal.unwrap().returns().map(|due| due.back).eq([true, true]));
}

// Mutant: the deadline of the shopper closing a sale that was read as paid, because the list hid the payment.
#[test]
fn a_sale_that_was_paid_in_time_is_not_late() {
    let mut rig = shown(keys(), 11);
    let hidden = || Told::Answer(200, "[{}]".to_owned());
    rig.tell("order", order_is("PAID")).tell("list", hidden());
    rig.now += 400_000;
    rig.tell("payment", payment((11, "SUCCESS"))).tell("list", hidden());
    assert_eq!(rig.next(), Asked::Done(paid(11, true)), "the list hides something, so it is watched");
}

// Meant to notice: a list that nobody can pass on, which keeps goods that are paid for.
#[test]
fn where_no_list_comes_what_is_ours_is_asked_for_by_its_number() {
    let mut rig = shown(keys(), 11);
    rig.tell("order", order_is("PAID"));
    for _ in 0..3 {
        rig.tell("list", Told::Answer(502, String::new()));
    }
    rig.tell("payment", payment((11, "SUCCESS"))).tell("list", Told::Answer(502, String::new()));
    assert_eq!(rig.next(), Asked::Done(paid(11, true)), "others may be hidden, so it is watched");
}

// Mutant: `HOPELESS` that does not look whether anybody else had the session.
#[test]
fn an_order_that_nobody_can_read_is_taken_rather_than_not_paid() {
    let mut rig = Rig::taking(Policy::with_ask());
    rig.tell("order", order_is("ACTIVE")).tell("list", list(&[]));
    rig.next();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", refused());
    rig.next();
    rig.sale.cancel(Millis(rig.now));
    rig.tell("terminate", Told::NotSent).tell("order", Told::NotSent).tell("order", Told::NotSent);
    assert_eq!(rig.next(), Asked::Done(Outcome::OrderTaken));
    // It does not ask for ever; when somebody asks again it says so again, or learns more.
    rig.power_cut(Policy::with_ask());
    rig.tell("order", Told::NotSent).tell("order", Told::NotSent).tell("order", Told::NotSent);
    assert_eq!(rig.next(), Asked::Done(Outcome::OrderTaken));
    rig.sale.attest(false).unwrap();
    assert_eq!(rig.next(), Asked::Done(Outcome::NotPaid(NotPaid::Attested)));
    assert!(!rig.journal.as_ref().unwrap().is_open());
}

/// An answer of somebody in between.
fn page() -> Told {
    Told::Answer(200, "<html>".to_owned())
}

/// A creation that the power cut off before its answer was stored, after the boot.
fn cut_creation() -> Rig {
    let mut rig = Rig::creating();
    assert_eq!(rig.next(), Asked::Send("create"));
    rig.power_cut(Policy::with_ask());
    rig.sale = rig.sale.clone().with_mark(Text::parse("mark", MARK).unwrap());
    rig
}

fn gone() -> Told {
    answer(404, "order_not_found", "invalid_request_error")
}

// Mutant: a resumed creation that closes whatever order has its id.
#[test]
fn a_cut_creation_closes_no_order_but_its_own() {
    let mut rig = cut_creation();
    rig.tell("order", marked_order_is("ACTIVE", "x"));
    assert_eq!(rig.next(), Asked::Done(Outcome::OrderTaken));

    // Ours, and somebody has its session all the same.
    let mut rig = cut_creation();
    rig.tell("order", order_is("ACTIVE")).tell("list", list(&[(11, "NOT_ATTEMPTED")]));
    assert_eq!(rig.next(), Asked::Done(Outcome::OrderTaken));

    let mut rig = cut_creation();
    rig.tell("order", order_is("ACTIVE")).tell("list", list(&[])).tell("terminate", order_is("TERMINATED"));
    assert_eq!(rig.next(), Asked::Done(Outcome::NotPaid(NotPaid::Terminated)));
    assert!(!rig.journal.as_ref().unwrap().is_open());

    let mut rig = cut_creation();
    rig.tell("order", marked_order_is("PAID", "x")).tell("list", list(&[(11, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(Outcome::PaidElsewhere));
}

// Mutants: a cut creation that asks until its deadline whether its order is there; one that does so where nobody answers.
#[test]
fn a_cut_creation_whose_order_is_not_there_is_not_paid() {
    let mut rig = cut_creation();
    let before = rig.now;
    rig.tell("order", gone());
    assert_eq!(rig.next(), Asked::Done(Outcome::NotPaid(NotPaid::NotStarted)));
    assert_eq!(rig.now, before);
    assert!(!rig.journal.as_ref().unwrap().is_open());

    let mut rig = cut_creation();
    rig.tell("order", Told::NotSent).tell("order", Told::NotSent).tell("order", Told::NotSent);
    assert_eq!(rig.next(), Asked::Done(Outcome::NotPaid(NotPaid::NotStarted)));
}

/// An order of somebody else, found at its creation, after the next boot.
fn taken(created: Told) -> Rig {
    let mut rig = Rig::creating();
    rig.tell("create", created).tell("order", marked_order_is("ACTIVE", "x"));
    assert_eq!(rig.next(), Asked::Done(Outcome::OrderTaken));
    rig.power_cut(Policy::with_ask());
    rig
}

// Mutant: a boot that stores again what it knew: the soak did so 92,789 times in five minutes.
#[test]
fn an_order_that_is_still_taken_is_not_stored_again() {
    let mut rig = taken(page());
    let seq = rig.journal.as_ref().unwrap().seq;
    rig.tell("order", marked_order_is("ACTIVE", "x"));
    assert_eq!(rig.next(), Asked::Done(Outcome::OrderTaken));
    assert_eq!(rig.sale.record().seq, seq);
}

// Mutants: a taken order that is asked about for ever; one that is over although the gateway has said that it exists. Meant to
// notice, too: one 404, or 404 pages of somebody in between, that end it.
#[test]
fn a_taken_order_that_is_not_there_any_more_is_not_paid() {
    let mut rig = taken(page());
    rig.tell("order", gone());
    assert_eq!(rig.next(), Asked::Send("order"));
    rig.answer(gone());
    assert_eq!(rig.next(), Asked::Done(Outcome::NotPaid(NotPaid::NotStarted)));
    assert!(!rig.journal.as_ref().unwrap().is_open());

    let mut rig = taken(page());
    let nobodys = || Told::Answer(404, "<html>".to_owned());
    rig.tell("order", nobodys()).tell("order", nobodys()).tell("order", nobodys());
    assert_eq!(rig.next(), Asked::Done(Outcome::OrderTaken));

    let mut rig = taken(answer(409, "order_already_exists", "invalid_request_error"));
    rig.tell("order", gone()).tell("order", gone()).tell("order", gone());
    assert_eq!(rig.next(), Asked::Done(Outcome::OrderTaken), "a contradiction is a person's matter");
    rig.sale.attest(false).unwrap();
    assert_eq!(rig.next(), Asked::Done(Outcome::NotPaid(NotPaid::Attested)));
}

// Mutant: `HOPELESS` that forgets that the order was read as paid.
#[test]
fn an_order_that_was_read_as_paid_is_not_called_not_paid() {
    let mut rig = Rig::new(Policy::with_ask());
    rig.next();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", refused());
    rig.next();
    rig.sale.cancel(Millis(rig.now));
    rig.tell("terminate", order_is("PAID"));
    for _ in 0..3 {
        rig.tell("list", Told::NotSent);
    }
    assert_eq!(rig.next(), Asked::Done(Outcome::PaidElsewhere));
    // Nor does a list that stays empty make it unclear: nothing of ours was executed.
    let mut rig = Rig::taking(keys());
    rig.tell("order", order_is("PAID"));
    assert_eq!(rig.rounds("PAID", &[]), Asked::Done(Outcome::PaidElsewhere));
}

// Mutant: only what the list shows counted before a refund.
#[test]
fn a_surplus_beside_a_payment_that_the_list_hides_goes_back() {
    let mut rig = two_links(keys());
    rig.tell("order", order_is("PAID")).tell("list", list(&[(11, "SUCCESS"), (12, "NOT_ATTEMPTED")]));
    assert_eq!(rig.next(), Asked::Done(paid(11, true)));
    hand_out(&mut rig);
    rig.power_cut(keys());
    let Told::Answer(status, one) = list(&[(12, "SUCCESS")]) else { unreachable!() };
    let hides = || Told::Answer(status, one.replace('[', "[{},"));
    rig.tell("list", hides()).tell("payment", payment((11, "SUCCESS"))).tell("list", hides());
    rig.tell("list", hides()).tell("refunds", Told::Answer(200, "[]".to_owned())).tell("refund", refund(12, "SUCCESS"));
}
