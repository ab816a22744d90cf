//! Single stories, each with its end.

use pay_core::model::CallKind;
use pay_core::model::RefundReason;
use pay_core::sale::{AttemptEnd, NotPaid, Outcome, Policy, Stage};
use sandbox::SessionKeys;

use crate::methods;
use crate::world::{Event, Network, Shopper, World};

fn world(method: fn(&str) -> pay_core::model::OrderPay) -> World {
    let mut world = World::new(SessionKeys::Honoured, Policy::with_ask());
    world.methods = vec![method];
    world
}

fn is_paid(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Paid { cf_payment_id: Some(_), .. })
}

#[test]
fn a_qr_is_shown_and_paid() {
    let mut world = world(methods::qr);
    assert!(is_paid(&world.run(&[])));
    assert!(world.events.contains(&Event::Presented("show_qr")));
    assert_eq!((world.charges(), world.pay_sends().len()), (1, 1));
}

#[test]
fn an_order_is_created_first() {
    let mut world = World::without_order(Policy::with_ask());
    world.methods = vec![methods::link];
    assert!(is_paid(&world.run(&[])));
}

// The order was created and the answer lost: the same bytes again; the gateway knows the key.
#[test]
fn a_lost_answer_to_create_order_is_no_second_order() {
    for lost in [Network::LostAfter, Network::LostBefore, Network::Cut, Network::PageAfter, Network::Dropped] {
        let mut world = World::without_order(Policy::with_ask());
        world.methods = vec![methods::link];
        assert!(is_paid(&world.run(&[lost])), "{lost:?}");
        assert_eq!(world.gateway.orders().count(), 1);
    }
}

#[test]
fn a_card_whose_answer_was_lost_is_asked_for_and_never_sent_again() {
    for lost in [Network::LostAfter, Network::Cut, Network::PageAfter, Network::Dropped, Network::FailedAfter] {
        let mut world = world(methods::card);
        let outcome = world.run(&[lost]);
        assert!(is_paid(&outcome), "{lost:?}: {outcome:?}");
        assert_eq!((world.charges(), world.pay_sends().len()), (1, 1), "{lost:?}");
    }
}

// Mutant: believing the first empty list ends the attempt at once.
#[test]
fn a_card_that_never_arrived_is_given_up_after_two_readings() {
    let mut world = world(methods::card);
    let outcome = world.run(&[Network::LostBefore]);
    assert_eq!(outcome, Outcome::NotPaid(NotPaid::Terminated));
    assert!(world.events.contains(&Event::Ended(Some(AttemptEnd::NotFound))));
    assert!(world.now > 30_000, "believed too early");
    assert_eq!(world.pay_sends().len(), 1);
}

#[test]
fn a_qr_that_nobody_saw_is_asked_for_again_under_the_same_key() {
    for (keys, payments) in [(SessionKeys::Honoured, 1), (SessionKeys::Ignored, 2)] {
        let mut world = World::new(keys, Policy::with_ask());
        world.methods = vec![methods::qr];
        assert!(is_paid(&world.run(&[Network::LostAfter])));
        assert_eq!(world.pay_sends(), ["key-0", "key-0"]);
        assert_eq!((world.gateway.payments().len(), world.charges()), (payments, 1));
    }
}

// The page: a stored 500 comes again for ever. Mutant: repeating after a 5xx sends twice.
#[test]
fn a_stored_failure_is_not_repeated() {
    for method in [methods::qr as fn(&str) -> _, methods::card] {
        let mut world = world(method);
        assert_eq!(world.run(&[Network::Failed]), Outcome::NotPaid(NotPaid::Terminated));
        assert_eq!(world.pay_sends().len(), 1);
    }
}

#[test]
fn a_failed_attempt_is_followed_by_another_in_the_same_order() {
    let mut world = world(methods::qr);
    world.methods.push(methods::link);
    world.shopper = Shopper { after_ms: 1_000, result: "FAILED" };
    let outcome = world.run(&[]);
    assert_eq!(outcome, Outcome::NotPaid(NotPaid::Terminated));
    let ends = world.events.iter().filter(|event| **event == Event::Ended(Some(AttemptEnd::Failed))).count();
    assert_eq!(ends, 2);
    assert_eq!(world.pay_sends(), ["key-0", "key-1"]);
}

#[test]
fn a_refusal_is_not_asked_about() {
    let mut world = World::new(SessionKeys::Honoured, Policy::session_only());
    world.methods = vec![methods::card];
    assert_eq!(world.run(&[Network::Unauthorized]), Outcome::Unknown, "somebody else may be paying the order");
    let end = |event: &Event| matches!(event, Event::Ended(Some(AttemptEnd::Refused(by))) if by.status == 401);
    assert!(world.events.iter().any(end), "{:#?}", world.events);
    let mut world = self::world(methods::card);
    assert_eq!(world.run(&[Network::Unauthorized]), Outcome::NotPaid(NotPaid::Terminated));
    assert!(world.events.iter().any(end), "{:#?}", world.events);
    assert!(!world.events.iter().any(|event| matches!(event, Event::Sent { call: CallKind::ListPayments, .. })));
}

// Mutant: `Refusal::class` that ignores `earlier_unknown` says "refused" here, and the shopper pays again.
#[test]
fn a_refusal_after_an_unknown_says_nothing() {
    let mut policy = Policy::session_only();
    policy.repeat_charging = true;
    let mut world = World::new(SessionKeys::Ignored, policy);
    world.methods = vec![methods::card];
    let sends = [Network::LostAfter, Network::Unauthorized];
    // The check for blind repeats does not apply: this policy asks for them.
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.run(&sends)));
    assert!(outcome.is_err(), "a repeat was expected");
    assert_eq!(world.sale.standing(), Outcome::Unknown);
}

#[test]
fn money_that_comes_after_the_deadline_goes_back() {
    let mut world = world(methods::card);
    // The order is being closed when the bank says yes.
    world.shopper = Shopper { after_ms: 300_500, result: "SUCCESS" };
    let outcome = world.run(&[]);
    assert_eq!(outcome, Outcome::RefundDue(RefundReason::LateSuccess), "{:#?}", world.events);
    assert!(world.sale.record().is_open());
}

#[test]
fn a_shopper_who_walks_away_pays_nothing() {
    let mut world = world(methods::qr);
    world.shopper = Shopper { after_ms: u64::MAX / 2, result: "SUCCESS" };
    assert_eq!(world.run(&[]), Outcome::NotPaid(NotPaid::Terminated));
    assert!(world.events.iter().any(|event| matches!(event, Event::Sent { call: CallKind::TerminateOrder, .. })));
}

#[test]
fn otp_wrong_then_right() {
    let mut world = world(methods::card_otp);
    world.otps = vec!["000000", "111000"];
    world.shopper.after_ms = u64::MAX / 2;
    assert!(is_paid(&world.run(&[])));
    let asked = world.events.iter().filter(|event| **event == Event::Presented("enter_otp")).count();
    assert_eq!(asked, 2);
}

// Mutant: submitting again after a lost answer makes a second exchange of the same OTP.
#[test]
fn an_otp_whose_answer_was_lost_is_not_submitted_again() {
    let mut world = world(methods::card_otp);
    world.otps = vec!["111000"];
    world.shopper.after_ms = u64::MAX / 2;
    let outcome = world.run(&[Network::Deliver, Network::LostAfter]);
    assert!(is_paid(&outcome), "{outcome:?}");
    let sent = |event: &&Event| matches!(event, Event::Sent { call: CallKind::Authenticate, .. });
    assert_eq!(world.events.iter().filter(sent).count(), 1);
    assert!(world.events.contains(&Event::Presented("open_url")), "the bank's page is offered");
}

#[test]
fn after_a_power_cut_it_asks_and_never_pays() {
    for cut in [Network::PowerCut, Network::PowerCutBefore] {
        let mut world = world(methods::card);
        let outcome = world.run(&[cut]);
        match cut {
            Network::PowerCut => assert!(is_paid(&outcome), "{outcome:?}"),
            _ => assert_eq!(outcome, Outcome::NotPaid(NotPaid::Terminated)),
        }
        assert_eq!(world.pay_sends().len(), 1, "{cut:?}");
    }
}

#[test]
fn an_untrusted_server_stops_at_once() {
    let mut world = world(methods::card);
    assert_eq!(world.run(&[Network::Untrusted]), Outcome::NotPaid(NotPaid::Terminated));
    assert!(world.events.contains(&Event::Ended(Some(AttemptEnd::Untrusted))));
    assert_eq!(world.pay_sends().len(), 1);
}

#[test]
fn throttling_is_waited_out_under_the_same_key() {
    let mut world = world(methods::card);
    assert!(is_paid(&world.run(&[Network::Throttled, Network::Throttled])));
    assert_eq!(world.pay_sends(), ["key-0"; 3]);
    assert!(world.now >= 14_000, "waited as told, twice 7 s");
}

#[test]
fn trouble_on_the_ask_route_says_nothing_about_the_payment() {
    let mut world = world(methods::qr);
    let mut script = vec![Network::Deliver];
    script.extend([
        Network::Unauthorized,
        Network::Failed,
        Network::PageBefore,
        Network::Cut,
        Network::LostAfter,
        Network::NotSent,
    ]);
    assert!(is_paid(&world.run(&script)));
}

#[test]
fn the_record_of_a_paid_sale_is_closed() {
    let mut world = world(methods::link);
    assert!(is_paid(&world.run(&[])));
    assert_eq!(world.journal.unwrap().stage, Stage::Paid { watch: false });
}

// Mutant: `Connection::Keep` for an answer that cannot be read leaves the next one on the same connection, out of step.
#[test]
fn an_answer_that_cannot_be_read_costs_its_connection() {
    for (network, dropped) in
        [(Network::Cut, 1), (Network::Deliver, 0), (Network::PageAfter, 0), (Network::LostAfter, 0)]
    {
        let mut world = world(methods::card);
        assert!(is_paid(&world.run(&[network])));
        assert_eq!(world.dropped, dropped, "{network:?}");
    }
}
