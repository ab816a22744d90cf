//! The order of a scenario at the gateway, and what must hold of it at the end.

use sandbox::{Expect, Gateway, Means, Mode, Request, SCENARIO_HEADER, Scenario};

use crate::terminal::{Ended, LIFE_MS, ORDER};

/// So long after its end nothing happens any more, not even an order's expiry.
pub const LONG_AFTER_MS: u64 = 40 * 24 * 3_600_000;

/// Makes the order, naming the scenario in a header, and gives its session. It expires after half an hour.
pub fn make_order(gateway: &mut Gateway, keys: (&str, &str), scenario: &Scenario, now: u64) -> String {
    let expiry = iso(now + LIFE_MS);
    let body = format!(
        r#"{{"order_id":"{ORDER}","order_amount":10.15,"order_currency":"INR","order_expiry_time":"{expiry}",
            "customer_details":{{"customer_id":"walk_in","customer_phone":"9999999999"}}}}"#
    );
    let request = Request::new("POST", "/pg/orders")
        .with_header("x-api-version", "2025-01-01")
        .with_header("x-client-id", keys.0)
        .with_header("x-client-secret", keys.1)
        .with_header(SCENARIO_HEADER, scenario.id)
        .with_json(body);
    let answer = gateway.handle(&request, now);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let order: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    order["payment_session_id"].as_str().expect("a session").to_owned()
}

/// What is wrong with how a terminal ended, if anything is. The gateway's clock has run on for [`LONG_AFTER_MS`].
pub fn judge(scenario: &Scenario, mode: Mode, ended: &Ended, gateway: &Gateway) -> Result<(), String> {
    let expected = scenario.expect(mode).expect("it applies");
    let books = ended.said.check(gateway, ORDER);
    judge_by(scenario, &format!("{mode:?}"), ended, gateway, expected, books)
}

/// The same of a terminal that must end so; `books`: whether the gateway's agree with what it said.
pub fn judge_by(
    scenario: &Scenario,
    mode: &str,
    ended: &Ended,
    gateway: &Gateway,
    expected: Expect,
    books: Result<(), String>,
) -> Result<(), String> {
    let what = |why: String| {
        let attempts: Vec<_> = ended.record.attempts().map(|attempt| (&attempt.state, attempt.cf_payment_id)).collect();
        let payments: Vec<_> = gateway.payments().iter().map(|payment| (payment.id, payment.status)).collect();
        format!(
            "{} {mode} ({}): {why}; {:?}, stage {:?}, attempts {attempts:?}, books {payments:?}",
            scenario.id, scenario.name, ended.outcome, ended.record.stage
        )
    };
    books.map_err(what)?;
    // What charges by itself is never sent again blindly: one payment for each attempt. A code that nobody saw may be.
    let attempts = ended.record.attempts().count();
    let most = match scenario.means {
        Means::UpiQrCode | Means::UpiLink => 2 * attempts,
        _ => attempts,
    };
    let ours = gateway.payments().iter().filter(|payment| !payment.stranger).count();
    if ours > most {
        return Err(what(format!("{ours} payments of {attempts} attempts")));
    }
    // An OTP that was right, however it was answered, is not to be typed again.
    if ended.asked_again && scenario.otps.last() == Some(&sandbox::OTP) {
        return Err(what("the OTP was asked for again".to_owned()));
    }
    if ended.said != expected {
        return Err(what(format!("ended {}, not {}", ended.said.as_str(), expected.as_str())));
    }
    Ok(())
}

/// `2026-11-22T16:20:12Z`
fn iso(at_ms: u64) -> String {
    pay_core::model::Timestamp::from_unix(pay_core::model::UnixSeconds(at_ms / 1000)).as_str().to_owned()
}
