//! The backend's rules, call by call: over memory, with the sandbox's rules for a gateway.

use backend::book::Decision;
use backend::rules::{Limits, Said, Way};
use pay_core::model::OrderId;
use sandbox::{Fault, Gateway, OrderStatus, PaymentStatus, Request, Rules};
use serde_json::{Value, json};
use tests::merchant::{CLIENT_ID, CLIENT_SECRET, Line, Merchant, Mishap};

const ORDER: &str = "GET /pg/orders/till-1";
const LIST: &str = "GET /pg/orders/till-1/payments";
const CLOSE: &str = "PATCH /pg/orders/till-1";

/// A kiosk that pays through its backend, and the gateway behind it.
struct Shop {
    gateway: Gateway,
    merchant: Merchant,
    epoch: Option<&'static str>,
    now: u64,
    /// Idempotency keys so far.
    keys: usize,
    /// What the gateway was asked since somebody looked.
    asked: Vec<String>,
}

impl Shop {
    /// With an order, `till-1`.
    fn open(merchant: Merchant) -> Self {
        let mut shop = Self::empty(merchant);
        assert_eq!(shop.create().0, 200);
        shop
    }

    fn empty(merchant: Merchant) -> Self {
        let gateway = Gateway::new(Rules::default(), "https://127.0.0.1:1/pg", CLIENT_ID, CLIENT_SECRET, 7);
        // 2026-11-22T16:20:12Z.
        let now = 1_795_364_412_000;
        Self { gateway, merchant, epoch: None, now, keys: 0, asked: Vec::new() }
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut Merchant, Line<'_>) -> T) -> T {
        let gateway = &mut |request: &Request| {
            self.asked.push(format!("{} {}", request.method, request.path));
            self.gateway.handle(request, self.now)
        };
        work(&mut self.merchant, Line { gateway, now: self.now })
    }

    fn ask_while(&mut self, mishap: Mishap, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut request = Request::new(method, &format!("/pg{path}")).with_header("x-api-version", "2025-01-01");
        if let Some(epoch) = self.epoch {
            request = request.with_header("x-device-epoch", epoch);
        }
        if path == "/orders/sessions" {
            self.keys += 1;
            request = request.with_header("x-idempotency-key", &format!("key-{}", self.keys));
        }
        if let Some(body) = body {
            request = request.with_json(body.to_string());
        }
        let answer = self.with(|merchant, line| merchant.answer(&request, line, mishap));
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.ask_while(Mishap::None, method, path, body)
    }

    fn create(&mut self) -> (u16, Value) {
        self.ask("POST", "/orders", Some(&order()))
    }

    fn close(&mut self) -> u16 {
        self.ask("PATCH", "/orders/till-1", Some(&json!({"order_status": "TERMINATED"}))).0
    }

    fn report(&mut self, released: bool) -> u16 {
        self.ask("POST", "/orders/till-1/release", Some(&json!({"released": released}))).0
    }

    /// Whether the right is granted; else it was refused.
    fn claim(&mut self, payment: u64) -> bool {
        let body = json!({"cf_payment_id": payment.to_string()});
        let (status, said) = self.ask("POST", "/orders/till-1/release", Some(&body));
        assert_eq!(status, if said["granted"] == true { 200 } else { 409 }, "{said}");
        status == 200
    }

    /// Begins a payment; its number.
    fn attempt(&mut self) -> u64 {
        assert_eq!(self.ask("POST", "/orders/sessions", Some(&pay())).0, 200);
        self.gateway.payments().last().unwrap().id
    }

    fn succeed(&mut self, payment: u64) {
        self.now += 1_000;
        assert!(self.gateway.set_payment(payment, PaymentStatus::Success, self.now));
    }

    /// A payment that succeeds; its number.
    fn pay(&mut self) -> u64 {
        let payment = self.attempt();
        self.succeed(payment);
        payment
    }

    /// Does what is due by now; what the gateway was asked for it.
    fn work(&mut self) -> Vec<String> {
        self.asked.clear();
        self.with(Merchant::work);
        std::mem::take(&mut self.asked)
    }

    /// The same when something is due next.
    fn work_next(&mut self) -> Vec<String> {
        self.now = self.merchant.due().unwrap().max(self.now);
        self.work()
    }

    fn fails(&mut self, path: &str, times: usize, status: u16) {
        let body = br#"{"message":"m","code":"c","type":"invalid_request_error"}"#.to_vec();
        self.gateway.inject(path, times, Fault::Answer { status, body });
    }

    fn is_told(&self) -> bool {
        self.merchant.tells(&OrderId::parse("till-1").unwrap(), self.now)
    }
}

fn merchant() -> Merchant {
    Merchant::new(Way::Relayed, true)
}

fn order() -> Value {
    let customer = json!({"customer_id": "c_1", "customer_phone": "9999999999"});
    json!({"order_id": "till-1", "order_amount": 10.15, "order_currency": "INR", "customer_details": customer})
}

fn pay() -> Value {
    let alias = Merchant::alias(&OrderId::parse("till-1").unwrap());
    json!({"payment_session_id": alias, "payment_method": {"upi": {"channel": "link"}}})
}

// Meant to notice: an order made a second time, or never; one over another amount taken for the same.
#[test]
fn an_order_is_made_once_whatever_is_lost() {
    for (lost, calls) in [
        // The gateway has not heard of it.
        (Fault::Answer { status: 502, body: Vec::new() }, &["POST /pg/orders"][..]),
        // It has, and its answer is lost.
        (Fault::Replace { status: 502, body: Vec::new() }, &["POST /pg/orders", ORDER, ORDER]),
    ] {
        let mut shop = Shop::empty(merchant());
        shop.gateway.inject("POST /orders", 1, lost);
        assert_eq!(shop.create().0, 502);
        shop.asked.clear();
        let (status, made) = shop.create();
        assert_eq!((status, &made["order_status"]), (200, &json!("ACTIVE")));
        assert_eq!(shop.asked, calls);
        shop.asked.clear();
        assert_eq!(shop.create(), (200, made));
        assert_eq!(shop.asked, [ORDER]);
        let mut dearer = order();
        dearer["order_amount"] = json!(10.16);
        assert_eq!(shop.ask("POST", "/orders", Some(&dearer)).0, 409);
        assert_eq!(shop.gateway.orders().count(), 1);
    }
}

// Meant to notice: an order of another system of the merchant shown to a kiosk; 404 for an order of its own, whatever an answer is about.
#[test]
fn an_order_of_somebody_else_is_not_given_out() {
    let mut shop = Shop::empty(merchant());
    let desk = Request::new("POST", "/pg/orders").with_json(order().to_string());
    let desk = desk.with_header("x-api-version", "2025-01-01");
    let desk = desk.with_header("x-client-id", CLIENT_ID).with_header("x-client-secret", CLIENT_SECRET);
    let foreign = shop.gateway.handle(&desk, shop.now);
    assert_eq!(foreign.status, 200);
    assert_eq!((shop.create().0, shop.ask("GET", "/orders/till-1", None).0), (409, 404));

    let mut shop = Shop::open(merchant());
    let body = String::from_utf8(foreign.body).unwrap().replace("till-1", "till-2").into_bytes();
    shop.gateway.inject("GET /orders/till-1", 1, Fault::Replace { status: 200, body });
    assert_eq!(shop.ask("GET", "/orders/till-1", None).0, 502);
    assert_eq!(shop.ask("GET", "/orders/till-1", None).0, 200);
}

// Meant to notice: an order that is not taken up, or of another amount; 404 for one that could not be read or kept.
#[test]
fn an_order_that_an_older_copy_does_not_know_is_taken_up_from_the_gateway() {
    let mut shop = Shop::open(merchant());
    let payment = shop.pay();
    // An older copy of the database.
    shop.merchant = merchant();
    shop.fails("GET /orders/till-1", 1, 502);
    assert_eq!(shop.ask("GET", "/orders/till-1", None).0, 502);
    assert_eq!(shop.ask_while(Mishap::Unkept, "GET", "/orders/till-1", None).0, 503);
    assert_eq!(shop.merchant.due(), None);
    let (status, body) = shop.ask("GET", "/orders/till-1", None);
    assert_eq!((status, &body["order_status"]), (200, &json!("PAID")));
    assert_eq!(shop.work(), [ORDER, LIST], "it is looked at once");
    assert!(shop.claim(payment));
    let mut dearer = order();
    dearer["order_amount"] = json!(10.16);
    assert_eq!(shop.ask("POST", "/orders", Some(&dearer)).0, 409);
    // The gateway has none.
    assert_eq!(shop.ask("GET", "/orders/till-9", None).0, 404);
}

// Meant to notice: a word that goes against another called kept, or known.
#[test]
fn a_person_is_told_what_became_of_a_word() {
    let mut shop = Shop::open(merchant());
    shop.pay();
    let id = OrderId::parse("till-1").unwrap();
    for (decision, said) in [
        (Decision::GoodsOut, Said::Kept),
        (Decision::GoodsIn, Said::Refused),
        (Decision::GoodsIn, Said::Refused),
        (Decision::Close, Said::Refused),
        (Decision::GoodsOut, Said::Known),
    ] {
        assert_eq!(shop.with(|merchant, line| merchant.decide(&id, decision, line)), said, "{decision:?}");
    }
}

// Meant to notice: what a database does not say taken for no order, in `need` or in `order`.
#[test]
fn an_order_that_cannot_be_read_is_not_called_missing() {
    let mut shop = Shop::open(merchant());
    let (claim, report) = (json!({"cf_payment_id": "1"}), json!({"released": false}));
    for (method, path, body, readings) in [
        ("POST", "/orders", Some(&order()), 2),
        ("GET", "/orders/till-1", None, 2),
        ("GET", "/orders/till-1/payments", None, 1),
        ("GET", "/orders/till-1/payments/1", None, 1),
        ("POST", "/orders/sessions", Some(&pay()), 1),
        ("POST", "/orders/till-1/release", Some(&claim), 1),
        ("POST", "/orders/till-1/release", Some(&report), 1),
        ("PATCH", "/orders/till-1", Some(&json!({"order_status": "TERMINATED"})), 1),
    ] {
        for n in 0..readings {
            let (status, said) = shop.ask_while(Mishap::Unread(n), method, path, body);
            assert_eq!(status, 503, "{method} {path} after {n} readings: {said}");
        }
    }
    assert!(shop.gateway.payments().is_empty());
    assert_eq!(shop.ask("GET", "/orders/till-1", None).1["order_status"], "ACTIVE");
}

// Meant to notice: the epoch not compared, or the wrong way round; a look refused.
#[test]
fn earlier_lives_of_a_device_may_look_and_nothing_else() {
    let mut shop = Shop::open(merchant());
    let (status, recovered) = shop.ask("POST", "/devices/recover", Some(&json!({})));
    assert_eq!((status, recovered), (200, json!({"epoch": 1, "orders": ["till-1"]})));
    for (epoch, may_act) in [(None, 409), (Some("0"), 409), (Some("1"), 200), (Some("2"), 200)] {
        shop.epoch = epoch;
        assert_eq!((shop.create().0, shop.report(false)), (may_act, may_act), "{epoch:?}");
        assert_eq!(shop.ask("GET", "/orders/till-1", None).0, 200, "{epoch:?}");
    }
}

// Meant to notice: the list not read (the second payment gets the goods), or a payment read for nothing.
#[test]
fn the_list_says_which_payment_may_have_the_goods() {
    let mut shop = Shop::open(merchant());
    let (first, second) = (shop.attempt(), shop.attempt());
    shop.succeed(first);
    shop.succeed(second);
    shop.asked.clear();
    assert_eq!((shop.claim(second), shop.claim(first), shop.claim(second)), (false, true, false));
    assert_eq!(shop.asked, [LIST]);
    assert_eq!((shop.report(true), shop.report(false)), (200, 409), "a report that goes against another");
}

// Meant to notice: the one payment not read, or not believed.
#[test]
fn a_payment_that_the_list_hides_may_have_the_goods() {
    let mut shop = Shop::open(merchant());
    let payment = shop.pay();
    shop.asked.clear();
    shop.gateway.inject("GET /orders/till-1/payments", 1, Fault::Replace { status: 200, body: b"[]".to_vec() });
    assert!(shop.claim(payment));
    assert_eq!(shop.asked, [LIST.to_owned(), format!("{LIST}/{payment}")]);
}

// Meant to notice: an order that nobody wants closed asked to end; one that ends asked again; an active order read again at once.
#[test]
fn an_order_is_asked_to_end_as_often_as_it_must() {
    let mut shop = Shop::open(merchant());
    shop.gateway.rules_mut().terminate_after_ms = 60_000;
    assert_eq!(shop.report(false), 200);
    assert_eq!(shop.work(), [ORDER]);
    assert!(shop.merchant.due().unwrap() > shop.now, "it is asked without a pause");
    shop.fails("PATCH /orders/till-1", 1, 502);
    assert_eq!(shop.close(), 502);
    assert_eq!(shop.work(), [ORDER, CLOSE]);
    assert_eq!(shop.work_next(), [ORDER], "it is ending");
    shop.now += 60_000;
    assert_eq!(shop.work_next(), [ORDER, LIST]);
    assert_eq!(shop.gateway.orders().next().unwrap().status, OrderStatus::Terminated);
}

// Meant to notice: an order closed without a word to the book, which then leaves the money to a person.
#[test]
fn money_for_what_was_given_up_goes_back_though_the_kiosk_is_silent() {
    let mut shop = Shop::open(merchant());
    let payment = shop.attempt();
    assert_eq!(shop.close(), 200);
    shop.succeed(payment);
    while shop.gateway.refunds().is_empty() && shop.merchant.due().is_some() {
        assert!(!shop.is_told(), "nothing is left for a person");
        shop.work_next();
    }
    assert_eq!(shop.gateway.refunds().len(), 1);
}

// Meant to notice: any call made while shoppers wait for the same minute's calls; what brings money back put off for them.
#[test]
fn shoppers_come_first_where_no_money_goes_back() {
    for (close, released, looks) in [(false, true, false), (false, false, true), (true, false, true)] {
        let limits = Limits { payments: 2, ..Limits::PRODUCTION };
        let mut shop = Shop::open(merchant().with_budget(limits));
        shop.gateway.rules_mut().terminate_after_ms = 0;
        if !close {
            shop.pay();
        }
        // A shopper's: one of two is left.
        assert_eq!(shop.ask("GET", "/orders/till-1/payments", None).0, 200);
        assert_eq!(if close { shop.close() } else { shop.report(released) }, 200);
        if !looks {
            // Its second look is due after half a minute.
            shop.now += 30_000;
        }
        let asked = shop.work();
        let looked = [ORDER, LIST].map(|call| asked.iter().any(|asked| asked == call));
        // An order that its list shows as paid is read only together with a new list.
        assert_eq!(looked, [looks; 2], "{close} {released}: {asked:?}");
        // When the minute is over, there is time for the rest.
        if !looks {
            shop.now += 600_000;
            assert_eq!(shop.work(), [ORDER, LIST]);
        }
    }
}

// Meant to notice: a refund not looked for where its answer is lost, or where it is not; people told of another one, or that it is still to come.
#[test]
fn a_refund_whose_answer_is_lost_is_looked_for() {
    for (lost, looks) in [(false, 0), (true, 1)] {
        let mut shop = Shop::open(merchant());
        shop.pay();
        if lost {
            shop.gateway.inject("POST /orders/till-1/refunds", 1, Fault::Replace { status: 502, body: Vec::new() });
        }
        assert_eq!(shop.report(false), 200);
        let mut asked = shop.work();
        asked.extend(shop.work_next());
        let count = |begin: &str| asked.iter().filter(|asked| asked.starts_with(begin)).count();
        assert_eq!((count("POST"), count("GET /pg/orders/till-1/refunds/")), (1, looks), "{asked:?}");
        let [told] = &shop.merchant.notices[..] else { panic!("{:?}", shop.merchant.notices) };
        assert!(told.contains("refunded"), "{told}");
    }
}

// Meant to notice: an answer that says nothing counted as a refusal, or a refusal as nothing; a refund made twice.
#[test]
fn a_refund_is_tried_until_it_is_there_or_refused() {
    for (status, times, told) in [(502, 6, false), (409, 6, false), (408, 6, false), (400, 5, true)] {
        let mut shop = Shop::open(merchant());
        shop.pay();
        shop.fails("POST /orders/till-1/refunds", times, status);
        assert_eq!(shop.report(false), 200);
        let mut tries = 0;
        while tries < times + usize::from(!told) {
            assert!(!shop.is_told(), "{status} after {tries} tries");
            tries += shop.work_next().iter().filter(|asked| asked.starts_with("POST")).count();
        }
        assert_eq!((shop.is_told(), shop.gateway.refunds().len()), (told, usize::from(!told)), "{status}");
        shop.now += 600_000;
        assert!(shop.work().iter().all(|asked| !asked.starts_with("POST")), "{status}");
    }
}
