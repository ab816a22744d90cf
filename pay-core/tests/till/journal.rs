//! A journal that fails.

use pay_core::Outcome;
use pay_core::model::method::Upi;
use pay_core::till::TillError;

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
