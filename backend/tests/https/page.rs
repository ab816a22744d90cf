//! The page for people, over HTTP as a browser speaks it; `tests/browser` plays it in a browser.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use backend::{PageConfig, add_person, people, remove_person};
use pay_core::model::CallKind;
use sandbox::RefundStatus;
use ureq::Agent;

use crate::shop::{Shop, until};

const PASSWORD: &str = "correct horse battery";
const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// A shop with the page, and asha, who may sign in.
fn open(name: &str, change: impl FnOnce(&mut PageConfig)) -> Shop {
    let mut page = PageConfig::new(ANYWHERE);
    change(&mut page);
    let shop = Shop::with(name, |config| config.page = Some(page));
    add_person(&shop.config.database, "asha", PASSWORD).expect("a person");
    shop
}

/// A browser without eyes.
struct Browser {
    agent: Agent,
    url: String,
    /// More headers of each request.
    headers: Vec<(&'static str, String)>,
    cookie: Option<String>,
}

struct Shown {
    status: u16,
    text: String,
    headers: BTreeMap<String, String>,
}

impl Browser {
    fn new(shop: &Shop) -> Self {
        let agent = Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
        let url = shop.backend().page_url().expect("a page").to_owned();
        Self { agent, url, headers: Vec::new(), cookie: None }
    }

    fn signed_in(shop: &Shop) -> Self {
        let mut browser = Self::new(shop);
        let shown = browser.post("/sign-in", &[("name", "asha"), ("password", PASSWORD)]);
        assert_eq!((shown.status, shown.headers["location"].as_str()), (303, "/"));
        browser
    }

    fn get(&mut self, path: &str) -> Shown {
        self.send("GET", path, String::new())
    }

    fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let escaped = |text: &str| text.replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace(' ', "+");
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        self.send("POST", path, fields.join("&"))
    }

    /// Fills in the form of this page that goes to `path`.
    fn fill(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Shown {
        let key = self.get(page).key();
        self.post(path, &[fields, &[("key", &key)]].concat())
    }

    fn send(&mut self, method: &str, path: &str, body: String) -> Shown {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let mut response = match method {
            "GET" => self.agent.run(request.body(()).expect("a request")),
            _ => {
                let request = request.header("content-type", "application/x-www-form-urlencoded");
                self.agent.run(request.body(body).expect("a request"))
            }
        }
        .expect("an answer");
        let headers = response.headers().iter();
        let headers: BTreeMap<_, _> =
            headers.map(|(name, value)| (name.to_string(), value.to_str().expect("ASCII").to_owned())).collect();
        if let Some(cookie) = headers.get("set-cookie") {
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        let text = response.body_mut().read_to_string().expect("text");
        Shown { status: response.status().as_u16(), text, headers }
    }
}

impl Shown {
    fn key(&self) -> String {
        let (_, after) = self.text.split_once(r#"name="key" value=""#).expect("a form");
        after.split('"').next().expect("a key").to_owned()
    }

    fn has(&self, part: &str) -> bool {
        self.text.contains(part)
    }
}

// Meant to notice: a page that is shown without a session; a cookie that scripts or other pages may use; a header left out.
#[test]
fn nobody_sees_anything_before_they_sign_in() {
    let mut shop = open("page-signing", |_| {});
    shop.paid("till-1");
    let mut browser = Browser::new(&shop);
    for path in ["/", "/orders", "/orders/till-1", "/kiosks", "/nothing"] {
        let shown = browser.get(path);
        assert_eq!((shown.status, shown.headers["location"].as_str()), (303, "/sign-in"), "{path}");
        assert_eq!(shown.text, "", "{path}");
    }
    let forms = [("/orders/till-1/decide", "decision"), ("/orders/till-1/done", "matter"), ("/sign-out", "x")];
    for (path, field) in forms {
        assert_eq!(browser.post(path, &[(field, "refund"), ("why", "x")]).status, 403, "{path}");
    }
    for (name, password) in [("asha", "correct horse batterz"), ("ravi", PASSWORD), ("", ""), ("asha", "")] {
        let shown = browser.post("/sign-in", &[("name", name), ("password", password)]);
        assert!(shown.status == 403 && shown.has("The name or the password is wrong."), "{name}");
        assert!(!shown.headers.contains_key("set-cookie"));
    }
    let mut browser = Browser::signed_in(&shop);
    let cookie = browser.cookie.clone().expect("a cookie");
    assert!(cookie.starts_with("session=") && cookie.len() == "session=".len() + 64);
    let shown = browser.get("/orders/till-1");
    assert!(shown.status == 200 && shown.has("Order till-1") && shown.has("asha"));
    let policy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    for (name, value) in [
        ("content-security-policy", policy),
        ("cache-control", "no-store"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
    ] {
        assert_eq!(shown.headers[name], value);
    }
    assert!(!shown.has("<script") && !shown.has("style=") && !shown.has("http://") && !shown.has("https://"));
    // A backend that starts again knows the session, and a person who is removed has none.
    shop.start();
    browser.url = shop.backend().page_url().expect("a page").to_owned();
    assert_eq!(browser.get("/").status, 200);
    assert!(remove_person(&shop.config.database, "asha").expect("a database"));
    assert_eq!(browser.get("/").status, 303);
    assert_eq!(people(&shop.config.database).expect("a database"), [""; 0]);
    assert_eq!(browser.post("/sign-in", &[("name", "asha"), ("password", PASSWORD)]).status, 403);
}

// Meant to notice: a form without its key taken, one of another session's, one from another page.
#[test]
fn forms_of_other_pages_are_refused() {
    let shop = open("page-forms", |_| {});
    shop.paid("till-1");
    let (mut browser, mut other) = (Browser::signed_in(&shop), Browser::signed_in(&shop));
    let (own, others) = (browser.get("/orders/till-1").key(), other.get("/orders/till-1").key());
    assert_ne!(own, others);
    let decide = |browser: &mut Browser, key: &str| {
        browser.post("/orders/till-1/decide", &[("decision", "refund"), ("why", "x"), ("key", key)]).status
    };
    assert_eq!((decide(&mut browser, ""), decide(&mut browser, &others)), (403, 403));
    for header in [
        ("origin", "https://evil.example".to_owned()),
        ("origin", "null".to_owned()),
        ("sec-fetch-site", "cross-site".to_owned()),
    ] {
        browser.headers = vec![header];
        assert_eq!(decide(&mut browser, &own), 403, "{:?}", browser.headers);
        assert_eq!(browser.post("/sign-in", &[("name", "asha"), ("password", PASSWORD)]).status, 403);
    }
    browser.headers = vec![("origin", browser.url.clone()), ("sec-fetch-site", "same-origin".to_owned())];
    for (decision, why) in [("refund", ""), ("refund", "a\u{7}b"), ("everything", "x"), ("refund", &"x".repeat(301))] {
        let shown = browser.post("/orders/till-1/decide", &[("decision", decision), ("why", why), ("key", &own)]);
        assert_eq!(shown.status, 400, "{decision} {why}");
    }
    assert_eq!(shop.refunds(), 0);
    assert_eq!(decide(&mut browser, &own), 303);
    assert_eq!(browser.fill("/", "/sign-out", &[]).status, 303);
    assert_eq!((browser.get("/").status, other.get("/").status), (303, 200), "the other session stays");
}

// Mutant: `begin` of the tries left out.
#[test]
fn passwords_cannot_be_guessed_at_will() {
    let shop = open("page-guesses", |_| {});
    let mut browser = Browser::new(&shop);
    let mut guess =
        |name: &str, password: &str| browser.post("/sign-in", &[("name", name), ("password", password)]).status;
    (0..5).for_each(|_| assert_eq!(guess("asha", "wrong wrong wrong"), 403));
    assert_eq!(guess("asha", PASSWORD), 429, "even the right one has to wait");
    assert_eq!(guess("ravi", "wrong wrong wrong"), 403, "another name");
}

// Meant to notice: a decision that is no event of the book; one without its person; text that is not escaped; a done matter still listed.
#[test]
fn what_a_person_decides_is_done_and_told() {
    let shop = open("page-acts", |_| {});
    for id in ["till-1", "till-2", "till-3"] {
        shop.paid(id);
    }
    assert_eq!(shop.create("till-4", "10.15").status, 200);
    let mut browser = Browser::signed_in(&shop);
    let list = browser.get("/orders");
    for part in ["till-1", "till-4", "kiosk-1", "10.15"] {
        assert!(list.has(part), "{part}");
    }
    let mut decide = |id: &str, decision: &str, why: &str| {
        let page = format!("/orders/{id}");
        let shown = browser.fill(&page, &format!("{page}/decide"), &[("decision", decision), ("why", why)]);
        assert_eq!(shown.status, 303, "{}", shown.text);
        browser.get(&shown.headers["location"])
    };
    // Nothing was read yet: the book does not know of the money.
    assert!(decide("till-1", "refund", "x").has("Not taken"));
    assert!(decide("till-1", "goods_in", "<b>stuck</b> & \"jammed\"").has("Kept."));
    until("the refund", || shop.refunds() == 1);
    assert!(decide("till-2", "goods_out", "seen on camera").has("Kept."));
    until("a look", || decide("till-2", "look", "check").has("payment"));
    until("the money", || decide("till-2", "look", "check").has(">paid<"));
    assert!(decide("till-2", "goods_in", "no").has("Not taken"));
    assert!(decide("till-2", "refund", "came back broken").has("Kept."));
    until("the second refund", || shop.refunds() == 2);
    assert!(decide("till-4", "close", "shopper left").has("Kept."));
    assert!(decide("till-4", "close", "shopper left").has("nothing changed"));
    until("the end at the gateway", || shop.get("/orders/till-4").json()["order_status"] == "TERMINATED");
    let shown = browser.get("/orders/till-1");
    assert!(
        shown.has("asha said that the goods were not handed out: &lt;b&gt;stuck&lt;/b&gt; &amp; &quot;jammed&quot;")
    );
    assert!(!shown.has("<b>stuck"));
    let second = browser.get("/orders/till-2");
    let place = |part: &str| second.text.find(part).unwrap_or_else(|| panic!("{part} is not in {}", second.text));
    let told = [
        "kiosk-1 wanted the order",
        "The gateway has the order",
        "seen on camera",
        "The gateway was read",
        "came back broken",
    ];
    assert!(told.windows(2).all(|pair| place(pair[0]) < place(pair[1])), "in order");
    assert_eq!(shop.report("till-2", false).status, 409, "the device is bound by it");
    for secret in [&shop.token, shop.gateway.client_secret(), "9999999999", "session_"] {
        assert!(!shown.has(secret) && !second.has(secret) && !list.has(secret), "a secret is shown");
    }
}

// Meant to notice: a matter that stays listed.
#[test]
fn what_needs_a_person_is_listed_until_it_is_done() {
    let shop = open("page-todo", |_| {});
    shop.gateway.gateway().rules_mut().refunds = RefundStatus::Rejected;
    shop.paid("till-1");
    let mut browser = Browser::signed_in(&shop);
    assert!(browser.get("/").has("Nothing needs a person."));
    assert_eq!(shop.report("till-1", false).status, 200);
    until("the duty", || browser.get("/").has("is REJECTED"));
    let page = browser.get("/orders/till-1");
    let (_, matter) = page.text.split_once(r#"name="matter" value=""#).expect("a matter");
    let matter = matter.split('"').next().expect("a name").to_owned();
    let done = |browser: &mut Browser, matter: &str| {
        browser.fill("/orders/till-1", "/orders/till-1/done", &[("matter", matter), ("why", "paid in cash")])
    };
    assert!(done(&mut browser, "anything").headers["location"].ends_with("known"));
    assert!(done(&mut browser, &matter).headers["location"].ends_with("kept"));
    assert!(browser.get("/").has("Nothing needs a person."));
    assert!(browser.get("/orders/till-1").has(&format!("asha has seen to {matter}: paid in cash")));
    assert_eq!(shop.program(&["duties"]), "");
    let kiosks = browser.get("/kiosks");
    assert!(kiosks.has("kiosk-1") && kiosks.has("through the backend"));
    for path in ["/orders/none", "/orders/a.b", "/orders?kiosk=none", "/nothing"] {
        assert_eq!(browser.get(path).status, 404, "{path}");
    }
    assert!(shop.backend().gateway_calls(CallKind::CreateRefund) > 0);
}

// Meant to notice: any name from anywhere taken; a session of one person for another.
#[test]
fn a_proxy_may_name_the_person() {
    let shop = open("page-proxy", |page| {
        (page.origin, page.person_header) = (Some("https://desk.example".to_owned()), Some("x-person".to_owned()));
    });
    let mut browser = Browser::new(&shop);
    assert_eq!(browser.url, "https://desk.example");
    browser.url = format!("http://{}", shop.backend().page_address().expect("a page"));
    browser.headers = vec![("x-person", "asha@shop.example".to_owned())];
    assert_eq!(browser.get("/").status, 421, "another host");
    let host = ("host", "desk.example".to_owned());
    browser.headers = vec![host.clone()];
    assert_eq!(browser.get("/").status, 401, "nobody");
    browser.headers = vec![host.clone(), ("x-person", "asha@shop.example".to_owned())];
    let shown = browser.get("/");
    assert!(shown.status == 200 && shown.has("asha@shop.example") && !shown.has("Sign out"));
    let cookie = &shown.headers["set-cookie"];
    assert!(cookie.starts_with("__Host-session=") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"));
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    let decide = [("decision", "close"), ("why", "test")];
    let origin = ("origin", "https://desk.example".to_owned());
    browser.headers.push(origin.clone());
    assert_eq!(browser.fill("/orders/till-1", "/orders/till-1/decide", &decide).status, 303);
    // The key is of a session of asha's.
    let key = browser.get("/orders/till-1").key();
    browser.headers = vec![host, ("x-person", "ravi".to_owned()), origin];
    let other = browser.post("/orders/till-1/decide", &[decide.as_slice(), &[("key", &key)]].concat());
    assert_eq!(other.status, 403);
}

// Meant to notice: a page in plain HTTP for everybody; a header that anybody may send.
#[test]
fn a_page_that_is_not_safe_does_not_start() {
    let shop = Shop::open("page-unsafe");
    let elsewhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let named = |origin: Option<&str>, header: Option<&str>| PageConfig {
        origin: origin.map(str::to_owned),
        person_header: header.map(str::to_owned),
        ..PageConfig::new(ANYWHERE)
    };
    for page in [
        PageConfig::new(elsewhere),
        named(None, Some("x-person")),
        named(Some("desk.example"), None),
        named(Some("https://desk.example/"), None),
        named(Some("https://desk.example"), Some("a b")),
    ] {
        let mut config = shop.config.clone();
        (config.page, config.dir) = (Some(page), shop.dir.join("second"));
        let refused = backend::Server::start(config);
        assert!(matches!(refused, Err(backend::StartError::Page(_))));
    }
}
