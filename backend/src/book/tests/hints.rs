//! What a webhook told, and when it has the gateway read.

use super::*;

fn told_of_refund(shop: &mut Shop, second: u64, id: &str, status: &str) -> Effect {
    let told = Told::Refund { id: id.to_owned(), status: status.to_owned() };
    shop.say(Event::Hinted { at: Moment(second * 1_000), told })
}

fn list(shop: &mut Shop, refunds: &[(&str, &str)]) {
    let seen = |(id, status): &(&str, &str)| SeenRefund {
        id: (*id).to_owned(),
        order: String::new(),
        amount: AMOUNT,
        status: (*status).to_owned(),
    };
    shop.say(Event::Refunds { list: refunds.iter().map(seen).collect() });
}

// Meant to notice: a hint that is used up by a look that says less, or that stays after one that says as much.
#[test]
fn a_look_answers_a_hint_if_it_says_as_much() {
    for (word, seen, is_answered) in [
        ("SUCCESS", "SUCCESS", true),
        ("SUCCESS", "PENDING", false),
        ("SUCCESS", "FAILED", false),
        ("FAILED", "FAILED", true),
        ("FAILED", "PENDING", false),
        ("FAILED", "NOT_ATTEMPTED", false),
        ("FAILED", "SUCCESS", true),
        ("PENDING", "PENDING", true),
        ("PENDING", "FAILED", true),
        ("PENDING", "NOT_ATTEMPTED", false),
        ("NOT_ATTEMPTED", "PENDING", false),
        ("NOT_ATTEMPTED", "FAILED", true),
    ] {
        let mut shop = Shop::open();
        assert_eq!(told(&mut shop, 100, 7, word), NEWS);
        shop.look(100, "ACTIVE", &[(7, seen)]);
        assert_eq!(shop.entry().is_hinted(), !is_answered, "{word} told, {seen} seen");
        // The other way round it is no news.
        let mut shop = Shop::open();
        shop.look(100, "ACTIVE", &[(7, seen)]);
        assert_eq!(told(&mut shop, 100, 7, word), if is_answered { PACE } else { NEWS }, "{seen} seen, {word} told");
    }
}

// Meant to notice: a duplicate that begins the five reads anew; a hint that a list answers though it says less; one that no list answers.
#[test]
fn a_list_of_refunds_answers_a_hint_if_it_says_as_much() {
    for (word, listed, is_answered) in [
        ("PENDING", "PENDING", true),
        ("PENDING", "SUCCESS", true),
        ("SUCCESS", "SUCCESS", true),
        ("SUCCESS", "PENDING", false),
        ("CANCELLED", "CANCELLED", true),
        ("CANCELLED", "PENDING", false),
        ("CANCELLED", "REJECTED", false),
        ("CANCELLED", "SUCCESS", true),
    ] {
        let mut shop = Shop::open();
        assert_eq!(told_of_refund(&mut shop, 20, "r", word), NEWS);
        assert_eq!(told_of_refund(&mut shop, 25, "r", word), PACE, "a duplicate");
        assert_eq!(shop.due(), Some((Millis(20_000), Duty::ReadRefunds)));
        list(&mut shop, &[("r", listed)]);
        let is_due = shop.due() == Some((Millis(21_000), Duty::ReadRefunds));
        assert_eq!(is_due, !is_answered, "{word} told, {listed} listed: {:?}", shop.due());
        let mut shop = Shop::open();
        list(&mut shop, &[("r", listed)]);
        let news = told_of_refund(&mut shop, 20, "r", word);
        assert_eq!(news, if is_answered { PACE } else { NEWS }, "{listed} listed, {word} told");
    }
}

// Meant to notice: refunds listed for ever, without a pause, or once only.
#[test]
fn refunds_are_listed_five_times_for_a_hint_that_no_list_shows() {
    let mut shop = Shop::open();
    assert_eq!(told_of_refund(&mut shop, 20, "r", "SUCCESS"), NEWS);
    for second in [20, 21, 23, 30, 50] {
        assert_eq!(shop.due(), Some((Millis(second * 1_000), Duty::ReadRefunds)));
        list(&mut shop, &[]);
    }
    assert_eq!(shop.due(), Some((Millis(900_000 + HOUR), Duty::Read { order: true })), "the usual look");
    // More news of it begins anew.
    assert_eq!(told_of_refund(&mut shop, 60, "r", "CANCELLED"), NEWS);
    assert_eq!(shop.due(), Some((Millis(60_000), Duty::ReadRefunds)));
}

// Meant to notice: hints without a limit, which whoever can sign a webhook fills the memory with; a limit that a refund's hint upsets.
#[test]
fn no_more_than_64_hints_are_kept() {
    for payments in [0, 1, 32, 63, 64] {
        let mut shop = Shop::open();
        for n in 0..64 {
            let effect = if n < payments {
                told(&mut shop, 100, n, "PENDING")
            } else {
                told_of_refund(&mut shop, 100, &n.to_string(), "PENDING")
            };
            assert_eq!(effect, NEWS, "{n}");
        }
        assert_eq!(told(&mut shop, 100, 99, "SUCCESS"), PACE, "{payments}");
        assert_eq!(told_of_refund(&mut shop, 100, "r", "SUCCESS"), PACE, "{payments}");
    }
}

// Meant to notice: an order closed although a payment is told of; a look that waits for a later hint.
#[test]
fn of_a_hint_and_another_duty_the_earlier_one_is_done() {
    for (second, want) in [
        (0, (Millis(0), Duty::Read { order: true })),
        (1, (Millis(1_000), Duty::Read { order: true })),
        (2, (Millis(1_000), Duty::Close)),
    ] {
        let mut shop = Shop::open();
        assert!(shop.close());
        assert_eq!(told(&mut shop, second, 7, "SUCCESS"), NEWS);
        assert_eq!(shop.due(), Some(want), "told at {second} s, to be closed from 1 s on");
    }
}

// Meant to notice: a refund that a hint holds up, or a hint that waits for a refund.
#[test]
fn of_a_hint_and_a_refund_the_earlier_one_is_done() {
    for (second, is_hint_first) in [(103, true), (104, false), (105, false)] {
        let mut shop = Shop::open();
        assert!(shop.report(10, false, None));
        shop.look(11, "PAID", &[(1, "SUCCESS")]);
        let id = shop.refund().unwrap();
        shop.say(Event::RefundFailed { at: Moment(100_000), id: id.clone(), refused: false });
        assert_eq!(told(&mut shop, second, 7, "PENDING"), NEWS);
        let (at, duty) = shop.due().unwrap();
        assert_eq!(duty == Duty::Read { order: false }, is_hint_first, "{second}");
        assert_eq!(at, Millis(if is_hint_first { second * 1_000 } else { 104_000 }));
        assert_eq!(shop.refund(), Some(id).filter(|_| !is_hint_first));
    }
}

// Meant to notice: an order that is forgotten although something of it is still to come.
#[test]
fn an_order_is_over_once_nothing_more_is_to_come() {
    let settled = || {
        let mut shop = Shop::open();
        shop.look(10, "PAID", &[(1, "SUCCESS")]);
        assert!(!shop.entry().is_over(), "not settled");
        shop.look(40, "PAID", &[(1, "SUCCESS")]);
        assert!(shop.entry().is_over());
        shop
    };
    let mut shop = settled();
    shop.answer("r", AMOUNT, "PENDING");
    assert!(shop.entry().is_settled() && !shop.entry().is_over(), "a refund on its way");
    shop.answer("r", AMOUNT, "SUCCESS");
    assert!(shop.entry().is_over());
    let mut shop = settled();
    assert_eq!(told(&mut shop, 50, 2, "FAILED"), NEWS);
    assert!(shop.entry().is_settled() && !shop.entry().is_over(), "a payment that was told of");
    let mut shop = settled();
    assert_eq!(told_of_refund(&mut shop, 50, "r", "SUCCESS"), NEWS);
    assert!(shop.entry().is_settled() && !shop.entry().is_over(), "a refund that was told of");
}
