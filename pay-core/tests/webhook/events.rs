//! What each event of each version says.

use pay_core::model::{ApiVersion, CfPaymentId, MethodWord, PaymentStatus, RefundStatus, UnixSeconds};
use pay_core::wire::webhook::{About, Event, EventKind, PaymentEvent, RefundEvent};

use crate::vectors::{VECTORS, Vector, keys};

/// Verified and read; what it says is given to `judge`.
fn event(vector: &Vector, judge: impl FnOnce(Event<'_>)) {
    let mut body = vector.body.to_vec();
    judge(keys().verify(vector.headers(), &mut body, vector.sent()).unwrap().event().unwrap());
}

fn of(version: ApiVersion, all: [&str; 4]) -> &str {
    ApiVersion::ALL.iter().zip(all).find(|(one, _)| **one == version).unwrap().1
}

/// Each vector of an event, with its payment.
fn payments(name: &str, kind: EventKind<'_>, judge: impl Fn(ApiVersion, PaymentEvent<'_>)) {
    let mut seen = 0;
    for vector in VECTORS.iter().filter(|vector| vector.name == name) {
        event(vector, |event| {
            assert_eq!((event.kind, event.version), (kind, Some(vector.version)));
            let About::Payment(payment) = event.about else { panic!("{:?}", event.about) };
            let digits = vector.version.as_str().replace('-', "");
            assert_eq!(payment.order_id, format!("kiosk-7-{digits}"));
            assert_eq!(event.order_id(), Some(payment.order_id));
            assert_eq!((payment.order_currency, payment.currency), ("INR", "INR"));
            // The tag of the first version is null.
            let mark = of(vector.version, ["", "m-2023-08-01", "m-2025-01-01", "m-2026-01-01"]);
            assert_eq!(payment.mark, mark);
            judge(vector.version, payment);
        });
        seen += 1;
    }
    assert_eq!(seen, 4);
}

fn refunds(name: &str, kind: EventKind<'_>, judge: impl Fn(ApiVersion, RefundEvent<'_>)) {
    let mut seen = 0;
    for vector in VECTORS.iter().filter(|vector| vector.name == name) {
        event(vector, |event| {
            assert_eq!((event.kind, event.version), (kind, Some(vector.version)));
            let About::Refund(refund) = event.about else { panic!("{:?}", event.about) };
            assert_eq!(refund.currency, "INR");
            judge(vector.version, refund);
        });
        seen += 1;
    }
    assert_eq!(seen, 4);
}

fn id(digits: &str) -> CfPaymentId {
    CfPaymentId::parse(digits).unwrap()
}

#[test]
fn a_payment_that_succeeded() {
    for (name, kind) in [("payment_success", EventKind::PaymentSuccess), ("payment_charges", EventKind::PaymentCharges)]
    {
        payments(name, kind, |version, payment| {
            let digits = of(version, ["810000001", "204001001", "502500001", "1457655315005187581"]);
            assert_eq!(payment.cf_payment_id, id(digits));
            assert_eq!(payment.status, PaymentStatus::Success);
            assert_eq!([payment.order_amount, payment.amount].map(|amount| amount.unwrap().minor()), [17_000; 2]);
            assert_eq!((payment.method, payment.group), (Some(MethodWord::Upi), "upi"));
            assert_eq!((payment.message, payment.bank_reference), ("00::Done & dusted", "3300112233"));
            assert_eq!(payment.error_code, "");
            let time = "T18:20:00+05:30";
            assert_eq!(
                payment.time,
                format!("{}{time}", of(version, ["2022-10-14", "2023-09-03", "2025-03-21", "2026-11-22"]))
            );
        });
    }
}

// A number of 19 digits is the one that was seen in a JSON number of the newest version.
#[test]
fn a_payment_that_failed() {
    payments("payment_failed", EventKind::PaymentFailed, |version, payment| {
        let digits = of(version, ["810000002", "204001002", "502500002", "1457655315005187582"]);
        assert_eq!(payment.cf_payment_id, id(digits));
        assert_eq!((payment.status, payment.error_code), (PaymentStatus::Failed, "TRANSACTION_DECLINED"));
        assert_eq!([payment.order_amount, payment.amount].map(|amount| amount.unwrap().minor()), [1800; 2]);
        assert_eq!((payment.method, payment.group), (Some(MethodWord::Card), "credit_card"));
        assert_eq!((payment.message, payment.bank_reference), ("declined", "NA"));
    });
}

#[test]
fn a_payment_that_was_left() {
    payments("payment_user_dropped", EventKind::PaymentUserDropped, |version, payment| {
        let digits = of(version, ["810000003", "204001003", "502500003", "1457655315005187583"]);
        assert_eq!(payment.cf_payment_id, id(digits));
        assert_eq!((payment.status, payment.error_code), (PaymentStatus::UserDropped, ""));
        assert_eq!([payment.order_amount, payment.amount].map(|amount| amount.unwrap().minor()), [200; 2]);
        assert_eq!((payment.method, payment.group), (Some(MethodWord::NetBanking), "net_banking"));
        assert_eq!((payment.message, payment.bank_reference), ("", ""));
    });
}

#[test]
fn a_refund_of_the_merchants() {
    let both = [
        ("refund_status", EventKind::RefundStatus, RefundStatus::Success, "990011", "T19:10:00+05:30"),
        ("refund_success", EventKind::RefundSuccess, RefundStatus::Cancelled, "", ""),
    ];
    for (name, kind, status, reference, processed) in both {
        refunds(name, kind, |version, refund| {
            let digits = version.as_str().replace('-', "");
            assert_eq!(refund.order_id, format!("kiosk-7-{digits}"));
            assert_eq!(refund.refund_id, format!("refund-{digits}"));
            assert_eq!((refund.cf_refund_id, refund.origin), ("6001", "MERCHANT_INITIATED"));
            let payment = of(version, ["810000004", "204001004", "502500004", "1457655315005187584"]);
            assert_eq!(refund.cf_payment_id, Some(id(payment)));
            assert_eq!((refund.amount.minor(), refund.status), (200, status));
            assert_eq!((refund.bank_reference, refund.message, refund.reason), (reference, "It went back", ""));
            assert!(refund.created.ends_with("T19:00:00+05:30"));
            assert!(refund.processed.ends_with(processed) && refund.processed.is_empty() == processed.is_empty());
        });
    }
}

// Money that goes back of itself, which a sale that sends a second payment back must know of.
#[test]
fn a_refund_of_the_gateways_own() {
    refunds("auto_refund_status", EventKind::AutoRefundStatus, |version, refund| {
        let order = of(version, ["kiosk-7-20220901", "", "kiosk-7-20250101", "kiosk-7-20260101"]);
        assert_eq!((refund.order_id, refund.refund_id, refund.cf_refund_id), (order, "", "7001"));
        let payment = of(version, ["810000005", "204001005", "502500005", "1457655315005187585"]);
        assert_eq!(refund.cf_payment_id, Some(id(payment)));
        assert_eq!((refund.amount.minor(), refund.status), (3900, RefundStatus::Initiated));
        assert_eq!((refund.origin, refund.reason), ("PAYMENT_AUTO_REFUND", "paid twice"));
        assert_eq!((refund.bank_reference, refund.processed), ("", ""));
    });
}

#[test]
fn the_time_of_an_event_is_read() {
    // 2022-10-14 18:21:01 in India, from `date -u -d`.
    event(&VECTORS[0], |event| {
        assert_eq!((event.time, event.at()), ("2022-10-14T18:21:01+05:30", Some(UnixSeconds(1_665_751_861))));
    });
    let mut body = *br#"{"type":"X","event_time":"2023-06-15T21: 50: 04+05: 30"}"#;
    let event = pay_core::wire::webhook::read(&mut body).unwrap();
    assert_eq!((event.time, event.at()), ("2023-06-15T21: 50: 04+05: 30", None));
}
