//! A till's whole way against the sandbox: order, code, money, goods, refund. The blocking till and the async one make the same steps.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use pay_core::drive::journal::blocking::Journal as _;
use pay_core::drive::transport::{Error, ErrorType, blocking::Transport};
use pay_core::drive::{Blocking, MemoryJournal, Routes};
use pay_core::model::method::Upi;
use pay_core::model::{Amount, CallKind, Customer, CustomerId, DeviceSecret, NextAction, Phone, UnixSeconds};
use pay_core::sale::{Buffers, Delivery, ErrorKind, Failure, Millis, Policy, Refunds};
use pay_core::till::shop::blocking::Shop;
use pay_core::till::{self, Device, Goods, MoneyBack, Observer, Offer, OrderState, RefundRef, Seen, Terms, Wish};
use pay_core::wire::{Auth, ClientHints, Endpoint, Request, ResponseHead};
use pay_core::{Environment, Outcome};
use sandbox::{Gateway, Rules};

use crate::world::{self, Network, Shopper};

const CLIENT: (&str, &str) = ("TEST_ID", "TEST_SECRET");

pub struct Shared {
    gateway: RefCell<Gateway>,
    now: Cell<u64>,
    trace: RefCell<Vec<String>>,
    /// What the shopper wishes, and when.
    wish: Cell<Option<(u64, Wish)>>,
}

#[derive(Clone)]
pub struct Part(Rc<Shared>, Endpoint);

#[derive(Debug)]
pub struct Lost(Failure);

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Lost {}

impl Error for Lost {
    fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    fn delivery(&self) -> Delivery {
        self.0.delivery
    }
}

impl ErrorType for Part {
    type Error = Lost;
}

impl Transport for Part {
    fn endpoint(&self) -> &Endpoint {
        &self.1
    }

    fn disconnect(&mut self) {}

    fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Lost> {
        let key = request.idempotency_key.map_or("-", |key| key.as_str());
        let who = if request.client.is_some() { " by a known terminal" } else { "" };
        self.0.trace.borrow_mut().push(format!("{} as {} under {key}{who}", request.call, request.request_id.as_str()));
        if request.call.kind() == CallKind::ReportRelease {
            // A backend that grants every claim and takes every report.
            rx[..2].copy_from_slice(b"{}");
            let mut head = ResponseHead::new(200);
            head.body_len = 2;
            return Ok(head);
        }
        let mut gateway = self.0.gateway.borrow_mut();
        let answer = world::exchange(&mut gateway, request, Network::Deliver, world::START + self.0.now.get());
        self.0.now.set(self.0.now.get() + 40);
        let (mut head, body) = answer.map_err(Lost)?;
        rx[..body.len()].copy_from_slice(&body);
        head.body_len = body.len();
        Ok(head)
    }
}

impl Shop for Part {
    fn now(&mut self) -> Millis {
        Millis(self.0.now.get())
    }

    fn unix(&mut self) -> Option<UnixSeconds> {
        Some(UnixSeconds((world::START + self.0.now.get()) / 1_000))
    }

    fn sleep(&mut self, until: Millis) -> Wish {
        if let Some((_, wish)) = self.0.wish.get().filter(|(at, _)| *at <= until.0) {
            self.0.wish.set(None);
            self.0.now.set(self.0.now.get().max(until.0));
            return wish;
        }
        self.0.now.set(self.0.now.get().max(until.0));
        self.act();
        Wish::Nothing
    }

    fn show(&mut self, offer: &Offer, action: NextAction<'_>) -> Seen {
        self.0.trace.borrow_mut().push(format!("shows {} for {}", action.kind(), offer.amount));
        Seen::Shown
    }

    fn vend(&mut self, _: &Offer) -> Goods {
        self.0.trace.borrow_mut().push("vends".to_owned());
        Goods::Out
    }
}

impl till::Shop for Part {
    fn now(&mut self) -> Millis {
        Shop::now(self)
    }

    fn unix(&mut self) -> Option<UnixSeconds> {
        Shop::unix(self)
    }

    async fn sleep(&mut self, until: Millis) -> Wish {
        Shop::sleep(self, until)
    }

    async fn show(&mut self, offer: &Offer, action: NextAction<'_>) -> Seen {
        Shop::show(self, offer, action)
    }

    async fn vend(&mut self, offer: &Offer) -> Goods {
        Shop::vend(self, offer)
    }
}

impl Observer for Part {
    fn stored(&mut self, record: &pay_core::sale::Record) {
        self.0.trace.borrow_mut().push(format!("stores {} {:?}", record.seq, record.stage));
    }
}

pub fn part() -> Part {
    part_with(Rules::default())
}

impl Part {
    /// Virtual time since the part was made.
    pub fn elapsed_ms(&self) -> u64 {
        self.0.now.get()
    }

    /// A backend holds its answer so long, or until the shopper has paid.
    pub fn hold(&self, ms: u64) {
        let end = self.0.now.get() + ms;
        let paid =
            |part: &Self| part.0.gateway.borrow().payments().iter().filter(|payment| payment.is_charge()).count();
        let before = paid(self);
        while self.0.now.get() < end && paid(self) == before {
            self.0.now.set(end.min(self.0.now.get() + 100));
            self.act();
        }
    }

    /// The shopper does what is due by now.
    fn act(&self) {
        let shopper = Shopper { after_ms: 9_000, result: "SUCCESS" };
        world::act(&mut self.0.gateway.borrow_mut(), world::START + self.0.now.get(), shopper, |_| true);
    }

    /// The shopper wishes this, so much later.
    pub fn wish(&self, ms: u64, wish: Wish) {
        self.0.wish.set(Some((self.0.now.get() + ms, wish)));
    }
}

pub fn part_with(rules: Rules) -> Part {
    let gateway = Gateway::new(rules, "https://127.0.0.1:1/pg", CLIENT.0, CLIENT.1, 7);
    let shared =
        Shared { gateway: RefCell::new(gateway), now: Cell::new(0), trace: RefCell::default(), wish: Cell::new(None) };
    let auth = Auth::merchant(CLIENT.0, CLIENT.1).unwrap();
    Part(Rc::new(shared), Endpoint::parse("https://127.0.0.1/pg", auth).unwrap())
}

pub fn terms() -> Terms {
    let mut policy = Policy::with_ask();
    policy.release = true;
    policy.refunds = Refunds::ByKeys;
    Terms::new(Environment::Sandbox, policy)
}

pub fn customer() -> Customer {
    Customer::new(CustomerId::parse("walk_in").unwrap(), Phone::parse("9999999999").unwrap())
}

pub fn device<J>(journal: J) -> Device<J> {
    Device { secret: DeviceSecret::new([5; 32]), journal, incarnation: 9, epoch: 0 }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}

#[test]
fn the_whole_way_is_the_same_for_both_tills() {
    let amount = Amount::from_minor(1_015).unwrap();
    let name = RefundRef::new("return-17").unwrap();
    let (mut tx, mut rx) = (vec![0; 2_048], vec![0; 32_768]);
    let mut one = part();
    {
        let buffers = Buffers { tx: &mut tx, rx: &mut rx };
        let device = device(MemoryJournal::<4>::new());
        let mut till =
            till::blocking::Till::new(Routes::same(one.clone()), device, terms(), [1; 32], buffers, one.clone());
        let order = till.create(amount, customer(), &mut one).unwrap();
        let id = order.order_id.clone();
        let outcome = till.sell(order, Upi::link(), &mut one).unwrap();
        assert!(matches!(outcome, Outcome::Paid { cf_payment_id: Some(_), .. }), "{outcome:?}");
        assert_eq!(till.refund(&id, amount, &name, &mut one).unwrap().money, MoneyBack::OnItsWay);
        let status = till.status(&id, &mut one).unwrap();
        assert_eq!((status.order, status.paid, status.back_minor), (OrderState::Paid, 1, 1_015));
        assert_eq!(one.0.gateway.borrow().charges(id.as_str()).count(), 1);
    }
    let mut other = part();
    block_on(async {
        let buffers = Buffers { tx: &mut tx, rx: &mut rx };
        let device = device(Blocking(MemoryJournal::<4>::new()));
        let routes = Routes::same(Blocking(other.clone()));
        let mut till = till::Till::new(routes, device, terms(), [1; 32], buffers, other.clone());
        let order = till.create(amount, customer(), &mut other).await.unwrap();
        let id = order.order_id.clone();
        let _ = till.sell(order, Upi::link(), &mut other).await.unwrap();
        let _ = till.refund(&id, amount, &name, &mut other).await.unwrap();
        let _ = till.status(&id, &mut other).await.unwrap();
    });
    assert_eq!(*one.0.trace.borrow(), *other.0.trace.borrow());
    assert!(one.0.trace.borrow().contains(&"vends".to_owned()));
}

#[test]
fn a_till_says_what_terminal_pays_and_notes_when_a_sale_began() {
    let (mut tx, mut rx) = (vec![0; 2_048], vec![0; 32_768]);
    let mut part = part();
    let buffers = Buffers { tx: &mut tx, rx: &mut rx };
    let mut terms = terms();
    terms.client = Some(ClientHints::kiosk());
    let device = device(MemoryJournal::<4>::new());
    let mut till = till::blocking::Till::new(Routes::same(part.clone()), device, terms, [1; 32], buffers, ());
    let order = till.create(Amount::from_minor(1_015).unwrap(), customer(), &mut part).unwrap();
    let id = order.order_id.clone();
    let _ = till.sell(order, Upi::link(), &mut part).unwrap();
    let record = till.journal().find(&id).unwrap().unwrap();
    assert_eq!(record.created, Some(UnixSeconds(world::START / 1_000)));
    let known = part.0.trace.borrow().iter().filter(|line| line.ends_with("by a known terminal")).count();
    assert_eq!(known, 1, "{:?}", part.0.trace.borrow());
}
