//! An older copy of the database is restored.

use std::fs;
use std::path::{Path, PathBuf};

use backend::add_token;
use sandbox::PaymentStatus;
use serde_json::json;
use sqlx::AnyPool;

use crate::shop::{Shop, until};

// Meant to notice: the mark not compared (another device's order, or another system's, is answered for); an order that is found and not
// kept; one that is found and not told of.
#[test]
fn what_an_older_copy_does_not_know_is_found_at_the_gateway() {
    let mut shop = Shop::open("restore");
    let other = add_token(&shop.config.database, "kiosk-2").expect("a token").to_string();
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    let copy = copy(&shop.dir);

    // Since then two were paid.
    shop.paid("till-2");
    shop.paid("till-3");
    let customer = json!({"customer_id": "walk_in", "customer_phone": "9999999999"});
    let theirs =
        json!({"order_id": "site-1", "order_amount": 10.15, "order_currency": "INR", "customer_details": customer});
    shop.outside("/orders", &theirs);

    shop.backend = None;
    restore(&shop.dir, &copy);
    shop.start();
    assert_eq!(shop.get("/orders/till-1").status, 200, "the copy has it");
    for (path, token) in [("till-2", &other), ("site-1", &shop.token), ("site-1", &other), ("till-9", &shop.token)] {
        let reply = shop.send("GET", &format!("/orders/{path}"), Some(token), None);
        assert_eq!((reply.status, reply.json()["code"].as_str()), (404, Some("order_not_found")), "{path}");
    }
    assert_eq!(shop.notice("was an older copy restored?"), 0);

    // Its device says that the goods are inside: the money goes back, once.
    assert_eq!(shop.report("till-2", false).status, 200);
    until("the refund", || shop.notice("refunded as") == 1);
    assert_eq!(shop.notice("order till-2: the gateway has it and the database had not"), 1);
    assert_eq!(shop.report("till-2", false).status, 200, "it is known again");
    assert_eq!((shop.refunds(), shop.notice("was an older copy restored?")), (1, 1));

    // The other's device asks, and goes on as ever.
    let order = shop.get("/orders/till-3");
    assert_eq!((order.status, order.json()["order_status"].as_str()), (200, Some("PAID")));
    assert_eq!(shop.get("/orders/till-3/payments").json()[0]["payment_status"], "SUCCESS");
    assert_eq!(shop.report("till-3", true).status, 200);
    let stands = |payment: &&sandbox::Payment| payment.status == PaymentStatus::Success;
    assert_eq!(shop.gateway.gateway().payments().iter().filter(stands).count(), 2);
    assert_eq!(shop.refunds(), 1);
}

/// As of now, made by SQLite itself while the backend runs.
fn copy(dir: &Path) -> PathBuf {
    let copy = dir.join("copy.sqlite");
    let url = format!("sqlite://{}", dir.join("backend.sqlite").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let pool = AnyPool::connect(&url).await.expect("the database");
        let made = sqlx::query("VACUUM INTO $1").bind(copy.display().to_string()).execute(&pool).await;
        made.expect("a copy");
        pool.close().await;
    });
    copy
}

fn restore(dir: &Path, copy: &Path) {
    for left in ["backend.sqlite-wal", "backend.sqlite-shm"] {
        let _ = fs::remove_file(dir.join(left));
    }
    fs::rename(copy, dir.join("backend.sqlite")).expect("the database");
}
