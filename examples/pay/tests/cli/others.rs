//! Two tills on one order, and a till that forgot: real processes, each with its own folder. What is wrong without the mend stands in
//! docs/findings.md.

use core::time::Duration;
use std::process::Child;
use std::thread;
use std::time::Instant;

use sandbox::{Fault, PaymentStatus, Rules};
use serde_json::Value;

use super::gateways::Gateway;
use super::limit::LIMIT;
use super::program::{Run, ended};

const ORDER: &str = "inv-1";
const GOODS: &str = "The goods go out.";

/// Two tills before one order, each with its code out: number 0 came first.
struct Two {
    gateway: Gateway,
    tills: [String; 2],
    payments: [u64; 2],
}

impl Two {
    /// Each in a process of its own, which hands out goods.
    fn begin() -> (Self, [Child; 2]) {
        let gateway = Gateway::here(Rules::default());
        let session = gateway.order(ORDER);
        let tills = ["a", "b"].map(|name| format!("{}-{name}", gateway.till));
        let pay =
            ["order", "pay", "--session", &session, "--order-id", ORDER, "--method", "upi-link", "--release", "ok"];
        let args = [&pay[..], &["--json", "--timeout", "60"]].concat();
        let first = gateway.begin(&tills[0], &args);
        let a = nth_payment(&gateway, 0);
        // The second reads the list before the first payment is in it.
        let list = format!("GET /orders/{ORDER}/payments");
        gateway.server().gateway().inject(&list, 1, Fault::Answer { status: 200, body: b"[]".to_vec() });
        let second = gateway.begin(&tills[1], &args);
        let b = nth_payment(&gateway, 1);
        (Self { gateway, tills, payments: [a, b] }, [first, second])
    }

    /// The shoppers of these tills pay, all in the same moment.
    fn pay(&self, who: &[usize]) {
        let now = self.gateway.server().now();
        let mut gateway = self.gateway.server().gateway();
        for index in who {
            assert!(gateway.set_payment(self.payments[*index], PaymentStatus::Success, now));
        }
    }

    fn resume(&self, index: usize) -> Run {
        let args = ["journal", "resume", ORDER, "--settle-ms", "100", "--timeout", "20", "--json"];
        ended(self.gateway.begin(&self.tills[index], &args))
    }

    /// Both payments took money, one stays, and one went back, once.
    fn one_stays(&self) {
        let gateway = self.gateway.server().gateway();
        let refunds: Vec<_> = gateway.refunds().iter().filter(|refund| refund.status.as_str() != "CANCELLED").collect();
        assert_eq!((gateway.charges(ORDER).count(), refunds.len()), (2, 1), "{refunds:?}");
    }
}

/// The number of the n-th payment, once there is one.
fn nth_payment(gateway: &Gateway, n: usize) -> u64 {
    let start = Instant::now();
    loop {
        if let Some(payment) = gateway.server().gateway().payments().get(n) {
            return payment.id;
        }
        assert!(start.elapsed() < LIMIT, "payment {n} never came");
        thread::sleep(Duration::from_millis(10));
    }
}

fn number(run: &Run) -> Value {
    run.json()["cf_payment_id"].clone()
}

// M1. Mutant: `Listing::stands` that takes the later payment: both tills hand out nothing, or both send back.
#[test]
fn of_two_tills_paid_in_the_same_moment_one_hands_out_and_the_other_sends_back() {
    let (two, children) = Two::begin();
    two.pay(&[0, 1]);
    let runs = children.map(ended);
    let codes = runs.each_ref().map(|run| run.code);
    assert_eq!(codes, [0, 5], "{runs:?}");
    assert_eq!(runs.each_ref().map(|run| run.err.contains(GOODS)), [true, false], "{runs:?}");
    assert_eq!(number(&runs[0]), two.payments[0].to_string(), "{runs:?}");
    let _ = (two.resume(0).expect(0), two.resume(1).expect(5));
    two.one_stays();
}

// M1. Mutant: an order that somebody else paid is not watched for our own payment.
#[test]
fn of_two_tills_the_second_paid_after_the_goods_sends_back() {
    let (two, [first, second]) = Two::begin();
    two.pay(&[0]);
    let runs = [ended(first), ended(second)];
    assert_eq!(runs.each_ref().map(|run| run.code), [0, 6], "{runs:?}");
    assert_eq!(runs.each_ref().map(|run| run.err.contains(GOODS)), [true, false], "{runs:?}");
    assert_eq!(two.gateway.server().gateway().charges(ORDER).count(), 1);
    two.pay(&[1]);
    let _ = (two.resume(1).expect(5), two.resume(0).expect(0));
    two.one_stays();
}

// M1, M3. Mutant: a success of somebody else's taken for ours: the second till hands out, too.
#[test]
fn of_two_tills_only_the_one_that_was_paid_says_so() {
    let (two, [first, second]) = Two::begin();
    two.pay(&[1]);
    let runs = [ended(first), ended(second)];
    assert_eq!(runs.each_ref().map(|run| run.code), [6, 0], "{runs:?}");
    assert_eq!(runs.each_ref().map(|run| run.err.contains(GOODS)), [false, true], "{runs:?}");
    assert_eq!(runs.each_ref().map(|run| run.err.contains("PAID")), [false, true], "{runs:?}");
    assert_eq!(number(&runs[1]), two.payments[1].to_string(), "{runs:?}");
    assert_eq!(runs[0].json()["outcome"], "paid_elsewhere");
    assert_eq!(two.gateway.server().gateway().refunds().len(), 0);
}

// M2. Mutant: an order that was there already, called not paid.
#[test]
fn a_till_that_forgot_never_says_not_paid() {
    let gateway = Gateway::here(Rules::default());
    let session = gateway.order(ORDER);
    let pay = ["order", "pay", "--session", &session, "--order-id", ORDER, "--method", "upi-link", "--json"];
    let out = gateway.pay(&[&pay[..], &["--timeout", "1"]].concat()).expect(4);
    let payment = number(&out).as_str().unwrap().to_owned();
    let create = ["order", "create", "--order-id", ORDER, "--amount", "10.15", "--timeout", "5", "--json"];
    // A code is out: nobody says how it ends, and nothing more is sent.
    for (till, args) in [("c", &create[..]), ("d", &pay[..])] {
        let till = format!("{}-{till}", gateway.till);
        let run = ended(gateway.begin(&till, args)).expect(1);
        assert_eq!(run.json()["outcome"], "order_taken", "{run:?}");
        let run = ended(gateway.begin(&till, &["journal", "resume", ORDER, "--timeout", "1", "--json"]));
        assert_eq!((run.code, &run.json()["open"]), (1, &true.into()), "{run:?}");
    }
    gateway.pay(&["simulate", "--cf-payment-id", &payment, "--status", "SUCCESS"]).expect(0);
    let fresh = format!("{}-e", gateway.till);
    for (till, args) in
        [(format!("{}-c", gateway.till), &["journal", "resume", ORDER, "--json"][..]), (fresh, &create[..])]
    {
        let run = ended(gateway.begin(&till, args)).expect(6);
        assert_eq!(run.json()["outcome"], "paid_elsewhere", "{run:?}");
    }
    assert_eq!(gateway.server().gateway().payments().len(), 1);
}

// M3. Mutant: a success of somebody else's taken for ours.
#[test]
fn goods_of_a_paid_order_do_not_go_out_at_another_till() {
    let gateway = Gateway::here(Rules { settle_after_ms: Some(100), ..Rules::default() });
    let session = gateway.order(ORDER);
    let pay = ["order", "pay", "--session", &session, "--order-id", ORDER, "--method", "upi-link", "--json"];
    let pay = [&pay[..], &["--release", "ok"]].concat();
    let paid = gateway.pay(&pay).expect(0);
    assert!(paid.err.contains(GOODS), "{paid:?}");
    let run = ended(gateway.begin(&format!("{}-b", gateway.till), &pay)).expect(6);
    assert!(!run.err.contains(GOODS) && !run.err.contains("PAID"), "{run:?}");
    // Nor twice at the first one.
    let again = gateway.pay(&pay).expect(0);
    assert!(!again.err.contains(GOODS) && again.err.contains("nothing was sent"), "{again:?}");
    assert_eq!(gateway.server().gateway().payments().len(), 1);
}

// F3. Mutant: a sale that does not look at the payments before it sends.
#[test]
fn nothing_is_sent_beside_a_payment_that_is_not_over() {
    let gateway = Gateway::here(Rules::default());
    let session = gateway.order(ORDER);
    let id = gateway.server().gateway().stranger_pays(ORDER, PaymentStatus::Pending, gateway.server().now());
    let pay = ["order", "pay", "--session", &session, "--order-id", ORDER, "--method", "card", "--json"];
    let pay = [&pay[..], &["--timeout", "2"]].concat();
    assert_eq!(gateway.pay(&pay).expect(1).json()["outcome"], "order_taken");
    assert_eq!(gateway.server().gateway().payments().len(), 1);
    // Once it has failed, the order can be paid.
    let now = gateway.server().now();
    assert!(gateway.server().gateway().set_payment(id.unwrap(), PaymentStatus::Failed, now));
    gateway.pay(&pay).expect(4);
    assert_eq!(gateway.server().gateway().payments().len(), 2);
}
