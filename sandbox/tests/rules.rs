//! The gateway's rules on orders, attempts, OTP, refunds and time.

mod shop;

use base64::{Engine, engine::general_purpose::STANDARD};
use sandbox::{Paise, Rules};
use serde_json::{Value, json};
use shop::{START, Shop, card, order_body, upi, word};

const VISA: &str = "4111111111111111";

#[test]
fn a_simulated_success_pays_the_order() {
    let mut shop = Shop::open();
    let session = shop.session("order_1");
    assert_eq!(session.len(), 116);
    let id = shop.attempt(&session, &upi("link"));
    assert_eq!(shop.statuses("order_1"), ["PENDING"]);
    let (status, simulation) = shop.simulate(&id, "SUCCESS");
    assert_eq!(status, 200, "{simulation}");
    let path = format!("/simulate/{}", word(&simulation, "simulation_id"));
    assert_eq!(shop.call("GET", &path, None), (200, simulation));
    assert_eq!(shop.order_status("order_1"), "PAID");
    assert_eq!(shop.pay(&session, &upi("link")).1["code"], "order_already_paid");
    assert_eq!(shop.gateway.charges("order_1").count(), 1);
    assert_eq!(shop.gateway.payments()[0].amount, Paise(1015));
}

// Mutant: ending every attempt of an order with its first success leaves one charge.
#[test]
fn a_second_success_on_a_paid_order_stands_in_the_books() {
    let mut shop = Shop::open();
    let session = shop.session("order_1");
    let first = shop.attempt(&session, &upi("qrcode"));
    let second = shop.attempt(&session, &card(VISA, "link"));
    for id in [first, second] {
        assert_eq!(shop.simulate(&id, "SUCCESS").0, 200);
    }
    assert_eq!(shop.gateway.charges("order_1").count(), 2);
}

#[test]
fn a_form_is_posted_to_the_bank() {
    let mut shop = Shop::open();
    let session = shop.session("order_1");
    let (_, answer) = shop.pay(&session, &card("6074825972083818", "link"));
    assert_eq!((&answer["action"], &answer["data"]["method"]), (&json!("form"), &json!("post")));
    assert!(answer["data"]["payload"]["MD"].is_number() && answer["data"]["payload"]["PaReq"].is_string());
}

#[test]
fn an_otp_pays_once() {
    let mut shop = Shop::open();
    let session = shop.session("order_1");
    let (_, answer) = shop.pay(&session, &card(VISA, "post"));
    assert_eq!(answer["action"], "post");
    assert!(answer["data"]["redirect_to_bank"].is_string());
    let id = word(&answer, "cf_payment_id");
    assert_eq!(shop.otp(&id, json!({"action": "RESEND_OTP"})).0, 200);
    let (status, reply) = shop.otp(&id, json!({"action": "SUBMIT_OTP", "otp": "000000"}));
    assert_eq!(
        (status, &reply["authenticate_status"], &reply["payment_message"]),
        (200, &json!("FAILED"), &json!("otp is invalid"))
    );
    assert_eq!(shop.otp(&id, json!({"action": "SUBMIT_OTP"})).1["code"], "otp_missing");
    let (status, reply) = shop.otp(&id, json!({"action": "SUBMIT_OTP", "otp": "111000"}));
    assert_eq!((status, &reply["authenticate_status"]), (200, &json!("SUCCESS")));
    let (status, refusal) = shop.otp(&id, json!({"action": "SUBMIT_OTP", "otp": "111000"}));
    assert_eq!(status, 400);
    assert!(word(&refusal, "message").starts_with("Transaction is already processed"), "{refusal}");
    assert_eq!(shop.gateway.charges("order_1").count(), 1);
}

// Mutant: without counting wrong entries the fourth is answered 200.
#[test]
fn three_wrong_otps_end_the_attempt() {
    let mut shop = Shop::open();
    let session = shop.session("order_1");
    let id = shop.attempt(&session, &card(VISA, "post"));
    for _ in 0..3 {
        assert_eq!(shop.otp(&id, json!({"action": "SUBMIT_OTP", "otp": "000000"})).0, 200);
    }
    let (status, refusal) = shop.otp(&id, json!({"action": "SUBMIT_OTP", "otp": "111000"}));
    assert_eq!(status, 400);
    assert!(word(&refusal, "message").starts_with("Exceeded retry attempts"), "{refusal}");
    assert_eq!(shop.statuses("order_1"), ["FAILED"]);
    assert_eq!(shop.order_status("order_1"), "ACTIVE");
    // No native OTP: the bank's page instead.
    let (_, answer) = shop.pay(&session, &card("4074970084343075", "post"));
    assert_eq!((&answer["action"], &answer["channel"]), (&json!("link"), &json!("post")));
}

#[test]
fn test_vpas_end_by_themselves() {
    let collect = |vpa: &str| json!({"upi": {"channel": "collect", "upi_id": vpa, "upi_expiry_minutes": 6}});
    let mut shop = Shop::open();
    for (vpa, status) in [
        ("testsuccess@gocash", "SUCCESS"),
        ("testinsufficientfunds@gocash", "FAILED"),
        ("testuserdropped@gocash", "USER_DROPPED"),
        ("someone@okbank", "PENDING"),
    ] {
        let order = vpa.replace('@', "_");
        let session = shop.session(&order);
        shop.attempt(&session, &collect(vpa));
        assert_eq!(shop.statuses(&order), [status], "{vpa}");
    }
    let (_, list) = shop.call("GET", "/orders/testinsufficientfunds_gocash/payments", None);
    assert_eq!(list[0]["error_details"]["error_code"], "INSUFFICIENT_FUNDS");
    shop.now += 6 * 60_000 - 1;
    assert_eq!(shop.statuses("someone_okbank"), ["PENDING"]);
    shop.now += 1;
    assert_eq!(shop.statuses("someone_okbank"), ["FAILED"]);
}

#[test]
fn attempts_settle_after_their_time() {
    let mut shop = Shop::new(Rules { settle_after_ms: Some(500), ..Rules::default() });
    let session = shop.session("order_1");
    shop.attempt(&session, &upi("qrcode"));
    shop.now += 499;
    assert_eq!(shop.order_status("order_1"), "ACTIVE");
    shop.now += 1;
    assert_eq!(shop.order_status("order_1"), "PAID");
}

// Mutant: a success that does not look at the order's status is a charge on a closed order.
#[test]
fn termination_takes_its_time_and_a_late_success_wins_it() {
    let terminate = Some(json!({"order_status": "TERMINATED"}));
    let mut shop = Shop::open();
    let session = shop.session("order_1");
    let id = shop.attempt(&session, &upi("qrcode"));
    assert_eq!(shop.call("PATCH", "/orders/order_1", terminate.clone()).1["order_status"], "TERMINATION_REQUESTED");
    assert_eq!(shop.pay(&session, &upi("link")).1["code"], "order_inactive");
    shop.simulate(&id, "SUCCESS");
    shop.now += 10_000;
    assert_eq!(shop.order_status("order_1"), "PAID");

    let session = shop.session("order_2");
    let id = shop.attempt(&session, &upi("qrcode"));
    shop.call("PATCH", "/orders/order_2", terminate);
    shop.now += 1000;
    assert_eq!(shop.order_status("order_2"), "TERMINATED");
    assert_eq!(shop.statuses("order_2"), ["USER_DROPPED"]);
    shop.simulate(&id, "SUCCESS");
    assert_eq!(shop.statuses("order_2"), ["CANCELLED"]);
    assert_eq!(shop.order_status("order_2"), "TERMINATED");
    assert_eq!(shop.gateway.charges("order_2").count(), 0);
}

#[test]
fn a_failed_attempt_can_still_succeed() {
    let mut shop = Shop::open();
    let session = shop.session("order_1");
    let id = shop.attempt(&session, &upi("link"));
    let failure = json!({"entity": "PAYMENTS", "entity_id": id,
        "entity_simulation": {"payment_status": "FAILED", "payment_error_code": "ISSUER_NOT_AVAILABLE"}});
    assert_eq!(shop.call("POST", "/simulate", Some(failure)).0, 200);
    let path = format!("/orders/order_1/payments/{id}");
    let (_, payment) = shop.call("GET", &path, None);
    assert_eq!(
        (&payment["payment_status"], &payment["error_details"]["error_code"]),
        (&json!("FAILED"), &json!("ISSUER_NOT_AVAILABLE"))
    );
    assert_eq!(shop.simulate(&id, "SUCCESS").0, 200);
    assert_eq!(shop.order_status("order_1"), "PAID");
    assert_eq!(shop.simulate(&id, "FAILED").0, 400);
}

#[test]
fn a_mandate_holds_money_and_takes_none() {
    let mut shop = Shop::open();
    let session = shop.session("order_1");
    let method = json!({"upi": {"channel": "collect", "upi_id": "testsuccess@gocash", "authorize_only": true}});
    let id = shop.attempt(&session, &method);
    let (_, payment) = shop.call("GET", &format!("/orders/order_1/payments/{id}"), None);
    assert_eq!((&payment["payment_status"], &payment["is_captured"]), (&json!("SUCCESS"), &json!(false)));
    assert_eq!(shop.order_status("order_1"), "ACTIVE");
    assert_eq!(shop.gateway.charges("order_1").count(), 0);
}

#[test]
fn orders_expire() {
    let mut shop = Shop::open();
    let mut body = order_body("order_1");
    body["order_expiry_time"] = "2026-01-01T05:31:00+05:30".into();
    assert_eq!(shop.call("POST", "/orders", Some(body.clone())).0, 200);
    shop.now = START + 59_999;
    assert_eq!(shop.order_status("order_1"), "ACTIVE");
    shop.now += 1;
    assert_eq!(shop.order_status("order_1"), "EXPIRED");
    body["order_id"] = "order_2".into();
    assert_eq!(shop.call("POST", "/orders", Some(body)).1["code"], "order_expiry_time_invalid");
}

#[test]
fn refunds_never_exceed_the_payment() {
    let mut shop = Shop::open();
    let refund = |id: &str, amount: &str| Some(json!({"refund_id": id, "refund_amount": raw(amount)}));
    let session = shop.session("order_1");
    assert_eq!(shop.call("POST", "/orders/order_1/refunds", refund("r_1", "5")).1["code"], "order_not_paid");
    let id = shop.attempt(&session, &upi("qrcode"));
    shop.simulate(&id, "SUCCESS");
    assert_eq!(shop.call("POST", "/orders/order_1/refunds", refund("r_1", "5.15")).1["refund_status"], "PENDING");
    assert_eq!(shop.call("GET", "/orders/order_1/refunds/r_1", None).1["refund_status"], "SUCCESS");
    assert_eq!(shop.call("POST", "/orders/order_1/refunds", refund("r_1", "1")).0, 409);
    assert_eq!(shop.call("POST", "/orders/order_1/refunds", refund("r_2", "5.01")).0, 400);
    assert_eq!(shop.call("POST", "/orders/order_1/refunds", refund("r_2", "5.00")).0, 200);
    assert_eq!(shop.gateway.refunds().iter().map(|refund| refund.amount.0).sum::<u64>(), 1015);
}

#[test]
fn the_same_seed_time_and_requests_give_the_same_answers() {
    let run = || {
        let mut shop = Shop::open();
        let session = shop.session("order_1");
        let request = shop.pay_request(&session, &upi("qrcode"));
        let response = shop.send(&request);
        (response.headers, response.body)
    };
    assert_eq!(run(), run());
}

// Mutant: with light and dark swapped no code is found.
#[test]
fn the_qr_code_scans_to_the_upi_link() {
    let mut shop = Shop::open();
    let session = shop.session("order_1");
    let (_, answer) = shop.pay(&session, &upi("qrcode"));
    let data_url = word(&answer["data"]["payload"], "qrcode");
    let base64 = data_url.strip_prefix("data:image/png;base64,").expect("a data URL");
    let png = STANDARD.decode(base64).expect("base64");
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    reader.next_frame(&mut pixels).expect("pixels");
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(320, 320, |x, y| pixels[3 * (y * 320 + x)]);
    let (_, text) = image.detect_grids()[0].decode().expect("a code");
    let id = word(&answer, "cf_payment_id");
    assert_eq!(
        text,
        format!(
            "upi://pay?pa=sandbox.pay@testbank&pn=Sandbox&tr=ATC{id}&am=10.15&cu=INR&mode=00&purpose=00&mc=5399&tn=Order%20Payment"
        )
    );
}

fn raw(number: &str) -> Value {
    serde_json::from_str(number).expect("a number")
}
