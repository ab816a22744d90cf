//! A hundred thousand orders, one in a hundred with a fault: the whole reconciliation, with the sandbox for a gateway and a book in
//! memory, in virtual time.

use core::cell::RefCell;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use pay_core::model::{CallKind, OrderId};
use pay_core::wire::{Auth, Call, Endpoint, Request, ResponseHead};
use sandbox::{PaymentStatus, RefundStatus};
use serde_json::json;

use super::difference::Difference;
use super::recorded::Recorded;
use super::run::{Plan, ReconcileError, Reconciled, Run};
use super::shelf::{Mark, Shelf};
use super::window::Window;
use crate::book::{Entry, Event, Moment, Owner, SeenPayment, SeenRefund, Terms, Unreported};
use crate::budget::Limits;
use crate::clock::Clock;
use crate::gateway::{Gateway, Line};
use crate::rules::mark;
use crate::simulation::{fill, most_in_a_minute};

/// The day that is compared: 2027-01-15 in UTC. It is over when the comparison begins.
const FROM: u64 = 1_799_971_200;
const TO: u64 = FROM + 86_399;
const URL: &str = "https://127.0.0.1:1/pg";
const OWNERS: [Owner; 3] = [Owner::new([7; 32]), Owner::new([8; 32]), Owner::new([9; 32])];
const TERMS: Terms = Terms { life_ms: 900_000, first_look_ms: 2_000, unreported: Unreported::Tell };
/// What each order costs.
const AMOUNT: u64 = 1015;

/// What is wrong with an order: beside it the name of the difference, and whether the book's own rules see to it.
const FAULTS: [(Fault, &str, bool); 11] = [
    (Fault::NeverSeen, "unseen-payment-", true),
    (Fault::SecondNeverSeen, "unseen-payment-", true),
    (Fault::Invented, "missing-payment-", false),
    (Fault::TakenBack, "other-payment-", true),
    (Fault::OtherAmount, "order-amount", false),
    (Fault::Lost, "unknown-order", true),
    (Fault::RefundOfOthers, "unknown-refund-", true),
    (Fault::RefundGone, "missing-refund-", false),
    (Fault::RefundFailed, "other-refund-", true),
    (Fault::RefundOtherAmount, "amount-of-refund-", false),
    (Fault::Disputed, "dispute-", false),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    NeverSeen,
    SecondNeverSeen,
    Invented,
    TakenBack,
    OtherAmount,
    Lost,
    RefundOfOthers,
    RefundGone,
    RefundFailed,
    RefundOtherAmount,
    Disputed,
}

impl Fault {
    fn has_refund(self) -> bool {
        matches!(self, Self::RefundOfOthers | Self::RefundFailed | Self::RefundOtherAmount)
    }
}

/// The gateway, the time, and what was asked when.
struct World {
    now: Arc<AtomicU64>,
    gateway: Mutex<sandbox::Gateway>,
    calls: Mutex<BTreeMap<&'static str, Vec<(u64, u16)>>>,
    /// Single readings by order.
    readings: Mutex<HashMap<String, u32>>,
}

/// The book in memory; orders that are to be looked at are read at once, by what the gateway has.
struct Memory {
    orders: RefCell<HashMap<OrderId, Recorded>>,
    /// In the order in which they were wanted.
    list: Vec<(u64, OrderId)>,
    forgotten: BTreeSet<OrderId>,
    world: Arc<World>,
}

impl Shelf for Memory {
    fn orders(&self, wanted: (u64, u64), after: Option<&Mark>) -> io::Result<(Vec<Recorded>, Option<Mark>)> {
        let orders = self.orders.borrow();
        let from = self.list.iter().position(|(at, id)| {
            *at >= wanted.0 && after.is_none_or(|(mark, last)| (*at, id.as_str()) > (*mark, last.as_str()))
        });
        let part = self.list.get(from.unwrap_or(self.list.len())..).unwrap_or_default();
        let part: Vec<_> = part.iter().take(5_000).filter(|(at, _)| *at <= wanted.1).collect();
        let last = part.last().map(|(at, id)| (*at, id.to_string()));
        Ok((part.iter().map(|(_, id)| orders[id].clone()).collect(), last))
    }

    fn order(&self, order: &OrderId) -> io::Result<Option<Recorded>> {
        Ok(self.orders.borrow().get(order).cloned())
    }

    fn is_forgotten(&self, order: &OrderId) -> io::Result<bool> {
        Ok(self.forgotten.contains(order))
    }

    fn owners(&self) -> io::Result<Vec<Owner>> {
        Ok(OWNERS.to_vec())
    }

    fn say(&self, order: &OrderId, event: &Event, _: Moment) -> io::Result<()> {
        self.orders.borrow_mut().get_mut(order).expect("an order").on(event);
        Ok(())
    }

    fn look(&self, order: &OrderId, at: Moment) -> io::Result<()> {
        let gateway = self.world.gateway.lock().unwrap();
        let of_order = gateway.payments().iter().filter(|payment| payment.order_id == order.as_str());
        let seen = of_order.map(|payment| seen(payment.id, payment.status.as_str(), payment.completed)).collect();
        drop(gateway);
        self.say(order, &read(at.0, seen), at)
    }

    fn take_up(&self, order: &OrderId, owner: Owner, amount: u64, at: Moment) -> io::Result<bool> {
        let mut recorded = Recorded::new(Entry::new(order.clone(), owner, amount));
        recorded.on(&Event::Found { at });
        let is_new = self.orders.borrow_mut().insert(order.clone(), recorded).is_none();
        self.look(order, at).map(|()| is_new)
    }
}

fn seen(id: u64, status: &str, completed: Option<u64>) -> SeenPayment {
    SeenPayment { id, status: status.to_owned(), captured: None, completed: completed.map(|at| at * 1000) }
}

fn read(at: u64, payments: Vec<SeenPayment>) -> Event {
    let status = payments.iter().any(|seen| seen.status == "SUCCESS").then(|| "PAID".to_owned());
    let (power_on, date) = (1, Some(at / 1000));
    Event::Read(crate::book::Reading {
        at: Moment(at),
        power_on,
        date,
        status,
        payments: Some(payments),
        complete: true,
    })
}

impl World {
    fn answer(&self, request: &Request<'_>, auth: &Auth, rx: &mut [u8]) -> ResponseHead {
        let call = &request.call;
        let mut plain = sandbox::Request::new(call.method().as_str(), &format!("/pg{call}"));
        plain.headers.extend(request.headers(auth).map(|(name, value)| (name.to_owned(), value.to_owned())));
        plain.body = request.body.expose().to_vec();
        let now = self.now.load(Ordering::Relaxed);
        let answer = self.gateway.lock().unwrap().handle(&plain, now);
        let group = match call.kind() {
            CallKind::ReadOrder => "order",
            CallKind::ListPayments | CallKind::ReadPayment => "payments",
            CallKind::ListRefunds => "refunds",
            CallKind::Recon => "pages",
            other => panic!("{other:?} is not asked for"),
        };
        if let Call::ReadOrder(order)
        | Call::ListPayments(order)
        | Call::ReadPayment(order, _)
        | Call::ListRefunds(order) = call
        {
            *self.readings.lock().unwrap().entry(order.to_string()).or_default() += 1;
        }
        self.calls.lock().unwrap().entry(group).or_default().push((now, answer.status));
        let mut head = ResponseHead::new(answer.status);
        for (name, value) in &answer.headers {
            head.note_header(name, value);
        }
        fill(&mut head, &answer.body, rx);
        head
    }

    /// A call of the merchant while the day goes by.
    fn merchant(&self, path: &str, body: &serde_json::Value) {
        let request = sandbox::Request::new("POST", &format!("/pg{path}"))
            .with_header("x-api-version", "2025-01-01")
            .with_header("x-client-id", "client")
            .with_header("x-client-secret", "secret")
            .with_json(body.to_string());
        let answer = self.gateway.lock().unwrap().handle(&request, self.now.load(Ordering::Relaxed));
        assert_eq!(answer.status, 200, "{path} {}", String::from_utf8_lossy(&answer.body));
    }

    fn order(&self, id: &str, amount: u64, note: Option<&str>) {
        let customer = json!({"customer_id": "walk_in", "customer_phone": "9999999999"});
        let amount: serde_json::Value =
            serde_json::from_str(&format!("{}.{:02}", amount / 100, amount % 100)).expect("a number");
        let order = json!({"order_id": id, "order_amount": amount, "order_currency": "INR",
            "customer_details": customer, "order_note": note});
        self.merchant("/orders", &order);
    }

    /// Somebody pays it, within the day.
    fn pay(&self, id: &str) -> u64 {
        let now = self.now.load(Ordering::Relaxed);
        let now = if now > TO * 1000 { TO * 1000 - 60_000 } else { now };
        self.gateway.lock().unwrap().stranger_pays(id, PaymentStatus::Success, now).expect("an order")
    }

    fn refund(&self, order: &str, id: &str) {
        self.merchant(
            &format!("/orders/{order}/refunds"),
            &json!({"refund_id": id, "refund_amount": serde_json::Number::from_f64(10.15)}),
        );
    }
}

/// The day, and what is wrong with which order.
struct Day {
    world: Arc<World>,
    memory: Memory,
    faults: BTreeMap<String, (Fault, &'static str, bool)>,
}

impl Day {
    /// A day of so many orders; one in a hundred has a fault.
    fn of(orders: u64, rules: sandbox::Rules) -> Self {
        let world = Arc::new(World {
            now: Arc::new(AtomicU64::new(FROM * 1000)),
            gateway: Mutex::new(sandbox::Gateway::new(rules, URL, "client", "secret", 7)),
            calls: Mutex::default(),
            readings: Mutex::default(),
        });
        let mut day = Self {
            memory: Memory {
                orders: RefCell::default(),
                list: Vec::new(),
                forgotten: BTreeSet::new(),
                world: Arc::clone(&world),
            },
            world,
            faults: BTreeMap::new(),
        };
        let mut turn = FAULTS.iter().cycle();
        for n in 0..orders {
            let at = FROM * 1000 + n * 86_399_000 / orders;
            day.world.now.store(at, Ordering::Relaxed);
            // The sandbox looks through all of its payments for a refund: what has one comes first.
            let fault = (n % 100 == 50).then(|| turn.next().expect("a cycle"));
            day.order(n, at, fault, n * 50 < orders && n % 2 == 0);
        }
        day.world.now.store(TO * 1000 + 7_200_000, Ordering::Relaxed);
        day.world.gateway.lock().unwrap().advance(TO * 1000 + 7_200_000);
        day
    }

    /// An order, its payment, and what the book knows of both.
    fn order(&mut self, n: u64, at: u64, fault: Option<&(Fault, &'static str, bool)>, is_refunded: bool) {
        let (name, owner) = (format!("till-{n}"), OWNERS[n as usize % OWNERS.len()]);
        let id = OrderId::parse(&name).unwrap();
        let theirs = |wanted| fault.is_some_and(|(fault, ..)| *fault == wanted);
        let note = mark(owner, &id);
        self.world.order(&name, AMOUNT, Some(&note));
        if let Some(fault) = fault {
            self.faults.insert(name.clone(), *fault);
        }
        if n % 40 == 3 && fault.is_none() {
            // Nobody paid.
            let mut recorded = Recorded::new(Entry::new(id.clone(), owner, AMOUNT));
            recorded.on(&Event::Made { at: Moment(at) });
            self.memory.put(at, id, recorded);
            return;
        }
        let payment = self.world.pay(&name);
        if theirs(Fault::Lost) {
            return;
        }
        let ours = if theirs(Fault::OtherAmount) { AMOUNT + 1 } else { AMOUNT };
        let mut recorded = Recorded::new(Entry::new(id.clone(), owner, ours));
        recorded.on(&Event::Made { at: Moment(at) });
        if !theirs(Fault::NeverSeen) {
            let mut payments = vec![seen(payment, "SUCCESS", Some(at))];
            if theirs(Fault::Invented) {
                payments = vec![seen(payment, "SUCCESS", Some(at)), seen(17, "SUCCESS", Some(at))];
            }
            recorded.on(&read(at, payments));
        }
        if theirs(Fault::SecondNeverSeen) {
            self.world.pay(&name);
        }
        if theirs(Fault::TakenBack) {
            self.world.gateway.lock().unwrap().set_payment(payment, PaymentStatus::Cancelled, at);
        }
        if theirs(Fault::Disputed) {
            self.world.gateway.lock().unwrap().dispute(payment, at);
        }
        let refund = format!("r-{n}");
        let has_fault_of_refunds = fault.is_some_and(|(fault, ..)| fault.has_refund());
        if has_fault_of_refunds || (is_refunded && fault.is_none()) {
            self.world.refund(&name, &refund);
            // It arrives with the next call.
            self.world.gateway.lock().unwrap().advance(at);
        }
        if theirs(Fault::RefundFailed) {
            self.world.gateway.lock().unwrap().set_refund(&name, &refund, RefundStatus::Failed);
        }
        if (is_refunded && fault.is_none())
            || theirs(Fault::RefundGone)
            || theirs(Fault::RefundFailed)
            || theirs(Fault::RefundOtherAmount)
        {
            let amount = if theirs(Fault::RefundOtherAmount) { AMOUNT - 15 } else { AMOUNT };
            recorded.on(&Event::Refund(SeenRefund { id: refund, order: name, amount, status: "SUCCESS".to_owned() }));
        }
        self.memory.put(at, id, recorded);
    }

    fn plan(&self) -> Plan {
        let window = Window { from: FROM, to: TO };
        Plan { window, ids: Vec::new(), terms: TERMS, is_rehearsal: false, wait: Duration::from_secs(60) }
    }

    fn run(&self, plan: &Plan, limits: Limits) -> (Result<Reconciled, ReconcileError>, Vec<Difference>) {
        let keys = Endpoint::parse(URL, Auth::merchant("client", "secret").unwrap()).unwrap();
        let outside = Arc::clone(&self.world);
        let open = move |_| {
            let (world, keys) = (Arc::clone(&outside), keys.clone());
            let line: Line = Box::new(move |request, rx| Some(world.answer(request, keys.auth(), rx)));
            Some(line)
        };
        let clock = Clock::Virtual(Arc::clone(&self.world.now));
        let gateway = Gateway::with(Box::new(open), 1, limits.beside(), clock.clone());
        let mut told = Vec::new();
        let came_to =
            Run::new(&gateway, &clock, &self.memory, plan).go(&mut |difference| told.push(difference.clone()));
        (came_to, told)
    }
}

impl Memory {
    fn put(&mut self, at: u64, id: OrderId, recorded: Recorded) {
        self.orders.borrow_mut().insert(id.clone(), recorded);
        self.list.push((at, id));
    }
}

// Meant to notice: a difference that is overlooked, invented or named twice; a fourth reading of an order; a call beyond the limits.
#[test]
fn a_hundred_thousand_orders_with_one_percent_of_faults() {
    const ORDERS: u64 = 100_000;
    let since = Instant::now();
    let mut day = Day::of(ORDERS, sandbox::Rules::default());
    // Another system of the merchant sells on the same account, and one of our orders is forgotten.
    let world = Arc::clone(&day.world);
    for n in 0..20 {
        world.order(&format!("site-{n}"), 5_000, None);
        world.pay(&format!("site-{n}"));
    }
    let forgotten = OrderId::parse("till-forgotten").unwrap();
    world.order("till-forgotten", AMOUNT, Some(&mark(OWNERS[0], &forgotten)));
    world.pay("till-forgotten");
    day.memory.forgotten.insert(forgotten);
    // The pages lag behind what the book knows already: the last one is asked for after 180 s, and lacks 15 s of the day.
    world.gateway.lock().unwrap().rules_mut().recon_late_ms = 7_200_000 + 195_000;
    world.gateway.lock().unwrap().rules_mut().limits = sandbox::Limits::PRODUCTION;
    let made = since.elapsed();

    let begun = world.now.load(Ordering::Relaxed);
    let (came_to, told) = day.run(&day.plan(), Limits::PRODUCTION);
    let came_to = came_to.expect("an end");
    let minutes = (world.now.load(Ordering::Relaxed) - begun) / 60_000;
    println!(
        "{came_to:?}\n  {minutes} minutes of virtual time; {made:?} to make the day, {:?} in all",
        since.elapsed()
    );

    assert_eq!(day.faults.len() as u64, ORDERS / 100);
    let mut left = day.faults.clone();
    for difference in &told {
        let order = difference.order().to_string();
        let (fault, name, is_seen_to) = left.remove(&order).unwrap_or_else(|| panic!("invented: {difference}"));
        assert!(difference.name().starts_with(name), "{fault:?}: {difference}");
        assert_eq!(difference.is_left(), !is_seen_to, "{fault:?}: {difference}");
    }
    assert!(left.is_empty(), "{} were overlooked: {:?}", left.len(), left.iter().next());
    let lost = day.faults.values().filter(|(fault, ..)| *fault == Fault::Lost).count() as u64;
    assert_eq!((came_to.orders, came_to.differences), (ORDERS - lost, told.len() as u64));
    assert_eq!(came_to.not_compared, Vec::<String>::new());

    let readings = world.readings.lock().unwrap();
    for (order, count) in readings.iter() {
        assert!(*count <= 3, "{order} was read {count} times");
    }
    let late = readings.keys().filter(|order| order.starts_with("till-") && !day.faults.contains_key(*order)).count();
    assert!((10..=20).contains(&late), "{late} orders lag behind");
    let all: u32 = readings.values().sum();
    assert!(u64::from(all) <= 3 * ORDERS / 100 && u64::from(all) == came_to.readings, "{all} readings");
    // A quarter of production's, and all of the pages: backends need the rest.
    for (group, limit) in [("order", 100), ("payments", 25), ("refunds", 7), ("pages", 30)] {
        let calls = &world.calls.lock().unwrap()[group];
        let most = most_in_a_minute(calls);
        println!("  {group:<9} {:>5} calls, at most {most} in a minute of {limit}", calls.len());
        assert!(most <= limit && calls.iter().all(|(_, status)| *status == 200), "{group}");
    }
    drop(readings);

    // The last hours once more: what the book's rules saw to is no difference any more, and what a person must see to still is one.
    let mut plan = day.plan();
    plan.window.from = TO - 7_200;
    let (_, again) = day.run(&plan, Limits::PRODUCTION);
    assert!((20..80).contains(&again.len()), "{} are left", again.len());
    assert!(again.iter().all(|difference| difference.is_left() && told.contains(difference)));
}

// Meant to notice: a reading for each order while the pages are not there yet, or are another account's.
#[test]
fn pages_that_lag_far_behind_are_not_read_order_by_order() {
    let day = Day::of(3_000, sandbox::Rules { recon_late_ms: 86_400_000, ..sandbox::Rules::default() });
    let (came_to, told) = day.run(&day.plan(), Limits::PRODUCTION);
    assert!(matches!(came_to, Err(ReconcileError::TooMany { .. })), "{came_to:?}");
    assert!(told.is_empty() && day.world.readings.lock().unwrap().is_empty());
}

// Meant to notice: orders of another system that are read one by one, without a word of what to do; `--ids` that is not looked at.
#[test]
fn a_crowd_of_orders_of_others_is_not_read_order_by_order() {
    let day = Day::of(1_000, sandbox::Rules::default());
    for n in 0..300 {
        day.world.order(&format!("site-{n}"), 5_000, None);
        day.world.pay(&format!("site-{n}"));
    }
    let (came_to, _) = day.run(&day.plan(), Limits::PRODUCTION);
    assert!(matches!(came_to, Err(ReconcileError::TooMany { differ: 300.., .. })), "{came_to:?}");
    let mut plan = day.plan();
    plan.ids = vec!["till-".to_owned()];
    let (came_to, told) = day.run(&plan, Limits::PRODUCTION);
    assert_eq!((came_to.expect("an end").not_compared.len(), told.len()), (0, day.faults.len()));
    assert!(day.world.readings.lock().unwrap().keys().all(|order| order.starts_with("till-")));
}

// Meant to notice: a run that asks for the same page for ever, or that takes pages that come round for whole ones.
#[test]
fn pages_end_in_every_way_that_the_documents_leave_open() {
    let day = Day::of(0, sandbox::Rules::default());
    let clock = Clock::Virtual(Arc::clone(&day.world.now));
    for (cursors, end) in [
        (&["null"][..], Some(1)),
        (&[r#""""#], Some(1)),
        (&[r#""a""#, "null"], Some(2)),
        (&[r#""a""#, r#""a""#], Some(2)),
        (&[r#""a""#, r#""b""#, r#""b""#], Some(3)),
        (&[r#""a""#, r#""b""#, r#""a""#, r#""b""#], None),
    ] {
        let next = Arc::new(AtomicU64::new(0));
        let open = move |_| {
            let next = Arc::clone(&next);
            let line: Line = Box::new(move |_, rx| {
                let at = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap();
                let body = format!(r#"{{"cursor":{},"limit":1000,"data":[]}}"#, cursors.get(at)?);
                let mut head = ResponseHead::new(200);
                fill(&mut head, body.as_bytes(), rx);
                Some(head)
            });
            Some(line)
        };
        let gateway = Gateway::with(Box::new(open), 1, Limits::PRODUCTION, clock.clone());
        let plan = day.plan();
        let came_to = Run::new(&gateway, &clock, &day.memory, &plan).go(&mut |_| {});
        match (came_to, end) {
            (Ok(came_to), Some(pages)) => assert_eq!(came_to.pages, pages, "{cursors:?}"),
            (Err(ReconcileError::Page(why)), None) => assert!(why.contains("come round"), "{why}"),
            (other, _) => panic!("{cursors:?}: {other:?}"),
        }
    }
}
