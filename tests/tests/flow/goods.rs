//! What happens after the money came: the goods, refunds, reports to the backend.

use pay_core::model::CfPaymentId;
use pay_core::model::RefundReason::{LateSuccess, NotReleased, Surplus};
use pay_core::sale::{
    AfterCut, Conflict, Millis, NotPaid, Outcome, Policy, Refunds, Release, Return, Returned, RouteProblem, SaleError,
    Stage, Switch,
};

use crate::methods;
use crate::rig::{Asked, Rig, Told, card_reply, link_reply, list, order_is, refund, refused};
use crate::sold::{SESSION, paid, paid_late, policy, two_links, watched};
use crate::world::ORDER;

const ONE: [(u64, &str); 1] = [(11, "SUCCESS")];
const BOTH: [(u64, &str); 2] = [(11, "SUCCESS"), (12, "SUCCESS")];

fn kept(rig: &Rig) -> (Stage, Release, bool) {
    let record = rig.journal.as_ref().unwrap();
    (record.stage.clone(), record.release, record.is_open())
}

fn hand_out(rig: &mut Rig) {
    rig.sale.begin_release().unwrap();
    if rig.next() == Asked::Send("claim") {
        rig.answer(Told::Answer(200, "{}".to_owned()));
        rig.next();
    }
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
        assert!(token.is_some(), "it is lost with the power");
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
            rig.before_refund(&ONE, &[]).tell("refund", refund(11, "PENDING"));
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
    rig.before_refund(&ONE, &[]);
    rig.tell("refund", Told::Lost).tell("read refund", Told::Answer(502, "<html>".to_owned()));
    assert_eq!(rig.sale.standing(), Outcome::RefundDue(LateSuccess));
    assert!(rig.sale.record().is_open());
    rig.tell("read refund", Told::Answer(404, "{}".to_owned())).before_refund(&ONE, &[]);
    rig.tell("refund", Told::Answer(409, "{}".to_owned()));
    rig.tell("read refund", refund(12, "SUCCESS"));
    rig.tell("read refund", refund(11, "SUCCESS"));
    assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(LateSuccess)));
    assert_eq!(kept(&rig), (Stage::Refunded(LateSuccess), Release::Untracked, false));
}

#[test]
fn a_refund_goes_on_after_a_power_cut() {
    let policy = policy(Refunds::ByKeys);
    let mut rig = paid_late(policy);
    rig.before_refund(&ONE, &[]);
    assert_eq!(rig.next(), Asked::Send("refund"));
    rig.power_cut(policy);
    rig.before_refund(&ONE, &[]).tell("refund", refund(11, "ONHOLD"));
    assert!(matches!(rig.next(), Asked::Done(_)));
    assert!(!rig.journal.as_ref().unwrap().is_open());
}

// Mutant: `CANCELLED` read as taken.
#[test]
fn a_cancelled_refund_stays_due() {
    let mut rig = paid_late(policy(Refunds::ByKeys));
    rig.before_refund(&ONE, &[]).tell("refund", refund(11, "CANCELLED"));
    assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(LateSuccess)));
    assert_eq!(rig.sale.route_problem(), Some(RouteProblem::RefundRefused));
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
    let mut rig = watched(policy);
    rig.power_cut(policy);
    rig.tell("list", list(&BOTH));
    rig.before_refund(&BOTH, &[]).tell("refund", refund(12, "SUCCESS"));
    assert_eq!(rig.rounds("PAID", &BOTH), Asked::Done(Outcome::RefundDue(Surplus)));
    assert_eq!(kept(&rig), (Stage::Refunded(Surplus), Release::Due, true));
    hand_out(&mut rig);
    rig.next();
    assert_eq!(kept(&rig), (Stage::Refunded(Surplus), Release::Released, false));
}

// Red while the attempt took the number of the second payment: the report named one that the right to hand out was not for.
#[test]
fn of_a_link_that_was_sent_twice_the_payment_that_the_goods_are_for_stays() {
    let policy = policy(Refunds::ByKeys);
    let mut rig = Rig::new(policy);
    rig.next();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", Told::Lost).tell("order", order_is("ACTIVE")).tell("list", list(&[]));
    rig.tell("pay", link_reply(11)).shown();
    rig.tell("order", order_is("PAID")).tell("list", list(&[(11, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(Outcome::Paid { cf_payment_id: Some(CfPaymentId::new(11)), watch: true }));
    hand_out(&mut rig);
    rig.next();
    rig.power_cut(policy);
    // The first request has made a payment, too.
    rig.tell("list", list(&BOTH)).before_refund(&BOTH, &[]).tell("refund", refund(12, "SUCCESS"));
    rig.next();
    let record = rig.journal.clone().unwrap();
    let attempt = record.attempts().next().unwrap();
    assert_eq!(attempt.cf_payment_id, Some(CfPaymentId::new(11)));
    assert!(record.returns().eq(&[Return { what: Returned::Payment(CfPaymentId::new(12)), back: true }]), "{record:?}");
}

#[test]
fn goods_that_stay_of_an_order_paid_twice_send_both_back() {
    let policy = policy(Refunds::ByKeys);
    let mut rig = watched(policy);
    rig.power_cut(policy);
    rig.tell("list", list(&BOTH));
    rig.before_refund(&BOTH, &[]).tell("refund", refund(12, "SUCCESS"));
    rig.sale.settle_release(false).unwrap();
    rig.before_refund(&BOTH, &[(12, "SUCCESS")]).tell("refund", refund(11, "SUCCESS"));
    assert_eq!(rig.rounds("PAID", &BOTH), Asked::Done(Outcome::RefundDue(NotReleased)));
    assert_eq!(kept(&rig), (Stage::Refunded(Surplus), Release::Returned, false));
}

// Mutant: a watch that ends when the goods are out.
#[test]
fn a_watch_goes_on_beside_the_goods() {
    let policy = policy(Refunds::ByBackend);
    let mut rig = watched(policy);
    rig.power_cut(policy);
    rig.tell("list", list(&[(11, "SUCCESS"), (12, "NOT_ATTEMPTED")]));
    rig.sale.begin_release().unwrap();
    rig.tell("claim", Told::Answer(200, "{}".to_owned()));
    assert_eq!(rig.next(), Asked::Send("list"));
    let token = rig.sale.vend_token().unwrap();
    rig.answer(list(&[(11, "SUCCESS"), (12, "NOT_ATTEMPTED")]));
    rig.sale.released(token, true).unwrap();
    rig.tell("released", Told::Answer(200, "{}".to_owned()));
    rig.tell("list", list(&BOTH));
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

// M11. Mutant: a report that is due over a boot although nobody takes reports any more.
#[test]
fn a_report_is_not_due_for_ever_where_the_policy_has_changed() {
    for out in [true, false] {
        let mut rig = paid(policy(Refunds::ByBackend));
        if out {
            hand_out(&mut rig);
        } else {
            rig.sale.settle_release(false).unwrap();
        }
        rig.tell(if out { "released" } else { "not released" }, Told::Lost);
        rig.power_cut(policy(Refunds::ByKeys));
        if !out {
            // Nobody was told: the money goes back from here.
            rig.before_refund(&[(11, "SUCCESS")], &[]);
            rig.tell("refund", refund(11, "SUCCESS"));
        }
        assert!(matches!(rig.next(), Asked::Done(_)));
        assert!(!rig.journal.as_ref().unwrap().is_open(), "out: {out}");
    }
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

// Mutant: `settle_duties` that looks at the outcome instead of the stage for a watch.
#[test]
fn goods_that_stay_do_not_end_the_watch() {
    for cancelled in [false, true] {
        let policy = policy(Refunds::ByKeys);
        let mut rig = watched(policy);
        rig.power_cut(policy);
        assert_eq!(rig.next(), Asked::Send("list"));
        rig.answer(list(&[(11, "SUCCESS"), (12, "NOT_ATTEMPTED")]));
        rig.sale.settle_release(false).unwrap();
        rig.before_refund(&[(11, "SUCCESS"), (12, "NOT_ATTEMPTED")], &[]);
        rig.tell("refund", refund(11, if cancelled { "CANCELLED" } else { "PENDING" }));
        rig.tell("list", list(&BOTH));
        if cancelled {
            // Somebody must look at the first one, and is told of the second.
            assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(Surplus)));
            rig.sale.refunded().unwrap();
        }
        rig.before_refund(&BOTH, &[(11, if cancelled { "CANCELLED" } else { "PENDING" })]);
        rig.tell("refund", refund(12, "SUCCESS"));
        rig.rounds("PAID", &BOTH);
        assert_eq!(kept(&rig), (Stage::Refunded(Surplus), Release::Returned, false));
    }
}

// Mutant: `finish_late` that does not look whether there may be more.
#[test]
fn all_the_late_money_of_an_order_paid_twice_goes_back() {
    for word in ["PAID", "TERMINATED"] {
        let policy = policy(Refunds::ByKeys);
        let mut rig = two_links(policy);
        rig.sale.cancel(Millis(rig.now));
        rig.tell("terminate", order_is(word));
        rig.tell("list", list(&BOTH));
        rig.before_refund(&BOTH, &[]).tell("refund", refund(11, "SUCCESS"));
        // The journal has not heard of it: it finds the refund in the list.
        rig.power_cut(policy);
        rig.before_refund(&BOTH, &[(11, "SUCCESS")]);
        rig.before_refund(&BOTH, &[(11, "SUCCESS")]).tell("refund", refund(12, "SUCCESS"));
        rig.rounds("PAID", &BOTH);
        assert_eq!(kept(&rig), (Stage::Refunded(Surplus), Release::Returned, false));
        assert_eq!(rig.sale.begin_release(), Err(SaleError::NotNow));
    }
}

// What the gateway sends back by itself has no id of ours. Seen red: an element without `refund_id` unreadable (the list is read again);
// its amount not taken for what is due (a person must look); any word taken for "on its way".
#[test]
fn what_the_gateway_sent_back_by_itself_is_back() {
    let back = |id: &str, amount: &str, status: &str| {
        format!(
            r#"{{"refund_id":{id},"cf_refund_id":"7001","order_id":"{ORDER}","refund_amount":{amount},"refund_status":"{status}","refund_type":"PAYMENT_AUTO_REFUND"}}"#
        )
    };
    for (id, amount, status, is_back) in [
        ("null", "10.15", "INITIATED", true),
        ("null", "10.15", "SUCCESS", true),
        (r#""RF_1""#, "10.15", "PENDING", true),
        ("null", "10.14", "SUCCESS", false),
        ("null", "10.15", "FAILED", false),
    ] {
        let policy = policy(Refunds::ByKeys);
        let mut rig = paid_late(policy);
        rig.tell("list", list(&ONE)).tell("refunds", Told::Answer(200, format!("[{}]", back(id, amount, status))));
        assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(LateSuccess)));
        assert_eq!(
            rig.sale.route_problem(),
            (!is_back).then_some(RouteProblem::RefundRefused),
            "{id} {amount} {status}"
        );
        assert_eq!(rig.journal.as_ref().unwrap().is_open(), !is_back);
    }
    // Of two that both go back, the gateway sent one: one more goes, whichever it was.
    let policy = policy(Refunds::ByKeys);
    let mut rig = watched(policy);
    rig.power_cut(policy);
    rig.tell("list", list(&BOTH)).tell("list", list(&BOTH));
    rig.tell("refunds", Told::Answer(200, format!("[{}]", back("null", "10.15", "SUCCESS"))));
    rig.sale.settle_release(false).unwrap();
    rig.tell("list", list(&BOTH));
    rig.tell("refunds", Told::Answer(200, format!("[{}]", back("null", "10.15", "SUCCESS"))));
    rig.tell("refund", refund(11, "SUCCESS"));
    rig.rounds("PAID", &BOTH);
    assert_eq!(kept(&rig), (Stage::Refunded(Surplus), Release::Returned, false));
}

// Seen red: a payment that was taken back called a refund that was refused.
#[test]
fn a_late_success_that_the_gateway_takes_back_is_back() {
    for (word, is_back) in [("CANCELLED", true), ("VOID", true), ("FAILED", false)] {
        let mut rig = paid_late(policy(Refunds::ByKeys));
        rig.tell("list", list(&[(11, word)]));
        assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(LateSuccess)));
        assert_eq!(rig.sale.route_problem(), (!is_back).then_some(RouteProblem::RefundRefused), "{word}");
        assert_eq!(rig.journal.as_ref().unwrap().is_open(), !is_back);
    }
}

// Mutant: `surplus` as a flag: the third success is nobody's.
#[test]
fn each_surplus_goes_back_under_its_own_id() {
    let policy = policy(Refunds::ByKeys);
    let mut rig = watched(policy);
    rig.power_cut(policy);
    let three = [(11, "SUCCESS"), (12, "SUCCESS"), (13, "SUCCESS")];
    rig.tell("list", list(&BOTH)).before_refund(&BOTH, &[]).tell("refund", refund(12, "SUCCESS"));
    rig.tell("list", list(&three)).before_refund(&three, &[(12, "SUCCESS")]).tell("refund", Told::Lost);
    rig.tell("read refund", refund(12, "SUCCESS")).tell("read refund", refund(13, "SUCCESS"));
    rig.rounds("PAID", &three);
    assert_eq!(kept(&rig), (Stage::Refunded(Surplus), Release::Due, true));
}

// Mutant: `finish` that sets `Due` whatever the stage was: the goods, out since the first time, go out again.
#[test]
fn a_sale_that_was_paid_untracked_stays_so() {
    let mut rig = watched(Policy::with_ask());
    rig.power_cut(policy(Refunds::ByCaller));
    rig.rounds("PAID", &[(11, "SUCCESS"), (12, "FAILED")]);
    assert_eq!(kept(&rig), (Stage::Paid { watch: false }, Release::Untracked, false));
}

// Mutant: `refunded` only in `Done`: a refund that the gateway refuses for ever keeps its record for ever.
#[test]
fn a_person_may_send_the_money_back_while_the_sale_tries() {
    let mut rig = paid_late(policy(Refunds::ByKeys));
    rig.before_refund(&ONE, &[]);
    rig.tell("refund", Told::Answer(400, "{}".to_owned())).tell("read refund", Told::Answer(404, "{}".to_owned()));
    rig.sale.refunded().unwrap();
    assert!(matches!(rig.next(), Asked::Done(_)));
    assert!(!rig.journal.as_ref().unwrap().is_open());
}

#[test]
fn a_contradicted_report_is_settled_by_a_person() {
    let policy = policy(Refunds::ByBackend);
    let mut rig = paid(policy);
    hand_out(&mut rig);
    assert_eq!(rig.sale.report_settled(), Err(SaleError::NotNow));
    rig.tell("released", Told::Answer(409, "{}".to_owned()));
    assert!(matches!(rig.next(), Asked::Done(Outcome::Paid { .. })));
    rig.sale.report_settled().unwrap();
    rig.next();
    assert!(!rig.journal.as_ref().unwrap().is_open());
}

// Mutant: `none_since` kept from the readings of the active order.
#[test]
fn a_closed_order_is_read_twice_for_itself() {
    let mut rig = Rig::new(Policy::with_ask());
    rig.next();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", Told::Lost).tell("order", order_is("ACTIVE")).tell("list", list(&[]));
    rig.now += 60_000;
    rig.tell("order", order_is("EXPIRED")).tell("list", list(&[]));
    assert_eq!(rig.next(), Asked::Send("list"));
}

// Mutant: `close` that leaves the stage `Open` without a way to ask.
#[test]
fn what_was_given_up_is_late_for_whoever_finds_it() {
    let mut rig = Rig::new(Policy::session_only());
    rig.next();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11));
    rig.next();
    assert_eq!(rig.switch(Switch::Close), Err(SaleError::NotNow), "nothing can be closed from here");
    rig.sale.cancel(Millis(rig.now));
    assert_eq!(rig.next(), Asked::Done(Outcome::Pending));
    rig.sale.attest(true).unwrap();
    assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(LateSuccess)));
}

// Mutant: `may_replace` that takes any record of the same attempts with a higher number.
#[test]
fn the_journal_stops_a_sale_that_begins_anew() {
    let mut rig = Rig::new(Policy::with_ask());
    rig.next();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    assert_eq!(rig.next(), Asked::Send("pay"));
    let kept = rig.journal.clone().unwrap();
    let mut anew = Rig::seeded(Policy::with_ask(), 3);
    anew.next();
    anew.pay(&methods::card(SESSION), "k0").unwrap();
    assert_eq!(anew.next(), Asked::Send("pay"), "this rig's journal takes anything");
    assert_eq!(anew.journal.unwrap().may_replace(&kept), Err(Conflict::Stale));
}

// Mutant: every entry of the list counted.
#[test]
fn a_payment_that_is_listed_twice_is_one_payment() {
    let policy = policy(Refunds::ByKeys);
    let mut rig = watched(policy);
    rig.power_cut(policy);
    let twice = [(11, "SUCCESS"), (11, "PENDING"), (12, "FAILED"), (11, "SUCCESS"), (12, "FAILED")];
    rig.tell("list", list(&twice));
    let once = [(11, "SUCCESS"), (11, "SUCCESS"), (12, "FAILED")];
    assert!(matches!(rig.rounds("PAID", &once), Asked::Done(Outcome::Paid { watch: false, .. })));
}

// Mutant: a list that is read into sixteen places.
#[test]
fn a_list_of_any_length_is_read() {
    let many: Vec<_> = (100..140).map(|id| (id, "FAILED")).collect();
    let with = |late| [(11, late)].into_iter().chain(many.iter().copied()).collect::<Vec<_>>();
    let mut rig = Rig::new(Policy::with_ask());
    rig.next();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", card_reply(11)).shown();
    assert_eq!(rig.rounds("ACTIVE", &with("FAILED")), Asked::Ready("Failed".to_owned()));

    let mut rig = watched(policy(Refunds::ByKeys));
    rig.power_cut(policy(Refunds::ByKeys));
    let late: Vec<_> = many.iter().copied().chain(BOTH).collect();
    rig.tell("list", list(&late)).before_refund(&late, &[]).tell("refund", refund(12, "SUCCESS"));
}

// Mutant: a sale that comes to have a backend says nothing of what was due before.
#[test]
fn a_refund_that_was_due_is_the_backends_once_there_is_one() {
    let mut rig = paid_late(policy(Refunds::ByKeys));
    assert_eq!(rig.next(), Asked::Send("list"), "it would send the money back by itself");
    rig.power_cut(policy(Refunds::ByBackend));
    rig.tell("not released", Told::Answer(200, "{}".to_owned()));
    rig.next();
    assert!(!rig.journal.as_ref().unwrap().is_open());
}

// Mutant: a replayed answer to Create Refund believed.
#[test]
fn a_stored_answer_to_a_refund_is_not_its_state() {
    let policy = policy(Refunds::ByKeys);
    let mut rig = paid_late(policy);
    rig.before_refund(&ONE, &[]).tell("refund", refund(11, "CANCELLED"));
    rig.power_cut(policy);
    // The list is behind.
    rig.before_refund(&ONE, &[]);
    let Told::Answer(status, body) = refund(11, "PENDING") else { unreachable!() };
    rig.tell("refund", Told::With(|head| head.replayed = true, status, body));
    rig.tell("read refund", refund(11, "CANCELLED"));
    rig.next();
    assert!(rig.journal.as_ref().unwrap().is_open());
}

// Mutant: `HOPELESS` not looked at.
#[test]
fn an_order_that_cannot_have_charged_is_not_asked_about_for_ever() {
    let mut rig = Rig::new(Policy::with_ask());
    rig.next();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", refused());
    rig.next();
    rig.sale.cancel(Millis(rig.now));
    let gone = || Told::Answer(404, "{}".to_owned());
    rig.tell("terminate", gone()).tell("order", gone()).tell("order", gone());
    assert!(matches!(rig.next(), Asked::Done(Outcome::NotPaid(NotPaid::Refused(_)))));
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
    // P4: whether there is a code already is not known.
    wait.tell("pay", Told::Lost).tell("order", order_is("ACTIVE"));
    assert_eq!(wait.switch(Switch::GoOn), Err(SaleError::NotNow));

    let mut close = shown();
    close.switch(Switch::Close).unwrap();
    assert_eq!(close.rounds("TERMINATED", &[(11, "USER_DROPPED")]), Asked::Done(Outcome::NotPaid(NotPaid::Terminated)));
}

// Mutant: a claim without an answer that counts as granted.
#[test]
fn goods_wait_until_the_backend_has_answered_the_claim() {
    for told in [Told::Lost, Told::NotSent, Told::Answer(500, "{}".to_owned()), Told::Answer(429, String::new())] {
        let mut policy = policy(Refunds::ByBackend);
        policy.claim = true;
        let mut rig = paid(policy);
        rig.sale.begin_release().unwrap();
        rig.tell("claim", told);
        assert!(rig.sale.vend_token().is_none());
        rig.tell("claim", Told::Answer(200, "{}".to_owned()));
        rig.next();
        assert!(rig.sale.vend_token().is_some());
    }
}

// Mutants: `attest` that waits for a sale at rest; one that calls an order not paid that somebody else paid.
#[test]
fn somebody_who_knows_says_whose_the_money_was() {
    for (says, outcome) in
        [(true, Outcome::Paid { cf_payment_id: None, watch: false }), (false, Outcome::PaidElsewhere)]
    {
        let mut rig = Rig::taking(Policy::with_ask());
        rig.tell("order", order_is("ACTIVE")).tell("list", list(&[]));
        assert_eq!(rig.next(), Asked::Ready(String::new()));
        rig.pay(&methods::card(SESSION), "k0").unwrap();
        rig.tell("pay", Told::Lost);
        assert_eq!(rig.rounds("PAID", &[(11, "SUCCESS")]), Asked::Done(Outcome::PaidUnclear));
        rig.power_cut(Policy::with_ask());
        rig.sale.attest(says).unwrap();
        assert_eq!(rig.next(), Asked::Done(outcome));
    }
}

// Mutant: `attest` of a sale that was given up says paid instead of refund due.
#[test]
fn somebody_who_knows_closes_what_this_terminal_cannot() {
    for (says, outcome) in [
        // Nobody saw which payment succeeded, so none is named.
        (true, Outcome::Paid { cf_payment_id: None, watch: false }),
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

// Mutant: the answer to a claim taken for the answer to the report that followed it.
#[test]
fn the_answer_to_a_claim_is_none_to_a_report() {
    let mut rig = paid(policy(Refunds::ByBackend));
    rig.sale.begin_release().unwrap();
    assert_eq!(rig.next(), Asked::Send("claim"));
    rig.sale.settle_release(false).unwrap();
    rig.answer(Told::Answer(200, "{}".to_owned()));
    assert_eq!(kept(&rig).1, Release::Due, "the journal has yet to hear of it");
    rig.tell("not released", Told::Answer(200, "{}".to_owned()));
    rig.next();
    assert_eq!(kept(&rig), (Stage::Paid { watch: false }, Release::Returned, false));
}

// Mutant: a refund made without a look at what went back already.
#[test]
fn never_more_goes_back_than_came_less_what_is_kept() {
    let policy = policy(Refunds::ByKeys);
    let mut rig = watched(policy);
    rig.power_cut(policy);
    rig.tell("list", list(&BOTH)).before_refund(&BOTH, &[(13, "PENDING")]);
    assert!(matches!(rig.next(), Asked::Done(Outcome::RefundDue(Surplus))), "somebody sent one back already");
    assert_eq!(rig.sale.route_problem(), Some(RouteProblem::RefundRefused));
    assert!(rig.journal.as_ref().unwrap().is_open());
    // A person has looked.
    rig.sale.refunded().unwrap();

    // A cancelled one gave nothing back.
    let mut rig = watched(policy);
    rig.power_cut(policy);
    rig.tell("list", list(&BOTH)).before_refund(&BOTH, &[(13, "CANCELLED")]).tell("refund", refund(12, "SUCCESS"));

    // What took no money after all does not go back.
    let mut rig = paid_late(policy);
    rig.tell("list", list(&[(11, "FAILED")]));
    assert!(matches!(rig.next(), Asked::Done(Outcome::RefundDue(LateSuccess))));
    assert_eq!(rig.sale.route_problem(), Some(RouteProblem::RefundRefused));
}

// Mutant: a list of refunds that was cut believed.
#[test]
fn a_list_of_refunds_that_cannot_be_read_is_no_leave() {
    let policy = policy(Refunds::ByKeys);
    let mut rig = paid_late(policy);
    for _ in 0..7 {
        rig.tell("list", list(&ONE)).tell("refunds", Told::Answer(200, "[{}]".to_owned()));
    }
    assert!(matches!(rig.next(), Asked::Done(Outcome::RefundDue(LateSuccess))));
    assert_eq!(rig.sale.route_problem(), Some(RouteProblem::RefundRefused));
    // A gateway without this list: the refund's own id is a fence too.
    let mut rig = paid_late(policy);
    rig.tell("list", list(&ONE))
        .tell("refunds", Told::Answer(404, "{}".to_owned()))
        .tell("refund", refund(11, "SUCCESS"));
}
