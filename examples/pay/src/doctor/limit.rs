//! How many calls a minute are allowed, by the gateway's own headers.

use super::finding::Finding;
use super::notes::{Answer, Notes, Step};
use super::question::{LIMIT_KEYS, LIMIT_SESSION};

/// The published limits of Order Pay for each address: the gateway's rate limit page.
const SANDBOX: u32 = 30;
const PRODUCTION: u32 = 100;

pub(super) fn judge(notes: &Notes) -> Vec<Finding> {
    vec![session(notes), keys(notes)]
}

/// Without keys, from whichever call there was.
fn keyless(notes: &Notes) -> Result<&Answer, String> {
    notes.answer(Step::PaySession).or_else(|why| notes.answer(Step::Stranger).map_err(|_| why))
}

fn words(answer: &Answer, limit: u32) -> String {
    match answer.header("x-ratelimit-type") {
        Some("ip") => format!("{limit} a minute for each address"),
        Some("app_id") => format!("{limit} a minute for the account"),
        _ => format!("{limit} a minute"),
    }
}

fn session(notes: &Notes) -> Finding {
    let answer = match keyless(notes) {
        Ok(answer) => answer,
        Err(why) => return LIMIT_SESSION.not_learned(why),
    };
    let Some(limit) = answer.number("x-ratelimit-limit") else {
        return LIMIT_SESSION.not_learned("the answers have no x-ratelimit-limit");
    };
    let published = if notes.is_test { SANDBOX } else { PRODUCTION };
    let came = words(answer, limit);
    match (limit >= published, answer.header("x-ratelimit-type")) {
        (true, Some("ip") | None) => LIMIT_SESSION.as_assumed(
            came,
            format!("Terminals behind one address share it: at most {} sales a minute with a repeat each", limit / 2),
        ),
        (true, Some(_)) => {
            LIMIT_SESSION.otherwise(came, "It is not counted by address: more terminals can share an address")
        }
        (false, _) => LIMIT_SESSION.otherwise(
            came,
            format!("Less than the published {published}: let fewer terminals share an address, or they wait"),
        ),
    }
}

fn keys(notes: &Notes) -> Finding {
    let (without, with) = match (keyless(notes), notes.answer(Step::PayKeys)) {
        (Ok(without), Ok(with)) => (without, with),
        (Err(why), _) | (_, Err(why)) => return LIMIT_KEYS.not_learned(why),
    };
    let limit = |answer: &Answer| answer.number("x-ratelimit-limit");
    let (Some(before), Some(after)) = (limit(without), limit(with)) else {
        return LIMIT_KEYS.not_learned("the answers have no x-ratelimit-limit");
    };
    let counted = |answer: &Answer| answer.header("x-ratelimit-type").map(str::to_owned);
    let came = format!("{} without keys, {} with", words(without, before), words(with, after));
    if before == after && counted(without) == counted(with) {
        return LIMIT_KEYS.as_assumed(came, "Sending keys with Order Pay changes nothing");
    }
    match counted(without) == counted(with) {
        true => LIMIT_KEYS.otherwise(came, "A till with keys has another limit than one without"),
        false => LIMIT_KEYS.otherwise(
            came,
            "With keys the calls count for the account: tills that share an address do not share a limit",
        ),
    }
}
