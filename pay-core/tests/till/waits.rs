//! What the journal has open is looked after in the waits of new sales, never in front of them.

use std::cell::RefCell;
use std::rc::Rc;

use pay_core::drive::journal::blocking::Journal as _;
use pay_core::model::{OrderId, method::Upi};
use pay_core::sale::{Delivery, NotPaid, Refunds};
use pay_core::till::{Note, Observer, Terms, Wish};
use pay_core::{Millis, Outcome};

use super::world::{
    Counter, Plan, Said, Shared, World, abandon, create, flash, is_paid, memory, terms, till, till_with,
};

/// How long each answer about this order could be held since an exchange, in seconds.
fn waits_of(world: &Shared, order: &OrderId, since: usize) -> Vec<u8> {
    let (world, line) = (world.borrow(), format!("GET /orders/{order}"));
    let asked = world.calls.iter().zip(&world.waits).skip(since);
    asked.filter(|(call, _)| **call == line).map(|(_, wait_s)| *wait_s).collect()
}

/// The terms of a till at a backend, for a shopper who takes five minutes.
fn at_a_backend() -> Terms {
    let mut terms = terms();
    (terms.policy.refunds, terms.policy.deadline_ms) = (Refunds::ByBackend, 300_000);
    terms
}

// Mutant: one question a minute that is not held, to look into the journal after it.
#[test]
fn a_till_with_nothing_open_beside_its_sale_has_every_answer_held() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till_with(&world, &flash, 1, &mut memory, (), at_a_backend());
    let order = create(&mut till, &world, 2_500);
    let (now, mine) = (world.borrow().now, order.order_id.clone());
    world.borrow_mut().wishes.push((now + 180_000, Wish::Leave));
    let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    let waits = waits_of(&world, &mine, 0);
    assert!(waits.len() > 10 && waits.iter().all(|wait_s| *wait_s == 9), "{waits:?}");
}

// Mutants: no answer is held while another sale is open; every one is, and the other sale has its turn seconds too late.
#[test]
fn while_another_sale_is_open_an_answer_is_held_until_its_turn() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till_with(&world, &flash, 1, &mut memory, (), at_a_backend());
    let left = abandon(&mut till, &world);
    let order = create(&mut till, &world, 2_500);
    let (now, before, mine) = (world.borrow().now, world.borrow().calls.len(), order.order_id.clone());
    world.borrow_mut().wishes.push((now + 40_000, Wish::Leave));
    let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    // It was closed; its list settles 30 s after the first one.
    let lists: Vec<_> = {
        let world = world.borrow();
        let asked = world.calls.iter().zip(&world.called_at).enumerate().skip(before);
        let list = format!("GET /orders/{left}/payments");
        asked.filter(|(_, (call, _))| **call == list).map(|(n, (_, at))| (n, *at)).collect()
    };
    let [(_, first), (turn, last)] = lists[..] else { panic!("{lists:?}") };
    assert!((30_000..34_000).contains(&(last - first)), "{lists:?}");
    let world = world.borrow();
    for n in before..world.calls.len() {
        if world.calls[n] == format!("GET /orders/{mine}") {
            let held = n > turn || last - world.called_at[n] > 9_000;
            assert!(world.waits[n] == if held { 9 } else { 0 }, "{n}: {:?} {:?}", world.waits, world.called_at);
        }
    }
}

// Mutant: the journal is looked into in a pause only. While every answer is held there is none.
#[test]
fn an_open_sale_gets_its_turn_although_every_answer_is_held() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till_with(&world, &flash, 1, &mut memory, (), at_a_backend());
    let left = abandon(&mut till, &world);
    let order = create(&mut till, &world, 2_500);
    let now = world.borrow().now;
    world.borrow_mut().holds = true;
    // The journal fails at its turn: the sale beside is put by for two minutes. Then no pause comes.
    world.borrow_mut().plans.extend([(now + 25_000, Plan::Flash(true)), (now + 35_000, Plan::Flash(false))]);
    let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    let world = world.borrow();
    let asked = world.calls.iter().zip(&world.called_at);
    let beside: Vec<_> = asked.filter(|(call, _)| call.contains(left.as_str())).map(|(_, at)| at - now).collect();
    assert!(beside.iter().any(|at| (90_000..170_000).contains(at)), "{beside:?}");
}

// Mutant: an open sale that has its turn while a request may have to be sent again: it writes where that one's body is kept.
#[test]
fn while_a_request_may_be_sent_again_no_other_sale_has_a_turn() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let left = abandon(&mut till, &world);
    let order = create(&mut till, &world, 2_500);
    let (now, before) = (world.borrow().now, world.borrow().calls.len());
    world.borrow_mut().script = [Said::Nothing(Delivery::Unknown), Said::This(503, "busy")].into();
    world.borrow_mut().wishes.push((now + 60_000, Wish::Leave));
    let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    let world = world.borrow();
    let calls = &world.calls[before..];
    let sent = |call: &String| call == "POST /orders/sessions";
    let again = calls.iter().rposition(sent).expect("a payment");
    assert!(again > 1 && sent(&calls[0]), "{calls:?}");
    let beside: Vec<_> = calls.iter().map(|call| call.contains(left.as_str())).collect();
    assert!(!beside[..again].contains(&true) && beside[again..].contains(&true), "{calls:?}");
}

/// Hears which sales are taken up from the journal, and which are settled beside others.
#[derive(Clone, Default)]
struct Beside(Rc<RefCell<Vec<String>>>);

impl Observer for Beside {
    fn note(&mut self, note: &Note<'_>) {
        match note {
            Note::Resumed(order_id) => self.0.borrow_mut().push(format!("{order_id} resumed")),
            Note::Settled(record, _) => self.0.borrow_mut().push(format!("{} settled", record.order_id)),
            _ => {}
        }
    }
}

// Mutants: a sale that is over goes on beside the next one; one that is open is taken up from the journal instead of going on.
#[test]
fn what_is_open_goes_on_and_what_is_over_does_not() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let heard = Beside::default();
    let mut till = till(&world, &flash, 1, &mut memory, heard.clone());
    let sell = |till: &mut super::world::Tested<'_, Beside>, pays: bool| {
        let order = create(till, &world, 1_015);
        let (now, order_id) = (world.borrow().now, order.order_id.clone());
        if pays {
            world.borrow_mut().plans.push((now + 1_000, Plan::Pay));
        } else {
            world.borrow_mut().wishes.push((now + 40_000, Wish::Leave));
        }
        let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
        order_id
    };
    let _ = sell(&mut till, true);
    let _ = sell(&mut till, true);
    assert_eq!(*heard.0.borrow(), [""; 0], "a sale that is over");
    world.borrow_mut().never_attempted = true;
    // It was cancelled: its shopper is sent away before its list settles.
    let order = create(&mut till, &world, 1_015);
    let (now, cancelled) = (world.borrow().now, order.order_id.clone());
    world.borrow_mut().wishes.push((now + 200, Wish::Cancel));
    let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(flash.kept.borrow_mut().find(&cancelled).unwrap().is_some_and(|record| record.is_open()));
    let _ = sell(&mut till, false);
    assert_eq!(*heard.0.borrow(), [format!("{cancelled} settled")], "a sale that goes on");
}

/// S2. Red while open sales were taken up before a new one began.
#[test]
fn the_next_shopper_does_not_wait_behind_open_sales() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let mut left = Vec::new();
    for _ in 0..5 {
        left.push(abandon(&mut till, &world));
    }
    let (began, before) = (world.borrow().now, world.borrow().calls.len());
    let order = create(&mut till, &world, 2_500);
    assert_eq!(world.borrow().now, began + 50, "the order comes first");
    world.borrow_mut().plans.push((began + 9_000, Plan::Offline(false)));
    world.borrow_mut().wishes.push((began + 20_000, Wish::Cancel));
    let mine = order.order_id.clone();
    let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    let world = world.borrow();
    let calls = &world.calls[before..];
    assert_eq!(calls[1], "POST /orders/sessions", "then its code");
    assert!(
        calls.iter().any(|call| left.iter().any(|id| call.contains(id.as_str()))),
        "and in its waits the others: {calls:?}"
    );
    assert!(calls.iter().filter(|call| call.contains(mine.as_str())).count() > 3);
}

#[test]
fn after_a_boot_what_is_open_is_settled_and_its_goods_are_kept_for_a_person() {
    let world = World::new();
    let flash = flash(&world);
    {
        let mut memory = memory();
        let mut till = till(&world, &flash, 1, &mut memory, ());
        let order = create(&mut till, &world, 1_015);
        world.borrow_mut().wishes.push((2_000, Wish::Leave));
        let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    }
    world.borrow_mut().pay_all();
    let mut memory = memory();
    let mut till = till(&world, &flash, 2, &mut memory, ());
    let open = till.settle_open(Millis(600_000), &mut Counter(world.clone())).unwrap();
    assert_eq!((open, world.borrow().vended), (1, 0), "paid, and nobody stands there");
    let order = create(&mut till, &world, 1_015);
    let now = world.borrow().now;
    world.borrow_mut().plans.push((now + 5_000, Plan::Pay));
    let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(is_paid(&outcome), "{outcome:?}");
    assert_eq!(world.borrow().vended, 1);
}

/// Hears how sales stand that were looked after.
#[derive(Clone, Default)]
struct Listener(Rc<RefCell<Vec<Outcome>>>);

impl Observer for Listener {
    fn note(&mut self, note: &Note<'_>) {
        if let Note::Settled(_, outcome) = note {
            self.0.borrow_mut().push(outcome.clone());
        }
    }
}

// Mutant: `look_after` that puts the sale by without a word when the time is over; `leave` that does.
#[test]
fn whoever_listens_hears_of_the_sale_that_the_time_ran_out_on() {
    for wish in [None, Some(Wish::Leave)] {
        let world = World::new();
        let flash = flash(&world);
        {
            let mut memory = memory();
            let mut till = till(&world, &flash, 1, &mut memory, ());
            let order = create(&mut till, &world, 1_015);
            world.borrow_mut().wishes.push((2_000, Wish::Leave));
            let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
        }
        let listener = Listener::default();
        let mut memory = memory();
        let mut till = till(&world, &flash, 2, &mut memory, listener.clone());
        till.life().terms_mut().abandoned_ms = 600_000;
        world.borrow_mut().wishes.extend(wish.map(|wish| (4_000, wish)));
        let open = till.settle_open(Millis(9_000), &mut Counter(world.clone())).unwrap();
        assert_eq!((open, listener.0.borrow().as_slice()), (1, &[Outcome::Pending][..]));
    }
}

// Mutant: `look_after` that tells how the sale stands before it is on record: `left: Some(true) right: Some(false)`.
#[test]
fn what_the_last_reading_said_is_on_record_when_the_time_is_over() {
    let world = World::new();
    let flash = flash(&world);
    let order_id = {
        let mut memory = memory();
        let mut till = till(&world, &flash, 1, &mut memory, ());
        let order = create(&mut till, &world, 1_015);
        let order_id = order.order_id.clone();
        world.borrow_mut().wishes.push((2_000, Wish::Leave));
        let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
        order_id
    };
    for order in world.borrow_mut().orders.values_mut() {
        order.status = "TERMINATED";
        order.payments[0].1 = "FAILED";
    }
    let listener = Listener::default();
    let mut memory = memory();
    let mut till = till(&world, &flash, 2, &mut memory, listener.clone());
    // Order and list take 50 ms each; the list that settles is asked for 30 s after the first, and answered after the time is over.
    let until = world.borrow().now + 30_120;
    let open = till.settle_open(Millis(until), &mut Counter(world.clone())).unwrap();
    assert!(world.borrow().now > until, "the answer came when the time was over");
    let is_open = flash.kept.borrow_mut().find(&order_id).unwrap().map(|record| record.is_open());
    assert_eq!(is_open, Some(false));
    assert_eq!((open, listener.0.borrow().as_slice()), (0, &[Outcome::NotPaid(NotPaid::Terminated)][..]));
}

// Mutant: `look_after` that ends the round without a look at the rest: `left: 0 right: 3`.
#[test]
fn what_a_round_has_no_time_for_counts_as_open() {
    let world = World::new();
    let flash = flash(&world);
    let mut memory = memory();
    let mut till = till(&world, &flash, 1, &mut memory, ());
    for _ in 0..3 {
        abandon(&mut till, &world);
    }
    let now = world.borrow().now;
    assert_eq!(till.settle_open(Millis(now), &mut Counter(world.clone())).unwrap(), 3);
    let until = Millis(world.borrow().now + 1);
    assert_eq!(till.settle_open(until, &mut Counter(world.clone())).unwrap(), 3);
}

/// Red where a sale keeps its place until its own next look is due, here half an hour; and where the sale at work when the round
/// begins hides those before it (the second one has the lower order id).
#[test]
fn a_sale_that_rests_does_not_keep_the_others_waiting() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let mut left = Vec::new();
    for _ in 0..2 {
        left.push(abandon(&mut till, &world));
    }
    // Nobody completed them, and nobody knows yet that nobody will.
    for order in world.borrow_mut().orders.values_mut() {
        order.status = "TERMINATED";
        order.payments.iter_mut().for_each(|payment| payment.1 = "NOT_ATTEMPTED");
    }
    assert!(left.is_sorted_by(|first, second| first > second), "take another boot: {left:?}");
    let (now, before) = (world.borrow().now, world.borrow().calls.len());
    let open = till.settle_open(Millis(now + 120_000), &mut Counter(world.clone())).unwrap();
    assert_eq!(open, 2);
    for id in left {
        let list = format!("GET /orders/{id}/payments");
        assert!(world.borrow().calls[before..].contains(&list), "{id}: {:?}", &world.borrow().calls[before..]);
    }
}

// Mutant: a sale whose payment stays PENDING keeps its place for as long as there is time; the second is never looked at.
#[test]
fn a_payment_that_does_not_end_keeps_nobody_else_waiting() {
    let world = World::new();
    let flash = flash(&world);
    {
        let mut memory = memory();
        let mut till = till(&world, &flash, 1, &mut memory, ());
        for _ in 0..3 {
            abandon(&mut till, &world);
        }
    }
    for order in world.borrow_mut().orders.values_mut() {
        order.status = "TERMINATED";
        order.payments[0].1 = "PENDING";
    }
    let listener = Listener::default();
    let mut memory = memory();
    let mut till = till(&world, &flash, 2, &mut memory, listener.clone());
    let began = world.borrow().now;
    let open = till.settle_open(Millis(began + 600_000), &mut Counter(world.clone())).unwrap();
    assert_eq!((open, listener.0.borrow().len()), (3, 3));
    assert!(world.borrow().now - began < 10_000, "after {} ms", world.borrow().now - began);
}
