//! Order Pay over `transport-std`, beside raw `ureq` with `serde_json`: calls a second on a kept connection, in one run.
//!
//! `cargo bench -p tests --bench calls -- [CALLS]`: both call the same sandbox in turn, a batch each. It prints the ratio of the medians, and whether
//! the last tenth of the calls costs what the first did.

use std::time::Instant;

use pay_core::drive::transport::blocking::Transport as _;
use pay_core::model::method::Upi;
use pay_core::model::{ApiVersion, IdempotencyKey, OrderPay, PaymentSessionId, RequestId};
use pay_core::wire::{Auth, Call, Endpoint, Request, decode, encode};
use sandbox::{Config, Limits, Rules, Server};
use serde::{Deserialize, Serialize};
use transport_std::{HttpsTransport, Roots};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Calls of one client before the other has its turn.
const BATCH: usize = 50;

#[derive(Serialize)]
struct Body<'a> {
    payment_session_id: &'a str,
    payment_method: Method,
}

#[derive(Serialize)]
struct Method {
    upi: Channel,
}

#[derive(Serialize)]
struct Channel {
    channel: &'static str,
}

/// What a program needs of the answer.
#[derive(Deserialize)]
#[allow(dead_code)] // read to be parsed
struct Answer {
    cf_payment_id: serde_json::Value,
    payment_method: String,
    channel: String,
    action: String,
    data: Data,
}

#[derive(Deserialize)]
#[allow(dead_code)] // read to be parsed
struct Data {
    payload: std::collections::HashMap<String, String>,
}

fn main() {
    let calls: usize = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(10_000);
    let rules = Rules { limits: Limits::NONE, ..Rules::default() };
    let server = Server::start(Config { rules, ..Config::default() }).expect("a sandbox");
    let mut ours = Ours::new(&server, order(&server, "ours"));
    let raw = Raw::new(&server, order(&server, "raw"));
    let mut times = [Vec::with_capacity(calls), Vec::with_capacity(calls)];
    for batch in 0..calls / BATCH {
        for n in batch * BATCH..(batch + 1) * BATCH {
            times[0].push(timed(|| ours.call(n)));
        }
        for n in batch * BATCH..(batch + 1) * BATCH {
            times[1].push(timed(|| raw.call(n)));
        }
    }
    let [ours_us, raw_us] = times.each_ref().map(|times| median(times));
    println!("transport-std with pay-core: median {ours_us:.0} µs a call, {:.0} calls/s", 1e6 / ours_us);
    println!("ureq with serde_json:        median {raw_us:.0} µs a call, {:.0} calls/s", 1e6 / raw_us);
    println!("calls a second, ours to raw: {:.2}", raw_us / ours_us);
    let growth = times.each_ref().map(|times| {
        let tenth = (times.len() / 10).max(1);
        median(&times[times.len() - tenth..]) / median(&times[..tenth])
    });
    println!(
        "last tenth of {calls} calls to first: ours {:.2}, raw {:.2} (both with the sandbox, whose order has a payment more with each call)",
        growth[0], growth[1]
    );
}

fn timed(what: impl FnOnce()) -> f64 {
    let start = Instant::now();
    what();
    start.elapsed().as_secs_f64() * 1e6
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn agent(server: &Server) -> Agent {
    let authority = Certificate::from_der(server.ca_der()).to_owned();
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[authority])).build();
    Agent::new_with_config(Agent::config_builder().tls_config(tls).build())
}

/// The session of a new order.
fn order(server: &Server, id: &str) -> String {
    let body = serde_json::json!({
        "order_id": id, "order_amount": 10.15, "order_currency": "INR",
        "customer_details": {"customer_id": "bench", "customer_phone": "9999999999"},
    });
    let answer = agent(server)
        .post(format!("{}/orders", server.url()))
        .header("x-api-version", "2025-01-01")
        .header("x-client-id", server.client_id())
        .header("x-client-secret", server.client_secret())
        .content_type("application/json")
        .send(body.to_string());
    let bytes = answer.expect("an order").body_mut().read_to_vec().expect("its body");
    let order: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    order["payment_session_id"].as_str().expect("a session").to_owned()
}

struct Ours {
    transport: HttpsTransport,
    pay: OrderPay,
    tx: Vec<u8>,
    rx: Vec<u8>,
}

impl Ours {
    fn new(server: &Server, session: String) -> Self {
        let endpoint = Endpoint::parse(server.url(), Auth::Session).expect("an endpoint");
        let config = transport_std::Config::new().with_roots(Roots::from_der([server.ca_der()]).expect("roots"));
        let transport = HttpsTransport::new(endpoint, config).expect("a transport");
        let pay = OrderPay::new(PaymentSessionId::parse(&session).expect("a session"), Upi::link());
        Self { transport, pay, tx: vec![0; 2048], rx: vec![0; 16 * 1024] }
    }

    fn call(&mut self, n: usize) {
        let len = encode::order_pay(&self.pay, ApiVersion::V2025_01_01, &mut self.tx).expect("room");
        let key = IdempotencyKey::from_time(n as u64, [1; 10]);
        let id = RequestId::derive(&[7; 16], n as u32);
        let request =
            Request::new(Call::OrderPay, ApiVersion::V2025_01_01, id).with_key(&key).with_body(&self.tx[..len]);
        let head = self.transport.exchange(&request, &mut self.rx).expect("an answer");
        assert!(head.is_success(), "{}", head.status);
        decode::order_pay(&mut self.rx[..head.body_len]).expect("what it should be");
    }
}

struct Raw {
    agent: Agent,
    url: String,
    session: String,
}

impl Raw {
    fn new(server: &Server, session: String) -> Self {
        Self { agent: agent(server), url: format!("{}/orders/sessions", server.url()), session }
    }

    fn call(&self, n: usize) {
        let method = Method { upi: Channel { channel: "link" } };
        let body =
            serde_json::to_vec(&Body { payment_session_id: &self.session, payment_method: method }).expect("JSON");
        let sent = self
            .agent
            .post(&self.url)
            .header("x-api-version", "2025-01-01")
            .header("x-request-id", format!("request-{n}"))
            .header("x-idempotency-key", format!("raw-{n}"))
            .content_type("application/json")
            .send(&body[..]);
        let bytes = sent.expect("an answer").body_mut().read_to_vec().expect("its body");
        let answer: Answer = serde_json::from_slice(&bytes).expect("what it should be");
        assert!(!answer.data.payload.is_empty());
    }
}
