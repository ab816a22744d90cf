//! A sale from the order to the goods.

use pay_core::Outcome;
use pay_core::model::method::Upi;
use pay_core::sale::{NotPaid, Release};
use pay_core::till::{TillError, Trouble, Wish};

use super::world::{Counter, Plan, World, create, flash, is_paid, memory, rupees, till};

#[test]
fn a_sale_is_created_paid_and_handed_out() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let order = create(&mut till, &world, 1_015);
    world.borrow_mut().plans.push((8_000, Plan::Pay));
    let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(is_paid(&outcome), "{outcome:?}");
    let ended = till.ended().unwrap();
    assert_eq!((ended.release, ended.open, ended.attempts), (Release::Released, false, 1));
    assert!(!ended.journal_failed);
    let world = world.borrow();
    assert_eq!((world.shown, world.vended, world.wiped), (1, 1, 1));
    assert_eq!(world.calls[..2], ["POST /orders", "POST /orders/sessions"]);
}

#[test]
fn a_shopper_who_leaves_pays_nothing() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let order = create(&mut till, &world, 1_015);
    world.borrow_mut().wishes.push((5_000, Wish::Cancel));
    let first = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    // Whether that is certain takes longer than a shopper waits.
    assert!(world.borrow().now < 5_000 + 41_000, "after {} ms", world.borrow().now);
    assert!(matches!(first, Outcome::Pending | Outcome::NotPaid(NotPaid::Terminated)), "{first:?}");
    let now = world.borrow().now;
    let mut open = 1;
    for _ in 0..90 {
        let until = pay_core::Millis(world.borrow().now + 120_000);
        open = till.settle_open(until, &mut Counter(world.clone())).unwrap();
        if open == 0 {
            break;
        }
    }
    assert_eq!(open, 0, "after {} ms", world.borrow().now - now);
    assert_eq!(world.borrow().vended, 0);
}

/// M14. Red while the journal's record was taken up without a look at what it is about.
#[test]
fn an_order_that_the_journal_has_over_another_amount_is_refused() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let mut order = create(&mut till, &world, 1_015);
    world.borrow_mut().wishes.push((2_000, Wish::Leave));
    let _ = till.sell(order.clone(), Upi::link(), &mut Counter(world.clone())).unwrap();
    let sent = world.borrow().calls.len();
    order.amount = rupees(2_000);
    let error = till.sell(order.clone(), Upi::link(), &mut Counter(world.clone())).unwrap_err();
    assert_eq!(error, TillError::Trouble(Trouble::Changed(order.order_id.clone())));
    assert_eq!(world.borrow().calls.len(), sent, "nothing was sent");
    // The same intent goes on.
    order.amount = rupees(1_015);
    world.borrow_mut().pay_all();
    let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(is_paid(&outcome), "{outcome:?}");
}

/// M16. Red with a key out of the seed of the boot.
#[test]
fn the_key_of_an_attempt_is_the_same_after_a_reboot() {
    let keys = |boot| {
        let world = World::new();
        let (flash, mut memory) = (flash(&world), memory());
        let mut till = till(&world, &flash, boot, &mut memory, ());
        let order_id = pay_core::OrderId::parse("inv-1").unwrap();
        let request = pay_core::model::CreateOrder::new(order_id, rupees(1_015), super::world::customer()).unwrap();
        let order = till.create_by(&request, &mut Counter(world.clone())).unwrap();
        world.borrow_mut().wishes.push((2_000, Wish::Leave));
        let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
        world.take().keys
    };
    let first = keys(1);
    assert_eq!(first.len(), 2);
    assert_eq!(first, keys(2));
}

/// D17. Meant to notice: `OrderTaken` that ends the creating of an order whose id the till had minted itself.
#[test]
fn an_id_that_is_taken_is_minted_anew() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    world.borrow_mut().taken = 2;
    let order = create(&mut till, &world, 1_015);
    assert_eq!(world.borrow().orders.len(), 3, "two of somebody else");
    let now = world.borrow().now;
    world.borrow_mut().plans.push((now + 8_000, Plan::Pay));
    let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(is_paid(&outcome), "{outcome:?}");
    // An id of the caller's is the caller's matter.
    world.borrow_mut().taken = 1;
    let order_id = pay_core::OrderId::parse("inv-1").unwrap();
    let request = pay_core::model::CreateOrder::new(order_id, rupees(1_015), super::world::customer()).unwrap();
    let error = till.create_by(&request, &mut Counter(world.clone())).unwrap_err();
    assert_eq!(error, TillError::Trouble(Trouble::Over(Outcome::OrderTaken)));
}

/// A random source that gives every boot the same: the ids are new all the same, as far as the journal knows the old ones.
#[test]
fn a_till_that_always_boots_with_the_same_seed_sells_again() {
    let world = World::new();
    let flash = flash(&world);
    for _ in 0..2 {
        let mut memory = memory();
        let mut till = till(&world, &flash, 1, &mut memory, ());
        let order = create(&mut till, &world, 1_015);
        let now = world.borrow().now;
        world.borrow_mut().plans.push((now + 8_000, Plan::Pay));
        let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
        assert!(is_paid(&outcome), "{outcome:?}");
    }
    assert_eq!(world.borrow().vended, 2);
}
