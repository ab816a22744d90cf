//! Codes that nobody pays, and orders that nobody heard of.

use pay_core::drive::journal::blocking::Journal as _;
use pay_core::drive::transport::blocking::Transport as _;
use pay_core::model::CreateOrder;
use pay_core::model::method::Upi;
use pay_core::sale::{Buffers, Millis, Refunds};
use pay_core::till::{Do, Event, Life, Terms, Wish};
use pay_core::{OrderId, Outcome};

use super::world::{
    Counter, Flash, Plan, Shared, World, create, customer, device, flash, is_paid, memory, rupees, terms, till,
    till_with, wire,
};

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

/// The power goes after the order was made, and before the till heard of it.
fn cut_in_creation(world: &Shared, flash: &mut Flash, order_id: &OrderId, terms: Terms) {
    let (mut memory, mut wire, device) = (memory(), wire(world), device(()));
    let mut life = Life::new(terms, device.secret, device.incarnation, device.epoch, [1; 32]);
    let mut buffers = Buffers { tx: &mut memory.0, rx: &mut memory.1 };
    let request = CreateOrder::new(order_id.clone(), rupees(1_015), customer()).unwrap();
    life.create(&request, None, Millis(0), &mut buffers).unwrap();
    loop {
        let event = match life.next(Millis(0), &mut buffers) {
            Do::NextOpen(_) | Do::Recall(_) => Event::Recalled(Ok(None)),
            Do::Store(record) => Event::Stored(flash.store(record).is_ok()),
            Do::Sleep(_) => continue,
            Do::Exchange(request, rx) => {
                wire.exchange(&request, rx).unwrap();
                return;
            }
            other => panic!("{other:?}"),
        };
        life.on(Millis(0), event, &mut buffers).unwrap();
    }
}

// Mutants: a till that does not tell a cut creation its mark; one that closes whatever order has the id.
#[test]
fn after_a_cut_in_creation_the_till_closes_its_own_order_only() {
    for (theirs, status, open) in [(false, "TERMINATED", 0), (true, "ACTIVE", 1)] {
        let world = World::new();
        let (mut flash, mut memory) = (flash(&world), memory());
        let order_id = OrderId::parse("inv-1").unwrap();
        cut_in_creation(&world, &mut flash, &order_id, terms());
        if theirs {
            world.borrow_mut().orders.get_mut("inv-1").unwrap().mark = "x".to_owned();
        }
        let mut till = till(&world, &flash, 2, &mut memory, ());
        let until = Millis(world.borrow().now + 60_000);
        assert_eq!(till.settle_open(until, &mut Counter(world.clone())).unwrap(), open);
        assert_eq!(world.borrow().orders["inv-1"].status, status);
    }
}

/// The backend made the order, with a mark of its own: this till's mark says nothing about it.
#[test]
fn after_a_cut_in_creation_the_backends_order_is_closed_whatever_its_mark() {
    let world = World::new();
    let (mut flash, mut memory) = (flash(&world), memory());
    let order_id = OrderId::parse("inv-1").unwrap();
    let mut terms = terms();
    terms.policy.refunds = Refunds::ByBackend;
    cut_in_creation(&world, &mut flash, &order_id, terms.clone());
    world.borrow_mut().orders.get_mut("inv-1").unwrap().mark = "the backend's".to_owned();
    let mut till = till_with(&world, &flash, 2, &mut memory, (), terms);
    let until = Millis(world.borrow().now + 60_000);
    assert_eq!(till.settle_open(until, &mut Counter(world.clone())).unwrap(), 0);
    assert_eq!(world.borrow().orders["inv-1"].status, "TERMINATED");
}
