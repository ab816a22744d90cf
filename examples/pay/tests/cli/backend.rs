//! A till without keys that asks the merchant's backend.

use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};

use pay_core::wire::{Auth, Endpoint};
use sandbox::Rules;
use serde_json::json;
use transport_std::Roots;

use super::gateways::Gateway;
use super::program::{Run, pay_with};

/// A gateway, a backend before it, and a till that the backend knows.
struct Shop {
    gateway: Gateway,
    backend: backend::Server,
    /// The certificates of both.
    ca: String,
    token: String,
    till: String,
}

impl Shop {
    fn open(rules: Rules) -> Self {
        let gateway = Gateway::here(rules);
        let dir = beside(&gateway);
        let token = backend::add_direct_token(&dir, "till").unwrap().to_string();
        let server = gateway.server();
        let auth = Auth::merchant(server.client_id(), server.client_secret()).unwrap();
        let endpoint = Endpoint::parse(server.url(), auth).unwrap();
        let roots = Roots::from_der([server.ca_der()]).unwrap();
        let mut config = backend::Config::new(endpoint, transport_std::Config::new().with_roots(roots), &dir);
        config.first_look = Duration::from_millis(10);
        let backend = backend::Server::start(config).unwrap();
        let ca = gateway.file("both.pem", &format!("{}{}", server.ca_pem(), backend.ca_pem().unwrap()));
        let till = gateway.till.clone();
        Self { gateway, backend, ca, token, till }
    }

    fn dir(&self) -> PathBuf {
        beside(&self.gateway)
    }

    fn run(&self, args: &[&str], env: &[(&str, &str)]) -> Run {
        let to = ["--gateway", &self.gateway.url, "--ca", &self.ca, "--status-url", self.backend.url()];
        pay_with(&[args, &to].concat(), "", env)
    }

    /// At the till with this folder, with its token.
    fn at(&self, till: &str, args: &[&str]) -> Run {
        self.run(&[args, &["--till", till, "--json"]].concat(), &[("CASHFREE_DEVICE_TOKEN", &self.token)])
    }

    /// Creates an order there, and gives its session.
    fn order(&self, till: &str, id: &str) -> String {
        let order = self.at(till, &["order", "create", "--order-id", id]).expect(0).json();
        order["payment_session_id"].as_str().unwrap().to_owned()
    }
}

/// The backend's folder.
fn beside(gateway: &Gateway) -> PathBuf {
    Path::new(&gateway.till).with_file_name("backend")
}

/// The backend sends the payment on: the till has no way to the gateway.
#[test]
fn it_pays_through_the_backend() {
    let shop = Shop::open(Rules { settle_after_ms: Some(200), ..Rules::default() });
    let token = backend::add_token(&shop.dir(), "relayed").unwrap();
    let url = shop.backend.url();
    let to = ["--status-url", url, "--ca", &shop.ca, "--till", &shop.till, "--json"];
    let run = |args: &[&str]| pay_with(&[args, &to].concat(), "", &[("CASHFREE_DEVICE_TOKEN", &token)]);
    let order = run(&["order", "create", "--order-id", "order-1"]).expect(0).json();
    let session = order["payment_session_id"].as_str().unwrap();
    let pay = ["order", "pay", "--session", session, "--order-id", "order-1", "--method", "upi-link"];
    assert_eq!(run(&pay).expect(0).json()["outcome"], "paid");
    assert_eq!(shop.gateway.server().gateway().charges("order-1").count(), 1);
}

// Mutant: sending both routes to the gateway gets a 401 for every question, and ends pending.
#[test]
fn it_pays_at_the_gateway_and_asks_the_backend() {
    let shop = Shop::open(Rules { settle_after_ms: Some(200), ..Rules::default() });
    let session = shop.order(&shop.till, "order-1");
    let pay = ["order", "pay", "--session", &session, "--order-id", "order-1", "--method", "upi-link", "--json"];
    let token = shop.gateway.file("token", &format!("{}\n", shop.token));
    let with_file = [&pay[..], &["--till", &shop.till, "--token-file", &token]].concat();
    assert_eq!(shop.run(&with_file, &[]).expect(0).json()["outcome"], "paid");
    let status = ["status", "--order-id", "order-1"];
    shop.run(&status, &[("CASHFREE_DEVICE_TOKEN", &shop.token)]).expect(0);
    // Without a token, or with a wrong one, nothing is asked and nothing paid.
    shop.run(&status, &[]).expect(1);
    shop.run(&status, &[("CASHFREE_DEVICE_TOKEN", "hunter2hunter2")]).expect(3);
}

/// Mutants: the epoch not kept; the epoch kept and not sent.
#[test]
fn a_till_that_lost_its_journal_fetches_its_orders_and_locks_its_twin_out() {
    let shop = Shop::open(Rules::default());
    let till = Path::new(&shop.till);
    shop.order(&shop.till, "before-1");
    // The secret is kept; the old unit still runs somewhere.
    let twin = till.with_file_name("twin");
    fs::create_dir(&twin).unwrap();
    for file in fs::read_dir(till).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), twin.join(file.file_name())).unwrap();
    }
    fs::remove_file(till.join("journal.redb")).unwrap();

    let found = shop.at(&shop.till, &["journal", "recover"]).expect(0).json();
    assert_eq!(found, json!({"epoch": 1, "orders": 1, "left": 0}));
    let listed = super::program::pay(&["journal", "list", "--json", "--till", &shop.till]).expect(0).json();
    assert_eq!(
        (&listed["sales"][0]["order_id"], &listed["sales"][0]["release"]),
        (&"before-1".into(), &"unknown".into())
    );
    // It goes on selling; its twin does not, and what it says tells why.
    shop.order(&shop.till, "after-1");
    let refused = shop.at(twin.to_str().unwrap(), &["order", "create", "--order-id", "twin-1"]).expect(2);
    assert!(refused.err.contains("device_epoch_over"), "{}", refused.err);
    // What it has is not fetched again; `order create` keeps nothing of what it made.
    let again = shop.at(&shop.till, &["journal", "recover"]).expect(0).json();
    assert_eq!(again, json!({"epoch": 2, "orders": 1, "left": 0}));
    // Keys alone know no device.
    let alone = shop.gateway.pay(&["journal", "recover"]).expect(1);
    assert!(alone.err.contains("--status-url"), "{}", alone.err);
}
