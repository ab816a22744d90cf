//! Who is let in, and to what: clock, keys, versions, flags.

use pay_core::model::ApiVersion;

use super::finding::Finding;
use super::notes::{Answer, KeyKind, Notes, Step};
use super::question::{CARDS, CLOCK, HINTS, KEYS, S2S, VERSIONS};

/// Two clocks may be so far apart, in milliseconds.
const SKEW_MS: i64 = 30_000;
/// What a refusal that is about a flag says of it.
const FLAG: [&str; 4] = ["not_enabled", "not enabled", "feature", "not activated"];

pub(super) fn judge(notes: &Notes) -> Vec<Finding> {
    vec![clock(notes), versions(notes), keys(notes), s2s(notes), cards(notes), hints(notes)]
}

fn clock(notes: &Notes) -> Finding {
    let of_gateway = notes.answers().filter(|(step, _)| step.is_gateway());
    // A date has whole seconds: half of one is what it is short of on the average.
    let ahead = |answer: &Answer| {
        Some(i64::try_from(answer.date?.0).ok()?.saturating_mul(1000).saturating_add(500) - answer.middle_ms)
    };
    let mut all: Vec<i64> = of_gateway.filter_map(|(_, answer)| ahead(answer)).collect();
    all.sort_unstable();
    let Some(&ahead) = all.get(all.len() / 2) else {
        return CLOCK.not_learned("no answer had a Date");
    };
    let came = match ahead / 1000 {
        0 => "They agree within a second".to_owned(),
        s if s > 0 => format!("The gateway's clock is {s} s ahead"),
        s => format!("The gateway's clock is {} s behind", -s),
    };
    if ahead.abs() <= SKEW_MS {
        return CLOCK.as_assumed(came, "Expiry times and certificates are checked against the right time");
    }
    CLOCK.otherwise(
        came,
        "Orders expire earlier or later than intended, and certificates may be refused: set the clock (NTP)",
    )
}

fn versions(notes: &Notes) -> Finding {
    let mut seen = Vec::new();
    for (at, version) in ApiVersion::ALL.into_iter().enumerate() {
        match notes.answer(Step::Version(at)) {
            Ok(answer) => seen.push((version, is_answered(answer), answer.said())),
            Err(why) => return VERSIONS.not_learned(why),
        }
    }
    let list = |wanted: bool| {
        let words =
            seen.iter().filter(|(_, answered, _)| *answered == Some(wanted)).map(|(version, ..)| version.as_str());
        words.collect::<Vec<_>>().join(", ")
    };
    let (answered, refused) = (list(true), list(false));
    if let Some((version, _, said)) = seen.iter().find(|(_, answered, _)| answered.is_none()) {
        return VERSIONS.not_learned(format!("{version} was answered with {said}"));
    }
    if refused.is_empty() {
        return VERSIONS.as_assumed(format!("Answered: {answered}"), "Each may be chosen");
    }
    VERSIONS
        .otherwise(format!("Answered: {}; refused: {refused}", none(&answered)), "Choose a version that is answered")
}

/// Whether the version was taken; `None` where the answer is about something else.
fn is_answered(answer: &Answer) -> Option<bool> {
    match answer.status {
        200..=299 | 404 => Some(true),
        400 if answer.mentions(&["session"]) => Some(true),
        400 if answer.mentions(&["version"]) => Some(false),
        _ => None,
    }
}

fn none(list: &str) -> &str {
    if list.is_empty() { "none" } else { list }
}

fn keys(notes: &Notes) -> Finding {
    let answer = match notes.answer(Step::Create) {
        Ok(answer) => answer,
        Err(why) => return KEYS.not_learned(why),
    };
    let look = match notes.keys.unwrap_or(KeyKind::Unclear) {
        KeyKind::Sandbox => "the keys look like those of the sandbox",
        KeyKind::Production => "the keys look like those of production",
        KeyKind::Unclear => "the keys show no environment",
    };
    match answer.status {
        200..=299 => KEYS.as_assumed("They created an order", "Keys and host belong together"),
        401 => KEYS.otherwise(
            format!("They are refused ({}); {look}", answer.said()),
            "Use the keys of this host: sandbox and production have separate keys",
        ),
        _ => KEYS.not_learned(format!("the order was refused for another reason ({})", answer.said())),
    }
}

fn s2s(notes: &Notes) -> Finding {
    let answer = notes.answer(Step::PayHints).or_else(|_| notes.answer(Step::PaySession));
    match answer {
        Err(why) => S2S.not_learned(why),
        Ok(answer) if answer.is_success() => {
            S2S.as_assumed("Order Pay started a payment", "Terminals can pay orders of this account")
        }
        Ok(answer) if answer.status == 403 || answer.mentions(&FLAG) => S2S.otherwise(
            format!("Order Pay is refused ({})", answer.said()),
            "No terminal can pay: ask the gateway to enable Order Pay (S2S) for the account",
        ),
        Ok(answer) => S2S.not_learned(format!("Order Pay was refused for another reason ({})", answer.said())),
    }
}

fn cards(notes: &Notes) -> Finding {
    match notes.answer(Step::PayCard) {
        Err(why) => CARDS.not_learned(why),
        Ok(answer) if answer.is_success() => CARDS.as_assumed("A test card started a payment", "Cards can be offered"),
        Ok(answer) if answer.status == 403 || answer.mentions(&FLAG) => CARDS.otherwise(
            format!("A card is refused ({})", answer.said()),
            "Offer UPI only, or ask the gateway for the PCI DSS flag",
        ),
        Ok(answer) => CARDS.not_learned(format!("the card was refused for another reason ({})", answer.said())),
    }
}

fn hints(notes: &Notes) -> Finding {
    let without = match notes.answer(Step::PaySession) {
        Ok(answer) => answer,
        Err(why) => return HINTS.not_learned(why),
    };
    if without.is_success() {
        return HINTS.as_assumed("Answered without them", "They may be left out");
    }
    match notes.answer(Step::PayHints) {
        Ok(with) if with.is_success() && without.status == 400 => HINTS.otherwise(
            format!("Refused without them ({}), answered with them", without.said()),
            "Set Terms::client: the headers are required",
        ),
        _ => HINTS.not_learned(format!("Order Pay was refused for another reason ({})", without.said())),
    }
}
