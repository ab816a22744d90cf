//! The book over the API: goods once, words of the gateway, what people must see to, lives of a device.

use backend::Database;
use pay_core::model::CallKind;
use sandbox::Fault;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::shop::{Shop, order, until};

// M3. Meant to notice: the second claim granted; a second report taken with 200; a claim before the money granted.
#[test]
fn goods_go_out_once() {
    let shop = Shop::open("once");
    let session = shop.create("till-1", "10.15").json()["payment_session_id"].clone();
    let (first, second) = (shop.attempt(&session), shop.attempt(&session));
    let claim = |payment: &str| shop.post("/orders/till-1/release", &json!({"cf_payment_id": payment})).status;
    assert_eq!(claim(&first), 409, "nothing came yet");
    shop.succeed(&first);
    assert_eq!((claim(&first), claim(&first), claim(&second)), (200, 200, 409));
    shop.succeed(&second);
    assert_eq!(claim(&second), 409);
    let report = |payment: &str, out: bool| {
        shop.post("/orders/till-1/release", &json!({"cf_payment_id": payment, "released": out})).status
    };
    assert_eq!(report(&second, true), 409);
    until("a person's duty", || shop.notice("till-1: goods-twice") == 1);
    assert_eq!((report(&first, true), report(&first, true), report(&first, false)), (200, 200, 409));
    until("the second payment's refund", || shop.notice("till-1: refunded") == 1);
    let gateway = shop.gateway.gateway();
    assert_eq!(gateway.refunds().len(), 1);
}

// M5. Meant to notice: a repeated report that does not look again.
#[test]
fn a_later_success_goes_back_after_a_repeated_report() {
    let shop = Shop::open("later");
    let session = shop.create("till-1", "10.15").json()["payment_session_id"].clone();
    let (first, second) = (shop.attempt(&session), shop.attempt(&session));
    shop.succeed(&first);
    assert_eq!(shop.report("till-1", true).status, 200);
    until("a look", || shop.backend().gateway_calls(CallKind::ListPayments) > 0);
    shop.succeed(&second);
    assert_eq!(shop.report("till-1", true).status, 200);
    until("the refund", || shop.notice("till-1: refunded") == 1);
    assert_eq!(shop.report("till-1", false).status, 409);
    assert_eq!(shop.refunds(), 1);
}

// M6. Meant to notice: any word taken for done; a duty that is not listed, or is listed after it was done.
#[test]
fn a_refund_that_is_rejected_is_listed_until_somebody_saw_to_it() {
    let mut shop = Shop::open("rejected");
    shop.gateway.gateway().rules_mut().refunds = sandbox::RefundStatus::Rejected;
    shop.paid("till-1");
    assert_eq!(shop.report("till-1", false).status, 200);
    until("the duty", || shop.notice("is REJECTED") == 1);
    assert_eq!(shop.notice("refunded as"), 0);
    let listed = |shop: &Shop| shop.program(&["duties"]);
    let lines = listed(&shop);
    assert!(lines.starts_with("till-1 refund-") && lines.contains("REJECTED"), "{lines}");
    shop.start();
    until("the duty again", || shop.notice("is REJECTED") == 2 || listed(&shop) == lines);
    let duty = lines.split(' ').nth(1).expect("a name");
    shop.program(&["done", "till-1", duty, "--who", "asha", "--why", "paid in cash"]);
    assert_eq!(listed(&shop), "");
    shop.start();
    assert_eq!(listed(&shop), "");
    assert_eq!(shop.refunds(), 1);
}

// M12. Meant to notice: refusals tried for ever.
#[test]
fn a_refund_that_is_refused_becomes_a_duty_soon() {
    let shop = Shop::open("refused-refund");
    let body = br#"{"message":"m","code":"refund_not_allowed","type":"invalid_request_error"}"#;
    shop.gateway.gateway().inject(
        "POST /orders/till-1/refunds",
        1000,
        Fault::Answer { status: 400, body: body.to_vec() },
    );
    shop.paid("till-1");
    assert_eq!(shop.report("till-1", false).status, 200);
    until("the duty", || shop.notice("the gateway does not make refund") == 1);
    assert_eq!(shop.backend().gateway_calls(CallKind::CreateRefund), 5);
}

// M7. Meant to notice: TERMINATED taken for the end of a payment that is under way.
#[test]
fn a_payment_under_way_on_a_closed_order_is_waited_for() {
    let shop = Shop::open("under-way");
    let made = shop.create("till-1", "10.15");
    let payment = shop.attempt(&made.json()["payment_session_id"]);
    let pending = shop.get("/orders/till-1/payments").json();
    assert_eq!(pending[0]["payment_status"], "PENDING");
    let body = serde_json::to_vec(&pending).expect("JSON");
    let mut closed = made.json();
    closed["order_status"] = "TERMINATED".into();
    let closed = closed.to_string().into_bytes();
    shop.gateway.gateway().inject("GET /orders/till-1", 1000, Fault::Replace { status: 200, body: closed });
    shop.gateway.gateway().inject("GET /orders/till-1/payments", 3, Fault::Replace { status: 200, body });
    shop.succeed(&payment);
    assert_eq!(shop.report("till-1", false).status, 200);
    until("the refund", || shop.notice("till-1: refunded") == 1);
    assert!(shop.backend().gateway_calls(CallKind::ListPayments) > 3);
}

// M8. Meant to notice: orders that nobody reports on are not on the agenda.
#[test]
fn paid_and_never_reported_is_told() {
    let mut shop = Shop::open("never");
    shop.paid("till-1");
    // Kept by a backend of the first form, whose lines have no time: it was made long ago.
    shop.backend = None;
    let hash = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let owner = hash(shop.token.as_bytes());
    let lines = [
        format!(r#"{{"order":"till-1","event":"wanted","owner":"{owner}","amount":1015}}"#),
        r#"{"order":"till-1","event":"made"}"#.to_owned(),
    ];
    let old: String = lines.iter().map(|json| format!("{} {json}\n", &hash(json.as_bytes())[..8])).collect();
    let folder = shop.dir.join("old");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("orders.log"), old).expect("an old log");
    std::fs::write(folder.join("tokens"), format!("kiosk-1 {owner}\n")).expect("old tokens");
    shop.config.database = Database::Folder(folder);
    shop.start();
    until("the duty", || shop.notice("till-1: unreported") == 1);
    assert_eq!(shop.refunds(), 0);
    assert_eq!(shop.report("till-1", true).status, 200);
}

// D18. Meant to notice: the epoch not compared; orders of other devices named; an epoch lost at a restart.
#[test]
fn a_recovered_device_ends_its_earlier_lives() {
    let mut shop = Shop::open("epochs");
    for id in ["till-1", "till-2"] {
        shop.paid(id);
    }
    let recovered = shop.post("/devices/recover", &json!({}));
    assert_eq!((recovered.status, recovered.json()), (200, json!({"epoch": 1, "orders": ["till-1", "till-2"]})));
    shop.start();
    for reply in [shop.report("till-1", true), shop.close("till-1"), shop.create("till-3", "10.15")] {
        assert_eq!((reply.status, &reply.json()["code"]), (409, &json!("device_epoch_over")));
    }
    assert_eq!(shop.get("/orders/till-1").status, 200, "looking is free");
    shop.epoch = Some(1);
    assert_eq!(shop.report("till-1", true).status, 200);
    assert_eq!(shop.create("till-3", "10.15").status, 200);
}

// D17. Meant to notice: the tag read and not sent.
#[test]
fn a_devices_mark_is_passed_on() {
    let shop = Shop::open("mark");
    let body =
        order("till-1", "10.15").replace("\"order_currency\"", r#""order_tags":{"mark":"00ff"},"order_currency""#);
    let made = shop.send("POST", "/orders", Some(&shop.token), Some(&body));
    assert_eq!((made.status, &made.json()["order_tags"]), (200, &json!({"mark": "00ff"})));
}
