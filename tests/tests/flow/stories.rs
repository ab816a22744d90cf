//! Stories in which an earlier version of the flow said something that was not so, or did something it should not have.

use pay_core::model::{CfPaymentId, RefundReason};
use pay_core::sale::{NotPaid, Outcome, Policy, SaleError, Stage, Switch};

use crate::methods;
use crate::rig::{Asked, Rig, Told, card_reply, link_reply, list, order_is, otp_reply, refused};
use crate::sold::SESSION;

fn rig() -> Rig {
    let mut rig = Rig::new(Policy::with_ask());
    assert_eq!(rig.next(), Asked::Ready(String::new()));
    rig
}

/// Link 11 was shown and left behind, link 12 is shown.
fn two_links() -> Rig {
    let mut rig = rig();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    rig.switch(Switch::GoOn).unwrap();
    rig.pay(&methods::link(SESSION), "k1").unwrap();
    rig.tell("pay", link_reply(12)).shown();
    rig
}

/// Paid with that one; another may still take money.
fn paid(id: u64) -> Outcome {
    Outcome::Paid { cf_payment_id: Some(CfPaymentId::new(id)), watch: true }
}

/// A card whose answer was lost.
fn lost_card() -> Rig {
    let mut rig = rig();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", Told::Lost);
    rig
}

#[test]
fn a_dropped_exchange_leaves_the_standing_unknown() {
    let mut rig = rig();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    assert_eq!(rig.sale.standing(), Outcome::NotPaid(NotPaid::NotSent));
    assert_eq!(rig.next(), Asked::Send("pay"));
    rig.token = None;
    assert_eq!(rig.sale.standing(), Outcome::Unknown);
}

#[test]
fn a_link_left_behind_counts_in_the_standing() {
    let mut rig = rig();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    rig.switch(Switch::GoOn).unwrap();
    rig.pay(&methods::card(SESSION), "k1").unwrap();
    rig.tell("pay", Told::NotSent);
    assert_eq!(rig.sale.standing(), Outcome::Pending);
}

// Mutant: `cancel` without settling the lost exchange sends an empty body under the order's key.
#[test]
fn a_cancelled_creation_stays_cancelled() {
    let mut rig = Rig::creating();
    assert_eq!(rig.next(), Asked::Send("create"));
    rig.token = None;
    rig.sale.cancel(pay_core::sale::Millis(10));
    assert_eq!(rig.next(), Asked::Done(Outcome::NotPaid(NotPaid::NotStarted)));

    // The answer that comes after all changes nothing.
    let mut rig = Rig::creating();
    assert_eq!(rig.next(), Asked::Send("create"));
    rig.sale.cancel(pay_core::sale::Millis(10));
    rig.answer(order_is("ACTIVE"));
    assert_eq!(rig.next(), Asked::Done(Outcome::NotPaid(NotPaid::NotStarted)));
}

// Mutant: another body under the key of a create call taken for a refusal: the order that is there is called refused.
#[test]
fn an_order_that_this_device_made_in_another_form_is_read() {
    let mut rig = Rig::creating();
    let reused = r#"{"code":"request_invalid","type":"idempotency_error"}"#.to_owned();
    rig.tell("create", Told::Answer(422, reused));
    rig.tell("order", order_is("ACTIVE")).tell("list", list(&[]));
    assert_eq!(rig.next(), Asked::Ready(String::new()));
}

#[test]
fn a_cancelled_payment_is_closed_and_found_out() {
    for told in [Told::NotSent, link_reply(11), refused()] {
        let mut rig = rig();
        rig.pay(&methods::link(SESSION), "k0").unwrap();
        assert_eq!(rig.next(), Asked::Send("pay"));
        rig.sale.cancel(pay_core::sale::Millis(10));
        rig.answer(told);
        assert_eq!(rig.next(), Asked::Send("terminate"));
        rig.answer(order_is("TERMINATED"));
        assert_eq!(
            rig.rounds("TERMINATED", &[(11, "USER_DROPPED")]),
            Asked::Done(Outcome::NotPaid(NotPaid::Terminated))
        );
        assert_eq!(rig.pay(&methods::card(SESSION), "k1"), Err(SaleError::NotNow));
    }
}

// Mutant: `cancel` that takes an attempt that waits for its first chance to leave for one that may have charged ends unknown.
#[test]
fn what_never_left_is_not_paid_when_it_is_given_up() {
    let mut rig = Rig::new(Policy::session_only());
    assert_eq!(rig.next(), Asked::Ready(String::new()));
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", Told::NotSent);
    rig.sale.cancel(pay_core::sale::Millis(rig.now));
    assert_eq!(rig.next(), Asked::Done(Outcome::NotPaid(NotPaid::NotSent)));
}

// Mutant: `watch_on` that knows the time of this power-on alone asks every few seconds, for half an hour.
#[test]
fn after_a_boot_the_reading_that_settles_is_made_when_it_is_due() {
    const HALF_AN_HOUR: u64 = 30 * 60_000;
    let mut rig = rig();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    rig.sale.cancel(pay_core::sale::Millis(rig.now));
    let left = [(11, "NOT_ATTEMPTED")];
    rig.tell("terminate", order_is("TERMINATED")).tell("list", list(&left));
    let first = rig.now;
    assert_eq!(rig.next(), Asked::Send("list"));
    assert_eq!(rig.now, first + HALF_AN_HOUR);
    // The power goes before that, and comes back.
    rig.now = first + 60_000;
    rig.power_cut(Policy::with_ask());
    rig.tell("order", order_is("TERMINATED")).tell("list", list(&left));
    assert_eq!(rig.next(), Asked::Send("list"));
    assert!((first + HALF_AN_HOUR..first + HALF_AN_HOUR + 2_000).contains(&rig.now), "asked at {}", rig.now);
}

// Mutant: waiting for the settling time, then closing, when the list shows that every attempt has failed.
#[test]
fn a_failure_seen_in_the_list_ends_the_attempt_and_not_the_sale() {
    let mut rig = lost_card();
    assert_eq!(rig.rounds("ACTIVE", &[(11, "FAILED")]), Asked::Ready("Failed".to_owned()));
    let mut rig = two_links();
    assert_eq!(rig.rounds("ACTIVE", &[(11, "FAILED"), (12, "FAILED")]), Asked::Ready("Failed".to_owned()));
    assert_eq!(rig.sale.record().stage, Stage::Open);
}

// Mutant: `NotFound` left out of `may_have_charged`.
#[test]
fn what_was_not_found_is_watched_all_the_same() {
    let mut rig = lost_card();
    assert_eq!(rig.rounds("ACTIVE", &[]), Asked::Ready("NotFound".to_owned()));
    rig.pay(&methods::card(SESSION), "k1").unwrap();
    rig.tell("pay", Told::Lost).tell("order", order_is("PAID")).tell("list", list(&[(11, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(paid(11)));
    rig.power_cut(Policy::with_ask());
    let end = rig.rounds("PAID", &[(11, "SUCCESS"), (12, "SUCCESS")]);
    assert_eq!(end, Asked::Done(Outcome::RefundDue(RefundReason::Surplus)));

    // And it is looked for before "not paid" is said.
    let mut rig = lost_card();
    assert_eq!(rig.rounds("ACTIVE", &[]), Asked::Ready("NotFound".to_owned()));
    rig.sale.cancel(pay_core::sale::Millis(rig.now));
    let end = rig.rounds("TERMINATED", &[(11, "SUCCESS")]);
    assert_eq!(end, Asked::Done(Outcome::RefundDue(RefundReason::LateSuccess)));
}

// Mutants: closing the watch on a list that lacks an attempt; closing it on the first reading.
#[test]
fn a_watch_ends_when_every_attempt_has_been_seen_to_end_twice() {
    for payments in [&[][..], &[(12, "SUCCESS")], &[(11, "PENDING"), (12, "SUCCESS")]] {
        let mut rig = two_links();
        rig.tell("order", order_is("PAID")).tell("list", list(&[(12, "SUCCESS")]));
        assert_eq!(rig.next(), Asked::Done(paid(12)));
        rig.power_cut(Policy::with_ask());
        for _ in 0..20 {
            rig.tell("list", list(payments));
        }
        assert!(rig.sale.record().is_open());
    }
    let mut rig = two_links();
    rig.tell("order", order_is("PAID")).tell("list", list(&[(11, "NOT_ATTEMPTED"), (12, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(paid(12)));
    rig.power_cut(Policy::with_ask());
    let both = [(11, "FAILED"), (12, "SUCCESS")];
    rig.tell("list", list(&both));
    assert_eq!(rig.next(), Asked::Send("list"), "a failure may be followed by a late success");
    rig.answer(list(&both));
    let end = rig.rounds("PAID", &both);
    let paid = Outcome::Paid { cf_payment_id: Some(pay_core::model::CfPaymentId::new(12)), watch: false };
    assert_eq!(end, Asked::Done(paid));
    assert!(!rig.sale.record().is_open());
}

// Mutant: `on_closed` finishing without reading the payments.
#[test]
fn a_closed_order_whose_list_lacks_our_attempt_is_not_settled() {
    let mut rig = rig();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", card_reply(11)).shown();
    rig.sale.cancel(pay_core::sale::Millis(rig.now));
    rig.tell("terminate", order_is("TERMINATED"));
    for _ in 0..10 {
        rig.tell("list", list(&[]));
    }
    assert_eq!(
        rig.rounds("TERMINATED", &[(11, "SUCCESS")]),
        Asked::Done(Outcome::RefundDue(RefundReason::LateSuccess))
    );
}

// Mutant: a reading that failed leaves those before it in force.
#[test]
fn lists_agree_only_if_every_reading_between_them_came() {
    for between in [Told::Lost, Told::Answer(200, "<html>".to_owned()), Told::Answer(503, String::new())] {
        let mut rig = rig();
        rig.pay(&methods::link(SESSION), "k0").unwrap();
        rig.tell("pay", link_reply(12)).shown();
        rig.sale.cancel(pay_core::sale::Millis(rig.now));
        let ended = || list(&[(12, "USER_DROPPED")]);
        rig.tell("terminate", order_is("TERMINATED")).tell("list", ended()).tell("list", between);
        rig.tell("list", ended());
        assert_eq!(rig.next(), Asked::Send("list"), "one reading was taken for two");
    }
}

// Mutant: keeping `repeats` in the sale alone forgets it in a power cut.
#[test]
fn a_repeat_is_remembered_over_a_power_cut() {
    let mut rig = rig();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", Told::Lost).tell("order", order_is("ACTIVE")).tell("list", list(&[]));
    rig.tell("pay", link_reply(12));
    assert!(matches!(rig.next(), Asked::Present(_)));
    rig.power_cut(Policy::with_ask());
    rig.tell("order", order_is("PAID")).tell("list", list(&[(12, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(paid(12)));
}

// Mutant: giving an attempt without a number the first payment that nobody claims.
#[test]
fn a_payment_that_may_be_anybodys_ends_nobodys_attempt() {
    // 11 is an orphan of a repeated link whose answer named 12; 13 is the card's, and pending.
    let mut rig = rig();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", Told::Lost).tell("order", order_is("ACTIVE")).tell("list", list(&[]));
    rig.tell("pay", link_reply(12)).shown();
    assert_eq!(rig.rounds("ACTIVE", &[(12, "FAILED")]), Asked::Ready("Failed".to_owned()));
    rig.pay(&methods::card(SESSION), "k1").unwrap();
    rig.tell("pay", Told::Lost).tell("order", order_is("ACTIVE"));
    for payments in [
        [(11, "USER_DROPPED"), (12, "FAILED"), (13, "PENDING")],
        [(13, "PENDING"), (12, "FAILED"), (11, "USER_DROPPED")],
    ] {
        rig.tell("list", list(&payments)).tell("order", order_is("ACTIVE"));
    }
    // 13 may still charge, so the sale goes on asking about it.
    let payments = [(13, "SUCCESS"), (12, "FAILED"), (11, "USER_DROPPED")];
    rig.tell("list", list(&payments)).tell("order", order_is("PAID")).tell("list", list(&payments));
    assert_eq!(rig.next(), Asked::Done(paid(13)));
}

#[test]
fn an_attempt_that_has_ended_is_not_sent_again() {
    let mut rig = rig();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", Told::Lost);
    assert_eq!(rig.rounds("ACTIVE", &[(11, "USER_DROPPED")]), Asked::Ready("UserDropped".to_owned()));

    let mut policy = Policy::with_ask();
    policy.repeat_charging = true;
    let mut rig = Rig::new(policy);
    assert_eq!(rig.next(), Asked::Ready(String::new()));
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", Told::Lost).tell("order", order_is("ACTIVE")).tell("list", list(&[(11, "PENDING")]));
    assert_eq!(rig.next(), Asked::Send("order"), "a card that is pending was sent again");
}

// `card_reply` and `list` have amounts with a third decimal.
#[test]
fn an_amount_that_is_never_compared_is_no_reason_for_doubt() {
    let mut rig = rig();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", card_reply(11));
    assert_eq!(rig.next(), Asked::Present("open_url"));
}

#[test]
fn who_paid_is_said_only_where_it_is_known() {
    let mut rig = two_links();
    rig.tell("order", order_is("PAID"));
    // The list is behind the order.
    rig.tell("list", list(&[])).tell("list", list(&[(11, "NOT_ATTEMPTED"), (12, "PENDING")]));
    rig.tell("list", list(&[(11, "NOT_ATTEMPTED"), (12, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(paid(12)));
}

// Mutant: ending on `SUCCESS` alone.
#[test]
fn money_that_is_held_is_not_no_money() {
    let mut rig = rig();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", card_reply(11)).shown();
    rig.sale.cancel(pay_core::sale::Millis(rig.now));
    rig.tell("terminate", order_is("TERMINATED"));
    for _ in 0..10 {
        rig.tell("list", list(&[(11, "HELD")]));
    }
    assert_eq!(rig.sale.record().stage, Stage::Closing);
}

#[test]
fn a_repeat_that_cannot_leave_does_not_keep_it_from_asking() {
    let mut rig = rig();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", Told::Lost).tell("order", order_is("ACTIVE")).tell("list", list(&[]));
    rig.tell("pay", Told::NotSent).tell("order", order_is("PAID")).tell("list", list(&[(11, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(paid(11)));
}

// Mutants: not wiping `tx` in `pay`; keeping the session while the order is being closed.
#[test]
fn nothing_secret_outlives_its_use() {
    let holds = |bytes: &[u8], text: &str| String::from_utf8_lossy(bytes).contains(text);
    let mut rig = rig();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", refused());
    rig.pay(&methods::link(SESSION), "k1").unwrap();
    assert!(!holds(&rig.tx, "card_cvv"));

    // Given up before it could leave, by a terminal that cannot ask.
    let mut rig = Rig::new(Policy::session_only());
    rig.next();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", refused());
    rig.pay(&methods::card(SESSION), "k1").unwrap();
    rig.tell("pay", Told::NotSent);
    rig.sale.cancel(pay_core::sale::Millis(rig.now));
    assert_eq!(rig.next(), Asked::Done(Outcome::Unknown));
    assert!(!holds(&rig.tx, "card_cvv") && rig.sale.session().is_none());

    let mut rig = Rig::creating();
    rig.tell("create", order_is("ACTIVE"));
    assert!(matches!(rig.next(), Asked::Ready(_)));
    assert!(rig.sale.session().is_some());
    rig.sale.cancel(pay_core::sale::Millis(1));
    assert!(rig.sale.session().is_none());
    assert!(matches!(rig.rounds("TERMINATED", &[]), Asked::Done(_)));
    assert!(!holds(&rig.rx, "session_abc"));
}

#[test]
fn a_token_of_another_sale_and_other_buffers_are_refused() {
    let mut creating = Rig::creating();
    assert_eq!(creating.next(), Asked::Send("create"));
    let mut rig = rig();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    assert_eq!(rig.next(), Asked::Send("pay"));
    rig.token = creating.token.take();
    rig.answer(refused());
    assert_eq!(rig.sale.standing(), Outcome::Unknown);

    let mut rig = self::rig();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    let (mut tx, mut rx) = ([0; 16], vec![0; 16 * 1024]);
    let mut buffers = pay_core::sale::Buffers { tx: &mut tx, rx: &mut rx };
    let mut now = 0;
    let error = loop {
        match rig.sale.step(pay_core::sale::Millis(now), &mut buffers) {
            Ok(pay_core::sale::Step::Commit(token, _)) => rig.sale.committed(token),
            Ok(step) => panic!("{step:?}"),
            Err(error) => break error,
        }
        now += 1;
    };
    assert!(matches!(error, SaleError::Encode(_)), "{error:?}");
}

#[test]
fn each_otp_has_a_key_of_its_own() {
    let mut rig = rig();
    rig.pay(&methods::card_otp(SESSION), "k0").unwrap();
    rig.tell("pay", otp_reply(11));
    assert_eq!(rig.next(), Asked::Present("enter_otp"));
    assert_eq!(rig.submit_otp("k0"), Err(SaleError::KeyReused));
    rig.submit_otp("o0").unwrap();
    let wrong = r#"{"cf_payment_id":"11","action":"SUBMIT_OTP","authenticate_status":"FAILED"}"#;
    rig.tell("otp", Told::Answer(200, wrong.to_owned()));
    assert_eq!(rig.next(), Asked::Present("enter_otp"));
    assert_eq!(rig.submit_otp("o0"), Err(SaleError::KeyReused));
}

#[test]
fn a_refund_that_was_made_closes_the_record() {
    let mut rig = rig();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", card_reply(11)).shown();
    assert_eq!(rig.sale.refunded(), Err(SaleError::NotNow));
    rig.sale.cancel(pay_core::sale::Millis(rig.now));
    rig.tell("terminate", order_is("PAID")).tell("list", list(&[(11, "SUCCESS")]));
    assert_eq!(rig.next(), Asked::Done(Outcome::RefundDue(RefundReason::LateSuccess)));
    assert!(rig.sale.record().is_open());
    rig.sale.refunded().unwrap();
    assert!(matches!(rig.next(), Asked::Done(_)));
    assert_eq!(rig.journal.unwrap().stage, Stage::Refunded(RefundReason::LateSuccess));
}

// Mutant: `is_ours` without the amount.
#[test]
fn an_order_over_another_amount_is_not_ours() {
    let mut rig = lost_card();
    let Told::Answer(status, body) = order_is("PAID") else { unreachable!() };
    for other in [body.replace("10.15", "10.16"), body.replace("INR", "USD"), body.replace("till-1", "till-2")] {
        rig.tell("order", Told::Answer(status, other));
    }
    assert_eq!(rig.sale.record().stage, Stage::Open);
    assert!(rig.sale.route_problem().is_some());
}

// Mutant: taking any readable reply for the attempt's.
#[test]
fn a_reply_to_something_else_is_no_reply() {
    let mut rig = rig();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", card_reply(11)).tell("order", order_is("ACTIVE"));

    let mut rig = self::rig();
    rig.pay(&methods::link(SESSION), "k0").unwrap();
    rig.tell("pay", link_reply(11)).shown();
    rig.switch(Switch::GoOn).unwrap();
    rig.pay(&methods::link(SESSION), "k1").unwrap();
    rig.tell("pay", link_reply(11)).tell("order", order_is("ACTIVE"));
}

// Mutant: `switch_method` that does not look at what the attempt can do by itself.
#[test]
fn a_card_is_not_left_behind() {
    let mut rig = rig();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", card_reply(11)).shown();
    assert_eq!(rig.switch(Switch::GoOn), Err(SaleError::NotNow));
}

// Mutant: `replayed` ignored: the refusal is that of an earlier call under the key, whose fate is not known.
#[test]
fn a_refusal_from_the_store_is_asked_about() {
    let mut rig = rig();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    let Told::Answer(status, body) = refused() else { unreachable!() };
    rig.tell("pay", Told::With(|head| head.replayed = true, status, body)).tell("order", order_is("PAID"));
}

// Mutant: `truncated` ignored.
#[test]
fn a_list_that_was_cut_proves_no_absence() {
    let mut rig = lost_card();
    for _ in 0..30 {
        rig.tell("order", order_is("ACTIVE"));
        rig.tell("list", Told::With(|head| head.truncated = true, 200, "[]".to_owned()));
    }
    assert!(rig.now > 60_000);
    assert!(matches!(rig.sale.standing(), Outcome::Unknown));
}

// Mutant: `throttled` not looked at: a gateway that throttles too late has begun, and the 404 is somebody's between.
#[test]
fn a_refusal_after_throttling_says_nothing() {
    let mut rig = rig();
    rig.pay(&methods::card(SESSION), "k0").unwrap();
    rig.tell("pay", Told::Answer(429, "{}".to_owned()));
    assert_eq!(rig.sale.standing(), Outcome::Unknown);
    let mut untrusted = self::rig();
    untrusted.pay(&methods::card(SESSION), "k0").unwrap();
    untrusted.tell("pay", Told::Answer(429, "{}".to_owned()));
    untrusted.tell("pay", Told::Untrusted).tell("order", order_is("PAID"));
    rig.tell("pay", refused()).tell("order", order_is("PAID")).tell("list", list(&[(11, "SUCCESS")]));
    assert!(matches!(rig.next(), Asked::Done(Outcome::Paid { .. })));
}
