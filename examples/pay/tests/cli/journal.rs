//! Sales that are kept: listed, shown, resumed, and in the way of paying twice.

use std::fs;
use std::path::Path;

use sandbox::{Fault, Rules};

use super::gateways::Gateway;
use super::program::{Run, pay};

const PAGE: &[u8] = b"<html>Bad gateway</html>";

fn lose(gateway: &Gateway, path: &str, times: usize) {
    gateway.server().gateway().inject(path, times, Fault::Replace { status: 502, body: PAGE.to_vec() });
}

/// `order pay` without keys: nobody can be asked.
fn pay_blindly(gateway: &Gateway, order: &str, more: &[&str]) -> Run {
    let session = gateway.order(order);
    let args = ["order", "pay", "--session", &session, "--order-id", order, "--method", "card", "--json"];
    gateway.pay_without_keys(&[&args[..], more].concat())
}

fn listed(gateway: &Gateway, more: &[&str]) -> Vec<String> {
    let list = gateway.pay(&[&["journal", "list", "--json"], more].concat()).expect(0).json();
    list["sales"].as_array().unwrap().iter().map(|sale| sale["order_id"].as_str().unwrap().to_owned()).collect()
}

// Mutant: `order pay` with a journal in memory leaves nothing to be listed.
#[test]
fn a_lost_answer_is_found_by_resuming() {
    let gateway = Gateway::here(Rules { settle_after_ms: Some(100), ..Rules::default() });
    lose(&gateway, "POST /orders/sessions", 1);
    assert_eq!(pay_blindly(&gateway, "order-1", &[]).expect(3).json()["outcome"], "unknown");
    assert_eq!(listed(&gateway, &[]), ["order-1"]);
    let shown = gateway.pay(&["journal", "show", "order-1", "--json"]).expect(0).json();
    assert_eq!((&shown["stage"], &shown["open"], &shown["amount_minor"]), (&"open".into(), &true.into(), &1015.into()));
    assert_eq!((&shown["attempts"][0]["state"], &shown["release"]), (&"sent".into(), &serde_json::Value::Null));
    assert!(shown["created"].as_str().unwrap().starts_with("20"));

    // Without keys it cannot be settled, and nothing is said that is not known.
    let run = gateway.pay_without_keys(&["journal", "resume", "order-1", "--json"]).expect(3);
    assert_eq!((&run.json()["outcome"], &run.json()["open"]), (&"unknown".into(), &true.into()));
    let all = gateway.pay_without_keys(&["journal", "resume", "--json"]).expect(3).json();
    assert_eq!((all["left"].as_array().unwrap().len(), all["settled"].as_array().unwrap().len()), (1, 0));
    // The order is paid. Whoever has its session may have done it, and no answer gave this till a number: a person looks.
    let run = gateway.pay(&["journal", "resume", "order-1", "--settle-ms", "100", "--json"]).expect(7);
    assert!(run.err.contains("`pay journal attest order-1`"), "{run:?}");
    let run = run.json();
    assert_eq!((&run["outcome"], &run["needs_person"]), (&"paid_unclear".into(), &true.into()));
    let run = gateway.pay(&["journal", "attest", "order-1", "--paid", "--json"]).expect(0).json();
    assert_eq!((&run["outcome"], &run["stage"], &run["open"]), (&"paid".into(), &"paid".into(), &false.into()));
    assert!(listed(&gateway, &[]).is_empty());
    assert_eq!(listed(&gateway, &["--all"]), ["order-1"]);
    let run = gateway.pay(&["journal", "list"]).expect(0);
    assert!(run.out.contains("Every sale is settled."), "{run:?}");
    let run = gateway.pay(&["journal", "list", "--all"]).expect(0);
    assert!(run.out.contains("order-1  INR 10.15") && run.out.contains("  paid"), "{run:?}");
    assert_eq!(gateway.server().gateway().payments().len(), 1);
}

// A4. Mutant: `list` that opens the journal, which the sale has locked.
#[test]
fn a_sale_that_runs_can_be_looked_at() {
    let gateway = Gateway::here(Rules::default());
    assert!(listed(&gateway, &[]).is_empty());
    let session = gateway.order("order-1");
    let args = ["order", "pay", "--session", &session, "--order-id", "order-1", "--method", "upi-link", "--json"];
    let child = gateway.begin(&gateway.till, &[&args[..], &["--timeout", "60"]].concat());
    while gateway.server().gateway().payments().is_empty() {
        std::thread::sleep(core::time::Duration::from_millis(10));
    }
    assert_eq!(listed(&gateway, &[]), ["order-1"]);
    let shown = gateway.pay(&["journal", "show", "order-1", "--json"]).expect(0).json();
    assert_eq!((&shown["stage"], &shown["open"]), (&"open".into(), &true.into()));
    // It sells on, undisturbed, and alone.
    assert!(gateway.pay(&["journal", "prune"]).expect(1).err.contains("another process is using the journal"));
    let number = gateway.server().gateway().payments()[0].id.to_string();
    gateway.pay(&["simulate", "--cf-payment-id", &number, "--status", "SUCCESS"]).expect(0);
    assert_eq!(super::program::ended(child).expect(0).json()["outcome"], "paid");
}

#[test]
fn an_open_order_is_not_paid_again() {
    let gateway = Gateway::here(Rules { settle_after_ms: Some(60_000), ..Rules::default() });
    lose(&gateway, "POST /orders/sessions", 1);
    pay_blindly(&gateway, "order-1", &[]).expect(3);
    let args = ["order", "pay", "--session", "s", "--order-id", "order-1", "--method", "upi-link"];
    // What was begun is asked about, as long as --timeout says.
    let args = [&args[..], &["--timeout", "1"]].concat();
    for run in [gateway.pay(&args), gateway.pay_without_keys(&args)] {
        assert!(run.expect(3).err.contains("`pay journal resume order-1`"));
    }
    // Nor is it created anew, nor for another amount.
    let create = ["order", "create", "--order-id", "order-1", "--amount", "10.15", "--timeout", "1"];
    let run = gateway.pay(&create).expect(3);
    assert!(run.err.contains("`pay journal resume order-1`"), "{run:?}");
    let other = [&args[..], &["--amount", "99"]].concat();
    assert!(gateway.pay(&other).expect(1).err.contains("the order is for 10.15, not 99"));
    assert!(
        gateway.pay_without_keys(&other).expect(1).err.contains("the journal has order order-1 for another amount")
    );
    assert_eq!(gateway.server().gateway().payments().len(), 1);
}

#[test]
fn a_declined_attempt_is_followed_by_another_in_the_same_sale() {
    let gateway = Gateway::here(Rules { settle_after_ms: Some(100), ..Rules::default() });
    let session = gateway.order("order-1");
    let args = ["order", "pay", "--session", &session, "--order-id", "order-1", "--json", "--method"];
    let declined =
        gateway.pay(&[&args[..], &["upi-collect", "--upi-id", "testfailure@gocash"]].concat()).expect(4).json();
    assert_eq!((&declined["outcome"], &declined["attempt_ended"]), (&"pending".into(), &"failed".into()));
    let paid = gateway.pay(&[&args[..], &["card"]].concat()).expect(0).json();
    assert_eq!((&paid["outcome"], &paid["attempt"]), (&"paid".into(), &2.into()));
    let shown = gateway.pay(&["journal", "show", "order-1", "--json"]).expect(0).json();
    assert_eq!(shown["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(shown["attempts"][0]["state"], "failed");
    // The first may still succeed late: that is watched, and the watch ends.
    let resumed = gateway.pay(&["journal", "resume", "order-1", "--settle-ms", "100", "--json"]).expect(0).json();
    assert_eq!((&resumed["stage"], &resumed["open"]), (&"paid".into(), &false.into()));
}

#[test]
fn what_was_never_paid_is_closed_at_the_gateway() {
    let gateway = Gateway::here(Rules::default());
    let session = gateway.order("order-1");
    let args = ["order", "pay", "--session", &session, "--order-id", "order-1", "--method", "upi-qrcode"];
    gateway.pay(&[&args[..], &["--timeout", "1"]].concat()).expect(4);
    // It can still be paid: asking alone leaves it open.
    let resume = ["journal", "resume", "--settle-ms", "100", "--json"];
    let run = gateway.pay(&[&resume[..], &["--timeout", "1"]].concat()).expect(4).json();
    assert_eq!(run["left"][0]["outcome"], "pending");
    // Closed, it lapses at the gateway, and that is asked for.
    let run = gateway.pay(&[&resume[..], &["--close-after", "1"]].concat()).expect(0).json();
    let sale = &run["settled"][0];
    assert_eq!((&sale["outcome"], &sale["reason"]), (&"not_paid".into(), &"Terminated".into()));
    assert!(listed(&gateway, &[]).is_empty());
}

// Mutant: `Policy.refunds` left at `ByCaller` in `Gateway::terms`.
#[test]
fn goods_go_out_once_or_the_money_goes_back() {
    let gateway = Gateway::here(Rules { settle_after_ms: Some(100), ..Rules::default() });
    let pay = |order: &str, how: &str| {
        let session = gateway.order(order);
        let args = ["order", "pay", "--session", &session, "--order-id", order, "--method", "card", "--json"];
        gateway.pay(&[&args[..], &["--release", how]].concat())
    };
    let out = pay("order-ok", "ok").expect(0).json();
    assert_eq!((&out["outcome"], &out["release"]), (&"paid".into(), &"released".into()));
    let back = pay("order-fail", "fail").expect(5).json();
    assert_eq!((&back["outcome"], &back["release"]), (&"refunded".into(), &"returned".into()));
    for order in ["order-yes", "order-no"] {
        let unknown = pay(order, "unknown").expect(7);
        assert_eq!(unknown.json()["release"], "releasing");
        assert!(unknown.err.contains("pay journal release"), "{unknown:?}");
    }
    // Resuming neither releases nor refunds.
    let left = gateway.pay(&["journal", "resume", "--json"]).expect(7).json();
    assert_eq!(left["left"].as_array().unwrap().len(), 2);
    assert_eq!(left["left"][0]["release"], "unknown");
    assert_eq!(gateway.server().gateway().refunds().len(), 1);
    let yes = gateway.pay(&["journal", "release", "order-yes", "--yes", "--json"]).expect(0).json();
    assert_eq!((&yes["outcome"], &yes["release"]), (&"paid".into(), &"released".into()));
    let no = gateway.pay(&["journal", "release", "order-no", "--no", "--json"]).expect(5).json();
    assert_eq!((&no["outcome"], &no["release"]), (&"refunded".into(), &"returned".into()));
    // It is said once.
    for (order, what) in [("order-yes", "--no"), ("order-no", "--yes"), ("order-ok", "--no")] {
        let run = gateway.pay(&["journal", "release", order, what]).expect(1);
        assert!(run.err.contains("does not wait for this"), "{run:?}");
    }
    assert!(listed(&gateway, &[]).is_empty());
    let gateway = gateway.server().gateway();
    let refunded: Vec<_> = gateway.refunds().iter().map(|refund| refund.order_id.clone()).collect();
    assert_eq!(refunded, ["order-fail", "order-no"]);
}

#[test]
fn somebody_with_the_books_settles_what_cannot_be_asked() {
    let gateway = Gateway::here(Rules { settle_after_ms: Some(0), ..Rules::default() });
    lose(&gateway, "POST /orders/sessions", 2);
    pay_blindly(&gateway, "order-1", &[]).expect(3);
    pay_blindly(&gateway, "order-2", &[]).expect(3);
    gateway.pay_without_keys(&["journal", "attest", "order-1", "--paid"]).expect(0);
    gateway.pay_without_keys(&["journal", "attest", "order-2", "--not-paid"]).expect(2);
    gateway.pay_without_keys(&["journal", "attest", "order-2", "--paid"]).expect(1);
    gateway.pay_without_keys(&["journal", "attest", "order-3", "--paid"]).expect(1);
    assert!(listed(&gateway, &[]).is_empty());
    let run = gateway.pay(&["journal", "prune"]).expect(0);
    assert!(run.out.contains("Removed sales: 0"), "{run:?}");
}

// Mutant: `terms.limits` not set in `order::pay`.
#[test]
fn too_much_that_is_unsettled_stops_new_sales() {
    let gateway = Gateway::here(Rules { settle_after_ms: Some(0), ..Rules::default() });
    for order in ["order-1", "order-2"] {
        pay_blindly(&gateway, order, &["--max-unsettled", "2", "--max-unsettled-total", "20.30"]).expect(4);
    }
    let run = pay_blindly(&gateway, "order-3", &["--max-unsettled", "2"]).expect(1);
    assert!(run.err.contains("too many sales are unsettled"), "{run:?}");
    let run = pay_blindly(&gateway, "order-3", &["--max-unsettled-total", "30.44"]).expect(1);
    assert!(run.err.contains("too much money"), "{run:?}");
    std::thread::sleep(core::time::Duration::from_millis(1_100));
    let run = pay_blindly(&gateway, "order-3", &["--max-unsettled-age", "0"]).expect(1);
    assert!(run.err.contains("for too long"), "{run:?}");
    assert_eq!(gateway.server().gateway().payments().len(), 2);
    pay_blindly(&gateway, "order-3", &["--max-unsettled-total", "30.45"]).expect(4);
}

#[test]
fn a_journal_that_cannot_be_used_stops_payments() {
    let gateway = Gateway::here(Rules::default());
    let session = gateway.order("order-1");
    let bad = format!("{}-bad", gateway.till);
    fs::create_dir_all(&bad).unwrap();
    let file = Path::new(&bad).join("journal.redb");
    fs::write(&file, "this is no journal").unwrap();
    let args = ["order", "pay", "--session", &session, "--order-id", "order-1", "--method", "card"];
    let to = ["--gateway", &gateway.url, "--ca", &gateway.ca, "--till"];
    let run = pay(&[&args[..], &to, &[&bad]].concat()).expect(1);
    assert!(run.err.contains("till-bad") && run.err.contains("left as it is"), "{run:?}");
    assert_eq!(fs::read(&file).unwrap(), b"this is no journal");
    let held = transport_std::FileJournal::open(Path::new(&gateway.till).join("journal.redb")).unwrap();
    let run = gateway.pay_without_keys(&args).expect(1);
    assert!(run.err.contains("another process is using the journal"), "{run:?}");
    drop(held);
    assert_eq!(gateway.server().gateway().payments().len(), 0);
    // Not the same place: another gateway's sales are not asked about at this one.
    pay(&["journal", "show", "order-1", "--till", &gateway.till]).expect(1);
    pay(&["journal", "resume", "order-1", "--settle-ms", "10"]).expect(1);
}
