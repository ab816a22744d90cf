//! Goods that were paid: handed out, kept inside, or nobody knows.

use pay_core::drive::journal::blocking::Journal as _;
use pay_core::model::{RefundReason, method::Upi};
use pay_core::sale::{Millis, Release};
use pay_core::till::{Goods, TillError, Trouble, Unclaimed, Wish, Word};
use pay_core::{OrderId, Outcome};

use super::world::{Counter, Flash, Plan, Shared, World, create, flash, is_paid, memory, terms, till, till_with};

/// An order that is paid while its goods are handed out; how that ends is `goods`.
fn paid(world: &Shared, flash: &Flash, goods: Goods) -> OrderId {
    let mut memory = memory();
    let mut till = till(world, flash, 1, &mut memory, ());
    let order = create(&mut till, world, 1_015);
    let order_id = order.order_id.clone();
    world.borrow_mut().goods = Some(goods);
    world.borrow_mut().plans.push((8_000, Plan::Pay));
    let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    order_id
}

/// An order whose shopper left before it was paid.
fn paid_late(world: &Shared, flash: &Flash) -> OrderId {
    let mut memory = memory();
    let mut till = till(world, flash, 1, &mut memory, ());
    let order = create(&mut till, world, 1_015);
    let order_id = order.order_id.clone();
    world.borrow_mut().wishes.push((2_000, Wish::Leave));
    let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    world.borrow_mut().pay_all();
    order_id
}

fn release(world: &Shared, flash: &Flash, order_id: &OrderId, word: Word) -> (Outcome, Release) {
    let mut memory = memory();
    let mut till = till(world, flash, 9, &mut memory, ());
    let outcome = till.bring_on(order_id, word, &mut Counter(world.clone())).unwrap();
    (outcome, till.ended().unwrap().release)
}

const DUE: Outcome = Outcome::RefundDue(RefundReason::NotReleased);

#[test]
fn of_goods_that_nobody_saw_the_sensor_or_a_person_says_what_became() {
    for (sensor, release_then) in
        [(Goods::Out, Release::Released), (Goods::Inside, Release::NotReleased), (Goods::Unknown, Release::Unknown)]
    {
        let world = World::new();
        let flash = flash(&world);
        world.borrow_mut().sensor = Some(sensor);
        let order_id = paid(&world, &flash, Goods::Unknown);
        let (outcome, then) = release(&world, &flash, &order_id, Word::BringOn);
        assert_eq!(then, release_then);
        assert_eq!(outcome == DUE, sensor == Goods::Inside, "{outcome:?}");
        assert_eq!(world.borrow().vended, 1, "never handed out again");
        assert_eq!(world.borrow().sensed, 1, "not for ever");
    }
    for (out, release_then) in [(true, Release::Released), (false, Release::NotReleased)] {
        let world = World::new();
        let flash = flash(&world);
        let order_id = paid(&world, &flash, Goods::Unknown);
        let (outcome, then) = release(&world, &flash, &order_id, Word::Goods { out });
        assert_eq!((then, outcome == DUE), (release_then, !out), "{outcome:?}");
    }
}

#[test]
fn goods_that_are_known_are_not_asked_about() {
    for (goods, release) in [(Goods::Out, Release::Released), (Goods::Inside, Release::NotReleased)] {
        let world = World::new();
        let flash = flash(&world);
        world.borrow_mut().sensor = Some(Goods::Out);
        let order_id = paid(&world, &flash, goods);
        let mut memory = memory();
        let mut till = till(&world, &flash, 2, &mut memory, ());
        let _ = till.settle_open(Millis(900_000), &mut Counter(world.clone())).unwrap();
        let record = till.journal().find(&order_id).unwrap().unwrap();
        assert_eq!((record.release, world.borrow().sensed), (release, 0));
    }
}

/// The shopper has gone. A person hands the goods out, and says so before: nothing is vended then.
#[test]
fn goods_of_a_late_payment_wait_for_a_person_or_go_back_by_the_merchants_terms() {
    for (word, expected) in [
        (Word::BringOn, Release::Due),
        (Word::Goods { out: true }, Release::Released),
        (Word::Goods { out: false }, Release::NotReleased),
    ] {
        let world = World::new();
        let flash = flash(&world);
        let order_id = paid_late(&world, &flash);
        let (outcome, kept) = release(&world, &flash, &order_id, Word::BringOn);
        assert!(is_paid(&outcome) && kept == Release::Due, "{outcome:?} {kept:?}");
        let (outcome, then) = release(&world, &flash, &order_id, word);
        assert_eq!((then, outcome == DUE), (expected, expected == Release::NotReleased), "{outcome:?}");
        assert_eq!(world.borrow().vended, 0);
    }
    let world = World::new();
    let flash = flash(&world);
    paid_late(&world, &flash);
    let mut memory = memory();
    let mut terms = terms();
    terms.unclaimed = Unclaimed::Return;
    terms.policy.refunds = pay_core::sale::Refunds::ByKeys;
    let mut till = till_with(&world, &flash, 2, &mut memory, (), terms);
    assert_eq!(till.settle_open(Millis(900_000), &mut Counter(world.clone())), Ok(0));
    assert_eq!((world.borrow().refunds.len(), world.borrow().refunds[0].1, world.borrow().vended), (1, 1_015, 0));
}

#[test]
fn what_a_person_says_at_the_wrong_moment_is_refused_and_changes_nothing() {
    let world = World::new();
    let flash = flash(&world);
    let order_id = paid(&world, &flash, Goods::Out);
    let before = flash.clone().find(&order_id).unwrap();
    let mut memory = memory();
    let mut till = till(&world, &flash, 2, &mut memory, ());
    for word in [Word::Goods { out: false }, Word::Goods { out: true }, Word::Refunded, Word::ReportSettled] {
        let said = till.bring_on(&order_id, word, &mut Counter(world.clone()));
        assert!(matches!(said, Err(TillError::Trouble(Trouble::Sale(_) | Trouble::Over(_)))), "{word:?}: {said:?}");
    }
    assert_eq!(flash.clone().find(&order_id).unwrap(), before);
    // An order that nobody sold here.
    let other = OrderId::parse("nobody-1").unwrap();
    let said = till.bring_on(&other, Word::BringOn, &mut Counter(world.clone()));
    assert_eq!(said, Err(TillError::Trouble(Trouble::NoOrder(other))));
}

/// Where nobody answers for orders, a person looks them up; where somebody does, nobody is believed before.
#[test]
fn a_person_can_say_whether_it_is_paid_where_nobody_can_be_asked() {
    for (can_ask, paid) in [(false, true), (false, false), (true, true)] {
        let world = World::new();
        let flash = flash(&world);
        let mut memory = memory();
        let mut terms = terms();
        let order = create(&mut till(&world, &flash, 1, &mut super::world::memory(), ()), &world, 1_015);
        if !can_ask {
            terms.policy = pay_core::Policy::session_only();
        }
        let mut till = till_with(&world, &flash, 1, &mut memory, (), terms);
        let order_id = order.order_id.clone();
        world.borrow_mut().wishes.push((2_000, Wish::Leave));
        let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
        let said = till.bring_on(&order_id, Word::Attest { paid }, &mut Counter(world.clone()));
        match (can_ask, paid) {
            (true, _) => assert!(matches!(said, Err(TillError::Trouble(Trouble::Sale(_)))), "{said:?}"),
            (false, true) => assert!(matches!(said, Ok(Outcome::Paid { .. })), "{said:?}"),
            (false, false) => assert!(matches!(said, Ok(Outcome::NotPaid(_))), "{said:?}"),
        }
    }
}

#[test]
fn a_person_can_end_a_sale_that_a_shopper_left() {
    let world = World::new();
    let flash = flash(&world);
    let mut memory = memory();
    let mut terms = terms();
    (terms.abandoned_ms, terms.policy.deadline_ms) = (3_600_000, 3_600_000);
    let mut till = till_with(&world, &flash, 1, &mut memory, (), terms);
    let order_id = super::world::abandon(&mut till, &world);
    let status = || world.borrow().orders[order_id.as_str()].status;
    let until = Millis(world.borrow().now + 100_000);
    assert_eq!((till.settle_open(until, &mut Counter(world.clone())), status()), (Ok(1), "ACTIVE"));
    let _ = till.bring_on(&order_id, Word::Cancel, &mut Counter(world.clone())).unwrap();
    assert_eq!(status(), "TERMINATED");
}

/// One order of somebody else's shop is nobody's here.
#[test]
fn what_belongs_to_another_environment_is_left_alone() {
    let world = World::new();
    let flash = flash(&world);
    let order_id = paid_late(&world, &flash);
    let before = world.borrow().calls.len();
    let mut memory = memory();
    let mut elsewhere = terms();
    elsewhere.environment = pay_core::model::Environment::Production;
    let mut till = till_with(&world, &flash, 2, &mut memory, (), elsewhere);
    assert_eq!(till.settle_open(Millis(900_000), &mut Counter(world.clone())), Ok(1));
    let said = till.bring_on(&order_id, Word::BringOn, &mut Counter(world.clone()));
    assert_eq!(said, Err(TillError::Trouble(Trouble::Changed(order_id))));
    assert_eq!(world.borrow().calls.len(), before, "nothing is asked at the wrong gateway");
}
