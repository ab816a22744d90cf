//! The shopper's pages, over HTTP as a browser speaks it. `backend/tests/browser` plays them in a browser.

mod shop;

use sandbox::{Config, OTP, Request, Server};
use serde_json::{Value, json};
use shop::{card, order_body, read, upi, word};
use std::time::Duration;
use ureq::{
    Agent, Body,
    http::{self, Response},
    tls::{Certificate, RootCerts, TlsConfig, TlsProvider},
};

const VISA: &str = "4111111111111111";

/// A sandbox, and a browser without eyes that follows where it is led.
struct Site {
    server: Server,
    agent: Agent,
}

struct Shown {
    status: u16,
    text: String,
    path: String,
}

impl Site {
    fn open() -> Self {
        let server = Server::start(Config::default()).expect("a server");
        let ca = Certificate::from_pem(server.ca_pem().as_bytes()).expect("a certificate");
        let tls =
            TlsConfig::builder().provider(TlsProvider::Rustls).root_certs(RootCerts::new_with_certs(&[ca])).build();
        let agent = Agent::config_builder().tls_config(tls).http_status_as_error(false).build().into();
        Self { server, agent }
    }

    fn call(&self, path: &str, body: &Value) -> Value {
        let request = Request::new("POST", &format!("/pg{path}")).with_header("x-api-version", "2025-01-01");
        let request = request.with_header("x-client-id", self.server.client_id());
        let request = request.with_header("x-client-secret", self.server.client_secret()).with_json(body.to_string());
        let now = self.server.now();
        let response = self.server.gateway().handle(&request, now);
        assert_eq!(response.status, 200, "{:?}", read(&response));
        read(&response)
    }

    /// A payment of a new order; what the gateway answered.
    fn pay_with(&self, order: &Value, method: &Value) -> Value {
        let order = self.call("/orders", order);
        let pay = json!({"payment_session_id": order["payment_session_id"], "payment_method": method});
        self.call("/orders/sessions", &pay)
    }

    /// Its page, as a path.
    fn pay(&self, order: &str, method: &Value) -> String {
        format!("/payments/{}", word(&self.pay_with(&order_body(order), method), "cf_payment_id"))
    }

    fn send(&self, request: http::request::Builder, body: &str) -> Response<Body> {
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.agent.run(request.body(body.to_owned()).expect("a request")).expect("an answer")
    }

    fn get(&self, path: &str) -> Shown {
        let url = format!("{}{path}", self.server.page_url().trim_end_matches('/'));
        shown(self.agent.get(url).call().expect("an answer"))
    }

    /// Presses a button.
    fn press(&self, path: &str, body: &str) -> Shown {
        let url = format!("{}{path}", self.server.page_url().trim_end_matches('/'));
        shown(self.send(http::Request::post(url), body))
    }

    fn status(&self, order: &str) -> &'static str {
        let gateway = self.server.gateway();
        let mut payments = gateway.payments().iter().filter(|payment| payment.order_id == order);
        payments.next_back().expect("a payment").status.as_str()
    }

    fn charges(&self, order: &str) -> usize {
        self.server.gateway().charges(order).count()
    }
}

fn shown(mut response: Response<Body>) -> Shown {
    use ureq::ResponseExt;
    let (status, path) = (response.status().as_u16(), response.get_uri().path().to_owned());
    Shown { status, text: response.body_mut().read_to_string().expect("text"), path }
}

fn netbanking() -> Value {
    json!({"netbanking": {"channel": "link", "netbanking_bank_code": 3333}})
}

// Meant to notice: a page that is opened at once with its payment; `approve` that ends nothing; a second one that is taken.
#[test]
fn the_banks_page_is_where_the_gateway_says() {
    let site = Site::open();
    let answer = site.pay_with(&order_body("order_1"), &netbanking());
    assert_eq!(site.status("order_1"), "NOT_ATTEMPTED");
    // At the gateway's own address for those who trust it, and without TLS for a browser that does not.
    let url = word(&answer["data"], "url");
    let page = shown(site.agent.get(&url).call().expect("an answer"));
    assert_eq!((page.status, page.path.as_str()), (200, &*format!("/payments/{}", word(&answer, "cf_payment_id"))));
    assert_eq!(site.status("order_1"), "PENDING");
    for part in ["Net banking", "₹10.15", "order_1", "Approve", "Decline", "Close the page"] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    let plain = url.split_once("/pg").map(|(_, path)| format!("/pg{path}")).expect("a path");
    assert_eq!(site.get(&plain).text, page.text);

    let paid = site.press(&format!("{}/approve", page.path), "");
    assert_eq!((paid.status, &paid.path), (200, &page.path));
    assert!(paid.text.contains("Paid") && !paid.text.contains("<form"), "{}", paid.text);
    for act in ["approve", "decline", "close"] {
        let again = site.press(&format!("{}/{act}", page.path), "");
        assert_eq!((again.status, again.text), (200, paid.text.clone()), "{act}");
    }
    assert_eq!((site.status("order_1"), site.charges("order_1")), ("SUCCESS", 1));
}

#[test]
fn every_page_of_the_gateway_leads_to_its_payment() {
    let site = Site::open();
    let page = |order: &str, method: &Value, at: &str| {
        let answer = site.pay_with(&order_body(order), method);
        let url = answer.pointer(at).and_then(Value::as_str).unwrap_or_else(|| panic!("{at}: {answer}")).to_owned();
        (url, format!("/payments/{}", word(&answer, "cf_payment_id")))
    };
    for (order, method, at) in [
        ("order_1", card(VISA, "link"), "/data/url"),
        ("order_2", card(VISA, "post"), "/data/redirect_to_bank"),
        ("order_3", upi("link"), "/data/payload/web"),
    ] {
        let (url, path) = page(order, &method, at);
        assert_eq!(shown(site.agent.get(&url).call().expect("an answer")).path, path);
    }
    // This one is sent by the terminal's page, which is elsewhere.
    let (url, path) = page("order_4", &card("6074825972083818", "link"), "/data/url");
    let form =
        http::Request::post(&url).header("origin", "https://shop.example").header("sec-fetch-site", "cross-site");
    let bank = shown(site.send(form, "MD=1&PaReq=x"));
    assert_eq!((bank.status, bank.path), (200, path));
    assert!(bank.text.contains("**** 3818"), "{}", bank.text);
}

#[test]
fn declined_and_closed() {
    let site = Site::open();
    let path = site.pay("order_1", &card(VISA, "link"));
    let page = site.press(&format!("{path}/decline"), "");
    assert!(page.text.contains("Not paid") && page.text.contains("TRANSACTION_DECLINED"), "{}", page.text);
    assert_eq!(site.status("order_1"), "FAILED");
    // Too late.
    site.press(&format!("{path}/approve"), "");
    assert_eq!((site.status("order_1"), site.charges("order_1")), ("FAILED", 0));
    let path = site.pay("order_2", &netbanking());
    assert!(site.press(&format!("{path}/close"), "").text.contains("USER_DROPPED"));
    assert_eq!(site.status("order_2"), "USER_DROPPED");
}

// Meant to notice: an OTP that is not compared; `approve` beside an OTP; a try that is not counted.
#[test]
fn an_otp_is_needed_where_the_bank_wants_one() {
    let site = Site::open();
    let path = site.pay("order_1", &card(VISA, "post"));
    let page = site.get(&path);
    assert!(page.text.contains("name=\"otp\"") && !page.text.contains("/approve"), "{}", page.text);
    assert_eq!(site.press(&format!("{path}/approve"), "").status, 404);
    let otp = |path: &str, otp: &str| site.press(&format!("{path}/otp"), &format!("otp={otp}"));
    let wrong = otp(&path, "000000");
    assert!(wrong.text.contains("The OTP was wrong. 2 tries are left."), "{}", wrong.text);
    assert_eq!(site.status("order_1"), "PENDING");
    assert!(otp(&path, OTP).text.contains("Paid"));
    assert_eq!((site.status("order_1"), site.charges("order_1")), ("SUCCESS", 1));

    let path = site.pay("order_2", &card(VISA, "post"));
    assert!(otp(&path, "1").text.contains("2 tries are left") && otp(&path, "").text.contains("One try is left."));
    let ended = otp(&path, "2");
    assert!(ended.text.contains("OTP_INVALID") && !ended.text.contains("name=\"otp\""), "{}", ended.text);
    otp(&path, OTP);
    assert_eq!(site.charges("order_2"), 0);

    let path = site.pay("order_3", &card(VISA, "post"));
    site.server.skip(Duration::from_secs(5 * 60));
    let late = otp(&path, OTP);
    assert_eq!((late.status, site.status("order_3")), (400, "PENDING"));
    // Without an OTP there is none to enter.
    let path = site.pay("order_4", &netbanking());
    assert_eq!((otp(&path, OTP).status, site.charges("order_4")), (400, 0));
}

#[test]
fn a_phone_shows_what_waits() {
    let site = Site::open();
    assert!(site.get("/").text.contains("No payment waits"));
    let path = site.pay("order_1", &upi("qrcode"));
    let phone = site.get("/");
    assert_eq!(phone.path, path);
    for part in ["Your UPI app", "sandbox.pay@testbank", "₹10.15", "order_1", "Approve", "Decline", "Ignore"] {
        assert!(phone.text.contains(part), "{part}: {}", phone.text);
    }
    let other = site.pay("order_2", &upi("link"));
    let list = site.get("/");
    assert!(list.path == "/payments" && list.text.contains("http-equiv=\"refresh\""), "{}", list.text);
    assert!([&path, &other].iter().all(|path| list.text.contains(&format!("href=\"{path}\""))), "{}", list.text);
    assert_eq!((site.status("order_1"), site.status("order_2")), ("PENDING", "PENDING"));
    assert!(site.press(&format!("{path}/approve"), "").text.contains("Paid"));
    assert_eq!(site.get("/").path, other);
    assert_eq!((site.charges("order_1"), site.charges("order_2")), (1, 0));
}

// Meant to notice: a website's picture of this address that brings a payment on.
#[test]
fn a_payment_is_opened_by_who_looks_at_it() {
    let site = Site::open();
    let answer = site.pay_with(&order_body("order_1"), &netbanking());
    let url = word(&answer["data"], "url");
    let get = |purpose: &str| {
        let request = http::Request::get(&url).header("sec-fetch-site", "cross-site").header("sec-fetch-dest", purpose);
        shown(site.send(request, "")).status
    };
    assert_eq!((get("image"), site.status("order_1")), (200, "NOT_ATTEMPTED"));
    assert_eq!((get("document"), site.status("order_1")), (200, "PENDING"));
}

// Meant to notice: no look at `origin`, at `sec-fetch-site`, at `host`; a host of which only the beginning is looked at.
#[test]
fn no_other_website_presses_the_buttons() {
    let site = Site::open();
    let path = site.pay("order_1", &upi("qrcode"));
    let own = site.server.page_url();
    let (host, port) = own.trim_start_matches("http://").trim_end_matches('/').split_once(':').expect("a port");
    let press = |name: &'static str, value: &str| {
        let url = format!("{own}{}/approve", &path[1..]);
        shown(site.send(http::Request::post(url).header(name, value), "")).status
    };
    for origin in ["https://shop.example", "null", "http://127.0.0.1", "http://127.0.0.1:1", "http://localhost:1"] {
        assert_eq!(press("origin", origin), 403, "{origin}");
    }
    for site in ["cross-site", "same-site", "none"] {
        assert_eq!(press("sec-fetch-site", site), 403, "{site}");
    }
    // A name that was made to lead here.
    for name in
        ["shop.example", "127.0.0.1.shop.example", "localhost.shop.example", "192.0.2.1", "127.0.0.1@shop.example"]
    {
        let name = format!("{name}:{port}");
        assert_eq!(press("host", &name), 421, "{name}");
        let list = http::Request::get(format!("{own}payments")).header("host", &name);
        assert_eq!(site.agent.run(list.body(()).expect("a request")).expect("an answer").status(), 421, "{name}");
    }
    assert_eq!(site.charges("order_1"), 0);
    assert_eq!(press("origin", &format!("http://{host}:{port}")), 200);
    assert_eq!(site.charges("order_1"), 1);
}

#[test]
fn what_is_not_there() {
    let site = Site::open();
    let path = site.pay("order_1", &upi("qrcode"));
    for path in ["/payments/1", "/payments/x", "/payments/", "/pg/view/gateway/x", "/pg/view/", "/favicon.ico"] {
        assert_eq!(site.get(path).status, 404, "{path}");
    }
    for path in ["/payments/1/approve", &format!("{path}/nothing"), &path, "/"] {
        assert_eq!(site.press(path, "").status, 404, "{path}");
    }
    let url = format!("{}payments", site.server.page_url());
    assert_eq!(site.agent.delete(url).call().expect("an answer").status(), 405);
    // Without TLS there is no API.
    let url = format!("{}pg/orders/order_1", site.server.page_url());
    let keys = |url: String| {
        let request = site.agent.get(url).header("x-client-id", site.server.client_id());
        let request = request.header("x-client-secret", site.server.client_secret());
        request.header("x-api-version", "2025-01-01").call().expect("an answer")
    };
    assert_eq!(keys(url).status(), 404);
    assert_eq!(keys(format!("{}/orders/order_1", site.server.url())).status(), 200);
}

// Meant to notice: a text that is written as it came; a header of the policy left out.
#[test]
fn what_a_merchant_writes_is_text() {
    let site = Site::open();
    let mut order = order_body("order_1");
    order["order_note"] = "Tea & <script>alert(1)</script> \"'><img src=x>".into();
    let answer = site.pay_with(&order, &upi("qrcode"));
    let path = format!("/payments/{}", word(&answer, "cf_payment_id"));
    let page = site.get(&path).text;
    assert!(page.contains("Tea &amp; &lt;script&gt;alert(1)&lt;/script&gt; &quot;'&gt;&lt;img src=x&gt;"), "{page}");
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("style="), "{page}");
    for path in ["/payments", &path, "/style.css", "/nothing"] {
        let url = format!("{}{}", site.server.page_url(), &path[1..]);
        let answer = site.agent.get(url).call().expect("an answer");
        let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
        let policy = header("content-security-policy");
        for part in ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert_eq!((header("x-content-type-options"), header("cache-control")), ("nosniff".into(), "no-store".into()));
    }
}
