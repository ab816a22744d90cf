//! Bodies from anywhere.

use serde_json::{Value, json};

use super::program::{Run, pay_with};

fn inspect(kind: &str, body: &str) -> Run {
    pay_with(&["inspect", kind, "--json"], body, &[])
}

fn read(kind: &str, body: &str) -> Value {
    inspect(kind, body).expect(0).json()
}

#[test]
fn order_pay_of_every_shape() {
    let link = r#"{"payment_amount":1.20,"cf_payment_id":1457655315005187584,"payment_method":"netbanking","channel":"link",
        "action":"link","data":{"url":"https:\/\/a.example\/x?y=1\u0026z=2","payload":null,"content_type":null,"method":null}}"#;
    assert_eq!(
        read("order-pay", link),
        json!({
            "amount_minor": 120, "cf_payment_id": "1457655315005187584", "payment_method": "netbanking", "channel": "link",
            "action": "link", "next_action": {"kind": "open_url", "url": "https://a.example/x?y=1&z=2"},
        })
    );
    let form = r#"{"cf_payment_id":"91235","action":"form","data":{"url":"https://b.example/acs","method":"post",
        "payload":{"MD":89811231231,"PaReq":"a+b="}},"new":[1,{"x":null}]}"#;
    let value = read("order-pay", form);
    assert_eq!(value["next_action"]["fields"], json!({"MD": "89811231231", "PaReq": "a+b="}));
    assert_eq!((&value["amount_minor"], &value["channel"]), (&Value::Null, &Value::Null));
    let qr = r#"{"cf_payment_id":"1","action":"custom","channel":"qrcode","data":{"payload":{"qrcode":"data:image/png;base64,iVBORw0KGgo="}}}"#;
    assert_eq!(read("order-pay", qr)["next_action"], json!({"kind": "show_qr", "image_len": 8}));
    let links = r#"{"cf_payment_id":"1","action":"custom","channel":"link","data":{"url":null,"payload":{"gpay":"tez://upi/pay?pa=a@b","web":null}}}"#;
    assert_eq!(
        read("order-pay", links)["next_action"],
        json!({"kind": "upi_links", "links": {"gpay": "tez://upi/pay?pa=a@b"}})
    );
    let post = r#"{"cf_payment_id":"1","action":"post","channel":"post","data":{"url":"https://a.example/","redirect_to_bank":"https://bank.example/"}}"#;
    assert_eq!(
        read("order-pay", post)["next_action"],
        json!({"kind": "enter_otp", "redirect_to_bank": "https://bank.example/"})
    );
    let wait = r#"{"cf_payment_id":"1","action":"custom","channel":"collect","data":{"url":null,"payload":null}}"#;
    assert_eq!(read("order-pay", wait)["next_action"], json!({"kind": "wait"}));
    assert_eq!(read("order-pay", r#"{"cf_payment_id":1,"action":"dance"}"#)["next_action"], json!({"kind": "unknown"}));
    assert_eq!(read("order-pay", r#"{"cf_payment_id":1,"action":"dance"}"#)["action"], "dance");
}

#[test]
fn the_other_shapes() {
    let order = r#"{"order_id":"o-1","order_status":"ACTIVE","order_amount":200.5,"order_currency":"INR","payment_session_id":"session_x"}"#;
    let value = read("order", order);
    assert_eq!((&value["status"], &value["amount_minor"]), (&"ACTIVE".into(), &20050.into()));
    assert_eq!((&value["payment_session_id"], &value["cf_order_id"]), (&"session_x".into(), &Value::Null));
    let reply = r#"{"cf_payment_id":"12","action":"SUBMIT_OTP","authenticate_status":"FAILED","payment_message":"otp is invalid"}"#;
    assert_eq!(
        read("authenticate", reply),
        json!({"cf_payment_id": "12", "action": "SUBMIT_OTP", "status": "FAILED", "message": "otp is invalid"})
    );
    let refund = r#"{"refund_id":"r-1","order_id":"o-1","refund_amount":1,"refund_status":"ONHOLD"}"#;
    assert_eq!(read("refund", refund)["status"], "ONHOLD");
    assert_eq!(read("payments", "[]"), json!({"payments": []}));
    // Far more than any buffer of fixed size holds.
    let one = |n: u32| {
        format!(
            r#"{{"cf_payment_id":{n},"payment_status":"SUCCESS","payment_amount":10.15,"is_captured":{}}}"#,
            n.is_multiple_of(2)
        )
    };
    let many = format!("[{}]", (5_000_001..=5_020_000).map(one).collect::<Vec<_>>().join(","));
    let value = read("payments", &many);
    let payments = value["payments"].as_array().unwrap();
    assert_eq!(payments.len(), 20_000);
    assert_eq!((&payments[0]["paid"], &payments[1]["paid"]), (&false.into(), &true.into()));
    assert_eq!((&payments[0]["final"], &payments[0]["amount_minor"]), (&true.into(), &1015.into()));
}

#[test]
fn errors_and_their_class() {
    let body =
        r#"{"message":"card_cvv : is missing","code":"card_cvv_missing","type":"invalid_request_error","help":"x"}"#;
    let run = pay_with(&["inspect", "error", "-", "--status", "400", "--json"], body, &[]).expect(0).json();
    assert_eq!(
        run,
        json!({"status": 400, "code": "card_cvv_missing", "type": "invalid_request_error", "message": "card_cvv : is missing", "class": "not_executed"})
    );
    for (status, body, class) in [
        ("409", r#"{"code":"order_already_exists","type":"invalid_request_error"}"#, "in_flight"),
        ("422", r#"{"code":"request_invalid","type":"idempotency_error"}"#, "key_reused"),
        ("429", r#"{"code":"request_failed","type":"rate_limit_error"}"#, "throttled"),
        ("500", r#"{"code":"internal_error","type":"api_error"}"#, "server_failed"),
        ("500", "{}", "intermediary"),
        ("400", r#"{"code":"order_already_paid","type":"invalid_request_error"}"#, "says_nothing"),
    ] {
        let value = pay_with(&["inspect", "error", "--status", status, "--json"], body, &[]).expect(0).json();
        assert_eq!(value["class"], class, "{status} {body}");
        // A status that is no success makes any body an error.
        let value = pay_with(&["inspect", "order-pay", "--status", status, "--json"], body, &[]).expect(0).json();
        assert_eq!(value["class"], class, "{status} {body}");
    }
    // A6: whatever something on the way sends.
    for body in ["<html><h1>502 Bad Gateway</h1></html>", "", "[]", "\u{feff}no", r#"{"code":"#] {
        let value = pay_with(&["inspect", "error", "--status", "502", "--json"], body, &[]).expect(0).json();
        assert_eq!(
            (&value["status"], &value["class"], &value["code"]),
            (&502.into(), &"intermediary".into(), &Value::Null)
        );
    }
    let value = read("error", r#"{"type":"rate_limit_error"}"#);
    assert_eq!((&value["status"], &value["class"]), (&Value::Null, &"throttled".into()));
}

// Mutant: without `ErrorMembers` an error body may say two things.
#[test]
fn what_is_not_strict_is_refused() {
    let deep = format!(r#"{{"cf_payment_id":1,"x":{}{}}}"#, "[".repeat(40), "]".repeat(40));
    for body in [
        "",
        " ",
        "null",
        "[]",
        "<html>",
        r#"{"cf_payment_id":1"#,
        r#"{"cf_payment_id":1}x"#,
        r#"{"cf_payment_id":1,}"#,
        r#"{"cf_payment_id":01}"#,
        r#"{"cf_payment_id":1,'x':1}"#,
        r#"{"cf_payment_id":1.0}"#,
        r#"{"cf_payment_id":1e3}"#,
        r#"{"cf_payment_id":-1}"#,
        r#"{"cf_payment_id":1,"cf_payment_id":1}"#,
        r#"{"cf_payment_id":1,"cf_payment_\u0069d":2}"#,
        r#"{"cf_payment_id":1,"payment_amount":-1}"#,
        r#"{"cf_payment_id":1,"payment_amount":1.005}"#,
        r#"{"cf_payment_id":null}"#,
        deep.as_str(),
        "\u{feff}{\"cf_payment_id\":1}",
    ] {
        let run = inspect("order-pay", body).expect(1);
        assert!(run.json()["outcome"] == "error" && run.err.lines().count() == 1, "{body:?}: {run:?}");
    }
    for (kind, body) in [
        ("payments", r#"[{"cf_payment_id":1,"payment_status":"SUCCESS"}"#),
        ("payments", r#"[{"cf_payment_id":1,"payment_status":"SUCCESS"}]]"#),
        ("payments", r#"[{"cf_payment_id":1}]"#),
        ("payments", "{}"),
        ("error", "<html>"),
        ("error", "[]"),
        ("error", r#"{"code":"a""#),
        ("error", r#"{"code":"a","code":"b"}"#),
        ("error", r#"{"type":"a","t\u0079pe":"b"}"#),
        ("order", r#"{"order_id":"o"}"#),
        ("refund", "{}"),
        ("authenticate", r#"{"cf_payment_id":"1"}"#),
    ] {
        let run = inspect(kind, body).expect(1);
        assert!(run.json()["outcome"] == "error" && run.err.lines().count() == 1, "{kind} {body:?}: {run:?}");
    }
    // F10: an object where a list should be is JSON all the same.
    let run = inspect("payments", r#"{"code":"order_not_found"}"#).expect(1);
    assert!(run.err.contains("not of the expected shape"), "{run:?}");
}

#[test]
fn files_are_read_like_standard_input() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("not-utf8.json");
    std::fs::write(&file, b"{\"cf_payment_id\":1,\"x\":\"\xff\"}").unwrap();
    let run = super::program::pay(&["inspect", "order-pay", file.to_str().unwrap()]).expect(1);
    assert!(run.err.contains("not UTF-8 at byte 24"), "{run:?}");
    super::program::pay(&["inspect", "order", "/nowhere"]).expect(1);
    std::fs::write(&file, r#"{"cf_payment_id":7,"action":"custom","channel":"collect"}"#).unwrap();
    let run = super::program::pay(&["inspect", "order-pay", file.to_str().unwrap()]).expect(0);
    assert!(run.out.contains("cf_payment_id: 7") && run.out.contains("next_action.kind: wait"), "{run:?}");
}
