//! A journal that fails.

use pay_core::model::method::Upi;
use pay_core::till::{Observer, TillError, Wish, Word};
use pay_core::{Outcome, Policy};

use super::world::{
    Counter, FlashError, Plan, Shared, World, create, customer, flash, is_paid, memory, rupees, terms, till, till_with,
};

#[test]
fn a_journal_that_fails_before_anything_is_sent_is_an_error_and_nothing_is_sent() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    world.borrow_mut().flash_fails = true;
    let error = till.create(rupees(1_015), customer(), &mut Counter(world.clone())).unwrap_err();
    assert_eq!(error, TillError::Journal(FlashError::Broken));
    assert!(world.borrow().calls.is_empty());
}

/// M9. Red while a failing journal ended the sale: the code stayed payable, and the program said that nothing was sent.
#[test]
fn a_journal_that_fails_while_the_code_is_out_keeps_the_sale_and_closes_the_order() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let order = create(&mut till, &world, 1_015);
    world.borrow_mut().plans.push((2_000, Plan::Flash(true)));
    let outcome = till.sell(order.clone(), Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(matches!(outcome, Outcome::Pending | Outcome::Unknown), "{outcome:?}");
    assert!(till.ended().unwrap().journal_failed);
    assert_eq!(world.borrow().orders[order.order_id.as_str()].status, "TERMINATED", "nobody can pay it any more");
    assert_eq!(closes(&world), 1);
}

#[test]
fn a_journal_that_works_again_while_the_code_is_out_costs_nothing() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let order = create(&mut till, &world, 1_015);
    world.borrow_mut().plans.extend([(2_000, Plan::Flash(true)), (9_000, Plan::Pay), (30_000, Plan::Flash(false))]);
    let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(is_paid(&outcome), "{outcome:?}");
    assert_eq!(world.borrow().vended, 1);
}

fn closes(world: &Shared) -> usize {
    world.borrow().calls.iter().filter(|call| call.starts_with("PATCH")).count()
}

/// A short failure is nobody's business: it is tried four times, over three and a half seconds.
#[test]
fn a_journal_that_works_again_soon_loses_no_sale() {
    for (works_at, is_made) in [(3_000, true), (9_000, false)] {
        let world = World::new();
        let (flash, mut memory) = (flash(&world), memory());
        let mut till = till(&world, &flash, 1, &mut memory, ());
        world.borrow_mut().flash_fails = true;
        world.borrow_mut().plans.push((works_at, Plan::Flash(false)));
        let made = till.create(rupees(1_015), customer(), &mut Counter(world.clone()));
        assert_eq!(made.is_ok(), is_made, "{made:?}");
    }
}

/// The shopper cancels while the journal fails: the sale waits for it, and closes the order once.
#[test]
fn a_cancelled_sale_outlasts_a_journal_that_fails() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let order = create(&mut till, &world, 1_015);
    world.borrow_mut().plans.extend([(4_000, Plan::Flash(true)), (20_000, Plan::Flash(false))]);
    world.borrow_mut().wishes.push((5_000, Wish::Cancel));
    let _ = till.sell(order.clone(), Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(!till.ended().unwrap().journal_failed);
    assert_eq!((world.borrow().orders[order.order_id.as_str()].status, closes(&world)), ("TERMINATED", 1));
}

/// Nothing can be written down, and nobody answers: the till tries to close the order three times, and gives up.
#[test]
fn without_journal_and_gateway_closing_is_tried_three_times() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let order = create(&mut till, &world, 1_015);
    world.borrow_mut().plans.extend([(4_000, Plan::Flash(true)), (4_000, Plan::Offline(true))]);
    world.borrow_mut().wishes.push((5_000, Wish::Cancel));
    let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(matches!(outcome, Outcome::Pending | Outcome::Unknown), "{outcome:?}");
    assert!(till.ended().unwrap().journal_failed);
    assert_eq!(closes(&world), 3);
    // Without a way to close it there is nothing to try.
    let world = World::new();
    let (flash, mut first, mut memory) = (super::world::flash(&world), super::world::memory(), super::world::memory());
    let order = create(&mut super::world::till(&world, &flash, 1, &mut first, ()), &world, 1_015);
    let mut terms = terms();
    let deadline_ms = terms.policy.deadline_ms;
    terms.policy = Policy::session_only();
    terms.policy.deadline_ms = deadline_ms;
    let mut till = till_with(&world, &flash, 1, &mut memory, (), terms);
    world.borrow_mut().plans.push((2_000, Plan::Flash(true)));
    world.borrow_mut().wishes.push((5_000, Wish::Cancel));
    let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(matches!(outcome, Outcome::Pending | Outcome::Unknown), "{outcome:?}");
    assert_eq!(closes(&world), 0);
    assert!(world.borrow().now < 80_000, "after {} ms", world.borrow().now);
}

/// It is paid, and that cannot be written down: it is said, and nothing is handed out.
#[test]
fn goods_stay_inside_where_the_journal_does_not_take_the_payment() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let order = create(&mut till, &world, 1_015);
    world.borrow_mut().plans.extend([(2_000, Plan::Flash(true)), (8_000, Plan::Pay)]);
    let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(is_paid(&outcome), "{outcome:?}");
    assert!(till.ended().unwrap().journal_failed);
    assert_eq!((world.borrow().vended, closes(&world)), (0, 0));
    assert!(world.borrow().now < 80_000, "after {} ms", world.borrow().now);
}

/// An open sale that the journal does not take is put by: the shopper's sale goes on.
#[test]
fn a_journal_that_fails_beside_a_sale_is_left_alone_for_a_minute() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let ear = std::rc::Rc::new(std::cell::Cell::new(0));
    let mut till = till(&world, &flash, 1, &mut memory, Failures(ear.clone()));
    for _ in 0..3 {
        super::world::abandon(&mut till, &world);
    }
    let order = create(&mut till, &world, 1_015);
    let now = world.borrow().now;
    // Only what is looked after beside it has something to store: its own code is out already.
    world.borrow_mut().plans.extend([(now + 1_000, Plan::Flash(true)), (now + 40_000, Plan::Flash(false))]);
    world.borrow_mut().plans.push((now + 45_000, Plan::Pay));
    let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(is_paid(&outcome), "{outcome:?}");
    assert!((1..=2).contains(&ear.get()), "{} failures", ear.get());
}

/// A sale that is looked after beside others is taken up again by hand: only one of the two goes on writing.
#[test]
fn a_sale_is_at_work_in_one_place() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let ear = std::rc::Rc::new(std::cell::Cell::new(0));
    let mut terms = terms();
    (terms.abandoned_ms, terms.linger_ms) = (600_000, 100);
    let mut till = till_with(&world, &flash, 1, &mut memory, Failures(ear.clone()), terms);
    let order = create(&mut till, &world, 1_015);
    let order_id = order.order_id.clone();
    // Cancelled, and not decided yet: it goes on beside the next sale.
    world.borrow_mut().never_attempted = true;
    world.borrow_mut().wishes.push((2_000, Wish::Cancel));
    let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    let _ = till.bring_on(&order_id, Word::BringOn, &mut Counter(world.clone())).unwrap();
    world.borrow_mut().orders.get_mut(order_id.as_str()).unwrap().payments[0].1 = "FAILED";
    let until = pay_core::Millis(world.borrow().now + 7_200_000);
    assert_eq!(till.settle_open(until, &mut Counter(world.clone())).unwrap(), 0);
    assert_eq!(ear.get(), 0);
}

/// Counts what the journal does not take.
struct Failures(std::rc::Rc<std::cell::Cell<u32>>);

impl Observer for Failures {
    fn journal_failed(&mut self, _: &dyn core::fmt::Display) {
        self.0.set(self.0.get() + 1);
    }
}

/// Hears of the journal.
#[derive(Default)]
struct Ear(Vec<String>);

impl Observer for Ear {
    fn journal_failed(&mut self, error: &dyn core::fmt::Display) {
        self.0.push(error.to_string());
    }
}

/// One record that cannot be read. Meant to notice: one that stops every new sale.
#[test]
fn a_record_that_cannot_be_read_blocks_its_own_order_only() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut ear = Ear::default();
    let mut till = till(&world, &flash, 1, &mut memory, &mut ear);
    let mut orders: Vec<_> = (0..3)
        .map(|_| {
            let order = create(&mut till, &world, 1_015);
            let now = world.borrow().now;
            world.borrow_mut().wishes.push((now + 200, Wish::Leave));
            let _ = till.sell(order.clone(), Upi::link(), &mut Counter(world.clone())).unwrap();
            world.borrow_mut().pay_all();
            order
        })
        .collect();
    orders.sort_by(|a, b| a.order_id.cmp(&b.order_id));
    world.borrow_mut().unreadable = Some(orders[0].order_id.clone());

    let order = create(&mut till, &world, 2_500);
    let now = world.borrow().now;
    world.borrow_mut().plans.push((now + 8_000, Plan::Pay));
    let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(is_paid(&outcome), "{outcome:?}");

    let error = till.sell(orders[0].clone(), Upi::link(), &mut Counter(world.clone())).unwrap_err();
    assert_eq!(error, TillError::Journal(FlashError::Record(orders[0].order_id.clone())));
    // The others are settled: their money is there, and their goods wait for a person.
    let until = pay_core::Millis(world.borrow().now + 600_000);
    assert_eq!(till.settle_open(until, &mut Counter(world.clone())).unwrap(), 3);
    for order in &orders[1..] {
        let outcome = till.bring_on(&order.order_id, Word::Goods { out: true }, &mut Counter(world.clone())).unwrap();
        assert!(is_paid(&outcome), "{outcome:?}");
    }
    drop(till);
    assert!(ear.0.iter().all(|said| said.contains(orders[0].order_id.as_str())), "{:?}", ear.0);
    assert!(ear.0.len() > 2);
}
