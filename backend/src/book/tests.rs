//! The book's rules, each with the fault that it once had.

mod goods;
mod hints;
mod looks;
mod refunds;

use super::*;

const TERMS: Terms = Terms { life_ms: 900_000, first_look_ms: 2_000, unreported: Unreported::Tell };
const HOUR: u64 = 3_600_000;
const AMOUNT: u64 = 1015;

/// Payments of a list: id and status.
type Payments = &'static [(u64, &'static str)];

struct Shop {
    book: Book,
    order: OrderId,
    /// What a log would have.
    kept: Vec<Event>,
}

impl Shop {
    fn open() -> Self {
        let mut shop = Self::wanted();
        shop.say(Event::Made { at: Moment(0) });
        shop
    }

    fn wanted() -> Self {
        let order = OrderId::parse("till-1").unwrap();
        let mut book = Book::default();
        assert!(book.want(order.clone(), Owner::new([7; 32]), AMOUNT));
        Self { book, order, kept: Vec::new() }
    }

    fn say(&mut self, event: Event) -> Effect {
        let effect = self.book.on(&self.order, &event).unwrap();
        if matches!(effect, Effect::News { .. }) {
            self.kept.push(event);
        }
        effect
    }

    /// A look at this second.
    fn look(&mut self, second: u64, status: &str, payments: &[(u64, &str)]) -> Effect {
        self.say(Event::Read(reading(second, status, payments)))
    }

    fn report(&mut self, second: u64, released: bool, payment: Option<u64>) -> bool {
        is_taken(self.say(Event::Reported { at: Moment(second * 1_000), released, payment }))
    }

    fn claim(&mut self, payment: u64) -> Effect {
        self.say(Event::Claimed { at: Moment(5_000), payment })
    }

    fn close(&mut self) -> bool {
        is_taken(self.say(Event::Closing { at: Moment(1_000) }))
    }

    fn due(&self) -> Option<(Millis, Duty)> {
        self.entry().due(TERMS)
    }

    fn entry(&self) -> &Entry {
        self.book.entry(&self.order).unwrap()
    }

    fn names(&self, second: u64) -> Vec<String> {
        self.entry().matters(TERMS, Millis(second * 1_000)).iter().map(Matter::name).collect()
    }

    /// Lists no refund, and says which is due.
    fn refund(&mut self) -> Option<String> {
        if self.due()?.1 == Duty::ReadRefunds {
            self.say(Event::Refunds { list: Vec::new() });
        }
        match self.due()?.1 {
            Duty::Refund { id, amount: AMOUNT } => Some(id.to_string()),
            _ => None,
        }
    }

    fn answer(&mut self, id: &str, amount: u64, status: &str) {
        let seen = SeenRefund { id: id.to_owned(), order: "till-1".to_owned(), amount, status: status.to_owned() };
        self.say(Event::Refund(seen));
    }
}

/// What a look at this second shows.
fn reading(second: u64, status: &str, payments: &[(u64, &str)]) -> Reading {
    let seen = |(id, status): &(u64, &str)| SeenPayment {
        id: *id,
        status: (*status).to_owned(),
        captured: None,
        // The second to be made was the first to be paid.
        completed: Some(1_000 - *id),
    };
    Reading {
        at: Moment(second * 1_000),
        power_on: 1,
        date: None,
        status: Some(status.to_owned()),
        payments: Some(payments.iter().map(seen).collect()),
        complete: true,
    }
}

/// What a log of the first form makes.
fn of_old_log(olds: &[Old]) -> Shop {
    let order = OrderId::parse("till-1").unwrap();
    let mut book = Book::default();
    assert!(book.on_old(&order, &Old::Wanted { owner: "07".repeat(32), amount: AMOUNT }));
    olds.iter().for_each(|old| assert!(book.on_old(&order, old)));
    Shop { book, order, kept: Vec::new() }
}

fn is_taken(effect: Effect) -> bool {
    matches!(effect, Effect::News { conflict: false } | Effect::Pace { conflict: false })
}

fn id_of(payment: u64) -> String {
    let order = OrderId::parse("till-1").unwrap();
    pay_core::model::RefundId::of_payment(&order, pay_core::model::CfPaymentId::new(payment)).to_string()
}

// M5. Meant to notice: `worst` over successes too (never settled); `Standing::Moving` taken for over (settled beside a PENDING payment).
#[test]
fn nothing_is_counted_out_while_a_payment_may_move() {
    let mut shop = Shop::open();
    assert!(shop.report(10, true, None));
    for second in [11, 60, 4_000, 25_000, 90_000] {
        shop.look(second, "PAID", &[(1, "SUCCESS"), (2, "PENDING")]);
        assert!(!shop.entry().is_settled(), "{second}");
    }
    assert_eq!(shop.names(90_000), ["moving-2"], "a person's matter");
    shop.look(300_000, "PAID", &[(1, "SUCCESS"), (2, "PENDING")]);
    assert_eq!(shop.due(), None, "it is not looked at for ever");
    // The second succeeds, the kiosk finds it and reports again.
    assert!(shop.report(400_000, true, None));
    assert_eq!(shop.due(), Some((Millis(400_000_000), Duty::Read { order: false })));
    shop.look(400_000, "PAID", &[(1, "SUCCESS"), (2, "SUCCESS")]);
    assert_eq!(shop.refund(), Some(id_of(1)), "the second was paid first, so it stays");
}

// M5. Mutant: `look_again` left out of a report. Meant to notice: a settled order that ignores a new success.
#[test]
fn a_report_opens_a_settled_order_again() {
    let mut shop = Shop::open();
    assert!(shop.report(10, true, None));
    shop.look(11, "PAID", &[(1, "SUCCESS"), (2, "NOT_ATTEMPTED")]);
    shop.look(41, "PAID", &[(1, "SUCCESS"), (2, "NOT_ATTEMPTED")]);
    assert!(!shop.entry().is_settled());
    shop.look(1_811, "PAID", &[(1, "SUCCESS"), (2, "NOT_ATTEMPTED")]);
    assert!(shop.entry().is_settled());
    for hours in AFTER_H {
        assert_eq!(shop.due().unwrap().0, Millis(1_811_000 + hours * HOUR));
        shop.look(1_811 + hours * 3_600, "PAID", &[(1, "SUCCESS"), (2, "NOT_ATTEMPTED")]);
    }
    assert_eq!(shop.due(), None);
    assert!(shop.report(400_000, true, None));
    assert!(shop.due().is_some(), "it is looked at again");
    assert!(!shop.report(400_001, false, None), "a contradiction");
    shop.look(400_002, "PAID", &[(1, "SUCCESS"), (2, "SUCCESS")]);
    assert!(shop.refund().is_some());
}

// Red while each contradiction opened the order again: a till that repeats its report added two events with every try.
#[test]
fn the_same_contradiction_again_is_no_news() {
    let mut shop = Shop::open();
    shop.look(5, "PAID", &[(1, "SUCCESS")]);
    assert!(is_taken(shop.claim(1)));
    assert!(shop.report(10, true, Some(1)));
    let contradiction = |at| Event::Reported { at: Moment(at), released: true, payment: Some(2) };
    assert_eq!(shop.say(contradiction(11_000)), Effect::News { conflict: true });
    assert_eq!(shop.say(contradiction(12_000)), Effect::Pace { conflict: true });
}

// M6. Meant to notice: any word taken for done; amount or order not compared.
#[test]
fn only_known_words_say_that_money_goes_back() {
    for (status, is_stuck) in [
        ("SUCCESS", false),
        ("PENDING", false),
        ("ONHOLD", false),
        ("REJECTED", true),
        ("FAILED", true),
        ("PENDING_APPROVAL", true),
        ("CANCELLED", true),
        ("success", true),
        ("", true),
    ] {
        let mut shop = Shop::open();
        assert!(shop.report(10, false, None));
        shop.look(11, "PAID", &[(1, "SUCCESS")]);
        let id = shop.refund().unwrap();
        shop.say(Event::RefundFailed { at: Moment(11_000), id: id.clone(), refused: false });
        shop.answer(&id, AMOUNT + 1, "SUCCESS");
        shop.answer("another-refund", 0, "SUCCESS");
        let other = SeenRefund { id: id.clone(), order: "till-2".into(), amount: AMOUNT, status: "SUCCESS".into() };
        shop.say(Event::Refund(other));
        assert_eq!(shop.refund(), Some(id.clone()), "{status}: none of these is the answer");
        shop.answer(&id, AMOUNT, status);
        assert_eq!(shop.refund(), None, "{status}");
        let name = format!("refund-{id}");
        // One that is on its way is left alone until the last look at its order would be made.
        let is_moving = !is_stuck && status != "SUCCESS";
        for day in [0, 1, 2, 100] {
            let is_told = is_stuck || is_moving && day == 100;
            let want: &[String] = if is_told { core::slice::from_ref(&name) } else { &[] };
            assert_eq!(shop.names(100 + day * 86_400), want, "{status} {day}");
        }
        let done = |matter: &str| Event::Person {
            at: Moment(12_000),
            matter: matter.into(),
            who: "asha".into(),
            why: "cash".into(),
        };
        shop.say(done(&name));
        assert!(shop.names(86_400).is_empty(), "{status}: done");
        assert_eq!(shop.refund(), None);
    }
}

// M7. Meant to notice: `End::Closed` that settles at once; `NOT_ATTEMPTED` taken for moving (never settled).
#[test]
fn a_closed_order_is_given_up_by_the_rule_of_the_sale() {
    let mut shop = Shop::open();
    assert!(shop.close());
    shop.look(60, "TERMINATED", &[(1, "PENDING")]);
    shop.look(120, "TERMINATED", &[(1, "PENDING")]);
    assert!(!shop.entry().is_settled() && shop.due().is_some());
    shop.look(4_000, "TERMINATED", &[(1, "SUCCESS")]);
    assert_eq!(shop.refund(), Some(id_of(1)), "late money goes back");

    let mut shop = Shop::open();
    assert!(shop.close());
    shop.look(60, "TERMINATED", &[(1, "NOT_ATTEMPTED"), (2, "FAILED")]);
    assert_eq!(shop.due().unwrap().0, Millis(1_860_000));
    shop.look(1_859, "TERMINATED", &[(1, "NOT_ATTEMPTED"), (2, "FAILED")]);
    assert!(!shop.entry().is_settled());
    shop.look(1_860, "TERMINATED", &[(1, "NOT_ATTEMPTED"), (2, "FAILED")]);
    assert!(shop.entry().is_settled() && shop.names(1_000_000).is_empty());
    // What was seen once and is gone may come again.
    shop.look(6_000, "TERMINATED", &[(1, "SUCCESS"), (2, "FAILED")]);
    assert!(!shop.entry().is_settled());
    assert_eq!(shop.refund(), Some(id_of(1)));
}

// M8. Meant to notice: an order that nobody reports on is looked at only when somebody does.
#[test]
fn paid_and_never_reported_is_noticed() {
    let mut shop = Shop::open();
    assert_eq!(shop.due(), Some((Millis(900_000 + HOUR), Duty::Read { order: true })));
    shop.look(4_500, "PAID", &[(1, "SUCCESS")]);
    assert_eq!(shop.names(4_500), ["unreported"]);
    assert_eq!(shop.refund(), None, "a person decides");
    let refund = Terms { unreported: Unreported::RefundAfter(2), ..TERMS };
    let due = |shop: &Shop| shop.entry().due(refund).unwrap();
    shop.look(4_531, "PAID", &[(1, "SUCCESS")]);
    shop.look(4_531 + 3_600, "PAID", &[(1, "SUCCESS")]);
    assert_eq!(due(&shop), (Millis(4_500_000 + 2 * HOUR), Duty::SayOverdue));
    assert!(shop.entry().matters(refund, Millis(5 * HOUR)).is_empty());
    let mut granted = Shop { book: shop.book.clone(), order: shop.order.clone(), kept: Vec::new() };
    assert!(is_taken(granted.claim(1)));
    granted.say(Event::Overdue);
    assert_eq!(granted.refund(), None, "its goods may be out");
    assert_eq!(granted.entry().matters(refund, Millis(5 * HOUR)), [Matter::Unreported]);
    shop.say(Event::Overdue);
    assert_eq!(shop.refund(), Some(id_of(1)));
    assert!(!shop.report(9_000, true, None), "what goes back is not handed out");
}

// Meant to notice: what a person has seen to named again by every reconciliation.
#[test]
fn a_matter_is_done_once_a_person_says_so() {
    let mut shop = Shop::open();
    let matter = "short-payment";
    assert!(!shop.entry().is_done(matter));
    let (who, why) = ("asha".into(), "called them".into());
    shop.say(Event::Person { at: Moment(1), matter: matter.into(), who, why });
    assert!(shop.entry().is_done(matter) && !shop.entry().is_done("unclear-payment"));
}

// Meant to notice: an order that is known taken for one that was found.
#[test]
fn an_order_is_found_once() {
    let (mut book, order) = (Book::default(), OrderId::parse("till-1").unwrap());
    assert!(book.find(order.clone(), Owner::new([7; 32]), AMOUNT, Moment(0)));
    let found = book.entry(&order).cloned();
    assert!(found.as_ref().is_some_and(Entry::is_made));
    assert!(!book.find(order.clone(), Owner::new([7; 32]), AMOUNT + 1, Moment(1)));
    assert_eq!(book.entry(&order), found.as_ref());
}

// Meant to notice: `found` left out of `may_be_overdue` (the goods may be out, and the report of it forgotten); an order that is found
// and not looked at; one that is found although it is known.
#[test]
fn time_alone_sends_nothing_back_of_an_order_that_was_found() {
    let mut shop = Shop::wanted();
    shop.say(Event::Found { at: Moment(0) });
    assert_eq!(shop.due().map(|(_, duty)| duty), Some(Duty::Read { order: true }));
    assert!(shop.due().is_some_and(|(at, _)| at.0 < 60_000), "at once: {:?}", shop.due());
    shop.look(10, "PAID", &[(1, "SUCCESS")]);
    let terms = Terms { unreported: Unreported::RefundAfter(2), ..TERMS };
    let mut known = Shop::open();
    known.say(Event::Found { at: Moment(0) });
    known.look(10, "PAID", &[(1, "SUCCESS")]);
    for (shop, found) in [(&mut shop, true), (&mut known, false)] {
        let matters = shop.entry().matters(terms, Millis(5 * HOUR));
        assert_eq!(matters, if found { vec![Matter::Unreported] } else { Vec::new() });
        shop.say(Event::Overdue);
        assert_eq!(shop.refund(), (!found).then(|| id_of(1)));
    }
    // What a person or the device says counts as for any order.
    assert!(shop.report(9_000, false, None));
    assert_eq!(shop.refund(), Some(id_of(1)));
}

// M12. Meant to notice: `REFUSALS` a hundred; pauses that do not grow.
#[test]
fn a_refused_refund_becomes_a_persons_matter_soon() {
    for (refused, most) in [(true, 5), (false, 12)] {
        let mut shop = Shop::open();
        assert!(shop.report(10, false, None));
        shop.look(11, "PAID", &[(1, "SUCCESS")]);
        let id = shop.refund().unwrap();
        let (mut now, mut tries, mut pause) = (11_000, 0, 0);
        while let Some((at, Duty::Refund { .. })) = shop.due() {
            let wait = at.0.saturating_sub(now);
            assert!(wait >= pause, "{tries}");
            (pause, now) = (wait, at.0.max(now));
            shop.say(Event::RefundFailed { at: Moment(now), id: id.clone(), refused });
            tries += 1;
        }
        assert_eq!(tries, most);
        assert!(now < 2 * HOUR);
        assert_eq!(shop.names(now / 1_000), [format!("refund-{id}")]);
    }
}

// M11. Meant to notice: `limit` without `stays`; refunds of others not in `sum`; the refund's id from its number.
#[test]
fn never_more_goes_back_than_came_less_what_stays() {
    let mut shop = Shop::open();
    let all = [(1, "SUCCESS"), (2, "SUCCESS"), (3, "SUCCESS")];
    shop.look(11, "PAID", &all);
    assert_eq!(shop.due().unwrap().1, Duty::ReadRefunds);
    // Somebody has sent one back by hand.
    let by_hand = SeenRefund { id: "by-hand".into(), order: String::new(), amount: AMOUNT, status: "SUCCESS".into() };
    shop.say(Event::Refunds { list: vec![by_hand] });
    let id = shop.refund().unwrap();
    assert_eq!(id, id_of(1), "the third was paid first and stays");
    shop.answer(&id, AMOUNT, "PENDING");
    assert_eq!(shop.refund(), None);
    assert!(shop.report(12, false, None));
    assert!(shop.refund().is_some());
}

// Meant to notice: refunds of the gateway's own not counted by `is_money_here` (the claim is granted); not in `sum` (a second refund).
#[test]
fn what_the_gateway_sent_back_by_itself_does_not_go_back_again() {
    let by_itself = |status: &str| SeenRefund {
        id: format!("{}7001", SeenRefund::BY_GATEWAY),
        order: "till-1".into(),
        amount: AMOUNT,
        status: status.into(),
    };
    let mut shop = Shop::open();
    assert!(shop.report(10, false, None));
    shop.look(11, "PAID", &[(1, "SUCCESS")]);
    assert_eq!(shop.due().unwrap().1, Duty::ReadRefunds);
    shop.say(Event::Refunds { list: vec![by_itself("INITIATED")] });
    assert_eq!(shop.refund(), None);
    shop.say(Event::Refunds { list: vec![by_itself("SUCCESS")] });
    assert_eq!((shop.refund(), shop.names(20)), (None, Vec::new()));
    // Paid twice: one is back already, the other one stays, and only what stays pays for goods.
    let mut shop = Shop::open();
    let both = [(1, "SUCCESS"), (2, "SUCCESS")];
    shop.look(11, "PAID", &both);
    shop.say(Event::Refunds { list: vec![by_itself("SUCCESS")] });
    assert_eq!(shop.refund(), None);
    assert!(is_taken(shop.claim(2)));
    let mut twice = by_itself("SUCCESS");
    twice.id.push('1');
    let mut shop = Shop::open();
    shop.look(11, "PAID", &both);
    shop.say(Event::Refunds { list: vec![by_itself("SUCCESS"), twice] });
    assert!(!is_taken(shop.claim(2)), "nothing is left of what was paid");
}

// M3, D18. Meant to notice: the second claim granted; a claim for what was not seen to succeed granted; a report that does not look.
#[test]
fn the_right_to_hand_out_is_granted_once() {
    let mut shop = Shop::open();
    assert_eq!(shop.claim(1), Effect::ReadFirst);
    shop.look(2, "PAID", &[(1, "SUCCESS"), (2, "PENDING")]);
    assert_eq!(shop.claim(1), Effect::News { conflict: false });
    assert!(is_taken(shop.claim(1)), "again");
    assert_eq!(shop.claim(2), Effect::ReadFirst);
    shop.look(3, "PAID", &[(1, "SUCCESS"), (2, "SUCCESS")]);
    assert!(!is_taken(shop.claim(2)), "another");
    assert!(!shop.close(), "the goods may be out");
    assert_eq!(shop.refund(), Some(id_of(2)), "the right decides, not the time");
    assert!(shop.names(100).is_empty());
    assert!(!shop.report(10, true, Some(2)));
    assert_eq!(shop.names(100), ["goods-twice"]);
    assert!(shop.report(11, true, Some(1)));
    assert!(!shop.report(12, false, Some(1)));
    shop.look(13, "PAID", &[(1, "SUCCESS"), (2, "SUCCESS")]);
    assert_eq!(shop.names(1_000_000), ["goods-twice"], "until it is done");
    // Without a right: the earlier one stays, and no other gets it.
    let mut shop = Shop::open();
    shop.look(2, "PAID", &[(1, "SUCCESS"), (2, "SUCCESS")]);
    assert!(!is_taken(shop.claim(1)));
    assert!(is_taken(shop.claim(2)));
}

// Mutant: a refund that failed called pace: the log forgets it. (It shows only until the refund is made.)
#[test]
fn the_kept_events_make_the_same_book() {
    let same = |shop: &Shop| {
        let mut again = Shop::open();
        for event in shop.kept.iter().skip(1) {
            again.say(event.clone());
        }
        assert_eq!(again.entry().is_settled(), shop.entry().is_settled());
        assert!(shop.entry().has_the_same_kept(again.entry()), "after {:?}", shop.kept.last());
    };
    let mut shop = Shop::open();
    assert!(shop.close());
    for second in 1..40 {
        shop.look(second, "ACTIVE", &[(1, "PENDING")]);
    }
    assert!(shop.kept.len() < 8, "looks that show nothing new are not kept: {}", shop.kept.len());
    same(&shop);
    shop.look(60, "TERMINATED", &[(1, "SUCCESS"), (2, "NOT_ATTEMPTED")]);
    same(&shop);
    let id = shop.refund().unwrap();
    shop.say(Event::RefundFailed { at: Moment(61_000), id: id.clone(), refused: false });
    same(&shop);
    shop.answer(&id, AMOUNT, "PENDING");
    same(&shop);
    for second in [4_000, 8_000] {
        shop.look(second, "TERMINATED", &[(1, "SUCCESS"), (2, "NOT_ATTEMPTED")]);
        same(&shop);
    }
}

// Mutant: a report that goods are out, after one that they are not, taken.
#[test]
fn the_first_report_stands() {
    for out in [true, false] {
        let mut shop = Shop::open();
        shop.look(11, "PAID", &[(1, "SUCCESS")]);
        assert!(shop.report(12, out, None));
        assert!(shop.report(13, out, None), "again");
        assert!(!shop.report(14, !out, None), "a contradiction");
        assert_eq!(shop.entry().released(), Some(out));
    }
}

// Mutant: silence told to nobody.
#[test]
fn an_order_of_which_no_reading_came_is_a_persons_matter() {
    let mut shop = Shop::open();
    assert!(shop.report(20, true, Some(1)));
    let told = |shop: &Shop, hours: u64| {
        let now = pay_core::Millis(20_000 + hours * 3_600_000);
        shop.entry().matters(TERMS, now).contains(&Matter::Unreadable)
    };
    assert!(!told(&shop, 23));
    assert!(told(&shop, 25));
    shop.look(100_000, "PAID", &[(1, "SUCCESS")]);
    shop.look(100_031, "PAID", &[(1, "SUCCESS")]);
    assert!(!told(&shop, 30), "settled");
}

#[test]
fn an_old_log_is_understood() {
    let late = Old::RefundDue { late: true };
    let mut shop = of_old_log(&[Old::Made, Old::Closing, late.clone()]);
    shop.look(11, "PAID", &[(1, "SUCCESS")]);
    let old = pay_core::model::RefundId::derive(&shop.order, pay_core::model::RefundReason::LateSuccess, 0);
    assert_eq!(shop.refund(), Some(old.to_string()), "a refund that was begun keeps its id");
    let mut shop = of_old_log(&[Old::Made, Old::Closing, late, Old::Over]);
    shop.look(11, "PAID", &[(1, "SUCCESS")]);
    assert_eq!(shop.refund(), None);
    let shop = of_old_log(&[Old::Made, Old::Reported { released: true }, Old::Counted]);
    assert_eq!(shop.due(), None);
}

// Meant to notice: an epoch that can fall.
#[test]
fn epochs_only_rise() {
    let (mut book, owner) = (Book::default(), Owner::new([1; 32]));
    assert_eq!(book.epoch(&owner), 0);
    book.raise_epoch(owner, 2);
    book.raise_epoch(owner, 1);
    assert_eq!(book.epoch(&owner), 2);
}

fn told(shop: &mut Shop, second: u64, id: u64, status: &str) -> Effect {
    shop.say(Event::Hinted { at: Moment(second * 1_000), told: Told::Payment { id, status: status.to_owned() } })
}

const NEWS: Effect = Effect::News { conflict: false };
const PACE: Effect = Effect::Pace { conflict: false };

// D22. Meant to notice: money believed from a webhook; a hint that is used up by a reading that does not show it, or never; duplicates
// that cost a reading.
#[test]
fn a_webhook_has_the_order_read_until_a_reading_shows_it() {
    let mut shop = Shop::open();
    assert_eq!(told(&mut shop, 100, 7, "SUCCESS"), NEWS);
    assert_eq!(told(&mut shop, 101, 7, "SUCCESS"), PACE, "a duplicate");
    assert_eq!(shop.claim(7), Effect::ReadFirst, "nothing is believed");
    for (second, next) in [(100, 101), (101, 103), (103, 110), (110, 130)] {
        // Where the list does not show it, the order may.
        assert_eq!(shop.due(), Some((Millis(second * 1_000), Duty::Read { order: second > 100 })));
        shop.look(second, "ACTIVE", &[(7, "PENDING")]);
        assert!(shop.due().unwrap().0 <= Millis(next * 1_000), "{second}");
        assert!(shop.entry().is_hinted());
    }
    shop.look(130, "PAID", &[(7, "SUCCESS")]);
    assert!(!shop.entry().is_hinted());
    assert_eq!(told(&mut shop, 131, 7, "SUCCESS"), PACE, "known by now");
    assert_eq!(told(&mut shop, 132, 7, "FAILED"), PACE, "out of order");
    assert_eq!(shop.claim(7), NEWS);
}

// Meant to notice: a hint that has the order read for ever; a failure that is read with the order; a late success that an earlier failure answers.
#[test]
fn hints_end_and_a_late_success_is_one() {
    let mut shop = Shop::open();
    assert_eq!(told(&mut shop, 100, 7, "FAILED"), NEWS);
    assert_eq!(shop.due(), Some((Millis(100_000), Duty::Read { order: false })), "the order says nothing of a failure");
    shop.look(100, "ACTIVE", &[(7, "FAILED")]);
    assert!(!shop.entry().is_hinted());
    assert_eq!(told(&mut shop, 200, 7, "SUCCESS"), NEWS);
    for second in [200, 201, 203, 210, 230] {
        assert!(shop.entry().is_hinted(), "{second}");
        shop.look(second, "ACTIVE", &[(7, "FAILED")]);
    }
    assert!(!shop.entry().is_hinted());
    assert!(shop.due().unwrap().0 > Millis(230_000), "the usual looks go on");
}

// Meant to notice: a refund's end that nobody reads.
#[test]
fn a_webhook_about_a_refund_has_the_refunds_listed() {
    let mut shop = Shop::open();
    assert!(shop.report(10, false, None));
    shop.look(11, "PAID", &[(1, "SUCCESS")]);
    let id = shop.refund().unwrap();
    shop.answer(&id, AMOUNT, "PENDING");
    let told = |at: u64| Event::Hinted {
        at: Moment(at * 1_000),
        told: Told::Refund { id: id.clone(), status: "CANCELLED".to_owned() },
    };
    assert_eq!(shop.say(told(20)), NEWS);
    assert_eq!(shop.due().map(|(_, duty)| duty), Some(Duty::ReadRefunds));
    let seen = SeenRefund { id: id.clone(), order: String::new(), amount: AMOUNT, status: "CANCELLED".into() };
    shop.say(Event::Refunds { list: vec![seen] });
    assert_eq!(shop.names(21), [format!("refund-{id}")]);
    assert_eq!(shop.say(told(22)), PACE, "known");
    assert_ne!(shop.due().map(|(_, duty)| duty), Some(Duty::ReadRefunds));
}

fn decide(shop: &mut Shop, second: u64, decision: Decision) -> bool {
    let (at, who, why) = (Moment(second * 1_000), "asha".to_owned(), "seen".to_owned());
    is_taken(shop.say(Event::Decided { at, decision, who, why }))
}

// Meant to notice: a person's refund that sends nothing back, sends back what never came, or more than once; a person's word for the
// goods that stands beside a device's that says otherwise; an order that is closed although its goods may be out.
#[test]
fn a_person_decides_by_the_rules_of_everybody() {
    let mut shop = Shop::open();
    assert!(!decide(&mut shop, 1, Decision::Refund), "nothing came");
    shop.look(2, "PAID", &[(1, "SUCCESS")]);
    assert!(is_taken(shop.claim(1)));
    assert!(!decide(&mut shop, 3, Decision::Close), "the goods may be out");
    assert_eq!(shop.refund(), None);
    assert!(decide(&mut shop, 4, Decision::GoodsOut));
    assert_eq!(shop.entry().released(), Some(true));
    assert!(!decide(&mut shop, 5, Decision::GoodsIn), "the first report stands");
    assert!(decide(&mut shop, 6, Decision::Refund), "a person may give money back for goods that are out");
    let id = shop.refund().unwrap();
    assert_eq!(id, id_of(1));
    shop.answer(&id, AMOUNT, "SUCCESS");
    assert!(decide(&mut shop, 7, Decision::Refund), "again");
    assert_eq!((shop.refund(), shop.names(100)), (None, Vec::new()));

    let mut shop = Shop::open();
    shop.look(2, "PAID", &[(1, "SUCCESS"), (2, "SUCCESS")]);
    assert!(decide(&mut shop, 3, Decision::Refund));
    assert!(!is_taken(shop.claim(2)), "its money goes back");
    let mut back = Vec::new();
    while let Some(id) = shop.refund() {
        shop.answer(&id, AMOUNT, "SUCCESS");
        back.push(id);
    }
    assert_eq!(back, [id_of(1), id_of(2)]);
    assert!(!shop.report(9, true, None));
    assert_eq!(shop.names(10), ["goods-twice"], "and it was handed out all the same");

    let mut shop = Shop::open();
    shop.look(2, "PAID", &[(1, "SUCCESS")]);
    assert!(decide(&mut shop, 3, Decision::GoodsIn));
    assert_eq!(shop.refund(), Some(id_of(1)));

    let mut shop = Shop::open();
    assert!(decide(&mut shop, 1, Decision::Close) && decide(&mut shop, 2, Decision::Close));
    assert_eq!(shop.due().unwrap().1, Duty::Close);
    shop.look(60, "PAID", &[(1, "SUCCESS")]);
    assert_eq!(shop.refund(), Some(id_of(1)), "late money goes back");
    // What is kept makes the same book.
    let mut again = Shop::open();
    shop.kept.iter().skip(1).for_each(|event| {
        let kept = serde_json::to_string(event).unwrap();
        again.say(serde_json::from_str(&kept).unwrap());
    });
    assert!(shop.entry().has_the_same_kept(again.entry()));
}
