//! When an order is looked at, and what a look comes to.

use pay_core::sale::Standing;

use super::*;

/// What makes another reading of one.
type Change = fn(&mut Reading);
/// Something that happens. `false`: it is not taken.
type Happens = fn(&mut Shop) -> bool;

const REFUND_AFTER_2_H: Terms = Terms { unreported: Unreported::RefundAfter(2), ..TERMS };
const READ: Duty = Duty::Read { order: true };
const READ_PAYMENTS: Duty = Duty::Read { order: false };

// Meant to notice: a success that an older status takes back, or that never ends; anything else that stays as it was seen first.
#[test]
fn a_later_status_stands_unless_an_older_one_takes_back_a_success() {
    for (first, later, stands) in [
        ("PENDING", "NOT_ATTEMPTED", Standing::NotAttempted),
        ("NOT_ATTEMPTED", "PENDING", Standing::Moving),
        ("PENDING", "FAILED", Standing::Over),
        ("FAILED", "PENDING", Standing::Moving),
        ("FAILED", "SUCCESS", Standing::Succeeded),
        ("SUCCESS", "SUCCESS", Standing::Succeeded),
        ("SUCCESS", "PENDING", Standing::Succeeded),
        ("SUCCESS", "NOT_ATTEMPTED", Standing::Succeeded),
        ("SUCCESS", "FAILED", Standing::Over),
    ] {
        let mut by_two_looks = Shop::open();
        by_two_looks.look(10, "ACTIVE", &[(1, first)]);
        by_two_looks.look(11, "ACTIVE", &[(1, later)]);
        let mut by_one_list = Shop::open();
        by_one_list.look(10, "ACTIVE", &[(1, first), (1, later)]);
        for shop in [by_two_looks, by_one_list] {
            let standings: Vec<_> = shop.entry().attempts().map(|(_, attempt)| attempt.standing()).collect();
            assert_eq!(standings, [stands], "{first}, then {later}");
        }
    }
}

// Meant to notice: a device that waits for an order whose end is known; one that is told of an end that did not come.
#[test]
fn an_order_has_ended_by_its_status_or_by_a_success() {
    let cases: [(&str, Payments, bool); 6] = [
        ("ACTIVE", &[], false),
        ("ACTIVE", &[(1, "PENDING"), (2, "FAILED")], false),
        ("ACTIVE", &[(1, "SUCCESS")], true),
        ("EXPIRED", &[], true),
        ("TERMINATED", &[(1, "PENDING")], true),
        ("PAID", &[], true),
    ];
    for (status, payments, has_ended) in cases {
        let mut shop = Shop::open();
        assert!(!shop.entry().has_ended());
        shop.look(10, status, payments);
        assert_eq!(shop.entry().has_ended(), has_ended, "{status} {payments:?}");
    }
}

// Meant to notice: pauses that do not double, go beyond ten minutes, or go on after the first hour; a first hour without looks.
#[test]
fn an_order_that_does_not_settle_is_looked_at_less_and_less() {
    let mut shop = Shop::open();
    assert!(shop.report(10, true, None));
    for second in
        [10, 12, 16, 24, 40, 72, 136, 264, 520, 1_032, 1_632, 2_232, 2_832, 3_432, 4_032, 21_610, 86_410, 259_210]
    {
        assert_eq!(shop.due(), Some((Millis(second * 1_000), READ)));
        shop.look(second, "ACTIVE", &[(1, "PENDING")]);
    }
    assert_eq!(shop.due(), None);
    // An hour to the millisecond is the first of the four marks, not a part of the first hour.
    let mut shop = Shop::open();
    assert!(shop.report(10, true, None));
    shop.look(3_610, "ACTIVE", &[(1, "PENDING")]);
    assert_eq!(shop.due(), Some((Millis(21_610_000), READ)));
}

// Meant to notice: a kiosk that reads the list of a closing order every few seconds, and a closing that nobody repeats for ten minutes.
#[test]
fn lists_that_a_device_reads_put_off_no_look_at_an_open_order() {
    let mut shop = Shop::open();
    shop.look(10, "ACTIVE", &[(1, "PENDING")]);
    assert!(shop.close());
    shop.look(12, "ACTIVE", &[(1, "PENDING")]);
    let due = shop.due();
    assert!(due.as_ref().is_some_and(|(at, duty)| *at <= Millis(20_000) && *duty == Duty::Close), "{due:?}");
    for second in 13..20 {
        let mut list = reading(second, "ACTIVE", &[(1, "PENDING")]);
        list.status = None;
        shop.say(Event::Read(list));
        assert_eq!(shop.due(), due, "{second}");
    }
}

// Meant to notice: a reading after each sale that can show nothing new; none where another payment may have come.
#[test]
fn the_first_report_of_goods_out_is_no_news_of_an_order_that_is_seen_whole() {
    let cases: [(&str, Payments, bool); 5] = [
        ("PAID", &[(1, "SUCCESS")], true),
        ("PAID", &[(1, "SUCCESS"), (2, "FAILED")], false),
        ("PAID", &[(1, "SUCCESS"), (2, "PENDING")], false),
        ("PAID", &[], false),
        ("ACTIVE", &[(1, "SUCCESS")], false),
    ];
    for (status, payments, is_whole) in cases {
        let mut shop = Shop::open();
        shop.look(10, status, payments);
        assert!(shop.report(12, true, None));
        let due = shop.due().unwrap().0;
        assert_eq!(due, Millis(if is_whole { 40_000 } else { 12_000 }), "{status} {payments:?}");
    }
    let mut shop = Shop::open();
    let mut cut = reading(10, "PAID", &[(1, "SUCCESS")]);
    cut.complete = false;
    shop.say(Event::Read(cut));
    // Its next look would be at 12 s.
    assert!(shop.report(11, true, None));
    assert_eq!(shop.due().unwrap().0, Millis(11_000), "a list that was cut");
    // Whoever says it twice, or that nothing came out, has a reason.
    for released in [true, false] {
        let mut shop = Shop::open();
        shop.look(10, "PAID", &[(1, "SUCCESS")]);
        assert!(!released || shop.report(12, true, None));
        assert!(shop.report(13, released, None));
        assert_eq!(shop.due().unwrap().0, Millis(if released { 13_000 } else { 0 }), "{released}");
    }
    // It was settled: nobody looks at it any more.
    let mut shop = Shop::open();
    shop.look(10, "PAID", &[(1, "SUCCESS")]);
    shop.look(40, "PAID", &[(1, "SUCCESS")]);
    assert!(shop.entry().is_settled());
    assert!(shop.report(2_000, true, None));
    assert_eq!(shop.due().unwrap().0, Millis(2_000_000));
}

/// The list alone, at this second.
fn list(shop: &mut Shop, second: u64, payments: &[(u64, &str)]) {
    let reading = Reading { status: None, ..reading(second, "", payments) };
    shop.say(Event::Read(reading));
}

// Meant to notice: an order that is read for what its list has said; a second look while shoppers wait for the same limits; none at all; one
// that settles an order which never said that it takes no more; a look after an hour that is made twice.
#[test]
fn what_a_webhook_told_of_is_looked_at_again_after_an_hour() {
    let mut shop = Shop::open();
    told(&mut shop, 100, 7, "SUCCESS");
    assert_eq!(shop.due(), Some((Millis(100_000), READ_PAYMENTS)));
    list(&mut shop, 100, &[(7, "SUCCESS")]);
    assert!(shop.entry().has_ended() && shop.entry().is_paid_by_its_list());
    assert!(is_taken(shop.claim(7)) && shop.report(105, true, Some(7)));
    let later = Some((Millis(100_000 + HOUR), READ));
    assert_eq!(shop.due(), later);
    assert!(!shop.entry().is_open() && !shop.entry().is_settled(), "its device has nothing left to do about it");
    // So does whoever waits for it.
    list(&mut shop, 140, &[(7, "SUCCESS")]);
    assert_eq!((shop.due(), shop.entry().is_settled()), (later, false));
    shop.look(3_700, "PAID", &[(7, "SUCCESS")]);
    assert!(shop.entry().is_settled() && !shop.entry().is_paid_by_its_list());
    assert_eq!(shop.due(), Some((Millis(3_700_000 + 6 * HOUR), READ_PAYMENTS)));
}

// Meant to notice: the look put off for an order of which no webhook told, or told of more; of which more attempts are known, or not all;
// that its device gave up; for one whose money goes back.
#[test]
fn no_look_is_put_off_where_more_may_come() {
    let after: [(&str, Happens); 6] = [
        ("a second attempt", |shop| {
            list(shop, 101, &[(7, "SUCCESS"), (8, "FAILED")]);
            true
        }),
        ("a list that was cut", |shop| {
            shop.say(Event::Read(Reading { status: None, complete: false, ..reading(101, "", &[(7, "SUCCESS")]) }));
            true
        }),
        ("a webhook of another payment", |shop| told(shop, 101, 8, "SUCCESS") == NEWS),
        ("a report that nothing came out", |shop| shop.report(101, false, Some(7))),
        ("a device that gives up", Shop::close),
        ("a person who wants it read", |shop| {
            let (at, matter) = (Moment(101_000), "look".to_owned());
            is_taken(shop.say(Event::Person { at, matter, who: "asha".to_owned(), why: "seen".to_owned() }))
        }),
    ];
    for (what, happens) in after {
        let mut shop = Shop::open();
        told(&mut shop, 100, 7, "SUCCESS");
        list(&mut shop, 100, &[(7, "SUCCESS")]);
        assert!(happens(&mut shop), "{what}");
        assert!(shop.due().unwrap().0 <= Millis(130_000), "{what}: {:?}", shop.due());
    }
    // Its money goes back: it is looked at as ever.
    let mut shop = Shop::open();
    told(&mut shop, 100, 7, "SUCCESS");
    list(&mut shop, 100, &[(7, "SUCCESS")]);
    assert!(shop.report(101, false, Some(7)));
    let id = shop.refund().unwrap();
    shop.answer(&id, AMOUNT, "SUCCESS");
    shop.look(102, "PAID", &[(7, "SUCCESS")]);
    assert!(shop.due().unwrap().0 <= Millis(132_000) && shop.entry().is_open(), "{:?}", shop.due());
    // It settled before the hour was over, by a list that its device read: the look after an hour is still to come.
    let mut shop = Shop::open();
    told(&mut shop, 100, 7, "SUCCESS");
    shop.look(100, "PAID", &[(7, "SUCCESS")]);
    list(&mut shop, 140, &[(7, "SUCCESS")]);
    assert!(shop.entry().is_settled());
    assert_eq!(shop.due(), Some((Millis(140_000 + HOUR), READ_PAYMENTS)));
    // Nobody told of it: a second list in half a minute.
    let mut shop = Shop::open();
    list(&mut shop, 100, &[(7, "SUCCESS")]);
    assert_eq!(shop.due(), Some((Millis(130_000), READ)));
    // Two attempts are told of, or one was seen: the order says which is paid.
    for seen in [false, true] {
        let mut shop = Shop::open();
        if seen {
            shop.look(99, "ACTIVE", &[(6, "FAILED")]);
        } else {
            told(&mut shop, 100, 6, "FAILED");
        }
        told(&mut shop, 100, 7, "SUCCESS");
        assert_eq!(shop.due(), Some((Millis(100_000), READ)), "seen: {seen}");
    }
}

// Meant to notice: an order settled by a list that was not read, not read whole, or that leaves out what an earlier one had.
#[test]
fn only_whole_lists_that_agree_settle_a_closed_order() {
    let cases: [(&str, Change, bool); 4] = [
        ("whole", |_| {}, true),
        ("a part", |reading| reading.complete = false, false),
        ("no list", |reading| reading.payments = None, false),
        ("gone", |reading| reading.payments = Some(Vec::new()), false),
    ];
    for (what, change, is_settled) in cases {
        for (first, is_known) in [(0, false), (60, true)] {
            let mut shop = Shop::open();
            assert!(shop.close());
            for second in [60, 120, 180] {
                let mut reading = reading(second, "TERMINATED", &[(1, "FAILED")]);
                if second > first {
                    change(&mut reading);
                }
                shop.say(Event::Read(reading));
            }
            // What no list ever had is not missed.
            let is_settled = is_settled || (what == "gone" && !is_known);
            assert_eq!(shop.entry().is_settled(), is_settled, "{what}, known: {is_known}");
        }
    }
}

// A paid order whose list shows no success has a list that lags behind. Meant to notice: its end forgotten, so that it settles.
#[test]
fn an_order_that_was_paid_does_not_end_otherwise() {
    for later in ["EXPIRED", "TERMINATED", "ACTIVE"] {
        let mut shop = Shop::open();
        shop.look(10, "PAID", &[]);
        for second in [60, 120, 180] {
            shop.look(second, later, &[]);
            assert!(!shop.entry().is_settled(), "{later}: its payment is missing");
        }
        shop.look(200, later, &[(1, "SUCCESS")]);
        shop.look(240, later, &[(1, "SUCCESS")]);
        assert!(shop.entry().is_settled(), "{later}");
    }
}

// Meant to notice: one of the four looks lost to an answer that did not come.
#[test]
fn a_look_at_a_settled_order_counts_only_if_its_whole_list_was_read() {
    let mut shop = Shop::open();
    assert!(shop.report(10, true, None));
    for second in [11, 41] {
        shop.look(second, "PAID", &[(1, "SUCCESS")]);
    }
    let first = Some((Millis(41_000 + HOUR), READ_PAYMENTS));
    assert_eq!(shop.due(), first);
    let look = || reading(3_641, "PAID", &[(1, "SUCCESS")]);
    shop.say(Event::Read(Reading { payments: None, ..look() }));
    assert_eq!(shop.due(), first, "no list");
    shop.say(Event::Read(Reading { complete: false, ..look() }));
    assert_eq!(shop.due(), first, "a part");
    shop.say(Event::Read(look()));
    assert_eq!(shop.due(), Some((Millis(41_000 + 6 * HOUR), READ_PAYMENTS)));
}

// Meant to notice: two starts whose times are compared, as half of what tells them apart is lost.
#[test]
fn readings_of_two_starts_agree_only_by_their_dates() {
    for (before, after) in [(1, 2), (1, 0x1_0000_0001), (0x1_0000_0000, 2)] {
        let mut shop = Shop::open();
        assert!(shop.close());
        let mut look = |second, power_on| {
            let reading = reading(second, "TERMINATED", &[(1, "FAILED")]);
            shop.say(Event::Read(Reading { power_on, ..reading }));
            shop.entry().is_settled()
        };
        assert!(!look(60, before));
        assert!(!look(120, after), "{before} {after}");
        assert!(look(150, after));
    }
}

// Meant to notice: the money of goods that were handed out, or may be, sent back after the merchant's time.
#[test]
fn the_merchants_time_runs_only_while_nobody_says_or_may_do_anything() {
    let paid = [(1, "SUCCESS")];
    let cases: [(&str, Happens, bool); 3] = [
        ("nothing", |_| true, true),
        ("claimed", |shop| is_taken(shop.claim(1)), false),
        ("out", |shop| shop.report(4_500, true, None), false),
    ];
    for (what, happens, runs) in cases {
        let mut shop = Shop::open();
        shop.look(4_500, "PAID", &paid);
        assert!(happens(&mut shop), "{what}");
        for second in [4_501, 4_540, 4_540 + 3_600] {
            shop.look(second, "PAID", &paid);
        }
        let overdue = (Millis(4_500_000 + 2 * HOUR), Duty::SayOverdue);
        let look = (Millis(4_540_000 + 6 * HOUR), READ_PAYMENTS);
        assert_eq!(shop.entry().due(REFUND_AFTER_2_H), Some(if runs { overdue } else { look }), "{what}");
    }
}

// Meant to notice: an order that is not looked at before its money goes back.
#[test]
fn a_look_that_is_due_by_then_comes_before_the_end_of_the_merchants_time() {
    let mut shop = Shop::open();
    let due = |shop: &Shop| shop.entry().due(REFUND_AFTER_2_H);
    shop.look(4_500, "PAID", &[(1, "SUCCESS"), (2, "NOT_ATTEMPTED")]);
    assert_eq!(due(&shop), Some((Millis(4_500_000 + HOUR / 2), READ_PAYMENTS)));
    shop.look(8_100, "PAID", &[(1, "SUCCESS"), (2, "NOT_ATTEMPTED")]);
    // Both at the same millisecond.
    assert_eq!(due(&shop), Some((Millis(8_100_000 + HOUR), READ_PAYMENTS)));
}

// Meant to notice: an old log's order that nobody looks at before its life is over, although a device said something of it.
#[test]
fn an_order_of_an_old_log_is_looked_at_at_once_if_something_was_said_of_it() {
    let later = Millis(900_000 + HOUR);
    for (olds, want) in [
        (vec![], (later, READ)),
        (vec![Old::Closing], (Millis(0), Duty::Close)),
        (vec![Old::Reported { released: true }], (Millis(0), READ)),
        (vec![Old::Closing, Old::Reported { released: true }], (Millis(0), Duty::Close)),
    ] {
        let shop = of_old_log(&[vec![Old::Made], olds.clone()].concat());
        assert_eq!(shop.due(), Some(want), "{olds:?}");
    }
}
