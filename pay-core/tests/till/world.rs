//! A gateway in memory, a shop that does what it is told, a clock that moves when somebody sleeps.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use pay_core::drive::journal::blocking::Journal;
use pay_core::drive::transport::{Error, ErrorType, blocking::Transport};
use pay_core::drive::{MemoryJournal, MemoryJournalError, Routes};
use pay_core::model::{
    Customer, CustomerId, DeviceSecret, Environment, NextAction, OpenOrder, OrderId, OrderPay, PaymentSessionId, Phone,
    UnixSeconds, method::Upi,
};
use pay_core::sale::{AttemptEnd, Buffers, Delivery, ErrorKind, Millis, Policy, Record};
use pay_core::till::blocking::Till;
use pay_core::till::shop::blocking::Shop;
use pay_core::till::{Choice, Device, Goods, Observer, Offer, Seen, Terms, Wish};
use pay_core::wire::{Auth, Call, Endpoint, Request, ResponseHead};
use pay_core::{Amount, Outcome};

/// What the whole world is, behind every part of it.
#[derive(Default)]
pub struct World {
    pub now: u64,
    pub orders: BTreeMap<String, Order>,
    /// Every exchange, as it was asked for: path and key.
    pub calls: Vec<String>,
    /// What happens at a time.
    pub plans: Vec<(u64, Plan)>,
    /// When each exchange began.
    pub called_at: Vec<u64>,
    /// How long its answer could be held, in seconds.
    pub waits: Vec<u8>,
    /// Whoever answers holds what may be held, to the last second.
    pub holds: bool,
    /// What the next exchanges meet, whatever they ask; then the world answers.
    pub script: VecDeque<Said>,
    /// Which orders the backend has for this device, as it names them, and how often it was asked.
    pub open: String,
    pub epoch: u32,
    /// The gateway is not reachable.
    pub offline: bool,
    /// What nobody began to pay stays NOT_ATTEMPTED when its order is closed.
    pub never_attempted: bool,
    /// So many create calls meet an order of somebody else under their id.
    pub taken: u32,
    /// The journal takes nothing.
    pub flash_fails: bool,
    /// The record of this order cannot be read.
    pub unreadable: Option<OrderId>,
    pub shown: u32,
    pub vended: u32,
    /// What becomes of the goods (default: they come out), and what the sensor says of them afterwards (default: nothing).
    pub goods: Option<Goods>,
    pub sensor: Option<Goods>,
    /// How often the sensor was asked.
    pub sensed: u32,
    /// What the shopper chooses once an attempt has ended (default: to give up).
    pub choices: VecDeque<Choice>,
    /// How the attempts had ended, each time the shopper was asked.
    pub asked: Vec<Option<AttemptEnd>>,
    /// How often the shop could wipe its copy of a method.
    pub wiped: u32,
    /// The exchanges over a connection that only asks.
    pub asking: Vec<String>,
    /// The epoch of each exchange.
    pub epochs: Vec<String>,
    /// What a shopper wishes at a time.
    pub wishes: Vec<(u64, Wish)>,
    pub next_payment: u64,
    /// Refunds that were asked for as instant ones.
    pub instant: usize,
    /// Refunds: id and paise.
    pub refunds: Vec<(String, u64)>,
    /// The keys of every attempt and order.
    pub keys: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Order {
    pub status: &'static str,
    pub paise: u64,
    pub payments: Vec<(u64, &'static str)>,
    /// Of the terminal that made it.
    pub mark: String,
}

/// What an exchange meets.
#[derive(Clone, Debug)]
pub enum Said {
    /// An answer.
    This(u16, &'static str),
    /// An answer that is longer than the buffer.
    Cut(u16, &'static str),
    /// None: whether the request arrived.
    Nothing(Delivery),
    /// What the world says.
    World,
}

pub enum Plan {
    Pay,
    Fail,
    Flash(bool),
    Offline(bool),
}

pub type Shared = Rc<RefCell<World>>;

impl World {
    pub fn new() -> Shared {
        Rc::new(RefCell::new(Self { next_payment: 1_000, ..Self::default() }))
    }

    pub fn pass(&mut self, until: u64) {
        self.now = self.now.max(until);
        let now = self.now;
        let due: Vec<_> = self.plans.extract_if(.., |(at, _)| *at <= now).collect();
        for (_, plan) in due {
            match plan {
                Plan::Pay => self.pay_all(),
                Plan::Fail => self.fail_all(),
                Plan::Flash(fails) => self.flash_fails = fails,
                Plan::Offline(offline) => self.offline = offline,
            }
        }
    }

    /// The shopper pays whatever can be paid.
    pub fn pay_all(&mut self) {
        for order in self.orders.values_mut().filter(|order| order.status == "ACTIVE") {
            if let Some(payment) = order.payments.iter_mut().find(|(_, status)| *status == "NOT_ATTEMPTED") {
                payment.1 = "SUCCESS";
                order.status = "PAID";
            }
        }
    }

    /// The bank refuses every payment.
    fn fail_all(&mut self) {
        let payments = self.orders.values_mut().flat_map(|order| &mut order.payments);
        payments.filter(|(_, status)| *status == "NOT_ATTEMPTED").for_each(|payment| payment.1 = "FAILED");
    }

    fn order_body(&self, id: &str) -> (u16, String) {
        match self.orders.get(id) {
            None => (404, r#"{"code":"order_not_found","message":"no"}"#.into()),
            Some(order) => (
                200,
                format!(
                    r#"{{"order_id":"{id}","order_status":"{}","order_amount":{}.{:02},"order_currency":"INR","payment_session_id":"session_{id}","order_tags":{{"till_mark":"{}"}}}}"#,
                    order.status,
                    order.paise / 100,
                    order.paise % 100,
                    order.mark
                ),
            ),
        }
    }

    fn answer(&mut self, request: &Request<'_>) -> (u16, String) {
        let body = core::str::from_utf8(request.body.expose()).unwrap();
        let member = |name: &str| {
            let Some(at) = body.find(&format!("\"{name}\":")) else { return String::new() };
            let at = at + name.len() + 3;
            body[at..].trim_start_matches('"').split(['"', ',', '}']).next().unwrap().to_owned()
        };
        match request.call {
            Call::CreateOrder => {
                let (id, amount) = (member("order_id"), member("order_amount"));
                let paise = amount.replace('.', "").parse().unwrap();
                if self.taken > 0 {
                    self.taken -= 1;
                    self.orders.insert(id, Order { status: "ACTIVE", paise, payments: vec![], mark: "x".into() });
                    return (409, r#"{"code":"order_already_exists","message":"no"}"#.into());
                }
                let mark = member("till_mark");
                self.orders.insert(id.clone(), Order { status: "ACTIVE", paise, payments: vec![], mark });
                self.order_body(&id)
            }
            Call::ReadOrder(id) => self.order_body(id.as_str()),
            Call::TerminateOrder(id) => {
                if let Some(order) = self.orders.get_mut(id.as_str()).filter(|order| order.status == "ACTIVE") {
                    order.status = "TERMINATED";
                    let dropped = |(_, status): &&mut (u64, &str)| *status == "NOT_ATTEMPTED" && !self.never_attempted;
                    for payment in order.payments.iter_mut().filter(dropped) {
                        payment.1 = "USER_DROPPED";
                    }
                }
                self.order_body(id.as_str())
            }
            Call::ListPayments(id) => {
                let payments: Vec<_> = self.orders[id.as_str()]
                    .payments
                    .iter()
                    .map(|(number, status)| format!(r#"{{"cf_payment_id":"{number}","order_id":"{id}","payment_status":"{status}","payment_amount":10.15,"is_captured":true}}"#))
                    .collect();
                (200, format!("[{}]", payments.join(",")))
            }
            Call::ReadPayment(id, wanted) => {
                let status =
                    self.orders[id.as_str()].payments.iter().find(|(number, _)| *number == wanted.get()).unwrap().1;
                (200, format!(r#"{{"cf_payment_id":"{wanted}","order_id":"{id}","payment_status":"{status}"}}"#))
            }
            Call::OrderPay => {
                let id = member("payment_session_id").replace("session_", "");
                self.next_payment += 1;
                let number = self.next_payment;
                self.orders.get_mut(&id).unwrap().payments.push((number, "NOT_ATTEMPTED"));
                if member("channel") == "post" {
                    return (
                        200,
                        format!(
                            r#"{{"cf_payment_id":"{number}","payment_method":"card","channel":"post","action":"post","data":{{"url":null}}}}"#
                        ),
                    );
                }
                (
                    200,
                    format!(
                        r#"{{"cf_payment_id":"{number}","payment_method":"upi","channel":"link","action":"custom","data":{{"url":null,"payload":{{"default":"upi://pay?pa=a@b&am=10.15"}},"content_type":null,"method":null}}}}"#
                    ),
                )
            }
            Call::Authenticate(number) => {
                let is_right = member("otp") == "111000";
                if is_right {
                    self.pay_all();
                }
                let word = if is_right { "SUCCESS" } else { "FAILED" };
                (200, format!(r#"{{"cf_payment_id":"{number}","action":"SUBMIT_OTP","authenticate_status":"{word}"}}"#))
            }
            Call::CreateRefund(_) => {
                let (id, amount) = (member("refund_id"), member("refund_amount"));
                self.instant += usize::from(body.contains(r#""refund_speed":"INSTANT""#));
                self.refunds.push((id, amount.replace('.', "").parse().unwrap()));
                (200, refund(self.refunds.last().unwrap()))
            }
            Call::ListRefunds(_) => {
                (200, format!("[{}]", self.refunds.iter().map(refund).collect::<Vec<_>>().join(",")))
            }
            Call::ReadRefund(_, wanted) => match self.refunds.iter().find(|(id, _)| id == wanted.as_str()) {
                Some(found) => (200, refund(found)),
                None => (404, r#"{"code":"refund_not_found","message":"no"}"#.into()),
            },
            Call::Recover => {
                self.epoch += 1;
                (200, format!(r#"{{"epoch":{},"orders":[{}]}}"#, self.epoch, self.open))
            }
            _ => (404, r#"{"code":"not_found","message":"no"}"#.into()),
        }
    }
}

fn refund((id, paise): &(String, u64)) -> String {
    format!(r#"{{"refund_id":"{id}","refund_amount":{}.{:02},"refund_status":"PENDING"}}"#, paise / 100, paise % 100)
}

/// A way to the gateway.
pub struct Wire {
    world: Shared,
    endpoint: Endpoint,
    only_asks: bool,
}

impl Wire {
    /// The connection for questions.
    pub fn for_questions(mut self) -> Self {
        self.only_asks = true;
        self
    }
}

#[derive(Debug)]
pub struct Offline(pub Delivery);

impl core::fmt::Display for Offline {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("no network")
    }
}

impl core::error::Error for Offline {}

impl Error for Offline {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Connect
    }

    fn delivery(&self) -> Delivery {
        self.0
    }
}

impl ErrorType for Wire {
    type Error = Offline;
}

impl Transport for Wire {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn disconnect(&mut self) {}

    fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Offline> {
        let mut world = self.world.borrow_mut();
        let now = world.now;
        world.called_at.push(now);
        world.waits.push(request.wait_s);
        let waited = world.holds && request.wait_s > 0;
        world.pass(now + if waited { u64::from(request.wait_s) * 1_000 } else { 50 });
        let line = format!("{} {}", request.call.method().as_str(), request.call);
        if self.only_asks {
            world.asking.push(line.clone());
        }
        world.calls.push(line);
        world.epochs.push(format!("{:?}", request.epoch));
        world.keys.extend(request.idempotency_key.map(|key| key.as_str().to_owned()));
        if world.offline {
            return Err(Offline(Delivery::NotSent));
        }
        let said = world.script.pop_front().unwrap_or(Said::World);
        let truncated = matches!(said, Said::Cut(..));
        let (status, body) = match said {
            Said::This(status, body) | Said::Cut(status, body) => (status, body.to_owned()),
            Said::Nothing(delivery) => return Err(Offline(delivery)),
            Said::World => world.answer(request),
        };
        rx[..body.len()].copy_from_slice(body.as_bytes());
        let mut head = ResponseHead::new(status);
        (head.body_len, head.truncated, head.waited) = (body.len(), truncated, waited);
        Ok(head)
    }
}

/// A journal that outlives its till, and fails when told to.
#[derive(Clone)]
pub struct Flash {
    pub world: Shared,
    pub kept: Rc<RefCell<MemoryJournal<64>>>,
}

#[derive(Debug, PartialEq)]
pub enum FlashError {
    Broken,
    /// Of one order.
    Record(OrderId),
    Memory(MemoryJournalError),
}

impl core::fmt::Display for FlashError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl core::error::Error for FlashError {}

impl Journal for Flash {
    type Error = FlashError;

    fn store(&mut self, record: &Record) -> Result<(), FlashError> {
        if self.world.borrow().flash_fails {
            return Err(FlashError::Broken);
        }
        self.kept.borrow_mut().store(record).map_err(FlashError::Memory)
    }

    fn next_open(&mut self, after: Option<&OrderId>) -> Result<Option<Record>, FlashError> {
        let found = self.kept.borrow_mut().next_open(after).map_err(FlashError::Memory)?;
        self.readable(found)
    }

    fn find(&mut self, order: &OrderId) -> Result<Option<Record>, FlashError> {
        let found = self.kept.borrow_mut().find(order).map_err(FlashError::Memory)?;
        self.readable(found)
    }

    fn capacity(&self) -> usize {
        64
    }

    fn unreadable(error: &FlashError) -> Option<OrderId> {
        match error {
            FlashError::Record(order_id) => Some(order_id.clone()),
            FlashError::Broken | FlashError::Memory(_) => None,
        }
    }
}

impl Flash {
    fn readable(&self, found: Option<Record>) -> Result<Option<Record>, FlashError> {
        let unreadable = self.world.borrow().unreadable.clone();
        match found {
            Some(record) if Some(&record.order_id) == unreadable.as_ref() => Err(FlashError::Record(record.order_id)),
            found => Ok(found),
        }
    }
}

/// A shop whose shopper does what the world says.
pub struct Counter(pub Shared);

impl Shop for Counter {
    fn now(&mut self) -> Millis {
        Millis(self.0.borrow().now)
    }

    fn unix(&mut self) -> Option<UnixSeconds> {
        Some(UnixSeconds(1_800_000_000 + self.0.borrow().now / 1_000))
    }

    fn sleep(&mut self, until: Millis) -> Wish {
        let mut world = self.0.borrow_mut();
        let at = world.wishes.first().map(|(at, _)| *at);
        match at {
            Some(at) if at <= until.0 => {
                world.pass(at);
                world.wishes.remove(0).1
            }
            _ => {
                world.pass(until.0);
                Wish::Nothing
            }
        }
    }

    fn show(&mut self, offer: &Offer, action: NextAction<'_>) -> Seen {
        assert!(matches!(action, NextAction::UpiLinks(_)), "{action:?}");
        assert!(offer.amount.minor() > 0);
        self.0.borrow_mut().shown += 1;
        Seen::Shown
    }

    fn choose(&mut self, session: &PaymentSessionId, ended: Option<&AttemptEnd>) -> Choice {
        let mut world = self.0.borrow_mut();
        world.asked.push(ended.cloned());
        match world.choices.pop_front() {
            Some(choice) => choice,
            None if ended.is_none() => link(session),
            None => Choice::GiveUp,
        }
    }

    fn vend(&mut self, _: &Offer) -> Goods {
        let mut world = self.0.borrow_mut();
        world.vended += 1;
        world.goods.unwrap_or(Goods::Out)
    }

    fn sense(&mut self, _: &OrderId) -> Goods {
        let mut world = self.0.borrow_mut();
        world.sensed += 1;
        world.sensor.unwrap_or(Goods::Unknown)
    }

    fn taken(&mut self) {
        self.0.borrow_mut().wiped += 1;
    }
}

/// A payment by link.
pub fn link(session: &PaymentSessionId) -> Choice {
    Choice::Pay(OrderPay::new(session.clone(), Upi::link()))
}

/// The same shop, for a till that does not block.
impl pay_core::till::Shop for Counter {
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

    async fn choose(&mut self, session: &PaymentSessionId, ended: Option<&AttemptEnd>) -> Choice {
        Shop::choose(self, session, ended)
    }

    async fn vend(&mut self, offer: &Offer) -> Goods {
        Shop::vend(self, offer)
    }

    async fn sense(&mut self, order: &OrderId) -> Goods {
        Shop::sense(self, order)
    }

    fn taken(&mut self) {
        Shop::taken(self);
    }
}

pub type Tested<'b, O = ()> = Till<'b, Wire, Wire, Flash, O>;

pub fn flash(world: &Shared) -> Flash {
    Flash { world: world.clone(), kept: Rc::default() }
}

pub fn terms() -> Terms {
    let mut policy = Policy::with_ask();
    policy.deadline_ms = 60_000;
    policy.release = true;
    Terms::new(Environment::Sandbox, policy)
}

pub fn wire(world: &Shared) -> Wire {
    let endpoint = Endpoint::parse("https://127.0.0.1/pg", Auth::Session).unwrap();
    Wire { world: world.clone(), endpoint, only_asks: false }
}

pub fn device<J>(journal: J) -> Device<J> {
    Device { secret: DeviceSecret::new([7; 32]), journal, incarnation: 1, epoch: 0 }
}

/// A till that was just switched on, for the `boot`-th time.
pub fn till<'b, O: Observer>(
    world: &Shared,
    flash: &Flash,
    boot: u8,
    memory: &'b mut ([u8; 2048], [u8; 16384]),
    observer: O,
) -> Tested<'b, O> {
    till_with(world, flash, boot, memory, observer, terms())
}

/// The same with other terms.
pub fn till_with<'b, O: Observer>(
    world: &Shared,
    flash: &Flash,
    boot: u8,
    memory: &'b mut ([u8; 2048], [u8; 16384]),
    observer: O,
    terms: Terms,
) -> Tested<'b, O> {
    let buffers = Buffers { tx: &mut memory.0, rx: &mut memory.1 };
    Till::new(Routes::same(wire(world)), device(flash.clone()), terms, [boot; 32], buffers, observer)
}

pub fn memory() -> ([u8; 2048], [u8; 16384]) {
    ([0; 2048], [0; 16384])
}

pub fn rupees(paise: u64) -> Amount {
    Amount::from_minor(paise).unwrap()
}

pub fn customer() -> Customer {
    Customer::new(CustomerId::parse("walk_in").unwrap(), Phone::parse("9999999999").unwrap())
}

pub fn create<O: Observer>(till: &mut Tested<'_, O>, world: &Shared, paise: u64) -> OpenOrder {
    till.create(rupees(paise), customer(), &mut Counter(world.clone())).unwrap()
}

/// Shows the link of an order; the shopper leaves after 200 ms, and never pays.
pub fn abandon<O: Observer>(till: &mut Tested<'_, O>, world: &Shared) -> OrderId {
    let order = create(till, world, 1_015);
    let leaves = world.borrow().now + 200;
    world.borrow_mut().wishes.push((leaves, Wish::Leave));
    let order_id = order.order_id.clone();
    let _ = till.sell(order, Upi::link(), &mut Counter(world.clone())).unwrap();
    order_id
}

pub fn is_paid(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Paid { cf_payment_id: Some(_), .. })
}
