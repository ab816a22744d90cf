//! A journal that fails.

use pay_core::Outcome;
use pay_core::model::method::Upi;
use pay_core::till::{Observer, TillError, Wish, Word};

use super::world::{Counter, FlashError, Plan, World, create, customer, flash, is_paid, memory, rupees, till};

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
