//! The right to hand out, and what the backend hears of the goods.

use pay_core::model::CfPaymentId;
use pay_core::model::RefundReason::{NotReleased, Surplus};
use pay_core::sale::{AfterCut, Outcome, Refunds, Release, Return, Returned, RouteProblem, SaleError, Stage};

use crate::rig::{Asked, Rig, Told, list, taken, throttled};
use crate::sold::{paid, paid_at, policy, watched};

#[test]
fn a_backend_that_gives_no_rights_is_not_asked_for_one() {
    let mut policy = policy(Refunds::ByBackend);
    policy.claim = false;
    let mut rig = paid(policy);
    rig.sale.begin_release().unwrap();
    assert!(matches!(rig.next(), Asked::Done(Outcome::Paid { .. })));
    assert!(rig.sale.vend_token().is_some());
}

// Another terminal hands out for this order.
#[test]
fn without_the_right_nothing_is_handed_out_and_the_backend_sends_the_money_back() {
    let mut rig = paid(policy(Refunds::ByBackend));
    rig.sale.begin_release().unwrap();
    rig.tell("claim", Told::Answer(409, "{}".to_owned()));
    assert!(rig.sale.vend_token().is_none());
    rig.tell("not released", taken());
    assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(NotReleased)));
    let record = rig.journal.unwrap();
    assert_eq!((&record.stage, record.release), (&Stage::Refunded(Surplus), Release::Returned));
    assert!(record.returns().eq(&[Return { what: Returned::Payment(CfPaymentId::new(11)), back: true }]));
}

// Meant to notice: a call that is made again at once; one that waits for a minute although nobody was too busy; one that waits shorter than
// it was told; one that is given up.
#[test]
fn the_backend_is_told_again_after_a_pause() {
    let told: [fn() -> Told; 3] = [throttled, || Told::Answer(500, String::new()), || Told::Lost];
    let expected = [(60_000..80_000, 429), (3_000..20_000, 500), (3_000..20_000, 0)];
    for (told, (pause, status)) in told.into_iter().zip(expected) {
        let mut rig = paid(policy(Refunds::ByBackend));
        let problem = |rig: &Rig| match rig.sale.route_problem() {
            Some(RouteProblem::Refused { status }) => status,
            Some(RouteProblem::Failed(_)) => 0,
            other => panic!("{other:?}"),
        };
        rig.sale.begin_release().unwrap();
        rig.tell("claim", told());
        assert_eq!(problem(&rig), status);
        let waited = rig.pause_before("claim");
        assert!(pause.contains(&waited), "{status}: {waited}");
        rig.answer(taken());
        rig.next();
        let token = rig.sale.vend_token().unwrap();
        rig.sale.released(token, true).unwrap();
        rig.tell("released", told());
        assert_eq!(problem(&rig), status);
        let waited = rig.pause_before("released");
        assert!(pause.contains(&waited), "{status}: {waited}");
        rig.answer(taken());
        rig.next();
        assert!(!rig.journal.unwrap().is_open());
    }
}

#[test]
fn a_token_moves_the_goods_of_its_own_sale_alone() {
    let begun = |seed| {
        let mut rig = paid_at(Rig::seeded(policy(Refunds::ByCaller), seed));
        rig.sale.begin_release().unwrap();
        rig.next();
        rig
    };
    let (mut one, mut other) = (begun(1), begun(3));
    let (of_one, of_other) = (one.sale.vend_token().unwrap(), other.sale.vend_token().unwrap());
    assert_eq!(one.sale.released(of_other, true), Err(SaleError::NotNow));
    assert_eq!(one.sale.record().release, Release::Releasing);
    one.sale.released(of_one, true).unwrap();
}

#[test]
fn nobody_says_that_goods_are_out_which_were_not_handed_out() {
    let mut rig = paid(policy(Refunds::ByKeys));
    assert_eq!(rig.sale.settle_release(true), Err(SaleError::NotNow));
    assert_eq!(rig.sale.record().release, Release::Due);
}

// A record holds four payments to send back. Of a fifth nobody would know, so a person must look: nothing is reported as settled.
#[test]
fn more_money_to_send_back_than_a_record_holds_is_a_persons_matter() {
    let mut policy = policy(Refunds::ByBackend);
    policy.after_cut = AfterCut::AssumeNotReleased;
    let full = || {
        let mut rig = watched(policy);
        rig.power_cut(policy);
        let five: Vec<_> = (11..16).map(|id| (id, "SUCCESS")).collect();
        rig.tell("list", list(&five));
        assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(Surplus)));
        assert_eq!(rig.sale.record().returns().count(), 4);
        rig
    };
    let for_a_person = |mut rig: Rig| {
        assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(Surplus)));
        assert_eq!(rig.sale.record().release, Release::NotReleased);
        assert!(rig.sale.record().is_open());
    };
    let mut inside = full();
    inside.sale.settle_release(false).unwrap();
    for_a_person(inside);

    let mut refused = full();
    refused.sale.begin_release().unwrap();
    refused.tell("claim", Told::Answer(409, "{}".to_owned()));
    for_a_person(refused);

    let mut cut = full();
    cut.sale.begin_release().unwrap();
    cut.tell("claim", taken());
    cut.next();
    cut.power_cut(policy);
    for_a_person(cut);
}
