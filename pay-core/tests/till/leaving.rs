//! Attempts that fail, shoppers who wait or leave, orders that nobody pays.

use pay_core::model::method::Upi;
use pay_core::sale::{AttemptEnd, Limits, MAX_ATTEMPTS, Millis, NotPaid, Switch};
use pay_core::till::{Choice, TillError, Trouble, Wish};
use pay_core::{Outcome, Policy};

use super::world::{
    Counter, Plan, World, abandon, create, flash, is_paid, link, memory, rupees, terms, till, till_with,
};

fn closes(world: &super::world::Shared) -> usize {
    world.borrow().calls.iter().filter(|call| call.starts_with("PATCH")).count()
}

/// The record has room for so many attempts: then the shopper is not asked again, and the order is closed.
#[test]
fn after_the_last_attempt_nobody_is_asked_again() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut terms = terms();
    terms.policy.deadline_ms = 900_000;
    let mut till = till_with(&world, &flash, 1, &mut memory, (), terms);
    let order = create(&mut till, &world, 1_015);
    for n in 0..30 {
        world.borrow_mut().plans.push((5_000 + 1_000 * n, Plan::Fail));
        world.borrow_mut().choices.push_back(link(&order.session));
    }
    world.borrow_mut().plans.extend((35..900).map(|s| (1_000 * s, Plan::Fail)));
    let outcome = till.sell_by_choice(&order, &mut Counter(world.clone())).unwrap();
    assert!(matches!(outcome, Outcome::NotPaid(_) | Outcome::Pending), "{outcome:?}");
    let world = world.borrow();
    assert_eq!((world.asked.len(), &world.asked[0]), (MAX_ATTEMPTS, &None));
    assert!(world.asked[1..].iter().all(|ended| *ended == Some(AttemptEnd::Failed)), "{:?}", world.asked);
    assert_eq!(world.orders[order.order_id.as_str()].status, "TERMINATED");
}

/// The shopper is gone: an attempt that failed is nobody's to repeat, and the order is closed.
#[test]
fn a_failed_attempt_whose_shopper_has_gone_ends_the_order() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut terms = terms();
    terms.abandoned_ms = 600_000;
    let mut till = till_with(&world, &flash, 1, &mut memory, (), terms);
    let order_id = abandon(&mut till, &world);
    world.borrow_mut().pass(20_000);
    let now = world.borrow().now;
    world.borrow_mut().plans.push((now, Plan::Fail));
    world.borrow_mut().pass(now);
    let asked = world.borrow().asked.len();
    let mut open = 1;
    for _ in 0..20 {
        let until = Millis(world.borrow().now + 120_000);
        open = till.settle_open(until, &mut Counter(world.clone())).unwrap();
    }
    assert_eq!((open, world.borrow().asked.len()), (0, asked));
    assert_eq!(world.borrow().orders[order_id.as_str()].status, "TERMINATED");
}

/// The code was shown. The shopper looks at the other methods, and takes none: the code stays good.
#[test]
fn a_shopper_who_looks_around_can_still_pay_the_code() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let order = create(&mut till, &world, 1_015);
    world.borrow_mut().choices.extend([link(&order.session), Choice::Wait]);
    world.borrow_mut().wishes.push((5_000, Wish::Switch(Switch::GoOn)));
    world.borrow_mut().plans.push((40_000, Plan::Pay));
    let outcome = till.sell_by_choice(&order, &mut Counter(world.clone())).unwrap();
    assert!(is_paid(&outcome), "{outcome:?}");
    assert_eq!((world.borrow().asked.len(), closes(&world)), (2, 0));
}

/// Where nothing was sent, or nobody can be asked, there is nothing to wait for: the order is closed, or left.
#[test]
fn without_an_attempt_or_an_answer_nobody_waits() {
    for can_ask in [true, false] {
        let world = World::new();
        let (flash, mut first, mut memory) = (flash(&world), memory(), memory());
        let order = create(&mut till(&world, &flash, 1, &mut first, ()), &world, 1_015);
        let mut terms = terms();
        if !can_ask {
            terms.policy = Policy::session_only();
            world.borrow_mut().choices.push_back(link(&order.session));
            world.borrow_mut().wishes.push((5_000, Wish::Switch(Switch::GoOn)));
        }
        world.borrow_mut().choices.push_back(Choice::Wait);
        let mut till = till_with(&world, &flash, 1, &mut memory, (), terms);
        let outcome = till.sell_by_choice(&order, &mut Counter(world.clone())).unwrap();
        assert_eq!(
            (matches!(outcome, Outcome::NotPaid(_)), closes(&world)),
            (can_ask, usize::from(can_ask)),
            "{outcome:?}"
        );
        assert!(world.borrow().now < 40_000, "after {} ms", world.borrow().now);
    }
}

/// Red while the till slept until the next reading was due: half an hour.
#[test]
fn whoever_cancels_waits_no_longer_than_the_terms_say() {
    for linger_ms in [2_000, 12_000] {
        let world = World::new();
        world.borrow_mut().never_attempted = true;
        let (flash, mut memory) = (flash(&world), memory());
        let mut terms = terms();
        terms.linger_ms = linger_ms;
        let mut till = till_with(&world, &flash, 1, &mut memory, (), terms);
        let order = create(&mut till, &world, 1_015);
        world.borrow_mut().wishes.push((5_000, Wish::Cancel));
        let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
        let took = world.borrow().now - 5_000;
        assert_eq!(outcome, Outcome::Pending);
        assert!((u64::from(linger_ms)..u64::from(linger_ms) + 1_000).contains(&took), "{took} ms");
    }
}

#[test]
fn an_order_left_open_is_closed_when_its_time_is_over_and_not_before() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut terms = terms();
    terms.abandoned_ms = 60_000;
    let mut till = till_with(&world, &flash, 1, &mut memory, (), terms);
    let order_id = abandon(&mut till, &world);
    let began = world.borrow().now;
    let status = || world.borrow().orders[order_id.as_str()].status;
    till.settle_open(Millis(began + 55_000), &mut Counter(world.clone())).unwrap();
    assert_eq!(status(), "ACTIVE");
    till.settle_open(Millis(began + 200_000), &mut Counter(world.clone())).unwrap();
    assert_eq!(status(), "TERMINATED");
}

/// A sale that is taken up again is not counted against itself.
#[test]
fn too_much_unsettled_stops_a_new_sale_and_not_an_old_one() {
    let world = World::new();
    let flash = flash(&world);
    let mut memory = memory();
    let mut strict = terms();
    strict.limits = Limits { open: 1, ..strict.limits };
    let mut till = till_with(&world, &flash, 1, &mut memory, (), strict);
    let order = create(&mut till, &world, 1_015);
    world.borrow_mut().wishes.push((2_000, Wish::Leave));
    let _ = till.sell(order.clone(), Upi::link(), &mut Counter(world.clone())).unwrap();
    let before = world.borrow().calls.len();
    let refused = till.create(rupees(1_015), super::world::customer(), &mut Counter(world.clone())).unwrap_err();
    assert!(matches!(refused, TillError::Trouble(Trouble::Limit(_))), "{refused:?}");
    assert!(world.borrow().calls[before..].iter().all(|call| !call.starts_with("POST")), "nothing was made");
    world.borrow_mut().pay_all();
    let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(is_paid(&outcome), "{outcome:?}");
}

/// Two orders were made: the one that is named is paid.
#[test]
fn the_order_that_is_named_is_paid_and_no_other() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let first = create(&mut till, &world, 1_015);
    let second = create(&mut till, &world, 2_000);
    // The till is at work on the second.
    let mut wrong = second.clone();
    wrong.amount = rupees(1_999);
    let refused = till.sell(wrong, Upi::link(), &mut Counter(world.clone())).unwrap_err();
    assert_eq!(refused, TillError::Trouble(Trouble::Changed(second.order_id.clone())));
    world.borrow_mut().plans.push((9_000, Plan::Pay));
    let outcome = till.sell(first.clone(), Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(is_paid(&outcome), "{outcome:?}");
    let world = world.borrow();
    assert_eq!(world.orders[first.order_id.as_str()].payments.len(), 1);
    assert_eq!(world.orders[second.order_id.as_str()].payments.len(), 0);
}

/// Nobody answers: one of the open sales is tried, and the others would find the same.
#[test]
fn while_nobody_answers_open_sales_are_tried_once_a_minute() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut terms = terms();
    terms.policy.deadline_ms = 300_000;
    terms.abandoned_ms = 900_000;
    let mut till = till_with(&world, &flash, 1, &mut memory, (), terms);
    let left: Vec<_> = (0..4).map(|_| abandon(&mut till, &world)).collect();
    let order = create(&mut till, &world, 2_500);
    let now = world.borrow().now;
    world.borrow_mut().plans.push((now + 200, Plan::Offline(true)));
    world.borrow_mut().wishes.push((now + 110_000, Wish::Leave));
    let before = world.borrow().calls.len();
    let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    let world = world.borrow();
    let others = |call: &&String| left.iter().any(|id| call.contains(id.as_str()));
    let tried = world.calls[before..].iter().filter(others).count();
    assert!((1..=3).contains(&tried), "{tried}: {:?}", &world.calls[before..]);
}

/// Nothing was sent, so nobody can have paid: the sale ends with the shopper, and does not wait in the journal.
#[test]
fn a_sale_that_sent_nothing_ends_with_its_shopper() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let order = create(&mut till, &world, 1_015);
    world.borrow_mut().offline = true;
    world.borrow_mut().wishes.push((8_000, Wish::Leave));
    let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    let ended = till.ended().unwrap();
    assert_eq!((outcome, ended.open), (Outcome::NotPaid(NotPaid::NotSent), false));
    assert!(world.borrow().now < 40_000, "after {} ms", world.borrow().now);
}
