//! The right to hand out, the goods, and what people are told.

use super::super::release::Goods;
use super::*;

// The payment that stays guards the same: here the right alone is asked. Meant to notice: a right that a second payment gets too.
#[test]
fn the_right_is_the_first_payments() {
    let mut goods = Goods::default();
    assert!(goods.claim(1, false).is_ok());
    assert!(goods.claim(1, false).is_ok(), "again");
    assert!(goods.claim(2, false).is_err());
    assert_eq!(goods.granted, Some(1));
}

// Meant to notice: a device whose answer was lost, and that asks again after it handed out, told that it had no right; or the reverse.
#[test]
fn after_the_goods_are_out_only_whoever_had_the_right_has_it() {
    let mut shop = Shop::open();
    shop.look(2, "PAID", &[(1, "SUCCESS")]);
    assert!(is_taken(shop.claim(1)));
    assert!(shop.report(10, true, Some(1)));
    assert!(is_taken(shop.claim(1)), "again");
    let mut shop = Shop::open();
    shop.look(2, "PAID", &[(1, "SUCCESS")]);
    assert!(shop.report(10, true, None));
    assert!(!is_taken(shop.claim(1)), "they are out already, by no right");
}

// Meant to notice: goods that are out for nothing, told to nobody, or too early; goods that are paid, told as unpaid; a refund of our own,
// or one that the gateway did not make after all, taken for money that the gateway sent back.
#[test]
fn goods_out_for_no_money_are_a_persons_matter_once_none_can_come() {
    let by_gateway = format!("{}7001", SeenRefund::BY_GATEWAY);
    let cases: [(Payments, &str, &[&str]); 7] = [
        (&[], "", &["out-unpaid"]),
        (&[(1, "FAILED")], "", &["out-unpaid"]),
        (&[(1, "SUCCESS")], "", &[]),
        (&[(1, "SUCCESS")], "PENDING", &["out-unpaid"]),
        (&[(1, "SUCCESS")], "SUCCESS", &["out-unpaid"]),
        (&[(1, "SUCCESS")], "CANCELLED", &["refund-gateway:7001"]),
        (&[(1, "SUCCESS"), (2, "SUCCESS")], "SUCCESS", &[]),
    ];
    for (payments, refund, want) in cases {
        let mut shop = Shop::open();
        assert!(shop.report(10, true, None));
        let status = if payments.iter().any(|(_, status)| *status == "SUCCESS") { "PAID" } else { "TERMINATED" };
        shop.look(11, status, payments);
        assert!(shop.names(12).is_empty(), "not yet");
        if !refund.is_empty() {
            shop.answer(&by_gateway, AMOUNT, refund);
        }
        shop.look(41, status, payments);
        assert_eq!(shop.names(100), want, "{payments:?} {refund}");
    }
    // A person gave the money back for goods that are out: not the gateway.
    let mut shop = Shop::open();
    assert!(shop.report(10, true, None));
    shop.look(11, "PAID", &[(1, "SUCCESS")]);
    assert!(decide(&mut shop, 12, Decision::Refund));
    let id = shop.refund().unwrap();
    shop.answer(&id, AMOUNT, "SUCCESS");
    for second in [13, 43] {
        shop.look(second, "PAID", &[(1, "SUCCESS")]);
    }
    assert!(shop.entry().is_settled() && shop.names(100).is_empty());
    // No payment pays for nothing.
    let mut book = Book::default();
    let order = OrderId::parse("till-1").unwrap();
    assert!(book.want(order.clone(), Owner::new([7; 32]), 0));
    let mut shop = Shop { book, order, kept: Vec::new() };
    assert!(shop.report(10, true, None));
    for second in [11, 41] {
        shop.look(second, "TERMINATED", &[]);
    }
    assert_eq!(shop.names(100), ["out-unpaid"]);
}

// Meant to notice: a person who is told nothing, or of a status that there is not.
#[test]
fn each_matter_says_what_to_do() {
    let refund = |word: &str| Matter::Refund { id: "r7".to_owned(), word: word.to_owned() };
    for (matter, name, text) in [
        (refund(""), "refund-r7", "the gateway does not make refund r7: send the money back another way"),
        (refund("CANCELLED"), "refund-r7", "refund r7 is CANCELLED: see at the gateway whether the money goes back"),
        (
            Matter::RefundMoving("r7".to_owned()),
            "refund-r7",
            "refund r7 is on its way for three days or more: see at the gateway whether the money goes back",
        ),
        (
            Matter::Unreported,
            "unreported",
            "paid, and no report says whether the goods are out: check, then refund or keep",
        ),
        (Matter::Moving(5), "moving-5", "payment 5 is still in progress: check it at the gateway"),
        (Matter::Unreadable, "unreadable", "the list of payments cannot be read whole: look at the gateway's own page"),
        (
            Matter::GoodsTwice,
            "goods-twice",
            "goods went out for a payment that had no right to them: check what was handed out",
        ),
        (Matter::OutUnpaid, "out-unpaid", "the goods are out, and no money came, or the gateway sent it back"),
        (Matter::NotClosed, "not-closed", "the order cannot be closed: close it at the gateway"),
    ] {
        assert_eq!((matter.name().as_str(), matter.text().as_str()), (name, text));
    }
}
