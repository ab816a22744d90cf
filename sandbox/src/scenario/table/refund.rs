//! Money that a till sends back after a late success.

use crate::books::refund::RefundStatus;
use crate::ground::wire::Place;
use crate::scenario::act::{Act, LOST_BEFORE, OTHER_REFUND, On, cut, each, first, refuse};
use crate::scenario::edit;
use crate::scenario::entry::Scenario;
use crate::scenario::expect::Expect;
use crate::scenario::shopper::{Means, PAYS_BEFORE_CLOSING};
use crate::scenario::table::row::{keys, scenario};

pub(crate) const TABLE: &[Scenario] = &[
    scenario(
        "SB-112",
        "refund: the answer is lost",
        "the refund is made and the answer lost",
        Means::UpiQrCode,
        &[first(On::Refund, cut(Place::Start))],
        keys(Expect::Refunded),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
    scenario(
        "SB-113",
        "refund: lost before",
        "the connection ends before the refund is made",
        Means::UpiQrCode,
        &[first(On::Refund, LOST_BEFORE)],
        keys(Expect::Refunded),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
    scenario(
        "SB-114",
        "refund: 500 after it was made",
        "the refund is made, then the gateway fails, and stores that",
        Means::UpiQrCode,
        &[first(On::Refund, Act::Fail { executed: true })],
        keys(Expect::Refunded),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
    scenario(
        "SB-115",
        "refund: a stored 500",
        "the refund is not made; under the same key the stored 500 would come again",
        Means::UpiQrCode,
        &[first(On::Refund, Act::Fail { executed: false })],
        keys(Expect::Refunded),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
    scenario(
        "SB-116",
        "refund: another refund's answer",
        "a cache answers with another refund, which was made; ours is not",
        Means::UpiQrCode,
        &[first(On::Refund, OTHER_REFUND)],
        keys(Expect::Refunded),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
    scenario(
        "SB-117",
        "refund: a status that nobody knows",
        "PENDING_APPROVAL for a while",
        Means::UpiQrCode,
        &[first(On::Refund, Act::Edit(edit::unknown_refund))],
        keys(Expect::Refunded),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
    scenario(
        "SB-118",
        "refund: on hold",
        "the refund is taken, and waits for the gateway's own people",
        Means::UpiQrCode,
        &[first(On::Refund, Act::Refund(RefundStatus::OnHold))],
        keys(Expect::Refunded),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
    scenario(
        "SB-119",
        "refund: cancelled",
        "the refund is cancelled at once: a person must look",
        Means::UpiQrCode,
        &[first(On::Refund, Act::Refund(RefundStatus::Cancelled))],
        keys(Expect::RefundDue),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
    scenario(
        "SB-120",
        "refund: refused for ever",
        "the gateway refuses the refund: there is no balance for it",
        Means::UpiQrCode,
        &[each(On::Refund, refuse(400, "invalid_request_error", "refund_insufficient_balance"))],
        keys(Expect::StillAsking),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
];
