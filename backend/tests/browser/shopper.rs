//! The sandbox's pages for the shopper: the bank's, the phone's, and what waits.

use fantoccini::Client;
use sandbox::{Config, OTP, Request, Server};
use serde_json::{Value, json};

use crate::driver::Driver;
use crate::{LONG, fill, follow, press, sees, shot};

const CARD: &str = "4111111111111111";

/// A payment of a new order.
fn pay(server: &Server, order: &str, method: &Value) {
    let call = |path: &str, body: &Value| -> Value {
        let request = Request::new("POST", &format!("/pg{path}")).with_header("x-api-version", "2025-01-01");
        let request = request.with_header("x-client-id", server.client_id());
        let request = request.with_header("x-client-secret", server.client_secret()).with_json(body.to_string());
        let now = server.now();
        let answer = server.gateway().handle(&request, now);
        assert_eq!(answer.status, 200);
        serde_json::from_slice(&answer.body).expect("JSON")
    };
    let shopper = json!({"customer_id": "c_1", "customer_phone": "9999999999"});
    let order = json!({"order_id": order, "order_amount": 10.15, "order_currency": "INR", "customer_details": shopper,
        "order_note": "Tea & <script>alert(1)</script>"});
    let session = call("/orders", &order)["payment_session_id"].clone();
    call("/orders/sessions", &json!({"payment_session_id": session, "payment_method": method}));
}

/// The last payment's status, and how often it charged.
fn status(server: &Server) -> (&'static str, usize) {
    let gateway = server.gateway();
    let payment = gateway.payments().last().expect("a payment");
    (payment.status.as_str(), gateway.charges(&payment.order_id).count())
}

#[test]
fn a_shopper_pays_by_hand_in_a_browser() {
    let driver = Driver::start("shopper");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        for width in [1280, 400] {
            let browser = driver.browser(width).await;
            let server = Server::start(Config::default()).expect("a sandbox");
            let visit = visit(&server, &browser, width);
            tokio::time::timeout(LONG * 5, visit).await.expect("an end");
            browser.close().await.expect("an end");
        }
    });
}

async fn visit(server: &Server, browser: &Client, width: u32) {
    let url = server.page_url();
    let open = async || browser.goto(&url).await.expect("a page");
    open().await;
    sees(browser, "main", "No payment waits").await;
    shot(browser, "shopper-nothing", width).await;

    // The list finds what is new by itself.
    pay(server, "coffee-1001", &json!({"upi": {"channel": "qrcode"}}));
    sees(browser, "main", "coffee-1001").await;
    open().await;
    sees(browser, "main", "Payment request").await;
    sees(browser, "dl", "Tea & <script>alert(1)</script>").await;
    let loaded = "return [getComputedStyle(document.querySelector('main')).maxWidth, document.scripts.length]";
    assert_eq!(browser.execute(loaded, vec![]).await.expect("a value"), json!(["352px", 0]), "the style is loaded");
    shot(browser, "shopper-phone", width).await;
    follow(browser, "Ignore").await;
    sees(browser, "h1", "Waiting for the shopper").await;
    shot(browser, "shopper-list", width).await;
    assert_eq!(status(server), ("PENDING", 0));
    open().await;
    press(browser, "form[action$='/approve'] button").await;
    sees(browser, "[role=status]", "Paid").await;
    shot(browser, "shopper-phone-paid", width).await;
    assert_eq!(status(server), ("SUCCESS", 1));

    pay(
        server,
        "coffee-1002",
        &json!({"card": {"channel": "post", "card_number": CARD, "card_holder_name": "Asha",
        "card_expiry_mm": "03", "card_expiry_yy": "31", "card_cvv": "123"}}),
    );
    open().await;
    fill(browser, "#otp", "000000").await;
    press(browser, "form[action$='/otp'] button").await;
    sees(browser, "[role=alert]", "The OTP was wrong. 2 tries are left.").await;
    shot(browser, "shopper-bank-otp", width).await;
    fill(browser, "#otp", OTP).await;
    press(browser, "form[action$='/otp'] button").await;
    sees(browser, "[role=status]", "Paid").await;
    assert_eq!(status(server), ("SUCCESS", 1));

    for (order, button, word) in [("coffee-1003", "decline", "FAILED"), ("coffee-1004", "close", "USER_DROPPED")] {
        pay(server, order, &json!({"netbanking": {"channel": "link", "netbanking_bank_code": 3333}}));
        open().await;
        sees(browser, "main", "Net banking").await;
        shot(browser, "shopper-bank", width).await;
        press(browser, &format!("form[action$='/{button}'] button")).await;
        sees(browser, "[role=status]", "Not paid").await;
        assert_eq!(status(server), (word, 0));
    }
    shot(browser, "shopper-bank-closed", width).await;
}
