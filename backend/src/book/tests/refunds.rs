//! Refunds: how long, how often, and where one stands.

use std::collections::BTreeSet;

use pay_core::model::{RefundId, RefundReason};

use super::*;

/// Where this refund stands.
fn stands(shop: &Shop, id: &str) -> Back {
    shop.entry().refunds().find(|(other, _)| *other == id).unwrap().1.back().clone()
}

// Meant to notice: money that came back and is on its way again by an older answer; an end that takes no later one.
#[test]
fn an_older_answer_does_not_put_a_refund_back_on_its_way() {
    let rejected = || Back::Stuck("REJECTED".to_owned());
    for (first, later, want) in [
        ("SUCCESS", "PENDING", Back::Done),
        ("SUCCESS", "ONHOLD", Back::Done),
        ("SUCCESS", "SUCCESS", Back::Done),
        ("SUCCESS", "REJECTED", rejected()),
        ("PENDING", "SUCCESS", Back::Done),
        ("PENDING", "ONHOLD", Back::OnItsWay),
        ("PENDING", "REJECTED", rejected()),
        ("REJECTED", "PENDING", Back::OnItsWay),
    ] {
        let mut shop = Shop::open();
        shop.answer("r", AMOUNT, first);
        shop.answer("r", AMOUNT, later);
        assert_eq!(stands(&shop, "r"), want, "{first}, then {later}");
    }
}

// Meant to notice: tries without a pause between them.
#[test]
fn the_pause_between_two_tries_of_a_refund_doubles_up_to_ten_minutes() {
    let mut shop = Shop::open();
    assert!(shop.report(10, false, None));
    shop.look(11, "PAID", &[(1, "SUCCESS")]);
    let id = shop.refund().unwrap();
    let mut now = 100_000;
    for seconds in [4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600] {
        shop.say(Event::RefundFailed { at: Moment(now), id: id.clone(), refused: false });
        assert_eq!(shop.refund(), Some(id.clone()));
        assert_eq!(shop.due().unwrap().0, Millis(now + seconds * 1_000), "{seconds}");
        now += seconds * 1_000;
    }
}

// Meant to notice: a refund that is left to a person, and tried for ever before the others.
#[test]
fn a_refund_that_is_given_up_does_not_hold_up_the_next() {
    let mut shop = Shop::open();
    assert!(shop.report(10, false, None));
    shop.look(11, "PAID", &[(1, "SUCCESS"), (2, "SUCCESS")]);
    for _ in 0..5 {
        assert_eq!(shop.refund(), Some(id_of(1)));
        shop.say(Event::RefundFailed { at: Moment(11_000), id: id_of(1), refused: true });
    }
    assert_eq!(shop.refund(), Some(id_of(2)));
    shop.answer(&id_of(2), AMOUNT, "SUCCESS");
    assert_eq!((shop.refund(), shop.names(100)), (None, vec![format!("refund-{}", id_of(1))]));
}

// Meant to notice: a refund listed without end while it is on its way, or never again; one listed again that is at its end.
#[test]
fn refunds_on_their_way_are_listed_with_each_later_look() {
    let mut shop = Shop::open();
    let paid = [(1, "SUCCESS")];
    assert!(shop.report(10, false, None));
    shop.look(11, "PAID", &paid);
    let id = shop.refund().unwrap();
    shop.answer(&id, AMOUNT, "PENDING");
    let read = |at| Some((Millis(at), Duty::Read { order: false }));
    assert_eq!(shop.due(), read(41_000), "not before");
    shop.look(50, "PAID", &paid);
    assert!(shop.entry().is_settled());
    let list = |shop: &mut Shop, status: &str| {
        let (id, status) = (id.clone(), status.to_owned());
        shop.say(Event::Refunds { list: vec![SeenRefund { id, order: String::new(), amount: AMOUNT, status }] });
    };
    for (hours, next, status) in [(1, 6, "PENDING"), (6, 24, "SUCCESS")] {
        assert_eq!(shop.due(), read(50_000 + hours * HOUR));
        shop.look(50 + hours * 3_600, "PAID", &paid);
        assert_eq!(shop.due(), Some((Millis(0), Duty::ReadRefunds)), "{hours}");
        list(&mut shop, status);
        assert_eq!(shop.due(), read(50_000 + next * HOUR));
    }
    shop.look(50 + 24 * 3_600, "PAID", &paid);
    assert_eq!(shop.due(), read(50_000 + 72 * HOUR), "it is at its end");
}

// Meant to notice: a refund that is on its way when nobody looks any more, and that no person is told of; one that is told of before, or after
// it came to its end or a person has seen to it.
#[test]
fn a_refund_that_is_on_its_way_after_the_last_look_is_a_persons_matter() {
    let paid = [(1, "SUCCESS")];
    for settles in [true, false] {
        let mut shop = Shop::open();
        assert!(shop.report(10, false, None));
        let pays: &[(u64, &str)] = if settles { &paid } else { &[(1, "SUCCESS"), (2, "PENDING")] };
        shop.look(11, "PAID", pays);
        let id = shop.refund().unwrap();
        shop.answer(&id, AMOUNT, "PENDING");
        let name = format!("refund-{id}");
        let is_told = |shop: &Shop, second: u64| shop.names(second).contains(&name);
        let list = |shop: &mut Shop, status: &str| {
            let (id, status) = (id.clone(), status.to_owned());
            shop.say(Event::Refunds { list: vec![SeenRefund { id, order: String::new(), amount: AMOUNT, status }] });
        };
        shop.look(50, "PAID", pays);
        assert_eq!(shop.entry().is_settled(), settles);
        for hours in [1, 6, 24, 72] {
            let second = 50 + hours * 3_600;
            assert!(!is_told(&shop, second - 60), "{hours}");
            shop.look(second, "PAID", pays);
            if settles {
                assert_eq!(shop.due(), Some((Millis(0), Duty::ReadRefunds)));
                assert!(!is_told(&shop, second), "{hours}");
                list(&mut shop, "PENDING");
            }
        }
        let end = 50 + 72 * 3_600;
        assert_eq!((shop.due(), is_told(&shop, end)), (None, true));
        let mut other = shop.entry().clone();
        other.on(&Event::Refund(SeenRefund {
            id: id.clone(),
            order: String::new(),
            amount: AMOUNT,
            status: "SUCCESS".into(),
        }));
        let names =
            |entry: &Entry| entry.matters(TERMS, Millis(end * 1_000)).iter().map(Matter::name).collect::<Vec<_>>();
        assert!(!names(&other).contains(&name), "it came to its end");
        shop.say(Event::Person {
            at: Moment(end * 1_000),
            matter: name.clone(),
            who: "asha".into(),
            why: "came".into(),
        });
        assert!(!is_told(&shop, end), "a person has seen to it");
    }
}

// Meant to notice: a surplus of the first form that is counted as the first refund, so that one of two is lost.
#[test]
fn the_refunds_of_an_old_log_keep_their_ids() {
    let over = [Old::Made, Old::RefundDue { late: false }, Old::Over];
    let surplus = [Old::Surplus { count: 2 }, Old::SurplusBack, Old::SurplusBack];
    let shop = of_old_log(&[over, surplus].concat());
    let id = |reason, n| RefundId::derive(&shop.order, reason, n).to_string();
    let want = [id(RefundReason::NotReleased, 0), id(RefundReason::Surplus, 0), id(RefundReason::Surplus, 1)];
    let ids: BTreeSet<String> = shop.entry().refunds().map(|(id, _)| id.to_owned()).collect();
    assert_eq!(ids, BTreeSet::from(want));
}
