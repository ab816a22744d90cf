//! How long a sale waits before it asks again.

use pay_core::model::ApiVersion;
use pay_core::sale::{Millis, Policy, Refunds, Sale};
use pay_core::wire::ResponseHead;

use crate::asking::{policy, shown};
use crate::methods;
use crate::rig::{Asked, Rig, Told, link_reply, list, order_is};
use crate::sold::SESSION;

/// A shopper with all the time in the world.
fn patient() -> Policy {
    let mut policy = policy(Refunds::ByCaller);
    policy.deadline_ms = u32::MAX;
    policy
}

/// How long it waits after this answer before it asks for that.
fn pause(rig: &mut Rig, told: Told, next: &'static str) -> u64 {
    rig.answer(told);
    let since = rig.now;
    assert_eq!(rig.next(), Asked::Send(next));
    rig.now - since
}

/// So long, and up to a quarter more.
fn is_about(pause: u64, ms: u64) -> bool {
    (ms..=ms + ms / 4).contains(&pause)
}

// Meant to notice: a creation that is sent again without a pause, or without end at the same pace.
#[test]
fn a_creation_that_cannot_leave_is_tried_later_and_later() {
    let mut rig = Rig::creating();
    rig.next();
    for ms in [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000] {
        let pause = pause(&mut rig, Told::NotSent, "create");
        assert!(is_about(pause, ms), "{pause} ms for {ms} ms");
    }
}

// Meant to notice: a closed order asked about at the shopper's pace, for half an hour.
#[test]
fn an_order_that_is_being_closed_is_asked_about_later_and_later() {
    let grow = |rig: &mut Rig, told: fn() -> Told, asks| {
        for ms in [6_000, 12_000, 24_000, 48_000, 60_000, 60_000] {
            let pause = pause(rig, told(), asks);
            assert!(is_about(pause, ms), "{pause} ms for {ms} ms");
        }
    };
    let mut rig = shown(patient());
    rig.sale.cancel(Millis(rig.now));
    assert_eq!(rig.next(), Asked::Send("terminate"));
    grow(&mut rig, || order_is("TERMINATION_REQUESTED"), "order");
    // Somebody else closed it while the shopper acts.
    let mut rig = shown(patient());
    rig.tell("order", order_is("EXPIRED"));
    assert_eq!(rig.next(), Asked::Send("list"));
    rig.answer(list(&[(11, "PENDING")]));
    rig.next();
    let pause = pause(&mut rig, list(&[(11, "PENDING")]), "list");
    assert!(pause >= 24_000, "{pause} ms");
}

// Meant to notice: any other jitter than a part of a quarter, the same part for each pause.
#[test]
fn terminals_of_one_shop_do_not_ask_in_step() {
    let jitter = |seed: u8, ask_ms: u32| {
        let mut policy = patient();
        policy.ask_ms = ask_ms;
        let mut rig = Rig::seeded(policy, seed);
        rig.next();
        rig.pay(&methods::link(SESSION), "k0").unwrap();
        rig.tell("pay", link_reply(11)).shown();
        rig.next();
        pause(&mut rig, order_is("ACTIVE"), "order") - u64::from(ask_ms)
    };
    let mut parts = Vec::new();
    for seed in 1..=16 {
        // A quarter of this is 256.
        let part = jitter(seed, 1_024);
        assert!(part < 256, "{part}");
        for ask_ms in [100, 3_000, 5_000, 60_003, 1_000_000_000] {
            assert_eq!(jitter(seed, ask_ms), u64::from(ask_ms) / 4 * part / 256, "{part} of {ask_ms}");
        }
        parts.push(part);
    }
    assert!(parts.iter().any(|part| *part > 170) && parts.iter().any(|part| *part < 86), "{parts:?}");
}

// Meant to notice: a gateway that says how long to wait, not heard; one that asks for a day, obeyed.
#[test]
fn a_limit_of_calls_is_waited_out() {
    type Head = fn(&mut ResponseHead);
    let held = |head: Head, status| {
        let mut rig = shown(patient());
        rig.next();
        let Told::Answer(_, body) = order_is("ACTIVE") else { unreachable!() };
        pause(&mut rig, Told::With(head, status, body), "order")
    };
    let spent: [(Head, u64); 4] = [
        (|head| head.rate_limit.remaining = Some(0), 10_000),
        (|head| (head.rate_limit.remaining, head.rate_limit.retry_s) = (Some(0), Some(0)), 10_000),
        (|head| (head.rate_limit.remaining, head.rate_limit.retry_s) = (Some(0), Some(20)), 20_000),
        (|head| (head.rate_limit.remaining, head.rate_limit.retry_s) = (Some(0), Some(86_400)), 3_600_000),
    ];
    for (head, ms) in spent {
        assert_eq!(held(head, 200), ms);
    }
    assert!(is_about(held(|head| head.rate_limit.remaining = Some(1), 200), 3_000));
    let throttled: [(Head, u64); 4] = [
        (|head| head.rate_limit.retry_s = None, 60_000),
        (|head| head.rate_limit.retry_s = Some(0), 60_000),
        (|head| head.rate_limit.retry_s = Some(7), 7_000),
        (|head| head.rate_limit.retry_s = Some(86_400), 3_600_000),
    ];
    for (head, ms) in throttled {
        let pause = held(head, 429);
        assert!((ms..ms + 250).contains(&pause), "{pause} ms for {ms} ms");
    }
}

// Meant to notice: an answer held beyond the shopper's time.
#[test]
fn an_answer_is_held_no_longer_than_the_shopper_has() {
    for (left, wait_s) in [(20_000, 9), (9_000, 9), (5_500, 5), (999, 0)] {
        let mut rig = shown(policy(Refunds::ByBackend));
        rig.now = 300_000 - left;
        assert_eq!(rig.next(), Asked::Send("order"));
        assert_eq!(rig.wait_s, wait_s, "{left} ms left");
    }
}

// Meant to notice: an order closed by a call that its version does not have; one left open although it has.
#[test]
fn an_order_is_closed_by_a_call_where_there_is_one() {
    for (api_version, asks) in [
        (ApiVersion::V2022_09_01, "order"),
        (ApiVersion::V2023_08_01, "terminate"),
        (ApiVersion::V2026_01_01, "terminate"),
    ] {
        let mut rig = shown(policy(Refunds::ByCaller));
        let mut record = rig.journal.clone().unwrap();
        record.api_version = api_version;
        rig.sale = Sale::resume(record, policy(Refunds::ByCaller), [9; 16], Millis(rig.now));
        rig.sale.cancel(Millis(rig.now));
        assert_eq!(rig.next(), Asked::Send(asks), "{api_version:?}");
    }
}
