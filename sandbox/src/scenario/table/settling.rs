//! What is left when nobody completes an attempt, lists that cannot be read whole, and refunds that do not go through.

use crate::books::refund::RefundStatus;
use crate::books::terms::{Listing, Sessions, Unfinished};
use crate::ground::wire::Place;
use crate::scenario::act::{Act, On, cut, each, first};
use crate::scenario::edit;
use crate::scenario::entry::Scenario;
use crate::scenario::expect::Expect;
use crate::scenario::shopper::{LEAVES, Means, PAYS_BEFORE_CLOSING, pays_after};
use crate::scenario::table::row::{asks, ends, keys, scenario};

pub(crate) const TABLE: &[Scenario] = &[
    scenario(
        "SB-121",
        "an abandoned link stays NOT_ATTEMPTED",
        "nobody pays; the order is closed, and its attempt reads NOT_ATTEMPTED for ever",
        Means::UpiLink,
        &[],
        ends(Expect::NotPaid, Expect::Pending),
    )
    .shopper(LEAVES)
    .rules(|rules| rules.unfinished = Unfinished::NotAttempted),
    scenario(
        "SB-122",
        "the method before stays NOT_ATTEMPTED",
        "the shopper changes the method and pays by the second; the first reads NOT_ATTEMPTED for ever",
        Means::UpiLink,
        &[],
        ends(Expect::Paid, Expect::Pending),
    )
    .switches()
    .shopper(&[&[], &[pays_after(2_000)]])
    .rules(|rules| rules.unfinished = Unfinished::NotAttempted),
    scenario(
        "SB-123",
        "PENDING for ever",
        "the bank never reports a result, not even after the order has closed",
        Means::Card,
        &[],
        ends(Expect::StillAsking, Expect::Pending),
    )
    .shopper(LEAVES)
    .rules(|rules| rules.unfinished = Unfinished::Pending),
    scenario(
        "SB-124",
        "an order keeps its session",
        "every reading of the order returns the session that it was created with",
        Means::UpiQrCode,
        &[],
        ends(Expect::Paid, Expect::Pending),
    )
    .rules(|rules| rules.sessions = Sessions::Kept),
    scenario(
        "SB-125",
        "answers without tags",
        "the order is created and the answer lost; later readings of it have no order_tags",
        Means::UpiQrCode,
        &[first(On::Create, cut(Place::Start))],
        asks(Expect::Paid),
    )
    .creates()
    .rules(|rules| rules.answer_tags = false),
    scenario(
        "SB-126",
        "an element that cannot be read",
        "every list has one more element, whose cf_payment_id is null; the shopper pays",
        Means::UpiQrCode,
        &[],
        ends(Expect::Paid, Expect::Pending),
    )
    .rules(|rules| rules.listing = Listing::Unreadable),
    scenario(
        "SB-127",
        "an element that cannot be read, and nobody pays",
        "every list has one more element, whose cf_payment_id is null; the shopper leaves",
        Means::UpiQrCode,
        &[],
        ends(Expect::StillAsking, Expect::Pending),
    )
    .shopper(LEAVES)
    .rules(|rules| rules.listing = Listing::Unreadable),
    scenario(
        "SB-128",
        "our element cannot be read",
        "in every list the payment has no id; a reading by its id finds it",
        Means::Card,
        &[each(On::List, Act::Edit(edit::unnumbered))],
        ends(Expect::Paid, Expect::Pending),
    ),
    scenario(
        "SB-129",
        "an endless list",
        "every list is 1 MB longer than the payments in it; the shopper pays",
        Means::UpiQrCode,
        &[],
        ends(Expect::Paid, Expect::Pending),
    )
    .rules(|rules| rules.listing = Listing::Endless),
    scenario(
        "SB-130",
        "an endless list, and nobody pays",
        "every list is 1 MB longer than the payments in it; the shopper leaves",
        Means::UpiQrCode,
        &[],
        ends(Expect::NotPaid, Expect::Pending),
    )
    .shopper(LEAVES)
    .rules(|rules| rules.listing = Listing::Endless),
    scenario(
        "SB-131",
        "refund: rejected",
        "the merchant's staff refuse the refund: REJECTED",
        Means::UpiQrCode,
        &[],
        keys(Expect::RefundDue),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]])
    .rules(|rules| rules.refunds = RefundStatus::Rejected),
    scenario(
        "SB-132",
        "refund: failed",
        "the bank refuses the refund: FAILED",
        Means::UpiQrCode,
        &[],
        keys(Expect::RefundDue),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]])
    .rules(|rules| rules.refunds = RefundStatus::Failed),
    scenario(
        "SB-133",
        "refund: approval pending for ever",
        "the refund waits for the merchant's staff, who never decide: PENDING_APPROVAL",
        Means::UpiQrCode,
        &[],
        keys(Expect::RefundDue),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]])
    .rules(|rules| rules.refunds = RefundStatus::PendingApproval),
    scenario(
        "SB-134",
        "refund: an answer with another amount",
        "the refund is created; the answer has the amount 1.00",
        Means::UpiQrCode,
        &[first(On::Refund, Act::Edit(edit::other_refund_amount))],
        keys(Expect::Refunded),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
    scenario(
        "SB-135",
        "refund: an answer about another order",
        "the refund is created; the answer names another order",
        Means::UpiQrCode,
        &[first(On::Refund, Act::Edit(edit::other_refund_order))],
        keys(Expect::Refunded),
    )
    .shopper(&[&[PAYS_BEFORE_CLOSING]]),
];
