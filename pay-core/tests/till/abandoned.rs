//! Codes that nobody pays.

use pay_core::Outcome;
use pay_core::model::method::Upi;
use pay_core::till::Wish;

use super::world::{Counter, Plan, World, create, flash, is_paid, memory, till};

/// F1. The gateway says NOT_ATTEMPTED of an abandoned code for ever. Meant to notice: a closed order of which nothing moves counted against the
/// limits, so that the 21st sale is refused.
#[test]
fn fifty_abandoned_codes_leave_selling() {
    let world = World::new();
    world.borrow_mut().never_attempted = true;
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    for _ in 0..50 {
        let order = create(&mut till, &world, 1_015);
        let now = world.borrow().now;
        world.borrow_mut().wishes.push((now + 3_000, Wish::Cancel));
        let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
        assert!(matches!(outcome, Outcome::Pending | Outcome::NotPaid(_)), "{outcome:?}");
    }
    world.borrow_mut().wishes.clear();
    let order = create(&mut till, &world, 2_500);
    let now = world.borrow().now;
    world.borrow_mut().plans.push((now + 8_000, Plan::Pay));
    let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(is_paid(&outcome), "{outcome:?}");
    assert_eq!(world.borrow().orders.values().filter(|order| order.status == "TERMINATED").count(), 50);
}
