//! The sandbox, in a process of its own: its books are no memory of ours.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, Read, Write, stdin, stdout};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use sandbox::{Config, Fault, OrderStatus, PaymentStatus, Proxy, Rules, Server, SessionKeys};
use serde_json::{Value, json};
use tests::laws::{Payer, Payment};

use crate::dice::Dice;

/// What a kiosk needs to reach it.
#[derive(Clone)]
pub struct Link {
    pub url: String,
    /// Of the proxy in between.
    pub address: SocketAddr,
    pub ca: String,
    pub client_id: String,
    pub client_secret: String,
}

/// What the books have of one order.
#[derive(Debug)]
pub struct Book {
    pub payments: Vec<Payment>,
    /// So many refunds gave money back, or will.
    pub refunds: u64,
}

pub type Books = BTreeMap<String, Book>;

pub struct Gateway {
    pub link: Link,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Gateway {
    pub fn start(seed: u64) -> Self {
        let mut child = Command::new(env::current_exe().expect("this program"))
            .args(["gateway", &seed.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a second process");
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("its first line");
        let ready: Value = serde_json::from_str(&line).expect("the sandbox started");
        let text = |name: &str| ready[name].as_str().unwrap_or_default().to_owned();
        let link = Link {
            url: text("url"),
            address: text("address").parse().expect("an address"),
            ca: text("ca"),
            client_id: text("client_id"),
            client_secret: text("client_secret"),
        };
        Self { link, child, stdin, stdout }
    }

    /// Ends it; what its books say.
    pub fn books(mut self) -> Books {
        drop(self.stdin.take());
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).expect("its books");
        self.child.wait().expect("its end");
        let value: Value = serde_json::from_str(&text).expect("its books");
        let book = |value: &Value| {
            let refunds = value["refunds"].as_u64().expect("a number");
            let mut back = refunds;
            let payment = |value: &Value| {
                let [succeeded, may_succeed] = ["succeeded", "may_succeed"].map(|name| value[name] == json!(true));
                // A refund is of an order; which payment it gives back does not matter where all are this kiosk's.
                let refunded = succeeded && back > 0;
                back -= u64::from(refunded);
                let id = value["id"].as_u64().expect("a number");
                Payment { id, payer: Payer::Till(0), succeeded, may_succeed, refunded }
            };
            Book { payments: value["payments"].as_array().expect("payments").iter().map(payment).collect(), refunds }
        };
        value.as_object().expect("orders").iter().map(|(id, value)| (id.clone(), book(value))).collect()
    }
}

/// The second process: a sandbox and a proxy until standard input ends, then the books.
pub fn serve(seed: u64) {
    let rules = Rules {
        settle_after_ms: Some(40),
        terminate_after_ms: 40,
        session_keys: if seed.is_multiple_of(2) { SessionKeys::Honoured } else { SessionKeys::Ignored },
        ..Rules::default()
    };
    let server = Server::start(Config { rules, seed: Some(seed), ..Config::default() }).expect("a sandbox");
    let target = server.url().trim_start_matches("https://").trim_end_matches("/pg").parse().expect("an address");
    let proxy = Proxy::seeded(target, seed, 6, 6_000).expect("a proxy");
    let ready = json!({
        "url": server.url(),
        "address": proxy.address().to_string(),
        "ca": server.ca_pem(),
        "client_id": server.client_id(),
        "client_secret": server.client_secret(),
    });
    writeln!(stdout(), "{ready}").and_then(|()| stdout().flush()).expect("standard output");
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut dice, mut faults) = (Dice(seed), 0);
            while !over.load(Ordering::Relaxed) {
                let mut gateway = server.gateway();
                // As many as there are orders, so that the last sales of a round do not meet all that is left.
                while faults < gateway.orders().count() {
                    let (path, fault) = fault(&mut dice);
                    gateway.inject(path, 1, fault);
                    faults += 1;
                }
                drop(gateway);
                thread::sleep(Duration::from_millis(10));
            }
        });
        let _ = stdin().read_to_end(&mut Vec::new());
        over.store(true, Ordering::Relaxed);
    });
    let gateway = server.gateway();
    let book = |id: &str, closed: bool| {
        let payments = gateway.payments().iter().filter(|payment| payment.order_id == id).map(|payment| {
            let may_succeed = match payment.status {
                PaymentStatus::NotAttempted => !closed,
                status => status.is_open(),
            };
            json!({"id": payment.id, "succeeded": payment.is_charge(), "may_succeed": may_succeed})
        });
        let back = gateway.refunds().iter().filter(|refund| refund.order_id == id && refund.status.gives_back());
        json!({"payments": payments.collect::<Vec<_>>(), "refunds": back.count()})
    };
    let books: serde_json::Map<_, _> = gateway
        .orders()
        .map(|order| (order.id.clone(), book(&order.id, order.status != OrderStatus::Active)))
        .collect();
    println!("{}", Value::from(books));
}

fn fault(dice: &mut Dice) -> (&'static str, Fault) {
    const PATHS: [&str; 6] = [
        "POST /orders/sessions",
        "POST /orders",
        "GET /orders/*",
        "PATCH /orders/*",
        "POST /orders/*",
        "POST /orders/pay/*",
    ];
    let path = PATHS[usize::try_from(dice.below(6)).unwrap_or(0)];
    let page = b"<html>Bad gateway</html>".to_vec();
    let fault = match dice.below(5) {
        0 => Fault::Answer { status: 502, body: page },
        1 => Fault::Answer { status: 200, body: page },
        2 => Fault::InternalError { executed: dice.below(2) == 0 },
        _ => Fault::Replace { status: if dice.below(2) == 0 { 502 } else { 504 }, body: page },
    };
    (path, fault)
}
