//! A terminal that lost its journal, and the one before it: `pay-core`'s till over real HTTPS.

use std::thread;
use std::time::{Duration, Instant};

use pay_core::drive::journal::blocking::Journal as _;
use pay_core::drive::{MemoryJournal, Routes};
use pay_core::model::method::Upi;
use pay_core::model::{CreateOrder, Customer, CustomerId, DeviceSecret, NextAction, OpenOrder, OrderId, Phone};
use pay_core::sale::{Buffers, NotPaid, Refunds, Release, Stage};
use pay_core::till::blocking::Till;
use pay_core::till::shop::blocking::Shop as TillShop;
use pay_core::till::{Device, Goods, Offer, Seen, Terms, TillError, Trouble, Wish, Word};
use pay_core::wire::{Auth, Endpoint};
use pay_core::{Amount, Environment, Millis, Outcome, Policy};
use transport_std::{HttpsTransport, Roots};

use crate::shop::Shop;

type Terminal<'b> = Till<'b, HttpsTransport, HttpsTransport, MemoryJournal<8>, ()>;

/// A shopper who goes away as soon as the code is shown, or stays.
struct Counter {
    since: Instant,
    stays: bool,
    vended: u32,
}

impl TillShop for Counter {
    fn now(&mut self) -> Millis {
        Millis(u64::try_from(self.since.elapsed().as_millis()).unwrap())
    }

    fn sleep(&mut self, until: Millis) -> Wish {
        if !self.stays {
            return Wish::Leave;
        }
        thread::sleep(Duration::from_millis(until.since(self.now())));
        Wish::Nothing
    }

    fn show(&mut self, _: &Offer, _: NextAction<'_>) -> Seen {
        Seen::Shown
    }

    fn vend(&mut self, _: &Offer) -> Goods {
        self.vended += 1;
        Goods::Out
    }
}

fn counter(stays: bool) -> Counter {
    Counter { since: Instant::now(), stays, vended: 0 }
}

fn terminal<'b>(shop: &Shop, epoch: u32, memory: &'b mut (Vec<u8>, Vec<u8>)) -> Terminal<'b> {
    terminal_by(shop, epoch, Refunds::ByBackend, memory)
}

fn terminal_by<'b>(shop: &Shop, epoch: u32, refunds: Refunds, memory: &'b mut (Vec<u8>, Vec<u8>)) -> Terminal<'b> {
    let backend = shop.backend();
    let config = transport_std::Config::new().with_roots(Roots::from_der([backend.ca_der().unwrap()]).unwrap());
    let endpoint = Endpoint::parse(backend.url(), Auth::bearer(&shop.token).unwrap()).unwrap();
    let routes = Routes::same(HttpsTransport::new(endpoint, config).unwrap());
    let mut policy = Policy::with_ask();
    policy.release = true;
    policy.refunds = refunds;
    (policy.ask_ms, policy.settle_ms) = (50, 200);
    let device = Device { secret: DeviceSecret::new([3; 32]), journal: MemoryJournal::new(), incarnation: 1, epoch };
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).unwrap();
    let buffers = Buffers { tx: &mut memory.0, rx: &mut memory.1 };
    Till::new(routes, device, Terms::new(Environment::Sandbox, policy), seed, buffers, ())
}

fn memory() -> (Vec<u8>, Vec<u8>) {
    (vec![0; 2_048], vec![0; 16_384])
}

fn create(till: &mut Terminal<'_>) -> OpenOrder {
    till.create(Amount::parse("10.15").unwrap(), customer(), &mut counter(true)).unwrap()
}

fn customer() -> Customer {
    Customer::new(CustomerId::parse("walk_in").unwrap(), Phone::parse("9999999999").unwrap())
}

fn kept(till: &mut Terminal<'_>, order: &OrderId) -> pay_core::sale::Record {
    till.journal().find(order).unwrap().expect("the journal has it")
}

/// Meant to notice: an order that is recovered as one whose goods are inside, or as paid by somebody else; the epoch not sent; the list
/// overwritten by the answers behind it.
#[test]
fn what_was_lost_is_asked_for_and_its_goods_are_unknown() {
    let shop = Shop::open("recover");
    let (mut first, mut second) = (memory(), memory());
    let mut lost = terminal(&shop, 0, &mut first);
    let shown = create(&mut lost);
    let left = lost.sell(shown.clone(), Upi::link(), &mut counter(false)).unwrap();
    assert!(matches!(left, Outcome::Pending | Outcome::Unknown), "{left:?}");
    let bare = create(&mut lost);

    // Another journal on the same device: the code that the first has shown is paid meanwhile.
    let mut till = terminal(&shop, 0, &mut second);
    let found = till.recover(&mut counter(true)).unwrap();
    assert_eq!((found.epoch, found.orders, found.left), (1, 2, 0));
    let again = till.recover(&mut counter(true)).unwrap();
    assert_eq!((again.epoch, again.orders, again.left), (2, 0, 0), "known already");
    for order in [&shown, &bare] {
        let record = kept(&mut till, &order.order_id);
        assert_eq!((record.release, record.amount), (Release::Unknown, order.amount));
        assert!(record.is_open());
    }
    let payments = shop.gateway.gateway().payments().to_vec();
    let [payment] = &payments[..] else { panic!("{payments:?}") };
    shop.succeed(&payment.id.to_string());
    let mut counter = counter(true);
    assert_eq!(till.bring_on(&shown.order_id, Word::BringOn, &mut counter).unwrap(), Outcome::PaidUnclear);
    // As often as a slow machine needs.
    let mut looked_after = 0;
    for _ in 0..15 {
        let until = counter.now().after(4_000);
        looked_after += till.settle_open(until, &mut counter).unwrap();
        if kept(&mut till, &bare.order_id).is_quiet() {
            break;
        }
    }
    assert!(looked_after > 0);
    let record = kept(&mut till, &shown.order_id);
    assert!(record.is_open() && record.release == Release::Unknown, "{record:?}");
    assert_eq!(counter.vended, 0, "a person decides");
    // The other is closed, and only time must confirm that nobody paid it.
    let record = kept(&mut till, &bare.order_id);
    assert!(record.is_quiet() && !record.is_unsettled(), "{record:?}");

    // It sells on.
    let order = create(&mut till);
    assert_eq!(kept(&mut till, &order.order_id).stage, Stage::Open);
}

/// A terminal whose journal is gone, told to sell the same order again while the code of its earlier life can still be paid.
///
/// Mutants: the backend's answer to the second create call without `x-idempotency-replayed`; the sale that takes it for fresh all the same.
#[test]
fn a_lost_journal_does_not_pay_beside_the_code_that_is_out() {
    let shop = Shop::open("lost-journal");
    let (mut first, mut second, mut third) = (memory(), memory(), memory());
    let order_id = OrderId::parse("till-77").unwrap();
    let request = CreateOrder::new(order_id.clone(), Amount::parse("10.15").unwrap(), customer()).unwrap();
    let mut lost = terminal(&shop, 0, &mut first);
    let order = lost.create_by(&request, &mut counter(true)).unwrap();

    // Nothing was paid with it yet: a create call that is made again goes on.
    let mut again = terminal(&shop, 0, &mut second);
    assert_eq!(again.create_by(&request, &mut counter(true)).unwrap().order_id, order_id);

    let left = lost.sell(order, Upi::link(), &mut counter(false)).unwrap();
    assert!(matches!(left, Outcome::Pending | Outcome::Unknown), "{left:?}");
    let mut blank = terminal(&shop, 0, &mut third);
    match blank.create_by(&request, &mut counter(true)) {
        Err(TillError::Trouble(Trouble::Over(Outcome::OrderTaken))) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(shop.gateway.gateway().payments().len(), 1);
}

/// A create call that is made again, as its answer was lost, while another system of the merchant is having the order paid.
///
/// Mutant: the sale that takes what an earlier call made for its own alone, because it has its mark.
#[test]
fn an_order_that_a_stranger_is_paying_is_not_paid_beside_it() {
    for refunds in [Refunds::ByBackend, Refunds::ByCaller] {
        let shop = Shop::open(&format!("stranger-{refunds:?}"));
        let (mut first, mut second) = (memory(), memory());
        let order_id = OrderId::parse("till-78").unwrap();
        let request = CreateOrder::new(order_id.clone(), Amount::parse("10.15").unwrap(), customer()).unwrap();
        terminal_by(&shop, 0, refunds, &mut first).create_by(&request, &mut counter(true)).unwrap();
        let now = shop.gateway.now();
        shop.gateway.gateway().stranger_pays(order_id.as_str(), sandbox::PaymentStatus::Pending, now).unwrap();

        let mut again = terminal_by(&shop, 0, refunds, &mut second);
        let ended = again
            .create_by(&request, &mut counter(true))
            .map(|order| again.sell(order, Upi::link(), &mut counter(false)));
        let is_taken = matches!(ended, Err(TillError::Trouble(Trouble::Over(Outcome::OrderTaken))));
        assert!(is_taken, "{refunds:?}: {ended:?}");
        assert_eq!(shop.gateway.gateway().payments().len(), 1, "{refunds:?}");
    }
}

/// Mutant: the refusal read as "the order exists", which is asked about for five minutes.
#[test]
fn a_device_whose_epoch_is_over_is_refused_at_once() {
    let shop = Shop::open("epoch-over");
    let (mut first, mut second) = (memory(), memory());
    let mut old = terminal(&shop, 0, &mut first);
    create(&mut old);
    terminal(&shop, 0, &mut second).recover(&mut counter(true)).unwrap();
    let orders = shop.gateway.gateway().orders().count();
    match old.create(Amount::parse("10.15").unwrap(), customer(), &mut counter(true)) {
        Err(TillError::Trouble(Trouble::Over(Outcome::NotPaid(NotPaid::Refused(by))))) => {
            assert_eq!((by.status, by.code.as_str()), (409, "device_epoch_over"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(shop.gateway.gateway().orders().count(), orders);
}

/// A backend that does not know the terminal is a refusal with its status.
#[test]
fn a_token_that_is_unknown_recovers_nothing() {
    let mut shop = Shop::open("recover-token");
    shop.token = "0".repeat(64);
    let mut memory = memory();
    let mut till = terminal(&shop, 0, &mut memory);
    match till.recover(&mut counter(true)) {
        Err(TillError::Trouble(Trouble::Refusal(by))) => assert_eq!(by.status, 401),
        other => panic!("{other:?}"),
    }
}
