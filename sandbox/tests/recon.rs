//! The reconciliation's pages.

mod shop;

use sandbox::{PaymentStatus, Rules};
use serde_json::{Value, json};
use shop::{START, Shop, upi, word};

const VERSIONS: [&str; 4] = ["2022-09-01", "2023-08-01", "2025-01-01", "2026-01-01"];

fn body(limit: u64, cursor: &Value) -> Value {
    let filters = json!({"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-01-01T23:59:59Z"});
    json!({"pagination": {"limit": limit, "cursor": cursor}, "filters": filters})
}

impl Shop {
    /// All pages of the first day, each of so many events.
    fn recon(&mut self, limit: u64) -> Vec<Vec<Value>> {
        let (mut cursor, mut pages) = (Value::Null, Vec::new());
        loop {
            let (status, page) = self.call("POST", "/recon", Some(body(limit, &cursor)));
            assert_eq!(status, 200, "{page}");
            assert_eq!(page["limit"], limit);
            pages.push(page["data"].as_array().expect("a list").clone());
            cursor = page["cursor"].clone();
            if cursor.is_null() {
                return pages;
            }
        }
    }

    /// A paid order; its payment.
    fn paid(&mut self, id: &str) -> u64 {
        self.session(id);
        self.gateway.stranger_pays(id, PaymentStatus::Success, self.now).expect("an order")
    }
}

/// Type, status and amount of each.
fn told(page: &[Value]) -> Vec<(String, String, String)> {
    let told =
        |event: &Value| (word(event, "event_type"), word(event, "event_status"), event["event_amount"].to_string());
    page.iter().map(told).collect()
}

fn line(kind: &str, status: &str, amount: &str) -> (String, String, String) {
    (kind.to_owned(), status.to_owned(), amount.to_owned())
}

// Meant to notice: an event that is on no page, on two, or out of its order.
#[test]
fn every_event_is_on_one_page_in_the_order_of_time() {
    let mut shop = Shop::open();
    let payment = shop.paid("order_1");
    shop.now += 1_000;
    let session = shop.session("order_2");
    shop.attempt(&session, &upi("link"));
    shop.now += 1_000;
    let refund = json!({"refund_id": "r_1", "refund_amount": 4.15});
    assert_eq!(shop.call("POST", "/orders/order_1/refunds", Some(refund)).0, 200);
    shop.now += 1_000;
    let now = shop.now;
    assert!(shop.gateway.send_back(payment, now) && shop.gateway.dispute(payment, now));
    shop.now += 1_000;
    shop.paid("order_3");
    let all = shop.recon(1000);
    assert_eq!(
        told(&all[0]),
        [
            line("PAYMENT", "SUCCESS", "10.15"),
            line("PAYMENT", "PENDING", "0"),
            line("REFUND", "SUCCESS", "4.15"),
            line("REFUND", "SUCCESS", "10.15"),
            line("DISPUTE", "CREATED", "10.15"),
            line("PAYMENT", "SUCCESS", "10.15"),
        ]
    );
    let id = json!(payment.to_string());
    assert!([0, 2, 3, 4].iter().all(|at| all[0][*at]["cf_payment_id"] == id && all[0][*at]["order_id"] == "order_1"));
    assert_eq!((&all[0][2]["refund_id"], &all[0][3]["refund_id"]), (&json!("r_1"), &Value::Null));
    for limit in 1..=6 {
        let pages = shop.recon(limit);
        let sizes: Vec<u64> = pages.iter().map(|page| page.len() as u64).collect();
        assert!(sizes.iter().rev().skip(1).all(|size| *size == limit), "{sizes:?}");
        assert_eq!(pages.concat(), all[0], "{limit} at a time");
    }
}

// Meant to notice: an end that is not asked for, or left out; a page of what is too young for it.
#[test]
fn pages_have_the_events_of_the_time_that_is_asked_for() {
    let mut shop = Shop::new(Rules { recon_late_ms: 60_000, ..Rules::default() });
    // In the last millisecond of a second, which belongs to the time that ends with it.
    shop.now += 999;
    shop.paid("order_1");
    assert_eq!(shop.recon(10), [Vec::<Value>::new()]);
    shop.now += 60_000;
    assert_eq!(shop.recon(10)[0].len(), 1);
    let mut count = |start: &str, end: &str| {
        let filters = json!({"start_date": start, "end_date": end});
        let (status, page) =
            shop.call("POST", "/recon", Some(json!({"pagination": {"limit": 10}, "filters": filters})));
        (status, page["data"].as_array().map(Vec::len))
    };
    // It happened in the first second after midnight.
    assert_eq!(START, 1_767_225_600_000);
    assert_eq!(count("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), (200, Some(1)));
    assert_eq!(count("2026-01-01T05:30:00+05:30", "2026-01-02T00:00:00Z"), (200, Some(1)));
    assert_eq!(count("2026-01-01T00:00:01Z", "2026-01-02T00:00:00Z"), (200, Some(0)));
    assert_eq!(count("2025-12-01T00:00:00Z", "2025-12-31T23:59:59Z"), (200, Some(0)));
    assert_eq!(count("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z").0, 400);
}

#[test]
fn a_request_is_checked_as_the_specifications_have_it() {
    let mut shop = Shop::open();
    let right = body(10, &Value::Null);
    let cases: [(&str, Value, &str); 8] = [
        ("/pagination", Value::Null, "pagination_missing"),
        ("/filters", Value::Null, "filters_missing"),
        ("/pagination/limit", Value::Null, "pagination.limit_missing"),
        ("/pagination/limit", json!(1001), "pagination.limit_invalid"),
        ("/pagination/limit", json!(0), "pagination.limit_invalid"),
        ("/pagination/cursor", json!("nonsense"), "pagination.cursor_invalid"),
        ("/filters/start_date", json!("2026-01-01"), "filters.start_date_invalid"),
        ("/filters/end_date", Value::Null, "filters.end_date_missing"),
    ];
    for (place, value, code) in cases {
        let mut wrong = right.clone();
        *wrong.pointer_mut(place).expect("a member") = value;
        let (status, answer) = shop.call("POST", "/recon", Some(wrong));
        assert_eq!((status, answer["code"].as_str()), (400, Some(code)), "{place}");
    }
    let mut more = right.clone();
    more["filters"]["status"] = json!("SUCCESS");
    assert_eq!(shop.call("POST", "/recon", Some(more)).0, 400);
    let request = shop.request("POST", "/recon").with_json(right.to_string());
    assert_eq!(shop.send(&request).status, 401, "it needs the merchant's keys");
}

// Meant to notice: a version that has the members of another.
#[test]
fn each_version_has_its_form() {
    let mut shop = Shop::open();
    let payment = shop.paid("order_1");
    for version in VERSIONS {
        shop.version = version;
        let page = shop.recon(10).remove(0);
        let event = page[0].as_object().expect("an object");
        if version == "2026-01-01" {
            assert_eq!(event.len(), 7);
            assert_eq!(event["payment_details"]["cf_payment_id"], json!(payment.to_string()));
            assert_eq!(event["order_details"]["order_id"], "order_1");
            assert_eq!(event["event_details"]["event_status"], "SUCCESS");
            continue;
        }
        let id = if version == "2022-09-01" { json!(payment) } else { json!(payment.to_string()) };
        assert_eq!(event["cf_payment_id"], id, "{version}");
        assert_eq!(event.contains_key("charges_currency"), version == "2025-01-01", "{version}");
        assert_eq!(event.len(), if version == "2025-01-01" { 50 } else { 47 }, "{version}");
    }
}
