//! Backends that are killed in the middle of sales, and their database with them: no money is lost and none goes twice.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use backend::add_token;
use serde_json::{Value, json};
use ureq::Agent;

use crate::running::Running;
use crate::shop::{Shop, agent_of, order, until};

/// In each run; `BACKEND_KILLS` says otherwise.
const KILLS: usize = 10;
const KIOSKS: usize = 4;
const NAME: &str = "kills";

/// A backend, and a client that trusts it.
struct Alive {
    running: Running,
    agent: Agent,
}

impl Alive {
    fn start(shop: &Shop, n: usize) -> Self {
        let running = Running::start(shop, &format!("backend-{n}"), shop.gateway.url(), &[]);
        let agent = agent_of(&fs::read(running.ready["ca"].as_str().expect("a path")).expect("an authority"));
        Self { running, agent }
    }
}

/// Kiosks that sell, each call to another backend, and again until it is answered.
struct World {
    shop: Shop,
    running: Vec<Mutex<Arc<Alive>>>,
    /// Sales that are over.
    sold: AtomicUsize,
    ends: AtomicBool,
}

impl World {
    /// The answer of some backend that is alive, is not in trouble, and does not ask to come again.
    fn call(&self, nth: usize, method: &str, path: &str, body: &str) -> (u16, Value) {
        self.call_with(nth, method, path, body, "no-key")
    }

    /// The same under this idempotency key.
    fn call_with(&self, nth: usize, method: &str, path: &str, body: &str, key: &str) -> (u16, Value) {
        let end = Instant::now() + Duration::from_secs(120);
        let mut nth = nth;
        while Instant::now() < end {
            nth += 1;
            let backend = Arc::clone(&self.running[nth % self.running.len()].lock().expect("a backend"));
            let request = ureq::http::Request::builder()
                .method(method)
                .uri(format!("{}{path}", backend.running.url))
                .header("x-api-version", "2025-01-01")
                .header("content-type", "application/json")
                .header("authorization", format!("Bearer {}", self.shop.token))
                .header("x-idempotency-key", key)
                .body(body.to_owned())
                .expect("a request");
            let request =
                backend.agent.configure_request(request).timeout_global(Some(Duration::from_secs(20))).build();
            if let Ok(mut answer) = backend.agent.run(request) {
                let status = answer.status().as_u16();
                let body = answer.body_mut().read_to_string().unwrap_or_default();
                if let (false, Ok(body)) = (matches!(status, 429 | 500..), serde_json::from_str(&body)) {
                    return (status, body);
                }
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("nobody answers {method} {path}");
    }

    /// Sells once; the order, and whether its goods are out.
    fn sell(&self, kiosk: usize, n: usize) -> (String, bool) {
        let sold = self.one_sale(kiosk, n);
        self.sold.fetch_add(1, Ordering::Relaxed);
        sold
    }

    fn one_sale(&self, kiosk: usize, n: usize) -> (String, bool) {
        let id = format!("till-{kiosk}-{n}");
        let (status, made) = self.call(n, "POST", "/orders", &order(&id, "10.15"));
        assert_eq!(status, 200, "{made}");
        // Relayed, each again under its key until it is answered: whoever dies before or behind the forward, it is one attempt.
        let attempt = |at: usize| {
            let body = json!({"payment_session_id": made["payment_session_id"], "payment_method": {"upi": {"channel": "link"}}});
            let (status, reply) =
                self.call_with(n + at, "POST", "/orders/sessions", &body.to_string(), &format!("{id}-{at}"));
            assert_eq!(status, 200, "{reply}");
            reply["cf_payment_id"].as_str().expect("an id").to_owned()
        };
        let payments: Vec<String> = (0..=n % 2).map(attempt).collect();
        let attempts = self.shop.gateway.gateway().payments().iter().filter(|payment| payment.order_id == id).count();
        assert_eq!(attempts, payments.len(), "{id}");
        payments.iter().for_each(|payment| self.shop.succeed(payment));
        let release = format!("/orders/{id}/release");
        if n.is_multiple_of(3) {
            assert_eq!(self.call(n, "POST", &release, r#"{"released":false}"#).0, 200);
            return (id, false);
        }
        // Two terminals, or one that asks for each payment that it knows: on different backends at one time.
        let claim = |(at, payment): (usize, &String)| {
            self.call(n + at, "POST", &release, &json!({"cf_payment_id": payment}).to_string()).0
        };
        let granted: Vec<u16> = thread::scope(|scope| {
            let claims: Vec<_> = payments.iter().enumerate().map(|pair| scope.spawn(move || claim(pair))).collect();
            claims.into_iter().map(|claim| claim.join().expect("a claim")).collect()
        });
        assert_eq!(granted.iter().filter(|status| **status == 200).count(), 1, "{id}: {granted:?}");
        let payment = &payments[granted.iter().position(|status| *status == 200).expect("one")];
        let report = json!({"cf_payment_id": payment, "released": true}).to_string();
        assert_eq!(self.call(n, "POST", &release, &report).0, 200);
        (id, true)
    }
}

// Meant to notice: an answer before the event is kept; a duty that is not kept with its event; a right that two backends grant.
#[test]
fn backends_that_are_killed_lose_no_money_and_send_none_twice() {
    let mut shop = Shop::open(NAME);
    shop.backend = None;
    shop.token = add_token(&shop.config.database, "kiosk-kill").expect("a token").to_string();
    let running = (0..crate::BACKENDS).map(|n| Mutex::new(Arc::new(Alive::start(&shop, n)))).collect();
    let world = World { shop, running, sold: AtomicUsize::new(0), ends: AtomicBool::new(false) };
    let kills = std::env::var("BACKEND_KILLS").map_or(KILLS, |kills| kills.parse().expect("a number"));

    let sold: Vec<(String, bool)> = thread::scope(|scope| {
        let kiosk = |kiosk: usize| {
            let world = &world;
            scope.spawn(move || {
                (0..)
                    .take_while(|_| !world.ends.load(Ordering::Relaxed))
                    .map(|n| world.sell(kiosk, n))
                    .collect::<Vec<_>>()
            })
        };
        let kiosks: Vec<_> = (0..KIOSKS).map(kiosk).collect();
        for kill in 0..kills {
            // On a slow machine a backend may take longer to start than it lives: there is a sale for each kill.
            until("a sale", || world.sold.load(Ordering::Relaxed) > kill);
            // Not in step with anything.
            thread::sleep(Duration::from_millis(200 + (kill as u64 * 7919) % 400));
            let n = kill % world.running.len();
            let mut place = world.running[n].lock().expect("a backend");
            place.running.kill();
            if kill % 5 == 4 {
                crate::break_database(NAME);
            }
            *place = Arc::new(Alive::start(&world.shop, n));
        }
        world.ends.store(true, Ordering::Relaxed);
        kiosks.into_iter().flat_map(|kiosk| kiosk.join().expect("a kiosk")).collect()
    });
    assert!(sold.len() > kills, "{} sales", sold.len());

    // What came, less the one that stays where the goods are out.
    let owed = |id: &str, out: bool| {
        let gateway = world.shop.gateway.gateway();
        gateway.charges(id).count() - usize::from(out)
    };
    let back = |id: &str| {
        let gateway = world.shop.gateway.gateway();
        gateway
            .refunds()
            .iter()
            .filter(|refund| refund.order_id == id)
            .map(|refund| refund.amount.0)
            .collect::<Vec<_>>()
    };
    for (id, out) in &sold {
        until(&format!("the refunds of {id}"), || back(id).len() >= owed(id, *out));
    }
    thread::sleep(Duration::from_secs(1));
    for (id, out) in &sold {
        assert_eq!(back(id), vec![1015; owed(id, *out)], "{id}, goods out: {out}");
    }
    println!("{kills} kills, {} sales: nothing double, nothing lost", sold.len());
}
