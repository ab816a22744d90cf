//! What idempotency keys are good for.

use super::finding::Finding;
use super::notes::{Answer, Notes, Step};
use super::question::{REPEAT_CHANGED, REPEAT_CONCURRENT, REPEAT_FAILURE, REPEAT_KEYS, REPEAT_SESSION};

pub(super) fn judge(notes: &Notes) -> Vec<Finding> {
    vec![session(notes), keys(notes), changed(notes), concurrent(notes), failure(notes)]
}

/// The same call twice.
enum Twice {
    OnePayment(String),
    TwoPayments(String),
    NotLearned(String),
}

fn twice(notes: &Notes, first: Step, again: Step) -> Twice {
    let (first, again) = match (notes.success(first), notes.answer(again)) {
        (Ok(first), Ok(again)) => (first, again),
        (Err(why), _) | (_, Err(why)) => return Twice::NotLearned(why),
    };
    match (first.payment(), again.payment()) {
        (Some(one), Some(other)) if one == other => {
            Twice::OnePayment(format!("The repeat returned the first payment{}", marked(again)))
        }
        (Some(_), Some(_)) => Twice::TwoPayments(format!("The repeat started another payment{}", marked(again))),
        _ => Twice::NotLearned(format!("the repeat was refused ({})", again.said())),
    }
}

fn marked(answer: &Answer) -> &'static str {
    match answer.replayed() {
        Some(true) => ", marked as a replay",
        Some(false) => ", marked as no replay",
        None => "; x-idempotency-replayed was not sent",
    }
}

fn session(notes: &Notes) -> Finding {
    const HONOURED: &str =
        "A repeat without keys is the same payment. The library still sends a card only once: this is not documented";
    let first = notes.begun_without_keys();
    match twice(notes, first, Step::PaySessionAgain) {
        Twice::OnePayment(came) => REPEAT_SESSION.otherwise(came, HONOURED),
        Twice::TwoPayments(came) => REPEAT_SESSION.as_assumed(
            came,
            "Without keys a repeat is one more payment; the library repeats only codes and links, and watches both",
        ),
        Twice::NotLearned(why) => match notes.answer(Step::StrangerAgain) {
            // Without an account nothing but refusals can be repeated.
            Ok(again) if again.replayed() == Some(true) => {
                REPEAT_SESSION.otherwise("A repeated refusal was marked as a replay", HONOURED)
            }
            Ok(again) => REPEAT_SESSION.not_learned(format!(
                "a repeated refusal came{}; to repeat a payment, merchant keys are needed",
                marked(again)
            )),
            Err(_) => REPEAT_SESSION.not_learned(why),
        },
    }
}

fn keys(notes: &Notes) -> Finding {
    match twice(notes, Step::PayKeys, Step::PayKeysAgain) {
        Twice::OnePayment(came) => {
            REPEAT_KEYS.as_assumed(came, "With keys a repeat is safe as long as the gateway stores the key")
        }
        Twice::TwoPayments(came) => {
            REPEAT_KEYS.otherwise(came, "Leave Policy::repeat_charging off: a repeat charges twice, even with keys")
        }
        Twice::NotLearned(why) => REPEAT_KEYS.not_learned(why),
    }
}

fn changed(notes: &Notes) -> Finding {
    let (first, other) = match (notes.success(Step::PayKeys), notes.answer(Step::PayChanged)) {
        (Ok(first), Ok(other)) => (first, other),
        (Err(why), _) | (_, Err(why)) => return REPEAT_CHANGED.not_learned(why),
    };
    let same = first.payment() == other.payment();
    match (other.status, other.is_success()) {
        (422, _) => REPEAT_CHANGED.as_assumed("422", "The gateway notices a changed body"),
        (_, true) if same => {
            REPEAT_CHANGED.otherwise("The first payment again", "The body is not compared: the key alone decides")
        }
        (_, true) => {
            REPEAT_CHANGED.otherwise("Another payment", "The key is ignored, or counts together with the body")
        }
        _ => REPEAT_CHANGED.otherwise(
            format!("Another refusal ({})", other.said()),
            "It says nothing about the first payment; the sale asks",
        ),
    }
}

fn concurrent(notes: &Notes) -> Finding {
    let both = [0, 1].map(|at| notes.answer(Step::PayAtOnce(at)));
    let [one, other] = match both {
        [Ok(one), Ok(other)] => [one, other],
        [Err(why), _] | [_, Err(why)] => return REPEAT_CONCURRENT.not_learned(why),
    };
    let refused = if one.is_success() { other } else { one };
    match (one.payment(), other.payment()) {
        (Some(a), Some(b)) if a == b => {
            REPEAT_CONCURRENT.as_assumed("Both got one payment", "The second waits for the first")
        }
        (Some(_), Some(_)) => REPEAT_CONCURRENT.otherwise(
            "Two payments started",
            "Two calls at once are two payments: let only one terminal pay an order",
        ),
        (None, None) => REPEAT_CONCURRENT.not_learned(format!("both were refused ({})", one.said())),
        _ if refused.status == 409 => REPEAT_CONCURRENT.as_assumed(
            format!("One payment; the other call was refused ({})", refused.said()),
            "A 409 can mean that the first call still runs; the sale asks",
        ),
        _ => REPEAT_CONCURRENT.otherwise(
            format!("One payment; the other call was refused ({})", refused.said()),
            "It counts as unknown, and the sale asks",
        ),
    }
}

fn failure(notes: &Notes) -> Finding {
    let (first, again) = match (notes.answer(Step::PayWrong), notes.answer(Step::PayWrongAgain)) {
        (Ok(first), Ok(again)) => (first, again),
        (Err(why), _) | (_, Err(why)) => return REPEAT_FAILURE.not_learned(why),
    };
    if first.is_success() {
        return REPEAT_FAILURE.not_learned("a call that should have failed did not");
    }
    match again.replayed() {
        Some(true) => REPEAT_FAILURE.as_assumed(
            format!("A repeated refusal ({}) was marked as a replay", again.said()),
            "A failed key keeps failing: the next attempt needs a new key, as the library does",
        ),
        Some(false) => REPEAT_FAILURE.otherwise(
            format!("The repeated call was executed anew ({})", again.said()),
            "This refusal is not stored; the library uses a new key after a failure in any case",
        ),
        None => REPEAT_FAILURE.not_learned("x-idempotency-replayed was not sent"),
    }
}
