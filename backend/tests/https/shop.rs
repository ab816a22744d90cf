//! A sandbox, a backend before it, and a device.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use backend::{Config, Database, Limits, Notice, Prices, Server, add_token};
use pay_core::model::Amount;
use pay_core::wire::{Auth, Endpoint};
use serde_json::{Value, json};
use sqlx::AnyPool;
use transport_std::Roots;
use ureq::Agent;
use ureq::http::Response;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

/// So many that no test meets them by accident.
pub(crate) const PLENTY: Limits = Limits {
    sales: 100_000,
    create_order: 100_000,
    read_order: 100_000,
    close_order: 100_000,
    order_pay: 100_000,
    payments: 100_000,
    create_refund: 100_000,
    read_refund: 100_000,
    recon: 100_000,
};

pub(crate) struct Shop {
    pub(crate) gateway: sandbox::Server,
    pub(crate) config: Config,
    pub(crate) backend: Option<Server>,
    pub(crate) token: String,
    pub(crate) epoch: Option<u64>,
    pub(crate) dir: PathBuf,
    pub(crate) notices: Arc<Mutex<Vec<String>>>,
    agent: Agent,
    /// Idempotency keys so far.
    keys: AtomicUsize,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) bytes: Vec<u8>,
    headers: Vec<(String, String)>,
}

impl Shop {
    pub(crate) fn open(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    pub(crate) fn with(name: &str, change: impl FnOnce(&mut Config)) -> Self {
        let gateway = sandbox::Server::start(sandbox::Config::default()).expect("a sandbox");
        let dir = std::env::temp_dir().join(format!("backend-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        let auth = Auth::merchant(gateway.client_id(), gateway.client_secret()).expect("keys");
        let transport = transport_std::Config::new().with_roots(Roots::from_der([gateway.ca_der()]).expect("roots"));
        let endpoint = Endpoint::parse(gateway.url(), auth).expect("an endpoint");
        let mut config = Config::new(endpoint, transport, &dir);
        config.limits = PLENTY;
        config.prices = Prices::UpTo(Amount::parse("50").expect("an amount"));
        config.first_look = Duration::from_millis(10);
        config.fresh = Duration::ZERO;
        let notices = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&notices);
        config.notice = Arc::new(move |notice: &Notice| seen.lock().expect("notices").push(notice.to_string()));
        config.database = crate::database(name, &dir);
        change(&mut config);
        let token = add_token(&config.database, "kiosk-1").expect("a token").to_string();
        let mut shop = Self {
            gateway,
            config,
            backend: None,
            token,
            epoch: None,
            dir,
            notices,
            agent: Agent::new_with_defaults(),
            keys: AtomicUsize::default(),
        };
        shop.start();
        shop
    }

    /// Starts the backend again, as after a power cut of a friendly kind.
    pub(crate) fn start(&mut self) {
        self.backend = None;
        let backend = Server::start(self.config.clone()).expect("a backend");
        self.agent = agent(&backend);
        self.backend = Some(backend);
    }

    pub(crate) fn backend(&self) -> &Server {
        self.backend.as_ref().expect("a backend")
    }

    /// A request with this method, token and body.
    pub(crate) fn send(&self, method: &str, path: &str, token: Option<&str>, body: Option<&str>) -> Reply {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.backend().url()))
            .header("x-api-version", "2025-01-01")
            .header("x-request-id", "request-1");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(epoch) = self.epoch {
            request = request.header("x-device-epoch", epoch.to_string());
        }
        match body {
            Some(body) => {
                let request = request.header("content-type", "application/json").body(body.to_owned());
                Reply::of(self.agent.run(request.expect("a request")).expect("an answer"))
            }
            None => Reply::of(self.agent.run(request.body(()).expect("a request")).expect("an answer")),
        }
    }

    /// A request without a body, with more headers than it needs.
    pub(crate) fn send_with(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.backend().url()))
            .header("x-api-version", "2025-01-01")
            .header("authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Reply::of(self.agent.run(request.body(()).expect("a request")).expect("an answer"))
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, Some(&self.token), None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, Some(&self.token), Some(&body.to_string()))
    }

    pub(crate) fn create(&self, id: &str, amount: &str) -> Reply {
        self.send("POST", "/orders", Some(&self.token), Some(&order(id, amount)))
    }

    pub(crate) fn close(&self, id: &str) -> Reply {
        let body = r#"{"order_status":"TERMINATED"}"#;
        self.send("PATCH", &format!("/orders/{id}"), Some(&self.token), Some(body))
    }

    pub(crate) fn report(&self, id: &str, released: bool) -> Reply {
        self.post(&format!("/orders/{id}/release"), &json!({"released": released}))
    }

    /// A call to the gateway itself: what the shopper's bank does, or another system of the merchant.
    pub(crate) fn outside(&self, path: &str, body: &Value) -> Value {
        outside(&self.gateway, path, body)
    }

    /// Order Pay through the backend, under this key.
    pub(crate) fn pay(&self, token: &str, session: &Value, key: &str, method: &Value) -> Reply {
        let body = json!({"payment_session_id": session, "payment_method": method}).to_string();
        let mut request = ureq::http::Request::builder()
            .method("POST")
            .uri(format!("{}/orders/sessions", self.backend().url()))
            .header("x-api-version", "2025-01-01")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .header("x-idempotency-key", key);
        if let Some(epoch) = self.epoch {
            request = request.header("x-device-epoch", epoch.to_string());
        }
        Reply::of(self.agent.run(request.body(body).expect("a request")).expect("an answer"))
    }

    /// Begins an attempt on an order that was made; its id.
    pub(crate) fn attempt(&self, session: &Value) -> String {
        let key = format!("key-{}", self.keys.fetch_add(1, Ordering::Relaxed));
        let reply = self.pay(&self.token, session, &key, &json!({"upi": {"channel": "link"}}));
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.bytes));
        reply.json()["cf_payment_id"].as_str().expect("an id").to_owned()
    }

    /// The shopper pays.
    pub(crate) fn succeed(&self, payment: &str) {
        let result = json!({"payment_status": "SUCCESS"});
        self.outside("/simulate", &json!({"entity": "PAYMENTS", "entity_id": payment, "entity_simulation": result}));
    }

    /// Makes an order and has it paid.
    pub(crate) fn paid(&self, id: &str) {
        let made = self.create(id, "10.15");
        assert_eq!(made.status, 200, "{}", made.json());
        self.succeed(&self.attempt(&made.json()["payment_session_id"]));
    }

    /// What the program prints beside the running backend.
    pub(crate) fn program(&self, arguments: &[&str]) -> String {
        let mut program = Command::new(env!("CARGO_BIN_EXE_backend"));
        match &self.config.database {
            Database::Folder(folder) => program.args(arguments).arg("--dir").arg(folder),
            Database::Postgres(url) => program.args(arguments).env("BACKEND_DATABASE", url),
        };
        String::from_utf8(program.output().expect("the program").stdout).expect("text")
    }

    /// Somebody else changes the database while the backend runs.
    pub(crate) fn sql(&self, statement: &'static str) {
        let url = match &self.config.database {
            Database::Folder(folder) => format!("sqlite://{}", folder.join("backend.sqlite").display()),
            Database::Postgres(url) => url.clone(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let pool = AnyPool::connect(&url).await.expect("the database");
            sqlx::query(statement).execute(&pool).await.expect("its table");
            pool.close().await;
        });
    }

    pub(crate) fn refunds(&self) -> usize {
        self.gateway.gateway().refunds().len()
    }

    pub(crate) fn notice(&self, part: &str) -> usize {
        self.notices.lock().expect("notices").iter().filter(|notice| notice.contains(part)).count()
    }
}

/// A call to this gateway with its keys.
pub(crate) fn outside(gateway: &sandbox::Server, path: &str, body: &Value) -> Value {
    let request = sandbox::Request::new("POST", &format!("/pg{path}"))
        .with_header("x-api-version", "2025-01-01")
        .with_header("x-client-id", gateway.client_id())
        .with_header("x-client-secret", gateway.client_secret())
        .with_json(body.to_string());
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).expect("a clock");
    let now = u64::try_from(now.as_millis()).expect("small");
    let response = gateway.gateway().handle(&request, now);
    let value: Value = serde_json::from_slice(&response.body).expect("JSON");
    assert_eq!(response.status, 200, "{path} {value}");
    value
}

/// Who trusts this backend.
pub(crate) fn agent(backend: &Server) -> Agent {
    agent_of(backend.ca_pem().expect("an authority").as_bytes())
}

/// Who trusts this authority, in PEM.
pub(crate) fn agent_of(authority: &[u8]) -> Agent {
    let ca = Certificate::from_pem(authority).expect("a certificate");
    let tls = TlsConfig::builder().provider(TlsProvider::Rustls).root_certs(RootCerts::new_with_certs(&[ca])).build();
    Agent::config_builder().tls_config(tls).http_status_as_error(false).build().into()
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.backend = None;
        let _ = fs::remove_dir_all(&self.dir);
    }
}

impl Reply {
    fn of(mut response: Response<ureq::Body>) -> Self {
        let headers = response.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), value.to_str().expect("ASCII").to_owned())).collect();
        let bytes = response.body_mut().read_to_vec().expect("a body");
        Self { status: response.status().as_u16(), bytes, headers }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("JSON")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.header(name).and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name}"))
    }
}

pub(crate) fn order(id: &str, amount: &str) -> String {
    format!(
        r#"{{"order_id":"{id}","order_amount":{amount},"order_currency":"INR",
        "customer_details":{{"customer_id":"c_1","customer_phone":"9999999999"}}}}"#
    )
}

/// Waits for something that happens by itself. The limit is for a machine ten times slower.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(300);
    while !done() {
        assert!(Instant::now() < end, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(10));
    }
}
