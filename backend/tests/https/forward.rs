//! A backend that is killed at each point of a forward, exactly, while a till sells through it: real programs, the real till.

use core::cell::Cell;
use std::fs;
use std::net::SocketAddr;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use backend::{Database, add_token};
use pay_core::drive::{MemoryJournal, Routes};
use pay_core::model::method::Upi;
use pay_core::model::{
    Amount, CreateOrder, Customer, CustomerId, DeviceSecret, Environment, NextAction, OrderId, OrderPay,
    PaymentSessionId, Phone,
};
use pay_core::sale::{AttemptEnd, Buffers, Millis, Outcome, Policy, Refunds};
use pay_core::till::blocking::Till;
use pay_core::till::shop::blocking::Shop as Counter;
use pay_core::till::{Choice, Device, Goods, Offer, Seen, Terms, Wish};
use pay_core::wire::{Auth, Endpoint};
use sqlx::{AnyConnection, Connection};
use tokio::runtime::Runtime;
use transport_std::{HttpsTransport, Roots};

use crate::gate::Gate;
use crate::running::Running;
use crate::shop::{Shop, until};

const ORDER: &str = "till-1";

/// Where the backend dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    /// The row is not there yet.
    Unkept,
    /// The row is there, and the gateway has heard nothing.
    Unsent,
    /// The gateway has answered, and the backend has not heard it.
    Unheard,
}

/// Another connection to the backend's database, which can stop it.
struct Table {
    runtime: Runtime,
    connection: AnyConnection,
    lock: [&'static str; 2],
}

impl Table {
    fn of(shop: &Shop) -> Self {
        sqlx::any::install_default_drivers();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (url, lock) = match &shop.config.database {
            Database::Folder(folder) => {
                (format!("sqlite://{}", folder.join("backend.sqlite").display()), ["BEGIN IMMEDIATE", "SELECT 1"])
            }
            Database::Postgres(url) => (url.clone(), ["BEGIN", "LOCK TABLE forwards IN ACCESS EXCLUSIVE MODE"]),
        };
        let connection = runtime.block_on(AnyConnection::connect(&url)).expect("the database");
        Self { runtime, connection, lock }
    }

    fn run(&mut self, statement: &'static str) {
        self.runtime.block_on(sqlx::query(statement).execute(&mut self.connection)).expect("a statement");
    }

    /// Nobody else writes forwards until `unlock`.
    fn lock(&mut self) {
        self.lock.into_iter().for_each(|statement| self.run(statement));
    }

    fn unlock(&mut self) {
        self.run("ROLLBACK");
    }

    fn forwards(&mut self) -> i64 {
        let count = sqlx::query_scalar("SELECT COUNT(*) FROM forwards");
        self.runtime.block_on(count.fetch_one(&mut self.connection)).expect("a count")
    }
}

/// The shopper: pays by a link as soon as it is shown.
struct Shopper<'s> {
    shop: &'s Shop,
    began: Instant,
    /// What is to happen when Order Pay is about to leave the till.
    leaves: Box<dyn FnMut() + 's>,
    goods: &'s Cell<u32>,
}

impl Counter for Shopper<'_> {
    fn now(&mut self) -> Millis {
        Millis(self.began.elapsed().as_millis() as u64)
    }

    fn sleep(&mut self, until: Millis) -> Wish {
        thread::sleep(Duration::from_millis(until.since(self.now())));
        Wish::Nothing
    }

    fn show(&mut self, _: &Offer, _: NextAction<'_>) -> Seen {
        let shown = self.shop.gateway.gateway().payments().last().map(|payment| payment.id).expect("a payment");
        self.shop.succeed(&shown.to_string());
        Seen::Shown
    }

    fn choose(&mut self, session: &PaymentSessionId, ended: Option<&AttemptEnd>) -> Choice {
        if ended.is_some() {
            return Choice::GiveUp;
        }
        (self.leaves)();
        Choice::Pay(OrderPay::new(session.clone(), Upi::link()))
    }

    fn vend(&mut self, _: &Offer) -> Goods {
        self.goods.set(self.goods.get() + 1);
        Goods::Out
    }
}

// Meant to notice: the row written after the forward (no row where the backend died unheard); a repeat under another key, or with
// another session (two payments, or 422); a doubt that is told as a refusal (not paid).
#[test]
fn a_backend_that_is_killed_before_or_behind_a_forward_is_paid_once() {
    for point in [Point::Unkept, Point::Unsent, Point::Unheard] {
        killed_at(point);
    }
}

fn killed_at(point: Point) {
    let mut shop = Shop::open(&format!("forward-{}", format!("{point:?}").to_lowercase()));
    shop.backend = None;
    let gateway: SocketAddr =
        shop.gateway.url().trim_start_matches("https://").trim_end_matches("/pg").parse().expect("an address");
    let gate = Gate::before(gateway);
    let token = add_token(&shop.config.database, "kiosk-killed").expect("a token");

    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| shop.dir.join(name).display().to_string());
    fs::write(&cert, made.cert.pem()).expect("a file");
    fs::write(&key, made.signing_key.serialize_pem()).expect("a file");
    let way = format!("https://{}/pg", gate.address);
    let start =
        |listen: &str| Running::start(&shop, "backend", &way, &["--listen", listen, "--cert", &cert, "--key", &key]);
    let first = start("127.0.0.1:0");
    let url = first.url.clone();
    let listen = url.trim_start_matches("https://").trim_end_matches("/pg").to_owned();
    let mut table = Table::of(&shop);

    let endpoint = Endpoint::parse(&url, Auth::bearer(&token).expect("a token")).expect("an endpoint");
    let roots = Roots::from_pem(made.cert.pem().as_bytes()).expect("a certificate");
    let wire = HttpsTransport::new(endpoint, transport_std::Config::new().with_roots(roots)).expect("a transport");
    let goods = Cell::new(0);
    // The till waits until everything is ready for its call.
    let ready = Barrier::new(2);
    let outcome = thread::scope(|scope| {
        let (gate, start, ready) = (&gate, &start, &ready);
        let killer = scope.spawn(move || {
            ready.wait();
            match point {
                Point::Unkept => table.lock(),
                Point::Unsent => gate.requests.shut(),
                Point::Unheard => gate.answers.shut(),
            }
            ready.wait();
            match point {
                // It waits for the database by then; where it is slow, it has not come to it.
                Point::Unkept => thread::sleep(Duration::from_secs(1)),
                Point::Unsent => until("a forward", || gate.requests.has_lost()),
                Point::Unheard => until("an answer", || gate.answers.has_lost()),
            }
            first.kill();
            if point == Point::Unkept {
                table.unlock();
            }
            let rows = table.forwards();
            gate.requests.open();
            gate.answers.open();
            (start(&listen), rows)
        });
        let leaves = || {
            ready.wait();
            ready.wait();
        };
        let shopper = Shopper { shop: &shop, began: Instant::now(), leaves: Box::new(leaves), goods: &goods };
        let outcome = sell(wire, shopper);
        let (_second, rows) = killer.join().expect("a killer");
        let before = i64::from(point != Point::Unkept);
        assert_eq!(rows, before, "{point:?}: rows when it was dead");
        outcome
    });
    assert!(matches!(outcome, Outcome::Paid { .. }), "{point:?}: {outcome:?}");
    let gateway = shop.gateway.gateway();
    assert_eq!((gateway.payments().len(), gateway.charges(ORDER).count(), goods.get()), (1, 1, 1), "{point:?}");
}

/// One sale.
fn sell(wire: HttpsTransport, mut shopper: Shopper<'_>) -> Outcome {
    let mut policy = Policy::with_ask();
    (policy.ask_ms, policy.ask_max_ms, policy.settle_ms) = (100, 1_000, 60_000);
    (policy.release, policy.refunds) = (true, Refunds::ByBackend);
    let (mut tx, mut rx) = (vec![0; 1_024], vec![0; 16 * 1_024]);
    let buffers = Buffers { tx: &mut tx, rx: &mut rx };
    let device =
        Device { secret: DeviceSecret::new([5; 32]), journal: MemoryJournal::<2>::new(), incarnation: 1, epoch: 0 };
    let terms = Terms::new(Environment::Sandbox, policy);
    let mut till = Till::new(Routes::same(wire), device, terms, [1; 32], buffers, ());
    let customer =
        Customer::new(CustomerId::parse("walk_in").expect("an id"), Phone::parse("9999999999").expect("one"));
    let order = OrderId::parse(ORDER).expect("an id");
    let request = CreateOrder::new(order, Amount::from_minor(1_015).expect("an amount"), customer).expect("an order");
    let order = till.create_by(&request, &mut shopper).expect("an order");
    till.sell_by_choice(&order, &mut shopper).expect("an end")
}
