//! The server: one sale over real TLS, and who may connect.

use sandbox::{Config, Rules, Server, StartError};
use serde_json::{Value, json};
use ureq::{
    Agent,
    http::Response,
    tls::{Certificate, RootCerts, TlsConfig, TlsProvider},
};

fn agent(ca: &str) -> Agent {
    let ca = Certificate::from_pem(ca.as_bytes()).expect("a certificate");
    let tls = TlsConfig::builder().provider(TlsProvider::Rustls).root_certs(RootCerts::new_with_certs(&[ca])).build();
    Agent::config_builder().tls_config(tls).http_status_as_error(false).build().into()
}

fn post(agent: &Agent, server: &Server, path: &str, merchant: bool, body: &Value) -> (u16, Value) {
    let mut request = agent
        .post(format!("{}{path}", server.url()))
        .header("x-api-version", "2025-01-01")
        .header("content-type", "application/json");
    if merchant {
        request = request.header("x-client-id", server.client_id()).header("x-client-secret", server.client_secret());
    }
    read(request.send(body.to_string()).expect("an answer"))
}

fn read(mut response: Response<ureq::Body>) -> (u16, Value) {
    let body = response.body_mut().read_to_vec().expect("a body");
    (response.status().as_u16(), serde_json::from_slice(&body).expect("JSON"))
}

#[test]
fn a_sale_over_tls() {
    let rules = Rules { settle_after_ms: Some(3_600_000), ..Rules::default() };
    let server = Server::start(Config { rules, ..Config::default() }).expect("a server");
    let agent = agent(server.ca_pem());
    let order = json!({"order_id": "order_1", "order_amount": 12, "order_currency": "INR",
        "customer_details": {"customer_id": "c_1", "customer_phone": "9999999999"}});
    assert_eq!(post(&agent, &server, "/orders", false, &order).0, 401);
    let (status, order) = post(&agent, &server, "/orders", true, &order);
    assert_eq!((status, &order["order_status"]), (200, &json!("ACTIVE")));
    let pay =
        json!({"payment_session_id": order["payment_session_id"], "payment_method": {"upi": {"channel": "link"}}});
    let (status, answer) = post(&agent, &server, "/orders/sessions", false, &pay);
    assert_eq!(status, 200, "{answer}");
    assert!(answer["data"]["payload"]["web"].as_str().is_some_and(|web| web.starts_with(server.url())));
    assert_eq!(server.gateway().charges("order_1").count(), 0);
    server.skip(core::time::Duration::from_secs(3600));
    assert_eq!(server.gateway().charges("order_1").count(), 1);
}

// Meant to notice: hyper's own date.
#[test]
fn answers_have_the_date_of_its_own_clock() {
    let server = Server::start(Config::default()).expect("a server");
    let agent = agent(server.ca_pem());
    let date = || {
        let answer = agent.get(format!("{}/orders/order_1", server.url())).call().expect("an answer");
        let dates: Vec<_> = answer.headers().get_all("date").iter().cloned().collect();
        assert_eq!(dates.len(), 1);
        dates[0].to_str().expect("a date").to_owned()
    };
    let year = |date: &str| date[12..16].parse::<u32>().expect("a year");
    let before = date();
    server.skip(core::time::Duration::from_secs(3 * 366 * 86_400));
    assert!(year(&date()) - year(&before) >= 3, "{before}");
}

#[test]
fn only_clients_that_trust_its_own_authority_get_in() {
    let server = Server::start(Config::default()).expect("a server");
    let other = Server::start(Config::default()).expect("another server");
    assert_ne!(server.client_secret(), other.client_secret());
    assert_ne!(server.ca_der(), other.ca_der());
    let url = format!("{}/orders/order_1", server.url());
    assert!(agent(other.ca_pem()).get(&url).call().is_err());
    assert!(agent(server.ca_pem()).get(&url).call().is_ok());
    let by_name = url.replace("127.0.0.1", "localhost");
    assert!(agent(server.ca_pem()).get(by_name).call().is_ok());
}

#[test]
fn it_listens_on_loopback_only() {
    for address in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
        let config = Config { listen: address.parse().expect("an address"), ..Config::default() };
        assert!(matches!(Server::start(config), Err(StartError::NotLoopback)), "{address}");
    }
}

#[test]
fn it_stops_when_dropped() {
    let server = Server::start(Config::default()).expect("a server");
    let url = format!("{}/orders/order_1", server.url());
    let agent = agent(server.ca_pem());
    assert!(agent.get(&url).call().is_ok());
    drop(server);
    assert!(agent.get(&url).call().is_err());
}
