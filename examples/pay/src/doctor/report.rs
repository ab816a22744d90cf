//! What is told, and what never is.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::super::exit::masked;
use super::finding::{Finding, State};
use super::notes::Exchange;
use super::steps::Made;

/// What a visit was to.
pub(super) struct Visited<'a> {
    pub(super) host: &'a str,
    pub(super) environment: &'a str,
    pub(super) api_version: &'a str,
    pub(super) unix_s: u64,
    pub(super) took_s: u64,
    pub(super) order: Option<&'a Made>,
    /// Why it ended early.
    pub(super) stopped: Option<&'a str>,
    /// Why the program ends with 1.
    pub(super) problem: Option<String>,
}

pub(super) fn report(visited: &Visited<'_>, findings: &[Finding], exchanges: &[Exchange]) -> Value {
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    json!({
        "outcome": if visited.problem.is_none() { "done" } else { "error" },
        "error": visited.problem,
        "gateway": visited.host,
        "environment": visited.environment,
        "api_version": visited.api_version,
        "program": concat!("pay ", env!("CARGO_PKG_VERSION")),
        "unix_s": visited.unix_s,
        "took_s": visited.took_s,
        "stopped": visited.stopped,
        "order": visited.order.map(|made| json!({"order_id": made.order_id.as_str(), "closed": made.closed})),
        "as_assumed": count(State::AsAssumed),
        "otherwise": count(State::Otherwise),
        "not_learned": count(State::NotLearned),
        "findings": findings.iter().map(Finding::to_json).collect::<Vec<_>>(),
        "calls": exchanges.iter().map(call).collect::<Vec<_>>(),
    })
}

/// By its request id the gateway's support finds a call.
fn call(exchange: &Exchange) -> Value {
    match &exchange.result {
        Ok(answer) => json!({
            "call": exchange.step.name(),
            "status": answer.status,
            "request_id": answer.header("x-request-id"),
            "took_ms": answer.took_ms,
            "head_bytes": answer.head_len,
            "body_bytes": answer.body.len(),
        }),
        Err(why) => json!({"call": exchange.step.name(), "error": masked(why)}),
    }
}

/// Covers these words wherever they stand: the gateway echoes what it was sent.
pub(super) fn scrub(value: &mut Value, secrets: &[Zeroizing<String>]) {
    match value {
        Value::String(text) => {
            for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
                if text.contains(secret.as_str()) {
                    *text = text.replace(secret.as_str(), "***");
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| scrub(value, secrets)),
        Value::Object(members) => members.values_mut().for_each(|value| scrub(value, secrets)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Mutant: `scrub` that leaves lists alone.
    #[test]
    fn secrets_are_covered_wherever_they_stand() {
        let mut value = json!({"a": ["x key_1 y", {"b": "key_1key_1"}], "n": 1, "c": "key"});
        scrub(&mut value, &["key_1".to_owned().into(), String::new().into()]);
        assert_eq!(value, json!({"a": ["x *** y", {"b": "******"}], "n": 1, "c": "key"}));
    }
}
