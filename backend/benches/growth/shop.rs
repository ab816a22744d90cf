//! A backend, and a device that asks it.

use std::path::Path;
use std::time::Duration;

use backend::{Config, Database, Limits, Server};
use pay_core::wire::{Auth, Endpoint};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use crate::stock::name;

/// Nothing here asks the gateway.
const NONE: Limits = Limits {
    sales: 1,
    create_order: 1,
    read_order: 1,
    close_order: 1,
    order_pay: 1,
    payments: 1,
    create_refund: 1,
    recon: 1,
    read_refund: 1,
};

pub(crate) struct Shop {
    backend: Server,
    agent: Agent,
    token: String,
}

pub(crate) fn start(folder: &Path, database: &Database) -> Server {
    let auth = Auth::merchant("id", "secret").expect("keys");
    let gateway = Endpoint::parse("https://127.0.0.1:1/pg", auth).expect("an endpoint");
    let mut config = Config::new(gateway, transport_std::Config::new(), folder);
    config.database = database.clone();
    config.limits = NONE;
    config.per_token = 1_000_000;
    config.first_look = Duration::from_secs(600);
    Server::start(config).expect("a backend")
}

impl Shop {
    pub(crate) fn new(backend: Server, token: &str) -> Self {
        let ca = Certificate::from_pem(backend.ca_pem().expect("an authority").as_bytes()).expect("a certificate");
        let roots = RootCerts::new_with_certs(&[ca]);
        let tls = TlsConfig::builder().provider(TlsProvider::Rustls).root_certs(roots).build();
        let agent = Agent::config_builder().tls_config(tls).http_status_as_error(false).build().into();
        Self { backend, agent, token: token.to_owned() }
    }

    /// Asks once more for the right to hand out the goods of an order that is over: it is granted as before, and nothing is stored.
    pub(crate) fn request(&self, order: u64) {
        self.post("kept", order, r#"{"cf_payment_id":"7"}"#);
    }

    /// Reports that the goods of an open order are out, which is stored.
    pub(crate) fn event(&self, order: u64) {
        self.post("open", order, r#"{"released":true}"#);
    }

    fn post(&self, kind: &str, order: u64, body: &str) {
        let url = format!("{}/orders/{}/release", self.backend.url(), name(kind, order));
        let request = self.agent.post(url).header("x-api-version", "2025-01-01");
        let request = request.header("authorization", format!("Bearer {}", self.token));
        let mut reply = request.content_type("application/json").send(body).expect("an answer");
        let body = reply.body_mut().read_to_string().expect("a body");
        assert_eq!(reply.status().as_u16(), 200, "{kind} {order}: {body}");
    }
}
