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
        "the refund is created and the answer lost",
        Means::UpiQrCode,
        &[first(On::Refund, cut(Place::Start))],
        keys(Expect::Refunded),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
    scenario(
        "SB-113",
        "refund: lost before",
        "the connection ends before the refund is created",
        Means::UpiQrCode,
        &[first(On::Refund, LOST_BEFORE)],
        keys(Expect::Refunded),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
    scenario(
        "SB-114",
        "refund: 500 after it was created",
        "the refund is created, then the gateway fails, and stores the failure",
        Means::UpiQrCode,
        &[first(On::Refund, Act::Fail { executed: true })],
        keys(Expect::Refunded),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
    scenario(
        "SB-115",
        "refund: a stored 500",
        "the refund is not created; under the same key the gateway would repeat the stored 500",
        Means::UpiQrCode,
        &[first(On::Refund, Act::Fail { executed: false })],
        keys(Expect::Refunded),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
    scenario(
        "SB-116",
        "refund: another refund's answer",
        "a cache answers with another refund; ours is not created",
        Means::UpiQrCode,
        &[first(On::Refund, OTHER_REFUND)],
        keys(Expect::Refunded),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
    scenario(
        "SB-117",
        "refund: an unknown status",
        "PENDING_APPROVAL for a while",
        Means::UpiQrCode,
        &[first(On::Refund, Act::Edit(edit::unknown_refund))],
        keys(Expect::Refunded),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
    scenario(
        "SB-118",
        "refund: on hold",
        "the refund is accepted, and waits for the gateway's staff",
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
        "refund: always refused",
        "the gateway refuses the refund: the balance is too low",
        Means::UpiQrCode,
        &[each(On::Refund, refuse(400, "invalid_request_error", "refund_insufficient_balance"))],
        keys(Expect::StillAsking),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
];
