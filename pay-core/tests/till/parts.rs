//! What a till is made of: its routes, its shop, its observer, its memory.

use pay_core::drive::Routes;
use pay_core::model::method::Upi;
use pay_core::model::{CallKind, Environment, Text};
use pay_core::sale::{Buffers, Delivery, ErrorKind, Failure, Millis, NotPaid, Record, RefusedBy, RouteProblem};
use pay_core::till::blocking::Till;
use pay_core::till::shop::blocking::Shop;
use pay_core::till::{Do, Heard, Life, Note, Observer, TillError, Trouble, Wish};

use pay_core::{Amount, OrderId, Outcome};

use super::world::{
    Counter, Offline, Plan, World, create, customer, device, flash, is_paid, memory, rupees, terms, till, wire,
};

#[test]
fn payments_go_one_way_and_questions_the_other() {
    let (world, mut memory) = (World::new(), memory());
    let (pay, ask) = (wire(&world), wire(&world).for_questions());
    let buffers = Buffers { tx: &mut memory.0, rx: &mut memory.1 };
    let flash = flash(&world);
    let mut till = Till::new(Routes::two(pay, ask), device(flash), terms(), [1; 32], buffers, ());
    let order = create(&mut till, &world, 1_015);
    world.borrow_mut().plans.push((8_000, Plan::Pay));
    let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(is_paid(&outcome), "{outcome:?}");
    let world = world.borrow();
    let asked: Vec<_> = world.asking.iter().map(String::as_str).collect();
    assert!(!asked.contains(&"POST /orders/sessions") && asked.contains(&"POST /orders"), "{asked:?}");
    assert_eq!(asked.len(), world.calls.len() - 1);
}

/// A backend that counts lives refuses the calls of an earlier one.
#[test]
fn after_a_recovery_each_call_to_the_backend_has_the_new_epoch() {
    let (world, mut memory) = (World::new(), memory());
    let flash = flash(&world);
    let mut till = till(&world, &flash, 1, &mut memory, ());
    assert_eq!(till.recover(&mut Counter(world.clone())).unwrap().epoch, 1);
    let _ = create(&mut till, &world, 1_015);
    let epochs = world.borrow().epochs.clone();
    assert!(!epochs[0].contains('1') && epochs[1].contains('1'), "{epochs:?}");
}

/// A shop by reference is the same shop.
#[test]
fn a_shop_by_reference_tells_the_time_and_wipes() {
    let (world, mut memory) = (World::new(), memory());
    let flash = flash(&world);
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let mut counter = Counter(world.clone());
    let mut shop = &mut counter;
    world.borrow_mut().pass(3_000);
    assert_eq!((Shop::now(&mut shop), Shop::unix(&mut shop).is_some()), (Millis(3_000), true));
    let order = till.create(rupees(1_015), customer(), &mut shop).unwrap();
    let mut kept = flash.clone();
    let created =
        pay_core::drive::journal::blocking::Journal::find(&mut kept, &order.order_id).unwrap().unwrap().created;
    assert!(created.is_some());
    // The same for an order that came from elsewhere.
    let mut kept = super::world::flash(&world);
    let mut memory = super::world::memory();
    let mut till = super::world::till(&world, &kept, 2, &mut memory, ());
    world.borrow_mut().plans.push((8_000, Plan::Pay));
    let order_id = order.order_id.clone();
    let outcome = till.sell(order, Upi::link(), &mut shop).unwrap();
    let created = pay_core::drive::journal::blocking::Journal::find(&mut kept, &order_id).unwrap().unwrap().created;
    assert!(created.is_some());
    assert!(is_paid(&outcome), "{outcome:?}");
    assert_eq!(world.borrow().wiped, 1);
}

/// Hears everything.
#[derive(Default)]
struct Ear {
    calls: Vec<String>,
    stored: usize,
    problems: Vec<RouteProblem>,
}

impl Observer for Ear {
    fn exchanged(&mut self, heard: Heard<'_>) {
        self.calls.push(format!("{heard:?}"));
    }

    fn stored(&mut self, _: &Record) {
        self.stored += 1;
    }

    fn note(&mut self, note: &Note<'_>) {
        if let Note::Problem(_, problem) = note {
            self.problems.push(*problem);
        }
    }
}

/// An observer by reference hears all; of a problem it hears once, however long it lasts.
#[test]
fn an_observer_hears_every_exchange_every_record_and_each_problem_once() {
    let (world, mut memory) = (World::new(), memory());
    let flash = flash(&world);
    let mut ear = Ear::default();
    let mut till = till(&world, &flash, 1, &mut memory, &mut ear);
    let order = create(&mut till, &world, 1_015);
    let plans = [Plan::Offline(true), Plan::Offline(false), Plan::Pay];
    world.borrow_mut().plans.extend([4_000, 44_000, 46_000].into_iter().zip(plans));
    let outcome = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    assert!(is_paid(&outcome), "{outcome:?}");
    drop(till);
    assert_eq!(ear.calls.len(), world.borrow().calls.len());
    assert_eq!(ear.calls[0], format!("{:?}: Ok(200)", CallKind::CreateOrder));
    assert!(ear.stored > 3, "{}", ear.stored);
    let failure = Failure { kind: ErrorKind::Connect, delivery: Delivery::NotSent };
    assert_eq!(ear.problems, [RouteProblem::Failed(failure)]);
    assert!(ear.calls.iter().filter(|call| call.contains("NotSent")).count() > 2, "{:?}", ear.calls);
    let _: &dyn core::error::Error = &Offline(Delivery::NotSent);
}

/// What a request or an answer held may be a card or a link.
#[test]
fn the_memory_of_a_till_is_wiped_when_it_ends() {
    let (world, mut memory) = (World::new(), memory());
    let flash = flash(&world);
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let order = create(&mut till, &world, 1_015);
    world.borrow_mut().wishes.push((2_000, Wish::Leave));
    let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    drop(till);
    assert!(memory.0.iter().chain(&memory.1).all(|byte| *byte == 0));
}

/// Two sales of one boot, and the same sale of two boots, do not write under one seed: the journal tells them apart by it (M13).
#[test]
fn each_sale_of_each_boot_writes_as_somebody_else() {
    let writer = |boot: u8, n: usize| {
        let (world, mut memory) = (World::new(), memory());
        let flash = flash(&world);
        let mut till = till(&world, &flash, boot, &mut memory, ());
        let order = (0..=n).map(|_| create(&mut till, &world, 1_015)).last().unwrap();
        let image = pay_core::drive::journal::blocking::Journal::find(till.journal(), &order.order_id);
        format!("{:?}", image.unwrap().unwrap())
    };
    let field =
        |text: &str| text.split("writer: ").nth(1).map(|rest| rest.split(']').next().unwrap().to_owned()).unwrap();
    let (first, second, other) = (field(&writer(1, 0)), field(&writer(1, 1)), field(&writer(2, 0)));
    assert!(first != second && first != other, "{first} {second} {other}");
}

#[test]
fn a_life_shows_the_record_that_it_is_at() {
    let mut memory = memory();
    let device = device(());
    let mut life = Life::new(terms(), device.secret, device.incarnation, device.epoch, [1; 32]);
    let mut buffers = Buffers { tx: &mut memory.0, rx: &mut memory.1 };
    assert!(life.record().is_none());
    let id = OrderId::parse("inv-1").unwrap();
    let request =
        pay_core::model::CreateOrder::new(id.clone(), Amount::from_minor(1_015).unwrap(), customer()).unwrap();
    life.create(&request, None, Millis(0), &mut buffers).unwrap();
    assert!(matches!(life.next(Millis(0), &mut buffers), Do::NextOpen(_) | Do::Store(_) | Do::Recall(_)));
    assert_eq!(life.record().map(|record| (&record.order_id, record.environment)), Some((&id, Environment::Sandbox)));
}

/// What people read. Each names what is wrong and what to do.
#[test]
fn errors_are_sentences_for_people() {
    let order = OrderId::parse("inv-1").unwrap();
    let refused = RouteProblem::Refused { status: 503 };
    for (trouble, text) in [
        (Trouble::Journal, "the journal cannot be read or written"),
        (Trouble::NoOrder(order.clone()), "order_id: the journal has no order inv-1"),
        (Trouble::Over(Outcome::Paid { cf_payment_id: None, watch: false }), "order_id: the order is paid already"),
        (
            Trouble::Over(Outcome::OrderTaken),
            "order_id: the order existed before, or another party is paying it; use another id",
        ),
        // Wrong keys, and a certificate that is not trusted: what a first program meets.
        (
            Trouble::Over(Outcome::NotPaid(NotPaid::Refused(RefusedBy {
                status: 401,
                code: Text::cut("request_failed"),
            }))),
            "the gateway refused the order: status 401 (request_failed)",
        ),
        (
            Trouble::Over(Outcome::NotPaid(NotPaid::NotSent)),
            "nothing could be sent for this order; the till's `Observer` was told why",
        ),
        (Trouble::Over(Outcome::NotPaid(NotPaid::Expired)), "order_id: the sale of this order is over; use another id"),
        (Trouble::Route(refused), "the state of the order is unknown: the answer was status 503"),
        (Trouble::RefundTooMuch { already: None }, "refund_amount: more than was paid"),
    ] {
        assert_eq!(trouble.to_string(), text);
        assert_eq!(TillError::<Offline>::Trouble(trouble).to_string(), text);
    }
    assert_eq!(TillError::Journal(Offline(Delivery::NotSent)).to_string(), "the journal: no network");
}
