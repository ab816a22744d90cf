//! What a sale that is resumed from its record does, and does not do again.

use pay_core::model::RefundReason::{NotReleased, Surplus};
use pay_core::model::{Amount, ApiVersion, Currency, Environment};
use pay_core::sale::{AfterCut, Millis, NotPaid, Outcome, Policy, Record, Refunds, Release, SaleError, Stage};

use crate::methods;
use crate::rig::{Asked, Rig, key, link_reply, list, order_is, refund, taken};
use crate::sold::{SESSION, paid, policy, watched};
use crate::world::order_id;

const BOTH: [(u64, &str); 2] = [(11, "SUCCESS"), (12, "SUCCESS")];

fn after_cut(refunds: Refunds, after_cut: AfterCut) -> Policy {
    let mut policy = policy(refunds);
    policy.after_cut = after_cut;
    policy
}

#[test]
fn a_terminal_that_cannot_ask_any_more_asks_nothing() {
    let mut rig = Rig::creating();
    assert_eq!(rig.next(), Asked::Send("create"));
    rig.power_cut(Policy::session_only());
    assert_eq!(rig.next(), Asked::Done(Outcome::NotPaid(NotPaid::NotStarted)));

    let mut rig = Rig::new(Policy::with_ask());
    rig.next();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    rig.sale.cancel(Millis(rig.now));
    assert_eq!(rig.next(), Asked::Send("terminate"));
    rig.power_cut(Policy::session_only());
    assert_eq!(rig.next(), Asked::Done(Outcome::Unknown));

    let mut rig = watched(Policy::with_ask());
    rig.power_cut(Policy::session_only());
    assert!(matches!(rig.next(), Asked::Done(Outcome::Paid { watch: true, .. })));
}

#[test]
fn what_the_backend_has_heard_it_does_not_hear_after_the_next_boot() {
    let policy = policy(Refunds::ByBackend);
    let mut rig = paid(policy);
    rig.sale.begin_release().unwrap();
    rig.tell("claim", taken());
    rig.next();
    let token = rig.sale.vend_token().unwrap();
    rig.sale.released(token, true).unwrap();
    rig.tell("released", taken());
    rig.next();
    let record = rig.journal.clone().unwrap();
    rig.power_cut(policy);
    assert!(matches!(rig.next(), Asked::Done(Outcome::Paid { .. })));
    assert_eq!((rig.journal.unwrap(), record.is_open()), (record, false));
}

// Mutants: a cut that notes nothing to send back; one that notes it although the goods may be out.
#[test]
fn money_goes_back_where_goods_are_taken_for_inside_after_a_cut() {
    let begun = |policy| {
        let mut rig = paid(policy);
        rig.sale.begin_release().unwrap();
        rig.next();
        rig.power_cut(policy);
        rig
    };
    let one = [(11, "SUCCESS")];
    let mut rig = begun(after_cut(Refunds::ByKeys, AfterCut::AssumeNotReleased));
    rig.before_refund(&one, &[]).tell("refund", refund(11, "SUCCESS"));
    assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(NotReleased)));
    assert_eq!(rig.journal.unwrap().release, Release::Returned);
    for after in [AfterCut::AskOperator, AfterCut::AssumeReleased] {
        let mut rig = begun(after_cut(Refunds::ByKeys, after));
        assert!(matches!(rig.next(), Asked::Done(Outcome::Paid { .. })));
        assert_eq!(rig.journal.unwrap().returns().count(), 0);
    }
}

#[test]
fn beside_a_surplus_the_first_payment_goes_back_too_where_its_goods_are_taken_for_inside() {
    let policy = after_cut(Refunds::ByKeys, AfterCut::AssumeNotReleased);
    let mut rig = watched(policy);
    rig.power_cut(policy);
    rig.tell("list", list(&[(11, "SUCCESS"), (12, "NOT_ATTEMPTED")]));
    rig.sale.begin_release().unwrap();
    assert_eq!(rig.next(), Asked::Send("list"));
    let _moving = rig.sale.vend_token().unwrap();
    rig.answer(list(&BOTH));
    rig.before_refund(&BOTH, &[]).tell("refund", refund(12, "SUCCESS"));
    rig.next();
    rig.power_cut(policy);
    rig.before_refund(&BOTH, &[(12, "SUCCESS")]).tell("refund", refund(11, "SUCCESS"));
    rig.rounds("PAID", &BOTH);
    let record = rig.journal.unwrap();
    assert_eq!((&record.stage, record.release), (&Stage::Refunded(Surplus), Release::Returned));
}

#[test]
fn an_order_that_another_paid_stays_so_once_nothing_of_ours_can_come() {
    let mut rig = Rig::taking(policy(Refunds::ByKeys));
    rig.tell("order", order_is("ACTIVE")).tell("list", list(&[]));
    rig.next();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    rig.tell("order", order_is("PAID")).tell("list", list(&[(11, "NOT_ATTEMPTED"), (12, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(Outcome::PaidElsewhere));
    rig.power_cut(policy(Refunds::ByKeys));
    assert_eq!(rig.rounds("PAID", &[(11, "FAILED"), (12, "SUCCESS")]), Asked::Done(Outcome::PaidElsewhere));
    assert!(!rig.journal.unwrap().is_open());
}

/// A sale whose journal was lost: whether it was paid from here is not known, nor whether its goods are out.
fn recovered(policy: Policy) -> Rig {
    let mut rig = Rig::new(policy);
    let amount = Amount::from_minor(1015).unwrap();
    let (version, key) = (ApiVersion::V2025_01_01, key("recovered"));
    rig.journal = Some(Record::recovered(order_id(), amount, Currency::inr(), Environment::Sandbox, version, key));
    rig.power_cut(policy);
    rig
}

#[test]
fn goods_that_may_be_out_are_forgotten_where_no_money_came_and_nowhere_else() {
    let policy = policy(Refunds::ByKeys);
    let mut rig = recovered(policy);
    assert_eq!(rig.rounds("TERMINATED", &[]), Asked::Done(Outcome::NotPaid(NotPaid::Terminated)));
    let record = rig.journal.unwrap();
    assert_eq!((record.release, record.is_open()), (Release::Untracked, false));

    let mut rig = recovered(policy);
    assert_eq!(rig.rounds("PAID", &[(12, "SUCCESS")]), Asked::Done(Outcome::PaidUnclear));
    rig.sale.attest(true).unwrap();
    assert!(matches!(rig.next(), Asked::Done(Outcome::Paid { .. })));
    let record = rig.journal.unwrap();
    assert_eq!((record.release, record.is_open()), (Release::Unknown, true));
}

const REFUNDS: [Refunds; 3] = [Refunds::ByBackend, Refunds::ByKeys, Refunds::ByCaller];

// Red while what was due for the goods came before the question whether there is money: the backend was told the same for ever, each time
// with a write of the journal, and lists were read without a pause.
#[test]
fn what_is_said_of_recovered_goods_waits_until_the_payer_is_known() {
    for (refunds, out) in REFUNDS.into_iter().flat_map(|refunds| [(refunds, true), (refunds, false)]) {
        let said = || {
            let mut rig = recovered(policy(refunds));
            rig.tell("order", order_is("ACTIVE"));
            rig.sale.settle_release(out).unwrap();
            rig
        };
        let mut rig = said();
        rig.now += 400_000;
        assert_eq!(rig.next(), Asked::Send("terminate"), "the order is closed in time: {refunds:?} {out}");

        // No money came: there is nothing to send back. That goods are out all the same is the backend's, too.
        let mut rig = said();
        let mut end = rig.rounds("TERMINATED", &[]);
        assert_eq!(rig.sale.record().stage, Stage::NotPaid(NotPaid::Terminated));
        if out && refunds == Refunds::ByBackend {
            assert_eq!(end, Asked::Send("released"));
            rig.answer(taken());
            end = rig.next();
        }
        assert_eq!(end, Asked::Done(Outcome::NotPaid(NotPaid::Terminated)), "{refunds:?} {out}");
        let record = rig.journal.unwrap();
        let release = if out { Release::Released } else { Release::Untracked };
        assert_eq!((record.release, record.returns().count(), record.is_open()), (release, 0, false), "{refunds:?}");
    }
}

#[test]
fn money_for_recovered_goods_that_were_found_inside_goes_back() {
    let one = [(12, "SUCCESS")];
    let mut rig = recovered(policy(Refunds::ByBackend));
    rig.tell("order", order_is("ACTIVE"));
    rig.sale.settle_release(false).unwrap();
    assert_eq!(rig.rounds("PAID", &one), Asked::Send("not released"));
    assert_eq!(rig.sale.record().stage, Stage::PaidUnclear);
    rig.answer(taken());
    assert_eq!(rig.next(), Asked::Done(Outcome::PaidUnclear));
    assert_eq!(rig.journal.unwrap().release, Release::Returned);
}

#[test]
fn the_backend_hears_once_that_recovered_goods_are_out() {
    let mut rig = recovered(policy(Refunds::ByBackend));
    assert_eq!(rig.rounds("PAID", &[(12, "SUCCESS")]), Asked::Done(Outcome::PaidUnclear));
    rig.sale.settle_release(true).unwrap();
    rig.tell("released", taken());
    assert_eq!(rig.next(), Asked::Done(Outcome::PaidUnclear));
    rig.sale.attest(true).unwrap();
    assert!(matches!(rig.next(), Asked::Done(Outcome::Paid { .. })));
    assert!(!rig.journal.unwrap().is_open());
}

// Red while such goods were told to the backend, which then sent back what another party had paid.
#[test]
fn what_another_party_paid_does_not_go_back_for_goods_of_a_recovered_sale() {
    for refunds in REFUNDS {
        let mut rig = recovered(policy(refunds));
        assert_eq!(rig.rounds("PAID", &[(12, "SUCCESS")]), Asked::Done(Outcome::PaidUnclear));
        rig.sale.attest(false).unwrap();
        assert_eq!(rig.next(), Asked::Done(Outcome::PaidElsewhere), "{refunds:?}");
        assert_eq!(rig.sale.settle_release(false), Err(SaleError::NotNow));
        // What it may have paid with before its journal was lost is watched, as for every sale.
        rig.power_cut(policy(refunds));
        assert_eq!(rig.rounds("PAID", &[(12, "SUCCESS")]), Asked::Done(Outcome::PaidElsewhere), "{refunds:?}");
        let record = rig.journal.unwrap();
        assert_eq!((record.release, record.returns().count()), (Release::Untracked, 0), "{refunds:?}");
    }
}
