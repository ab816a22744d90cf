//! Two accounts of one merchant's behind one backend, each with a gateway of its own, so that a call with the wrong keys shows.

use std::net::SocketAddr;
use std::time::Duration;

use backend::{AccountConfig, Limits, Reconcile, Way, add_account_token, reconcile, revoke_token};
use pay_core::model::CallKind;
use pay_core::wire::webhook::{Key, Keys};
use pay_core::wire::{Auth, Endpoint};
use sandbox::{ApiVersion, Hook, HookFamily};
use serde_json::json;
use transport_std::Roots;

use crate::ready;
use crate::reconcile::day;
use crate::shop::{PLENTY, Reply, Shop, agent, order, outside, until};

/// The second account, its gateway, and the token of a device that sells for it.
struct North {
    gateway: sandbox::Server,
    token: String,
}

/// The account of the keys is the shop's.
fn open(name: &str, limits: Limits) -> (Shop, North) {
    let mut shop = Shop::with(name, |config| {
        config.first_look = Duration::from_secs(600);
        config.listen_hooks = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        ready::with_monitor(config);
    });
    let gateway = sandbox::Server::start(sandbox::Config::default()).expect("a sandbox");
    let roots = Roots::from_der([shop.gateway.ca_der(), gateway.ca_der()]).expect("roots");
    shop.config.transport = transport_std::Config::new().with_roots(roots);
    let keys = |gateway: &sandbox::Server| Some(Keys::new(Key::parse(gateway.client_secret()).expect("a key")));
    shop.config.webhooks = keys(&shop.gateway);
    let auth = Auth::merchant(gateway.client_id(), gateway.client_secret()).expect("keys");
    let account = AccountConfig {
        name: "north".to_owned(),
        gateway: Endpoint::parse(gateway.url(), auth).expect("an endpoint"),
        webhooks: keys(&gateway),
        limits,
    };
    shop.config.accounts.push(account);
    shop.start();
    let token = add_account_token(&shop.config.database, "north", "", "kiosk-2", Way::Relayed).expect("a token");
    (shop, North { gateway, token: token.to_string() })
}

impl North {
    fn create(&self, shop: &Shop, id: &str) -> Reply {
        shop.send("POST", "/orders", Some(&self.token), Some(&order(id, "10.15")))
    }

    fn get(&self, shop: &Shop, path: &str) -> Reply {
        shop.send("GET", path, Some(&self.token), None)
    }

    /// Makes an order and has it paid.
    fn paid(&self, shop: &Shop, id: &str) {
        let made = self.create(shop, id);
        assert_eq!(made.status, 200, "{}", made.json());
        let session = &made.json()["payment_session_id"];
        let paid = shop.pay(&self.token, session, &format!("key-{id}"), &json!({"upi": {"channel": "link"}}));
        assert_eq!(paid.status, 200, "{}", paid.json());
        let result = json!({"payment_status": "SUCCESS"});
        let pays =
            json!({"entity": "PAYMENTS", "entity_id": paid.json()["cf_payment_id"], "entity_simulation": result});
        outside(&self.gateway, "/simulate", &pays);
    }

    /// The same, and says that nothing came out.
    fn fails_to_hand_out(&self, shop: &Shop, id: &str) {
        self.paid(shop, id);
        let path = format!("/orders/{id}/release");
        assert_eq!(shop.send("POST", &path, Some(&self.token), Some(r#"{"released":false}"#)).status, 200);
    }
}

fn orders(gateway: &sandbox::Server) -> Vec<String> {
    gateway.gateway().orders().map(|order| order.id.clone()).collect()
}

// Meant to notice: an order made, paid, read or refunded with the keys of another account; one whose token is revoked taken for the first
// account's.
#[test]
fn each_device_sells_at_the_gateway_of_its_account() {
    let (mut shop, north) = open("accounts", PLENTY);
    shop.paid("till-1");
    assert_eq!(shop.report("till-1", true).status, 200);
    north.fails_to_hand_out(&shop, "till-2");
    let monitor = shop.backend().monitor_address().expect("a monitor");
    let mut figures = agent(shop.backend()).get(format!("http://{monitor}/metrics")).call().expect("figures");
    let figures = figures.body_mut().read_to_string().expect("text");
    for account in ["merchant", "north"] {
        let made =
            format!("backend_gateway_calls_total{{account=\"{account}\",call=\"create_order\",status=\"200\"}} 1");
        assert!(figures.contains(&made), "{figures}");
    }
    until("a refund", || north.gateway.gateway().refunds().len() == 1);
    north.fails_to_hand_out(&shop, "till-3");
    // From here on only duties are done for it, by a backend that has never seen its device.
    assert!(revoke_token(&shop.config.database, "kiosk-2").expect("a database"));
    shop.start();
    until("the other refund", || north.gateway.gateway().refunds().len() == 2);
    assert_eq!(north.get(&shop, "/orders/till-3").status, 401);
    assert_eq!(shop.refunds(), 0);
    assert_eq!(
        (orders(&shop.gateway), orders(&north.gateway)),
        (vec!["till-1".into()], vec!["till-2".into(), "till-3".into()])
    );
}

// Meant to notice: an order that another account's device reads, or makes again at its own gateway; one that is looked for at the wrong gateway.
#[test]
fn an_order_of_one_account_is_unknown_to_the_others_devices() {
    let (mut shop, north) = open("ids", PLENTY);
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    assert_eq!(north.get(&shop, "/orders/till-1").status, 404);
    assert_eq!(north.get(&shop, "/orders/till-1/payments").status, 404);
    assert_eq!(north.create(&shop, "till-1").status, 409);
    assert_eq!(north.create(&shop, "till-2").status, 200);
    assert_eq!(shop.get("/orders/till-2").status, 404);
    // Another system of the merchant has made one at the first account's gateway.
    let body = json!({"order_id": "site-1", "order_amount": 10.15, "order_currency": "INR",
        "customer_details": {"customer_id": "walk_in", "customer_phone": "9999999999"}});
    shop.outside("/orders", &body);
    assert_eq!((shop.get("/orders/site-1").status, north.get(&shop, "/orders/site-1").status), (404, 404));
    assert_eq!(north.create(&shop, "site-1").status, 200, "at its own gateway there is none");
    assert_eq!(north.get(&shop, "/orders/site-1").json()["order_status"], "ACTIVE");
    // An older copy of the database: its own gateway has the order.
    shop.sql("DELETE FROM duties WHERE order_id = 'till-2'");
    shop.sql("DELETE FROM events WHERE order_id = 'till-2'");
    shop.sql("DELETE FROM orders WHERE id = 'till-2'");
    shop.start();
    assert_eq!((north.get(&shop, "/orders/till-2").status, shop.notice("order till-2: the gateway has it")), (200, 1));
}

// Meant to notice: the secret of one account good for another's path; a webhook that is taken for an order of another account; a path of an
// account that is not there.
#[test]
fn a_webhook_counts_for_its_own_account_only() {
    let (shop, north) = open("paths", PLENTY);
    let monitor = format!("http://{}/metrics", shop.backend().monitor_address().expect("a monitor"));
    let count = |status: u16| -> u64 {
        let mut reply = agent(shop.backend()).get(&monitor).call().expect("figures");
        let text = reply.body_mut().read_to_string().expect("text");
        let begin = format!("backend_requests_total{{door=\"hooks\",status=\"{status}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&begin)?.parse().ok()).unwrap_or(0)
    };
    let readings = || -> u64 {
        let kinds = [CallKind::ReadOrder, CallKind::ListPayments];
        kinds.into_iter().map(|kind| shop.backend().gateway_calls(kind)).sum()
    };
    let hook = Hook { version: ApiVersion::V2025_01_01, family: HookFamily::Webhook };
    let own = shop.backend().hooks_url().expect("a URL");
    let path = |account: &str| own.replace("/merchant", &format!("/{account}"));

    // Signed by the first account, on the path of the other.
    shop.gateway.send_webhooks(&path("north"), hook).expect("a URL");
    shop.paid("till-1");
    until("a refusal", || count(401) == 1);
    shop.gateway.send_webhooks(&path("south"), hook).expect("a URL");
    shop.paid("till-2");
    until("a refusal", || count(404) == 1);
    shop.gateway.send_webhooks(&own, hook).expect("a URL");
    let before = readings();
    shop.paid("till-3");
    until("a reading", || readings() == before + 1);

    // The other account has an order of this id from another system: its webhook is right, and not about this one.
    north.gateway.send_webhooks(&path("north"), hook).expect("a URL");
    assert_eq!(shop.create("till-4", "10.15").status, 200);
    let body = json!({"order_id": "till-4", "order_amount": 10.15, "order_currency": "INR",
        "customer_details": {"customer_id": "walk_in", "customer_phone": "9999999999"}});
    let made = outside(&north.gateway, "/orders", &body);
    let pay = json!({"payment_session_id": made["payment_session_id"], "payment_method": {"upi": {"channel": "link"}}});
    let payment = outside(&north.gateway, "/orders/sessions", &pay)["cf_payment_id"].clone();
    let (before, taken) = (readings(), count(200));
    let result = json!({"payment_status": "SUCCESS"});
    outside(
        &north.gateway,
        "/simulate",
        &json!({"entity": "PAYMENTS", "entity_id": payment, "entity_simulation": result}),
    );
    until("a webhook", || count(200) == taken + 1);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(readings(), before);
}

// Meant to notice: an order of one account that is missed on the pages of the other's gateway; one that is taken up for a device of another
// account, or not at all.
#[test]
fn a_reconciliation_is_of_one_account() {
    let (mut shop, north) = open("reconciled", PLENTY);
    shop.paid("till-1");
    north.paid(&shop, "till-2");
    assert_eq!(shop.get("/orders/till-1/payments").status, 200);
    assert_eq!(north.get(&shop, "/orders/till-2/payments").status, 200);
    let compare = |shop: &Shop, account: &str| {
        let other = shop.config.accounts.iter().find(|other| other.name == account);
        let wanted = Reconcile {
            from: day(1),
            to: day(0),
            account: account.to_owned(),
            gateway: other.map_or(&shop.config.gateway, |other| &other.gateway).clone(),
            transport: shop.config.transport.clone(),
            database: shop.config.database.clone(),
            limits: PLENTY,
            order_life: Duration::from_secs(900),
            ids: Vec::new(),
            is_rehearsal: false,
            wait: Duration::from_secs(60),
        };
        let mut named = Vec::new();
        let came_to =
            reconcile(&wanted, &mut |difference| named.push(format!("{} {}", difference.order(), difference.name())));
        (came_to.expect("pages").orders, named)
    };
    assert_eq!(compare(&shop, "merchant"), (1, Vec::new()));
    assert_eq!(compare(&shop, "north"), (1, Vec::new()));
    shop.backend = None;
    shop.sql("DELETE FROM duties WHERE order_id = 'till-2'");
    shop.sql("DELETE FROM events WHERE order_id = 'till-2'");
    shop.sql("DELETE FROM forwards WHERE order_id = 'till-2'");
    shop.sql("DELETE FROM orders WHERE id = 'till-2'");
    shop.start();
    assert_eq!(compare(&shop, "merchant"), (1, Vec::new()));
    assert_eq!(compare(&shop, "north"), (0, vec!["till-2 unknown-order".to_owned()]));
    assert_eq!(north.get(&shop, "/orders/till-2").status, 200);
}

// Meant to notice: one budget for all accounts; Order Pay counted by account, where the gateway counts it by address.
#[test]
fn each_account_has_a_budget_of_its_own_but_for_what_is_counted_by_address() {
    let limits = Limits { create_order: 2, order_pay: 3, ..PLENTY };
    let (mut shop, north) = open("budgets", limits);
    shop.config.limits = limits;
    shop.start();
    let sessions: Vec<_> =
        ["till-1", "till-2"].map(|id| shop.create(id, "10.15").json()["payment_session_id"].clone()).into();
    assert_eq!(shop.create("till-3", "10.15").status, 429);
    let made = north.create(&shop, "till-4");
    assert_eq!((made.status, north.create(&shop, "till-5").status), (200, 429), "the address carries three sales");
    let link = json!({"upi": {"channel": "link"}});
    assert_eq!(shop.pay(&shop.token, &sessions[0], "key-1", &link).status, 200);
    assert_eq!(shop.pay(&north.token, &made.json()["payment_session_id"], "key-2", &link).status, 200);
    assert_eq!(shop.pay(&shop.token, &sessions[1], "key-3", &link).status, 200);
    assert_eq!(shop.pay(&shop.token, &sessions[1], "key-4", &link).status, 429);
}

// Meant to notice: a device of an account whose keys are missing that sells with others; a backend that then serves nobody; a check that
// does not see it.
#[test]
fn without_its_keys_nothing_is_done_for_an_account() {
    let (mut shop, north) = open("keyless", PLENTY);
    assert_eq!(north.create(&shop, "till-1").status, 200);
    let north_account = shop.config.accounts.pop().expect("the account");
    shop.start();
    let answer = north.get(&shop, "/orders/till-1");
    assert_eq!((answer.status, answer.header("x-pay-origin")), (503, Some("backend")));
    assert!(shop.notice("no keys of account north") > 0);
    assert_eq!(shop.create("till-2", "10.15").status, 200);
    assert_eq!(orders(&shop.gateway), ["till-2"]);
    let wrong = |shop: &Shop| {
        backend::check(&shop.config).iter().any(|finding| finding.is_wrong && finding.text.contains("of account north"))
    };
    shop.backend = None;
    assert!(wrong(&shop));
    shop.config.accounts.push(north_account);
    assert!(!wrong(&shop));
    for name in ["merchant", "", "a b"] {
        shop.config.accounts[0].name = name.to_owned();
        let error = backend::Server::start(shop.config.clone()).map(|_| ()).expect_err("a name");
        assert!(error.to_string().contains("a name is 1 to 32"), "{error}");
    }
}
