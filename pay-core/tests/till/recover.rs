//! A till whose journal is lost.

use pay_core::drive::Routes;
use pay_core::drive::journal::blocking::Journal;
use pay_core::sale::{Buffers, Delivery, Millis, Outcome, Release, RouteProblem, SaleError};
use pay_core::till::blocking::Till;
use pay_core::till::{Recovered, TillError, Trouble};

use super::world::{
    Counter, Flash, FlashError, Order, Said, Shared, World, device, flash, memory, rupees, terms, till, wire,
};

/// How often in a row a call may fail.
const TRIES: usize = 3;

/// Two open orders at a backend.
fn world() -> Shared {
    let world = World::new();
    for (id, paise) in [("a-1", 1_015), ("b-2", 2_000)] {
        let order = Order { status: "ACTIVE", paise, payments: vec![], mark: String::new() };
        world.borrow_mut().orders.insert(id.into(), order);
    }
    world.borrow_mut().open = r#""a-1","b-2""#.into();
    world
}

fn recover(world: &Shared, flash: &Flash) -> Result<Recovered, TillError<FlashError>> {
    let mut memory = memory();
    till(world, flash, 1, &mut memory, ()).recover(&mut Counter(world.clone()))
}

/// What is found with this script of answers, and how many calls it took.
fn found(script: &[Said]) -> (Result<(u32, u32), Trouble>, usize) {
    let world = world();
    world.borrow_mut().script = script.iter().cloned().collect();
    let found = match recover(&world, &flash(&world)) {
        Ok(found) => Ok((found.orders, found.left)),
        Err(TillError::Trouble(trouble)) => Err(trouble),
        Err(error) => panic!("{error:?}"),
    };
    let calls = world.borrow().calls.len();
    (found, calls)
}

#[test]
fn open_orders_are_stored_and_nothing_is_said_of_payer_and_goods() {
    let world = world();
    let flash = flash(&world);
    let mut memory = memory();
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let first = till.recover(&mut Counter(world.clone())).unwrap();
    assert_eq!((first.epoch, first.orders, first.left), (1, 2, 0));
    assert_eq!(world.borrow().calls, ["POST /devices/recover", "GET /orders/a-1", "GET /orders/b-2"]);
    for (id, paise) in [("a-1", 1_015), ("b-2", 2_000)] {
        let record = flash.clone().find(&pay_core::OrderId::parse(id).unwrap()).unwrap().unwrap();
        assert_eq!((record.amount, record.release, record.attempt_count()), (rupees(paise), Release::Unknown, 1));
        assert!(record.is_open());
    }
    // What the journal has is not asked for again.
    let again = till.recover(&mut Counter(world.clone())).unwrap();
    assert_eq!((again.epoch, again.orders, again.left), (2, 0, 0));
    assert_eq!(world.borrow().calls[3..], ["POST /devices/recover"]);
    // One is paid: by whom is for a person. The other is closed, so that nobody pays it any more.
    world.borrow_mut().orders.get_mut("a-1").unwrap().payments.push((7, "SUCCESS"));
    world.borrow_mut().orders.get_mut("a-1").unwrap().status = "PAID";
    let _ = till.settle_open(Millis(u64::from(u32::MAX)), &mut Counter(world.clone())).unwrap();
    let id = pay_core::OrderId::parse("a-1").unwrap();
    let paid = till.bring_on(&id, pay_core::till::Word::BringOn, &mut Counter(world.clone())).unwrap();
    assert_eq!((paid, world.borrow().vended), (Outcome::PaidUnclear, 0));
    assert_eq!(world.borrow().orders["b-2"].status, "TERMINATED");
}

#[test]
fn the_list_is_asked_for_three_times_at_most_and_a_refusal_is_final() {
    let refused = |status| Err(Trouble::Route(RouteProblem::Refused { status }));
    for status in [429, 500, 503] {
        assert_eq!(found(&vec![Said::This(status, "{}"); TRIES]), (refused(status), TRIES), "{status}");
        // The third try is in time.
        assert_eq!(found(&vec![Said::This(status, "{}"); TRIES - 1]), (Ok((2, 0)), TRIES + 2), "{status}");
    }
    for said in [Said::This(200, "no JSON"), Said::Cut(200, r#"{"epoch":1,"orders":[]}"#)] {
        let unreadable = Err(Trouble::Route(RouteProblem::Unreadable));
        assert_eq!(found(&vec![said.clone(); TRIES]), (unreadable, TRIES), "{said:?}");
    }
    let silent = found(&vec![Said::Nothing(Delivery::Unknown); TRIES]);
    assert!(matches!(silent, (Err(Trouble::Route(RouteProblem::Failed(_))), TRIES)), "{silent:?}");
    for status in [401, 409, 499] {
        let said = r#"{"code":"device_epoch_over","message":"no"}"#;
        let (Err(Trouble::Refusal(by)), 1) = found(&[Said::This(status, said)]) else { panic!("{status}") };
        assert_eq!((by.status, by.code.as_str()), (status, "device_epoch_over"));
    }
}

/// The pauses grow, so that a backend that starts again is not asked all at once.
#[test]
fn between_two_tries_it_waits_a_second_then_two() {
    let world = world();
    world.borrow_mut().script = vec![Said::This(503, "{}"); TRIES - 1].into();
    recover(&world, &flash(&world)).unwrap();
    let at = world.borrow().called_at.clone();
    // An exchange takes 50 ms here.
    assert_eq!((at[1] - at[0], at[2] - at[1]), (1_050, 2_050));
}

#[test]
fn an_order_that_cannot_be_fetched_is_left_and_the_next_one_is_not() {
    let left = Ok((1, 1));
    for status in [401, 404, 499] {
        assert_eq!(found(&[Said::World, Said::This(status, "{}")]), (left.clone(), 3), "{status}");
    }
    let another = r#"{"order_id":"b-2","order_status":"ACTIVE","order_amount":10.15,"order_currency":"INR"}"#;
    for said in [
        Said::This(500, "{}"),
        Said::This(429, "{}"),
        Said::This(200, "no JSON"),
        Said::This(200, another),
        Said::Cut(200, "{}"),
    ] {
        let mut script = vec![Said::World];
        script.extend(vec![said.clone(); TRIES]);
        assert_eq!(found(&script), (left.clone(), 1 + TRIES + 1), "{said:?}");
    }
    // What cannot be an order's id ends the list: behind it nothing can be told.
    assert_eq!(found(&[Said::This(200, r#"{"epoch":4,"orders":["a-1",5,"b-2"]}"#)]), (left, 2));
}

#[test]
fn a_journal_that_takes_nothing_leaves_all_orders() {
    let world = world();
    let flash = flash(&world);
    world.borrow_mut().flash_fails = true;
    let found = recover(&world, &flash).unwrap();
    assert_eq!((found.epoch, found.orders, found.left), (1, 0, 2));
    // An order whose record cannot be read is there: nothing is stored over it.
    world.borrow_mut().flash_fails = false;
    assert_eq!(recover(&world, &flash).unwrap().orders, 2);
    world.borrow_mut().unreadable = Some(pay_core::OrderId::parse("a-1").unwrap());
    let found = recover(&world, &flash).unwrap();
    assert_eq!((found.orders, found.left), (0, 0));
}

/// The list stays in the buffer while the orders are read behind it.
#[test]
fn a_buffer_without_room_behind_the_list_is_refused() {
    let list = r#"{"epoch":1,"orders":["a-1","b-2"]}"#.len();
    let with = |len: usize| {
        let world = world();
        let (mut tx, mut rx) = ([0; 2_048], vec![0; len]);
        let buffers = Buffers { tx: &mut tx, rx: &mut rx };
        let routes = Routes::same(wire(&world));
        let mut till = Till::new(routes, device(flash(&world)), terms(), [1; 32], buffers, ());
        till.recover(&mut Counter(world.clone())).map(|found| found.orders)
    };
    let needed = list + 4_096;
    assert_eq!(with(needed - 1), Err(TillError::Trouble(Trouble::Sale(SaleError::RxTooSmall { needed }))));
    assert_eq!(with(needed), Ok(2));
}
