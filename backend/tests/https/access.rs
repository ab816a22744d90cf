//! Who gets in, and what for.

use backend::{Database, Server, Way, add_shop_token, add_token, revoke_token, tokens};
use core::time::Duration;

use pay_core::drive::transport::blocking::Transport;
use pay_core::model::{ApiVersion, OrderId, OrderStatus, RequestId};
use pay_core::wire::webhook::{Key, Keys};
use pay_core::wire::{Auth, Call, Endpoint, Request, decode};
use sha2::{Digest, Sha256};
use transport_std::{Config, HttpsTransport, Roots};
use ureq::Agent;

use crate::shop::{Shop, agent, order};

// Meant to notice: `has_token` that takes any; the check of the token after that of the path.
#[test]
fn only_known_tokens_get_in() {
    let shop = Shop::open("tokens");
    let near = format!("{}0", &shop.token[..63]);
    let long = "a".repeat(257);
    let hash: String = Sha256::digest(&shop.token).iter().map(|byte| format!("{byte:02x}")).collect();
    for token in [None, Some(""), Some("x"), Some(near.as_str()), Some(&long), Some(&hash)] {
        if token == Some(shop.token.as_str()) {
            continue; // one in sixteen: `near` is the token
        }
        for (method, path) in [("GET", "/orders/till-1"), ("GET", "/nothing"), ("DELETE", "/orders")] {
            let reply = shop.send(method, path, token, None);
            assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some("Bearer")), "{method} {path}");
        }
        assert_eq!(shop.send("POST", "/orders", token, Some(&order("till-1", "10.15"))).status, 401);
    }
    assert_eq!(shop.gateway.gateway().orders().count(), 0);
}

// Mutant: `need` without its comparison of owners.
#[test]
fn a_token_sees_its_own_orders_only() {
    let mut shop = Shop::open("owners");
    let mine = shop.token.clone();
    // A running backend takes it at once.
    let theirs = add_token(&shop.config.database, "kiosk-2").expect("a token").to_string();
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    shop.token = theirs;
    let paths = ["/orders/till-1", "/orders/till-1/payments", "/orders/till-1/payments/1", "/orders/till-9"];
    let mut replies: Vec<_> = paths.iter().map(|path| shop.get(path)).collect();
    replies.push(shop.close("till-1"));
    replies.push(shop.report("till-1", false));
    for reply in replies {
        assert_eq!(reply.status, 404);
        assert_eq!(reply.json()["code"], "order_not_found");
    }
    assert_eq!(shop.create("till-1", "10.15").status, 409);
    shop.token = mine;
    assert_eq!(shop.get("/orders/till-1").json()["order_status"], "ACTIVE");
}

// Seen red: without `AND revoked = 0` in the query for a token.
#[test]
fn a_revoked_token_is_refused_at_once() {
    let mut shop = Shop::open("revoked");
    shop.config.webhooks = Some(Keys::new(Key::parse(shop.gateway.client_secret()).expect("a key")));
    shop.start();
    let other = add_shop_token(&shop.config.database, "mg-road", "kiosk-2", Way::Direct).expect("a token");
    // Another backend on the database, where that can be.
    let second = matches!(shop.config.database, Database::Postgres(_)).then(|| {
        let mut config = shop.config.clone();
        config.dir = shop.dir.join("second");
        Server::start(config).expect("a backend")
    });
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    let all: Vec<_> = core::iter::once(shop.backend()).chain(&second).map(|of| (agent(of), of.url())).collect();
    let ask = |(agent, url): &(Agent, &str), token: &str, prefer: &str| {
        let request = agent.get(format!("{url}/orders/till-1")).header("x-api-version", "2025-01-01");
        let request = request.header("authorization", format!("Bearer {token}")).header("prefer", prefer);
        request.call().expect("an answer").status().as_u16()
    };
    all.iter().for_each(|of| assert_eq!((ask(of, &shop.token, ""), ask(of, &other, "")), (200, 404)));
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| ask(&all[0], &shop.token, "wait=3"));
        std::thread::sleep(Duration::from_millis(500));
        assert!(revoke_token(&shop.config.database, "kiosk-1").expect("a database"));
        assert_eq!(waits.join().expect("an answer"), 401, "who waits gets nothing more");
    });
    all.iter().for_each(|of| assert_eq!((ask(of, &shop.token, ""), ask(of, &other, "")), (401, 404)));
    assert!(!revoke_token(&shop.config.database, "kiosk-1").expect("a database"), "already");
    assert!(!revoke_token(&shop.config.database, "kiosk-9").expect("a database"));
    assert!(add_token(&shop.config.database, "kiosk-1").is_err(), "its orders have this name");
    // What devices did is written at the end, at the latest.
    drop(all);
    drop(second);
    shop.backend = None;
    let listed = tokens(&shop.config.database).expect("a list");
    let [one, two] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!((one.name.as_str(), one.way, one.shop.as_str()), ("kiosk-1", Way::Relayed, ""));
    assert_eq!((two.name.as_str(), two.way, two.shop.as_str()), ("kiosk-2", Way::Direct, "mg-road"));
    assert!(one.made <= one.seen && one.seen.is_some() && one.revoked.is_some() && two.revoked.is_none());
    let lines = shop.program(&["token", "list"]);
    assert!(
        lines.contains("kiosk-1 shop - account merchant relayed made 20") && lines.contains(" revoked 20"),
        "{lines}"
    );
    assert!(lines.contains("kiosk-2 shop mg-road account merchant direct made 20"), "{lines}");
    assert!(!lines.contains(&shop.token) && !lines.contains(&**other));
}

// Mutants: `deny_unknown_fields` left out; a query that is ignored; `Limited` left out.
#[test]
fn everything_else_is_refused() {
    let shop = Shop::open("refused");
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    let token = Some(shop.token.as_str());
    let meta = order("till-2", "10.15").replace("\"order_currency\"", "\"order_meta\":{},\"order_currency\"");
    let huge = format!("{{\"order_id\":\"{}\"}}", "a".repeat(5_000));
    for (method, path, body, want) in [
        ("POST", "/orders/sessions", Some("{}"), 400),
        ("POST", "/orders/till-1/refunds", Some(r#"{"refund_amount":10.15,"refund_id":"abc"}"#), 404),
        ("POST", "/orders/pay/authenticate/1", Some("{}"), 400),
        ("POST", "/simulate", Some("{}"), 404),
        ("GET", "/orders/till-1/../till-1/x/y", None, 404),
        ("GET", "/orders/till-1?a=b", None, 404),
        ("GET", "/orders/a.b", None, 400),
        ("PUT", "/orders/till-1", Some("{}"), 405),
        ("PATCH", "/orders/till-1", Some(r#"{"order_status":"TERMINATED","order_id":"x"}"#), 400),
        ("PATCH", "/orders/till-1", Some(r#"{"order_status":"PAID"}"#), 400),
        ("POST", "/orders/till-1/release", Some(r#"{"released":false,"refund":true}"#), 400),
        ("POST", "/orders", Some(meta.as_str()), 400),
        ("POST", "/orders", Some("[]"), 400),
        ("POST", "/orders", Some(huge.as_str()), 413),
    ] {
        assert_eq!(shop.send(method, path, token, body).status, want, "{method} {path}");
    }
    assert_eq!(shop.gateway.gateway().orders().count(), 1);
    assert_eq!(shop.get("/orders/till-1").json()["order_status"], "ACTIVE");
}

// Mutants: `max_headers` or `max_buf_size` left out; `is_plain` that is always true.
#[test]
fn heads_are_small_and_plain() {
    let shop = Shop::open("heads");
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    let status = |headers: &[(&str, &str)]| shop.send_with("GET", "/orders/till-1", headers).status;
    assert_eq!(status(&[("x-more", "1"); 10]), 200);
    assert_eq!(status(&[("x-more", "1"); 40]), 431);
    assert_eq!(status(&[("x-more", &"1".repeat(9_000))]), 431);
    assert_eq!(status(&[("authorization", "Bearer x")]), 400);
    assert_eq!(status(&[("x-api-version", "2026-01-01")]), 400);
}

/// A kiosk's own way in.
#[test]
fn the_transports_of_this_project_get_along_with_it() {
    let shop = Shop::open("transport");
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    let endpoint = Endpoint::parse(shop.backend().url(), Auth::bearer(&shop.token).expect("a token")).expect("a URL");
    let roots = Roots::from_der([shop.backend().ca_der().expect("an authority")]).expect("roots");
    let mut transport = HttpsTransport::new(endpoint, Config::new().with_roots(roots)).expect("a transport");
    let id = OrderId::parse("till-1").expect("an id");
    let request = Request::new(Call::ReadOrder(&id), ApiVersion::default(), RequestId::from_random([7; 16]));
    let mut rx = vec![0; 4096];
    let head = transport.exchange(&request, &mut rx).expect("an answer");
    assert_eq!(decode::order(&mut rx[..head.body_len]).expect("an order").status, OrderStatus::Active);
    assert!(head.rate_limit.remaining.is_some() && head.rate_limit.retry_s == Some(0));
}
