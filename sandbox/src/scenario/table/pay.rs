//! Answers to Order Pay.

use crate::gateway::keys::SessionKeys;
use crate::ground::wire::Place;
use crate::scenario::act::{Act, On, REDIRECT, THROTTLED_ELSEWHERE, cut, each, first, nth, page, page_after, refuse};
use crate::scenario::entry::Scenario;
use crate::scenario::expect::Expect;
use crate::scenario::shopper::Means;
use crate::scenario::table::row::{ends, scenario};

pub(crate) const TABLE: &[Scenario] = &[
    scenario(
        "SB-01",
        "the ordinary case",
        "the shopper pays two seconds after the code is shown",
        Means::UpiQrCode,
        &[],
        ends(Expect::Paid, Expect::Pending),
    ),
    scenario(
        "SB-02",
        "a stored 500 is replayed",
        "the first send fails and its answer is lost; under the same key the gateway repeats the stored 500",
        Means::UpiLink,
        &[first(On::Pay, Act::StoredAndLost { status: 500, kind: "api_error", code: "internal_error" })],
        ends(Expect::PaidOnRetry, Expect::Unknown),
    )
    .tries(2)
    .keys(SessionKeys::Honoured),
    scenario(
        "SB-03",
        "a stored 400 is replayed",
        "the first send is refused and its answer is lost; under the same key the gateway repeats the stored 400",
        Means::UpiLink,
        &[first(On::Pay, Act::StoredAndLost { status: 400, kind: "invalid_request_error", code: "request_failed" })],
        ends(Expect::PaidOnRetry, Expect::Unknown),
    )
    .tries(2)
    .keys(SessionKeys::Honoured),
    scenario(
        "SB-04",
        "a stored 429 is replayed",
        "the gateway stores its 429 under the key and repeats it, however long the terminal waits",
        Means::UpiLink,
        &[first(On::Pay, Act::Throttle { retry_s: 2, executed: false, stored: true })],
        ends(Expect::PaidOnRetry, Expect::Unknown),
    )
    .tries(2)
    .keys(SessionKeys::Honoured),
    scenario(
        "SB-05",
        "500 after the charge",
        "the card is charged, then the gateway fails and answers 500",
        Means::Card,
        &[first(On::Pay, Act::Fail { executed: true })],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-06",
        "the bank fails before the charge",
        "502 bank_processing_failure from the gateway itself, stored under the key; nothing was charged",
        Means::Card,
        &[first(
            On::Pay,
            Act::Refuse {
                status: 502,
                kind: "api_error",
                code: "bank_processing_failure",
                executed: false,
                stored: true,
            },
        )],
        ends(Expect::PaidOnRetry, Expect::Unknown),
    )
    .tries(2),
    scenario(
        "SB-07",
        "the key is ignored without credentials",
        "the answer is lost; a repeat without merchant keys makes a second payment",
        Means::UpiQrCode,
        &[first(On::Pay, cut(Place::Start))],
        ends(Expect::Paid, Expect::Pending),
    )
    .keys(SessionKeys::Ignored),
    scenario(
        "SB-08",
        "the key is honoured",
        "the answer is lost; the repeat under the same key gets the first answer",
        Means::UpiQrCode,
        &[first(On::Pay, cut(Place::Start))],
        ends(Expect::Paid, Expect::Pending),
    )
    .keys(SessionKeys::Honoured),
    scenario(
        "SB-09",
        "422 on a repeat",
        "the first send is executed and its answer lost; the repeat gets 422 as if its body had changed; nobody ever sees the link",
        Means::UpiLink,
        &[first(On::Pay, cut(Place::Start)), nth(2, On::Pay, refuse(422, "idempotency_error", "request_invalid"))],
        ends(Expect::NotPaid, Expect::Unknown),
    ),
    scenario(
        "SB-10",
        "422 on the first send",
        "the gateway answers that the key was used with another body; nothing was charged",
        Means::Card,
        &[first(On::Pay, refuse(422, "idempotency_error", "request_invalid"))],
        ends(Expect::PaidOnRetry, Expect::Unknown),
    )
    .tries(2),
    scenario(
        "SB-11",
        "409 while the first call is in flight",
        "the card is being charged; the answer says that the same call is in flight",
        Means::Card,
        &[first(
            On::Pay,
            Act::Refuse {
                status: 409,
                kind: "invalid_request_error",
                code: "request_failed",
                executed: true,
                stored: false,
            },
        )],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-12",
        "429 with headers, twice",
        "the gateway throttles twice, and says for how long",
        Means::Card,
        &[first(On::Pay, Act::Throttle { retry_s: 7, executed: false, stored: false }).calls(1, 2)],
        ends(Expect::Paid, Expect::Pending),
    ),
    scenario(
        "SB-13",
        "429 without headers",
        "a proxy throttles, and does not say for how long",
        Means::Card,
        &[first(On::Pay, THROTTLED_ELSEWHERE)],
        ends(Expect::Paid, Expect::Pending),
    ),
    scenario(
        "SB-14",
        "order_already_paid on a repeat",
        "the answer says 429 although the card was charged; the repeat finds the order paid",
        Means::Card,
        &[
            first(On::Pay, Act::Throttle { retry_s: 7, executed: true, stored: false }),
            nth(2, On::Pay, refuse(400, "invalid_request_error", "order_already_paid")),
        ],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-15",
        "HTML 502 before the charge",
        "a proxy answers with a page; the request never reached the gateway",
        Means::UpiQrCode,
        &[first(On::Pay, page(502))],
        ends(Expect::Paid, Expect::Pending),
    ),
    scenario(
        "SB-16",
        "HTML 504 after the charge",
        "the card is charged; a proxy times out and answers with a page",
        Means::Card,
        &[first(On::Pay, page_after(504))],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-17",
        "503 with an empty object",
        "a proxy answers `{}`; nothing was charged",
        Means::Card,
        &[first(On::Pay, Act::Answer { status: 503, body: "{}", headers: &[] })],
        ends(Expect::PaidOnRetry, Expect::Unknown),
    )
    .tries(2),
    scenario(
        "SB-18",
        "a redirect",
        "302 to another host, which must not be followed; nothing was charged",
        Means::Card,
        &[first(On::Pay, REDIRECT)],
        ends(Expect::PaidOnRetry, Expect::Unknown),
    )
    .tries(2),
    scenario(
        "SB-19",
        "a captive portal",
        "200 with a login page; nothing was charged",
        Means::Card,
        &[first(On::Pay, page(200))],
        ends(Expect::PaidOnRetry, Expect::Unknown),
    )
    .tries(2),
    scenario(
        "SB-20",
        "a firewall answers 403",
        "403 with a page that is not the gateway's; nothing was charged",
        Means::Card,
        &[first(On::Pay, page(403))],
        ends(Expect::PaidOnRetry, Expect::Unknown),
    )
    .tries(2),
    scenario(
        "SB-21",
        "408 after the charge",
        "a load balancer answers 408 with an empty body; the card was charged",
        Means::Card,
        &[first(On::Pay, Act::Replace { status: 408, body: "" })],
        ends(Expect::Paid, Expect::Unknown),
    ),
    scenario(
        "SB-22",
        "the session has expired",
        "400 payment_session_id_invalid; the error type is not documented",
        Means::UpiQrCode,
        &[first(On::Pay, refuse(400, "request_failed", "payment_session_id_invalid"))],
        ends(Expect::NotPaid, Expect::Unknown),
    ),
    scenario(
        "SB-23",
        "the wrong environment",
        "every call answers that session and order are unknown: they belong to the other environment",
        Means::UpiQrCode,
        &[
            each(On::Pay, refuse(400, "request_failed", "payment_session_id_invalid")),
            each(On::Ask, refuse(404, "invalid_request_error", "order_not_found")),
            each(On::Terminate, refuse(404, "invalid_request_error", "order_not_found")),
        ],
        ends(Expect::NotPaid, Expect::Unknown),
    ),
    scenario(
        "SB-24",
        "the wrong version",
        "the gateway refuses the x-api-version of Order Pay",
        Means::UpiLink,
        &[first(On::Pay, refuse(400, "invalid_request_error", "version_missing"))],
        ends(Expect::NotPaid, Expect::Unknown),
    ),
    scenario(
        "SB-25",
        "an undocumented refusal",
        "403 with an undocumented code and type, and an unfilled placeholder",
        Means::Card,
        &[first(On::Pay, refuse(403, "feature_gate", "android_package_{xRequestedWith}"))],
        ends(Expect::NotPaid, Expect::Unknown),
    ),
    scenario(
        "SB-26",
        "the order closed in the meantime",
        "the clock jumps a day before the payment: 400 order_inactive",
        Means::Card,
        &[first(On::Pay, Act::Jump { ms: 86_400_000 })],
        ends(Expect::NotPaid, Expect::Unknown),
    ),
    scenario(
        "SB-27",
        "a collect request whose answer is lost",
        "the shopper approves it on the phone; the terminal never learns that it was accepted",
        Means::UpiCollect,
        &[first(On::Pay, cut(Place::Start))],
        ends(Expect::Paid, Expect::Unknown),
    ),
];
