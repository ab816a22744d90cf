//! The gateway and the merchant's backend, in this process, and a device's files.

use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;
use std::sync::Arc;

use pay_core::wire::webhook::{Key, Keys};
use pay_core::wire::{Auth, Endpoint};
use sandbox::{ApiVersion, Config, Hook, HookFamily, Request, Rules, TestCard};

use super::guest::scratch;

/// A gateway that pays by itself after a while, and a backend with one device.
pub(crate) struct Shop {
    pub(crate) gateway: Arc<sandbox::Server>,
    backend: backend::Server,
    dir: PathBuf,
}

impl Shop {
    /// Attempts succeed after this time; without it they wait.
    pub(crate) fn open(settle_after_ms: Option<u64>) -> Self {
        Self::at_speed(1, Rules { settle_after_ms, ..Rules::default() })
    }

    /// A gateway whose clock runs as fast as that of a kiosk with `--speed`, and a backend that is as much quicker to forget
    /// an answer.
    pub(crate) fn at_speed(speed: u32, rules: Rules) -> Self {
        let gateway = Arc::new(sandbox::Server::start(Config { rules, ..Config::default() }).unwrap());
        let dir = scratch("shop");
        std::fs::write(dir.join("token"), backend::add_token(&dir, "kiosk").unwrap().as_bytes()).unwrap();
        std::fs::write(dir.join("direct"), backend::add_direct_token(&dir, "reader").unwrap().as_bytes()).unwrap();
        let auth = Auth::merchant(gateway.client_id(), gateway.client_secret()).unwrap();
        let endpoint = Endpoint::parse(gateway.url(), auth).unwrap();
        let roots = transport_std::Roots::from_der([gateway.ca_der()]).unwrap();
        let mut config = backend::Config::new(endpoint, transport_std::Config::new().with_roots(roots), &dir);
        (config.fresh, config.fresh_final) = (config.fresh / speed, config.fresh_final / speed);
        if speed == 1 {
            // The backend's time is not the kiosk's else, and a wait would be too long for it.
            config.webhooks = Some(Keys::new(Key::parse(gateway.client_secret()).unwrap()));
            config.listen_hooks = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        }
        let backend = backend::Server::start(config).unwrap();
        if let Some(url) = backend.hooks_url() {
            let hook = Hook { version: ApiVersion::V2025_01_01, family: HookFamily::Webhook };
            gateway.send_webhooks(&url, hook).unwrap();
        }
        if speed > 1 {
            hurry(&gateway, speed);
        }
        std::fs::write(dir.join("ca.der"), gateway.ca_der()).unwrap();
        Self { gateway, backend, dir }
    }

    /// The gateway's port.
    pub(crate) fn port(&self) -> u16 {
        self.gateway.url().rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap()
    }

    /// Words for the gateway at this port.
    pub(crate) fn gateway_at(&self, port: u16) -> Vec<String> {
        let ca = self.path("ca.der");
        words(&format!("--connect 10.0.2.2:{port} --server-name localhost --ca {ca}"))
    }

    /// Words for the gateway and the backend, which makes the order and pays it.
    pub(crate) fn order_at(&self, port: u16, order: &str) -> Vec<String> {
        self.order_of(port, order, "10.15")
    }

    /// The same for another price.
    pub(crate) fn order_of(&self, port: u16, order: &str, amount: &str) -> Vec<String> {
        [self.servers_at(port), words(&format!("--amount {amount} --order-id {order}"))].concat()
    }

    /// Words to settle what is open, with no new order.
    pub(crate) fn resume_at(&self, port: u16) -> Vec<String> {
        [self.servers_at(port), words("--resume")].concat()
    }

    fn servers_at(&self, port: u16) -> Vec<String> {
        let (ca, token) = (self.path("backend-ca.der"), self.path("token"));
        let backend = self.backend.address().port();
        let more = format!(
            "--status-connect 10.0.2.2:{backend} --status-server-name localhost --status-ca {ca} \
             --device-token-file {token}"
        );
        // Who stands before the gateway is met by a kiosk that goes there.
        let way = if port == self.port() { Vec::new() } else { self.straight() };
        [self.gateway_at(port), words(&more), way].concat()
    }

    /// From now on the device pays at the gateway, not through the backend: words for that.
    pub(crate) fn straight(&self) -> Vec<String> {
        std::fs::copy(self.dir.join("direct"), self.dir.join("token")).unwrap();
        words("--direct")
    }

    /// Words for the gateway and an order whose session is known; nobody can be asked.
    pub(crate) fn session_at(&self, port: u16, order: &str) -> (Vec<String>, String) {
        let body = format!(
            r#"{{"order_id": "{order}", "order_amount": 10.15, "order_currency": "INR",
            "customer_details": {{"customer_id": "c_1", "customer_phone": "9999999999"}}}}"#
        );
        let order_made = self.call("/pg/orders", body);
        let session = order_made["payment_session_id"].as_str().expect("an order").to_owned();
        let more = format!("--session {session} --order-id {order} --amount 10.15");
        ([self.gateway_at(port), words(&more)].concat(), session)
    }

    /// The shopper pays by the one payment of this order.
    pub(crate) fn pay(&self, order: &str) {
        let payment = {
            let gateway = self.gateway.gateway();
            gateway.payments().iter().find(|payment| payment.order_id == order).expect("a payment").id
        };
        let result = r#"{"payment_status": "SUCCESS"}"#;
        let body = format!(r#"{{"entity": "PAYMENTS", "entity_id": "{payment}", "entity_simulation": {result}}}"#);
        self.call("/pg/simulate", body);
        assert_eq!(self.charges(order), 1);
    }

    fn call(&self, path: &str, body: String) -> serde_json::Value {
        let request = Request::new("POST", path)
            .with_header("x-api-version", "2025-01-01")
            .with_header("x-client-id", self.gateway.client_id())
            .with_header("x-client-secret", self.gateway.client_secret())
            .with_json(body);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let response = self.gateway.gateway().handle(&request, u64::try_from(now.as_millis()).unwrap());
        serde_json::from_slice(&response.body).unwrap()
    }

    /// A file of the device.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        std::fs::write(self.dir.join(name), content).unwrap();
        self.path(name)
    }

    /// Words for this card and these OTPs, with which the device pays at the gateway.
    pub(crate) fn card(&self, card: &TestCard, cvv: &str, otps: &str) -> Vec<String> {
        self.straight();
        let text = format!(
            r#"{{"number": "{}", "expiry_month": "03", "expiry_year": "2031", "cvv": "{cvv}", "holder": "A SHOPPER"}}"#,
            card.number
        );
        let (card, otps) = (self.file("card.json", &text), self.file("otps", otps));
        words(&format!("--card {card} --otp-file {otps}"))
    }

    /// How often money was taken for this order.
    pub(crate) fn charges(&self, order: &str) -> usize {
        self.gateway.gateway().charges(order).count()
    }

    /// How often it went back.
    pub(crate) fn refunds(&self, order: &str) -> usize {
        self.gateway.gateway().refunds().iter().filter(|refund| refund.order_id == order).count()
    }

    fn path(&self, name: &str) -> String {
        self.dir.join(name).to_str().expect("UTF-8").to_owned()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Until the gateway is gone.
fn hurry(gateway: &Arc<sandbox::Server>, speed: u32) {
    let gateway = Arc::downgrade(gateway);
    std::thread::spawn(move || {
        let step = Duration::from_millis(100);
        loop {
            std::thread::sleep(step);
            let Some(gateway) = gateway.upgrade() else { break };
            gateway.skip(step * (speed - 1));
        }
    });
}

pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(String::from).collect()
}

/// A card that takes its OTP at the kiosk, drawn anew at each call.
pub(crate) fn any_card() -> &'static TestCard {
    let cards: Vec<_> = sandbox::CARDS.iter().filter(|card| card.native_otp()).collect();
    cards[random(cards.len() as u64) as usize]
}

/// Below `limit`.
pub(crate) fn random(limit: u64) -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    u64::from_le_bytes(bytes) % limit
}
